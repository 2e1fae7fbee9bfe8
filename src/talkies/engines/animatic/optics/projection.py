"""Where each output pixel lies in a layer, for a camera pose.

A point `n` of the picture (in picture widths from its centre) at inverse depth `ρ` is seen at
`c + (n - c - shift·ρ) / (1 - advance·ρ)` by a camera that has moved sideways and towards `c`. The warp needs
the inverse, which has no closed form where `ρ` varies: it is found by fixed-point iteration on a coarse
grid and enlarged, which is exact enough because every layer's depth is smooth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.optics.camera import Pose

Grid = NDArray[np.float32]
"""Points, `(rows, columns, 2)` float32: x, y."""

Kind = TypeVar("Kind", np.uint8, np.float32)

STEP = 8  # output pixels between the grid's nodes
_ITERATIONS = 3


@dataclass(frozen=True)
class Lens:
    """A picture's size in pixels and the point that the camera travels towards, in picture widths."""

    width: int
    height: int
    focus: tuple[float, float]

    def nodes(self) -> Grid:
        """Give the output's grid in picture widths, one node beyond each side."""
        across, down = (math.ceil(side / STEP) + 2 for side in (self.width, self.height))
        # Node k stands for pixels 8(k-1)…8k-1; its place is their middle, as `cv2.resize` sees it.
        x = (np.arange(across) - 1) * STEP + (STEP - 1) / 2 - (self.width - 1) / 2
        y = (np.arange(down) - 1) * STEP + (STEP - 1) / 2 - (self.height - 1) / 2
        return np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32) / np.float32(self.width)

    def places(self, box: tuple[float, float, float, float]) -> Grid:
        """Spread points over a box `(left, top, right, bottom)` of the picture, in picture widths."""
        left, top, right, bottom = box
        across, down = (math.ceil(side / STEP) + 1 for side in (right - left, bottom - top))
        x = np.linspace(left, right, across) - (self.width - 1) / 2
        y = np.linspace(top, bottom, down) - (self.height - 1) / 2
        return np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32) / np.float32(self.width)

    def rim(self) -> Grid:
        """Give points along the output's edge in picture widths, as a grid of one row; not to be changed."""
        return _rim(self.width, self.height)

    def to_pixels(self, points: Grid) -> Grid:
        """Turn picture widths into pixel coordinates, 0 at the middle of the first pixel."""
        return placed(points, self.width, ((self.width - 1) / 2, (self.height - 1) / 2))

    def look_up(self, field: NDArray[np.float32], points: Grid) -> NDArray[np.float32]:
        """Read a field that is stretched over the picture at some points; beyond it, its edge."""
        # Both axes apart: with both in one array, NumPy would work through it two numbers at a time.
        x, y = (
            there * np.float32(scale) + np.float32(middle)
            for there, (scale, middle) in zip(np.moveaxis(points, -1, 0), self.samples(field), strict=True)
        )
        return _read(field, x, y)

    def samples(self, field: NDArray[np.float32]) -> tuple[tuple[float, float], tuple[float, float]]:
        """Give how many samples of a field a picture width holds and which is its middle, for x and y."""
        rows, columns = field.shape[:2]
        return (columns, (columns - 1) / 2), (rows * self.width / self.height, (rows - 1) / 2)


def placed(points: Grid, scale: float, origin: tuple[float, float]) -> Grid:
    """Scale points and count them from an origin. As complex numbers: NumPy is slow along an axis of two."""
    moved = np.ascontiguousarray(points, np.float32).view(np.complex64) * np.float32(scale)
    moved += np.complex64(complex(*origin))
    return moved.view(np.float32)


@cache
def _rim(width: int, height: int) -> Grid:
    far = np.array([(width - 1) / 2, (height - 1) / 2]) / width
    steps = np.linspace(-1, 1, 9)
    sides = [(step, side) for step in steps for side in (-1, 1)]
    sides += [(side, step) for step, side in sides]
    rim = (np.array(sides) * far).astype(np.float32)[None]
    rim.setflags(write=False)
    return rim


def _read(field: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    read = cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read, np.float32)


def sample(
    pixels: NDArray[Kind], places: Grid, border: int, into: NDArray[Kind] | None = None
) -> NDArray[Kind]:
    """Read an array bilinearly at places given in its own pixels, `(rows, columns, 2)`.

    `border` is one of OpenCV's border modes and says what lies beyond the array; `into` takes what is read.
    """
    # The stubs do not know that the second map may be None.
    read = cv2.remap(pixels, places, None, cv2.INTER_LINEAR, dst=into, borderMode=border)  # type: ignore[call-overload]
    return np.asarray(read, pixels.dtype)


def project(points: Grid, pose: Pose, inverse_depth: NDArray[np.float32], lens: Lens) -> Grid:
    """Find what each output point shows of a layer, all in picture widths.

    Args:
        points: in the output.
        pose: the camera.
        inverse_depth: of the layer, `(rows, columns)` stretched over the picture.
        lens: the picture.
    """
    seen = _through_the_lens(points, pose)
    if pose.shift_x == pose.shift_y == pose.advance == 0:
        return seen
    # In the field's own samples, and each axis by itself: all of this is done for every frame.
    (across, middle_x), (down, middle_y) = scales = lens.samples(inverse_depth)
    begun, ways = [], []
    for seen_there, (scale, middle), shift, focus in zip(
        cv2.split(seen), scales, (pose.shift_x, pose.shift_y), lens.focus, strict=True
    ):
        begun.append(seen_there * np.float32(scale) + np.float32(middle))
        start = scale * (shift + pose.advance * focus)
        ways.append(np.float32(start) - np.float32(scale * pose.advance) * seen_there)
    x, y = begun
    for _ in range(_ITERATIONS):
        near = _read(inverse_depth, x, y)
        x, y = (here + way * near for here, way in zip(begun, ways, strict=True))
    found = (x - np.float32(middle_x)) / np.float32(across), (y - np.float32(middle_y)) / np.float32(down)
    return np.asarray(cv2.merge(found), np.float32)


def _through_the_lens(points: Grid, pose: Pose) -> Grid:
    """Undo keystone, roll and enlargement: from the screen to the picture as seen from the camera."""
    plane = points
    if pose.yaw or pose.pitch:
        tilt = points @ np.array([pose.yaw, pose.pitch], np.float32)
        plane = points / (1 + tilt[..., None])
    # A rotation is one complex product.
    turn = complex(math.cos(pose.roll), math.sin(pose.roll)) / pose.zoom
    turned = np.ascontiguousarray(plane, np.float32).view(np.complex64) * turn + complex(pose.x, pose.y)
    return np.asarray(turned).view(np.float32)


def enlarge_grid(grid: Grid, width: int, height: int) -> Grid:
    """Bring a grid with one node beyond each side to full resolution, `(height, width, 2)`."""
    full = cv2.resize(grid, None, fx=STEP, fy=STEP, interpolation=cv2.INTER_LINEAR)
    return np.asarray(full[STEP : STEP + height, STEP : STEP + width], np.float32)
