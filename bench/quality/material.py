"""A clip with everything that it was made from, so that each measure can compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from bench.quality.cases import Case, request
from talkies import encoding
from talkies.aac import code_sound
from talkies.engines import find_engine
from talkies.fitting import fit
from talkies.media import Frame, Samples, TrackName, no_tick
from talkies.plan import Plan
from talkies.production import final_mix, joined_tracks, make_plan


@dataclass(frozen=True)
class Material:
    """Frames and sound before they are encoded, and what they shall show.

    `first_frame` and `last_frame` are the caller's pictures as prepared. `tracks` are heard in it,
    each `(samples, 2)`; `meant` is the engine's mix, `mix` the one that goes into the file.
    """

    case: Case
    plan: Plan
    first_frame: Frame
    last_frame: Frame | None
    frames: tuple[Frame, ...]
    tracks: Mapping[TrackName, Samples]
    meant: Samples
    mix: Samples


@dataclass(frozen=True)
class Delivered:
    """A video file, decoded: its frames, and its sound `(samples,)`, mono, as long as the pictures."""

    path: Path
    frames: tuple[Frame, ...]
    sound: NDArray[np.float64]


def make(case: Case) -> Material:
    """Let the engine make a case."""
    engine = find_engine("animatic")
    spec, inputs = request(case)
    plan = make_plan(spec, engine)
    clips = list(engine.render(plan, inputs, no_tick))
    tracks = joined_tracks(clips)
    first, last = (
        None if picture is None else fit(picture, plan.width, plan.height)
        for picture in (inputs.first_frame, inputs.last_frame)
    )
    assert first is not None
    mix, _ = final_mix(tracks)
    return Material(
        case=case,
        plan=plan,
        first_frame=first,
        last_frame=last,
        frames=tuple(chain.from_iterable(clip.frames for clip in clips)),
        tracks={track.name: track.samples for track in tracks},
        meant=mix,
        mix=mix,
    )


def deliver(material: Material, path: Path) -> Delivered:
    """Encode as every clip is encoded, and decode what came out."""
    encoding.write_video(
        path,
        material.frames,
        width=material.plan.width,
        height=material.plan.height,
        frame_count=len(material.frames),
        sound=code_sound(material.mix),
        tags={},
    )
    with av.open(str(path)) as container:
        frames = tuple(
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)
        )
    with av.open(str(path)) as container:
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
    sound = np.concatenate(parts, axis=1).mean(axis=0, dtype=np.float64)
    return Delivered(path, frames, sound[: len(material.mix)])
