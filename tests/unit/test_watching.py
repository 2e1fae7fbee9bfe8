"""Waiting for a task to change, over a queue that answers as the test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import cast

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tests.conftest import PATIENCE_S

from talkies.server.watching import Watch
from talkies.task import Status
from talkies.task_queue import Glance, TaskQueue


def glance(status: Status = Status.QUEUED, progress: float = 0.0) -> Glance:
    return Glance(status, 0, None, progress, False, False)


class Queue:
    """Shows one look after the other, the last one again and again; an error is raised."""

    def __init__(self, *looks: Glance | Exception) -> None:
        self._looks = list(looks)
        self.asked: list[set[str]] = []

    def glances(self, ids: Collection[str]) -> dict[str, Glance]:
        self.asked.append(set(ids))
        look = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if isinstance(look, Exception):
            raise look
        return dict.fromkeys(ids, look)


def make_watch(queue: Queue) -> Watch:
    return Watch(cast(TaskQueue, queue))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkies.server.watching.LOOK_S", 0.001)


def test_a_waiter_is_woken_by_a_change_and_not_before() -> None:
    queue = Queue(glance(), glance(), glance(Status.RUNNING))

    seen = asyncio.run(make_watch(queue).next("task-1", glance(), PATIENCE_S))

    assert seen == glance(Status.RUNNING)
    assert len(queue.asked) == 3


def test_a_waiter_for_whom_nothing_changes_is_let_go_in_time() -> None:
    assert asyncio.run(make_watch(Queue(glance())).next("task-1", glance(), 0.05)) is None


def test_one_look_serves_all_who_wait() -> None:
    queue = Queue(glance())

    async def wait() -> list[Glance | None]:
        watch = make_watch(queue)
        return await asyncio.gather(*(watch.next(f"task-{n}", None, PATIENCE_S) for n in range(100)))

    assert asyncio.run(wait()) == [glance()] * 100
    assert max(map(len, queue.asked)) == 100


def test_waiters_outlast_a_crowded_connection_pool() -> None:
    queue = Queue(PoolTimeout("no connection is free"), glance())

    assert asyncio.run(make_watch(queue).next("task-1", None, PATIENCE_S)) == glance()
