"""Motion blur: what the camera sweeps over while its shutter is open.

The shutter is open for half of each frame's time (180 degrees, the usual angle of film cameras), about the
frame's own moment. Slow moves are filmed with one view a frame, fast ones as the mean of several.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from talkies.engines.animatic.optics.camera import AT_REST, Pose, between
from talkies.engines.animatic.optics.projection import Grid, Lens, project
from talkies.media import Frame

_OPEN = 0.5  # of a frame's time
_FAST = 6 / 1280  # picture widths a frame: slower moves look right without blur
_STEP = 2.5 / 1280  # picture widths between two views of a frame, if there are not too many
_MOST_VIEWS = 5
_SUBJECT = np.ones((2, 2), np.float32)  # its inverse depth


def open_shutter(poses: Sequence[Pose], index: int, lens: Lens) -> tuple[Pose, ...]:
    """Give the views whose mean is a frame: its own pose alone unless the camera moves fast.

    A frame at rest stays the photo itself.
    """
    pose = poses[index]
    before, after = poses[max(index - 1, 0)], poses[min(index + 1, len(poses) - 1)]
    swept = 0.5 * (_travel(before, pose, lens) + _travel(pose, after, lens))
    if pose == AT_REST or swept < _FAST:
        return (pose,)
    count = int(np.clip(math.ceil(_OPEN * swept / _STEP), 2, _MOST_VIEWS))
    moments = _OPEN * ((np.arange(count) + 0.5) / count - 0.5)
    return tuple(
        between(pose, after, float(moment)) if moment >= 0 else between(pose, before, float(-moment))
        for moment in moments
    )


def expose(views: Sequence[Frame]) -> Frame:
    """Average the views of a frame."""
    if len(views) == 1:
        return views[0]
    total = np.zeros(views[0].shape, np.uint16)
    for view in views:
        total += view
    return np.asarray((total + len(views) // 2) // len(views), np.uint8)


def _travel(start: Pose, end: Pose, lens: Lens) -> float:
    """Measure how far the picture moves on the screen between two poses, at its rim, in widths."""
    if start == end:
        return 0.0
    way = _rim(end, lens) - _rim(start, lens)
    return float(np.hypot(way[..., 0], way[..., 1]).mean()) * math.sqrt(start.enlargement * end.enlargement)


@lru_cache(maxsize=8)  # what a frame shows is asked for again with both of its neighbours
def _rim(pose: Pose, lens: Lens) -> Grid:
    return project(lens.rim(), pose, _SUBJECT, lens)
