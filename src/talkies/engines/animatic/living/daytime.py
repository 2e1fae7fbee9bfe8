"""The light of an hour that comes while a shot lasts: of the night, of a low sun."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from talkies.engines.animatic.living.blending import Tone, add_glow, mix_in
from talkies.engines.animatic.living.easing import emerge
from talkies.engines.animatic.living.hours import Change
from talkies.engines.animatic.living.lamps import find_lamps, glow_around
from talkies.engines.animatic.living.light import Mood
from talkies.engines.animatic.living.sight import Field, Sight, Stage, open_sky
from talkies.media import Frame
from talkies.plan import Hour

_MOODS: dict[Hour, Mood] = {
    "night": Mood(light=0.36, grey=0.45, tint=(0.74, 0.88, 1.3)),
    "evening": Mood(light=0.82, grey=0.12, tint=(1.18, 0.94, 0.7)),
    "morning": Mood(light=1.1, grey=0.05, tint=(1.1, 1.0, 0.84)),
}
_DAWN_OF_NIGHT = 1.7  # how much lighter a dark photo gets in the morning
_DARK = 70.0  # mean luma of such a photo
_GLOW: dict[Hour, float] = {"night": 0.0, "evening": 0.6, "morning": 0.35}  # of the sky at the horizon
_GLOW_HEIGHT = 0.16  # picture widths above the horizon, at which it has fallen to a third
_GLOW_COLOUR = np.array([1.0, 0.52, 0.2])
_LEAST_SKY = 0.5  # confidence of a sky that glows
_LAMPS_KEPT = 0.85  # of the light of lamps, which stay on at night


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
