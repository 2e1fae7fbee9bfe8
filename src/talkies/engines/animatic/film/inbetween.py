"""From the first frame to the last: true in-between pictures for like scenes, else two moves and a dissolve.

Each in-between is built from both pictures, each pulled part of the way along the displacement between them;
where only one of them shows a place, that one alone is used. Faces that both show speak and act in both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.film.correspondence import Flow, Match, follow_faces, match_pictures, pair_faces
from talkies.engines.animatic.film.filming import Overlay
from talkies.engines.animatic.film.meeting import MeetingFilm
from talkies.engines.animatic.living.acting import perform
from talkies.engines.animatic.living.air import make_air
from talkies.engines.animatic.living.company import FaceRig, rig_face
from talkies.engines.animatic.living.expression import Expression
from talkies.engines.animatic.living.flowing import Flow as Scenery
from talkies.engines.animatic.living.flowing import make_flow
from talkies.engines.animatic.living.performance import Performance
from talkies.engines.animatic.optics.camera import AT_REST
from talkies.engines.animatic.optics.projection import STEP, Lens, enlarge_grid, sample
from talkies.engines.animatic.optics.textures import crisp, double
from talkies.engines.animatic.sound.soundtrack import speak_line
from talkies.engines.animatic.vision.faces import Face
from talkies.engines.animatic.vision.scene import Scene
from talkies.media import Frame
from talkies.plan import Plan, Shot

_FEATHER = 0.06  # of the width: how gradually a picture ends where it shows no more
_UNREST = 0.003  # of the width: a search that still moves so far has found nothing
_LEAST_TRUST = 0.002  # in what was found all the same: a place that neither picture shows needs some colour
_ITERATIONS = 4  # to find which place a displacement brings to a point


@dataclass(frozen=True)
class Role:
    """A face that both pictures show, and what it does in each frame."""

    first: Face
    last: Face
    performance: Performance


class BetweenFilm:
    """The in-between frames of two like pictures, eased over the shot.

    Args:
        first, last: the prepared pictures, which the first and the last frame are exactly.
        match: how they belong together.
        frame_count: of the shot.
        roles: faces that act on the way.
        scenery: what moves by itself on the way, as the first picture shows it.
        overlays: drawn over each frame between the ends, in this order.
    """

    def __init__(
        self,
        first: Frame,
        last: Frame,
        match: Match,
        frame_count: int,
        roles: Sequence[Role] = (),
        overlays: Sequence[Overlay] = (),
        scenery: Scenery | None = None,
    ) -> None:
        self._match, self._roles, self._overlays = match, roles, overlays
        self._scenery = scenery
        self._frame_count = frame_count
        self._lens = Lens(first.shape[1], first.shape[0], (0.0, 0.0))
        self._nodes = self._lens.to_pixels(self._lens.nodes())
        self._first = _Picture(first, [role.first for role in roles])
        self._last = _Picture(last, [role.last for role in roles])

    def frame(self, index: int) -> Frame:
        """Render one frame; after the last it stays."""
        if index <= 0:
            return self._first.frame.copy()
        if index >= self._frame_count - 1:
            return self._last.frame.copy()
        frame = self._between(index)
        for overlay in self._overlays:
            overlay.draw(frame, index, AT_REST)
        return frame

    def _between(self, index: int) -> Frame:
        share = _eased(index / (self._frame_count - 1))
        match = self._match
        here = match.overall.part(share)
        seen = self._stirred(here.inverse().apply(self._nodes), index)
        from_first, shown_first = self._came_from(match.forward, match.seen_first, seen, share)
        aligned_last, shown_last = self._came_from(match.backward, match.seen_last, seen, 1 - share)
        from_last = match.overall.apply(aligned_last)
        weight_first = (1 - share) * shown_first * self._inside(from_first)
        weight_last = share * shown_last * self._inside(from_last)
        expressions = [role.performance.expression(index) for role in self._roles]
        old = self._first.show(from_first, 1 / abs(here.turn), expressions)
        new = self._last.show(from_last, abs(match.overall.turn / here.turn), expressions)
        share_of_last = weight_last / (weight_first + weight_last + np.float32(1e-6))
        last_share = enlarge_grid(np.asarray(share_of_last, np.float32), self._lens.width, self._lens.height)
        return np.asarray(cv2.blendLinear(new, old, last_share, 1 - last_share), np.uint8)

    def _stirred(self, points: Flow, index: int) -> Flow:
        """Find what points of the first picture show once its water and clouds have moved."""
        if self._scenery is None:
            return points
        ways = [np.float32(share) * self._read(way, points) for way, share in self._scenery.samples(index)]
        return np.asarray(points - np.float32(self._lens.width) * sum(ways, np.float32(0)), np.float32)

    def _came_from(
        self, flow: Flow, confirmed: NDArray[np.float32], points: Flow, share: float
    ) -> tuple[Flow, NDArray[np.float32]]:
        """Find the places that a share of their own displacement brings to some points.

        Also tells how surely they are what is to be seen there: where things part or hide one another no
        place comes to a point, and the search does not settle.
        """
        found, before = points, points
        for _ in range(_ITERATIONS):
            found, before = points - np.float32(share) * self._read(flow, found), found
        unrest = np.square(found - before).sum(axis=-1) / (_UNREST * self._lens.width) ** 2
        settled = _LEAST_TRUST + (1 - _LEAST_TRUST) * np.exp(-unrest)
        return found, np.asarray(settled * self._read(confirmed, found), np.float32)

    def _read(self, field: NDArray[np.float32], pixels: Flow) -> NDArray[np.float32]:
        width, height = self._lens.width, self._lens.height
        middle = np.array([(width - 1) / 2, (height - 1) / 2], np.float32)
        return self._lens.look_up(field, (pixels - middle) / np.float32(width))

    def _inside(self, pixels: Flow) -> NDArray[np.float32]:
        """Tell how far points lie inside a picture, 0 at its edge and 1 from the feather's width on."""
        width, height = self._lens.width, self._lens.height
        x, y = pixels[..., 0], pixels[..., 1]
        depth = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y)) + STEP
        return np.asarray(np.clip(depth / (_FEATHER * width), 1e-3, 1), np.float32)


