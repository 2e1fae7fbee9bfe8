"""Plumes that rise, wavering and torn: steam from a picture's hot thing, smoke where something blew up."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.blending import mix_in
from talkies.engines.animatic.living.haze import TILE, tileable_noise
from talkies.engines.animatic.living.sight import HALF, Field, Sight, Stage, open_sky
from talkies.engines.animatic.optics.projection import sample
from talkies.engines.animatic.vision.matte import prominence
from talkies.media import Frame, rng

_PROMINENT = 0.55  # of the most prominent: what belongs to the hot thing
_MOUTH = 0.4  # of its height, from above: where the steam comes out
_WIDTH = 0.42  # of its width, of the plume at its foot
_TALL = (0.3, 0.6)  # of the picture's height: the plume at the least and at the most
LEAST_SKY = 0.25  # confidence of a sky that tells where far things are
_WAVER = 0.3  # of the plume's width at its foot: how far its top goes aside
_WAVER_HZ = (0.16, 0.29)
_DENSITY = 1.8  # of steam
_THICKNESS, _RIM = 3.4, 0.5  # of smoke: in its middle, and so little that it is none
_GROWING_S = 0.7  # from a plume's beginning until it is as thick as it gets
_COLUMN_WIDTH, _COLUMN_HEIGHT = 0.13, 0.72  # of smoke far away: picture widths, and of the picture's height
_YOUNG = 0.22  # of a column's height, that it has when it begins to rise
_UNFOLDING_S = 2.2  # in which two thirds of the rest are done
_SMOKE_BY_DAY, _SMOKE_BY_NIGHT = 0.5, 1.1  # of the air's light: it stands out from either sky
_DAY = 105.0  # mean luma of a picture by day
_WHITE = 0.7  # of the steam's own colour, the rest is the light of the picture


class Vapour(NamedTuple):
    """What a plume is made of.

    `opening` is how much wider it is at its top, `foot` the share of its height over which it begins, `rise`
    in picture widths a second, `scale` in picture widths the size of the largest swirls. They are drawn out
    upwards where `stretch`, the height of a sample of them over its width, is below 1.
    """

    opening: float
    foot: float
    rise: float
    scale: float
    stretch: float


_STEAM = Vapour(opening=0.9, foot=0.22, rise=0.075, scale=0.16, stretch=0.5)
_SMOKE = Vapour(opening=2.2, foot=0.06, rise=0.08, scale=0.11, stretch=0.85)


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
        vapour: what it is made of.
        seed: for all chance.
        since_s: when it begins to rise, in seconds from the clip's start; it has always risen without.
    """

    def __init__(
        self,
        stage: Stage,
        vent: Vent,
        colour: NDArray[np.floating],
        vapour: Vapour,
        seed: int,
        since_s: float = -math.inf,
    ) -> None:
        chance = rng(seed, "plume")
        self._noise = tileable_noise(chance)
        self._phases = chance.uniform(0, 2 * math.pi, len(_WAVER_HZ))
        self._x, self._y, self._width, self._tall = vent
        self._colour = stage.filled(colour)
        self._vapour = vapour
        self._since_s = since_s
        look = stage.scene.look
        self._sky = open_sky(stage.scene, look.size, LEAST_SKY) if since_s > -math.inf else None

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Let the plume rise in a frame, in place."""
        grown = min((sight.time_s - self._since_s) / _GROWING_S, 1.0)
        if grown <= 0:
            return
        places = sight.canvas(sight.background)
        x, y = places[..., 0], places[..., 1]
        beside = 0.5 * self._width * (1 + self._vapour.opening) + _WAVER * self._width
        tall = self._height(sight.time_s)
        near = (np.abs(x - self._x) < 2 * beside) & (y < self._y) & (y > self._y - tall)
        left, top, width, height = cv2.boundingRect(near.astype(np.uint8))
        if width == 0:
            return
        box = np.s_[top : top + height, left : left + width]
        weights = np.zeros(near.shape, np.float32)
        weights[box], shade = self._plume(x[box], y[box], sight.time_s)
        # Smoke is far: what stands before the sky hides it.
        if self._sky is not None:
            weights[box] *= sight.canvas(sight.look_at(self._sky))[box]
        elif sight.subject is not None and self._since_s > -math.inf:
            weights[box] *= 1 - sight.subject[box]
        top, bottom = HALF * top, min(HALF * (top + height), frame.shape[0])
        left, right = HALF * left, min(HALF * (left + width), frame.shape[1])
        part = np.ascontiguousarray(frame[top:bottom, left:right])
        colour = self._colour[top:bottom, left:right]
        if shade is not None:
            large = cv2.resize(np.rint(255 * shade).astype(np.uint8), part.shape[1::-1])
            colour = np.asarray(cv2.multiply(colour, cv2.cvtColor(large, cv2.COLOR_GRAY2RGB), scale=1 / 255))
        mix_in(part, colour, weights[box] * np.float32(grown * sight.presence))
        frame[top:bottom, left:right] = part

    def _height(self, time_s: float) -> float:
        """How tall the plume is, in picture widths."""
        if self._since_s == -math.inf:
            return self._tall
        return self._tall * (1 - (1 - _YOUNG) * math.exp(-(time_s - self._since_s) / _UNFOLDING_S))

    def _plume(self, x: Field, y: Field, time_s: float) -> tuple[Field, Field | None]:
        """How thick the plume is at places of the picture, and how bright where that differs, 0..1."""
        up = np.clip((self._y - y) / self._height(time_s), 0, 1)
        waves = zip(_WAVER_HZ, self._phases, (3.1, 5.3), strict=True)
        aside = sum(
            np.sin(2 * math.pi * hertz * time_s + phase - bends * up) for hertz, phase, bends in waves
        )
        x = x - self._x - np.float32(0.5 * _WAVER * self._width) * up * aside
        away = x / (0.5 * self._width * (1 + self._vapour.opening * up))
        shape = np.exp(-(away**2)) * np.clip(up / self._vapour.foot, 0, 1)
        coarse, fine = self._swirls(x, y, time_s, 1.0), self._swirls(x, y, 1.37 * time_s, 1.6)
        if self._vapour is _SMOKE:
            # Thick smoke has a rim: it is there or it is not, and it is lit unevenly.
            body = _THICKNESS * shape * (1 - up**4)
            thick = body + np.minimum(body, 1) * (0.9 * coarse + 0.6 * fine) - _RIM
            shade = np.clip(0.68 + 0.34 * fine + 0.2 * coarse, 0.36, 1)
            return np.asarray(0.92 * np.clip(thick, 0, 1), np.float32), np.asarray(shade, np.float32)
        torn = np.clip(0.6 + 0.9 * coarse, 0, 1.4) * np.clip(0.6 + 0.9 * fine, 0, 1.4)
        return np.asarray(np.clip(_DENSITY * shape * (1 - up) ** 1.3 * torn, 0, 0.9), np.float32), None

    def _swirls(self, x: Field, y: Field, time_s: float, finer: float) -> Field:
        density = np.float32(TILE * finer / self._vapour.scale / 4)
        risen = y + np.float32(self._vapour.rise * time_s)
        places = np.stack([x, np.float32(self._vapour.stretch) * risen], axis=-1) * density
        return sample(self._noise, np.asarray(places % np.float32(TILE), np.float32), cv2.BORDER_WRAP)


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
    return Plume(stage, vent, _WHITE * np.full(3, 255.0) + (1 - _WHITE) * stage.light, _STEAM, seed)


def smoke_column(stage: Stage, foot: tuple[float, float], seed: int, since_s: float) -> Plume:
    """Let smoke rise far away, from a moment on."""
    ratio = stage.scene.height / stage.scene.width
    vent = Vent(foot[0], foot[1] + 0.02, _COLUMN_WIDTH, _COLUMN_HEIGHT * ratio)
    by_day = float(cv2.resize(stage.scene.prepared, (32, 32), interpolation=cv2.INTER_AREA).mean()) > _DAY
    shade = _SMOKE_BY_DAY if by_day else _SMOKE_BY_NIGHT
    return Plume(stage, vent, shade * stage.light, _SMOKE, seed, since_s)
