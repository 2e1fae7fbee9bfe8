"""What the processes of a running service hold: memory and open descriptors, by their role."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import psutil

Role = Literal["server", "workers", "renderers", "decoders"]


@dataclass(frozen=True)
class Holding:
    """What some processes hold together, in MiB: `unique_mb` is what would be free if they ended (USS)."""

    processes: int
    resident_mb: float
    unique_mb: float
    descriptors: int


def look(server: int) -> dict[Role, Holding]:
    """Look at the server with this process id and at all that it has started."""
    parent = psutil.Process(server)
    by_role: dict[Role, list[Holding]] = defaultdict(list)
    for process in (parent, *parent.children(recursive=True)):
        try:
            role: Role = "server" if process == parent else _role(process.cmdline())
            by_role[role].append(_holding(process))
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue  # renderers and decoders come and go
    return {role: _together(holdings) for role, holdings in by_role.items()}


def _role(command: Sequence[str]) -> Role:
    if "talkies.worker.rendering" in command:
        return "renderers"
    return "workers" if "work" in command else "decoders"


def _holding(process: psutil.Process) -> Holding:
    memory = process.memory_full_info()
    return Holding(1, memory.rss / 2**20, memory.uss / 2**20, process.num_fds())


def _together(holdings: Sequence[Holding]) -> Holding:
    return Holding(
        processes=sum(holding.processes for holding in holdings),
        resident_mb=sum(holding.resident_mb for holding in holdings),
        unique_mb=sum(holding.unique_mb for holding in holdings),
        descriptors=sum(holding.descriptors for holding in holdings),
    )
