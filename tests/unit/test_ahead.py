import threading
from contextlib import closing

import numpy as np
import pytest

from talkies.engines.animatic.film.ahead import make_ahead
from talkies.media import Frame

PATIENCE_S = 60


def _picture(number: int) -> Frame:
    return np.full((2, 2, 3), number, np.uint8)


def test_frames_come_in_order_although_a_later_one_is_ready_first() -> None:
    second_is_made = threading.Event()

    def make(number: int) -> Frame:
        if number == 0:
            assert second_is_made.wait(PATIENCE_S)
        if number == 1:
            second_is_made.set()
        return _picture(number)

    assert [int(frame[0, 0, 0]) for frame in make_ahead(make, range(5))] == [0, 1, 2, 3, 4]


def test_an_error_is_raised_when_its_frame_is_due() -> None:
    def make(number: int) -> Frame:
        if number == 2:
            raise ValueError("torn film")
        return _picture(number)

    frames = make_ahead(make, range(9))
    assert [int(next(frames)[0, 0, 0]) for _ in range(2)] == [0, 1]
    with pytest.raises(ValueError, match="torn film"):
        next(frames)


def test_frames_not_yet_begun_are_given_up_with_the_reader() -> None:
    made = []

    def make(number: int) -> Frame:
        made.append(number)
        return _picture(number)

    with closing(make_ahead(make, range(1000))) as frames:
        next(frames)
    assert len(made) < 20


def test_no_frames_are_made_of_no_numbers() -> None:
    assert list(make_ahead(_picture, range(0))) == []
