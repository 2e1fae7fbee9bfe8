"""The moving picture of a plan: one lazy stream of frames per shot.

picture -> scene (faces, matte, plate, depth) -> view and camera path -> frames -> transition
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from operator import attrgetter
from typing import Literal, NamedTuple, Protocol

from talkies.ahead import make_ahead
from talkies.engines.animatic.film.absences import list_absences
from talkies.engines.animatic.film.filming import Overflow, ShotFilm
from talkies.engines.animatic.film.inbetween import film_between
from talkies.engines.animatic.film.staging import set_up
from talkies.engines.animatic.film.transitions import mix
from talkies.engines.animatic.optics.camera import (
    WHOLE,
    Pose,
    View,
    plan_path,
)
from talkies.engines.animatic.optics.framing import find_focus, frame_view, measure_cut, measure_loss
from talkies.engines.animatic.optics.recentring import recentre
from talkies.engines.animatic.optics.room import join_ends, keep_heads, make_room
from talkies.engines.animatic.vision.scene import ANALYSIS_STEPS, Scene
from talkies.engines.animatic.vision.studies import study
from talkies.media import Frame, Inputs, Tick
from talkies.plan import CameraMove, Framing, Plan, Shot

PictureName = Literal["first", "last"]
Scenes = dict[tuple[PictureName, Framing], Scene]
"""The pictures understood: under `WHOLE_FRAMING` as prepared, under another framing as recentred for it."""

WHOLE_FRAMING = Framing()
_TIGHT = ("medium", "medium_close_up", "close_up", "extreme_close_up")
_LEAVES_HEADS = ("tilt", "crane", "roll")  # moves that may lead the camera away from a head
_THREADS = min(max(os.cpu_count() or 1, 2), 4)  # NumPy and OpenCV let go of Python's lock while they work
_GENTLENESS = (1.0, 0.7, 0.45, 0.25, 0.1)  # of a move that nobody told: tried until nobody is lost
_LAST_FRAMES = 16  # of a shot, beside which the next is prepared: that takes about as long
_ESTABLISHING_FRAMES = 18  # of the whole picture, before a cut to what the centred crop does not show


class Film(Protocol):
    """Anything that can show its frames by number, also a few beyond its shot for a transition.

    Several threads may ask at once; what a frame shows does not depend on the order.
    """

    def prepare(self) -> None:
        """Make what the first frames need and all frames share, so that none has to wait for it."""
        ...

    def frame(self, index: int) -> Frame:
        """Render one frame."""
        ...


class Footage(NamedTuple):
    """The frames of one shot, and what it cannot show because its picture does not have it."""

    frames: Iterator[Frame]
    absent: tuple[str, ...]


def render_shots(plan: Plan, scenes: Scenes, tick: Tick) -> Iterator[Footage]:
    """Yield one stream of frames per shot, in order, each with exactly the shot's frame count.

    The clip's first frame is the prepared first frame, bit for bit, when the first shot is filmed from it,
    and the clip's last frame the prepared last frame. The streams must be read in order.

    Args:
        plan: what to film; frames are `(plan.height, plan.width, 3)` uint8 RGB.
        scenes: of the plan, from `understand_pictures`.
        tick: is told of "picture".

    Raises:
        Canceled: from `tick`.
    """
    tails = [*(shot.transition_frames for shot in plan.shots[1:]), 0]
    films = [_film(plan, shot, scenes, tail) for shot, tail in zip(plan.shots, tails, strict=True)]
    films[0].prepare()  # while the sound is still in the making
    for shot, before, film, after in zip(plan.shots, [None, *films], films, [*films[1:], None], strict=False):
        absent = list_absences(plan, shot, _scene(shot, scenes))
        yield Footage(_frames(plan, shot, (before, film, after), tick), absent)


def understand_pictures(plan: Plan, inputs: Inputs, tick: Tick) -> Scenes:
    """Analyse each picture that a shot needs, once, and once more for a face that its crop cuts off.

    Args:
        plan: whose shots name the pictures.
        inputs: the pictures.
        tick: is told of "analysis".

    Raises:
        Canceled: from `tick`.
    """
    wanted = {shot.picture for shot in plan.shots}
    pictures: dict[tuple[PictureName, Framing], Frame] = {}
    if inputs.first_frame is not None and wanted & {"first", "both"}:
        pictures["first", WHOLE_FRAMING] = inputs.first_frame
    if inputs.last_frame is not None and wanted & {"last", "both"}:
        pictures["last", WHOLE_FRAMING] = inputs.last_frame
    for shot in plan.shots:
        if shot.picture != "both" and shot.framing.size in _TIGHT:
            source = pictures[shot.picture, WHOLE_FRAMING]
            window = recentre(source, plan.width, plan.height, shot.framing.subject or "")
            if window is not None:
                pictures[shot.picture, shot.framing] = window
    steps, total = count(), ANALYSIS_STEPS * len(pictures)

    def step() -> None:
        tick("analysis", next(steps), total)

    step()
    return {key: study(picture, plan.width, plan.height, step) for key, picture in pictures.items()}


def _film(plan: Plan, shot: Shot, scenes: Scenes, tail: int) -> Film:
    """Set a shot up. It goes on for `tail` frames under the next shot's transition."""
    if shot.picture == "both":
        return film_between(plan, shot, scenes["first", WHOLE_FRAMING], scenes["last", WHOLE_FRAMING])
    opens = shot.opens_whole or (shot.start_frame == 0 and shot.picture == "first")
    is_final = shot is plan.shots[-1]
    closes = shot.closes_whole or (is_final and shot.picture == "last")
    whole = scenes[shot.picture, WHOLE_FRAMING]
    recentred = scenes.get((shot.picture, shot.framing), whole)
    if recentred is whole or closes or (opens and shot.frame_count < 2 * _ESTABLISHING_FRAMES):
        return film_shot(plan, shot, whole, tail=tail, opens_whole=opens, closes_whole=closes)
    ends = {"opens_whole": False, "closes_whole": False}
    if not opens:
        return film_shot(plan, shot, recentred, tail=tail, **ends)
    cut = shot.start_frame + _ESTABLISHING_FRAMES
    opening = shot.model_copy(
        update={
            "end_frame": cut,
            "framing": WHOLE_FRAMING,
            "ending": None,
            "moves": _opening_moves(shot),
        }
    )
    rest = shot.model_copy(update={"start_frame": cut})
    return _CutFilm(
        film_shot(plan, opening, whole, tail=0, opens_whole=True, closes_whole=False),
        film_shot(plan, rest, recentred, tail=tail, **ends),
    )


