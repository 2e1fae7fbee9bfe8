import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial

import pytest

from talkies.ahead import make_ahead

PATIENCE_S = 60

_ahead = partial(make_ahead, threads=2, waiting=1, name="test")


def test_things_come_in_order_although_a_later_one_is_ready_first() -> None:
    second_is_made = threading.Event()

    def make(number: int) -> int:
        if number == 0:
            assert second_is_made.wait(PATIENCE_S)
        if number == 1:
            second_is_made.set()
        return 10 * number

    assert list(_ahead(make, range(5))) == [0, 10, 20, 30, 40]


def test_an_error_is_raised_when_its_turn_has_come() -> None:
    def make(number: int) -> int:
        if number == 2:
            raise ValueError("torn film")
        return number

    made = _ahead(make, range(9))
    assert [next(made) for _ in range(2)] == [0, 1]
    with pytest.raises(ValueError, match="torn film"):
        next(made)


@pytest.mark.parametrize("good", [0, 1, 5])
def test_an_error_of_what_is_given_reaches_the_reader_and_ends_the_threads(good: int) -> None:
    def given() -> Iterator[int]:
        yield from range(good)
        raise ValueError("no more pictures")

    with pytest.raises(ValueError, match="no more pictures"):
        list(make_ahead(str, given(), threads=2, waiting=1, name="ended"))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ended")]


def test_what_is_not_yet_begun_is_given_up_with_the_reader() -> None:
    begun: list[int] = []
    things: Generator[None] = _ahead(begun.append, range(1000))

    with closing(things):
        next(things)

    assert len(begun) < 20


def test_no_more_is_read_than_may_be_begun_or_wait() -> None:
    read: list[int] = []

    def given() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    with closing(_ahead(str, given())) as things:
        next(things)

    assert len(read) == 2 + 1 + 1


def test_nothing_is_made_of_nothing() -> None:
    assert list(_ahead(str, range(0))) == []
