"""From the first frame to the last: true in-between pictures for like scenes, else two moves and a dissolve.

Like scenes are brought together in two steps: one similarity for the whole picture (a zoom, a pan), found
from matching points, and optical flow for what remains. Each in-between is built from both pictures, each
pulled part of the way; where only one of them shows a place, that one alone is used.

Sources: Rublee et al., "ORB", 2011; Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.camera import WHOLE, join_ends, make_room, plan_path
from talkies.engines.animatic.filming import ShotFilm, measure_overflow
from talkies.engines.animatic.framing import find_focus
from talkies.engines.animatic.life import give_life
from talkies.engines.animatic.projection import STEP, Kind, Lens, enlarge_grid, sample
from talkies.engines.animatic.scene import Scene
from talkies.engines.animatic.textures import crisp, double
from talkies.engines.animatic.transitions import mix
from talkies.media import Frame
from talkies.plan import Shot

Flow = NDArray[np.float32]
"""Displacements, `(height, width, 2)` float32, in pixels."""

_FLOW_SIDE = 640  # pixels, the longer side of the copies between which flow is sought
_MATCH_SIDE = 800  # pixels, the same for matching points
_MIN_MATCHES = 25
_MAX_ZOOM = 4.0  # of one picture in the other
_LIKE_SHARE = 0.6  # of the common area on which both flows must agree
_LIKE_COLOUR = 26.0  # grey levels: mean difference after the flow that still counts as the same scene
_AGREE = 0.012  # of the width: disagreement of the two flows that hides a place
_MIN_COMMON = 0.06  # of the first picture's area, that both must show
_FEATHER = 0.06  # of the width: how gradually a picture ends where it shows no more
_DISSOLVE_SHARE = (0.3, 0.7)  # of the shot, where unlike pictures dissolve


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
    """

    overall: Similarity
    forward: Flow
    backward: Flow
    seen_first: NDArray[np.float32]
    seen_last: NDArray[np.float32]


class BetweenFilm:
    """The in-between frames of two like pictures, eased over the shot."""

    def __init__(self, first: Frame, last: Frame, match: Match, frame_count: int) -> None:
        self._first, self._last, self._match = first, last, match
        self._frame_count = frame_count
        self._lens = Lens(first.shape[1], first.shape[0], (0.0, 0.0))
        self._nodes = self._lens.to_pixels(self._lens.nodes())
        self._first_levels, self._last_levels = _levels(first), _levels(last)

    def frame(self, index: int) -> Frame:
        """Render one frame; after the last it stays."""
        if index <= 0:
            return self._first.copy()
        if index >= self._frame_count - 1:
            return self._last.copy()
        share = _eased(index / (self._frame_count - 1))
        match = self._match
        here = match.overall.part(share)
        in_first = here.inverse().apply(self._nodes)
        from_first = in_first - share * self._read(match.forward, in_first)
        from_last = match.overall.apply(in_first - (1 - share) * self._read(match.backward, in_first))
        weight_first = (1 - share) * self._inside(from_first) * self._read(match.seen_first, in_first)
        weight_last = share * self._inside(from_last) * self._read(match.seen_last, in_first)
        old = self._sample(self._first_levels, from_first, 1 / abs(here.turn))
        new = self._sample(self._last_levels, from_last, abs(match.overall.turn / here.turn))
        share_of_last = weight_last / (weight_first + weight_last + np.float32(1e-6))
        last_share = enlarge_grid(np.asarray(share_of_last, np.float32), *self._size)
        return np.asarray(cv2.blendLinear(new, old, last_share, 1 - last_share), np.uint8)

    @property
    def _size(self) -> tuple[int, int]:
        return self._lens.width, self._lens.height

    def _read(self, field: NDArray[np.float32], pixels: Flow) -> NDArray[np.float32]:
        width, height = self._size
        middle = np.array([(width - 1) / 2, (height - 1) / 2], np.float32)
        return self._lens.look_up(field, (pixels - middle) / np.float32(width))

    def _inside(self, pixels: Flow) -> NDArray[np.float32]:
        """Tell how far points lie inside a picture, 0 at its edge and 1 from the feather's width on."""
        width, height = self._size
        x, y = pixels[..., 0], pixels[..., 1]
        depth = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y)) + STEP
        return np.asarray(np.clip(depth / (_FEATHER * width), 1e-3, 1), np.float32)

    def _sample(self, levels: tuple[Frame, ...], pixels: Flow, reduction: float) -> Frame:
        """Sample a picture at the level whose pixels are nearest to the output's."""
        level = min(max(math.ceil(math.log2(max(reduction, 1e-6)) - 0.3), 0), len(levels) - 1)
        texture, density = levels[level], 2 / 2**level
        # Reduced levels average pixel pairs, which moves pixel centres; the doubled one keeps them.
        grid = pixels * density if level == 0 else (pixels + 0.5) * density - 0.5
        full = enlarge_grid(np.asarray(grid, np.float32), *self._size)
        return sample(texture, full, cv2.BORDER_REFLECT_101)


