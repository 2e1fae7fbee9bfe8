"""Light that changes: the flicker of flames and signs, flashes, a storm's gloom, clouds before the sun."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.blending import Tone, add_glow, mix_exposure, mix_in, scaled_tone
from talkies.engines.animatic.living.haze import TILE, tileable_noise
from talkies.engines.animatic.living.lamps import find_flames, find_lamps, find_warm_lamps, glow_around
from talkies.engines.animatic.living.sight import Sight, Stage
from talkies.engines.animatic.optics.projection import sample
from talkies.engines.animatic.vision.scene import Scene
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
_SWELL_S = 0.03  # of thunder, from its first sound to its clap
_FAR_STRENGTH = 0.5  # of a near flash's
_STRENGTH = (0.75, 1.0)
_DECAY_S = 0.075
_OVERHEAD, _GROUND = 1.0, 0.5  # of a flash's light
_FLASH_TINT = (0.92, 0.97, 1.0)

_BLAST_S = 0.45  # in which its light falls to a third
_BURNING, _BURNING_S = 0.4, 3.0  # of the flash's light, that a fire gives on; in which it falls to a third
_BLAST_CORE, _BLAST_GLOW = 0.07, 0.33  # picture widths: fireball, and the light that it throws
_BLAST_HZ, _BLAST_UNREST = 6.5, 0.16  # of the fire after the flash
_SKY, _SKYLINE = 0.25, 0.75  # confidence of a sky that tells it; of the picture's height, where none does
_EMBER_LIGHT = np.array([1.0, 0.56, 0.24])

_LAMPS_KEPT = 0.85  # of the light of lamps, which the weather does not dim

_DAYLIGHT = (0.05, 0.09)  # of the light, that comes and goes: of a bright picture, and of a dark one
_BRIGHT = 110.0  # mean luma of such a bright one
_CLOUD_SIZE = 0.5  # picture widths
_CLOUD_PACE = 0.26  # picture widths a second


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
                frame[:] = cv2.LUT(frame, scaled_tone(wide, self._unrest.tint))
            return
        near = self._unrest.near * level
        base = wide / near if near else 0.0
        shares = base + (1 - base) * np.clip(sight.look_at(self._near), 0, 1)
        mix_exposure(
            frame, scaled_tone(near, self._unrest.tint), sight.canvas(np.asarray(shares, np.float32))
        )

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

    `flashes` are the moments of the first strokes, in seconds from the clip's start; those that are `far`,
    too far for their thunder to be heard, are fainter. Thunder swells to what is perceived as its clap; a
    flash begins in the frame nearest to the middle of that, at most 36 ms from its thunder's first sound.
    """

    def __init__(self, flashes: Sequence[float], seed: int, *, far: Container[float] = ()) -> None:
        self._strokes: list[tuple[int, float]] = []
        for number, moment_s in enumerate(flashes):
            chance = rng(seed, "flash", number)
            strength, count = chance.uniform(*_STRENGTH), int(chance.integers(2, 4))
            strength *= _FAR_STRENGTH if moment_s in far else 1.0
            first = round((moment_s - _SWELL_S / 2) * FRAME_RATE)
            self._strokes += [
                (first + round(after_s * FRAME_RATE), strength * share) for after_s, share in _STROKES[:count]
            ]

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Flash a frame, in place; a frame that must stay the photo stays it."""
        power = self._power(round(sight.time_s * FRAME_RATE))
        if power < 0.02 or sight.presence == 0:
            return
        far = np.clip(1.1 - sight.look_at(sight.stage.scene.depth.background), 0, 1)
        weights = sight.canvas(np.asarray(_GROUND + (_OVERHEAD - _GROUND) * far, np.float32))
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


class Blasts:
    """Explosions far away: a fireball behind the horizon that lights sky and land, and burns down.

    `moments` are in seconds from the clip's start. The flash comes in the frame nearest to its sound. `place`
    is where it lies, in picture widths from the picture's centre.
    """

    def __init__(self, stage: Stage, moments: Sequence[float], seed: int) -> None:
        self._starts = [round(moment_s * FRAME_RATE) for moment_s in moments]
        chance = rng(seed, "blast")
        scene = stage.scene
        rows, columns = scene.depth.background.shape
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
        ratio = scene.height / scene.width
        self.place = float(chance.uniform(0.2, 0.8)) - 0.5, (_skyline(scene) - 0.5) * ratio
        across = (x + 0.5) / columns - 0.5 - self.place[0]
        down = ((y + 0.5) / rows - 0.5) * ratio - self.place[1]
        away = across * across + 1.6 * down * down
        core, glow = (np.exp(-away / reach**2) for reach in (_BLAST_CORE, _BLAST_GLOW))
        # What is near stands before it.
        far = np.clip(1.15 - scene.depth.background, 0.25, 1)
        self._light = np.asarray((0.55 * core + 0.45 * glow) * far, np.float32)
        self._phase = float(chance.uniform(0, 2 * math.pi))

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Light a frame up, in place; a frame that must stay the photo stays it."""
        power = self._power(round(sight.time_s * FRAME_RATE))
        if power < 0.02 or sight.presence == 0:
            return
        levels = sight.canvas(sight.look_at(self._light)) * np.float32(power)
        if sight.subject is not None:
            levels *= 1 - 0.6 * sight.subject
        add_glow(frame, _fire(), np.clip(levels, 0, 1))

    def _power(self, frame_number: int) -> float:
        total = 0.0
        for start in self._starts:
            since_s = (frame_number - start) / FRAME_RATE
            if since_s >= 0:
                unrest = math.sin(2 * math.pi * _BLAST_HZ * since_s + self._phase) * min(since_s / 0.2, 1)
                fire = _BURNING * math.exp(-since_s / _BURNING_S)
                total += (math.exp(-since_s / _BLAST_S) + fire) * (1 + _BLAST_UNREST * unrest)
        return min(total, 1.2)


