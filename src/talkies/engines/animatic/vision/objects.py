"""What a picture without a face shows first of all, found by a net for salience that looks twice.

Source: Qin et al., "U²-Net: Going Deeper with Nested U-Structure for Salient Object Detection", 2020.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.contours import Mask, hint, refined, resized
from talkies.engines.animatic.vision.figures import person_likelihood
from talkies.engines.animatic.vision.nets import load_net
from talkies.media import Frame

_FIRST_LOOK, _SECOND_LOOK = 160, 192  # pixels a side, of the whole picture and of what stood out there
_COLOUR_MEAN, _COLOUR_SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # that the net was trained with
_AROUND = 0.2  # of what stood out, on each side, that the second look shows besides
_AREA_RANGE = (0.01, 0.85)  # of the picture, of an object worth taking off the background
_MOST_DOUBT = 0.18  # of an object's area: whole objects have up to 0.14, parts of landscapes from 0.25
_SURE = 0.9  # of a likelihood
_THINLY_SEEN = 0.15  # the same, of parts that are thinner than:
_THICK = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))  # working pixels
_MOST_BODY = 0.5  # of an object's area, that the person net sees beside it
_LEAST_AGREEMENT = 0.6  # of both looks: what they share over what either sees


def object_contour(frame: Frame, small: Frame) -> Mask | None:
    """Find the solid shape of what a picture shows first of all; None when that is not sure.

    The test is strict on purpose: half an object taken off its background looks worse than none.
    """
    first = _salience(small, _FIRST_LOOK)
    if not (first > 0.5).any():
        return None
    likelihood = _look_again(frame, first)
    solid = likelihood > 0.5
    low, high = _AREA_RANGE
    spans_width = solid[:, 0].any() and solid[:, -1].any()
    if not low <= solid.mean() <= high or spans_width:
        return None
    doubt = np.minimum(likelihood, 1 - likelihood).sum() / solid.sum()
    both, either = solid & (first > 0.5), solid | (first > 0.5)
    if doubt > _MOST_DOUBT or both.sum() < _LEAST_AGREEMENT * either.sum():
        return None
    if _is_part_of_somebody(small, solid):
        return None
    hints = hint(likelihood)
    # GrabCut takes thin parts for background: a beak, a wing's tip.
    shape = np.asarray(likelihood > _THINLY_SEEN, np.uint8)
    thin = (shape > 0) & (cv2.morphologyEx(shape, cv2.MORPH_OPEN, _THICK) == 0)
    hints[thin | (likelihood > _SURE)] = cv2.GC_FGD
    return refined(small, likelihood, hints)


def _is_part_of_somebody(small: Frame, solid: NDArray[np.bool_]) -> bool:
    """Tell whether the person net sees much more of the same body: a head of hair is no object."""
    _, labels = cv2.connectedComponents(np.asarray(solid | (person_likelihood(small) > 0.85), np.uint8))
    body = np.isin(labels, np.unique(labels[solid]))
    return bool((body & ~solid).sum() > _MOST_BODY * solid.sum())


def _look_again(frame: Frame, first: NDArray[np.float32]) -> NDArray[np.float32]:
    """Look for salience only where a first look saw some, and a little around it."""
    rows, columns = first.shape
    x, y, width, height = cv2.boundingRect(np.asarray(first > 0.3, np.uint8))
    left, right = max(round(x - _AROUND * width), 0), min(round(x + (1 + _AROUND) * width), columns)
    top, bottom = max(round(y - _AROUND * height), 0), min(round(y + (1 + _AROUND) * height), rows)
    down, across = frame.shape[0] / rows, frame.shape[1] / columns
    part = frame[round(top * down) : round(bottom * down), round(left * across) : round(right * across)]
    likelihood = np.zeros_like(first)
    closer = _salience(part, _SECOND_LOOK)
    likelihood[top:bottom, left:right] = resized(closer, (right - left, bottom - top))
    return likelihood


def _salience(frame: Frame, side: int) -> NDArray[np.float32]:
    """Tell how surely each pixel is of what a picture shows first of all, 0 to 1; as large as the picture."""
    net = load_net("u2netp", "onnx")
    colours = resized(frame, (side, side)).astype(np.float32)
    colours = (colours / max(float(colours.max()), 1.0) - _COLOUR_MEAN) / _COLOUR_SPREAD
    net.setInput(np.ascontiguousarray(colours.transpose(2, 0, 1)[None], np.float32))
    seen = net.forward("1959")[0, 0]  # the last of its side outputs, which joins all others
    return np.asarray(cv2.resize(seen, frame.shape[1::-1]), np.float32)
