"""A mouth that speaks and smiles, drawn into the photo's own pixels."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.expression import Expression
from talkies.engines.animatic.living.folds import Folds
from talkies.engines.animatic.living.inner_mouth import Box, InnerMouth
from talkies.engines.animatic.living.layers import to_bytes
from talkies.engines.animatic.living.lip_lines import find_lips
from talkies.engines.animatic.living.lips import Field, Lips
from talkies.engines.animatic.living.mouth_amounts import (
    WIDEST,
    Amounts,
    amounts_of,
    jaw_drop,
    shows_smile,
    smile_lost,
)
from talkies.engines.animatic.living.mouth_motion import Inverse, MouthMotion
from talkies.engines.animatic.optics.projection import sample
from talkies.engines.animatic.optics.textures import Pixels
from talkies.engines.animatic.vision.faces import Face

_SMALLEST = 18.0  # texture pixels of the face's size, below which a mouth is left alone
_NODES = 48.0  # of the grid per face size
_NECK = 0.5  # face sizes under the chin that follow it
_FADE = 0.12  # face sizes at the rim over which all motion ends
_SHADOW = 0.035  # face sizes under a lip's edge that lie in its shadow
_SEAM, _SEAM_DEPTH = 0.022, 0.22  # face sizes of the shadow between lips that touch, and its darkness
_SEAM_END = 0.25  # half widths before the corners over which that shadow ends
_DIMMING = 0.65  # of that shadow: teeth that the photo shows have one of their own already
_ROUND_DARKENING = 0.72  # of the light that rounded lips keep from the teeth behind them
_BROAD_DARKENING = 0.35  # of that darkening: lips of a broad smile do not close to a ring
_INNER_RIM, _INNER_RIM_COVER = 0.034, 0.9  # face sizes of the lower lip's inside, and how much it covers
_SHORTENED = 0.008  # face sizes that the photo's inside ends before its lower lip, once that has gone
_TOUCHING = 0.12  # of a lip's soft rim: a gap below it counts as none
_UNSEEN = 1 / 64  # texture pixels: less than the step in which pixels are looked up
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
        is_line_art: the inside is painted flat, without teeth.
    """

    box: Box

    def __init__(
        self,
        face: Face,
        pixels: Pixels,
        corner: tuple[float, float],
        density: float,
        *,
        is_line_art: bool = False,
    ) -> None:
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
        self._grid = _Grid(box, max(1, round(lips.scale / _NODES)))
        self._motion = _make_motion(lips, box, self._grid)
        self._folds = Folds(lips, pixels, box) if shows_smile(lips) > 0 else None
        opening = _shared(box, opening)
        inner = InnerMouth(lips, pixels, opening, density, is_line_art=is_line_art)
        self._opening = _Opening(lips, inner, box, opening, self._motion, self._grid, density)

    def draw(self, part: Pixels, expression: Expression) -> Pixels:
        """Draw the mouth as the expression shows it.

        Args:
            part: the texture's pixels in `box` at rest, with the eyes already drawn.
            expression: what the face shows; only mouth and smile matter here.

        Returns:
            The pixels of `box`; `part` itself where the expression asks nothing of the mouth.
        """
        if _is_empty(self.box):
            return part
        amounts = amounts_of(expression, self._lips)
        if amounts == _REST:
            return part
        if self._folds is not None:
            part = self._folds.faded(part, smile_lost(expression, self._lips))
        inverse = self._motion.inverse(amounts)
        from_jaw = np.asarray(inverse.above + inverse.below > 0, np.uint8)
        shift = np.asarray(cv2.copyTo(inverse.lower, from_jaw, inverse.upper.copy()), np.float32)
        drawn = part.copy()
        far = np.maximum(*map(np.abs, cv2.split(shift)))
        moved = self._grid.around(far > _UNSEEN)
        if not _is_empty(moved):
            drawn[_slices(moved)] = sample(part, self._grid.sources(shift, moved), cv2.BORDER_REPLICATE)
        self._opening.draw(drawn, part, inverse, amounts, expression)
        return drawn


