from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import astuple
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.optics.camera import (
    AT_REST,
    WHOLE,
    Pose,
    View,
    plan_path,
)
from talkies.engines.animatic.optics.room import join_ends, keep_heads, make_room
from talkies.plan import Amount, CameraMove, Direction, MoveKind, Speed


def _path(
    *moves: CameraMove, count: int = 120, view: View = WHOLE, opens: bool = True, seed: int = 1
) -> NDArray[np.float64]:
    poses = plan_path(moves, view, (0.1, -0.05), count, seed, opens_whole=opens, closes_whole=False)
    return np.array([astuple(pose) for pose in poses])


def _move(
    kind: MoveKind, direction: Direction | None = None, amount: Amount = "normal", speed: Speed = "normal"
) -> CameraMove:
    return CameraMove(kind=kind, direction=direction, amount=amount, speed=speed)


DIRECTIONS: dict[MoveKind, tuple[Direction, Direction]] = {
    "pan": ("left", "right"),
    "tilt": ("up", "down"),
    "dolly": ("in", "out"),
    "zoom": ("in", "out"),
    "orbit": ("left", "right"),
    "crane": ("up", "down"),
    "track": ("left", "right"),
    "roll": ("clockwise", "counterclockwise"),
    "dolly_zoom": ("in", "out"),
}


@pytest.mark.parametrize("kind", sorted(DIRECTIONS))
def test_opposite_directions_lead_opposite_ways(kind: MoveKind) -> None:
    # From the whole photo a dolly zoom can only draw back.
    paths = [_path(_move(kind, way), opens=kind != "dolly_zoom") for way in DIRECTIONS[kind]]

    travels = [path[-1] - path[0] for path in paths]
    moved = np.abs(travels[0]) > 1e-6
    assert moved.any()
    assert (np.sign(travels[0][moved]) == -np.sign(travels[1][moved])).all()


@pytest.mark.parametrize("kind", sorted(DIRECTIONS))
def test_larger_and_faster_moves_travel_further(kind: MoveKind) -> None:
    way = DIRECTIONS[kind][0]

    def travel(amount: Amount, speed: Speed) -> float:
        path = _path(_move(kind, way, amount, speed))
        return float(np.abs(path[-1] - path[0]).max())

    assert travel("slight", "normal") < travel("normal", "normal") < travel("large", "normal")
    assert travel("normal", "slow") < travel("normal", "normal") < travel("normal", "fast")


@pytest.mark.parametrize("kind", [kind for kind in get_args(MoveKind) if kind != "handheld"])
def test_every_move_is_smooth(kind: MoveKind) -> None:
    path = _path(_move(kind, DIRECTIONS[kind][1] if kind in DIRECTIONS else None))

    speed = np.diff(path, axis=0)
    jerk = np.abs(np.diff(speed, axis=0)).max(axis=0)
    assert (jerk <= 0.12 * np.abs(speed).max(axis=0) + 1e-12).all()


@pytest.mark.parametrize("kind", sorted(DIRECTIONS))
def test_a_moving_camera_never_pauses(kind: MoveKind) -> None:
    path = _path(_move(kind, DIRECTIONS[kind][0]))

    steps = np.abs(np.diff(path, axis=0)).max(axis=1)
    assert steps.min() > 0.2 * np.median(steps)


def test_a_static_camera_does_not_move() -> None:
    assert np.ptp(_path(_move("static")), axis=0).max() == 0


def test_two_moves_begin_one_after_the_other() -> None:
    path = _path(_move("pan", "left"), _move("zoom", "in"))

    zoom = path[:, 2]
    assert zoom[20] == pytest.approx(1)
    assert path[20, 0] < -0.002
    assert zoom[-1] > 1.2


def test_a_hand_shakes_in_its_band_and_begins_at_rest() -> None:
    shake = _path(_move("handheld"), count=240)[:, 0]

    spectrum = np.abs(np.fft.rfft((shake - shake.mean()) * np.hanning(240))) ** 2
    frequencies = np.fft.rfftfreq(240, 1 / 24)
    assert shake[0] == 0
    assert spectrum[frequencies > 3.5].sum() < 0.01 * spectrum.sum()


