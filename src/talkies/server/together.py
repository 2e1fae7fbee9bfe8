"""Reads that wait for the same thread at the same moment are made together, in one look at the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from fastapi.concurrency import run_in_threadpool

Key = TypeVar("Key")
Value = TypeVar("Value")

AT_ONCE = 200  # keys of one look


class Together(Generic[Key, Value]):
    """Gives values by key. While one look is under way, what is asked for meanwhile makes up the next.

    A look always begins after the question, so nobody gets an older value than by asking alone. It saves
    most of what a read costs besides its row: the thread, the connection, the transaction.
    `look` is called in a thread; for each key it gives a value, or the error to raise.
    """

    def __init__(self, look: Callable[[Sequence[Key]], Mapping[Key, Value | Exception]]) -> None:
        self._look = look
        self._wanted: dict[Key, asyncio.Future[Value]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def get(self, key: Key) -> Value:
        """Give the value of a key, as it is now.

        Raises:
            Exception: what `look` gave or raised for it.
        """
        if key not in self._wanted:
            self._wanted[key] = asyncio.get_running_loop().create_future()
        answer = self._wanted[key]
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_until_done())
        return await asyncio.shield(answer)  # others may wait for the same answer

    async def _look_until_done(self) -> None:
        while self._wanted:
            keys = list(self._wanted)[:AT_ONCE]
            asked = {key: self._wanted.pop(key) for key in keys}
            try:
                found = await run_in_threadpool(self._look, keys)
            except Exception as error:  # noqa: BLE001  (each asker raises it)
                found = dict.fromkeys(keys, error)
            for key, answer in asked.items():
                _settle(answer, found[key])


def _settle(answer: asyncio.Future[Value], found: Value | Exception) -> None:
    if answer.done():
        return
    if isinstance(found, Exception):
        answer.set_exception(found)
        answer.exception()  # its asker may have gone: then nobody else marks it as seen
    else:
        answer.set_result(found)
