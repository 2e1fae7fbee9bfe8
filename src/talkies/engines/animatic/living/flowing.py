"""What moves in a scene by itself: water, clouds, leaves and flames, as displacements of the background.

Motion is a weighted sum of fixed fields, so that a frame costs next to nothing. What streams farther than a
photo can bend is shown by two samples, each of which starts again while only the other is seen.

Source of the two samples: Max and Becker, "Flow Visualization Using Moving Textures", 1995.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.currents import Current, drifting, find_current
from talkies.engines.animatic.living.easing import emerge
from talkies.engines.animatic.living.glints import Glints, make_glints
from talkies.engines.animatic.living.regions import find_regions
from talkies.engines.animatic.living.scenery import Scenery, read_scenery
from talkies.engines.animatic.living.sheen import Sheen
from talkies.engines.animatic.living.sight import Sight, Stage
from talkies.engines.animatic.living.waves import Map, Motion, Times, breeze, burn, ripple, sway
from talkies.engines.animatic.optics.camera import Pose
from talkies.engines.animatic.vision.look import Kind, Region
from talkies.engines.animatic.vision.scene import Scene
from talkies.media import Frame
from talkies.plan import Plan, Shot
from talkies.spec import FRAME_RATE

Displacement = NDArray[np.float32]
"""`(rows, columns, 2)` float32 stretched over the picture, in picture widths: x, y."""
Frames = NDArray[np.intp]

_EASING_S = 0.6  # from the untouched photo to full motion, and back
_STEEPEST = 0.45  # how much all motion may stretch or squeeze the picture; at 1 it folds
_DRIFT = 0.02  # picture widths a second of clouds in a moderate wind
_GLANCE_FRAMES = 8  # between the frames in which that is measured
_FURTHEST = 0.1  # picture widths that they go in one shot


class Flow:
    """The scenery of one shot in motion. Frames may be asked for in any order.

    Args:
        motions: sums of fixed fields.
        current: of the water, if it streams.
        lights: on the water, if there is any.
        presence: how much of all motion is there in each frame, 0..1.
        start_s: of the shot in the clip.
        clouds: of a sky that is a layer of its own.
        has_water: there is water in it.
    """

    def __init__(
        self,
        motions: Sequence[Motion],
        current: Current | None,
        lights: Sequence[Glints | Sheen],
        presence: Times,
        start_s: float,
        clouds: Motion | None = None,
        *,
        has_water: bool = False,
    ) -> None:
        self.has_water = has_water
        self._motions = tuple(motions)
        self._clouds = clouds
        self._current, self._lights = current, tuple(lights)
        self._presence, self._start_s = presence, start_s

    @property
    def reach(self) -> float:
        """How far a point may move, in picture widths."""
        ways = [motion.reach for motion in (*self._motions, *([self._clouds] if self._clouds else []))]
        return sum(ways) + (0.0 if self._current is None else self._current.reach)

    def rests(self, index: int) -> bool:
        """Tell whether everything is as in the photo in this frame."""
        return bool(self._presence[index] == 0)

    def samples(self, index: int) -> tuple[tuple[Displacement, float], ...]:
        """Give where the background's points have moved to in a frame, relative to the photo.

        What is seen is the mixture of one or two displaced pictures by their shares, which sum to 1; there
        are none in a frame that rests.
        """
        presence = float(self._presence[index])
        if presence == 0:
            return ()
        moved = sum((motion.at(index) for motion in self._motions), start=np.float32(0))
        if self._current is None and not self._motions:
            return ()
        if self._current is None:
            return ((np.asarray(moved, np.float32), 1.0),)
        return tuple(
            (np.asarray(moved + way, np.float32), share)
            for way, share in self._current.samples(self._time_s(index), presence)
        )

    def drift(self, index: int) -> tuple[tuple[Displacement, float], ...]:
        """Give where the clouds of a sky that is a layer of its own have moved to; see `samples`."""
        if self._clouds is None or self.rests(index):
            return ()
        return ((self._clouds.at(index), 1.0),)

    def draw(self, frame: Frame, index: int, pose: Pose, presence: float = 1.0) -> None:
        """Draw the lights on the water over a frame, in place.

        Args:
            frame: `(height, width, 3)` uint8 RGB, of the shot as the camera sees it.
            index: the frame's number in the shot.
            pose: the camera in it.
            presence: how much of the lights is to be seen, 0..1.
        """
        if not self._lights or self.rests(index):
            return
        presence *= float(self._presence[index])
        sight = Sight(self._lights[0].stage, pose, self._time_s(index), presence)
        for light in self._lights:
            light.draw(frame, sight)

    def _time_s(self, index: int) -> float:
        return self._start_s + index / FRAME_RATE


def make_flow(
    plan: Plan,
    shot: Shot,
    scene: Scene,
    seed: int,
    *,
    focus: tuple[float, float],
    tail: int,
    opens_whole: bool,
    closes_whole: bool,
    trusting: bool = False,
) -> Flow | None:
    """Set the scenery of a shot in motion; None when nothing in it moves.

    Args:
        plan: with the cues and sounds.
        shot: of the plan, or a part of one.
        scene: what it is filmed from.
        seed: for all chance.
        focus: what the camera goes towards, in picture widths.
        tail: frames beyond the shot's end that may be asked for.
        opens_whole, closes_whole: in its first or last frame nothing has moved.
        trusting: leaves and clouds that are not sure move as well.
    """
    scenery = read_scenery(plan, shot)
    if scenery is None:
        return None
    regions = find_regions(scene.look, scenery.spoken_of, trusting=trusting)
    if not regions:
        return None
    frames = np.arange(shot.frame_count + tail)
    times = (shot.start_frame + frames) / FRAME_RATE
    ends = {"opens": opens_whole, "closes": closes_whole}
    presence = _presence(frames, shot.frame_count, **ends)
    where = Map.over(scene.width, scene.height)
    motions = [
        Motion(motion.fields, motion.weights * presence[:, None].astype(np.float32))
        for motion in _waves(regions, scenery, where, times, seed)
    ]
    clouds = None
    if "sky" in regions:
        way = _drift(frames, shot.frame_count, scenery.clouds, **ends)
        shown = scene.plate if scene.is_open else scene.prepared
        clouds = drifting(regions["sky"], shown, where, way, seed, alone=scene.is_open)
        if clouds is not None and not scene.is_open:
            motions, clouds = [*motions, clouds], None
    current = None
    if "water" in regions and scenery.flows in ("stream", "waterfall"):
        falls = scenery.flows == "waterfall"
        current = find_current(regions["water"], where, falls=falls, strength=scenery.water)
    if not motions and current is None and clouds is None:
        return None
    lights: list[Glints | Sheen] = []
    if "water" in regions:
        stage = Stage(scene, focus)
        glints = make_glints(stage, regions["water"], scenery.water, seed)
        lights += [] if glints is None else [glints]
        if scenery.flows == "ripples":
            lights.insert(0, Sheen(stage, regions["water"], scenery.water, seed))
    clouds = None if clouds is None else _tamed(clouds, where)
    tamed = [_tamed(motion, where) for motion in motions]
    return Flow(tamed, current, lights, presence, float(times[0]), clouds, has_water="water" in regions)


def _presence(frames: Frames, count: int, *, opens: bool, closes: bool) -> Times:
    """Let motion begin softly after a whole first frame and end softly before a whole last one."""
    since = frames if opens else np.full(len(frames), np.inf)
    until = np.maximum(count - 1 - frames, 0) if closes else np.full(len(frames), np.inf)
    return emerge(np.minimum(since, until) / (_EASING_S * FRAME_RATE))


def _waves(
    regions: Mapping[Kind, Region], scenery: Scenery, where: Map, times: Times, seed: int
) -> Iterator[Motion]:
    if "water" in regions:
        waves = scenery.flows == "waves"
        yield ripple(regions["water"], where, times, waves=waves, strength=scenery.water, seed=seed)
    if "plants" in regions:
        gusts = breeze(times, seed)
        yield sway(regions["plants"], where, times, gusts, strength=scenery.wind, seed=seed)
    if "flames" in regions:
        yield burn(regions["flames"], where, times, seed)


def _drift(frames: Frames, count: int, strength: float, *, opens: bool, closes: bool) -> Times:
    """Give how far clouds have gone in each frame, in picture widths: not at all in a whole one."""
    length_s = max(count - 1, 1) / FRAME_RATE
    speed = min(_DRIFT * strength, _FURTHEST / length_s)
    seconds = frames / FRAME_RATE
    if closes and opens:
        return np.asarray(
            speed * length_s / math.pi * np.sin(math.pi * np.minimum(seconds / length_s, 1)) ** 2
        )
    if closes:
        return np.asarray(speed * np.minimum(seconds - length_s, 0))
    return np.asarray(speed * seconds)


def _tamed(motion: Motion, where: Map) -> Motion:
    """Weaken a motion that would stretch or squeeze the picture too much in some frame."""
    steepest = max(
        float(np.abs(np.diff(motion.at(index), axis=axis)).max())
        for index in range(0, len(motion.weights), _GLANCE_FRAMES)
        for axis in (0, 1)
    )
    share = min(1.0, _STEEPEST * where.pitch / max(steepest, 1e-9))
    return Motion(motion.fields, motion.weights * np.float32(share))
