"""Two unlike pictures in one shot: what each is about is brought to one place, and there they dissolve.

The camera goes towards the first picture's face, or its subject, until that lies where the last picture's
will lie, as large and as upright; while both hold nearly still one becomes the other, and the camera goes
back to the whole last picture: the eye has one thing to follow. Where two pictures show one place from other
standpoints, that thing is what both show. Pictures without one go out of focus while they dissolve, so that
no two sharp images are seen at once.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from talkies.engines.animatic.film.correspondence import find_similarity
from talkies.engines.animatic.film.filming import Overflow, ShotFilm
from talkies.engines.animatic.film.staging import set_up
from talkies.engines.animatic.film.transitions import mix
from talkies.engines.animatic.optics.camera import (
    AT_REST,
    WHOLE,
    Pose,
    between,
    plan_path,
)
from talkies.engines.animatic.optics.depth_of_field import blur
from talkies.engines.animatic.optics.framing import find_focus
from talkies.engines.animatic.optics.room import join_ends, make_room
from talkies.engines.animatic.vision.scene import Scene
from talkies.media import Frame
from talkies.plan import Plan, Shot

_DISSOLVE_SHARE = (0.32, 0.68)  # of the shot
_FACES_DISSOLVE_SHARE = (0.425, 0.575)  # between two faces: what is beside them lies badly over itself
_PLACE_DISSOLVE_SHARE = (0.46, 0.54)  # between two views of one place: so does what is nearer or farther
_ARRIVED = (
    0.48  # of the shot: when the first picture's camera is there, and as long before its end the last's
)
_SOFT_SHARE = (0.26, 0.74)  # of the shot, where pictures without a mark are out of focus
_SOFTEST = 0.02  # picture widths: radius of the disc that a point becomes in the middle
_NEARER = 1.12  # enlargement of both pictures at the least where they meet
_MOST_ZOOM = 2.4  # enlargement of the one whose subject is smaller
_MOST_ROLL = math.radians(12)
_SIZE_STEP = 1.06
_GRID = 24  # places across and down, by which the common part of two pictures is measured
_LEAST_COMMON = 0.25  # of the first picture, that the last shows too
_RIGHT_EYE, _LEFT_EYE = 33, 263  # outer corners in the mesh
_FLOOR = 0.12  # of the mean speed, that a camera keeps so that no two neighbour frames are alike


class _Mark(NamedTuple):
    """What a picture is about: where, in picture widths from the centre, how large and how tilted."""

    x: float
    y: float
    size: float
    angle: float


class MeetingFilm:
    """The frames of a shot between two unlike pictures; its ends are the prepared pictures exactly."""

    def __init__(self, plan: Plan, shot: Shot, first: Scene, last: Scene) -> None:
        self._frame_count = shot.frame_count
        self._softest = 0.0
        place = None if first.faces and last.faces else _common_place(first, last)
        self._dissolve = _DISSOLVE_SHARE if place is None else _PLACE_DISSOLVE_SHARE
        if first.faces and last.faces:
            self._dissolve = _FACES_DISSOLVE_SHARE
        marks = place or (_mark(first), _mark(last))
        # The prompt's own moves come first, but not before the one that leads from place to place.
        if marks[0] is None or marks[1] is None or (shot.moves and place is None):
            self._first = _film_whole(plan, shot, first, closing=False)
            self._last = _film_whole(plan, shot, last, closing=True)
            self._softest = _SOFTEST * first.width
            return
        here, there = _meet(marks[0], marks[1], first.height / first.width)
        self._first = _film_towards(plan, shot, first, here, closing=False)
        self._last = _film_towards(plan, shot, last, there, closing=True)

    def prepare(self) -> None:
        """Make the textures of the first frames now."""
        self._first.prepare()

    def frame(self, index: int) -> Frame:
        """Render one frame; after the last it stays."""
        index = min(index, self._frame_count - 1)
        done = index / max(self._frame_count - 1, 1)
        progress = _within(self._dissolve, done)
        if progress <= 0:
            frame = self._first.frame(index)
        elif progress >= 1:
            frame = self._last.frame(index)
        else:
            frame = mix(self._first.frame(index), self._last.frame(index), "dissolve", progress)
        return blur(frame, self._softest * math.sin(math.pi * _within(_SOFT_SHARE, done)) ** 2)


def _within(span: tuple[float, float], done: float) -> float:
    """Tell how much of a span of the shot is over, 0 to 1."""
    start, end = span
    return min(max((done - start) / (end - start), 0.0), 1.0)


def _mark(scene: Scene) -> _Mark | None:
    """Tell what a picture is about; None when nothing stands out."""
    if scene.faces:
        face = scene.faces[0]
        across, down = (float(way) for way in face.mesh[_LEFT_EYE, :2] - face.mesh[_RIGHT_EYE, :2])
        return _Mark(*_place(scene, face.centre), face.size / scene.width, math.atan2(down, across))
    if scene.matte is None:
        return None
    x, y, width, height = scene.matte.box
    return _Mark(
        *_place(scene, (x + width / 2, y + height / 2)), math.sqrt(width * height) / scene.width, 0.0
    )


def _common_place(first: Scene, last: Scene) -> tuple[_Mark, _Mark] | None:
    """Find the middle of what two pictures of one place both show; None when they show too little of it."""
    change = find_similarity(first.prepared, last.prepared)
    if change is None or not 1 / _MOST_ZOOM < abs(change.turn) < _MOST_ZOOM:
        return None
    places = np.indices((_GRID, _GRID)).reshape(2, -1).T[:, ::-1] + 0.5
    here = np.asarray(places * (first.width / _GRID, first.height / _GRID), np.float32)
    there = change.apply(here)
    common = ((there > 0) & (there < (last.width, last.height))).all(axis=1)
    if common.mean() < _LEAST_COMMON:
        return None
    middles = here[common].mean(axis=0), there[common].mean(axis=0)
    return (
        _Mark(*_place(first, tuple(middles[0])), 1.0, 0.0),
        _Mark(*_place(last, tuple(middles[1])), abs(change.turn), cmath.phase(change.turn)),
    )


def _place(scene: Scene, point: tuple[float, float]) -> tuple[float, float]:
    return (point[0] - scene.width / 2) / scene.width, (point[1] - scene.height / 2) / scene.width


def _meet(first: _Mark, last: _Mark, aspect: float) -> tuple[Pose, Pose]:
    """Find poses in both pictures that show their marks at one place and one size, inside both pictures."""
    size = _NEARER * max(first.size, last.size)
    zooms = [min(size / mark.size, _MOST_ZOOM) for mark in (first, last)]
    roll = float(np.clip((first.angle - last.angle) / 2, -_MOST_ROLL, _MOST_ROLL))
    # The larger the view's enlargement, the freer its place: enlarge both until one place suits both.
    while True:
        places = [
            _common(first_at, last_at, zooms, side)
            for first_at, last_at, side in ((first.x, last.x, 1.0), (first.y, last.y, aspect))
        ]
        if None not in places or max(zooms) >= _MOST_ZOOM * 1.5:
            break
        zooms = [zoom * _SIZE_STEP for zoom in zooms]
    x, y = (place or 0.0 for place in places)
    return _shown_at(first, (x, y), zooms[0], roll), _shown_at(last, (x, y), zooms[1], -roll)


def _shown_at(mark: _Mark, place: tuple[float, float], zoom: float, roll: float) -> Pose:
    """Find the pose that shows a mark at a place of the screen."""
    cosine, sine = math.cos(roll), math.sin(roll)
    x, y = place[0] / zoom, place[1] / zoom
    return Pose(x=mark.x - cosine * x + sine * y, y=mark.y - sine * x - cosine * y, zoom=zoom, roll=roll)


def _common(first: float, last: float, zooms: Sequence[float], side: float) -> float | None:
    """Find a place on the screen, along one axis, to which both marks can be brought; None without one."""
    spans = []
    for at, zoom in zip((first, last), zooms, strict=True):
        room = (zoom - 1) / 2 * side
        spans.append((at * zoom - room, at * zoom + room))
    low, high = max(span[0] for span in spans), min(span[1] for span in spans)
    return None if low > high else float(np.clip((first + last) / 2, low, high))


def _film_towards(plan: Plan, shot: Shot, scene: Scene, goal: Pose, *, closing: bool) -> ShotFilm:
    """Film a picture from rest to a pose, or from it to rest."""
    count = shot.frame_count
    poses = []
    for index in range(count):
        done = (count - 1 - index) / max(count - 1, 1) if closing else index / max(count - 1, 1)
        share = _eased(done / _ARRIVED)
        poses.append(between(AT_REST, goal, share) if share > 0 else AT_REST)
    focus = find_focus(scene)
    path = make_room(poses, Overflow(scene, focus))
    ends = {"opens_whole": not closing, "closes_whole": closing}
    return set_up(plan, shot, scene, path, focus, **ends)


def _film_whole(plan: Plan, shot: Shot, scene: Scene, *, closing: bool) -> ShotFilm:
    """Film a whole picture with a shot's moves, from rest or to rest."""
    focus = find_focus(scene)
    ends = {"opens_whole": not closing, "closes_whole": closing}
    path = plan_path(
        shot.moves,
        WHOLE,
        focus,
        shot.frame_count,
        plan.seed + shot.start_frame,
        opens_whole=not closing,
        closes_whole=closing,
    )
    path = make_room(path, Overflow(scene, focus))
    poses = join_ends(path, framed=False, still=False, **ends)
    return set_up(plan, shot, scene, poses, focus, **ends)


def _eased(value: float) -> float:
    """Ease from 0 to 1, and go on a little beyond: a camera that stops dead is felt."""
    part = min(max(value, 0.0), 1.0)
    return (1 - _FLOOR) * part * part * (3 - 2 * part) + _FLOOR * value
