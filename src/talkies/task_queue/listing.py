"""Looking at tasks without changing them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from talkies.database import current_ms, task_events, tasks
from talkies.task import FINAL, Event, Status, Task, Tier
from talkies.task_queue.owning import visible
from talkies.task_queue.rows import is_task_id, to_task

MAX_PAGE_SIZE = 500  # as published


@dataclass(frozen=True)
class Wanted:
    """Which of an owner's tasks to list; None is any. `since_ms` is the earliest time of submission."""

    statuses: Collection[Status] | None = None
    models: Collection[str] | None = None
    tier: Tier | None = None
    ids: Collection[str] | None = None
    since_ms: int | None = None


@dataclass(frozen=True)
class Page:
    """One page of a list, newest first, and the number of tasks on all its pages."""

    tasks: tuple[Task, ...]
    total: int


@dataclass(frozen=True)
class Counts:
    """The queue in numbers, for metrics.

    `outcomes` counts the tasks that are over by (model, status, failure code or None).
    """

    by_status: dict[Status, int]
    queued_by_engine: dict[str, int]
    oldest_queued_s: float
    outcomes: dict[tuple[str, Status, str | None], int]


def get(connection: Connection, owner: str, task_id: str) -> Task:
    """Read a task of this owner."""
    return to_task(visible(_row(connection, task_id), owner, task_id))


def find(connection: Connection, task_id: str) -> Task | None:
    """Read a task of anybody, unless it was deleted."""
    row = _row(connection, task_id)
    return to_task(row) if row is not None and row.deleted_ms is None else None


def list_page(connection: Connection, owner: str, wanted: Wanted, page: int, page_size: int) -> Page:
    """Read one page of an owner's tasks, newest first; `page` counts from 1."""
    conditions = _conditions(owner, wanted)
    total = connection.execute(select(func.count()).select_from(tasks).where(*conditions)).scalar_one()
    newest = (
        select(tasks)
        .where(*conditions)
        .order_by(tasks.c.number.desc())
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    return Page(tuple(to_task(row) for row in connection.execute(newest)), total)


def history(connection: Connection, owner: str, task_id: str, after: int) -> tuple[Event, ...]:
    """Read the lines of a task's history whose number is above `after`, oldest first."""
    get(connection, owner, task_id)
    lines = (
        select(task_events)
        .where(task_events.c.task == task_id, task_events.c.number > after)
        .order_by(task_events.c.number)
    )
    return tuple(Event.model_validate(dict(row._mapping)) for row in connection.execute(lines))


def counts(connection: Connection) -> Counts:
    """Count the tasks. It reads the whole table: for a scrape, not for a request."""
    by_status = dict.fromkeys(Status, 0)
    outcomes: dict[tuple[str, Status, str | None], int] = {}
    reason = tasks.c.failure["code"].as_string()
    grouped = select(tasks.c.model, tasks.c.status, reason, func.count()).group_by(
        tasks.c.model, tasks.c.status, reason
    )
    for model, name, code, number in connection.execute(grouped):
        status = Status(name)
        by_status[status] += number
        if status in FINAL:
            outcomes[model, status, code] = number
    waiting = (
        select(tasks.c.engine, func.count(), func.min(tasks.c.created_ms))
        .where(tasks.c.status == Status.QUEUED)
        .group_by(tasks.c.engine)
    )
    lines = connection.execute(waiting).all()
    oldest_ms = min((line[2] for line in lines), default=None)
    age_s = 0.0 if oldest_ms is None else max(0.0, (current_ms(connection) - oldest_ms) / 1000)
    return Counts(by_status, {line[0]: line[1] for line in lines}, age_s, outcomes)


def _row(connection: Connection, task_id: str) -> Row[Any] | None:
    if not is_task_id(task_id):
        return None
    return connection.execute(select(tasks).where(tasks.c.id == task_id)).one_or_none()


def _conditions(owner: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [tasks.c.owner == owner, tasks.c.deleted_ms.is_(None)]
    if wanted.statuses is not None:
        conditions.append(tasks.c.status.in_(wanted.statuses))
    if wanted.models is not None:
        conditions.append(tasks.c.model.in_(wanted.models))
    if wanted.tier is not None:
        conditions.append(tasks.c.tier == wanted.tier)
    if wanted.ids is not None:
        conditions.append(tasks.c.id.in_(filter(is_task_id, wanted.ids)))
    if wanted.since_ms is not None:
        conditions.append(tasks.c.created_ms >= wanted.since_ms)
    return conditions
