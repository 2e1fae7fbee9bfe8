"""One number for how far a clip is, from the stages that its engine goes through."""

from __future__ import annotations

import time
from collections.abc import Callable

REPORT_S = 0.5  # the least time between two reports of one stage

STAGES: dict[str, tuple[float, float]] = {
    "sound": (0.02, 0.15),
    "analysis": (0.15, 0.30),
    "picture": (0.30, 0.90),
    "encoding": (0.90, 0.95),
    "checking": (0.95, 0.98),
    "storing": (0.98, 0.99),
}
"""Where each stage begins and ends in the whole work; 1 is said by the queue, when the task is finished.

An engine may name other stages: these are shown, and move nothing.
"""


class Meter:
    """A `Tick` that tells the stage and the share done, seldom enough to be written down, never falling."""

    def __init__(
        self, tell: Callable[[str, float], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._stage = ""
        self._share = 0.0
        self._told_s = float("-inf")

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note of the progress in a stage; tell it at a new stage and then every half second."""
        start, end = STAGES.get(stage, (self._share, self._share))
        self._share = max(self._share, start + (end - start) * min(done / max(total, 1), 1.0))
        now_s = self._clock()
        if stage != self._stage or now_s - self._told_s >= REPORT_S:
            self._stage, self._told_s = stage, now_s
            self._tell(stage, round(self._share, 4))
