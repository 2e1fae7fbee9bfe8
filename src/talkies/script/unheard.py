"""Find the sounds that a prompt tells and that the vocabulary lacks, so that an engine can name them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term
from talkies.script.words import is_mark, is_unspaced

_MARKS = " ,.;:!?，。；：！？、()（）\n-–—"
_LONGEST_NAME = 6  # characters of what makes a Chinese …声
_LONGEST_TEXT = 14  # words of a sound's name
_HEARD = ("sound", "voice", "silent", "no_music")  # in their clauses nothing is missing
_MUSIC = ("music", "instrument")  # nor here, unless it is told how it sounds
_OWNERS = frozenset({"her", "his", "its", "their", "my", "your", "our"})
_BEFORE_A_NOUN = ("determiner", "preposition", "number", "adjective", "wearing", "framed_by")


def read_unheard(passage: Passage, span: Span) -> tuple[str, ...]:
    """Read the prompt's own words for sounds that are told and not known, each once, in order.

    They are told by "the sound of …", "… can be heard", 的声音 and the like, or by a verb of sounding.
    """
    found = sorted([*_told(passage, span), *_sounding(passage, span)])
    return tuple(dict.fromkeys(passage.spelt(*name).strip(_MARKS) for name in found))


def _told(passage: Passage, span: Span) -> Iterator[Span]:
    known = _known_clauses(passage, span, _HEARD + _MUSIC)
    for term in passage.terms("told_sound", span):
        clause = _within(passage.clause(term.first), span)
        if passage.is_negated(term, "sound") or passage.clause_of[term.first] in known:
            continue
        if term.name == "before":
            name = Span(term.last, min(clause.last, term.last + _LONGEST_TEXT))
        elif is_unspaced(passage.words[term.first]):
            name = Span(_start_of_name(passage, clause, term), term.last)
        else:
            name = Span(clause.first, term.first)
        if any(passage.words[word].isalnum() for word in range(*name)) and name.last - name.first > 0:
            yield name


def _start_of_name(passage: Passage, clause: Span, term: Term) -> int:
    """The first character of what makes a sound: 海豚的声音 in 远处传来海豚的声音."""
    first = term.first
    while first > max(clause.first, term.first - _LONGEST_NAME):
        before = first - 1
        if is_mark(passage.words[before]) or passage.covers("leads_to_sound", before):
            break
        if not is_unspaced(passage.words[before]) or passage.covers("loudness", before):
            break
        first = before
    return first if first < term.first else term.last


def _sounding(passage: Passage, span: Span) -> Iterator[Span]:
    known = _known_clauses(passage, span, _HEARD)
    quotes = sorted(passage.quotation_at)
    for term in passage.terms("sounding", span):
        clause = _within(passage.clause(term.first), span)
        sentence = passage.sentence(term.first)
        is_quoted = bisect_left(quotes, sentence.first) < bisect_left(quotes, sentence.last)
        if term.name != "verb" or is_quoted or passage.is_negated(term, "sound"):
            continue
        if passage.clause_of[term.first] not in known and _is_done(passage, clause, term):
            yield clause


def _within(clause: Span, span: Span) -> Span:
    return Span(max(clause.first, span.first), min(clause.last, span.last))


def _known_clauses(passage: Passage, span: Span, tables: tuple[str, ...]) -> frozenset[int]:
    """The numbers of the clauses that tell something of the tables."""
    return frozenset(passage.clause_of[term.first] for table in tables for term in passage.terms(table, span))


def _is_done(passage: Passage, clause: Span, term: Term) -> bool:
    """Tell whether a word of sounding is a verb: "the gate rattles", but not "rings on her fingers"."""
    word = passage.words[term.last - 1]
    if is_unspaced(word):
        return True
    before = term.first - 1
    while before >= clause.first and passage.words[before].endswith("ly"):
        before -= 1
    if before < clause.first or is_mark(passage.words[before]):
        return word.endswith("ing")
    is_noun = passage.words[before] in _OWNERS or any(
        passage.covers(table, before) for table in _BEFORE_A_NOUN
    )
    is_plural = passage.words[before].endswith("s")
    is_last = term.last == clause.last or is_mark(passage.words[term.last])  # "fan hum"
    return not is_noun and (word.endswith(("s", "ing")) or is_plural or is_last)
