from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from talkies.engines.animatic.living.casting import Cast, cast
from talkies.engines.animatic.vision.faces import MESH_POINTS, Face
from talkies.plan import ActionKind, Cue, Plan, Shot, SpokenLine, Voice

_RIGHT, _LEFT, _MIDDLE = 0, 1, 2  # numbers of the faces, the largest first


def _face(x: float, size: float) -> Face:
    return Face((x - size / 2, 200, size, size), 0.9, np.zeros((MESH_POINTS, 3), np.float32))


_FACES = (_face(900, 200), _face(300, 150), _face(600, 100))


def _line(speaker: str | None, voice: Voice, at_s: float, *, voice_over: bool = False) -> SpokenLine:
    return SpokenLine(
        text="Hello.",
        speaker=speaker,
        voice=voice,
        language="en",
        voice_over=voice_over,
        shot=0,
        start_sample=0,
        sample_count=1,
        start_s=at_s,
        end_s=at_s + 0.5,
    )


def _cue(who: str | None, kind: ActionKind = "smile", at_s: float = 3.0) -> Cue:
    return Cue(kind=kind, who=who, shot=0, start_s=at_s, end_s=at_s + 1)


def _cast(lines: Sequence[SpokenLine], cues: Sequence[Cue] = (), faces: int = 2) -> Cast:
    plan = Plan(
        engine="animatic",
        width=1280,
        height=720,
        duration_s=5,
        seed=1,
        shots=(Shot(start_frame=0, end_frame=120, picture="first"),),
        lines=tuple(lines),
        cues=tuple(cues),
    )
    return cast(plan, _FACES[:faces])


def test_the_only_face_plays_everybody() -> None:
    lines = [_line("the man on the right", "man", 0), _line("the woman", "woman", 1)]

    roles = _cast(lines, faces=1)

    assert [roles.speakers(line) for line in lines] == [(0,), (0,)]


def test_a_voice_over_moves_no_lips() -> None:
    line = _line("the man", "man", 0, voice_over=True)

    assert _cast([line], faces=1).speakers(line) == ()


def test_a_single_speaker_is_the_largest_face() -> None:
    line = _line("the singer", "woman", 0)

    assert _cast([line], faces=3).speakers(line) == (0,)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("the man on the left", _LEFT),
        ("the woman on the right", _RIGHT),
        ("the girl in the middle", _MIDDLE),
        ("左边的男人", _LEFT),
    ],
)
def test_words_for_a_place_choose_the_face_there(words: str, number: int) -> None:
    line = _line(words, "man", 0)

    assert _cast([line], faces=3).speakers(line) == (number,)


def test_people_without_a_place_stand_from_left_to_right_as_they_are_named() -> None:
    lines = [_line("John", "man", 0), _line("Mary", "woman", 1), _line("John", "man", 2)]

    roles = _cast(lines)

    assert [roles.speakers(line) for line in lines] == [(_LEFT,), (_RIGHT,), (_LEFT,)]


def test_people_told_apart_by_a_letter_are_two() -> None:
    lines = [_line("Person A", "man", 0), _line("Person B", "man", 1)]

    roles = _cast(lines)

    assert roles.speakers(lines[0]) != roles.speakers(lines[1])


def test_a_shorter_name_means_the_same_person() -> None:
    lines = [_line("the man in a suit", "man", 0), _line("a woman", "woman", 1), _line("the man", "man", 2)]

    roles = _cast(lines)

    assert roles.speakers(lines[0]) == roles.speakers(lines[2])


def test_the_other_man_is_another_man() -> None:
    lines = [_line("the man", "man", 0), _line("the other man", "man", 1)]

    roles = _cast(lines, faces=3)

    assert roles.speakers(lines[0]) != roles.speakers(lines[1])


def test_a_pronoun_means_the_person_of_that_sex() -> None:
    lines = [_line("the man", "man", 0), _line("the woman", "woman", 1)]
    cues = [_cue("she"), _cue("he")]

    roles = _cast(lines, cues)

    assert [roles.actors(cue) for cue in cues] == [roles.speakers(lines[1]), roles.speakers(lines[0])]


def test_they_are_all() -> None:
    cue = _cue("they", "wave")

    assert _cast([], [cue], faces=3).actors(cue) == (0, 1, 2)


def test_where_names_outnumber_faces_one_voice_is_one_person() -> None:
    lines = [_line("John", "man", 0), _line("Mary", "woman", 1), _line("the captain", "man", 2)]

    roles = _cast(lines)

    assert roles.speakers(lines[2]) == roles.speakers(lines[0])


def test_an_animal_and_the_weather_have_no_face() -> None:
    dog = _cue("the dog")
    rain = Cue(kind="rain", shot=0, start_s=0, end_s=5)

    roles = _cast([], [dog, rain])

    assert roles.actors(dog) == roles.actors(rain) == ()


def test_water_and_clouds_take_no_face_from_people() -> None:
    scenery = [_cue("The water", "flow", 0), _cue("clouds", "drift", 0.5), _cue("The car", "ride", 0.7)]
    people = [_cue("the man", "smile", 1), _cue("the woman", "nod", 2)]

    roles = _cast([], [*scenery, *people])

    assert [roles.actors(cue) for cue in scenery] == [(), (), ()]
    assert [roles.actors(cue) for cue in people] == [(_LEFT,), (_RIGHT,)]


def test_the_other_one_is_not_the_one_whose_place_is_told() -> None:
    lines = [_line("the woman on the left", "woman", 0), _line("the other woman", "woman", 1)]

    roles = _cast(lines)

    assert [roles.speakers(line) for line in lines] == [(_LEFT,), (_RIGHT,)]


@pytest.mark.parametrize("who", ["the bride and groom", "the children", "男人和女人", "两个女孩"])
def test_people_named_together_are_all(who: str) -> None:
    cue = _cue(who)

    assert _cast([], [cue]).actors(cue) == (0, 1)


def test_without_faces_nobody_acts() -> None:
    line, cue = _line("the man", "man", 0), _cue("the man")

    roles = _cast([line], [cue], faces=0)

    assert roles.speakers(line) == roles.actors(cue) == ()
