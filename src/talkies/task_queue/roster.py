"""Who is at work: workers sign in and renew their entry, as they renew the lease of a task."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select, update

from talkies.database import current_ms, now_ms, workers


def sign_in(connection: Connection, worker: str, engines: Collection[str], for_ms: int) -> None:
    """Enter a worker, or renew its entry; a new one clears away the entries of the dead."""
    until_ms = current_ms(connection) + for_ms
    known = update(workers).where(workers.c.name == worker).values(alive_until_ms=until_ms)
    if connection.execute(known).rowcount == 0:
        connection.execute(delete(workers).where(workers.c.alive_until_ms <= now_ms()))
        connection.execute(
            insert(workers).values(name=worker, engines=list(engines), alive_until_ms=until_ms)
        )


def sign_out(connection: Connection, worker: str) -> None:
    """Remove a worker's entry."""
    connection.execute(delete(workers).where(workers.c.name == worker))


def alive(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Name the workers whose entry stands, each with its engines."""
    standing = select(workers.c.name, workers.c.engines).where(workers.c.alive_until_ms > now_ms())
    return {row.name: tuple(row.engines) for row in connection.execute(standing)}
