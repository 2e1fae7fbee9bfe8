"""The great lines of a landscape: where its sky ends, and the far shore of its water."""

from __future__ import annotations

import math
from functools import cached_property

import cv2
import numpy as np

from talkies.engines.animatic.vision.look import Field, Look, Mask, Region, ramp

HIGHEST_WATER, _LOWEST_SHORE = 0.15, 0.92  # shares of the picture's height
_SHORE_EDGE = 2.0  # change of colour in CIELAB from one sample to the next
_SHORE_LENGTH = 0.95  # share of the picture's width that a far shore crosses
_SHORE_CLARITY = 0.28  # how much more of it than rows nearby
FAINT_SHORE = 0.17  # the same of one before boats and piers
_LINE_LENGTH, _LINE_CLARITY = 0.85, 0.4  # the same of a line that only a sky's own width shows
_LINE_UNDER = 0.04  # of the picture: less under a line is its own blur
_LINE_ABOVE = slice(-7, -3)  # samples from it, to which such a line is compared
_LINE_WIDTH = 0.25  # of the picture's width, that a sky must have where it may end at a line
_BESIDE = np.ones((5, 5), np.uint8)  # samples: what lies beside something
_PALER, _GREYER, _GREY = (
    4.0,
    0.8,
    8.0,
)  # of a cloud: CIELAB lighter, of its sky's chroma, and chroma that is none
_LEAST_CLOUD, _IN_THE_SKY = 0.004, 0.35  # of the picture; of its rim, that borders the sky
_CLOUD_ROUGH, _CLOUD_HARD = 1.7, 0.25  # at most, of a cloud: roughness within, hardness of its rim
_FINE = 4  # samples in one, where the hardness of edges is seen
_WORTH_GROWING = 0.05  # confidence of a sky's first outline; one of less has never grown to a sure sky


class Landscape(Look):
    """A look with its great lines, each found when it is first asked for and then kept."""

    @cached_property
    def sky(self) -> Region | None:
        """Its sky, None without one."""
        return find_sky(self)

    @cached_property
    def far_shore(self) -> float | None:
        """The level line at the far end of its water, as a share of the height; None without one."""
        return find_far_shore(self)


def find_sky(look: Landscape) -> Region | None:
    """Find the sky: what lies above the first strong edge of each column, if it looks like one.

    Source: Shen and Wang, "Sky Region Detection in a Single Image for Autonomous Ground Robot Navigation",
    2013, for the border; Rother et al., "GrabCut", 2004, for what lies behind thin things.
    """
    seed = _above_border(look)
    if seed is None:
        return None
    if look.far_shore is not None:
        seed &= look.place < look.far_shore  # a calm sea is as even as its sky
    if _sky_confidence(look, seed) < _WORTH_GROWING:
        return None
    inside = _ended_at_line(look, _grown_by_colour(look, seed))
    return look.region("sky", inside | _find_clouds(look, inside), _sky_confidence(look, inside))


def _above_border(look: Look) -> Mask | None:
    """Cut each column at its first strong edge, how strong is what parts the picture best in two."""
    colours = cv2.GaussianBlur(look.lab, (0, 0), 0.8)
    slopes = [cv2.Sobel(colours, cv2.CV_32F, *order, ksize=3) / 8 for order in ((1, 0), (0, 1))]
    edges = np.sqrt(sum(slope * slope for slope in slopes)).max(axis=-1)
    edges[0] = 0
    rows = np.arange(look.size[1])[:, None]
    moments = _Moments(look.lab)
    best: tuple[float, Mask] | None = None
    for threshold in np.geomspace(1.5, 14.0, 12):
        strong = edges > threshold
        border = np.where(strong.any(axis=0), strong.argmax(axis=0), look.size[1])
        above = np.asarray(rows < border, np.bool_)
        share = float(above.mean())
        if not 0.03 < share < 0.97:
            continue
        # Narrow bands of both sides compete: colour must be even above, and as even as possible below.
        score = 1 / (2 * moments.spread(above) + moments.spread(~above))
        if best is None or score > best[0]:
            best = score, above
    return None if best is None else best[1]


