from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.vision import matte
from talkies.engines.animatic.vision.faces import find_faces
from talkies.engines.animatic.vision.matte import prominence, subject_matte
from talkies.media import Frame

PORTRAIT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"


@pytest.fixture(scope="module")
def portrait() -> Frame:
    picture = cv2.imdecode(np.fromfile(PORTRAIT, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    return np.asarray(cv2.resize(picture, (480, 480), interpolation=cv2.INTER_AREA), np.uint8)


def _ball_on_grey() -> Frame:
    picture = np.full((360, 640, 3), 150, np.uint8)
    picture += np.random.default_rng(1).integers(0, 8, picture.shape, dtype=np.uint8)
    cv2.circle(picture, (330, 190), 80, (200, 40, 30), cv2.FILLED, cv2.LINE_AA)
    return picture


def _hills() -> Frame:
    chance = np.random.default_rng(2)
    picture = np.empty((360, 640, 3), np.uint8)
    picture[:180] = (120, 170, 230)
    picture[180:] = (60, 90, 50)
    return np.asarray(np.clip(picture + chance.normal(0, 8, picture.shape), 0, 255), np.uint8)


def test_a_person_is_parted_from_the_wall(portrait: Frame) -> None:
    found = subject_matte(portrait, find_faces(portrait))

    assert found is not None
    assert found.kind == "person"
    assert found.alpha[110, 210] == 255  # the face
    assert found.alpha[330, 150] == 255  # the suit
    assert found.alpha[40, 300] == 0  # the wall beside the head
    assert found.alpha[40, 30] == 0  # the flag


def test_the_edge_of_hair_is_soft(portrait: Frame) -> None:
    found = subject_matte(portrait, find_faces(portrait))

    assert found is not None
    soft = (found.alpha > 20) & (found.alpha < 235)
    assert 0.003 < soft.mean() < 0.08


def test_one_object_on_a_plain_ground_is_cut_out_exactly() -> None:
    found = subject_matte(_ball_on_grey(), ())

    truth = np.zeros((360, 640), np.uint8)
    cv2.circle(truth, (330, 190), 80, 1, cv2.FILLED)
    assert found is not None
    assert found.kind == "object"
    inside = found.alpha > 127
    assert (inside & (truth > 0)).sum() / (inside | (truth > 0)).sum() > 0.95
    assert found.box == pytest.approx((250, 110, 161, 161), abs=5)


def test_a_landscape_has_no_subject() -> None:
    assert subject_matte(_hills(), ()) is None


def test_the_matte_is_the_same_every_time() -> None:
    picture = _ball_on_grey()
    first = subject_matte(picture, ())
    cv2.setRNGSeed(77)
    second = subject_matte(picture, ())

    assert first is not None
    assert second is not None
    assert np.array_equal(first.alpha, second.alpha)


def test_what_stands_out_is_prominent() -> None:
    weight = prominence(_ball_on_grey())

    scale = weight.shape[1] / 640
    assert weight[round(190 * scale), round(330 * scale)] > 2 * weight[10, 10]


def test_a_person_that_the_net_misses_in_a_wide_picture_is_looked_for_again(
    portrait: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Beside somebody larger the net may see only them: here it sees nobody in the whole picture.
    picture = np.full((480, 853, 3), portrait[20, 20], np.uint8)
    picture[:, :480] = portrait
    seen = matte._person_likelihood

    def short_sighted(small: Frame) -> NDArray[np.float32]:
        whole = small.shape[1] > 300
        return np.zeros(small.shape[:2], np.float32) if whole else seen(small)

    monkeypatch.setattr(matte, "_person_likelihood", short_sighted)
    found = subject_matte(picture, find_faces(picture))

    assert found is not None
    assert found.alpha[110, 210] == 255  # the face
    assert found.alpha[330, 150] == 255  # the suit
    assert found.alpha[40, 700] == 0  # the wall


def test_a_face_whose_middle_lies_beyond_the_picture_is_no_mistake(
    portrait: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = find_faces(portrait)[0]
    cut = np.ascontiguousarray(portrait[: int(face.centre[1]) - 2])
    monkeypatch.setattr(matte, "_person_likelihood", lambda small: np.zeros(small.shape[:2], np.float32))

    found = subject_matte(cut, (face,))

    assert found is None or found.alpha.shape == cut.shape[:2]
