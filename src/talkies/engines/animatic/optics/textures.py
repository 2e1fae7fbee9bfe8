"""Textures: the layers of a scene at the resolution that a shot needs.

A band serves the frames whose enlargement lies between its base and `BAND` times it. Its textures have two
pixels for each output pixel at the base, so that bilinear sampling is as good as a cubic one at half the
cost; fewer where the photo has too little detail to fill them. Their content is limited: `coarse` shows what
the base enlargement can show, `fine` what the band's end can. Mixing both by the frame's enlargement neither
aliases nor blurs.

Source of the idea: Williams, "Pyramidal Parametrics", 1983 (mip maps).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.plate import Cut
from talkies.engines.animatic.vision.scene import Scene
from talkies.fitting import MAX_ENLARGEMENT, enlarge, uses_net, visible_box

BAND = 1.8  # enlargement at a band's end over that at its base
_OVERSAMPLING = 2  # texture pixels per output pixel, at the base
_LEAST_OVERSAMPLING = 1.25
_PER_SOURCE_PIXEL = 4  # texture pixels: super-resolution makes about two out of one, each sampled twice
_PREEMPHASIS = 0.04  # raises the output's highest frequency by 8 %, against a loss of 0 to 29 % by phase
_MIRRORED = 0.03  # of a box's longer side: how far a subject that the picture's edge cuts off goes on beyond
_MARGIN = 8  # prepared pixels around a layer
_HAIR = 1e-6
_WORTHWHILE = 1.15  # of the enlargement: detail below it is not worth a second texture
_WORTH_THE_NET = 1.4  # enlargement from which super-resolution is worth its time
_NET_PIXELS = 200_000  # source pixels that super-resolution takes about a second for
_ROWS_AT_ONCE = 256  # of a texture in the making
_WEIGHT_STEPS = 64  # mixtures of coarse and fine; a step is under one grey level in most pixels

Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""`(left, top, right, bottom)` in prepared pixels, right and bottom excluded."""


@dataclass
class Texture:
    """One layer's pixels over a box of the picture, `(height, width, 3 or 4)` uint8.

    `box` is `(left, top, right, bottom)` in prepared pixels; texture pixel `j` shows `left + j / density`.
    """

    box: tuple[float, float, float, float]
    density: float
    coarse: Pixels
    fine: Pixels | None = None
    _mixed: tuple[int, Pixels] | None = field(default=None, repr=False)
    _mixing: Lock = field(default_factory=Lock, repr=False)

    def at(self, detail: float) -> Pixels:
        """Give the pixels at a share of detail: 0 is the band's base, 1 its end."""
        step = round(min(max(detail, 0.0), 1.0) * _WEIGHT_STEPS)
        if self.fine is None or step == 0:
            return self.coarse
        if step == _WEIGHT_STEPS:
            return self.fine
        with self._mixing:
            if self._mixed is None or self._mixed[0] != step:
                weight = step / _WEIGHT_STEPS
                mixed = cv2.addWeighted(self.fine, weight, self.coarse, 1 - weight, 0)
                self._mixed = step, np.asarray(mixed, np.uint8)
            return self._mixed[1]

    def changed(self, change: Callable[[Pixels], Pixels]) -> Texture:
        """Return a texture whose pixels went through a change that leaves them where they are."""
        fine = None if self.fine is None else change(self.fine)
        return Texture(self.box, self.density, change(self.coarse), fine)

    def halved(self) -> Texture:
        """Return a texture of half the density: each pixel the mean of four, seen at their middle."""
        left, top, right, bottom = self.box
        aside = 0.5 / self.density
        box = left + aside, top + aside, right + aside, bottom + aside
        return replace(self.changed(_halved), box=box, density=self.density / 2)


@dataclass(frozen=True)
class Band:
    """The textures for a range of enlargements.

    `before` are those of the layers that were cut off the scene, nearest first, premultiplied colours and
    alpha; there is none of a layer that lies outside the box.
    """

    base: float
    background: Texture
    before: tuple[Texture | None, ...] = ()

    def detail(self, enlargement: float) -> float:
        """Place an enlargement in the band: 0 at its base, 1 at its end."""
        return math.log(max(enlargement / self.base, 1e-6)) / math.log(BAND)


def band_index(enlargement: float, least: float) -> int:
    """Number the band that serves an enlargement, counted from a shot's least."""
    return max(0, math.floor(math.log(max(enlargement / least, 1.0)) / math.log(BAND) + 1e-9))


