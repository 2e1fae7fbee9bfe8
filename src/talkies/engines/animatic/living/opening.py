"""The opening of an eye: its corners, the curves of its lids, and coordinates that belong to it.

Lengths are in widths of the opening, from corner to corner: `u` runs to the picture's right from -0.5 to 0.5,
`v` down across it, both 0 half-way between the corners.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.faces import Face

Field = NDArray[np.float32]

# From the picture's left corner to its right one, in the mesh's numbering.
_UPPER = {
    "left": (33, 246, 161, 160, 159, 158, 157, 173, 133),
    "right": (362, 398, 384, 385, 386, 387, 388, 466, 263),
}
_LOWER = {
    "left": (33, 7, 163, 144, 145, 153, 154, 155, 133),
    "right": (362, 382, 381, 380, 374, 373, 390, 249, 263),
}


@dataclass(frozen=True)
class Opening:
    """One eye's opening in a texture.

    `centre` is half-way between the corners and `width` their distance, in texture pixels; `across` is the
    unit vector from the picture's left corner to the right one. `upper` and `lower` hold the coefficients
    of the lids' curves.
    """

    centre: NDArray[np.float64]
    across: NDArray[np.float64]
    width: float
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]

    @property
    def height(self) -> float:
        """The widest gap between the lids, in widths."""
        u = np.linspace(-0.4, 0.4, 17, dtype=np.float32)
        return float((self.lower_lid(u) - self.upper_lid(u)).max())

    @property
    def down(self) -> NDArray[np.float64]:
        """The unit vector of `v`."""
        return np.array([-self.across[1], self.across[0]])

    def upper_lid(self, u: Field) -> Field:
        """Give the `v` of the upper lid's edge; 0 beyond the corners."""
        return _curve(self.upper, u)

    def lower_lid(self, u: Field) -> Field:
        """Give the `v` of the lower lid's edge; 0 beyond the corners."""
        return _curve(self.lower, u)

    def coordinates(self, x: Field, y: Field) -> tuple[Field, Field]:
        """Turn texture pixels into `u` and `v`."""
        across, down = self.across / self.width, self.down / self.width
        x, y = x - np.float32(self.centre[0]), y - np.float32(self.centre[1])
        u = x * np.float32(across[0]) + y * np.float32(across[1])
        v = x * np.float32(down[0]) + y * np.float32(down[1])
        return u, v

    def pixels(self, u: Field, v: Field) -> tuple[Field, Field]:
        """Turn `u` and `v` into texture pixels."""
        across, down = self.across * self.width, self.down * self.width
        x = np.float32(self.centre[0]) + u * np.float32(across[0]) + v * np.float32(down[0])
        y = np.float32(self.centre[1]) + u * np.float32(across[1]) + v * np.float32(down[1])
        return x, y


def find_openings(face: Face, corner: tuple[float, float], density: float) -> tuple[Opening, Opening]:
    """Take the openings of both eyes, the picture's left first, from a mesh."""
    points = (face.mesh[:, :2].astype(np.float64) - corner) * density
    left, right = (_opening(points[list(_UPPER[side])], points[list(_LOWER[side])]) for side in _UPPER)
    return left, right


def _opening(upper: NDArray[np.float64], lower: NDArray[np.float64]) -> Opening:
    span = upper[-1] - upper[0]
    width = max(float(np.hypot(*span)), 1e-3)
    across, centre = span / width, (upper[0] + upper[-1]) / 2
    frame = np.stack([across, (-across[1], across[0])], axis=1) / width
    return Opening(centre, across, width, _fit((upper - centre) @ frame), _fit((lower - centre) @ frame))


def _fit(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit a curve that meets the corners: the net's points waver by a pixel, a lid does not."""
    u, v = points[:, 0], points[:, 1]
    terms = (0.25 - u**2)[:, None] * np.stack([np.ones_like(u), u, u**2], axis=1)
    return np.asarray(np.linalg.lstsq(terms, v, rcond=None)[0])


def _curve(coefficients: NDArray[np.float64], u: Field) -> Field:
    constant, slope, bend = (np.float32(value) for value in coefficients)
    arch = np.maximum(np.float32(0.25) - u * u, np.float32(0))
    return np.asarray(arch * (constant + u * (slope + u * bend)), np.float32)
