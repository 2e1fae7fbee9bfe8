"""Cut text into words: the one tokeniser for prompts and for the phrases of the vocabulary."""

from __future__ import annotations

import re
from typing import NamedTuple

QUOTE = "\ue000"
"""The word that stands for a whole quotation. A private character: it can be no part of a word."""
QUOTE_REST = "\ue001"
"""Fills a masked quotation after its first character, so that two neighbouring quotations stay two."""

# Chinese, kana: written without spaces, so that each character is a word of its own
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_LETTER = rf"[^\W\d_{_UNSPACED}]"
_TOKEN = re.compile(
    rf"(?P<quote>{QUOTE}{QUOTE_REST}*)"
    rf"|(?P<skip>(?<=\w)[-‑](?=\w)|['’](?!s\b))"  # "close-up" is "close up"; a lone apostrophe is nothing
    rf"|['’]s\b"  # "the man's" is "the man" and "'s"
    rf"|\n|[{_UNSPACED}]|\d+(?:\.\d+)?"
    rf"|{_LETTER}+(?:['’](?!s\b){_LETTER}+)*"
    rf"|[^\w\s]|_"
)


class Word(NamedTuple):
    """A word, a number, a punctuation mark, a line end or a quotation, in lower case, with its place."""

    text: str
    start: int
    end: int


def cut(text: str) -> list[Word]:
    """Cut a text into words.

    >>> [word.text for word in cut("The man's close-up: 特写!")]
    ['the', 'man', "'s", 'close', 'up', ':', '特', '写', '!']
    """
    words: list[Word] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "skip":
            continue
        spelt = QUOTE if kind == "quote" else match.group().lower().replace("’", "'")
        words.append(Word(spelt, match.start(), match.end()))
    return words


def is_mark(word: str) -> bool:
    """Tell whether a word of `cut` is punctuation, a line end or a quotation."""
    return not word[0].isalnum() and word != "'s"


def is_unspaced(word: str) -> bool:
    """Tell whether a word is a single character of a script without spaces."""
    return "\u3040" <= word[0] <= "\u30ff" or "\u3400" <= word[0] <= "\u9fff"
