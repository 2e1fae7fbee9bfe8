"""Cut text into words: the one tokeniser for prompts and for the phrases of the vocabulary."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

QUOTE = "\ue000"
"""The word that stands for a whole quotation. A private character: it can be no part of a word."""
QUOTE_REST = "\ue001"
"""Fills a masked quotation after its first character, so that two neighbouring quotations stay two."""

# Chinese, kana: written without spaces, so that each character is a word of its own
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_LETTER = rf"[^\W\d_{_UNSPACED}]"
_TOKEN = re.compile(
    rf"(?P<quote>{QUOTE}{QUOTE_REST}*)"
    rf"|(?P<skip>(?<=\w)[-‑](?=\w)|['’](?!s\b))"  # "close-up" is "close up"; a lone apostrophe is nothing
    rf"|['’]s\b"  # "the man's" is "the man" and "'s"
    rf"|\n|[{_UNSPACED}]|\d+(?:\.\d+)?"
    rf"|{_LETTER}+(?:['’](?!s\b){_LETTER}+)*"
    rf"|[^\w\s]|_"
)
_WITHOUT_APOSTROPHE = {
    word.replace("'", ""): word
    for word in (
        *("don't", "doesn't", "didn't", "isn't", "aren't", "wasn't", "weren't", "won't", "can't", "couldn't"),
        *("shouldn't", "wouldn't", "mustn't", "hasn't", "haven't", "hadn't"),
    )
}
# OpenCC leaves these, since they stand in simplified texts, too; no phrase that is read has them.
_ALSO_SIMPLER = {"著": "着", "妳": "你"}


class Word(NamedTuple):
    """A word, a number, a punctuation mark, a line end or a quotation, in lower case, with its place."""

    text: str
    start: int
    end: int


def cut(text: str) -> list[Word]:
    """Cut a text into words, in the spelling of the vocabulary: "don't" for "dont", 点头 for 點頭.

    >>> [word.text for word in cut("The man's close-up: 特写! Dont 點頭.")]
    ['the', 'man', "'s", 'close', 'up', ':', '特', '写', '!', "don't", '点', '头', '.']
    """
    words = cut_as_spelt(simplified(text))
    return [word._replace(text=_WITHOUT_APOSTROPHE.get(word.text, word.text)) for word in words]


def cut_as_spelt(text: str) -> list[Word]:
    """Cut a text that is known to be in the spelling of the vocabulary."""
    words: list[Word] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "skip":
            continue
        spelt = QUOTE if kind == "quote" else match.group().lower().replace("’", "'")
        words.append(Word(spelt, match.start(), match.end()))
    return words


def simplified(text: str) -> str:
    """Put simplified Chinese characters for traditional ones, one for one, so that every place stays."""
    return text.translate(_simpler_characters()) if _HAN.search(text) else text


@cache
def _simpler_characters() -> dict[int, str]:
    """The simplified character of every traditional one; OpenCC is loaded when a text needs it."""
    from opencc import OpenCC

    characters = [chr(code) for code in range(0x3400, 0xA000)]
    simpler = OpenCC("t2s").convert("\n".join(characters)).split("\n")  # apart, so that none changes another
    pairs = {**dict(zip(characters, simpler, strict=True)), **_ALSO_SIMPLER}
    return {ord(one): other for one, other in pairs.items() if other != one and len(other) == 1}


def is_mark(word: str) -> bool:
    """Tell whether a word of `cut` is punctuation, a line end or a quotation."""
    return not word[0].isalnum() and word != "'s"


def is_unspaced(word: str) -> bool:
    """Tell whether a word is a single character of a script without spaces."""
    return "\u3040" <= word[0] <= "\u30ff" or "\u3400" <= word[0] <= "\u9fff"
