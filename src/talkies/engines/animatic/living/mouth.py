"""A mouth that speaks and smiles, drawn into the photo's own pixels."""

from __future__ import annotations

import math

import cv2
import numpy as np

from talkies.engines.animatic.faces import Face
from talkies.engines.animatic.living.expression import Expression
from talkies.engines.animatic.living.inner_mouth import Box, InnerMouth
from talkies.engines.animatic.living.layers import to_bytes
from talkies.engines.animatic.living.lips import Field, Lips, find_lips
from talkies.engines.animatic.living.mouth_motion import (
    WIDEST,
    Amounts,
    Inverse,
    MouthMotion,
    amounts_of,
    jaw_drop,
)
from talkies.engines.animatic.projection import sample
from talkies.engines.animatic.textures import Pixels

_SMALLEST = 18.0  # texture pixels of the face's size, below which a mouth is left alone
_NODES = 48.0  # of the grid per face size
_NECK = 0.5  # face sizes under the chin that follow it
_FADE = 0.12  # face sizes at the rim over which all motion ends
_SHADOW = 0.035  # face sizes under a lip's edge that lie in its shadow
_DIMMING = 0.65  # of that shadow: teeth that the photo shows have one of their own already
_TOUCHING = 0.12  # of a lip's soft rim: a gap below it counts as none
_REST = Amounts()


class Mouth:
    """The mouth of one face in a texture, with the jaw and the cheeks that follow it.

    `box` is `(left, top, right, bottom)` in texture pixels, right and bottom excluded: all that `draw` may
    change. It reaches from half-way between the lower lids and the nose's tip down to the neck. It is
    empty, and the mouth left alone, where the face is too small or turned too far.

    Args:
        face: its mesh in prepared pixels.
        pixels: the texture at rest, `(height, width, 3 or 4)` uint8.
        corner: the prepared coordinates that the texture's first pixel shows.
        density: texture pixels per prepared pixel.
    """

    box: Box

    def __init__(self, face: Face, pixels: Pixels, corner: tuple[float, float], density: float) -> None:
        self.box = (0, 0, 0, 0)
        lips = find_lips(face, pixels, corner, density)
        if lips is None or lips.scale < _SMALLEST:
            return
        box = _bound(lips, pixels, _outline(lips))
        opening = _bound(lips, pixels, _opening_outline(lips))
        if opening[2] - opening[0] < _SMALLEST / 2 or opening[3] - opening[1] < _SMALLEST / 2:
            return
        self.box = box
        self._lips = lips
        step = max(1, round(lips.scale / _NODES))
        self._motion = _make_motion(lips, box, step)
        self._whole = _Window((0, 0, box[2] - box[0], box[3] - box[1]), step)
        self._opening = _Opening(lips, pixels, box, _shared(box, opening), self._motion, step, density)

    def draw(self, part: Pixels, expression: Expression) -> Pixels:
        """Draw the mouth as the expression shows it.

        Args:
            part: the texture's pixels in `box` at rest, with the eyes already drawn.
            expression: what the face shows; only mouth and smile matter here.

        Returns:
            The pixels of `box`; `part` itself where the expression asks nothing of the mouth.
        """
        if self.box[2] == self.box[0]:
            return part
        amounts = amounts_of(expression, self._lips)
        if amounts == _REST:
            return part
        inverse = self._motion.inverse(amounts)
        from_jaw = (inverse.above + inverse.below > 0)[..., None]
        shift = self._whole.spread(np.where(from_jaw, inverse.lower, inverse.upper))
        drawn = sample(part, self._whole.places - shift, cv2.BORDER_REPLICATE)
        self._opening.draw(drawn, part, inverse, amounts, expression)
        return drawn