class _Moments:
    """The colours of a picture and their products, so that the spread of any part is a sum over it."""

    def __init__(self, colours: Field) -> None:
        flat = colours.reshape(-1, 3).astype(np.float64)
        flat -= flat.mean(axis=0)
        products = (flat[:, :, None] * flat[:, None, :]).reshape(-1, 9)
        self._columns = np.hstack([np.ones((len(flat), 1)), flat, products])

    def spread(self, part: Mask) -> float:
        """The determinant and the greatest eigenvalue of a part's covariance, as one standard deviation."""
        sums = part.ravel().astype(np.float64) @ self._columns
        mean = sums[1:4] / sums[0]
        covariance = (sums[4:].reshape(3, 3) - sums[0] * np.outer(mean, mean)) / (sums[0] - 1)
        values = np.linalg.eigvalsh(covariance)
        return float(np.cbrt(max(values.prod(), 0.0)) + values[-1])


def _grown_by_colour(look: Look, seed: Mask) -> Mask:
    """Let a sky go on behind what stands in it, and let it end where its colours do."""
    hints = np.where(seed, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    hints[cv2.erode(seed.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=1) > 0] = cv2.GC_FGD
    lowest = np.flatnonzero(seed.any(axis=1))[-1]
    hints[min(lowest + 4, look.size[1] - 2) :] = cv2.GC_BGD
    hints[~look.free & ~seed] = cv2.GC_BGD
    cv2.setRNGSeed(0)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(look.small, hints, (0, 0, 1, 1), background, foreground, 2, cv2.GC_INIT_WITH_MASK)
    inside = np.isin(hints, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    count, labels = cv2.connectedComponents(inside)
    kept = [label for label in range(1, count) if seed[labels == label].any()]
    return np.asarray(np.isin(labels, kept), np.bool_)


def _ended_at_line(look: Look, inside: Mask) -> Mask:
    """End a sky that goes on into a pale sea: at the first level line across it, darker below than above."""
    width = inside.sum(axis=1)
    crossed = (_level_edges(look) & inside).sum(axis=1) / np.maximum(width, 1)
    first, last = round(HIGHEST_WATER * look.size[1]), round(_LOWEST_SHORE * look.size[1])
    for row in range(max(first, -_LINE_ABOVE.start), last):
        above = slice(row + _LINE_ABOVE.start, row + _LINE_ABOVE.stop)
        if width[row] < _LINE_WIDTH * look.size[0]:
            break
        if crossed[row] < max(_LINE_LENGTH, float(crossed[above].mean()) + _LINE_CLARITY):
            continue
        under = inside & (np.arange(look.size[1]) > row + 1)[:, None]
        if under.mean() < _LINE_UNDER:
            break
        if look.lab[under, 0].mean() < look.lab[above][inside[above], 0].mean():
            return np.asarray(inside & (np.arange(look.size[1]) < row)[:, None], np.bool_)
    return inside


def _find_clouds(look: Look, sky: Mask) -> Mask:
    """Find the clouds that stand on a ridge: paler than the sky beside them, soft within and at their rim.

    Snow on a summit is as pale, but rough, or ends in a hard edge.
    """
    clouds: Mask = np.zeros_like(sky)
    core = cv2.erode(sky.astype(np.uint8), _BESIDE, borderValue=1) > 0
    if not core.any():
        return clouds
    lightness, across, down = np.median(look.lab[core], axis=0)
    pale = look.lab[..., 0] > lightness + _PALER
    pale &= (look.chroma < max(_GREYER * math.hypot(across, down), _GREY)) & look.free & ~sky
    count, parts, measures, _ = cv2.connectedComponentsWithStats(
        cv2.morphologyEx(pale.astype(np.uint8), cv2.MORPH_OPEN, _BESIDE)
    )
    near_sky = cv2.dilate(sky.astype(np.uint8), _BESIDE) > 0
    hardness = None
    for number in range(1, count):
        part = parts == number
        if measures[number, cv2.CC_STAT_AREA] < _LEAST_CLOUD * part.size:
            continue
        within = part & (cv2.erode(part.astype(np.uint8), _BESIDE) > 0)
        rim = (cv2.dilate(part.astype(np.uint8), _BESIDE) > 0) & ~part
        if (rim & near_sky).sum() < _IN_THE_SKY * rim.sum() or not within.any():
            continue
        if np.median(look.roughness[within]) > _CLOUD_ROUGH:
            continue
        hardness = _hardness(look) if hardness is None else hardness
        if np.median(hardness[rim & near_sky]) < _CLOUD_HARD:
            clouds |= cv2.dilate(part.astype(np.uint8), _BESIDE) > 0
    return clouds


def _hardness(look: Look) -> Field:
    """Tell how suddenly light changes around each sample: the steepest slope a pixel over all the change."""
    size = _FINE * look.size[0], _FINE * look.size[1]
    fine = cv2.cvtColor(cv2.resize(look.frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    grey = cv2.GaussianBlur(fine.astype(np.float32), (0, 0), 0.7)
    slopes = [cv2.Sobel(grey, cv2.CV_32F, *order, ksize=3) / 8 for order in ((1, 0), (0, 1))]
    around = np.ones((5 * _FINE,) * 2, np.uint8)
    change = np.maximum(cv2.dilate(grey, around) - cv2.erode(grey, around), 8)
    steepest = cv2.dilate(cv2.magnitude(*slopes), around)
    return np.asarray(cv2.resize(steepest / change, look.size, interpolation=cv2.INTER_AREA), np.float32)


def _sky_confidence(look: Look, inside: Mask) -> float:
    """Judge a sky by its light, colour and smoothness, and by how much of the picture's top it has.

    A sky before which thin things stand, that belong to it as far as can be told, counts as none.
    """
    if not 0.04 < inside.mean() < 0.95:
        return 0.0
    lab, rest = look.lab[inside].mean(axis=0), look.lab[~inside].mean(axis=0)
    hue, chroma = float(np.degrees(np.arctan2(lab[2], lab[1])) % 360), float(np.hypot(lab[1], lab[2]))
    blue = ramp(chroma, 4, 12) * ramp(hue, 215, 235) * ramp(hue, 310, 290)
    pale = ramp(chroma, 14, 6) * ramp(float(lab[0]), 45, 70)
    lighter = ramp(float(lab[0] - rest[0]), 0, 25)
    core = cv2.erode(inside.astype(np.uint8), np.ones((7, 7), np.uint8), borderValue=1) > 0
    roughness = look.roughness[core if core.any() else inside]
    smooth = ramp(float(np.median(roughness)), 2.0, 0.8) * ramp(float(np.quantile(roughness, 0.95)), 3.2, 1.9)
    rougher = ramp(float(look.roughness[~inside].mean() / (roughness.mean() + 0.1)), 1.0, 2.5)
    top = ramp(float(inside[0].mean()), 0.3, 0.7)
    colour = np.maximum(blue, np.maximum(0.55 * pale, 0.5 * lighter))
    return float(top * smooth * colour * (0.5 + 0.35 * lighter + 0.35 * rougher))


def find_far_shore(look: Look, clarity: float = _SHORE_CLARITY) -> float | None:
    """Find the one level line that crosses the whole picture, as a share of its height; None without one.

    `clarity` is how much more of the picture's width it crosses than rows nearby do.
    """
    crossed = _level_edges(look).mean(axis=1)
    beside = np.convolve(crossed, np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1]) / 8, mode="same")
    first, last = round(HIGHEST_WATER * look.size[1]), round(_LOWEST_SHORE * look.size[1])
    row = first + int(np.argmax((crossed - beside)[first:last]))
    if crossed[row] < _SHORE_LENGTH or crossed[row] - beside[row] < clarity:
        return None
    return (row + 2) / look.size[1]


def _level_edges(look: Look) -> Mask:
    """Tell where colour changes downwards, in the row itself or the next."""
    slopes = [np.abs(cv2.Sobel(channel, cv2.CV_32F, 0, 1, ksize=3)) / 8 for channel in cv2.split(look.lab)]
    edges = cv2.dilate(np.maximum.reduce(slopes), np.ones((3, 1), np.uint8))
    return np.asarray(edges > _SHORE_EDGE, np.bool_)
