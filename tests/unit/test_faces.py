from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from talkies.engines.animatic.vision.faces import MESH_POINTS, find_faces
from talkies.media import Frame

PORTRAIT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
PICTURES = Path(__file__).parents[2] / "bench" / "pictures"


@pytest.fixture(scope="module")
def portrait() -> Frame:
    return np.asarray(cv2.imdecode(np.fromfile(PORTRAIT, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)


def test_the_face_of_a_portrait_is_found_where_it_is(portrait: Frame) -> None:
    (face,) = find_faces(portrait)

    scale = portrait.shape[1] / 512
    assert face.centre == pytest.approx((224 * scale, 122 * scale), abs=15 * scale)
    assert 0.5 < face.score <= 1


def test_the_mesh_lies_on_the_features(portrait: Frame) -> None:
    (face,) = find_faces(portrait)

    assert face.mesh.shape == (MESH_POINTS, 3)
    eyes, nose, lips = face.mesh[[33, 263], 1].mean(), face.mesh[1, 1], face.mesh[[0, 17], 1].mean()
    assert eyes < nose < lips
    assert face.mesh[33, 0] < face.mesh[1, 0] < face.mesh[263, 0]
    assert face.mesh[1, 2] < face.mesh[234, 2]


def test_a_small_face_in_a_large_picture_is_found(portrait: Frame) -> None:
    small = cv2.resize(portrait, (200, 200), interpolation=cv2.INTER_AREA)
    picture = np.full((720, 1280, 3), 150, np.uint8)
    picture[300:500, 900:1100] = small

    faces = find_faces(picture)

    assert len(faces) == 1
    assert faces[0].centre == pytest.approx((900 + 87, 300 + 48), abs=12)


def test_two_faces_are_told_apart_and_the_larger_comes_first(portrait: Frame) -> None:
    picture = np.full((480, 960, 3), 150, np.uint8)
    picture[:480, :480] = cv2.resize(portrait, (480, 480), interpolation=cv2.INTER_AREA)
    picture[100:400, 600:900] = cv2.resize(portrait, (300, 300), interpolation=cv2.INTER_AREA)

    faces = find_faces(picture)

    assert len(faces) == 2
    assert faces[0].centre[0] < 480 < faces[1].centre[0]
    assert faces[0].size > faces[1].size


def test_each_face_of_a_group_is_found(portrait: Frame) -> None:
    picture = np.full((600, 1200, 3), 150, np.uint8)
    sides = (300, 280, 260, 240, 300, 220)
    for number, side in enumerate(sides):
        row, column = divmod(number, 3)
        part = picture[300 * row :, 400 * column :][:side, :side]
        part[:] = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)

    assert len(find_faces(picture)) == len(sides)


def test_a_small_face_is_found_beside_one_that_is_not_large(portrait: Frame) -> None:
    picture = np.full((720, 1280, 3), 150, np.uint8)
    for side, left in ((500, 100), (200, 900)):
        picture[200 : 200 + side, left : left + side] = cv2.resize(
            portrait, (side, side), interpolation=cv2.INTER_AREA
        )

    assert len(find_faces(picture)) == 2


def test_a_tilted_face_has_a_tilted_mesh(portrait: Frame) -> None:
    side = portrait.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), -20, 1)
    (face,) = find_faces(np.asarray(cv2.warpAffine(portrait, turn, (side, side)), np.uint8))

    across, down = face.mesh[263, :2] - face.mesh[33, :2]
    assert np.degrees(np.arctan2(down, across)) == pytest.approx(20, abs=6)


@pytest.mark.parametrize("name", ["drum", "cat", "panda", "dogs-door"])
def test_things_and_animals_have_no_face(name: str) -> None:
    data = np.fromfile(PICTURES / f"{name}.jpg", np.uint8)

    assert find_faces(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)) == ()


def test_noise_has_no_face() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)

    assert find_faces(picture) == ()
