"""Who asks: the key of a request, its scope and its rate."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer

from talkies.errors import AuthenticationFailed, BadOption
from talkies.keys import MARK, Key, KeyStore, Scope
from talkies.server.exchange import Exchange, exchange_of
from talkies.server.limits import RateLimit
from talkies.server.metrics import Metrics

TRUST_S = 1.0  # for how long a verified secret is not looked up again: revoking takes at most this long
MAX_TRUSTED = 10_000  # secrets remembered at once
KEY_PARAMETERS = frozenset({"key", "api_key", "apikey", "access_token", "token", "authorization"})

bearer = HTTPBearer(
    auto_error=False, scheme_name="ApiKey", description="`Authorization: Bearer tk_…`", bearerFormat="tk_…"
)

Asking = Callable[..., Awaitable[Key]]


class Authenticator:
    """Lets requests in by their API key, at the rate that the key has."""

    def __init__(self, keys: KeyStore, rate: RateLimit, metrics: Metrics) -> None:
        self._keys = keys
        self._rate = rate
        self._metrics = metrics
        self._trusted: dict[bytes, tuple[Key, float]] = {}

    def needs(self, scope: Scope | None = None) -> Any:
        """Make the dependency of a route that only a key with this scope may use; None: any valid key."""

        async def admit(request: Request, _: Annotated[object, Security(bearer)]) -> Key:
            return await self._admit(request, scope)

        return Security(admit)

    async def _admit(self, request: Request, scope: Scope | None) -> Key:
        """Find the key and count the request.

        Raises:
            BadOption: a key stands in the URL, where logs and histories would keep it.
            AuthenticationFailed: there is no valid key.
            Forbidden: the key lacks the scope.
            TooManyRequests: the key's requests of this minute are used up.
        """
        exchange = exchange_of(request)
        refuse_key_in_url(request)
        try:
            key = await self._verify(_secret(request))
        except AuthenticationFailed as error:
            self._metrics.auth_failures.labels(error.reason).inc()
            raise
        exchange.owner = key.id
        await self._rate.spend(key, exchange.headers)
        _announce_end(key, exchange)
        if scope is not None:
            key.require(scope)
        return key

    async def _verify(self, secret: str) -> Key:
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        known = self._trusted.get(digest)
        now = time.monotonic()
        if known is not None and known[1] > now:
            return known[0]
        key = await run_in_threadpool(self._keys.verify, secret)
        if len(self._trusted) >= MAX_TRUSTED:
            self._trusted.clear()
        self._trusted[digest] = (key, now + TRUST_S)
        return key


def refuse_key_in_url(request: Request) -> None:
    """Refuse a request whose query holds a key.

    Raises:
        BadOption: it does.
    """
    for name, value in request.query_params.multi_items():
        if name.lower() in KEY_PARAMETERS or value.startswith(MARK):
            raise BadOption(
                "key: not accepted in the URL; send it in the header Authorization", "key", "key_in_url"
            )


def _secret(request: Request) -> str:
    header = request.headers.get("authorization")
    if header is None:
        raise AuthenticationFailed('authorization: missing; send "Authorization: Bearer tk_…"', "missing")
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise AuthenticationFailed('authorization: malformed; send "Authorization: Bearer tk_…"', "malformed")
    return secret.strip()


def _announce_end(key: Key, exchange: Exchange) -> None:
    """Warn whoever still uses a rotated secret. Source: RFC 9745 (Deprecation), RFC 8594 (Sunset)."""
    if key.secret_ends_ms is not None:
        end = datetime.fromtimestamp(key.secret_ends_ms / 1000, UTC)
        exchange.headers["Deprecation"] = f"@{int(end.timestamp())}"
        exchange.headers["Sunset"] = format_datetime(end, usegmt=True)
