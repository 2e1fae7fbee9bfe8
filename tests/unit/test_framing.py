from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from talkies.engines.animatic.optics.camera import WHOLE, Pose, View
from talkies.engines.animatic.optics.framing import find_focus, frame_view, measure_cut, measure_loss
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.faces import MESH_POINTS, Face
from talkies.engines.animatic.vision.matte import Matte
from talkies.engines.animatic.vision.scene import Scene
from talkies.plan import Framing, ShotSize

WIDTH, HEIGHT = 640, 360


def _face(x: float, y: float, size: float) -> Face:
    """A face whose eyes lie a quarter of its size above its centre and whose lips as much below."""
    mesh = np.full((MESH_POINTS, 3), (x, y, 0), np.float32)
    mesh[[33, 133, 159, 145, 362, 263, 386, 374], 1] = y - size / 4
    mesh[[61, 291, 0, 17], 1] = y + size / 4
    mesh[234, 0], mesh[454, 0] = x - size / 2, x + size / 2
    return Face((x - size / 2, y - size / 2, size, size), 0.9, mesh)


def _scene(*faces: Face, box: tuple[int, int, int, int] | None = None, density: float = 3.0) -> Scene:
    prepared = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    source = np.full((round(HEIGHT * density), round(WIDTH * density), 3), 128, np.uint8)
    matte = None
    if box is not None:
        alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.rectangle(alpha, box, 255, cv2.FILLED)
        matte = Matte(alpha, "object")
    return Scene(source, prepared, faces, matte, (), Depth(np.ones((9, 16), np.float32), None))


def _shown(view: View) -> tuple[float, float, float, float]:
    """The view in pixels: left, top, right, bottom."""
    half = WIDTH / view.zoom / 2, HEIGHT / view.zoom / 2
    x, y = WIDTH / 2 + view.x * WIDTH, HEIGHT / 2 + view.y * WIDTH
    return x - half[0], y - half[1], x + half[0], y + half[1]


@pytest.mark.parametrize("size", [None, "wide"])
def test_wide_is_the_whole_picture(size: ShotSize | None) -> None:
    assert frame_view(_scene(_face(300, 100, 60)), Framing(size=size)) == WHOLE


def test_a_close_up_holds_the_face_with_headroom() -> None:
    left, top, right, bottom = _shown(frame_view(_scene(_face(300, 150, 80)), Framing(size="close_up")))

    assert left < 260
    assert right > 340
    assert top < 110 - 20
    assert bottom > 190
    assert 0.3 < 80 / (bottom - top) < 0.5


def test_tighter_sizes_are_tighter() -> None:
    scene = _scene(_face(300, 150, 60))

    sizes: tuple[ShotSize, ...] = ("wide", "medium", "medium_close_up", "close_up", "extreme_close_up")
    zooms = [frame_view(scene, Framing(size=size)).zoom for size in sizes]

    assert zooms == sorted(zooms)
    assert len(set(zooms)) == len(sizes)


@pytest.mark.parametrize(("words", "x"), [("the woman on the left", 120), ("the man on the right", 470)])
def test_the_words_choose_the_face(words: str, x: float) -> None:
    scene = _scene(_face(120, 150, 60), _face(330, 150, 80), _face(470, 150, 70))

    left, _, right, _ = _shown(frame_view(scene, Framing(size="close_up", subject=words)))

    assert left < x < right
    assert abs((left + right) / 2 - x) < 30


def test_undecided_words_mean_the_first_and_largest_face() -> None:
    scene = _scene(_face(330, 150, 80), _face(120, 150, 60))

    left, _, right, _ = _shown(frame_view(scene, Framing(size="close_up", subject="the officer")))

    assert (left + right) / 2 == pytest.approx(330, abs=20)


def test_eyes_and_mouth_are_looked_at() -> None:
    scene = _scene(_face(320, 170, 120), density=6)

    heights = []
    for words in ("her eyes", "his mouth"):
        _, top, _, bottom = _shown(frame_view(scene, Framing(size="extreme_close_up", subject=words)))
        heights.append((top + bottom) / 2)

    assert heights[0] < 170 < heights[1]


