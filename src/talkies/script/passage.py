"""A prompt laid out for reading: words, clauses and sentences, with every vocabulary term in it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from talkies.script.quotes import Quotation, find_quotations, mask
from talkies.script.vocabulary import HIDING, Term, vocabulary
from talkies.script.words import QUOTE, QUOTE_REST, cut, is_mark, is_unspaced

_SENTENCE_ENDS = frozenset(".!?。！？…\n")
_COLONS = ":："
_LONGEST_LABEL = 12  # words before the colon of a label
_NEGATION_REACH = 6  # words back that a "no" is looked for, from each item of a list
_LONGEST_LIST = 60  # words of a list that is denied as a whole


class Span(NamedTuple):
    """Words `first` up to but not including `last`."""

    first: int
    last: int


class Passage:
    """A prompt laid out: `words` in lower case without what stands in quotes, and where each one is.

    A quotation is one word, `QUOTE`; `quotation_at` tells which. `clauses` and `sentences` cover all words;
    a punctuation mark closes its clause, a conjunction opens one.
    """

    def __init__(self, text: str) -> None:
        # a line end that was escaped once too often is one all the same
        self.text = text.replace(QUOTE, " ").replace(QUOTE_REST, " ").replace("\\n", " \n")
        quotations = find_quotations(self.text)
        cut_words = cut(mask(self.text, quotations))
        self.words = [word.text for word in cut_words]
        self.starts = [word.start for word in cut_words]
        self.ends = [word.end for word in cut_words]
        found = vocabulary().find(self.words)
        self._terms = {
            table: [term for term in terms if term.name != HIDING] for table, terms in found.items()
        }
        self._firsts = {table: [term.first for term in terms] for table, terms in self._terms.items()}
        quote_words = [number for number, word in enumerate(self.words) if word == QUOTE]
        self.quotation_at: dict[int, Quotation] = dict(zip(quote_words, quotations, strict=True))
        self._covered: dict[tuple[str, str | None], frozenset[int]] = {}
        self._marks = frozenset(at for at, word in enumerate(self.words) if is_mark(word))
        self._fillers = self._find_fillers()
        self._known = frozenset(
            at for terms in self._terms.values() for term in terms for at in range(term.first, term.last)
        )
        self.sentences, self._sentence_of = self._cut_sentences()
        self.clauses, self.clause_of = self._cut_clauses()
        self._refused = frozenset(self._find_refused())

    def terms(self, table: str, span: Span | None = None) -> list[Term]:
        """The terms of a table that begin in a span (default: anywhere), without those that only hide."""
        terms = self._terms.get(table, [])
        if span is None or not terms:
            return terms
        firsts = self._firsts[table]
        return terms[bisect_left(firsts, span.first) : bisect_left(firsts, span.last)]

    def covers(self, table: str, word: int, name: str | None = None) -> bool:
        """Tell whether a word belongs to a term of the table (of that name)."""
        covered = self._covered.get((table, name))
        return word in (self._named(table, name) if covered is None else covered)

    def sentence(self, word: int) -> Span:
        """The sentence that a word stands in."""
        return self.sentences[self._sentence_of[word]]

    def clause(self, word: int) -> Span:
        """The clause that a word stands in."""
        return self.clauses[self.clause_of[word]]

    def spelt(self, first: int, last: int) -> str:
        """The prompt's own words from `first` up to but not including `last`."""
        return self.text[self.starts[first] : self.ends[last - 1]].strip() if first < last else ""

    def lead(self, span: Span) -> int:
        """The first word of a clause that is no adverb, article or the like; `span.last` if none."""
        for word in range(span.first, span.last):
            if not self.is_filler(word):
                return word
        return span.last

    def is_filler(self, word: int) -> bool:
        """Tell whether a word is passed over on the way to a clause's subject."""
        return word in self._fillers

    def is_known(self, word: int) -> bool:
        """Tell whether a word belongs to any term of the vocabulary."""
        return word in self._known

    def is_negated(self, term: Term, also: str | None = None) -> bool:
        """Tell whether a term is denied. `also` names further denying words that hold for it ("silent")."""
        return self.denial(term, also) is not None

    def is_ruled_out(self, term: Term, also: str | None = None) -> bool:
        """Tell whether a thing is denied before its name or behind it: "Music: none", "its siren off"."""
        return self.is_negated(term, also) or self._is_denied_behind(term)

    def is_refused(self, word: int) -> bool:
        """Tell whether a word stands in a list of what must not be: "Negative prompt: …", 避免：…"""
        return word in self._refused

    def denial(self, term: Term, also: str | None = None) -> int | None:
        """Find the "no", "without" or the like before a term, or within it as in 无风, that denies it.

        A list is denied as a whole: "no wind, rain or thunder".
        """
        if term.first in self._refused:
            return term.first
        denying = self._denying(also)
        if not denying:
            return None
        within = next((word for word in range(term.first, term.last) if word in denying), None)
        return self._denial_before(term, denying) if within is None else within

    def _denying(self, also: str | None) -> frozenset[int]:
        key = ("negation", f"no or {also}")
        if key not in self._covered:
            words = self._named("negation", "no")
            self._covered[key] = words if also is None else words | self._named("negation", also)
        return self._covered[key]

    def _denial_before(self, term: Term, denying: frozenset[int]) -> int | None:
        nearest = term.first
        is_after_adverb = False
        for word in range(term.first - 1, max(term.first - _LONGEST_LIST, 0) - 1, -1):
            if nearest - word > _NEGATION_REACH:
                return None
            if word in denying:
                # 不高兴地笑: the character denies the manner only
                return None if is_after_adverb and self._is_lone_character(word) else word
            if self._ends_denial(word, term):
                return None
            if word in self._marks:
                nearest = word
            is_after_adverb |= self.words[word] == "地" and word in self._fillers
        return None

    def _is_lone_character(self, word: int) -> bool:
        denial = self.terms("negation", Span(word, word + 1))
        return bool(denial) and denial[0].last == word + 1 and is_unspaced(self.words[word])

    def _ends_denial(self, word: int, term: Term) -> bool:
        """Tell whether a word is where the reach of a "no" before it ends."""
        if word in self._marks:
            return self.words[word] != "、" and not (self.words[word] in ",，" and self._is_in_or_list(term))
        joins = word in self._named("break", "join") or word not in self._named("break", None)
        return word in self._named("negation", "stop") or not joins

    def _is_denied_behind(self, term: Term) -> bool:
        """Tell whether a clause ends with a denial right behind a term; not so "off" in "walks off"."""
        behind = self.terms("denied_behind", Span(term.last, term.last + 1))
        if not behind or self.covers("action", term.last - 1):
            return False
        return behind[0].last == len(self.words) or behind[0].last in self._marks

    def _is_in_or_list(self, term: Term) -> bool:
        around = range(max(term.first - 2, 0), min(term.last + 5, len(self.words)))
        return any(word in self._named("negation", "list") for word in around)

    def _find_refused(self) -> Iterator[int]:
        """Find what follows "Negative prompt:", "Avoid:" or the like, to the end of its sentence."""
        last = 0
        for colon in range(1, len(self.words) - 1):
            if colon < last or self.words[colon] not in _COLONS:
                continue
            is_quoted = self.words[colon + 1] == QUOTE  # No: "Stop!"
            opens = not is_quoted and {self.clause(colon).first, colon - 1} <= self._named("negation", "no")
            if opens or self.covers("refusal", colon - 1):
                first = colon + 2 if self.words[colon + 1] == "\n" else colon + 1
                last = self.sentence(min(first, len(self.words) - 1)).last
                yield from range(first, last)

    def _find_fillers(self) -> frozenset[int]:
        tables = ("filler", "break", "speed", "amount")
        adverbs = (at for at, word in enumerate(self.words) if word.endswith("ly") and len(word) > 4)
        return frozenset().union(self._marks, adverbs, *(self._named(table, None) for table in tables))

    def _named(self, table: str, name: str | None) -> frozenset[int]:
        """The words that belong to terms of the table (of that name)."""
        key = (table, name)
        if key not in self._covered:
            terms = [term for term in self._terms.get(table, ()) if name in (None, term.name)]
            self._covered[key] = frozenset(at for term in terms for at in range(term.first, term.last))
        return self._covered[key]

    def _cut_sentences(self) -> tuple[list[Span], list[int]]:
        ends = [number + 1 for number in range(len(self.words)) if self._ends_sentence(number)]
        return _spans(ends, len(self.words))

    def _ends_sentence(self, number: int) -> bool:
        word = self.words[number]
        if word == QUOTE:
            return self._quotation_ends_sentence(number)
        if word == "." and number and self._is_abbreviation(number - 1):
            return False
        return word in _SENTENCE_ENDS

    def _is_abbreviation(self, number: int) -> bool:
        """Tell whether the dot after a word only shortens it: "Mr.", "(V.O.)"."""
        word, after = self.words[number], self.text[self.ends[number + 1] : self.ends[number + 1] + 1]
        is_initial = len(word) == 1 and word.isalpha() and word.isascii()
        return self.covers("abbreviation", number) or (is_initial and after.strip() != "")

    def _quotation_ends_sentence(self, number: int) -> bool:
        """Tell whether a sentence ends with a quotation: it closes itself; a capital or label follows."""
        if number + 1 == len(self.words):
            return True
        if self.quotation_at[number].text[-1] not in ".!?。！？…":
            return False
        return self.text[self.starts[number + 1]].isupper() or self._leads_to_label(number + 1)

    def _leads_to_label(self, number: int) -> bool:
        """Tell whether a colon comes before the sentence ends: 女人说：, 音效："""
        for word in self.words[number : number + _LONGEST_LABEL]:
            if word in _COLONS:
                return True
            if word == QUOTE or word in _SENTENCE_ENDS:
                return False
        return False

    def _cut_clauses(self) -> tuple[list[Span], list[int]]:
        return _spans(sorted(set(self._clause_ends())), len(self.words))

    def _clause_ends(self) -> Iterator[int]:
        for number, word in enumerate(self.words):
            if word == QUOTE:
                yield number
            if number in self._marks:
                yield number + 1
        for term in self.terms("break"):
            yield term.first


def _spans(ends: list[int], count: int) -> tuple[list[Span], list[int]]:
    """Make spans from their ends, and for each word the number of its span."""
    spans: list[Span] = []
    number_of: list[int] = []
    first = 0
    for last in [*ends, count]:
        if last > first:
            number_of += [len(spans)] * (last - first)
            spans.append(Span(first, last))
            first = last
    return spans, number_of
