"""Glints: the sun in single ripples, where water is bright."""

from __future__ import annotations

import math

import cv2
import numpy as np

from talkies.engines.animatic.living.blending import Tone, add_glow
from talkies.engines.animatic.living.particles import draw_dots
from talkies.engines.animatic.living.sight import HALF, Sight, Stage
from talkies.engines.animatic.vision.look import Field, Region
from talkies.media import Frame, rng

_COUNT, _MOST = 3000, 160  # in a picture that is all bright water, and in any
_FEWEST = 12  # fewer are a fault of the picture, no sparkle
_BRIGHT = (0.5, 0.85)  # of the water's own range of lightness
_DIM, _LIT = 45.0, 75.0  # lightness 0..100 of its brightest part, without glints and with all
_TWINKLE_HZ = (0.35, 1.1)
_SHARPNESS = 14  # power of the sine: a glint shows for a sixth of its time
_RADIUS = 0.0007  # square roots of the picture's area, at the picture's bottom
_PATCH = 10  # canvas pixels: a square that holds any glint
_FARTHEST = 0.35  # size of the farthest, of the nearest
_STRENGTH = (0.25, 0.85)


class Glints:
    """Glints on water.

    Args:
        stage: on which they are seen.
        places: `(glints, 2)`, shares of the picture's width and height.
        scales: how large each is, 1 at the picture's bottom.
        seed: for when each is seen.
    """

    def __init__(self, stage: Stage, places: Field, scales: Field, seed: int) -> None:
        self.stage = stage
        ratio = stage.scene.height / stage.scene.width
        self._points = ((places - 0.5) * np.array([1, ratio])).astype(np.float32)
        self._near = stage.lens.look_up(stage.scene.depth.background, self._points[None])[0]
        self._radii = scales * np.float32(_RADIUS * stage.unit / HALF)
        chance = rng(seed, "twinkle")
        self._hertz = chance.uniform(*_TWINKLE_HZ, len(places))
        self._phases = chance.uniform(0, 2 * math.pi, len(places))
        self._strengths = chance.uniform(*_STRENGTH, len(places))

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Let the glints of a moment shine in a frame, in place."""
        turning = math.pi * self._hertz * sight.time_s + self._phases
        weights = sight.presence * self._strengths * np.sin(turning) ** _SHARPNESS
        places = sight.show(self._points, self._near)
        width, height = self.stage.canvas_size
        seen = (weights > 1 / 64) & np.all((places > 0) & (places < (width - 1, height - 1)), axis=1)
        if not seen.any():
            return
        canvas = np.zeros((height, width), np.float32)
        # Ripples lie flat: their mirrors are wider than high.
        reach = np.stack([1.4 * self._radii[seen], np.zeros(int(seen.sum()), np.float32)], axis=1)
        radii, levels = self._radii[seen], (1.5 * weights[seen]).astype(np.float32)
        draw_dots(canvas, places[seen] + reach, places[seen] - reach, radii, levels, 1.5)
        if sight.subject is not None:
            canvas *= 1 - sight.subject
        # Glint by glint: they are few, and the water may be half the picture.
        for column, row in places[seen].astype(int) - _PATCH // 2:
            top, left = max(row, 0), max(column, 0)
            patch = canvas[top : row + _PATCH, left : column + _PATCH]
            if patch.any():
                rows = slice(HALF * top, HALF * (row + _PATCH))
                part = frame[rows, HALF * left : HALF * (column + _PATCH)]
                add_glow(part, _PALETTE, np.minimum(patch, 1))
                patch[:] = 0


def make_glints(stage: Stage, region: Region, strength: float, seed: int) -> Glints | None:
    """Let bright water glint; None where it is too dark, or too little of it is bright."""
    likely = _likely(stage.scene.prepared, region)
    count = min(round(_COUNT * strength * float(likely.mean())), _MOST)
    if count < _FEWEST:
        return None
    chance = rng(seed, "glints")
    rows, columns = likely.shape
    chosen = chance.choice(likely.size, count, p=likely.ravel() / likely.sum(dtype=np.float64))
    samples = np.stack([chosen % columns, chosen // columns], axis=1)
    places = (samples + chance.uniform(0, 1, samples.shape)) / np.array([columns, rows])
    top = np.flatnonzero((region.cover > 0.5).any(axis=1))[0] / rows
    nearness = np.clip((places[:, 1] - top) / (1 - top), 0, 1)
    scales = _FARTHEST + (1 - _FARTHEST) * nearness
    return Glints(stage, places.astype(np.float32), scales.astype(np.float32), seed)


def _likely(frame: Frame, region: Region) -> Field:
    """Tell how likely each sample of the water glints, 0..1."""
    size = region.cover.shape[::-1]
    grey = cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)[..., 0]
    light = grey.astype(np.float32) * np.float32(100 / 255)
    inside = region.cover > 0.5
    low, high = np.quantile(light[inside], (0.05, 0.98))
    share = np.clip((light - low) / max(float(high - low), 1.0), 0, 1)
    bright = np.clip((share - _BRIGHT[0]) / (_BRIGHT[1] - _BRIGHT[0]), 0, 1)
    lit = min(max((float(high) - _DIM) / (_LIT - _DIM), 0.0), 1.0)
    return np.asarray(bright * lit * region.cover, np.float32)


def _white() -> Tone:
    """Make the palette of a glint: nearly white, as the sun's mirror image is."""
    levels = np.arange(256)[:, None] * np.array([1.0, 0.98, 0.93])
    return np.asarray(np.rint(levels), np.uint8).reshape(256, 1, 3)


_PALETTE = _white()
