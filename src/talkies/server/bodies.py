"""Request bodies in JSON: read whole, judged strictly."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any, NoReturn

from fastapi import HTTPException, Request

from talkies.errors import BadOption
from talkies.server.exchange import exchange_of

MAX_FIELDS = 1_000  # of one object; the widest request has fewer than 20
MAX_DEPTH = 20  # of nested arrays and objects; requests need 2
SHORT_BYTES = 64 * 1024  # longer bodies are parsed in a thread, as parsing would hold up other requests
UNUSED_BYTES = 64 * 1024  # a body that a client sends where none is wanted may be so long


async def read_object(request: Request, *, optional: bool = False) -> dict[str, Any]:
    """Read a JSON object. `optional`: no body at all counts as an empty object.

    Raises:
        HTTPException: 408, 413 or 415: the body is slow, large, compressed or not declared as JSON.
        BadOption: it is not an object in JSON as RFC 8259 has it, repeats a name, or is nested too deeply.
    """
    data = await request.body()
    if optional and not data:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "the body must be JSON; send Content-Type: application/json")
    return parse_object(data) if len(data) <= SHORT_BYTES else await asyncio.to_thread(parse_object, data)


async def drop_body(request: Request) -> None:
    """Read a body that nobody needs: left unread, it would break the connection's next request."""
    exchange_of(request).body_limit_bytes = UNUSED_BYTES
    async for _ in request.stream():
        pass


def parse_object(data: bytes) -> dict[str, Any]:
    """Parse a JSON object; stricter than Python's own reader.

    Raises:
        BadOption: see `read_object`.

    >>> parse_object(b'{"a": 1}')
    {'a': 1}
    """
    if not data:
        _refuse("the body is empty; send a JSON object")
    try:
        found = json.loads(
            data.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_without_repeats,
        )
    except UnicodeDecodeError:
        _refuse("invalid JSON format (not UTF-8)")
    except RecursionError:
        _refuse(f"invalid JSON format (nested more than {MAX_DEPTH} deep)")
    except json.JSONDecodeError as error:
        _refuse(f"invalid JSON format ({error.msg} at character {error.pos + 1})")
    except ValueError:  # an integer of more than 4300 digits
        _refuse("invalid JSON format (a number is too long)")
    if not isinstance(found, dict):
        _refuse("the body is not a JSON object; send one")
    if _depth(found) > MAX_DEPTH:
        _refuse(f"invalid JSON format (nested more than {MAX_DEPTH} deep)")
    return found


def _refuse(detail: str) -> NoReturn:
    raise BadOption(detail, "body", "bad_format")


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"invalid JSON format ({name} is not a JSON number)")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _refuse(f"invalid JSON format (the number {text[:20]} is too large)")
    return number


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_FIELDS:
        _refuse(f"the body has {len(pairs)} fields in one object, more than {MAX_FIELDS}")
    found = dict(pairs)
    if len(found) < len(pairs):
        _refuse("invalid JSON format (a name comes twice in one object)")
    return found


def _depth(value: object) -> int:
    """Count the nesting, without recursion: a hostile body must not reach Python's own limit."""
    depth, level = 0, [value]
    while level:
        depth += 1
        inner = [item for item in level if isinstance(item, dict | list)]
        level = [part for item in inner for part in (item.values() if isinstance(item, dict) else item)]
    return depth - 1
