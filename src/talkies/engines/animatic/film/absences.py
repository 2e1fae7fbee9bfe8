"""What a plan counts on and its pictures do not have: a face that speaks, water that flows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from talkies.engines.animatic.living.casting import Cast, cast
from talkies.engines.animatic.living.company import rig_face
from talkies.engines.animatic.living.eyes import has_shut_eyes
from talkies.engines.animatic.living.gestures import FEELINGS, GESTURES, LIDS
from talkies.engines.animatic.living.hours import hour_change
from talkies.engines.animatic.living.lips import shows_mouth
from talkies.engines.animatic.living.regions import find_regions
from talkies.engines.animatic.living.roles import BY_A_BODY, doer, names_somebody
from talkies.engines.animatic.living.scenery import named_kinds
from talkies.engines.animatic.optics.framing import names_hands
from talkies.engines.animatic.optics.textures import whole_texture
from talkies.engines.animatic.planning.omissions import SCENIC, SHOWN, quote
from talkies.engines.animatic.vision.look import Kind
from talkies.engines.animatic.vision.scene import Scene
from talkies.plan import Cue, Plan, Shot

_FACIAL = FEELINGS.keys() | GESTURES.keys() | LIDS
_OF_BROWS = frozenset({"raise_brow", "raise_brows"})
_LIT = 105.0  # mean lightness, 0..255, of a picture that shows no night
_WARM, _WARMEST = 10.0, 97  # of CIELAB's b, its percentile in a picture that a low sun may light
_AT_NIGHT, _LOW_SUN = frozenset({"night", "moonlight"}), frozenset({"sunset", "sunrise", "golden_hour"})
_CALLED: dict[Kind, str] = {"sky": "sky", "water": "water", "plants": "leaves or grass", "flames": "flames"}


def list_absences(plan: Plan, shot: Shot, scene: Scene) -> tuple[str, ...]:
    """List in plain words what a shot of the plan cannot show because its scene does not have it."""
    number = plan.shots.index(shot)
    roles = cast(plan, scene.faces, scene)
    cues = [cue for cue in plan.cues if cue.shot == number]
    return (
        *_unspoken(plan, number, roles),
        *_unacted(cues, roles, scene),
        *_unmoved(cues, scene),
        *_unfound(shot, scene),
        *(() if hour_change(plan, shot) else _unlit(cues, scene)),
    )


def _unspoken(plan: Plan, number: int, roles: Cast) -> Iterator[str]:
    for line in plan.lines:
        if line.shot != number or line.voice_over:
            continue
        speakers = roles.speakers(line)
        if not speakers:
            whose = f"no face for “{line.speaker}”" if roles.faces and line.speaker else "no face"
            yield f"moving lips for “{line.text}”: {whose} was found in the picture; the words are heard"
        elif _are_averted(speakers, roles):
            yield f"moving lips for “{line.text}”: the face is turned too far aside; the words are heard"


def _unacted(cues: list[Cue], roles: Cast, scene: Scene) -> Iterator[str]:
    for cue in cues:
        if cue.kind not in _FACIAL:
            continue
        actors = roles.actors(cue)
        if not actors:
            yield from _faceless(cue, scene)
        elif cue.kind in FEELINGS and _are_averted(actors, roles):
            yield f"{quote(cue.who, cue.text)}: the face is turned too far aside; only the head moves"
        elif cue.kind == "open_eyes" and all(has_shut_eyes(roles.faces[number]) for number in actors):
            yield f"{quote(cue.who, cue.text)}: the picture shows the eyes closed; they stay so"
        elif cue.kind in _OF_BROWS and not _move_brows(actors, roles, scene):
            yield (
                f"{quote(cue.who, cue.text)}: brows stay as they are in line art, behind glasses "
                "and over eyes that are too small or hidden"
            )


def _faceless(cue: Cue, scene: Scene) -> Iterator[str]:
    """Say what nobody's face does, unless the words alone told it: cars and cats have no limbs here."""
    who = doer(cue.who)
    if who == "person" or cue.kind in SHOWN:
        moves = who == "animal" and cue.kind in BY_A_BODY and not scene.faces
        instead = "; all of its body moves" if moves else ""
        yield f"{quote(cue.who, cue.text)}: no face for it was found in the picture{instead}"


def _are_averted(people: Sequence[int], roles: Cast) -> bool:
    """Tell whether the mouth of none of some faces can be seen."""
    return not any(shows_mouth(roles.faces[number]) for number in people)


def _move_brows(people: Sequence[int], roles: Cast, scene: Scene) -> bool:
    """Tell whether the brows of any of some faces are drawn in the texture of the whole picture."""
    texture = whole_texture(scene)
    corner = texture.box[:2]
    rigs = (rig_face(roles.faces[number], texture.coarse, corner, texture.density) for number in people)
    return any(rig.eyes.moves_brows for rig in rigs)


def _unmoved(cues: list[Cue], scene: Scene) -> Iterator[str]:
    told = [(cue, named_kinds(cue.who or cue.text)) for cue in cues if cue.kind in SCENIC]
    wanted = frozenset[Kind]().union(*(kinds for _, kinds in told))
    if not wanted:
        return
    found = find_regions(scene.look, wanted)
    for cue, kinds in told:
        if kinds and not kinds & found.keys():
            missing = " or ".join(_CALLED[kind] for kind in sorted(kinds))
            yield f"{quote(cue.who, cue.text)}: no {missing} was found in the picture"


def _unfound(shot: Shot, scene: Scene) -> Iterator[str]:
    """Name what a tight framing is to show and nothing can find, and say what it shows instead."""
    for framing in (shot.framing, shot.ending):
        if framing is None or framing.subject is None or framing.size in (None, "wide", "full"):
            continue
        view = f"the {str(framing.size).replace('_', ' ')} of “{framing.subject}”"
        if names_hands(framing.subject):
            yield f"{view}: hands are not looked for; it shows the lower middle of the subject"
        elif not names_somebody(framing.subject) and (scene.faces or scene.matte is None):
            shown = "the face" if scene.faces else "what stands out most"
            yield f"{view}: things are not looked for by name; it shows {shown}"


def _unlit(cues: list[Cue], scene: Scene) -> Iterator[str]:
    """Name the hours that a picture clearly was not taken at; it keeps its own light."""
    told = [cue for cue in cues if cue.kind in _AT_NIGHT | _LOW_SUN]
    if not told:
        return
    lab = cv2.cvtColor(cv2.resize(scene.prepared, (64, 64), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    light, yellowness = lab[..., 0].astype(np.float32), lab[..., 2].astype(np.float32) - 128
    is_cold = np.percentile(yellowness, _WARMEST) < _WARM
    for cue in told:
        if light.mean() > _LIT if cue.kind in _AT_NIGHT else is_cold:
            yield f"the light “{cue.kind.replace('_', ' ')}”: the photo keeps its own"
