"""The messages that wait to be sent, and what became of the others: the table `deliveries`."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, exists, func, select, update

from talkies.database import current_ms, deliveries, now_ms, reading, tasks, webhook_endpoints
from talkies.errors import Conflict, NotFound
from talkies.webhooks.endpoints import signing_secrets

State = Literal["pending", "delivered", "failed", "dropped"]

# Seconds from one attempt to the next: ten attempts in 75.6 hours. Source: Standard Webhooks 1.0.0.
DELAYS_S = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.1  # of the delay, added by chance, so that messages of one outage do not return at once
MAX_RETRY_AFTER_S = 86_400.0
GONE = 410
ERROR_LENGTH = 1_024  # characters; the width of the column

_columns = deliveries.c


@dataclass(frozen=True)
class Delivery:
    """One message to one URL, for its owner to see. `next_ms` is the time of the next attempt."""

    id: str
    task: str
    endpoint: str | None
    url: str
    event_type: str
    state: State
    attempts: int
    next_ms: int | None
    last_status: int | None
    last_error: str | None
    created_ms: int
    delivered_ms: int | None


@dataclass(frozen=True)
class Attempt:
    """The right to send a message once, until its lease ends. `number`, from 1, fences the result."""

    delivery: str
    number: int
    url: str
    event_type: str
    data: dict[str, Any]
    happened_ms: int
    sent_ms: int
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What an attempt met: an HTTP status, or an error when there was none."""

    status: int | None = None
    error: str | None = None
    retry_after_s: float = 0.0

    @property
    def is_success(self) -> bool:
        """Whether the receiver took the message: 2xx and nothing else."""
        return self.status is not None and 200 <= self.status < 300


class Outbox:
    """Hands out attempts and keeps their results. Several couriers in several processes may share one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, lease_s: float, busy_urls: Collection[str] = ()) -> Attempt | None:
        """Take the longest due message whose URL is not busy; None when there is nothing to send.

        Until `lease_s` is over nobody else gets it. A courier that dies costs the message one attempt.
        """
        with reading(self._engine) as connection:
            if connection.execute(_due(busy_urls)).first() is None:
                return None
        with self._engine.begin() as connection:
            moment = current_ms(connection)
            due = _due(busy_urls).with_for_update(skip_locked=True)
            while (row := connection.execute(due).one_or_none()) is not None:
                secrets = signing_secrets(connection, row.owner, row.endpoint, moment)
                if not secrets:
                    _update(
                        connection, row.id, state="dropped", last_error="endpoint deleted or switched off"
                    )
                    continue
                number = row.attempts + 1
                _update(connection, row.id, attempts=number, next_ms=moment + int(lease_s * 1000))
                return Attempt(
                    delivery=row.id,
                    number=number,
                    url=row.url,
                    event_type=row.event_type,
                    data=row.payload,
                    happened_ms=row.created_ms,
                    sent_ms=moment,
                    secrets=secrets,
                )
        return None

    def record(self, attempt: Attempt, answer: Answer) -> None:
        """Write down what an attempt met, and when the next one is due if it failed.

        Nothing is written when the lease ended and another attempt began meanwhile.
        """
        with self._engine.begin() as connection:
            row = connection.execute(
                select(deliveries)
                .where(
                    _columns.id == attempt.delivery,
                    _columns.attempts == attempt.number,
                    _columns.state == "pending",
                )
                .with_for_update()
            ).one_or_none()
            if row is None:
                return
            moment = current_ms(connection)
            seen = {"last_status": answer.status, "last_error": answer.error and answer.error[:ERROR_LENGTH]}
            if answer.is_success:
                _update(connection, row.id, state="delivered", delivered_ms=moment, **seen)
                return
            if answer.status == GONE:
                _switch_off(connection, row.endpoint)
            _update(connection, row.id, **(seen | _after_failure(connection, row, answer, moment)))

    def list(self, owner: str, state: State | None = None, limit: int = 100) -> tuple[Delivery, ...]:
        """Give the owner's latest deliveries, newest first: the delivery log."""
        own = select(deliveries).where(_columns.owner == owner)
        wanted = own if state is None else own.where(_columns.state == state)
        with reading(self._engine) as connection:
            rows = connection.execute(wanted.order_by(_columns.created_ms.desc(), _columns.id).limit(limit))
            return tuple(map(_delivery, rows))

    def replay(self, owner: str, delivery: str) -> None:
        """Send a message that ended once more, with its old id and a fresh row of attempts.

        Raises:
            NotFound: the owner has no such delivery.
            Conflict: it is still being delivered.
        """
        with self._engine.begin() as connection:
            row = connection.execute(
                select(deliveries).where(_columns.id == delivery, _columns.owner == owner).with_for_update()
            ).one_or_none()
            if row is None:
                raise NotFound(f"delivery {delivery}: not found; list the deliveries of this key")
            if row.state == "pending":
                raise Conflict(f"delivery {delivery}: still being delivered; wait for its end")
            _update(
                connection,
                delivery,
                state="pending",
                attempts=0,
                next_ms=current_ms(connection),
                delivered_ms=None,
            )

    def counts(self) -> dict[str, int]:
        """Count the messages by state, for metrics."""
        by_state = select(_columns.state, func.count().label("messages")).group_by(_columns.state)
        with reading(self._engine) as connection:
            return {row.state: row.messages for row in connection.execute(by_state)}


def _due(busy_urls: Collection[str]) -> Any:
    return (
        select(deliveries)
        .where(
            _columns.state == "pending",
            _columns.next_ms <= now_ms(),
            _columns.url.not_in(busy_urls),
        )
        .order_by(_columns.next_ms)
        .limit(1)
    )


def _after_failure(connection: Connection, row: Row[Any], answer: Answer, moment: int) -> dict[str, Any]:
    """Decide how a message goes on whose attempt failed."""
    if answer.status == GONE or row.attempts >= len(DELAYS_S):
        return {"state": "failed"}
    delay_s = DELAYS_S[row.attempts] * (1 + JITTER * random.random())
    next_ms = moment + int(1000 * max(delay_s, min(answer.retry_after_s, MAX_RETRY_AFTER_S)))
    if _outlives_its_task(connection, row.task, next_ms):
        return {"state": "dropped", "last_error": "the result will be gone before the next attempt"}
    return {"next_ms": next_ms}


def _outlives_its_task(connection: Connection, task: str, next_ms: int) -> bool:
    gone = tasks.c.deleted_ms.is_not(None) | (tasks.c.result_expires_ms <= next_ms)
    return bool(connection.execute(select(exists().where(tasks.c.id == task, gone))).scalar_one())


def _switch_off(connection: Connection, endpoint: str | None) -> None:
    if endpoint is not None:
        connection.execute(
            update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint).values(active=False)
        )


def _update(connection: Connection, delivery: str, **values: Any) -> None:
    connection.execute(update(deliveries).where(_columns.id == delivery).values(**values))


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        task=row.task,
        endpoint=row.endpoint,
        url=row.url,
        event_type=row.event_type,
        state=row.state,
        attempts=row.attempts,
        next_ms=row.next_ms if row.state == "pending" else None,
        last_status=row.last_status,
        last_error=row.last_error,
        created_ms=row.created_ms,
        delivered_ms=row.delivered_ms,
    )
