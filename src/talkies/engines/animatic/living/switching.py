"""Light that comes or goes with a sound: of a door that opens or shuts, of a lamp that is switched."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Literal, NamedTuple

import numpy as np

from talkies.engines.animatic.living.blending import mix_exposure, scaled_tone
from talkies.engines.animatic.living.lamps import find_lamps, glow_around
from talkies.engines.animatic.living.sight import Field, Sight, Stage
from talkies.engines.animatic.sound.effects import effect_onset
from talkies.media import Frame, rng
from talkies.plan import Effect, Plan
from talkies.spec import FRAME_RATE, SAMPLE_RATE

Source = Literal["door", "lamp"]

_SOUNDS: tuple[tuple[Effect, Source], ...] = (("door", "door"), ("click", "lamp"))
_SHINES = re.compile(
    r"\b(?:(?:sun|day|moon|lamp|candle)?lights?|sunshine|sun|glow|beams?|rays?)\b|光|亮", re.IGNORECASE
)
_ARRIVES = re.compile(
    r"\b(?:fall|flood|stream|pour|spill|shin|fill|burst|enter|let|cast|throw|bath|light(?:en|s up)"
    r"|(?:comes?|in|into|through|across)\b)|光|亮",
    re.IGNORECASE,
)
_DARKENS = re.compile(
    r"\b(?:dark(?:ness|er|ens)?|gloom|black(?:ness)?|shadows?)\b|\blight\b.{0,20}\b(?:goes|gone|fad|disappear|vanish)"
    r"|暗|黑",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"[.;!?\n。；！？]+")
_NAMED: dict[Source, re.Pattern[str]] = {
    "door": re.compile(r"\b(?:door(?:way)?|gate|hatch|shutter)s?\b|门", re.IGNORECASE),
    "lamp": re.compile(r"\b(?:lights?|lamps?|switch)\b|灯", re.IGNORECASE),
}
_TURNS: dict[Source, re.Pattern[str]] = {
    "door": re.compile(
        r"(?P<comes>\b(?:open(?:s|ed|ing)?|ajar)\b|开)"
        r"|\b(?:clos(?:es?|ed|ing)|shut(?:s|ting)?|slam(?:s|med|ming)?)\b|关|摔",
        re.IGNORECASE,
    ),
    "lamp": re.compile(
        r"\b(?:turn|switch|flick|flip|put|go|come|came|went)\w*\b[^.]{0,24}?\b(?:(?P<comes>on)|off|out)\b"
        r"|(?P<lit>\blights? up\b|开灯|打开|亮)|关|灭|熄",
        re.IGNORECASE,
    ),
}
"""The words by which a source's light comes or, those without a name, goes."""
_SIDES = (re.compile(r"\bleft\b|左", re.IGNORECASE), re.compile(r"\bright\b|右", re.IGNORECASE))
_WARM = re.compile(
    r"\b(?:sun(?:light|shine)?|warm|gold(?:en)?|lamp(?:light)?|candlelight)\b|阳光|暖|金", re.IGNORECASE
)

_SUDDEN = 0.5  # of a change, that the first frame shows
_LASTS_S: dict[Source, float] = {"door": 0.5, "lamp": 0.1}
_GAINED: dict[Source, float] = {"door": 0.95, "lamp": 0.5}  # of exposure, where most light falls
_LOST: dict[Source, float] = {"door": 0.52, "lamp": 0.62}  # of the light, likewise
_REACH = 0.55  # picture widths from a door's side, at which its light has fallen to a third
_AROUND: dict[Source, float] = {"door": 0.22, "lamp": 0.6}  # of it, that the whole picture gets
_WARM_TINT, _COOL_TINT = (1.0, 0.86, 0.62), (1.0, 0.98, 0.94)


class Change(NamedTuple):
    """A light that comes (+1) or goes (-1), from a frame of the clip on."""

    source: Source
    frame: int
    way: int


