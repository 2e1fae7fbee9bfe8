"""The heap of the server's process: kept in few parts, so that it does not grow with the hours.

glibc gives threads heaps ("arenas") of their own, up to 8 for each processor core. Requests are served in
threads that come and go, and what SQLite and the parsers allocate falls to whichever arena the thread has:
each of them grows to the most that it ever held, in pieces too scattered to be given back.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Final

ARENAS = 2  # the threads take turns at Python's lock anyway; with 1, those inside of SQLite would wait for it
_M_ARENA_MAX: Final = -8  # glibc, malloc.h


def limit_arenas() -> None:
    """Let all threads of this process share `ARENAS` heaps. Call it before threads are started.

    Source: mallopt(3). Where the C library is another than glibc nothing is changed.
    """
    with suppress(AttributeError):  # there is no such function
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
