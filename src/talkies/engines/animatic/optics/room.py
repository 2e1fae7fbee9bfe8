"""Room for a camera path: kept inside the picture, clear of heads, and led to and from the whole picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.interpolate import PchipInterpolator

from talkies.engines.animatic.optics.camera import AT_REST, Pose, between, rests

_PROBES = 31  # frames of a shot at which the room is measured
_MOST_ROOM = 3.0  # enlargement
_MIRRORED_ABOVE = 0.006  # picture widths of the background above a head that may be seen mirrored
_OPENING_FRAMES = 24  # at most, from the whole picture to the shot's framing
_ROOM_FRAMES = 40  # at most, when only room for a move has to be made
_QUICK_FRAMES = 9  # at most, before a move that leads back to the whole picture


def make_room(
    path: Sequence[Pose], overflow: Callable[[Pose], float], *, steady: bool = False
) -> tuple[Pose, ...]:
    """Enlarge a path, smoothly and as little as is needed, until no frame looks past the picture's edge.

    A pose at rest stays as it is, but in a steady path.

    Args:
        path: the poses.
        overflow: how far beyond the picture a pose looks at worst, in picture widths; negative is inside.
        steady: enlarge all frames alike.
    """
    probes = np.unique(np.linspace(0, len(path) - 1, min(len(path), _PROBES)).round().astype(int))
    needed = np.array([_needed_enlargement(path[probe], overflow) for probe in probes])
    if steady or len(probes) < 3:
        return tuple(replace(pose, zoom=pose.zoom * float(needed.max())) for pose in path)
    envelope = needed.copy()
    for _ in range(6):
        smooth = 0.25 * envelope[:-2] + 0.5 * envelope[1:-1] + 0.25 * envelope[2:]
        envelope[1:-1] = np.maximum(smooth, needed[1:-1])
    factors = np.maximum(PchipInterpolator(probes, envelope)(np.arange(len(path))), 1)
    return tuple(
        replace(pose, zoom=pose.zoom * float(factor)) for pose, factor in zip(path, factors, strict=True)
    )


def keep_heads(
    path: Sequence[Pose], cut: Callable[[Pose], float], overflow: Callable[[Pose], float]
) -> tuple[Pose, ...]:
    """Raise a path, smoothly, where it would cut a head at the top, as far as the picture has room there.

    Args:
        path: the poses, inside the picture.
        cut: how far a pose must be raised, in picture widths; nothing or less where no head is cut.
        overflow: as `make_room` takes it.
    """
    probes = np.unique(np.linspace(0, len(path) - 1, min(len(path), _PROBES)).round().astype(int))
    raised = np.array([_possible_rise(path[probe], cut(path[probe]), overflow) for probe in probes])
    if len(probes) < 3 or not raised.any():
        return tuple(path)
    smooth = np.convolve(np.pad(raised, 2, mode="edge"), (0.1, 0.2, 0.4, 0.2, 0.1), "valid")
    smooth[[0, -1]] = raised[[0, -1]]
    rise = PchipInterpolator(probes, smooth)(np.arange(len(path)))
    return tuple(replace(pose, y=pose.y - float(up)) for pose, up in zip(path, rise, strict=True))


def _possible_rise(pose: Pose, wanted: float, overflow: Callable[[Pose], float]) -> float:
    """Find how far a pose can be raised, up to what is wanted, without looking past the picture's edge."""
    if wanted <= 0 or rests(pose):
        return 0.0
    allowed = max(overflow(pose), 0.0) + _MIRRORED_ABOVE
    low, high = 0.0, wanted
    if overflow(replace(pose, y=pose.y - high)) <= allowed:
        return high
    for _ in range(8):
        middle = (low + high) / 2
        if overflow(replace(pose, y=pose.y - middle)) <= allowed:
            low = middle
        else:
            high = middle
    return low


def _needed_enlargement(pose: Pose, overflow: Callable[[Pose], float]) -> float:
    """Find the least enlargement, at least 1, that brings a pose inside the picture."""
    low, high = 1.0, 1.0
    while overflow(replace(pose, zoom=pose.zoom * high)) > 1e-4 and high < _MOST_ROOM:
        low, high = high, high * 1.12
    while high - low > 0.001:
        middle = (low + high) / 2
        if overflow(replace(pose, zoom=pose.zoom * middle)) > 1e-4:
            low = middle
        else:
            high = middle
    return high


def join_ends(
    path: Sequence[Pose],
    *,
    opens_whole: bool,
    closes_whole: bool,
    framed: bool,
    still: bool,
    quick: bool = False,
) -> tuple[Pose, ...]:
    """Lead a path from the whole picture at its beginning, or back to it at its end.

    To a framing this takes at most a second: an eased move, or a cut when the camera must stand still.
    Without one (`framed` false) there is only room to be made for the moves, which may take a little longer
    and be gentler; a `quick` one leaves the time to the move back that follows.
    """
    # A path that rests at an end of its own accord needs no leading there.
    opens_whole, closes_whole = opens_whole and not rests(path[0]), closes_whole and not rests(path[-1])
    last = len(path) - 1
    halves = 2 if opens_whole and closes_whole else 1
    usual = _QUICK_FRAMES if quick else _OPENING_FRAMES if framed else _ROOM_FRAMES
    span = max(1, min(usual, last // halves))
    ease = _step if still else _smoother
    poses = []
    for index, pose in enumerate(path):
        weight = ease(index / span) if opens_whole else 1.0
        if closes_whole:
            weight *= ease((last - index) / span)
        poses.append(AT_REST if weight == 0 or rests(pose) else between(AT_REST, pose, weight))
    return tuple(poses)


def _step(value: float) -> float:
    return float(value >= 1)


def _smoother(value: float) -> float:
    """Ease from 0 to 1 with no speed and no acceleration at both ends (minimum jerk).

    Source: Flash and Hogan, "The Coordination of Arm Movements", 1985.
    """
    part = min(max(value, 0.0), 1.0)
    return part**3 * (10 - 15 * part + 6 * part**2)
