from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.living.flowing import Flow, make_flow
from talkies.engines.animatic.living.scenery import read_scenery
from talkies.engines.animatic.optics.camera import AT_REST
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.plate import Cut
from talkies.engines.animatic.vision.scene import Scene
from talkies.plan import Ambience, Cue, PlacedSound, Plan, Shot
from talkies.spec import FRAME_RATE, SAMPLES_PER_FRAME

_FRAMES = 2 * FRAME_RATE
_ROWS, _COLUMNS = 360, 640
_SHORE = 200


def _plan(text: str, *cues: str, sounds: tuple[Ambience, ...] = (), frames: int = _FRAMES) -> Plan:
    shot = Shot(start_frame=0, end_frame=frames, picture="first", text=text)
    length_s = frames / FRAME_RATE
    return Plan(
        engine="animatic",
        width=_COLUMNS,
        height=_ROWS,
        duration_s=4,
        seed=7,
        shots=(shot,),
        cues=tuple(
            Cue.model_validate({"kind": kind, "shot": 0, "start_s": 0.0, "end_s": length_s}) for kind in cues
        ),
        sounds=tuple(
            PlacedSound(kind=kind, shot=0, start_sample=0, sample_count=SAMPLES_PER_FRAME * frames)
            for kind in sounds
        ),
    )


def _scene() -> Scene:
    """A cloudy blue sky over a blue sea, with a green meadow before it."""
    chance = np.random.default_rng(1)
    picture = np.empty((_ROWS, _COLUMNS, 3), np.float32)
    clouds = cv2.GaussianBlur(chance.normal(0, 1, (_ROWS, _COLUMNS)).astype(np.float32), (0, 0), 14)
    picture[:] = np.array([90, 140, 205]) + 20 * np.maximum(clouds / clouds.std(), 0)[..., None]
    stripes = cv2.GaussianBlur(chance.normal(0, 14, (_ROWS, 1)).astype(np.float32), (0, 0), 2)
    picture[_SHORE:] = (np.array([70, 130, 180]) + stripes[..., None])[_SHORE:]
    grass = cv2.GaussianBlur(chance.normal(0, 60, (_ROWS, _COLUMNS)).astype(np.float32), (0, 0), 1.5)
    picture[290:] = (np.array([90, 150, 40]) + grass[..., None])[290:]
    frame = np.clip(picture, 0, 255).astype(np.uint8)
    return Scene(frame, frame, (), None, (), Depth(np.ones((90, 160), np.float32), None))


def _make(
    plan: Plan, scene: Scene, *, tail: int = 0, opens: bool = True, closes: bool = False
) -> Flow | None:
    ends = {"opens_whole": opens, "closes_whole": closes}
    return make_flow(plan, plan.shots[0], scene, plan.seed, focus=(0.0, 0.0), tail=tail, **ends)


def _flow(plan: Plan, *, tail: int = 0, opens: bool = True, closes: bool = False) -> Flow:
    flow = _make(plan, _scene(), tail=tail, opens=opens, closes=closes)
    assert flow is not None
    return flow


def _moved(flow: Flow, index: int) -> NDArray[np.float32]:
    """How far each sample has moved in a frame of one sample, in pixels."""
    ((way, _),) = flow.samples(index)
    return np.asarray(np.linalg.norm(way, axis=-1) * _COLUMNS, np.float32)


def _rows(moved: NDArray[np.float32], top: int, bottom: int) -> NDArray[np.float32]:
    return moved[round(top / _ROWS * len(moved)) : round(bottom / _ROWS * len(moved))]


_ALL = "The sea ripples, clouds drift in the sky and the grass sways."


def test_water_clouds_and_grass_move() -> None:
    moved = _moved(_flow(_plan(_ALL, "flow", "drift", "sway")), 40)

    for top, bottom in ((20, 120), (240, 280), (310, 350)):
        assert _rows(moved, top, bottom).mean() > 0.5


