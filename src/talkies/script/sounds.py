"""Read what is heard beside speech: ambiences and effects that a shot names or implies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, cast

from talkies.plan import AMBIENCES, Ambience, Effect, Gait
from talkies.script.clock import Clock
from talkies.script.heard import find_heard
from talkies.script.model import Action, Sound, When
from talkies.script.moments import begins_late
from talkies.script.outcries import find_voices, is_outcry, is_spoken
from talkies.script.passage import Passage, Span
from talkies.script.people import People
from talkies.script.vocabulary import Term

Loudness = Literal["faint", "normal", "loud"]

_REACH = 3  # words around a sound in which its loudness and count are looked for
_OF_A_MOMENT = frozenset(
    {
        "applause",
        "footsteps",
        "typing",
        "heartbeat",
        "clock",
        "engine",
        "train",
        "airplane",
        "crowd",
        "bubbles",
        "helicopter",
        "hooves",
        "snoring",
        "bees",
        "mosquito",
    }
)
"""Ambiences that may begin within a shot; the others are of the place, or drawn from its start as rain is."""
_STRUCK = frozenset({"bell"})  # what strikes a number: "the clock strikes three"
_MOST_TIMES = 12  # more than anybody counts in a clip


def read_sounds(
    passage: Passage,
    people: People,
    span: Span,
    position: Callable[[int], float],
    clock: Clock,
    actions: Sequence[Action],
    endings: Mapping[str, When],
) -> tuple[Sound, ...]:
    """Read the sounds of a shot in order: an ambience once, an effect once for each sentence that tells it.

    An effect for which several seconds are named is heard at each. `position(word)` is where in the shot's
    text a word stands, from 0 to 1. `actions` are the shot's: where somebody waves, no sea is heard, and who
    screams words does not scream beside. `endings` tells what stops when.
    """
    greetings = {action.position for action in actions if action.kind == "wave"}
    sounds: list[Sound] = []
    heard: set[tuple[object, ...]] = set()
    for term in find_heard(passage, span):
        if term.name == "surf" and position(term.first) in greetings:
            continue
        if term.name == "laughter" and is_spoken(passage, term):
            continue
        is_ambience = term.name in AMBIENCES
        told_s = clock.seconds(term.first)
        moment = (term.name,) if is_ambience else (term.name, passage.sentence(term.first).first, told_s)
        if moment in heard:
            continue
        heard.add(moment)
        sound = Sound(
            kind=cast("Ambience | Effect", term.name),
            position=position(term.first),
            count=None if is_ambience else _count(passage, term, clock),
            loudness=_loudness(passage, term),
            is_distant=bool(passage.terms("distance", _around(passage, term))),
            begins_late=is_ambience
            and (any(told_s) or (term.name in _OF_A_MOMENT and begins_late(passage, term))),
            after_s=clock.after(term.first) or None,
            voices=find_voices(passage, people, span, term) if is_outcry(term) else (),
            is_quick=term.name == "footsteps" and _is_running(passage, term),
            gait=_gait(passage, term) if term.name == "hooves" else "trot",
        )
        ends = endings.get(term.name) if is_ambience else None
        if ends is not None and ends.position > sound.position:
            sound = sound.model_copy(update={"ends": ends})
        times_s = told_s[:1] if is_ambience else told_s
        sounds += [sound.model_copy(update={"at_s": at_s}) for at_s in times_s or (None,)]
    return tuple(sounds)


def _is_running(passage: Passage, term: Term) -> bool:
    """Tell whether steps are those of somebody who runs."""
    clause = passage.clause(term.first)
    near = range(max(clause.first, term.first - _REACH), min(clause.last, term.last + _REACH))
    return any(passage.covers("running", word) for word in near)


def _gait(passage: Passage, hooves: Term) -> Gait:
    """How a horse goes whose hooves are heard, by the nearest word for it in the sentence; else it trots."""
    told = passage.terms("gait", passage.sentence(hooves.first))
    if not told:
        return "trot"
    nearest = min(told, key=lambda other: max(hooves.first - other.last, other.first - hooves.last, 0))
    return cast(Gait, nearest.name)


def _count(passage: Passage, term: Term, clock: Clock) -> int | None:
    """How often an effect is heard, if told: "barks twice", "three knocks", 敲了三下, "strikes twelve".

    A number that tells a time counts nothing.
    """
    clause = passage.clause(term.first)
    after = Span(term.first, min(clause.last, term.last + _REACH + 2))
    for times in passage.terms("times", after):
        if times.name != "times":
            return int(times.name)
        number = _number(passage, times.first - 1)
        if number is not None and not clock.covers(times.first - 1):
            return number
    for word in range(max(clause.first, term.first - _REACH), term.last):
        number = None if clock.covers(word) or _follows_at(passage, word) else _number(passage, word)
        if number is not None and not _counts_something_else(passage, word, term):
            return number
    is_struck = term.name in _STRUCK and not clock.covers(term.last)
    return _number(passage, term.last) if is_struck and term.last < clause.last else None


def _follows_at(passage: Passage, word: int) -> bool:
    """Tell whether a number says when or which: "at 3", 第3声."""
    return word > 0 and passage.covers("instant", word - 1, "at")


def _number(passage: Passage, word: int) -> int | None:
    if word < 0:
        return None
    spelt = passage.words[word]
    if spelt.isascii() and spelt.isdigit():
        return max(1, min(int(spelt[:4]), _MOST_TIMES))
    named = passage.terms("number", Span(word, word + 1))
    return int(named[0].name) if named else None


def _counts_something_else(passage: Passage, word: int, term: Term) -> bool:
    """Tell whether a number before a sound counts its makers: "two dogs bark", 一只狗叫."""
    following = passage.words[word + 1] if word + 1 < len(passage.words) else ""
    return word >= term.first or passage.covers("classifier", word + 1) or following.isdigit()


def _loudness(passage: Passage, term: Term) -> Loudness:
    """How loud a sound is told to be, by the nearest word of loudness in its clause."""
    found = passage.terms("loudness", _around(passage, term))
    if not found:
        return "normal"
    nearest = min(found, key=lambda other: max(term.first - other.last, other.first - term.last))
    return cast(Loudness, nearest.name)


def _around(passage: Passage, term: Term) -> Span:
    """The words of a sound's clause that can tell how loud and how near it is."""
    clause = passage.clause(term.first)
    return Span(max(clause.first, term.first - _REACH - 1), min(clause.last, term.last + _REACH + 1))
