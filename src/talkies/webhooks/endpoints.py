"""Where a caller wants to be told: endpoints of an API key, each with a secret of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from talkies.database import api_keys, current_ms, reading, webhook_endpoints
from talkies.errors import BadOption, Conflict, NotFound
from talkies.outbound import ExchangeFailed, Outbound
from talkies.task import Status
from talkies.webhooks.message import new_secret

EVENT_TYPES = ("*", *(f"task.{status}" for status in Status))
MAX_ENDPOINTS = 20  # of one owner
URL_LIMIT = 2_048  # characters; the width of the column
OVERLAP_S = 86_400.0  # how long a replaced secret goes on signing beside the new one

_columns = webhook_endpoints.c


@dataclass(frozen=True)
class Endpoint:
    """A URL that hears of an owner's tasks. Not `active`: it answered 410, and hears nothing more."""

    id: str
    owner: str
    url: str
    event_types: tuple[str, ...]
    active: bool
    created_ms: int


class Endpoints:
    """Keeps the webhook endpoints. One owner never sees or changes those of another."""

    def __init__(self, engine: Engine, outbound: Outbound) -> None:
        self._engine = engine
        self._outbound = outbound

    def check_target(self, url: str, parameter: str, timeout_s: float) -> None:
        """Judge a URL that messages shall go to, as it stands now; each delivery judges it again.

        Raises:
            BadOption: it is too long, malformed, or leads to an address that is not public.
        """
        if len(url) > URL_LIMIT:
            raise BadOption(
                f"{parameter}: {len(url)} characters; use at most {URL_LIMIT}", parameter, "bad_url"
            )
        try:
            self._outbound.judge(url, timeout_s)
        except ExchangeFailed as refused:
            raise BadOption(f"{parameter}: {refused}", parameter, refused.reason) from None

    def create(
        self, owner: str, url: str, event_types: Sequence[str] = ("*",), *, timeout_s: float
    ) -> tuple[Endpoint, str]:
        """Add an endpoint; gives it and its secret, which is not shown again.

        Raises:
            BadOption: the URL is not allowed, or an event type is unknown.
            Conflict: the owner has too many endpoints.
        """
        self.check_target(url, "url", timeout_s)
        unknown = [kind for kind in event_types if kind not in EVENT_TYPES]
        if unknown or not event_types:
            raise BadOption(
                f"event_types: {', '.join(unknown) or 'empty'}; choose from {', '.join(EVENT_TYPES)}",
                "event_types",
            )
        secret = new_secret()
        with self._engine.begin() as connection:
            own = select(func.count()).where(_columns.owner == owner)
            if connection.execute(own).scalar_one() >= MAX_ENDPOINTS:
                raise Conflict(f"webhook endpoints: {MAX_ENDPOINTS} exist already; delete one first")
            endpoint = Endpoint(
                id=f"ep_{uuid4().hex}",
                owner=owner,
                url=url,
                event_types=tuple(dict.fromkeys(event_types)),
                active=True,
                created_ms=current_ms(connection),
            )
            connection.execute(
                insert(webhook_endpoints).values(
                    id=endpoint.id,
                    owner=owner,
                    url=url,
                    event_types=list(endpoint.event_types),
                    secret=secret,
                    active=True,
                    created_ms=endpoint.created_ms,
                )
            )
        return endpoint, secret

    def list(self, owner: str) -> tuple[Endpoint, ...]:
        """Give the owner's endpoints, oldest first, without their secrets."""
        own = (
            select(webhook_endpoints)
            .where(_columns.owner == owner)
            .order_by(_columns.created_ms, _columns.id)
        )
        with reading(self._engine) as connection:
            return tuple(map(_endpoint, connection.execute(own)))

    def get(self, owner: str, endpoint: str) -> Endpoint:
        """Give one endpoint.

        Raises:
            NotFound: the owner has no such endpoint.
        """
        with reading(self._engine) as connection:
            return _endpoint(_row(connection, owner, endpoint))

    def delete(self, owner: str, endpoint: str) -> None:
        """Remove an endpoint; what is still on its way to it is dropped.

        Raises:
            NotFound: the owner has no such endpoint.
        """
        with self._engine.begin() as connection:
            _row(connection, owner, endpoint)
            connection.execute(delete(webhook_endpoints).where(_columns.id == endpoint))

    def switch_on(self, owner: str, endpoint: str) -> None:
        """Make an endpoint hear again after it was switched off by its own answer 410.

        Raises:
            NotFound: the owner has no such endpoint.
        """
        with self._engine.begin() as connection:
            _row(connection, owner, endpoint)
            connection.execute(update(webhook_endpoints).where(_columns.id == endpoint).values(active=True))

    def rotate_secret(self, owner: str, endpoint: str, overlap_s: float = OVERLAP_S) -> str:
        """Replace the secret and give the new one; until `overlap_s` is over both sign every message.

        Raises:
            NotFound: the owner has no such endpoint.
        """
        secret = new_secret()
        with self._engine.begin() as connection:
            row = _row(connection, owner, endpoint)
            connection.execute(
                update(webhook_endpoints)
                .where(_columns.id == endpoint)
                .values(
                    secret=secret,
                    previous_secret=row.secret,
                    previous_secret_ends_ms=current_ms(connection) + int(overlap_s * 1000),
                )
            )
        return secret


def signing_secrets(connection: Connection, owner: str, endpoint: str | None, now_ms: int) -> tuple[str, ...]:
    """Give the secrets that sign a message: an endpoint's own, or without one the key's.

    Empty when the endpoint was deleted or switched off, or the key is gone.
    """
    if endpoint is None:
        callback = select(api_keys.c.callback_secret).where(api_keys.c.id == owner)
        return tuple(connection.execute(callback).scalars())
    row = connection.execute(
        select(webhook_endpoints).where(_columns.id == endpoint, _columns.owner == owner, _columns.active)
    ).one_or_none()
    if row is None:
        return ()
    overlaps = row.previous_secret is not None and row.previous_secret_ends_ms > now_ms
    return (row.secret, row.previous_secret) if overlaps else (row.secret,)


def _row(connection: Connection, owner: str, endpoint: str) -> Row[Any]:
    row = connection.execute(
        select(webhook_endpoints).where(_columns.id == endpoint, _columns.owner == owner)
    ).one_or_none()
    if row is None:
        raise NotFound(f"webhook endpoint {endpoint}: not found; list the endpoints of this key")
    return row


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        id=row.id,
        owner=row.owner,
        url=row.url,
        event_types=tuple(row.event_types),
        active=row.active,
        created_ms=row.created_ms,
    )
