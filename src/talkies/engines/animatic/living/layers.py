"""Laying drawn layers over a photo: soft edges, covering, and colours continued from where they are known."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.opening import Field
from talkies.engines.animatic.optics.textures import Pixels


def soft_edge(inside: Field, softness: float) -> Field:
    """Turn a distance, positive inside, into coverage, 0 to 1, that is half on the edge.

    `softness` is the distance from the edge, in the same unit, within which coverage changes.
    """
    return np.asarray(np.clip(inside / np.float32(2 * softness) + np.float32(0.5), 0, 1), np.float32)


def smooth_step(values: Field, start: float, end: float) -> Field:
    """Rise softly from 0 at `start` to 1 at `end`, which may lie below it."""
    part = np.clip((values - start) / (end - start), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


def over(top: NDArray[np.uint8] | Field, cover: Field, under: Pixels) -> Pixels:
    """Lay one `(height, width, channels)` picture over another by `cover`, `(height, width)`, 0 to 1."""
    covering = top if top.dtype == np.uint8 else to_bytes(np.asarray(top, np.float32))
    return np.asarray(cv2.blendLinear(covering, under, cover, 1 - cover), np.uint8)


def to_bytes(values: Field) -> Pixels:
    """Round to uint8 and limit to its range."""
    return np.asarray(cv2.convertScaleAbs(np.maximum(values, 0)), np.uint8)


def masked_blur(picture: Field, mask: Field, sigma: float) -> Field:
    """Blur what a mask shows of a picture and continue it over the rest.

    `picture` is `(height, width, channels)` and `mask` `(height, width)`, 0 to 1, not all 0; `sigma` is the
    blur's standard deviation in pixels.

    Source: Knutsson and Westin, "Normalized and Differential Convolution", 1993.
    """
    step = max(1, int(sigma / 2))  # the blur leaves nothing finer
    size = max(1, picture.shape[1] // step), max(1, picture.shape[0] // step)
    colours = cv2.resize(picture * mask[..., None], size, interpolation=cv2.INTER_AREA)
    weight = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    total, count = np.zeros(colours.shape, np.float32), np.full(weight.shape, 1e-9, np.float32)
    # A wider blur reaches where the narrow one finds nothing.
    for scale, share in ((1, 1.0), (4, 1e-2), (16, 1e-4)):
        total += np.asarray(share * cv2.GaussianBlur(colours, (0, 0), scale * sigma / step), np.float32)
        count += np.asarray(share * cv2.GaussianBlur(weight, (0, 0), scale * sigma / step), np.float32)
    blurred = cv2.resize(total / count[..., None], picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(blurred, np.float32)
