"""Sets the wall clock of a service's processes; installed as `sitecustomize` by a fixture, for tests only.

The file WALL_CLOCK_SET holds the seconds by which the clock is off. Only Python's view of it changes, which
is all that talkies sees of it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

_setting = Path(os.environ["WALL_CLOCK_SET"])
_true_ns = time.time_ns


def _off_ns() -> int:
    return int(_setting.read_text("ascii")) * 1_000_000_000


def _time_ns() -> int:
    return _true_ns() + _off_ns()


def _time() -> float:
    return _time_ns() / 1e9


time.time_ns = _time_ns
time.time = _time
