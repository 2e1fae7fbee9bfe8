from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.film.filming import ShotFilm
from talkies.engines.animatic.optics.camera import AT_REST, Pose
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.look import Region
from talkies.engines.animatic.vision.plate import Cut
from talkies.engines.animatic.vision.scene import Scene
from talkies.engines.animatic.vision.skyline import cut_skyline
from talkies.media import Frame

_ROWS, _COLUMNS, _HORIZON = 240, 320, 110
_TOWER = slice(130, 190)


def _picture() -> Frame:
    """A tower before a sky that turns into a pale sea at a level horizon, on dark ground."""
    frame = np.empty((_ROWS, _COLUMNS, 3), np.uint8)
    frame[:_HORIZON], frame[_HORIZON:], frame[170:] = (120, 170, 230), (190, 205, 215), (60, 70, 40)
    frame[40:, _TOWER] = (130, 50, 40)
    return frame


def _open() -> NDArray[np.float32]:
    """The coarse outline of what lies behind: blurred and a little off, as a sky is found."""
    cover = np.zeros((_ROWS // 2, _COLUMNS // 2), np.float32)
    cover[:84] = 1
    cover[22:, _TOWER.start // 2 - 1 : _TOWER.stop // 2 + 2] = 0
    return cover


def _cut(frame: Frame) -> Cut:
    skyline = cut_skyline(frame, Region("sky", _open(), 1.0))
    assert skyline is not None
    return skyline


def test_land_is_cut_off_its_sky_at_the_edge_that_the_picture_shows() -> None:
    alpha, _ = _cut(_picture())

    assert (alpha[40:, _TOWER] > 250).all()
    assert alpha[:38].max() == 0
    assert alpha[60:160, : _TOWER.start - 3].max() < 10


def test_a_mast_that_rises_from_a_tower_is_cut_off_whole_and_a_wisp_of_cloud_is_not() -> None:
    frame = _picture()
    frame[4:40, 158:161] = (60, 50, 50)
    white = np.zeros((_ROWS, _COLUMNS), np.float32)
    white[24:28, 30:80] = 1
    wisp = cv2.GaussianBlur(white, (0, 0), 3)[..., None]
    frame[:] = frame + wisp * (np.array([250, 250, 250]) - frame)

    alpha, plate = _cut(frame)

    assert (alpha[6:40, 159] > 200).all()
    assert np.abs(plate[6:30, 159].astype(int) - frame[6, 10]).max() < 12
    assert alpha[:35, :150].max() < 10


def test_behind_a_tower_sky_and_horizon_go_on_straight() -> None:
    frame = _picture()

    _, plate = _cut(frame)

    middle = (_TOWER.start + _TOWER.stop) // 2
    for row in (70, _HORIZON - 15, _HORIZON + 15, 150):
        assert plate[row, middle].astype(int) == pytest.approx(frame[row, 10].astype(int), abs=12)


def test_land_over_its_sky_is_the_photo_again() -> None:
    frame = _picture()
    alpha, plate = _cut(frame)
    share = alpha[..., None] / 255

    missing = frame - (1 - share) * plate

    assert missing.min() > -1.5
    assert (missing - 255 * share).max() < 1.5


def test_a_picture_that_is_nearly_all_sky_stays_in_one_layer() -> None:
    frame = np.full((_ROWS, _COLUMNS, 3), 200, np.uint8)

    assert cut_skyline(frame, Region("sky", np.ones((120, 160), np.float32), 1.0)) is None


def _scene() -> Scene:
    frame = _picture()
    land = np.full((90, 120), 0.6, np.float32)
    return Scene(frame, frame, (), None, (_cut(frame),), Depth(land, None, (land,)))


def _horizon(frame: Frame, column: int) -> int:
    return int(np.argmax(np.abs(np.diff(frame[:160, column, 0].astype(int)))))


@pytest.mark.parametrize("rise", [-0.045, 0.045])
def test_a_horizon_stays_straight_beside_a_tower_when_the_camera_rises(rise: float) -> None:
    frame = ShotFilm(_scene(), [Pose(shift_y=rise, zoom=1.1)], (0.0, 0.0)).frame(0)

    left = int(np.flatnonzero(frame[75, :, 2] < 100)[0])
    heights = [_horizon(frame, column) for column in range(10, left - 5, 8)]
    assert max(heights) - min(heights) <= 1


def test_a_sky_comes_no_nearer_when_the_camera_goes_towards_its_land() -> None:
    scene = _scene()
    before, after = (
        ShotFilm(scene, [pose], (0.0, 0.0)).frame(0) for pose in (Pose(zoom=1.001), Pose(advance=0.15))
    )

    assert _horizon(before, 30) == pytest.approx(_horizon(after, 30), abs=1)
    before_width, after_width = (int((frame[75, :, 2] < 100).sum()) for frame in (before, after))
    assert after_width > before_width


def test_a_scene_at_rest_is_the_photo() -> None:
    scene = _scene()

    np.testing.assert_array_equal(ShotFilm(scene, [AT_REST], (0.0, 0.0)).frame(0), scene.prepared)


def test_a_flat_scene_has_one_layer() -> None:
    scene = _scene().flat

    assert scene.kinds == ("ground",)
    assert len(scene.depth.layers) == 1
    np.testing.assert_array_equal(scene.plate, scene.prepared)
