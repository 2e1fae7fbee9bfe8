"""The one way a task changes its status: row, history and outbox together, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Insert, Row, bindparam, func, insert, select, update

from talkies.database import deliveries, task_events, tasks, webhook_endpoints
from talkies.task import FINAL, TRANSITIONS, Failure, Status, Task
from talkies.task_queue.rows import is_task_id, to_task

MAX_DETAIL_LENGTH = 1024  # characters, the width of the column

_CHANGES: Mapping[Status, Mapping[str, Any]] = {
    # What holds in a status, whatever led there.
    Status.QUEUED: {"worker": None, "lease_until_ms": None, "progress": 0.0, "stage": None},
    Status.RUNNING: {"progress": 0.0, "stage": None},
    Status.SUCCEEDED: {"lease_until_ms": None, "progress": 1.0, "stage": None},
    Status.FAILED: {"lease_until_ms": None, "stage": None},
    Status.CANCELED: {"lease_until_ms": None, "stage": None},
    Status.EXPIRED: {"lease_until_ms": None, "stage": None},
}


@dataclass(frozen=True)
class Rules:
    """What the operator sets for the queue; docs/settings.md tells each."""

    lease_s: float = 30.0
    retention_s: float = 7 * 86_400.0
    max_queued: int = 10_000
    max_running: int = 10  # per key, for keys that have no limit of their own


@dataclass(frozen=True)
class Transaction:
    """A writing transaction, with the one time that everything in it gets."""

    connection: Connection
    now_ms: int
    rules: Rules

    @property
    def lease_until_ms(self) -> int:
        """The end of a lease given now."""
        return self.now_ms + round(self.rules.lease_s * 1000)

    @property
    def result_expires_ms(self) -> int:
        """The time until which the files of a task that is over now are kept."""
        return self.now_ms + round(self.rules.retention_s * 1000)


def lock(transaction: Transaction, task_id: str) -> Row[Any] | None:
    """Read a task's row and keep others from changing it until the transaction ends."""
    if not is_task_id(task_id):
        return None
    wanted = select(tasks).where(tasks.c.id == task_id).with_for_update()
    return transaction.connection.execute(wanted).one_or_none()


def move(
    transaction: Transaction,
    row: Row[Any],
    status: Status,
    detail: str,
    changes: Mapping[str, Any] | None = None,
) -> Task:
    """Change the status of a task whose row is locked; add to its history; tell its listeners.

    `changes` are further columns. The task as it stands afterwards is returned.
    """
    assert status in TRANSITIONS[Status(row.status)], f"{row.id}: {row.status} cannot become {status}"
    values = {"status": status, **_CHANGES[status], **(changes or {})}
    if status in FINAL:
        values |= {
            "finished_ms": transaction.now_ms,
            "result_expires_ms": transaction.result_expires_ms,
        }
    changed = update(tasks).where(tasks.c.number == row.number).values(values).returning(tasks)
    task = to_task(transaction.connection.execute(changed).one())
    record(transaction, task, detail)
    _announce(transaction, task)
    return task


def settle(transaction: Transaction, row: Row[Any], failure: Failure, detail: str) -> Task:
    """End an attempt that made nothing: the task returns to the queue, unless something speaks against it.

    A wish to cancel comes first, then the end of the task's time, then a failure that no retry can mend or
    that used up the last attempt.
    """
    if row.cancel_requested:
        return move(transaction, row, Status.CANCELED, detail)
    if row.expires_ms <= transaction.now_ms:
        return move(transaction, row, Status.EXPIRED, detail)
    if not failure.retryable or row.attempt >= row.max_attempts:
        return move(transaction, row, Status.FAILED, detail, {"failure": failure.model_dump(mode="json")})
    return move(transaction, row, Status.QUEUED, detail)


def record(transaction: Transaction, task: Task, detail: str) -> None:
    """Add one line to a task's history."""
    transaction.connection.execute(
        _RECORD,
        {
            "task": task.id,
            "at_ms": transaction.now_ms,
            "status": task.status,
            "attempt": task.attempt,
            "worker": task.worker,
            "detail": detail[:MAX_DETAIL_LENGTH],
        },
    )


def _record() -> Insert:
    """Insert a line under the next number of its `task`."""
    last = func.max(task_events.c.number)
    number = select(func.coalesce(last, 0) + 1).where(task_events.c.task == bindparam("task"))
    given = ("task", "at_ms", "status", "attempt", "worker", "detail")
    return insert(task_events).values(
        number=number.scalar_subquery(), **{name: bindparam(name) for name in given}
    )


_RECORD = _record()  # built once: to build it takes longer than to run it


def _announce(transaction: Transaction, task: Task) -> None:
    """Put a message for every listener of this status into the outbox."""
    event_type = f"task.{task.status}"
    listeners = _listeners(transaction.connection, task.owner, event_type)
    if task.callback_url is not None:
        listeners = (*listeners, (None, task.callback_url))
    if listeners:
        transaction.connection.execute(
            insert(deliveries),
            [
                {
                    "id": f"msg_{uuid4().hex}",
                    "owner": task.owner,
                    "task": task.id,
                    "endpoint": endpoint,
                    "url": url,
                    "event_type": event_type,
                    "payload": _payload(task),
                    "attempts": 0,
                    "state": "pending",
                    "next_ms": transaction.now_ms,
                    "created_ms": transaction.now_ms,
                }
                for endpoint, url in listeners
            ],
        )


def _listeners(connection: Connection, owner: str, event_type: str) -> tuple[tuple[str | None, str], ...]:
    """Name the owner's endpoints that want this event, as (id, url)."""
    active = select(webhook_endpoints).where(webhook_endpoints.c.owner == owner, webhook_endpoints.c.active)
    return tuple(
        (row.id, row.url)
        for row in connection.execute(active)
        if "*" in row.event_types or event_type in row.event_types
    )


def _payload(task: Task) -> dict[str, Any]:
    """Tell what changed, without the prompt and without links, which would outlive their signatures."""
    told = {"id", "model", "status", "attempt", "max_attempts", "progress", "failure"}
    return task.model_dump(mode="json", include=told | {"created_ms", "started_ms", "finished_ms"})
