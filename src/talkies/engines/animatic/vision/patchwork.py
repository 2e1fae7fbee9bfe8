"""Texture continued into a gap: pieces of the surroundings, laid inwards, each where it fits best.

Pieces are sought in a small copy and laid in the picture itself, so that they keep its grain. Their fine
detail changes over within a few pixels, what is coarse gradually.

Source: Criminisi et al., "Region Filling and Object Removal by Exemplar-Based Image Inpainting", 2004; here
in rings, within which strong structures go first. The soft seams: Burt and Adelson, "A Multiresolution Spline
with Application to Image Mosaics", 1983, with two bands.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.media import Frame

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
Box = tuple[slice, slice]

_REACH = 6  # small pixels from a piece's middle to its edge
_SIDE = 2 * _REACH + 1
_WINDOW = 24  # small pixels around a piece in which its like is looked for
_RINGS = 3  # of pieces; each goes `_REACH` farther in, together as far as parallax ever uncovers
_GUESS = 0.3  # the weight of a colour that is only foretold, against a known one
_FAR = 4.0  # grey levels by which a piece from the window's edge must fit better than one close by
_ASKEW = 12.0  # the same for one from its corner: floors, walls and slats go on along rows and columns
_NEAR_MISS = 2  # small pixels between two middles that show nearly the same piece
_STALE = 12.0  # grey levels by which such a piece must fit better: nothing is seen again and again
_COARSE = 2.0  # small pixels: what is coarser changes over gradually
_FITS = (8.0, 24.0)  # grey levels by which a piece's coarse colours are off: fits, and is of something else
_CONTRAST = (0.3, 0.9)  # the same in deviations of the coarse colours that it is laid to, if that is more
_TINT = 20.0  # grey levels, the most by which a piece is made lighter or darker to fit
_HALF = 0.5  # mean trust in what a piece is laid to, from which nothing is taken off its own
_SEAM = np.ones((5, 5), np.uint8)  # small pixels that a piece goes on over its neighbours


def continue_texture(frame: Frame, small: Field, known: Mask, rings: int = _RINGS) -> tuple[Field, Field]:
    """Continue the known part of a picture into the rest, some rings deep.

    Args:
        frame: the picture; in its gap what is foretold, smoothly.
        small: the same, its sides a whole part of the frame's.
        known: of `small`; False in the gap.
        rings: of pieces, laid one inside the other.

    Returns:
        The picture so continued, 0..255, and how well its pieces fit, 0..1 for each pixel of `small`: 1 where
        it is known, 0 where nothing is continued.
    """
    quilt = _Quilt(frame, small, known)
    strength = _structure(small, known)
    for _ in range(rings):
        for row, column in _edge(quilt.gap[_INNER], strength):
            if quilt.gap[row + _REACH, column + _REACH]:
                quilt.add_piece(row, column)
    return quilt.finished(), quilt.trust[_INNER]


def _edge(gap: Mask, strength: Field) -> list[tuple[int, int]]:
    """List the gap's outermost pixels, those beside strong structures first."""
    outermost = gap & (cv2.erode(gap.astype(np.uint8), np.ones((3, 3))) == 0)
    order = np.argsort(-strength[outermost], kind="stable")
    return [(int(row), int(column)) for row, column in np.argwhere(outermost)[order]]


def _structure(small: Field, known: Mask) -> Field:
    """Tell how strong the edges are around each pixel."""
    grey = np.asarray(small.mean(axis=-1), np.float32)
    slope = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    slope[~known] = 0
    return np.asarray(cv2.dilate(slope, np.ones((_SIDE, _SIDE))), np.float32)


