"""Irises: where they are in an open eye, and an eyeball that turns.

The eyeball under the lids is completed from what is seen of it: the iris, which is alike all round, from its
sides and its lower half, the white from what lies nearest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.layers import masked_blur, over, soft_edge
from talkies.engines.animatic.living.opening import Field, Opening
from talkies.engines.animatic.optics.textures import Pixels

_RADII = (0.17, 0.2, 0.23)  # of an iris, in widths of the opening: 11.7 mm across in one of 25 to 34 mm
_RING = 0.08  # thickness of what is compared with an iris around it, in widths
_TRAVEL = (0.28, 0.11)  # of a glance aside and down, in widths
_FARTHEST = 0.29  # an iris's centre from the middle of the opening, in widths
_RIM = 0.035  # of the opening, in widths: shaded by lid and lashes, no part of the eyeball's own look
_SHADOW = 0.35  # share of light that the upper lid's shadow takes at its edge
_CORNER = 0.42  # nearer to the corners than this the eyeball is red, in widths from the middle
_LIMBUS, _CLEAR = 1.12, 1.3  # radii of the iris: with its soft rim, and where the white is surely white
_INWARDS = 0.9  # of an iris's rim, where no white mixes in
_FILL_SCALE = 0.02  # standard deviation of the blur that joins an iris's hidden parts, in widths
_WHITE_SCALE = 0.05  # standard deviation of the blur that continues the white, in widths
_MIN_CONTRAST = 0.1  # of the eye's brightest part: iris against white
_ASSURED = 0.02  # travel in widths from which only the turned eyeball is shown


@dataclass(frozen=True)
class Iris:
    """An iris: its centre and radius in widths of the opening."""

    u: float
    v: float
    radius: float


def find_iris(pixels: Pixels, opening: Opening) -> Iris | None:
    """Find the dark disc in an opening; None when there is none, as in deep shadow.

    `pixels` is the texture. Its red channel tells most: in it blue and brown irises alike are darker than the
    white and the lids.
    """
    u, v = np.meshgrid(
        np.linspace(-0.46, 0.46, 93, dtype=np.float32), np.linspace(-0.35, 0.35, 71, dtype=np.float32)
    )
    inside = (v > opening.upper_lid(u) + _RIM / 2) & (v < opening.lower_lid(u) - _RIM / 2)
    if not inside.any():
        return None
    sampled = cv2.remap(pixels, *opening.pixels(u, v), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen, light = inside.astype(np.float32), np.asarray(sampled[..., 0], np.float32)
    # A centre far from the middle between the lids explains less of the opening.
    aside = np.abs(v - (opening.upper_lid(u) + opening.lower_lid(u)) / 2)
    penalty = 60 * aside + 40 * u**2
    penalty[(np.abs(u) > 0.3) | (aside > 0.07)] = np.inf
    contrasts = [_contrast(light, seen, radius) for radius in _RADII]
    best = max(range(len(_RADII)), key=lambda index: float((contrasts[index] - penalty).max()))
    row, column = np.unravel_index(int((contrasts[best] - penalty).argmax()), u.shape)
    white = float(np.percentile(light[inside], 90))
    if contrasts[best][row, column] < _MIN_CONTRAST * max(white, 40):
        return None
    return Iris(float(u[row, column]), float(v[row, column]), _RADII[best])


def _contrast(light: Field, seen: Field, radius: float) -> Field:
    """Tell how much lighter both sides of a disc are than the disc, for every place of its centre."""
    inner, outer = round(radius * 100), round((radius + _RING) * 100)  # samples are 0.01 widths apart
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * inner + 1,) * 2).astype(np.float32)
    ring = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * outer + 1,) * 2).astype(np.float32)
    margin = outer - inner
    ring[margin : margin + disc.shape[0], margin : margin + disc.shape[1]] -= disc
    left, right = ring.copy(), ring
    left[:, outer:], right[:, : outer + 1] = 0, 0
    beside = np.minimum(_mean(light, seen, left), _mean(light, seen, right))
    return beside - _mean(light, seen, disc, unseen=255)


def _mean(light: Field, seen: Field, kernel: Field, unseen: float = 0) -> Field:
    """Average under a kernel what is seen; `unseen` is the result where that is less than a fifth of it."""
    total = cv2.filter2D(light * seen, cv2.CV_32F, kernel, borderType=cv2.BORDER_CONSTANT)
    count = cv2.filter2D(seen, cv2.CV_32F, kernel, borderType=cv2.BORDER_CONSTANT)
    enough = count > 0.2 * kernel.sum()
    return np.asarray(np.where(enough, total / np.maximum(count, 1), unseen), np.float32)


class Eyeball:
    """What an opening shows of one eyeball, in whatever direction it looks.

    `u` and `v` are the coordinates of a region's pixels, `origin` the region's left upper pixel in the
    texture, `region` its pixels.
    """

    def __init__(
        self, opening: Opening, iris: Iris, u: Field, v: Field, origin: tuple[int, int], region: Pixels
    ) -> None:
        self._opening, self._iris = opening, iris
        self._u, self._v = u, v
        self._origin = origin
        upper, lower = opening.upper_lid(u), opening.lower_lid(u)
        edge = np.minimum(v - upper, lower - v)
        # No edge is sharper than the texture can show.
        self._pixel = 1 / opening.width
        self._inside = np.asarray(np.clip(edge / max(_RIM, self._pixel) + 0.3, 0, 1), np.float32)
        # Lid and lashes keep the eyeball below them in shadow, wherever it turns.
        self._light = np.asarray(1 - _SHADOW * np.exp(-np.maximum(v - upper, 0) / _RIM), np.float32)[
            ..., None
        ]
        distance = np.hypot(u - iris.u, v - iris.v) / iris.radius
        seen = edge > _RIM
        iris_seen = seen & (distance < _LIMBUS)
        self._iris_pixels = self._completed(iris_seen, distance)
        self._hidden = np.asarray(~iris_seen, np.uint8)
        self._blur = max(0.7, _FILL_SCALE * opening.width)
        self._rest_disc = self._disc(u, v, _CLEAR, 0.2)
        self._last: tuple[Pixels, Pixels, Pixels] | None = None
        self._white = self._find_white(region, seen & (distance > _CLEAR) & (np.abs(u) < _CORNER))

    def turned(self, part: Pixels, gaze_x: float, gaze_y: float) -> Pixels:
        """Show the eyeball of a region after a glance; both are -1 to 1, right and down positive."""
        along, down = self._travel(gaze_x, gaze_y)
        length = float(np.hypot(along, down))
        if length == 0 or self._iris_pixels is None:
            return part
        bare, whole = self._parted(part, self._iris_pixels)
        u, v = self._u - np.float32(along), self._v - np.float32(down)
        x, y = self._opening.pixels(u, v)
        x, y = x - np.float32(self._origin[0]), y - np.float32(self._origin[1])
        iris = cv2.remap(whole, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) * self._light
        turned = over(iris, self._disc(u, v, _LIMBUS, _LIMBUS - 1), bare)
        return over(turned, self._inside * np.float32(min(1.0, length / _ASSURED)), part)

    def _parted(self, part: Pixels, iris: tuple[Field, Field]) -> tuple[Pixels, Pixels]:
        """Part a region in the eyeball without its iris, and the iris without the lids.

        The last result is kept, for a shot shows the same pixels many times, in several threads.
        """
        last = self._last
        if last is None or not np.array_equal(last[0], part):
            bare = over(self._white, self._rest_disc, part)
            whole = cv2.remap(part, *iris, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            cv2.copyTo(cv2.GaussianBlur(whole, (0, 0), self._blur), self._hidden, whole)
            self._last = last = part.copy(), bare, np.asarray(whole, np.uint8)
        return last[1:]

    def _travel(self, gaze_x: float, gaze_y: float) -> tuple[float, float]:
        """Turn a glance into the iris's way, in widths; it stays in the opening."""
        along = float(np.clip(self._iris.u + gaze_x * _TRAVEL[0], -_FARTHEST, _FARTHEST)) - self._iris.u
        return (along if along * gaze_x > 0 else 0.0), float(gaze_y * _TRAVEL[1])

    def _disc(self, u: Field, v: Field, radius: float, softness: float) -> Field:
        """Cover a disc about the iris's place at rest; both lengths are in radii of the iris."""
        across, down = u - np.float32(self._iris.u), v - np.float32(self._iris.v)
        distance = np.sqrt(across * across + down * down) / np.float32(self._iris.radius)
        least = self._pixel / self._iris.radius
        return soft_edge(np.asarray(radius - distance, np.float32), max(softness, least))

    def _find_white(self, region: Pixels, white: NDArray[np.bool_]) -> Field:
        """Continue the white, with its shading, over the place of the iris."""
        red = region[..., 0]
        if not white.any():
            white = self._inside > 0
        clear = white & (red >= np.percentile(red[white], 20))
        return self._light * masked_blur(
            region.astype(np.float32), clear.astype(np.float32), max(0.5, _WHITE_SCALE * self._opening.width)
        )

    def _completed(self, seen: NDArray[np.bool_], distance: Field) -> tuple[Field, Field] | None:
        """Say for each pixel which one shows the iris there; None when nothing of it is seen."""
        if not seen.any():
            return None
        x, y = _nearest(seen)
        for alike_u, alike_v in self._alike(distance):
            alike_x, alike_y = self._opening.pixels(alike_u, alike_v)
            alike_x, alike_y = alike_x - np.float32(self._origin[0]), alike_y - np.float32(self._origin[1])
            known = cv2.remap(seen.astype(np.float32), alike_x, alike_y, cv2.INTER_LINEAR) > 0.99
            x, y = np.where(known, alike_x, x), np.where(known, alike_y, y)
        rows, columns = np.mgrid[0 : x.shape[0], 0 : x.shape[1]].astype(np.float32)
        return np.where(seen, columns, x), np.where(seen, rows, y)

    def _alike(self, distance: Field) -> Iterator[tuple[Field, Field]]:
        """Give the places that look as each pixel of an iris does, the best last, inwards of its rim."""
        iris = self._iris
        level = np.full_like(self._v, iris.v)
        inwards = np.float32(_INWARDS)
        for side in (-1, 1):
            aside = side * np.sign(self._u - iris.u) * distance * iris.radius
            yield np.asarray(iris.u + inwards * aside, np.float32), level
        yield (
            np.asarray(iris.u + inwards * (self._u - iris.u), np.float32),
            np.asarray(iris.v - inwards * (self._v - iris.v), np.float32),
        )


def _nearest(marked: NDArray[np.bool_]) -> tuple[Field, Field]:
    """Give for every pixel the `x` and `y` of the nearest marked one."""
    _, labels = cv2.distanceTransformWithLabels(
        np.asarray(~marked, np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(marked)
    x, y = (np.zeros(int(labels.max()) + 1, np.float32) for _ in range(2))
    x[labels[marked]], y[labels[marked]] = columns, rows
    return x[labels], y[labels]
