"""The ridges of a landscape: outlines before which the land is nearer than behind.

A ridge crosses the picture from side to side, or runs out into the skyline, a far shore or the picture's
bottom. Only outlines that the picture shows clearly count: a land that is cut wrongly is worse than one in
a single piece.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.horizons import Landscape
from talkies.engines.animatic.vision.look import Field, Mask

RIM = 4  # samples beside the skyline and a far shore that belong to it
_MOST_RIDGES = 2  # besides the skyline: far, middle and near
_TRIES = 3
_LIGHTNESS_WEIGHT, _HUE_WEIGHT, _TEXTURE_WEIGHT = 0.6, 2.0, 2.5
"""Of CIELAB and roughness. Hue counts most: the air between two ridges shifts it, while snow and shade on one
slope only change its lightness."""
_SMALL, _LARGE, _HIGH = (
    1.2,
    4.0,
    6,
)  # samples: widths of an edge, and the height of what is compared across it
_CLEAR_EDGE = 9.0  # change of colour and texture that makes an outline as clear as can be
_RUN_OUT = 0.5  # cost of a column in which there is no ridge, against 1 for one without any edge
_OUTSIDE = 1e3  # cost of a place where no ridge may be
_CLIMB, _ALONG = 0.05, 0.25  # cost of each sample up or down: for itself, and as a share of the column's own
_STEEPEST = 8  # samples up or down from one column to the next
_APART = 8  # samples between two ridges
_SIDE = 16  # samples above and below an outline that teach what is before and behind it
_CLOSE_SIDE = 9  # samples to either side in which it must part the picture
_REFINEMENTS = 2
_LIKENESS_WEIGHT = 4.0  # of what lies on the wrong side of an outline, against its edge
_SPREAD = 6.0  # variance that colours have besides their own
_DECIDED = 3.0  # log of the ratio of likelihoods, from which nothing is surer

_LEAST_LENGTH = 0.35  # of the picture's width
_LEAST_BEHIND, _LEAST_BEFORE = 0.06, 0.06  # of the picture
_LEAST_EDGE = 7.0  # in nearly every column; half of it where the outline is steep
_STEEP, _MOST_UNSEEN = 3, 0.04  # samples from one column to the next; of the width, with no edge along them
_LEAST_PARTED = 0.97  # of the samples beside an outline that look like their own side
_LEAST_PARTED_IN = ((0.15, 0.9), (0.05, 0.8))  # the same in a column, but for that share of the columns
_FINE, _THIN = (
    2,
    7,
)  # in a sample; what is narrower than that and goes on across an outline is a pole or cable
_TIP, _UNDER = 9, 4  # samples: narrower than that is a tip of the land; and the height of what is under it
_STANDS_OUT = (6.0, 6.0)  # in lightness 0..100, and in medians of what lies beside it

Path = NDArray[np.intp]
"""For each column the first row that stands before a ridge."""


def find_ridges(look: Landscape) -> tuple[Mask, ...]:
    """Find what stands before each ridge, nearest first: each part holds those before it.

    None of them in a picture without sky.

    Source: Lie et al., "A robust dynamic programming algorithm to extract skyline in images for navigation",
    2005, for outlines as cheapest paths.
    """
    if look.sky is None:
        return ()
    open_sky: Mask = np.asarray(look.sky.cover > 0.5, np.bool_)
    room = _Room.below(open_sky, look.far_shore)
    features = _features(look)
    edges = _edges(features)
    left, ridges = edges.copy(), list[Path]()
    for _ in range(_TRIES):
        first = room.cheapest(1 - np.minimum(left / np.float32(_CLEAR_EDGE), 1))
        path = _refined(first, features, left, room)
        for done in (first, path):
            left[np.abs(_down(left) - done) <= _APART] = 0
        if _is_ridge(path, look, features, edges, room) and _is_apart(path, ridges, edges, room):
            ridges.append(path)
        if len(ridges) == _MOST_RIDGES:
            break
    parts: list[Mask] = []
    for path in sorted(ridges, key=lambda path: -float(path.mean())):
        part = with_tips(_part(path, features, room) & ~open_sky, ~open_sky)
        parts.append(part | parts[-1] if parts else part)
    return tuple(parts)


def _part(path: Path, features: Field, room: _Room) -> Mask:
    """Give what stands before a ridge; where that meets the skyline, no wedge of what is behind."""
    down, laid = _down(features), room.run_out(path)
    likeness = _likeness(features, *_sides(path, room, len(features), _SIDE))
    ends = ~room.is_ridge(path) & (path < room.top + RIM)
    behind = (down < laid) & (down >= room.top)
    wedges = (down >= laid) & (likeness > 0) & (down < room.top + _SIDE) & ends
    _, pieces = cv2.connectedComponents(np.asarray(wedges | behind, np.uint8), connectivity=4)
    wedges &= np.isin(pieces, np.unique(pieces[behind]))
    lowest = np.where(wedges.any(axis=0), len(features) - wedges[::-1].argmax(axis=0), laid)
    # Nothing thin is left between a wedge and what it belongs to.
    beside = cv2.dilate(np.asarray(wedges.any(axis=0), np.uint8)[None], np.ones((1, RIM + 1), np.uint8))[0]
    row = np.pad(lowest.astype(np.float32), RIM, mode="edge")[None]
    closed = cv2.morphologyEx(row, cv2.MORPH_CLOSE, np.ones((1, RIM + 1), np.uint8))[0, RIM:-RIM]
    return np.asarray(down >= np.where(beside > 0, closed, lowest), np.bool_)


def with_tips(part: Mask, land: Mask) -> Mask:
    """Let what rises narrow into the sky, a spire or a tree, belong to what it stands on."""
    broad = cv2.morphologyEx(land.astype(np.uint8), cv2.MORPH_OPEN, np.ones((1, _TIP), np.uint8))
    count, tips = cv2.connectedComponents(np.asarray(land & (broad == 0), np.uint8))
    whole = part.copy()
    for number in range(1, count):
        tip = tips == number
        rows = np.flatnonzero(tip.any(axis=1))
        under = np.zeros_like(tip)
        under[rows[-1] + 1 : rows[-1] + 1 + _UNDER, tip[rows[-1]]] = True
        if under.any():
            whole[tip] = part[under].mean() > 0.5
    return whole


def find_bare(part: Mask, shore: float, rim: int = 0) -> NDArray[np.bool_]:
    """Tell in which columns nothing of a part stands before a far shore, or no more than a rim."""
    return np.asarray(part.argmax(axis=0) >= min(round(shore * len(part)), len(part) - 1) - rim, np.bool_)


def _down(field: Field) -> Path:
    return np.arange(len(field), dtype=np.intp)[:, None]


def _features(look: Landscape) -> Field:
    """Give colour and texture of each sample, `(rows, columns, 4)`."""
    colours = cv2.medianBlur(look.small, 3).astype(np.float32) / np.float32(255)
    lightness, *hues = cv2.split(cv2.cvtColor(colours, cv2.COLOR_RGB2LAB))
    texture = cv2.GaussianBlur(look.roughness, (0, 0), 1.5)
    weighted = (
        _LIGHTNESS_WEIGHT * lightness,
        *(_HUE_WEIGHT * hue for hue in hues),
        _TEXTURE_WEIGHT * texture,
    )
    return np.asarray(np.dstack(weighted), np.float32)


def _edges(features: Field) -> Field:
    """Tell how much things change at each sample, both in the small and in the large."""
    small, large = (2 * sigma * _change(features, sigma) for sigma in (_SMALL, _LARGE))
    return np.asarray(np.sqrt(small * np.minimum(large, _across(features))), np.float32)


def _change(features: Field, sigma: float) -> Field:
    smooth = cv2.GaussianBlur(features, (0, 0), sigma)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3) / 8 for order in ((1, 0), (0, 1)))
    return np.asarray(np.sqrt((across * across + down * down).sum(axis=-1)), np.float32)


def _across(features: Field) -> Field:
    """Compare what lies above each sample with what lies below it."""
    even = cv2.blur(features, (5, 1), borderType=cv2.BORDER_REPLICATE)
    sums = np.cumsum(np.pad(even, ((_HIGH + 1, _HIGH), (0, 0), (0, 0)), mode="edge"), axis=0)
    rows = len(features)
    upper, middle, lower = (sums[start : start + rows] for start in (0, _HIGH, 2 * _HIGH))
    difference = (2 * middle - upper - lower) / _HIGH
    return np.asarray(np.sqrt((difference * difference).sum(axis=-1)), np.float32)


class _Room(NamedTuple):
    """Where ridges may be: rows from `top`, one a column, to `bottom`, at which there is none."""

    top: Path
    bottom: int

    @classmethod
    def below(cls, sky: Mask, far_shore: float | None) -> _Room:
        """Begin below the lowest sky of each column, and end at a far shore: what is below it is water."""
        rows = len(sky)
        top = np.where(sky.any(axis=0), rows - np.argmax(sky[::-1], axis=0), 0)
        return cls(top, rows if far_shore is None else min(round(far_shore * rows), rows))

    def is_ridge(self, path: Path) -> NDArray[np.bool_]:
        """Tell in which columns a path is a ridge, and not the skyline or the bottom."""
        return np.asarray((path >= self.top + RIM) & (path <= self.bottom - RIM), np.bool_)

    def run_out(self, path: Path) -> Path:
        """Lay a path on the skyline or the bottom in the columns in which it is no ridge."""
        path = np.where(path > self.bottom - RIM, self.bottom, path)
        return np.where(path < self.top + RIM, self.top, path)

    def cheapest(self, cost: Field) -> Path:
        """Find the path of least cost from the left to the right."""
        count, columns = self.bottom + 1, cost.shape[1]
        costs = np.full((count, columns), np.float32(_RUN_OUT))
        costs[: count - RIM] = cost[: count - RIM]
        depth = np.arange(count)[:, None] - self.top
        costs[(depth >= 0) & (depth < RIM)] = _RUN_OUT
        costs[depth < 0] = _OUTSIDE
        steps, places = np.arange(-_STEEPEST, _STEEPEST + 1), np.arange(count)
        climb, along = (share * np.abs(steps).astype(np.float32) for share in (_CLIMB, _ALONG))
        # The least cost of a way to each place of a column, and windows on it that follow its changes.
        reached = np.full(count + 2 * _STEEPEST, np.float32(_OUTSIDE * columns))
        total, around = (
            reached[_STEEPEST:-_STEEPEST],
            np.lib.stride_tricks.sliding_window_view(reached, len(steps)),
        )
        total[:] = costs[:, 0]
        came_from = np.zeros((columns, count), np.intp)
        for column, here in enumerate(costs.T[1:], 1):
            ways = around + (climb + along * np.minimum(here, 1)[:, None])
            best = ways.argmin(axis=1)
            came_from[column] = places + steps[best]
            total[:] = ways[places, best] + here
        path = np.zeros(columns, np.intp)
        path[-1] = total.argmin()
        for column in range(columns - 1, 0, -1):
            path[column - 1] = came_from[column, path[column]]
        return path


def _refined(path: Path, features: Field, edges: Field, room: _Room) -> Path:
    """Move an outline to where it best parts what looks like its upper side from the rest."""
    down = _down(edges)
    for _ in range(_REFINEMENTS):
        above, below = _sides(path, room, len(edges), _SIDE)
        if min(above.sum(), below.sum()) < _SIDE * _SIDE:
            return path
        likeness = np.clip(_likeness(features, above, below) / _DECIDED, -1, 1)
        near = np.abs(down - path) <= _SIDE
        counted = np.where(near & (down >= room.top), likeness, 0)
        wrong_above, wrong_below = np.maximum(-counted, 0), np.maximum(counted, 0)
        wrong = np.cumsum(wrong_above, axis=0) - wrong_above
        wrong += wrong_below[::-1].cumsum(axis=0)[::-1]
        unseen = 1 - np.minimum(edges / _CLEAR_EDGE, 1)
        cost = np.where(near, _LIKENESS_WEIGHT / _SIDE * wrong + unseen, _OUTSIDE)
        path = room.cheapest(cost.astype(np.float32))
    return path


def _sides(path: Path, room: _Room, rows: int, reach: int) -> tuple[Mask, Mask]:
    """Give what lies close above a ridge, and close below it."""
    down = np.arange(rows)[:, None]
    land = room.is_ridge(path) & (down > room.top)
    return land & (down < path - 1) & (down >= path - reach), land & (down > path) & (down <= path + reach)


def _likeness(features: Field, above: Mask, below: Mask) -> Field:
    """Tell how much rather each sample looks like one part than like another: the log of a ratio.

    Source: quadratic discriminant analysis.
    """
    return _log_density(features, above) - _log_density(features, below)


def _log_density(features: Field, part: Mask) -> Field:
    samples = features[part].astype(np.float64)
    covariance = np.cov(samples.T) + _SPREAD * np.eye(features.shape[-1])
    whitening = np.linalg.cholesky(np.linalg.inv(covariance)).astype(np.float32)
    distance = ((features - samples.mean(axis=0).astype(np.float32)) @ whitening) ** 2
    return np.asarray(-0.5 * (distance.sum(axis=-1) + np.linalg.slogdet(covariance)[1]), np.float32)


def _is_ridge(path: Path, look: Landscape, features: Field, edges: Field, room: _Room) -> bool:
    """Judge whether an outline is long and clear, parts two large sides, and cuts nothing."""
    columns = np.flatnonzero(room.is_ridge(path))
    if len(columns) < _LEAST_LENGTH * len(path):
        return False
    behind, before = (path - room.top)[columns].sum(), (len(edges) - path).sum()
    if behind < _LEAST_BEHIND * edges.size or before < _LEAST_BEFORE * edges.size:
        return False
    if not _is_seen(path, columns, edges) or not _is_parting(path, columns, features, room):
        return False
    return not _is_crossed(path, columns, look)


def _is_apart(path: Path, others: list[Path], edges: Field, room: _Room) -> bool:
    """Tell whether an outline leaves much between itself and each other, and crosses none."""
    for other in others:
        between = room.run_out(path) - room.run_out(other)
        if np.abs(between).sum() < _LEAST_BEHIND * edges.size or between.min() * between.max() < 0:
            return False
    return True


def _is_seen(path: Path, columns: Path, edges: Field) -> bool:
    """Tell whether edges of the picture go along with nearly all of an outline, also where it is steep."""
    nearly_all, _ = _LEAST_PARTED_IN[0]
    if float(np.quantile(edges[path[columns], columns], nearly_all)) < _LEAST_EDGE:
        return False
    unseen = 0
    for left in np.flatnonzero(np.abs(np.diff(path)) >= _STEEP):
        if left in columns or left + 1 in columns:
            high, low = sorted(path[left : left + 2])
            unseen += int((edges[high:low, left : left + 2].max(axis=1) < _LEAST_EDGE / 2).sum())
    return unseen <= _MOST_UNSEEN * len(path)


def _is_parting(path: Path, columns: Path, features: Field, room: _Room) -> bool:
    """Tell whether nearly all that lies close beside an outline looks like its own side."""
    above, below = _sides(path, room, len(features), _CLOSE_SIDE)
    likeness = _likeness(features, above, below)
    right = (above & (likeness > 0)) | (below & (likeness <= 0))
    if float(right[above].mean() + right[below].mean()) < 2 * _LEAST_PARTED:
        return False
    parted = right.sum(axis=0)[columns] / np.maximum((above | below).sum(axis=0)[columns], 1)
    return all(float(np.quantile(parted, share)) >= least for share, least in _LEAST_PARTED_IN)


def _is_crossed(path: Path, columns: Path, look: Landscape) -> bool:
    """Tell whether something thin, like a pole or a cable, goes on across an outline, which would cut it."""
    size = _FINE * look.size[0], _FINE * look.size[1]
    fine = cv2.cvtColor(cv2.resize(look.frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    grey = fine.astype(np.float32) * np.float32(100 / 255)
    thin = grey - cv2.blur(grey, (2 * _THIN + 1, 1), borderType=cv2.BORDER_REFLECT)
    across, down = np.repeat(_FINE * columns, _FINE), np.repeat(_FINE * path[columns], _FINE)
    across += np.tile(np.arange(_FINE), len(columns))
    levels = []
    for side in (-1, 1):
        rows = down + side * _FINE * np.arange(2, 4, 1 / _FINE)[:, None]
        level = thin[np.clip(rows.astype(np.intp), 0, len(thin) - 1), across].mean(axis=0)
        least, medians = _STANDS_OUT
        level[np.abs(level) < least + medians * float(np.median(np.abs(level)))] = 0
        levels.append(level)
    reach = np.ones((1, 2 * _THIN + 1), np.uint8)
    for sign in (1, -1):
        upper, lower = (cv2.dilate(np.asarray(sign * level > 0, np.uint8)[None], reach) for level in levels)
        if np.any(np.asarray(upper) & np.asarray(lower)):
            return True
    return False
