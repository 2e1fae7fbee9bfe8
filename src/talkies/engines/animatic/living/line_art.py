"""Faces of line art (cartoon, anime): flat colours between dark lines, without skin, teeth or lashes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.optics.textures import Pixels

_TALL = 128  # pixels of a face's height in which it is looked at
_FLAT, _LINE = 3, 40  # levels between neighbours: at most in a flat place, at least at a line
# Shares of a face. Two drawings measure 0.32 to 0.35 in both, forty photographs and paintings at most 0.23 in
# the first and, where that is above 0.16, at most 0.2 in the second.
_MOSTLY_FLAT, _MANY_LINES = 0.27, 0.27
_SMALLEST = 24  # texture pixels of a face's height, below which nothing is told


def is_line_art(points: NDArray[np.float64], pixels: Pixels) -> bool:
    """Tell whether a face is drawn with lines and flat colours.

    `points` are the mesh's points in texture pixels, `pixels` the texture at rest.
    """
    rows, columns = pixels.shape[:2]
    left, top = np.clip(np.floor(points.min(axis=0)), 0, (columns, rows)).astype(int)
    right, bottom = np.clip(np.ceil(points.max(axis=0)), 0, (columns, rows)).astype(int)
    if bottom - top < _SMALLEST or right - left < _SMALLEST:
        return False
    scale = _TALL / (bottom - top)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    grey = cv2.cvtColor(np.ascontiguousarray(pixels[top:bottom, left:right, :3]), cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=method)
    face = np.zeros(grey.shape, np.uint8)
    outline = cv2.convexHull(np.rint((points - (left, top)) * scale).astype(np.int32))
    cv2.fillConvexPoly(face, outline, 1)
    neighbours = np.ones((3, 3), np.uint8)
    steps = cv2.subtract(cv2.dilate(grey, neighbours), cv2.erode(grey, neighbours))[face > 0]
    return bool((steps <= _FLAT).mean() > _MOSTLY_FLAT and (steps > _LINE).mean() > _MANY_LINES)
