"""Find what somebody feels where an adjective says it: "he is sad", "look angry", "sad and alone"."""

from __future__ import annotations

from collections.abc import Iterator

from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term


def find_feelings(passage: Passage, span: Span) -> Iterator[Term]:
    """Yield the feelings that a span tells of somebody, from the verb on: "is very sad", "looks happy"."""
    for term in passage.terms("feeling", span):
        verb = term.first - 1
        while verb >= span.first and not passage.covers("seeming", verb) and _is_passed(passage, verb):
            verb -= 1
        if verb >= span.first and passage.covers("seeming", verb):
            yield Term(verb, term.last, term.name)
        elif _stands_alone(passage, term) or _follows_somebody(passage, term.first):
            yield term


def _is_passed(passage: Passage, word: int) -> bool:
    """Tell whether a word may stand between a verb and the feeling: "is", "very"."""
    is_word = passage.words[word].isalpha() and not passage.covers("determiner", word)
    return is_word and passage.is_filler(word)


def _follows_somebody(passage: Passage, word: int) -> bool:
    """Tell whether somebody stands right before a word: "make her angry"."""
    return any(passage.covers(table, word - 1) for table in ("person", "pronoun", "sex_hint"))


def _stands_alone(passage: Passage, term: Term) -> bool:
    """Tell whether a feeling is a clause of its own: "she walks home, sad and alone"."""
    clause = passage.clause(term.first)
    is_last = term.last == clause.last or not passage.words[term.last].isalpha()
    return is_last and passage.lead(clause) == term.first and clause.first > 0
