"""How far a camera looks beyond its picture."""

from __future__ import annotations

import numpy as np
import pytest

from talkies.engines.animatic.film.filming import Overflow
from talkies.engines.animatic.optics.camera import Pose
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.matte import Matte
from talkies.engines.animatic.vision.scene import Scene

WIDTH, HEIGHT = 160, 90


def _scene(alpha: np.ndarray[tuple[int, int], np.dtype[np.uint8]] | None) -> Scene:
    photo = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    near = None if alpha is None else np.ones((9, 16), np.float32)
    matte = None if alpha is None else Matte(alpha, "object")
    return Scene(photo, photo, (), matte, (), Depth(np.zeros((9, 16), np.float32), near))


def test_a_pose_looks_beyond_the_side_that_it_has_moved_to() -> None:
    overflow = Overflow(_scene(None), (0, 0))

    assert overflow(Pose(zoom=2)) < 0
    assert overflow(Pose(x=0.1)) == pytest.approx(0.1, abs=0.01)
    assert overflow(Pose(y=-0.1)) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(("side", "sign"), [("left", -1), ("right", 1)])
def test_a_subject_counts_only_where_the_picture_cuts_it_off(side: str, sign: int) -> None:
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[:, :40] = 255
    overflow = Overflow(_scene(alpha if side == "left" else alpha[:, ::-1]), (0, 0))

    # The subject moves by the camera's way aside, the background stays; a little of it may be mirrored.
    assert overflow(Pose(shift_x=0.1 * sign)) == pytest.approx(0.1 - 0.02, abs=0.01)
    assert overflow(Pose(shift_x=-0.1 * sign)) < 0.01
