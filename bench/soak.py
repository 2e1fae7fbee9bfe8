"""Does the service hold ever more? Mixed load on real processes for a while, looked at every 10 seconds.

Run it by hand: it takes 20 minutes and means little beside other work. A shorter one shows only that it runs.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from bench.callers import Callers
from bench.figures import RESULTS, Figure, write
from bench.plot import draw_soak
from bench.processes import Holding, Role, look
from bench.serving import API_KEY, Server, talkies_serve, upload

WORKERS = 2
LOOK_EVERY_S = 10.0
EARLY, LATE = (0.25, 0.40), (0.85, 1.0)  # shares of the time that are compared: of 20 minutes, 5-8 and 17-20
GROWTH = 1.05
JUDGED: tuple[Role, ...] = ("server", "workers", "renderers")  # decoders live for one picture each


@dataclass(frozen=True)
class Sample:
    """What the processes held at a moment, in seconds from the start of the load."""

    at_s: float
    holdings: Mapping[Role, Holding]

    def memory_mb(self, role: Role) -> float:
        """Memory of a role, in MiB; 0 at a moment without such a process."""
        return self.holdings[role].unique_mb if role in self.holdings else 0.0

    @property
    def descriptors(self) -> float:
        """Open descriptors of all processes that last."""
        return sum(holding.descriptors for role, holding in self.holdings.items() if role in JUDGED)


def run(minutes: float) -> bool:
    """Load, watch, write, draw, and tell whether what is held stays flat."""
    duration_s = 60 * minutes
    with (
        tempfile.TemporaryDirectory() as folder,
        talkies_serve(Path(folder) / "data", workers=WORKERS) as server,
    ):
        samples, counts = asyncio.run(_soak(server, duration_s))
    is_met = write(
        "soak",
        _figures(samples, duration_s),
        minutes=minutes,
        conditions="memory is USS, of all processes of a role; a growth compares the medians of the times "
        + " and ".join(f"{minutes * begin:g}-{minutes * end:g} min" for begin, end in (EARLY, LATE)),
        done=counts,
        samples=[_to_json(sample) for sample in samples],
    )
    draw_soak(_curves(samples), RESULTS / "soak.png")
    return is_met


async def _soak(server: Server, duration_s: float) -> tuple[list[Sample], dict[str, int]]:
    """Let callers and observer work side by side; an answer that is not right ends both."""
    headers = {"Authorization": f"Bearer {API_KEY}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=120) as client:
        callers = Callers(client, await asyncio.to_thread(upload, server))
        samples: list[Sample] = []
        watching = asyncio.create_task(_watch(server.process.pid, samples))
        try:
            await callers.run(duration_s)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
    return samples, dict(callers.counts)


async def _watch(server: int, samples: list[Sample]) -> None:
    began = time.monotonic()
    while True:
        at_s = time.monotonic() - began
        samples.append(Sample(at_s, await asyncio.to_thread(look, server)))
        await asyncio.sleep(LOOK_EVERY_S)


def _figures(samples: Sequence[Sample], duration_s: float) -> dict[str, Figure]:
    def growth(value: Callable[[Sample], float]) -> Figure:
        early, late = (
            statistics.median(value(s) for s in samples if begin <= s.at_s / duration_s <= end)
            for begin, end in (EARLY, LATE)
        )
        return Figure(late / early, at_most=GROWTH)

    memory = {
        f"{role}_memory_growth": growth(lambda sample, role=role: sample.memory_mb(role))  # type: ignore[misc]
        for role in JUDGED
    }
    return memory | {"descriptors_growth": growth(lambda sample: sample.descriptors)}


def _curves(samples: Sequence[Sample]) -> dict[str, tuple[list[float], list[float]]]:
    """Give minutes and values of each curve: memory by role in MiB, and the descriptors of all."""
    minutes = [sample.at_s / 60 for sample in samples]
    memory = {
        f"memory of the {role} (MiB)": (minutes, [sample.memory_mb(role) for sample in samples])
        for role in JUDGED
    }
    return memory | {"open descriptors": (minutes, [sample.descriptors for sample in samples])}


def _to_json(sample: Sample) -> dict[str, object]:
    held: dict[str, object] = {
        role: {name: round(value) for name, value in asdict(holding).items()}
        for role, holding in sample.holdings.items()
    }
    return {"at_s": round(sample.at_s), **held}
