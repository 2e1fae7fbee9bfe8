"""The hour that changes while a shot lasts: night falls, the sun sets or rises."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Literal, NamedTuple

import cv2
import numpy as np

from talkies.engines.animatic.living.blending import Tone, add_glow, mix_in
from talkies.engines.animatic.living.easing import emerge
from talkies.engines.animatic.living.lamps import find_lamps, glow_around
from talkies.engines.animatic.living.light import Mood
from talkies.engines.animatic.living.sight import Field, Sight, Stage, open_sky
from talkies.media import Frame
from talkies.plan import Plan, Shot
from talkies.spec import FRAME_RATE

Hour = Literal["night", "evening", "morning"]

_BECOMES = r"(?:turn|fad|shift|chang|transition|go|becom|mov|blend|melt)\w* (?:in)?to (?:an? |the )?(?:\w+ )?"
_GROWS = r"(?:get|grow|turn|becom)\w* (?:\w+ly )?"
_ADVERBS = r"(?:\w+ ){0,2}?"
_ENDS = r"(?=\W*$|[.,;:!?，。；]|\s(?:and|as|while|when|outside|over|in the|until)\b)"  # not "darker hair"
_ENGLISH: dict[Hour, tuple[str, ...]] = {
    "night": (
        rf"(?:night(?:fall)?|darkness) {_ADVERBS}(?:falls?|falling|comes|descends?|(?:set|close)s in)",
        rf"{_BECOMES}(?:night(?:time)?|dark(?:ness)?)",
        rf"{_GROWS}dark(?:er)?{_ENDS}",
        r"day (?:in)?to night",
        r"(?:scene|room|sky|world|light|daylight) (?:\w+ly )?(?:darkens|dims|fades)",
    ),
    "evening": (
        rf"sun (?:is )?{_ADVERBS}(?:sets|setting|goes down|going down|sinks|sinking|dips)",
        rf"dusk {_ADVERBS}(?:falls|comes|settles)",
        rf"{_BECOMES}(?:sunset|dusk|golden hour|twilight|evening)",
        r"sky (?:\w+ly )?turns (?:an? )?(?:\w+ )?(?:orange|red|gold(?:en)?|pink|purple)",
        r"sunset time-?lapse|time-?lapse (?:\w+ ){0,8}?(?:sunset|sundown)",
    ),
    "morning": (
        rf"sun (?:is )?{_ADVERBS}(?:rises|rising|comes up|coming up)",
        rf"(?:dawn|day|morning) {_ADVERBS}breaks?",
        rf"night (?:in)?to day|{_BECOMES}(?:day(?:light|time)?|dawn|morning|sunrise)",
        rf"{_GROWS}(?:light|bright)er{_ENDS}",
        r"sunrise time-?lapse|time-?lapse (?:\w+ ){0,8}?sunrise",
    ),
}
_CHINESE: dict[Hour, tuple[str, ...]] = {
    "night": (
        "夜幕.{0,3}降临|黑夜降临|由昼入夜|昼夜交替",
        "天.{0,3}黑了|天色.{0,4}[暗黑]|光线.{0,4}变暗",
        "变成?(?:黑夜|夜晚|夜景)|到(?:黑夜|夜晚)",
    ),
    "evening": (
        "太阳.{0,4}(?:落山|下山|落下|西沉|沉入)|夕阳.{0,4}(?:落下|西下|西沉)",
        "天空.{0,4}变[成为]?[红橙]|进入黄昏|到黄昏",
    ),
    "morning": ("太阳.{0,4}升起|旭日东升|天.{0,3}亮了|破晓|到白天|迎来(?:清晨|黎明)",),
}
_WORDS: dict[Hour, re.Pattern[str]] = {
    hour: re.compile(rf"\b(?:{'|'.join(_ENGLISH[hour])})\b|{'|'.join(_CHINESE[hour])}", re.IGNORECASE)
    for hour in _ENGLISH
}
_NOT_YET = re.compile(
    r"\b(?:before|until|never|not|without)(?: the| that)?\s*$|[未不没]$|之前$", re.IGNORECASE
)

_MOODS: dict[Hour, Mood] = {
    "night": Mood(light=0.36, grey=0.45, tint=(0.74, 0.88, 1.3)),
    "evening": Mood(light=0.82, grey=0.12, tint=(1.18, 0.94, 0.7)),
    "morning": Mood(light=1.1, grey=0.05, tint=(1.1, 1.0, 0.84)),
}
_DAWN_OF_NIGHT = 1.7  # how much lighter a dark photo gets in the morning
_DARK = 70.0  # mean luma of such a photo
_DONE = 0.92  # of the shot: when the change is complete
_GLOW: dict[Hour, float] = {"night": 0.0, "evening": 0.6, "morning": 0.35}  # of the sky at the horizon
_GLOW_HEIGHT = 0.16  # picture widths above the horizon, at which it has fallen to a third
_GLOW_COLOUR = np.array([1.0, 0.52, 0.2])
_LEAST_SKY = 0.5  # confidence of a sky that glows
_LAMPS_KEPT = 0.85  # of the light of lamps, which stay on at night


class Change(NamedTuple):
    """An hour that comes between two moments of the clip, in seconds."""

    hour: Hour
    start_s: float
    end_s: float


def hour_change(plan: Plan, shot: Shot) -> Change | None:
    """Read how the hour changes in a shot; where an earlier one told of it, it has already changed.

    Args:
        plan: with all shots.
        shot: of the plan, or a part of one.
    """
    number = next(at for at, other in enumerate(plan.shots) if shot.start_frame < other.end_frame)
    hour, told = None, plan.shots[0]
    for earlier in plan.shots[: number + 1]:
        found = named_hour(earlier.text)
        if found is not None:
            hour, told = found, earlier
    if hour is None:
        return None
    start_s, end_s = told.start_frame / FRAME_RATE, told.end_frame / FRAME_RATE
    return Change(hour, start_s, start_s + _DONE * (end_s - start_s))


def named_hour(text: str) -> Hour | None:
    """Tell which hour comes by what a text says; None where it only tells which it is: "at night"."""
    found = [
        (match.start(), hour)
        for hour, words in _WORDS.items()
        for match in words.finditer(text)
        if not _NOT_YET.search(text[: match.start()])
    ]
    return max(found)[1] if found else None


class PassingHour:
    """The light of an hour that comes: over all of the picture, on the horizon, and not on its lamps."""

    def __init__(self, stage: Stage, change: Change) -> None:
        scene = stage.scene
        self._change = change
        mood = _MOODS[change.hour]
        is_dark = float(cv2.resize(scene.prepared, (32, 32), interpolation=cv2.INTER_AREA).mean()) < _DARK
        self._mood = replace(mood, light=_DAWN_OF_NIGHT) if change.hour == "morning" and is_dark else mood
        lamps = find_lamps(scene.prepared) if change.hour == "night" else None
        self._lamps = None if lamps is None else glow_around(lamps)
        self._glow = _horizon_glow(stage, _GLOW[change.hour])

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Give a frame the light of its moment, in place; a frame that must stay the photo stays it."""
        begin, end = self._change.start_s, self._change.end_s
        passed = np.array((sight.time_s - begin) / max(end - begin, 1e-6))
        come = min(float(emerge(passed)), sight.veiled)
        if come <= 0:
            return
        lit = None if self._lamps is None else frame.copy()
        cv2.transform(frame, self._mood.matrix(come), dst=frame)
        if lit is not None and self._lamps is not None:
            mix_in(frame, lit, sight.canvas(sight.look_at(self._lamps)) * np.float32(_LAMPS_KEPT))
        if self._glow is not None:
            levels = sight.canvas(sight.look_at(self._glow)) * np.float32(come)
            if sight.subject is not None:
                levels *= 1 - sight.subject
            add_glow(frame, _glow_tone(), np.clip(levels, 0, 1))


def _horizon_glow(stage: Stage, strength: float) -> Field | None:
    """Tell how much a low sun lights each part of the sky, 0..1, stretched over the picture, if it does."""
    sky = open_sky(stage.scene, stage.scene.look.size, _LEAST_SKY) if strength else None
    if sky is None or not (sky > 0.5).any():
        return None
    rows, columns = sky.shape
    lowest = np.flatnonzero((sky > 0.5).any(axis=1))[-1]
    above = (lowest - np.arange(rows, dtype=np.float32))[:, None] / np.float32(columns)
    fading = np.exp(-math.log(3) * np.maximum(above, 0) / _GLOW_HEIGHT)
    return np.asarray(np.float32(strength) * sky * fading, np.float32)


def _glow_tone() -> Tone:
    """What glow of each strength adds: red where it is faint, golden where it is strong."""
    level = np.linspace(0, 1, 256)[:, None]
    return np.asarray(np.rint(255 * level * _GLOW_COLOUR ** (1.5 - level)), np.uint8).reshape(256, 1, 3)