def make_band(scene: Scene, base: float, box: Box, *, fine: bool) -> Band:
    """Make the textures of a box of the picture for enlargements from `base`; `fine`: to the band's end."""
    density = _density(scene, base)
    coarse = _photo(scene, box, density, base)
    _, _, source_density = scene.crop
    # A picture that has no more detail than the base shows needs no second texture.
    rich = fine and source_density >= _WORTHWHILE * base
    detailed = _photo(scene, box, density, min(base * BAND, source_density)) if rich else None
    photos = [coarse] if detailed is None else [coarse, detailed]
    cut_off = [_take_off(photos, cut, box, density) for cut in scene.cuts]
    return Band(base, Texture(box, density, coarse, detailed), tuple(cut_off))


def whole_texture(scene: Scene) -> Texture:
    """Make the texture of the whole picture, without enlargement and with all layers in it."""
    box = 0, 0, scene.width, scene.height
    return Texture(box, _OVERSAMPLING, _photo(scene, box, _OVERSAMPLING, 1))


def _density(scene: Scene, base: float) -> float:
    """Choose the texture pixels per prepared pixel; on those of the whole picture its own pixels lie."""
    if base == 1:
        return _OVERSAMPLING
    _, _, source_density = scene.crop
    useful = _PER_SOURCE_PIXEL * source_density
    return min(max(useful, _LEAST_OVERSAMPLING * base), _OVERSAMPLING * base)


def _take_off(photos: Sequence[Pixels], cut: Cut, box: Box, density: float) -> Texture | None:
    """Take a layer off photos, in place; None when the box has none of it."""
    region = _extent(cut.alpha, box, density, photos[0])
    if region is None:
        return None
    left, top, right, bottom = region
    part = (
        box[0] + left / density,
        box[1] + top / density,
        box[0] + right / density,
        box[1] + bottom / density,
    )
    alpha, plate = _scaled(cut.alpha, part, density), crisp(_scaled(cut.plate, part, density))
    layers = [_part(photo[top:bottom, left:right], plate, alpha) for photo in photos]
    rows, columns = photos[0].shape[:2]
    touched = top == 0, bottom == rows, left == 0, right == columns
    texture = Texture(part, density, layers[0], layers[1] if len(layers) > 1 else None)
    return _mirrored(texture, touched, round(_MIRRORED * max(rows, columns)))


def _part(photo: Pixels, plate: Pixels, alpha: Pixels) -> Pixels:
    """Part a photo in background and premultiplied layer before it, which together give the photo again.

    The background takes the photo's place in memory, and some rows at a time are parted: these are the
    largest arrays of all.
    """
    layer = np.empty((*alpha.shape, 4), np.uint8)
    for top in range(0, len(alpha), _ROWS_AT_ONCE):
        rows = slice(top, top + _ROWS_AT_ONCE)
        seen, background, share = photo[rows].copy(), photo[rows], alpha[rows]
        cv2.copyTo(plate[rows], share, background)
        rest = cv2.merge([cv2.bitwise_not(share)] * 3)
        colours = cv2.subtract(seen, cv2.multiply(background, rest, scale=1 / 255))
        layer[rows] = cv2.merge([*cv2.split(colours), share])
    return layer


