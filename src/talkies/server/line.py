"""Places in the queue for everybody who polls, read now and then in the background."""

from __future__ import annotations

import asyncio
import time

import structlog
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from talkies.task_queue import Outlook, TaskQueue

LEAST_AGE_S = 1.0  # a line as old as this may be read anew
SHARE = 0.01  # of the time that reading may take: with 10,000 queued tasks it takes some 50 ms
STALE_FACTOR = 3.0  # a line this many times older than it should be is not believed: nobody polled meanwhile

log = structlog.get_logger(__name__)


class Line:
    """The last reading of the line: one for all, where an estimate of its own for each poll costs a scan."""

    def __init__(self, queue: TaskQueue) -> None:
        self._queue = queue
        self._outlooks: dict[str, Outlook] = {}
        self._read_at = 0.0
        self._lasts_s = 0.0
        self._reading: asyncio.Task[None] | None = None

    def get(self, task_id: str) -> Outlook | None:
        """Give the outlook of a task that was queued when the line was read; None of any other."""
        return None if self._is_stale() else self._outlooks.get(task_id)

    async def look(self, task_id: str) -> Outlook | None:
        """Give the same, and wait for a new reading when the last one is too old to be believed."""
        self.keep_fresh()
        if self._reading is not None and self._is_stale():
            await asyncio.shield(self._reading)  # others wait for it, too
        return self.get(task_id)

    def keep_fresh(self) -> None:
        """Have the line read again if it is time; nobody waits for it. Call it on the event loop."""
        if time.monotonic() - self._read_at >= self._lasts_s and (
            self._reading is None or self._reading.done()
        ):
            self._reading = asyncio.create_task(self._read())

    def _is_stale(self) -> bool:
        return time.monotonic() - self._read_at > STALE_FACTOR * self._lasts_s

    async def _read(self) -> None:
        began = time.monotonic()
        try:
            self._outlooks = await run_in_threadpool(self._queue.line)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("the line cannot be read", error=type(error).__name__)
        self._read_at = time.monotonic()
        self._lasts_s = max(LEAST_AGE_S, (self._read_at - began) / SHARE)
