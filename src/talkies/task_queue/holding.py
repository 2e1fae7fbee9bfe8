"""Working under a lease: renewing it, reporting, and ending the attempt one way or another.

A worker proves what it holds by the Task that `claim` gave it: its id, attempt and worker. Everything here
is refused with StaleLease when the lease has ended, another attempt has begun, or the task is over, so that
a worker that was frozen and thawed changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, insert, update

from talkies.database import now_ms, stage_times, tasks
from talkies.errors import StaleLease
from talkies.plan import Plan
from talkies.task import Artifact, Failure, Status, Task
from talkies.task_queue.rows import to_task
from talkies.task_queue.transitions import Transaction, lock, move, settle


def renew(connection: Connection, task: Task, lease_ms: int) -> bool:
    """Prolong the lease; tell whether to go on (False: somebody asked to stop)."""
    prolonged = (
        update(tasks)
        .where(_held(task))
        .values(lease_until_ms=now_ms() + lease_ms)
        .returning(tasks.c.cancel_requested)
    )
    row = connection.execute(prolonged).one_or_none()
    if row is None:
        raise _stale(task)
    return not row.cancel_requested


def report(
    connection: Connection, task: Task, progress: float | None, stage: str | None, plan: Plan | None
) -> None:
    """Write down how far the attempt is; a progress below the present one changes nothing."""
    values: dict[str, Any] = {}
    if progress is not None:
        values["progress"] = case((tasks.c.progress < progress, progress), else_=tasks.c.progress)
    if stage is not None:
        values["stage"] = stage
    if plan is not None:
        values["plan"] = plan.model_dump(mode="json")
    assert values, "nothing to report"
    if connection.execute(update(tasks).where(_held(task)).values(values)).rowcount == 0:
        raise _stale(task)


def note_stages(connection: Connection, task: Task, seconds: Mapping[str, float]) -> None:
    """Write down how long each stage of an attempt took, whatever became of its lease."""
    connection.execute(
        insert(stage_times),
        [
            {
                "task": task.id,
                "attempt": task.attempt,
                "stage": stage,
                "engine": task.engine,
                "took_ms": round(1000 * took_s),
            }
            for stage, took_s in seconds.items()
        ],
    )


def finish(transaction: Transaction, task: Task, artifacts: tuple[Artifact, ...]) -> Task:
    """End the task as succeeded. Repeating a finish that got through returns the same task."""
    row = lock(transaction, task.id)
    if row is not None and _is_finished_by(row, task):
        return to_task(row)
    held = _check_held(transaction, row, task)
    if held.cancel_requested:
        return move(transaction, held, Status.CANCELED, "canceled when it was done")
    changes: dict[str, Any] = {"artifacts": [artifact.model_dump(mode="json") for artifact in artifacts]}
    if held.plan is not None:
        changes["duration_s"] = held.plan["duration_s"]  # the true one, where the engine chose it
    return move(transaction, held, Status.SUCCEEDED, "finished", changes)


def fail(transaction: Transaction, task: Task, failure: Failure) -> Task:
    """End the attempt as failed; the task returns to the queue if a retry may help and one is left."""
    held = _check_held(transaction, lock(transaction, task.id), task)
    return settle(transaction, held, failure, f"{failure.code}: {failure.message}")


def give_back(transaction: Transaction, task: Task) -> Task:
    """Return the task to the queue unharmed.

    The attempt's number is spent, since it fences the worker, so one more attempt is allowed instead.
    """
    held = _check_held(transaction, lock(transaction, task.id), task)
    if held.cancel_requested:
        return move(transaction, held, Status.CANCELED, "canceled")
    return move(transaction, held, Status.QUEUED, "given back", {"max_attempts": held.max_attempts + 1})


def confirm_cancel(transaction: Transaction, task: Task) -> Task:
    """End the task as canceled, now that its worker has stopped."""
    held = _check_held(transaction, lock(transaction, task.id), task)
    assert held.cancel_requested, f"{task.id}: nobody asked to cancel it"
    return move(transaction, held, Status.CANCELED, "canceled")


def _held(task: Task) -> ColumnElement[bool]:
    return and_(
        tasks.c.id == task.id,
        tasks.c.status == Status.RUNNING,
        tasks.c.attempt == task.attempt,
        tasks.c.worker == task.worker,
        tasks.c.lease_until_ms > now_ms(),
    )


def _check_held(transaction: Transaction, row: Row[Any] | None, task: Task) -> Row[Any]:
    """Say again in Python what `_held` says in SQL, of a row that is locked."""
    if (
        row is None
        or row.status != Status.RUNNING
        or (row.attempt, row.worker) != (task.attempt, task.worker)
        or row.lease_until_ms <= transaction.now_ms
    ):
        raise _stale(task)
    return row


def _is_finished_by(row: Row[Any], task: Task) -> bool:
    return bool(row.status == Status.SUCCEEDED and (row.attempt, row.worker) == (task.attempt, task.worker))


def _stale(task: Task) -> StaleLease:
    return StaleLease(
        f"task {task.id}: {task.worker} no longer holds attempt {task.attempt}; drop its work and claim anew"
    )
