"""From spec to video file: plan, render, mix, encode, mark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import numpy as np

from talkies import encoding, mixing, provenance
from talkies.aac import CodedSound, code_sound
from talkies.engines import Engine
from talkies.loudness import true_peak_dbtp
from talkies.media import Clip, Frame, Inputs, Samples, Tick, Track, TrackName, no_tick
from talkies.plan import Plan
from talkies.provenance import Signing
from talkies.script import read
from talkies.spec import SAMPLES_PER_FRAME, Spec

CEILING_DBTP = -1.0
_TRIALS = 6  # mixes made until one keeps under the ceiling: nearly always the first, but clicks gain 2 dB


def make_plan(spec: Spec, engine: Engine) -> Plan:
    """Read the prompt and let the engine plan it."""
    return engine.plan(spec, read(spec.prompt))


def produce(
    plan: Plan,
    inputs: Inputs,
    engine: Engine,
    video: Path,
    *,
    last_frame: Path | None = None,
    signing: Signing | None = None,
    tick: Tick = no_tick,
) -> Plan:
    """Render the plan and write `video`, and the clip's last frame as a PNG when a path is given.

    Either both files are written whole or none is. Frames are made while the encoder works on earlier
    ones, so that memory does not grow with the length.

    Returns the plan, whose `not_rendered` now names, too, what the pictures did not allow.

    Raises:
        BadOption: the credentials cannot be used.
        CannotWrite: an output cannot be stored.
        Canceled: `tick` asked to stop.
    """
    for path in filter(None, (video, last_frame)):
        encoding.check_writable(path)
    if signing is not None:
        provenance.check_credentials(certificate=signing.certificate, private_key=signing.private_key)
    clips = list(engine.render(plan, inputs, tick))
    reel = _Reel(chain.from_iterable(clip.frames for clip in clips))
    with ThreadPoolExecutor(1, "mixing") as pool:  # the first pictures are made meanwhile
        encoding.write_video(
            video,
            reel,
            width=plan.width,
            height=plan.height,
            frame_count=plan.frame_count,
            sound=pool.submit(_sound, clips) if plan.audio else None,
            tags=provenance.tags(engine=plan.engine, version=version("talkies"), seed=plan.seed),
            tick=tick,
        )
    try:
        if signing is not None:
            provenance.sign(
                video, certificate=signing.certificate, private_key=signing.private_key, engine=plan.engine
            )
        if last_frame is not None and reel.last is not None:
            encoding.write_picture(last_frame, reel.last)
    except BaseException:
        video.unlink(missing_ok=True)
        raise
    absent = (sentence for clip in clips for sentence in clip.not_rendered)
    return plan.model_copy(update={"not_rendered": tuple(dict.fromkeys((*plan.not_rendered, *absent)))})


class _Reel:
    """Frames on their way to the encoder; remembers the last one."""

    def __init__(self, frames: Iterable[Frame]) -> None:
        self._frames = frames
        self.last: Frame | None = None

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._frames:
            self.last = frame
            yield frame


def _sound(clips: list[Clip]) -> CodedSound:
    return final_mix(joined_tracks(clips))[1]


def final_mix(tracks: list[Track]) -> tuple[Samples, CodedSound]:
    """Mix the tracks so that no peak is above the ceiling once the sound has been coded and played.

    Returns the mix, `(samples, 2)`, and the same coded.
    """
    ceiling_dbtp = CEILING_DBTP
    for _ in range(_TRIALS):
        mix = mixing.mix(tracks, ceiling_dbtp=ceiling_dbtp)
        coded = code_sound(mix)
        over_db = true_peak_dbtp(coded.played_back()) - CEILING_DBTP
        if over_db <= 0:
            break
        ceiling_dbtp -= over_db + 0.1
    return mix, coded


def joined_tracks(clips: list[Clip]) -> list[Track]:
    """Join the shots' tracks by name; a shot without a track is silent in it, a clip without any silent."""
    shots = [{track.name: track.samples for track in clip.tracks()} for clip in clips]
    silences = [np.zeros((clip.frame_count * SAMPLES_PER_FRAME, 2), np.float32) for clip in clips]
    names: Iterable[TrackName] = dict.fromkeys(name for shot in shots for name in shot) or ("ambience",)
    return [
        Track(
            name,
            np.concatenate([shot.get(name, silence) for shot, silence in zip(shots, silences, strict=True)]),
        )
        for name in names
    ]