class _Window:
    """A part of a mouth's box, `(left, top, right, bottom)` in its pixels, and the grid's nodes about it.

    `places` are its pixels' places in the box, `(rows, columns, 2)` float32, x first.
    """

    def __init__(self, bounds: Box, step: int) -> None:
        left, top, right, bottom = bounds
        self.pixels = np.s_[top:bottom, left:right]
        self._step = step
        # A node more on each side, so that the nodes' numbers are spread as over the whole box.
        first_row, first_column = max(top // step - 1, 0), max(left // step - 1, 0)
        self._nodes = np.s_[first_row : bottom // step + 2, first_column : right // step + 2]
        y, x = top - first_row * step, left - first_column * step
        self._cut = np.s_[y : y + bottom - top, x : x + right - left]
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        self.places = np.dstack([x, y])

    def spread(self, field: Field) -> Field:
        """Spread numbers at the grid's nodes over the window's pixels."""
        nodes = np.ascontiguousarray(field[self._nodes])
        full = cv2.resize(nodes, None, fx=self._step, fy=self._step, interpolation=cv2.INTER_LINEAR)
        return np.asarray(full[self._cut], np.float32)


class _Opening:
    """The part of a mouth's box in which lips meet and part, and what lies between them.

    `box` is the mouth's, `opening` that part, both in texture pixels; `step` is that of the motion's grid.
    """

    def __init__(
        self,
        lips: Lips,
        pixels: Pixels,
        box: Box,
        opening: Box,
        motion: MouthMotion,
        step: int,
        density: float,
    ) -> None:
        left, top, right, bottom = opening
        self._window = _Window((left - box[0], top - box[1], right - box[0], bottom - box[1]), step)
        self._lips = lips
        self._motion = motion
        self._inner = InnerMouth(lips, pixels, (left, top, right, bottom), density)
        self._edge = np.float32(max(0.7 * density, 1.0))  # texture pixels over which a lip's rim ends
        self._scale = np.float32(lips.scale)
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        face_x, face_y = lips.coordinates(x, y)
        s = lips.place(face_x)
        above = (face_y - lips.line(lips.upper, s)) * self._scale
        below = (face_y - lips.line(lips.lower, s)) * self._scale
        # What the photo itself shows of the inside, as distances to its rims; nothing where lips touch.
        # It goes on a little beyond the corners, which the grid knows to a node only.
        gap = lips.line(lips.gap, 0.93 * s) * self._scale / (_TOUCHING * self._edge)
        self._shown = np.dstack(
            [np.minimum(above / self._edge + 1, gap), np.minimum(-below / self._edge, gap)]
        )

    def draw(
        self, drawn: Pixels, part: Pixels, inverse: Inverse, amounts: Amounts, expression: Expression
    ) -> None:
        """Draw lips and inside into a box, in place; `part` is the box at rest."""
        near = Inverse(*(self._window.spread(field) for field in vars(inverse).values()))
        lips = self._meeting(part, near)
        drawn[self._window.pixels] = lips
        cover = _between(near.above, near.below, self._edge)
        left, top, width, height = cv2.boundingRect(np.asarray(cover > 0, np.uint8))
        if width == 0:
            return
        window = left, top, left + width, top + height
        painted = self._paint(part, near, window, amounts, expression)
        if lips.shape[2] == 4:
            painted = np.asarray(cv2.cvtColor(painted, cv2.COLOR_RGB2RGBA), np.uint8)
        cover, lips = cover[_slices(window)], lips[_slices(window)]
        drawn[self._window.pixels][_slices(window)] = cv2.blendLinear(lips, painted, 1 - cover, cover)

    def _meeting(self, part: Pixels, near: Inverse) -> Pixels:
        """Draw both lips; where they overlap they part half-way, softly."""
        from_jaw = np.clip((near.above + near.below) / 2 + np.float32(0.5), 0, 1)
        upper = sample(part, self._window.places - near.upper, cv2.BORDER_REPLICATE)
        lower = sample(part, self._window.places - near.lower, cv2.BORDER_REPLICATE)
        return np.asarray(cv2.blendLinear(lower, upper, from_jaw, 1 - from_jaw), np.uint8)

    def _paint(
        self, part: Pixels, near: Inverse, window: Box, amounts: Amounts, expression: Expression
    ) -> Pixels:
        """Paint the inside over a window of the opening, `(rows, columns, 3)`."""
        share, rounded = expression.speaking, max(-expression.mouth.width, 0.0)
        drop = jaw_drop(amounts, self._lips)
        above, below = near.above[_slices(window)], near.below[_slices(window)]
        # The lips' shadow; a rounded mouth lets in less light.
        under = np.float32(_SHADOW) * self._scale
        shadow = 0.62 + 0.38 * np.clip(above / under, 0, 1) ** 0.7
        shadow *= 0.8 + 0.2 * np.clip(-below / under, 0, 1)
        shadow *= 1 - 0.35 * share * rounded
        painted = self._inner.paint(drop, shadow, window)
        if self._lips.is_parted:
            seen, shown = self._photo(part, window, amounts, share)
            seen = self._inner.shaded(seen, 1 - share * (1 - shadow) * _DIMMING)
            painted = np.asarray(cv2.blendLinear(seen, painted, shown, 1 - shown), np.float32)
        if expression.mouth.tongue > 0:
            tongue = share * expression.mouth.tongue
            painted = self._inner.with_tip(painted, drop, tongue, shadow, window)
        return to_bytes(painted)

    def _photo(self, part: Pixels, window: Box, amounts: Amounts, share: float) -> tuple[Field, Field]:
        """Give what the photo shows of the inside, and where, 0..1; at rest up to the lower lip's rim."""
        cheeks = self._window.spread(self._motion.cheeks(amounts))[_slices(window)]
        places = self._window.places[_slices(window)] - cheeks
        seen = sample(part, places, cv2.BORDER_REPLICATE)[..., :3]
        rims = sample(self._shown, places - self._window.places[0, 0], cv2.BORDER_REPLICATE)
        shown = np.clip(np.minimum(rims[..., 0], rims[..., 1] + np.float32(1 - share)), 0, 1)
        return seen.astype(np.float32), np.asarray(shown, np.float32)


def _between(above: Field, below: Field, edge: np.float32) -> Field:
    """Tell how much of each pixel lies between the lips; nothing where they touch."""
    return np.asarray(np.clip(np.minimum(above, -below) / edge, 0, 1), np.float32)


def _slices(window: Box) -> tuple[slice, slice]:
    left, top, right, bottom = window
    return slice(top, bottom), slice(left, right)


def _shared(first: Box, second: Box) -> Box:
    return (
        max(first[0], second[0]),
        max(first[1], second[1]),
        min(first[2], second[2]),
        min(first[3], second[3]),
    )


def _make_motion(lips: Lips, box: Box, step: int) -> MouthMotion:
    """Lay the grid over a box: a node for each square of `step` pixels, at its middle."""
    left, top, right, bottom = box
    rows, columns = -(-(bottom - top) // step), -(-(right - left) // step)
    row, column = np.mgrid[0:rows, 0:columns].astype(np.float32)
    x, y = left + (column + 0.5) * step - 0.5, top + (row + 0.5) * step - 0.5
    face_x, face_y = lips.coordinates(x, y)
    low_x, high_x, low_y, high_y = _reach(lips)
    edges = np.minimum.reduce([face_x - low_x, high_x - face_x, face_y - low_y, high_y - face_y])
    part = np.clip(edges / _FADE, 0, 1)
    return MouthMotion(lips, x, y, np.asarray(part * part * (3 - 2 * part), np.float32))


def _reach(lips: Lips) -> tuple[float, float, float, float]:
    """Bound what moves, in the face's own lengths: least and greatest `x`, then `y`."""
    return -1.2 * lips.jaw_left, 1.2 * lips.jaw_right, lips.border, lips.chin + _NECK


def _outline(lips: Lips) -> Field:
    low_x, high_x, low_y, high_y = _reach(lips)
    return np.array([(x, y) for x in (low_x, high_x) for y in (low_y, high_y)], np.float32)


def _opening_outline(lips: Lips) -> Field:
    """Bound what a mouth can show of its inside, in the face's own lengths."""
    top, bottom = float(lips.upper.min()) - 0.15, float(lips.lower.max()) + WIDEST + 0.06
    sides = -1.25 * lips.left - 0.06, 1.25 * lips.right + 0.06
    return np.array([(x, y) for x in sides for y in (top, bottom)], np.float32)


def _bound(lips: Lips, pixels: Pixels, outline: Field) -> Box:
    """Bound places of a face in texture pixels, within the texture."""
    x, y = lips.pixels(outline[:, 0], outline[:, 1])
    rows, columns = pixels.shape[:2]
    return (
        min(max(math.floor(x.min()), 0), columns),
        min(max(math.floor(y.min()), 0), rows),
        min(max(math.ceil(x.max()) + 1, 0), columns),
        min(max(math.ceil(y.max()) + 1, 0), rows),
    )
