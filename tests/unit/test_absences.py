"""What the pictures do not have is said once they have been looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from talkies.engines.animatic.film.absences import list_absences
from talkies.engines.animatic.planning.storyboard import draw
from talkies.engines.animatic.vision.depth import estimate_depth
from talkies.engines.animatic.vision.faces import Face, find_faces
from talkies.engines.animatic.vision.horizons import Landscape
from talkies.engines.animatic.vision.scene import Scene
from talkies.inputs import decode_picture
from talkies.media import Frame
from talkies.script import read
from talkies.spec import PictureFacts, settle

PORTRAIT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
PLAIN = np.full((360, 640, 3), 127, np.uint8)


def absences(prompt: str, *faces: Face, picture: Frame = PLAIN) -> tuple[str, ...]:
    facts = PictureFacts("a" * 64, 640, 360)
    plan = draw(settle(prompt=prompt, first_frame=facts, seed=3), read(prompt))
    scene = Scene(picture, picture, faces, None, (), estimate_depth(Landscape(PLAIN, None), None, ()))
    return list_absences(plan, plan.shots[0], scene)


def test_lips_without_a_face_are_said_to_be_missing() -> None:
    said = absences('The woman says: "Good evening."')

    assert len(said) == 1
    assert "Good evening." in said[0]
    assert "no face" in said[0]


def test_a_voice_from_outside_the_picture_needs_no_face() -> None:
    assert absences('A deep voice-over: "In the beginning there was the sea."') == ()


@pytest.mark.parametrize(
    ("prompt", "light"), [("At night, she waits.", "night"), ("Golden hour.", "golden hour")]
)
def test_an_hour_that_the_photo_does_not_show_is_said(prompt: str, light: str) -> None:
    assert absences(prompt) == (f"the light “{light}”: the photo keeps its own",)


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("Close-up of the lighthouse.", "what stands out most"),
        ("A close-up of his hands.", "the lower middle of the subject"),
        ("The camera pushes in to a close-up of the cup.", "what stands out most"),
        ("灯塔的特写。", "what stands out most"),
    ],
)
def test_a_close_up_of_what_nothing_can_find_says_what_it_shows(prompt: str, shown: str) -> None:
    (said,) = absences(prompt)

    assert said.endswith(f"it shows {shown}")


@pytest.mark.parametrize(
    "prompt",
    ["Close-up of her eyes.", "Close-up of the man on the left.", "Close-up.", "Wide shot of a bay."],
)
def test_a_framing_of_somebody_or_of_the_whole_says_nothing(prompt: str) -> None:
    assert absences(prompt) == ()


def test_an_hour_that_comes_or_that_the_photo_shows_is_not_said() -> None:
    assert absences("Night falls.") == ()
    assert absences("The sun sets.") == ()
    dark = Scene(PLAIN // 3, PLAIN // 3, (), None, (), estimate_depth(Landscape(PLAIN, None), None, ()))
    plan = draw(settle(prompt="At night.", first_frame=PictureFacts("a" * 64, 640, 360)), read("At night."))
    assert list_absences(plan, plan.shots[0], dark) == ()


def _front_and_aside(degrees: float = 90) -> tuple[Face, Face]:
    """A face, and the same turned aside."""
    (front, *_) = find_faces(decode_picture(PORTRAIT.read_bytes()))
    turn = np.radians(degrees)
    axes = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    middle = front.mesh.mean(axis=0)
    aside = (front.mesh - middle) @ axes + middle
    return front, replace(front, mesh=aside.astype(np.float32))


@pytest.mark.parametrize("prompt", ['The woman says: "Good evening."', "The woman smiles."])
def test_a_face_turned_too_far_aside_is_said_to_keep_its_mouth_as_it_is(prompt: str) -> None:
    front, aside = _front_and_aside()

    (said,) = absences(prompt, aside)

    assert "turned too far aside" in said
    assert absences(prompt, front) == ()


def test_eyes_that_the_photo_shows_closed_cannot_open() -> None:
    (front, *_) = find_faces(decode_picture(PORTRAIT.read_bytes()))
    mesh = front.mesh.copy()
    for upper, lower in (
        ((246, 161, 160, 159, 158, 157, 173), (7, 163, 144, 145, 153, 154, 155)),
        ((398, 384, 385, 386, 387, 388, 466), (382, 381, 380, 374, 373, 390, 249)),
    ):
        mesh[list(upper)] = mesh[list(lower)]

    (said,) = absences("The woman opens her eyes.", replace(front, mesh=mesh))

    assert "opens her eyes" in said
    assert "eyes closed" in said
    assert absences("The woman opens her eyes.", front) == ()


def test_brows_that_are_not_drawn_are_said_to_stay() -> None:
    portrait = decode_picture(PORTRAIT.read_bytes())
    (face, *_) = find_faces(portrait)
    hidden = portrait.copy()
    for corners in ((33, 133), (362, 263)):
        first, second = face.mesh[list(corners), :2]
        x, y = (first + second) / 2
        cv2.circle(hidden, (round(x), round(y)), round(0.75 * np.hypot(*(second - first))), (20, 20, 24), -1)

    (said,) = absences("The woman raises her eyebrows.", face, picture=hidden)

    assert "brows stay" in said
    assert absences("The woman raises her eyebrows.", face, picture=portrait) == ()


@pytest.mark.parametrize("degrees", [-50, -40, -30, 30, 40, 50])
def test_a_three_quarter_view_speaks(degrees: float) -> None:
    _, aside = _front_and_aside(degrees)

    assert absences('The woman says: "Good evening."', aside) == ()


@pytest.mark.parametrize("degrees", [-60, 60])
def test_a_profile_does_not(degrees: float) -> None:
    _, aside = _front_and_aside(degrees)

    assert "turned too far aside" in absences('The woman says: "Good evening."', aside)[0]


def test_a_face_turned_aside_can_nod() -> None:
    _, aside = _front_and_aside()

    assert absences("The woman nods.", aside) == ()


def test_a_smile_needs_a_face() -> None:
    (said,) = absences("The woman smiles.")

    assert said.startswith("“The woman smiles”")


def test_an_animal_without_a_face_is_said_to_move_as_a_whole() -> None:
    (said,) = absences("The cat looks up.")

    assert said.endswith("no face for it was found in the picture; all of its body moves")


def test_no_face_is_missed_for_what_has_none_and_cannot_go() -> None:
    assert absences("The car drives off.") == ()


@pytest.mark.parametrize(
    ("prompt", "missing"),
    [("The river flows.", "water"), ("Clouds drift by.", "sky"), ("The grass sways.", "leaves or grass")],
)
def test_scenery_that_is_not_in_the_picture_is_named(prompt: str, missing: str) -> None:
    (said,) = absences(prompt)

    assert f"no {missing} was found" in said
