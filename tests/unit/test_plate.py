from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.plate import claim, fill_behind
from talkies.media import Frame


def _disc(size: tuple[int, int]) -> NDArray[np.uint8]:
    alpha = np.zeros(size, np.uint8)
    cv2.circle(alpha, (size[1] // 2, size[0] // 2), 60, 255, cv2.FILLED, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(alpha, (0, 0), 2), np.uint8)


def _striped_with_disc() -> tuple[Frame, NDArray[np.uint8]]:
    """A green disc before vertical stripes of red and blue, 16 pixels wide."""
    stripes = (np.arange(480) // 16 % 2)[None, :, None]
    ground = np.where(stripes, (200, 60, 60), (60, 60, 200)).astype(np.uint8).repeat(320, axis=0)
    alpha = _disc((320, 480))
    share = alpha[..., None] / 255
    return (ground * (1 - share) + np.array([20, 220, 20]) * share).astype(np.uint8), alpha


def test_nothing_of_the_subject_is_left_in_the_plate() -> None:
    frame, alpha = _striped_with_disc()

    plate = fill_behind(frame, alpha)

    inside = plate[alpha > 200].astype(int)
    assert (inside[:, 1] > inside[:, [0, 2]].max(axis=1)).mean() < 0.01


def test_the_rim_of_the_filling_keeps_the_texture_beside_it() -> None:
    frame, alpha = _striped_with_disc()

    plate = fill_behind(frame, alpha)

    rim = plate[160, 175:195].astype(int)  # just inside the disc's left edge
    assert (rim[:, 0] - rim[:, 2]).std() > 40


def test_pixels_away_from_the_subject_stay() -> None:
    frame, alpha = _striped_with_disc()

    plate = fill_behind(frame, alpha)

    assert np.array_equal(plate[:, :120], frame[:, :120])


def test_subject_over_plate_can_give_the_photo_again() -> None:
    frame, alpha = _striped_with_disc()
    plate = fill_behind(frame, alpha)

    claimed = claim(frame, plate, alpha)

    share = claimed[..., None].astype(float)
    colours = frame - (1 - share / 255) * plate  # the premultiplied subject
    assert (colours > -1).all()
    assert (colours < share + 1).all()
    assert (claimed >= alpha).all()


def test_a_picture_without_subject_is_its_own_plate() -> None:
    frame = np.random.default_rng(0).integers(0, 255, (90, 160, 3), dtype=np.uint8)

    assert fill_behind(frame, np.zeros((90, 160), np.uint8)) is frame
