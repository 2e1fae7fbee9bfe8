"""The land of a picture cut off its sky: a soft outline, and the sky continued behind it.

A skyline is the greatest step of depth that a landscape has. With the sky on a sheet of its own, towers and
trees keep their shape before it, a horizon behind them stays straight, and clouds go behind ridges.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.look import Region, ramp
from talkies.engines.animatic.vision.plate import Cut, claim
from talkies.media import Frame

_WORKING_SIDE = 160  # pixels, the longer side of the copy in which colours are continued
_LEAST_SHARE = 0.03  # of the picture: the least of land or sky that is a layer
_BAND = 0.03  # of the longer side: how far to either side of its coarse outline the skyline may lie
_SPREADS = ((1.0, 1, 1), (3.0, 1, 1), (12.0, 4, 2), (48.0, 16, 4), (160.0, 32, 16))
"""Working pixels: how far colours are continued, and the reductions across and down in which they are: a sky
changes slowly along its horizon, so it goes on sideways first."""
_SKY_NOISE = 6.0  # grey levels from the sky's colour that are still sky
_MIXED = (0.2, 0.5)  # of the way from the sky's colour to the land's: all sky, and all land
_WISP = 24  # of 255: fainter things hang together with nothing
_THIN = 0.007  # of the longer side: half the width of what counts as thin
_THIN_CONTRAST = (14, 40)  # grey levels from the sky to both its sides: none of a thin thing, and all
_LONG, _SLENDER = 0.025, 3.0  # of the longer side; length over width: a wisp of cloud is shorter, or rounder
_GAP = 0.004  # of the longer side, that a thin thing may be too faint to be seen in
_SAFE = 0.006  # of the longer side: what is so near to the land takes the sky's continued colour


def cut_skyline(frame: Frame, sky: Region) -> Cut | None:
    """Cut the land off a sky; None where one of them is next to nothing."""
    height, width = frame.shape[:2]
    side = max(height, width)
    cover = cv2.resize(sky.cover, (width, height), interpolation=cv2.INTER_LINEAR)
    above = np.asarray(cover > 0.5, np.uint8)
    if not _LEAST_SHARE < float(above.mean()) < 1 - _LEAST_SHARE:
        return None
    reach = np.ones((2 * round(_BAND * side) + 1,) * 2, np.uint8)
    sure_sky = np.asarray(cv2.erode(above, reach), np.uint8)
    sure_land = np.asarray(cv2.dilate(above, reach) == 0)
    behind, before = _continued(frame, sure_sky), _continued(frame, np.asarray(sure_land, np.uint8))
    alpha = _mixture(frame, behind, before)
    alpha = np.where(sure_sky > 0, _thin(frame, above > 0), alpha).astype(np.uint8)
    alpha[sure_land] = 255
    alpha = _attached(alpha, sure_land, round(_GAP * side))
    near = cv2.dilate(alpha, np.ones((2 * round(_SAFE * side) + 1,) * 2, np.uint8))
    # Now that the outline is known, the sky is continued from right beside it.
    behind = _continued(frame, np.asarray(near < _WISP, np.uint8))
    share = cv2.GaussianBlur(near, (0, 0), max(_SAFE * side / 2, 0.5)).astype(np.float32) / np.float32(255)
    share[alpha > 0] = 1
    plate = np.asarray(cv2.blendLinear(behind, frame, share, 1 - share), np.uint8)
    # Farther from the land than its edge is soft, what is unlike the continued sky is a cloud's own edge.
    beside = cv2.dilate(np.asarray(alpha > 0, np.uint8), np.ones((5, 5), np.uint8))
    alpha = np.asarray(claim(frame, plate, alpha) * beside, np.uint8)
    cv2.copyTo(frame, np.asarray(alpha == 0, np.uint8), plate)
    return Cut(alpha, plate)


def _mixture(frame: Frame, behind: Frame, before: Frame) -> NDArray[np.uint8]:
    """Tell how much land is in each pixel, 0..255, by how far it is from the sky's colour and the land's."""
    from_sky, from_land = (_difference(frame, other).astype(np.float32) for other in (behind, before))
    from_sky = np.maximum(from_sky - np.float32(_SKY_NOISE), 0)
    share = from_sky / (from_sky + from_land + 1)
    low, high = _MIXED
    return np.asarray(np.clip(np.float32(255 / (high - low)) * (share - low), 0, 255), np.uint8)


def _thin(frame: Frame, sky: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Tell how much of something thin is in each pixel of a sky, 0..255: stalks, masts, wires, but no cloud.

    Source: the top-hat transform, Serra, "Image Analysis and Mathematical Morphology", 1982.
    """
    reach = 2 * round(_THIN * max(frame.shape[:2])) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    hats = [cv2.morphologyEx(frame, kind, around) for kind in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)]
    contrast = np.maximum(*hats).max(axis=-1).astype(np.float32)
    alpha = np.asarray(np.rint(255 * ramp(contrast, *_THIN_CONTRAST)), np.uint8)
    return np.where(_slender((alpha > _WISP) & sky), alpha, 0).astype(np.uint8)


