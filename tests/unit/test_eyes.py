from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.living.expression import Expression
from talkies.engines.animatic.living.eyes import Eyes
from talkies.engines.animatic.living.opening import find_openings
from talkies.engines.animatic.vision.faces import Face, find_faces
from talkies.media import Frame

PORTRAIT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
EXPRESSIONS = [
    Expression(blink_left=1, blink_right=1),
    Expression(blink_left=0.4, blink_right=0.6),
    Expression(gaze_x=-1, gaze_y=1),
    Expression(gaze_x=1, gaze_y=-1),
    Expression(brows=1, widen=1),
    Expression(brows=-1, knit=1),
    Expression(squint=1),
    Expression(brow_left=1),
]
LEFT_EYE, RIGHT_EYE = (33, 133), (362, 263)
DENSITY = 2.0

Mask = NDArray[np.bool_]


@pytest.fixture(scope="module")
def portrait() -> Frame:
    return np.asarray(cv2.imdecode(np.fromfile(PORTRAIT, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)


@pytest.fixture(scope="module")
def face(portrait: Frame) -> Face:
    return find_faces(portrait)[0]


@pytest.fixture(scope="module")
def texture(portrait: Frame) -> Frame:
    return _texture(portrait)


def _texture(picture: Frame) -> Frame:
    size = round(picture.shape[1] * DENSITY), round(picture.shape[0] * DENSITY)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _drawn(eyes: Eyes, texture: Frame, expression: Expression) -> Frame:
    left, top, right, bottom = eyes.box
    result = texture.copy()
    result[top:bottom, left:right] = eyes.draw(texture[top:bottom, left:right], expression)
    return result


def _changed(eyes: Eyes, texture: Frame, expression: Expression) -> Mask:
    return np.asarray((_drawn(eyes, texture, expression) != texture).any(axis=-1))


def _disc(shape: tuple[int, ...], face: Face, corners: tuple[int, int], scale: float) -> Mask:
    """Mark a disc about an eye, its radius in widths of the eye."""
    first, second = (face.mesh[list(corners), :2] * DENSITY).astype(np.float64)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    centre = (first + second) / 2
    return np.asarray(np.hypot(x - centre[0], y - centre[1]) < scale * np.hypot(*(second - first)))


def _openness(picture: Frame) -> NDArray[np.float64]:
    """Let the mesh net measure both eyes: height over width."""
    mesh = find_faces(picture)[0].mesh
    points = ((159, 145, *LEFT_EYE), (386, 374, *RIGHT_EYE))
    return np.array(
        [
            np.hypot(*(mesh[top] - mesh[low])[:2]) / np.hypot(*(mesh[a] - mesh[b])[:2])
            for top, low, a, b in points
        ]
    )


def _iris_centre(picture: Frame, face: Face, corners: tuple[int, int]) -> NDArray[np.float64]:
    """Weigh the dark pixels of an eye's opening."""
    opening = _disc(picture.shape, face, corners, 0.42)
    y, x = np.nonzero(opening & (picture[..., 0] < 100))
    return np.array([x.mean(), y.mean()])


def test_the_photo_is_shown_where_nothing_is_asked(face: Face, texture: Frame) -> None:
    eyes = Eyes(face, texture, (0, 0), DENSITY)

    assert not _changed(eyes, texture, Expression(speaking=1, smile=1)).any()


def test_the_net_sees_the_eyes_close_in_a_blink(face: Face, texture: Frame) -> None:
    eyes = Eyes(face, texture, (0, 0), DENSITY)

    shut = _openness(_drawn(eyes, texture, Expression(blink_left=1, blink_right=1)))

    # The net hardly knows closed eyes: it sees about a third of what happens.
    assert (shut < 0.87 * _openness(texture)).all()


def test_a_closed_eye_shows_skin_where_the_iris_was(face: Face, texture: Frame) -> None:
    shut = _drawn(Eyes(face, texture, (0, 0), DENSITY), texture, Expression(blink_left=1, blink_right=1))

    for corners in (LEFT_EYE, RIGHT_EYE):
        iris = _disc(texture.shape, face, corners, 0.2) & (texture[..., 0] < 90)
        assert iris.any()
        assert np.percentile(shut[iris, 0], 30) > 130


def test_long_lashes_do_not_stay_under_the_brow_when_the_lid_falls(face: Face, texture: Frame) -> None:
    made_up, tips = texture.copy(), np.zeros(texture.shape[:2], np.uint8)
    for opening in find_openings(face, (0, 0), DENSITY):
        for u in np.linspace(-0.3, 0.3, 7, dtype=np.float32):
            edge = float(opening.upper_lid(u))
            (x, y), (tip_x, tip_y) = (
                [float(value) for value in opening.pixels(np.array(u), np.array(edge - up, np.float32))]
                for up in (0.0, 0.24)
            )
            root, middle, tip = (
                (round(x + share * (tip_x - x)), round(y + share * (tip_y - y))) for share in (0, 0.6, 1)
            )
            cv2.line(made_up, root, tip, (30, 20, 20), 1)
            cv2.line(tips, middle, tip, 255, 1)
    lost = texture[tips > 0].mean() - made_up[tips > 0].mean()

    shut = _drawn(Eyes(face, made_up, (0, 0), DENSITY), made_up, EXPRESSIONS[0])

    assert texture[tips > 0].mean() - shut[tips > 0].mean() < 0.25 * lost


def test_a_shut_lid_keeps_the_make_up_above_the_eye(face: Face, texture: Frame) -> None:
    made_up = texture.copy()
    for opening in find_openings(face, (0, 0), DENSITY):
        y, x = np.mgrid[0 : texture.shape[0], 0 : texture.shape[1]].astype(np.float32)
        u, v = opening.coordinates(x, y)
        painted = (np.abs(u) < 0.5) & (v < opening.upper_lid(u)) & (v > opening.upper_lid(u) - 0.3)
        made_up[painted] = made_up[painted] * np.array([0.75, 0.85, 1.1]).clip(0, 1)

    bare, blue = (
        _drawn(Eyes(face, picture, (0, 0), DENSITY), picture, EXPRESSIONS[0])
        for picture in (texture, made_up)
    )

    for corners in (LEFT_EYE, RIGHT_EYE):
        lid = _disc(texture.shape, face, corners, 0.1)
        red = [float(picture[lid, 0].mean() / picture[lid, 2].mean()) for picture in (bare, blue)]
        assert red[1] < 0.92 * red[0]


def test_an_eye_under_hair_is_left_alone(face: Face, texture: Frame) -> None:
    covered = texture.copy()
    strands = np.array([[150, 110, 80], [190, 150, 115], [120, 85, 60], [210, 170, 130]], np.uint8)
    under = _disc(texture.shape, face, LEFT_EYE, 0.9)
    covered[under] = np.repeat(strands[np.arange(texture.shape[1]) // 2 % 4][None], len(texture), 0)[under]
    eyes = Eyes(face, covered, (0, 0), DENSITY)

    changed = _changed(eyes, covered, Expression(blink_left=1, blink_right=1))

    assert not changed[_disc(texture.shape, face, LEFT_EYE, 0.4)].any()
    assert changed[_disc(texture.shape, face, RIGHT_EYE, 0.2)].mean() > 0.8


def test_a_wink_closes_one_eye(face: Face, texture: Frame) -> None:
    changed = _changed(Eyes(face, texture, (0, 0), DENSITY), texture, Expression(blink_right=1))

    assert changed[_disc(texture.shape, face, RIGHT_EYE, 0.3)].mean() > 0.8
    assert not changed[_disc(texture.shape, face, LEFT_EYE, 0.8)].any()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_nothing_changes_at_the_rim_or_towards_the_mouth(
    face: Face, texture: Frame, expression: Expression
) -> None:
    eyes = Eyes(face, texture, (0, 0), DENSITY)

    changed = _changed(eyes, texture, expression)

    left, top, right, bottom = eyes.box
    part = changed[top:bottom, left:right]
    assert part.any()
    assert not part[[0, -1]].any()
    assert not part[:, [0, -1]].any()
    border = DENSITY * (face.mesh[[145, 374], 1].mean() + face.mesh[1, 1]) / 2
    # The example's face is nearly upright.
    assert not changed[int(border + 0.08 * face.size * DENSITY) :].any()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_movement_is_continuous(face: Face, texture: Frame, expression: Expression) -> None:
    eyes = Eyes(face, texture, (0, 0), DENSITY)
    left, top, right, bottom = eyes.box
    part = texture[top:bottom, left:right]
    parameters = (
        "blink_left",
        "blink_right",
        "gaze_x",
        "gaze_y",
        "brows",
        "brow_left",
        "brow_right",
        "knit",
        "squint",
        "widen",
    )

    def at(share: float) -> NDArray[np.float64]:
        asked = replace(expression, **{name: share * getattr(expression, name) for name in parameters})
        return cv2.blur(eyes.draw(part, asked), (3, 3)).astype(np.float64)

    steps = np.linspace(0, 1, 41)
    frames = [at(share) for share in steps]

    largest = [np.abs(after - before).max() for before, after in pairwise(frames)]
    assert max(largest) < 60


@pytest.mark.parametrize("corners", [LEFT_EYE, RIGHT_EYE])
def test_the_irises_follow_the_gaze(face: Face, texture: Frame, corners: tuple[int, int]) -> None:
    eyes = Eyes(face, texture, (0, 0), DENSITY)
    width = DENSITY * np.hypot(*(face.mesh[corners[1]] - face.mesh[corners[0]])[:2])

    left, right = (
        _iris_centre(_drawn(eyes, texture, Expression(gaze_x=gaze)), face, corners)[0] / width
        for gaze in (-0.5, 0.5)
    )

    assert 0.15 < right - left < 0.4


def test_an_eye_of_a_dozen_pixels_can_glance(portrait: Frame) -> None:
    small = np.asarray(cv2.resize(portrait, (220, 220), interpolation=cv2.INTER_AREA), np.uint8)
    picture = np.full((360, 360, 3), 150, np.uint8)
    picture[:220, :220] = small
    face = find_faces(picture)[0]
    texture = _texture(picture)

    changed = _changed(Eyes(face, texture, (0, 0), DENSITY), texture, Expression(gaze_x=0.6))

    assert np.hypot(*(face.mesh[33] - face.mesh[133])[:2]) * DENSITY < 30
    assert changed[_disc(texture.shape, face, LEFT_EYE, 0.4)].any()


def test_the_net_sees_the_brows_rise(face: Face, texture: Frame) -> None:
    eyes = Eyes(face, texture, (0, 0), DENSITY)

    def height(brows: float) -> float:
        mesh = find_faces(_drawn(eyes, texture, Expression(brows=brows)))[0].mesh
        return float((mesh[[33, 263], 1].mean() - mesh[[105, 334], 1].mean()) / (mesh[263, 0] - mesh[33, 0]))

    assert height(1) > height(-1) + 0.02


def _with_glasses(texture: Frame, face: Face) -> tuple[Frame, Mask]:
    frame = np.zeros(texture.shape[:2], np.uint8)
    centres = [face.mesh[list(corners), :2].mean(axis=0) * DENSITY for corners in (LEFT_EYE, RIGHT_EYE)]
    span = float(np.hypot(*(centres[1] - centres[0])))
    thickness = round(0.05 * span)
    for x, y in centres:
        axes = round(0.4 * span), round(0.26 * span)
        cv2.ellipse(frame, (round(x), round(y)), axes, 0, 0, 360, 255, thickness)
    (x, y), (end, level) = centres
    cv2.line(
        frame, (round(x + 0.4 * span), round(y)), (round(end - 0.4 * span), round(level)), 255, thickness
    )
    wearing = texture.copy()
    wearing[frame > 0] = (35, 30, 30)
    return wearing, frame > 0


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_frame_of_glasses_does_not_bend(face: Face, texture: Frame, expression: Expression) -> None:
    wearing, frame = _with_glasses(texture, face)

    changed = _changed(Eyes(face, wearing, (0, 0), DENSITY), wearing, expression)

    assert changed[frame].mean() < 0.01


def test_eyes_behind_dark_glasses_are_left_alone(face: Face, texture: Frame) -> None:
    wearing = texture.copy()
    for corners in (LEFT_EYE, RIGHT_EYE):
        wearing[_disc(texture.shape, face, corners, 0.75)] = (20, 20, 24)
    eyes = Eyes(face, wearing, (0, 0), DENSITY)

    for expression in EXPRESSIONS:
        assert not _changed(eyes, wearing, expression)[_disc(texture.shape, face, LEFT_EYE, 0.3)].any()


@pytest.mark.parametrize("glass", [(20, 20, 24), (30, 90, 60), (150, 60, 30)])
def test_eyes_behind_large_coloured_glasses_are_left_alone(
    face: Face, texture: Frame, glass: tuple[int, int, int]
) -> None:
    wearing = texture.copy()
    for corners in (LEFT_EYE, RIGHT_EYE):
        wearing[_disc(texture.shape, face, corners, 1.0)] = glass
    eyes = Eyes(face, wearing, (0, 0), DENSITY)

    assert not any(_changed(eyes, wearing, expression).any() for expression in EXPRESSIONS)


def test_an_eye_in_shadow_blinks_with_the_other(face: Face, texture: Frame) -> None:
    shaded = texture.copy()
    dark = _disc(texture.shape, face, LEFT_EYE, 0.62)
    shaded[dark] = (0.25 * shaded[dark]).astype(np.uint8)
    eyes = Eyes(face, shaded, (0, 0), DENSITY)

    changed = _changed(eyes, shaded, Expression(blink_left=1, blink_right=1))

    for corners in (LEFT_EYE, RIGHT_EYE):
        assert changed[_disc(texture.shape, face, corners, 0.2)].mean() > 0.8


def test_no_eye_glances_alone(face: Face, texture: Frame) -> None:
    blind = texture.copy()
    blind[_disc(texture.shape, face, LEFT_EYE, 0.42)] = (200, 190, 180)
    eyes = Eyes(face, blind, (0, 0), DENSITY)

    assert not _changed(eyes, blind, Expression(gaze_x=1)).any()


def test_eyes_that_the_photo_shows_shut_are_left_alone(face: Face, texture: Frame) -> None:
    mesh = face.mesh.copy()
    for uppers, lowers in (
        ((246, 161, 160, 159, 158, 157, 173), (7, 163, 144, 145, 153, 154, 155)),
        ((398, 384, 385, 386, 387, 388, 466), (382, 381, 380, 374, 373, 390, 249)),
    ):
        mesh[list(uppers)] = mesh[list(lowers)]
    eyes = Eyes(replace(face, mesh=mesh), texture, (0, 0), DENSITY)

    assert not _changed(eyes, texture, Expression(blink_left=1, blink_right=1, gaze_x=1)).any()


def test_a_face_of_a_few_pixels_is_left_alone(face: Face, texture: Frame) -> None:
    tiny = replace(face, mesh=face.mesh * np.float32(0.04))

    assert not _changed(Eyes(tiny, texture, (0, 0), 1.0), texture, EXPRESSIONS[0]).any()


def test_a_texture_that_cuts_the_face_is_drawn_as_far_as_it_reaches(face: Face, texture: Frame) -> None:
    middle = int(face.mesh[168, 0])
    part = np.ascontiguousarray(texture[:, round(middle * DENSITY) :])

    changed = _changed(Eyes(face, part, (middle, 0), DENSITY), part, EXPRESSIONS[0])

    assert changed.any()
    assert not _changed(Eyes(face, texture[:40], (0, 0), DENSITY), texture[:40], EXPRESSIONS[0]).any()


def test_a_premultiplied_texture_is_drawn_alike(face: Face, texture: Frame) -> None:
    opaque = np.dstack([texture, np.full(texture.shape[:2], 255, np.uint8)])

    for expression in EXPRESSIONS:
        plain = _drawn(Eyes(face, texture, (0, 0), DENSITY), texture, expression)
        layered = _drawn(Eyes(face, opaque, (0, 0), DENSITY), opaque, expression)
        assert np.array_equal(layered[..., :3], plain)
        assert layered[..., 3].min() == 255


def test_a_tilted_face_blinks_too(portrait: Frame) -> None:
    side = portrait.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), -25, 1)
    picture = np.asarray(cv2.warpAffine(portrait, turn, (side, side)), np.uint8)
    face = find_faces(picture)[0]
    texture = _texture(picture)

    shut = _drawn(Eyes(face, texture, (0, 0), DENSITY), texture, EXPRESSIONS[0])

    assert (_openness(shut) < 0.87 * _openness(texture)).all()
