from __future__ import annotations

from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.living.air import Air, make_air
from talkies.engines.animatic.living.clouds import OVERCAST, STORM_CLOUDS, Clouds
from talkies.engines.animatic.living.scenery import named_clouds
from talkies.engines.animatic.living.sight import Sight, Stage
from talkies.engines.animatic.optics.camera import AT_REST, Pose
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.scene import Scene, understand
from talkies.media import Frame
from talkies.plan import Cue, Plan, Shot, Weather
from talkies.spec import FRAME_RATE

WIDTH, HEIGHT = 640, 360
FRAMES = 96
LATE = 90  # a frame in which all has gathered
BLUE, GREY = (88, 140, 214), (96, 97, 99)


@cache
def scene(sky: tuple[int, int, int] = BLUE, *, tower: bool = False) -> Scene:
    """Rough dark hills, and perhaps a tower, under an even sky."""
    chance = np.random.default_rng(2)
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    paler = np.linspace(0.92, 1.08, HEIGHT)[:, None, None]
    picture[:] = np.clip(np.array(sky) * paler, 0, 255)
    x = np.arange(WIDTH)
    ridge = 200 + 25 * np.sin(x / 60) + 10 * np.sin(x / 17)
    land = np.arange(HEIGHT)[:, None] > ridge
    if tower:
        land[60:, 420:452] = True
    rough = cv2.GaussianBlur(chance.standard_normal((HEIGHT, WIDTH)), (0, 0), 1.2)
    earth = np.array((52, 58, 34)) + 30 * rough[..., None] / rough.std() * 0.5
    picture[land] = np.clip(earth, 0, 255)[land]
    return understand(picture, WIDTH, HEIGHT, lambda: None)


