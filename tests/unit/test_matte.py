from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.vision import contours, figures, matte, objects
from talkies.engines.animatic.vision.faces import find_faces
from talkies.engines.animatic.vision.matte import prominence, subject_matte
from talkies.media import Frame

PORTRAIT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
PICTURES = Path(__file__).parents[2] / "bench" / "pictures"


@pytest.fixture(scope="module")
def portrait() -> Frame:
    picture = cv2.imdecode(np.fromfile(PORTRAIT, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    return np.asarray(cv2.resize(picture, (480, 480), interpolation=cv2.INTER_AREA), np.uint8)


def _picture(name: str) -> Frame:
    picture = cv2.imdecode(np.fromfile(PICTURES / f"{name}.jpg", np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    scale = 640 / max(picture.shape[:2])
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


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


@pytest.mark.parametrize(
    "name", ["lake-mountains", "peaks", "autumn-hills", "stream", "print-waves", "garden"]
)
def test_a_photographed_or_painted_landscape_has_no_subject(name: str) -> None:
    assert subject_matte(_picture(name), ()) is None


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("moose", [(0.45, 0.65), (0.2, 0.8), (0.72, 0.29)], [(0.5, 0.1), (0.9, 0.9)]),
        ("coffee", [(0.5, 0.5), (0.2, 0.5), (0.6, 0.7)], [(0.05, 0.05), (0.95, 0.4)]),
        ("dogs-door", [(0.41, 0.27), (0.55, 0.53)], [(0.5, 0.9), (0.8, 0.2), (0.55, 0.38)]),
        ("hummingbird", [(0.45, 0.5), (0.13, 0.335), (0.6, 0.3)], [(0.1, 0.6), (0.8, 0.3)]),
    ],
)
def test_an_animal_or_thing_is_taken_off_its_background(
    name: str, inside: list[tuple[float, float]], outside: list[tuple[float, float]]
) -> None:
    found = subject_matte(_picture(name), ())

    assert found is not None
    height, width = found.alpha.shape
    assert [found.alpha[int(y * height), int(x * width)] > 127 for x, y in inside] == [True] * len(inside)
    assert [found.alpha[int(y * height), int(x * width)] < 32 for x, y in outside] == [True] * len(outside)


def test_a_head_without_its_body_is_no_object(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = _ball_on_grey()
    below = np.zeros(picture.shape[:2], np.float32)
    below[200:, 240:420] = 1
    monkeypatch.setattr(objects, "person_likelihood", lambda small: cv2.resize(below, small.shape[1::-1]))

    assert subject_matte(picture, ()) is None


def test_a_shadow_on_a_coat_is_no_hole() -> None:
    picture = _ball_on_grey()
    solid = np.zeros(picture.shape[:2], bool)
    solid[120:260, 260:400] = True
    solid[160:220, 300:360] = False

    alike, unlike = np.full_like(picture, 40), np.full_like(picture, 40)
    unlike[160:220, 300:360] = 150

    assert contours._without_holes(alike, solid)[190, 330]
    assert not contours._without_holes(unlike, solid)[190, 330]


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
    seen = figures.person_likelihood

    def short_sighted(small: Frame) -> NDArray[np.float32]:
        whole = small.shape[1] > 300
        return np.zeros(small.shape[:2], np.float32) if whole else seen(small)

    monkeypatch.setattr(figures, "person_likelihood", short_sighted)
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
    monkeypatch.setattr(figures, "person_likelihood", lambda small: np.zeros(small.shape[:2], np.float32))

    found = subject_matte(cut, (face,))

    assert found is None or found.alpha.shape == cut.shape[:2]


def test_a_lens_that_stands_out_beside_a_face_is_taken_in_with_its_frame() -> None:
    part = np.full((90, 120, 3), (150, 200, 200), np.uint8)
    own = np.zeros((90, 120), bool)
    own[:, 70:] = True
    part[own] = (220, 170, 140)
    cv2.ellipse(part, (62, 45), (26, 20), 0, 0, 360, (30, 25, 35), 3, cv2.LINE_AA)

    framed = matte._framed(part, own, 7, 80)

    assert framed[45, 45:70].all()  # the glass
    assert framed[45, 36:38].any()  # its frame
    assert not framed[:, :32].any()
    assert not framed[:20].any()
    assert not (framed & own).any()


def test_a_lock_of_hair_that_encloses_nothing_is_no_glasses() -> None:
    part = np.full((90, 120, 3), (150, 200, 200), np.uint8)
    own = np.zeros((90, 120), bool)
    own[:, 70:] = True
    cv2.ellipse(part, (62, 45), (26, 20), 0, 120, 240, (30, 25, 35), 3, cv2.LINE_AA)

    assert not matte._framed(part, own, 7, 80).any()


def test_the_head_of_a_figure_without_a_face_is_looked_at_closer(portrait: Frame) -> None:
    likelihood = np.zeros((384, 384), np.float32)
    likelihood[100:350, 40:120] = 1
    likelihood[60:350, 200:330] = 1
    (face, *_) = find_faces(portrait)
    faces = (replace(face, box=(300.0, 100.0, 60.0, 80.0)),)

    (head,) = figures._faceless(likelihood, faces, 0.8)

    x, y, width, height = head
    assert (x, y, width) == (40, 100, 80)
    assert height < 100


@pytest.mark.parametrize(("faintly", "top"), [(0.35, 40), (0.1, 100)])
def test_a_head_that_is_half_seen_above_a_sure_body_belongs_to_it(faintly: float, top: int) -> None:
    likelihood = np.zeros((384, 384), np.float32)
    likelihood[100:350, 40:120] = 1
    likelihood[40:100, 60:100] = faintly

    heads = figures._faceless(likelihood, (), 1.0)

    assert min(y for _, y, _, _ in heads) == top


def test_what_is_faint_for_the_most_part_is_no_figure() -> None:
    likelihood = np.zeros((384, 384), np.float32)
    likelihood[100:350, 40:120] = 0.35

    assert figures._faceless(likelihood, (), 1.0) == []
