from __future__ import annotations

import cv2
import numpy as np
import pytest

from talkies.engines.animatic.film.correspondence import (
    Match,
    Similarity,
    follow_faces,
    match_pictures,
    pair_faces,
)
from talkies.engines.animatic.film.inbetween import BetweenFilm
from talkies.engines.animatic.vision.faces import Face
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


def test_a_change_of_light_blends_sharp_pictures() -> None:
    day = _view(_world(), 0, 0, 960)
    night = np.asarray((255 * (day / 255) ** 1.3 * (0.3, 0.45, 0.75)).round(), np.uint8)
    match = match_pictures(day, night)
    assert match is not None and match.is_relit

    middle = BetweenFilm(day, night, match, 25).frame(12)

    between = (day.astype(np.float32) + night) / 2
    assert _likeness(middle, np.asarray(between, np.uint8)) > 0.98
    assert np.abs(middle - between).mean() < 6


def test_a_crop_is_no_other_light() -> None:
    world = _world()

    match = match_pictures(_view(world, 0, 0, 960), _view(world, 240, 100, 600))

    assert match is not None and not match.is_relit


def test_a_moved_thing_is_whole_all_the_way() -> None:
    ground = _view(_world(), 0, 0, 960) // 3
    thing = _view(_world(5), 0, 0, 480)[100:170, 100:170] // 2 + 127
    first, last = ground.copy(), ground.copy()
    first[100:170, 200:270], last[100:170, 224:294] = thing, thing
    match = match_pictures(first, last)
    assert match is not None
    film = BetweenFilm(first, last, match, 25)

    contrasts = [float(film.frame(index)[105:165, 205:290].std()) for index in range(25)]

    assert min(contrasts) > 0.8 * max(contrasts)


def _grey_shoulder(top: int) -> Frame:
    """A grey mound before a blue wall of the same lightness."""
    blue, grey = (40, 120, 250), (111, 111, 111)
    picture = np.full((360, 640, 3), blue, np.uint8)
    cv2.ellipse(picture, (320, top + 200), (220, 200), 0, 0, 360, grey, cv2.FILLED, cv2.LINE_AA)
    grain = np.random.default_rng(3).normal(0, 9, picture.shape[:2]).astype(np.float32)
    lit = picture + 3 * cv2.GaussianBlur(grain, (0, 0), 1.5)[..., None]
    return np.asarray(np.clip(lit, 0, 255), np.uint8)


def test_what_only_its_colour_tells_from_the_background_is_followed() -> None:
    match = match_pictures(_grey_shoulder(120), _grey_shoulder(160))

    assert match is not None
    rows, columns = match.forward.shape[:2]
    assert match.forward[round(0.39 * rows), columns // 2, 1] > 30


def _face(centre: tuple[float, float], size: float, opening: float = 0.0) -> Face:
    """A face whose mesh is a disc of points; the lower half sinks by the opening."""
    chance = np.random.default_rng(4)
    angle, radius = chance.uniform(0, 2 * np.pi, 468), size / 2 * np.sqrt(chance.uniform(0, 1, 468))
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    y = y + opening * (y > 0)
    mesh = np.stack([x + centre[0], y + centre[1], 0 * x], axis=-1).astype(np.float32)
    return Face((centre[0] - size / 2, centre[1] - size / 2, size, size), 1.0, mesh)


def test_the_meshes_lead_inside_a_face_and_the_flow_outside() -> None:
    still = np.zeros((272, 480, 2), np.float32)
    seen = np.full((272, 480), 0.1, np.float32)
    match = Match(Similarity(1 + 0j, 0j), still, still, seen, seen)
    first, last = _face((200, 140), 100), _face((212, 146), 100)

    led = follow_faces(match, [(first, last)], 480)

    assert led.forward[140, 200] == pytest.approx((12, 6), abs=0.2)
    assert led.backward[146, 212] == pytest.approx((-12, -6), abs=0.2)
    assert led.seen_first[140, 200] == 1
    assert not led.forward[140, 320].any()
    assert np.abs(np.diff(led.forward, axis=1)).max() < 1.5


def test_a_face_is_paired_with_the_one_at_its_place() -> None:
    nothing = Similarity(1 + 0j, 0j)
    left, right = _face((100, 100), 60), _face((300, 100), 60)

    pairs = pair_faces([left, right], [_face((310, 104), 62), _face((95, 110), 58)], nothing)

    assert [(one.centre[0], other.centre[0]) for one, other in pairs] == [(100, 95), (300, 310)]
    assert pair_faces([left], [_face((300, 100), 60)], nothing) == ()
    assert pair_faces([left], [_face((100, 100), 200)], nothing) == ()