def _halved(pixels: Pixels) -> Pixels:
    rows, columns = pixels.shape[:2]
    even = cv2.copyMakeBorder(pixels, 0, rows % 2, 0, columns % 2, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def _extent(alpha: Pixels, box: Box, density: float, photo: Pixels) -> Box | None:
    """Bound a layer in a photo's pixels, with a margin; None when the box has none of it."""
    left, top, right, bottom = box
    x, y, width, height = cv2.boundingRect(np.asarray(alpha[top:bottom, left:right] > 0, np.uint8))
    if width == 0:
        return None
    # Filters look into the margin, and its last row and column let the sampler repeat nothing beyond it.
    # It begins at an even pixel, where a doubled picture has one of its own.
    edges = (x - _MARGIN, y - _MARGIN, x + width + _MARGIN, y + height + _MARGIN)
    rows, columns = photo.shape[:2]
    first = [max(math.floor(edge * density / 2) * 2, 0) for edge in edges[:2]]
    last = [
        min(math.ceil(edge * density / 2) * 2, side)
        for edge, side in zip(edges[2:], (columns, rows), strict=True)
    ]
    return first[0], first[1], last[0], last[1]


def _mirrored(texture: Texture, sides: tuple[bool, bool, bool, bool], reach: int) -> Texture:
    """Let a layer go on, mirrored, beyond its `(upper, lower, left, right)` sides."""
    rows, columns = texture.coarse.shape[:2]
    # Only as much as there is to mirror.
    reach = min(reach, rows - 1, columns - 1)
    above, below, before, after = (reach * side for side in sides)
    left, top, right, bottom = texture.box
    density = texture.density
    box = left - before / density, top - above / density, right + after / density, bottom + below / density

    def mirror(pixels: Pixels) -> Pixels:
        grown = cv2.copyMakeBorder(pixels, above, below, before, after, cv2.BORDER_REFLECT_101)
        return np.asarray(grown, np.uint8)

    return replace(texture.changed(mirror), box=box)


def _photo(scene: Scene, box: Box, density: float, content: float) -> Pixels:
    """Show a box of the picture at `density` texture pixels, with detail for the enlargement `content`."""
    if content <= 1:
        return crisp(_scaled(scene.prepared, box, density))
    x, y, source_density = scene.crop
    # Some source pixels around the box: filters and the net look beyond it.
    margin = 4
    source_height, source_width = scene.source.shape[:2]
    left = max(0, math.floor(x + box[0] * source_density) - margin)
    top = max(0, math.floor(y + box[1] * source_density) - margin)
    right = min(source_width, math.ceil(x + box[2] * source_density) + margin)
    bottom = min(source_height, math.ceil(y + box[3] * source_density) + margin)
    scale = min(content / source_density, MAX_ENLARGEMENT)
    is_kept = uses_net(1 / source_density)
    if scale > _WORTH_THE_NET and is_kept:
        # The whole view went through the net for the prepared picture: its result is kept and costs nothing.
        left, top, right, bottom = visible_box(scene.source, scene.width, scene.height)
    part = scene.source[top:bottom, left:right]
    if scale > _WORTH_THE_NET and (is_kept or part.shape[0] * part.shape[1] <= _NET_PIXELS):
        part = enlarge(part, scale)
    elif scale < 1:
        part = np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    across, down = part.shape[1] / (right - left), part.shape[0] / (bottom - top)
    # Texture pixel j -> prepared coordinate -> source coordinate -> pixel of the part, all at pixel centres.
    matrix = np.array(
        [
            [
                source_density / density * across,
                0,
                (x + (box[0] + 0.5) * source_density - left) * across - 0.5,
            ],
            [0, source_density / density * down, (y + (box[1] + 0.5) * source_density - top) * down - 0.5],
        ]
    )
    return crisp(_warped(part, matrix, box, density, cv2.INTER_CUBIC))


def crisp(pixels: Pixels) -> Pixels:
    """Give back in advance the sharpness that bilinear sampling costs on average over all phases."""
    taps = np.array([-_PREEMPHASIS, 1 + 2 * _PREEMPHASIS, -_PREEMPHASIS])
    return np.asarray(cv2.sepFilter2D(pixels, -1, taps, taps, borderType=cv2.BORDER_REFLECT_101), np.uint8)


def _scaled(pixels: Pixels, box: tuple[float, float, float, float], density: float) -> Pixels:
    """Bring a box of something in prepared pixels to the texture's density."""
    if density == _OVERSAMPLING and pixels.ndim == 3:
        left, top, right, bottom = map(round, box)
        return double(pixels[top:bottom, left:right])
    matrix = np.array([[1 / density, 0, box[0]], [0, 1 / density, box[1]]])
    return _warped(pixels, matrix, box, density, cv2.INTER_LINEAR if pixels.ndim == 2 else cv2.INTER_CUBIC)


def _warped(
    pixels: Pixels,
    matrix: NDArray[np.float64],
    box: tuple[float, float, float, float],
    density: float,
    method: int,
) -> Pixels:
    # What was divided by the density may come back a hair above a whole number.
    across, down = (box[2] - box[0]) * density, (box[3] - box[1]) * density
    size = math.ceil(across - _HAIR), math.ceil(down - _HAIR)
    warped = cv2.warpAffine(
        pixels, matrix, size, flags=method | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


def double(pixels: Pixels) -> Pixels:
    """Double a picture: every second pixel is the old one, the others lie half-way (Lanczos, a = 4).

    The new pixel `2 i` lies exactly on the old pixel `i`; the last row and column are extrapolated.
    """
    across = cv2.sepFilter2D(
        pixels, -1, _HALF_WAY, np.ones(1), anchor=(3, 0), borderType=cv2.BORDER_REFLECT_101
    )
    doubled = np.empty((2 * pixels.shape[0], 2 * pixels.shape[1], 3), np.uint8)
    rows = np.empty((pixels.shape[0], 2 * pixels.shape[1], 3), np.uint8)
    rows[:, ::2], rows[:, 1::2] = pixels, across
    doubled[::2] = rows
    doubled[1::2] = cv2.sepFilter2D(
        rows, -1, np.ones(1), _HALF_WAY, anchor=(0, 3), borderType=cv2.BORDER_REFLECT_101
    )
    return doubled


def _half_way_taps() -> NDArray[np.float64]:
    """Give the eight taps of a Lanczos filter half-way between pixels 3 and 4."""
    distance = np.arange(8) - 3.5
    taps = np.sinc(distance) * np.sinc(distance / 4)
    return np.asarray(taps / taps.sum())


_HALF_WAY = _half_way_taps()
