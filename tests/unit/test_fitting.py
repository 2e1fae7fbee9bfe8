"""Pictures brought to the size of the video."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from talkies import fitting
from talkies.fitting import crop_box, enlarge, fit
from talkies.media import Frame
from talkies.spec import SIZES


def psnr(first: Frame, second: Frame) -> float:
    return float(10 * np.log10(255**2 / np.mean((first.astype(float) - second) ** 2)))


def lanczos(frame: Frame, width: int, height: int) -> Frame:
    return np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_LANCZOS4), np.uint8)


def drawing(width: int, height: int) -> Frame:
    """Discs, rings and strokes with clean edges."""
    chance = np.random.default_rng(5)
    canvas = np.full((height * 4, width * 4, 3), (40, 60, 90), np.uint8)
    for _ in range(60):
        centre = chance.integers(0, [width * 4, height * 4]).tolist()
        colour = chance.integers(0, 256, 3).tolist()
        radius, thickness = int(chance.integers(20, 200)), int(chance.choice([-1, 8, 16]))
        cv2.circle(canvas, centre, radius, colour, thickness)
    return np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def marks(frame: Frame) -> tuple[float, float]:
    """Give the width and height of the white square in the middle, by its area on the two middle lines."""
    height, width = frame.shape[:2]
    return frame[height // 2, :, 0].sum() / 255, frame[:, width // 2, 0].sum() / 255


def test_row_46_too_wide_a_picture_loses_its_sides_and_too_tall_a_one_top_and_bottom() -> None:
    assert crop_box(2000, 1000, 1000, 1000) == (500, 0, 1000, 1000)
    assert crop_box(1000, 2000, 1000, 1000) == (0, 500, 1000, 1000)
    assert crop_box(1280, 720, 1920, 1080) == (0, 0, 1280, 720)


@pytest.mark.parametrize("source", [(640, 480), (300, 700), (799, 333), (1280, 720), (101, 103)])
@pytest.mark.parametrize("target", [(1280, 720), (496, 864), (640, 640), (1470, 630)])
def test_the_box_has_the_targets_shape_touches_two_edges_and_is_centred(
    source: tuple[int, int], target: tuple[int, int]
) -> None:
    x, y, w, h = crop_box(*source, *target)

    assert w / h == pytest.approx(target[0] / target[1])
    assert min(x, y) == 0
    assert (2 * x + w, 2 * y + h) == pytest.approx(source)


@pytest.mark.parametrize("size", [size for ratios in SIZES.values() for size in ratios.values()])
def test_row_46_every_published_size_is_met_without_stretching(size: tuple[int, int]) -> None:
    source = np.zeros((1300, 2300, 3), np.uint8)
    source[550:750, 1050:1250] = 255

    fitted = fit(source, *size)

    scale = max(size[0] / 2300, size[1] / 1300)
    assert fitted.shape == (size[1], size[0], 3)
    assert marks(fitted) == pytest.approx((200 * scale, 200 * scale), abs=1.0)


def test_the_centre_of_the_picture_stays_the_centre() -> None:
    source = np.zeros((900, 1601, 3), np.uint8)
    source[440:460, 790:811] = 255

    fitted = fit(source, 496, 864)

    columns = np.flatnonzero(fitted[432, :, 0] > 127)
    assert columns.mean() == pytest.approx((496 - 1) / 2, abs=0.5)


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    frame = drawing(320, 180)

    assert np.array_equal(fit(frame, 320, 180), frame)


def test_reduction_averages_instead_of_picking() -> None:
    stripes = np.zeros((720, 1280, 3), np.uint8)
    stripes[:, ::2] = 255

    reduced = fit(stripes, 640, 360)

    assert reduced.min() >= 127
    assert reduced.max() <= 128


def test_a_small_picture_gets_sharper_edges_than_lanczos_can_give() -> None:
    wanted = drawing(384, 216)
    small = np.asarray(cv2.resize(wanted, (128, 72), interpolation=cv2.INTER_AREA), np.uint8)

    assert psnr(enlarge(small, 3), wanted) > psnr(lanczos(small, 384, 216), wanted) + 1.5


def test_noise_is_not_drawn_out() -> None:
    wanted = drawing(256, 144)
    small = np.asarray(cv2.resize(wanted, (128, 72), interpolation=cv2.INTER_AREA), np.int16)
    noisy = (small + np.random.default_rng(1).normal(0, 12, small.shape)).clip(0, 255).astype(np.uint8)

    assert psnr(enlarge(noisy, 2), wanted) > psnr(lanczos(noisy, 256, 144), wanted) - 1.5


def test_tiles_leave_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = drawing(72, 64)
    whole = enlarge(frame, 4)
    monkeypatch.setattr(fitting, "_TILE", 32)

    tiled = enlarge(frame, 4)

    assert np.abs(tiled.astype(int) - whole).max() <= 1


def test_the_rim_keeps_its_brightness() -> None:
    flat = np.full((80, 80, 3), 200, np.uint8)

    assert np.abs(enlarge(flat, 4).astype(int) - 200).max() <= 3


def test_colours_stay_in_their_channels() -> None:
    frame = np.zeros((80, 80, 3), np.uint8)
    frame[:] = (200, 90, 30)

    assert enlarge(frame, 2).mean(axis=(0, 1)) == pytest.approx((200, 90, 30), abs=2)


def test_enlarging_twice_gives_the_same_picture() -> None:
    frame = drawing(80, 64)

    assert np.array_equal(enlarge(frame, 2.5), enlarge(frame, 2.5))


@pytest.mark.parametrize("scale", [0.5, 1.0, 4.1])
def test_a_scale_outside_the_range_is_a_mistake(scale: float) -> None:
    with pytest.raises(ValueError, match="is not in"):
        enlarge(np.zeros((64, 64, 3), np.uint8), scale)


def test_the_smallest_picture_fills_the_largest_video() -> None:
    assert fit(drawing(64, 64), 2206, 946).shape == (946, 2206, 3)


def test_a_small_enlargement_costs_next_to_nothing() -> None:
    frame = drawing(220, 124)

    def seconds(width: int, height: int) -> float:
        start = time.process_time()
        fit(frame, width, height)
        return time.process_time() - start

    assert seconds(256, 144) < seconds(352, 198) / 5
