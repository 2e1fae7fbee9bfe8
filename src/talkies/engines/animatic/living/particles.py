"""Many small things on a canvas at once: streaks, flakes and sparks, antialiased and blurred by motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.sight import Field

_GROUPS = 5  # of like length: a group takes as many samples as its longest streak needs
_LARGEST = 24  # canvas pixels from a dot's middle to its rim


def draw_streaks(canvas: Field, heads: Field, tails: Field, weights: Field) -> None:
    """Add lines one pixel wide that fade at both ends, in place.

    Args:
        canvas: `(rows, columns)`.
        heads, tails: `(lines, 2)`, x and y in canvas pixels.
        weights: what each adds along its middle. A line shorter than a pixel adds less, as a dot would.
    """
    rows, columns = canvas.shape
    lengths = np.hypot(*(tails - heads).T)
    ahead = np.maximum(heads, tails).min(axis=1) > 0
    seen = np.flatnonzero(ahead & (np.minimum(heads, tails) < np.array([columns, rows])).all(axis=1))
    samples = _Samples(canvas)
    for group in np.array_split(seen[np.argsort(lengths[seen])], _GROUPS):
        if len(group) == 0:
            continue
        count = int(np.ceil(lengths[group[-1]])) + 1
        along = np.asarray((np.arange(count) + 0.5) / count, np.float32)
        fade = 1 - np.abs(2 * along - 1) ** 3
        x = heads[group, :1] + (tails[group, :1] - heads[group, :1]) * along
        y = heads[group, 1:] + (tails[group, 1:] - heads[group, 1:]) * along
        share = (weights[group] * np.maximum(lengths[group], 1) / count)[:, None] * fade
        samples.add_between(x.ravel(), y.ravel(), share.ravel())
    samples.lay()


def draw_dots(
    canvas: Field, heads: Field, tails: Field, radii: Field, weights: Field, softness: float
) -> None:
    """Add round dots that move from head to tail while the shutter is open, in place.

    Args:
        canvas: `(rows, columns)`.
        heads, tails: `(dots, 2)`, x and y in canvas pixels.
        radii: in canvas pixels.
        weights: what each would add at rest; moving spreads it over the way.
        softness: width of the rim, from nothing to all, in radii (at least one pixel).
    """
    rows, columns = canvas.shape
    travel = np.hypot(*(tails - heads).T)
    rim = np.maximum(softness * radii, 1).astype(np.float32)
    reach = radii + rim / 2 + travel / 2
    middle = (heads + tails) / 2
    inside = (middle > -reach[:, None]) & (middle < np.array([columns, rows]) + reach[:, None])
    seen = np.flatnonzero(inside.all(axis=1) & (weights > 1 / 512))
    spread = weights * 2 * radii / (2 * radii + travel + 1e-6)
    samples = _Samples(canvas)
    for group in np.array_split(seen[np.argsort(reach[seen])], _GROUPS):
        if len(group) == 0:
            continue
        size = min(int(np.ceil(reach[group[-1]])), _LARGEST)
        corner = np.floor(middle[group] + 0.5).astype(np.intp) - size
        steps = np.arange(2 * size + 1)
        x, y = corner[:, 0, None] + steps, corner[:, 1, None] + steps
        away = _distance(x, y, heads[group], tails[group])
        rise = (radii[group, None, None] - away) / rim[group, None, None] + 0.5
        cover = np.minimum(np.maximum(rise, 0), 1)
        cover *= cover * (3 - 2 * cover) * spread[group, None, None]
        kept_x, kept_y = (x >= 0) & (x < columns), (y >= 0) & (y < rows)
        cover *= kept_y[:, :, None] & kept_x[:, None, :]
        flat = np.clip(y, 0, rows - 1)[:, :, None] * columns + np.clip(x, 0, columns - 1)[:, None, :]
        samples.add(flat.ravel(), cover.ravel())
    samples.lay()


def _distance(x: NDArray[np.intp], y: NDArray[np.intp], heads: Field, tails: Field) -> Field:
    """The distance of each dot's own pixels, `(dots, rows, columns)`, from the line from head to tail."""
    from_x = (x - heads[:, :1])[:, None, :].astype(np.float32)
    from_y = (y - heads[:, 1:])[:, :, None].astype(np.float32)
    way = tails - heads
    way_x, way_y = way[:, 0, None, None], way[:, 1, None, None]
    length = way_x**2 + way_y**2 + np.float32(1e-9)
    along = np.minimum(np.maximum((from_x * way_x + from_y * way_y) / length, 0), 1)
    return np.asarray(np.sqrt((from_x - along * way_x) ** 2 + (from_y - along * way_y) ** 2), np.float32)


class _Samples:
    """Numbers on their way to the pixels of a canvas, laid all at once."""

    def __init__(self, canvas: Field) -> None:
        self._canvas = canvas
        self._places: list[NDArray[np.intp]] = []
        self._shares: list[NDArray[np.floating]] = []

    def add(self, places: NDArray[np.intp], shares: NDArray[np.floating]) -> None:
        """Take numbers for pixels, given by their index in the flat canvas."""
        self._places.append(places)
        self._shares.append(shares)

    def add_between(self, x: Field, y: Field, shares: Field) -> None:
        """Take numbers for points, each shared between the four pixels around it."""
        rows, columns = self._canvas.shape
        kept = (x > 0) & (x < columns - 1) & (y > 0) & (y < rows - 1)
        x, y, shares = x[kept], y[kept], shares[kept]
        left, top = x.astype(np.intp), y.astype(np.intp)
        right, below = x - left, y - top
        first = top * columns + left
        upper, lower = shares * (1 - below), shares * below
        self.add(first, upper * (1 - right))
        self.add(first + 1, upper * right)
        self.add(first + columns, lower * (1 - right))
        self.add(first + columns + 1, lower * right)

    def lay(self) -> None:
        """Add all to the canvas."""
        if self._places:
            places, shares = np.concatenate(self._places), np.concatenate(self._shares)
            total = np.bincount(places, shares, minlength=self._canvas.size)
            self._canvas += total.reshape(self._canvas.shape).astype(np.float32)
