"""Water that mirrors what is above it: its colours are those of the sky, whatever they are."""

from __future__ import annotations

import cv2
import numpy as np

from talkies.engines.animatic.vision.horizons import HIGHEST_WATER
from talkies.engines.animatic.vision.look import Field, Look, Mask, Region, ramp

_HIGHEST_AXIS, _LOWEST_AXIS = 0.25, 0.78  # shares of the height, where a reflection may begin
_REFLECTED = 0.38  # correlation of what is above a line with what is below it, mirrored
_DEEP = 0.25  # of the height: what is compared on either side of a line
_BROAD, _NARROW = 12.0, 0.1  # samples: the blur downwards of what is left out; none across
_SKY_ABOVE, _EVEN = 0.3, 3.0  # of the height; roughness of what may be sky where none was found
_COLOURS = 12  # of a sky
_DARKER = 0.3  # of the difference in lightness, that tells a sky from its reflection
_SAME, _OTHER = 4.0, 12.0  # difference in CIELAB


def find_axis(look: Look) -> float | None:
    """Find the line below which a picture mirrors what is above, as a share of its height.

    None without one. What goes on downwards is left out: every wall and trunk is its own reflection, and
    every sunset is darker towards its top and its bottom.
    """
    detail = look.lab - cv2.GaussianBlur(look.lab, (1, 0), sigmaX=_NARROW, sigmaY=_BROAD)
    rows = len(detail)
    first, last = round(_HIGHEST_AXIS * rows), round(_LOWEST_AXIS * rows)
    alike = [
        _correlation(detail, row, min(row, rows - row, round(_DEEP * rows))) for row in range(first, last)
    ]
    best = int(np.argmax(alike))
    return (first + best) / rows if alike[best] >= _REFLECTED else None


def _correlation(detail: Field, row: int, reach: int) -> float:
    above, below = detail[row - reach : row][::-1], detail[row : row + reach]
    size = np.sqrt(float((above * above).sum()) * float((below * below).sum()))
    return float((above * below).sum()) / max(float(size), 1e-6)


def sky_coloured(look: Look, sky: Region | None) -> Field:
    """Tell how much each sample has a colour of the sky, or a darker one of its hue; 0..1."""
    above = _sky_samples(look, sky)
    if above.sum() < _COLOURS:
        return np.zeros(look.size[::-1], np.float32)
    scaled = look.lab * np.array([_DARKER, 1, 1], np.float32)
    points = np.ascontiguousarray(scaled[above], np.float32)
    # The first guess by lightness: no chance is needed.
    first = np.argsort(np.argsort(points[:, 0], kind="stable")) * _COLOURS // len(points)
    stop = (cv2.TERM_CRITERIA_MAX_ITER, 8, 0)
    _, _, centres = cv2.kmeans(
        points, _COLOURS, np.asarray(first[:, None], np.int32), stop, 1, cv2.KMEANS_USE_INITIAL_LABELS
    )
    away = np.min([np.linalg.norm(scaled - centre, axis=-1) for centre in centres], axis=0)
    return ramp(np.asarray(away, np.float32), _OTHER, _SAME)


def _sky_samples(look: Look, sky: Region | None) -> Mask:
    if sky is not None:
        return np.asarray(sky.cover > 0.5, np.bool_)
    return np.asarray((look.place < max(_SKY_ABOVE, HIGHEST_WATER)) & (look.roughness < _EVEN), np.bool_)
