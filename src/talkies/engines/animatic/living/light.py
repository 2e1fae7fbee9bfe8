"""Light that changes: the flicker of flames and signs, and lightning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from talkies.engines.animatic.living.blending import Tone, mix_exposure
from talkies.engines.animatic.living.lamps import find_flames, find_lamps, glow_around
from talkies.engines.animatic.living.sight import Sight, Stage
from talkies.media import Frame, rng
from talkies.spec import FRAME_RATE


@dataclass(frozen=True)
class Unrest:
    """How a light flickers.

    The power of its changes falls as one over the frequency, from `slow_hz` to `quick_hz`; `near` is their
    root mean square where the light itself is, as a share, `wide` in the rest of the picture. `tint` is the
    colour by which it flickers, `(red, green, blue)`, at most 1. What `burns` is looked for among flames
    first. `dropouts` is how many a second a sign has: it goes half dark for a moment.
    """

    slow_hz: float
    quick_hz: float
    near: float
    wide: float
    tint: tuple[float, float, float]
    burns: bool = False
    dropouts: float = 0.0


CANDLE = Unrest(0.4, 5.0, near=0.1, wide=0.014, tint=(1.0, 0.88, 0.62), burns=True)
FIRE = Unrest(0.6, 6.5, near=0.14, wide=0.022, tint=(1.0, 0.82, 0.5), burns=True)
NEON = Unrest(3.0, 11.0, near=0.035, wide=0.0, tint=(1.0, 1.0, 1.0), dropouts=0.45)
NIGHT = Unrest(0.4, 4.0, near=0.05, wide=0.0, tint=(1.0, 0.97, 0.9))

_WAVES = 16
_MOST_LEVEL = 2.2  # root mean squares
_DROPOUT_S = 0.11
_DROPOUT_DEPTH = 0.5
_STROKES = ((0.0, 1.0), (0.083, 0.55), (0.208, 0.8))  # seconds after the first, and strength
_STRENGTH = (0.75, 1.0)
_DECAY_S = 0.075
_SKY, _GROUND = 1.0, 0.5  # of a flash's light
_FLASH_TINT = (0.92, 0.97, 1.0)


class Flicker:
    """A light source of the picture whose unrest is seen on itself and on what it lights."""

    def __init__(self, stage: Stage, unrest: Unrest, seed: int) -> None:
        chance = rng(seed, "flicker")
        self._unrest = unrest
        self._hertz = np.geomspace(unrest.slow_hz, unrest.quick_hz, _WAVES)
        self._phases = chance.uniform(0, 2 * np.pi, _WAVES)
        self._seed = seed
        found = find_flames(stage.scene.prepared) if unrest.burns else None
        if found is None:
            found = find_lamps(stage.scene.prepared)
        self._near = None if found is None else glow_around(found)

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Brighten or darken a frame by the light's state, in place."""
        level = self._level(sight.time_s) * sight.presence
        wide = self._unrest.wide * level
        if self._near is None:
            if wide:
                frame[:] = cv2.LUT(frame, _scaled(wide, self._unrest.tint))
            return
        near = self._unrest.near * level
        base = wide / near if near else 0.0
        shares = base + (1 - base) * np.clip(sight.look_at(self._near), 0, 1)
        mix_exposure(frame, _scaled(near, self._unrest.tint), sight.canvas(np.asarray(shares, np.float32)))

    def _level(self, time_s: float) -> float:
        """The light's deviation in its root mean squares: waves of even power in every octave."""
        waves = np.sin(2 * np.pi * self._hertz * time_s + self._phases)
        level = float(waves.sum()) / math.sqrt(_WAVES / 2)
        return min(max(level, -_MOST_LEVEL), _MOST_LEVEL) - self._dropout(time_s)

    def _dropout(self, time_s: float) -> float:
        """How far a sign has gone out, in its root mean squares."""
        if not self._unrest.dropouts:
            return 0.0
        second = int(time_s)
        chance = rng(self._seed, "dropout", second)
        begins, wanted = second + chance.uniform(0, 1 - _DROPOUT_S), chance.uniform()
        goes_out = wanted < self._unrest.dropouts and begins <= time_s < begins + _DROPOUT_S
        return _DROPOUT_DEPTH / self._unrest.near if goes_out else 0.0


class Lightning:
    """Flashes that light the sky more than the ground, each of two or three strokes.

    `flashes` are the moments of the first strokes, in seconds from the clip's start. A flash begins in the
    frame nearest to its moment, so at most 21 ms from its thunder.
    """

    def __init__(self, flashes: Sequence[float], seed: int) -> None:
        self._strokes: list[tuple[int, float]] = []
        for number, moment_s in enumerate(flashes):
            chance = rng(seed, "flash", number)
            strength, count = chance.uniform(*_STRENGTH), int(chance.integers(2, 4))
            self._strokes += [
                (round(moment_s * FRAME_RATE) + round(after_s * FRAME_RATE), strength * share)
                for after_s, share in _STROKES[:count]
            ]

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Flash a frame, in place; a frame that must stay the photo stays it."""
        power = self._power(round(sight.time_s * FRAME_RATE))
        if power < 0.02 or sight.presence == 0:
            return
        far = np.clip(1.1 - sight.look_at(sight.stage.scene.depth.background), 0, 1)
        weights = sight.canvas(np.asarray(_GROUND + (_SKY - _GROUND) * far, np.float32))
        if sight.subject is not None:
            weights = weights + (np.float32(_GROUND) - weights) * sight.subject
        mix_exposure(frame, _flashed(), np.minimum(weights * np.float32(power), 1))

    def _power(self, frame_number: int) -> float:
        total = sum(
            strength * math.exp(-(frame_number - start) / FRAME_RATE / _DECAY_S)
            for start, strength in self._strokes
            if frame_number >= start
        )
        return min(total, 1.0)


def _scaled(change: float, tint: Sequence[float]) -> Tone:
    """Brighten or darken every value by a share, most in the channels of the tint; white stays white."""
    values = np.linspace(0, 1, 256)[:, None]
    gain = 1 + np.maximum(change * np.asarray(tint), -0.9)
    changed = np.where(gain > 1, 1 - (1 - values) ** gain, values * gain)
    return np.asarray(np.rint(255 * changed), np.uint8).reshape(256, 1, 3)


def _flashed() -> Tone:
    """What the light of a stroke makes of each value: shadows lit, highlights near white, all bluish."""
    values = np.linspace(0, 1, 256)[:, None]
    lit = 1 - (1 - values) ** 2.4 * 0.88
    return np.asarray(np.rint(255 * lit * np.array(_FLASH_TINT)), np.uint8).reshape(256, 1, 3)
