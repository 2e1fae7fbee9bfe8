"""How far a clip is: the stages of making it, one number for the whole, and the time that each takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

REPORT_S = 0.5  # the least time between two reports of one stage


@dataclass(frozen=True)
class Stage:
    """A part of making a clip: where it begins and ends in the whole work, 0 to 1, and words for people."""

    start: float
    end: float
    words: str


STAGES: dict[str, Stage] = {
    "analysis": Stage(0.02, 0.20, "studying the picture"),
    "sound": Stage(0.20, 0.30, "making sound"),
    "picture": Stage(0.30, 0.90, "filming"),
    "encoding": Stage(0.90, 0.95, "writing the file"),
    "checking": Stage(0.95, 0.98, "checking the file"),
    "storing": Stage(0.98, 0.99, "storing the file"),
}
"""In their order. Who waits for the end says 1 itself, when it is there.

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
        known = STAGES.get(stage, Stage(self._share, self._share, stage))
        self._share = max(self._share, known.start + (known.end - known.start) * min(done / max(total, 1), 1))
        now_s = self._clock()
        if stage != self._stage or now_s - self._told_s >= REPORT_S:
            self._stage, self._told_s = stage, now_s
            self._tell(stage, round(self._share, 4))


class StageClock:
    """Adds up the time that each stage takes; stages may take turns."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage: str | None = None
        self._since_s = clock()
        self._seconds: dict[str, float] = {}

    def enter(self, stage: str) -> None:
        """Begin or go on with a stage; until then the time belongs to the one before."""
        self._add()
        self._stage = stage

    def stop(self) -> dict[str, float]:
        """End the stage that runs; give the seconds of every stage that was entered."""
        self._add()
        self._stage = None
        return dict(self._seconds)

    def _add(self) -> None:
        now_s = self._clock()
        if self._stage is not None:
            self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now_s - self._since_s
        self._since_s = now_s


def words_of(stage: str) -> str:
    """Name a stage for people; one that is not known goes by its own name."""
    return STAGES[stage].words if stage in STAGES else stage
