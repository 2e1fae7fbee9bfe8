"""Where the sky, water, plants and flames of a photo lie, told by colour, texture and place.

Every region is a soft map over the picture. One that is found uncertainly counts only when the script speaks
of it: a blue coat that ripples is worse than a lake that does not.
"""

from __future__ import annotations

from collections.abc import Set

import cv2
import numpy as np

from talkies.engines.animatic.living.lamps import find_flames
from talkies.engines.animatic.living.mirrors import find_axis, sky_coloured
from talkies.engines.animatic.living.shorelines import outline
from talkies.engines.animatic.vision.horizons import FAINT_SHORE, HIGHEST_WATER, Landscape, find_far_shore
from talkies.engines.animatic.vision.look import Field, Kind, Look, Mask, Region, ramp

_SURE: dict[Kind, float] = {"sky": 0.6, "water": 0.7, "plants": 0.6, "flames": 0.6}
"""Confidence that a region needs which nobody speaks of."""
_TRUSTED = 0.45  # of leaves and sky where nothing else moves
_SPOKEN_OF = 0.25  # confidence of one that the script names
_FOAM = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (21, 15))
_POOLS = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 11))  # samples between those of one brook
_BED = 20.0  # samples around running water, to whose colour its own is compared
_ALIKE = 12.0  # difference in CIELAB between the parts of one water
_MOSTLY, _CALM = 0.35, 0.6  # of what lies below a far shore: found to be water; smooth or in flat stripes
_DEEPEST = 0.5  # of the picture's height, that some of running water lies below
_AT_AXIS = 0.7  # how likely, below where a picture is mirrored, what has not the sky's colours is water
_MIRROR = 3.0, 1.5  # roughness, from none to all, of what mirrors
_EVEN, _RIPPLED = (3.6, 2.0), (8.0, 6.0)  # the same of other still water; of flat stripes on it
_FLAT, _LEVEL = (0.7, 0.9), (0.45, 0.6)  # layering, from none to all: of stripes; of all of a water
_AS_BRIGHT = 0.55  # of the lightness of the brightest part of what has the sky's colours, that others need
_FOREGROUND, _LIKELY = 0.8, 0.45  # of the height, where water without a far shore ends; enough to be still
_LEAST_PART = 0.005  # of the picture, of each of the connected parts of a region


def find_regions(
    look: Landscape, spoken_of: Set[Kind] = frozenset(), *, trusting: bool = False
) -> dict[Kind, Region]:
    """Find the regions of a photo that can move.

    Args:
        look: of the photo; nothing of its subject belongs to a region.
        spoken_of: kinds that the script names; they are looked for harder.
        trusting: leaves and skies that nobody speaks of need not be quite sure.
    """
    sky = look.sky
    if sky is not None and sky.confidence < _SPOKEN_OF:
        sky = None  # what is no sky must not hide leaves or water
    plants = _find_plants(look, sky, dry="plants" in spoken_of)
    water = _find_water(look, sky, plants, wanted="water" in spoken_of)
    found = [sky, water, plants, _find_burning(look)]
    needed = {kind: _SPOKEN_OF if kind in spoken_of else sure for kind, sure in _SURE.items()}
    if trusting:
        needed |= {kind: min(needed[kind], _TRUSTED) for kind in ("sky", "plants")}
    return {
        region.kind: region
        for region in found
        if region is not None and region.confidence >= needed[region.kind]
    }


def _find_water(look: Landscape, sky: Region | None, plants: Region | None, *, wanted: bool) -> Region | None:
    """Find a surface of water or, where one is `wanted`, also what mirrors and what runs."""
    shore = _shore(look, sky, wanted=wanted)
    surface = _find_surface(look, sky, plants, wanted=wanted)
    is_likely = surface is not None and surface.confidence >= _SPOKEN_OF
    if not wanted:
        return outline(look, surface, shore) if surface is not None and is_likely else surface
    axis = find_axis(look)
    mirror = None if axis is None else _find_mirror(look, sky, plants, surface, axis)
    if mirror is not None:
        return outline(look, mirror, axis)
    if surface is not None and is_likely:
        return outline(look, surface, shore)
    running = _find_running(look, sky, plants)
    if running is not None and running.confidence >= _SPOKEN_OF:
        return running
    still = None if sky is None else _find_sky_coloured(look, sky, plants)
    return running or surface if still is None else outline(look, still, shore)


