"""Where still water ends: at what stands in it and at what lies beside it, told by colour and texture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.look import Field, Look, Mask, Region

_BEGINS = 0.12  # of the picture's height, below a shore: what begins lower is not the water that lies there
_LINE = 0.02  # of the picture's height: the blur of a shore
_CORE = np.ones((5, 5), np.uint8)  # samples from a first outline, within which it is sure
_EVEN = 1.5, 0.5  # of its median roughness, and more, that is surely water; `_ROUGH` is surely none
_ROUGH = 6.0
_SURF = 4.5  # roughness of water whose foam cannot be told from what stands in it
_LIGHTNESS, _COLOUR, _ROUGHNESS = 2.55, 2.0, 12.0  # 8-bit levels a unit of each
_MIDDLE = 128.0  # level of the mean colour
_ROUNDS = 2


def outline(look: Look, water: Region, shore: float | None) -> Region:
    """Let water end where what it looks like does, and leave out what is apart from its shore.

    Hulls, posts and gravel have other colours, or are rougher; both are parted together.

    Args:
        look: of the photo.
        water: its first outline.
        shore: the line at its far end, as a share of the height; None when it is not known.

    Source: Rother et al., "GrabCut", 2004.
    """
    first = _beginning_at(look, water.cover > 0.5, shore)
    level = float(np.median(look.roughness[first]))
    if level > _SURF:
        return look.region(water.kind, first, water.confidence) or water
    even = (look.roughness < _EVEN[0] * level + _EVEN[1]) & look.free
    if shore is not None:
        first = _along_shore(look, first, even, shore)
    hints = np.where(first, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    sure = cv2.erode(first.astype(np.uint8), _CORE, borderValue=1) > 0
    hints[sure & even] = cv2.GC_FGD
    hints[: np.flatnonzero(first.any(axis=1))[0]] = cv2.GC_BGD
    hints[~look.free | (look.roughness > _ROUGH) | ~(first | even)] = cv2.GC_BGD
    if not (hints == cv2.GC_FGD).any() or first.all():
        return water
    cv2.setRNGSeed(0)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(
        _as_picture(look), hints, (0, 0, 1, 1), background, foreground, _ROUNDS, cv2.GC_INIT_WITH_MASK
    )
    inside = np.asarray(np.isin(hints, (cv2.GC_FGD, cv2.GC_PR_FGD)), np.bool_)
    inside = _beginning_at(look, touching(inside, first), shore)
    return look.region(water.kind, inside, water.confidence) or water


def touching(inside: Mask, some: Mask) -> Mask:
    """Keep the connected parts of a mask that have something of another in them."""
    _, labels = cv2.connectedComponents(inside.astype(np.uint8))
    return np.asarray(inside & np.isin(labels, np.unique(labels[inside & some])), np.bool_)


def _beginning_at(look: Look, inside: Mask, shore: float | None) -> Mask:
    """Keep the connected parts that begin at a shore; all where none does."""
    if shore is None:
        return inside
    beginning = touching(inside, (look.place >= shore) & (look.place < shore + _BEGINS))
    return beginning if beginning.any() else inside


def _along_shore(look: Look, first: Mask, even: Mask, shore: float) -> Mask:
    """Let water go on right below its shore over what is as even, whatever it mirrors there."""
    below = even & (look.place >= shore + _LINE) & (look.place < shore + _BEGINS)
    return np.asarray(first | touching(below, cv2.dilate(first.astype(np.uint8), _CORE) > 0), np.bool_)


def _as_picture(look: Look) -> NDArray[np.uint8]:
    """Give lightness, the colour that differs most and roughness as a picture of three channels."""
    return np.stack(
        [
            _levels(_LIGHTNESS * look.lab[..., 0]),
            _levels(_MIDDLE + _COLOUR * _main_colour(look)),
            _levels(_ROUGHNESS * look.roughness),
        ],
        axis=-1,
    )


def _main_colour(look: Look) -> Field:
    """Give the way along the first principal axis of the picture's hues, in CIELAB."""
    hues = look.lab[..., 1:] - look.lab[..., 1:].mean(axis=(0, 1))
    flat = hues.reshape(-1, 2)
    _, axes = np.linalg.eigh(flat.T @ flat)
    return np.asarray(hues @ axes[:, -1], np.float32)


def _levels(values: Field) -> NDArray[np.uint8]:
    return np.clip(values, 0, 255).astype(np.uint8)
