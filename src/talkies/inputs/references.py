"""What a caller may write where a picture is wanted: an http(s) URL, a data URL, or bare Base64."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable
from urllib.parse import unquote_to_bytes

from talkies.errors import BadPicture
from talkies.inputs.fetch import Fetcher

Uploads = Callable[[str], Awaitable[bytes | None]]
"""Gives the bytes of an uploaded file by its URL, None for every other URL."""

FORMS = "send an http or https URL, a data URL or Base64"

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_FOREIGN = re.compile(r"[^A-Za-z0-9+/_=\s-]")
_PADDED_TEXT = re.compile(r"[^=]*={0,2}")
_TO_STANDARD = str.maketrans("-_", "+/")


async def load(reference: str, parameter: str, *, fetcher: Fetcher, uploads: Uploads) -> bytes:
    """Give the bytes that `reference` stands for, not yet checked to be a picture.

    A media type in a data URL is ignored: the bytes are judged when decoded.

    Raises:
        BadPicture: the reference is none of the three, holds no data or too much, or its URL failed.
    """
    scheme = _SCHEME.match(reference)
    match scheme.group(1).lower() if scheme else None:
        case "http" | "https":
            uploaded = await uploads(reference)
            return uploaded if uploaded is not None else await fetcher.fetch(reference, parameter)
        case "data" | None:
            return await asyncio.to_thread(decode_inline, reference, parameter, fetcher.limit_bytes)
        case other:
            raise BadPicture(
                f"{parameter}: URL not allowed (scheme {other[:20]!r}); {FORMS}",
                parameter,
                "scheme_not_allowed",
            )


def decode_inline(reference: str, parameter: str, limit_bytes: int) -> bytes:
    """Decode a data URL or bare Base64.

    Both alphabets, line breaks and missing padding are accepted. Source: RFC 2397, RFC 4648 sections 3-5.

    >>> decode_inline("data:image/png;base64,iVBO Rw", "image", 100)
    b'\\x89PNG'

    Raises:
        BadPicture: the text is malformed (the message counts characters from 1), empty or too long.
    """
    head, comma, text = reference.partition(",") if reference[:5].lower() == "data:" else ("", "", reference)
    if head and not comma:
        raise BadPicture(
            f"{parameter}: not a valid data URL (no comma); write data:image/png;base64,...",
            parameter,
            "invalid_data_url",
        )
    if len(text) > 2 * limit_bytes + 1024:  # line breaks and padding never double Base64
        raise _too_large(parameter, limit_bytes)
    if head and not head.lower().rstrip().endswith(";base64"):
        data = unquote_to_bytes(text)
    else:
        escaped = head and "%" in text
        plain = unquote_to_bytes(text).decode("latin-1") if escaped else text
        data = _from_base64(plain, parameter, start=len(head) + len(comma))
    if not data:
        raise BadPicture(f"{parameter}: holds no data; send a picture", parameter, "empty")
    if len(data) > limit_bytes:
        raise _too_large(parameter, limit_bytes)
    return data


def _from_base64(text: str, parameter: str, start: int) -> bytes:
    foreign = _FOREIGN.search(text)
    if foreign:
        raise _not_base64(parameter, start + foreign.start())
    packed = "".join(text.split()).translate(_TO_STANDARD)
    padded = _PADDED_TEXT.match(packed)
    if padded and padded.end() < len(packed):
        raise _not_base64(parameter, start + text.index("="))
    digits = packed.rstrip("=")
    padding = len(packed) - len(digits)
    if len(digits) % 4 == 1 or (padding and (len(digits) + padding) % 4):
        raise _not_base64(parameter, start + max(len(text.rstrip()) - 1, 0))
    return base64.b64decode(digits + "=" * (-len(digits) % 4))


def _not_base64(parameter: str, position: int) -> BadPicture:
    return BadPicture(
        f"{parameter}: not valid base64 (char {position + 1}); {FORMS}",
        parameter,
        "invalid_base64",
    )


def _too_large(parameter: str, limit_bytes: int) -> BadPicture:
    return BadPicture(
        f"{parameter}: too large (over {limit_bytes:,} bytes); send a smaller picture", parameter, "too_large"
    )
