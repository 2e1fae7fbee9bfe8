"""The land of a picture cut off its sky: a soft outline, and the sky continued behind it.

A skyline is the greatest step of depth that a landscape has. With the sky on a sheet of its own, towers and
trees keep their shape before it, a horizon behind them stays straight, and clouds go behind ridges.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.look import Region
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
    alpha[sure_sky > 0], alpha[sure_land] = 0, 255
    alpha = _attached(alpha, sure_land)
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


def _attached(alpha: NDArray[np.uint8], land: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Leave out what hangs together with no land: a wisp of cloud beside a ridge."""
    count, parts = cv2.connectedComponents(np.asarray(alpha > _WISP, np.uint8))
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