class DissolvingFilm:
    """Two unlike pictures in one shot: the camera moves in both while one dissolves into the other."""

    def __init__(self, first: Scene, last: Scene, shot: Shot, seed: int) -> None:
        self._frame_count = shot.frame_count
        self._first = film_whole(first, shot, seed, closing=False)
        self._last = film_whole(last, shot, seed, closing=True)

    def frame(self, index: int) -> Frame:
        """Render one frame; after the last it stays."""
        index = min(index, self._frame_count - 1)
        start, end = _DISSOLVE_SHARE
        progress = (index / max(self._frame_count - 1, 1) - start) / (end - start)
        if progress <= 0:
            return self._first.frame(index)
        if progress >= 1:
            return self._last.frame(index)
        return mix(self._first.frame(index), self._last.frame(index), "dissolve", progress)


def film_between(first: Scene, last: Scene, shot: Shot, seed: int) -> BetweenFilm | DissolvingFilm:
    """Set up a shot from one picture to another. Its first and last frames are the prepared ones exactly."""
    match = match_pictures(first.prepared, last.prepared)
    if match is not None:
        return BetweenFilm(first.prepared, last.prepared, match, shot.frame_count)
    return DissolvingFilm(first, last, shot, seed)


def film_whole(scene: Scene, shot: Shot, seed: int, *, closing: bool) -> ShotFilm:
    """Film a whole picture with a shot's moves, from rest or to rest."""
    focus = find_focus(scene)
    ends = {"opens_whole": not closing, "closes_whole": closing}
    path = plan_path(shot.moves, WHOLE, focus, shot.frame_count, seed + shot.start_frame, **ends)
    path = make_room(path, partial(measure_overflow, scene, focus))
    poses = join_ends(path, framed=False, still=False, **ends)
    return ShotFilm(scene, poses, focus, give_life(scene, seed, shot.frame_count - 1 if closing else None))


def match_pictures(first: Frame, last: Frame) -> Match | None:
    """Find how two pictures of one size show the same scene; None when they do not."""
    overall = _find_similarity(first, last)
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
    # Outside the last picture there is nothing to follow: there the first itself, whose flow is nothing.
    small[1] = np.where(common[..., None], small[1], small[0])
    forward, backward = _flow(small[0], small[1]), _flow(small[1], small[0])
    limit = _AGREE * size[0]
    gap_first, gap_last = _disagreement(forward, backward), _disagreement(backward, forward)
    pulled = _pull(small[1], forward)
    unlike = cv2.absdiff(pulled, small[0]).mean(axis=-1)
    agreeing = (gap_first < limit) & (gap_last < limit) & (unlike < 2 * _LIKE_COLOUR)
    if agreeing[common].mean() < _LIKE_SHARE or unlike[common].mean() > _LIKE_COLOUR:
        return None
    return Match(
        overall,
        _calm(forward) / scale,
        _calm(backward) / scale,
        _trust(gap_first, limit),
        _trust(gap_last, limit),
    )


def _find_similarity(first: Frame, last: Frame) -> Similarity:
    """Find the zoom, turn and shift from the first picture to the last; no change when none is clear."""
    nothing = Similarity(1 + 0j, 0j)
    scale = min(1.0, _MATCH_SIDE / max(first.shape[:2]))
    detector = cv2.ORB.create(nfeatures=2500, scaleFactor=1.2, nlevels=10, fastThreshold=10)
    points_first, words_first = _features(detector, first, scale)
    points_last, words_last = _features(detector, last, scale)
    if min(len(points_first), len(points_last)) < _MIN_MATCHES:
        return nothing
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(words_first, words_last, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < 0.8 * pair[1].distance]
    if len(good) < _MIN_MATCHES:
        return nothing
    sources = points_first[[match.queryIdx for match in good]]
    targets = points_last[[match.trainIdx for match in good]]
    cv2.setRNGSeed(0)  # RANSAC draws from OpenCV's own generator
    matrix, inliers = cv2.estimateAffinePartial2D(
        sources, targets, method=cv2.RANSAC, ransacReprojThreshold=3, maxIters=2000, confidence=0.995
    )
    if matrix is None or int(inliers.sum()) < max(_MIN_MATCHES, 0.25 * len(good)):
        return nothing
    turn = complex(matrix[0, 0], matrix[1, 0])
    if not 1 / _MAX_ZOOM < abs(turn) < _MAX_ZOOM:
        return nothing
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


def _flow(source: Frame, target: Frame) -> Flow:
    """Find where each pixel of the source went: `source(p) ≈ target(p + flow(p))`."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    greys = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (source, target)]
    nothing = np.zeros((*source.shape[:2], 2), np.float32)
    return np.asarray(dis.calc(greys[0], greys[1], nothing), np.float32)


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


def _levels(picture: Frame) -> tuple[Frame, ...]:
    """Give a picture doubled, itself, halved and quartered: for sampling at any size without aliasing."""
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    quarter = cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return crisp(double(picture)), picture, np.asarray(half, np.uint8), np.asarray(quarter, np.uint8)


def _eased(share: float) -> float:
    """Ease in and out, but with some speed at once, so that no two neighbour frames are alike."""
    return 0.85 * share * share * (3 - 2 * share) + 0.15 * share
