"""Eyes that blink, glance and frown, drawn into the photo's own pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.brows import GRID, Brows
from talkies.engines.animatic.living.expression import Expression
from talkies.engines.animatic.living.glasses import hides_eyes, wears_glasses
from talkies.engines.animatic.living.irises import Eyeball, Iris, find_iris
from talkies.engines.animatic.living.lids import Lids
from talkies.engines.animatic.living.opening import Field, Opening, find_openings
from talkies.engines.animatic.optics.textures import Pixels
from talkies.engines.animatic.vision.faces import Face

_SMALLEST = 7.0  # texture pixels from corner to corner, below which an eye is left alone
_SHUT = 0.11  # height of an opening in its widths, below which the photo's eye is closed
# In widths from the middle, and from the upper lid's edge: where lashes and the skin above are looked for.
_ALONG, _AT_EDGE, _ABOVE = 0.35, (-0.03, -0.01, 0.01, 0.03, 0.05), (-0.12, -0.16, -0.2)
_UNLASHED = 0.9  # of that skin's light; lashes and the shadow of a lid leave 0.05 to 0.75
_NOSE_TIP, _TOP = 1, 10
_LOWER_LIDS = (145, 374)
_TEMPLES = (127, 356)


@dataclass(frozen=True)
class _Eye:
    """One eye that can be drawn: its region `(left, top, right, bottom)` within the box of the eyes."""

    region: tuple[int, int, int, int]
    lids: Lids
    eyeball: Eyeball | None

    def draw(self, part: Pixels, blink: float, expression: Expression) -> None:
        """Draw the eye into the box's pixels."""
        if self.eyeball is None:
            expression = replace(expression, gaze_x=0, gaze_y=0)
        closing = _closing(blink, expression)
        rising = max(blink, 0.9 * expression.squint) - 0.5 * expression.gaze_y * (1 - blink)
        left, top, right, bottom = self.region
        region = part[top:bottom, left:right]
        rest = np.ascontiguousarray(region[..., :3])
        seen = self.eyeball.turned(rest, expression.gaze_x, expression.gaze_y) if self.eyeball else rest
        drawn = self.lids.drawn(rest, seen, closing, rising)
        # Premultiplied colours are never above their coverage.
        region[..., :3] = drawn if part.shape[2] == 3 else cv2.min(drawn, cv2.merge([region[..., 3]] * 3))


def _closing(blink: float, expression: Expression) -> float:
    """Say how far the upper lid goes: it follows the gaze, squints, opens wide; a blink closes it."""
    follow = 0.4 * max(expression.gaze_y, 0.0) + 0.15 * min(expression.gaze_y, 0.0)
    open_lid = follow + 0.12 * expression.squint - 0.16 * expression.widen
    return open_lid + blink * (1 - open_lid)


class Eyes:
    """The eyes and brows of one face in a texture.

    `box` is `(left, top, right, bottom)` in texture pixels, right and bottom excluded: all that `draw` may
    change. It reaches from the top of the face half-way down from the lower lids to the nose's tip. Behind
    glasses only lids and irises move, so that no frame bends.

    Args:
        face: its mesh in prepared pixels.
        pixels: the texture at rest, `(height, width, 3 or 4)` uint8.
        corner: the prepared coordinates that the texture's first pixel shows.
        density: texture pixels per prepared pixel.
        is_line_art: nothing moves.
    """

    box: tuple[int, int, int, int]

    def __init__(
        self,
        face: Face,
        pixels: Pixels,
        corner: tuple[float, float],
        density: float,
        *,
        is_line_art: bool = False,
    ) -> None:
        points = (face.mesh[:, :2].astype(np.float64) - corner) * density
        border = _Border(points)
        self.box = _bound(border, pixels)
        left, top, right, bottom = self.box
        self._brows: Brows | None = None
        self._eyes: tuple[_Eye | None, _Eye | None] = (None, None)
        if right - left < 2 * GRID or bottom - top < 2 * GRID:
            self.box = (left, top, left, top)
            return
        if is_line_art:
            return  # large eyes without lids: the mesh does not fit them
        openings = find_openings(face, corner, density)
        irises = [find_iris(pixels, opening) if _is_open(opening) else None for opening in openings]
        if hides_eyes(points, openings, pixels, shows_iris=any(irises)):
            return
        covered = [
            iris is None and any(irises) and _is_covered(pixels, opening)
            for opening, iris in zip(openings, irises, strict=True)
        ]
        if all(_is_open(opening) for opening in openings) and not all(irises):
            irises = [None, None]  # one that glanced alone would squint
        has_glasses = wears_glasses(points, pixels)

        def make_eye(opening: Opening, iris: Iris | None, outer: int, is_covered: bool) -> _Eye | None:
            if is_covered:
                return None
            lowest = border.below(opening)
            return self._make_eye(opening, iris, pixels, lowest=lowest, outer=outer, behind_glass=has_glasses)

        left_eye, right_eye = map(make_eye, openings, irises, (-1, 1), covered)
        self._eyes = left_eye, right_eye
        if all(eye is None for eye in self._eyes):
            return
        if not has_glasses:
            shape = bottom - top, right - left
            self._brows = Brows(points - (left, top), shape, border.allowed(self.box))

    @property
    def moves_brows(self) -> bool:
        """Tell whether brows are drawn: where eyes are, but for line art and glasses."""
        return self._brows is not None

    def draw(self, part: Pixels, expression: Expression) -> Pixels:
        """Show the expression in `part`, the texture's pixels in `box` at rest; the result is like it."""
        blinks = expression.blink_left, expression.blink_right
        both = expression.gaze_x, expression.gaze_y, expression.squint, expression.widen
        brows = expression.brows, expression.brow_left, expression.brow_right
        if not any((*blinks, *both, *brows, expression.knit)):
            return part
        result = part.copy()
        for eye, blink in zip(self._eyes, blinks, strict=True):
            if eye is not None and any((blink, *both)):
                eye.draw(result, blink, expression)
        return result if self._brows is None else self._brows.moved(result, expression)

    def _make_eye(
        self,
        opening: Opening,
        iris: Iris | None,
        pixels: Pixels,
        *,
        lowest: float,
        outer: int,
        behind_glass: bool,
    ) -> _Eye | None:
        """Prepare an eye; None when it is too small or closed in the photo."""
        if not _is_open(opening):
            return None
        left, top, right, bottom = self._region(opening)
        if right - left < 4 or bottom - top < 4:
            return None
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        u, v = opening.coordinates(x, y)
        lids = Lids(opening, u, v, (left, top), pixels, lowest=lowest, outer=outer, behind_glass=behind_glass)
        eyeball = None
        if iris is not None:
            eyeball = Eyeball(opening, iris, u, v, (left, top), pixels[top:bottom, left:right, :3])
        x0, y0 = self.box[:2]
        return _Eye((left - x0, top - y0, right - x0, bottom - y0), lids, eyeball)

    def _region(self, opening: Opening) -> tuple[int, int, int, int]:
        """Bound what the lids may move, in texture pixels, inside the box."""
        u = np.array([-0.62, 0.62, -0.62, 0.62], np.float32)
        v = np.array([-0.62, -0.62, 0.5, 0.5], np.float32)
        x, y = opening.pixels(u, v)
        left, top, right, bottom = self.box
        return (
            max(left, math.floor(x.min())),
            max(top, math.floor(y.min())),
            min(right, math.ceil(x.max()) + 1),
            min(bottom, math.ceil(y.max()) + 1),
        )


