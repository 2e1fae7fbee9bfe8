"""Tell the language of a text: by its script, and among languages in Latin letters by its commonest words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

_SAMPLE = 4000  # characters that are looked at: more tell no more
_LATIN = "latin"
_DEFAULT = "en"
_WORDS_FOR_ONE = 8  # words of a text for each that must be known
_CLEAR_WORDS = 3  # words of a text in which none is English
_LONG_WORD = 4  # letters: shorter words are also names and parts of names
_WORD = re.compile(r"(?<![^\W_])[^\W\d_]+(?:['’][^\W\d_]+)?(?![^\W_])")  # not the "co" of "CO2"
_TOP_DOMAINS = "com|org|net|edu|gov|info|biz|io|ai|app|dev|tv|eu|uk|de|fr|cn"

_INITIALS = re.compile(r"(?<!\w)(?:[^\W\d_]\.){2,}")  # "e.g.", whose "e" is no Italian "and"

ADDRESS = re.compile(
    r"(?:https?://|www\.)[\w.:/@?=&%#~+-]*[\w/]|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    rf"|(?<![\w.@-])(?:[\w-]+\.)+(?:{_TOP_DOMAINS})\b(?![.@]\w)(?:/[\w./-]*\w)?",
    re.ASCII | re.IGNORECASE,
)
"""A web or e-mail address, which tells no language. Of bare domains only those with a usual ending."""


@dataclass(frozen=True)
class _Data:
    """What tells languages apart.

    `scripts`: the characters of a language's own script, in order of precedence; `variants`:
    the letters that tell another language of that script. `words`, `letters` and `shared_letters`: the
    commonest words of languages in Latin letters, the letters that tell one alone, and those that several
    have. `writing`: the script of the others.
    """

    scripts: dict[str, re.Pattern[str]]
    variants: dict[str, dict[str, frozenset[str]]]
    words: dict[str, frozenset[str]]
    letters: dict[str, frozenset[str]]
    shared_letters: dict[str, frozenset[str]]
    writing: dict[str, str]

    @property
    def codes(self) -> tuple[str, ...]:
        """The languages in Latin letters."""
        return tuple(dict.fromkeys((*self.words, *self.letters)))


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
        shared_letters={code: frozenset(letters) for code, letters in tables["shared_letters"].items()},
        writing=tables["writing"],
    )


def detect(text: str) -> str:
    """Name the language of a text by its BCP 47 primary tag; "en" when nothing tells.

    >>> [detect(text) for text in ("Hello there", "你好", "こんにちは", "¿Dónde está la playa?")]
    ['en', 'zh', 'ja', 'es']
    """
    sample = _INITIALS.sub(" ", ADDRESS.sub(" ", text[:_SAMPLE]))
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
    common = _data().words
    known = {code: [word for word in words if word in common.get(code, ())] for code in _data().codes}
    special = _special_letters(text, known)
    scores = {code: len(known[code]) + special[code] for code in known}
    best = max(scores, key=lambda code: (scores[code], special[code], code == _DEFAULT))
    # one short word proves nothing in a long sentence: it may be a name or a loan
    needed = max(1, len(words) // _WORDS_FOR_ONE)
    is_told = special[best] or len(known[best]) > 1 or _tells_alone(known[best], words, scores[_DEFAULT])
    return best if scores[best] >= needed and is_told else _DEFAULT


def _tells_alone(known: Sequence[str], words: Sequence[str], english: int) -> bool:
    """Tell whether a single word is proof: "Bonjour, Max", but not the "van" of "Van Helsing"."""
    is_foreign = not english and len(words) >= _CLEAR_WORDS and max(map(len, known), default=0) > 1
    return is_foreign or len(known) == len(words) or any(len(word) >= _LONG_WORD for word in known)


def _special_letters(text: str, known: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Count for each language the letters that English has not; a shared one tells only beside a word."""
    if text.isascii():
        return dict.fromkeys(known, 0)
    own, shared = _data().letters, _data().shared_letters
    return {
        code: sum(
            letter in own.get(code, "") or (bool(known[code]) and letter in shared.get(code, ""))
            for letter in text
        )
        for code in known
    }
