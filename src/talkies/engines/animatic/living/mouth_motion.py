"""How the skin about a mouth moves: two smooth fields of displacement, parted along the lips.

What hangs on the skull (upper lip, cheeks) follows one field, what hangs on the jaw (lower lip, chin) the
other. They are equal beyond the corners, and differ along the lip line by just the opening. Each is a sum
of few fixed fields, weighted by the expression, so that a frame costs one weighted sum and its inversion.

Source: Ekman, Friesen, "Facial Action Coding System" (1978) for what moves together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.layers import smooth_step
from talkies.engines.animatic.living.lips import ALONG, Field, Lips
from talkies.engines.animatic.living.mouth_amounts import Amounts, closing_above, overlap, shows_smile
from talkies.engines.animatic.optics.projection import sample

_PULL_REACH = 0.6  # half widths beside the corners that follow them, at the most
_FOLD_REACH = 0.6  # half widths beside them over which that pull grows tall
_OUTLINE = 0.1  # face sizes within a face's outline over which that pull ends
_BEFORE_CORNER = 0.8  # of a mouth's corner's distance from it: over no more
_JAW_BELOW = 0.06, 0.38  # face sizes under the lower lip's edge over which the whole jaw takes over closing
_WIDE_ARCH, _ROUND_ARCH = (1.0, 0.62), (0.72, 0.62)  # reach along the lips and bluntness of an opening
_INVERSION_STEPS = 4


@dataclass(frozen=True)
class Inverse:
    """Where the texture shows, in each node of the grid, what has moved there.

    `upper` and `lower` are `(rows, columns, 2)` displacements in texture pixels, to be subtracted from a
    place to find where its skin lies in the photo; `above` and `below` are how far that place lies in the
    photo under the upper and the lower lip's inner edge, in texture pixels.
    """

    upper: Field
    lower: Field
    above: Field
    below: Field


class MouthMotion:
    """The fixed fields of one mouth on a grid over a box of a texture.

    Args:
        lips: the mouth.
        x, y: the nodes, in texture pixels, `(rows, columns)`.
        rim: how freely each node may move, 0..1; 0 where the box ends.
    """

    def __init__(self, lips: Lips, x: Field, y: Field, rim: Field) -> None:
        self._lips = lips
        self._step = float(x[0, 1] - x[0, 0])
        row, column = np.mgrid[0 : x.shape[0], 0 : x.shape[1]].astype(np.float32)
        self._nodes = np.dstack([column, row])
        face_x, face_y = lips.coordinates(x, y)
        s = lips.place(face_x)
        # Under the edges, measured down the face, in texture pixels.
        scale = np.float32(lips.scale)
        self._above = (face_y - lips.line(lips.upper, s)) * scale
        self._below = (face_y - lips.line(lips.lower, s)) * scale
        fields = _Fields(lips, face_x, face_y, s, _inside(lips, x, y))
        self._upper = _stacked(fields.upper(), rim, lips)
        self._lower = _stacked(fields.lower(), rim, lips)

    def inverse(self, amounts: Amounts) -> Inverse:
        """Move the skin and tell where each node's skin comes from."""
        weights = _weights(amounts)
        upper, above = self._inverted(np.tensordot(weights, self._upper, 1), self._above)
        lower, below = self._inverted(np.tensordot(weights, self._lower, 1), self._below)
        return Inverse(upper, lower, above, below)

    def cheeks(self, amounts: Amounts) -> Field:
        """Give the displacement of what the photo shows between the lips, `(rows, columns, 2)` in pixels.

        It stays with the skull, but a smile draws the cheeks' inner sides along.
        """
        smile = Amounts(smile=amounts.smile, frown=amounts.frown)
        return self._inverted(np.tensordot(_weights(smile), self._upper, 1), self._above)[0]

    def _inverted(self, field: NDArray[np.float32], depth: Field) -> tuple[Field, Field]:
        """Invert a field by fixed-point iteration, and read `depth` where the skin comes from.

        Source: Chen et al., "A simple fixed-point approach to invert a deformation field", 2008.
        """
        in_nodes = field * np.float32(1 / self._step)
        found = in_nodes
        for _ in range(_INVERSION_STEPS):
            found = sample(in_nodes, self._nodes - found, cv2.BORDER_REPLICATE)
        there = sample(depth, self._nodes - found, cv2.BORDER_REPLICATE)
        return found * np.float32(self._step), there


def _weights(amounts: Amounts) -> Field:
    return np.array([getattr(amounts, name) for name in _NAMES], np.float32)


_NAMES = tuple(Amounts.__dataclass_fields__)
_Part = NDArray[np.floating[Any]] | float
_Vector = tuple[_Part, _Part, _Part]
"""A displacement across, down and forward, in face sizes."""


