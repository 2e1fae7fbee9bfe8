"""A coarse answer of a net made exact by the picture's own edges, and soft at hair and fur.

All but `soft_edged` and `enlarged` is done in a small copy of the picture, its working pixels.

Sources: Rother et al., "GrabCut", 2004; He et al., "Guided Image Filtering", 2013; He and Sun, "Fast Guided
Filter", 2015.
"""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.media import Frame

Mask = NDArray[np.uint8]
Kind = TypeVar("Kind", np.uint8, np.float32)

_WORKING_SIDE = 384  # pixels, the longer side while the contour is sought
_LEAST_SIDE = 8  # pixels of that copy
_GRABCUT_ROUNDS = 2
_LEEWAY = 4  # working pixels that a person's contour may lie off the net's: three of its own
_LEAST_PART = 0.004  # of the picture, of a subject's part, and of what is seen through it
_ALIKE = 24.0  # grey levels, of two medians
_DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
_EDGE_RADIUS = 0.012  # of the longer side: how far hair and fur may reach across the contour
_EDGE_SMOOTHNESS = 2e-4  # the guided filter's epsilon, for colours from 0 to 1


def working_copy(frame: Frame) -> tuple[Frame, float]:
    """Shrink a picture to the size at which contours are sought; also gives its scale, at most 1."""
    scale = min(1.0, _WORKING_SIDE / max(frame.shape[:2]))
    width, height = (max(_LEAST_SIDE, round(side * scale)) for side in frame.shape[1::-1])
    return resized(frame, (width, height)), scale


def hint(likelihood: NDArray[np.float32]) -> Mask:
    """Tell GrabCut what a net is sure of, and what it only guesses."""
    hints = np.full(likelihood.shape, cv2.GC_PR_BGD, np.uint8)
    hints[likelihood > 0.5] = cv2.GC_PR_FGD
    hints[_shrunk(likelihood > 0.85, 3)] = cv2.GC_FGD
    hints[_shrunk(likelihood < 0.08, _LEEWAY)] = cv2.GC_BGD
    return hints


def refined(small: Frame, likelihood: NDArray[np.float32], hints: Mask) -> Mask:
    """Bring a net's contour to the picture's own edges; 0 or 255."""
    solid = _cut_out(small, hints)
    # GrabCut may leave the net's shape for a like-coloured background; it only moves the contour near it.
    near = _without_specks(grown(likelihood > 0.5, _LEEWAY) | (hints == cv2.GC_FGD), _LEAST_PART)
    closed = cv2.morphologyEx(np.where(near, solid, 0).astype(np.uint8), cv2.MORPH_CLOSE, _DISC)
    # The net holds together what GrabCut parts: the tine of an antler is none too small.
    whole = _without_holes(small, _without_specks(closed > 0, _LEAST_PART / 10))
    return np.where(cv2.GaussianBlur(whole.astype(np.float32), (0, 0), 1.2) > 0.5, 255, 0).astype(np.uint8)


def _cut_out(small: Frame, hints: Mask) -> Mask:
    """Run GrabCut from hints; 0 or 255."""
    if not (np.any(hints & 1 == 1) and np.any(hints & 1 == 0)):
        return np.where(hints & 1, 255, 0).astype(np.uint8)
    cv2.setRNGSeed(0)  # GrabCut seeds its colour models from OpenCV's own generator
    labels = hints.copy()
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    whole = (0, 0, small.shape[1], small.shape[0])
    cv2.grabCut(small, labels, whole, background, foreground, _GRABCUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.where(labels & 1, 255, 0).astype(np.uint8)


def _without_holes(small: Frame, solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close what is too small to look through, and what looks like the subject around it: shade on a coat."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(~solid, np.uint8))
    filled = solid.copy()
    for label in range(1, len(stats)):
        left, top, width, height, area = stats[label]
        at_rim = left == 0 or top == 0 or left + width == solid.shape[1] or top + height == solid.shape[0]
        hole = labels == label
        if area < _LEAST_PART * solid.size or (not at_rim and _looks_like_its_edge(small, hole)):
            filled[hole] = True
    return filled


def _looks_like_its_edge(small: Frame, hole: NDArray[np.bool_]) -> bool:
    edge = grown(hole, _LEEWAY) & ~hole
    difference = np.median(small[hole], axis=0) - np.median(small[edge], axis=0)
    return float(np.abs(difference).max()) < _ALIKE


def _without_specks(where: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    """Leave out the parts of an area that are smaller than a share of the picture."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(where.astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] >= least * where.size
    large[0] = False
    return np.asarray(large[labels], np.bool_)


def soft_edged(frame: Frame, small: Frame, solid: Mask) -> Mask:
    """Let the matte follow the picture's own edges: a guided filter, its coefficients enlarged.

    The filter works on the small picture; the linear model that it finds is applied to the full one (He and
    Sun, "Fast Guided Filter", 2015).
    """
    size = (frame.shape[1], frame.shape[0])
    radius = max(2, round(_EDGE_RADIUS * max(small.shape[:2])))
    slope, offset = _local_linear_model(small, solid, radius)
    guide = cv2.GaussianBlur(frame, (0, 0), 0.6)
    alpha = enlarged(offset, size)
    for channel in range(3):
        alpha += enlarged(np.ascontiguousarray(slope[..., channel]), size) * guide[..., channel]
    band = blurred(grown(solid > 0, radius), radius / 2)
    core = blurred(_shrunk(solid > 0, 2 * radius), radius / 2)
    # A steeper ramp: the filter's own leaves a veil of background over the subject and the reverse.
    alpha = np.clip((alpha - 0.5) * 1.35 + 0.5, 0, 1)
    alpha = np.maximum(np.minimum(alpha, enlarged(band, size)), enlarged(core, size))
    return np.asarray(np.rint(alpha * 255), np.uint8)


def _local_linear_model(
    small: Frame, solid: Mask, radius: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit `solid = slope · colour + offset` in each window; for colours 0..255 and a matte 0..1."""
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(values: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, window, borderType=cv2.BORDER_REFLECT), np.float32)

    colour, target = small.astype(np.float32) / 255, solid.astype(np.float32) / 255
    mean_colour, mean_target = mean(colour), mean(target)
    products = (colour[..., :, None] * colour[..., None, :]).reshape(*solid.shape, 9)
    covariance = mean(products).reshape(*solid.shape, 3, 3)
    covariance -= mean_colour[..., :, None] * mean_colour[..., None, :]
    covariance += _EDGE_SMOOTHNESS * np.eye(3, dtype=np.float32)
    cross = mean(colour * target[..., None]) - mean_colour * mean_target[..., None]
    slope = np.linalg.solve(covariance, cross[..., None])[..., 0]
    offset = mean_target - (slope * mean_colour).sum(axis=-1)
    return mean(slope) / np.float32(255), mean(offset)


def blurred(where: NDArray[np.bool_], sigma: float) -> NDArray[np.float32]:
    """Soften an area's edge; 0 to 1."""
    return np.asarray(cv2.GaussianBlur(where.astype(np.float32), (0, 0), sigma), np.float32)


def enlarged(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Bring values to a size, `(width, height)`, bilinearly."""
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR), np.float32)


def resized(frame: NDArray[Kind], size: tuple[int, int]) -> NDArray[Kind]:
    """Shrink an array to a size, `(width, height)`, by means of areas."""
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), frame.dtype)


def grown(where: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """Widen an area by a disc's radius in pixels."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.dilate(where.astype(np.uint8), disc), np.bool_)


def _shrunk(where: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    return ~grown(~where, radius)