@dataclass(frozen=True)
class Mood:
    """The light of a weather: how much of it is left, how grey and of what tint, `(red, green, blue)`."""

    light: float
    grey: float
    tint: tuple[float, float, float]

    def matrix(self, share: float) -> NDArray[np.float32]:
        """Give what makes of a colour the one that is seen when a share of the mood is there."""
        grey = np.outer(np.ones(3), [0.299, 0.587, 0.114])
        seen = self.light * np.diag(self.tint) @ ((1 - self.grey) * np.eye(3) + self.grey * grey)
        return np.asarray(np.eye(3) + share * (seen - np.eye(3)), np.float32)


STORM = Mood(light=0.68, grey=0.4, tint=(0.9, 0.98, 1.14))
DULL = Mood(light=0.86, grey=0.25, tint=(0.96, 1.0, 1.06))
WINTER = Mood(light=0.74, grey=0.34, tint=(0.95, 1.0, 1.07))


class Gloom:
    """The light of a weather over the whole picture, but for its lamps and lit windows, which stay on."""

    def __init__(self, mood: Mood, stage: Stage) -> None:
        self._mood = mood
        lamps = find_warm_lamps(stage.scene.prepared)
        self._lamps = None if lamps is None else glow_around(lamps)
        if self._lamps is not None and stage.scene.look.sky is not None:
            sky = cv2.resize(stage.scene.look.sky.cover, self._lamps.shape[::-1])
            self._lamps *= 1 - np.float32(min(stage.scene.look.sky.confidence / _SKY, 1)) * sky

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Dim and cool a frame, in place."""
        lit = None if self._lamps is None else frame.copy()
        cv2.transform(frame, self._mood.matrix(sight.veiled), dst=frame)
        if lit is not None and self._lamps is not None:
            mix_in(frame, lit, sight.canvas(sight.look_at(self._lamps)) * np.float32(_LAMPS_KEPT))


class Daylight:
    """Thin clouds that pass before the sun: the light of a picture in which nothing else moves."""

    def __init__(self, stage: Stage, seed: int) -> None:
        chance = rng(seed, "daylight")
        self._clouds = tileable_noise(chance)
        self._side = float(chance.choice([-1.0, 1.0]))
        luma = float(cv2.resize(stage.scene.prepared, (32, 32), interpolation=cv2.INTER_AREA).mean())
        change = min(_DAYLIGHT[0] * max(_BRIGHT / max(luma, 1.0), 1.0), _DAYLIGHT[1])
        self._tones = [scaled_tone(way * change, (1.0, 1.0, 1.0)) for way in (1, -1)]

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Let light and the shadows of clouds pass over a frame, in place."""
        shade = np.zeros(sight.background.shape[:2], np.float32)
        for pace, size in ((1.0, 1.0), (-0.6, 1.7)):
            way = np.array([self._side * pace, 0.35 * abs(pace)]) * _CLOUD_PACE * sight.time_s
            places = (sight.background - way.astype(np.float32)) * np.float32(TILE / _CLOUD_SIZE / 4 / size)
            shade += sample(self._clouds, np.asarray(places % np.float32(TILE), np.float32), cv2.BORDER_WRAP)
        # They come quickly: slow light in the first frames would be no light at all.
        level = sight.canvas(np.tanh(shade)) * np.float32(math.sqrt(sight.presence))
        for tone, part in zip(self._tones, (level, -level), strict=True):
            mix_exposure(frame, tone, np.maximum(part, 0))


def _flashed() -> Tone:
    """What the light of a stroke makes of each value: shadows lit, highlights near white, all bluish."""
    values = np.linspace(0, 1, 256)[:, None]
    lit = 1 - (1 - values) ** 2.4 * 0.88
    return np.asarray(np.rint(255 * lit * np.array(_FLASH_TINT)), np.uint8).reshape(256, 1, 3)


def _skyline(scene: Scene) -> float:
    """Give the height at which the sky ends, as a share of the picture's."""
    sky = scene.look.sky
    if sky is None or sky.confidence < _SKY:
        return _SKYLINE
    lowest = np.flatnonzero(sky.cover.mean(axis=1) > 0.3)
    return float(lowest[-1] + 1) / len(sky.cover) if len(lowest) else _SKYLINE


def _fire() -> Tone:
    """What light a fire of each brightness gives: red when it is faint, nearly white in its middle."""
    level = np.linspace(0, 1, 256)[:, None]
    return np.asarray(
        np.rint(255 * level ** (1.15 - 0.6 * _EMBER_LIGHT * level) * _EMBER_LIGHT ** (1 - level)), np.uint8
    ).reshape(256, 1, 3)