def test_nothing_moves_at_the_far_shore() -> None:
    flow = _flow(_plan(_ALL, "flow", "drift", "sway"))

    most = max(_rows(_moved(flow, index), _SHORE - 6, _SHORE + 2).max() for index in range(1, _FRAMES, 5))

    assert most < 0.5


def test_a_whole_first_frame_is_left_as_it_is_and_motion_grows_from_it() -> None:
    flow = _flow(_plan(_ALL, "flow"))

    assert flow.rests(0)
    assert flow.samples(0) == ()
    assert 0 < _moved(flow, 1).max() < 0.5 < _moved(flow, 30).max()


def test_a_whole_last_frame_is_reached_without_a_jerk() -> None:
    flow = _flow(_plan(_ALL, "flow", "drift", "sway"), opens=False, closes=True)

    last, before = (flow.samples(index)[0][0] for index in (_FRAMES - 2, _FRAMES - 3))
    assert flow.rests(_FRAMES - 1)
    assert np.abs(last).max() < 1.2 * np.abs(last - before).max()
    assert _moved(flow, _FRAMES - 2).max() < 1.2


def test_motion_has_no_jumps() -> None:
    flow = _flow(_plan(_ALL, "flow", "drift", "sway", "wind"))

    ways = [flow.samples(index)[0][0] for index in range(1, _FRAMES)]

    steps = [float(np.abs(later - sooner).max()) * _COLUMNS for sooner, later in pairwise(ways)]
    assert max(steps) < 3.0


@pytest.mark.parametrize("text", ["The waves crash.", _ALL])
def test_motion_never_folds_the_picture(text: str) -> None:
    flow = _flow(_plan(text, "storm", "flow", "sway", frames=96))

    for index in range(1, 96, 7):
        ((way, _),) = flow.samples(index)
        pitch = 1 / way.shape[1]
        assert max(float(np.abs(np.diff(way, axis=axis)).max()) for axis in (0, 1)) < 0.8 * pitch


def test_no_point_goes_farther_than_the_reach() -> None:
    flow = _flow(_plan(_ALL, "flow", "drift"))

    farthest = max(float(np.abs(flow.samples(index)[0][0]).max()) for index in range(1, _FRAMES))

    assert 0 < farthest <= flow.reach


def test_frames_do_not_depend_on_the_order_they_are_asked_in() -> None:
    plan = _plan(_ALL, "flow", "drift", "sway")
    forwards, backwards = _flow(plan), _flow(plan)

    late = forwards.samples(30)[0][0]
    backwards.samples(40)

    np.testing.assert_array_equal(late, backwards.samples(30)[0][0])


def test_frames_beyond_the_shot_go_on_for_a_transition() -> None:
    flow = _flow(_plan(_ALL, "flow"), tail=12)

    assert _moved(flow, _FRAMES + 11).max() > 0.5


def test_a_stream_is_seen_in_two_samples_that_restart_unseen() -> None:
    flow = _flow(_plan("The river flows.", "flow"), opens=False)

    samples = [flow.samples(index) for index in range(_FRAMES)]

    for pair in samples:
        assert sum(share for _, share in pair) == pytest.approx(1)
    for before, after in pairwise(samples):
        for (sooner, _), (later, share) in zip(before, after, strict=True):
            if float(np.abs(later - sooner).max()) * _COLUMNS > 6:
                assert share < 0.2


def test_stormy_wind_moves_more_than_a_breeze() -> None:
    breeze, storm = (_flow(_plan("The grass sways.", *cues)) for cues in (("breathe",), ("storm",)))

    most = [
        max(_rows(_moved(flow, index), 310, 350).mean() for index in range(20, 48))
        for flow in (breeze, storm)
    ]

    assert most[1] > 2 * most[0]


def test_nothing_moves_where_time_stands_still() -> None:
    plan = _plan("A freeze-frame: the waves hang motionless.", "flow")

    assert (
        make_flow(
            plan, plan.shots[0], _scene(), 1, focus=(0.0, 0.0), tail=0, opens_whole=True, closes_whole=False
        )
        is None
    )


