from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from talkies.engines.animatic.film.meeting import MeetingFilm
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.faces import find_faces
from talkies.engines.animatic.vision.scene import Scene, understand
from talkies.media import Frame
from talkies.plan import Plan, Shot

SIDE = 360
COUNT = 24
PHOTO = Path(__file__).parents[2] / "examples" / "astronaut.jpg"


def _scene(picture: Frame) -> Scene:
    return understand(picture, SIDE, SIDE, lambda: None)


def _film(first: Scene, last: Scene) -> MeetingFilm:
    shot = Shot(start_frame=0, end_frame=COUNT, picture="both", opens_whole=True, closes_whole=True)
    plan = Plan(engine="animatic", width=SIDE, height=SIDE, duration_s=1, seed=2, shots=(shot,), audio=False)
    return MeetingFilm(plan, shot, first, last)


@pytest.fixture(scope="module")
def portraits() -> tuple[Scene, Scene]:
    """A portrait, and another with the face elsewhere, of another size and colour, turned."""
    photo = np.asarray(cv2.imread(str(PHOTO)), np.uint8)[..., ::-1]
    side = min(photo.shape[:2])
    square = np.asarray(cv2.resize(photo[:side, :side], (720, 720), interpolation=cv2.INTER_AREA), np.uint8)
    face = find_faces(square)[0].centre
    turned = cv2.getRotationMatrix2D(face, 8, 1.5)
    turned[0, 2] += 400 - face[0]
    turned[1, 2] += 380 - face[1]
    other = cv2.warpAffine(square, turned, (720, 720), borderMode=cv2.BORDER_REFLECT_101)
    return _scene(square), _scene(np.asarray(other[..., ::-1], np.uint8))


def test_both_ends_are_the_photos(portraits: tuple[Scene, Scene]) -> None:
    first, last = portraits
    film = _film(first, last)

    assert np.array_equal(film.frame(0), first.prepared)
    assert np.array_equal(film.frame(COUNT - 1), last.prepared)


def test_the_faces_lie_over_one_another_while_they_dissolve(portraits: tuple[Scene, Scene]) -> None:
    film = _film(*portraits)
    before, after = find_faces(film.frame(10))[0], find_faces(film.frame(14))[0]

    away = np.hypot(*(np.array(after.centre) - before.centre))
    at_first = np.hypot(*(np.array(portraits[1].faces[0].centre) - portraits[0].faces[0].centre))
    assert away < 0.3 * before.size
    assert away < 0.35 * at_first
    assert after.size / before.size == pytest.approx(1, abs=0.1)


def test_two_faces_dissolve_quickly(portraits: tuple[Scene, Scene]) -> None:
    first, last = portraits
    film = _film(first, last)

    # The first is the redder one, the last the bluer.
    warmth = [float(np.subtract(*(film.frame(index)[..., at].mean() for at in (0, 2)))) for index in (9, 14)]

    assert warmth[0] > 0 > warmth[1]
    assert np.array_equal(film.frame(9), film._first.frame(9))
    assert np.array_equal(film.frame(14), film._last.frame(14))


def test_pictures_of_nothing_in_particular_dissolve_all_the_same() -> None:
    first, last = (_plain_scene(seed) for seed in (1, 2))

    film = _film(first, last)

    assert np.array_equal(film.frame(0), first.prepared)
    assert np.array_equal(film.frame(COUNT - 1), last.prepared)


def _plain_scene(seed: int) -> Scene:
    """A picture of noise: nobody and nothing stands out."""
    picture = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    field = np.full((40, 40), 0.6, np.float32)
    return Scene(picture, picture, (), None, (), Depth(field, None))


def _views() -> tuple[Scene, Scene]:
    """Two pictures of a rough wall, the second from farther away and turned, each with a front of its own."""
    chance = np.random.default_rng(4)
    wall = np.zeros((900, 900, 3), np.float32)
    for cells in (12, 45, 150):
        noise = chance.uniform(0, 255, (cells, cells, 3)).astype(np.float32)
        wall += cv2.resize(noise, (900, 900), interpolation=cv2.INTER_CUBIC) / 3
    pictures = []
    for zoom, angle, shift, colour in ((1.0, 0.0, 0, (30, 60, 40)), (0.75, 5.0, 40, (210, 190, 160))):
        turned = cv2.getRotationMatrix2D((450, 450), angle, zoom)
        turned[:, 2] += np.array((180 - 450 + shift, 180 - 450))
        picture = np.clip(cv2.warpAffine(wall, turned, (SIDE, SIDE)), 0, 255).astype(np.uint8)
        picture[300:] = colour
        pictures.append(picture)
    return _scene(pictures[0]), _scene(pictures[1])


def _sharpness(frame: Frame) -> float:
    part = cv2.cvtColor(frame[90:210, 90:270], cv2.COLOR_RGB2GRAY)
    return float(np.abs(cv2.Laplacian(part, cv2.CV_32F)).mean())


def test_two_views_of_one_place_stay_sharp_and_lie_over_one_another_while_they_dissolve() -> None:
    film = _film(*_views())

    frames = [film.frame(index) for index in range(COUNT)]

    assert min(map(_sharpness, frames)) > 0.4 * _sharpness(frames[0])
    seen = [cv2.GaussianBlur(one.frame(11)[90:210, 90:270], (0, 0), 2) for one in (film._first, film._last)]
    assert cv2.absdiff(*seen).mean() < 8
