"""The machine's clocks: the wall clock, which can be set at any moment, and one that only counts on."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def wall_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def since_boot_ms() -> int:
    """Milliseconds since the machine started, sleep included: the same for all its processes."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


@cache
def boot() -> str | None:
    """Name this start of the machine. None: the system does not tell, so only the wall clock is left."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except FileNotFoundError:  # not Linux
        return None
