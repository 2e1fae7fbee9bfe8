"""Setting a shot up: a camera path through a scene, with everybody and everything that moves in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from talkies.engines.animatic.camera import Pose
from talkies.engines.animatic.depth_of_field import plan_apertures
from talkies.engines.animatic.filming import ShotFilm
from talkies.engines.animatic.living.acting import perform, perform_figure
from talkies.engines.animatic.living.air import make_air
from talkies.engines.animatic.living.company import Company
from talkies.engines.animatic.living.flowing import make_flow
from talkies.engines.animatic.scene import Scene
from talkies.engines.animatic.soundtrack import speak_line
from talkies.plan import Plan, Shot


def set_up(
    plan: Plan,
    shot: Shot,
    scene: Scene,
    poses: Sequence[Pose],
    focus: tuple[float, float],
    *,
    opens_whole: bool,
    closes_whole: bool,
) -> ShotFilm:
    """Set up the filming of a scene along a camera path.

    Args:
        plan: the clip.
        shot: of the plan, or a part of one.
        scene: what it is filmed from.
        poses: of the camera; those beyond the shot's frames are seen under the next shot's transition.
        focus: the point that the camera travels towards, in picture widths from the centre.
        opens_whole: the first frame is the prepared picture itself, but for the camera.
        closes_whole: the shot's last frame is.
    """
    ends = {"opens_whole": opens_whole, "closes_whole": closes_whole}
    tail = len(poses) - shot.frame_count
    if scene.faces:
        speak = partial(speak_line, seed=plan.seed)
        company: Company | None = Company(scene, perform(plan, shot, scene.faces, speak, tail=tail, **ends))
    else:
        figure = perform_figure(plan, shot, cut_out=scene.matte is not None, tail=tail, **ends)
        company = None if figure is None else Company(scene, [figure])
    air = make_air(plan, shot, scene, plan.seed, focus=focus, **ends)
    flow = make_flow(plan, shot, scene, plan.seed, focus=focus, tail=tail, **ends)
    apertures = plan_apertures(shot, scene, focus, len(poses), **ends)
    overlays = [overlay for overlay in (flow, air) if overlay is not None]
    return ShotFilm(scene, poses, focus, company, flow, overlays, apertures)
