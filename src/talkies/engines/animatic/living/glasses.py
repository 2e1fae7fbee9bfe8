"""Glasses: clear ones, whose frame must not bend with the skin, and such as hide the eyes."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.opening import Opening
from talkies.engines.animatic.optics.textures import Pixels

_EYES = ((145, 159), (374, 386))
_BRIDGE = (8, 197)  # from between the brows to the middle of the nose
_STRIPS = (-0.07, -0.035, 0.0, 0.035, 0.07)  # beside the nose's ridge, in distances between the eyes' middles
_SAMPLES, _EDGE = 81, 6  # along a strip, and between the two that an edge is told from
# Of the skin's light: smooth skin has 0.03 to 0.05, a wrinkled bridge up to 0.15, a thin frame 0.18 to 0.5.
_MIN_EDGE = 0.165
# The lids' skin: in widths of an opening over it and under it.
_OVER, _UNDER = (0.12, 0.2), (0.12, 0.2, 0.3)
# On the cheek, beside the mouth and on the forehead, each half of the face by itself: light may fall on one.
_SKIN = ((205, 50, 187, 207, 108, 151, 69, 36), (425, 280, 411, 427, 337, 151, 299, 266))
_DARK = 0.33  # of that skin's light, below which both eyes' lids lie behind dark glass; make-up leaves 0.4
_BLACK = 8.0  # levels that are added to every colour: the hue of what is almost black is noise
_COLOURED, _TINTED = 0.13, 0.03  # of a colour's sum: how another glass's hue is; in bare faces up to 0.08


def wears_glasses(points: NDArray[np.float64], pixels: Pixels) -> bool:
    """Tell whether the bridge of a frame crosses the nose: bare skin has no edge across it there.

    A hard shadow is taken for a frame too. `points` are the mesh's points in texture pixels.
    """
    left, right = (points[list(lids)].mean(axis=0) for lids in _EYES)
    across = right - left
    start, end = points[list(_BRIDGE)]
    down = start + (end - start) * np.linspace(0, 1, _SAMPLES)[:, None]
    x, y = cv2.split((down[:, None] + across * np.array(_STRIPS)[:, None]).astype(np.float32))
    soft = cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    light = cv2.blur(soft[..., :3].astype(np.float32), (1, 3))
    edges = np.abs(light[_EDGE:] - light[:-_EDGE]).max(axis=-1).max(axis=0)
    return bool(edges.min() > _MIN_EDGE * max(float(np.median(light.max(axis=-1))), 1))


def hides_eyes(
    points: NDArray[np.float64], openings: tuple[Opening, Opening], pixels: Pixels, *, shows_iris: bool
) -> bool:
    """Tell whether both eyes lie behind dark, coloured or mirroring glass.

    Glass darkens and colours the lids' skin as well as the eye; what does so at one eye alone is a shadow, a
    reflection or make-up. `shows_iris`: an iris is seen in either.
    """
    pairs = [
        (_lids_colour(opening, pixels), _skin_colour(points[list(places)], opening, pixels))
        for opening, places in zip(openings, _SKIN, strict=True)
    ]
    if max(float(lids.sum() / max(skin.sum(), 1)) for lids, skin in pairs) < _DARK:
        return True
    hue = float(np.mean([np.abs(_share(lids) - _share(skin)).max() for lids, skin in pairs]))
    return hue > _COLOURED or (hue > _TINTED and not shows_iris and wears_glasses(points, pixels))


def _lids_colour(opening: Opening, pixels: Pixels) -> NDArray[np.float64]:
    """Give the median colour of the skin over and under an opening."""
    u = np.linspace(-0.35, 0.35, 15, dtype=np.float32)
    rows = [opening.upper_lid(u) - np.float32(away) for away in _OVER]
    rows += [opening.lower_lid(u) + np.float32(away) for away in _UNDER]
    return _median(pixels, *opening.pixels(np.stack([u] * len(rows)), np.stack(rows)))


def _skin_colour(places: NDArray[np.float64], opening: Opening, pixels: Pixels) -> NDArray[np.float64]:
    """Give the median colour of a face's skin about these places."""
    reach = np.linspace(-0.05, 0.05, 5) * opening.width
    across, down = np.meshgrid(reach, reach)
    return np.asarray(np.median([_median(pixels, x + across, y + down) for x, y in places], axis=0))


def _share(colour: NDArray[np.float64]) -> NDArray[np.float64]:
    return (colour + _BLACK) / float((colour + _BLACK).sum())


def _median(
    pixels: Pixels, x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    seen = cv2.remap(
        pixels, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(np.median(seen[..., :3].reshape(-1, 3), axis=0), np.float64)
