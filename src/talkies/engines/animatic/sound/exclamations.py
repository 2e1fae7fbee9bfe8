"""Words as people write what they feel: drawn out ("Nooooo!"), or sounds without a vowel ("Shh")."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

_WORD = re.compile(r"[^\W\d_]+")
_RUN = re.compile(r"(.)\1{2,}", re.IGNORECASE)
_NUMERAL = re.compile("X{0,3}(?:IX|IV|V?I{0,3})")
_SAME_LETTER = re.compile(r"(.)\1*")
_MAX_RUNS = 6  # of one word that are weighed: 64 spellings

_SOUNDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(letters, re.IGNORECASE), phonemes)
    for letters, phonemes in (
        (r"s+h+", "ʃʃ"),
        (r"p+s{2,}t+", "psst"),
        (r"g+r{2,}", "ɡˈɜɹɹ"),
        (r"b+r{2,}", "bˈɜɹɹ"),
        (r"h+m{2,}", "hmm"),
        (r"m{3,}", "mmm"),
        (r"u+gh+", "ˈʌɡ"),
        (r"p+f{2,}t*", "pfft"),
        (r"t+s+k+", "tsk"),
        (r"z{3,}", "zzz"),
    )
)
"""What is written without a vowel to be heard as one sound, in the voice's phonemes."""
_VOWEL_SOUNDS = (
    (re.compile("a{2,}h*", re.IGNORECASE), "ah"),
    (re.compile("o{2,}h*", re.IGNORECASE), "ooh"),
)


def pronounced(sentence: str, knows: Callable[[str], bool]) -> str:
    """Write exclamations as the voice reads them right: `[Shh](/ʃʃ/)` gives a word its phonemes.

    `knows` tells whether the voice's dictionary has a word in small letters. A letter that stands three
    times or more stands twice if that is a word, else once.

    >>> pronounced("Shh! Nooo, it's goooood.", {"no", "good", "god"}.__contains__)
    "[Shh](/ʃʃ/)! no, it's good."
    """
    return _WORD.sub(lambda match: _exclamation(match[0], knows), sentence)


def is_drawn_out(sentence: str) -> bool:
    """Tell whether all words of a sentence are drawn out: "Nooooo!", but not "I'm soooo glad"."""
    words = _WORD.findall(sentence)
    return bool(words) and all(_RUN.search(word) and not _is_spelled(word) for word in words)


def _exclamation(word: str, knows: Callable[[str], bool]) -> str:
    for letters, phonemes in _SOUNDS:
        if letters.fullmatch(word):
            return f"[{word}](/{phonemes}/)"
    if not _RUN.search(word) or _is_spelled(word):
        return word
    for letters, spelling in _VOWEL_SOUNDS:
        if letters.fullmatch(word):
            return spelling
    return _shortened(word.lower(), knows)


def _is_spelled(word: str) -> bool:
    """Tell whether a word is one letter in capitals, a numeral, or "www": "AAA", "XXX", "VIII"."""
    is_one_letter = bool(_SAME_LETTER.fullmatch(word)) and (word.isupper() or word == "www")
    return is_one_letter or bool(_NUMERAL.fullmatch(word))


def _shortened(word: str, knows: Callable[[str], bool]) -> str:
    pieces = [match[0] for match in re.finditer(r"(.)\1{2,}|.", word)]
    runs = [index for index, piece in enumerate(pieces) if len(piece) > 2]
    spellings = itertools.product((2, 1), repeat=min(len(runs), _MAX_RUNS))
    for lengths in spellings:
        for index, length in itertools.zip_longest(runs, lengths, fillvalue=1):
            pieces[index] = pieces[index][0] * length
        if knows("".join(pieces)):
            break
    return "".join(pieces)
