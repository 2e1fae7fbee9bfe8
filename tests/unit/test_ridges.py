from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.film.filming import ShotFilm
from talkies.engines.animatic.optics.camera import AT_REST, Pose
from talkies.engines.animatic.vision.horizons import Landscape
from talkies.engines.animatic.vision.land import cut_land
from talkies.engines.animatic.vision.ridges import find_ridges, with_tips
from talkies.engines.animatic.vision.scene import Scene, understand
from talkies.engines.animatic.vision.skyline import cut_skyline
from talkies.media import Frame

_PICTURES = Path(__file__).parents[2] / "bench" / "pictures"
_ROWS, _COLUMNS = 360, 480
_RIDGE, _WOOD, _MEADOW = 90, 170, 270
_TREE = slice(300, 330)
_HAZE, _ORANGE, _GREEN = (125, 135, 165), (150, 85, 30), (60, 130, 40)
_FAR = Pose(shift_x=0.047, zoom=1.15)
"""60 pixels of 1280 aside."""


def _grain(seed: int, size: float) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(0, 12 * size, (_ROWS, _COLUMNS, 1)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), size)[..., None], np.float32)


def _below(row: int) -> NDArray[np.bool_]:
    """All below an outline that rises and falls a little: a level line would be a shore."""
    wave = 6 * np.sin(np.arange(_COLUMNS) / 40)
    return np.arange(_ROWS)[:, None] >= row + wave


def _painted(*grounds: tuple[int, tuple[int, int, int]]) -> Frame:
    """A pale sky, and before it grounds of some colours, each from a row downwards."""
    frame = np.empty((_ROWS, _COLUMNS, 3), np.float32)
    frame[:] = (200, 220, 245)
    for seed, (row, colour) in enumerate(grounds):
        ground = _below(row)
        frame[ground] = (np.array(colour, np.float32) + _grain(seed, 1.5))[ground]
        if colour == _ORANGE:
            frame[row - 40 : row + 8, _TREE] = colour
    return np.clip(frame, 0, 255).astype(np.uint8)


def _valley() -> Frame:
    """A hazy ridge, a wood with one tall tree before it, and a meadow."""
    return _painted((_RIDGE, _HAZE), (_WOOD, _ORANGE), (_MEADOW, _GREEN))


def _understood(frame: Frame) -> Scene:
    return understand(frame, frame.shape[1], frame.shape[0], lambda: None)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return _understood(_valley())


def _picture(name: str, width: int = 832, height: int = 480) -> Frame:
    picture = cv2.imread(str(_PICTURES / f"{name}.jpg"))
    assert picture is not None
    resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(resized, cv2.COLOR_BGR2RGB), np.uint8)


def test_a_wood_and_a_meadow_stand_before_a_ridge_each_with_an_outline_of_its_own() -> None:
    parts = find_ridges(Landscape(_valley(), None))

    assert len(parts) == 2
    rows = len(parts[0])
    for part, top in zip(parts, (_MEADOW, _WOOD), strict=True):
        assert np.median(part.argmax(axis=0)) == pytest.approx(top / _ROWS * rows, abs=1.5)
    assert (parts[1] | ~parts[0]).all()


def test_a_land_of_one_kind_stays_in_one_piece() -> None:
    assert find_ridges(Landscape(_painted((_WOOD, _GREEN)), None)) == ()


def test_without_a_sky_there_is_no_ridge() -> None:
    wall = np.random.default_rng(0).integers(0, 255, (_ROWS, _COLUMNS, 3), dtype=np.uint8)

    assert find_ridges(Landscape(wall, None)) == ()


def test_an_outline_that_cuts_a_pole_is_no_ridge() -> None:
    frame = _painted((_RIDGE, (110, 95, 80)), (_MEADOW, _GREEN))
    whole = find_ridges(Landscape(frame, None))
    frame[_RIDGE + 20 : _MEADOW + 60, 200:207] = (20, 20, 25)

    assert len(whole) == 1
    assert find_ridges(Landscape(frame, None)) == ()


def test_a_slope_that_runs_out_into_the_skyline_leaves_what_is_behind_it_whole() -> None:
    frame = _painted((_WOOD, _GREEN))
    column, row = np.arange(_COLUMNS), np.arange(_ROWS)[:, None]
    slope = row > 60 + 0.7 * column
    frame[slope] = np.clip(np.array((60, 40, 35), np.float32) + _grain(5, 1.5), 0, 255)[slope]

    (part,) = find_ridges(Landscape(frame, None))

    rows, columns = part.shape
    y, x = (np.arange(size)[:, None] / size for size in (rows, columns))
    beyond = y * _ROWS - 60 - 0.7 * x.T * _COLUMNS
    assert part[beyond > 12].all()
    assert not part[(beyond < -12) & (y * _ROWS > _WOOD + 12)].any()


def test_snow_on_a_slope_is_no_ridge() -> None:
    frame = _painted((_RIDGE, (90, 90, 95)))
    snow = _grain(4, 12.0)[..., 0] > np.linspace(-6, 9, _ROWS)[:, None]
    frame[snow & _below(_RIDGE)] = (240, 242, 248)

    assert find_ridges(Landscape(frame, None)) == ()


