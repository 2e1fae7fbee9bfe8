"""Casting: which face of a picture is meant by the prompt's words for somebody.

Words for a place come first ("on the left", "the other one"). Then the faces are looked at: clothes, hair,
glasses, beard, who stands, who is small. Who is left goes, from left to right, in the order in which the clip
first names them. One person among several faces is the largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.appearance import Appearance
from talkies.engines.animatic.living.roles import ACTIONS, Role, acting_role, roles_of, speaking_role
from talkies.engines.animatic.living.traits import Trait
from talkies.engines.animatic.optics.framing import Side, find_placed, find_side
from talkies.engines.animatic.vision.faces import Face
from talkies.engines.animatic.vision.figures import find_figures
from talkies.engines.animatic.vision.scene import Scene
from talkies.plan import Cue, Plan, SpokenLine, Voice

_CLEAR = 0.25  # by how much the best face must fit better than the next, 0 to 1
_CLEAR_SEX = 0.4  # the same where only signs of man and woman tell
_MEN: frozenset[Voice] = frozenset({"man", "boy", "old_man"})
_WOMEN: frozenset[Voice] = frozenset({"woman", "girl", "old_woman"})
_CHILD = Trait("figure", "child")


@dataclass(frozen=True)
class Cast:
    """Who plays whom in one picture: each role of the clip with the number of its face, None without one.

    `absent` are the roles whose place in the picture shows no face.
    """

    faces: tuple[Face, ...]
    parts: tuple[tuple[Role, int | None], ...]
    absent: frozenset[Role] = frozenset()

    def speakers(self, line: SpokenLine) -> tuple[int, ...]:
        """Give the numbers of the faces that speak a line; none for a voice from outside the picture."""
        return () if line.voice_over else self._find(speaking_role(line))

    def actors(self, cue: Cue) -> tuple[int, ...]:
        """Give the numbers of the faces that a cue is for; none when it is for no person in the picture."""
        return self._find(acting_role(cue)) if cue.kind in ACTIONS else ()

    def _find(self, role: Role | None) -> tuple[int, ...]:
        if role is None or not self.faces:
            return ()
        if role.is_all:
            return tuple(range(len(self.faces)))
        known = next((part for part in self.parts if role.may_be(part[0])), None)
        if known is not None and known[0] in self.absent:
            return ()
        if known is None or len(self.faces) == 1:
            return (0,)
        # Where there are more names than faces, one voice is taken for one person.
        alike = [number for other, number in self.parts if other.voice == known[0].voice]
        number = next((number for number in (known[1], *alike) if number is not None), None)
        return () if number is None else (number,)


def cast(plan: Plan, faces: tuple[Face, ...], scene: Scene | None = None) -> Cast:
    """Cast a clip's people among the faces of one of its pictures, which come the largest first.

    The roles follow from the whole plan, so that a person keeps a place from shot to shot. Without the
    `scene` that has the faces only places and the order tell.
    """
    roles = roles_of(plan)
    absent = _absent(roles, faces, scene)
    present = [role for role in roles if role not in absent]
    played = dict(zip(present, _assigned(present, faces, scene), strict=True))
    return Cast(faces, tuple((role, played.get(role)) for role in roles), absent)


def _absent(roles: Sequence[Role], faces: tuple[Face, ...], scene: Scene | None) -> frozenset[Role]:
    """Find the roles in whose place no face is, where they have more places than there are faces."""
    sides = {role: side for role in roles if (side := find_side(role.name)) and not role.is_another}
    places = set(sides.values())
    if not faces or len(places) <= len(faces) or scene is None:
        return frozenset()
    shown = {_side_of(face, faces, scene, len(places)) for face in faces}
    return frozenset(role for role, side in sides.items() if side not in shown)


def _side_of(face: Face, faces: tuple[Face, ...], scene: Scene, count: int) -> Side:
    """Tell on which of `count` sides a face lies: among the figures if all are found, else in the picture."""
    others = [
        x + width / 2
        for x, _, width, _ in find_figures(scene.prepared)
        if not any(x <= other.centre[0] <= x + width for other in faces)
    ]
    across = sorted([*others, *(other.centre[0] for other in faces)])
    place = face.centre[0] / scene.width
    if len(across) == count:
        place = across.index(face.centre[0]) / (count - 1)
    if count == 2:
        return "left" if place < 1 / 2 else "right"
    return "left" if place < 1 / 3 else "middle" if place < 2 / 3 else "right"


def _assigned(roles: Sequence[Role], faces: tuple[Face, ...], scene: Scene | None) -> list[int | None]:
    """Give each role a face: by a place that its words tell, by looks, then from left to right."""
    played: list[int | None] = [_placed(faces, role) for role in roles]
    for at, role in enumerate(roles):
        if role.is_another and played.count(played[at]) > 1:
            played[at] = None  # "the other one" is not whom a place names
    looks = None if scene is None else Appearance(faces, scene.prepared, _alpha(scene))
    traits = _telling_traits(roles)
    if looks is not None:
        _assign_by_looks(looks, traits, _CLEAR, played)
        _assign_by_looks(looks, _sexes(roles), _CLEAR_SEX, played)
    others = [at for at, number in enumerate(played) if number is None]
    for at in others:
        free = _free(faces, played)
        if len(others) > 1:
            free.sort(key=lambda number: faces[number].centre[0])
        fitting = free if looks is None else _fitting(looks, traits[at], free)
        played[at] = next(iter(fitting), None)
    return played


def _alpha(scene: Scene) -> NDArray[np.uint8] | None:
    return None if scene.matte is None else scene.matte.alpha


def _assign_by_looks(
    looks: Appearance, wanted: Sequence[frozenset[Trait]], least: float, played: list[int | None]
) -> None:
    """Fill in, in place, the roles whose traits fit one of the free faces clearly, the clearest first."""
    while len(free := _free(looks.faces, played)) > 1:
        found = [
            (*_clearest(looks, wanted[at], free), at)
            for at, number in enumerate(played)
            if number is None and wanted[at]
        ]
        clearness, number, at = max(found, default=(0.0, -1, -1))
        if clearness < least:
            return
        played[at] = number


def _telling_traits(roles: Sequence[Role]) -> list[frozenset[Trait]]:
    """Give the traits of each role; a child is found by its size only beside somebody grown up."""
    are_children = all(_CHILD in role.traits for role in roles)
    return [role.traits - {_CHILD} if are_children and len(roles) > 1 else role.traits for role in roles]


def _sexes(roles: Sequence[Role]) -> list[frozenset[Trait]]:
    """Give man or woman for each role, where the clip has both."""
    voices = {role.voice for role in roles}
    if not (voices & _MEN and voices & _WOMEN):
        return [frozenset()] * len(roles)
    names = ["man" if role.voice in _MEN else "woman" if role.voice in _WOMEN else None for role in roles]
    return [frozenset({Trait("figure", name)}) if name else frozenset() for name in names]


def _clearest(looks: Appearance, traits: frozenset[Trait], free: Sequence[int]) -> tuple[float, int]:
    """Tell by how much the best of some faces fits better than the next, and which it is."""
    fits = _fits(looks, traits, free)
    order = np.argsort(-fits, kind="stable")
    return float(fits[order[0]] - fits[order[1]]), free[order[0]]


def _fitting(looks: Appearance, traits: frozenset[Trait], free: Sequence[int]) -> list[int]:
    """Leave out the faces that clearly fit worse than the best: of two blondes the first, not a dark head."""
    if not (traits and free):
        return list(free)
    fits = _fits(looks, traits, free)
    return [number for number, fit in zip(free, fits, strict=True) if fit > fits.max() - _CLEAR]


def _fits(looks: Appearance, traits: frozenset[Trait], free: Sequence[int]) -> NDArray[np.float64]:
    return np.asarray(np.mean([looks.fit(trait, free) for trait in sorted(traits)], axis=0))


def _free(faces: tuple[Face, ...], played: Sequence[int | None]) -> list[int]:
    return [number for number in range(len(faces)) if number not in played]


def _placed(faces: tuple[Face, ...], role: Role) -> int | None:
    face = find_placed(faces, role.name) if faces else None
    return next((number for number, other in enumerate(faces) if other is face), None)
