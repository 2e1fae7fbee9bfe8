"""From the first frame to the last: true in-between pictures for like scenes, else two moves and a dissolve.

Each in-between is built from both pictures, each pulled part of the way along the displacement between them;
where only one of them shows a place, that one alone is used. Faces that both show speak and act in both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.film.correspondence import (
    UNCHANGED,
    Flow,
    Match,
    Similarity,
    Tones,
    follow_faces,
    match_pictures,
    pair_faces,
)
from talkies.engines.animatic.film.filming import Overlay
from talkies.engines.animatic.film.meeting import MeetingFilm
from talkies.engines.animatic.living.acting import perform
from talkies.engines.animatic.living.air import make_air
from talkies.engines.animatic.living.company import Drawing, rig_face
from talkies.engines.animatic.living.expression import Expression
from talkies.engines.animatic.living.flowing import Flow as Scenery
from talkies.engines.animatic.living.flowing import make_flow
from talkies.engines.animatic.living.performance import Performance
from talkies.engines.animatic.optics.camera import AT_REST, Pose
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
_ARC = 0.044  # of the width, that a point at inverse depth 1 is seen to go aside half-way
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
        scenery: what moves by itself on the way, as the first picture shows it: from that picture on, and
            towards the last one. So clouds go one way all the time.
        depth: of the first picture, through which the camera goes in a slight arc; straight without it.
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
        scenery: tuple[Scenery, Scenery] | None = None,
        depth: NDArray[np.float32] | None = None,
    ) -> None:
        self._match, self._roles, self._overlays = match, roles, overlays
        self._scenery = scenery
        self._depth = depth
        self._frame_count = frame_count
        self._lens = Lens(first.shape[1], first.shape[0], (0.0, 0.0))
        self._nodes = self._lens.to_pixels(self._lens.nodes())
        self._first = _Picture(first, [role.first for role in roles])
        self._last = _Picture(last, [role.last for role in roles])

    def prepare(self) -> None:
        """Nothing is left to make: both pictures are there at their sizes."""

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
        seen = self._from_aside(here.inverse().apply(self._nodes), index)
        since_first, until_last = (self._stirred(seen, index, part) for part in (0, 1))
        from_first, shown_first = self._came_from(match.forward, match.seen_first, since_first, share)
        aligned_last, shown_last = self._came_from(match.backward, match.seen_last, until_last, 1 - share)
        from_last = match.overall.apply(aligned_last)
        weight_first = (1 - share) * shown_first * self._inside(from_first)
        weight_last = share * shown_last * self._inside(from_last)
        expressions = [role.performance.expression(index) for role in self._roles]
        old = self._first.show(from_first, 1 / abs(here.turn), expressions)
        new = self._last.show(from_last, abs(match.overall.turn / here.turn), expressions)
        # Both in the light of the moment: where only one of them is seen there would be a stain else.
        old, new = _lit(old, match.relit_first, share), _lit(new, match.relit_last, 1 - share)
        share_of_last = weight_last / (weight_first + weight_last + np.float32(1e-6))
        last_share = enlarge_grid(np.asarray(share_of_last, np.float32), self._lens.width, self._lens.height)
        frame = np.asarray(cv2.blendLinear(new, old, last_share, 1 - last_share), np.uint8)
        if self._scenery is not None:
            self._scenery[0].draw(frame, index, self._pose(here), presence=1 - share)
        return frame

    def _pose(self, here: Similarity) -> Pose:
        """Give the camera that sees the first picture as a similarity brings it into the frame."""
        back = here.inverse()
        size = complex(self._lens.width - 1, self._lens.height - 1)
        middle = (back.turn * size / 2 + back.offset - size / 2) / self._lens.width
        return Pose(
            x=middle.real, y=middle.imag, zoom=abs(here.turn), roll=math.atan2(back.turn.imag, back.turn.real)
        )

    def _from_aside(self, points: Flow, index: int) -> Flow:
        """Find what points of the first picture show from beside the straight way to the last one."""
        if self._depth is None:
            return points
        aside = _ARC * self._lens.width * math.sin(math.pi * index / (self._frame_count - 1)) ** 2
        moved = points.copy()
        moved[..., 0] += np.float32(aside) * (self._read(self._depth, points) - self._depth.mean())
        return moved

    def _stirred(self, points: Flow, index: int, part: int) -> Flow:
        """Find what points of the first picture show once its water and clouds have moved."""
        if self._scenery is None:
            return points
        samples = self._scenery[part].samples(index)
        ways = [np.float32(share) * self._read(way, points) for way, share in samples]
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
        self._drawings: dict[int, Drawing] = {}  # by level
        self._preparing = Lock()

    def show(self, places: Flow, reduction: float, expressions: Sequence[Expression]) -> Frame:
        """Read the picture at places on the grid, from the level whose pixels are nearest to the output's."""
        level = min(max(math.ceil(math.log2(max(reduction, 1e-6)) - 0.3), 0), len(self._levels) - 1)
        pixels, density = self._levels[level], 2 / 2**level
        # Reduced levels average pixel pairs, which moves pixel centres; the doubled one keeps them.
        corner = 0.0 if level == 0 else 0.5 / density - 0.5
        height, width = self.frame.shape[:2]
        grid = enlarge_grid(np.asarray((places - corner) * density, np.float32), width, height)
        with self._preparing:
            if level not in self._drawings:
                rigs = [rig_face(face, pixels, (corner, corner), density) for face in self._faces]
                self._drawings[level] = Drawing(list(enumerate(rigs)))
        with self._drawings[level].made(lambda: pixels, expressions.__getitem__) as drawn:
            return sample(drawn, grid, cv2.BORDER_REFLECT_101)


