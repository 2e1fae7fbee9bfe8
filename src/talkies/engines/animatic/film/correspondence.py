"""How two pictures of one size show the same scene: where each place of one lies in the other.

First one similarity for the whole picture (a zoom, a pan), found from matching points, then optical flow for
what remains, by lightness or by colour, whichever leaves the pictures more alike. The light may be another:
for the flow, the last picture's colours are spread as the first's. In a face that both show, the points of
its two meshes lead instead: flow mistakes an open mouth for anything dark.

Sources: Rublee et al., "ORB", 2011; Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016;
Bookstein, "Principal Warps: Thin-Plate Splines and the Decomposition of Deformations", 1989;
Gonzalez and Woods, "Digital Image Processing", 1992, histogram specification.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from talkies.engines.animatic.optics.projection import Kind, sample
from talkies.engines.animatic.vision.faces import Face
from talkies.media import Frame

Flow = NDArray[np.float32]
"""Displacements, `(height, width, 2)` float32, in pixels."""

_Grey = NDArray[np.uint8]
Tones = NDArray[np.uint8]
"""What each level of each channel becomes, `(256, 1, 3)` uint8."""

Pair = tuple[Face, Face]
"""A face in the first picture and the same face in the last."""

_FLOW_SIDE = 640  # pixels, the longer side of the copies between which flow is sought
_MATCH_SIDE = 800  # pixels, the same for matching points
_MIN_MATCHES = 25
_MAX_ZOOM = 4.0  # of one picture in the other
_LIKE_SHARE = 0.6  # of the common area on which both flows must agree
_LIKE_COLOUR = 26.0  # grey levels: mean difference after the flow that still counts as the same scene
_AGREE = 0.012  # of the width: disagreement of the two flows that hides a place
_MIN_COMMON = 0.06  # of the first picture's area, that both must show
_OTHER_LIGHT = 12.0  # grey levels, the mean change of all levels: more than another crop or exposure makes
_TONES = 128  # quantiles of the two pictures' colours that are laid on one another

_EXTREMES = (0.5, 99.5)  # percentiles of the colours that become black and white

_SAME_PLACE = 0.9  # sizes of the face: how far it may have moved between the pictures
_SAME_SIZE = 1.6  # how much larger it may have become
_FACE_RIM = 0.45  # sizes of the face around its mesh, in which the flow takes over again
_FACE_NODES = 24  # across a face's field: a mesh has no finer detail to tell
UNCHANGED: Tones = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(256, 1, 3)
_STIFFNESS = 3.0  # of the spline, in square pixels: the mesh net's own error is about a pixel


@dataclass(frozen=True)
class Similarity:
    """The map `p -> turn·p + offset` of the plane, with points as complex numbers x + iy."""

    turn: complex
    offset: complex

    def part(self, share: float) -> Similarity:
        """Go a share of the way from no change to this map, at a constant rate of zoom and turn."""
        turn = self.turn**share
        if abs(self.turn - 1) < 1e-9:
            return Similarity(turn, self.offset * share)
        return Similarity(turn, self.offset * (turn - 1) / (self.turn - 1))

    def inverse(self) -> Similarity:
        """Give the map back."""
        return Similarity(1 / self.turn, -self.offset / self.turn)

    def apply(self, points: Flow) -> Flow:
        """Map points `(..., 2)`."""
        turn = np.array([[self.turn.real, self.turn.imag], [-self.turn.imag, self.turn.real]], np.float32)
        return points @ turn + np.array([self.offset.real, self.offset.imag], np.float32)

    def matrix(self) -> NDArray[np.float64]:
        """Give the map as OpenCV's `(2, 3)` matrix."""
        a, b = self.turn, self.offset
        return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


