"""Who shares a voice with somebody else sounds different, and so does what is no person."""

from __future__ import annotations

import pytest

from talkies.engines.animatic.planning.storyboard import draw
from talkies.plan import Being, SpokenLine
from talkies.script import read
from talkies.spec import PictureFacts, settle


def _lines(prompt: str) -> tuple[SpokenLine, ...]:
    facts = PictureFacts("a" * 64, 640, 360)
    return draw(settle(prompt=prompt, first_frame=facts, duration=12, seed=3), read(prompt)).lines


def test_speakers_of_one_voice_are_numbered_as_they_first_speak() -> None:
    lines = _lines(
        'The man on the left says: "One." The man on the right says: "Two." The woman says: "Three." '
        'The man on the right says: "Four." Another woman says: "Five."'
    )

    assert [(line.voice, line.speaker_number) for line in lines] == [
        ("man", 0),
        ("man", 1),
        ("woman", 0),
        ("man", 1),
        ("woman", 1),
    ]


def test_a_speaker_keeps_the_voice_over_shots() -> None:
    lines = _lines(
        'Shot 1: John says: "One." Peter says: "Two." Shot 2: close-up of Peter, Peter says: "Three." '
        'Shot 3: John says: "Four."'
    )

    assert [line.speaker_number for line in lines] == [0, 1, 1, 0]


def test_one_speaker_named_in_two_ways_has_one_voice() -> None:
    lines = _lines('The man in a suit says: "One." The man says: "Two."')

    assert [line.speaker_number for line in lines] == [0, 0]


@pytest.mark.parametrize(
    ("who", "being"),
    [
        ("A robot", "machine"),
        ("The friendly android", "machine"),
        ("机器人", "machine"),
        ("A small mouse", "small_animal"),
        ("The quokka", "small_animal"),
        ("小猫", "small_animal"),
        ("The elephant", "large_animal"),
        ("大象", "large_animal"),
        ("The man with the robot", None),
        ("The computer scientist", None),
        ("马教授", None),
        ("The woman", None),
    ],
)
def test_a_name_tells_what_speaks(who: str, being: Being | None) -> None:
    said = f'{who} says: "Hello there."' if who.isascii() else f"{who}说：“你好。”"

    (line,) = _lines(said)

    assert line.being == being


def test_a_robotic_voice_is_a_machine() -> None:
    (line,) = _lines('The man says in a robotic voice: "System online."')

    assert line.being == "machine"
