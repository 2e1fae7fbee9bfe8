"""Sun rays: shafts of light that fan out from the brightest part of a picture, or from beyond its edge."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.blending import mix_in
from talkies.engines.animatic.living.sight import Field, Sight, Stage
from talkies.engines.animatic.optics.projection import sample
from talkies.engines.animatic.vision.matte import Matte
from talkies.media import Frame, rng

_LONG_SIDE = 160  # samples along the picture's longer side
_MARCH = 28  # steps from a place towards the source
_STRENGTH = 0.6
_ANGLES = 96  # samples of the shafts' brightness around the source
_TURNING = 0.35  # samples a second by which two sets of shafts pass each other
_REACH = 0.9  # picture widths in which a shaft loses most of its light
_SUN = np.array([255.0, 240.0, 208.0])  # sRGB
_SUN_LUMA = 0.85  # from which a place in the upper part, no larger than a share of it, may be the source
_SUN_ABOVE, _SUN_SHARE = 0.45, 0.15


class SunRays:
    """Shafts cut out by what stands before the light, slowly growing and fading."""

    def __init__(self, stage: Stage, seed: int) -> None:
        chance = rng(seed, "rays")
        luma = _luma(stage.scene.prepared)
        source = _find_source(luma, stage.scene.matte)
        self._gathered = _gathered(luma, source)
        self._angle = _angles(luma.shape, source)
        self._shafts = [_shafts(chance) for _ in range(2)]
        self._colour = stage.filled(0.75 * _SUN + 0.25 * np.minimum(stage.light * 1.2, 255))

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Let the rays fall into a frame, in place."""
        turn = _TURNING * sight.time_s
        samples = np.arange(_ANGLES + 1)
        pattern = np.ones(self._angle.shape)
        for shafts, way in zip(self._shafts, (turn, -turn), strict=True):
            pattern *= np.interp((self._angle + way) % _ANGLES, samples, shafts)
        rays = self._gathered * np.asarray(pattern, np.float32)
        weights = sight.canvas(sight.look_at(rays)) * np.float32(_STRENGTH * sight.presence)
        if sight.subject is not None:
            weights *= 1 - 0.6 * sight.subject
        mix_in(frame, self._colour, np.clip(weights, 0, 0.8))


def _luma(frame: Frame) -> Field:
    scale = _LONG_SIDE / max(frame.shape[:2])
    size = (max(4, round(frame.shape[1] * scale)), max(4, round(frame.shape[0] * scale)))
    small = cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    return np.asarray(small.astype(np.float32) / 255, np.float32)


def _find_source(luma: Field, matte: Matte | None) -> tuple[float, float]:
    """Find where the light comes from, in samples: a glare high up, else above the brighter side."""
    rows, columns = luma.shape
    behind = luma
    if matte is not None:
        alpha = cv2.resize(matte.alpha, (columns, rows), interpolation=cv2.INTER_AREA)
        behind = luma * (1 - alpha.astype(np.float32) / np.float32(255))
    upper = cv2.GaussianBlur(behind, (0, 0), columns / 40)[: max(1, round(_SUN_ABOVE * rows))]
    y, x = np.unravel_index(int(np.argmax(upper)), upper.shape)
    if upper[y, x] > _SUN_LUMA and float((upper > 0.9 * upper[y, x]).mean()) < _SUN_SHARE:
        return float(x), float(y)
    brighter_left = upper[:, : columns // 2].mean() > upper[:, columns // 2 :].mean()
    return (0.12 if brighter_left else 0.88) * columns, -0.25 * rows


def _gathered(luma: Field, source: tuple[float, float]) -> Field:
    """Gather light along the way to the source and let it fade with the distance, 0..1.

    Source: Mitchell, "Volumetric Light Scattering as a Post-Process", GPU Gems 3, 2007.
    """
    rows, columns = luma.shape
    x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    away = np.stack([x - source[0], y - source[1]], axis=-1).astype(np.float32)
    bright = np.clip((luma - float(np.quantile(luma, 0.4))) / max(float(np.ptp(luma)), 0.1) * 1.6, 0, 1)
    total = np.zeros_like(luma)
    for step in range(_MARCH):
        places = np.array(source, np.float32) + away * np.float32(1 - 0.95 * step / _MARCH)
        total += sample(np.asarray(bright, np.float32), places, cv2.BORDER_REPLICATE)
    fade = np.exp(-np.hypot(away[..., 0], away[..., 1]) / (_REACH * columns))
    lit = (0.25 + 0.75 * total / max(float(total.max()), 1e-6)) * fade
    return np.asarray(lit, np.float32)


def _angles(shape: tuple[int, ...], source: tuple[float, float]) -> NDArray[np.float64]:
    """The direction of each place from the source, as a place among the samples of the shafts."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    turn = np.arctan2(x - source[0], y - source[1]) / (2 * np.pi)
    return np.asarray((turn % 1) * _ANGLES, np.float64)


def _shafts(chance: np.random.Generator) -> NDArray[np.float64]:
    """Brightness around the source, 0..1.4; the last sample is the first again."""
    noise = np.convolve(np.tile(chance.standard_normal(_ANGLES), 3), [0.25, 0.5, 0.25], "same")
    ring = noise[_ANGLES : 2 * _ANGLES] / noise.std()
    bright = np.clip(0.6 + 0.42 * ring, 0.08, 1.4)
    return np.append(bright, bright[0])
