"""Read what is heard beside speech: ambiences and effects that a shot names or implies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

from talkies.plan import AMBIENCES, Ambience, Effect
from talkies.script.model import Sound
from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term

Loudness = Literal["faint", "normal", "loud"]

_REACH = 3  # words around a sound in which its loudness and count are looked for
_MOST_TIMES = 12  # more than anybody counts in a clip


def read_sounds(passage: Passage, span: Span, position: Callable[[int], float]) -> tuple[Sound, ...]:
    """Read the sounds of a shot in order: an ambience once, an effect once for each sentence that tells it.

    `position(word)` is where in the shot's text a word stands, from 0 to 1.
    """
    sounds: list[Sound] = []
    heard: set[tuple[str, int | None]] = set()
    for term in passage.terms("sound", span):
        if passage.is_negated(term, "sound"):
            continue
        is_ambience = term.name in AMBIENCES
        moment = (term.name, None if is_ambience else passage.sentence(term.first).first)
        if moment in heard:
            continue
        heard.add(moment)
        sounds.append(
            Sound(
                kind=cast("Ambience | Effect", term.name),
                position=position(term.first),
                count=None if is_ambience else _count(passage, term),
                loudness=_loudness(passage, term),
            )
        )
    return tuple(sounds)


def _count(passage: Passage, term: Term) -> int | None:
    """How often an effect is heard, if told: "barks twice", "three knocks", 敲了三下."""
    clause = passage.clause(term.first)
    after = Span(term.first, min(clause.last, term.last + _REACH + 2))
    for times in passage.terms("times", after):
        if times.name != "times":
            return int(times.name)
        number = _number(passage, times.first - 1)
        if number is not None:
            return number
    for word in range(max(clause.first, term.first - _REACH), term.last):
        number = _number(passage, word)
        if number is not None and not _counts_something_else(passage, word, term):
            return number
    return None


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
    clause = passage.clause(term.first)
    near = Span(max(clause.first, term.first - _REACH - 1), min(clause.last, term.last + _REACH + 1))
    found = passage.terms("loudness", near)
    if not found:
        return "normal"
    nearest = min(found, key=lambda other: max(term.first - other.last, other.first - term.last))
    return cast(Loudness, nearest.name)
