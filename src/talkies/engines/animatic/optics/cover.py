"""Where layers hide what is behind them, and where they show nothing: nothing is read that is not seen.

The output is cut into strips, few enough rows high that what is read for one stays in the processor's cache.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.optics.projection import STEP, Grid

Span = tuple[int, int]
"""Columns of the output, the last one excluded."""

_CELL = 8  # texture pixels that are judged as one
_ROWS = 80  # of the output in a strip; whole steps of the grid
_LEAST_RUN = 8  # steps of the grid: a shorter run is not worth a call of its own
_NOTHING, _SHARED, _ALL = 0, 1, 2  # what a place shows of a layer
_NEIGHBOURS = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Strip:
    """Some rows of the output, and in which columns a layer is seen there, each in whole steps of the grid.

    `seen` may show the layer, `shared` also what is behind it; every span of these lies in one of those.
    """

    top: int
    bottom: int
    seen: tuple[Span, ...]
    shared: tuple[Span, ...]


class Showing(NamedTuple):
    """Which of the grid's nodes surely show nothing but a layer, and which may show it; both with the rim."""

    opaque: NDArray[np.bool_]
    present: NDArray[np.bool_]


def visible_strips(layers: Sequence[Showing], width: int, height: int) -> list[tuple[Strip, ...]]:
    """Cut the output into strips, for each of some layers and for what is behind them all.

    Args:
        layers: what they show, nearest first.
        width, height: of the output.
    """
    strips: list[list[Strip]] = [[] for _ in range(len(layers) + 1)]
    for top, bottom in _rows(height):
        rows = slice(top // STEP + 1, -(-bottom // STEP) + 1)
        free = np.ones(-(-width // STEP), np.bool_)  # columns that no layer so far hides
        for layer, cut in zip(layers, strips, strict=False):
            hides = _long_runs(np.all(layer.opaque[rows, 1:-1], axis=0))
            seen = ~_long_runs(~np.any(layer.present[rows, 1:-1], axis=0)) & free
            cut.append(Strip(top, bottom, _spans(seen, width), _spans(seen & ~hides, width)))
            free &= ~hides
        strips[-1].append(Strip(top, bottom, _spans(free, width), ()))
    return [tuple(cut) for cut in strips]


def whole_strip(width: int, height: int) -> tuple[Strip, ...]:
    """Give the output as a single strip that shows a layer and what is behind it anywhere."""
    everywhere = ((0, width),)
    return (Strip(0, height, everywhere, everywhere),)


class Cover:
    """Tells where a layer's texture is opaque and where it is empty.

    Args:
        alpha: of the texture, `(height, width)` uint8. Beyond its edge it goes on like its edge.
    """

    def __init__(self, alpha: NDArray[np.uint8]) -> None:
        beyond = [(0, -side % _CELL) for side in alpha.shape]
        padded = np.pad(alpha, beyond, mode="edge")
        cells = padded.reshape(padded.shape[0] // _CELL, _CELL, padded.shape[1] // _CELL, _CELL)
        self._opaque = np.asarray(cells.min(axis=(1, 3)) == 255, np.uint8)
        self._present = np.asarray(cells.max(axis=(1, 3)) > 0, np.uint8)

    def showing(self, grids: Sequence[Grid]) -> Showing:
        """Tell what the output's nodes show of the layer.

        Args:
            grids: what they read of the texture, in its pixels, one node beyond each side of the output; of
                several the mean is shown.
        """
        shown = [self._shown(grid) for grid in grids]
        opaque = np.all([cv2.erode(places, _NEIGHBOURS) == _ALL for places in shown], axis=0)
        present = np.any([cv2.dilate(places, _NEIGHBOURS) != _NOTHING for places in shown], axis=0)
        return Showing(opaque, present)

    def _shown(self, grid: Grid) -> NDArray[np.uint8]:
        """Tell what each node's surroundings show of the texture, at least half-way to the next nodes."""
        spacing = max(float(np.abs(np.diff(grid, axis=axis)).max()) for axis in (0, 1))
        rows, columns = self._opaque.shape
        # One more: bilinear reading looks a pixel farther.
        reach = min(math.ceil(spacing / 2 / _CELL) + 1, max(rows, columns))
        around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        shown = cv2.dilate(self._present, around) + cv2.erode(self._opaque, around)
        x = np.clip(grid[..., 0] / _CELL, 0, columns - 1).astype(np.intp)
        y = np.clip(grid[..., 1] / _CELL, 0, rows - 1).astype(np.intp)
        return np.asarray(shown[y, x], np.uint8)


def _rows(height: int) -> list[tuple[int, int]]:
    return [(top, min(top + _ROWS, height)) for top in range(0, height, _ROWS)]


def _long_runs(columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the runs of True that are long enough."""
    kept = np.zeros_like(columns)
    for start, stop in _runs(columns):
        kept[start:stop] = stop - start >= _LEAST_RUN
    return kept


def _spans(columns: NDArray[np.bool_], width: int) -> tuple[Span, ...]:
    return tuple((start * STEP, min(stop * STEP, width)) for start, stop in _runs(columns))


def _runs(columns: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Give the start and the end of each run of True, `(runs, 2)`."""
    framed = np.zeros(len(columns) + 2, bool)
    framed[1:-1] = columns
    return np.flatnonzero(framed[1:] != framed[:-1]).reshape(-1, 2)
