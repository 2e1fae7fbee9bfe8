"""What a photo looks like, coarsely: colour, texture and place, by which its regions are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.media import Frame

Field = NDArray[np.float32]
"""Numbers over the picture, `(rows, columns)` float32."""
Mask = NDArray[np.bool_]
"""`(rows, columns)` over the picture."""

Kind = Literal["sky", "water", "plants", "flames"]

LONG_SIDE = 192  # samples along the picture's longer side
_LEAST_AREA = 0.02  # of the picture, of a region
_SOFTNESS = 1.2  # samples: the blur of a region's edge
_BESIDE_SUBJECT = 3  # samples around a subject that are not its surroundings' yet


@dataclass(frozen=True)
class Region:
    """One region: `cover` is 0..1 over the picture, `(rows, columns)`; `confidence` is 0..1."""

    kind: Kind
    cover: Field
    confidence: float


@dataclass(frozen=True)
class Look:
    """What a photo looks like, at `LONG_SIDE` samples."""

    frame: Frame
    subject: NDArray[np.uint8] | None

    @cached_property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        scale = LONG_SIDE / max(self.frame.shape[:2])
        return max(8, round(self.frame.shape[1] * scale)), max(8, round(self.frame.shape[0] * scale))

    @cached_property
    def small(self) -> Frame:
        """The photo itself, `(rows, columns, 3)` uint8."""
        return np.asarray(cv2.resize(self.frame, self.size, interpolation=cv2.INTER_AREA), np.uint8)

    @cached_property
    def lab(self) -> NDArray[np.float32]:
        """CIELAB, lightness 0..100."""
        colours = self.small.astype(np.float32) / np.float32(255)
        return np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2LAB), np.float32)

    @cached_property
    def chroma(self) -> Field:
        """How colourful, in the units of CIELAB."""
        return np.asarray(np.hypot(self.lab[..., 1], self.lab[..., 2]), np.float32)

    @cached_property
    def hue(self) -> Field:
        """The angle of the colour in CIELAB, degrees: about 40 red, 100 yellow, 135 green, 270 blue."""
        return np.asarray(np.degrees(np.arctan2(self.lab[..., 2], self.lab[..., 1])) % 360, np.float32)

    @cached_property
    def roughness(self) -> Field:
        """The root mean square of fine detail around each sample, in lightness 0..100."""
        doubled = cv2.resize(self.frame, (2 * self.size[0], 2 * self.size[1]), interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(doubled, cv2.COLOR_RGB2GRAY).astype(np.float32) * np.float32(100 / 255)
        detail = grey - cv2.GaussianBlur(grey, (0, 0), 1.5)
        energy = cv2.resize(cv2.blur(detail * detail, (9, 9)), self.size, interpolation=cv2.INTER_AREA)
        return np.asarray(np.sqrt(np.maximum(energy, 0)), np.float32)

    @cached_property
    def layering(self) -> Field:
        """The share of vertical change in all change around each sample: above 0.5 where stripes lie flat."""
        grey = cv2.GaussianBlur(self.lab[..., 0], (0, 0), 0.8)
        across, down = (cv2.Sobel(grey, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
        window = (LONG_SIDE // 12 | 1, LONG_SIDE // 24 | 1)
        flat, steep = cv2.blur(down * down, window), cv2.blur(across * across, window)
        return np.asarray((flat + 0.5) / (flat + steep + 1.0), np.float32)

    @cached_property
    def place(self) -> Field:
        """How far down each sample lies, 0..1."""
        rows = (np.arange(self.size[1], dtype=np.float32) + np.float32(0.5)) / np.float32(self.size[1])
        return np.repeat(rows[:, None], self.size[0], axis=1)

    @cached_property
    def free(self) -> Mask:
        """Where no subject is."""
        if self.subject is None:
            return np.ones(self.size[::-1], bool)
        small = cv2.resize(self.subject, self.size, interpolation=cv2.INTER_AREA)
        grown = cv2.dilate(small, np.ones((2 * _BESIDE_SUBJECT + 1,) * 2, np.uint8))
        return np.asarray(grown < 32, np.bool_)

    def region(self, kind: Kind, inside: Mask, confidence: float) -> Region | None:
        """Make a region of a mask; None where it is too small."""
        inside = inside & self.free
        if inside.mean() < _LEAST_AREA:
            return None
        soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), _SOFTNESS)
        return Region(kind, np.asarray(soft, np.float32), float(np.clip(confidence, 0, 1)))


def ramp(value: Field | float, start: float, end: float) -> Field:
    """Rise from 0 at `start` to 1 at `end`, which may lie below it."""
    return np.asarray(np.clip((value - start) / (end - start), 0, 1), np.float32)


def enlarged(values: Field, frame: Frame) -> Field:
    """Bring samples to a picture's size."""
    return np.asarray(cv2.resize(values, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def nearest(known: Mask) -> NDArray[np.intp]:
    """Give for each sample the flat index of the nearest known one."""
    _, labels = cv2.distanceTransformWithLabels(
        np.asarray(~known, np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(int(labels.max()) + 1, np.intp)
    owner[labels[known]] = np.flatnonzero(known)
    return np.asarray(owner[labels], np.intp)
