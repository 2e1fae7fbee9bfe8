"""API keys: who may do what, and how much of it.

A secret is shown once, when it is made; only its SHA-256 is stored. A fast hash is right for 178 random
bits: there is nothing to guess. Everything a key makes belongs to the key's id, its `owner`, which survives
the rotation of the secret.

Format of a secret: `tk_live_`, 30 random Base62 digits, 6 Base62 digits with the CRC-32 of what stands before
them, so that scanners find leaked keys and mistyped ones are refused without a look at the database.
Source: the layout of GitHub's tokens, github.blog, 5 April 2021.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import string
import zlib
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Engine, Row, Select, insert, or_, select, update
from sqlalchemy.exc import OperationalError

from talkies.database import api_keys, current_ms, key_secrets, reading
from talkies.errors import AuthenticationFailed, BadOption, Conflict, Forbidden, NotFound

Scope = Literal[
    "tasks:write",  # submit, cancel and delete tasks; upload pictures
    "tasks:read",
    "files:read",
    "webhooks:admin",  # endpoints, their secrets, the delivery log
    "admin",  # everything, and the keys themselves
]
SCOPES: tuple[Scope, ...] = get_args(Scope)
DEFAULT_SCOPES: tuple[Scope, ...] = ("tasks:write", "tasks:read", "files:read", "webhooks:admin")

PREFIX = "tk_live_"
MARK = "tk_"  # every secret of talkies begins so, and then has a checksum
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_DIGITS, CHECK_DIGITS = 30, 6
MIN_OWN_LENGTH, MAX_LENGTH = 16, 256  # characters of a secret that the operator brings
HINT_LENGTH = 12  # characters of a secret that are stored and shown: the prefix and 4 digits of 30
USED_EVERY_MS = 60_000  # `last_used_ms` is not written more often: a write for each request costs too much


@dataclass(frozen=True)
class Limits:
    """What one key may use; None is the server's setting, or no limit for `daily_seconds` of video."""

    requests_per_minute: int | None = None
    max_running: int | None = None
    daily_seconds: int | None = None


