from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.living import company
from talkies.engines.animatic.living.expression import Expression, MouthShape
from talkies.engines.animatic.living.line_art import is_line_art
from talkies.engines.animatic.vision.faces import find_faces
from talkies.media import Frame

PHOTO = Path(__file__).parents[2] / "examples" / "astronaut.jpg"


def _portrait() -> tuple[NDArray[np.float64], Frame]:
    photo = np.asarray(cv2.imdecode(np.fromfile(PHOTO, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)
    return find_faces(photo)[0].mesh[:, :2].astype(np.float64), photo


def _drawing() -> tuple[NDArray[np.float64], Frame]:
    """Flat skin, and hair that falls over it in dark lines."""
    frame = np.full((300, 300, 3), (250, 225, 205), np.uint8)
    for column in range(60, 240, 14):
        cv2.line(frame, (column, 50), (column + 6, 165), (60, 20, 50), 3)
    cv2.ellipse(frame, (150, 150), (90, 110), 0, 0, 360, (60, 20, 50), 4)
    angle = np.linspace(0, 2 * np.pi, 60)
    return np.stack([150 + 90 * np.cos(angle), 150 + 110 * np.sin(angle)], axis=1), frame


def test_flat_colours_between_lines_are_line_art_and_a_photo_is_not() -> None:
    assert is_line_art(*_drawing())
    assert not is_line_art(*_portrait())


def test_neither_a_flat_face_nor_a_busy_one_is_line_art() -> None:
    points, drawing = _drawing()
    noise = np.random.default_rng(1).integers(0, 255, drawing.shape).astype(np.uint8)

    assert not is_line_art(points, np.full_like(drawing, 200))
    assert not is_line_art(points, noise)


def test_of_a_face_that_is_tiny_or_outside_nothing_is_told() -> None:
    points, drawing = _drawing()

    assert not is_line_art(points / 20, drawing)
    assert not is_line_art(points + 1000, drawing)


def test_a_face_is_asked_once_and_its_eyes_and_its_mouth_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _, photo = _portrait()
    face = find_faces(photo)[0]
    answers = iter([False, True])  # no third may be asked for
    monkeypatch.setattr(company, "is_line_art", lambda *_: next(answers))
    photographed, drawn = (company.rig_face(face, photo, (0.0, 0.0), 1.0) for _ in range(2))

    def changes(rig: company.FaceRig, expression: Expression) -> Frame:
        pixels = photo.copy()
        rig.draw(pixels, (0, 0), expression)
        return pixels

    blink = Expression(blink_left=1, blink_right=1)
    speaking = Expression(speaking=1, mouth=MouthShape(opening=1))
    assert (changes(photographed, blink) != photo).any()
    assert (changes(drawn, blink) == photo).all()
    assert (changes(photographed, speaking) != changes(drawn, speaking)).any()
