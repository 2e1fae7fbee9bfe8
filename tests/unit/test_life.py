from __future__ import annotations

import numpy as np

from talkies.engines.animatic.depth import Depth
from talkies.engines.animatic.faces import MESH_POINTS, Face
from talkies.engines.animatic.life import Life, give_life
from talkies.engines.animatic.matte import Matte
from talkies.engines.animatic.scene import Scene


def _scene(*faces: Face) -> Scene:
    picture = np.full((720, 1280, 3), 128, np.uint8)
    alpha = np.full((720, 1280), 255, np.uint8)
    return Scene(
        picture, picture, faces, Matte(alpha, "person"), picture, Depth(np.ones((9, 16), np.float32), None)
    )


def _life(settles_at: int | None = None) -> Life:
    face = Face((560, 140, 160, 160), 0.9, np.zeros((MESH_POINTS, 3), np.float32))
    life = give_life(_scene(face), 3, settles_at)
    assert life is not None
    return life


def test_the_first_frame_is_the_photo() -> None:
    assert np.abs(_life().displacement(0)).max() == 0


def test_breathing_is_small_but_seen() -> None:
    life = _life()

    largest = max(float(np.abs(life.displacement(frame)).max()) for frame in range(120)) * 1280

    assert 1.5 < largest < 12


def test_it_is_smooth_and_never_stops() -> None:
    life = _life()
    moved = np.stack([life.displacement(frame) for frame in range(120)])

    steps = np.abs(np.diff(moved, axis=0)).max(axis=(1, 2, 3)) * 1280
    assert steps.min() > 0.01
    assert steps.max() < 1


def test_it_has_come_to_rest_at_the_last_frame() -> None:
    life = _life(settles_at=95)

    assert np.abs(life.displacement(95)).max() == 0
    assert np.abs(life.displacement(60)).max() > 0


def test_things_do_not_breathe() -> None:
    assert give_life(_scene(), 3, None) is None
