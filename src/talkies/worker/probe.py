"""A last look at a finished file: what does not play is never handed out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from talkies.errors import BadVideo
from talkies.inspection.reading import Reader
from talkies.plan import Plan
from talkies.spec import SAMPLE_RATE

SILENCE = 10 ** (-60 / 20)  # full scale is 1: what peaks below -60 dB cannot be heard


def check_video(path: Path, plan: Plan) -> None:
    """Decode the whole file and compare it with its plan.

    Raises:
        BadVideo: it is damaged, or its size, its number of frames or samples is another, or it is silent
            although the plan holds a sound.
    """
    with Reader(path) as reader:
        frames = sum(1 for _ in reader.pictures())
        _expect("frames", frames, plan.frame_count)
        _expect("width", reader.video.width, plan.width)
        _expect("height", reader.video.height, plan.height)
        if reader.truncated or reader.problems:
            raise BadVideo(f"the file is damaged: {'; '.join(reader.problems) or 'it ends too early'}")
        _expect("audio streams", int(reader.audio is not None), int(plan.audio))
        if reader.audio is not None:
            _expect("sample rate", reader.audio.rate, SAMPLE_RATE)
            _expect("samples", reader.sample_count, plan.sample_count)
            _check_audible(reader.sound(), plan)


def _expect(what: str, found: int, planned: int) -> None:
    if found != planned:
        raise BadVideo(f"the file has {found} {what}; {planned} were planned")


def _check_audible(sound: np.ndarray[tuple[int, ...], np.dtype[np.float32]], plan: Plan) -> None:
    if (plan.lines or plan.sounds or plan.music) and np.abs(sound).max(initial=0.0) < SILENCE:
        raise BadVideo("the file is silent; sound was planned")