def film_between(plan: Plan, shot: Shot, first: Scene, last: Scene) -> BetweenFilm | MeetingFilm:
    """Set up a shot from one picture to another. Its first and last frames are the prepared ones exactly."""
    match = match_pictures(first.prepared, last.prepared)
    if match is None:
        return MeetingFilm(plan, shot, first, last)
    pairs = pair_faces(first.faces, last.faces, match.overall)
    match = follow_faces(match, pairs, first.width)
    ends = {"opens_whole": True, "closes_whole": True}
    performances = perform(plan, shot, first.faces, partial(speak_line, seed=plan.seed), scene=first, **ends)
    acted = dict(zip(map(id, first.faces), performances, strict=True))
    roles = [Role(one, other, acted[id(one)]) for one, other in pairs]
    air = make_air(plan, shot, first, plan.seed, focus=(0.0, 0.0), relit=match.is_relit, **ends)
    overlays = [] if air is None else [air]
    stir = partial(make_flow, plan, shot, first.flat, plan.seed, focus=(0.0, 0.0), tail=0)
    since = stir(opens_whole=True, closes_whole=False)
    until = stir(opens_whole=False, closes_whole=True)
    scenery = None if since is None or until is None else (since, until)
    film = partial(BetweenFilm, first.prepared, last.prepared, match, shot.frame_count, roles, overlays)
    # What is cut out has a depth apart from what is behind it, and flow follows it badly.
    has_depth = first.matte is None and last.matte is None
    return film(scenery, first.depth.background if has_depth else None)


def _levels(picture: Frame) -> tuple[Frame, ...]:
    """Give a picture doubled, itself, halved and quartered: for sampling at any size without aliasing."""
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    quarter = cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return crisp(double(picture)), picture, np.asarray(half, np.uint8), np.asarray(quarter, np.uint8)


def _lit(frame: Frame, relit: Tones, share: float) -> Frame:
    """Bring a picture a share of the way into another light."""
    tones = cv2.addWeighted(relit, share, UNCHANGED, 1 - share, 0)
    return np.asarray(cv2.LUT(frame, tones), np.uint8)


def _eased(share: float) -> float:
    """Ease in and out, but with some speed at once, so that no two neighbour frames are alike."""
    return 0.85 * share * share * (3 - 2 * share) + 0.15 * share
