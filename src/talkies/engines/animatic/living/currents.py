"""What goes one way all the time: clouds that drift, streams and waterfalls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.waves import Map, Motion, Times
from talkies.engines.animatic.vision.look import Field, Region
from talkies.media import Frame, rng

_SIDE = 0.16  # picture widths from the sky's edge, over which its drift fades
_INFLOW = 0.4  # picture widths from the side where clouds come in, over which it fades
_BILLOW, _UNEVEN = (
    0.22,
    0.22,
)  # picture widths between parts of a cloud that go apart, and how differently they go
_CLOUD_DETAIL = 1.2  # root mean square of cloud-sized changes of lightness, 0..100, that makes drift worth it
_HARD_EDGE = 9.0  # of lightness 0..100 between neighbouring samples: a cable, no cloud

_STREAM, _FALL = 0.075, 0.13  # picture widths a second at the picture's bottom
_CYCLE_S = 0.6  # of each of the two samples
_BANK = 0.05  # picture widths, over which a current fades at its banks
_STEEPEST = 0.6  # how much a current may stretch the picture at its banks; at 1 it folds
_FARTHEST = 0.3  # speed of the farthest water, of the nearest
_STRAIGHT_ROWS = 0.08  # of the picture: bends of a stream shorter than that are no bends


def drifting(
    region: Region, frame: Frame, where: Map, way: Times, seed: int, *, alone: bool
) -> Motion | None:
    """Let clouds drift to one side, faster overhead; None where the sky shows nothing to drift.

    Args:
        region: the sky.
        frame: the photo, or a sky of its own without what stands before it.
        where: the places of the field's samples.
        way: of the nearest clouds in each frame, in picture widths.
        seed: for the side.
        alone: the sky is a layer of its own, so that clouds go behind what stands before it.
    """
    size = where.x.shape[::-1]
    grey = cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    light = grey.astype(np.float32) * np.float32(100 / 255)
    detail = cv2.GaussianBlur(light, (0, 0), 1.5) - cv2.GaussianBlur(light, (0, 0), 8)
    clear = _without_hard_edges(region, light)
    free = where.cover(region if alone else clear, _SIDE)
    solid = where.cover(clear, _SIDE) > 0.3
    if not solid.any() or float(detail[solid].std()) < _CLOUD_DETAIL:
        return None
    overhead = np.maximum(1.15 - 0.6 * where.y / max(float(where.y[solid].max()), 1e-3), 0.5)
    heading = float(rng(seed, "clouds").choice([-1.0, 1.0]))
    # Where clouds come in there are none beyond the picture's edge; where they leave nothing is in their way.
    since = (where.x if heading > 0 else 1 - where.x) / np.float32(_INFLOW)
    until = np.ones_like(since) if alone else (1 - where.x if heading > 0 else where.x) / np.float32(_SIDE)
    side = np.clip(np.minimum(since, until), 0, 1)
    speed = (1.0 if alone else free) * side * side * (3 - 2 * side) * overhead
    # No part goes quite as its neighbours do: clouds change their shape on the way.
    along, up = (where.noise(seed, f"clouds {way}", _BILLOW) for way in ("along", "up"))
    ways = [heading * speed * (1 + np.float32(_UNEVEN) * along), np.float32(_UNEVEN / 2) * speed * up]
    field = np.stack(ways, axis=-1).astype(np.float32)
    return Motion(field[None], way[:, None].astype(np.float32))


def _without_hard_edges(region: Region, light: Field) -> Region:
    """Take thin things that stand in a sky out of it: they must not drift with it."""
    around = np.ones((3, 3), np.uint8)
    contrast = cv2.dilate(light, around) - cv2.erode(light, around)
    hard = cv2.dilate((contrast > 2 * _HARD_EDGE).astype(np.float32), around)
    cover = cv2.resize(region.cover, light.shape[::-1], interpolation=cv2.INTER_AREA) * (1 - hard)
    return Region(region.kind, np.asarray(cover, np.float32), region.confidence)


@dataclass(frozen=True)
class Current:
    """Water that flows: `way` is its displacement in one second, `(rows, columns, 2)` in picture widths."""

    way: NDArray[np.float32]

    @property
    def reach(self) -> float:
        """How far a point may move, in picture widths."""
        return float(np.abs(self.way).max()) * _CYCLE_S / 2

    def samples(self, time_s: float, strength: float) -> Iterator[tuple[NDArray[np.float32], float]]:
        """Give two displacements and how much each is seen; each starts again while it is not seen."""
        for lag in (0.0, 0.5):
            part = (time_s / _CYCLE_S + lag) % 1
            yield self.way * np.float32(strength * _CYCLE_S * (part - 0.5)), 1 - abs(2 * part - 1)


def find_current(region: Region, where: Map, *, falls: bool, strength: float) -> Current:
    """Let water flow down its bed towards the camera, or straight down where it `falls`."""
    cover = where.cover(region, _BANK)
    inside = cover > 0.2
    rows = np.flatnonzero(inside.any(axis=1))
    slope = np.zeros(where.x.shape[0], np.float32)
    pace = np.ones_like(slope)
    if not falls and len(rows) > 2:
        middle = np.array([where.x[row][inside[row]].mean() for row in rows])
        every = np.interp(np.arange(len(slope)), rows, middle).astype(np.float32)[:, None]
        smooth = cv2.GaussianBlur(every, (0, 0), _STRAIGHT_ROWS * len(slope))[:, 0]
        slope = np.asarray(np.gradient(smooth) / where.pitch, np.float32)
        down = np.clip((np.arange(len(slope)) - rows[0]) / max(rows[-1] - rows[0], 1), 0, 1)
        pace = np.asarray(_FARTHEST + (1 - _FARTHEST) * down, np.float32)
    speed = pace * np.float32(strength * (_FALL if falls else _STREAM))
    along = np.stack([slope, np.ones_like(slope)], axis=-1) / np.sqrt(1 + slope * slope)[:, None]
    way = cover[..., None] * (speed[:, None] * along)[:, None, :]
    stretch = max(float(np.abs(np.diff(way, axis=axis)).max()) for axis in (0, 1)) * _CYCLE_S / 2
    return Current(np.asarray(way * min(1.0, _STEEPEST * where.pitch / max(stretch, 1e-9)), np.float32))
