from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.patchwork import continue_texture
from talkies.media import Frame

SCALE = 4


def _with_gap(frame: Frame) -> tuple[Frame, NDArray[np.float32], NDArray[np.bool_]]:
    """Take the middle out of a picture: a plain grey, 160 by 160 pixels, is foretold there."""
    known = np.ones((frame.shape[0] // SCALE, frame.shape[1] // SCALE), bool)
    known[20:60, 40:80] = False
    foretold = frame.copy()
    foretold[80:240, 160:320] = frame.mean(axis=(0, 1))
    size = known.shape[::-1]
    small = cv2.resize(foretold, size, interpolation=cv2.INTER_AREA)
    return foretold, small.astype(np.float32), known


def _stripes() -> Frame:
    """Horizontal stripes of red and blue, 24 pixels wide."""
    stripes = (np.arange(320) // 24 % 2)[:, None, None]
    return np.where(stripes, (200, 60, 60), (60, 60, 200)).astype(np.uint8).repeat(480, axis=1)


def _leaves() -> Frame:
    chance = np.random.default_rng(5).normal(0, 1, (320, 480, 3))
    return np.asarray(np.clip(110 + 260 * cv2.GaussianBlur(chance, (0, 0), 3), 0, 255), np.uint8)


def test_stripes_go_on_into_the_gap() -> None:
    truth = _stripes()

    laid, reached = continue_texture(*_with_gap(truth))

    rim = np.s_[84:236, 164:220]  # the gap's left part, as wide as a camera ever sees
    assert reached[21:59, 41:55].all()
    assert np.median(np.abs(laid[rim] - truth[rim])) < 8
    assert (np.abs(laid[rim] - truth[rim]).max(axis=-1) > 70).mean() < 0.15


def test_a_gap_among_leaves_is_as_rough_as_the_leaves() -> None:
    truth = _leaves().astype(np.float32)

    laid, _ = continue_texture(*_with_gap(_leaves()))

    inside, outside = laid[90:230, 170:220], truth[90:230, 90:140]
    assert 0.75 < inside.std() / outside.std() < 1.25
    for picture in (laid, truth):
        # Fine detail alone, too: no blur, and no steps where pieces meet.
        picture -= cv2.GaussianBlur(picture, (0, 0), 3)
    assert 0.75 < laid[90:230, 170:220].std() / truth[90:230, 90:140].std() < 1.25


def test_pieces_are_trusted_where_they_fit_and_not_where_nothing_does() -> None:
    blocks = np.random.default_rng(4).integers(0, 255, (10, 15, 3), dtype=np.uint8)
    patches = np.asarray(cv2.resize(blocks, (480, 320), interpolation=cv2.INTER_NEAREST), np.uint8)

    _, fitting = continue_texture(*_with_gap(_stripes()))
    _, leaves = continue_texture(*_with_gap(_leaves()))
    _, strange = continue_texture(*_with_gap(patches))

    rim = np.s_[22:58, 41:48]
    assert fitting[rim].mean() > 0.8
    assert leaves[rim].mean() > 0.8
    assert strange[rim].mean() < 0.3


def test_a_strip_at_the_picture_s_edge_is_continued_in_its_own_rows() -> None:
    truth = _stripes()
    known = np.ones((80, 120), bool)
    known[:, :110] = False
    foretold = np.where(np.repeat(np.repeat(known, SCALE, 0), SCALE, 1)[..., None], truth, 130)
    small = cv2.resize(foretold.astype(np.uint8), (120, 80), interpolation=cv2.INTER_AREA)

    laid, _ = continue_texture(foretold.astype(np.uint8), small.astype(np.float32), known)

    rim = np.s_[40:280, 410:436]
    assert (np.abs(laid[rim] - truth[rim]).max(axis=-1) > 70).mean() < 0.15


def test_known_pixels_far_from_the_gap_stay() -> None:
    frame, small, known = _with_gap(_leaves())

    laid, _ = continue_texture(frame, small, known)

    assert np.array_equal(laid[:, :120], frame[:, :120])


def test_a_gap_without_surroundings_stays_as_foretold() -> None:
    frame, small, known = _with_gap(_leaves())

    laid, reached = continue_texture(frame, small, np.zeros_like(known))

    assert np.array_equal(laid, frame)
    assert not reached.any()


def test_pieces_are_the_same_every_time() -> None:
    first, _ = continue_texture(*_with_gap(_leaves()))
    second, _ = continue_texture(*_with_gap(_leaves()))

    assert np.array_equal(first, second)
