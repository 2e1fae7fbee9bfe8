"""Read what is heard beside speech: ambiences and effects that a shot names or implies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, cast

from talkies.plan import AMBIENCES, Ambience, Effect
from talkies.script.actions import is_cried
from talkies.script.model import Action, Sound
from talkies.script.moments import begins_late
from talkies.script.passage import Passage, Span
from talkies.script.people import VERB_TABLES
from talkies.script.vocabulary import Term

Loudness = Literal["faint", "normal", "loud"]

_REACH_BACK = 12  # words from "no sound except" to what is heard
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
    }
)
"""Ambiences that may begin within a shot; the others are of the place, or drawn from its start as rain is."""
_MOST_TIMES = 12  # more than anybody counts in a clip


def read_sounds(
    passage: Passage, span: Span, position: Callable[[int], float], actions: Sequence[Action]
) -> tuple[Sound, ...]:
    """Read the sounds of a shot in order: an ambience once, an effect once for each sentence that tells it.

    `position(word)` is where in the shot's text a word stands, from 0 to 1. `actions` are the shot's: where
    somebody waves, no sea is heard, and who screams words does not scream beside.
    """
    greetings = {action.position for action in actions if action.kind == "wave"}
    sounds: list[Sound] = []
    heard: set[tuple[str, int | None]] = set()
    terms = sorted([*passage.terms("sound", span), *_only_heard(passage, span)])
    denied = {term for term in terms if passage.is_ruled_out(term, "sound")}
    taken_back = _taken_back(passage, denied)
    for term in terms:
        last, sentences = taken_back.get(term.name, (-1, ()))
        if term in denied or term.first < last or passage.sentence(term.first) in sentences:
            continue
        if (term.name == "surf" and position(term.first) in greetings) or is_cried(passage, term):
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
                begins_late=term.name in _OF_A_MOMENT and begins_late(passage, term),
            )
        )
    return tuple(sounds)


def _only_heard(passage: Passage, span: Span) -> Iterator[Term]:
    """Find what is named where only its sound is meant: "no sound except the birds", "she hears a dog"."""
    for maker in passage.terms("sound_maker", span):
        first = max(passage.sentence(maker.first).first, maker.first - _REACH_BACK)
        before = (word for word in range(maker.last - 1, first - 1, -1) if passage.covers("heard_next", word))
        lead = next(before, None)
        if lead is not None and not any(_parts(passage, word) for word in range(lead + 1, maker.first)):
            yield maker


def _parts(passage: Passage, word: int) -> bool:
    """Tell whether a word is no part of what is heard: "no sound, just birds, and a girl dances"."""
    if passage.covers("sound_maker", word):
        return False
    return any(passage.covers(table, word) for table in ("person", "pronoun", "preposition", *VERB_TABLES))


def _taken_back(passage: Passage, denied: Iterable[Term]) -> dict[str, tuple[int, set[Span]]]:
    """Find the sounds that are denied by name, and so where only implied: "lightning but no thunder".

    For each the word up to which it is taken back, and further sentences in which it is. "The dog barks, then
    stops barking" takes nothing back.
    """
    found: dict[str, tuple[int, set[Span]]] = {}
    for term in denied:
        denial = passage.denial(term, "sound")
        is_ending = denial is not None and passage.covers("negation", denial, "ends")
        if _is_named(passage, term) and not is_ending:
            last, sentences = found.get(term.name, (-1, set()))
            found[term.name] = max(last, term.first), sentences | {passage.sentence(term.first)}
    return found


def _is_named(passage: Passage, term: Term) -> bool:
    """Tell whether a term names a sound, and not only what makes it: "thunder", "sound of rain", 雨声."""
    around = range(max(term.first - 2, 0), min(term.last + 1, len(passage.words)))
    return any(passage.covers("sound_itself", word) for word in around)


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
        is_time = word > 0 and passage.words[word - 1] in ":："  # 00:06
        if number is not None and not is_time and not _counts_something_else(passage, word, term):
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
