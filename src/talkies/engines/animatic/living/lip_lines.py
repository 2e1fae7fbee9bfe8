"""Where the photo shows the lips to part, and the edges of parted ones; lengths are as in `lips`."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.lips import ALONG, Field, Lips, lay_lips, smooth_line
from talkies.engines.animatic.optics.textures import Pixels
from talkies.engines.animatic.vision.faces import Face

_TOUCHING = 0.025  # mean gap of the lips in mouth widths, below which the mesh means a closed mouth
_SHUT = 0.05  # of the same, below which only teeth that the photo shows part them
_NARROW = 0.06  # of the same, below which the photo decides
_DARKER, _BRIGHTER = 0.75, 1.3  # than the lips: a throat, and teeth
_NOT_TEETH = 85  # percent of the places along the lips that need not show teeth
_SEARCH = 0.045  # face sizes about the mesh's line in which the photo's lip line is looked for
_OFFSETS = np.linspace(-1.0, 1.0, 37)  # of that
_FAR_SEARCH = 0.15  # the same for a drawn mouth: the mesh knows where mouths are, not how they are drawn
_FAINT, _DRAWN = 5.0, 50.0  # grey levels darker than what is about it: less is no line, more a drawn one
_STRAYING = 40.0  # grey levels that a line at the edge of the search has to be darker by
_BRIGHTENING_WEIGHT = 4.0  # of its change from row to row against its darkness
_SHADOW_WEIGHT, _CHANGE_WEIGHT = 1.5, 3.0  # of the photo's signs of an edge, against straying
_SHADOW = 0.78  # of the brightness of a lip: what is darker is no better an edge
_INTO_UPPER_LIP, _INTO_LOWER_LIP = 0.004, 0.014  # face sizes: edges lie so far within, clear of any teeth
_TEETH_ROWS = 64  # over both lips, in which teeth are looked for
_LEAST_CONTRAST = 30.0  # levels that teeth are brighter than lips, below which they are not told apart
_LEAST_SHARE = 0.35  # the same for dark lips, of their brightness
_ALIKE = 0.5  # of the way from a lip's colour to the brightest teeth's: from here on it is a tooth
_ROOT, _ROOT_ROWS = 0.25, 8  # the same of a tooth's root and the gum above it, and how far up they go
_LEAST_TOOTH = 6, 3  # rows and places along the lips of a tooth; less is a light on a lip
_ABOVE = 0.05  # face sizes over an upper lip's edge in which there may still be teeth
_LEAST_LIP = 0.25  # of an upper lip as the mesh lays it, which over gums lies too low
_BESIDE_TEETH = 0.008, 0.03  # face sizes: an edge lies so far from teeth, at the least and at the most
_UNDER_TEETH = 0.006, 0.014  # the same of the lower lip, where it is near them


def find_lips(face: Face, pixels: Pixels, corner: tuple[float, float], density: float) -> Lips | None:
    """Find the lips of a face in a texture; None where it is turned to a profile.

    The mesh gives the corners; the line at which the lips part is sought in the photo: lips that part
    elsewhere look torn.
    """
    lips = lay_lips(face, corner, density)
    if lips is None:
        return None
    return _shut(lips, pixels) if _is_shut(lips, pixels) else _parted(lips, pixels)


def _is_shut(lips: Lips, pixels: Pixels) -> bool:
    """Tell whether lips touch: the mesh knows it but for narrow gaps, of which the photo shows the inside."""
    gap = float(lips.gap.mean()) / (2 * lips.half_width)
    if not _TOUCHING <= gap < _NARROW:
        return gap < _TOUCHING
    middle = np.abs(ALONG) < 0.6
    across = np.linspace(0.25, 0.75, 7)[:, None]
    inside, above, below = (
        _grey(_cut(lips, start + across * (end - start), pixels))[:, middle]
        for start, end in (
            (lips.upper, lips.lower),
            (lips.upper_outer, lips.upper),
            (lips.lower, lips.lower_outer),
        )
    )
    of_lips = np.median(above), np.median(below)
    is_dark = gap >= _SHUT and np.median(inside) < _DARKER * min(of_lips)
    is_bright = np.percentile(inside.max(axis=0), _NOT_TEETH) > _BRIGHTER * max(of_lips)
    return not (is_dark or is_bright)


def _parted(lips: Lips, pixels: Pixels) -> Lips:
    """Put the inner edges of parted lips where the photo has them, a little within the lips.

    Under the upper lip lies its shadow, before teeth as before a dark throat; the lower lip begins where the
    colour changes most.
    """
    shadow = _grey(_strip(lips, lips.upper, pixels))
    shadow = np.maximum(shadow, _SHADOW * np.percentile(shadow, 75, axis=0))
    change = np.abs(np.gradient(_strip(lips, lips.lower, pixels), axis=0)).sum(axis=2)
    upper = _refined(lips.upper, _SHADOW_WEIGHT * shadow) - _INTO_UPPER_LIP
    lower = _refined(lips.lower, -_CHANGE_WEIGHT * change) + _INTO_LOWER_LIP
    upper, lower = _clear_of_teeth(lips, upper, lower, pixels)
    # Skin in full light looks like teeth beside it: an edge stays within its lip.
    upper = np.maximum(upper, lips.upper_outer + _LEAST_LIP * (lips.upper - lips.upper_outer))
    lower = np.minimum(lower, (lips.lower + lips.lower_outer) / 2)
    # The photo says nothing certain at the corners, where the lines have to meet.
    trust = 1 - ALONG**12
    upper = lips.upper + trust * (upper - lips.upper)
    lower = lips.lower + trust * (lower - lips.lower)
    return replace(lips, upper=upper, lower=np.maximum(lower, upper))


def _clear_of_teeth(
    lips: Lips, upper: NDArray[np.float64], lower: NDArray[np.float64], pixels: Pixels
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keep the inner edges of parted lips clear of teeth: a lip that carries some shows them when it closes.

    Teeth are told from lips by colour; where they look alike, the edges stay.
    """
    share = np.linspace(0, 1, _TEETH_ROWS)[:, None]
    rows = lips.upper_outer + share * (lips.lower_outer - lips.upper_outer)
    strip = _cut(lips, rows, pixels)
    reach = (rows > upper - _ABOVE) & (rows < lower + _UNDER_TEETH[1])
    places, half_way = np.arange(len(ALONG)), (upper + lower) / 2
    above, below = reach & (rows < half_way), reach & (rows > half_way)
    upper_teeth = _teeth(strip, rows < (lips.upper_outer + lips.upper) / 2, above)
    lower_teeth = _teeth(strip, rows > (lips.lower + lips.lower_outer) / 2, below)
    top = rows[upper_teeth.argmax(axis=0), places]
    bottom = rows[_TEETH_ROWS - 1 - lower_teeth[::-1].argmax(axis=0), places]
    seen_above = upper_teeth.any(axis=0)
    seen_below = lower_teeth.any(axis=0) & (bottom > lower - _BESIDE_TEETH[1])
    upper = np.where(seen_above, np.clip(upper, top - _BESIDE_TEETH[1], top - _BESIDE_TEETH[0]), upper)
    lower = np.where(seen_below, np.clip(lower, bottom + _UNDER_TEETH[0], bottom + _UNDER_TEETH[1]), lower)
    return smooth_line(upper, 2.5), smooth_line(lower, 1.5)


