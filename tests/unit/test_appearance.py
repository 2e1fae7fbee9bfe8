"""Whoever words tell by looks is found in drawn pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from talkies.engines.animatic.film.absences import list_absences
from talkies.engines.animatic.living.casting import cast
from talkies.engines.animatic.living.traits import Trait, traits_of
from talkies.engines.animatic.planning.storyboard import draw
from talkies.engines.animatic.vision.depth import estimate_depth
from talkies.engines.animatic.vision.faces import MESH_POINTS, Face
from talkies.engines.animatic.vision.horizons import Landscape
from talkies.engines.animatic.vision.scene import Scene
from talkies.media import Frame
from talkies.script import read
from talkies.script.words import cut
from talkies.spec import PictureFacts, settle

Colour = tuple[int, int, int]
SKIN: Colour = (225, 180, 155)
RED, GREEN, BLUE, WHITE = (190, 20, 30), (30, 140, 50), (30, 60, 190), (235, 235, 235)
BLACK, BLOND, GREY = (25, 22, 20), (225, 185, 95), (150, 150, 152)


class Person(NamedTuple):
    """Somebody drawn: the face's middle and width in pixels, and what is seen around it."""

    x: int
    y: int = 150
    size: int = 60
    clothes: Colour = GREY
    hair: Colour | None = BLACK
    is_long: bool = False
    has_beard: bool = False


def _draw(people: Sequence[Person]) -> Scene:
    """Draw people before a plain wall; bald ones have no hair."""
    picture = np.full((400, 640, 3), (105, 120, 110), np.uint8)
    faces = tuple(_draw_person(picture, person) for person in people)
    depth = estimate_depth(Landscape(picture, None), None, ())
    return Scene(picture, picture, tuple(sorted(faces, key=lambda face: -face.size)), None, (), depth)