def _find_surface(
    look: Landscape, sky: Region | None, plants: Region | None, *, wanted: bool
) -> Region | None:
    """Find water: below the sky, cool in colour, smooth or in flat stripes, and wide."""
    cool = ramp(look.hue, 180, 205) * ramp(look.hue, 310, 290)
    colour = cool * ramp(look.chroma, 3, 9) + 0.35 * ramp(look.chroma, 7, 3)
    surface = np.maximum(ramp(look.roughness, 4.5, 2.0), ramp(look.layering, 0.55, 0.8))
    likely = colour * surface * look.free
    top = _waterline(look, sky, wanted=wanted)
    if wanted and sky is None and top == HIGHEST_WATER and _is_alike(look, likely > 0.38, top):
        top = 0.0
    likely[look.place <= top] = 0
    if plants is not None:
        likely *= 1 - plants.cover
    inside = _largest_parts(np.asarray(cv2.blur(likely, (7, 5)) > 0.38, np.bool_))
    if sky is None:
        inside = _reaching_down(inside)  # what lies higher may be the sky that was not found
    if not inside.any():
        return None
    # Foam, reflections and glints lie in the water as well.
    inside = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_CLOSE, _FOAM) > 0
    inside &= look.place > top
    below = look.place > top
    if look.far_shore is not None and inside.sum() > _MOSTLY * below.sum():
        # Below a far shore what is as smooth is water as well, whatever it mirrors.
        calm = _largest_parts(np.asarray(cv2.blur(surface * below, (7, 5)) > _CALM, np.bool_))
        inside |= calm & below & look.free
    blue = float((cool * ramp(look.chroma, 6, 14))[inside].mean())
    flat = float(ramp(look.layering, 0.5, 0.8)[inside].mean())
    columns = float(inside.any(axis=0).mean())
    confidence = (0.55 * blue + 0.45 * flat) * (0.3 + 0.7 * columns) * (1.0 if sky is not None else 0.7)
    return look.region("water", inside, confidence)


def _find_mirror(
    look: Landscape, sky: Region | None, plants: Region | None, surface: Region | None, axis: float
) -> Region | None:
    """Find what is even below the line at which a picture is mirrored, most where it has the sky's colour."""
    coloured = _AT_AXIS + (1 - _AT_AXIS) * sky_coloured(look, sky)
    likely = ramp(look.roughness, *_MIRROR) * coloured * look.free
    if surface is not None:
        likely = np.maximum(likely, surface.cover)
    if plants is not None:
        likely *= 1 - plants.cover
    likely[look.place <= axis] = 0
    return _still(look, likely)


def _find_sky_coloured(look: Landscape, sky: Region, plants: Region | None) -> Region | None:
    """Find what lies below the sky and has its colours, even or in flat stripes."""
    striped = ramp(look.layering, *_FLAT)
    likely = np.maximum(ramp(look.roughness, *_EVEN), striped * ramp(look.roughness, *_RIPPLED))
    likely *= sky_coloured(look, sky) * look.free
    if plants is not None:
        likely *= 1 - plants.cover
    likely[look.place <= _waterline(look, sky, wanted=True)] = 0
    water = _still(look, likely)
    if water is None or (look.far_shore is None and not (water.cover[look.place > _FOREGROUND] > 0.5).any()):
        return None
    level = float(np.median(look.layering[water.cover > 0.5]))
    confidence = water.confidence * float(ramp(level, *_LEVEL))
    return look.region("water", _brightest(look, water.cover > 0.5), confidence)


def _brightest(look: Look, inside: Mask) -> Mask:
    """Keep the connected parts that are about as bright as the brightest: a pavement mirrors less sky."""
    count, parts = cv2.connectedComponents(inside.astype(np.uint8))
    sizes = np.bincount(parts.ravel(), minlength=count)
    lightness = np.bincount(parts.ravel(), look.lab[..., 0].ravel(), minlength=count) / np.maximum(sizes, 1)
    lightness[0] = 0
    return np.asarray((lightness >= _AS_BRIGHT * lightness.max())[parts] & inside, np.bool_)


def _still(look: Look, likely: Field) -> Region | None:
    """Take what is likely still water and reaches the lower half."""
    inside = _reaching_down(_largest_parts(np.asarray(cv2.blur(likely, (5, 3)) > _LIKELY, np.bool_)))
    return look.region("water", inside, float(likely[inside].mean())) if inside.any() else None


