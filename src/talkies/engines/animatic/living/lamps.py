"""What shines in a picture: flames, lamps and signs, the sun."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.sight import Field
from talkies.media import Frame

_LONG_SIDE = 160  # samples along the picture's longer side
_LEAST = 0.0004  # of the picture: a smaller find is noise
_DARK = 0.34  # at most, of the median brightness, 0..1, where lamps are lit
_WARM = 0.12  # of red over blue, 0..1, that lamplight has
_MOST = 0.2  # a larger one is a bright wall or sky, no lamp


def find_flames(frame: Frame) -> Field | None:
    """Find what burns: bright, and warmer the less bright it is. `(rows, columns)` 0..1; None without any."""
    red, green, blue = _channels(frame)
    warm = np.clip((red - blue - 0.22) / 0.2, 0, 1) * np.clip((red - green + 0.02) / 0.06, 0, 1)
    bright = np.clip((red - 0.72) / 0.15, 0, 1) * np.clip((green - 0.35) / 0.15, 0, 1)
    return _of_lamps(np.asarray(warm * bright, np.float32), frame)


def find_lamps(frame: Frame) -> Field | None:
    """Find what shines in the dark: far brighter than its surroundings, of any colour; as `find_flames`."""
    red, green, blue = _channels(frame)
    top = np.maximum(np.maximum(red, green), blue)
    return _of_lamps(np.asarray(np.clip((top - 0.7) / 0.2, 0, 1), np.float32), frame)


def find_warm_lamps(frame: Frame) -> Field | None:
    """Find lamps and lit windows of a dark picture: no snow, no sunlit leaf; as `find_flames`."""
    lamps = find_lamps(frame)
    red, green, blue = _channels(frame)
    if lamps is None or np.median(np.maximum(np.maximum(red, green), blue)) > _DARK:
        return None
    warm = np.asarray(lamps * np.clip((red - blue) / _WARM, 0, 1), np.float32)
    return warm if (warm > 0.3).mean() > _LEAST else None


def _channels(frame: Frame) -> NDArray[np.float32]:
    scale = _LONG_SIDE / max(frame.shape[:2])
    size = (max(4, round(frame.shape[1] * scale)), max(4, round(frame.shape[0] * scale)))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    return np.asarray(np.moveaxis(small, -1, 0), np.float32)


def _of_lamps(bright: Field, frame: Frame) -> Field | None:
    """Keep what outshines all that lies about it; None where too little is left or too much was bright."""
    luma = _channels(frame).max(axis=0)
    around = cv2.blur(luma, (41, 41), borderType=cv2.BORDER_REFLECT)
    found = np.asarray(bright * np.clip((luma - around - 0.2) / 0.2, 0, 1), np.float32)
    is_plausible = (bright > 0.3).mean() < _MOST and (found > 0.3).mean() > _LEAST
    return found if is_plausible else None


def glow_around(found: Field) -> Field:
    """Spread the light of lamps over what lies about them: `(rows, columns)`, 1 at the brightest."""
    total = np.zeros_like(found)
    for reach, share in ((2.0, 0.5), (9.0, 0.3), (30.0, 0.2)):
        blurred = cv2.GaussianBlur(found, (0, 0), reach)
        total += np.float32(share) * np.asarray(blurred / max(float(blurred.max()), 1e-6), np.float32)
    return total
