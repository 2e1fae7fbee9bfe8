"""The lips of a photo: where they lie, the line at which they part, and coordinates that belong to the face.

Lengths are in sizes of the face: the distance of the outer corners of the eyes, in space, about 90 mm. `x`
runs to the picture's right and `y` down along the face, both 0 in the middle of the mouth; `s` is the place
along the lips, -1 and 1 at the corners, also where one half of a turned mouth is foreshortened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.optics.textures import Pixels
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
_LOPSIDED = 0.3  # of the nearer half of a mouth: what is seen of the farther half, at the least
_BESIDE = 1.5  # times the distance of a mouth's corner: how far a jaw's motion reaches, at the least
_TOUCHING = 0.025  # mean gap of the lips in mouth widths, below which the mesh means a closed mouth
_SHUT = 0.05  # of the same, below which only teeth that the photo shows part them
_NARROW = 0.06  # of the same, below which the photo decides
_DARKER, _BRIGHTER = 0.75, 1.3  # than the lips: a throat, and teeth
_NOT_TEETH = 85  # percent of the places along the lips that need not show teeth
_SEARCH = 0.045  # face sizes about the mesh's line in which the photo's lip line is looked for
_OFFSETS = np.linspace(-1.0, 1.0, 37)  # of that
_FAR_SEARCH = 0.15  # the same for a drawn mouth: the mesh knows where mouths are, not how they are drawn
_FAINT, _DRAWN = 5.0, 50.0  # grey levels darker than what is about it: less is no line, more a drawn one
_STRAYING = 40.0  # grey levels that a line at the edge of the search has to be darker by
_BRIGHTENING_WEIGHT = 4.0  # of its change from row to row against its darkness
_SHADOW_WEIGHT, _CHANGE_WEIGHT = 1.5, 3.0  # of the photo's signs of an edge, against straying
_SHADOW = 0.78  # of the brightness of a lip: what is darker is no better an edge
_INTO_UPPER_LIP, _INTO_LOWER_LIP = 0.004, 0.014  # face sizes: edges lie so far within, clear of any teeth
_TEETH_ROWS = 64  # over both lips, in which teeth are looked for
_LEAST_CONTRAST = 30.0  # levels that teeth are brighter than lips, below which they are not told apart
_LEAST_SHARE = 0.35  # the same for dark lips, of their brightness
_ALIKE = 0.5  # of the way from a lip's colour to the brightest teeth's: from here on it is a tooth
_ROOT, _ROOT_ROWS = 0.25, 8  # the same of a tooth's root and the gum above it, and how far up they go
_LEAST_TOOTH = 6, 3  # rows and places along the lips of a tooth; less is a light on a lip
_ABOVE = 0.05  # face sizes over an upper lip's edge in which there may still be teeth
_LEAST_LIP = 0.25  # of an upper lip as the mesh lays it, which over gums lies too low
_BESIDE_TEETH = 0.008, 0.03  # face sizes: an edge lies so far from teeth, at the least and at the most
_UNDER_TEETH = 0.006, 0.014  # the same of the lower lip, where it is near them


@dataclass(frozen=True)
class Lips:
    """The lips of one face in a texture.

    `centre` is the middle of the mouth in texture pixels; `across`, `down` and `forward` are how far the
    face's own axes run in the texture per face size. `left` and `right` are the corners' distances from the
    centre in `x`, both positive. The lines are `y` at `ALONG`: `upper` and `lower` the inner edges, which
    are one line in a closed mouth, `upper_outer` and `lower_outer` the borders to the skin. `border`,
    `nose`, `chin` are `y` of the highest line that may move, of the nose's base and of the chin; `jaw_left`
    and `jaw_right` are distances in `x` of the jaw's sides; `outline` bounds the face as it is seen,
    `(points, 2)` in texture pixels.
    """

    centre: NDArray[np.float64]
    across: NDArray[np.float64]
    down: NDArray[np.float64]
    forward: NDArray[np.float64]
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

    The axes are in columns: to the right, down, towards the viewer. The rest are distances to the left and
    to the right: of the mouth's corners, and of the jaw's sides, which lie at least `_BESIDE` times as far.
    """

    axes: NDArray[np.float64]
    size: float
    middle: NDArray[np.float64]
    flat: NDArray[np.float64]
    left: float
    right: float
    jaw_left: float
    jaw_right: float


