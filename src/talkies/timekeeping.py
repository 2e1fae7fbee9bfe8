"""Following the wall clock when somebody sets it, without a lease or a task ending early or never.

On SQLite the database's clock counts on from `clock_offset`, whatever happens to the wall clock. Here the
offset is brought up to date, and in the same transaction the times of all that is under way move along: what
had ten seconds left has ten seconds left. What names a date (the end of a key, of a result) stays.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, Engine, Row, select, update

from talkies import clock
from talkies.database import clock_offset, deliveries, pictures, reading, tasks, workers
from talkies.task import FINAL

STEP_MS = 1000  # a smaller difference is not followed: reading two clocks takes time on a busy machine


def follow_wall_clock(engine: Engine) -> bool:
    """Set the database's clock by the wall clock if it has to be; tell whether the wall clock was set.

    On another database than SQLite its own host keeps the time, and nothing is done.
    """
    if engine.dialect.name != "sqlite" or clock.boot() is None:
        return False
    with reading(engine) as connection:
        if _is_right(_offset(connection)):
            return False
    with engine.begin() as connection:
        before = _offset(connection)
        if _is_right(before):  # another process was quicker
            return False
        offset_ms = _present_offset_ms()
        connection.execute(update(clock_offset).values(boot=clock.boot(), offset_ms=offset_ms))
        was_set = bool(before.boot == clock.boot())
        if was_set:
            _move(connection, offset_ms - before.offset_ms)
        return was_set


def _offset(connection: Connection) -> Row[Any]:
    return connection.execute(select(clock_offset)).one()


def _is_right(offset: Row[Any]) -> bool:
    is_of_this_boot = offset.boot == clock.boot()
    return bool(is_of_this_boot and abs(_present_offset_ms() - offset.offset_ms) < STEP_MS)


def _present_offset_ms() -> int:
    return clock.wall_ms() - clock.since_boot_ms()


def _move(connection: Connection, step_ms: int) -> None:
    """Let the times of all that is under way keep their distance from now."""

    def moved(*columns: Column[int]) -> dict[str, object]:
        return {column.name: column + step_ms for column in columns}

    live = tasks.c.status.not_in(FINAL)
    of_task = moved(tasks.c.created_ms, tasks.c.started_ms, tasks.c.expires_ms, tasks.c.lease_until_ms)
    connection.execute(update(tasks).where(live).values(of_task))
    due = deliveries.c.state == "pending"
    connection.execute(update(deliveries).where(due).values(moved(deliveries.c.next_ms)))
    connection.execute(update(workers).values(moved(workers.c.alive_until_ms)))
    connection.execute(update(pictures).values(moved(pictures.c.created_ms)))
