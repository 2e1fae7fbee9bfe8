from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.living.expression import STILL, HeadPose
from talkies.engines.animatic.living.heads import Field, Heads, rig_heads
from talkies.engines.animatic.living.performance import POSE, POSE_LIMITS
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.faces import MESH_POINTS, Face
from talkies.engines.animatic.vision.matte import Matte
from talkies.engines.animatic.vision.scene import Scene

_WIDTH, _HEIGHT = 1280, 720
_SIZE = 180


def _face(x: float, y: float) -> Face:
    """Make a face with the mesh of half a ball, its outermost points at the temples."""
    angles = np.arange(MESH_POINTS) * 2.39996
    radii = np.sqrt((np.arange(MESH_POINTS) + 0.5) / MESH_POINTS)
    mesh = np.stack([radii * np.cos(angles), radii * np.sin(angles), -np.sqrt(1 - radii**2)], axis=1)
    mesh[[33, 263]] = [[-0.5, -0.2, -0.84], [0.5, -0.2, -0.84]]
    mesh[[234, 454, 127, 356]] = [[-1, 0, 0], [1, 0, 0], [-0.98, -0.2, 0], [0.98, -0.2, 0]]
    points = mesh * _SIZE / 2 + (x, y, 0)
    return Face((x - _SIZE / 2, y - _SIZE / 2, _SIZE, _SIZE), 0.9, points.astype(np.float32))


def _scene(*faces: Face, touching: bool = False) -> Scene:
    picture = np.full((_HEIGHT, _WIDTH, 3), 128, np.uint8)
    alpha = np.zeros((_HEIGHT, _WIDTH), np.uint8)
    alpha[0 if touching else 60 :, 200:-200] = 255
    matte = Matte(alpha, "person" if faces else "object")
    return Scene(picture, picture, faces, matte, (), Depth(np.ones((9, 16), np.float32), None))


def _rig(scene: Scene) -> Heads:
    heads = rig_heads(scene)
    assert heads is not None
    return heads


def _at(field: Field, x: float, y: float) -> NDArray[np.float32]:
    """Read a field at a place in prepared pixels, in pixels."""
    rows, columns = field.shape[:2]
    value = field[int(y / _HEIGHT * rows), int(x / _WIDTH * columns)] * _WIDTH
    return np.asarray(value, np.float32)


def test_a_still_head_moves_nothing() -> None:
    assert np.abs(_rig(_scene(_face(640, 260))).displacement([STILL])).max() == 0


def test_a_turn_moves_the_nose_more_than_the_ears() -> None:
    field = _rig(_scene(_face(640, 260))).displacement([HeadPose(turn=0.15)])

    nose, ear = _at(field, 640, 260)[0], _at(field, 640 + 0.52 * _SIZE, 260)[0]
    assert nose > 8
    assert 0 < ear < 0.6 * nose


def test_a_nod_moves_the_face_down_and_leaves_the_shoulders() -> None:
    field = _rig(_scene(_face(640, 260))).displacement([HeadPose(nod=0.15)])

    assert _at(field, 640, 260)[1] > 8
    assert np.abs(_at(field, 640, 260 + 1.6 * _SIZE)).max() < 0.5


def test_a_tilt_turns_the_crown_clockwise_about_the_neck() -> None:
    field = _rig(_scene(_face(640, 260))).displacement([HeadPose(tilt=0.1)])

    crown, chin = _at(field, 640, 260 - 0.8 * _SIZE)[0], _at(field, 640, 260 + 0.5 * _SIZE)[0]
    assert crown > 3 * chin > 0


def test_a_head_that_lies_aside_nods_along_its_own_axis() -> None:
    face = _face(640, 260)
    turned = (face.mesh - (640, 260, 0)) @ np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]]) + (640, 260, 0)
    lying = Face(face.box, face.score, turned.astype(np.float32))

    moved = _at(_rig(_scene(lying)).displacement([HeadPose(nod=0.1)]), 640, 260)

    assert abs(moved[0]) > 5
    assert abs(moved[1]) < 0.1 * abs(moved[0])


def test_breathing_is_small_but_seen() -> None:
    field = _rig(_scene(_face(640, 260))).displacement([HeadPose(breath=1.0)])

    assert 1 < np.abs(field).max() * _WIDTH < 6


def test_each_of_two_people_moves_alone() -> None:
    heads = _rig(_scene(_face(400, 260), _face(880, 260)))

    field = heads.displacement([HeadPose(turn=0.15), STILL])

    assert len(heads) == 2
    assert _at(field, 400, 260)[0] > 8
    assert abs(_at(field, 880, 260)[0]) < 0.3


@pytest.mark.parametrize("touching", [False, True])
@pytest.mark.parametrize("name", POSE)
def test_no_pose_folds_the_picture(name: str, touching: bool) -> None:
    heads = _rig(_scene(_face(640, 120 if touching else 260), touching=touching))
    limit = POSE_LIMITS[name]  # type: ignore[index]

    for sign in (-1, 1):
        field = heads.displacement([HeadPose(**{name: sign * limit})])
        stretch = [np.gradient(field[..., axis], 1 / field.shape[1]) for axis in (0, 1)]
        (x_down, x_across), (y_down, y_across) = stretch
        assert ((1 - x_across) * (1 - y_down) - x_down * y_across).min() > 0.3


def test_a_head_cut_off_by_the_picture_stays_put_at_its_edge() -> None:
    field = _rig(_scene(_face(640, 80), touching=True)).displacement([HeadPose(nod=0.15)])

    assert np.abs(field[0]).max() * _WIDTH < 0.5
    assert _at(field, 640, 110)[1] > 2


def test_a_figure_turns_and_stands_on_its_foot() -> None:
    heads = _rig(_scene())

    turned = heads.displacement([HeadPose(turn=0.1)])
    swayed = heads.displacement([HeadPose(tilt=0.1)])

    assert len(heads) == 1
    assert _at(turned, 640, 390)[0] > 5
    assert abs(_at(swayed, 640, 715)[0]) < 0.5 < _at(swayed, 640, 300)[0]


def test_a_figure_that_is_not_cut_out_moves_alone_and_the_edge_of_the_picture_stays() -> None:
    picture = np.full((360, 640, 3), 150, np.uint8)
    cv2.circle(picture, (320, 180), 70, (200, 40, 30), cv2.FILLED)
    scene = Scene(picture, picture, (), None, (), Depth(np.ones((9, 16), np.float32), None))

    moved = rig_heads(scene).displacement([HeadPose(rise=0.05)]) * 640

    sizes = np.hypot(moved[..., 0], moved[..., 1])
    assert sizes[40:50, 70:90].mean() > 1
    assert max(sizes[0].max(), sizes[-1].max(), sizes[:, 0].max(), sizes[:, -1].max()) < 0.1
