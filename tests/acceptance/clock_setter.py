"""Sets the wall clock of a service's processes; installed as `sitecustomize` by a fixture, for tests only.

The file WALL_CLOCK_SET holds the seconds by which the clock is off. Only Python's view of it changes, which
is all that talkies sees of it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

_true_ns = time.time_ns


def _time_ns() -> int:
    off_s = int(Path(os.environ["WALL_CLOCK_SET"]).read_text("ascii"))
    return _true_ns() + off_s * 1_000_000_000


def _time() -> float:
    return _time_ns() / 1e9


if "WALL_CLOCK_SET" in os.environ:
    time.time_ns = _time_ns
    time.time = _time
