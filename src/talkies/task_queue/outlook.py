"""What a caller may expect of a task: its place in the queue and its end, both as estimates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from sqlalchemy import Connection, case, func, select

from talkies.database import current_ms, tasks
from talkies.task import FINAL, Status, Task

PACE_SAMPLE = 20  # finished tasks that tell how long the next one takes
TELLING_PROGRESS = 0.05  # from here on a running task is judged by its own speed


@dataclass(frozen=True)
class Outlook:
    """What a caller may expect: the place in the queue (1 is next) and the seconds to the end.

    Both are estimates. None: the task does not wait; nothing like it was made yet.
    """

    queue_position: int | None
    eta_s: float | None


def estimate(connection: Connection, task: Task) -> Outlook:
    """Estimate when a task is done, from the queue and the pace of the last tasks of its engine."""
    if task.status in FINAL:
        return Outlook(None, None)
    pace_s = _pace_s(connection, task.engine)
    if task.status == Status.RUNNING:
        return Outlook(None, _rest_s(connection, task, pace_s))
    ahead = _count_ahead(connection, task)
    return Outlook(ahead + 1, _eta_s(ahead, _count_running(connection), pace_s))


def estimate_line(connection: Connection) -> dict[str, Outlook]:
    """Estimate, by id, when each queued task is done: for all of them at the price of a few."""
    columns = select(tasks.c.id, tasks.c.owner, tasks.c.tier, tasks.c.engine)
    queued = columns.where(tasks.c.status == Status.QUEUED).order_by(tasks.c.number)
    waiting = connection.execute(queued).all()
    first = [row for row in waiting if row.tier == "default"]
    last = [row for row in waiting if row.tier != "default"]
    places = [
        *_places(row.owner for row in first),
        *(len(first) + n for n in _places(row.owner for row in last)),
    ]
    running = _count_running(connection)
    paces = {engine: _pace_s(connection, engine) for engine in {row.engine for row in waiting}}
    return {
        row.id: Outlook(place, _eta_s(place - 1, running, paces[row.engine]))
        for row, place in zip([*first, *last], places, strict=True)
    }


def _places(owners: Iterable[str]) -> list[int]:
    """Number tasks, given by their owners in order of submission, when keys take turns; 1 is next.

    It agrees with `_count_ahead`: an owner's n-th task comes at the end of the n-th round.

    >>> _places("aab")
    [2, 3, 2]
    """
    served: Counter[str] = Counter()
    turns = []
    for owner in owners:
        served[owner] += 1
        turns.append(served[owner])
    in_turn = Counter(turns)
    ends = list(accumulate(in_turn[turn] for turn in range(1, len(in_turn) + 1)))
    return [ends[turn - 1] for turn in turns]


def _count_ahead(connection: Connection, task: Task) -> int:
    """Count the tasks that go before this one when keys take turns.

    If it is its owner's n-th, every other owner of the tier has at most n turns before it; and every default
    task goes before a flex task. It reads one index, and no rows.
    """
    number = select(tasks.c.number).where(tasks.c.id == task.id).scalar_subquery()
    queued = tasks.c.status == Status.QUEUED
    own = connection.execute(
        select(func.count())
        .select_from(tasks)
        .where(queued, tasks.c.tier == task.tier, tasks.c.owner == task.owner, tasks.c.number < number)
    ).scalar_one()
    others = (
        select(func.count().label("count"))
        .where(queued, tasks.c.tier == task.tier, tasks.c.owner != task.owner)
        .group_by(tasks.c.owner)
        .subquery()
    )
    turns = case((others.c.count < own + 1, others.c.count), else_=own + 1)
    ahead = own + connection.execute(select(func.coalesce(func.sum(turns), 0))).scalar_one()
    if task.tier != "default":
        before = select(func.count()).select_from(tasks).where(queued, tasks.c.tier == "default")
        ahead += connection.execute(before).scalar_one()
    return int(ahead)


def _count_running(connection: Connection) -> int:
    running = select(func.count()).select_from(tasks).where(tasks.c.status == Status.RUNNING)
    return connection.execute(running).scalar_one()


def _eta_s(ahead: int, running: int, pace_s: float | None) -> float | None:
    return None if pace_s is None else pace_s * (1 + ahead / max(1, running))


def _pace_s(connection: Connection, engine: str) -> float | None:
    """Average the run times of the last finished tasks of an engine."""
    last = (
        select((tasks.c.finished_ms - tasks.c.started_ms).label("run_ms"))
        .where(tasks.c.engine == engine, tasks.c.status == Status.SUCCEEDED)
        .order_by(tasks.c.finished_ms.desc())
        .limit(PACE_SAMPLE)
        .subquery()
    )
    run_ms = connection.execute(select(func.avg(last.c.run_ms))).scalar_one()
    return None if run_ms is None else float(run_ms) / 1000


def _rest_s(connection: Connection, task: Task, pace_s: float | None) -> float | None:
    """Estimate the rest of a running task by its own progress once it shows some, else by the pace."""
    assert task.started_ms is not None
    ran_s = max(0.0, (current_ms(connection) - task.started_ms) / 1000)
    if task.progress >= TELLING_PROGRESS:
        return ran_s * (1 - task.progress) / task.progress
    return None if pace_s is None else max(0.0, pace_s - ran_s)