def land(where: Scene) -> NDArray[np.bool_]:
    """Tell what is surely no sky, in the photo."""
    blue = where.prepared[..., 2].astype(int) - where.prepared[..., 0]
    return np.asarray(cv2.erode((blue < 40).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0, np.bool_)


def open_sky(where: Scene) -> NDArray[np.bool_]:
    blue = where.prepared[..., 2].astype(int) - where.prepared[..., 0]
    return np.asarray(cv2.erode((blue > 80).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0, np.bool_)


def sight(where: Scene, *, veiled: float = 1.0, pose: Pose = AT_REST, time_s: float = 3.0) -> Sight:
    return Sight(Stage(where, (0.0, 0.0)), pose, time_s, 1.0, veiled)


def covered(where: Scene, seen: Sight, *, side: float = 1.0, seed: int = 5) -> Frame:
    frame = where.prepared.copy()
    Clouds(seen.stage, STORM_CLOUDS, side, seed).draw(frame, seen)
    return frame


def change(first: Frame, second: Frame) -> NDArray[np.float64]:
    return np.asarray(np.abs(first.astype(np.float64) - second).mean(axis=-1), np.float64)


def blueness(frame: Frame) -> NDArray[np.float64]:
    return np.asarray(frame[..., 2].astype(np.float64) - frame[..., 0], np.float64)


def air(
    where: Scene, *kinds: Weather, text: str = "", opens: bool = False, closes: bool = False
) -> Air | None:
    shot = Shot(start_frame=0, end_frame=FRAMES, picture="first", text=text)
    cues = tuple(Cue(kind=kind, shot=0, start_s=0, end_s=FRAMES / FRAME_RATE) for kind in kinds)
    made = Plan(
        engine="animatic",
        width=WIDTH,
        height=HEIGHT,
        duration_s=FRAMES // FRAME_RATE,
        seed=5,
        shots=(shot,),
        cues=cues,
    )
    return make_air(made, shot, where, 5, focus=(0.0, 0.0), opens_whole=opens, closes_whole=closes)


def drawn(over: Air | None, index: int, where: Scene) -> Frame:
    assert over is not None
    frame = where.prepared.copy()
    over.draw(frame, index, AT_REST)
    return frame


@pytest.mark.parametrize("tower", [False, True])
def test_clouds_lie_on_the_open_sky_only(tower: bool) -> None:
    where = scene(tower=tower)

    frame = covered(where, sight(where))

    assert blueness(frame)[open_sky(where)].max() < 0.5 * blueness(where.prepared)[open_sky(where)].min()
    assert change(frame, where.prepared)[land(where)].max() == 0


def test_clouds_stay_behind_the_land_when_the_camera_travels() -> None:
    where = scene(tower=True)
    seen = sight(where, pose=Pose(zoom=1.1, shift_x=0.05, advance=0.08))
    places = seen.stage.lens.to_pixels(seen.background)
    full = cv2.resize(places, None, fx=8, fy=8, interpolation=cv2.INTER_LINEAR)[8 : 8 + HEIGHT, 8 : 8 + WIDTH]
    moved = cv2.remap(land(where).astype(np.uint8), full[..., 0], full[..., 1], cv2.INTER_NEAREST)
    sure = cv2.erode(moved, np.ones((9, 9), np.uint8)) > 0

    grey = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    Clouds(seen.stage, STORM_CLOUDS, 1.0, 5).draw(grey, seen)

    assert sure.mean() > 0.2
    assert (grey[sure] == 255).mean() > 0.995
    assert (grey[:40, :300] < 250).all()


def test_a_cover_has_billows_and_is_no_even_sheet() -> None:
    where = scene()
    sky = np.s_[:150, 20:-20]

    luma = cv2.cvtColor(covered(where, sight(where)), cv2.COLOR_RGB2GRAY)[sky].astype(np.float64)

    assert luma.std() > 8
    assert 40 < luma.mean() < 150
    even = luma - luma.mean()
    spectrum = np.abs(np.fft.rfft2(even)) ** 2
    assert spectrum.max() < 0.4 * spectrum.sum()  # no one wave, so no grid


def test_clouds_come_in_from_one_side() -> None:
    where = scene()
    sky = open_sky(where)
    left, right = sky.copy(), sky.copy()
    left[:, WIDTH // 4 :] = right[:, : 3 * WIDTH // 4] = False

    shares = []
    for side in (1.0, -1.0):
        changed = change(covered(where, sight(where, veiled=0.45), side=side), where.prepared) > 12
        shares.append((changed[left].mean(), changed[right].mean()))

    assert shares[0][0] > shares[0][1] + 0.4
    assert shares[1][1] > shares[1][0] + 0.4


def test_cover_grows_from_sparse_to_whole() -> None:
    where = scene()
    sky = open_sky(where)

    shares = [
        (change(covered(where, sight(where, veiled=veiled)), where.prepared)[sky] > 12).mean()
        for veiled in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]

    assert shares[0] == 0
    assert all(after > before for before, after in pairwise(shares) if before < 0.99)
    assert shares[-1] > 0.98


def test_a_cover_comes_without_a_jump() -> None:
    where = scene()
    over = air(where, "storm", opens=True)

    frames = [drawn(over, index, where) for index in range(20, 70, 5)]

    assert max(change(*pair).mean() for pair in pairwise(frames)) < 25


@pytest.mark.parametrize("kind", ["storm", "rain", "snow"])
def test_the_first_and_last_frame_stay_the_photo_under_a_cover(kind: Weather) -> None:
    where = scene()
    over = air(where, kind, opens=True, closes=True)

    assert np.array_equal(drawn(over, 0, where), where.prepared)
    assert np.array_equal(drawn(over, FRAMES - 1, where), where.prepared)
    assert change(drawn(over, FRAMES // 2, where), where.prepared)[open_sky(where)].mean() > 15


@pytest.mark.parametrize(
    ("kinds", "text"),
    [
        (("rain",), ""),
        (("snow",), ""),
        (("storm",), ""),
        (("cloudy",), "Dark storm clouds gather over the hills."),
        (("cloudy",), "An overcast sky."),
        (("cloudy",), "天空乌云密布"),
    ],
)
def test_weather_takes_the_blue_from_the_sky(kinds: tuple[Weather, ...], text: str) -> None:
    where = scene()

    late = drawn(air(where, *kinds, text=text), LATE, where)

    sky = open_sky(where)
    assert blueness(late)[sky].mean() < 0.4 * blueness(where.prepared)[sky].mean()


@pytest.mark.parametrize(
    "text",
    ["White clouds drift across the blue sky.", "Clouds drift slowly.", "The dark clouds part.", "白云飘过"],
)
def test_clouds_that_only_drift_or_leave_bring_no_cover(text: str) -> None:
    assert air(scene(), "cloudy", text=text) is None


def test_a_shower_under_a_clear_sky_brings_no_cover() -> None:
    where = scene()

    late = drawn(air(where, "rain", "clear"), LATE, where)

    sky = open_sky(where)
    assert blueness(late)[sky].mean() > 0.55 * blueness(where.prepared)[sky].mean()


def test_storm_clouds_darken_what_is_below_them() -> None:
    where = scene()

    late = drawn(air(where, "cloudy", text="Storm clouds roll in."), LATE, where)

    assert late[land(where)].mean() < 0.85 * where.prepared[land(where)].mean()


def test_an_indoor_photo_keeps_its_air() -> None:
    wall = np.full((HEIGHT, WIDTH, 3), (150, 120, 90), np.uint8)
    wall[100:260, 200:460] = (60, 40, 30)
    indoors = Scene(wall, wall, (), None, (), Depth(np.full((9, 16), 0.6, np.float32), None))

    assert not Clouds(Stage(indoors, (0.0, 0.0)), STORM_CLOUDS, 1.0, 5).come
    assert np.array_equal(covered(indoors, sight(indoors)), wall)
    assert air(indoors, "cloudy", text="Dark clouds gather.") is None


def test_a_dark_grey_sky_keeps_its_look() -> None:
    where = scene(GREY)

    assert not Clouds(Stage(where, (0.0, 0.0)), OVERCAST, 1.0, 5).come
    changed = change(covered(where, sight(where)), where.prepared)
    assert changed.mean() < 0.35 * change(covered(scene(), sight(scene())), scene().prepared).mean()


def test_a_dusky_sky_gets_no_glowing_clouds() -> None:
    where = scene((26, 34, 62))

    frame = covered(where, sight(where))

    assert frame[:150].astype(np.float64).mean() < 1.4 * where.prepared[:150].mean()


def test_clouds_follow_from_the_seed_alone() -> None:
    where = scene()

    one, same, other = (covered(where, sight(where), seed=seed) for seed in (1, 1, 2))

    assert np.array_equal(one, same)
    assert change(one, other)[open_sky(where)].mean() > 3


def test_lightning_lights_the_clouds() -> None:
    where = scene()
    shot = Shot(start_frame=0, end_frame=FRAMES, picture="first")
    cues = (
        Cue(kind="storm", shot=0, start_s=0, end_s=4),
        Cue(kind="lightning", shot=0, start_s=3, end_s=3.8),
    )
    made = Plan(engine="animatic", width=WIDTH, height=HEIGHT, duration_s=4, seed=5, shots=(shot,), cues=cues)
    over = make_air(made, shot, where, 5, focus=(0.0, 0.0), opens_whole=False, closes_whole=False)

    before, flash = (drawn(over, index, where)[open_sky(where)].mean() for index in (70, 72))

    assert flash > before + 30


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Storm clouds roll in.", "dark"),
        ("Heavy grey clouds cover the valley, a leaden sky", "dark"),
        ("A thundercloud towers above.", "dark"),
        ("Clouds are slowly gathering.", "grey"),
        ("Clouds roll in from the sea.", "grey"),
        ("It is overcast.", "grey"),
        ("Grey skies.", "grey"),
        ("阴天", "grey"),
        ("Clouds drift across the sky.", None),
        ("Fluffy clouds move over the partly cloudy sky.", None),
        ("The overcast sky clears.", None),
        ("乌云散开", None),
    ],
)
def test_a_text_tells_which_clouds_it_wants(text: str, named: str | None) -> None:
    assert named_clouds(text) == named


def test_a_stormy_sky_keeps_its_own_clouds() -> None:
    clear = scene((60, 84, 118))
    noise = np.random.default_rng(8).standard_normal((HEIGHT, WIDTH, 1)).astype(np.float32)
    clouds = cv2.GaussianBlur(noise, (0, 0), 14)[..., None]
    picture = np.clip(clear.prepared + ~land(clear)[..., None] * 16 * clouds / clouds.std(), 0, 255)
    stormy = understand(picture.astype(np.uint8), WIDTH, HEIGHT, lambda: None)

    come = [Clouds(sight(where).stage, STORM_CLOUDS, 1.0, 5).come for where in (clear, stormy)]

    assert come == [True, False]
