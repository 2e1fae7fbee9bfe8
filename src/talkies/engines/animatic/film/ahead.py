"""Making frames ahead: a few at once, handed out in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from talkies.media import Frame

_THREADS = min(max(os.cpu_count() or 1, 2), 4)  # NumPy and OpenCV let go of Python's lock while they work
_WAITING = 1  # finished frames, so that a thread need not wait until one is fetched


def make_ahead(make: Callable[[int], Frame], numbers: Iterable[int]) -> Generator[Frame]:
    """Yield `make(number)` for each number, in their order, the next ones already in the making.

    Args:
        make: makes one frame by its number; it is called from several threads at once.
        numbers: of the frames.

    Raises:
        Exception: what `make` raises, when its frame's turn has come; frames not yet begun are given up then.
    """
    with ThreadPoolExecutor(_THREADS, "film") as pool:
        coming = (pool.submit(make, number) for number in numbers)
        waiting: deque[Future[Frame]] = deque(islice(coming, _THREADS + _WAITING))
        try:
            while waiting:
                frame = waiting.popleft().result()
                waiting.extend(islice(coming, 1))
                yield frame
        finally:
            pool.shutdown(cancel_futures=True)
