"""Inverse depth without a depth net: a far sky, a ground that comes nearer downwards, relief on the subject.

Inverse depth is 1 at the subject's distance and 0 at infinity. Each layer has its own field without jumps, so
that a layer bends but never tears: at a skyline it is the sky that bends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.faces import Face
from talkies.engines.animatic.vision.horizons import Landscape
from talkies.engines.animatic.vision.look import Mask, Region, nearest
from talkies.engines.animatic.vision.matte import Matte, prominence
from talkies.engines.animatic.vision.ridges import RIM, find_bare, find_ridges
from talkies.media import Frame

Field = NDArray[np.float32]

INFINITELY_FAR: Field = np.zeros((2, 2), np.float32)
"""The inverse depth of a sky that is a layer of its own."""

_LONG_SIDE = 160  # samples of a field along the picture's longer side
_SKY, _FAR, _GROUND = 0.12, 0.28, 1.2  # of a landscape: its sky, its horizon, and the picture's bottom
_WHOLE_GROUND = 0.4  # of the height below the horizon, with which the bottom is as near as that
_SURE_OF_SKY = 0.4  # confidence
_STEEPEST = 12.0  # of inverse depth over a picture width: 60 pixels of 1280 aside squeeze the sky to a half
_PLAIN_TOP, _PLAIN_BOTTOM = 0.5, 0.85  # of a picture without subject and horizon, where nothing stands out
_STANDING = 0.5  # at most, of what stands against a sky: a horizon beside it bends with the difference
_KINDS = 8  # of colour and texture in a picture
_TEXTURE_WEIGHT, _PLACE_WEIGHT = 3.0, 24.0  # in units of CIELAB: for roughness, and for the picture's height
_LEAST_REGION = 0.006  # of the picture
_SURE_OF_HORIZON, _OPEN_LAND = 0.5, 0.8  # certainty; under a sky without a horizon that parts the colours
_JOIN = 8.0  # samples: the blur where a ridge runs out into a shore
_BEHIND = 0.6  # of a ridge's inverse depth, at most, is that of what is behind it
_THIN = (7, 3)  # samples down and across, that a land reaches into its sky
_TIPS = (5, 7)  # samples across and down, that a near layer reaches over a farther one
_FOOT, _MIDDLE, _LOWER = (
    0.9,
    0.5,
    0.25,
)  # quantile of a region's rows; height and slope by which lower is nearer
_HAZE = 0.8  # of inverse depth, from clear air to white
_HAZE_REACH = 0.09  # of the longer side: so near to something dark nothing counts as haze
_WALL = 0.42  # of the background at the top of a picture with a subject
_CONTACT = 0.86  # of the background where the subject stands on it: nearly its own, so that it does not slide
_RELIEF = 0.07  # how much nearer a subject's middle is than its outline
_FACE_RELIEF = 0.08  # how much nearer a face is
_PROMINENCE = 0.6  # how much nearer the prominent parts of a picture without a matte are
_OPEN, _BUILT = 3.2, 5.0  # picture widths of upright edges: of a wood or less; of a street
_PLUMB = 0.95  # of the slope that built-up land loses
_WALLS = 0.04  # picture widths: the blur between its columns
_LINE_SIDE, _SHORTEST, _LEANING = 640, 20.0, 0.1  # pixels across; pixels; across for one down
_HORIZON_RANGE = (0.2, 0.75)  # of the height, where a horizon is looked for


@dataclass(frozen=True)
class Depth:
    """Inverse depth of the layers, each `(rows, columns)` float32 stretched over the whole picture.

    `land` are those of what stands before an open sky, nearest first, each continued behind those before it;
    `background` has all of them and the sky. `ridges` part them: coarsely, what stands before each.
    """

    background: Field
    subject: Field | None
    land: tuple[Field, ...] = ()
    ridges: tuple[Mask, ...] = ()

    @property
    def layers(self) -> tuple[Field, ...]:
        """One field for each layer of the picture, nearest first."""
        if self.land:
            return *self.land, INFINITELY_FAR
        return (self.background,) if self.subject is None else (self.subject, self.background)


def estimate_depth(look: Landscape, matte: Matte | None, faces: tuple[Face, ...]) -> Depth:
    """Guess how near things are, from the matte, the faces and the place in the picture."""
    frame = look.frame
    scale = _LONG_SIDE / max(frame.shape[:2])
    size = (max(4, round(frame.shape[1] * scale)), max(4, round(frame.shape[0] * scale)))
    if matte is None:
        land = _landscape(look)
        background = _before_sky(_stretched(land, size), look)
        if look.sky is None or look.sky.confidence < _SURE_OF_SKY:
            return Depth(background, None)
        ridges = find_ridges(look)
        sheets = tuple(_stretched(sheet, size) for sheet in _sheets(land, ridges, look))
        return Depth(background, None, sheets, ridges)
    wall = _behind(matte, size, frame.shape[0])
    return Depth(_before_sky(wall, look), _subject(matte, faces, size, scale))


def _landscape(look: Landscape) -> Field:
    """A ground that comes nearer downwards; under an open sky things stand on it, or lie far in haze.

    Prominent things come forward besides.
    """
    level, certainty = _level(look)
    ramp = _ground(level, certainty, look.size[1])
    relief = cv2.resize(prominence(look.frame), look.size, interpolation=cv2.INTER_AREA)
    relief = _PROMINENCE * (1 - certainty / 2) * cv2.GaussianBlur(relief, (0, 0), look.size[0] / 40)
    land = np.repeat(ramp[:, None], look.size[0], axis=1) + relief
    if look.sky is not None and look.sky.confidence >= _SURE_OF_SKY:
        regions = _regions(look)
        land = _layered(_parted(ramp, look, look.sky, regions) + relief, regions, look.sky)
    return _upright(np.asarray(land, np.float32), look)


def _upright(land: Field, look: Landscape) -> Field:
    """Bring the columns of a land to one depth each, as far as it is built up: walls must not lean.

    What is near on one side and far on the other stays so.
    """
    built = float(np.clip((_plumb_lines(look.frame) - _OPEN) / (_BUILT - _OPEN), 0, 1))
    if not built:
        return land
    open_land = np.ones(land.shape, np.float32)
    if look.sky is not None and look.sky.confidence >= _SURE_OF_SKY:
        open_land -= look.sky.cover
    weight = open_land.sum(axis=0) + np.float32(1)
    columns = ((land * open_land).sum(axis=0) + land.mean(axis=0)) / weight
    smooth = cv2.GaussianBlur(columns[None], (0, 0), look.size[0] * _WALLS)
    return np.asarray(land + np.float32(_PLUMB * built) * (smooth - land), np.float32)


def _plumb_lines(frame: Frame) -> float:
    """Measure all straight upright edges of a picture, in picture widths together.

    Source: von Gioi et al., "LSD: a Line Segment Detector", 2012.
    """
    height = max(8, round(_LINE_SIDE * frame.shape[0] / frame.shape[1]))
    small = cv2.resize(frame, (_LINE_SIDE, height), interpolation=cv2.INTER_AREA)
    found = cv2.createLineSegmentDetector().detect(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))[0]
    if found is None:
        return 0.0
    ends = np.asarray(found, np.float32).reshape(-1, 2, 2)
    across, down = np.abs(ends[:, 1] - ends[:, 0]).T
    length = np.hypot(across, down)
    return float(length[(across < _LEANING * down) & (length > _SHORTEST)].sum()) / _LINE_SIDE


def _ground(level: float, certainty: float, rows: int) -> Field:
    """Give how near a ground is in each row, below a horizon at a level that is so certain."""
    bottom = _FAR + (_GROUND - _FAR) * min(1.0, (1 - level) / _WHOLE_GROUND)
    y = np.linspace(0, 1, rows, dtype=np.float32)
    ground = _FAR + (bottom - _FAR) * np.clip((y - level) / (1 - level), 0, 1) ** 1.2
    plain = _PLAIN_TOP + (_PLAIN_BOTTOM - _PLAIN_TOP) * y
    return np.asarray(plain + certainty * (ground - plain), np.float32)


def _stretched(land: Field, size: tuple[int, int]) -> Field:
    """Make a field that a layer can follow without tearing."""
    return _without_cliffs(np.asarray(cv2.resize(land, size, interpolation=cv2.INTER_AREA), np.float32))


def _sheets(land: Field, ridges: tuple[Mask, ...], look: Landscape) -> list[Field]:
    """Part a land at its ridges, nearest first: what is behind a ridge stands upright, farther than that.

    What reaches the picture's bottom keeps its slope. Each goes on behind those before it as it ends there.
    """
    if not ridges or look.sky is None:
        return [land]
    sheets, before = [land.ravel()[nearest(ridges[0])]], ridges[0]
    if look.far_shore is not None:
        # Water is level, and all that stands on its far shore is as far as that.
        sheets[0][:] = _ground(look.far_shore, 1.0, len(land))[:, None]
    for part in (*ridges[1:], look.sky.cover < 0.5):
        own = part & ~before
        beside = cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        if own[-1].any():
            sheet, ridge = land.ravel()[nearest(own)], sheets[-1]
        else:
            sheet = np.full_like(land, min(land[own].mean(), _STANDING))
            ridge = np.full_like(land, np.median(sheets[-1][beside & before]))
        sheet = np.asarray(np.minimum(sheet, np.float32(_BEHIND) * ridge), np.float32)
        if look.far_shore is not None:
            sheet = _joined(sheet, sheets[-1], before, look.far_shore)
        sheets.append(sheet)
        before = before | part
    return sheets


def _joined(sheet: Field, nearer: Field, before: Mask, shore: float) -> Field:
    """Bring a sheet to the depth of the water before it where its far shore is all that is between them."""
    row = min(round(shore * len(before)), len(before) - 1)
    bare = np.asarray(find_bare(before, shore, RIM), np.float32)[None]
    share = np.minimum(3 * np.asarray(cv2.GaussianBlur(bare, (0, 0), _JOIN), np.float32), 1)
    return np.asarray(sheet + share * (nearer[row] - sheet), np.float32)


def _level(look: Landscape) -> tuple[float, float]:
    """Tell the height of the horizon, as a share from the top, and how certain it is, 0 to 1."""
    if look.far_shore is not None:
        return look.far_shore, 1.0
    level, certainty = find_horizon(look.frame)
    if look.sky is None or look.sky.confidence < _SURE_OF_SKY:
        return level, certainty
    if certainty >= _SURE_OF_HORIZON:
        return level, certainty
    # Land begins where most columns' sky ends.
    return float(np.clip(_usual_edge(look.sky) / look.size[1], *_HORIZON_RANGE)), _OPEN_LAND


def _usual_edge(sky: Region) -> int:
    """Count the samples of sky in the middle one of all columns."""
    return int(np.median((sky.cover > 0.5).sum(axis=0)))


def _regions(look: Landscape) -> NDArray[np.int32]:
    """Part a picture in areas of one colour and texture, numbered from 0; `(rows, columns)`.

    Source: Lloyd's k-means on colour, texture and, weakly, place.
    """
    columns, rows = look.size
    colours = cv2.medianBlur(look.small, 5).astype(np.float32) / np.float32(255)
    lab = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB)
    y, x = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j].astype(np.float32)
    texture = _TEXTURE_WEIGHT * cv2.GaussianBlur(look.roughness, (0, 0), 2)
    features = np.dstack(
        [0.8 * lab[..., :1], lab[..., 1:], texture, _PLACE_WEIGHT * y, 0.5 * _PLACE_WEIGHT * x]
    )
    points = np.ascontiguousarray(features.reshape(-1, features.shape[-1]), np.float32)
    # The first guess by lightness and height: no chance is needed.
    first = np.argsort(np.argsort(points[:, 0] - points[:, 4], kind="stable")) * _KINDS // len(points)
    stop = (cv2.TERM_CRITERIA_MAX_ITER, 12, 0)
    _, kinds, _ = cv2.kmeans(
        points, _KINDS, np.asarray(first[:, None], np.int32), stop, 1, cv2.KMEANS_USE_INITIAL_LABELS
    )
    smooth = cv2.medianBlur(np.asarray(kinds.reshape(rows, columns), np.uint8), 5)
    regions = np.zeros((rows, columns), np.int32)
    for kind in range(_KINDS):
        _, labels, stats, _ = cv2.connectedComponentsWithStats(
            np.asarray(smooth == kind, np.uint8), connectivity=4
        )
        large = stats[:, cv2.CC_STAT_AREA] >= _LEAST_REGION * smooth.size
        large[0] = False
        numbers = np.where(large, np.cumsum(large) + regions.max(), 0).astype(np.int32)
        regions += numbers[labels]
    return _spread_out(regions)


def _spread_out(regions: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give what is numbered 0 to the nearest region, and number from 0."""
    if not regions.any():
        return regions
    return np.asarray(regions.ravel()[nearest(regions > 0)] - 1, np.int32)