@dataclass(frozen=True)
class Key:
    """An API key without its secret. Times are milliseconds since 1970 by the database's clock.

    `secret_ends_ms`, of a verified key, is the end of the secret that was shown, if a newer one has
    replaced it.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    limits: Limits
    created_ms: int
    expires_ms: int | None = None
    revoked_ms: int | None = None
    last_used_ms: int | None = None
    secret_ends_ms: int | None = None
    hints: tuple[str, ...] = ()

    def require(self, scope: Scope) -> None:
        """Let through whoever has this scope.

        Raises:
            Forbidden: the key lacks it.
        """
        if scope not in self.scopes and "admin" not in self.scopes:
            raise Forbidden(f"key: lacks scope {scope}; ask the operator for a key that has it")


class KeyStore:
    """The API keys of a database whose schema is up to date."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self,
        name: str,
        scopes: Collection[str] = DEFAULT_SCOPES,
        expires_in_s: float | None = None,
        limits: Limits = Limits(),
    ) -> tuple[Key, str]:
        """Make a key; return it with its secret, which cannot be read again.

        Raises:
            BadOption: a scope is unknown, or a number is not positive.
        """
        secret = make_secret()
        return self._insert(name, secret, scopes, expires_in_s, limits), secret

    def register(
        self, secret: str, name: str = "registered", scopes: Collection[str] = DEFAULT_SCOPES
    ) -> Key:
        """Take a secret that the operator brings as a key of its own; known already, it changes nothing.

        Raises:
            BadOption: the secret is too short or too long, holds spaces, or has a wrong checksum.
            Conflict: the secret belongs to a key that is revoked or expired.
        """
        _check_own(secret)
        with reading(self._engine) as connection:
            known = connection.execute(_by_secret(secret)).one_or_none()
            now_ms = current_ms(connection)
        if known is None:
            return self._insert(name, secret, scopes, None, Limits())
        if _refusal(known, now_ms) is not None:
            raise Conflict(f"key {known.id}: is revoked or past its end; register another secret")
        return _to_key(known, [known.hint])

    def verify(self, secret: str) -> Key:
        """Find the key of a secret.

        Raises:
            AuthenticationFailed: it is malformed, unknown, revoked or past its end; `reason` says which.
        """
        if not _may_exist(secret):
            raise AuthenticationFailed("key: malformed; copy it again, with all its characters", "malformed")
        with reading(self._engine) as connection:
            row = connection.execute(_by_secret(secret)).one_or_none()
            now_ms = current_ms(connection)
        if row is None or not hmac.compare_digest(row.sha256, _sha256(secret)):
            raise AuthenticationFailed("key: unknown; ask the operator for a new one", "unknown")
        refusal = _refusal(row, now_ms)
        if refusal is not None:
            raise refusal
        if row.last_used_ms is None or row.last_used_ms < now_ms - USED_EVERY_MS:
            self._note_use(row.sha256, now_ms)
        return _to_key(row, [row.hint])

    def revoke(self, key_id: str) -> Key:
        """End a key, with all its secrets, at once and for good. Its tasks stay.

        Raises:
            NotFound: there is no such key.
        """
        with self._engine.begin() as connection:
            live = (api_keys.c.id == key_id) & api_keys.c.revoked_ms.is_(None)
            connection.execute(update(api_keys).where(live).values(revoked_ms=current_ms(connection)))
            return _read(connection, key_id)

    def rotate(self, key_id: str, overlap_s: float = 86_400.0) -> tuple[Key, str]:
        """Give a key a new secret; the older ones work for `overlap_s` more seconds.

        Raises:
            NotFound: there is no such key.
            Conflict: the key is revoked or past its end.
            BadOption: the overlap is negative.
        """
        if overlap_s < 0:
            raise BadOption(f"overlap: {overlap_s} s is negative; use 0 or more", "overlap")
        secret = make_secret()
        with self._engine.begin() as connection:
            now_ms = current_ms(connection)
            key = _read(connection, key_id)
            if key.revoked_ms is not None or (key.expires_ms or now_ms + 1) <= now_ms:
                raise Conflict(f"key {key_id}: is revoked or past its end; create a new one")
            ends_ms = now_ms + round(overlap_s * 1000)
            longer = or_(key_secrets.c.ends_ms.is_(None), key_secrets.c.ends_ms > ends_ms)
            connection.execute(
                update(key_secrets).where(key_secrets.c.key == key_id, longer).values(ends_ms=ends_ms)
            )
            _insert_secret(connection, key_id, secret, now_ms)
            return _read(connection, key_id), secret

    def list(self) -> tuple[Key, ...]:
        """List all keys, oldest first."""
        with reading(self._engine) as connection:
            ids = connection.execute(select(api_keys.c.id).order_by(api_keys.c.created_ms, api_keys.c.id))
            return tuple(_read(connection, key_id) for key_id in ids.scalars().all())

    def _insert(
        self, name: str, secret: str, scopes: Collection[str], expires_in_s: float | None, limits: Limits
    ) -> Key:
        _check_scopes(scopes)
        _check_positive("expires", expires_in_s)
        for field in ("requests_per_minute", "max_running", "daily_seconds"):
            _check_positive(field, getattr(limits, field))
        key_id = f"key_{secrets.token_hex(8)}"
        with self._engine.begin() as connection:
            now_ms = current_ms(connection)
            connection.execute(
                insert(api_keys).values(
                    id=key_id,
                    name=name,
                    scopes=sorted(scopes),
                    requests_per_minute=limits.requests_per_minute,
                    max_running=limits.max_running,
                    daily_seconds=limits.daily_seconds,
                    callback_secret="whsec_" + base64.b64encode(secrets.token_bytes(32)).decode("ascii"),
                    created_ms=now_ms,
                    expires_ms=None if expires_in_s is None else now_ms + round(expires_in_s * 1000),
                )
            )
            _insert_secret(connection, key_id, secret, now_ms)
            return _read(connection, key_id)

    def _note_use(self, sha256: str, now_ms: int) -> None:
        """Write down the use; on a full disk the key still works, so that tasks can be read."""
        with suppress(OperationalError), self._engine.begin() as connection:
            connection.execute(
                update(key_secrets).where(key_secrets.c.sha256 == sha256).values(last_used_ms=now_ms)
            )


