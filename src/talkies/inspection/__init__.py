"""Measured facts about any video file, and a sheet that shows it at a glance.

Nothing here knows how the video was made. Every measure carries the project's own name; VBench's names
appear only where its very formula is used.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from talkies.errors import BadVideo
from talkies.inspection.contact_sheet import contact_sheet
from talkies.inspection.facts import audio_facts, container_facts, video_facts
from talkies.inspection.likeness import compare
from talkies.inspection.picture_measures import PictureMeter
from talkies.inspection.picture_verdicts import judge
from talkies.inspection.reading import Reader
from talkies.inspection.report import Likeness, Report
from talkies.inspection.sound_measures import measure_sound
from talkies.inspection.sync import measure_sync
from talkies.media import Frame, Tick, no_tick

__all__ = ["Report", "contact_sheet", "inspect_video"]


def inspect_video(
    path: Path, *, first_frame: Frame | None = None, last_frame: Frame | None = None, tick: Tick = no_tick
) -> Report:
    """Decode a video file once and measure it.

    A file that ends early or is damaged is measured as far as it decodes, and the report says so.

    Args:
        first_frame: the picture that the video shall begin with, of any size; it is fitted as `talkies`
            fits a caller's picture.
        last_frame: the same for its end.
        tick: called after every frame; raises `Canceled` to stop.

    Raises:
        BadVideo: the file cannot be opened, has no picture stream, or not one frame decodes.
    """
    with Reader(path) as reader:
        meter = PictureMeter(reader.frames_per_second)
        for done, picture in enumerate(reader.pictures(), start=1):
            meter.add(picture)
            tick("inspecting", done, max(done, reader.expected_frame_count))
        if not meter.frames:
            reasons = "; ".join(reader.problems) or "the stream is empty"
            raise BadVideo(f"{path} has no picture that can be decoded ({reasons}); give a whole video file")
        return _report(path, reader, meter, first_frame, last_frame)


def _report(
    path: Path, reader: Reader, meter: PictureMeter, first_frame: Frame | None, last_frame: Frame | None
) -> Report:
    video, audio, picture = video_facts(reader), audio_facts(reader), judge(meter)
    samples = reader.sound()
    start_s = audio.start_s if audio else 0.0
    times = np.array(reader.times_s)
    return Report(
        file_name=path.name,
        truncated=reader.truncated,
        problems=tuple(reader.problems),
        container=container_facts(reader, path),
        video=video,
        audio=audio,
        sound_longer_s=audio.duration_s - video.duration_s if audio else None,
        picture=picture,
        sound=measure_sound(samples, audio.sample_rate_hz, start_s) if audio else None,
        sync=measure_sync(
            times,
            np.array([frame.luma_mean for frame in meter.frames]),
            np.array([pair.change for pair in meter.pairs]),
            [int(np.abs(times - cut_s).argmin()) for cut_s in picture.cuts_s],
            samples,
            audio.sample_rate_hz,
            start_s,
        )
        if audio
        else None,
        first_frame=_likeness(reader.first_frame, first_frame),
        last_frame=_likeness(reader.last_frame(), last_frame),
    )


def _likeness(shown: Frame | None, wanted: Frame | None) -> Likeness | None:
    return None if shown is None or wanted is None else compare(shown, wanted)
