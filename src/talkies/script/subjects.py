"""Find the subject of a verb: who says, waves or walks, also when the sentence named them earlier."""

from __future__ import annotations

from talkies.script.passage import Passage, Span
from talkies.script.people import Mention, People
from talkies.script.words import QUOTE, is_mark, is_unspaced

_LONGEST_NAME = 6  # words of a subject that the vocabulary does not know
_LONGEST_CHINESE_NAME = 8  # characters of one
_MOST_CLAUSES = 8  # clauses back in which the subject of a verb is looked for


def subject_of(passage: Passage, people: People, verb: int, floor: int) -> Mention | str | None:
    """Name the subject of the verb at a word: somebody known, other words of the prompt, or None.

    `floor` is the first word that may be looked at. In "the boy runs to his mother and says" it is the boy:
    a clause without a subject of its own goes on with the one before.
    """
    number = passage.clause_of[verb]
    clause = Span(max(passage.clauses[number].first, floor), verb)
    known = _acting(passage, people, clause)
    if known is not None:
        return known
    unknown = _unknown_subject(passage, clause)
    if unknown is not None:
        return unknown
    start = max(floor, passage.sentence(verb).first)
    for clause in reversed(passage.clauses[max(number - _MOST_CLAUSES, 0) : number]):
        if clause.last <= start:
            break
        lead = passage.lead(clause)
        known = _acting(passage, people, Span(max(clause.first, start), clause.last))
        if known is not None and known.first <= lead:
            return known
    return _acting(passage, people, Span(start, verb))


def _acting(passage: Passage, people: People, span: Span) -> Mention | None:
    """The first in a span who is not merely spoken to or looked at: 低声对服务员说, "with the old man"."""
    for mention in people.within(span):
        if mention.first == 0 or not passage.covers("object_marker", mention.first - 1):
            return mention
    return None


def _unknown_subject(passage: Passage, clause: Span) -> str | None:
    """The words before a verb in its clause, if they can be a subject: "the toaster", "Zorblax"."""
    first = clause.first
    while first < clause.last and passage.is_filler(first) and not passage.covers("determiner", first):
        first += 1
    last = clause.last
    while last > first and (passage.is_filler(last - 1) or passage.covers("manner", last - 1)):
        last -= 1
    if first < last and passage.covers("shot_size", first):  # "close-up of the milk swirling"
        first = next((word + 1 for word in range(first, last) if passage.covers("framed_by", word)), first)
    if first == last or passage.covers("preposition", first) or _holds_verb(passage, Span(first, last)):
        return None
    longest = _LONGEST_CHINESE_NAME if is_unspaced(passage.words[first]) else _LONGEST_NAME
    return passage.spelt(first, last) if last - first <= longest else None


def _holds_verb(passage: Passage, span: Span) -> bool:
    tables = ("action", "living_action", "speech", "manner", "camera", "language")
    return any(
        is_mark(passage.words[word])
        or passage.words[word] == QUOTE
        or any(passage.covers(table, word) for table in tables)
        for word in range(span.first, span.last)
    )
