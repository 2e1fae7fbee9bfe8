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
    }
)
"""Ambiences that may begin within a shot; the others are of the place, or drawn from its start as rain is."""
_MOST_TIMES = 12  # more than anybody counts in a clip


def read_sounds(passage: Passage, span: Span, position: Callable[[int], float]) -> tuple[Sound, ...]:
    """Read the sounds of a shot in order: an ambience once, an effect once for each sentence that tells it.

    `position(word)` is where in the shot's text a word stands, from 0 to 1.
    """
    sounds: list[Sound] = []
    heard: set[tuple[str, int | None]] = set()
    terms = passage.terms("sound", span)
    silenced = [term for term in terms if passage.is_ruled_out(term, "sound")]
    for term in terms:
        if term in silenced or any(_silences(passage, denied, term) for denied in silenced):
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
                begins_late=term.name in _OF_A_MOMENT and _begins_late(passage, term),
            )
        )
    return tuple(sounds)


def _silences(passage: Passage, denied: Term, term: Term) -> bool:
    """Tell whether a sound that is denied by name takes back one that is implied: "lightning but no thunder".

    "The dog barks, then stops barking" takes nothing back.
    """
    if denied.name != term.name or not _is_named(passage, denied):
        return False
    denial = passage.denial(denied, "sound")
    if denial is not None and passage.covers("negation", denial, "ends"):
        return False
    return term.first < denied.first or passage.sentence(term.first) == passage.sentence(denied.first)


def _is_named(passage: Passage, term: Term) -> bool:
    """Tell whether a term names a sound, and not only what makes it: "thunder", "sound of rain", 雨声."""
    around = range(max(term.first - 2, 0), min(term.last + 1, len(passage.words)))
    return any(passage.covers("sound_itself", word) for word in around)


def _begins_late(passage: Passage, term: Term) -> bool:
    """Tell whether a sound begins where the text tells it: "then applause", "the crowd starts to clap"."""
    sentence, clause = passage.sentence(term.first), passage.clause(term.first)
    before = (passage.covers("late", word, "then") for word in range(sentence.first, term.first))
    return any(before) or any(passage.covers("late", word, "begins") for word in range(*clause))


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
