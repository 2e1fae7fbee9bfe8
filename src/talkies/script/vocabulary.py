"""The words that the reader knows: one data file per language, all searched together in one pass.

A file holds tables of names, each with its phrases: `[weather] rain = ["rain~", "drizzle~"]`. The tables
and names are the same in every language, so that a new language is a new file. In a phrase

- a hyphen is a space, and case does not matter;
- `bark~` stands for every regular form: bark, barks, barked, barking;
- `..` stands for up to three words of any kind (five characters in a script without spaces);
- a phrase under the name `not` hides shorter ones of its table: "rain forest" is no rain.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import zip_longest
from typing import NamedTuple

from talkies.script.words import cut_as_spelt, is_mark, is_unspaced

HIDING = "not"
_GAP = ".."
_GAP_WORDS = 3
_GAP_CHARACTERS = 5


class Term(NamedTuple):
    """A phrase of the vocabulary found in a text: words `first` up to but not including `last`."""

    first: int
    last: int
    name: str


class _Node:
    """A point in the tree of phrases: what may come next, and which phrases end here."""

    __slots__ = ("ends", "gap", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.gap: _Node | None = None
        self.ends: list[tuple[str, str]] = []  # (table, name)


Tables = Mapping[str, Mapping[str, Sequence[str]]]


class Vocabulary:
    """Every phrase of every language as one tree, so that a text is searched once."""

    def __init__(self, languages: Sequence[Tables]) -> None:
        self._root = _Node()
        self._spelt: dict[tuple[str, str], list[str]] = defaultdict(list)
        for tables in languages:
            for table, names in tables.items():
                for name, phrases in names.items():
                    self._spelt[table, name].extend(phrases)
                    for phrase in phrases:
                        self._add(phrase, table, name)

    def spelt(self, table: str, name: str) -> tuple[str, ...]:
        """The phrases under a name as the files spell them."""
        return tuple(self._spelt[table, name])

    def find(self, words: Sequence[str]) -> dict[str, list[Term]]:
        """Find every term in the words, by table, in reading order.

        Of overlapping terms of one table the first stays, and of those that begin together the longest;
        names that share a phrase stay both.
        """
        found: dict[str, list[Term]] = defaultdict(list)
        root = self._root.words
        for first, (word, following) in enumerate(zip_longest(words, words[1:], fillvalue="")):
            node = root.get(word)
            if node is None or not (node.ends or node.gap or following in node.words):
                continue
            for table, name, last in _ends(node, words, first + 1):
                found[table].append(Term(first, last, name))
        return {table: _without_overlaps(terms) for table, terms in found.items()}

    def _add(self, phrase: str, table: str, name: str) -> None:
        nodes = [self._root]
        for step in _steps(phrase):
            nodes = [_child(node, word) for node in nodes for word in step or (None,)]
        for node in nodes:
            node.ends.append((table, name))


@cache
def vocabulary() -> Vocabulary:
    """Load the vocabulary of all languages from the data files beside this module, once."""
    folder = resources.files("talkies.script") / "vocabulary"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    return Vocabulary([tomllib.loads(file.read_text("utf-8")) for file in files])


def inflect(word: str) -> frozenset[str]:
    """Give the regular English forms of a verb or noun, and some that are none and never met.

    >>> sorted(form for form in inflect("pan") if form in {"pans", "panned", "panning"})
    ['panned', 'panning', 'pans']
    """
    forms = {word, word + "s", word + "es", word + "ed", word + "ing"}
    if word.endswith("e"):
        forms |= {word + "d", word[:-1] + "ing"}
    elif word.endswith("y"):
        forms |= {word[:-1] + "ies", word[:-1] + "ied"}
    else:
        forms |= {word + word[-1] + "ing", word + word[-1] + "ed"}
    return frozenset(forms)


def _steps(phrase: str) -> list[frozenset[str] | None]:
    """Read the notation: for each word the forms that may stand there; None is a gap."""
    steps: list[frozenset[str] | None] = []
    for part in phrase.replace(_GAP, f" {_GAP} ").split():
        if part == _GAP:
            steps.append(None)
            continue
        words = [word.text for word in cut_as_spelt(part.removesuffix("~"))]
        steps += [frozenset({word}) for word in words[:-1]]
        steps.append(inflect(words[-1]) if part.endswith("~") else frozenset({words[-1]}))
    return steps


def _child(node: _Node, word: str | None) -> _Node:
    """The node after a word, or after a gap when the word is None; made if there is none yet."""
    if word is not None:
        return node.words.setdefault(word, _Node())
    if node.gap is None:
        node.gap = _Node()
    return node.gap


def _ends(node: _Node, words: Sequence[str], at: int) -> Iterator[tuple[str, str, int]]:
    """Follow the tree from word `at`; yield table, name and end of every phrase that fits."""
    while True:
        for table, name in node.ends:
            yield table, name, at
        if node.gap is not None:
            yield from _ends_after_gap(node.gap, words, at)
        following = node.words.get(words[at]) if at < len(words) else None
        if following is None:
            return
        node = following
        at += 1


def _ends_after_gap(node: _Node, words: Sequence[str], at: int) -> Iterator[tuple[str, str, int]]:
    """Try the words after a gap; it takes as few as it can, and no mark."""
    longest = _GAP_CHARACTERS if at < len(words) and is_unspaced(words[at]) else _GAP_WORDS
    for start in range(at, min(at + longest + 1, len(words))):
        following = node.words.get(words[start])
        found = list(_ends(following, words, start + 1)) if following is not None else []
        if found:
            yield from found
            return
        if is_mark(words[start]):
            return


def _without_overlaps(terms: list[Term]) -> list[Term]:
    kept: list[Term] = []
    for term in sorted(terms, key=lambda term: (term.first, -term.last)):
        is_twin = bool(kept) and term[:2] == kept[-1][:2] and term not in kept[-3:]
        if not kept or term.first >= kept[-1].last or is_twin:
            kept.append(term)
    return kept