def test_every_layer_stands_farther_than_the_one_before_it(scene: Scene) -> None:
    assert len(scene.cuts) == len(scene.depth.land) == 3
    column = _COLUMNS // 8
    meadow, wood, ridge = (
        field[round(len(field) * row / _ROWS), round(field.shape[1] * column / _COLUMNS)]
        for field, row in zip(scene.depth.land, (_MEADOW + 20, _WOOD + 20, _RIDGE + 20), strict=True)
    )
    assert ridge < 0.7 * wood < 0.7 * 0.7 * meadow


def test_what_stands_does_not_bend(scene: Scene) -> None:
    for field in scene.depth.land[1:]:
        assert np.ptp(field) < 0.01


def test_a_tree_is_cut_out_whole_at_its_own_edge(scene: Scene) -> None:
    alpha = scene.cuts[1].alpha

    assert (alpha[_WOOD - 36 :, _TREE.start + 3 : _TREE.stop - 3] > 250).mean() > 0.99
    assert alpha[_RIDGE : _WOOD - 10, : _TREE.start - 4].max() < 64
    assert alpha[_RIDGE : _WOOD - 44].max() < 64


def test_a_spire_belongs_to_what_it_stands_on() -> None:
    land = np.zeros((60, 80), np.bool_)
    land[30:] = land[20:30, 10:30] = land[8:20, 18:23] = land[22:30, 60:64] = True
    near = np.zeros_like(land)
    near[20:, :40] = True

    whole = with_tips(near, land)

    assert whole[8:20, 18:23].all()
    assert not whole[22:30, 60:64].any()
    assert np.array_equal(whole[30:], near[30:])


def test_what_is_behind_goes_on_without_the_colours_of_what_was_before_it(scene: Scene) -> None:
    behind_meadow, behind_wood = (cut.plate.astype(int) for cut in scene.cuts[:2])

    rim = slice(_MEADOW + 8, _MEADOW + 18)
    assert (behind_meadow[rim, :, 0] - behind_meadow[rim, :, 1] > 20).mean() > 0.99
    rim = slice(_WOOD - 30, _WOOD + 12)
    assert (behind_wood[rim, :, 2] - behind_wood[rim, :, 0] > 0).mean() > 0.98


def test_all_layers_together_give_the_photo(scene: Scene) -> None:
    seen = scene.prepared.astype(np.float32)

    for cut in scene.cuts:
        share = cut.alpha[..., None] / np.float32(255)
        missing = seen - (1 - share) * cut.plate
        assert missing.min() > -1.5
        assert (missing - 255 * share).max() < 1.5
        seen = cut.plate.astype(np.float32)


def test_layers_at_rest_are_the_photo_bit_for_bit(scene: Scene) -> None:
    frame = ShotFilm(scene, [AT_REST], (0.0, 0.0)).frame(0)

    np.testing.assert_array_equal(frame, scene.prepared)


def test_a_tree_keeps_its_shape_and_goes_farther_than_the_ridge_behind_it(scene: Scene) -> None:
    # The poses beside are the same, so that the shutter blurs nothing.
    before, after = (
        ShotFilm(scene, [pose] * 3, (0.0, 0.0)).frame(1) for pose in (Pose(zoom=_FAR.zoom), _FAR)
    )

    def trees(frame: Frame, row: int) -> NDArray[np.intp]:
        line = frame[row].astype(int)
        return np.flatnonzero(line[:, 0] - line[:, 2] > 20)

    # 17 pixels below the tree's top in the picture, and 4 above the wood.
    high, low = (round((row - _ROWS / 2) * _FAR.zoom + _ROWS / 2) for row in (_WOOD - 23, _WOOD - 8))
    widths = [np.ptp(trees(after, row)) for row in (high, low)]
    assert widths[0] == pytest.approx(widths[1], abs=3)
    assert np.ptp(trees(before, high)) == pytest.approx(widths[0], abs=3)
    moved = trees(before, high).mean() - trees(after, high).mean()
    wood, ridge = (float(np.median(field)) for field in scene.depth.land[1:])
    expected = _FAR.shift_x * _FAR.zoom * _COLUMNS * wood
    assert moved == pytest.approx(expected, abs=3)
    assert moved > 1.3 * expected * ridge / wood


def test_a_shore_is_no_outline_where_nothing_stands_before_it() -> None:
    frame = _picture("lake-mountains")
    look = Landscape(frame, None)

    parts = find_ridges(look)

    assert look.far_shore is not None
    (part,) = parts
    shore = round(look.far_shore * len(part))
    tops = part.argmax(axis=0)
    assert (tops[: len(tops) // 3] < shore - 8).all()
    assert (tops[-len(tops) // 8 :] >= shore - 1).all()
    assert part[shore:].all()


@pytest.mark.parametrize(
    ("name", "count"),
    [("autumn-hills", 2), ("peaks", 1), ("lake-close", 1), ("pavilion", 0), ("sunset", 0), ("rocket", 0)],
)
def test_ridges_of_photos_are_found_where_they_are_plain(name: str, count: int) -> None:
    assert len(find_ridges(Landscape(_picture(name), None))) == count


def test_the_same_picture_is_cut_alike_each_time() -> None:
    frame = _picture("autumn-hills", 640, 360)
    cuts = []
    for _ in range(2):
        look = Landscape(frame, None)
        assert look.sky is not None
        skyline = cut_skyline(frame, look.sky)
        assert skyline is not None
        cuts.append(cut_land(look, find_ridges(look), skyline))

    for one, other in zip(*cuts, strict=True):
        np.testing.assert_array_equal(one.alpha, other.alpha)
        np.testing.assert_array_equal(one.plate, other.plate)
