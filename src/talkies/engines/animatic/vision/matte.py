"""The subject's matte: which share of each pixel belongs to what the picture is about.

People, where a face is known, with the glasses that stand out beside it; else what the picture shows first of
all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.contours import (
    Mask,
    blurred,
    enlarged,
    grown,
    soft_edged,
    working_copy,
)
from talkies.engines.animatic.vision.faces import Face
from talkies.engines.animatic.vision.figures import people_contour, person_likelihood
from talkies.engines.animatic.vision.objects import object_contour
from talkies.engines.animatic.vision.salience import stand_out
from talkies.media import Frame

_GLASSES_REACH = 0.35  # face sizes beside a face
_GLASSES_DOWN = 0.75  # of a face's height, from the brows
_FRAME_WIDTH = 0.03  # face sizes, half of the widest frame
_FRAME_CONTRAST = 25  # grey levels below both its sides
_LEAST_LENS = 0.008  # of a face's size, squared
_GLASS_EDGE = 0.7  # working pixels


@dataclass(frozen=True)
class Matte:
    """A subject: `alpha` is `(height, width)` uint8, 255 where a pixel is the subject's alone."""

    alpha: Mask
    kind: Literal["person", "object"]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """`(x, y, width, height)` of the solid part, in pixels."""
        x, y, width, height = cv2.boundingRect(np.asarray(self.alpha > 127, np.uint8))
        return float(x), float(y), float(width), float(height)


def subject_matte(frame: Frame, faces: tuple[Face, ...]) -> Matte | None:
    """Find what a picture is about; None when nothing stands out, as in a landscape.

    Args:
        frame: `(height, width, 3)` uint8, RGB.
        faces: of the same picture; with any, the subject is the people.
    """
    small, scale = working_copy(frame)
    contour = people_contour(small, faces, scale) if faces else object_contour(frame, small)
    if contour is None:
        return None
    lenses = _lenses(small, faces, scale, contour > 0)
    alpha = soft_edged(frame, small, np.where(lenses, 255, contour).astype(np.uint8))
    if lenses.any():
        glass = enlarged(blurred(lenses, _GLASS_EDGE), (frame.shape[1], frame.shape[0]))
        alpha = np.maximum(alpha, np.rint(255 * glass).astype(np.uint8))
    return Matte(alpha, "person" if faces else "object")


def prominence(frame: Frame) -> NDArray[np.float32]:
    """Tell softly, 0 to 1, where the near and weighty parts of a picture lie when it has no matte.

    The person net answers to animals and to round things near the lens as well: no shape to cut along, but
    a good hint where the camera should see relief. Returns `(height, width)` of a small copy.
    """
    small, _ = working_copy(frame)
    soft = cv2.GaussianBlur(person_likelihood(small), (0, 0), max(small.shape[:2]) / 25)
    together: NDArray[np.float32] = np.asarray(0.5 * soft + 0.5 * stand_out(small), np.float32)
    return together


def _lenses(
    small: Frame, faces: tuple[Face, ...], scale: float, solid: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Find the glasses that stand out beside a face: what a thin dark frame and the face enclose, and it.

    Through a lens beyond the cheek the background is seen, which no contour of a person takes in. `solid`:
    where the people are, in the small picture, as the result.
    """
    lenses = np.zeros_like(solid)
    for face in faces:
        size = face.size * scale
        beside = _beside_eyes(face, scale, solid.shape)
        if solid[beside].size:
            width = max(3, 2 * round(_FRAME_WIDTH * size) + 1)
            lenses[beside] |= _framed(small[beside], solid[beside], width, _LEAST_LENS * size**2)
    return lenses


def _framed(part: Frame, own: NDArray[np.bool_], width: int, least: float) -> NDArray[np.bool_]:
    """Find what dark lines of up to `width` pixels enclose with what is known, if so large, and the lines."""
    light = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    dark = cv2.morphologyEx(light, cv2.MORPH_BLACKHAT, np.ones((width, width), np.uint8)) > _FRAME_CONTRAST
    apart = np.asarray(~(dark | own), np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(apart, connectivity=4)
    rows, columns = own.shape
    framed = np.zeros_like(own)
    for label in range(1, len(stats)):
        left, top, across, down, area = stats[label]
        closed = left > 0 and top > 0 and left + across < columns and top + down < rows
        if closed and area > least:
            lens = labels == label
            framed |= (lens | (dark & grown(lens, width))) & ~own
    return framed


def _beside_eyes(face: Face, scale: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Bound where glasses may be, in working pixels."""
    x, y, width, height = (value * scale for value in face.box)
    reach = _GLASSES_REACH * face.size * scale
    rows = slice(max(round(y), 0), min(round(y + _GLASSES_DOWN * height), shape[0]))
    return rows, slice(max(round(x - reach), 0), min(round(x + width + reach), shape[1]))