def _teeth(strip: Field, lip: NDArray[np.bool_], reach: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark what differs from a lip as the brightest within `reach` does, and is as tall as a tooth."""
    middle = np.abs(ALONG) < 0.7
    marked = np.zeros(reach.shape, np.bool_)
    if not (lip & middle).any() or not (reach & middle).any():
        return marked
    inside = strip[reach & middle]
    light = _grey(inside)
    of_lip = np.median(strip[lip & middle], axis=0)
    contrast = np.median(inside[light >= np.percentile(light, 80)], axis=0) - of_lip
    least = min(_LEAST_CONTRAST, _LEAST_SHARE * float(of_lip.mean()))
    if not contrast.any() or float(contrast.mean()) < least:
        return marked
    likeness = (strip - of_lip) @ contrast / float(contrast @ contrast)
    alike = np.asarray((likeness > _ALIKE) & reach, np.uint8)
    teeth = np.asarray(cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones(_LEAST_TOOTH)) > 0)
    root = (likeness > _ROOT) & reach
    for _ in range(_ROOT_ROWS):
        teeth[:-1] |= teeth[1:] & root[:-1]
    return teeth


def _shut(lips: Lips, pixels: Pixels) -> Lips:
    """Put both inner edges on the line between closed lips, where the lower one comes out of the shadow."""
    guess = (lips.upper + lips.lower) / 2
    grey = _grey(_strip(lips, guess, pixels))
    seam = _refined(guess, grey - _BRIGHTENING_WEIGHT * np.maximum(np.gradient(grey, axis=0), 0))
    if _darkness(lips, seam, pixels) < _FAINT:
        grey = _grey(_strip(lips, guess, pixels, _FAR_SEARCH))
        drawn = _refined(guess, grey, _FAR_SEARCH)
        seam = drawn if _darkness(lips, drawn, pixels) > _DRAWN else seam
    return replace(lips, upper=seam, lower=seam)


def _darkness(lips: Lips, line: NDArray[np.float64], pixels: Pixels) -> float:
    """Tell by how many grey levels a line is darker than what lies above and below it."""
    middle = np.abs(ALONG) < 0.7
    above, on, below = _grey(_strip(lips, line, pixels))[:: len(_OFFSETS) // 2, middle]
    return float(np.median(np.minimum(above, below) - on))


def _strip(lips: Lips, guess: NDArray[np.float64], pixels: Pixels, reach: float = _SEARCH) -> Field:
    """Cut the photo along a line: `(offsets, places, 3)` float32, smoothed a little."""
    return _cut(lips, guess + reach * _OFFSETS[:, None], pixels)


def _cut(lips: Lips, rows: NDArray[np.float64], pixels: Pixels) -> Field:
    """Cut the photo at `y` for each of `ALONG`: `(rows, places, 3)` float32, smoothed a little."""
    x, y = lips.pixels(np.broadcast_to(lips.x_along.astype(np.float32), rows.shape), rows.astype(np.float32))
    strip = cv2.remap(pixels[..., :3], x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(strip.astype(np.float32), (0, 0), 1.0), np.float32)


def _grey(strip: Field) -> Field:
    return np.asarray(strip @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def _refined(guess: NDArray[np.float64], cost: Field, reach: float = _SEARCH) -> NDArray[np.float64]:
    """Move a line of the mesh by the cheapest way near it."""
    straying = _STRAYING * _OFFSETS[:, None] ** 2
    path = reach * _OFFSETS[_cheapest_path(np.asarray(cost + straying, np.float32))]
    return smooth_line(guess + path, 1.5)


def _cheapest_path(cost: Field) -> NDArray[np.intp]:
    """Give for each column the row of the cheapest way from left to right, a row a step at most."""
    rows, columns = cost.shape
    total = cost.copy()
    came_from = np.zeros((rows, columns), np.intp)
    index = np.arange(rows)
    for column in range(1, columns):
        padded = np.pad(total[:, column - 1], 1, constant_values=np.inf)
        step = np.argmin(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0) - 1
        came_from[:, column] = index + step
        total[:, column] += total[index + step, column - 1]
    path = np.zeros(columns, np.intp)
    path[-1] = int(np.argmin(total[:, -1]))
    for column in range(columns - 1, 0, -1):
        path[column - 1] = came_from[path[column], column]
    return path
