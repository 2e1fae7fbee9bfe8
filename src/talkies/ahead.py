"""Working ahead: a few things made at once in threads, handed out in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def make_ahead(
    make: Callable[[Given], Made], given: Iterable[Given], *, threads: int, waiting: int, name: str
) -> Generator[Made]:
    """Yield `make(one)` for each one given, in their order, the next ones already in the making.

    Args:
        make: is called from `threads` threads at once.
        given: what to make things of; it is read in the reader's thread, no further than need be.
        threads: that work.
        waiting: how many more may be begun or ready, so that neither side often waits for the other.
        name: of the threads.

    Raises:
        Exception: what `make` raises, when its turn has come, or what `given` raises. What has not been
            begun is given up then, and when the reader goes.
    """
    with ThreadPoolExecutor(threads, name) as pool:
        coming = (pool.submit(make, one) for one in given)
        try:
            begun: deque[Future[Made]] = deque(islice(coming, threads + waiting))
            while begun:
                made = begun.popleft().result()
                begun.extend(islice(coming, 1))
                yield made
        finally:
            pool.shutdown(cancel_futures=True)
