"""The heap of the server's process: kept whole, so that what was freed is used again or given back.

glibc gives threads heaps ("arenas") of their own, up to 8 for each processor core. Requests are served in
threads that come and go, so each arena grows to the most that its threads ever held at once, in pieces too
scattered to be given back. Large blocks are mapped one by one and given back at once, but with the first one
freed glibc raises what it takes for large, up to 32 MiB: bodies and long lists then break up the arenas, too.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Final

ARENAS = 2  # Python's lock lets few threads allocate at once
LARGE_BYTES = 64 * 1024  # as large as bodies are, and above what small requests and SQLite's pages need
_M_ARENA_MAX: Final = -8  # both of glibc's malloc.h
_M_MMAP_THRESHOLD: Final = -3


def limit_heap() -> None:
    """Let all threads of this process share `ARENAS` heaps, and keep large blocks out of them.

    Call it before threads are started. Where the C library is another than glibc nothing is changed.
    Source: mallopt(3).
    """
    with suppress(AttributeError):  # there is no such function
        set_option = ctypes.CDLL(None).mallopt
        set_option(_M_ARENA_MAX, ARENAS)
        set_option(_M_MMAP_THRESHOLD, LARGE_BYTES)