def test_a_hand_drifts_like_a_random_walk() -> None:
    spectra = []
    for seed in range(20):
        shake = _path(_move("handheld"), count=1440, seed=seed)[:, 1]
        spectra.append(np.abs(np.fft.rfft((shake - shake.mean()) * np.hanning(1440))) ** 2)
    frequencies = np.fft.rfftfreq(1440, 1 / 24)

    octaves = [(0.35, 0.7), (0.7, 1.4), (1.4, 2.8)]
    mean = np.mean(spectra, axis=0)
    powers = [mean[(frequencies >= low) & (frequencies < high)].mean() for low, high in octaves]

    falls = 10 * np.log10(np.array(powers[:-1]) / np.array(powers[1:]))
    assert falls == pytest.approx([6.0, 6.0], abs=1.5)  # dB an octave


def test_without_moves_the_seed_chooses() -> None:
    paths = [_path(seed=seed) for seed in range(8)]

    assert all(np.ptp(path, axis=0).max() > 0.02 for path in paths)
    assert any(not np.allclose(one, other) for one, other in itertools.pairwise(paths))
    assert np.array_equal(_path(seed=3), _path(seed=3))


@pytest.mark.parametrize("opens, closes", [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize("way", ["in", "out"])
def test_a_dolly_zoom_keeps_the_subject_at_its_size(way: Direction, opens: bool, closes: bool) -> None:
    path = plan_path(
        (_move("dolly_zoom", way),),
        WHOLE,
        (0, 0),
        60,
        1,
        opens_whole=opens,
        closes_whole=closes,
        nearness=1.1,
    )

    sizes = [pose.zoom / (1 - 1.1 * pose.advance) for pose in path]
    assert sizes == pytest.approx([1] * 60)
    assert np.ptp([pose.advance for pose in path]) > 0.1


@pytest.mark.parametrize("way", ["in", "out"])
def test_a_dolly_zoom_begins_at_the_whole_photo_and_needs_no_room(way: Direction) -> None:
    path = plan_path(
        (_move("dolly_zoom", way),), WHOLE, (0.1, 0), 60, 1, opens_whole=True, closes_whole=False
    )

    assert path[0] == AT_REST
    assert max(pose.advance for pose in path) <= 0


def test_moves_within_a_close_view_are_as_large_on_the_screen() -> None:
    whole, close = _path(_move("pan", "left")), _path(_move("pan", "left"), view=View(0.1, 0, 2.0))

    assert close[-1, 0] - close[0, 0] == pytest.approx((whole[-1, 0] - whole[0, 0]) / 2)


def _beyond(pose: Pose) -> float:
    """How far a plain view without depth looks beyond a square picture."""
    return max(abs(pose.x), abs(pose.y)) + 0.5 / pose.zoom - 0.5


def _worst(path: Sequence[Pose]) -> float:
    return max(_beyond(pose) for pose in path)


def test_room_is_made_for_a_pan_without_touching_the_first_frame() -> None:
    path = plan_path(
        (_move("pan", "right", "large"),), WHOLE, (0, 0), 120, 1, opens_whole=True, closes_whole=False
    )

    roomy = make_room(path, _beyond)

    assert _worst(path) > 0.1
    assert _worst(roomy) < 0.003
    assert roomy[0] == AT_REST


def test_room_for_a_shaking_camera_does_not_pump() -> None:
    path = plan_path(
        (_move("handheld", None, "large"),), WHOLE, (0, 0), 120, 1, opens_whole=True, closes_whole=False
    )

    zooms = {round(pose.zoom, 9) for pose in make_room(path, _beyond, steady=True)}

    assert len(zooms) == 1


def test_a_framed_shot_begins_on_the_whole_and_arrives_within_a_second() -> None:
    path = [Pose(x=0.2, zoom=2.0)] * 60

    joined = join_ends(path, opens_whole=True, closes_whole=False, framed=True, still=False)

    assert joined[0] == AT_REST
    assert joined[24] == path[24]
    assert all(one.zoom <= other.zoom for one, other in itertools.pairwise(joined))


def test_a_move_back_from_the_whole_photo_begins_within_half_a_second() -> None:
    path = plan_path((_move("zoom", "out"),), WHOLE, (0, 0), 120, 1, opens_whole=True, closes_whole=False)

    joined = join_ends(path, opens_whole=True, closes_whole=False, framed=False, still=False, quick=True)

    nearest = int(np.argmax([pose.zoom for pose in joined]))
    assert joined[0] == AT_REST
    assert nearest < 12
    assert joined[nearest].zoom > 0.95 * path[0].zoom
    assert all(one.zoom > other.zoom for one, other in itertools.pairwise(joined[nearest:]))


def test_a_still_camera_cuts_to_its_framing() -> None:
    joined = join_ends([Pose(zoom=2.0)] * 60, opens_whole=True, closes_whole=False, framed=True, still=True)

    assert {pose.zoom for pose in joined} == {1.0, 2.0}
    assert joined[24].zoom == 2.0


def test_a_shot_that_closes_whole_ends_at_rest() -> None:
    joined = join_ends([Pose(zoom=1.4)] * 60, opens_whole=False, closes_whole=True, framed=False, still=False)

    assert joined[-1] == AT_REST
    assert joined[0].zoom == 1.4


def test_a_path_rises_where_it_would_cut_a_head_and_only_into_the_picture() -> None:
    path = tuple(Pose(zoom=1 + 0.2 * step / 119) for step in range(120))

    free = keep_heads(path, lambda pose: 0.05 if pose.zoom > 1.1 else -1.0, lambda _: -1.0)
    tight = keep_heads(path, lambda _: 0.05, lambda pose: abs(pose.y) - 0.02)

    assert free[0].y == 0
    assert free[-1].y == pytest.approx(-0.05)
    assert np.abs(np.diff([pose.y for pose in free])).max() < 0.01
    assert all(-0.03 < pose.y <= 0 for pose in tight)
    assert tight[-1].y < -0.02


@pytest.mark.parametrize("kind", ["dolly", "zoom", "pan", "tilt", "orbit", "track"])
def test_a_move_that_leads_to_a_framing_shows_it_at_its_end(kind: MoveKind) -> None:
    goal, focus = View(0.12, -0.08, 2.5), (0.1, -0.05)

    path = plan_path([_move(kind)], WHOLE, focus, 96, 1, opens_whole=True, closes_whole=False, goal=goal)

    shown = path[-1].enlargement
    assert path[0] == AT_REST
    assert shown == pytest.approx(goal.zoom, rel=1e-6)
    centre = [
        f + (at - f) * (1 - path[-1].advance) for f, at in zip(focus, (path[-1].x, path[-1].y), strict=True)
    ]
    assert centre == pytest.approx([goal.x, goal.y], abs=0.1 / goal.zoom)
    sizes = [pose.enlargement for pose in path]
    assert sizes == sorted(sizes)


def test_a_move_back_to_a_wide_framing_begins_near() -> None:
    near = View(0.12, -0.08, 2.5)

    path = plan_path(
        [_move("dolly", "out")], near, (0.12, -0.08), 96, 1, opens_whole=False, closes_whole=True, goal=WHOLE
    )

    assert path[0].enlargement == pytest.approx(near.zoom, rel=1e-6)
    assert path[-1].enlargement == pytest.approx(1)


def test_a_gentle_path_is_a_share_of_the_one_that_the_seed_chooses_and_leaves_told_moves_alone() -> None:
    def path(gentle: float, *moves: CameraMove) -> tuple[Pose, ...]:
        return plan_path(
            moves, WHOLE, (0.0, 0.0), 120, 3, opens_whole=True, closes_whole=False, gentle=gentle
        )

    assert path(0.5)[-1].advance == pytest.approx(0.5 * path(1.0)[-1].advance)
    assert path(0.5, _move("dolly", "in")) == path(1.0, _move("dolly", "in"))


def test_a_sudden_move_rests_before_and_after_half_a_second() -> None:
    path = _path(_move("pan", "right", speed="sudden"), _move("static"))
    steps = np.abs(np.diff(path[:, 0]))

    moving = np.flatnonzero(steps > 1e-9)
    assert 6 <= len(moving) <= 14
    assert 20 < moving[0] < moving[-1] < 90
    assert steps.sum() > 1.2 * np.abs(np.diff(_path(_move("pan", "right"))[:, 0])).sum()
