"""The messages that wait to be sent, what became of the others, and the log of all attempts."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from sqlalchemy import Connection, Engine, Row, Select, exists, func, insert, select, update

from talkies.database import (
    current_ms,
    deliveries,
    delivery_attempts,
    now_ms,
    reading,
    tasks,
    webhook_endpoints,
)
from talkies.errors import Conflict, NotFound
from talkies.webhooks.endpoints import signing_secrets

State = Literal["pending", "delivered", "failed", "dropped"]
Outcome = Literal["delivered", "retried", "failed", "dropped", "late"]

# Seconds from one attempt to the next: ten attempts in 75.6 hours. Source: Standard Webhooks 1.0.0.
DELAYS_S = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.1  # of the delay, added by chance, so that messages of one outage do not return at once
MAX_RETRY_AFTER_S = 86_400.0
GONE = 410
ERROR_LENGTH = 1_024  # characters; the width of the column
MAX_ID_SHOWN = 64  # characters of an unknown id that its caller gets back
NO_LISTENER = "endpoint deleted or switched off"
RESULT_GONE = "the result will be gone before the next attempt"

_columns = deliveries.c

log = structlog.get_logger(__name__)


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
class LoggedAttempt:
    """One line of the delivery log: an attempt as its message's owner sees it.

    What became of the message: `retried` means that another attempt was due, `late` that another had begun
    meanwhile. None where no end is known: the attempt is under way, or its courier died.
    """

    attempt: int
    begun_ms: int
    took_ms: int | None
    status: int | None
    error: str | None
    outcome: Outcome | None


@dataclass(frozen=True)
class Tally:
    """The outbox in numbers: messages on their way, and ended attempts by what became of the message."""

    pending: int
    attempts: dict[str, int]


@dataclass(frozen=True)
class Attempt:
    """The right to send a message once, until its lease ends. `number`, from 1, fences the result.

    `endpoint` None is a callback_url. `log_number` is the line in the delivery log, which test messages lack.
    """

    delivery: str
    endpoint: str | None
    number: int
    url: str
    event_type: str
    data: dict[str, Any]
    happened_ms: int
    sent_ms: int
    secrets: tuple[str, ...]
    log_number: int | None = None


@dataclass(frozen=True)
class Answer:
    """What an attempt met: an HTTP status, or an error when there was none."""

    status: int | None = None
    error: str | None = None
    retry_after_s: float = 0.0
    took_s: float = 0.0

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
                    _update(connection, row.id, state="dropped", last_error=NO_LISTENER)
                    log.info("webhook dropped", delivery=row.id, endpoint=row.endpoint, reason=NO_LISTENER)
                    continue
                number = row.attempts + 1
                _update(connection, row.id, attempts=number, next_ms=moment + int(lease_s * 1000))
                return Attempt(
                    delivery=row.id,
                    endpoint=row.endpoint,
                    number=number,
                    url=row.url,
                    event_type=row.event_type,
                    data=row.payload,
                    happened_ms=row.created_ms,
                    sent_ms=moment,
                    secrets=secrets,
                    log_number=_begin_log(connection, row.id, number, moment),
                )
        return None

    def record(self, attempt: Attempt, answer: Answer) -> Outcome:
        """Write down what an attempt met, and when the next one is due if it failed.

        Only the log is written when the lease ended and another attempt began meanwhile.
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
            changes = {} if row is None else _after(connection, row, answer)
            outcome = _outcome(changes)
            if row is not None:
                _update(connection, row.id, **changes)
            _end_log(connection, attempt.log_number, answer, outcome)
        return outcome

    def list(self, owner: str, state: State | None = None, limit: int = 100) -> tuple[Delivery, ...]:
        """Give the owner's latest deliveries, newest first: the delivery log."""
        own = select(deliveries).where(_columns.owner == owner)
        wanted = own if state is None else own.where(_columns.state == state)
        with reading(self._engine) as connection:
            rows = connection.execute(wanted.order_by(_columns.created_ms.desc(), _columns.id).limit(limit))
            return tuple(map(_delivery, rows))

    def read(self, owner: str, delivery: str) -> tuple[Delivery, tuple[LoggedAttempt, ...]]:
        """Give one delivery with all its attempts, oldest first.

        Raises:
            NotFound: the owner has no such delivery.
        """
        lines = select(delivery_attempts).where(delivery_attempts.c.delivery == delivery)
        with reading(self._engine) as connection:
            row = connection.execute(_own(owner, delivery)).one_or_none()
            if row is None:
                raise _not_found(delivery)
            attempts = connection.execute(lines.order_by(delivery_attempts.c.number)).all()
        return _delivery(row), tuple(map(_logged, attempts))

    def replay(self, owner: str, delivery: str) -> None:
        """Send a message that ended once more, with its old id and a fresh row of attempts.

        Raises:
            NotFound: the owner has no such delivery.
            Conflict: it is still being delivered.
        """
        with self._engine.begin() as connection:
            row = connection.execute(_own(owner, delivery).with_for_update()).one_or_none()
            if row is None:
                raise _not_found(delivery)
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

    def tally(self) -> Tally:
        """Count messages and attempts, for metrics."""
        waiting = select(func.count()).select_from(deliveries).where(_columns.state == "pending")
        ended = delivery_attempts.c.outcome
        attempts = select(ended, func.count().label("attempts")).where(ended.is_not(None)).group_by(ended)
        with reading(self._engine) as connection:
            return Tally(
                pending=connection.execute(waiting).scalar_one(),
                attempts={row.outcome: row.attempts for row in connection.execute(attempts)},
            )


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


