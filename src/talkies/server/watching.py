"""Waiting for tasks to change: one look at the table serves all who wait, however many they are."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from talkies.task_queue import Glance, TaskQueue

LOOK_S = 0.2  # between two looks
AT_ONCE = 500  # tasks of one statement; both databases take more parameters than that

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class _Waiter:
    known: Glance | None
    found: asyncio.Future[Glance]


class Watch:
    """Looks at the tasks that somebody waits for, and wakes those whose task has changed."""

    def __init__(self, queue: TaskQueue) -> None:
        self._queue = queue
        self._waiters: dict[str, set[_Waiter]] = defaultdict(set)
        self._looking: asyncio.Task[None] | None = None

    async def next(self, task_id: str, known: Glance | None, timeout_s: float) -> Glance | None:
        """Wait until a task looks other than `known`; None when it still does after `timeout_s`.

        The task must exist. `known` None gives the first look.
        """
        with self._waiting(task_id, known) as found:
            try:
                async with asyncio.timeout(timeout_s):
                    return await found
            except TimeoutError:
                return None

    async def end(self, task_id: str, timeout_s: float) -> None:
        """Wait until a task is over, at most `timeout_s`."""
        clock = asyncio.get_running_loop()
        ends_at = clock.time() + timeout_s
        glance: Glance | None = None
        while (rest_s := ends_at - clock.time()) > 0:
            glance = await self.next(task_id, glance, rest_s)
            if glance is None or glance.is_over:
                return

    @contextmanager
    def _waiting(self, task_id: str, known: Glance | None) -> Iterator[asyncio.Future[Glance]]:
        waiter = _Waiter(known, asyncio.get_running_loop().create_future())
        self._waiters[task_id].add(waiter)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield waiter.found
        finally:
            self._waiters[task_id].discard(waiter)
            if not self._waiters[task_id]:
                del self._waiters[task_id]

    async def _look(self) -> None:
        """Look again and again, until nobody waits."""
        while self._waiters:
            wanted = list(self._waiters)
            try:
                for first in range(0, len(wanted), AT_ONCE):
                    seen = await run_in_threadpool(self._queue.glances, wanted[first : first + AT_ONCE])
                    self._wake(seen)
            except (DBAPIError, PoolTimeout) as error:
                log.warning("watchers wait for the database", error=type(error).__name__)
            await asyncio.sleep(LOOK_S)

    def _wake(self, seen: dict[str, Glance]) -> None:
        for task_id, glance in seen.items():
            for waiter in self._waiters.get(task_id, ()):
                if waiter.known != glance and not waiter.found.done():
                    waiter.found.set_result(glance)
