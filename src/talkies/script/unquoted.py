"""Find what somebody is to say that does not stand in quotes, so that an engine can say it is not spoken."""

from __future__ import annotations

from collections.abc import Iterator

from talkies.script.passage import Passage, Span
from talkies.script.people import People
from talkies.script.subjects import subject_of
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE

_REACH = 5  # words from a verb of saying to its colon
_LONGEST_TEXT = 14  # words of "The man says hello to everybody"
_COLONS = ":："


def read_unquoted(passage: Passage, people: People, span: Span, *, has_lines: bool) -> tuple[str, ...]:
    """Read the prompt's own words for speech without quotes, in order, one of each sentence.

    After a colon they are what is to be said ("she says: Hello there"); in a shot without lines, whatever
    tells that somebody speaks ("the man says hello", "they chat").
    """
    sentences = [sentence for sentence in _sentences(passage, span) if not _holds_quote(passage, sentence)]
    announced = [_announced(passage, people, sentence) for sentence in sentences]
    if has_lines or any(announced):
        return tuple(words for words in announced if words)
    told = (_told(passage, people, sentence) for sentence in sentences)
    return tuple(dict.fromkeys(words for words in told if words))


def _sentences(passage: Passage, span: Span) -> Iterator[Span]:
    first = span.first
    while first < span.last:
        last = min(passage.sentence(first).last, span.last)
        yield Span(first, last)
        first = last


def _holds_quote(passage: Passage, span: Span) -> bool:
    return any(passage.words[word] == QUOTE for word in range(*span))


def _announced(passage: Passage, people: People, sentence: Span) -> str | None:
    """The words after the colon in "she says: Hello there" or, of one who speaks, "Man: Are you coming?"."""
    colon = next((word for word in range(*sentence) if passage.words[word] in _COLONS), sentence.last)
    before, after = Span(sentence.first, colon), Span(colon + 1, sentence.last)
    if not any(passage.words[word].isalnum() for word in range(*after)) or passage.terms("writing", before):
        return None
    verbs = passage.terms("saying", Span(max(before.first, colon - _REACH), colon))
    if verbs:
        denied = any(passage.covers("negation", at) for at in range(max(verbs[-1].first - 1, 0), colon))
        return None if denied else passage.spelt(*after)
    people_before = people.within(before)
    is_label = bool(people_before) and people_before[0].last == colon
    return passage.spelt(*after) if is_label and _addresses(passage, after) else None


def _addresses(passage: Passage, span: Span) -> bool:
    """Tell whether words are meant to be said, and do not describe somebody: "Woman: aged 30"."""
    asks = passage.words[span.last - 1] in "?!？！"
    return asks or any(passage.covers("addressing", word) for word in range(*span))


def _told(passage: Passage, people: People, sentence: Span) -> str | None:
    """Whoever speaks in a sentence, with what is told of it; None for a sound of its own: birds that sing."""
    verbs = passage.terms("saying", sentence)
    if verbs and passage.terms("writing", Span(sentence.first, verbs[0].first)):
        return None
    verb = next((verb for verb in verbs if not passage.is_negated(verb)), None)
    if verb is None or passage.terms("sound", Span(passage.clause(verb.first).first, verb.last)):
        return None
    subject = subject_of(passage, people, verb.first, sentence.first)
    if isinstance(subject, str):
        return f"{subject} {_spelt(passage, verb.first, verb)}"
    if subject is None or subject.kind == "animal":
        return None
    is_near = passage.clause_of[subject.first] == passage.clause_of[verb.first] and subject.first < verb.first
    return _spelt(passage, subject.first if is_near else verb.first, verb)


def _spelt(passage: Passage, first: int, verb: Term) -> str:
    """The words from `first` to the end of the verb's clause."""
    last = max(min(passage.clause(verb.last - 1).last, verb.first + _LONGEST_TEXT), verb.last)
    return passage.spelt(first, last).rstrip(" ,.;:!?，。；：！？\n")
