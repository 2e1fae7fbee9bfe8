"""Where the sky, water, plants and flames of a photo lie, told by colour, texture and place.

Every region is a soft map over the picture. One that is found uncertainly counts only when the script speaks
of it: a blue coat that ripples is worse than a lake that does not.
"""

from __future__ import annotations

from collections.abc import Set

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.horizons import HIGHEST_WATER, find_far_shore, find_sky
from talkies.engines.animatic.living.lamps import find_flames
from talkies.engines.animatic.living.look import Kind, Look, Mask, Region, ramp
from talkies.media import Frame

_SURE: dict[Kind, float] = {"sky": 0.6, "water": 0.7, "plants": 0.6, "flames": 0.6}
"""Confidence that a region needs which nobody speaks of."""
_SPOKEN_OF = 0.25  # confidence of one that the script names
_FOAM = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (21, 15))
_LEAST_PART = 0.005  # of the picture, of each of the connected parts of a region


def find_regions(
    frame: Frame, subject: NDArray[np.uint8] | None, spoken_of: Set[Kind] = frozenset()
) -> dict[Kind, Region]:
    """Find the regions of a photo that can move.

    Args:
        frame: `(height, width, 3)` uint8, RGB.
        subject: its matte, `(height, width)` uint8; nothing of it belongs to a region.
        spoken_of: kinds that the script names; they are looked for harder.
    """
    look = Look(frame, subject)
    sky = find_sky(look)
    plants = _find_plants(look, sky, dry="plants" in spoken_of)
    found = [sky, _find_water(look, sky, plants), plants, _find_burning(look)]
    return {
        region.kind: region
        for region in found
        if region is not None
        and region.confidence >= (_SPOKEN_OF if region.kind in spoken_of else _SURE[region.kind])
    }


def _find_water(look: Look, sky: Region | None, plants: Region | None) -> Region | None:
    """Find water: below the sky, cool in colour, smooth or in flat stripes, and wide."""
    cool = ramp(look.hue, 180, 205) * ramp(look.hue, 310, 290)
    colour = cool * ramp(look.chroma, 3, 9) + 0.35 * ramp(look.chroma, 7, 3)
    surface = np.maximum(ramp(look.roughness, 4.5, 2.0), ramp(look.layering, 0.55, 0.8))
    top = _waterline(look, sky)
    likely = colour * surface * look.free
    likely[look.place <= top] = 0
    if plants is not None:
        likely *= 1 - plants.cover
    inside = _largest_parts(np.asarray(cv2.blur(likely, (7, 5)) > 0.38, np.bool_))
    if not inside.any():
        return None
    # Foam, reflections and glints lie in the water as well.
    inside = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_CLOSE, _FOAM) > 0
    inside &= look.place > top
    blue = float((cool * ramp(look.chroma, 6, 14))[inside].mean())
    flat = float(ramp(look.layering, 0.5, 0.8)[inside].mean())
    columns = float(inside.any(axis=0).mean())
    confidence = (0.55 * blue + 0.45 * flat) * (0.3 + 0.7 * columns) * (1.0 if sky is not None else 0.7)
    return look.region("water", inside, confidence)


def _waterline(look: Look, sky: Region | None) -> float:
    """The height below which water may lie: that of a far shore, else of the sky's lowest part."""
    shore = find_far_shore(look)
    if shore is not None:
        return shore
    if sky is None or sky.confidence < _SPOKEN_OF:
        return HIGHEST_WATER
    lowest = np.flatnonzero((sky.cover > 0.5).mean(axis=1) > 0.02)
    return float(lowest[-1] + 1) / look.size[1] if len(lowest) else HIGHEST_WATER


def _find_plants(look: Look, sky: Region | None, *, dry: bool) -> Region | None:
    """Find leaves and grass: full of detail and green, or also yellow as straw where `dry` ones may be."""
    green = ramp(look.hue, 88, 102) * ramp(look.hue, 160, 146)
    if dry:
        # Fur and skin have the hue of straw, but never its chroma.
        green = np.maximum(
            green, ramp(look.hue, 58, 70) * ramp(look.hue, 160, 146) * ramp(look.chroma, 36, 48)
        )
    likely = green * ramp(look.chroma, 6, 16) * ramp(look.roughness, 0.8, 2.0) * look.free
    if sky is not None:
        likely = likely * (1 - sky.cover)
    dense = np.asarray(cv2.blur(likely, (9, 9)) > 0.4, np.bool_)
    inside = _largest_parts(dense)
    if not inside.any():
        return None
    vivid = ramp(look.chroma, 12, 26) * green * ramp(look.roughness, 1.2, 2.5)
    enough = 0.6 + 0.4 * float(ramp(float(inside.mean()), 0.06, 0.22))
    return look.region("plants", inside, 1.25 * enough * float(vivid[inside].mean()))


def _find_burning(look: Look) -> Region | None:
    """Take flames for a region of their own; they are small, so no part of the picture is too small."""
    cover = find_flames(look.frame)
    if cover is None:
        return None
    cover = np.asarray(cv2.resize(cover, look.size), np.float32) * look.free
    return Region("flames", np.asarray(cover, np.float32), 0.5)


def _largest_parts(inside: Mask) -> Mask:
    """Keep the connected parts that matter, without what is thinner than a few samples."""
    opened = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, measures, _ = cv2.connectedComponentsWithStats(opened)
    areas = measures[:, cv2.CC_STAT_AREA]
    kept = [label for label in range(1, len(areas)) if areas[label] > _LEAST_PART * inside.size]
    return np.asarray(np.isin(labels, kept), np.bool_)
