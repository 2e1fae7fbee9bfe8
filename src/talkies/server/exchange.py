"""Around every request: its id, its limits on the body, its headers, its line in the log, its metric."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final

import structlog
from fastapi import HTTPException
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from talkies.server.answers import RETRY_S, refusal
from talkies.server.metrics import Metrics
from talkies.settings import Settings

KEY: Final = "talkies.exchange"  # where the ASGI scope holds it
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Headers of every reply, unless its route sets its own."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""What metrics and logs tell apart: a client can invent any number of others."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

log = structlog.get_logger(__name__)


@dataclass
class Exchange:
    """One request and its reply. `headers` are added to whatever the reply will be, errors included."""

    request_id: str
    headers: dict[str, str] = field(default_factory=dict)
    owner: str | None = None
    body_limit_bytes: int = 0
    status: int = 500
    began: bool = False


def exchange_of(connection: HTTPConnection) -> Exchange:
    """Give the exchange that a request belongs to."""
    exchange: Exchange = connection.scope[KEY]
    return exchange


class Exchanges:
    """ASGI middleware: nothing enters or leaves the application but through it."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(_request_id(scope), body_limit_bytes=self._settings.body_limit_bytes)
        scope[KEY] = exchange
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=exchange.request_id):
            try:
                await self._serve(scope, receive, send, exchange)
            finally:
                self._note(scope, exchange, time.perf_counter() - started)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status, exchange.began = message["status"], True
                _add_headers(message, exchange)
            await send(message)

        limited = _limited(receive, Headers(scope=scope), exchange, self._settings.body_timeout_s)
        try:
            await self._app(scope, limited, send_with_headers)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("database does not answer", error=type(error).__name__)
            await _fail(
                scope, receive, send_with_headers, exchange, 503, "the database is busy; try again later"
            )
        except Exception:
            log.exception("request failed")
            await _fail(
                scope,
                receive,
                send_with_headers,
                exchange,
                500,
                "the server failed; send the request id to its operator",
            )

    def _note(self, scope: Scope, exchange: Exchange, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.requests.labels(method, route, exchange.status).observe(seconds)
        log.info(
            "request",
            method=method,
            route=route,
            status=exchange.status,
            ms=round(1000 * seconds, 1),
            owner=exchange.owner,
        )


def _request_id(scope: Scope) -> str:
    """Take the caller's own id when it is harmless, else make one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else f"req_{token_hex(12)}"


def _limited(receive: Receive, headers: Headers, exchange: Exchange, timeout_s: float) -> Receive:
    """Let a body through that is plain, small enough and arrives in time.

    A refusal closes the connection: what is left of the body would be taken for the next request.
    """
    seen = 0
    ends_at: float | None = None
    complete = False

    async def receive_body() -> Message:
        nonlocal seen, ends_at, complete
        if complete:
            return await receive()
        if ends_at is None:
            ends_at = asyncio.get_running_loop().time() + timeout_s
            _check_declared(headers, exchange)
        try:
            async with asyncio.timeout_at(ends_at):
                message = await receive()
        except TimeoutError:
            raise _close(408, f"the body did not arrive within {timeout_s:g} s; send it faster") from None
        seen += len(message.get("body", b""))
        if seen > exchange.body_limit_bytes:
            raise _too_large(exchange)
        complete = not message.get("more_body", False)
        return message

    return receive_body


def _check_declared(headers: Headers, exchange: Exchange) -> None:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise _close(415, "compressed bodies are not accepted; send the body as it is")
    declared = headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > exchange.body_limit_bytes:
        raise _too_large(exchange)


def _too_large(exchange: Exchange) -> HTTPException:
    return _close(413, f"the body is over {exchange.body_limit_bytes:,} bytes; send less, or upload the file")


def _close(status: int, detail: str) -> HTTPException:
    return HTTPException(status, detail, headers={"Connection": "close"})


def _add_headers(message: Message, exchange: Exchange) -> None:
    headers = MutableHeaders(raw=message.setdefault("headers", []))
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers["X-Request-Id"] = exchange.request_id
    for name, value in exchange.headers.items():
        headers[name] = value


async def _fail(
    scope: Scope, receive: Receive, send: Send, exchange: Exchange, status: int, detail: str
) -> None:
    if exchange.began:  # nothing can be taken back: the caller sees a reply that breaks off
        raise ConnectionAbortedError(detail)
    reply = refusal(
        status,
        detail,
        kind="internal_error" if status == 500 else "unavailable",
        request_id=exchange.request_id,
        retryable=True,
        headers={"Retry-After": str(RETRY_S)},
    )
    await reply(scope, receive, send)
