"""Tell the language of a text: by its script, and among languages in Latin letters by its commonest words."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

_SAMPLE = 4000  # characters that are looked at: more tell no more
_LATIN = "latin"
_DEFAULT = "en"
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


@dataclass(frozen=True)
class _Data:
    """What tells languages apart.

    `scripts`: the characters of a language's own script, in order of precedence; `variants`:
    the letters that tell another language of that script. `words` and `letters`: the
    commonest words and special letters of languages in Latin letters. `writing`: the script of the others.
    """

    scripts: dict[str, re.Pattern[str]]
    variants: dict[str, dict[str, frozenset[str]]]
    words: dict[str, frozenset[str]]
    letters: dict[str, frozenset[str]]
    writing: dict[str, str]


@cache
def _data() -> _Data:
    file = resources.files("talkies.script") / "languages.toml"
    tables = tomllib.loads(file.read_text("utf-8"))
    return _Data(
        scripts={code: re.compile(f"[{characters}]") for code, characters in tables["scripts"].items()},
        variants={
            code: {variant: frozenset(letters) for variant, letters in variants.items()}
            for code, variants in tables["variants"].items()
        },
        words={code: frozenset(words.split()) for code, words in tables["words"].items()},
        letters={code: frozenset(letters) for code, letters in tables["letters"].items()},
        writing=tables["writing"],
    )


def detect(text: str) -> str:
    """Name the language of a text by its BCP 47 primary tag; "en" when nothing tells.

    >>> [detect(text) for text in ("Hello there", "你好", "こんにちは", "¿Dónde está la playa?")]
    ['en', 'zh', 'ja', 'es']
    """
    sample = text[:_SAMPLE]
    letters = sum(character.isalpha() for character in sample)
    for code, pattern in _data().scripts.items():
        if len(pattern.findall(sample)) * 5 >= letters > 0:
            return _variant(code, sample)
    return _detect_latin(sample.lower())


def _variant(code: str, sample: str) -> str:
    """The language of the same script that the letters point to, if any: Ukrainian and not Russian."""
    variants = _data().variants.get(code, {})
    return next((variant for variant, letters in variants.items() if letters & set(sample)), code)


def share_writing(one: str, other: str) -> bool:
    """Tell whether two languages are written in the same script, so that a text may be in either."""
    writing = _data().writing
    return writing.get(one, _LATIN) == writing.get(other, _LATIN)


def _detect_latin(text: str) -> str:
    words = _WORD.findall(text)
    scores = {code: sum(word in common for word in words) for code, common in _data().words.items()}
    if not text.isascii():
        for code, letters in _data().letters.items():
            scores[code] = scores.get(code, 0) + sum(character in letters for character in text)
    best = max(scores, key=lambda code: (scores[code], code == _DEFAULT))
    # one short word proves nothing in a long sentence: it may be a name or a loan
    needed = max(1, len(words) // 8)
    return best if scores[best] >= needed and scores[best] > scores[_DEFAULT] else _DEFAULT
