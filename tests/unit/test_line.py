"""The line is read in the background, and not for longer than it may take."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

import pytest
from tests.conftest import PATIENCE_S

from talkies.server import line as line_module
from talkies.server.line import Line
from talkies.task_queue import Outlook, TaskQueue


class Queue:
    """A queue with one waiting task, which counts how often its line is read, and can be held up."""

    def __init__(self) -> None:
        self.reads = 0
        self.go = threading.Event()
        self.go.set()

    def line(self) -> dict[str, Outlook]:
        self.reads += 1
        self.go.wait(PATIENCE_S)
        return {"task-1": Outlook(1, None)}


def make_line(queue: Queue) -> Line:
    return Line(cast(TaskQueue, queue))


async def be_read(line: Line) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while line.get("task-1") is None:
            await asyncio.sleep(0.001)


def test_before_the_first_reading_nothing_is_known() -> None:
    assert make_line(Queue()).get("task-1") is None


def test_nobody_waits_for_the_reading_and_it_is_made_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_module, "LEAST_AGE_S", PATIENCE_S)
    queue = Queue()
    queue.go.clear()

    async def poll() -> tuple[Any, Any]:
        line = make_line(queue)
        for _ in range(10):
            line.keep_fresh()
        before = line.get("task-1")
        queue.go.set()
        await be_read(line)
        for _ in range(10):
            line.keep_fresh()
        return before, line.get("task-1")

    assert asyncio.run(poll()) == (None, Outlook(1, None))
    assert queue.reads == 1


def test_a_task_that_came_later_is_not_in_it() -> None:
    async def poll() -> Outlook | None:
        line = make_line(Queue())
        line.keep_fresh()
        await be_read(line)
        return line.get("task-2")

    assert asyncio.run(poll()) is None
