"""What the camera did, told from the similarity transforms between frames an eighth of a second apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from talkies.inspection.flow import Similarity
from talkies.inspection.report import Camera, CameraDirection, CameraKind

_STILL_SHARE_PER_S = 0.0015  # of the picture's longer side: slower than this is standing still
_STRETCH_S = 1.0  # one verdict for about so long; shaking averages out over it

_MIN_STRAIGHTNESS = 0.35  # net displacement over the way travelled; shaking stays below, a move near 1

_Label = tuple[CameraKind, CameraDirection | None]

_KINDS: tuple[CameraKind, ...] = ("pan", "tilt", "zoom", "roll")
_DIRECTIONS: dict[CameraKind, tuple[CameraDirection, CameraDirection]] = {
    "pan": ("right", "left"),
    "tilt": ("down", "up"),
    "zoom": ("in", "out"),
    "roll": ("clockwise", "counterclockwise"),
}


@dataclass(frozen=True)
class Step:
    """What happened between frames `start` and `end` of the same shot, in work pixels."""

    start: int
    end: int
    seconds: float
    motion: Similarity
    fast_px: float
    """Mean flow of the fastest 5 % of the picture, in pixels of the video's own size."""


def describe_camera(
    steps: Sequence[Step], work_width: int, work_height: int, scale: tuple[float, float]
) -> Camera | None:
    """Name the camera's dominant movement over some steps; None when there are none.

    Each second or so is judged by itself, so that in-and-out is not still; the movement that displaces the
    picture most in sum is named.

    Args:
        scale: own pixels per work pixel, (across, down).
    """
    if sum(step.seconds for step in steps) <= 0:
        return None
    radius = math.sqrt((work_width**2 + work_height**2) / 12)
    threshold_px = _STILL_SHARE_PER_S * max(work_width, work_height)
    displaced: dict[_Label, float] = {("still", None): 0.0}
    for stretch in _stretches(steps):
        label, px = _dominant(stretch, radius)
        if px >= threshold_px * sum(step.seconds for step in stretch):
            displaced[label] = displaced.get(label, 0.0) + px
    kind, direction = max(displaced, key=lambda label: displaced[label])
    right, down, growth, turn = (float(rate) for rate in _mean_rates(steps))
    return Camera(
        kind=kind,
        direction=direction,
        right_px_per_s=-right * scale[0],
        down_px_per_s=-down * scale[1],
        zoom_in_percent_per_s=100 * growth,
        roll_clockwise_degrees_per_s=-math.degrees(turn),
        explained_share=float(np.mean([step.motion.explained for step in steps])),
    )


def _stretches(steps: Sequence[Step]) -> list[list[Step]]:
    """Group steps into runs of about a second."""
    count = max(1, round(sum(step.seconds for step in steps) / _STRETCH_S))
    parts = np.array_split(np.arange(len(steps)), min(count, len(steps)))
    return [[steps[index] for index in part] for part in parts]


def _mean_rates(steps: Sequence[Step]) -> NDArray[np.float64]:
    """The content's (right, down, growth, turn) a second."""
    seconds = sum(step.seconds for step in steps)
    return np.asarray(_motions(steps).sum(axis=0) / seconds, np.float64)


def _motions(steps: Sequence[Step]) -> NDArray[np.float64]:
    return np.array(
        [(step.motion.right, step.motion.down, step.motion.growth, step.motion.turn) for step in steps]
    )


def _dominant(steps: Sequence[Step], radius: float) -> tuple[_Label, float]:
    """The kind and direction that displace the picture most, with the RMS displacement in work pixels.

    Shaking goes to and fro: a movement that does not mostly keep its direction counts for nothing.
    """
    # the content moves against the camera, but grows as the camera zooms in
    camera_steps = _motions(steps) * (-1, -1, radius, -radius)
    net, travelled = camera_steps.sum(axis=0), np.abs(camera_steps).sum(axis=0)
    net[np.abs(net) < _MIN_STRAIGHTNESS * travelled] = 0
    strongest = int(np.abs(net).argmax())
    kind = _KINDS[strongest]
    forth, back = _DIRECTIONS[kind]
    return (kind, forth if net[strongest] > 0 else back), float(abs(net[strongest]))
