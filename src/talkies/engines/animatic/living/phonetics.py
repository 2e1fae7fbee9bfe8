"""What each sound of speech asks of the lips and the jaw.

The classes are the usual visemes; within a class the vowels keep their own opening and width.
Sources: Fisher, "Confusions among visually perceived consonants" (1968), for the classes of consonants;
Cohen, Massaro, "Modeling coarticulation in synthetic visual speech" (1993), for the idea that a sound holds
some parts of the mouth firmly and leaves others to its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from talkies.engines.animatic.living.expression import MouthShape
from talkies.plan import Phoneme, SpokenLine

VisemeName = Literal[
    "closed",  # p b m
    "lip_teeth",  # f v
    "tongue_teeth",  # th
    "ridge",  # t d n l
    "narrow",  # s z
    "hush",  # sh ch j
    "back",  # k g h
    "r",
    "rounded",  # w u
    "round",  # o
    "open",  # a
    "half_open",  # e
    "spread",  # i y
    "central",  # the schwa
    "silence",
]


@dataclass(frozen=True)
class Viseme:
    """A sound as it looks: its shape, and how firmly it holds the opening and the width, 0 to 1.

    `reach_s` is how far ahead of the sound and behind it the width is felt: lips round early.
    """

    name: VisemeName
    shape: MouthShape
    jaw: float
    lips: float
    reach_s: float = 0.05


def _vowel(name: VisemeName, opening: float, width: float) -> Viseme:
    rounded = width < -0.3
    return Viseme(
        name,
        MouthShape(opening=opening, width=width),
        jaw=1.0,
        lips=1.0 if rounded else 0.7,
        reach_s=0.09 if rounded else 0.055,
    )


SILENCE = Viseme("silence", MouthShape(), jaw=0.8, lips=0.4)

# Lips meet by pressing together, over a jaw that is on its way from vowel to vowel.
_CLOSED = Viseme("closed", MouthShape(opening=0.15, press=1.0), jaw=0.5, lips=0.1)
_LIP_TEETH = Viseme("lip_teeth", MouthShape(opening=0.12, width=0.1, tuck=1.0), jaw=0.7, lips=0.25)
_TONGUE_TEETH = Viseme("tongue_teeth", MouthShape(opening=0.18, width=0.1, tongue=1.0), jaw=0.6, lips=0.2)
_RIDGE = Viseme("ridge", MouthShape(opening=0.14, width=0.1, tongue=0.6), jaw=0.45, lips=0.12)
_LATERAL = Viseme("ridge", MouthShape(opening=0.32, width=0.1, tongue=0.95), jaw=0.5, lips=0.15)
_NARROW = Viseme("narrow", MouthShape(opening=0.06, width=0.4, tongue=0.2), jaw=0.8, lips=0.4)
_HUSH = Viseme("hush", MouthShape(opening=0.1, width=-0.45), jaw=0.75, lips=0.9, reach_s=0.07)
_BACK = Viseme("back", MouthShape(opening=0.2), jaw=0.3, lips=0.08)
_R = Viseme("r", MouthShape(opening=0.26, width=-0.35), jaw=0.45, lips=0.6, reach_s=0.06)
_GLIDE = Viseme("rounded", MouthShape(opening=0.12, width=-1.0), jaw=0.8, lips=1.0, reach_s=0.08)
_UNKNOWN = _vowel("central", 0.3, 0.0)

_CONSONANTS: tuple[tuple[str, Viseme], ...] = (
    ("pbmɓʙ", _CLOSED),
    ("fvɱʋɸβ", _LIP_TEETH),
    ("θð", _TONGUE_TEETH),
    ("tdnɾɗʈɖɳrⱱ", _RIDGE),
    ("lɫɭɬɮʎɺ", _LATERAL),
    ("szɕʑʦʣʨʥ", _NARROW),
    ("ʃʒʧʤʂʐʆʓ", _HUSH),
    ("kɡgŋxɣχʁqɢɴʀhɦħʕʔcɟçɲ", _BACK),
    ("ɹɻɽɚɝ", _R),
    ("wʍɥ", _GLIDE),
)
_VOWELS: dict[str, Viseme] = {
    "a": _vowel("open", 0.95, 0.15),
    "ɑ": _vowel("open", 1.0, 0.0),
    "æ": _vowel("open", 0.8, 0.45),
    "ɐ": _vowel("open", 0.75, 0.1),
    "ʌ": _vowel("open", 0.65, 0.05),
    "ɒ": _vowel("round", 0.75, -0.35),
    "ɔ": _vowel("round", 0.68, -0.5),
    "o": _vowel("round", 0.56, -0.7),
    "ɵ": _vowel("round", 0.35, -0.6),
    "ø": _vowel("round", 0.35, -0.65),
    "œ": _vowel("round", 0.5, -0.5),
    "ɤ": _vowel("central", 0.4, 0.05),
    "u": _vowel("rounded", 0.3, -1.0),
    "ʊ": _vowel("rounded", 0.36, -0.75),
    "y": _vowel("rounded", 0.18, -0.9),
    "ʏ": _vowel("rounded", 0.22, -0.75),
    "ɯ": _vowel("spread", 0.22, 0.3),
    "e": _vowel("half_open", 0.6, 0.6),
    "ɛ": _vowel("half_open", 0.68, 0.5),
    "i": _vowel("spread", 0.36, 1.0),
    "ɪ": _vowel("spread", 0.42, 0.7),
    "j": _vowel("spread", 0.18, 0.8),
    "ɨ": _vowel("spread", 0.28, 0.4),
    "ə": _vowel("central", 0.42, 0.05),
    "ɜ": _vowel("central", 0.5, -0.05),
    "ɘ": _vowel("central", 0.36, 0.1),
    "ᵻ": _vowel("spread", 0.28, 0.5),
}
_VISEMES: dict[str, Viseme] = _VOWELS | {letter: kind for letters, kind in _CONSONANTS for letter in letters}
_GLIDES = frozenset("j")  # among the vowels for their shape, but no syllable's core
_MARKS = frozenset("ːˑˈˌʰʲʷˠˤ̩̯̃̊‿.ʼ˞")  # length, stress, secondary articulation: they change no class
_PAUSES = frozenset(" ,.;:!?…—–-、，。；：！？\n")

_STRESSED_S = 0.09  # of a vowel, at the least
_UNTOLD_SOUNDS = "dakomite"  # for a character of a script whose sounds its letters do not tell
_LETTERS = {"c": "k", "q": "k", "x": "s", "g": "ɡ", "r": "ɹ", "j": "ʤ", "y": "i"}


class Sound(NamedTuple):
    """A stretch of speech with one shape, in seconds from the clip's start."""

    viseme: Viseme
    start_s: float
    end_s: float
    is_vowel: bool

    @property
    def centre_s(self) -> float:
        """Its middle."""
        return (self.start_s + self.end_s) / 2

    @property
    def duration_s(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


def sounds_of(line: SpokenLine) -> tuple[Sound, ...]:
    """Give the sounds of a line in order; pauses between them are left out.

    A symbol of several letters (a diphthong, an affricate) is shared evenly among them. A voice that gives
    no phonemes gets the rhythm of its text's letters.
    """
    return tuple(
        sound for phoneme in line.phonemes or tuple(_guessed(line)) for sound in _within_phoneme(phoneme)
    )


def viseme_of(letter: str) -> Viseme:
    """Give the viseme of one IPA letter; one that is not known looks like a schwa.

    >>> viseme_of("m").name, viseme_of("ʃ").name, viseme_of("ɑ").name
    ('closed', 'hush', 'open')
    """
    return _VISEMES.get(letter, _UNKNOWN)


def _within_phoneme(phoneme: Phoneme) -> Iterator[Sound]:
    letters = [letter for letter in phoneme.symbol if letter not in _MARKS and letter not in _PAUSES]
    step_s = (phoneme.end_s - phoneme.start_s) / max(len(letters), 1)
    for number, letter in enumerate(letters):
        start_s = phoneme.start_s + number * step_s
        yield Sound(viseme_of(letter), start_s, start_s + step_s, letter in _VOWELS and letter not in _GLIDES)


def _guessed(line: SpokenLine) -> Iterator[Phoneme]:
    """Spread the letters of a text over its line: vowels last longer, a pause lies at each mark."""
    letters = list(_as_sounds(line.text.lower()))
    weights = [_weight(letter) for letter in letters]
    start_s, unit_s = line.start_s, (line.end_s - line.start_s) / max(sum(weights), 1.0)
    for letter, weight in zip(letters, weights, strict=True):
        end_s = start_s + weight * unit_s
        if letter not in _PAUSES:
            yield Phoneme(symbol=letter, start_s=start_s, end_s=end_s)
        start_s = end_s


def _as_sounds(text: str) -> Iterator[str]:
    for number, letter in enumerate(text):
        if letter in _PAUSES:
            yield letter
        elif letter.isascii():
            if letter.isalpha():
                yield _LETTERS.get(letter, letter)
        elif letter.isalpha():
            pair = 2 * (number % (len(_UNTOLD_SOUNDS) // 2))
            yield from _UNTOLD_SOUNDS[pair : pair + 2]


def _weight(letter: str) -> float:
    if letter in _PAUSES:
        return 0.5 if letter == " " else 3.0
    return 3.0 if letter in _VOWELS else 2.0


def stresses(sounds: Sequence[Sound], least_gap_s: float) -> tuple[float, ...]:
    """Find the moments that a speaker stresses: the longest, most open vowels, no two too close together.

    Returns seconds, in order. The phonemes of the voices carry no stress marks; stressed vowels last longer.
    """
    vowels = [sound for sound in sounds if sound.is_vowel and sound.duration_s >= _STRESSED_S]
    chosen: list[float] = []
    for vowel in sorted(vowels, key=lambda sound: -sound.duration_s * (0.5 + sound.viseme.shape.opening)):
        if all(abs(vowel.start_s - other) >= least_gap_s for other in chosen):
            chosen.append(vowel.start_s)
    return tuple(sorted(chosen))