def _layered(land: Field, regions: NDArray[np.int32], sky: Region) -> Field:
    """Bring each region that does not reach the camera's feet to one depth: far, middle or near.

    So a ridge, a wood or a tower moves as one, and parts from its neighbours at its own outline. What ends
    lower in the picture stands nearer. Before the sky it goes on as it ends at the skyline.
    """
    open_land = sky.cover < 0.5
    feet, field = set(np.unique(regions[-1]).tolist()), land.copy()
    for number in set(np.unique(regions[open_land]).tolist()) - feet:
        region = regions == number
        inside = region & open_land
        if 2 * inside.sum() < region.sum():
            open_land &= ~region  # the rim of a sky is no layer
            continue
        foot = float(np.quantile(np.nonzero(inside)[0], _FOOT)) / len(land)
        field[inside] = float(land[inside].mean()) + _LOWER * (foot - _MIDDLE)
    if open_land.any():
        field = field.ravel()[nearest(open_land)]
    # Treetops reach beyond the outline of their wood.
    field = np.asarray(cv2.dilate(field, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, _TIPS)), np.float32)
    return np.asarray(np.maximum(field, _FAR), np.float32)


def _parted(ramp: Field, look: Landscape, sky: Region, regions: NDArray[np.int32]) -> Field:
    """Stand an open land upright on its ground, and put what lies in haze farther away.

    Upright things must not lean with the ground: columns are near as the ground's far end below them is.

    Source: He et al., "Single Image Haze Removal Using Dark Channel Prior", 2009, for the haze.
    """
    rows = look.size[1]
    foot = _ground_edge(regions)
    y = np.maximum(np.arange(rows, dtype=np.float32)[:, None], foot[None])
    far_end = np.interp(foot, np.arange(rows), ramp)[None]
    standing = np.minimum(far_end, _STANDING)
    share = (np.interp(y, np.arange(rows), ramp) - far_end) / np.maximum(ramp[-1] - far_end, 1e-3)
    field = standing + (ramp[-1] - standing) * share
    reach = round(_HAZE_REACH * max(look.size))
    darkest = cv2.erode(look.small.min(axis=-1), np.ones((reach, reach), np.uint8))
    haze = cv2.GaussianBlur(darkest, (0, 0), reach / 3).astype(np.float32) / np.float32(255)
    land = sky.cover < 0.5
    usual = float(haze[land].mean()) if land.any() else 0.0
    # What lies at the camera's feet is near whatever its colour.
    beyond = (rows - y) / np.maximum(rows - foot[None], 1)
    return np.asarray(np.maximum(field - _HAZE * beyond * (haze - usual), _FAR), np.float32)


