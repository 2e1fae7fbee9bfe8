"""Taking in a task: at once, at most once for each idempotency key, and within the limits."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from talkies.database import api_keys, idempotency_keys, tasks
from talkies.errors import Gone, IdempotencyMismatch, QueueFull, TooManyRequests
from talkies.task import Status, Task
from talkies.task_queue.rows import NewTask, charged_s, to_row, to_task
from talkies.task_queue.transitions import Transaction, record

IDEMPOTENCY_MS = 24 * 3600 * 1000  # how long a repeated submit returns the first task
DAY_MS = 24 * 3600 * 1000
RETRY_QUEUE_S = 10.0  # a full queue moves within seconds
RETRY_BUDGET_S = 3600.0  # a sliding day frees something within hours

# Built once: to build them takes longer than to run them, and every submit runs all three.
_INSERT = insert(tasks).returning(tasks)
_WAITING = select(func.count()).select_from(tasks).where(tasks.c.status == Status.QUEUED)
_DAILY_SECONDS = select(api_keys.c.daily_seconds).where(api_keys.c.id == bindparam("owner"))


def insert_task(transaction: Transaction, new: NewTask, key: str | None, fingerprint: str | None) -> Task:
    """Take in a task that was not submitted before.

    Raises:
        QueueFull: as many tasks wait as may.
        TooManyRequests: the owner's daily seconds are used up.
    """
    _check_room(transaction)
    _check_daily_seconds(transaction, new)
    values = to_row(new, transaction.now_ms)
    row = transaction.connection.execute(_INSERT, values).one()
    if key is not None:
        _keep_key(transaction, new.owner, key, fingerprint, row.id)
    task = to_task(row)
    record(transaction, task, "submitted")
    return task


def find_earlier(connection: Connection, now_ms: int, owner: str, key: str, fingerprint: str) -> Task | None:
    """Find the task that this key made in the last 24 hours.

    Raises:
        IdempotencyMismatch: the key came with another request.
        Gone: the task has been deleted since.
    """
    used = select(idempotency_keys).where(
        idempotency_keys.c.owner == owner,
        idempotency_keys.c.key == key,
        idempotency_keys.c.created_ms > now_ms - IDEMPOTENCY_MS,
    )
    earlier = connection.execute(used).one_or_none()
    if earlier is None:
        return None
    if earlier.fingerprint != fingerprint:
        raise IdempotencyMismatch(
            f"Idempotency-Key: {key!r} was used for another request in the last 24 hours; "
            "send the same request again, or take a new key"
        )
    row = connection.execute(select(tasks).where(tasks.c.id == earlier.task)).one()
    if row.deleted_ms is not None:
        raise Gone(f"Idempotency-Key: {key!r} made task {row.id}, which was deleted; take a new key")
    return to_task(row)


def drop_old_keys(transaction: Transaction) -> None:
    """Forget the idempotency keys that are older than 24 hours."""
    old = idempotency_keys.c.created_ms <= transaction.now_ms - IDEMPOTENCY_MS
    transaction.connection.execute(delete(idempotency_keys).where(old))


def _keep_key(transaction: Transaction, owner: str, key: str, fingerprint: str | None, task_id: str) -> None:
    """Write down which task a key made. A use of it more than 24 hours ago is forgotten."""
    same = (idempotency_keys.c.owner == owner) & (idempotency_keys.c.key == key)
    old = idempotency_keys.c.created_ms <= transaction.now_ms - IDEMPOTENCY_MS
    transaction.connection.execute(delete(idempotency_keys).where(same, old))
    transaction.connection.execute(
        insert(idempotency_keys).values(
            owner=owner, key=key, fingerprint=fingerprint, task=task_id, created_ms=transaction.now_ms
        )
    )


def _check_room(transaction: Transaction) -> None:
    """Refuse when the queue is full. On PostgreSQL, submits at the same instant may pass the limit by few."""
    limit = transaction.rules.max_queued
    if transaction.connection.execute(_WAITING).scalar_one() >= limit:
        raise QueueFull(f"queue: full ({limit} tasks wait); submit again later", RETRY_QUEUE_S)


def _check_daily_seconds(transaction: Transaction, new: NewTask) -> None:
    """Refuse when the last 24 hours hold too many seconds of video, other than of tasks that made none."""
    limit = transaction.connection.execute(_DAILY_SECONDS, {"owner": new.owner}).scalar_one_or_none()
    if limit is None:
        return
    spent = transaction.connection.execute(
        select(func.coalesce(func.sum(tasks.c.duration_s), 0)).where(
            tasks.c.owner == new.owner,
            tasks.c.created_ms > transaction.now_ms - DAY_MS,
            tasks.c.status.in_((Status.QUEUED, Status.RUNNING, Status.SUCCEEDED)),
        )
    ).scalar_one()
    if spent + charged_s(new.spec) > limit:
        raise TooManyRequests(
            f"key: {spent} of its {limit} seconds of video a day are used, and this task needs "
            f"{charged_s(new.spec)} more; submit it later, or ask the operator for a higher limit",
            RETRY_BUDGET_S,
        )