@dataclass(frozen=True)
class Match:
    """How two pictures of one size belong together.

    `overall` takes a point of the first to the last, in pixels. What it leaves over is `forward`, from the
    first to the last as seen from the first, and `backward`; both in the first's pixels, at a reduced size,
    with `seen_first` and `seen_last`, 0 to 1, where the other picture confirms them.

    `relit_first` gives the first picture's colours in the last one's light, `relit_last` the reverse:
    tables for `cv2.LUT`, `(256, 1, 3)` uint8.
    """

    overall: Similarity
    forward: Flow
    backward: Flow
    seen_first: NDArray[np.float32]
    seen_last: NDArray[np.float32]
    relit_first: Tones = field(default_factory=lambda: UNCHANGED)
    relit_last: Tones = field(default_factory=lambda: UNCHANGED)

    @property
    def is_relit(self) -> bool:
        """Tell whether the pictures differ in their light: by day and by night, in the clear and in fog."""
        return float(np.abs(self.relit_first.astype(np.float32) - UNCHANGED).mean()) > _OTHER_LIGHT


def match_pictures(first: Frame, last: Frame) -> Match | None:
    """Find how two pictures of one size show the same scene, in whatever light; None when they do not."""
    overall = find_similarity(first, last) or Similarity(1 + 0j, 0j)
    scale = min(1.0, _FLOW_SIDE / max(first.shape[:2]))
    size = (round(first.shape[1] * scale), round(first.shape[0] * scale))
    aligned = cv2.warpAffine(
        last, overall.matrix(), first.shape[1::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    covered = cv2.warpAffine(
        np.full(first.shape[:2], 255, np.uint8),
        overall.matrix(),
        first.shape[1::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    common = np.asarray(cv2.resize(covered, size, interpolation=cv2.INTER_AREA) > 250, np.bool_)
    if common.mean() < _MIN_COMMON:
        return None
    small = [
        np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        for picture in (first, aligned)
    ]
    relit_first, relit_last = (
        _relit(*(picture[common] for picture in pair)) for pair in (small, small[::-1])
    )
    small[1] = np.asarray(cv2.LUT(small[1], relit_last), np.uint8)
    # Outside the last picture there is nothing to follow: there the first itself, whose flow is nothing.
    small[1] = np.where(common[..., None], small[1], small[0])
    limit = _AGREE * size[0]
    by_light = _follow(small[0], small[1], _lightness(small[0], small[1]))
    agreeing = (
        (by_light.gap_first < limit) & (by_light.gap_last < limit) & (by_light.unlike < 2 * _LIKE_COLOUR)
    )
    if agreeing[common].mean() < _LIKE_SHARE or by_light.unlike[common].mean() > _LIKE_COLOUR:
        return None
    by_colour = _follow(small[0], small[1], _main_colour(small[0], small[1]))
    best = min((by_light, by_colour), key=lambda found: float(found.unlike[common].mean()))
    return Match(
        overall,
        _calm(best.forward) / scale,
        _calm(best.backward) / scale,
        _trust(best.gap_first, limit),
        _trust(best.gap_last, limit),
        relit_first,
        relit_last,
    )


class _Found(NamedTuple):
    """Flows between two pictures, their gaps from each other's reverse, and what they leave unlike."""

    forward: Flow
    backward: Flow
    gap_first: NDArray[np.float32]
    gap_last: NDArray[np.float32]
    unlike: NDArray[np.float32]


def _follow(first: Frame, last: Frame, greys: tuple[_Grey, _Grey]) -> _Found:
    """Find where the places of each picture lie in the other, by what they look like in grey."""
    forward, backward = _flow(*greys), _flow(*greys[::-1])
    unlike = cv2.absdiff(_pull(last, forward), first).mean(axis=-1, dtype=np.float32)
    return _Found(
        forward, backward, _disagreement(forward, backward), _disagreement(backward, forward), unlike
    )


def _relit(colours: NDArray[np.uint8], goal: NDArray[np.uint8]) -> Tones:
    """Tell what makes of some colours, `(n, 3)`, a set of others, channel by channel.

    The darkest becomes the darkest, the median the median, the brightest the brightest.
    """
    shares = np.linspace(0, 1, _TONES)
    tables = []
    for channel in range(3):
        values, first = np.unique(np.quantile(colours[:, channel], shares), return_index=True)
        goals = np.quantile(goal[:, channel], shares)
        # What one level stands for many times becomes the mean of what those become.
        means = np.add.reduceat(goals, first) / np.diff([*first, _TONES])
        tables.append(np.interp(np.arange(256), values, means))
    return np.rint(np.stack(tables, axis=-1)).astype(np.uint8)[:, None]


def pair_faces(first: Sequence[Face], last: Sequence[Face], overall: Similarity) -> tuple[Pair, ...]:
    """Find the faces that both pictures show: near enough to where the whole picture's change takes them."""
    pairs: list[Pair] = []
    free = list(last)
    for face in first:
        there = overall.apply(np.array(face.centre, np.float32))
        size = face.size * abs(overall.turn)
        like = [
            other
            for other in free
            if math.hypot(*(there - other.centre)) < _SAME_PLACE * size
            and 1 / _SAME_SIZE < other.size / size < _SAME_SIZE
        ]
        if like:
            nearest = min(like, key=lambda other: math.hypot(*(there - other.centre)))
            free.remove(nearest)
            pairs.append((face, nearest))
    return tuple(pairs)


def follow_faces(match: Match, pairs: Sequence[Pair], width: int) -> Match:
    """Let the meshes lead inside the faces of two pictures of this width; at their rim the flow goes on."""
    scale = match.forward.shape[1] / width
    for one, other in pairs:
        here = one.mesh[:, :2]
        there = match.overall.inverse().apply(other.mesh[:, :2])
        forward, share_first = _led(match.forward, here, there - here, scale)
        backward, share_last = _led(match.backward, there, here - there, scale)
        match = replace(
            match,
            forward=forward,
            backward=backward,
            seen_first=np.maximum(match.seen_first, share_first),
            seen_last=np.maximum(match.seen_last, share_last),
        )
    return match


def _led(flow: Flow, points: Flow, ways: Flow, scale: float) -> tuple[Flow, NDArray[np.float32]]:
    """Replace a flow around some points by a spline through what is known there.

    Args:
        flow: displacements in pixels, at `scale` of the picture's size.
        points: `(n, 2)` in pixels.
        ways: `(n, 2)`, the displacements there.
        scale: see above.

    Returns the flow, and the share of the points' own displacements in it, 0 to 1.
    """
    size = float(np.sqrt(np.prod(np.ptp(points, axis=0))))
    rows, columns = flow.shape[:2]
    low = (points.min(axis=0) - _FACE_RIM * size) * scale
    high = (points.max(axis=0) + _FACE_RIM * size) * scale
    left, top = (max(math.floor(edge), 0) for edge in low)
    right, bottom = (min(math.ceil(edge) + 1, end) for edge, end in zip(high, (columns, rows), strict=True))
    if right - left < 2 or bottom - top < 2:
        return flow, np.zeros((rows, columns), np.float32)
    inside = np.zeros((bottom - top, right - left), np.uint8)
    hull = cv2.convexHull(np.asarray(points * scale - (left, top), np.float32))
    cv2.fillConvexPoly(inside, np.rint(hull).astype(np.int32), 1)
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3) / (_FACE_RIM * size * scale)
    near = np.clip(1 - away, 0, 1)
    part = (near * near * (3 - 2 * near)).astype(np.float32)
    spline = RBFInterpolator(points / size, ways, smoothing=_STIFFNESS / size)
    across = np.linspace(left, right - 1, _FACE_NODES) / scale / size
    down = np.linspace(top, bottom - 1, _FACE_NODES) / scale / size
    nodes = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    ways_at = spline(nodes).reshape(_FACE_NODES, _FACE_NODES, 2).astype(np.float32)
    led = _stretched(ways_at, right - left, bottom - top)
    result, share = flow.copy(), np.zeros((rows, columns), np.float32)
    beside = flow[top:bottom, left:right]
    result[top:bottom, left:right] = beside + part[..., None] * (led - beside)
    share[top:bottom, left:right] = part
    return result, share


def _stretched(nodes: Flow, width: int, height: int) -> Flow:
    """Enlarge a field whose outer nodes lie on the outer pixels."""
    x = np.linspace(0, nodes.shape[1] - 1, width, dtype=np.float32)
    y = np.linspace(0, nodes.shape[0] - 1, height, dtype=np.float32)
    return sample(nodes, np.stack(np.meshgrid(x, y), axis=-1), cv2.BORDER_REPLICATE)


def find_similarity(first: Frame, last: Frame) -> Similarity | None:
    """Find the zoom, turn and shift from the first picture to the last; None when none is clear."""
    scale = min(1.0, _MATCH_SIDE / max(first.shape[:2]))
    detector = cv2.ORB.create(nfeatures=2500, scaleFactor=1.2, nlevels=10, fastThreshold=10)
    points_first, words_first = _features(detector, first, scale)
    points_last, words_last = _features(detector, last, scale)
    if min(len(points_first), len(points_last)) < _MIN_MATCHES:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(words_first, words_last, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < 0.8 * pair[1].distance]
    if len(good) < _MIN_MATCHES:
        return None
    sources = points_first[[match.queryIdx for match in good]]
    targets = points_last[[match.trainIdx for match in good]]
    cv2.setRNGSeed(0)  # RANSAC draws from OpenCV's own generator
    matrix, inliers = cv2.estimateAffinePartial2D(
        sources, targets, method=cv2.RANSAC, ransacReprojThreshold=3, maxIters=2000, confidence=0.995
    )
    if matrix is None or int(inliers.sum()) < max(_MIN_MATCHES, 0.25 * len(good)):
        return None
    turn = complex(matrix[0, 0], matrix[1, 0])
    if not 1 / _MAX_ZOOM < abs(turn) < _MAX_ZOOM:
        return None
    return Similarity(turn, complex(matrix[0, 2], matrix[1, 2]) / scale)


def _features(
    detector: cv2.ORB, picture: Frame, scale: float
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Find points and their binary descriptors; both are empty in a picture without corners."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    points = detector.detect(small)
    points, words = detector.compute(small, points)
    places = np.array([point.pt for point in points], np.float32).reshape(-1, 2)
    return places, np.asarray(words if len(points) else np.zeros((0, 32)), np.uint8)


def _flow(source: _Grey, target: _Grey) -> Flow:
    """Find where each pixel of the source went: `source(p) ≈ target(p + flow(p))`."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    nothing = np.zeros((*source.shape, 2), np.float32)
    return np.asarray(dis.calc(source, target, nothing), np.float32)


def _lightness(one: Frame, other: Frame) -> tuple[_Grey, _Grey]:
    first, last = (
        np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8) for picture in (one, other)
    )
    return first, last


def _main_colour(one: Frame, other: Frame) -> tuple[_Grey, _Grey]:
    """Give two pictures in the one channel that tells their colours apart best: a grey jumper, a blue wall.

    It is the first principal component of both.
    """
    colours = np.concatenate([one.reshape(-1, 3), other.reshape(-1, 3)]).astype(np.float32)
    mean = colours.mean(axis=0)
    axis = np.linalg.eigh(np.cov(colours - mean, rowvar=False))[1][:, -1].astype(np.float32)
    values = (colours - mean) @ axis
    low, high = np.percentile(values, _EXTREMES)
    grey = np.clip((values - low) * np.float32(255 / max(high - low, 1.0)), 0, 255).astype(np.uint8)
    first, last = grey.reshape(2, *one.shape[:2])
    return first, last


def _pull(picture: NDArray[Kind], flow: Flow) -> NDArray[Kind]:
    """Read a picture where a flow leads."""
    rows, columns = flow.shape[:2]
    place = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).astype(np.float32) + flow
    return sample(picture, place, cv2.BORDER_REPLICATE)


def _disagreement(there: Flow, back: Flow) -> NDArray[np.float32]:
    """Tell how far from its start a pixel ends up after going there and back."""
    rest = there + np.asarray(_pull(back, there), np.float32)
    return np.asarray(np.hypot(rest[..., 0], rest[..., 1]), np.float32)


def _calm(flow: Flow) -> Flow:
    """Smooth a flow a little: its steps at block borders would show as wobble."""
    return np.asarray(cv2.GaussianBlur(flow, (0, 0), 2.0), np.float32)


def _trust(gap: NDArray[np.float32], limit: float) -> NDArray[np.float32]:
    """Turn disagreement into a weight, never quite nothing: hidden places still need some colour."""
    return np.asarray(cv2.GaussianBlur(0.08 + 0.92 * np.exp(-((gap / limit) ** 2)), (0, 0), 2.5), np.float32)
