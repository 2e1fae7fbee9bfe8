"""Reads that are asked for at one moment are made by one look."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence

import pytest

from talkies.server.together import Together


class Looks:
    """Gives each number its square, remembers the looks, and can be held up."""

    def __init__(self) -> None:
        self.keys: list[list[int]] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, keys: Sequence[int]) -> Mapping[int, int | Exception]:
        self.keys.append(list(keys))
        self.go.wait(10)
        return {key: LookupError(f"no {key}") if key < 0 else key * key for key in keys}


def test_what_is_asked_during_a_look_is_answered_by_the_next() -> None:
    looks = Looks()

    async def ask() -> list[int]:
        together = Together(looks)
        looks.go.clear()
        first = asyncio.create_task(together.get(1))
        while not looks.keys:
            await asyncio.sleep(0.001)
        later = [asyncio.create_task(together.get(key)) for key in (2, 3, 2)]
        await asyncio.sleep(0.01)
        looks.go.set()
        return await asyncio.gather(first, *later)

    assert asyncio.run(ask()) == [1, 4, 9, 4]
    assert looks.keys == [[1], [2, 3]]


def test_a_question_during_a_look_for_the_same_key_gets_a_look_of_its_own() -> None:
    looks = Looks()

    async def ask() -> None:
        together = Together(looks)
        looks.go.clear()
        first = asyncio.create_task(together.get(1))
        while not looks.keys:
            await asyncio.sleep(0.001)
        second = asyncio.create_task(together.get(1))
        await asyncio.sleep(0.01)
        looks.go.set()
        await asyncio.gather(first, second)

    asyncio.run(ask())

    assert looks.keys == [[1], [1]]


def test_an_error_of_one_key_is_raised_to_its_askers_only() -> None:
    async def ask() -> list[int | BaseException]:
        together = Together(Looks())
        return await asyncio.gather(*(together.get(key) for key in (2, -1, -1)), return_exceptions=True)

    good, *bad = asyncio.run(ask())

    assert good == 4
    assert [str(error) for error in bad] == ["no -1", "no -1"]


def test_a_look_that_fails_fails_all_its_askers_and_none_after_them() -> None:
    calls = 0

    def look(keys: Sequence[int]) -> Mapping[int, int | Exception]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError("no database")
        return dict.fromkeys(keys, 0)

    async def ask() -> int:
        together: Together[int, int] = Together(look)
        with pytest.raises(OSError, match="no database"):
            await together.get(1)
        return await together.get(1)

    assert asyncio.run(ask()) == 0


def test_an_asker_that_goes_away_takes_no_answer_from_the_others() -> None:
    looks = Looks()

    async def ask() -> int:
        together = Together(looks)
        looks.go.clear()
        leaving, staying = asyncio.create_task(together.get(3)), asyncio.create_task(together.get(3))
        await asyncio.sleep(0.01)
        leaving.cancel()
        looks.go.set()
        return await staying

    assert asyncio.run(ask()) == 9
