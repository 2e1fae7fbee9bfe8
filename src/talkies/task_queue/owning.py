"""What an owner may do to a task: cancel it, delete it. And what follows: files that are needed no more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select, update

from talkies.database import tasks
from talkies.errors import Conflict, Gone, NotFound
from talkies.task import FINAL, Status, Task
from talkies.task_queue.rows import to_task
from talkies.task_queue.transitions import Transaction, lock, move, record

MAX_ID_SHOWN = 64  # characters of an unknown id that its caller gets back


def cancel(transaction: Transaction, owner: str, task_id: str) -> Task:
    """Stop a task: at once when it waits, through its worker when it runs. Repeating it changes nothing."""
    row = _lock_owned(transaction, owner, task_id)
    if row.status == Status.QUEUED:
        return move(transaction, row, Status.CANCELED, "canceled")
    if row.status == Status.CANCELED or (row.status == Status.RUNNING and row.cancel_requested):
        return to_task(row)
    if row.status == Status.RUNNING:
        return _change(transaction, row, {"cancel_requested": True}, "cancel requested")
    raise Conflict(
        f"task {task_id}: is {row.status} already and can no longer be canceled; delete it instead"
    )


def delete(transaction: Transaction, owner: str, task_id: str) -> Task:
    """Hide a task that is over, and let its files go at once."""
    row = _lock_owned(transaction, owner, task_id)
    if row.status not in FINAL:
        raise Conflict(
            f"task {task_id}: is {row.status}, and only a task that is over can be deleted; cancel it"
        )
    gone = {"deleted_ms": transaction.now_ms, "result_expires_ms": transaction.now_ms}
    return _change(transaction, row, gone, "deleted")


def files_to_remove(connection: Connection, now_ms: int, limit: int) -> tuple[Task, ...]:
    """Name tasks that still hold files but were deleted or are past their retention, longest ago first."""
    over = (
        select(tasks)
        .where(tasks.c.holds_files, tasks.c.result_expires_ms <= now_ms)
        .order_by(tasks.c.result_expires_ms)
        .limit(limit)
    )
    return tuple(to_task(row) for row in connection.execute(over))


def forget_files(transaction: Transaction, task_id: str) -> None:
    """Write down that a task's files are gone; of a deleted task, forget what was asked for, too."""
    row = lock(transaction, task_id)
    if row is None or not row.holds_files:
        return
    assert row.result_expires_ms is not None, f"{task_id}: its files are still needed"
    assert row.result_expires_ms <= transaction.now_ms, f"{task_id}: its files are still needed"
    values: dict[str, Any] = {"holds_files": False, "artifacts": [], "first_frame": None, "last_frame": None}
    if row.deleted_ms is not None:
        values |= {"spec": None, "plan": None, "request": {}, "callback_url": None, "failure": None}
    transaction.connection.execute(update(tasks).where(tasks.c.number == row.number).values(values))


def visible(row: Row[Any] | None, owner: str, task_id: str) -> Row[Any]:
    """Let a row through that its owner may see.

    Raises:
        NotFound: there is none, or it is another's.
        Gone: it was deleted.
    """
    if row is None or row.owner != owner:
        raise NotFound(
            f"task {task_id[:MAX_ID_SHOWN]}: not found; check the id, and that this key submitted it"
        )
    if row.deleted_ms is not None:
        raise Gone(f"task {task_id}: was deleted; submit it again to make a new one")
    return row


def _lock_owned(transaction: Transaction, owner: str, task_id: str) -> Row[Any]:
    return visible(lock(transaction, task_id), owner, task_id)


def _change(transaction: Transaction, row: Row[Any], values: dict[str, Any], detail: str) -> Task:
    """Change a task that keeps its status, and add to its history."""
    changed = update(tasks).where(tasks.c.number == row.number).values(values).returning(tasks)
    task = to_task(transaction.connection.execute(changed).one())
    record(transaction, task, detail)
    return task