def _ground_edge(regions: NDArray[np.int32]) -> NDArray[np.float32]:
    """Find the row in each column where what reaches down to the picture's bottom edge ends; smooth."""
    rows, columns = regions.shape
    at_bottom = np.isin(regions, np.unique(regions[-1]))
    at_bottom[0] = False
    edge = rows - np.argmin(at_bottom[::-1], axis=0).astype(np.float32)
    width = columns // 8 * 2 + 1
    around = np.lib.stride_tricks.sliding_window_view(np.pad(edge, width // 2, mode="edge"), width)
    smooth = cv2.GaussianBlur(np.median(around, axis=1).astype(np.float32)[None], (0, 0), width / 4)[0]
    return np.asarray(smooth, np.float32)


def _before_sky(land: Field, look: Landscape) -> Field:
    """Put the sky, if there is one, far behind a land."""
    sky = look.sky
    if sky is None or sky.confidence < _SURE_OF_SKY:
        return land
    cover = cv2.resize(sky.cover, land.shape[::-1], interpolation=cv2.INTER_LINEAR)
    # What rises thinly into the sky belongs to the land, and keeps its shape.
    cover = cv2.erode(cover, np.ones(_THIN, np.uint8))
    return _without_cliffs(np.where(cover > 0.5, np.float32(_SKY), land))


def _without_cliffs(field: Field) -> Field:
    """Raise what is far beside what is near, until nothing is steeper than a warp can follow."""
    drop = np.float32(_STEEPEST / max(field.shape))
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    for _ in range(math.ceil(float(np.ptp(field)) / float(drop))):
        field = np.maximum(field, cv2.dilate(field, cross) - drop)
    return np.asarray(cv2.GaussianBlur(field, (0, 0), 0.8), np.float32)


def find_horizon(frame: Frame) -> tuple[float, float]:
    """Find the height, as a share from the top, that best parts a picture in two bands of unlike colour.

    Returns the height and how certain it is, 0 to 1.

    Source: Otsu's criterion (variance between two classes over the whole variance), on the colours of rows.
    """
    lab = cv2.cvtColor(cv2.resize(frame, (64, 128), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    pixels = lab.astype(np.float64)
    rows = pixels.mean(axis=1)
    first, last = (round(share * len(rows)) for share in _HORIZON_RANGE)
    spread = [
        cut * (len(rows) - cut) * float(((rows[:cut].mean(axis=0) - rows[cut:].mean(axis=0)) ** 2).sum())
        for cut in range(first, last)
    ]
    best = int(np.argmax(spread))
    whole = float(pixels.var(axis=(0, 1)).sum()) * len(rows) ** 2
    separation = spread[best] / max(whole, 1e-6)
    return (first + best) / len(rows), float(np.clip((separation - 0.15) / 0.3, 0, 1))


def _behind(matte: Matte, size: tuple[int, int], height: int) -> Field:
    """A wall that turns into the ground on which the subject stands."""
    _, top, _, tall = matte.box
    foot = min(1.0, (top + tall) / height)
    y = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    ramp = _WALL + (_CONTACT - _WALL) * np.clip(y / max(foot, 0.1), 0, 1.1) ** 2
    return np.ascontiguousarray(np.broadcast_to(ramp, (size[1], size[0])), np.float32)


def _subject(matte: Matte, faces: tuple[Face, ...], size: tuple[int, int], scale: float) -> Field:
    """Rounded towards the outline; faces come forward."""
    # The outermost row and column count as inside, else a subject cut by the picture's edge curls there.
    margin = max(size)
    inside = np.asarray(cv2.resize(matte.alpha, size, interpolation=cv2.INTER_AREA) > 127, np.uint8)
    inside = np.pad(inside, margin, mode="edge")
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[margin:-margin, margin:-margin]
    roundness = np.sqrt(np.minimum(distance / (0.12 * max(size)), 1))
    field = 1 + _RELIEF * cv2.GaussianBlur(roundness, (0, 0), max(size) / 50)
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    for face in faces:
        centre, radius = np.array(face.centre) * scale, 0.55 * face.size * scale
        away = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / radius**2
        field += _FACE_RELIEF * np.exp(-away)
    return np.asarray(field, np.float32)