def test_nothing_moves_in_a_picture_without_scenery() -> None:
    frame = np.full((_ROWS, _COLUMNS, 3), 128, np.uint8)
    scene = Scene(frame, frame, (), None, (), Depth(np.ones((90, 160), np.float32), None))
    plan = _plan(_ALL, "flow", "drift", "sway")

    assert (
        make_flow(
            plan, plan.shots[0], scene, 1, focus=(0.0, 0.0), tail=0, opens_whole=True, closes_whole=False
        )
        is None
    )


@pytest.mark.parametrize(
    ("text", "sounds", "flows"),
    [
        ("a still lake", (), "ripples"),
        ("the river flows", (), "stream"),
        ("the ocean at dusk", (), "waves"),
        ("a waterfall in the woods", (), "waterfall"),
        ("湖边的瀑布", (), "waterfall"),
        ("the lake", ("surf",), "waves"),
    ],
)
def test_water_goes_as_it_sounds_or_is_called(text: str, sounds: tuple[Any, ...], flows: str) -> None:
    plan = _plan(text, sounds=sounds)

    scenery = read_scenery(plan, plan.shots[0])

    assert scenery is not None
    assert scenery.flows == flows
    assert "water" in scenery.spoken_of


def test_a_named_kind_is_a_whole_word() -> None:
    plan = _plan("She seeks the seat; the treehouse is cloudless")

    scenery = read_scenery(plan, plan.shots[0])

    assert scenery is not None
    assert scenery.spoken_of == frozenset()


def test_bright_water_glints_and_nothing_above_it_does() -> None:
    flow = _flow(_plan("The lake glitters.", "flow"))
    before = np.full((_ROWS, _COLUMNS, 3), 90, np.uint8)

    frame = before.copy()
    flow.draw(frame, 40, AT_REST)

    changed = (frame != before).any(axis=-1)
    assert changed[_SHORE:].any()
    assert not changed[: _SHORE - 4].any()


def test_ripples_carry_streaks_of_light_that_travel_over_the_water_alone() -> None:
    plan = _plan("The lake is calm.", "flow")
    flow, before = _flow(plan), np.full((_ROWS, _COLUMNS, 3), 90, np.uint8)

    frames = [before.copy(), before.copy()]
    for frame, index in zip(frames, (30, 42), strict=True):
        flow.draw(frame, index, AT_REST)

    streaks = [np.abs(frame.astype(int) - before).max(axis=-1) > 4 for frame in frames]
    assert all(streak[_SHORE + 20 : 280].mean() > 0.1 for streak in streaks)
    assert (streaks[0] != streaks[1])[_SHORE + 20 : 280].mean() > 0.05
    assert not streaks[0][: _SHORE - 4].any()


def test_clouds_of_a_sky_of_its_own_drift_behind_the_land_and_leave_it_alone() -> None:
    scene = _scene()
    alpha = np.zeros((_ROWS, _COLUMNS), np.uint8)
    alpha[_SHORE:] = 255
    open_scene = replace(scene, known_look=None, cuts=(Cut(alpha, scene.prepared),))
    flow = _make(_plan("Clouds drift in the sky.", "drift"), open_scene)
    assert flow is not None

    ((drift, share),), ways = flow.drift(40), flow.samples(40)

    assert share == 1
    rows = round(_SHORE / _ROWS * len(drift))
    assert np.abs(drift[rows - 6 : rows]).max() * _COLUMNS > 2
    assert all(np.abs(way[: rows - 6]).max() * _COLUMNS < 0.5 for way, _ in ways)


def test_a_frame_at_rest_has_no_glints() -> None:
    flow = _flow(_plan("The lake glitters.", "flow"))
    frame = np.full((_ROWS, _COLUMNS, 3), 90, np.uint8)

    flow.draw(frame, 0, AT_REST)

    assert (frame == 90).all()
