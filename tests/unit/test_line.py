"""The line is read in the background, and not for longer than it may take."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

from talkies.server.line import Line
from talkies.task_queue import Outlook, TaskQueue


class Queue:
    """A queue with one waiting task, which counts how often its line is read."""

    def __init__(self, takes_s: float = 0.0) -> None:
        self.reads = 0
        self._takes_s = takes_s

    def line(self) -> dict[str, Outlook]:
        self.reads += 1
        time.sleep(self._takes_s)
        return {"task-1": Outlook(1, None)}


def make_line(queue: Queue) -> Line:
    return Line(cast(TaskQueue, queue))


def test_before_the_first_reading_nothing_is_known() -> None:
    assert make_line(Queue()).get("task-1") is None


def test_nobody_waits_for_the_reading_and_it_is_made_once_for_all() -> None:
    queue = Queue(takes_s=0.05)

    async def poll() -> tuple[Any, Any]:
        line = make_line(queue)
        for _ in range(10):
            line.keep_fresh()
        before = line.get("task-1")
        await asyncio.sleep(0.2)
        for _ in range(10):
            line.keep_fresh()
        return before, line.get("task-1")

    assert asyncio.run(poll()) == (None, Outlook(1, None))
    assert queue.reads == 1


def test_a_task_that_came_later_is_not_in_it() -> None:
    async def poll() -> Outlook | None:
        line = make_line(Queue())
        line.keep_fresh()
        await asyncio.sleep(0.1)
        return line.get("task-2")

    assert asyncio.run(poll()) is None
