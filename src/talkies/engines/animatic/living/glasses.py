"""Glasses: clear ones, whose frame must not bend with the skin, and dark ones, behind which no eye shows."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.opening import Opening
from talkies.engines.animatic.optics.textures import Pixels

_EYES = ((145, 159), (374, 386))
_BRIDGE = (8, 197)  # from between the brows to the middle of the nose
_STRIPS = (-0.07, -0.035, 0.0, 0.035, 0.07)  # beside the nose's ridge, in distances between the eyes' middles
_SAMPLES, _EDGE = 81, 6  # along a strip, and between the two that an edge is told from
_MIN_EDGE = 0.15  # of the skin's light; smooth skin measures 0.03 to 0.05, a thin frame 0.2 to 0.4
_DARK = 0.3  # of the cheek's light, below which the skin about an eye lies behind dark glass


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


def is_hidden(opening: Opening, pixels: Pixels) -> bool:
    """Tell whether an eye lies behind dark glass, which darkens the skin of its lids as well as the eye."""
    u = np.linspace(-0.3, 0.3, 9, dtype=np.float32)
    lids = _light(opening, pixels, u, (opening.upper_lid(u) - 0.12, opening.lower_lid(u) + 0.12))
    cheek = _light(opening, pixels, u, (opening.lower_lid(u) + 0.7, opening.lower_lid(u) + 0.8))
    return lids < _DARK * cheek


def _light(
    opening: Opening, pixels: Pixels, u: NDArray[np.float32], rows: tuple[NDArray[np.float32], ...]
) -> float:
    x, y = opening.pixels(np.stack([u] * len(rows)), np.stack(rows))
    return float(
        np.median(cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[..., :3])
    )
