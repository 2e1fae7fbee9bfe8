"""Tell what begins within its shot, where the text tells it, from what is there when the shot begins."""

from __future__ import annotations

from collections.abc import Callable

from talkies.plan import Weather
from talkies.script.clock import Clock
from talkies.script.model import When
from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term

_BEFORE, _BEHIND = 5, 2  # words around a weather in which it is told that it comes
_COMING: frozenset[Weather] = frozenset({"rain", "snow", "storm", "fog", "smoke", "dust", "embers"})
"""Weathers that a shot may begin without; wind is only heard and seen in what it moves."""


def begins_late(passage: Passage, term: Term) -> bool:
    """Tell whether a sound begins where the text tells it: "then applause", "the crowd starts to clap"."""
    sentence, clause = passage.sentence(term.first), passage.clause(term.first)
    before = (passage.covers("late", word, "then") for word in range(sentence.first, term.first))
    return any(before) or any(passage.covers("late", word, "begins") for word in range(*clause))


def coming_weather(
    passage: Passage, span: Span, position: Callable[[int], float], clock: Clock
) -> dict[Weather, When]:
    """Find the weathers that come while a shot lasts, and where its text tells it: "it starts to rain".

    What the shot's text names before as there already ("in the rain, which then gets heavier") does not come.
    """
    found: dict[Weather, When] = {}
    known: set[str] = set()
    for term in passage.terms("weather", span):
        if term.name in known or term.name not in _COMING or passage.is_ruled_out(term):
            continue
        known.add(term.name)
        at_s = clock.first_second(term.first)
        if at_s or _comes(passage, term):
            found[term.name] = When(
                position=position(max(passage.clause(term.first).first, span.first)), at_s=at_s
            )
    return found


def _comes(passage: Passage, term: Term) -> bool:
    """Look for what lets a weather come close before it, then behind it; "in the" before it is nearer."""
    sentence, clause = passage.sentence(term.first), passage.clause(term.first)
    for word in range(term.first - 1, max(sentence.first, term.first - _BEFORE) - 1, -1):
        if passage.covers("amid", word):
            return False
        if passage.covers("late", word):
            return True
    behind = range(term.first, min(clause.last, term.last + _BEHIND))
    return any(
        passage.covers("late", word, "begins") or passage.covers("late", word, "arrives") for word in behind
    )
