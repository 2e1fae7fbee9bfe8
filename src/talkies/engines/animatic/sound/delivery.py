"""How a line is spoken: who speaks it, and what the prompt says about the manner ("softly", 大声)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from talkies.engines.animatic.sound.voice_conversion import UNCHANGED, Timbre
from talkies.plan import Being, Voice


@dataclass(frozen=True)
class Delivery:
    """A way of speaking: timbre against the source voice, factor on the pace, dB against the usual level."""

    timbre: Timbre = UNCHANGED
    pace: float = 1.0
    level_db: float = 0.0

    def then(self, other: Delivery) -> Delivery:
        """Combine two ways of speaking."""
        return Delivery(
            self.timbre.then(other.timbre), self.pace * other.pace, self.level_db + other.level_db
        )


VOICES: dict[Voice, Delivery] = {
    "woman": Delivery(),
    "man": Delivery(Timbre(pitch=0.57, formants=0.87, melody=0.9)),
    "girl": Delivery(Timbre(pitch=1.36, formants=1.03), pace=0.95),
    "boy": Delivery(Timbre(pitch=1.15, formants=1.0), pace=0.96),
    "old_woman": Delivery(
        Timbre(pitch=0.86, formants=0.96, breath=0.2, tremor=0.022, tilt_db=-1.0), pace=0.9, level_db=-1.5
    ),
    "old_man": Delivery(
        Timbre(pitch=0.66, formants=0.9, melody=0.85, breath=0.2, tremor=0.022, tilt_db=-1.0),
        pace=0.9,
        level_db=-1.5,
    ),
    "narrator": Delivery(
        Timbre(pitch=0.48, formants=0.84, melody=0.8, tilt_db=-0.5, warmth_db=3.0), pace=0.96
    ),
}
"""Ratios of pitch and formants are those between the sexes and ages, on the side where words stay clear.
Source: Peterson, Barney, "Control methods used in a study of the vowels" (1952)."""

MALE_VOICES: frozenset[Voice] = frozenset({"man", "old_man", "narrator"})

_SPEAKERS = (Timbre(), Timbre(pitch=0.88, formants=0.96), Timbre(pitch=1.12, formants=1.04))
"""What tells the speakers of one voice apart; a fourth sounds like the first."""
_BEINGS: dict[Being, Timbre] = {
    "machine": Timbre(melody=0.12),
    "small_animal": Timbre(pitch=1.3, formants=1.03),
    "large_animal": Timbre(pitch=0.58, formants=0.88, warmth_db=2.0),
}
# Against the source voice: beyond, words are less clear. A woman's third speaker differs by pitch alone.
_PITCHES, _LOWEST_FORMANTS, _HIGHEST_FORMANTS = (0.46, 1.6), 0.83, 1.0

_WHISPER = Delivery(Timbre(whisper=True), pace=0.93, level_db=-6)
_SOFT = Delivery(Timbre(melody=0.9, tilt_db=-1.2), pace=0.95, level_db=-4)
_LOUD = Delivery(Timbre(pitch=1.1, melody=1.15, tilt_db=0.8), level_db=3)
_SHOUT = Delivery(Timbre(pitch=1.18, melody=1.2, tilt_db=1.2), level_db=4)
_EXCITED = Delivery(Timbre(pitch=1.06, melody=1.25, tilt_db=0.4), pace=1.08, level_db=1.5)
_HAPPY = Delivery(Timbre(pitch=1.04, melody=1.18), pace=1.03, level_db=0.5)
_SAD = Delivery(Timbre(pitch=0.96, melody=0.75, tilt_db=-0.8), pace=0.87, level_db=-2)
_CRYING = Delivery(Timbre(pitch=1.03, tremor=0.02, breath=0.2), pace=0.92, level_db=-1)
_ANGRY = Delivery(Timbre(pitch=1.04, melody=1.15, tilt_db=0.8), pace=1.05, level_db=2.5)
_CALM = Delivery(Timbre(melody=0.88), pace=0.94, level_db=-1)
_TENSE = Delivery(Timbre(pitch=1.05, tremor=0.012), pace=1.05)
_TIRED = Delivery(Timbre(pitch=0.97, melody=0.75, breath=0.15, tilt_db=-0.8), pace=0.88, level_db=-2)
_FLAT = Delivery(Timbre(melody=0.5))
_DEEP = Delivery(Timbre(pitch=0.9, formants=0.97, warmth_db=2))
_HIGH = Delivery(Timbre(pitch=1.1, formants=1.01))
_HOARSE = Delivery(Timbre(breath=0.35, tilt_db=-0.5))
_WARM = Delivery(Timbre(melody=0.95, tilt_db=-0.5, warmth_db=2), pace=0.97, level_db=-0.5)
_SLOW = Delivery(pace=0.82)
_FAST = Delivery(pace=1.2)

_MANNERS: tuple[tuple[str, str, Delivery], ...] = (
    (r"whisper|hushed|under (?:his|her|their) breath", "耳语|低语|轻语|悄悄|悄声", _WHISPER),
    (r"soft|quiet|gentl|tender|murmur|mutter|mumbl", "轻声|小声|低声|柔声|温柔|呢喃|喃喃|嘟囔|嘀咕", _SOFT),
    (r"loud|call|proud", "大声|高声|朗声|呼喊|高呼", _LOUD),
    (r"shout|yell|scream|roar|bellow|holler|shriek", "喊|吼|叫|咆哮", _SHOUT),
    (r"excit|energ|enthus|hyped|upbeat|cheer", "激动|兴奋|热情|惊喜|欢呼", _EXCITED),
    (r"happ|joy|play|laugh|giggl|chuckl|smil|grin", "开心|高兴|欢快|愉快|俏皮|调皮|笑", _HAPPY),
    (r"sad|upset|melanchol|solemn|grave|sigh|bitter", "悲伤|伤心|难过|哀|叹|失望|无奈|沉声", _SAD),
    (r"cry|sob|tear|trembl|whimper|choked|voice (?:break|crack|shak)", "哭|哽咽|颤抖|泪", _CRYING),
    (
        r"ang(?:r|er)|furious|rage|stern|growl|snarl|snap|annoy|irritat|frustrat",
        "愤怒|生气|怒|烦|厉声|质问",
        _ANGRY,
    ),
    (r"calm|serious|steady|documentary", "平静|冷静|严肃|沉稳|平稳|淡淡", _CALM),
    (
        r"nervous|anxious|fright|terrif|scared|afraid|fear|horror|panic|worr|hesitant|desperat|breathless",
        "紧张|害怕|焦急|焦虑|担忧|急切|惊恐|恐惧|慌",
        _TENSE,
    ),
    (r"tired|wear[iy]", "疲惫", _TIRED),
    (r"monoton|flat|deadpan|robotic|cold", "冷声|冷冷|机械", _FLAT),
    (r"deep|low\b|baritone", "低沉|浑厚|深沉|磁性", _DEEP),
    (r"high-pitched|high voice|squeak|squeal|childlike", "奶声奶气|清脆|甜美|撒娇", _HIGH),
    (r"hoarse|husky|raspy|gravelly|croak", "沙哑", _HOARSE),
    (r"warm", "温暖|温和|亲切|深情", _WARM),
    (r"slow", "缓|慢", _SLOW),
    (r"quick|fast|rapid|hurried", "快速|语速快|语速很快|语速较快|急促", _FAST),
)
"""Beginnings of English words, parts of Chinese ones, and what they change. All changes are small, so that
words stay clear when two or three of them meet."""


def delivery(voice: Voice, manner: Sequence[str]) -> Delivery:
    """Combine who speaks with how; words that say nothing about the sound change nothing.

    >>> delivery("woman", ["slowly"]).pace
    0.82
    """
    combined = VOICES[voice]
    for change in _changes(" ; ".join(manner).lower()):
        combined = combined.then(change)
    return combined


def of_speaker(timbre: Timbre, number: int, being: Being | None) -> Timbre:
    """Give a timbre to one of several speakers of a voice, and to what is no person.

    >>> of_speaker(Timbre(), 1, None).pitch, of_speaker(Timbre(pitch=0.57), 0, "large_animal").pitch
    (0.88, 0.46)
    """
    own = _SPEAKERS[number % len(_SPEAKERS)]
    if timbre.whisper:  # it has no pitch: only its formants tell two people apart
        own = replace(own, formants=own.formants**2)
    changed = timbre.then(own)
    if number:
        changed = replace(changed, formants=min(changed.formants, max(timbre.formants, _HIGHEST_FORMANTS)))
    if being is not None:
        changed = changed.then(_BEINGS[being])
    if changed == timbre:
        return timbre
    lowest, highest = _PITCHES
    pitch = min(max(changed.pitch, lowest), highest)
    return replace(changed, pitch=pitch, formants=max(changed.formants, _LOWEST_FORMANTS))


def _changes(words: str) -> list[Delivery]:
    """Find what the words ask for; a manner that is named twice counts once."""
    return [
        change
        for english, chinese, change in _MANNERS
        if re.search(rf"\b(?:{english})", words) or re.search(chinese, words)
    ]
