from __future__ import annotations

import cv2
import numpy as np
import pytest

from talkies.engines.animatic.vision.depth import estimate_depth, find_horizon
from talkies.engines.animatic.vision.horizons import Landscape
from talkies.engines.animatic.vision.matte import Matte
from talkies.media import Frame


def test_the_horizon_is_where_sky_and_land_meet() -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    frame[:140], frame[140:] = (130, 180, 240), (50, 80, 40)

    level, certainty = find_horizon(frame)

    assert level == pytest.approx(140 / 240, abs=0.02)
    assert certainty > 0.8


def test_a_picture_of_one_texture_has_no_certain_horizon() -> None:
    frame = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)

    assert find_horizon(frame)[1] < 0.1


def test_land_comes_nearer_downwards_and_the_sky_is_far() -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    frame[:140], frame[140:] = (130, 180, 240), (50, 80, 40)

    field = estimate_depth(Landscape(frame, None), None, ()).background

    assert field[5].mean() < 0.5 * field[-5].mean()


def test_the_subject_is_nearer_than_all_behind_it() -> None:
    alpha = np.zeros((240, 320), np.uint8)
    cv2.circle(alpha, (160, 140), 60, 255, cv2.FILLED)
    frame = np.full((240, 320, 3), 128, np.uint8)

    depth = estimate_depth(Landscape(frame, alpha), Matte(alpha, "object"), ())

    assert depth.subject is not None
    rows = slice(0, round(200 / 240 * depth.background.shape[0]))
    assert (depth.subject[rows] > depth.background[rows]).all()
    assert (
        depth.subject[depth.subject.shape[0] * 140 // 240, depth.subject.shape[1] // 2] > depth.subject[0, 0]
    )


def test_a_sky_is_far_behind_a_skyline_and_nothing_tears() -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    frame[:140], frame[140:] = (130, 180, 240), (50, 80, 40)
    frame[60:, 120:200] = (60, 50, 40)

    field = estimate_depth(Landscape(frame, None), None, ()).background

    rows, columns = field.shape
    tower, sky = field[round(rows * 0.45), columns // 2], field[round(rows * 0.45), columns // 8]
    assert sky < 0.15 < 0.3 < tower
    steepest = max(float(np.abs(np.diff(field, axis=axis)).max()) for axis in (0, 1)) * columns
    # A camera 60 pixels of 1280 aside then still sees every place once.
    assert steepest * 60 / 1280 < 0.8


def test_a_tower_stands_upright_on_its_ground() -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    frame[:140], frame[140:] = (130, 180, 240), (70, 120, 50)
    frame[40:190, 120:200] = (60, 50, 40)

    field = estimate_depth(Landscape(frame, None), None, ()).background

    rows, columns = field.shape
    tower = field[round(rows * 0.3) : round(rows * 0.55), columns // 2]
    assert np.ptp(tower) < 0.12
    assert tower.mean() < field[-3, columns // 2]


def test_what_lies_in_haze_is_farther_than_what_is_clear() -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    frame[:80], frame[170:] = (130, 180, 240), (70, 120, 50)
    frame[80:170, :160], frame[80:170, 160:] = (150, 155, 165), (40, 60, 30)

    field = estimate_depth(Landscape(frame, None), None, ()).background

    rows, columns = field.shape
    hazy, clear = (field[rows // 2, round(columns * share)] for share in (0.2, 0.8))
    assert hazy < clear - 0.05


def _valley() -> Frame:
    """A pale sky, a hazy ridge, a wood before it and a meadow at the camera's feet."""
    chance = np.random.default_rng(3)
    frame = np.empty((240, 320, 3), np.float32)
    frame[:] = (225, 235, 245)
    frame[70:], frame[120:], frame[180:] = (120, 130, 160), (190, 120, 50), (50, 130, 40)
    frame[120:] += cv2.GaussianBlur(chance.normal(0, 40, (120, 320, 1)).astype(np.float32), (0, 0), 1.2)[
        ..., None
    ]
    return np.clip(frame, 0, 255).astype(np.uint8)


def test_sky_ridge_wood_and_meadow_lie_at_four_depths_with_steps_between_them() -> None:
    depth = estimate_depth(Landscape(_valley(), None), None, ())

    (land,) = depth.land
    rows = len(land)
    sky = depth.background[round(rows * 0.1)].mean()
    ridge, wood, near = (land[round(rows * share)].mean() for share in (0.4, 0.63, 0.97))
    assert sky < ridge - 0.1 < wood - 0.15 < near - 0.25
    for top, bottom in ((0.33, 0.46), (0.56, 0.7)):
        assert np.ptp(land[round(rows * top) : round(rows * bottom)]) < 0.1


def test_a_land_goes_on_behind_its_skyline_and_a_picture_without_sky_has_none() -> None:
    (land,) = estimate_depth(Landscape(_valley(), None), None, ()).land
    wall = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)

    assert np.ptp(land[: round(len(land) * 0.4)]) < 0.1
    assert estimate_depth(Landscape(wall, None), None, ()).land == ()


def _street(*, fronts: int) -> Frame:
    """A blue sky over grey ground with dark, clean-edged fronts that stand on the picture's bottom."""
    frame = np.zeros((360, 640, 3), np.uint8)
    frame[:150], frame[150:] = (130, 180, 240), (120, 116, 110)
    for number in range(fronts):
        left = 30 + number * 600 // fronts
        frame[170 + 7 * (number % 3) :, left : left + 20] = (50, 46, 44)
    return frame


def test_walls_do_not_lean_as_open_ground_does() -> None:
    slopes = []
    for fronts in (1, 12):
        field = estimate_depth(Landscape(_street(fronts=fronts), None), None, ()).layers[0]
        rows = len(field)
        slopes.append(float(np.ptp(field[round(0.6 * rows) :], axis=0).mean()))

    assert slopes[1] < 0.3 * slopes[0]
