"""The folds that a photo's smile draws beside the mouth, and their light once the mouth smiles no more."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.layers import smooth_step
from talkies.engines.animatic.living.lips import Field, Lips
from talkies.engines.animatic.optics.textures import Pixels

Box = tuple[int, int, int, int]

_FINE = 96.0  # samples per face size, in which folds are looked for
_LINE = 0.01  # face sizes: finer than this is skin and hair, no fold
_PLAIN = 0.01  # of the light: as much as skin without a fold varies
_WIDTH = 0.2  # face sizes: a fold's shade is narrower
_TOO_DARK = 0.3, 0.5  # of the skin beside it: so dark is a beard or a strand of hair, no fold


class Folds:
    """What is missing of the light in the folds over a box of a texture.

    They are dark lines on the cheeks from the wings of the nose to beside the chin; what lies over and under
    the lips, where a beard may grow, is left alone.
    """

    def __init__(self, lips: Lips, pixels: Pixels, box: Box) -> None:
        left, top, right, bottom = box
        region = pixels[top:bottom, left:right]
        scale = min(1.0, _FINE / lips.scale)
        small = cv2.resize(region[..., :3], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        unit = lips.scale * scale
        skin = cv2.GaussianBlur(small.astype(np.float32), (0, 0), max(_LINE * unit, 0.5))
        x, y = _places(lips, box, small.shape[1], small.shape[0])
        # Neither the background nor teeth lend a fold their light.
        face = np.zeros(skin.shape[:2], np.uint8)
        cv2.fillPoly(face, [np.rint((lips.outline - (left, top)) * scale).astype(np.int32)], 1)
        skin[(face == 0) | _is_inside(lips, x, y)] = 0
        side = 2 * round(_WIDTH * unit / 2) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        around = cv2.morphologyEx(skin, cv2.MORPH_CLOSE, disc)
        missing = np.maximum(around - skin - _PLAIN * around, 0)
        depth = missing.max(axis=2) / np.maximum(around.max(axis=2), 1)
        weight = _cheeks(lips, x, y) * (1 - smooth_step(depth, *_TOO_DARK))
        missing = cv2.GaussianBlur(missing * weight[..., None], (0, 0), max(_LINE * unit, 0.5))
        light = cv2.resize(missing, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        if pixels.shape[2] == 4:
            light = cv2.merge([*cv2.split(light), np.zeros(light.shape[:2], np.float32)])
        self._light: Pixels = np.asarray(np.clip(np.rint(light), 0, 255), np.uint8)

    def faded(self, part: Pixels, share: float) -> Pixels:
        """Fill the folds of a box by a share, 0..1; the box itself where nothing is to be filled."""
        if share <= 0:
            return part
        return np.asarray(cv2.addWeighted(part, 1, self._light, share, 0), np.uint8)


def _places(lips: Lips, box: Box, columns: int, rows: int) -> tuple[Field, Field]:
    """Give the face's `x` and `y` of so many samples over a box."""
    left, top, right, bottom = box
    across, down = (right - left) / columns, (bottom - top) / rows
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    return lips.coordinates(left + (x + 0.5) * across - 0.5, top + (y + 0.5) * down - 0.5)


def _is_inside(lips: Lips, x: Field, y: Field) -> NDArray[np.bool_]:
    """Tell what lies between the lips."""
    s = lips.place(x)
    return (np.abs(s) < 1) & (y > lips.line(lips.upper, s)) & (y < lips.line(lips.lower, s))


def _cheeks(lips: Lips, x: Field, y: Field) -> Field:
    """Mark where folds lie, 0..1: from beside the wings of the nose past the mouth's corners."""
    height = np.clip(y / min(lips.nose, -0.05), 0, 1)
    beside = (
        smooth_step(np.abs(lips.place(x)), 0.85, 1.1) * (1 - height)
        + smooth_step(np.abs(x), 0.19, 0.25) * height
    )
    outline = np.where(x < 0, -x / lips.jaw_left, x / lips.jaw_right)
    within = (1 - smooth_step(outline, 0.75, 0.95)) * smooth_step(y, lips.nose - 0.25, lips.nose - 0.08)
    return np.asarray(beside * within * (1 - smooth_step(y, 0.45 * lips.chin, 0.8 * lips.chin)), np.float32)
