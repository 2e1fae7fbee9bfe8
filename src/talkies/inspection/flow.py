"""Optical flow between reduced grey frames, and what is computed from it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""`(height, width)` uint8, luma at full range."""

Flow = NDArray[np.float32]
"""`(height, width, 2)` float32: how far the content at a pixel moves right and down, in pixels."""

_GRID_PX = 8  # one flow vector in 8 × 8 stands for its surroundings in the fit
_FLAT_GRADIENT = 8.0  # levels a pixel; flow over flatter surfaces is mostly guessed and weighs little
_PLAIN_LEVELS = 2.0  # standard deviation of a frame without content
_MIN_SCALE_PX = 0.05  # of the robust fit: DIS is no more precise than this
_FIT_ROUNDS = 6
_TRUSTED = 0.4  # texture, 0 to 1, from which the flow of a single pixel counts
_RIM_PX = 12
_ROUND_TRIP_PX = 0.5


@dataclass(frozen=True)
class Similarity:
    """A similarity transform about the picture's centre, small-angle form.

    A point at `(x, y)` from the centre moves by `(right + growth x - turn y, down + turn x + growth y)`.
    `right` and `down` are in pixels, `turn` in radians clockwise. `explained` is the weighted share of the
    flow within a pixel or a fifth of the motion of it.
    """

    right: float
    down: float
    growth: float
    turn: float
    explained: float


def make_flow() -> cv2.DISOpticalFlow:
    """Make a dense flow estimator.

    Source: Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016.
    """
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # The refinement takes half of the time and betters the warps by less than a twentieth.
    estimator.setVariationalRefinementIterations(0)
    return estimator


def compensated_difference(before: Grey, after: Grey, flow: Flow) -> tuple[float, float]:
    """Compare two frames after motion is taken out: `after` is warped back along `flow` from `before` to it.

    Returns the mean absolute difference in levels, and the correlation, which a change of light leaves high;
    1 where a frame is plain and so holds nothing to compare.
    """
    warped, inside = _sample(after, flow, 1.0)
    return _mean_difference(before, warped, inside), _correlation(before, warped)


def halfway_difference(before: Grey, between: Grey, after: Grey, flow: Flow) -> float:
    """Mean absolute error of predicting `between` from both sides along `flow` from `before` to `after`."""
    forth, inside_before = _sample(before, flow, -0.5)
    back, inside_after = _sample(after, flow, 0.5)
    middle = np.asarray(cv2.addWeighted(forth, 0.5, back, 0.5, 0), np.uint8)
    return _mean_difference(between, middle, inside_before & inside_after)


def fit_similarity(flow: Flow, picture: Grey) -> Similarity:
    """Fit what the camera did to a flow field: iteratively reweighted least squares, Tukey-like weights.

    What moves on its own is outvoted as long as it covers less than about half of the textured picture.
    """
    height, width = picture.shape
    rows = np.arange(_GRID_PX // 2, height, _GRID_PX)
    columns = np.arange(_GRID_PX // 2, width, _GRID_PX)
    sampled = flow[np.ix_(rows, columns)].astype(np.float64)
    x, y = np.meshgrid(columns - (width - 1) / 2, rows - (height - 1) / 2)
    one, zero = np.ones_like(x), np.zeros_like(x)
    # rows of the design matrix: u = right + growth x - turn y, v = down + growth y + turn x
    design = np.stack([np.stack([one, zero, x, -y], -1), np.stack([zero, one, y, x], -1)], -2).reshape(
        -1, 2, 4
    )
    moved = sampled.reshape(-1, 2)
    texture = _texture(picture)[np.ix_(rows, columns)].ravel()

    weights = texture
    parameters = np.zeros(4)
    for _ in range(_FIT_ROUNDS):
        weighted = design * weights[:, None, None]
        parameters = np.linalg.solve(
            np.einsum("nij,nik->jk", weighted, design), np.einsum("nij,ni->j", weighted, moved)
        )
        error = np.linalg.norm(moved - design @ parameters, axis=1)
        scale = max(1.4826 * float(np.median(error)), _MIN_SCALE_PX)
        weights = texture / (1 + (error / (2 * scale)) ** 2) ** 2
    tolerance = np.maximum(1.0, 0.2 * np.linalg.norm(moved, axis=1))
    explained = float(texture[error <= tolerance].sum() / texture.sum())
    right, down, growth, turn = (float(value) for value in parameters)
    return Similarity(right, down, growth, turn, explained)


def without_camera(flow: Flow, back: Flow, motion: Similarity, picture: Grey) -> Flow:
    """Give the flow that is left after what the camera did is taken away: what moves by itself, parallax.

    It is zero where flow cannot be told: on flat surfaces, near the rim, where pictures come and go, and
    where the flow `back` does not lead to where one came from, as among planks that are all alike.
    """
    height, width = picture.shape
    x = np.arange(width, dtype=np.float32) - (width - 1) / 2
    y = (np.arange(height, dtype=np.float32) - (height - 1) / 2)[:, None]
    across = motion.right + motion.growth * x - motion.turn * y
    down = motion.down + motion.turn * x + motion.growth * y
    trusted = (_texture(picture) > _TRUSTED) & (_round_trip_px(flow, back) < _ROUND_TRIP_PX)
    for rim in (trusted, trusted.T):
        rim[:_RIM_PX] = rim[-_RIM_PX:] = False
    return np.asarray((flow - np.stack([across, down], axis=-1)) * trusted[..., None], np.float32)


def _round_trip_px(flow: Flow, back: Flow) -> NDArray[np.float32]:
    """How far one ends from where one began after going there and back."""
    height, width = flow.shape[:2]
    x = np.arange(width, dtype=np.float32) + flow[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + flow[..., 1]
    returned = flow + cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.linalg.norm(returned, axis=2), np.float32)


def _texture(picture: Grey) -> NDArray[np.float64]:
    """How far the flow at each pixel can be trusted, 0 to 1."""
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=0.125)
    gradient = cv2.blur(cv2.magnitude(across, down), (_GRID_PX, _GRID_PX))
    return np.asarray(gradient / (gradient + _FLAT_GRADIENT) + 1e-6, np.float64)


def _sample(picture: Grey, flow: Flow, share: float) -> tuple[Grey, NDArray[np.bool_]]:
    """Fetch the picture at `share` of the flow away, and say where that lies inside it."""
    height, width = picture.shape
    x = np.arange(width, dtype=np.float32) + share * flow[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + share * flow[..., 1]
    fetched = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return np.asarray(fetched, np.uint8), inside


def _mean_difference(a: Grey, b: Grey, inside: NDArray[np.bool_]) -> float:
    difference = cv2.absdiff(a, b)
    return float(cv2.mean(difference, inside.view(np.uint8))[0])


def _correlation(a: Grey, b: Grey) -> float:
    if min(a.std(), b.std()) < _PLAIN_LEVELS:
        return 1.0
    return float(cv2.matchTemplate(a, b, cv2.TM_CCOEFF_NORMED)[0, 0])
