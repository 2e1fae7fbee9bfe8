"""Parts of files and their names in HTTP headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_UNSAFE = re.compile(r"[^ !#-\[\]-~]")  # what a quoted string cannot hold as it is


@dataclass(frozen=True)
class Part:
    """The bytes from `first` to `last` of a file, both included."""

    first: int
    last: int

    @property
    def size_bytes(self) -> int:
        """How many bytes these are."""
        return self.last - self.first + 1


class CannotSatisfy(ValueError):
    """The range lies behind the end of the file."""


def parse_range(header: str | None, size_bytes: int) -> Part | None:
    """Read a Range header; None stands for the whole file.

    A header that is malformed, or asks for several parts, is ignored, as the standard allows.
    Source: RFC 9110, section 14.

    Raises:
        CannotSatisfy: the range is well-formed and holds no byte of the file.

    >>> parse_range("bytes=-2", 10), parse_range("bytes=0-0", 10)
    (Part(first=8, last=9), Part(first=0, last=0))
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        part = Part(max(0, size_bytes - int(last)), size_bytes - 1)
    else:
        if last and int(last) < int(first):
            return None
        part = Part(int(first), min(int(last), size_bytes - 1) if last else size_bytes - 1)
    if part.first > part.last:
        raise CannotSatisfy
    return part


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Tell whether a client's copy is still good. Source: RFC 9110, section 13.1.2.

    >>> is_unchanged('W/"a", "b"', '"b"')
    True
    """
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or "*" in tags


def disposition(filename: str) -> str:
    r"""Write the header Content-Disposition for any file name. Source: RFC 6266, RFC 8187.

    >>> disposition('a"b.png')
    'inline; filename="a_b.png"; filename*=UTF-8\'\'a%22b.png'
    """
    plain = _UNSAFE.sub("_", filename)
    if plain == filename:
        return f'inline; filename="{filename}"'
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
