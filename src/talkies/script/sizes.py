"""Find the words for how much a shot shows: "close-up", 特写, and in words on film "medium" or "tight"."""

from __future__ import annotations

from functools import lru_cache

from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE, is_mark

_CUTS = ("transition", "sure_transition")
_REACH_BACK = 3  # words from "cut to" to a bare size
_SHORTEST_LIST = 3  # sizes


def find_sizes(passage: Passage, span: Span) -> list[Term]:
    """Find the sizes of a span in order, also those that are any adjective elsewhere: "cut to medium"."""
    listed = {size for sizes in list_sizes(passage) for size in sizes}
    bare = (term for term in passage.terms("bare_size", span) if term in listed or _is_of_film(passage, term))
    return sorted([*passage.terms("shot_size", span), *bare])


@lru_cache(maxsize=1)
def list_sizes(passage: Passage) -> tuple[tuple[Term, ...], ...]:
    """Find the lists of sizes, one after another, each of a shot: "wide, medium, close-up of the girl".

    Two sizes may describe one shot ("wide shot, full body"), three different ones do not.
    """
    bare = (
        term
        for term in passage.terms("bare_size")
        if not passage.covers("shot_size", term.first) and _is_closed(passage, term)
    )
    runs: list[list[Term]] = []
    for size in sorted([*passage.terms("shot_size"), *bare]):
        if runs and _is_next(passage, runs[-1][-1], size):
            runs[-1].append(size)
        else:
            runs.append([size])
    return tuple(tuple(run) for run in runs if len(run) == len({size.name for size in run}) >= _SHORTEST_LIST)


def _is_next(passage: Passage, before: Term, size: Term) -> bool:
    """Tell whether nothing but a mark or an "and" parts two sizes, or what the first one is of."""
    clause = passage.clause_of[size.first]
    leads = passage.lead(passage.clauses[clause]) == size.first
    if leads and clause == passage.clause_of[before.first] + 1 and passage.covers("framed_by", before.last):
        return True
    between = range(before.last, size.first)
    parted = [word for word in between if is_mark(passage.words[word]) or passage.covers("break", word)]
    tables = ("break", "late", "determiner", "size_noun", "filler")
    return bool(parted) and all(
        is_mark(passage.words[word]) or any(passage.covers(table, word) for table in tables)
        for word in between
    )


def _is_of_film(passage: Passage, term: Term) -> bool:
    """Tell whether a bare adjective is a size: by the cut before it, or as its clause's first word."""
    if passage.covers("shot_size", term.first) or not _is_closed(passage, term):
        return False
    clause = passage.clause(term.first)
    reach = range(term.first - 1, max(clause.first, term.first - _REACH_BACK) - 1, -1)
    before = next((word for word in reach if not passage.covers("determiner", word)), None)
    if before is not None and any(passage.covers(table, before) for table in _CUTS):
        return True
    is_timed = before is not None and (passage.covers("unit", before) or passage.words[before].isdecimal())
    opens = before is None or is_timed or passage.covers("late", before) or passage.covers("break", before)
    is_listed = clause.first > 0 and passage.covers("late", clause.first - 1)  # "wide -> medium"
    # "0-2s medium", "0:05-0:08 medium"; not "full of joy"
    is_alone = is_listed or is_timed or not _ends_clause(passage, term)
    return opens and is_alone and term.name != "full"


def _is_closed(passage: Passage, term: Term) -> bool:
    """Tell whether nothing follows that the adjective could be of: "cut to medium rare steak"."""
    tables = ("framed_by", "resumed", "instant", "break")
    return _ends_clause(passage, term) or any(passage.covers(table, term.last) for table in tables)


def _ends_clause(passage: Passage, term: Term) -> bool:
    if term.last == len(passage.words):
        return True
    word = passage.words[term.last]
    return word == QUOTE or is_mark(word)
