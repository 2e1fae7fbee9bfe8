"""Depth of field: what lies nearer or farther than the distance in focus becomes soft.

A point is spread over a disc whose radius grows with the difference of its inverse depth from that in focus
(the thin lens). The discs are added up as light, not as grey levels, so that small highlights stay bright.

Sources: Potmesil and Chakravarty, "A Lens and Aperture Camera Model for Synthetic Image Generation", 1981;
Reinhard et al., "Photographic Tone Reproduction for Digital Images", 2002 (its curve, undone and redone).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.optics.projection import Kind
from talkies.engines.animatic.vision.scene import Scene
from talkies.plan import Shot, ShotSize

Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]

# Radius of the disc at infinity when the subject, at inverse depth 1, is in focus; in picture widths.
_ASKED = 0.017
_BY_SIZE: dict[ShotSize, float] = {"medium_close_up": 0.005, "close_up": 0.008, "extreme_close_up": 0.011}

_FAR = 0.15  # quantile of a landscape's inverse depth that a rack of focus begins at
_EASE_FRAMES = 24  # from and to a frame that must be the photo itself
_RACK = (0.35, 0.65)  # of a shot: when the focus travels from one to the other of background and subject
_LEAST_RADIUS = 0.35  # pixels: below it nothing is to be seen
_SMALL, _LARGE = 2.5, 8.0  # pixels: above these radii discs are drawn at half and at a quarter of the size
_ALIKE = 0.15  # of the largest radius: a spread below it needs one disc only
_ROWS = 128  # of a picture that are mixed at once: shares of a whole texture would take much memory
_LEVELS = 4  # pictures between which a place is mixed, from sharp to softest
_HEADROOM = 0.12  # of white: the smaller, the more a highlight outshines its surroundings


@dataclass(frozen=True)
class Aperture:
    """The lens in one frame.

    `in_focus` is the inverse depth that is sharp, `width` the radius of the disc that a point at an inverse
    depth one more or less becomes, in picture widths.
    """

    in_focus: float = 1.0
    width: float = 0.0

    def radii(self, inverse_depth: Field, picture_width: float) -> Field:
        """Give the discs' radii in pixels of a picture."""
        return np.asarray(self.width * picture_width * np.abs(inverse_depth - self.in_focus), np.float32)

    def radius(self, inverse_depth: float, picture_width: float) -> float:
        """Give the disc's radius in pixels of a picture at one depth."""
        return self.width * picture_width * abs(inverse_depth - self.in_focus)


def plan_apertures(
    shot: Shot,
    scene: Scene,
    focus: tuple[float, float],
    frame_count: int,
    *,
    opens_whole: bool,
    closes_whole: bool,
) -> tuple[Aperture, ...]:
    """Lay out the focus of a shot, one aperture a frame.

    Without a wish of the prompt a close-up of a subject is a little shallow, and anything else is deep.

    Args:
        shot: with its size and the prompt's wish.
        scene: what it is filmed from.
        focus: the point that is to be sharp, in picture widths from the centre; a subject as a whole is.
        frame_count: apertures to make.
        opens_whole, closes_whole: the first or last frame is the photo itself, sharp everywhere.
    """
    asked = shot.depth_of_field
    is_racked = asked in ("rack", "rack_away")
    width = _ASKED if asked == "shallow" or is_racked else 0.0
    if asked is None and shot.framing.size is not None and scene.depth.subject is not None:
        width = _BY_SIZE.get(shot.framing.size, 0.0)
    if width == 0:
        return (Aperture(),) * frame_count
    far, near = _depths(scene, focus)
    begun, reached = (near, far) if asked == "rack_away" else (far, near)
    apertures = []
    for index in range(frame_count):
        share = _eased(index / _EASE_FRAMES) if opens_whole else 1.0
        if closes_whole:
            share *= _eased((shot.frame_count - 1 - index) / _EASE_FRAMES)
        start, end = _RACK
        arrived = _eased((index / shot.frame_count - start) / (end - start)) if is_racked else 1.0
        apertures.append(Aperture(begun + (reached - begun) * arrived, width * share))
    return tuple(apertures)


