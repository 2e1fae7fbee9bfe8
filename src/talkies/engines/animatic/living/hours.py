"""The hour that comes while a film lasts: in which shot, and that it stays."""

from __future__ import annotations

from typing import NamedTuple

from talkies.plan import Hour, Plan, Shot
from talkies.spec import FRAME_RATE

_DONE = 0.92  # of the shot: when the change is complete


class Change(NamedTuple):
    """An hour that comes between two moments of the clip, in seconds."""

    hour: Hour
    start_s: float
    end_s: float


def hour_change(plan: Plan, shot: Shot) -> Change | None:
    """Tell how the hour changes in a shot; where it came in an earlier one, it has already changed.

    Args:
        plan: with all shots.
        shot: of the plan, or a part of one.
    """
    told = next(
        (
            earlier
            for earlier in reversed(plan.shots)
            if earlier.start_frame < shot.end_frame and earlier.hour is not None
        ),
        None,
    )
    if told is None or told.hour is None:
        return None
    start_s, end_s = told.start_frame / FRAME_RATE, told.end_frame / FRAME_RATE
    return Change(told.hour, start_s, start_s + _DONE * (end_s - start_s))
