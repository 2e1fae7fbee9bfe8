"""Speed of the service, in real processes on loopback: as ratios to a bare FastAPI app with SQLite.

Rounds of both alternate, so that a machine that grows slower slows both down; a ratio is the median of the
ratios of the rounds.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.cases import PROMPT
from bench.figures import Figure, percentile, write
from bench.load import Load, open_streams, request, send_all
from bench.serving import API_KEY, Server, bare_app, talkies_serve, upload
from bench.tiny_engine import MODEL
from talkies.database import connect
from talkies.keys import KeyStore
from talkies.task import Event, Status
from talkies.task_queue import TaskQueue

TASKS = 10_000
ROUNDS = 5
POLLS = 2_000  # of one round
LISTS = 300
PAGES = 100  # different pages that are listed
STREAMS = 500
CONNECTIONS = 8  # that submit or poll at once
LISTING_CONNECTIONS = 2
STARTS = 40  # tasks that meet an idle queue
PAUSE_S = 0.2  # the longest pause before one of them: more than a worker's between two looks


@dataclass(frozen=True)
class Rounds:
    """The same load on the service and on the bare app, in turns."""

    ours: tuple[Load, ...]
    bare: tuple[Load, ...]

    @property
    def ratio(self) -> float:
        """How many requests the service serves while the bare app serves one."""
        pairs = zip(self.ours, self.bare, strict=True)
        return statistics.median(ours.per_s / bare.per_s for ours, bare in pairs)

    @property
    def p99_ms(self) -> float:
        """The service's 99th percentile: the median over the rounds."""
        return statistics.median(load.p99_ms for load in self.ours)

    def to_json(self) -> dict[str, Any]:
        """Write what is behind the ratio."""
        return {name: _behind(loads) for name, loads in (("talkies", self.ours), ("bare", self.bare))}


def run() -> bool:
    """Measure, write, and tell whether every aim is met."""
    with tempfile.TemporaryDirectory() as folder:
        figures, seen = _measure(Path(folder))
    return write("service", figures, conditions=_conditions(), seen=seen)


def _measure(folder: Path) -> tuple[dict[str, Figure], dict[str, Any]]:
    data = folder / "data"
    with bare_app(folder) as bare:
        with talkies_serve(data, workers=0) as ours:
            submits, ids, bare_ids = _submit_all(ours, bare)
        with talkies_serve(data, workers=0) as ours:
            polls = _poll(ours, bare, ids, bare_ids)
            lists = _list(ours)
            first_events_s, before, beside = _follow(ours, ids)
    waits_ms = _start_waits_ms(folder / "idle")
    figures = {
        "polls_to_bare": Figure(polls.ratio, at_least=0.4),
        "polls_p99_ms": Figure(polls.p99_ms, at_most=25),
        "submits_to_bare": Figure(submits.ratio, at_least=0.2),
        "list_page_p99_ms": Figure(lists.p99_ms, at_most=50),
        "start_to_ready_s": Figure(ours.ready_s, at_most=5),
        "submitted_to_claimed_median_ms": Figure(statistics.median(waits_ms), at_most=100),
        "streams_with_first_event": Figure(len(first_events_s), at_least=STREAMS),
        "polls_p99_ms_beside_streams": Figure(beside.p99_ms),
        "polls_p99_ms_without_streams": Figure(before.p99_ms),
    }
    return figures, {
        "polls": polls.to_json(),
        "submits": submits.to_json(),
        "list_pages": _behind([lists]),
        "first_event_ms": {
            "median": round(1000 * statistics.median(first_events_s)),
            "slowest": round(1000 * max(first_events_s)),
        },
        "polls_beside_streams": _behind([beside]),
        "submitted_to_claimed_ms": {"p99": percentile(waits_ms, 0.99), "slowest": max(waits_ms)},
    }


def _submit_all(ours: Server, bare: Server) -> tuple[Rounds, list[str], list[str]]:
    """Fill both tables by submits of one and the same body; give the ids of the tasks, too."""
    body = {"prompt": PROMPT, "first_frame_image": upload(ours), "resolution": "480p", "duration": 4}
    submit = request("POST", f"/api/v1/{MODEL}", key=API_KEY, body=body)
    submit_bare = request("POST", "/tasks", body=body)
    share = TASKS // ROUNDS
    rounds = _in_turns(ours, bare, lambda: [submit] * share, lambda: [submit_bare] * share)
    ids = [reply["data"]["task_id"] for reply in _replies(rounds.ours)]
    return rounds, ids, [reply["id"] for reply in _replies(rounds.bare)]


def _poll(ours: Server, bare: Server, ids: Sequence[str], bare_ids: Sequence[str]) -> Rounds:
    """Read tasks at random; both are warm before."""
    chance = random.Random(1)

    def polls() -> list[bytes]:
        return _polls(ids, chance)

    def bare_polls() -> list[bytes]:
        return [request("GET", f"/tasks/{task_id}") for task_id in chance.choices(bare_ids, k=POLLS)]

    _send(ours, polls(), CONNECTIONS)
    _send(bare, bare_polls(), CONNECTIONS)
    return _in_turns(ours, bare, polls, bare_polls)


