"""Brows and the skin about the eyes: fields by which they move.

Source of the units: Ekman, Friesen and Hager, "Facial Action Coding System", 2002: action units 1 and 2
(brows raised), 4 (lowered and drawn together) and 6 (cheeks raised).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.expression import Expression
from talkies.engines.animatic.living.opening import Field
from talkies.engines.animatic.optics.projection import sample
from talkies.engines.animatic.optics.textures import Pixels

GRID = 4  # texture pixels between the nodes of a field

_BROWS = ((70, 63, 105, 66, 107, 46, 53, 52, 65, 55), (300, 293, 334, 296, 336, 276, 283, 282, 295, 285))
_INNER_ENDS = ((55, 107), (285, 336))
_OUTER_CORNERS = (33, 263)
_LIDS = ((145, 159), (374, 386))
# Travel in distances between the eyes' middles.
_RAISE, _LOWER = 0.065, 0.045
_INVERSION_STEPS = 4
_RAISE_ONE = 0.1  # an eyebrow by itself
_KNIT_ASIDE, _KNIT_DOWN = 0.045, 0.03
_SQUINT = 0.022


class Brows:
    """The fields of one face over a region of `shape` (height, width) in texture pixels.

    `points` are the mesh's points in the region's pixels, `allowed` is a field on the grid, 0 to 1, by which
    all motion is scaled.
    """

    def __init__(self, points: NDArray[np.float64], shape: tuple[int, int], allowed: Field) -> None:
        self._shape = shape
        y, x = np.mgrid[0 : allowed.shape[0], 0 : allowed.shape[1]].astype(np.float32) * GRID
        self._place = np.stack(np.meshgrid(np.arange(shape[1]), np.arange(shape[0])), axis=-1).astype(
            np.float32
        )
        left, right = (points[list(lids)].mean(axis=0) for lids in _LIDS)
        span = max(float(np.hypot(*(right - left))), 1e-3)
        across = (right - left) / span
        frame = np.stack([across, (-across[1], across[0])], axis=1) / span
        middle = (left + right) / 2
        face = (points - middle) @ frame
        dx, dy = x - np.float32(middle[0]), y - np.float32(middle[1])
        u = np.asarray(dx * frame[0, 0] + dy * frame[1, 0], np.float32)
        v = np.asarray(dx * frame[0, 1] + dy * frame[1, 1], np.float32)
        to_pixels = np.linalg.inv(frame).astype(np.float32)
        fields = [*_raises(u, v, face), _knit(u, v, face), _squint(u, v, face)]
        self._fields = [np.asarray((field @ to_pixels) * allowed[..., None], np.float32) for field in fields]

    def moved(self, part: Pixels, expression: Expression) -> Pixels:
        """Move the brows of a region; unchanged when the expression asks nothing of them."""
        both = expression.brows * (_RAISE if expression.brows > 0 else _LOWER)
        lifts = [both + _RAISE_ONE * one for one in (expression.brow_left, expression.brow_right)]
        amounts = (expression.knit, expression.squint)
        if not any((*lifts, *amounts)):
            return part
        left, right = (np.float32(lift) * field for lift, field in zip(lifts, self._fields[:2], strict=True))
        # Where both reach the skin moves with the brow that goes further, not with their sum.
        nodes = np.minimum(np.minimum(left, right), 0) + np.maximum(np.maximum(left, right), 0)
        for amount, field in zip(amounts, self._fields[2:], strict=True):
            nodes += np.float32(amount) * field
        rows, columns = self._shape
        full = _enlarged(_inverted(nodes))[:rows, :columns]
        x, y = cv2.split(self._place - full)
        return np.asarray(cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _inverted(nodes: Field) -> Field:
    """Tell for each node how far its skin has come, from how far the skin of each node goes.

    Source: Chen et al., "A simple fixed-point approach to invert a deformation field", 2008.
    """
    place = np.stack(np.meshgrid(*map(np.arange, nodes.shape[1::-1])), axis=-1).astype(np.float32)
    found = nodes
    for _ in range(_INVERSION_STEPS):
        found = sample(nodes, place - found / np.float32(GRID), cv2.BORDER_REPLICATE)
    return found


def _enlarged(nodes: Field) -> Field:
    """Enlarge a grid so that node `i` lies on pixel `GRID * i`."""
    matrix = np.array([[1 / GRID, 0, 0], [0, 1 / GRID, 0]])
    size = nodes.shape[1] * GRID, nodes.shape[0] * GRID
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(nodes, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def _raises(u: Field, v: Field, face: NDArray[np.float64]) -> list[Field]:
    """Lift each brow by 1; the forehead gathers above it, the lids' skin stretches below."""
    raised = []
    for brow in _BROWS:
        points = face[list(brow)]
        slope, height = np.polyfit(points[:, 0], points[:, 1], 1)
        left, right = points[:, 0].min(), points[:, 0].max()
        line = np.asarray(height + slope * np.clip(u, left, right), np.float32)
        along = np.maximum(np.maximum(left - u, u - right), 0) / 0.16
        # The lids' own skin takes up all of it.
        across = np.where(v < line, (line - v) / 0.4, (v - line) / np.maximum(0.08, -0.55 * line))
        part = np.clip(across, 0, 1)
        lift = np.exp(-(along**2)) * (1 - part * part * (3 - 2 * part))
        raised.append(np.stack([np.zeros_like(lift), -lift], axis=-1))
    return raised


def _knit(u: Field, v: Field, face: NDArray[np.float64]) -> Field:
    """Draw the inner ends of the brows together and down."""
    field = np.zeros((*u.shape, 2), np.float32)
    centre = np.mean([face[list(ends)].mean(axis=0) for ends in _INNER_ENDS], axis=0)
    for ends in _INNER_ENDS:
        inner = face[list(ends)].mean(axis=0)
        towards = np.sign(centre[0] - inner[0])
        near = np.exp(-(((u - inner[0] + 0.1 * towards) / 0.2) ** 2) - ((v - inner[1]) / 0.14) ** 2)
        field += np.stack([_KNIT_ASIDE * towards * near, _KNIT_DOWN * near], axis=-1).astype(np.float32)
    return field


def _squint(u: Field, v: Field, face: NDArray[np.float64]) -> Field:
    """Push up the skin below the eyes and draw their outer corners out."""
    field = np.zeros((*u.shape, 2), np.float32)
    for lids, corner in zip(_LIDS, _OUTER_CORNERS, strict=True):
        below, outer = face[lids[0]], face[corner]
        pouch = np.exp(-(((u - below[0]) / 0.24) ** 2) - ((v - below[1] - 0.12) / 0.1) ** 2)
        feet = np.exp(
            -(((u - outer[0] - 0.08 * np.sign(outer[0])) / 0.12) ** 2) - ((v - outer[1]) / 0.14) ** 2
        )
        field[..., 0] += (0.5 * _SQUINT * np.sign(outer[0]) * feet).astype(np.float32)
        field[..., 1] -= (_SQUINT * pouch).astype(np.float32)
    return field