def has_shut_eyes(face: Face) -> bool:
    """Tell whether a photo shows both eyes of a face closed."""
    return all(opening.height < _SHUT for opening in find_openings(face, (0, 0), 1.0))


def _is_open(opening: Opening) -> bool:
    """Tell whether the photo shows an eye open, and large enough to be drawn."""
    return opening.width >= _SMALLEST and opening.height >= _SHUT


def _is_covered(pixels: Pixels, opening: Opening) -> bool:
    """Tell whether hair hides an opening: no line of lashes, darker than the skin above, follows its edge."""
    u = np.linspace(-_ALONG, _ALONG, 29, dtype=np.float32)
    edge, above = (
        np.stack([opening.upper_lid(u) + np.float32(away) for away in places])
        for places in (_AT_EDGE, _ABOVE)
    )
    lashes, skin = (
        cv2.remap(
            pixels,
            *opening.pixels(np.broadcast_to(u, v.shape), v),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )[..., :3].mean(axis=-1)
        for v in (edge, above)
    )
    return bool(np.median(lashes.min(axis=0) / np.maximum(skin.mean(axis=0), 1)) > _UNLASHED)


class _Border:
    """The line half-way between the lower lids and the nose's tip, along the face's own horizontal."""

    def __init__(self, points: NDArray[np.float64]) -> None:
        left, right = (points[list(pair)].mean(axis=0) for pair in ((33, 133), (362, 263)))
        span = right - left
        self.span = max(float(np.hypot(*span)), 1e-3)
        self.across = span / self.span
        self.down = np.array([-self.across[1], self.across[0]])
        self.level = float((points[list(_LOWER_LIDS)].mean(axis=0) + points[_NOSE_TIP]) @ self.down / 2)
        self.top = float(points[_TOP] @ self.down)
        sides = points[list(_TEMPLES)] @ self.across
        self.sides = float(sides.min()), float(sides.max())

    def below(self, opening: Opening) -> float:
        """Give the `v` of the line under an opening's middle, in the opening's widths."""
        return float(self.level - opening.centre @ self.down) / opening.width

    def allowed(self, box: tuple[int, int, int, int]) -> Field:
        """Give on the brows' grid how freely the skin may move: 0 at the box's rim and below the line."""
        left, top, right, bottom = box
        rows, columns = -(-(bottom - top) // GRID) + 1, -(-(right - left) // GRID) + 1
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float64) * GRID
        down = (x + left) * self.down[0] + (y + top) * self.down[1]
        along = (x + left) * self.across[0] + (y + top) * self.across[1]
        rim = np.minimum.reduce([x, y, right - 1 - left - x, bottom - 1 - top - y]) - GRID
        edges = np.minimum.reduce(
            [self.level - down, down - self.top, along - self.sides[0], self.sides[1] - along, rim]
        )
        part = np.clip(edges / (0.18 * self.span), 0, 1)
        return np.asarray(part * part * (3 - 2 * part), np.float32)


def _bound(border: _Border, pixels: Pixels) -> tuple[int, int, int, int]:
    """Bound the upper part of the face, in texture pixels, inside the texture."""
    corners = np.array(
        [
            along * border.across + down * border.down
            for along in border.sides
            for down in (border.top, border.level)
        ]
    )
    low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0)) + 1
    rows, columns = pixels.shape[:2]
    left, top = (int(min(max(value, 0), side)) for value, side in zip(low, (columns, rows), strict=True))
    right, bottom = (
        int(min(max(value, least), side))
        for value, least, side in zip(high, (left, top), (columns, rows), strict=True)
    )
    return left, top, right, bottom