def _scene(shot: Shot, scenes: Scenes) -> Scene:
    """Get the scene that most of a shot is filmed from."""
    picture: PictureName = "first" if shot.picture == "both" else shot.picture
    return scenes.get((picture, shot.framing), scenes[picture, WHOLE_FRAMING])


def _opening_moves(shot: Shot) -> tuple[CameraMove, ...]:
    """Keep the camera still before the cut when the whole shot asks for it; else move in gently."""
    if shot.is_camera_fixed:
        return shot.moves
    return (CameraMove(kind="dolly", direction="in", amount="slight"),)


class _CutFilm:
    """The whole picture for most of a second, then a cut to what it does not show."""

    def __init__(self, opening: Film, rest: Film) -> None:
        self._opening, self._rest = opening, rest

    def prepare(self) -> None:
        self._opening.prepare()

    def frame(self, index: int) -> Frame:
        if index < _ESTABLISHING_FRAMES:
            return self._opening.frame(index)
        return self._rest.frame(index - _ESTABLISHING_FRAMES)


def film_shot(
    plan: Plan, shot: Shot, scene: Scene, *, tail: int, opens_whole: bool, closes_whole: bool
) -> ShotFilm:
    """Set up a shot of one picture: its framing, its camera path and who acts in it."""
    view, goal = _views(scene, shot)
    focus = find_focus(scene, max(view, goal or view, key=attrgetter("zoom")))
    ends = {"opens_whole": opens_whole, "closes_whole": closes_whole}
    fixed = shot.moves or view != WHOLE
    for gentle in (1.0,) if fixed else _GENTLENESS:
        path = _path(plan, shot, scene, (view, goal, focus), tail, gentle=gentle, **ends)
        if fixed or max(measure_loss(scene, focus, path[at]) for at in (0, len(path) // 2, -1)) <= 0:
            break
    quick = opens_whole and _draws_back(shot)
    framed = view != WHOLE or goal is not None
    poses = join_ends(path, quick=quick, framed=framed, still=shot.is_camera_fixed, **ends)
    return set_up(plan, shot, scene, poses, focus, **ends)


def _path(
    plan: Plan,
    shot: Shot,
    scene: Scene,
    aim: tuple[View, View | None, tuple[float, float]],
    tail: int,
    *,
    gentle: float,
    opens_whole: bool,
    closes_whole: bool,
) -> tuple[Pose, ...]:
    """Lay a shot's path inside the picture, for a view, the one that it leads to, and the focus."""
    view, goal, focus = aim
    path = plan_path(
        shot.moves,
        view,
        focus,
        shot.frame_count + tail,
        plan.seed + shot.start_frame,
        opens_whole=opens_whole,
        closes_whole=closes_whole,
        nearness=scene.hold if scene.depth.subject is None else scene.nearness(focus),
        goal=goal,
        gentle=gentle,
    )
    # A zoom that made room frame by frame would undo a dolly zoom, and would shake with a hand-held camera.
    steady = any(move.kind in ("handheld", "dolly_zoom") for move in shot.moves)
    overflow = Overflow(scene, focus)
    path = make_room(path, overflow, steady=steady)
    if scene.faces and not _may_cut_heads(shot):
        path = keep_heads(path, partial(measure_cut, scene, focus), overflow)
    return path


def _views(scene: Scene, shot: Shot) -> tuple[View, View | None]:
    """Choose the view that a shot's moves begin with, and the one that they lead to, if to another.

    A move back to a view that is tighter than the first begins nearer still: it is the framing of that move.
    """
    view = frame_view(scene, shot.framing)
    goal = view if shot.ending is None else frame_view(scene, shot.ending)
    leaves = any(move.direction == "out" for move in shot.moves)
    if goal.zoom > view.zoom and leaves:
        return goal, None
    return view, None if goal == view else goal


def _draws_back(shot: Shot) -> bool:
    """Tell whether the first move leads out: what it is to show must be hidden before it begins."""
    travelling = [move for move in shot.moves if move.kind not in ("static", "handheld")]
    return bool(travelling) and travelling[0].kind in ("dolly", "zoom") and travelling[0].direction == "out"


def _may_cut_heads(shot: Shot) -> bool:
    """Tell whether a move may lead away from a head, or a framing is too tight for a whole one."""
    sizes = (shot.framing.size, shot.ending and shot.ending.size)
    return "extreme_close_up" in sizes or any(move.kind in _LEAVES_HEADS for move in shot.moves)


def _frames(
    plan: Plan, shot: Shot, films: tuple[Film | None, Film, Film | None], tick: Tick
) -> Iterator[Frame]:
    """Make a shot's frames. `films` are those of the shot before, of this one and of the next.

    The shot before still runs under the transition; the next is prepared before this one's last frames.
    """
    before, film, after = films
    del films
    passing = 0
    if before is not None and shot.transition is not None:
        passing = shot.transition_frames
        yield from _told(plan, shot, partial(_in_transition, plan, shot, film, before), range(passing), tick)
    before = None  # frees its textures
    last = max(shot.frame_count - _LAST_FRAMES, passing)
    yield from _told(plan, shot, film.frame, range(passing, last), tick)
    with _preparing(after):
        yield from _told(plan, shot, film.frame, range(last, shot.frame_count), tick)


@contextmanager
def _preparing(film: Film | None) -> Iterator[None]:
    """Prepare a film beside other work."""
    if film is None:
        yield
        return
    with ThreadPoolExecutor(1, "next shot") as pool:
        prepared = pool.submit(film.prepare)
        yield
        prepared.result()


def _told(
    plan: Plan, shot: Shot, make: Callable[[int], Frame], numbers: range, tick: Tick
) -> Iterator[Frame]:
    """Make some of a shot's frames and tell of each."""
    ahead = make_ahead(make, numbers, threads=_THREADS, waiting=1, name="film")
    with closing(ahead) as frames:
        for number, frame in zip(numbers, frames, strict=True):
            tick("picture", shot.start_frame + number + 1, plan.shots[-1].end_frame)
            yield frame


def _in_transition(plan: Plan, shot: Shot, film: Film, before: Film, index: int) -> Frame:
    """Make a frame that also shows the shot before, which goes on past its end."""
    assert shot.transition is not None
    previous = plan.shots[plan.shots.index(shot) - 1]
    progress = (index + 1) / (shot.transition_frames + 1)
    return mix(before.frame(previous.frame_count + index), film.frame(index), shot.transition, progress)
