from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.living.air import Air, make_air
from talkies.engines.animatic.living.floating import Dust, Embers
from talkies.engines.animatic.living.haze import FOG, SMOKE, Body, Haze
from talkies.engines.animatic.living.lamps import find_flames, find_lamps
from talkies.engines.animatic.living.light import STORM, Gloom
from talkies.engines.animatic.living.rays import SunRays
from talkies.engines.animatic.living.sight import Sight, Stage
from talkies.engines.animatic.optics.camera import AT_REST, Pose
from talkies.engines.animatic.optics.projection import project
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.faces import MESH_POINTS, Face
from talkies.engines.animatic.vision.matte import Matte
from talkies.engines.animatic.vision.scene import Scene
from talkies.media import Frame
from talkies.plan import Cue, Light, PlacedSound, Plan, Shot, Weather
from talkies.spec import FRAME_RATE, SAMPLE_RATE

WIDTH, HEIGHT = 640, 360
FRAMES = 96


def landscape() -> Frame:
    """A grey-blue sky over dark ground, with a lamp."""
    frame = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    frame[: HEIGHT // 2] = (90, 110, 150)
    frame[HEIGHT // 2 :] = (50, 60, 40)
    frame[150:174, 300:324] = (255, 200, 110)
    return frame


def scene(*, person: bool = False) -> Scene:
    picture = landscape()
    ramp = np.linspace(0.2, 1.2, 90, dtype=np.float32)[:, None]
    background = np.ascontiguousarray(np.broadcast_to(ramp, (90, 160)))
    if not person:
        return Scene(picture, picture, (), None, (), Depth(background, None))
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[60:, 220:420] = 255
    face = Face((270, 80, 100, 100), 0.9, np.zeros((MESH_POINTS, 3), np.float32))
    depth = Depth(background, np.ones((90, 160), np.float32))
    return Scene(picture, picture, (face,), Matte(alpha, "person"), (), depth)


def plan(*kinds: Weather | Light, more: tuple[Cue, ...] = ()) -> Plan:
    shot = Shot(start_frame=0, end_frame=FRAMES, picture="first")
    cues = tuple(Cue(kind=kind, shot=0, start_s=0, end_s=FRAMES / FRAME_RATE) for kind in kinds)
    return Plan(
        engine="animatic",
        width=WIDTH,
        height=HEIGHT,
        duration_s=FRAMES // FRAME_RATE,
        seed=5,
        shots=(shot,),
        cues=(*cues, *more),
    )


def air(
    made: Plan, where: Scene, *, seed: int = 5, opens_whole: bool = False, closes_whole: bool = False
) -> Air:
    ends = {"opens_whole": opens_whole, "closes_whole": closes_whole}
    found = make_air(made, made.shots[0], where, seed, focus=(0.0, 0.0), **ends)
    assert found is not None
    return found


def late_plan(kind: Weather, start_s: float) -> Plan:
    return plan(more=(Cue(kind=kind, shot=0, start_s=start_s, end_s=FRAMES / FRAME_RATE),))


def drawn(over: Air, index: int, where: Scene, pose: Pose = AT_REST) -> Frame:
    frame = where.prepared.copy()
    over.draw(frame, index, pose)
    return frame


def change(first: Frame, second: Frame) -> NDArray[np.float64]:
    return np.asarray(np.abs(first.astype(np.float64) - second).mean(axis=-1), np.float64)


ALWAYS_SEEN: tuple[Weather | Light, ...] = ("rain", "snow", "fog", "storm", "candlelight", "firelight")


@pytest.mark.parametrize("kind", ALWAYS_SEEN)
def test_every_kind_changes_the_picture(kind: Weather | Light) -> None:
    where = scene()

    over = air(plan(kind), where)
    assert max(change(drawn(over, index, where), where.prepared).max() for index in (30, 40, 50)) > 3


@pytest.mark.parametrize("kind", ALWAYS_SEEN)
def test_the_first_and_the_last_frame_stay_the_photo(kind: Weather | Light) -> None:
    where = scene()
    over = air(plan(kind), where, opens_whole=True, closes_whole=True)

    assert np.array_equal(drawn(over, 0, where), where.prepared)
    assert np.array_equal(drawn(over, FRAMES - 1, where), where.prepared)


def test_fog_gathers_slowly_and_without_a_jump() -> None:
    where = scene()
    over = air(plan("fog"), where, opens_whole=True)
    frames = [drawn(over, index, where) for index in range(FRAMES)]

    steps = [change(after, before).mean() for before, after in pairwise(frames)]
    so_far = [change(frame, where.prepared).mean() for frame in frames]

    assert min(steps[:12]) > 0
    assert max(steps) < 2
    assert so_far[FRAME_RATE // 2] < 0.25 * so_far[-1]
    assert so_far[-1] > 5


@pytest.mark.parametrize("kind", ALWAYS_SEEN)
def test_frames_do_not_depend_on_the_order_they_are_asked_for(kind: Weather | Light) -> None:
    where = scene(person=True)
    pose = Pose(x=0.02, zoom=1.1, shift_x=0.03, advance=0.1, roll=0.02)

    forward = air(plan(kind), where)
    drawn(forward, 30, where, pose)
    later = drawn(forward, 31, where, pose)

    assert np.array_equal(later, drawn(air(plan(kind), where), 31, where, pose))


def test_another_seed_makes_other_rain() -> None:
    where = scene()

    first, second = (drawn(air(plan("rain"), where, seed=seed), 40, where) for seed in (1, 2))

    assert not np.array_equal(first, second)


def test_a_clear_day_needs_no_air() -> None:
    made = plan("clear", "day")

    ends = {"opens_whole": True, "closes_whole": False}
    assert make_air(made, made.shots[0], scene(), 5, focus=(0.0, 0.0), **ends) is None


def test_rain_falls_less_on_a_face_than_beside_it() -> None:
    where = scene(person=True)
    over = air(plan("rain"), where)

    total = sum(change(drawn(over, index, where), drawn(over, index + 1, where)) for index in range(40, 60))
    assert isinstance(total, np.ndarray)

    assert total[90:170, 280:360].mean() < 0.5 * total[40:200, 20:200].mean()


def test_fog_is_thinner_before_the_subject() -> None:
    where = scene(person=True)

    veiled = change(drawn(air(plan("fog"), where), 50, where), where.prepared)

    assert veiled[80:160, 240:290].mean() < 0.7 * veiled[80:160, 130:200].mean()


def test_what_is_near_passes_faster_when_the_camera_travels() -> None:
    stage = Stage(scene(), (0.0, 0.0))
    points, near = np.zeros((2, 2), np.float32), np.array([0.5, 2.0], np.float32)

    (before, _), (after, _) = (
        Sight(stage, Pose(shift_x=shift), 0.0, 1.0).place(points, near) for shift in (0.0, 0.02)
    )

    assert (after - before)[:, 0] == pytest.approx([-0.01 * WIDTH / 2, -0.04 * WIDTH / 2], abs=0.01)


def test_what_leaves_the_view_comes_back_on_the_other_side() -> None:
    stage = Stage(scene(), (0.0, 0.0))
    far_out = np.array([[10.0, -7.0]], np.float32)

    places, _ = Sight(stage, AT_REST, 0.0, 1.0).place(far_out, np.ones(1, np.float32))

    assert np.all(np.abs(places - (WIDTH / 4, HEIGHT / 4)) <= stage.period * stage.unit / 4)


def test_a_point_of_the_picture_is_shown_where_the_camera_sees_it() -> None:
    stage = Stage(scene(), (0.1, 0.0))
    pose = Pose(x=0.03, y=-0.02, zoom=1.2, roll=0.05, shift_x=0.02, advance=0.1, yaw=0.02)
    sight = Sight(stage, pose, 0.0, 1.0)
    even = np.full((9, 16), 0.7, np.float32)
    seen = project(stage.nodes, pose, even, stage.lens)[20:22, 30:33].reshape(-1, 2)

    places = sight.show(seen, np.full(len(seen), 0.7, np.float32))

    own = (stage.lens.to_pixels(stage.nodes[20:22, 30:33].reshape(-1, 2)) + 0.5) / 2 - 0.5
    assert places == pytest.approx(own, abs=0.05)


def lightning(moment_s: float) -> Cue:
    return Cue(kind="lightning", shot=0, start_s=moment_s, end_s=moment_s + 0.8)


@pytest.mark.parametrize("moment_s", [1.0, 1.51, 2.345])
def test_lightning_is_seen_within_45_ms_of_its_moment(moment_s: float) -> None:
    where = scene()
    over = air(plan(more=(lightning(moment_s),)), where)

    light = [drawn(over, index, where).mean() for index in range(FRAMES)]

    brightest_rise = int(np.argmax(np.diff(light))) + 1
    assert abs(brightest_rise / FRAME_RATE - moment_s) < 0.045
    assert light[brightest_rise] > light[0] + 15


@pytest.mark.parametrize("moment_s", [1.0, 2.345])
def test_a_blast_is_seen_within_45_ms_of_its_bang_and_leaves_smoke(moment_s: float) -> None:
    where, start = scene(), round(moment_s * SAMPLE_RATE)
    bang = PlacedSound(kind="explosion", shot=0, start_sample=start, sample_count=SAMPLE_RATE)
    over = air(plan().model_copy(update={"sounds": (bang,)}), where)

    light = [drawn(over, index, where).mean() for index in range(FRAMES)]

    brightest_rise = int(np.argmax(np.diff(light))) + 1
    assert abs(brightest_rise / FRAME_RATE - moment_s) < 0.045
    assert light[brightest_rise] > light[0] + 6
    assert change(drawn(over, FRAMES - 1, where), where.prepared).max() > 3


def test_a_storm_darkens_and_cools_the_light_slowly() -> None:
    where = scene()
    over = air(plan("storm"), where, opens_whole=True)

    frames = [drawn(over, index, where).astype(np.float64) for index in (0, 6, FRAMES - 1)]

    first, soon, late = (frame.mean() for frame in frames)
    assert first > soon > late
    assert late < 0.8 * first
    assert first - soon < 0.3 * (first - late)
    ground = np.s_[HEIGHT // 2 + 20 :]
    red, _, blue = frames[2][ground].mean(axis=(0, 1)) / frames[0][ground].mean(axis=(0, 1))
    assert blue > 1.03 * red


def test_steam_rises_from_one_thing_and_leaves_the_rest() -> None:
    where = scene(person=True)
    made = plan("smoke")
    shot = made.shots[0].model_copy(update={"text": "Steam rises from the cup."})
    over = air(made.model_copy(update={"shots": (shot,)}), where)

    changed = change(drawn(over, 60, where), where.prepared)

    assert changed[:, 240:400].max() > 10
    assert changed[:, :60].max() == 0
    assert changed[-60:].max() == 0


def test_where_nothing_else_moves_the_light_does() -> None:
    where, made = scene(), plan()
    ends = {"opens_whole": True, "closes_whole": False}
    over = make_air(made, made.shots[0], where, 5, focus=(0.0, 0.0), alone=True, **ends)

    assert over is not None
    frames = [drawn(over, index, where) for index in range(0, 60, 6)]
    assert np.array_equal(frames[0], where.prepared)
    assert all(change(after, before).mean() > 0.3 for before, after in pairwise(frames))


def test_where_time_stands_still_the_light_does_as_well() -> None:
    where, made = scene(), plan()
    shot = made.shots[0].model_copy(update={"text": "A freeze-frame."})

    still = make_air(
        made.model_copy(update={"shots": (shot,)}),
        shot,
        where,
        5,
        focus=(0.0, 0.0),
        opens_whole=True,
        closes_whole=False,
        alone=True,
    )

    assert still is None


def test_a_flash_has_strokes_and_is_soon_over() -> None:
    where = scene()
    over = air(plan(more=(lightning(1.0),)), where)

    light = [drawn(over, index, where).mean() for index in range(FRAMES)]

    assert sum(step > 3 for step in np.diff(light)) in (2, 3)
    assert light[int(1.8 * FRAME_RATE)] == light[0]


def test_lightning_lights_the_sky_more_than_the_ground() -> None:
    where = scene()
    over = air(plan(more=(lightning(1.0),)), where)

    lit = change(drawn(over, FRAME_RATE, where), where.prepared)

    assert lit[20:60].mean() > 1.2 * lit[-60:-20].mean()


def test_a_flame_flickers_most_about_itself_and_warmly() -> None:
    where = scene()
    over = air(plan("candlelight"), where)
    frames = np.stack([drawn(over, index, where) for index in range(48)]).astype(np.float64)

    unrest = frames.std(axis=0)

    assert unrest[130:194, 280:344].mean() > 2 * unrest[20:60, 20:120].mean()
    assert unrest[130:146, 290:334, 0].mean() > unrest[130:146, 290:334, 2].mean()


def test_neon_leaves_a_picture_without_a_light_alone() -> None:
    dull = np.full((HEIGHT, WIDTH, 3), 80, np.uint8)
    where = Scene(dull, dull, (), None, (), Depth(np.ones((9, 16), np.float32), None))

    assert np.array_equal(drawn(air(plan("neon"), where), 40, where), dull)


def test_a_shot_after_a_cut_has_its_rain_from_its_first_frame() -> None:
    where = scene()

    assert change(drawn(air(plan("rain"), where), 0, where), where.prepared).max() > 3


def sight(stage: Stage, time_s: float) -> Sight:
    return Sight(stage, AT_REST, time_s, 1.0)


def test_embers_rise_from_the_flames_and_only_add_light() -> None:
    where = scene()
    stage = Stage(where, (0.0, 0.0))
    embers = Embers(stage, 3)
    added = np.zeros((HEIGHT, WIDTH))
    for index in range(24):
        frame = where.prepared.copy()
        embers.draw(frame, sight(stage, 2 + index / FRAME_RATE))
        assert np.all(frame >= where.prepared)
        added += change(frame, where.prepared)

    assert added[30:140, 260:380].mean() > 5 * added[220:340, 260:380].mean()


def test_dust_floats_so_slowly_that_neighbour_frames_are_alike() -> None:
    where = scene()
    stage = Stage(where, (0.0, 0.0))
    dust = Dust(stage, 3)
    frames = [where.prepared.copy() for _ in range(2)]

    for index, frame in enumerate(frames):
        dust.draw(frame, sight(stage, 1 + index / FRAME_RATE))

    assert change(frames[0], where.prepared).max() > 10
    assert change(*frames).mean() < 0.4 * change(frames[0], where.prepared).mean()


def test_sun_rays_fan_out_from_a_glare() -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    picture[30:60, 200:230] = 255
    where = Scene(picture, picture, (), None, (), Depth(np.full((9, 16), 0.5, np.float32), None))
    stage = Stage(where, (0.0, 0.0))
    frame = picture.copy()

    SunRays(stage, 3).draw(frame, sight(stage, 1.0))

    added = change(frame, picture)
    assert added[60:120, 150:280].mean() > 2 * added[-60:, -130:].mean()


def test_smoke_hangs_lower_than_fog() -> None:
    dark = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    dark[:, :80] = 220
    stage = Stage(Scene(dark, dark, (), None, (), Depth(np.full((9, 16), 0.5, np.float32), None)), (0.0, 0.0))

    def lowness(body: Body) -> float:
        veil = np.zeros((HEIGHT, WIDTH))
        for seed in range(6):
            frame = dark.copy()
            Haze(stage, body, seed).draw(frame, sight(stage, 1.0))
            veil += change(frame, dark)
        return float(veil[-120:, 100:].mean() / veil[:120, 100:].mean())

    assert lowness(SMOKE) > 1.25 * lowness(FOG)


def test_a_bright_wall_is_no_lamp() -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    picture[:, 200:] = 250

    assert find_lamps(picture) is None
    assert find_flames(picture) is None
    assert find_flames(landscape()) is not None


@pytest.mark.parametrize("kind", ["rain", "snow", "storm", "fog", "smoke", "dust", "embers"])
def test_a_weather_that_comes_leaves_the_photo_alone_until_then(kind: Weather) -> None:
    where = scene()
    begin = 60
    over = air(late_plan(kind, begin / FRAME_RATE), where)

    moments = begin - 32, begin + 6, begin + 30
    before, soon, late = (drawn(over, index, where).astype(int) for index in moments)
    assert np.array_equal(before, where.prepared)
    first, last = (np.abs(frame - where.prepared).mean() for frame in (soon, late))
    assert 0 < first < last


def test_before_a_weather_comes_a_picture_without_anything_else_that_moves_is_not_frozen() -> None:
    where = scene()
    made = late_plan("rain", 2.5)
    over = make_air(
        made, made.shots[0], where, 5, focus=(0, 0), opens_whole=False, closes_whole=False, alone=True
    )
    assert over is not None

    frames = [drawn(over, index, where) for index in (0, 6, 12)]
    assert all(not np.array_equal(one, next_one) for one, next_one in pairwise(frames))


def test_a_weather_that_ends_within_its_shot_thins_out_to_the_photo() -> None:
    where = scene()
    end = FRAMES // 4
    over = air(plan(more=(Cue(kind="rain", shot=0, start_s=0.0, end_s=end / FRAME_RATE),)), where)

    there, fading, gone = (
        change(drawn(over, index, where), where.prepared).mean() for index in (end, end + 30, FRAMES - 2)
    )

    assert there > fading > gone == 0


def lit_street(*, dark: bool) -> Frame:
    """A street in the dark or by day, with two small warm windows."""
    picture = np.full((HEIGHT, WIDTH, 3), (24, 26, 34) if dark else (120, 122, 126), np.uint8)
    for left in (200, 380):
        picture[150:190, left : left + 36] = (255, 214, 130)
    return picture


def test_a_storm_leaves_lit_windows_lit_in_the_dark() -> None:
    kept = []
    for dark in (True, False):
        picture = lit_street(dark=dark)
        where = Scene(picture, picture, (), None, (), Depth(np.full((90, 160), 0.5, np.float32), None))
        frame = picture.copy()
        Gloom(STORM, Stage(where, (0.0, 0.0))).draw(frame, Sight(Stage(where, (0.0, 0.0)), AT_REST, 2.0, 1.0))
        kept.append(float(frame[160:180, 208:228].mean() / picture[160:180, 208:228].mean()))

    assert kept[0] > 0.85
    assert kept[1] < 0.8


def test_light_that_alone_moves_comes_and_goes_by_a_few_levels() -> None:
    where = scene()
    over = make_air(
        plan(), plan().shots[0], where, 5, focus=(0.0, 0.0), opens_whole=True, closes_whole=False, alone=True
    )
    assert over is not None

    changes = [drawn(over, index, where).astype(int) - where.prepared for index in range(6, FRAMES, 12)]

    assert max(int(np.abs(change).max()) for change in changes) < 20
    assert max(int(change.max()) for change in changes) > 2
    assert min(int(change.min()) for change in changes) < -2


def test_fog_has_no_holes_and_no_edge_where_the_ground_comes_near() -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    picture[:60] = 220
    depth = np.full((90, 160), 0.3, np.float32)
    depth[70:] = 0.9
    stage = Stage(Scene(picture, picture, (), None, (), Depth(depth, None)), (0.0, 0.0))
    fog = Haze(stage, FOG, 5)

    for time_s in (0.0, 3.0, 6.0):
        frame = picture.copy()
        fog.draw(frame, Sight(stage, AT_REST, time_s, 1.0))
        veil = (frame[..., 0].astype(float) - 40)[80:]
        far = veil[: HEIGHT // 2]
        assert far.min() > 0.25 * far.max()
        assert np.abs(np.diff(veil, axis=0)).max() < 0.05 * veil.max()
