"""The land of a picture cut along its ridges: soft outlines, and what is behind them continued.

What is cut off and what is left give the picture again.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.horizons import Landscape
from talkies.engines.animatic.vision.look import Field, Mask, Region, enlarged, nearest, ramp
from talkies.engines.animatic.vision.plate import Cut, claim, fill_behind
from talkies.engines.animatic.vision.ridges import RIM, find_bare
from talkies.media import Frame

_WORKING_SIDE = 640  # pixels, the longer side of the copy in which outlines are made exact
_UNSURE = 0.009  # of the longer side: how far the outline may lie from where it was found
_WINDOW = 0.025  # of the longer side: half the window in which colours are told apart
_EVEN = 1e-3  # variance, for colours 0..1, added to each window's own
_DECISION = 1.5  # how much steeper the step between both sides is made
_SEEN = 0.06  # of the longer side, beyond the lowest outline: more is never uncovered
_RUN_OUT = 8.0  # samples: the blur of where a ridge runs out into a far shore
_FADE_IN = 0.03  # of the height, below a far shore

Alpha = NDArray[np.uint8]


def cut_land(look: Landscape, parts: tuple[Mask, ...], skyline: Cut) -> tuple[Cut, ...]:
    """Cut off a picture what stands before its ridges, nearest first, and last what is left before its sky.

    Args:
        look: of the picture.
        parts: from `find_ridges`.
        skyline: all land, cut off the same picture.
    """
    if not parts or look.sky is None:
        return (skyline,)
    cuts: list[Cut] = []
    for part in parts:
        before = cuts[-1] if cuts else Cut(np.zeros_like(skyline.alpha), look.frame)
        cuts.append(_cut(look, look.sky, part, before, skyline))
    last = cuts[-1]
    past = _seen_past(look.sky, parts[-1], last.alpha)
    left = _blended(skyline.alpha, np.asarray(cv2.bitwise_not(past), np.uint8), last.alpha)
    return (*cuts, Cut(claim(last.plate, skyline.plate, left), skyline.plate))


def _cut(look: Landscape, sky: Region, part: Mask, before: Cut, skyline: Cut) -> Cut:
    """Cut off what stands before one ridge, where what stands before nearer ones is cut off already."""
    # Above the skyline it is the skyline that bounds it.
    with_sky = part.ravel()[nearest(sky.cover <= 0.5)]
    alpha = _both(_outlined(before.plate, with_sky), skyline.alpha)
    alpha = np.asarray(cv2.max(alpha, before.alpha), np.uint8)
    past = _seen_past(sky, part, alpha)
    plate = _blended(_filled(before.plate, alpha), skyline.plate, _both(past, alpha))
    if look.far_shore is not None:
        bare = _bare(part, look.far_shore, alpha)
        # First the photo goes on behind its own front, then that fades out.
        plate = _blended(plate, before.plate, _levels(ramp(bare, 0, 0.25)))
        alpha = _blended(alpha, _water(look.far_shore, alpha), _levels(ramp(bare, 0.25, 0.6)))
    return Cut(claim(before.plate, plate, alpha), plate)


def _bare(part: Mask, shore: float, alpha: Alpha) -> Field:
    """Tell in which columns nothing stands before a far shore, 0..1."""
    near = np.asarray(find_bare(part, shore, RIM), np.float32)[None]
    soft = cv2.GaussianBlur(near, (0, 0), _RUN_OUT)
    return np.asarray(cv2.resize(soft, (alpha.shape[1], 1), interpolation=cv2.INTER_LINEAR), np.float32)


def _water(shore: float, alpha: Alpha) -> Alpha:
    """Let water fade in from its far shore: both are as far there, and the shore is no outline."""
    rows = np.arange(len(alpha), dtype=np.float32)[:, None] / np.float32(len(alpha))
    return _levels(np.broadcast_to(ramp(rows, shore, shore + _FADE_IN), alpha.shape))


def _seen_past(sky: Region, part: Mask, alpha: Alpha) -> Alpha:
    """Let a sky go on behind what stands before a ridge, where that is nearer to it than to other land."""
    cover = np.asarray(sky.cover > 0.5, np.float32).ravel()[nearest(~part)]
    soft = cv2.resize(cv2.GaussianBlur(cover, (0, 0), 1), alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return _levels(ramp(np.asarray(soft, np.float32), 0.25, 0.75))


def _both(one: Alpha, other: Alpha) -> Alpha:
    return np.asarray(cv2.multiply(one, other, scale=1 / 255), np.uint8)


def _blended(below: NDArray[np.uint8], above: NDArray[np.uint8], share: Alpha) -> NDArray[np.uint8]:
    """Mix two pictures; a share of 255 is all of the second. A single row is one for all rows."""
    if not share.any():
        return below
    weight = np.broadcast_to(share, below.shape[:2]).astype(np.float32) / np.float32(255)
    return np.asarray(cv2.blendLinear(above, below, weight, 1 - weight), np.uint8)


def _levels(share: Field) -> Alpha:
    return np.asarray(np.rint(np.float32(255) * share), np.uint8)


def _filled(frame: Frame, alpha: Alpha) -> Frame:
    """Continue what is behind a ridge downwards, as far as parallax ever uncovers it."""
    seen = round(_SEEN * max(alpha.shape))
    some, all_ = alpha.max(axis=1) > 0, alpha.min(axis=1) == 255
    first, last = int(some.argmax()), len(alpha) - int((~all_)[::-1].argmax())
    rows = slice(max(first - 2 * seen, 0), last + seen)
    plate = frame.copy()
    plate[rows] = fill_behind(np.ascontiguousarray(frame[rows]), alpha[rows], hairy=False)
    plate[rows.stop :] = plate[min(rows.stop, len(plate)) - 1]
    return plate


def _outlined(frame: Frame, part: Mask) -> Alpha:
    """Make a coarse part's outline exact and soft, by the colours to either side of it.

    In windows around each pixel that is unsure a linear function of the colour is fitted to what is sure.

    Source: He and Sun, "Fast Guided Filter", 2015; here with weights.
    """
    height, width = frame.shape[:2]
    scale = min(1.0, _WORKING_SIDE / max(height, width))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    side = max(size)
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    smooth = cv2.GaussianBlur(part.astype(np.float32), (0, 0), 0.7)
    inside = cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR) > 0.5
    unsure = max(2, round(_UNSURE * side))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * unsure + 1,) * 2)
    coarse = np.asarray(inside, np.uint8)
    core: Mask = np.asarray(cv2.erode(coarse, disc, borderValue=1) > 0, np.bool_)
    outer: Mask = np.asarray(cv2.dilate(coarse, disc, borderValue=0) == 0, np.bool_)
    slope, offset = _linear_model(small, core, outer, max(unsure + 2, round(_WINDOW * side)))
    guide = cv2.GaussianBlur(frame, (0, 0), 0.6)
    alpha = enlarged(offset, frame)
    for channel, values in enumerate(cv2.split(guide)):
        share = enlarged(np.ascontiguousarray(slope[..., channel]), frame)
        alpha += share * (values.astype(np.float32) / np.float32(255))
    alpha = (alpha - np.float32(0.5)) * np.float32(_DECISION) + np.float32(0.5)
    sure, free = (
        ramp(enlarged(np.asarray(cv2.GaussianBlur(where, (0, 0), unsure / 2), np.float32), frame), 0.5, 1)
        for where in (core.astype(np.float32), outer.astype(np.float32))
    )
    return _levels(np.clip(alpha, sure, np.maximum(1 - free, sure)))


def _linear_model(small: Field, core: Mask, outer: Mask, radius: int) -> tuple[Field, Field]:
    """Fit a linear function of the colour in each window: 1 amid what is before, 0 amid what is behind.

    Only near what is neither surely before nor surely behind; elsewhere it is the same for all colours.
    """
    slope, offset = np.zeros((*core.shape, 3), np.float32), core.astype(np.float32)
    wide = cv2.dilate(np.asarray(~core & ~outer, np.uint8), np.ones((5, 5), np.uint8)) > 0
    seen = np.flatnonzero(wide.any(axis=1))
    if not len(seen):
        return slope, offset
    # All that the windows see.
    rows = slice(max(seen[0] - radius, 0), seen[-1] + radius + 1)
    wide, small = wide[rows], small[rows]
    (before, near_spread), (behind, far_spread) = (
        _spread(small, where[rows], wide, radius) for where in (core, outer)
    )
    difference = before - behind
    spread = (near_spread + far_spread) / 2 + np.float32(_EVEN) * np.eye(3, dtype=np.float32)
    direction = np.linalg.solve(spread, difference[..., None])[..., 0]
    direction /= np.maximum((direction * difference).sum(axis=-1, keepdims=True), 1e-3)
    slope[rows][wide] = direction
    offset[rows][wide] = -(direction * behind).sum(axis=-1)
    return slope, offset


def _spread(small: Field, part: Mask, places: Mask, radius: int) -> tuple[Field, Field]:
    """Give mean and covariance of a part's colours in the windows around some places."""
    window = (2 * radius + 1,) * 2
    weight = part.astype(np.float32)
    red, green, blue = cv2.split(small * weight[..., None])
    products = [red * small[..., 0], red * small[..., 1], red * small[..., 2]]
    products += [green * small[..., 1], green * small[..., 2], blue * small[..., 2]]
    total, *sums = (
        cv2.blur(values, window, borderType=cv2.BORDER_REFLECT)[places]
        for values in (weight, red, green, blue, *products)
    )
    means = np.stack(sums, axis=-1) / np.maximum(total, 1e-6)[:, None]
    mean, square = means[:, :3], means[:, [3, 4, 5, 4, 6, 7, 5, 7, 8]].reshape(-1, 3, 3)
    covariance = square - mean[:, :, None] * mean[:, None, :]
    return np.asarray(mean, np.float32), np.asarray(covariance, np.float32)
