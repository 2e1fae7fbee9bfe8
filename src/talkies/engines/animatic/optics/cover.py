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
_RUN = np.ones((1, _LEAST_RUN), np.uint8)


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
    tops = np.arange(0, height, _ROWS)
    firsts = tops // STEP  # of the rows of nodes, less the one beyond the output
    # Columns of each strip that no layer so far hides.
    free = np.ones((len(tops), -(-width // STEP)), np.bool_)
    cuts = []
    for layer in layers:
        hides = _long_runs(np.logical_and.reduceat(layer.opaque[1:-1, 1:-1], firsts))
        seen = ~_long_runs(~np.logical_or.reduceat(layer.present[1:-1, 1:-1], firsts)) & free
        cuts.append((_spans(seen, width), _spans(seen & ~hides, width)))
        free &= ~hides
    cuts.append((_spans(free, width), [()] * len(tops)))
    return [
        tuple(
            Strip(top, min(top + _ROWS, height), *spans)
            for top, *spans in zip(tops.tolist(), *cut, strict=True)
        )
        for cut in cuts
    ]


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
        self._opaque = np.asarray(_of_cells(np.minimum, padded) == 255, np.uint8)
        self._present = np.asarray(_of_cells(np.maximum, padded) > 0, np.uint8)

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
        x, y = cv2.split(grid)  # along an axis of two numbers NumPy is slow
        spacing = max(float(np.abs(np.diff(places, axis=axis)).max()) for places in (x, y) for axis in (0, 1))
        rows, columns = self._opaque.shape
        # One more: bilinear reading looks a pixel farther.
        reach = min(math.ceil(spacing / 2 / _CELL) + 1, max(rows, columns))
        around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        shown = cv2.dilate(self._present, around) + cv2.erode(self._opaque, around)
        column = np.clip(x / _CELL, 0, columns - 1).astype(np.intp)
        row = np.clip(y / _CELL, 0, rows - 1).astype(np.intp)
        return np.asarray(shown[row, column], np.uint8)


def _of_cells(choose: np.ufunc, alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reduce a picture to one value a cell: rows first, along which NumPy works on many columns at once."""
    rows, columns = (side // _CELL for side in alpha.shape)
    lines = choose.reduce(alpha.reshape(rows, _CELL, columns * _CELL), axis=1)
    return np.asarray(choose.reduce(lines.reshape(rows, columns, _CELL), axis=2), np.uint8)


def _long_runs(strips: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep, in each row, the runs of True that are long enough."""
    # An opening, whose second half reaches back as far as its first one reached ahead.
    cores = cv2.erode(
        strips.view(np.uint8), _RUN, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    runs = cv2.dilate(cores, _RUN, anchor=(_LEAST_RUN - 1, 0), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(runs, np.uint8).view(np.bool_)


def _spans(strips: NDArray[np.bool_], width: int) -> list[tuple[Span, ...]]:
    """Give the columns of each row's runs of True."""
    framed = np.zeros((strips.shape[0], strips.shape[1] + 2), np.bool_)  # `np.pad` takes ten times as long
    framed[:, 1:-1] = strips
    rows, edges = np.nonzero(framed[:, 1:] != framed[:, :-1])
    spans: list[list[Span]] = [[] for _ in strips]
    for row, start, stop in zip(rows[::2].tolist(), edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        spans[row].append((start * STEP, min(stop * STEP, width)))
    return list(map(tuple, spans))
