"""The heap of a process: kept whole, so that what was freed is used again or given back.

glibc gives threads heaps ("arenas") of their own, up to 8 for each processor core. Requests are served and
frames are made in threads that come and go, so each arena grows to the most that its threads ever held at
once, in pieces too scattered to be given back: with its threads in heaps of their own a clip of 1080p takes
a sixth more memory. Large blocks are mapped one by one and given back at once, but with the first one freed
glibc raises what it takes for large, up to 32 MiB: bodies and long lists then break up the arenas, too.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Final

ARENAS = 2  # Python's lock lets few threads allocate at once
LARGE_BYTES = 64 * 1024  # as large as bodies are, and above what small requests and SQLite's pages need
_M_ARENA_MAX: Final = -8  # both of glibc's malloc.h
_M_MMAP_THRESHOLD: Final = -3


def share_heap() -> None:
    """Let all threads of this process share `ARENAS` heaps.

    Call it before threads are started. Where the C library is another than glibc nothing is changed.
    Source: mallopt(3).
    """
    _set(_M_ARENA_MAX, ARENAS)


def limit_heap() -> None:
    """Keep large blocks out of the shared heaps, too: for a server, which holds none of them for long."""
    share_heap()
    _set(_M_MMAP_THRESHOLD, LARGE_BYTES)


def release_heap() -> None:
    """Give back what is free in the heaps now: before work that needs much memory of another kind.

    Source: malloc_trim(3).
    """
    with suppress(AttributeError):  # there is no such function
        ctypes.CDLL(None).malloc_trim(0)


def _set(option: int, value: int) -> None:
    with suppress(AttributeError):  # there is no such function
        ctypes.CDLL(None).mallopt(option, value)
