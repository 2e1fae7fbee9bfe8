"""Close-ups of faces that the centred crop cuts off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from talkies.engines.animatic.film.shots import render_shots, understand_pictures
from talkies.engines.animatic.optics.recentring import recentre
from talkies.engines.animatic.vision.faces import find_faces
from talkies.fitting import fit
from talkies.inputs import decode_picture
from talkies.media import Frame, Inputs, no_tick
from talkies.plan import Framing, Plan, Shot

WIDTH, HEIGHT = 432, 248  # smaller than the photo, which then needs no super-resolution


@pytest.fixture(scope="module")
def frame(photo: Path) -> Frame:
    return decode_picture(photo.read_bytes())


def film(frame: Frame, *shots: Shot) -> list[Frame]:
    plan = Plan(engine="animatic", width=WIDTH, height=HEIGHT, duration_s=4, seed=1, shots=shots, audio=False)
    scenes = understand_pictures(plan, Inputs(frame), no_tick)
    return [picture for shot in render_shots(plan, scenes, no_tick) for picture in shot.frames]


def test_a_face_that_the_crop_shows_needs_no_other_window(frame: Frame) -> None:
    assert recentre(frame, 640, 640, "") is None


def test_a_picture_without_a_face_keeps_the_centred_crop() -> None:
    assert recentre(np.full((600, 600, 3), 128, np.uint8), 864, 496, "") is None


def test_the_window_has_the_videos_shape_and_shows_the_face(frame: Frame) -> None:
    window = recentre(frame, 864, 496, "her face")

    assert window is not None
    assert window.shape[1] / window.shape[0] == pytest.approx(864 / 496, abs=0.01)
    assert not any(face.box[1] <= 0 for face in find_faces(window))


def test_a_close_up_after_a_cut_shows_the_face_that_the_crop_cuts_off(frame: Frame) -> None:
    close = Framing(size="close_up", subject="her face")
    shots = (
        Shot(start_frame=0, end_frame=12, picture="first", opens_whole=True),
        Shot(start_frame=12, end_frame=30, picture="first", framing=close, transition="cut"),
    )

    frames = film(frame, *shots)

    assert np.array_equal(frames[0], fit(frame, WIDTH, HEIGHT))
    faces = find_faces(frames[-1])
    assert faces
    assert faces[0].box[3] > HEIGHT / 5


def test_a_first_close_up_begins_on_the_whole_frame_and_cuts_within_a_second(frame: Frame) -> None:
    close = Framing(size="close_up", subject="her face")

    frames = film(frame, Shot(start_frame=0, end_frame=48, picture="first", framing=close, opens_whole=True))

    assert np.array_equal(frames[0], fit(frame, WIDTH, HEIGHT))
    assert find_faces(frames[24])
