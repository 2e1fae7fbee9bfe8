"""The sheen of calm water: streaks of sky light that its ripples carry, closer together the farther away."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.blending import mix_in
from talkies.engines.animatic.living.sight import HALF, Field, Sight, Stage
from talkies.engines.animatic.living.waves import Map, lie_down
from talkies.engines.animatic.optics.projection import STEP, sample
from talkies.engines.animatic.vision.look import Region
from talkies.media import Frame, rng

# Picture widths at the picture's bottom, of a ripple along the view and across it.
_LENGTH, _BREADTH = 0.0075, 0.085
_TILE, _SAMPLES = 160, 10  # samples a side of the pattern, and in a ripple
# Of each sheet of ripples, picture widths a second ahead and aside, and how much finer it is.
_SHEETS = ((0.02, 0.012, 1.0), (0.014, -0.018, 1.5))
_FINEST = 2.6  # frame pixels of a ripple: shorter ones would flicker
_THRESHOLD, _STEEPNESS = 0.1, 0.4  # of the pattern that is a streak
_STRENGTH = 0.6  # of the sky's light, in the clearest streak
_SKYLIGHT = 0.6  # of the streaks' colour, the rest is the water's own
_PATCH = 0.35  # picture widths between the wind's patches
_UNEVEN = 0.35  # how differently they are rippled


class Sheen:
    """Streaks on water.

    Args:
        stage: on which they are seen.
        region: the water.
        strength: 1 where the script asks for motion.
        seed: for all chance.
    """

    def __init__(self, stage: Stage, region: Region, strength: float, seed: int) -> None:
        self.stage = stage
        scene = stage.scene
        where = Map.over(scene.width, scene.height)
        scale, way = lie_down(region, where)
        self._surface = np.stack([(where.x - 0.5) / scale, way], axis=-1)
        fine = scale * np.float32(_LENGTH * scene.width / _FINEST)
        cover = cv2.resize(region.cover, where.x.shape[::-1], interpolation=cv2.INTER_AREA)
        windy = np.clip(1 - _UNEVEN + _UNEVEN * where.noise(seed, "wind on water", _PATCH), 0, 1)
        self._share = np.asarray(
            _STRENGTH * strength * cover * windy * np.clip(2 * fine - 1, 0, 1), np.float32
        )
        chance = rng(seed, "sheen")
        self._sheets = [_pattern(chance) for _ in _SHEETS]
        self._colour = stage.filled(_light(stage, region))

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Let the streaks of a moment shine in a frame, in place."""
        share = sight.look_at(self._share)
        rows = np.flatnonzero(share.max(axis=1) > 1 / 256)
        if len(rows) == 0:
            return
        last = min(int(rows[-1]) + 3, len(share))
        first = max(min(int(rows[0]) - 1, last - 4), 0)
        places = self.stage.lens.look_up(self._surface, sight.background[first:last])
        streaks = self._streaks(places, sight.time_s)
        weights = streaks * _to_canvas(share[first:last], self.stage) * np.float32(sight.presence)
        top = first * STEP // HALF
        weights = weights[: self.stage.canvas_size[1] - top]
        if sight.subject is not None:
            weights *= 1 - sight.subject[top : top + len(weights)]
        part = slice(HALF * top, HALF * (top + len(weights)))
        mix_in(frame[part], self._colour[part], weights)

    def _streaks(self, places: Field, time_s: float) -> Field:
        """How bright the streaks are on the canvas, 0..1: two sheets of ripples that cross.

        `places` are those of the surface that some rows of nodes see.
        """
        sheets = []
        per_ripple = np.array([1 / _BREADTH, 1 / _LENGTH], np.float32)
        for (ahead, aside, finer), noise in zip(_SHEETS, self._sheets, strict=True):
            moved = places - np.array([aside, ahead], np.float32) * np.float32(time_s)
            at = moved * per_ripple * np.float32(_SAMPLES * finer)
            # One turn of the pattern at most is beyond it: the sampler wraps slowly.
            at -= np.float32(_TILE) * np.floor(at.reshape(-1, 2).min(axis=0) / _TILE).astype(np.float32)
            sheets.append(sample(noise, _to_canvas(at, self.stage), cv2.BORDER_WRAP))
        streaks = np.float32(_STEEPNESS) * sum(sheets) - np.float32(_THRESHOLD)
        return np.asarray(np.clip(streaks, 0, 1), np.float32)


def _pattern(chance: np.random.Generator) -> Field:
    """Make smooth noise of unit deviation that repeats on all sides."""
    white = np.pad(chance.standard_normal((_TILE, _TILE)).astype(np.float32), _SAMPLES, mode="wrap")
    smooth = cv2.GaussianBlur(white, (0, 0), _SAMPLES / 4)[_SAMPLES:-_SAMPLES, _SAMPLES:-_SAMPLES]
    return np.asarray(smooth / smooth.std(), np.float32)


def _to_canvas(nodes: Field, stage: Stage) -> Field:
    """Spread numbers at some rows of nodes over the canvas: all rows but the first and the last."""
    step = STEP // HALF
    full = cv2.resize(nodes, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
    return np.asarray(full[step:-step, step : step + stage.canvas_size[0]], np.float32)


def _light(stage: Stage, region: Region) -> NDArray[np.floating]:
    """Mix the colour of the water with that of the sky, which is the air's light where no sky is seen."""
    look = stage.scene.look
    own = look.small[region.cover > 0.5].mean(axis=0)
    above = stage.light if look.sky is None else look.small[look.sky.cover > 0.5].mean(axis=0)
    return np.asarray(own + _SKYLIGHT * (above - own))