class _Quilt:
    """A picture whose gap is being filled.

    Arrays have `_REACH` pixels more on each side, so that all pieces are whole. A piece's place is the row
    and column of its first pixel there; without that margin they are those of its middle.
    """

    def __init__(self, frame: Frame, small: Field, known: Mask) -> None:
        self._enlargement = frame.shape[1] // small.shape[1]
        wide = _REACH * self._enlargement
        self._frame = cv2.copyMakeBorder(frame, wide, wide, wide, wide, cv2.BORDER_REFLECT)
        self._laid = self._frame.copy()
        self._small = np.pad(small, (*_ROOM, (0, 0)), mode="symmetric")
        self._laid_small = self._small.copy()
        self._coarse = cv2.GaussianBlur(self._small, (0, 0), _COARSE)
        self._laid_coarse = self._coarse.copy()
        # The sum of weighted colours, and that of the weights.
        self._blended = np.zeros((*self._coarse.shape[:2], 4), np.float32)
        self._weight = np.pad(np.where(known, np.float32(1), np.float32(_GUESS)), _ROOM)
        # Beyond the picture's edge is its mirror image: a narrow strip beside the gap is a source as well.
        mirrored = np.pad(known.astype(np.uint8), _ROOM, mode="symmetric")
        self._sources = np.asarray(cv2.erode(mirrored, np.ones((_SIDE, _SIDE)))[_INNER], np.bool_)
        self._stale = np.zeros(known.shape, np.float32)  # the square of grey levels
        self.gap = np.pad(~known, _ROOM)
        self.trust = np.pad(known.astype(np.float32), _ROOM)

    def add_piece(self, row: int, column: int) -> None:
        """Fill what is still missing around a place, if anything known is near."""
        source = self._like(row, column)
        if source is None:
            return
        here, there = _box(row, column), _box(*source)
        new = self.gap[here].copy()
        tint = self._tint(here, there)
        self.trust[here][new] = self._fit(here, there, tint)
        self._laid_small[here][new] = self._small[there][new] + tint
        self._blended[here][..., :3] += _BELL * (self._coarse[there] + tint)
        self._blended[here][..., 3:] += _BELL
        cover = cv2.blur(cv2.dilate(new.astype(np.float32), _SEAM), (3, 3))
        self._laid_coarse[here] += cover[..., None] * (self._coarse[there] - self._laid_coarse[here])
        scale = self._enlargement
        share = cv2.resize(cover, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        part = self._laid[_box(row, column, scale)]
        part[:] = cv2.blendLinear(self._frame[_box(*source, scale)], part, share, 1 - share)
        self._weight[here][new] = 1
        self.gap[here] = False
        around = (slice(max(middle - _NEAR_MISS, 0), middle + _NEAR_MISS + 1) for middle in source)
        self._stale[tuple(around)] += np.float32(_STALE**2)

    def finished(self) -> Field:
        """Give the picture with its pieces' coarse colours run into each other."""
        colours, weights = self._blended[_INNER][..., :3], self._blended[_INNER][..., 3:]
        even = colours / np.maximum(weights, 1e-6) - self._laid_coarse[_INNER]
        even[weights[..., 0] == 0] = 0
        scale = self._enlargement
        wide = _REACH * scale
        large = cv2.resize(even, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        return np.asarray(self._laid[wide:-wide, wide:-wide] + large, np.float32)

    def _tint(self, here: Box, there: Box) -> Field:
        """Tell how much lighter or darker the surroundings are than those that a piece comes from."""
        weight = self._weight[here][..., None] * _BELL
        difference = (weight * (self._laid_small[here] - self._small[there])).sum(axis=(0, 1)) / weight.sum()
        return np.asarray(np.clip(difference, -_TINT, _TINT), np.float32)

    def _fit(self, here: Box, there: Box, tint: Field) -> float:
        """Tell how well a piece's coarse colours go on from those that it is laid to, 0 to 1.

        Fine texture need not meet its like, structures must. What lies on a doubtful piece is as doubtful.
        """
        laid = ~self.gap[here]
        weight = (self.trust[here] * laid).ravel()
        total = max(float(weight.sum()), 1e-6)
        colours = self._laid_coarse[here].reshape(-1, 3)
        off = colours - (self._coarse[there].reshape(-1, 3) + tint)
        contrast = colours - weight @ colours / total
        error, deviation = (
            math.sqrt(float((weight @ way**2).sum()) / (3 * total)) for way in (off, contrast)
        )
        fits, differs = (max(level, share * deviation) for level, share in zip(_FITS, _CONTRAST, strict=True))
        before = total / max(int(laid.sum()), 1)
        return min(max((differs - error) / (differs - fits), 0), 1) * min(before / _HALF, 1)

    def _like(self, row: int, column: int) -> tuple[int, int] | None:
        """Find the place of the known piece that is most like what is here; None where none is near."""
        top, left = max(row - _WINDOW, 0), max(column - _WINDOW, 0)
        allowed = self._sources[top : row + _WINDOW + 1, left : column + _WINDOW + 1]
        if not allowed.any():
            return None
        rows, columns = allowed.shape
        area = self._laid_small[top : top + rows + _SIDE - 1, left : left + columns + _SIDE - 1]
        here = _box(row, column)
        weight, wanted = self._weight[here], np.ascontiguousarray(self._laid_small[here])
        cost = cv2.matchTemplate(area, wanted, cv2.TM_SQDIFF, mask=cv2.merge([weight] * 3))
        y, x = np.ogrid[top - row : top - row + rows, left - column : left - column + columns]
        drawback = (y * y + x * x) * np.float32((_FAR / _WINDOW) ** 2)
        drawback += np.minimum(y * y, x * x) * np.float32((_ASKEW / _WINDOW) ** 2)
        drawback += self._stale[top : top + rows, left : left + columns]
        cost += drawback * np.float32(3 * float((weight**2).sum()))
        cost[~allowed] = np.inf
        down, across = divmod(int(cost.argmin()), columns)
        return top + down, left + across


def _box(row: int, column: int, scale: int = 1) -> Box:
    """Bound the piece at a place, in small pixels or in the picture's."""
    return np.s_[row * scale : (row + _SIDE) * scale, column * scale : (column + _SIDE) * scale]


_ROOM = ((_REACH, _REACH), (_REACH, _REACH))
_INNER = np.s_[_REACH:-_REACH, _REACH:-_REACH]
_WAVE = np.hanning(_SIDE + 2)[1:-1].astype(np.float32)
_BELL = np.outer(_WAVE, _WAVE)[..., None]