def _slender(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the connected parts that are long and, in the direction in which they are, straight."""
    count, parts, measures, _ = cv2.connectedComponentsWithStats(seen.astype(np.uint8))
    kept = np.zeros(count, np.bool_)
    least = _LONG * max(seen.shape)
    for number in range(1, count):
        x, y, width, height = (int(value) for value in measures[number, :4])
        if math.hypot(width, height) < least:
            continue
        rows, columns = np.nonzero(parts[y : y + height, x : x + width] == number)
        short, long = sorted(cv2.minAreaRect(np.stack([columns, rows], axis=1).astype(np.float32))[1])
        kept[number] = long > max(least, _SLENDER * (short + 1))
    return np.asarray(kept[parts], np.bool_)


def _attached(alpha: NDArray[np.uint8], land: NDArray[np.bool_], gap: int) -> NDArray[np.uint8]:
    """Leave out what is farther than a gap from all that is on land: a wisp of cloud, a star, a bird."""
    seen = np.asarray(alpha > _WISP, np.uint8)
    count, parts = cv2.connectedComponents(cv2.dilate(seen, np.ones((gap + 1,) * 2, np.uint8)))
    kept = np.zeros(count, np.bool_)
    kept[np.unique(parts[land])] = True
    kept[0] = True
    return np.where(kept[parts], alpha, 0).astype(np.uint8)


def _difference(one: Frame, other: Frame) -> NDArray[np.uint8]:
    """Give how far two pictures are apart, by the channel that differs most."""
    red, green, blue = cv2.split(cv2.absdiff(one, other))
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def _continued(frame: Frame, known: NDArray[np.uint8]) -> Frame:
    """Continue the known colours over the rest of a picture, sideways rather than down.

    Source: Knutsson and Westin, "Normalized and Differential Convolution", 1993.
    """
    height, width = known.shape
    scale = min(1.0, _WORKING_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    weight = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    # A pixel that is partly unknown has the unknown's colour.
    weight = np.where(weight > 0.99, np.float32(1), np.float32(0))
    colours = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    known_colours = np.dstack([colours * weight[..., None], weight])
    total = np.zeros_like(known_colours)
    for number, (reach, across, down) in enumerate(_SPREADS):
        few = max(1, size[0] // across), max(1, size[1] // down)
        small = cv2.resize(known_colours, few, interpolation=cv2.INTER_AREA)
        spread = cv2.GaussianBlur(small, (0, 0), reach / across, sigmaY=max(reach / 2.5 / down, 0.5))
        total += np.float32(1e-3**number) * cv2.resize(spread, size, interpolation=cv2.INTER_LINEAR)
    filled = total[..., :3] / np.maximum(total[..., 3:], np.float32(1e-20))
    filled = np.rint(np.clip(filled, 0, 255)).astype(np.uint8)
    return np.asarray(cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
