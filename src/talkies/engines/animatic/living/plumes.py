"""Plumes that rise, wavering and torn: steam from a picture's hot thing, smoke where something blew up."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.blending import mix_in
from talkies.engines.animatic.living.haze import TILE, tileable_noise
from talkies.engines.animatic.living.sight import HALF, Field, Sight, Stage
from talkies.engines.animatic.optics.projection import sample
from talkies.engines.animatic.vision.matte import prominence
from talkies.media import Frame, rng

_PROMINENT = 0.55  # of the most prominent: what belongs to the hot thing
_MOUTH = 0.4  # of its height, from above: where the steam comes out
_WIDTH = 0.42  # of its width, of the plume at its foot
_OPENING = 0.9  # how much wider the plume is at its top
_TALL = (0.3, 0.6)  # of the picture's height: the plume at the least and at the most
_RISE = 0.075  # picture widths a second
_SCALE = 0.16  # picture widths: the largest swirls
_STRETCH = 0.5  # height of a sample of them, of its width: they are drawn out upwards
_WAVER = 0.3  # of the plume's width at its foot: how far its top goes aside
_WAVER_HZ = (0.16, 0.29)
_DENSITY = 1.8
_GROWING_S = 1.4  # from a plume's beginning until it is as thick as it gets
_COLUMN_WIDTH = 0.14  # picture widths, of smoke far away
_SMOKE_BY_DAY, _SMOKE_BY_NIGHT = 0.4, 1.35  # of the air's light: it stands out from either sky
_DAY = 105.0  # mean luma of a picture by day
_WHITE = 0.7  # of the steam's own colour, the rest is the light of the picture


class Vent(NamedTuple):
    """Where a plume comes out and how wide and tall it is, in picture widths from the picture's centre."""

    x: float
    y: float
    width: float
    tall: float


class Plume:
    """A plume, thickest just above its vent.

    Args:
        stage: on which it is seen.
        vent: where it rises.
        colour: `(3,)`, 0..255.
        seed: for all chance.
        since_s: when it begins to rise, in seconds from the clip's start; it has always risen without.
    """

    def __init__(
        self, stage: Stage, vent: Vent, colour: NDArray[np.floating], seed: int, since_s: float = -math.inf
    ) -> None:
        chance = rng(seed, "plume")
        self._noise = tileable_noise(chance)
        self._phases = chance.uniform(0, 2 * math.pi, len(_WAVER_HZ))
        self._x, self._y, self._width, self._tall = vent
        self._colour = stage.filled(colour)
        self._since_s = since_s

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Let the plume rise in a frame, in place."""
        grown = min((sight.time_s - self._since_s) / _GROWING_S, 1.0)
        if grown <= 0:
            return
        places = sight.canvas(sight.background)
        x, y = places[..., 0], places[..., 1]
        beside = 0.5 * self._width * (1 + _OPENING) + _WAVER * self._width
        near = (np.abs(x - self._x) < 2 * beside) & (y < self._y) & (y > self._y - self._tall)
        left, top, width, height = cv2.boundingRect(near.astype(np.uint8))
        if width == 0:
            return
        box = np.s_[top : top + height, left : left + width]
        weights = np.zeros(near.shape, np.float32)
        weights[box] = self._plume(x[box], y[box], sight.time_s)
        if sight.subject is not None and self._since_s > -math.inf:
            weights[box] *= 1 - sight.subject[box]  # smoke is far
        top, bottom = HALF * top, min(HALF * (top + height), frame.shape[0])
        left, right = HALF * left, min(HALF * (left + width), frame.shape[1])
        part = np.ascontiguousarray(frame[top:bottom, left:right])
        mix_in(part, self._colour[top:bottom, left:right], weights[box] * np.float32(grown * sight.presence))
        frame[top:bottom, left:right] = part

    def _plume(self, x: Field, y: Field, time_s: float) -> Field:
        """How thick the plume is at places of the picture, 0..1."""
        up = np.clip((self._y - y) / self._tall, 0, 1)
        waves = zip(_WAVER_HZ, self._phases, (3.1, 5.3), strict=True)
        aside = sum(
            np.sin(2 * math.pi * hertz * time_s + phase - bends * up) for hertz, phase, bends in waves
        )
        x = x - self._x - np.float32(0.5 * _WAVER * self._width) * up * aside
        away = x / (0.5 * self._width * (1 + _OPENING * up))
        shape = np.exp(-(away**2)) * np.clip(up / 0.22, 0, 1) * (1 - up) ** 1.3
        torn = self._swirls(x, y, time_s, 1.0) * self._swirls(x, y, 1.37 * time_s, 1.6)
        return np.asarray(np.clip(_DENSITY * shape * torn, 0, 0.9), np.float32)

    def _swirls(self, x: Field, y: Field, time_s: float, finer: float) -> Field:
        density = np.float32(TILE * finer / _SCALE / 4)
        places = np.stack([x, np.float32(_STRETCH) * (y + np.float32(_RISE * time_s))], axis=-1) * density
        read = sample(self._noise, np.asarray(places % np.float32(TILE), np.float32), cv2.BORDER_WRAP)
        return np.asarray(np.clip(0.6 + 0.9 * read, 0, 1.4), np.float32)


def steam(stage: Stage, seed: int) -> Plume:
    """Let steam rise from the picture's most prominent thing."""
    scene = stage.scene
    if scene.matte is not None:
        left, top, width, height = (side / scene.width for side in scene.matte.box)
    else:
        shown = prominence(scene.prepared)
        mask = np.asarray(shown > _PROMINENT * shown.max(), np.uint8)
        left, top, width, height = (side / shown.shape[1] for side in cv2.boundingRect(mask))
    ratio = scene.height / scene.width
    foot = top + _MOUTH * height
    tall = min(max(foot, _TALL[0] * ratio), _TALL[1] * ratio)
    vent = Vent(left + width / 2 - 0.5, foot - ratio / 2, _WIDTH * width, tall)
    return Plume(stage, vent, _WHITE * np.full(3, 255.0) + (1 - _WHITE) * stage.light, seed)


def smoke_column(stage: Stage, foot: tuple[float, float], seed: int, since_s: float) -> Plume:
    """Let smoke rise far away, from a moment on."""
    ratio = stage.scene.height / stage.scene.width
    vent = Vent(foot[0], foot[1] + 0.02, _COLUMN_WIDTH, _TALL[1] * ratio)
    by_day = float(cv2.resize(stage.scene.prepared, (32, 32), interpolation=cv2.INTER_AREA).mean()) > _DAY
    shade = _SMOKE_BY_DAY if by_day else _SMOKE_BY_NIGHT
    return Plume(stage, vent, shade * stage.light, seed, since_s)