def shows_mouth(face: Face) -> bool:
    """Tell whether a face is turned so little that both halves of its mouth are seen."""
    return _front(face.mesh.astype(np.float64)) is not None


def find_lips(face: Face, pixels: Pixels, corner: tuple[float, float], density: float) -> Lips | None:
    """Find the lips of a face in a texture; None where it is turned so far that one half is hidden.

    The mesh gives the corners; the line at which the lips part is sought in the photo, since the mesh lies
    up to a few pixels beside it and lips that part elsewhere look torn.
    """
    points = face.mesh.astype(np.float64)
    points[:, :2] = (points[:, :2] - corner) * density
    points[:, 2] *= density
    front = _front(points)
    if front is None:
        return None
    axes, size, middle, flat, left, right, jaw_left, jaw_right = front
    x_along = ALONG * (left + right) / 2 + ALONG**2 * (right - left) / 2
    upper, lower, upper_outer, lower_outer = (
        _line(flat[list(ring)], x_along) for ring in (_UPPER_INNER, _LOWER_INNER, _UPPER_OUTER, _LOWER_OUTER)
    )
    lips = Lips(
        centre=middle,
        across=axes[:2, 0] * size,
        down=axes[:2, 1] * size,
        forward=axes[:2, 2] * size,
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
    return _shut(lips, pixels) if _is_shut(lips, pixels) else _parted(lips, pixels)


def _front(points: NDArray[np.float64]) -> _Front | None:
    """See a mesh, `(468, 3)`, from the front; None where one half of the mouth is hidden."""
    axes, size = _axes(points)
    plane = axes[:2, :2]
    if size <= 0 or np.linalg.det(plane) < _MIN_AREA:
        return None
    middle = points[[13, 14], :2].mean(axis=0)
    flat = (points[:, :2] - middle) @ np.linalg.inv(plane).T / size
    left, right = -float(flat[_LEFT, 0]), float(flat[_RIGHT, 0])
    if min(left, right) < _LOPSIDED * max(left, right):
        return None
    # On a turned head the far side of the jaw lies behind the cheek, and its points behind the mouth.
    jaw_left = max(-float(flat[list(_JAW_LEFT), 0].min()), _BESIDE * left)
    jaw_right = max(float(flat[list(_JAW_RIGHT), 0].max()), _BESIDE * right)
    return _Front(axes, size, middle, flat, left, right, jaw_left, jaw_right)


def _is_shut(lips: Lips, pixels: Pixels) -> bool:
    """Tell whether lips touch: the mesh knows it but for narrow gaps, of which the photo shows the inside."""
    gap = float(lips.gap.mean()) / (2 * lips.half_width)
    if not _TOUCHING <= gap < _NARROW:
        return gap < _TOUCHING
    middle = np.abs(ALONG) < 0.6
    across = np.linspace(0.25, 0.75, 7)[:, None]
    inside, above, below = (
        _grey(_cut(lips, start + across * (end - start), pixels))[:, middle]
        for start, end in (
            (lips.upper, lips.lower),
            (lips.upper_outer, lips.upper),
            (lips.lower, lips.lower_outer),
        )
    )
    of_lips = np.median(above), np.median(below)
    is_dark = gap >= _SHUT and np.median(inside) < _DARKER * min(of_lips)
    is_bright = np.percentile(inside.max(axis=0), _NOT_TEETH) > _BRIGHTER * max(of_lips)
    return not (is_dark or is_bright)


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


def _line(points: NDArray[np.float64], x_along: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw a smooth line through points of the mesh, which waver by a pixel."""
    order = np.argsort(points[:, 0])
    return _smooth(np.interp(x_along, points[order, 0], points[order, 1]), 2.5)


def _parted(lips: Lips, pixels: Pixels) -> Lips:
    """Put the inner edges of parted lips where the photo has them, a little within the lips.

    Under the upper lip lies its shadow, before teeth as before a dark throat; the lower lip begins where the
    colour changes most.
    """
    shadow = _grey(_strip(lips, lips.upper, pixels))
    shadow = np.maximum(shadow, _SHADOW * np.percentile(shadow, 75, axis=0))
    change = np.abs(np.gradient(_strip(lips, lips.lower, pixels), axis=0)).sum(axis=2)
    upper = _refined(lips.upper, _SHADOW_WEIGHT * shadow) - _INTO_UPPER_LIP
    lower = _refined(lips.lower, -_CHANGE_WEIGHT * change) + _INTO_LOWER_LIP
    upper, lower = _clear_of_teeth(lips, upper, lower, pixels)
    # Skin in full light looks like teeth beside it: an edge stays within its lip.
    upper = np.maximum(upper, lips.upper_outer + _LEAST_LIP * (lips.upper - lips.upper_outer))
    lower = np.minimum(lower, (lips.lower + lips.lower_outer) / 2)
    # The photo says nothing certain at the corners, where the lines have to meet.
    trust = 1 - ALONG**12
    upper = lips.upper + trust * (upper - lips.upper)
    lower = lips.lower + trust * (lower - lips.lower)
    return replace(lips, upper=upper, lower=np.maximum(lower, upper))


def _clear_of_teeth(
    lips: Lips, upper: NDArray[np.float64], lower: NDArray[np.float64], pixels: Pixels
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keep the inner edges of parted lips clear of teeth: a lip that carries some shows them when it closes.

    Teeth are told from lips by colour; where they look alike, the edges stay.
    """
    share = np.linspace(0, 1, _TEETH_ROWS)[:, None]
    rows = lips.upper_outer + share * (lips.lower_outer - lips.upper_outer)
    strip = _cut(lips, rows, pixels)
    reach = (rows > upper - _ABOVE) & (rows < lower + _UNDER_TEETH[1])
    places, half_way = np.arange(len(ALONG)), (upper + lower) / 2
    above, below = reach & (rows < half_way), reach & (rows > half_way)
    upper_teeth = _teeth(strip, rows < (lips.upper_outer + lips.upper) / 2, above)
    lower_teeth = _teeth(strip, rows > (lips.lower + lips.lower_outer) / 2, below)
    top = rows[upper_teeth.argmax(axis=0), places]
    bottom = rows[_TEETH_ROWS - 1 - lower_teeth[::-1].argmax(axis=0), places]
    seen_above = upper_teeth.any(axis=0)
    seen_below = lower_teeth.any(axis=0) & (bottom > lower - _BESIDE_TEETH[1])
    upper = np.where(seen_above, np.clip(upper, top - _BESIDE_TEETH[1], top - _BESIDE_TEETH[0]), upper)
    lower = np.where(seen_below, np.clip(lower, bottom + _UNDER_TEETH[0], bottom + _UNDER_TEETH[1]), lower)
    return _smooth(upper, 2.5), _smooth(lower, 1.5)


def _teeth(strip: Field, lip: NDArray[np.bool_], reach: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark what differs from a lip as the brightest within `reach` does, and is as tall as a tooth."""
    middle = np.abs(ALONG) < 0.7
    marked = np.zeros(reach.shape, np.bool_)
    if not (lip & middle).any() or not (reach & middle).any():
        return marked
    inside = strip[reach & middle]
    light = _grey(inside)
    of_lip = np.median(strip[lip & middle], axis=0)
    contrast = np.median(inside[light >= np.percentile(light, 80)], axis=0) - of_lip
    least = min(_LEAST_CONTRAST, _LEAST_SHARE * float(of_lip.mean()))
    if not contrast.any() or float(contrast.mean()) < least:
        return marked
    likeness = (strip - of_lip) @ contrast / float(contrast @ contrast)
    alike = np.asarray((likeness > _ALIKE) & reach, np.uint8)
    teeth = np.asarray(cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones(_LEAST_TOOTH)) > 0)
    root = (likeness > _ROOT) & reach
    for _ in range(_ROOT_ROWS):
        teeth[:-1] |= teeth[1:] & root[:-1]
    return teeth


def _shut(lips: Lips, pixels: Pixels) -> Lips:
    """Put both inner edges on the line between closed lips, where the lower one comes out of the shadow."""
    guess = (lips.upper + lips.lower) / 2
    grey = _grey(_strip(lips, guess, pixels))
    seam = _refined(guess, grey - _BRIGHTENING_WEIGHT * np.maximum(np.gradient(grey, axis=0), 0))
    if _darkness(lips, seam, pixels) < _FAINT:
        grey = _grey(_strip(lips, guess, pixels, _FAR_SEARCH))
        drawn = _refined(guess, grey, _FAR_SEARCH)
        seam = drawn if _darkness(lips, drawn, pixels) > _DRAWN else seam
    return replace(lips, upper=seam, lower=seam)


def _darkness(lips: Lips, line: NDArray[np.float64], pixels: Pixels) -> float:
    """Tell by how many grey levels a line is darker than what lies above and below it."""
    middle = np.abs(ALONG) < 0.7
    above, on, below = _grey(_strip(lips, line, pixels))[:: len(_OFFSETS) // 2, middle]
    return float(np.median(np.minimum(above, below) - on))


def _strip(lips: Lips, guess: NDArray[np.float64], pixels: Pixels, reach: float = _SEARCH) -> Field:
    """Cut the photo along a line: `(offsets, places, 3)` float32, smoothed a little."""
    return _cut(lips, guess + reach * _OFFSETS[:, None], pixels)


def _cut(lips: Lips, rows: NDArray[np.float64], pixels: Pixels) -> Field:
    """Cut the photo at `y` for each of `ALONG`: `(rows, places, 3)` float32, smoothed a little."""
    x, y = lips.pixels(np.broadcast_to(lips.x_along.astype(np.float32), rows.shape), rows.astype(np.float32))
    strip = cv2.remap(pixels[..., :3], x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(strip.astype(np.float32), (0, 0), 1.0), np.float32)


def _grey(strip: Field) -> Field:
    return np.asarray(strip @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def _refined(guess: NDArray[np.float64], cost: Field, reach: float = _SEARCH) -> NDArray[np.float64]:
    """Move a line of the mesh by the cheapest way near it."""
    straying = _STRAYING * _OFFSETS[:, None] ** 2
    path = reach * _OFFSETS[_cheapest_path(np.asarray(cost + straying, np.float32))]
    return _smooth(guess + path, 1.5)


def _cheapest_path(cost: Field) -> NDArray[np.intp]:
    """Give for each column the row of the cheapest way from left to right, a row a step at most."""
    rows, columns = cost.shape
    total = cost.copy()
    came_from = np.zeros((rows, columns), np.intp)
    index = np.arange(rows)
    for column in range(1, columns):
        padded = np.pad(total[:, column - 1], 1, constant_values=np.inf)
        step = np.argmin(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0) - 1
        came_from[:, column] = index + step
        total[:, column] += total[index + step, column - 1]
    path = np.zeros(columns, np.intp)
    path[-1] = int(np.argmin(total[:, -1]))
    for column in range(columns - 1, 0, -1):
        path[column - 1] = came_from[path[column], column]
    return path


def _smooth(values: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
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
