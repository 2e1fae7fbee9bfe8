"""Find what is heard among the words for sounds: a bell on the desk is mute, "no thunder" takes some back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from talkies.script.actions import is_cried
from talkies.script.mentions import VERB_TABLES
from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term

_REACH_BACK = 12  # words from "no sound except" to what is heard
_REACH = 3  # words before a sound in which another is looked for
_CLAUSE_REACH = 24  # words or characters around a thing in which something is done with it
_TOLD_BY = {
    "explosion": frozenset({"fireworks"}),  # "fireworks explode"
    "fire": frozenset({"gunshot", "gunfire"}),  # "machine gun fire"
    "thunder": frozenset({"hooves"}),  # "hooves thunder"
    "thud": frozenset({"helicopter", "hammer"}),
}
"""Sounds that may only be a word of another one, told right before."""
_SHARED = {"honking": "goose", "croaking": "crow"}
"""What one word means of one animal, though it means something else of all others."""


def find_heard(passage: Passage, span: Span) -> Iterator[Term]:
    """Find the words of a span for what is heard, in order."""
    told = (_by_its_maker(passage, term) for term in passage.terms("sound", span))
    terms = sorted([*told, *_only_heard(passage, span)])
    denied = {term for term in terms if passage.is_ruled_out(term, "sound")}
    taken_back = _taken_back(passage, denied)
    for term in terms:
        last, sentences = taken_back.get(term.name, (-1, ()))
        if term in denied or term.first < last or passage.sentence(term.first) in sentences:
            continue
        if not any(rule(passage, term) for rule in (_is_mute, _is_word_of_another, _is_by_animal, is_cried)):
            yield term


def _only_heard(passage: Passage, span: Span) -> Iterator[Term]:
    """Find what is named where only its sound is meant: "no sound except the birds", "she hears a dog"."""
    for maker in passage.terms("sound_maker", span):
        first = max(passage.sentence(maker.first).first, maker.first - _REACH_BACK)
        before = (word for word in range(maker.last - 1, first - 1, -1) if passage.covers("heard_next", word))
        lead = next(before, None)
        if lead is not None and not any(_parts(passage, word) for word in range(lead + 1, maker.first)):
            yield maker


def _by_its_maker(passage: Passage, term: Term) -> Term:
    """Name a sound that several makers share by the one told before: "geese fly by, honking"."""
    shared = _SHARED.get(passage.words[term.first])
    if shared is None or passage.lead(passage.clause(term.first)) != term.first:
        return term
    people = passage.terms("person", Span(passage.sentence(term.first).first, term.first))
    is_made = bool(people) and passage.covers("sound_maker", people[-1].first, shared)
    return term._replace(name=shared) if is_made else term


def _parts(passage: Passage, word: int) -> bool:
    """Tell whether a word is no part of what is heard: "no sound, just birds, and a girl dances"."""
    if passage.covers("sound_maker", word):
        return False
    return any(passage.covers(table, word) for table in ("person", "pronoun", "preposition", *VERB_TABLES))


def _is_mute(passage: Passage, term: Term) -> bool:
    """Tell whether a term only names a thing that makes no sound now: "a bell on the desk", but "bells ring".

    A thing that its clause names and nothing else is meant to be heard: "distant bells, birdsong".
    """
    things = passage.terms("mute", Span(term.first, term.first + 1))
    if not things or things[0].last < term.last:
        return False
    sentence, whole = passage.sentence(term.first), passage.clause(term.first)
    clause = Span(max(whole.first, term.first - _CLAUSE_REACH), min(whole.last, term.last + _CLAUSE_REACH))
    is_sounding = any(
        passage.covers(table, word)
        for table in ("sounding", "sound_itself")
        for word in range(*clause)
        if not term.first <= word < term.last
    )
    is_listed = any(
        heading.name == "sound" for heading in passage.terms("heading", Span(sentence.first, term.first))
    )
    return not (is_sounding or is_listed or _is_alone(passage, term, clause))


def _is_alone(passage: Passage, term: Term, clause: Span) -> bool:
    """Tell whether a clause names a sound, how loud it is, and nothing else."""
    is_shown = passage.covers("wearing", clause.first)  # "with a drum", but "with distant drums"
    if is_shown and not passage.terms("loudness", Span(clause.first, term.first)):
        return False
    tables = ("loudness", "determiner", "number", "late", "sound")
    return all(
        passage.is_filler(word) or any(passage.covers(table, word) for table in tables)
        for word in range(*clause)
        if not term.first <= word < term.last
    )


def _is_word_of_another(passage: Passage, term: Term) -> bool:
    """Tell whether a term only says what another sound does: "fireworks explode", "machine gun fire"."""
    first = max(passage.clause(term.first).first, term.first - _REACH)
    before = passage.terms("sound", Span(first, term.first))
    return any(other.name in _TOLD_BY.get(term.name, ()) for other in before)


def _is_by_animal(passage: Passage, term: Term) -> bool:
    """Tell whether steps are not a person's: "the horse walks"."""
    if term.name != "footsteps":
        return False
    before = passage.terms("person", Span(passage.clause(term.first).first, term.first))
    return bool(before) and all(other.name == "animal" for other in before)


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
