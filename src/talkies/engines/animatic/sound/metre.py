"""Musical time: where the beats of a clip's music fall, known before a note is played."""

from __future__ import annotations

from math import ceil, floor
from typing import NamedTuple

BEATS_IN_A_BAR = 4  # in all music here


class Metre(NamedTuple):
    """Beats at a steady tempo, in seconds from the clip's start; bars begin at `first_beat_s`."""

    beat_s: float
    first_beat_s: float = 0.0

    def beats(self, low_s: float, high_s: float) -> list[float]:
        """List the beats of a span, its ends included.

        >>> Metre(0.5, 0.1).beats(1.0, 2.1)
        [1.1, 1.6, 2.1]
        """
        return _moments(self.first_beat_s, self.beat_s, low_s, high_s)

    def downbeats(self, low_s: float, high_s: float) -> list[float]:
        """List the beats of a span with which bars begin, its ends included."""
        return _moments(self.first_beat_s, BEATS_IN_A_BAR * self.beat_s, low_s, high_s)


def _moments(first_s: float, step_s: float, low_s: float, high_s: float) -> list[float]:
    lowest, highest = ceil((low_s - first_s) / step_s - 1e-6), floor((high_s - first_s) / step_s + 1e-6)
    return [first_s + number * step_s for number in range(lowest, highest + 1)]
