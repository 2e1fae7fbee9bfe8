"""Choosing the next task: default tier before flex, a fair share for every key, no key above its limit."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from talkies.database import api_keys, claim_turn, shares, tasks
from talkies.task import Failure, Status, Task, Tier
from talkies.task_queue.transitions import Rules, Transaction, move, settle

TIERS: tuple[Tier, ...] = ("default", "flex")  # the order of claiming
RELEASED_AT_ONCE = 100  # tasks that one transaction returns, so that it stays short

WORKER_LOST = Failure(
    code="worker_lost",
    message="Every attempt ended with the loss of its worker; submit the task again, and if that fails too, "
    "ask the operator to look at the workers' logs.",
    retryable=True,
)


def has_work(connection: Connection, engines: Collection[str], now_ms: int, rules: Rules) -> bool:
    """Tell, without a lock, whether a claim would change anything: idle workers ask this often."""
    if connection.execute(_OVERDUE, {"now_ms": now_ms, "limit": 1}).first() is not None:
        return True
    return _choose(connection, engines, rules) is not None


def claim(transaction: Transaction, worker: str, engines: Collection[str]) -> Task | None:
    """Give the next task to a worker. Counting the turn first lets one claim through at a time.

    Without that, two claims at once could both count the running tasks of one key, and both start one.
    """
    connection = transaction.connection
    turn = connection.execute(
        update(claim_turn).values(turn=claim_turn.c.turn + 1).returning(claim_turn.c.turn)
    ).scalar_one()
    release(transaction)
    number = _choose(connection, engines, transaction.rules)
    if number is None:
        return None
    row = connection.execute(select(tasks).where(tasks.c.number == number).with_for_update()).one()
    if row.status != Status.QUEUED:  # canceled in this moment
        return None
    _count_share(connection, row.owner, turn)
    return move(
        transaction,
        row,
        Status.RUNNING,
        "claimed",
        {
            "worker": worker,
            "attempt": row.attempt + 1,
            "started_ms": transaction.now_ms,
            "lease_until_ms": transaction.lease_until_ms,
        },
    )


def release(transaction: Transaction) -> tuple[Task, ...]:
    """End what has run out: tasks whose time is over, and attempts whose lease is."""
    wanted = {"now_ms": transaction.now_ms, "limit": RELEASED_AT_ONCE}
    overdue = transaction.connection.execute(_OVERDUE.with_for_update(skip_locked=True), wanted).all()
    return tuple(_release(transaction, row) for row in overdue)


def _release(transaction: Transaction, row: Row[Any]) -> Task:
    if row.expires_ms <= transaction.now_ms and not row.cancel_requested:
        return move(transaction, row, Status.EXPIRED, "its time ran out")
    return settle(transaction, row, WORKER_LOST, f"the lease of {row.worker} ended")


def _choose(connection: Connection, engines: Collection[str], rules: Rules) -> int | None:
    """Choose the number of the task to run next."""
    for tier in TIERS:
        wanted = {"tier": tier, "engines": list(engines), "max_running": rules.max_running}
        number = connection.execute(_NEXT, wanted).scalar_one_or_none()
        if number is not None:
            return number
    return None


def _count_share(connection: Connection, owner: str, turn: int) -> None:
    served = connection.execute(update(shares).where(shares.c.owner == owner).values(turn=turn))
    if served.rowcount == 0:
        connection.execute(insert(shares).values(owner=owner, turn=turn))


def _overdue() -> Select[Any]:
    """Select whole rows whose time or lease is over at `now_ms`, `limit` at most."""
    now_ms = bindparam("now_ms", type_=BigInteger())
    live = tasks.c.status.in_((Status.QUEUED, Status.RUNNING)) & (tasks.c.expires_ms <= now_ms)
    silent = (tasks.c.status == Status.RUNNING) & (tasks.c.lease_until_ms <= now_ms)
    return select(tasks).where(or_(live, silent)).limit(bindparam("limit", type_=Integer()))


def _next() -> Select[int]:
    """Select the number of the task to run next in a `tier`, for some `engines`, under `max_running`.

    Of the keys that wait and may run one more, it is the turn of the one with the fewest running tasks,
    then of the one that was served longest ago; of its tasks, of the oldest.
    """
    owners = _waiting_owners()
    first = (
        select(tasks.c.number)
        .where(_waits(), tasks.c.owner == owners.c.owner)
        .where(tasks.c.engine.in_(bindparam("engines", expanding=True)))
        .order_by(tasks.c.number)
        .limit(1)
        .scalar_subquery()
    )
    heads = select(owners.c.owner, first.label("number")).where(owners.c.owner.is_not(None)).subquery("heads")
    running = (
        select(tasks.c.owner, func.count().label("count"))
        .where(tasks.c.status == Status.RUNNING)
        .group_by(tasks.c.owner)
        .subquery("running")
    )
    runs = func.coalesce(running.c.count, 0)
    return (
        select(heads.c.number)
        .outerjoin(running, running.c.owner == heads.c.owner)
        .outerjoin(shares, shares.c.owner == heads.c.owner)
        .outerjoin(api_keys, api_keys.c.id == heads.c.owner)
        .where(heads.c.number.is_not(None))
        .where(runs < func.coalesce(api_keys.c.max_running, bindparam("max_running", type_=Integer())))
        .order_by(runs, func.coalesce(shares.c.turn, 0), heads.c.number)
        .limit(1)
    )


def _waiting_owners() -> CTE:
    """Select the owners in a tier's line, by one jump in the index for each instead of a walk over all tasks.

    Its last row is null. With 10,000 tasks of 10 owners, grouping them took 40 times as long.
    """
    owners = select(func.min(tasks.c.owner).label("owner")).where(_waits()).cte("owners", recursive=True)
    following = (
        select(func.min(tasks.c.owner)).where(_waits(), tasks.c.owner > owners.c.owner).scalar_subquery()
    )
    return owners.union_all(select(following).where(owners.c.owner.is_not(None)))


def _waits() -> ColumnElement[bool]:
    return and_(tasks.c.status == Status.QUEUED, tasks.c.tier == bindparam("tier"))


# Built once: to build them takes longer than to run them, and idle workers ask ten times a second.
_OVERDUE = _overdue()
_NEXT = _next()
