"""Inverse depth without a depth net: a far sky, a ground that comes nearer downwards, relief on the subject.

Inverse depth is 1 at the subject's distance and 0 at infinity. Each layer has its own field without jumps, so
that a layer bends but never tears: at a skyline it is the sky that bends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.faces import Face
from talkies.engines.animatic.living.horizons import find_far_shore, find_sky
from talkies.engines.animatic.living.look import Look
from talkies.engines.animatic.matte import Matte, prominence
from talkies.media import Frame

Field = NDArray[np.float32]

_LONG_SIDE = 160  # samples of a field along the picture's longer side
_SKY, _FAR, _GROUND = 0.08, 0.28, 1.2  # of a landscape: its sky, its horizon, and the picture's bottom
_WHOLE_GROUND = 0.4  # of the height below the horizon, with which the bottom is as near as that
_SURE_OF_SKY = 0.4  # confidence
_STEEPEST = 12.0  # of inverse depth over a picture width: 60 pixels of 1280 aside squeeze the sky to a half
_PLAIN = 0.65  # of a picture without subject and horizon, where nothing stands out
_WALL = 0.42  # of the background at the top of a picture with a subject
_CONTACT = 0.86  # of the background where the subject stands on it: nearly its own, so that it does not slide
_RELIEF = 0.07  # how much nearer a subject's middle is than its outline
_FACE_RELIEF = 0.08  # how much nearer a face is
_PROMINENCE = 0.6  # how much nearer the prominent parts of a picture without a matte are
_HORIZON_RANGE = (0.2, 0.75)  # of the height, where a horizon is looked for


@dataclass(frozen=True)
class Depth:
    """Inverse depth of both layers, each `(rows, columns)` float32 stretched over the whole picture."""

    background: Field
    subject: Field | None


def estimate_depth(frame: Frame, matte: Matte | None, faces: tuple[Face, ...]) -> Depth:
    """Guess how near things are, from the matte, the faces and the place in the picture."""
    scale = _LONG_SIDE / max(frame.shape[:2])
    size = (max(4, round(frame.shape[1] * scale)), max(4, round(frame.shape[0] * scale)))
    if matte is None:
        return Depth(_landscape(frame, size), None)
    wall = _behind(matte, size, frame.shape[0])
    return Depth(_before_sky(wall, Look(frame, matte.alpha)), _subject(matte, faces, size, scale))


def _landscape(frame: Frame, size: tuple[int, int]) -> Field:
    """Far above the horizon, if there is one, and nearer and nearer below it; prominent things stand out."""
    look = Look(frame, None)
    shore = find_far_shore(look)
    level, certainty = find_horizon(frame) if shore is None else (shore, 1.0)
    y = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    bottom = _FAR + (_GROUND - _FAR) * min(1.0, (1 - level) / _WHOLE_GROUND)
    ground = _FAR + (bottom - _FAR) * np.clip((y - level) / (1 - level), 0, 1) ** 1.2
    flat = np.broadcast_to(_PLAIN + certainty * (ground - _PLAIN), (size[1], size[0]))
    share = _PROMINENCE * (1 - 0.5 * certainty)
    relief = share * cv2.resize(prominence(frame), size, interpolation=cv2.INTER_AREA)
    land = cv2.GaussianBlur(flat + relief, (0, 0), size[0] / 40)
    return _before_sky(np.asarray(land, np.float32), look)


def _before_sky(land: Field, look: Look) -> Field:
    """Put the sky, if there is one, far behind a land."""
    sky = find_sky(look)
    if sky is None or sky.confidence < _SURE_OF_SKY:
        return land
    cover = cv2.resize(sky.cover, land.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return _without_cliffs(np.where(cover > 0.5, np.float32(_SKY), land))


def _without_cliffs(field: Field) -> Field:
    """Raise what is far beside what is near, until nothing is steeper than a warp can follow."""
    drop = np.float32(_STEEPEST / max(field.shape))
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    for _ in range(math.ceil(float(np.ptp(field)) / float(drop))):
        field = np.maximum(field, cv2.dilate(field, cross) - drop)
    return np.asarray(cv2.GaussianBlur(field, (0, 0), 0.8), np.float32)


def find_horizon(frame: Frame) -> tuple[float, float]:
    """Find the height, as a share from the top, that best parts a picture in two bands of unlike colour.

    Returns the height and how certain it is, 0 to 1.

    Source: Otsu's criterion (variance between two classes over the whole variance), on the colours of rows.
    """
    lab = cv2.cvtColor(cv2.resize(frame, (64, 128), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    pixels = lab.astype(np.float64)
    rows = pixels.mean(axis=1)
    first, last = (round(share * len(rows)) for share in _HORIZON_RANGE)
    spread = [
        cut * (len(rows) - cut) * float(((rows[:cut].mean(axis=0) - rows[cut:].mean(axis=0)) ** 2).sum())
        for cut in range(first, last)
    ]
    best = int(np.argmax(spread))
    whole = float(pixels.var(axis=(0, 1)).sum()) * len(rows) ** 2
    separation = spread[best] / max(whole, 1e-6)
    return (first + best) / len(rows), float(np.clip((separation - 0.15) / 0.3, 0, 1))


def _behind(matte: Matte, size: tuple[int, int], height: int) -> Field:
    """A wall that turns into the ground on which the subject stands."""
    _, top, _, tall = matte.box
    foot = min(1.0, (top + tall) / height)
    y = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    ramp = _WALL + (_CONTACT - _WALL) * np.clip(y / max(foot, 0.1), 0, 1.1) ** 2
    return np.ascontiguousarray(np.broadcast_to(ramp, (size[1], size[0])), np.float32)


def _subject(matte: Matte, faces: tuple[Face, ...], size: tuple[int, int], scale: float) -> Field:
    """Rounded towards the outline; faces come forward."""
    # The outermost row and column count as inside, else a subject cut by the picture's edge curls there.
    margin = max(size)
    inside = np.asarray(cv2.resize(matte.alpha, size, interpolation=cv2.INTER_AREA) > 127, np.uint8)
    inside = np.pad(inside, margin, mode="edge")
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[margin:-margin, margin:-margin]
    roundness = np.sqrt(np.minimum(distance / (0.12 * max(size)), 1))
    field = 1 + _RELIEF * cv2.GaussianBlur(roundness, (0, 0), max(size) / 50)
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    for face in faces:
        centre, radius = np.array(face.centre) * scale, 0.55 * face.size * scale
        away = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / radius**2
        field += _FACE_RELIEF * np.exp(-away)
    return np.asarray(field, np.float32)
