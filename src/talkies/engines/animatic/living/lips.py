"""The lips of a face: where its mesh lays them, and coordinates that belong to the face.

Lengths are in sizes of the face: the distance of the outer corners of the eyes, in space, about 90 mm. `x`
runs to the picture's right and `y` down along the face, both 0 in the middle of the mouth; `s` is the place
along the lips, -1 and 1 at the corners, also where one half of a turned mouth is foreshortened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.faces import Face

Field = NDArray[np.float32]
"""Numbers over pixels or nodes, float32."""

ALONG = np.linspace(-1.0, 1.0, 65)
"""The places along the lips at which their lines are known."""

# The mesh's numbering, from the picture's left corner to its right one.
_LEFT, _RIGHT = 61, 291
_UPPER_INNER = (61, 191, 80, 81, 82, 13, 312, 311, 310, 415, 291)
_LOWER_INNER = (61, 95, 88, 178, 87, 14, 317, 402, 318, 324, 291)
_UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
_LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
_EYES = (33, 263)  # outer corners
_TOP, _CHIN, _NOSE_TIP, _NOSE_BASE = 10, 152, 1, 2
_LOWER_LIDS = (145, 374)
_JAW_LEFT, _JAW_RIGHT = (58, 172), (288, 397)  # the jaw's outline beside the mouth

_MIN_AREA = 0.22  # of the face's plane as seen: less is a profile, of which one half is hidden
_LOPSIDED = 0.35  # of the nearer part of a mouth: what lies beyond its middle, at the least
_LEAST_TURNED_AREA = 0.53  # of the face's plane, where less than that is seen of a mouth: 57 degrees aside
_BEYOND_RIM = 0.15  # of such a mouth's width: what lies beyond the face's rim, at the most
_MEETING = 8  # power of the place along such lips, by which they come together at their ends
_BESIDE, _BESIDE_TURNED = 1.5, 3.0  # times the distance of a corner: how far a jaw's motion reaches at least


@dataclass(frozen=True)
class Lips:
    """The lips of one face in a texture.

    `centre` is the middle of what is seen of the mouth, in texture pixels; `across`, `down` and `forward`
    are how far the face's own axes run in the texture per face size. `midline` is the `x` of the face's own
    middle: 0, but on a head turned so far that it hides the farther end of its mouth. `left` and `right` are
    the corners' distances from the centre in `x`, both positive. The lines are `y` at `ALONG`: `upper` and
    `lower` the inner edges, which are one line in a closed mouth, `upper_outer` and `lower_outer` the borders
    to the skin. `border`, `nose`, `chin` are `y` of the highest line that may move, of the nose's base and of
    the chin; `jaw_left` and `jaw_right` are distances in `x` of the jaw's sides; `outline` bounds the face as
    it is seen, `(points, 2)` in texture pixels.
    """

    centre: NDArray[np.float64]
    across: NDArray[np.float64]
    down: NDArray[np.float64]
    forward: NDArray[np.float64]
    midline: float
    left: float
    right: float
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper_outer: NDArray[np.float64]
    lower_outer: NDArray[np.float64]
    border: float
    nose: float
    chin: float
    jaw_left: float
    jaw_right: float
    outline: NDArray[np.float64]

    @property
    def scale(self) -> float:
        """Texture pixels per face size, down the face."""
        return float(np.hypot(*self.down))

    @property
    def half_width(self) -> float:
        """Half of the mouth's width, in face sizes."""
        return (self.left + self.right) / 2

    @property
    def gap(self) -> NDArray[np.float64]:
        """The photo's opening at `ALONG`, in face sizes."""
        return self.lower - self.upper

    @property
    def is_parted(self) -> bool:
        """Whether the photo shows something between the lips."""
        return bool(self.gap.max() > 0)

    def coordinates(self, x: Field, y: Field) -> tuple[Field, Field]:
        """Turn texture pixels into the face's `x` and `y`."""
        inverse = np.linalg.inv(np.column_stack([self.across, self.down])).astype(np.float32)
        x, y = x - np.float32(self.centre[0]), y - np.float32(self.centre[1])
        return inverse[0, 0] * x + inverse[0, 1] * y, inverse[1, 0] * x + inverse[1, 1] * y

    def pixels(self, x: Field, y: Field) -> tuple[Field, Field]:
        """Turn the face's `x` and `y` into texture pixels."""
        across, down = self.across.astype(np.float32), self.down.astype(np.float32)
        centre = self.centre.astype(np.float32)
        return centre[0] + across[0] * x + down[0] * y, centre[1] + across[1] * x + down[1] * y

    def place(self, x: Field) -> Field:
        """Turn `x` into places along the lips; beyond the corners they go on evenly."""
        return _interpolated(x, self.x_along, ALONG)

    def line(self, values: NDArray[np.float64], s: Field) -> Field:
        """Read a line at places along the lips; beyond the corners it stays level."""
        return np.interp(s, ALONG, values).astype(np.float32)

    @property
    def x_along(self) -> NDArray[np.float64]:
        """The `x` of `ALONG`."""
        return np.asarray(ALONG * (self.left + self.right) / 2 + ALONG**2 * (self.right - self.left) / 2)