class _Picture:
    """A picture at several sizes, with faces that can be drawn into each."""

    def __init__(self, frame: Frame, faces: Sequence[Face]) -> None:
        self.frame = frame
        self._levels = _levels(frame)
        self._faces = faces
        self._rigs: dict[int, list[FaceRig]] = {}

    def show(self, places: Flow, reduction: float, expressions: Sequence[Expression]) -> Frame:
        """Read the picture at places on the grid, from the level whose pixels are nearest to the output's."""
        level = min(max(math.ceil(math.log2(max(reduction, 1e-6)) - 0.3), 0), len(self._levels) - 1)
        pixels, density = self._levels[level], 2 / 2**level
        # Reduced levels average pixel pairs, which moves pixel centres; the doubled one keeps them.
        corner = 0.0 if level == 0 else 0.5 / density - 0.5
        if level not in self._rigs:
            self._rigs[level] = [rig_face(face, pixels, (corner, corner), density) for face in self._faces]
        height, width = self.frame.shape[:2]
        grid = enlarge_grid(np.asarray((places - corner) * density, np.float32), width, height)
        with ExitStack() as stack:
            for rig, expression in zip(self._rigs[level], expressions, strict=True):
                stack.enter_context(rig.drawn(pixels, expression))
            return sample(pixels, grid, cv2.BORDER_REFLECT_101)


def film_between(plan: Plan, shot: Shot, first: Scene, last: Scene) -> BetweenFilm | MeetingFilm:
    """Set up a shot from one picture to another. Its first and last frames are the prepared ones exactly."""
    match = match_pictures(first.prepared, last.prepared)
    if match is None:
        return MeetingFilm(plan, shot, first, last)
    pairs = pair_faces(first.faces, last.faces, match.overall)
    match = follow_faces(match, pairs, first.width)
    ends = {"opens_whole": True, "closes_whole": True}
    performances = perform(plan, shot, first.faces, partial(speak_line, seed=plan.seed), **ends)
    acted = dict(zip(map(id, first.faces), performances, strict=True))
    roles = [Role(one, other, acted[id(one)]) for one, other in pairs]
    air = make_air(plan, shot, first, plan.seed, focus=(0.0, 0.0), **ends)
    overlays = [] if air is None else [air]
    scenery = make_flow(plan, shot, first, plan.seed, focus=(0.0, 0.0), tail=0, **ends)
    return BetweenFilm(first.prepared, last.prepared, match, shot.frame_count, roles, overlays, scenery)


def _levels(picture: Frame) -> tuple[Frame, ...]:
    """Give a picture doubled, itself, halved and quartered: for sampling at any size without aliasing."""
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    quarter = cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return crisp(double(picture)), picture, np.asarray(half, np.uint8), np.asarray(quarter, np.uint8)


def _eased(share: float) -> float:
    """Ease in and out, but with some speed at once, so that no two neighbour frames are alike."""
    return 0.85 * share * share * (3 - 2 * share) + 0.15 * share
