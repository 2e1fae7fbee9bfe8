"""Looking at tasks without changing them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, select

from talkies.database import task_events, tasks
from talkies.errors import TalkiesError
from talkies.task import FINAL, Event, Status, Task, Tier
from talkies.task_queue.owning import visible
from talkies.task_queue.rows import is_task_id, to_task

MAX_PAGE_SIZE = 500  # as published

# Built once: to build it takes longer than to run it, and every poll does.
_BY_IDS = select(tasks).where(tasks.c.id.in_(bindparam("ids", expanding=True)))


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
class Glance:
    """What can change while somebody waits for a task."""

    status: Status
    attempt: int
    stage: str | None
    progress: float
    cancel_requested: bool
    deleted: bool

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.deleted or self.status in FINAL


def get(connection: Connection, owner: str, task_id: str) -> Task:
    """Read a task of this owner."""
    return to_task(visible(_row(connection, task_id), owner, task_id))


def find(connection: Connection, task_id: str) -> Task | None:
    """Read a task of anybody, unless it was deleted."""
    row = _row(connection, task_id)
    return to_task(row) if row is not None and row.deleted_ms is None else None


def get_many(
    connection: Connection, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Task | TalkiesError]:
    """Read tasks by (owner, id), in one statement; for what `get` refuses, the error stands in its place."""
    plain = {task_id for _, task_id in wanted if is_task_id(task_id)}
    rows = connection.execute(_BY_IDS, {"ids": list(plain)}).all()
    by_id = {row.id: row for row in rows}
    return {asked: _task_or_error(by_id.get(asked[1]), *asked) for asked in wanted}


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


def glances(connection: Connection, ids: Collection[str]) -> dict[str, Glance]:
    """Look at tasks of anybody, by id; those that do not exist are left out."""
    columns = tasks.c
    looks = select(
        columns.id,
        columns.status,
        columns.attempt,
        columns.stage,
        columns.progress,
        columns.cancel_requested,
        columns.deleted_ms,
    ).where(columns.id.in_(ids))
    return {
        row.id: Glance(
            Status(row.status),
            row.attempt,
            row.stage,
            row.progress,
            row.cancel_requested,
            row.deleted_ms is not None,
        )
        for row in connection.execute(looks)
    }


def _row(connection: Connection, task_id: str) -> Row[Any] | None:
    if not is_task_id(task_id):
        return None
    return connection.execute(select(tasks).where(tasks.c.id == task_id)).one_or_none()


def _task_or_error(row: Row[Any] | None, owner: str, task_id: str) -> Task | TalkiesError:
    try:
        return to_task(visible(row, owner, task_id))
    except TalkiesError as error:
        return error


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
