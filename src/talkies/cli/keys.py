"""`talkies keys`: who may use the service, and how much of it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from talkies import settings
from talkies.cli.request import AsJson
from talkies.cli.serve import Data
from talkies.cli.talk import say
from talkies.errors import BadOption

if TYPE_CHECKING:
    from talkies.keys import Key, KeyStore

keys = typer.Typer(
    name="keys",
    help="Create, list, revoke and rotate API keys. A running server sees it at once.",
    no_args_is_help=True,
)

KeyId = Annotated[str, typer.Argument(metavar="KEY", help="The key's id, as `talkies keys list` shows it.")]
Span = Annotated[
    str | None, typer.Option(metavar="TIME", help="Such as 90m, 12h or 30d.", show_default="never")
]

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@keys.command()
def create(
    name: Annotated[str, typer.Option(help="For whom or what it is.")] = "unnamed",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCOPE",
            help="What it may do: tasks:write, tasks:read, files:read, webhooks:admin or admin; "
            "may be repeated.",
            show_default="all but admin",
        ),
    ] = None,
    expires: Span = None,
    requests_per_minute: Annotated[int | None, typer.Option(show_default="the server's setting")] = None,
    max_running: Annotated[
        int | None, typer.Option(help="Its tasks running at once.", show_default="the server's setting")
    ] = None,
    daily_seconds: Annotated[
        int | None, typer.Option(help="Seconds of video in 24 hours.", show_default="no limit")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show its secret, which cannot be shown again."""
    from talkies.keys import DEFAULT_SCOPES, Limits

    key, secret = _store(data).create(
        name,
        tuple(scope) if scope else DEFAULT_SCOPES,
        None if expires is None else _seconds("expires", expires),
        Limits(requests_per_minute, max_running, daily_seconds),
    )
    _show_secret(key, secret, as_json=as_json)


@keys.command("list")
def list_keys(data: Data = None, as_json: AsJson = False) -> None:
    """Show all keys, without their secrets."""
    found = _store(data).list()
    if as_json:
        print(json.dumps([_as_data(key) for key in found], ensure_ascii=False, indent=2))
        return
    table = Table(
        "id", "name", "secrets", "scopes", "a minute", "running", "seconds a day", "state", "last used"
    )
    for key in found:
        limits = (key.limits.requests_per_minute, key.limits.max_running, key.limits.daily_seconds)
        table.add_row(
            key.id,
            key.name,
            ", ".join(f"{hint}…" for hint in key.hints),
            ", ".join(sorted(key.scopes)),
            *("–" if limit is None else str(limit) for limit in limits),
            _state(key),
            _moment(key.last_used_ms),
        )
    Console(highlight=False, markup=False).print(table)


@keys.command()
def revoke(key: KeyId, data: Data = None, as_json: AsJson = False) -> None:
    """End a key at once and for good. Its tasks and files stay."""
    ended = _store(data).revoke(key)
    if as_json:
        print(json.dumps(_as_data(ended), ensure_ascii=False, indent=2))
    else:
        say(f"{ended.id} ({ended.name}) is revoked")


@keys.command()
def rotate(
    key: KeyId,
    overlap: Annotated[
        str, typer.Option(metavar="TIME", help="How long the old secret still works.")
    ] = "24h",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret and show it; the old one works for a while."""
    changed, secret = _store(data).rotate(key, _seconds("overlap", overlap))
    _show_secret(changed, secret, as_json=as_json)


def _store(data: Any) -> KeyStore:
    from talkies.cli import assembly  # no other command shall wait for its imports
    from talkies.keys import KeyStore

    return KeyStore(assembly.open_database(settings.load(data=data)))


def _seconds(parameter: str, text: str) -> float:
    """Read a time such as 12h.

    >>> _seconds("expires", "12h")
    43200.0
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if found is None:
        raise BadOption(f"{parameter}: {text!r} is no time; write a number and s, m, h or d: 30d", parameter)
    return float(found[1]) * _UNITS_S[found[2]]


def _show_secret(key: Key, secret: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_as_data(key) | {"secret": secret}, ensure_ascii=False, indent=2))
    else:
        say(f"{key.id} ({key.name}): keep this secret, it is not shown again")
        print(secret)


def _as_data(key: Key) -> dict[str, Any]:
    return asdict(key) | {"scopes": sorted(key.scopes)}


def _state(key: Key) -> str:
    if key.revoked_ms is not None:
        return f"revoked {_moment(key.revoked_ms)}"
    return "live" if key.expires_ms is None else f"until {_moment(key.expires_ms)}"


def _moment(at_ms: int | None) -> str:
    return "–" if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
