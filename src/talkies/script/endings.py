"""Read what ends within its shot: a sound that stops, a weather that clears, a while of silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from talkies.script.clock import Clock
from talkies.script.model import Hush, When
from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import HIDING, Term, vocabulary
from talkies.script.words import is_mark

_TABLES = ("sound", "weather")
_MOST_CLAUSES = 4  # clauses back in which what stops is looked for
_LONGEST_SUBJECT = 16  # words before "stops"
_BY_PEOPLE = frozenset({"footsteps", "typing", "applause", "engine"})  # what ends when somebody stops


def read_endings(
    passage: Passage, span: Span, position: Callable[[int], float], clock: Clock
) -> dict[str, When]:
    """Find which sounds and weathers end within a shot, by name: "the clock ticks, then stops", 雨停了."""
    found: dict[str, When] = {}
    for term in passage.terms("ending", span):
        for name in _ending_names(passage, span, term):
            found[name] = When(position=position(term.first), at_s=clock.first_second(term.first))
    return found


def read_hushes(
    passage: Passage, span: Span, position: Callable[[int], float], clock: Clock
) -> Iterator[Hush]:
    """Find the whiles of silence: "silence for two seconds, then an explosion", "then silence"."""
    for term in passage.terms("hush", span):
        clause = passage.clause(term.first)
        if passage.is_negated(term) or not _leads(passage, clause, term):
            continue
        is_first = not any(passage.is_known(word) for word in range(span.first, clause.first))
        at_s, lasts_s = clock.hush(term)
        begin = When(
            position=0.0 if is_first else position(term.first),
            at_s=0.0 if is_first and at_s is None else at_s,
        )
        following = _next_heard(passage, Span(clause.last, span.last))
        end = None
        if following is not None and lasts_s is None:
            end = When(position=position(following), at_s=clock.first_second(following))
        yield Hush(begin=begin, end=end, lasts_s=lasts_s)


def _next_heard(passage: Passage, span: Span) -> int | None:
    """The first word of a span for a sound or for music that is wanted."""
    terms = (term for table in ("sound", "music") for term in passage.terms(table, span))
    return min((term.first for term in terms if not passage.is_ruled_out(term)), default=None)


def _ending_names(passage: Passage, span: Span, term: Term) -> set[str]:
    clause = passage.clause(term.first)
    first = max(clause.first, span.first, term.first - _LONGEST_SUBJECT)
    named = _names(passage.words[first : term.first])
    if named:
        return {name for _, name in named}
    following = _names(passage.words[term.last : term.last + 1])  # "stops raining"
    if following or not all(_is_joint(passage, word) for word in range(first, term.first)):
        return {name for _, name in following}
    return _names_before(passage, Span(max(passage.sentence(term.first).first, span.first), first))


def _names_before(passage: Passage, span: Span) -> set[str]:
    """What is told first in the nearest clause before; where somebody is named, what they do."""
    last = passage.clause_of[max(span.last - 1, 0)]
    for number in range(last, max(last - _MOST_CLAUSES, -1), -1):
        clause = passage.clauses[number]
        if clause.last <= span.first:
            break
        named = _names(
            passage.words[max(clause.first, span.first, clause.last - 3 * _LONGEST_SUBJECT) : clause.last]
        )
        if passage.terms("person", clause):
            named = [one for one in named if one[1] in _BY_PEOPLE] or named
        if named:
            return {name for first, name in named if first == named[0][0]}
    return set()


def _names(words: list[str]) -> list[tuple[int, str]]:
    """The sounds and weathers that words name, each with where it begins."""
    found = vocabulary().find(words)
    terms = (term for table in _TABLES for term in found.get(table, ()) if term.name != HIDING)
    return sorted((term.first, term.name) for term in terms)


def _is_joint(passage: Passage, word: int) -> bool:
    tables = ("late", "break")
    return passage.is_filler(word) or any(passage.covers(table, word) for table in tables)


def _leads(passage: Passage, clause: Span, term: Term) -> bool:
    """Tell whether silence is all that its clause begins with: "then silence", but not "eats in silence"."""
    before = range(clause.first, term.first)
    return all(
        passage.covers("late", word)
        or passage.covers("break", word)
        or passage.covers("instant", word)
        or passage.covers("determiner", word)
        or passage.covers("unit", word)
        or passage.covers("number", word)
        or is_mark(passage.words[word])
        for word in before
    )
