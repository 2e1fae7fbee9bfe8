"""Find the subject of a verb: who says, waves or walks, also when the sentence named them earlier."""

from __future__ import annotations

from talkies.script.passage import Passage, Span
from talkies.script.people import Mention, People
from talkies.script.words import QUOTE, is_mark, is_unspaced

_CAUSES = ("make", "let", "have")  # "make her wink"
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
    start = max(floor, passage.sentence(verb).first)
    meant = _meant_by_who(passage, people, Span(start, passage.clauses[number].first))
    if meant is not None:
        return meant
    unknown = _unknown_subject(passage, clause)
    if unknown is not None:
        return unknown
    for clause in reversed(passage.clauses[max(number - _MOST_CLAUSES, 0) : number]):
        if clause.last <= start:
            break
        lead = passage.lead(clause)
        known = _acting(passage, people, Span(max(clause.first, start), clause.last))
        if known is not None and known.first <= lead:
            return known
        earlier = _unknown_before_verb(passage, clause) if known is None else None
        if earlier is not None:
            return earlier
    return _acting(passage, people, Span(start, verb))


def _meant_by_who(passage: Passage, people: People, before: Span) -> Mention | None:
    """Whoever stands right before a "who": in "they bark at somebody who knocks" it is that somebody."""
    if before.last == len(passage.words) or not passage.covers("break", before.last, "relative"):
        return None
    named = people.within(before)
    return named[-1] if named and named[-1].last == before.last else None


def _acting(passage: Passage, people: People, span: Span) -> Mention | None:
    """The first in a span who is not merely spoken to, looked at or an owner: 对服务员说, "with the man"."""
    for mention in people.within(span):
        is_object = mention.first > 0 and passage.covers("object_marker", mention.first - 1)
        if not is_object and not _owns(passage, mention, span):
            return mention
    return None


def _owns(passage: Passage, mention: Mention, span: Span) -> bool:
    """Tell whether it is something of somebody's that follows: "the woman's hair", not "she's smiling"."""
    thing = mention.last + 1
    if mention.is_pronoun or thing >= span.last or passage.words[mention.last] != "'s":
        return False
    return not any(passage.covers(table, thing) for table in ("action", "living_action", "speech"))


def _unknown_before_verb(passage: Passage, clause: Span) -> str | None:
    """The subject of an earlier clause that the vocabulary does not know: "Zorblax nods and says"."""
    verbs = (passage.terms(table, clause) for table in ("action", "speech"))
    first = min((terms[0].first for terms in verbs if terms), default=None)
    return None if first is None else _unknown_subject(passage, Span(clause.first, first))


def _unknown_subject(passage: Passage, clause: Span) -> str | None:
    """The words before a verb in its clause, if they can be a subject: "the toaster", "Zorblax"."""
    first = clause.first
    while first < clause.last and passage.is_filler(first) and not passage.covers("determiner", first):
        first += 1
    while first < clause.last and passage.words[first] in _CAUSES:
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
    tables = ("action", "living_action", "whole_action", "speech", "manner", "camera", "language")
    return any(
        is_mark(passage.words[word])
        or passage.words[word] == QUOTE
        or any(passage.covers(table, word) for table in tables)
        for word in range(span.first, span.last)
    )
