"""The inside of a mouth: the dark of the throat, the tongue, the lower teeth and the upper ones.

All of it is painted once at rest, in colours taken from the photo: the light that falls on the lips, their
colour cast, and the photo's own grain. Teeth that the photo shows are laid over the painted ones by the
caller.
Source: Ash, Nelson, "Wheeler's Dental Anatomy" (2003) for the teeth's sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.lips import ALONG, Field, Lips
from talkies.engines.animatic.optics.textures import Pixels

Box = tuple[int, int, int, int]
"""`(left, top, right, bottom)` in texture pixels, right and bottom excluded."""

_MM = 1 / 90  # face sizes per millimetre

# Half an arch from the middle: where each tooth ends along it, and how much shorter than the first one it is.
_UPPER_ENDS = np.array([0.0, 8.4, 15.0, 22.4, 29.2, 35.8, 45.8]) * _MM
_UPPER_SHORTER = np.array([0.0, 0.8, 0.3, 1.4, 2.2, 3.0]) * _MM
_LOWER_ENDS = np.array([0.0, 5.3, 11.0, 17.8, 24.8, 31.8, 42.8]) * _MM
_LOWER_SHORTER = np.array([0.0, 0.1, -0.3, 0.8, 1.6, 2.4]) * _MM
_ARCH_DEPTH = 0.011 / _MM  # curvature: an arch 25 mm aside lies 7 mm further back
_BEHIND_LIPS = 5 * _MM

_SHOWING = 3.2 * _MM  # of the upper teeth under the lip of a closed mouth, once it opens
_LOWER_SHOWING = 1.2 * _MM  # of the lower teeth above the lower lip
_CROWN = 10.5 * _MM
_DRAWN_RED, _DRAWN_PINK = np.array([0.72, 0.24, 0.26]), np.array([1.0, 0.52, 0.52])
_BRIGHTEST = 1.1  # times the brightest of the face, that teeth may be
_ENOUGH = 8  # pixels that tell a colour
_TONGUE_HALF_WIDTH, _TONGUE_TOP = 21 * _MM, 8 * _MM  # its back lies above the lower teeth's edge
_TIP_HALF_WIDTH, _TIP_DEPTH = 13 * _MM, 3 * _MM  # at rest it lies under that edge
_TIP_OVERLAP, _TIP_SHOWING = 0.8 * _MM, 2.2 * _MM  # over the upper teeth, and at least over the lower ones


@dataclass(frozen=True)
class Layer:
    """Something painted at rest: `colour` `(rows, columns, 3)` 0..255 and `alpha` 0..1, both float32."""

    colour: Field
    alpha: Field

    def moved(self, shift: NDArray[np.float64], window: Box) -> Layer:
        """Shift by parts of a pixel, across and down, and cut a window out, in the layer's own pixels."""
        left, top, right, bottom = window
        size = right - left, bottom - top
        matrix = np.array([[1, 0, shift[0] - left], [0, 1, shift[1] - top]], np.float32)
        colour = cv2.warpAffine(self.colour, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        return Layer(
            np.asarray(colour, np.float32),
            np.asarray(cv2.warpAffine(self.alpha, matrix, size), np.float32),
        )

    def cut(self, window: Box) -> Layer:
        """Cut a window out, in the layer's own pixels."""
        left, top, right, bottom = window
        return Layer(self.colour[top:bottom, left:right], self.alpha[top:bottom, left:right])


class InnerMouth:
    """The inside of one mouth over a box of a texture.

    Args:
        lips: the mouth.
        pixels: the texture at rest.
        box: what may show the inside.
        density: texture pixels per prepared pixel: painted edges are about as soft as the photo's.
        is_line_art: it is painted flat, with a tongue and without teeth.
    """

    def __init__(self, lips: Lips, pixels: Pixels, box: Box, density: float, *, is_line_art: bool) -> None:
        self._lips = lips
        left, top, right, bottom = box
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        self._x, self._y = lips.coordinates(x, y)
        self._softness = 0.8 * density / lips.scale
        self._palette = _Palette(lips, pixels, box)
        light = np.maximum(np.arange(256) / 255, 0.05)[:, None]
        self._shades = (light**self._palette.shadow_powers).astype(np.float32)
        self._s = lips.place(self._x)
        self._upper_edge = self._upper_teeth_edge()
        self._upper_teeth = self._teeth(_UPPER_ENDS, _UPPER_SHORTER, self._upper_edge, 1.0)
        lower = lips.line(lips.lower, np.zeros(1, np.float32))[0] - np.float32(_LOWER_SHOWING)
        self._lower_edge = float(lower)
        self._lower_teeth = self._teeth(_LOWER_ENDS, _LOWER_SHORTER, self._lower_edge, -1.0)
        self._tongue = self._make_tongue()
        self._tip = self._make_tip()
        self._throat = self._make_throat()
        self._rim = self._make_rim()
        if is_line_art:
            self._flatten()

    def paint(self, drop: float, shadow: Field, window: Box, rim: Field) -> Field:
        """Paint the inside but for the tip of the tongue, `(rows, columns, 3)` float32 0..255.

        `drop`: face sizes that the jaw hangs lower than in the photo; `shadow`: what is left of the light
        over the window, 0..1; `window`: the part of the box that is wanted, in the box's pixels; `rim`: how
        much the lower lip's moist inside covers, 0..1.
        """
        left, top, right, bottom = window
        down = self._lips.down * drop
        picture = _laid(self._throat[top:bottom, left:right], self._tongue.moved(down, window))
        picture = _laid(picture, self._lower_teeth.moved(down, window))
        picture = _laid(picture, self._upper_teeth.cut(window))
        return _laid(self.shaded(picture, shadow), Layer(self._rim[top:bottom, left:right], rim))

    def with_tip(self, picture: Field, drop: float, tongue: float, shadow: Field, window: Box) -> Field:
        """Lay the tip of the tongue over a picture of a window: 0 down, 1 at the upper teeth."""
        lower_edge = self._lower_edge + drop
        top = min(self._upper_edge - _TIP_OVERLAP, lower_edge - _TIP_SHOWING)
        lift = drop - tongue * max(lower_edge + _TIP_DEPTH - top, 0.0)
        tip = self._tip.moved(self._lips.down * lift, window)
        return _laid(picture, Layer(self.shaded(tip.colour, shadow), tip.alpha))

    def shaded(self, picture: Field, shadow: Field) -> Field:
        """Darken by `shadow`, 0..1: what is lit through lips and cheeks only is lit by their colour."""
        levels = np.asarray(cv2.convertScaleAbs(shadow, alpha=255), np.uint8)
        return np.asarray(cv2.multiply(picture, self._shades[levels]), np.float32)

    def _flatten(self) -> None:
        """Give every part one colour, as drawings have it."""
        inside, tongue = self._palette.drawn()
        nothing = Layer(np.zeros_like(self._throat), np.zeros_like(self._x))
        self._upper_teeth = self._lower_teeth = nothing
        self._tongue = Layer(np.full_like(self._throat, tongue), self._tongue.alpha)
        self._tip = Layer(np.full_like(self._throat, tongue), self._tip.alpha)
        self._throat = np.full_like(self._throat, inside)
        self._rim = np.full_like(self._throat, inside)
        self._shades = np.ones_like(self._shades)

    def _upper_teeth_edge(self) -> float:
        """Say how far down the front teeth reach: as an open mouth shows, or a little under a closed lip."""
        middle = len(ALONG) // 2
        upper, gap = float(self._lips.upper[middle]), float(self._lips.gap[middle])
        return upper + min(max(gap, _SHOWING), _CROWN)

    def _teeth(
        self, ends: NDArray[np.float64], shorter: NDArray[np.float64], edge: float, side: float
    ) -> Layer:
        """Paint a row of teeth whose front edge is `edge`; `side`: 1 for the upper row, -1 for the lower."""
        along = self._along_arch(self._x)
        distance = np.abs(along)
        tooth = np.clip(np.searchsorted(ends, distance, side="right") - 1, 0, len(shorter) - 1)
        start, width = ends[tooth], np.diff(ends)[tooth]
        within = np.clip((distance - start) / width, 0, 1)  # from the middle outwards
        # Corners are round, the outer one more.
        rounding = 0.9 * _MM * (np.abs(2 * within - 1) ** 3.5) * (0.7 + 0.6 * within)
        bend = 0.45 * distance**2 if side > 0 else 0.25 * distance**2
        reach = edge - side * (shorter[tooth] + rounding + bend)
        inside = side * (reach - self._y)
        alpha = np.clip(inside / self._softness + 0.5, 0, 1) * np.clip((0.36 - distance) / 0.05, 0, 1)
        if self._lips.is_parted:
            # The photo shows where its teeth end; painted ones only continue them under the upper lip.
            to_end = self._lips.line(self._lips.lower, self._s) - 2 * self._softness - self._y
            alpha = alpha * np.clip(to_end / self._softness, 0, 1)
        to_gap = np.minimum(distance - start, start + width - distance)
        groove = 1 - 0.22 * np.exp(-((to_gap / (0.55 * _MM + 0.5 * self._softness)) ** 2))
        turned = 1 - 0.5 * np.clip(distance / (34 * _MM), 0, 1) ** 2
        turned = turned * (1 - 0.75 * np.clip((np.abs(self._s) - 0.5) / 0.5, 0, 1) ** 1.5)
        bulge = 0.9 + 0.1 * np.sin(np.pi * np.clip(inside / _CROWN, 0, 1) ** 0.6)
        shade = groove * turned * bulge * (1.0 if side > 0 else 0.72)
        colour = self._palette.teeth * shade[..., None] * self._palette.light[..., None]
        return Layer(np.asarray(colour + self._palette.grain, np.float32), np.asarray(alpha, np.float32))

    def _along_arch(self, x: Field) -> Field:
        """Find the places along an arch of teeth that are seen at `x` from the middle of a turned mouth."""
        arch = np.linspace(-0.5, 0.5, 101)
        # The arch lies behind the lips, further back towards its ends; a turned head shows that as a shift.
        unit = np.linalg.inv(np.column_stack([self._lips.across, self._lips.down])) @ self._lips.forward
        seen = self._lips.midline + arch - float(unit[0]) * (_BEHIND_LIPS + _ARCH_DEPTH * arch**2)
        order = np.maximum.accumulate(seen)  # a far end that the arch hides is not seen again
        return np.interp(x, order + np.arange(101) * 1e-9, arch).astype(np.float32)

    def _make_tongue(self) -> Layer:
        """Paint its back, which lies low and goes into the dark."""
        across = self._along_arch(self._x) / _TONGUE_HALF_WIDTH
        depth = self._y - (self._lower_edge - _TONGUE_TOP + 0.35 * _TONGUE_HALF_WIDTH * across**2)
        furrow = np.exp(-((across / 0.09) ** 2))
        bright = 0.3 + 0.6 * np.clip(depth / (9 * _MM), 0, 1) - 0.1 * furrow
        alpha = np.clip(depth / (3 * _MM), 0, 1) * np.clip((1 - np.abs(across)) / 0.3, 0, 1)
        return self._flesh_layer(bright, alpha)

    def _make_tip(self) -> Layer:
        """Paint its tip at rest, hidden under the lower teeth's edge."""
        across = self._along_arch(self._x) / _TIP_HALF_WIDTH
        round_end = 0.4 * _TIP_HALF_WIDTH * (1 - np.sqrt(np.clip(1 - across**2, 0, 1)))
        depth = self._y - (self._lower_edge + _TIP_DEPTH + round_end)
        bright = 0.9 - 0.25 * np.clip(depth / (9 * _MM), 0, 1) - 0.3 * np.clip(np.abs(across), 0, 1) ** 3
        alpha = np.clip(depth / self._softness + 0.5, 0, 1) * np.clip((1 - np.abs(across)) / 0.1, 0, 1)
        return self._flesh_layer(bright, alpha)

    def _flesh_layer(self, bright: Field, alpha: Field) -> Layer:
        colour = self._palette.deeper(1.6) * bright[..., None] * self._palette.light[..., None]
        return Layer(
            np.asarray(colour + 0.7 * self._palette.grain, np.float32), np.asarray(alpha, np.float32)
        )

    def _make_throat(self) -> Field:
        """Paint the dark at the back, a little lighter towards the cheeks' inner sides in front."""
        lighter = 0.13 + 0.14 * np.clip(np.abs(self._s), 0, 1) ** 2
        colour = self._palette.deeper(2.6) * lighter[..., None] * self._palette.light[..., None]
        colour = np.maximum(colour, 0.5 * self._palette.black)
        return np.asarray(colour + 0.5 * self._palette.grain, np.float32)

    def _make_rim(self) -> Field:
        """Paint the lower lip's inside, which turns away from the light."""
        colour = 0.8 * self._palette.deeper(1.3) * self._palette.light[..., None]
        return np.asarray(colour + 0.7 * self._palette.grain, np.float32)


class _Palette:
    """The photo's own colours for the inside of its mouth.

    `teeth`, `flesh` and `black`, the darkest that the face shows, are `(3,)` 0..255; `light` is the photo's
    light over the box, about 1; `grain` its noise, `(rows, columns, 3)`. `shadow_powers`, `(3,)`, are what a
    shadow counts for in each colour.
    """

    def __init__(self, lips: Lips, pixels: Pixels, box: Box) -> None:
        left, top, right, bottom = box
        region = pixels[top:bottom, left:right, :3].astype(np.float32)
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        face_x, face_y = lips.coordinates(x, y)
        s = lips.place(face_x)
        above, below = face_y - lips.line(lips.upper, s), face_y - lips.line(lips.lower, s)
        outside_lower = face_y - lips.line(lips.lower_outer, s)
        beside = np.abs(s) < 0.8
        lip = beside & (below > 0.01) & (outside_lower < -0.01)
        skin = beside & (outside_lower > 0.03)
        lip_colour, skin_colour = _median(region, lip, skin), _median(region, skin)
        self.flesh = lip_colour
        self.shadow_powers = 1 + 0.8 * (1 - lip_colour / max(float(lip_colour.max()), 1.0))
        shown = beside & (above > 0.01) & (below < -0.01)
        self.black, brightest = _extremes(lips, pixels)
        self.teeth = _teeth_colour(skin_colour, region[shown], _BRIGHTEST * brightest)
        grey = region @ np.array([0.299, 0.587, 0.114], np.float32)
        smooth = np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.16 * lips.scale), np.float32)
        mean = float(smooth[np.abs(s) < 1].mean()) if (np.abs(s) < 1).any() else float(smooth.mean())
        self.light = np.clip(smooth / max(mean, 1.0), 0.5, 1.5)
        self.grain = _grain(lips, pixels, box)

    def drawn(self) -> tuple[Field, Field]:
        """Give the colours of a drawn mouth's inside and tongue: reds between its lines and its skin."""
        light = float(self.flesh.max())
        inside = 0.5 * self.black + 0.5 * light * _DRAWN_RED
        return np.asarray(inside, np.float32), np.asarray(0.8 * light * _DRAWN_PINK, np.float32)

    def deeper(self, power: float) -> Field:
        """Give the flesh as light shows it that has met it several times: redder, in a photo of colours."""
        luma = max(float(self.flesh @ np.array([0.299, 0.587, 0.114], np.float32)), 1.0)
        return np.asarray(luma * (self.flesh / luma) ** power, np.float32)