class _Front(NamedTuple):
    """A face's mesh as seen from its front: `flat` is `(468, 2)` in face sizes from the middle of the mouth.

    The axes are in columns: to the right, down, towards the viewer. `midline` is the `x` of the face's own
    middle. The rest are distances to the left and to the right: of the mouth's corners, and of the jaw's
    sides, which lie at least `_BESIDE` times as far.
    """

    axes: NDArray[np.float64]
    size: float
    middle: NDArray[np.float64]
    flat: NDArray[np.float64]
    midline: float
    left: float
    right: float
    jaw_left: float
    jaw_right: float


def shows_mouth(face: Face) -> bool:
    """Tell whether a face is turned so little that its mouth can be drawn: no profile."""
    return _front(face.mesh.astype(np.float64)) is not None


def lay_lips(face: Face, corner: tuple[float, float], density: float) -> Lips | None:
    """Lay the lips of a face as its mesh has them; None where it is turned to a profile.

    Lines waver by a pixel and lie up to a few beside the photo's. `corner` and `density` are a texture's: the
    prepared coordinates of its first pixel, and its pixels per prepared pixel.
    """
    points = face.mesh.astype(np.float64)
    points[:, :2] = (points[:, :2] - corner) * density
    points[:, 2] *= density
    front = _front(points)
    if front is None:
        return None
    axes, size, middle, flat, midline, left, right, jaw_left, jaw_right = front
    x_along = ALONG * (left + right) / 2 + ALONG**2 * (right - left) / 2
    upper, lower, upper_outer, lower_outer = (
        _line(flat[list(ring)], x_along) for ring in (_UPPER_INNER, _LOWER_INNER, _UPPER_OUTER, _LOWER_OUTER)
    )
    if midline:
        # Lips that end at the face's rim instead of their corner meet there.
        meeting = ALONG**_MEETING * (lower - upper) / 2
        upper, lower = upper + meeting, lower - meeting
    return Lips(
        centre=middle,
        across=axes[:2, 0] * size,
        down=axes[:2, 1] * size,
        forward=axes[:2, 2] * size,
        midline=midline,
        left=left,
        right=right,
        upper=upper,
        lower=np.maximum(lower, upper),
        upper_outer=upper_outer,
        lower_outer=lower_outer,
        border=float((flat[list(_LOWER_LIDS), 1].mean() + flat[_NOSE_TIP, 1]) / 2),
        nose=float(flat[_NOSE_BASE, 1]),
        chin=float(flat[_CHIN, 1]),
        jaw_left=jaw_left,
        jaw_right=jaw_right,
        outline=cv2.convexHull(points[:, :2].astype(np.float32))[:, 0].astype(np.float64),
    )