def _draw_person(picture: Frame, person: Person) -> Face:
    x, y, size = person.x, person.y, person.size
    half = size // 2
    cv2.rectangle(
        picture, (x - size, y + int(0.75 * size)), (x + size, y + 2 * size), person.clothes, cv2.FILLED
    )
    head = person.hair or SKIN
    cv2.ellipse(picture, (x, y - half // 2), (int(0.6 * size), int(0.8 * size)), 0, 0, 360, head, cv2.FILLED)
    if person.is_long:
        cv2.rectangle(picture, (x - size, y - half), (x + size, y + int(0.95 * size)), head, cv2.FILLED)
    cv2.ellipse(picture, (x, y), (half, int(0.6 * size)), 0, 0, 360, SKIN, cv2.FILLED)
    mesh = np.zeros((MESH_POINTS, 3), np.float32)
    mesh[:] = (x, y, 0)
    mesh[[205, 50]], mesh[[425, 280]] = (x - 0.25 * size, y, 0), (x + 0.25 * size, y, 0)
    chin = [199, 200, 175, 208, 428, 140, 369, 170, 395]
    mesh[chin] = (x, y + 0.4 * size, 0)
    if person.has_beard:
        cv2.circle(picture, (x, y + int(0.4 * size)), size // 5, (60, 45, 35), cv2.FILLED)
    return Face((x - half, y - half, size, size), 0.9, mesh)


def _middles(prompt: str, scene: Scene) -> list[int | None]:
    """Give the middle of the face that speaks each line, None where no lips move."""
    facts = PictureFacts("a" * 64, 640, 400)
    plan = draw(settle(prompt=prompt, first_frame=facts, duration=8, seed=3), read(prompt))
    roles = cast(plan, scene.faces, scene)
    spoken = [roles.speakers(line) for line in plan.lines]
    return [round(scene.faces[who[0]].centre[0]) if who else None for who in spoken]


@pytest.mark.parametrize(
    ("prompt", "middles"),
    [
        ('The man in the red shirt says: "Go." The woman in blue says: "No."', [500, 150]),
        ("穿红色衬衫的男人说：“走。”蓝衣女人说：“不。”", [500, 150]),
        (
            'John says: "Go." The guy in the red hoodie says: "No." The lady in a green dress says: "Why?"',
            [150, 500, 320],
        ),
    ],
)
def test_the_colour_of_clothes_tells_who_speaks(prompt: str, middles: list[int]) -> None:
    scene = _draw([Person(150, clothes=BLUE), Person(320, clothes=GREEN), Person(500, clothes=RED)])

    assert _middles(prompt, scene) == middles


@pytest.mark.parametrize(
    ("words", "middle"),
    [
        ("The blonde woman", 320),
        ("The grey-haired man", 500),
        ("白发男人", 500),
        ("The long-haired man", 320),
        ("The man with the long blonde hair", 320),
        ("The bald man", 150),
        ("光头教练", 150),
    ],
)
def test_hair_tells_who_speaks(words: str, middle: int) -> None:
    scene = _draw([Person(150, hair=None), Person(320, hair=BLOND, is_long=True), Person(500, hair=GREY)])

    assert _middles(f'{words} says: "Go." ', scene)[0] == middle


def test_a_beard_tells_who_speaks() -> None:
    scene = _draw([Person(150), Person(320), Person(500, has_beard=True)])

    assert _middles('The bearded guy says: "Go." Another man says: "No."', scene)[0] == 500


@pytest.mark.parametrize("words", ["The man standing", "The tall man", "站着的男人"])
def test_whoever_stands_has_the_highest_face(words: str) -> None:
    scene = _draw([Person(150), Person(320, y=100), Person(500)])

    assert _middles(f'{words} says: "Go."', scene) == [320]


def test_a_child_has_the_smallest_face_beside_somebody_grown_up() -> None:
    scene = _draw([Person(150, size=70), Person(500, size=40)])

    assert _middles('The boy says: "Go." The woman says: "No."', scene) == [500, 150]
    assert _middles('The girl says: "Go." The boy says: "No."', scene) == [150, 500]


def test_a_place_counts_more_than_looks() -> None:
    scene = _draw([Person(150, clothes=BLUE), Person(500, clothes=RED)])

    assert _middles('The man in red on the left says: "Go." The other man says: "No."', scene) == [150, 500]


def test_looks_that_nobody_has_or_that_all_have_leave_the_order() -> None:
    scene = _draw([Person(150, clothes=WHITE), Person(320, clothes=WHITE), Person(500, clothes=BLUE)])

    assert _middles('The man in green says: "Go." The man in red says: "No."', scene) == [150, 320]
    assert _middles('The man in blue says: "Go." The man in white says: "No."', scene) == [500, 150]


def test_a_beard_and_long_hair_together_tell_a_man_from_a_woman() -> None:
    scene = _draw([Person(150, has_beard=True), Person(500, is_long=True)])

    assert _middles('Emma says: "Go." John says: "No."', scene) == [500, 150]
    assert _middles('Emma says: "Go." Anna says: "No."', scene) == [150, 500]


@pytest.mark.parametrize(("x", "middles"), [(150, [150, None]), (500, [None, 500])])
def test_the_only_face_speaks_for_whom_its_place_is_told(x: int, middles: list[int | None]) -> None:
    prompt = 'Man on the left: "Move up!" Man on the right: "Never."'
    scene = _draw([Person(x)])

    assert _middles(prompt, scene) == middles
    plan = draw(settle(prompt=prompt, first_frame=PictureFacts("a" * 64, 640, 400)), read(prompt))
    silent = [said for said in list_absences(plan, plan.shots[0], scene) if "no face for" in said]
    assert len(silent) == 1
    assert plan.lines[middles.index(None)].text in silent[0]


def test_one_placed_person_is_the_only_face_wherever_it_is() -> None:
    assert _middles('The man on the left says: "Move up!"', _draw([Person(500)])) == [500]


@pytest.mark.parametrize(
    ("words", "traits"),
    [
        ("the lady in red", {Trait("clothes", "red")}),
        ("the man in the dark blue suit", {Trait("clothes", "blue")}),
        ("a white-haired man in a black coat", {Trait("hair", "white"), Trait("clothes", "black")}),
        ("the woman in the yellow hat", {Trait("hat", "yellow")}),
        ("戴眼镜的红衣女孩", {Trait("figure", "glasses"), Trait("clothes", "red"), Trait("figure", "child")}),
        ("the black man", set()),
    ],
)
def test_words_tell_what_a_colour_is_of(words: str, traits: set[Trait]) -> None:
    assert traits_of([word.text for word in cut(words)]) == traits
