"""Tell which quotations are said aloud, and which words around them tell of it."""

from __future__ import annotations

from typing import NamedTuple

from talkies.script.passage import Passage, Span
from talkies.script.people import People
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE
from talkies.script.writing import (
    is_given_as_name,
    is_said_by_writing,
    is_set_off,
    is_shown_after,
    is_shown_before,
)

_REACH_ON = 14  # words after a quotation in which its "said the girl" is looked for
_VERB_REACH_ON = 7  # and its verb
_COLONS = ":："
_HOW = "地"  # ends the word for how it is said: 不耐烦地说 denies nothing
_NEVER_DENIED = "道"  # 不屑道: this verb is not denied by 不


class Tag(NamedTuple):
    """The words that tell of a quotation: "the old man says softly:".

    `verb` is the word of saying; None for a label such as `Man:`.
    """

    span: Span
    verb: int | None
    is_before: bool


def tag_of(passage: Passage, people: People, word: int, floor: int) -> Tag | None:
    """Find the tag of the quotation at `word`; `floor` is the first word of its shot. None if it has none."""
    before = words_before(passage, word, floor)
    verb = _last_verb(passage, people, before)
    if verb is not None:
        return Tag(before, verb, is_before=True)
    after = _words_after(passage, word)
    verb = _first_verb(passage, after)
    # Scene: "Wait!" she shouts.
    if _ends_in_colon(passage, before) and (verb is None or people.within(before)):
        return Tag(before, None, is_before=True)
    return None if verb is None else Tag(after, verb, is_before=False)


def words_before(passage: Passage, word: int, floor: int) -> Span:
    """The words of a quotation's sentence that stand before it, back to the quotation before."""
    first = passage.sentence(word).first
    if first == word >= 2 and passage.words[word - 1] == "\n" and passage.words[word - 2] in _COLONS:
        first = passage.sentence(word - 1).first  # a label on a line of its own
    for at in range(word - 1, first - 1, -1):
        if passage.words[at] == QUOTE:
            first = at + 1
            break
    return Span(min(max(first, floor), word), word)


def is_spoken(passage: Passage, people: People, word: int, tag: Tag | None, floor: int) -> bool:
    """Tell whether a quotation is said aloud, and is no sign, title or word in doubt, nor denied."""
    before = words_before(passage, word, floor)
    if passage.is_refused(word) or _is_never_said(passage, people, before):
        return False
    if is_given_as_name(passage, people, word, before):
        return False
    if tag is not None and tag.is_before and tag.verb is not None:
        return not is_said_by_writing(passage, people, tag.verb, before)
    if is_shown_before(passage, people, before) or is_set_off(passage, word):
        return False
    if tag is None:
        return not is_shown_after(passage, word)
    return tag.is_before or bool(people.within(tag.span)) or not passage.terms("writing", tag.span)


def _last_verb(passage: Passage, people: People, span: Span) -> int | None:
    said = [verb for verb in passage.terms("speech", span) if not _is_denied(passage, people, verb)]
    return said[-1].first if said else None


def _is_never_said(passage: Passage, people: People, before: Span) -> bool:
    """Tell whether the words right before a quotation deny it: don't say "cheese"."""
    verbs = passage.terms("speech", before)
    if not verbs or passage.clause_of[verbs[-1].first] != passage.clause_of[before.last - 1]:
        return False
    return _is_denied(passage, people, verbs[-1])


def _is_denied(passage: Passage, people: People, verb: Term) -> bool:
    """Tell whether a verb of saying is denied, and not what is done beside: "without turning he says"."""
    clause = passage.clause(verb.first)
    denials = [word for word in range(clause.first, verb.first) if passage.covers("negation", word, "no")]
    if not denials or passage.words[verb.last - 1] == _NEVER_DENIED or not passage.is_negated(verb):
        return False
    between = Span(denials[-1] + 2, verb.first)
    return not people.within(between) and _HOW not in passage.words[between.first : between.last]


def _ends_in_colon(passage: Passage, span: Span) -> bool:
    at = span.last - 1
    while at >= span.first and passage.words[at] == "\n":
        at -= 1
    return at > span.first and passage.words[at] in _COLONS


def _words_after(passage: Passage, word: int) -> Span:
    """The words after a quotation that can tell of it: not those that lead to the next one with a colon."""
    last = min(passage.sentence(word).last, word + 1 + _REACH_ON)
    for at in range(word + 1, last):
        if passage.words[at] == QUOTE:
            leads_on = passage.words[at - 1] in _COLONS
            return Span(word + 1, word + 1 if leads_on else at)
    if last < len(passage.words) and passage.words[last] == QUOTE and passage.words[last - 1] in _COLONS:
        return Span(word + 1, word + 1)
    return Span(word + 1, max(last, word + 1))


def _first_verb(passage: Passage, span: Span) -> int | None:
    verbs = passage.terms("speech", Span(span.first, min(span.last, span.first + _VERB_REACH_ON)))
    return verbs[0].first if verbs else None
