"""A process's heap: looked at in a process of its own, as what is set lasts as long as the process."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from talkies.heap import ARENAS

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")

COUNT_ARENAS = """
import ctypes, threading

{before}
started = threading.Barrier(12)

def hold():
    kept = bytearray(10_000)
    started.wait()
    del kept

threads = [threading.Thread(target=hold) for _ in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

libc = ctypes.CDLL(None)
libc.open_memstream.restype = ctypes.c_void_p
text, size = ctypes.c_char_p(), ctypes.c_size_t()
stream = ctypes.c_void_p(libc.open_memstream(ctypes.byref(text), ctypes.byref(size)))
libc.malloc_info(0, stream)
libc.fclose(stream)
print(text.value.count(b"<heap nr="))
"""


def _arenas(before: str) -> int:
    """Count the heaps of a process that did `before` and then allocated in 12 threads at once."""
    code = COUNT_ARENAS.format(before=before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.parametrize("name", ["share_heap", "limit_heap"])
def test_threads_share_a_heap(name: str) -> None:
    assert _arenas(f"from talkies.heap import {name}; {name}()") <= ARENAS


def test_without_that_threads_get_heaps_of_their_own() -> None:
    assert _arenas("") > ARENAS


def test_a_large_block_is_given_back_though_one_was_freed_before() -> None:
    code = """
import ctypes
from talkies.heap import LARGE_BYTES, limit_heap

class Mapped(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "free", "fast", "blocks", "bytes")]
    _fields_ += [(f"more_{number}", ctypes.c_size_t) for number in range(5)]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Mapped
limit_heap()
first = bytearray(100 * LARGE_BYTES)
del first
before = libc.mallinfo2().blocks
second = bytearray(50 * LARGE_BYTES)
held = libc.mallinfo2().blocks
del second
print(held - before, libc.mallinfo2().blocks - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "0"]