def make_secret() -> str:
    """Make a secret of 178 random bits with its prefix and checksum."""
    body = PREFIX + "".join(secrets.choice(BASE62) for _ in range(RANDOM_DIGITS))
    return body + checksum(body)


def checksum(body: str) -> str:
    """Write the CRC-32 of a text as six Base62 digits.

    >>> checksum("")
    '000000'
    """
    rest, digits = zlib.crc32(body.encode("utf-8")), ""
    for _ in range(CHECK_DIGITS):
        rest, digit = divmod(rest, len(BASE62))
        digits = BASE62[digit] + digits
    return digits


def _may_exist(secret: str) -> bool:
    """Judge a secret by its form alone."""
    if not MIN_OWN_LENGTH <= len(secret) <= MAX_LENGTH or not secret.isprintable() or not secret.isascii():
        return False
    return not secret.startswith(MARK) or secret[-CHECK_DIGITS:] == checksum(secret[:-CHECK_DIGITS])


def _check_own(secret: str) -> None:
    if not MIN_OWN_LENGTH <= len(secret) <= MAX_LENGTH:
        raise BadOption(
            f"api_key: has {len(secret)} characters; use {MIN_OWN_LENGTH} to {MAX_LENGTH}", "api_key"
        )
    if " " in secret or not secret.isascii() or not secret.isprintable():
        raise BadOption(
            "api_key: holds spaces or other than ASCII characters; use only visible ASCII", "api_key"
        )
    if not _may_exist(secret):
        raise BadOption(
            f"api_key: begins with {MARK} but its checksum is wrong; copy it again, or use another beginning",
            "api_key",
        )


def _check_scopes(scopes: Collection[str]) -> None:
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        found = ", ".join(unknown) or "nothing"
        raise BadOption(f"scopes: got {found}; use one or more of {', '.join(SCOPES)}", "scopes")


def _check_positive(name: str, value: float | None) -> None:
    if value is not None and value <= 0:
        raise BadOption(f"{name}: {value} is not above 0; give a positive number, or leave it out", name)


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


def _by_secret(secret: str) -> Select[Any]:
    return (
        select(
            api_keys,
            key_secrets.c.sha256,
            key_secrets.c.hint,
            key_secrets.c.ends_ms,
            key_secrets.c.last_used_ms,
        )
        .join(key_secrets, key_secrets.c.key == api_keys.c.id)
        .where(key_secrets.c.sha256 == _sha256(secret))
    )


def _refusal(row: Row[Any], now_ms: int) -> AuthenticationFailed | None:
    """Say why a known secret is not accepted."""
    if row.revoked_ms is not None:
        return AuthenticationFailed(
            f"key: revoked on {_day(row.revoked_ms)}; ask the operator for a new one", "revoked"
        )
    for end_ms in (row.expires_ms, row.ends_ms):
        if end_ms is not None and end_ms <= now_ms:
            return AuthenticationFailed(
                f"key: expired on {_day(end_ms)}; ask the operator for a new one", "expired"
            )
    return None


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def _insert_secret(connection: Connection, key_id: str, secret: str, now_ms: int) -> None:
    connection.execute(
        insert(key_secrets).values(
            sha256=_sha256(secret), key=key_id, hint=secret[:HINT_LENGTH], created_ms=now_ms
        )
    )


def _read(connection: Connection, key_id: str) -> Key:
    row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
    if row is None:
        raise NotFound(f"key {key_id}: not found; `talkies keys list` shows all")
    of_key = select(key_secrets).where(key_secrets.c.key == key_id).order_by(key_secrets.c.created_ms)
    stored = connection.execute(of_key).all()
    used = [secret.last_used_ms for secret in stored if secret.last_used_ms is not None]
    return _to_key(row, [secret.hint for secret in stored], last_used_ms=max(used, default=None))


def _to_key(row: Row[Any], hints: Iterable[str], last_used_ms: int | None = None) -> Key:
    columns = row._mapping
    return Key(
        id=row.id,
        name=row.name,
        scopes=frozenset(row.scopes),
        limits=Limits(row.requests_per_minute, row.max_running, row.daily_seconds),
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
        revoked_ms=row.revoked_ms,
        last_used_ms=columns.get("last_used_ms", last_used_ms),
        secret_ends_ms=columns.get("ends_ms"),
        hints=tuple(hints),
    )
