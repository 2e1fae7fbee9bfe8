"""Names that the English voice would guess wrongly: it knows no personal name and reads "Sean" as "seen"."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources

_WORD = re.compile(r"(?<!\w)([^\W\d_]+)('s)?(?![\w(])(?! [IVX]+\b)")  # the voice itself reads "Catherine II"
_VOICELESS, _SIBILANTS = "ptkfθ", "szʃʒʧʤ"


def named(sentence: str, knows: Callable[[str], bool]) -> str:
    """Give the names in a sentence their sounds as the voice takes them: `[Sean](/ʃˈɔn/)`.

    A name in small letters counts too, unless `knows` says that it is a word.

    >>> named("Sean's friend is chloe.", {"friend"}.__contains__)
    "[Sean's](/ʃˈɔnz/) friend is [chloe](/klˈOi/)."
    """
    return _WORD.sub(lambda match: _sounding(match, knows), sentence)


def _sounding(match: re.Match[str], knows: Callable[[str], bool]) -> str:
    word, owns = match[1], match[2] is not None
    sounds = _sounds().get(word.capitalize())
    if sounds is None or (word.islower() and knows(word)):
        return match[0]
    return f"[{match[0]}](/{_owner(sounds) if owns else sounds}/)"


def _owner(sounds: str) -> str:
    if sounds[-1] in _SIBILANTS:
        return sounds + "ᵻz"
    return sounds + ("s" if sounds[-1] in _VOICELESS else "z")


@cache
def _sounds() -> Mapping[str, str]:
    file = resources.files("talkies.engines.animatic.sound") / "names.toml"
    return tomllib.loads(file.read_text("utf-8"))
