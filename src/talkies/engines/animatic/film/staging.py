"""Setting a shot up: a camera path through a scene, with everybody and everything that moves in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from talkies.engines.animatic.film.filming import ShotFilm
from talkies.engines.animatic.living.acting import are_animals, perform, perform_figure
from talkies.engines.animatic.living.air import make_air
from talkies.engines.animatic.living.company import Company
from talkies.engines.animatic.living.flowing import make_flow
from talkies.engines.animatic.living.scenery import is_frozen
from talkies.engines.animatic.optics.camera import Pose
from talkies.engines.animatic.optics.depth_of_field import plan_apertures
from talkies.engines.animatic.sound.soundtrack import speak_line
from talkies.engines.animatic.vision.scene import Scene
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
    apertures = plan_apertures(shot, scene, focus, len(poses), **ends)
    if any(aperture.width for aperture in apertures):
        scene = scene.flat  # a lens that is not sharp everywhere softens one layer
    flow = make_flow(plan, shot, scene, plan.seed, focus=focus, tail=tail, **ends)
    # A thing that turned beside moving water would seem to float.
    floats = flow is not None and flow.has_water
    company = _gather(plan, shot, scene, tail=tail, turning=scene.matte is not None and not floats, **ends)
    alone = flow is None and company is None and all(pose == poses[0] for pose in poses)
    if alone and not is_frozen(shot.text):
        # No clip is a frozen photo: what is less sure, or not cut out, moves a little, and so does the light.
        flow = make_flow(plan, shot, scene, plan.seed, focus=focus, tail=tail, trusting=True, **ends)
        if flow is None:
            company = _gather(plan, shot, scene, tail=tail, turning=True, **ends)
    air = make_air(plan, shot, scene, plan.seed, focus=focus, alone=alone, **ends)
    overlays = [overlay for overlay in (flow, air) if overlay is not None]
    return ShotFilm(scene, poses, focus, company, flow, overlays, apertures)


def _gather(
    plan: Plan,
    shot: Shot,
    scene: Scene,
    *,
    tail: int,
    opens_whole: bool,
    closes_whole: bool,
    turning: bool,
) -> Company | None:
    """Let everybody act who is in a scene; a thing may be `turning` a little."""
    ends = {"opens_whole": opens_whole, "closes_whole": closes_whole}
    if scene.faces and are_animals(shot, scene.faces):
        scene = replace(scene, faces=())
    if scene.faces:
        speak = partial(speak_line, seed=plan.seed)
        return Company(
            scene, partial(perform, plan, shot, scene.faces, speak, scene=scene, tail=tail, **ends)
        )
    figure = perform_figure(plan, shot, turning=turning, tail=tail, **ends)
    return None if figure is None else Company(scene, lambda: (figure,))