def light_changes(plan: Plan, number: int, text: str) -> tuple[Change, ...]:
    """Read how the light of a shot changes with its doors and switches, in the order in which they are heard.

    A door changes it only where the words say so: light falls in, or it gets dark. A change begins in the
    frame nearest to the moment at which its sound is perceived, so at most 21 ms from it.

    Args:
        plan: with the sounds.
        number: of the shot in it.
        text: of the shot.
    """
    changes = []
    for kind, source in _SOUNDS:
        ways, (least, most) = _ways(source, text), _range(source, text)
        heard = sorted(
            sound.start_sample + effect_onset(kind)
            for sound in plan.sounds
            if sound.kind == kind and sound.shot == number
        )
        level = 0
        for count, sample in enumerate(heard if ways else ()):
            after = min(max(level + ways[min(count, len(ways) - 1)], least), most)
            if after != level:
                changes.append(Change(source, round(sample * FRAME_RATE / SAMPLE_RATE), after - level))
            level = after
    return tuple(sorted(changes, key=lambda change: change.frame))


def _ways(source: Source, text: str) -> list[int]:
    """List what a text says of a source: +1 a door opens or a lamp goes on, -1 the reverse."""
    ways: list[int] = []
    for sentence in _SENTENCES.split(text):
        if _NAMED[source].search(sentence):
            told = [1 if match.lastgroup else -1 for match in _TURNS[source].finditer(sentence)]
            ways += [way for way, _ in groupby(told)]  # "slams shut" is one change
    return ways


def _range(source: Source, text: str) -> tuple[int, int]:
    """Tell how dark (-1) and how bright (+1) a source makes the photo, by what a text says."""
    if source == "lamp":
        return -1, 1
    comes = _SHINES.search(text) is not None and _ARRIVES.search(text) is not None
    return -int(_DARKENS.search(text) is not None), int(comes)


class SwitchedLight:
    """The light of doors and lamps in one shot; before the first change it is the photo's.

    Args:
        stage: the scene.
        changes: of the light.
        text: the shot's, for the side and the colour of a door's light.
        seed: for the side where the text names none.
    """

    def __init__(self, stage: Stage, changes: Sequence[Change], text: str, seed: int) -> None:
        self._changes = tuple(changes)
        self._tint = _WARM_TINT if _WARM.search(text) else _COOL_TINT
        sources = dict.fromkeys(change.source for change in changes)
        self._shares = {source: _shares(stage, source, text, seed) for source in sources}

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Give a frame the light of its moment, in place; a frame that must stay the photo stays it."""
        number = round(sight.time_s * FRAME_RATE)
        for source, shares in self._shares.items():
            level = self._level(source, number) * sight.presence
            if abs(level) < 0.01:
                continue
            change = _GAINED[source] if level > 0 else -_LOST[source]
            tint = self._tint if level > 0 else (1.0, 1.0, 1.0)
            weights = sight.canvas(np.clip(sight.look_at(shares), 0, 1).astype(np.float32))
            mix_exposure(frame, scaled_tone(change, tint), weights * np.float32(abs(level)))

    def _level(self, source: Source, number: int) -> float:
        """Tell how much more of a source's light there is than in the photo, up to 1; less, down to -1."""
        level = 0.0
        for change in self._changes:
            if change.source == source and number >= change.frame:
                part = min((number - change.frame) / (_LASTS_S[source] * FRAME_RATE), 1.0)
                level += change.way * (_SUDDEN + (1 - _SUDDEN) * part * part * (3 - 2 * part))
        return level


def _shares(stage: Stage, source: Source, text: str, seed: int) -> Field:
    """Tell how much of a source's light each place gets, 0..1, stretched over the picture."""
    around = _AROUND[source]
    if source == "lamp":
        lamps = find_lamps(stage.scene.prepared)
        if lamps is None:
            return np.ones((2, 2), np.float32)
        return np.asarray(around + (1 - around) * glow_around(lamps), np.float32)
    rows, columns = stage.scene.depth.background.shape
    y, x = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j].astype(np.float32)
    sides = [side for side, named in zip((0.0, 1.0), _SIDES, strict=True) if named.search(text)]
    side = sides[0] if len(sides) == 1 else float(rng(seed, "door").choice([0.0, 1.0]))
    # It falls in slantwise and spreads over the floor.
    away = np.abs(x - side) / (_REACH * (0.75 + 0.5 * y))
    return np.asarray(around + (1 - around) * np.exp(-away * away * math.log(3)), np.float32)
