"""What belongs together is seen and heard within 45 ms, measured in the frames and samples of whole clips."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines import find_engine
from talkies.engines.animatic.sound.soundtrack import heard_steps
from talkies.engines.animatic.vision.faces import find_faces
from talkies.inputs import decode_picture
from talkies.media import Frame, Inputs, TrackName, no_tick
from talkies.plan import Plan
from talkies.production import joined_tracks, make_plan
from talkies.spec import FRAME_RATE, SAMPLE_RATE, PictureFacts, settle

TOGETHER_S = 0.045
UNDER_WAY_S = 1.0  # a clip begins as the photo, at rest


class Made(NamedTuple):
    plan: Plan
    frames: list[Frame]
    loudness: dict[TrackName, NDArray[np.float32]]
    not_rendered: tuple[str, ...]


def make(photo: Path, prompt: str) -> Made:
    frame = decode_picture(photo.read_bytes())
    facts = PictureFacts("a" * 64, frame.shape[1], frame.shape[0])
    engine = find_engine("animatic")
    plan = make_plan(settle(prompt=prompt, first_frame=facts, resolution="480p", duration=4, seed=3), engine)
    clips = list(engine.render(plan, Inputs(frame), no_tick))
    frames = [picture.copy() for clip in clips for picture in clip.frames]
    loudness = {track.name: np.abs(track.samples).max(axis=1) for track in joined_tracks(clips)}
    return Made(plan, frames, loudness, tuple(said for clip in clips for said in clip.not_rendered))


def onset_s(loudness: NDArray[np.float32], low_s: float, high_s: float) -> float:
    """When a sound first reaches a third of its loudest in a span."""
    first = int(low_s * SAMPLE_RATE)
    part = loudness[first : int(high_s * SAMPLE_RATE)]
    return float(first + np.flatnonzero(part > part.max() / 3)[0]) / SAMPLE_RATE


def heights(frames: list[Frame]) -> NDArray[np.float64]:
    """How far the largest face has gone down since the first frame, in pixels."""
    left, top, width, height = (round(value) for value in find_faces(frames[0])[0].box)
    faces = [
        cv2.cvtColor(frame[top : top + height, left : left + width], cv2.COLOR_RGB2GRAY).astype(np.float32)
        for frame in frames
    ]
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    return np.array([cv2.phaseCorrelate(faces[0], face, window)[0][1] for face in faces])


@pytest.mark.slow
def test_lightning_flashes_with_its_thunder(photo: Path) -> None:
    made = make(photo, "Night. Lightning flashes and thunder rolls. Static camera. No music.")

    brightness = np.array([frame.mean() for frame in made.frames])
    seen_s = (int(np.diff(brightness).argmax()) + 1) / FRAME_RATE
    assert seen_s == pytest.approx(onset_s(made.loudness["effects"], 0, 4), abs=TOGETHER_S)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prompt", "way"),
    [("A door opens and bright light floods the room.", 1), ("Someone turns off the light.", -1)],
)
def test_light_changes_with_the_door_or_switch_that_is_heard(photo: Path, prompt: str, way: int) -> None:
    made = make(photo, f"{prompt} Static camera. No music.")

    brightness = np.array([frame.mean() for frame in made.frames])
    seen_s = (int((way * np.diff(brightness)).argmax()) + 1) / FRAME_RATE
    assert seen_s == pytest.approx(onset_s(made.loudness["effects"], 0, 4), abs=TOGETHER_S)


@pytest.mark.slow
def test_a_walker_is_lowest_as_each_step_is_heard(photo: Path) -> None:
    made = make(photo, "She walks towards us. Static camera. No music.")

    steps_s = [step_s for step_s in heard_steps(made.plan) if UNDER_WAY_S < step_s < 3.7]
    down = heights(made.frames)
    middles_s = (np.arange(len(down)) + 0.5) / FRAME_RATE
    assert len(steps_s) >= 4
    for step_s in steps_s:
        near = np.flatnonzero(np.abs(middles_s - step_s) < 0.25)
        lowest = near[down[near].argmax()]
        assert middles_s[lowest] == pytest.approx(
            onset_s(made.loudness["ambience"], step_s - 0.1, step_s + 0.1), abs=TOGETHER_S
        )
        assert down[lowest] > down[near].min() + 1
