"""Callers of many kinds at once, as a soak needs them: all that the API can do, at a moderate pace."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from bench.cases import PROMPT
from bench.tiny_engine import MODEL as TINY_MODEL

REAL_MODEL = "talkies/animatic"
TINY_EVERY_S, REAL_EVERY_S = 2.0, 60.0
CANCELED, DELETED, FOLLOWED = (
    0.03,
    0.7,
    0.3,
)  # shares of tasks; to cancel a running one costs a fresh renderer
POLL_EVERY_S, LIST_EVERY_S, SCRAPE_EVERY_S = 0.2, 2.0, 15.0
LOOK_EVERY_S = 1.0  # of a caller that waits for its clip
KNOWN = 200  # of the newest tasks, which are polled at random
OVER = ("success", "failed")


class Callers:
    """Everybody who uses one server through `client`. `counts` tells how often each thing was done."""

    def __init__(self, client: httpx.AsyncClient, picture_url: str) -> None:
        self.counts: Counter[str] = Counter()
        self._client = client
        self._picture_url = picture_url
        self._chance = random.Random(1)
        self._known: deque[str] = deque(maxlen=KNOWN)

    async def run(self, duration_s: float) -> None:
        """Call until the time is over and every caller has got what it waits for.

        Raises:
            ExceptionGroup: a reply was not the one that is right.
        """
        ends_at = asyncio.get_running_loop().time() + duration_s
        async with asyncio.TaskGroup() as group:

            async def start_tiny() -> None:
                group.create_task(self._live(TINY_MODEL))

            for do, every_s in (
                (start_tiny, TINY_EVERY_S),
                (self._make_real, REAL_EVERY_S),
                (self._poll, POLL_EVERY_S),
                (self._list, LIST_EVERY_S),
                (self._scrape, SCRAPE_EVERY_S),
            ):
                group.create_task(_repeat(do, every_s, ends_at))

    async def _make_real(self) -> None:
        """Have two clips made at once, one by each worker, and no more before both are done."""
        await asyncio.gather(self._live(REAL_MODEL), self._live(REAL_MODEL))

    async def _live(self, model: str) -> None:
        """Submit a task, do with it what callers do (wait or follow and download, or cancel)."""
        task_id = await self._submit(model)
        if model == TINY_MODEL and self._chance.random() < CANCELED:
            await self._cancel(task_id)
        else:
            wait = self._follow if self._chance.random() < FOLLOWED else self._wait
            await self._download(await wait(task_id))
        if self._chance.random() < DELETED:
            await self._delete(task_id)

    async def _submit(self, model: str) -> str:
        body = {
            "prompt": PROMPT,
            "first_frame_image": self._picture_url,
            "resolution": "480p",
            "ratio": "16:9",
            "duration": 4,
            "seed": self._chance.randrange(1_000_000),
        }
        reply = await self._call("submit", "POST", f"/api/v1/{model}", json=body)
        task_id: str = reply.json()["data"]["task_id"]
        self._known.append(task_id)
        return task_id

    async def _wait(self, task_id: str) -> dict[str, Any]:
        """Poll until a task is over; give it."""
        while (task := await self._read(task_id))["status"] not in OVER:
            await asyncio.sleep(LOOK_EVERY_S)
        return task

    async def _follow(self, task_id: str) -> dict[str, Any]:
        """Read a task's event stream to its end; give the task."""
        async with self._client.stream("GET", f"/api/v1/tasks/{task_id}/events") as reply:
            _expect(reply, 200)
            async for line in reply.aiter_lines():
                self.counts["event"] += line.startswith("event:")
        self.counts["stream"] += 1
        return await self._read(task_id)

    async def _download(self, task: dict[str, Any]) -> None:
        """Fetch a result in two ranges, as a player does that seeks."""
        if task["status"] != "success":
            raise RuntimeError(f"a task did not succeed: {task}")
        url = task["result"]["resources"][0]["url"]
        first = await self._call("range", "GET", url, wanted=206, headers={"Range": "bytes=0-999"})
        await self._call("range", "GET", url, wanted=206, headers={"Range": "bytes=1000-"})
        if int(first.headers["Content-Range"].rpartition("/")[2]) <= 1000:
            raise RuntimeError(f"a result is next to empty: {task}")

    async def _cancel(self, task_id: str) -> None:
        """Ask to cancel, which comes too late (409) for a task that was done meanwhile."""
        await self._call("cancel", "POST", f"/api/v1/tasks/{task_id}/cancel", wanted=(200, 409))
        await self._wait(task_id)

    async def _delete(self, task_id: str) -> None:
        self._known.remove(task_id)
        await self._call("delete", "DELETE", f"/api/v1/tasks/{task_id}")

    async def _poll(self) -> None:
        if self._known:
            # A task may be deleted while it is asked for: 410.
            path = f"/api/v1/tasks/{self._chance.choice(self._known)}"
            await self._call("poll", "GET", path, wanted=(200, 410))

    async def _list(self) -> None:
        await self._call("list", "GET", f"/api/v1/tasks?page={self._chance.randint(1, 3)}&page_size=50")

    async def _scrape(self) -> None:
        await self._call("scrape", "GET", "/metrics")

    async def _read(self, task_id: str) -> dict[str, Any]:
        reply = await self._call("poll", "GET", f"/api/v1/tasks/{task_id}")
        data: dict[str, Any] = reply.json()["data"]
        return data

    async def _call(
        self, what: str, method: str, url: str, wanted: int | tuple[int, ...] = 200, **options: Any
    ) -> httpx.Response:
        reply = await self._client.request(method, url, **options)
        _expect(reply, *((wanted,) if isinstance(wanted, int) else wanted))
        self.counts[what] += 1
        return reply


async def _repeat(do: Callable[[], Awaitable[None]], every_s: float, ends_at: float) -> None:
    """Do something in even steps of time, as long as each is done before the next."""
    clock = asyncio.get_running_loop()
    began_at = clock.time()
    for number in itertools.count(1):
        await do()
        next_at = began_at + number * every_s
        if max(next_at, clock.time()) >= ends_at:
            return
        await asyncio.sleep(max(0.0, next_at - clock.time()))


def _expect(reply: httpx.Response, *wanted: int) -> None:
    if reply.status_code not in wanted:
        raise RuntimeError(f"{reply.request.method} {reply.request.url.path}: got {reply.status_code}")
