"""Traits: what words for somebody tell of looks, as far as a picture can be searched for it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, cast

from talkies.script.vocabulary import Term, vocabulary
from talkies.script.words import is_unspaced

Part = Literal["clothes", "hair", "hat", "figure"]

_REACH = 2  # words between a colour and what has it: "a red silk shirt"
_REACH_UNSPACED = 3  # characters: 红色碎花裙
_WORN_BARE = ("in", "wearing", "穿", "着")  # "the lady in red"


class Trait(NamedTuple):
    """A colour of a part, or of the whole figure what else tells somebody from others: "beard", "upright"."""

    part: Part
    name: str


def traits_of(words: Sequence[str]) -> frozenset[Trait]:
    """Read the traits from the words for somebody.

    >>> sorted(traits_of("the bearded man in a dark red shirt".split()))
    [Trait(part='clothes', name='red'), Trait(part='figure', name='beard')]
    """
    found = vocabulary().find(words)
    traits = {Trait("figure", term.name) for term in found.get("look", ())}
    traits |= {Trait("hair", term.name) for term in found.get("hair", ())}
    colours = found.get("colour", [])
    for colour, following in pairwise([*colours, None]):
        if colour is None or (following is not None and following.first == colour.last):
            continue  # of "dark red" the last is meant
        part = _part(words, colour, found.get("worn", []))
        if part is not None:
            traits.add(Trait(part, colour.name))
    return frozenset(traits)


def _part(words: Sequence[str], colour: Term, worn: Sequence[Term]) -> Part | None:
    """Find what has a colour: the next thing worn behind it, or all clothes in "the lady in red"."""
    reach = _REACH_UNSPACED if is_unspaced(words[colour.first]) else _REACH
    for thing in worn:
        if colour.last <= thing.first <= colour.last + reach:
            return cast(Part, thing.name)
    return "clothes" if colour.first and words[colour.first - 1] in _WORN_BARE else None