class _Fields:
    """The fixed fields at some places of a face, each for one unit of its amount."""

    def __init__(self, lips: Lips, x: Field, y: Field, s: Field, inside: Field) -> None:
        self._lips, self._y, self._s, self._inside = lips, y, s, inside
        self._middle = (lips.line(lips.upper, s) + lips.line(lips.lower, s)) / 2
        self._gap = lips.line(lips.gap, s) * (np.abs(s) < 1) + overlap(lips) * _arch(s, 1.0, 0.5)
        self._above_share = closing_above(lips) / max(float(lips.gap[len(ALONG) // 2]), 1e-6)
        beside = np.where(x < 0, -x / lips.jaw_left, x / lips.jaw_right)
        # A face grows narrower towards its chin; what lies beside it there is neck and background.
        self._chin_side = 1 - smooth_step(beside / (1 - 0.15 * smooth_step(y, 0.0, lips.chin)), 0.35, 1.1)
        self._neck = 1 - smooth_step(y, 0.9 * lips.chin, lips.chin + 0.45)
        self._hanging = smooth_step(y, 0.8 * lips.nose - 0.12, 0.4)
        self._below_lip = smooth_step(y - lips.line(lips.lower, s), *_JAW_BELOW)

    def upper(self) -> dict[str, _Vector]:
        """Move what hangs on the skull."""
        y = self._y
        edge = self._lips.line(self._lips.upper, self._s)
        to_nose = np.clip(1 - (edge - y) / np.maximum(edge - self._lips.nose, 0.05), 0, 1)
        eased = to_nose * to_nose * (3 - 2 * to_nose)
        lift = _arch(self._s, 1.0, 1.0)
        return {
            "close": (0.0, self._above_share * self._gap * eased + self._jaw_closing(), 0.0),
            "jaw": (0.0, self._jaw() * (1 - _arch(self._s, *_WIDE_ARCH)), 0.0),
            "jaw_round": (0.0, self._jaw() * (1 - _arch(self._s, *_ROUND_ARCH)), 0.0),
            "raise_lip": (0.0, -lift * eased, 0.0),
            "roll_upper": (0.0, self._roll(self._lips.upper, self._lips.upper_outer), 0.0),
            **self._shared(),
        }

    def lower(self) -> dict[str, _Vector]:
        """Move what hangs on the jaw."""
        opened = self._chin_side * self._neck
        wide, rounded = _arch(self._s, *_WIDE_ARCH), _arch(self._s, *_ROUND_ARCH)
        return {
            "close": (0.0, self._lip_closing() + self._jaw_closing(), 0.0),
            "jaw": (0.0, opened * (self._hanging + wide * (1 - self._hanging)), 0.0),
            "jaw_round": (0.0, opened * (self._hanging + rounded * (1 - self._hanging)), 0.0),
            "smooth": (0.0, self._smoothing(), 0.0),
            "lower_lip": (0.0, -_arch(self._s, 1.0, 1.0) * self._neck, 0.0),
            "roll_lower": (0.0, self._roll(self._lips.lower, self._lips.lower_outer), 0.0),
            **self._shared(),
        }

    def _shared(self) -> dict[str, _Vector]:
        """Move corners and cheeks, alike on both sides of the lip line."""
        s, y = self._s, self._y
        near = np.exp(-(((y - self._middle) / 0.21) ** 2))
        # Folds beside the mouth follow as a whole: a short pull would pinch them, and one that grows taller
        # at once would crease the skin under the corners. The deep folds of a broad smile begin at them.
        aside = np.clip(np.abs(s) - 1, 0, None)
        deep = 0.29 * shows_smile(self._lips)
        fold = 0.21 + deep + 0.4 * np.clip(aside / _FOLD_REACH, 0, 1)
        beside = np.exp(-(((y - self._middle) / fold) ** 2))
        # The pull ends before the jaw does.
        room = np.where(s < 0, self._lips.jaw_left / self._lips.left, self._lips.jaw_right / self._lips.right)
        reach = np.minimum(0.75 * (room - 1), _PULL_REACH)
        pull = np.where(np.abs(s) < 1, s, np.sign(s) * np.exp(-((aside / reach) ** 2)))
        lips = np.exp(-((s / 1.1) ** 2) - ((y - self._middle) / 0.17) ** 2)
        bow = self._bow()
        corner = np.exp(-(((np.abs(s) - 1.15) / 0.55) ** 2) - ((y + 0.02) / 0.16) ** 2)
        cheek = np.exp(-(((np.abs(s) - 1.55) / 0.55) ** 2) - ((y + 0.22) / 0.17) ** 2)
        # Where a turned head hides a corner, its rim shows the middle of the lips, which stays.
        seen = 1 - smooth_step(s * np.sign(self._lips.midline), 0.0, 0.8)
        corner, cheek = corner * seen, cheek * seen
        outwards = np.sign(s) * smooth_step(np.abs(s), 0.0, 0.8)
        return {
            "width": (self._lips.half_width * pull * beside * self._inside, 0.0, 0.0),
            "forward": (0.0, 0.0, lips),
            "level": (0.0, bow * near, 0.0),
            "smile": (0.055 * outwards * corner, -0.09 * corner - 0.035 * cheek, 0.0),
            "frown": (0.0, 0.08 * corner, 0.0),
        }

    def _lip_closing(self) -> Field:
        """Lift the lower lip to where it meets the upper one; further down the jaw takes over."""
        lift = (1 - self._above_share) * self._gap * self._neck
        return np.asarray(-lift * (1 - self._below_lip), np.float32)

    def _jaw_closing(self) -> Field:
        """Lift the whole chin by what the middle of the lower lip is lifted: its outline stays whole."""
        lift = float(self._lips.gap[len(ALONG) // 2]) - closing_above(self._lips)
        return np.asarray(-lift * self._below_lip * self._chin_side * self._neck, np.float32)

    def _jaw(self) -> Field:
        return np.asarray(self._chin_side * self._hanging * self._neck, np.float32)

    def _bow(self) -> Field:
        """What a smile's line has to be lowered by at each place to lie level with its middle."""
        line = (self._lips.upper + self._lips.lower) / 2
        middle = line[len(line) // 2]
        beyond = np.exp(-(np.maximum(np.abs(self._s) - 1, 0) ** 2) / 0.4)
        return np.asarray((middle - self._lips.line(line, self._s)) * beyond, np.float32)

    def _smoothing(self) -> Field:
        """Undo the print of the upper lip: a lower lip that hangs freely has a plain edge."""
        line = self._lips.lower
        plain = np.polynomial.Polynomial.fit(ALONG, line, 2)(ALONG)
        near = np.exp(-(((self._y - self._middle) / 0.12) ** 2))
        return np.asarray(
            self._lips.line(plain - line, self._s) * near * _arch(self._s, 1.0, 0.5), np.float32
        )

    def _roll(self, inner: NDArray[np.float64], outer: NDArray[np.float64]) -> Field:
        """Make a lip fuller: it moves away from the lip line in proportion, what lies beyond it no more."""
        thickness = np.maximum(np.abs(self._lips.line(outer - inner, self._s)), 0.02)
        away = self._y - self._lips.line(inner, self._s)
        beyond = np.exp(-((away / (1.6 * thickness)) ** 2))
        return np.asarray(away * beyond * _arch(self._s, 1.05, 0.5), np.float32)


def _inside(lips: Lips, x: Field, y: Field) -> Field:
    """Tell of nodes how far they lie within the face's outline, 0..1; both corners of the mouth do wholly."""
    step, first = float(x[0, 1] - x[0, 0]), np.array([x[0, 0], y[0, 0]])
    face = np.zeros(x.shape, np.uint8)
    cv2.fillPoly(face, [np.rint((lips.outline - first) / step).astype(np.int32)], 1)
    # What lies beyond the nodes is no outline: it counts as far away.
    away = np.asarray(cv2.distanceTransform(face, cv2.DIST_L2, 5) * (step / lips.scale), np.float32)
    corners = lips.pixels(np.array([-lips.left, lips.right], np.float32), np.zeros(2, np.float32))
    column, row = (
        np.clip(np.rint((places - start) / step).astype(int), 0, count - 1)
        for places, start, count in zip(corners, first, x.shape[::-1], strict=True)
    )
    left, right = np.clip(_BEFORE_CORNER * away[row, column], step / lips.scale, _OUTLINE)
    is_left = lips.coordinates(x, y)[0] < 0
    return smooth_step(away / np.where(is_left, left, right).astype(np.float32), 0.0, 1.0)


def _arch(s: Field, reach: float, power: float) -> Field:
    """Shape an opening: 1 in the middle, 0 at `reach` and beyond; a low power is blunt at its ends."""
    return np.asarray(np.maximum(1 - (s / reach) ** 2, 0) ** power, np.float32)


def _stacked(fields: dict[str, _Vector], rim: Field, lips: Lips) -> NDArray[np.float32]:
    """Turn fields into texture pixels, `(amounts, rows, columns, 2)`; a field that is missing is 0."""
    stack = np.zeros((len(_NAMES), *rim.shape, 2), np.float32)
    axes = (lips.across, lips.down, lips.forward)
    for name, vector in fields.items():
        for part, axis in zip(vector, axes, strict=True):
            stack[_NAMES.index(name)] += (rim * part)[..., None] * axis.astype(np.float32)
    return stack
