"""Make a line of a prompt fit to be read aloud: no markup, quotes, emoji or shouting in capitals."""

from __future__ import annotations

import itertools
import re
import unicodedata

from talkies.engines.animatic.sound import written_out

ENGLISH, CHINESE = "en", "zh"
MAX_LETTERS = 800  # about 50 s of speech: four times the longest clip, so that the rest is never heard
_LETTERS_IN_A_SYLLABLE = 4  # which one Chinese, Japanese or Korean character stands for

_TAG = re.compile(r"<[^<>]{0,80}>")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_PART_OF_ONE = re.compile("(?<=\\d)(?=[¼-¾⅐-⅞])")  # behind a number: "1½" is not eleven halves
_MARKS = re.compile(r"[*_~`|\\^=#]+")
_BRACKETS = re.compile(r"[()\[\]{}<>]+")
_QUOTES = re.compile('["“”„«»‹›「」『』《》〈〉]')
_LONE_APOSTROPHE = re.compile(r"(?<!\w)'|'(?!\w)")
_LONG_DRAWN = re.compile(r"([a-vx-z])\1{2,}")  # not w: "www" is spelled
_SPACE = re.compile(r"[^\S\n]+")
_STRAY_COMMA = re.compile(r"(?: ?, ?)+(?=[,.;:!?]|$)|^[ ,]+")
_SPACE_BEFORE_STOP = re.compile(r"\s+(?=[,.;:!?])")
_SENTENCE_END = re.compile(r"[.!?。！？…]\s*")
_ARTICULATE = re.compile(r"[^\W_]")
_WRITERS = {ENGLISH: written_out.english, CHINESE: written_out.chinese}


def readable(text: str, language: str = ENGLISH) -> str:
    """Strip what is not read aloud, and write out what the voice for the language would misread.

    The answer has at most `MAX_LETTERS`, to the end of a sentence or word, and is empty when there is nothing
    to say.

    >>> readable("<b>“So *good*!”</b> 😀")
    'So good!'
    >>> readable("...?!")
    ''
    """
    text = unicodedata.normalize("NFKC", _PART_OF_ONE.sub(" ", text)).replace("⁄", "/")
    text = text.replace("’", "'").replace("‘", "'")
    text = _LINK.sub(r"\1", _TAG.sub(" ", text))
    if language in _WRITERS:
        text = _WRITERS[language](text)
    for pattern, replacement in ((_MARKS, " "), (_QUOTES, ""), (_BRACKETS, ", ")):
        text = pattern.sub(replacement, text)
    text = "".join(_spoken_character(character) for character in text)
    text = _SPACE.sub(" ", _LONE_APOSTROPHE.sub("", text))
    text = _STRAY_COMMA.sub("", _SPACE_BEFORE_STOP.sub("", text)).strip()
    if not _ARTICULATE.search(text):
        return ""
    text = _calm_capitals(text)
    # the English voice tells drawn-out words by itself, and holds them
    text = written_out.stops_told(text) if language == ENGLISH else _LONG_DRAWN.sub(r"\1\1", text)
    return _shorten(text)


def _spoken_character(character: str) -> str:
    category = unicodedata.category(character)
    if character == "\n":
        return character
    if category == "Cf":  # zero-width joiners and marks sit inside words
        return ""
    return " " if category in ("Cc", "Cs", "Co", "Cn", "So", "Sk") and character != "°" else character


def _calm_capitals(text: str) -> str:
    """Lower a text written wholly in capitals, which would be spelled ("HELP US")."""
    if text.isupper() and " " in text:
        return re.sub(r"\bi\b", "I", text.lower())
    return text


def _shorten(text: str) -> str:
    letters = itertools.accumulate(
        _LETTERS_IN_A_SYLLABLE if unicodedata.east_asian_width(character) == "W" else 1 for character in text
    )
    room = sum(count <= MAX_LETTERS for count in letters)
    if room == len(text):
        return text
    head = text[:room]
    ends = [match.end() for match in _SENTENCE_END.finditer(head)]
    cut = ends[-1] if ends else head.rfind(" ")
    return head[: cut if cut > 0 else room].strip()
