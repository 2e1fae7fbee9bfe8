from __future__ import annotations

import cv2
import numpy as np
import pytest

from talkies.engines.animatic.inbetween import BetweenFilm, Similarity, match_pictures
from talkies.media import Frame

SIZE = (480, 272)


def _world(seed: int = 0) -> Frame:
    """A large picture with structure at all scales."""
    chance = np.random.default_rng(seed)
    picture = np.zeros((544, 960, 3), np.float32)
    for cells in (6, 20, 70, 200):
        noise = chance.uniform(0, 255, (cells * 9 // 16, cells, 3)).astype(np.float32)
        picture += cv2.resize(noise, (960, 544), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip((picture / 4 - 127) * 1.8 + 127, 0, 255), np.uint8)


def _view(world: Frame, x: int, y: int, width: int) -> Frame:
    part = world[y : y + width * SIZE[1] // SIZE[0], x : x + width]
    return np.asarray(cv2.resize(part, SIZE, interpolation=cv2.INTER_AREA), np.uint8)


def _likeness(one: Frame, other: Frame) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_a_similarity_goes_half_way_twice() -> None:
    whole = Similarity(1.6 + 0.2j, -40 + 12j)
    points = np.array([[0, 0], [100, 50], [-20, 300]], np.float32)

    half = whole.part(0.5)

    assert half.apply(half.apply(points)) == pytest.approx(whole.apply(points), abs=1e-2)
    assert whole.inverse().apply(whole.apply(points)) == pytest.approx(points, abs=1e-2)


def test_a_crop_of_the_first_picture_becomes_a_push_in() -> None:
    world = _world()
    first, last = _view(world, 0, 0, 960), _view(world, 240, 100, 600)
    match = match_pictures(first, last)
    assert match is not None
    assert abs(match.overall.turn) == pytest.approx(1.6, rel=0.01)

    film = BetweenFilm(first, last, match, 25)

    # The middle of a steady push-in from width 960 to 600 about its fixed point.
    width = round((960 * 600) ** 0.5)
    share = (960 - width) / (960 - 600)
    middle = _view(world, round(240 * share), round(100 * share), width)
    assert _likeness(film.frame(12), middle) > 0.97


def test_both_ends_are_exact() -> None:
    world = _world()
    first, last = _view(world, 0, 0, 960), _view(world, 240, 100, 600)
    match = match_pictures(first, last)
    assert match is not None

    film = BetweenFilm(first, last, match, 25)

    assert np.array_equal(film.frame(0), first)
    assert np.array_equal(film.frame(24), last)


def test_a_moved_object_is_half_way_in_the_middle() -> None:
    ground = _view(_world(), 0, 0, 960) // 3
    thing = _view(_world(5), 0, 0, 480)[100:170, 100:170] // 2 + 127
    first, last = ground.copy(), ground.copy()
    first[100:170, 200:270], last[100:170, 232:302] = thing, thing
    match = match_pictures(first, last)
    assert match is not None

    middle = BetweenFilm(first, last, match, 25).frame(12)

    inner = first[110:160, 212:258]
    assert _likeness(middle[110:160, 228:274], inner) > 0.9
    assert _likeness(middle[110:160, 228:274], inner) > _likeness(middle[110:160, 212:258], inner) + 0.1


def test_unlike_pictures_do_not_match() -> None:
    assert match_pictures(_view(_world(1), 0, 0, 960), _view(_world(2), 0, 0, 960)) is None