class _Grid:
    """The nodes over a mouth's box: one for each square of `step` pixels, at its middle, and a ring about it.

    Windows of the box are `(left, top, right, bottom)` in its pixels.
    """

    def __init__(self, box: Box, step: int) -> None:
        self._step = step
        self._width, self._height = box[2] - box[0], box[3] - box[1]
        rows, columns = -(-self._height // step) + 2, -(-self._width // step) + 2
        row, column = np.mgrid[0:rows, 0:columns].astype(np.float32)
        self.places = (np.dstack([column, row]) - np.float32(0.5)) * np.float32(step) - np.float32(0.5)

    def around(self, marked: NDArray[np.bool_]) -> Box:
        """Bound what marked nodes have a part in; an empty window where none is."""
        left, top, width, height = cv2.boundingRect(np.asarray(marked, np.uint8))
        if width == 0:
            return 0, 0, 0, 0
        right, bottom, step = left + width + 1, top + height + 1, self._step
        return (
            max((left - 2) * step, 0),
            max((top - 2) * step, 0),
            max(min((right - 1) * step, self._width), 0),
            max(min((bottom - 1) * step, self._height), 0),
        )

    def spread(self, field: Field, window: Box) -> Field:
        """Spread numbers at the nodes over a window's pixels."""
        left, top, right, bottom = window
        step = self._step
        first_row, first_column = top // step, left // step
        nodes = field[first_row : -(-bottom // step) + 2, first_column : -(-right // step) + 2]
        full = cv2.resize(np.ascontiguousarray(nodes), None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
        y, x = top + step - first_row * step, left + step - first_column * step
        return np.asarray(full[y : y + bottom - top, x : x + right - left], np.float32)

    def sources(self, shift: Field, window: Box) -> Field:
        """Say where each pixel of a window comes from, in the box's pixels."""
        return self.spread(self.places - shift, window)


class _Opening:
    """The part of a mouth's box in which lips meet and part, and what lies between them.

    `box` is the mouth's, `opening` that part, both in texture pixels.
    """

    def __init__(
        self,
        lips: Lips,
        inner: InnerMouth,
        box: Box,
        opening: Box,
        motion: MouthMotion,
        grid: _Grid,
        density: float,
    ) -> None:
        left, top, right, bottom = opening
        self._bounds = left - box[0], top - box[1], right - box[0], bottom - box[1]
        self._lips = lips
        self._motion = motion
        self._grid = grid
        self._inner = inner
        self._edge = np.float32(max(0.7 * density, 1.0))  # texture pixels over which a lip's rim ends
        self._scale = np.float32(lips.scale)
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        face_x, face_y = lips.coordinates(x, y)
        s = lips.place(face_x)
        # How far along the lips each pixel lies, and how far the corner on its side goes for a unit of width.
        self._along, self._widening = np.abs(s), lips.half_width / np.where(s < 0, lips.left, lips.right)
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
        band = _shared(self._bounds, self._grid.around(_near_lips(inverse)))
        if _is_empty(band):
            return
        above, below = self._grid.spread(inverse.above, band), self._grid.spread(inverse.below, band)
        depth = above + below
        lips = self._meeting(part, inverse, band, depth)
        if self._lips.is_parted and amounts.close > 0:
            self._lay_seam(lips, depth, below, band, amounts)
        drawn[_slices(band)] = lips
        cover = _between(above, below, self._edge)
        left, top, width, height = cv2.boundingRect(np.asarray(cover > 0, np.uint8))
        if width == 0:
            return
        near = left, top, left + width, top + height
        window = left + band[0], top + band[1], left + band[0] + width, top + band[1] + height
        rims = above[_slices(near)], below[_slices(near)]
        painted = self._paint(part, rims, window, amounts, expression)
        if lips.shape[2] == 4:
            painted = np.asarray(cv2.cvtColor(painted, cv2.COLOR_RGB2RGBA), np.uint8)
        cover, lips = cover[_slices(near)], lips[_slices(near)]
        drawn[_slices(window)] = cv2.blendLinear(lips, painted, 1 - cover, cover)

    def _meeting(self, part: Pixels, inverse: Inverse, band: Box, depth: Field) -> Pixels:
        """Draw both lips over a band; where they overlap they part half-way, at no `depth`, softly."""
        from_jaw = np.clip(depth * np.float32(0.5) + np.float32(0.5), 0, 1)
        upper, lower = (
            sample(part, self._grid.sources(shift, band), cv2.BORDER_REPLICATE)
            for shift in (inverse.upper, inverse.lower)
        )
        return np.asarray(cv2.blendLinear(lower, upper, from_jaw, 1 - from_jaw), np.uint8)

    def _lay_seam(self, lips: Pixels, depth: Field, below: Field, band: Box, amounts: Amounts) -> None:
        """Lay the shadow along which lips touch over a band, in place: a photo of parted lips has none."""
        reach = np.float32(_SEAM * self._scale)
        touching = (np.abs(depth) < reach) & (below > -self._edge)
        left, top, width, height = cv2.boundingRect(np.asarray(touching, np.uint8))
        if width == 0:
            return
        near = _slices((left, top, left + width, top + height))
        here = _slices(_moved(band, -self._bounds[0], -self._bounds[1]))
        along, widening = self._along[here][near], self._widening[here][near]
        shadow = np.square(np.clip(1 - np.square(depth[near] / reach), 0, 1))
        shadow *= np.clip(1 + below[near] / self._edge, 0, 1)
        corner = 1 + np.float32(amounts.width) * widening
        shadow *= np.clip((corner - along) / np.float32(_SEAM_END), 0, 1)
        light = 1 - np.float32(amounts.close * _SEAM_DEPTH) * shadow
        colours = lips[near][..., :3]
        colours[:] = cv2.multiply(colours, cv2.merge([light] * 3), dtype=cv2.CV_8U)

    def _paint(
        self,
        part: Pixels,
        rims: tuple[Field, Field],
        window: Box,
        amounts: Amounts,
        expression: Expression,
    ) -> Pixels:
        """Paint the inside over a window of the box, `(rows, columns, 3)`.

        `rims` are how far each pixel lies under the upper and the lower lip's edge.
        """
        share, rounded = expression.speaking, max(-expression.mouth.width, 0.0)
        drop = jaw_drop(amounts, self._lips)
        above, below = rims
        # The lips' shadow; a rounded mouth lets in less light.
        under = 1 / (np.float32(_SHADOW) * self._scale)
        shadow = np.float32(0.62) + np.float32(0.38) * np.sqrt(np.clip(above * under, 0, 1))
        shadow *= np.float32(0.8) - np.float32(0.2) * np.clip(below * under, -1, 0)
        ring = 1 - (1 - _BROAD_DARKENING) * shows_smile(self._lips)
        shadow *= np.float32(1 - share * _ROUND_DARKENING * rounded * ring)
        rim = np.clip(1 + below / np.float32(_INNER_RIM * self._scale), 0, 1)
        rim *= rim * np.float32(_INNER_RIM_COVER)
        inside = _moved(window, -self._bounds[0], -self._bounds[1])
        painted = self._inner.paint(drop, shadow, inside, rim)
        if self._lips.is_parted:
            seen, shown = self._photo(part, window, amounts, share)
            dimming = np.float32(share * (_DIMMING + (1 - _DIMMING) * rounded))
            seen = self._inner.shaded(seen, 1 - dimming * (1 - shadow))
            painted = np.asarray(cv2.blendLinear(seen, painted, shown, 1 - shown), np.float32)
        if expression.mouth.tongue > 0:
            tongue = share * expression.mouth.tongue
            painted = self._inner.with_tip(painted, drop, tongue, shadow, inside)
        return to_bytes(painted)

    def _photo(self, part: Pixels, window: Box, amounts: Amounts, share: float) -> tuple[Field, Field]:
        """Give what the photo shows of the inside, and where, 0..1; at rest up to the lower lip's rim."""
        left, top = self._bounds[:2]
        if amounts.smile == 0 and amounts.frown == 0:
            seen, rims = part[_slices(window)], self._shown[_slices(_moved(window, -left, -top))]
        else:
            sources = self._grid.sources(self._motion.cheeks(amounts), window)
            seen = sample(part, sources, cv2.BORDER_REPLICATE)
            corner = np.array([left, top], np.float32)
            rims = sample(self._shown, sources - corner, cv2.BORDER_REPLICATE)
        ending = np.float32(1 - share * (1 + _SHORTENED * self._scale / self._edge))
        shown = np.clip(np.minimum(rims[..., 0], rims[..., 1] + ending), 0, 1)
        return seen[..., :3].astype(np.float32), np.asarray(shown, np.float32)


def _near_lips(inverse: Inverse) -> NDArray[np.bool_]:
    """Mark the nodes beside which lips meet or part: all pixels elsewhere follow one lip alone."""
    from_jaw = np.asarray(inverse.above + inverse.below > 0, np.uint8)
    neighbours = np.ones((3, 3), np.uint8)
    parting = cv2.dilate(from_jaw, neighbours) != cv2.erode(from_jaw, neighbours)
    return np.asarray(parting | ((inverse.above > 0) & (inverse.below < 0)), np.bool_)


def _between(above: Field, below: Field, edge: np.float32) -> Field:
    """Tell how much of each pixel lies between the lips; nothing where they touch."""
    return np.asarray(np.clip(np.minimum(above, -below) / edge, 0, 1), np.float32)


def _slices(window: Box) -> tuple[slice, slice]:
    left, top, right, bottom = window
    return slice(top, bottom), slice(left, right)


def _is_empty(box: Box) -> bool:
    return box[2] <= box[0] or box[3] <= box[1]


def _shared(first: Box, second: Box) -> Box:
    return (
        max(first[0], second[0]),
        max(first[1], second[1]),
        min(first[2], second[2]),
        min(first[3], second[3]),
    )


def _moved(box: Box, across: int, down: int) -> Box:
    left, top, right, bottom = box
    return left + across, top + down, right + across, bottom + down


def _make_motion(lips: Lips, box: Box, grid: _Grid) -> MouthMotion:
    """Lay the fields of motion over a box."""
    x, y = grid.places[..., 0] + np.float32(box[0]), grid.places[..., 1] + np.float32(box[1])
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