def _median(region: Field, *parts: NDArray[np.bool_]) -> Field:
    """Give the median colour of the first part that shows enough of itself, else of the whole region."""
    colours = next((region[part] for part in parts if part.sum() > _ENOUGH), region.reshape(-1, 3))
    return np.asarray(np.median(colours, axis=0), np.float32)


def _teeth_colour(skin: Field, shown: Field, brightest: Field) -> Field:
    """Guess the teeth's colour under the photo's light; where the photo shows teeth, take theirs.

    Teeth are near neutral; they are brighter than dark skin and about as bright as light skin, and in no
    colour brighter than `brightest`: the varnish of a painting lies on teeth, too.
    """
    luma = float(skin @ np.array([0.299, 0.587, 0.114], np.float32))
    bright = 0.62 * luma + 104
    cast = skin / max(luma, 1.0)
    guess = np.clip(bright * (1 + 0.45 * (cast - 1)), 0, np.minimum(brightest, 245))
    if len(shown) < 24:
        return np.asarray(guess, np.float32)
    brightest = np.percentile(shown, 85, axis=0)
    return np.asarray(np.maximum(brightest, 0.6 * guess), np.float32)


def _grain(lips: Lips, pixels: Pixels, box: Box) -> Field:
    """Take noise and brush strokes of the skin under the mouth, without lines and edges."""
    left, top, right, bottom = box
    rows = pixels.shape[0]
    # As far under the box as lips reach, else whatever lies lowest in the texture.
    down = round(max(float(lips.lower_outer.max() - lips.upper.min()), 0.1) * lips.scale)
    down = min(down, rows - bottom)
    region = pixels[top + down : bottom + down, left:right, :3].astype(np.float32)
    fine = region - cv2.GaussianBlur(region, (0, 0), max(1.5, 0.02 * lips.scale))
    limit = 2.5 * float(np.median(np.abs(fine))) + 0.5
    return np.asarray(np.clip(fine[::-1], -limit, limit), np.float32)


def _extremes(lips: Lips, pixels: Pixels) -> tuple[Field, Field]:
    """Take the darkest tone of the face and the brightest of each colour: a faded print has none beyond."""
    reach = round(0.7 * lips.scale)
    x, y = (round(float(value)) for value in lips.centre)
    region = pixels[max(y - reach, 0) : y + reach : 4, max(x - reach, 0) : x + reach : 4, :3]
    colours = region.reshape(-1, 3).astype(np.float32)
    light = colours @ np.array([0.299, 0.587, 0.114], np.float32)
    black = colours[light <= np.percentile(light, 2)].mean(axis=0)
    return np.asarray(black, np.float32), np.asarray(np.percentile(colours, 98, axis=0), np.float32)


def _laid(picture: Field, layer: Layer) -> Field:
    """Lay something over a picture."""
    return np.asarray(cv2.blendLinear(layer.colour, picture, layer.alpha, 1 - layer.alpha), np.float32)
