"""What the system says about memory: how much a process holds, and whom it killed for it. Linux only."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

COUNTERS = (Path("/proc/vmstat"), Path("/sys/fs/cgroup/memory.events"))
"""Both hold a line `oom_kill N`: of the machine, and of this container."""


def kills() -> int:
    """Count the processes that the system has killed for lack of memory; 0 where it does not tell."""
    return max(map(_read_kills, COUNTERS))


def resident_bytes(pid: int) -> int:
    """Tell how much memory a process holds; 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _read_kills(counter: Path) -> int:
    with suppress(OSError, ValueError):
        for line in counter.read_text(encoding="ascii").splitlines():
            name, _, number = line.partition(" ")
            if name == "oom_kill":
                return int(number)
    return 0
