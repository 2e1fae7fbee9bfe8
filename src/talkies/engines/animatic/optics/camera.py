"""Camera paths: where the camera is in every frame of a shot.

All lengths are in picture widths from the picture's centre, x to the right and y down, so that a path does
not depend on the resolution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from talkies.media import rng
from talkies.plan import Amount, CameraMove, Direction
from talkies.spec import FRAME_RATE

Curve = NDArray[np.float64]
"""One number a frame."""

_AMOUNT = {"slight": 0.5, "normal": 1.0, "large": 1.7}
_SPEED = {"slow": 0.65, "normal": 1.0, "fast": 1.45, "sudden": 1.6}
_SUDDEN_FRAMES = 11  # that a whip pan or a crash zoom takes
_USUAL_FRAMES = 5 * FRAME_RATE  # the length of shot for which the travels below are meant

# Travel of a normal move over a shot of the usual length.
_PAN = 0.13  # picture widths
_TILT = 0.10
_TURN = 0.04  # keystone of a pan: tangent of the angle over the focal length in widths
_DOLLY = 0.17  # of the distance to the subject
_ZOOM = math.log(1.32)
_ORBIT = 0.09  # picture widths that a point at infinity travels
_CIRCLE = 0.10  # keystone of an orbit: what it goes round is seen from the side, flat as it may be
_TRACK = 0.085
_CRANE = 0.09
_ROLL = math.radians(4)
_DOLLY_ZOOM = 0.42  # of the distance to the subject
_SHAKE = 0.0032  # picture widths, root mean square

_LEADING = frozenset({"pan", "tilt", "zoom", "dolly_zoom"})  # what the way to a framing is by itself
_MOVE_SHARE = 0.7  # of the shot's time, for each of several moves
_SUDDEN_AT = 0.4  # of its time: when a sudden move is half done
_RAMP = 0.3  # of a move: the time to full speed, and from it
_FLOOR = 0.5  # of full speed at a shot's very beginning and end: the first frame already moves
_ROUNDING = 1e-9  # in any number of a pose


@dataclass(frozen=True)
class View:
    """A part of the picture: its centre in picture widths, and how much it is enlarged (1 is the whole)."""

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0


WHOLE = View()


@dataclass(frozen=True)
class Pose:
    """The camera in one frame.

    `x`, `y`, `zoom` and `roll` (radians, the camera's own, clockwise) turn and enlarge the view as a whole.
    `shift_x` and `shift_y` move the camera sideways: a point at inverse depth 1 moves by as much the other
    way. `advance` goes towards the subject, as a share of its distance. `yaw` and `pitch` are keystone.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    roll: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    advance: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0

    @property
    def enlargement(self) -> float:
        """Output pixels per prepared pixel, on the subject."""
        return self.zoom / (1 - self.advance)


AT_REST = Pose()
_values = attrgetter(*(field.name for field in fields(Pose)))


def between(start: Pose, end: Pose, weight: float) -> Pose:
    """Interpolate two poses: the view's size linearly, so that a part of the picture stays a part of it."""
    mixed = [a + (b - a) * weight for a, b in zip(_values(start), _values(end), strict=True)]
    zoom = 1 / (1 / start.zoom + (1 / end.zoom - 1 / start.zoom) * weight)
    return replace(Pose(*mixed), zoom=zoom)


def rests(pose: Pose) -> bool:
    """Tell whether a pose shows the whole picture, but for rounding."""
    return all(abs(a - b) <= _ROUNDING for a, b in zip(_values(pose), _values(AT_REST), strict=True))


def plan_path(
    moves: Sequence[CameraMove],
    view: View,
    focus: tuple[float, float],
    frame_count: int,
    seed: int,
    *,
    opens_whole: bool,
    closes_whole: bool,
    nearness: float = 1.0,
    goal: View | None = None,
    gentle: float = 1.0,
) -> tuple[Pose, ...]:
    """Lay a shot's path, not yet kept inside the picture (see `room.make_room` and `room.join_ends`).

    Several moves begin one after the other and overlap. Without moves the seed chooses a gentle one; a
    static move means no motion.

    Args:
        moves: of the shot.
        view: the framing; the moves happen relative to it.
        focus: what the camera goes towards, in picture widths.
        frame_count: poses to make.
        seed: for the default move and the hand's shake.
        opens_whole, closes_whole: travel sideways begins or ends at the framing's centre; otherwise it is
            symmetric about it.
        nearness: inverse depth of what is at the focus, which a dolly zoom keeps at its size.
        goal: the framing that the last move leads to, however far it is; None for a move of its usual amount.
        gentle: share, 0..1, of its usual amount that a move takes which the seed chooses.
    """
    chosen = tuple(moves) or _default_moves(seed, view, backwards=closes_whole and not opens_whole)
    paths = _Sway(frame_count, nearness, opens_whole=opens_whole, closes_whole=closes_whole)
    travelling = [move for move in chosen if move.kind not in ("static", "handheld")]
    scale = math.sqrt(np.clip(frame_count / _USUAL_FRAMES, 0.3, 2.2)) * (1.0 if moves else gentle)
    count = len(travelling) if moves else 1
    for index, move in enumerate(travelling):
        strength = _AMOUNT[move.amount] * _SPEED[move.speed] * scale
        progress = _progress(frame_count, *_window(index if moves else 0, count, _share(move, frame_count)))
        if goal is None or move is not travelling[-1] or move.kind not in _LEADING:
            paths.add(move, strength, progress, focus)
    for move in chosen:
        if move.kind == "handheld":
            paths.shake(_AMOUNT[move.amount], seed)
    if goal is None:
        return paths.around([view] * frame_count)
    sudden = _share(travelling[-1], frame_count) if travelling else None
    last = _progress(frame_count, *_window(max(count - 1, 0), max(count, 1), sudden))
    return _filled(paths.around(_lead(view, goal, last)), focus)


def _default_moves(seed: int, view: View, *, backwards: bool) -> tuple[CameraMove, ...]:
    """Choose a gentle move: always a little nearer (or back, to end on the whole), often with a drift."""
    chance = rng(seed, "camera")
    amount: Amount = "normal" if view == WHOLE else "slight"
    closer = CameraMove(kind="dolly", direction="out" if backwards else "in", amount=amount)
    drifts: tuple[tuple[CameraMove, ...], ...] = (
        (),
        (CameraMove(kind="orbit", direction="left", amount="slight"),),
        (CameraMove(kind="orbit", direction="right", amount="slight"),),
        (CameraMove(kind="track", direction="left", amount="slight"),),
        (CameraMove(kind="track", direction="right", amount="slight"),),
        (CameraMove(kind="crane", direction="up", amount="slight"),),
    )
    return (closer, *drifts[int(chance.integers(len(drifts)))])


class _Sway:
    """The sum of a shot's moves: one curve for each number of a pose."""

    def __init__(self, frame_count: int, nearness: float, *, opens_whole: bool, closes_whole: bool) -> None:
        self.nearness = nearness
        self.start = 0.0 if opens_whole else -1.0 if closes_whole else -0.5
        self.curves = {
            name: np.zeros(frame_count)
            for name in ("x", "y", "roll", "shift_x", "shift_y", "advance", "yaw", "pitch", "log_zoom")
        }

    def add(self, move: CameraMove, strength: float, progress: Curve, focus: tuple[float, float]) -> None:
        """Add one move that goes from progress 0 to 1."""
        curves, sign = self.curves, _sign(move.direction)
        aside = sign * strength * (progress + self.start)
        # Going in begins at the framing, going out ends there.
        along = strength * (progress if sign > 0 else 1 - progress)
        if move.kind == "pan":
            curves["x"] += _PAN * aside
            curves["yaw"] += _TURN * aside
        elif move.kind == "tilt":
            curves["y"] += _TILT * aside
            curves["pitch"] += _TURN * aside
        elif move.kind == "orbit":
            curves["shift_x"] += _ORBIT * aside
            curves["x"] -= _ORBIT * aside
            curves["yaw"] += _CIRCLE * aside
        elif move.kind == "track":
            curves["shift_x"] += _TRACK * aside
            curves["x"] -= 0.5 * _TRACK * aside
        elif move.kind == "crane":
            curves["shift_y"] += _CRANE * aside
            curves["y"] -= 0.3 * _CRANE * aside
        elif move.kind == "roll":
            curves["roll"] += _ROLL * aside
        elif move.kind == "zoom":
            self._zoom(_ZOOM * along, focus)
        elif move.kind == "dolly":
            curves["advance"] += _DOLLY * along
        elif move.kind == "dolly_zoom":
            # Whichever way it goes, it is at the photo's own place where the whole photo must be seen.
            nears = self.start == -1 or (self.start != 0 and sign > 0)
            self._dolly_zoom(strength * (1 - progress if nears else progress), focus)
        elif move.kind == "follow":
            curves["advance"] += 0.4 * _DOLLY * strength * progress
            curves["shift_x"] += 0.4 * _TRACK * strength * (progress + self.start)

    def _dolly_zoom(self, away: Curve, focus: tuple[float, float]) -> None:
        """Draw away from the photo's place and zoom in, so that what is at the focus keeps its size.

        Never nearer than the photo's place: from there a wider lens would look past the photo's edges.
        """
        travel = _DOLLY_ZOOM * away
        self.curves["advance"] -= travel
        self._zoom(np.log(1 + travel * self.nearness), focus)

    def _zoom(self, log_zoom: Curve, focus: tuple[float, float]) -> None:
        """Enlarge about the focus, so that it stays where it is."""
        self.curves["log_zoom"] += log_zoom
        for name, value in zip(("x", "y"), focus, strict=True):
            self.curves[name] += value * (1 - np.exp(-log_zoom))

    def shake(self, strength: float, seed: int) -> None:
        """Add the unrest of a hand, from 0.3 to 3 Hz, falling off as 1/f; nothing in the first frame."""
        for name, share in (("x", 0.7), ("y", 1.0), ("roll", 0.8), ("shift_x", 1.0), ("shift_y", 0.7)):
            curve = self.curves[name]
            noise = _drift(len(curve), rng(seed, "handheld", name))
            curve += strength * share * _SHAKE * (noise - noise[0])

    def around(self, views: Sequence[View]) -> tuple[Pose, ...]:
        """Give the poses relative to each frame's framing: the same travel on the screen at any size."""
        curves = self.curves
        return tuple(
            Pose(
                x=view.x + curves["x"][index] / view.zoom,
                y=view.y + curves["y"][index] / view.zoom,
                zoom=view.zoom * math.exp(curves["log_zoom"][index]),
                roll=curves["roll"][index],
                shift_x=curves["shift_x"][index] / view.zoom,
                shift_y=curves["shift_y"][index] / view.zoom,
                advance=min(curves["advance"][index], 0.6),
                yaw=curves["yaw"][index],
                pitch=curves["pitch"][index],
            )
            for index, view in enumerate(views)
        )


def _lead(start: View, goal: View, progress: Curve) -> list[View]:
    """Lead from one view to another: by a steady factor of size, about the point that keeps its place."""
    ratio = start.zoom / goal.zoom
    # How far the view's size has come, of the way from one to the other.
    shares = progress if math.isclose(ratio, 1) else (1 - ratio**progress) / (1 - ratio)
    return [
        View(
            start.x + (goal.x - start.x) * float(share),
            start.y + (goal.y - start.y) * float(share),
            start.zoom * float(ratio**-done),
        )
        for share, done in zip(shares, progress, strict=True)
    ]


def _filled(path: Sequence[Pose], focus: tuple[float, float]) -> tuple[Pose, ...]:
    """Let poses show their views' size and middle although they advance: the lens goes out as they near."""
    return tuple(
        replace(
            pose,
            x=focus[0] + (pose.x - focus[0]) / (1 - pose.advance),
            y=focus[1] + (pose.y - focus[1]) / (1 - pose.advance),
            zoom=pose.zoom * (1 - pose.advance),
        )
        for pose in path
    )


def _sign(direction: Direction | None) -> float:
    return -1.0 if direction in ("left", "up", "out", "counterclockwise") else 1.0


def _share(move: CameraMove, frame_count: int) -> float | None:
    """Give the share of a shot that a sudden move takes; None for one that takes its time."""
    return min(_SUDDEN_FRAMES / frame_count, _MOVE_SHARE) if move.speed == "sudden" else None


def _window(index: int, count: int, sudden: float | None = None) -> tuple[float, float]:
    """Give the part of a shot, 0 to 1, that the `index`th of `count` moves takes.

    A sudden one takes but so much of it, after a moment of rest.
    """
    start, end = 0.0, 1.0
    if count > 1:
        start = (1 - _MOVE_SHARE) * index / (count - 1)
        end = start + _MOVE_SHARE
    if sudden is None:
        return start, end
    middle = start + _SUDDEN_AT * (end - start)
    return middle - sudden / 2, middle + sudden / 2


def _progress(frame_count: int, start: float, end: float) -> Curve:
    """Give the progress, 0 to 1, of a move between two moments of a shot.

    The speed rises and falls smoothly; at the shot's own ends it does not fall to nothing, so that neighbour
    frames always differ.
    """
    time = (np.arange(max(frame_count - 1, 1)) + 0.5) / max(frame_count - 1, 1)
    part = np.clip((time - start) / (end - start), 0, 1)
    rise, fall = _smooth(part / _RAMP), _smooth((1 - part) / _RAMP)
    if start <= 0:
        rise = _FLOOR + (1 - _FLOOR) * rise
    if end >= 1:
        fall = _FLOOR + (1 - _FLOOR) * fall
    speed = rise * fall
    travelled = np.concatenate([[0.0], np.cumsum(speed)])[:frame_count]
    return np.asarray(travelled / max(float(speed.sum()), 1e-9))


def _smooth(values: Curve) -> Curve:
    part = np.clip(values, 0, 1)
    return np.asarray(part * part * (3 - 2 * part))


def _drift(length: int, chance: np.random.Generator) -> Curve:
    """Make noise between 0.3 and 3 Hz whose amplitude falls as one over frequency; unit mean square.

    That is how a random walk falls, the usual model of how a hand drifts.
    """
    time = np.arange(length) / FRAME_RATE
    frequencies = np.geomspace(0.3, 3.0, 14)
    phases = chance.uniform(0, 2 * np.pi, len(frequencies))
    # The frequencies lie the closer the lower they are, which gives half of the fall in amplitude.
    waves = np.sin(2 * np.pi * frequencies * time[:, None] + phases) / np.sqrt(frequencies)
    return np.asarray(waves.sum(axis=1) / math.sqrt(float((0.5 / frequencies).sum())))