def _after(connection: Connection, row: Row[Any], answer: Answer) -> dict[str, Any]:
    """Decide how a message goes on after an attempt."""
    moment = current_ms(connection)
    seen = {"last_status": answer.status, "last_error": answer.error and answer.error[:ERROR_LENGTH]}
    if answer.is_success:
        return seen | {"state": "delivered", "delivered_ms": moment}
    if answer.status == GONE:
        _switch_off(connection, row.endpoint)
    if answer.status == GONE or row.attempts >= len(DELAYS_S):
        return seen | {"state": "failed"}
    delay_s = DELAYS_S[row.attempts] * (1 + JITTER * random.random())
    next_ms = moment + int(1000 * max(delay_s, min(answer.retry_after_s, MAX_RETRY_AFTER_S)))
    if _outlives_its_task(connection, row.task, next_ms):
        log.info("webhook dropped", delivery=row.id, endpoint=row.endpoint, reason=RESULT_GONE)
        return seen | {"state": "dropped", "last_error": RESULT_GONE}
    return seen | {"next_ms": next_ms}


def _outcome(changes: dict[str, Any]) -> Outcome:
    """Name what an attempt's end changed: nothing when it came too late, and no state for a retry."""
    outcome: Outcome = changes.get("state", "retried") if changes else "late"
    return outcome


def _outlives_its_task(connection: Connection, task: str, next_ms: int) -> bool:
    gone = tasks.c.deleted_ms.is_not(None) | (tasks.c.result_expires_ms <= next_ms)
    return bool(connection.execute(select(exists().where(tasks.c.id == task, gone))).scalar_one())


def _begin_log(connection: Connection, delivery: str, attempt: int, moment: int) -> int:
    begun = insert(delivery_attempts).values(delivery=delivery, attempt=attempt, begun_ms=moment)
    number: int = connection.execute(begun.returning(delivery_attempts.c.number)).scalar_one()
    return number


def _end_log(connection: Connection, log_number: int | None, answer: Answer, outcome: Outcome) -> None:
    connection.execute(
        update(delivery_attempts)
        .where(delivery_attempts.c.number == log_number)
        .values(
            took_ms=round(1000 * answer.took_s),
            status=answer.status,
            error=answer.error and answer.error[:ERROR_LENGTH],
            outcome=outcome,
        )
    )


def _own(owner: str, delivery: str) -> Select[Any]:
    return select(deliveries).where(_columns.id == delivery, _columns.owner == owner)


def _not_found(delivery: str) -> NotFound:
    return NotFound(f"delivery {delivery[:MAX_ID_SHOWN]}: not found; list the deliveries of this key")


def _switch_off(connection: Connection, endpoint: str | None) -> None:
    if endpoint is not None:
        connection.execute(
            update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint).values(active=False)
        )


def _update(connection: Connection, delivery: str, **values: Any) -> None:
    connection.execute(update(deliveries).where(_columns.id == delivery).values(**values))


def _logged(row: Row[Any]) -> LoggedAttempt:
    return LoggedAttempt(row.attempt, row.begun_ms, row.took_ms, row.status, row.error, row.outcome)


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