def test_an_object_is_framed_by_its_outline() -> None:
    left, top, right, bottom = _shown(
        frame_view(_scene(box=(400, 150, 120, 120)), Framing(size="medium", subject="the vase"))
    )

    assert left < 400 + 60 < right
    assert top < 150 + 60 < bottom
    assert bottom - top < 0.6 * HEIGHT


def test_a_view_stays_inside_the_picture() -> None:
    left, top, right, bottom = _shown(frame_view(_scene(_face(620, 20, 60)), Framing(size="close_up")))

    assert left > -0.01
    assert top > -0.01
    assert right < WIDTH + 0.01
    assert bottom < HEIGHT + 0.01


def test_a_small_source_is_not_enlarged_beyond_sharpness() -> None:
    face = _face(300, 150, 30)

    poor = frame_view(_scene(face, density=0.4), Framing(size="extreme_close_up"))
    rich = frame_view(_scene(face, density=3), Framing(size="extreme_close_up"))

    assert poor.zoom == pytest.approx(0.4 * 4.5)
    assert rich.zoom > 3 * poor.zoom


def test_the_focus_is_the_face() -> None:
    assert find_focus(_scene(_face(480, 90, 60))) == pytest.approx((160 / 640, -90 / 640))


def test_the_focus_lies_between_all_who_matter() -> None:
    man, woman, passer_by = _face(160, 90, 60), _face(480, 110, 50), _face(620, 60, 12)

    assert find_focus(_scene(man, woman, passer_by))[0] == pytest.approx(
        ((130 + 505) / 2 - 320) / WIDTH, abs=0.001
    )


def test_a_face_at_the_side_is_lost_to_a_move_that_leads_past_it() -> None:
    scene = _scene(_face(320, 180, 60), _face(590, 180, 60))

    assert measure_loss(scene, (0, 0), Pose()) < 0
    assert measure_loss(scene, (0, 0), Pose(zoom=1.3)) > 0.05
    assert measure_loss(scene, (0, 0), Pose(x=0.1, zoom=1.2)) < 0


def test_what_the_picture_cuts_of_a_subject_asks_for_no_more() -> None:
    whole, cut = _scene(box=(60, 100, 200, 200)), _scene(box=(0, 100, 200, 260))

    assert measure_loss(whole, (0, 0), Pose(zoom=1.5)) > 0
    assert measure_loss(cut, (0, 0), Pose(zoom=1.5)) < 0
    assert measure_loss(_scene(), (0, 0), Pose(zoom=3)) == -1


def _with_hat(face: Face, top: int) -> Scene:
    """A person whose hat ends at a row of the picture."""
    scene = _scene(face)
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    x, _, width, _ = (round(value) for value in face.box)
    alpha[top:, x : x + width] = 255
    return replace(scene, matte=Matte(alpha, "person"))


@pytest.mark.parametrize("size", ["medium", "close_up"])
def test_a_view_of_a_face_has_room_above_the_hat(size: ShotSize) -> None:
    scene = _with_hat(_face(320, 180, 60), 70)

    _, top, _, bottom = _shown(frame_view(scene, Framing(size=size)))

    assert 70 - 0.15 * (bottom - top) < top < 70
    assert bottom > 210 + 0.4 * 60


def test_a_move_towards_a_face_does_not_push_the_hat_out() -> None:
    scene = _with_hat(_face(320, 90, 60), 8)

    x, y = find_focus(scene)

    top = HEIGHT / 2 + y * WIDTH + 1.2 * (8 - HEIGHT / 2 - y * WIDTH)
    assert x == pytest.approx(0)
    assert top > 0


def test_a_head_at_the_upper_edge_of_a_pose_is_told_as_cut() -> None:
    scene = _with_hat(_face(320, 150, 60), 70)

    assert measure_cut(scene, (0, 0), Pose()) < 0
    assert measure_cut(scene, (0, 0), Pose(zoom=2)) == pytest.approx((90 - 70 + 0.12 * 60) / WIDTH, abs=0.01)
    assert measure_cut(scene, (0, 0), Pose(x=0.6, zoom=4)) == -1