def _list(ours: Server) -> Load:
    """List pages at random."""
    chance = random.Random(2)
    pages = [
        request(
            "GET", f"/api/v1/tasks?page={chance.randint(1, PAGES)}&page_size={TASKS // PAGES}", key=API_KEY
        )
        for _ in range(LISTS)
    ]
    return _send(ours, pages, LISTING_CONNECTIONS)


def _follow(ours: Server, ids: Sequence[str]) -> tuple[list[float], Load, Load]:
    """Hold event streams open; give the seconds to each first event, and polls without and beside them."""
    chance = random.Random(3)
    follows = [
        request("GET", f"/api/v1/tasks/{task_id}/events", key=API_KEY)
        for task_id in chance.sample(list(ids), STREAMS)
    ]

    async def hold() -> tuple[list[float], Load, Load]:
        before = await send_all(ours.port, _polls(ids, chance), CONNECTIONS)
        streams = await open_streams(ours.port, follows)
        beside = await send_all(ours.port, _polls(ids, chance), CONNECTIONS)
        for stream in streams:
            stream.close()
        return [stream.first_event_s for stream in streams], before, beside

    return asyncio.run(hold())


def _start_waits_ms(data: Path) -> list[int]:
    """Submit to an idle worker, now and then; read from the histories how long each waited to be claimed."""
    chance = random.Random(4)
    with talkies_serve(data, workers=1) as ours, httpx.Client(base_url=ours.url, timeout=60) as client:
        client.headers["Authorization"] = f"Bearer {API_KEY}"
        body = {"prompt": PROMPT, "first_frame_image": upload(ours)}
        ids = []
        for _ in range(STARTS):
            reply = client.post(f"/api/v1/{MODEL}", json=body).raise_for_status()
            ids.append(reply.json()["data"]["task_id"])
            over = client.get(f"/api/v1/tasks/{ids[-1]}?wait=true").raise_for_status().json()["data"]
            if over["status"] != "success":
                raise RuntimeError(f"a task of the tiny engine did not succeed: {over}")
            time.sleep(chance.uniform(0, PAUSE_S))
    return [_wait_ms(history) for history in _histories(data, ids[1:])]  # the first one met a cold start


def _histories(data: Path, ids: Sequence[str]) -> list[tuple[Event, ...]]:
    """Read histories where they are kept to the millisecond; the API gives whole seconds."""
    database = connect(f"sqlite:///{data / 'talkies.db'}")
    owner = KeyStore(database).list()[0].id
    queue = TaskQueue(database)
    return [queue.history(owner, task_id) for task_id in ids]


def _wait_ms(history: Sequence[Event]) -> int:
    claimed = next(event for event in history if event.status == Status.RUNNING)
    return claimed.at_ms - history[0].at_ms


def _polls(ids: Sequence[str], chance: random.Random) -> list[bytes]:
    return [
        request("GET", f"/api/v1/tasks/{task_id}", key=API_KEY) for task_id in chance.choices(ids, k=POLLS)
    ]


def _in_turns(
    ours: Server, bare: Server, requests: Callable[[], list[bytes]], bare_requests: Callable[[], list[bytes]]
) -> Rounds:
    pairs = [
        (_send(ours, requests(), CONNECTIONS), _send(bare, bare_requests(), CONNECTIONS))
        for _ in range(ROUNDS)
    ]
    return Rounds(tuple(mine for mine, _ in pairs), tuple(peer for _, peer in pairs))


def _send(server: Server, requests: Sequence[bytes], connections: int) -> Load:
    return asyncio.run(send_all(server.port, requests, connections))


def _replies(loads: Sequence[Load]) -> list[Any]:
    return [json.loads(body) for load in loads for body in load.bodies]


def _behind(loads: Sequence[Load]) -> dict[str, float]:
    """Write medians over the rounds."""
    return {
        "per_s": round(statistics.median(load.per_s for load in loads)),
        "median_ms": round(statistics.median(load.median_ms for load in loads), 2),
        "p99_ms": round(statistics.median(load.p99_ms for load in loads), 2),
    }


def _conditions() -> dict[str, object]:
    return {
        "bare": "bench/bare_app.py: FastAPI + SQLite (WAL, synchronous = FULL), no keys, checks or log",
        "log": "talkies at its default level, one line a request, to a file",
        "rounds": ROUNDS,
        "polls": f"{POLLS} a round over {CONNECTIONS} connections, of {TASKS} tasks, all queued by one key",
        "submits": f"{TASKS} in all over {CONNECTIONS} connections; first_frame_image is the URL of an "
        "uploaded picture, which is not decoded again",
        "list_pages": f"{LISTS}, each of {TASKS // PAGES} tasks, over {LISTING_CONNECTIONS} connections",
        "start": f"from the start of `talkies serve` to the first 200 of /health/ready, {TASKS} tasks queued",
        "claims": f"{STARTS - 1} tasks, each submitted to an idle queue; one worker with the tiny engine",
    }