def _depths(scene: Scene, focus: tuple[float, float]) -> tuple[float, float]:
    """Give the inverse depths of the background and of what the shot is about."""
    field = scene.depth.background
    if scene.depth.subject is not None:
        return float(np.median(field)), 1.0
    return float(np.quantile(field, _FAR)), scene.nearness(focus)


def soften(pixels: Pixels, radii: Field) -> Pixels:
    """Spread each place of a picture over its disc.

    Args:
        pixels: `(height, width, 3)` RGB, or 4 with premultiplied alpha, uint8.
        radii: in pixels, any size, stretched over the picture; smooth.
    """
    largest, least = float(radii.max()), float(radii.min())
    if largest < _LEAST_RADIUS:
        return pixels
    if largest - least < _ALIKE * largest:
        return blur(pixels, (largest + least) / 2)
    size = (pixels.shape[1], pixels.shape[0])
    place = cv2.resize(radii, size, interpolation=cv2.INTER_LINEAR) * ((_LEVELS - 1) / largest)
    first, last = math.floor(least / largest * (_LEVELS - 1)), _LEVELS - 1
    mixed = blur(pixels, first * largest / last)
    for level in range(first + 1, _LEVELS):
        softer = blur(pixels, level * largest / last)
        sharper, mixed = mixed, np.empty_like(pixels)
        for top in range(0, size[1], _ROWS):
            rows = slice(top, top + _ROWS)
            share = np.clip(place[rows] - (level - 1), 0, 1)
            cv2.blendLinear(softer[rows], sharper[rows], share, 1 - share, dst=mixed[rows])
    return mixed


def blur(pixels: Pixels, radius: float) -> Pixels:
    """Spread a picture over discs of one radius in pixels; a plain colour stays as it is."""
    if radius < _LEAST_RADIUS:
        return pixels
    if radius <= _SMALL:
        return _spread(pixels, radius)
    reduction = 2 if radius <= _LARGE else 4
    # Reducing and enlarging soften as well: a box of so many pixels and a tent, each with its variance.
    variance = (reduction**2 - 1) / 12 + reduction**2 / 6
    remaining = math.sqrt(max(radius**2 - 4 * variance, 0.0))
    size = (pixels.shape[1], pixels.shape[0])
    small = cv2.resize(
        pixels, (-(-size[0] // reduction), -(-size[1] // reduction)), interpolation=cv2.INTER_AREA
    )
    if pixels.shape[2] == 3:
        soft = _to_grey(_spread(np.asarray(cv2.LUT(small, _LIGHT), np.float32), remaining / reduction))
    else:  # premultiplied colours have no highlights of their own: what they are worth depends on the alpha
        soft = _spread(np.asarray(small, np.uint8), remaining / reduction)
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _spread(values: NDArray[Kind], radius: float) -> NDArray[Kind]:
    spread = cv2.filter2D(values, -1, _disc(radius), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(spread, values.dtype)


@lru_cache(maxsize=64)
def _disc(radius: float) -> Field:
    """Draw a disc with a soft edge, whose sum is 1."""
    reach = math.ceil(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return np.asarray(disc / disc.sum())


def _to_grey(light: Field) -> Pixels:
    """Turn light back into grey levels: the inverse of `_LIGHT`."""
    linear = cv2.divide(light, light + np.float32(1), scale=1 + _HEADROOM)
    return np.asarray(cv2.convertScaleAbs(cv2.sqrt(linear), alpha=255), np.uint8)


def _light_of_greys() -> Field:
    """Give the light of each grey level, 0 to 255: squared for the gamma, then Reinhard's curve undone."""
    linear = (np.arange(256) / 255) ** 2
    return np.asarray(linear / (1 + _HEADROOM - linear), np.float32)


def _eased(value: float) -> float:
    part = min(max(value, 0.0), 1.0)
    return part * part * (3 - 2 * part)


_LIGHT = _light_of_greys()
