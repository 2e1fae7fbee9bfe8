from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision import plate
from talkies.engines.animatic.vision.plate import claim, fill_behind
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


def test_the_soft_edge_of_a_subject_out_of_focus_leaves_no_crease_behind() -> None:
    y, x = np.mgrid[0:1:540j, 0:1:960j]
    ground = np.repeat((140 + 70 * np.sin(7 * x + 2 * y))[..., None], 3, axis=-1)
    disc, alpha = np.zeros((540, 960), np.float32), np.zeros((540, 960), np.uint8)
    cv2.circle(disc, (480, 270), 150, 1.0, cv2.FILLED)
    cv2.circle(alpha, (480, 270), 143, 255, cv2.FILLED, cv2.LINE_AA)  # some pixels tight, as nets are
    share = cv2.GaussianBlur(disc, (0, 0), 7)[..., None]
    frame = np.rint(ground * (1 - share) + 80 * share).astype(np.uint8)

    plate = fill_behind(frame, alpha)

    beside = (cv2.dilate(alpha, np.ones((31, 31))) > 0) & (alpha == 0)
    assert np.quantile(np.abs(plate - ground).max(axis=-1)[beside], 0.99) < 6


def _grainy_with_disc() -> tuple[Frame, NDArray[np.uint8]]:
    """A dark disc before a grey wall with grain of 6 grey levels."""
    wall = 140 + np.random.default_rng(1).normal(0, 6, (320, 480, 3))
    alpha = _disc((320, 480))
    share = alpha[..., None] / 255
    return (wall * (1 - share) + 30 * share).clip(0, 255).astype(np.uint8), alpha


def test_the_rim_of_the_filling_has_the_grain_of_the_wall_and_its_colour() -> None:
    frame, alpha = _grainy_with_disc()

    plate = fill_behind(frame, alpha)

    rim = plate[140:180, 184:200].astype(float)  # just inside the disc's left edge
    assert 3 < rim.std() < 8
    assert abs(rim.mean() - 140) < 4


def test_a_thing_beside_the_subject_is_not_seen_twice() -> None:
    frame, alpha = _grainy_with_disc()
    frame[145:175, 140:160] = (200, 40, 40)

    plate = fill_behind(frame, alpha).astype(int)

    red = plate[..., 0] - plate[..., 1] > 80
    assert red[145:175, 140:160].all()
    assert red.sum() < 1.1 * 30 * 20


def test_a_single_hair_beyond_the_matte_is_taken_off_the_wall() -> None:
    frame, alpha = _grainy_with_disc()
    cv2.line(frame, (180, 160), (172, 150), (20, 20, 20), 2)

    plate = fill_behind(frame, alpha)

    assert plate[150:160, 172:181].min() > 100


def test_the_wall_beside_a_clean_edge_is_left_to_the_plate() -> None:
    frame, alpha = _grainy_with_disc()

    plate = fill_behind(frame, alpha)
    claimed = claim(frame, plate, alpha)

    beside = (cv2.dilate(alpha, np.ones((21, 21))) > 8) & (cv2.dilate(alpha, np.ones((5, 5))) <= 8)
    assert (claimed[beside] > 8).mean() < 0.02


def test_grain_in_a_pure_colour_claims_no_specks() -> None:
    chance = np.random.default_rng(2)
    plate = np.full((90, 160, 3), (4, 200, 250), np.uint8)
    frame = np.clip(plate + chance.integers(-5, 6, plate.shape), 0, 255).astype(np.uint8)

    claimed = claim(frame, plate, np.zeros((90, 160), np.uint8), guessed=True)

    assert claimed.max() < 32


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


def test_dark_hair_is_not_of_the_colour_of_what_is_unknown() -> None:
    small = np.full((90, 160, 3), 140, np.uint8)
    small[40:50, 60:62] = 24
    far = np.ones((90, 160), np.float32)
    far[:, 70:] = 0  # the subject

    foreign = plate._foreign(small, far)

    assert foreign[45, 61] == 1
    assert foreign[45, 30] == 0


def test_colours_between_those_of_the_surroundings_are_not_foreign() -> None:
    rows, columns = np.mgrid[:90, :160] // 3 % 2
    blots = np.where((rows + columns) % 2, 60, 200)[..., None].repeat(3, axis=-1).astype(np.uint8)
    blots[40:50, 60:62] = 130
    far = np.ones((90, 160), np.float32)
    far[:, 70:] = 0

    assert plate._foreign(blots, far)[45, 61] == 0


def test_a_broad_blot_of_another_colour_is_no_hair() -> None:
    frame = np.full((180, 320, 3), (180, 60, 60), np.uint8)
    frame[20:60, 20:60] = (210, 215, 210)  # a window
    frame[20:60, 120:160] = (40, 30, 25)  # a strand
    frame[20:60, 220:222] = (230, 200, 120)  # a hair that the sun lights
    small = np.asarray(cv2.resize(frame, (160, 90), interpolation=cv2.INTER_AREA), np.uint8)
    base = np.full((90, 160, 3), (180, 60, 60), np.float32)
    own = np.full((90, 160, 3), (40, 30, 25), np.float32)

    hairlike = plate._hairlike(frame, small, base, own)

    assert hairlike[30:50, 30:50].max() < 0.1
    assert hairlike[30:50, 130:150].min() == 1
    assert hairlike[30:50, 220:222].min() > 0.9


def test_the_filling_meets_the_photo_and_keeps_its_own_colours_farther_in() -> None:
    small = np.full((90, 160, 3), 200, np.uint8)
    behind = np.full((180, 320, 3), 120, np.float32)
    share = np.zeros((180, 320), np.float32)
    share[:, 160:] = 1

    misfit = plate._misfit(small, behind, share)

    assert misfit[45, 81].min() > 60
    assert np.abs(misfit[45, 130:]).max() < 4
