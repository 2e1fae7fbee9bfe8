"""What drifts before the scene: fog and smoke, thick where the view is far and thin before the subject."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from talkies.engines.animatic.living.blending import mix_in
from talkies.engines.animatic.living.sight import Field, Sight, Stage
from talkies.engines.animatic.optics.projection import Grid, sample
from talkies.media import Frame, rng

TILE = 128
"""Samples a side of the noise, which repeats."""
_OCTAVES = 4
_DEPTH_BLUR = 0.05  # picture widths: a haze shows no edge where the ground comes near


@dataclass(frozen=True)
class Body:
    """What a haze is like.

    `thickness` is its optical depth where it lies before things at infinity, `unevenness` the share that
    drifts in and out, `scale` the size of its largest swells in picture widths. `drift` and `rise` are in
    picture widths a second. `low` is how much more of it lies at the picture's bottom, 0..1. `depth` is how
    far it is thicker before far things, 0..1. `shade` is its brightness over that of the air's light.
    """

    thickness: float
    unevenness: float
    scale: float
    drift: float
    rise: float
    low: float
    depth: float
    shade: float


FOG = Body(thickness=1.3, unevenness=0.6, scale=0.6, drift=0.05, rise=0.0, low=0.35, depth=0.85, shade=0.96)
SMOKE = Body(
    thickness=1.0, unevenness=0.95, scale=0.5, drift=0.02, rise=0.06, low=0.9, depth=0.35, shade=0.72
)


class Haze:
    """A drifting veil that hides by its optical depth, as the law of Beer and Lambert says."""

    def __init__(self, stage: Stage, body: Body, seed: int) -> None:
        chance = rng(seed, "haze")
        self._body = body
        self._noise = tileable_noise(chance)
        self._side = float(chance.choice([-1.0, 1.0]))
        depth = np.clip(1 - stage.scene.depth.background, 0, 1)
        self._far: Field = np.asarray(
            cv2.GaussianBlur(depth, (0, 0), _DEPTH_BLUR * depth.shape[1]), np.float32
        )
        self._colour = stage.filled(stage.light * body.shade)

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Veil a frame, in place."""
        body, scene = self._body, sight.stage.scene
        swells = self._swells(sight)
        uneven = 1 - body.unevenness + 2 * body.unevenness * swells
        far = np.clip(sight.look_at(self._far), 0, 1)
        height = np.float32(0.5) + sight.background[..., 1] * np.float32(scene.width / scene.height)
        lying = 1 - body.low + 2 * body.low * np.clip(height, 0, 1) ** 1.5
        optical = body.thickness * uneven * lying * (1 - body.depth + body.depth * far)
        weights = sight.canvas(np.asarray(1 - np.exp(-optical), np.float32))
        if sight.subject is not None:
            before = 0.3 + 0.4 * (1 - body.depth)  # of the haze lies before the subject
            weights *= 1 - (1 - before) * sight.subject
        mix_in(frame, self._colour, weights * np.float32(sight.veiled))

    def _swells(self, sight: Sight) -> Field:
        """The haze's thickness at the output's nodes, 0..1 about 0.5: two sheets that pass each other."""
        body, time_s = self._body, sight.time_s
        total = np.zeros(sight.background.shape[:2], np.float32)
        for pace, stretch in ((1.0, 1.0), (-0.55, 1.37)):
            travel = np.array([self._side * pace * body.drift, -abs(pace) * body.rise]) * time_s
            places = (sight.background - travel.astype(np.float32)) * np.float32(TILE / body.scale / 2)
            total += self._read(np.asarray(places * np.float32(stretch), np.float32))
        return np.asarray(np.float32(0.5) * (1 + np.tanh(total)), np.float32)

    def _read(self, places: Grid) -> Field:
        return sample(self._noise, places % np.float32(TILE), cv2.BORDER_WRAP)


def tileable_noise(chance: np.random.Generator) -> Field:
    """Make smooth noise of several octaves, about 0 with a deviation of 0.5, that repeats on all sides."""
    total = np.zeros((TILE, TILE), np.float32)
    for octave in range(_OCTAVES):
        side = 4 * 2**octave
        coarse = np.pad(chance.standard_normal((side, side)).astype(np.float32), 2, mode="wrap")
        step = TILE // side
        large = cv2.resize(coarse, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += large[2 * step : 2 * step + TILE, 2 * step : 2 * step + TILE] * np.float32(0.55**octave)
    return np.asarray(0.5 * (total - total.mean()) / total.std(), np.float32)