def _front(points: NDArray[np.float64]) -> _Front | None:
    """See a mesh, `(468, 3)`, from the front; None where it is turned to a profile."""
    axes, size = _axes(points)
    plane = axes[:2, :2]
    area = float(np.linalg.det(plane))
    if size <= 0 or area < _MIN_AREA:
        return None
    middle = points[[13, 14], :2].mean(axis=0)
    flat = (points[:, :2] - middle) @ np.linalg.inv(plane).T / size
    left, right = -float(flat[_LEFT, 0]), float(flat[_RIGHT, 0])
    midline, beside = 0.0, _BESIDE
    if min(left, right) < _LOPSIDED * max(left, right):
        if area < _LEAST_TURNED_AREA or left + right <= 0:
            return None
        x, left, right = _seen_part(left, right)
        y = np.mean([_at(flat[list(ring)], np.array(x)) for ring in (_UPPER_INNER, _LOWER_INNER)])
        shift = np.array([x, y])
        flat, middle = flat - shift, middle + plane @ shift * size
        midline, beside = -x, _BESIDE_TURNED
    # On a turned head the far side of the jaw lies behind the cheek, and its points behind the mouth.
    jaw_left = max(-float(flat[list(_JAW_LEFT), 0].min()), beside * left)
    jaw_right = max(float(flat[list(_JAW_RIGHT), 0].max()), beside * right)
    return _Front(axes, size, middle, flat, midline, left, right, jaw_left, jaw_right)


def _seen_part(left: float, right: float) -> tuple[float, float, float]:
    """Give where what is seen of a turned mouth has its middle, and its corners' distances from there.

    The further a head is turned, the further does the mesh's farther corner lie beyond the face's rim.
    """
    hidden = 1 - max(min(left, right), 0.0) / (_LOPSIDED * max(left, right))
    seen = (1 - _BEYOND_RIM * hidden) * (left + right)
    farther = _LOPSIDED / (1 + _LOPSIDED) * seen
    if left < right:
        return right - (seen - farther), farther, seen - farther
    return (seen - farther) - left, seen - farther, farther


def _axes(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Give the face's unit axes, in columns: to the right, down, towards the viewer; and its size."""
    across = points[_EYES[1]] - points[_EYES[0]]
    size = float(np.linalg.norm(across))
    across = across / max(size, 1e-6)
    down = points[_CHIN] - points[_TOP]
    down = down - across * float(down @ across)
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    # x to the right, y down, z away from the viewer: the third axis points away, its opposite at the viewer.
    forward = -np.cross(across, down)
    return np.column_stack([across, down, forward]), size


def _at(points: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read the `y` of points of the mesh at `x`."""
    order = np.argsort(points[:, 0])
    return np.asarray(np.interp(x, points[order, 0], points[order, 1]), np.float64)


def _line(points: NDArray[np.float64], x_along: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw a smooth line through points of the mesh, which waver by a pixel."""
    return smooth_line(_at(points, x_along), 2.5)


def smooth_line(values: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Smooth a line; its ends are carried on straight, so that the corners stay."""
    reach = 3 * int(np.ceil(sigma))
    taps = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    padded = np.pad(values, reach, mode="reflect", reflect_type="odd")
    return np.convolve(padded, taps / taps.sum(), mode="valid")


def _interpolated(x: Field, known: NDArray[np.float64], values: NDArray[np.float64]) -> Field:
    """Interpolate, and go on straight beyond both ends."""
    inside = np.interp(x, known, values)
    before = np.minimum(x - known[0], 0) * (values[1] - values[0]) / (known[1] - known[0])
    after = np.maximum(x - known[-1], 0) * (values[-1] - values[-2]) / (known[-1] - known[-2])
    return np.asarray(inside + before + after, np.float32)