def _find_running(look: Look, sky: Region | None, plants: Region | None) -> Region | None:
    """Find a brook or a fall: it mirrors the sky, so it is cooler than the rocks and the earth about it.

    Its pools and falls lie below one another; of several such rows that reach into the lower half and not to
    the top the one that shows most is taken.
    """
    blueness = -look.lab[..., 2]
    around = np.maximum(cv2.GaussianBlur(blueness, (0, 0), _BED), float(np.median(blueness)))
    cool = ramp(blueness - around, 4, 10) * ramp(blueness, -6, 0) * look.free
    if plants is not None:
        cool *= 1 - plants.cover
    likely = cv2.blur(cool, (5, 3))
    wet = np.asarray(likely > 0.35, np.uint8)
    near = cv2.dilate(wet, _POOLS)
    count, rows = cv2.connectedComponents(near)
    shown = np.bincount(rows[wet > 0], (likely * look.lab[..., 0])[wet > 0], minlength=count)
    total = float(shown.sum())
    # What comes from the picture's top is more likely the sky, and what ends high up a ridge or a roof.
    low = np.unique(np.where(wet > 0, rows, 0)[round(_DEEPEST * len(rows)) :])
    shown[np.setdiff1d(np.arange(count), low)] = shown[rows[0]] = 0
    chosen = int(np.argmax(shown))
    inside = (rows == chosen) & (wet > 0)
    if not shown[chosen]:
        return None
    inside = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 5), np.uint8)) > 0
    # A blue ridge below the sky is no brook, nor is a wall that fills the picture.
    below = (
        0.0 if sky is None else float((cv2.dilate(sky.cover, np.ones((9, 9))) * inside).sum() / inside.sum())
    )
    alone = float(shown[chosen] / total)
    cooler = float(ramp(float((blueness - around)[inside].mean()), 4, 9))
    confidence = alone * cooler * ramp(float(inside.mean()), 0.35, 0.2) * ramp(below, 0.1, 0.02)
    return look.region("water", inside, float(confidence))


def _is_alike(look: Look, likely: Mask, top: float) -> bool:
    """Tell whether what may be water has one colour above and below a height: then it fills the picture."""
    above, below = (likely & side for side in (look.place <= top, look.place > top))
    if not (above.any() and below.any()):
        return False
    return float(np.linalg.norm(look.lab[above].mean(axis=0) - look.lab[below].mean(axis=0))) < _ALIKE


def _waterline(look: Landscape, sky: Region | None, *, wanted: bool) -> float:
    """The height below which water may lie: that of a far shore, else of the sky's lowest part."""
    shore = _shore(look, sky, wanted=wanted)
    if shore is not None:
        return shore
    if sky is None:
        return HIGHEST_WATER
    lowest = np.flatnonzero((sky.cover > 0.5).mean(axis=1) > 0.02)
    return float(lowest[-1] + 1) / look.size[1] if len(lowest) else HIGHEST_WATER


def _shore(look: Landscape, sky: Region | None, *, wanted: bool) -> float | None:
    """The line at the far end of water; one that is less clear where there must be water and no sky tells."""
    if look.far_shore is None and wanted and sky is None:
        return find_far_shore(look, FAINT_SHORE)
    return look.far_shore


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


def _reaching_down(inside: Mask) -> Mask:
    """Keep the connected parts that reach the lower half, and of those from the top what is mostly there."""
    count, labels = cv2.connectedComponents(inside.astype(np.uint8))
    middle = round(_DEEPEST * len(labels))
    high, low = (np.bincount(half.ravel(), minlength=count) for half in (labels[:middle], labels[middle:]))
    kept = low > 0
    kept[labels[0]] &= (low > high)[labels[0]]
    kept[0] = False
    return np.asarray(kept[labels], np.bool_)


def _largest_parts(inside: Mask) -> Mask:
    """Keep the connected parts that matter, without what is thinner than a few samples."""
    opened = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, measures, _ = cv2.connectedComponentsWithStats(opened)
    areas = measures[:, cv2.CC_STAT_AREA]
    kept = [label for label in range(1, len(areas)) if areas[label] > _LEAST_PART * inside.size]
    return np.asarray(np.isin(labels, kept), np.bool_)
