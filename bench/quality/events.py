"""What is seen against what is heard of an event: lightning and thunder, a blast, a door and its light."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.quality.material import Delivered
from talkies.engines.animatic.sound.effects import effect_onset
from talkies.inspection.sync import sound_onsets
from talkies.media import Frame, Samples
from talkies.plan import Effect, Plan
from talkies.spec import FRAME_RATE, SAMPLE_RATE

_BASS_S = 0.03  # length of the window that leaves only the bass


class _Event(NamedTuple):
    """How an event is found.

    `reach_s` is how far around the planned moment it is looked for, `levels` the change of the mean luma from
    one frame to the next that is a flash; it `dims` where it may also get darker.
    """

    reach_s: float
    levels: float
    dims: bool = False


_EVENTS: dict[Effect, _Event] = {
    "thunder": _Event(0.4, 6.0),
    "explosion": _Event(0.4, 6.0),
    # It is heard to swing a quarter of a second before it falls shut.
    "door": _Event(0.15, 3.0, dims=True),
}


def flash_lateness_ms(
    kind: Effect, delivered: Delivered, plan: Plan, effects: Samples | None
) -> float | None:
    """Tell how far a sound of a kind comes after its flash, in ms; None when the plan has not both.

    A flash is the first frame near the moment at which the sound is to be perceived that is so much brighter
    than the one before, or darker where the event dims; the sound is the first attack of the effects there.
    NaN when one of them is planned but not found; else the largest difference of all pairs.
    """
    onset = effect_onset(kind)
    planned = [(sound.start_sample + onset) / SAMPLE_RATE for sound in plan.sounds if sound.kind == kind]
    flashes_too = kind != "thunder" or any(cue.kind == "lightning" for cue in plan.cues)
    if effects is None or not planned or not flashes_too:
        return None
    event = _EVENTS[kind]
    # A bang lies in the bass, where other effects that are heard with it do not cover it.
    claps = sound_onsets(_bass(effects) if kind == "explosion" else effects, SAMPLE_RATE)
    flashes = _flashes(delivered.frames, event)
    gaps = [_first_near(claps, at, event) - _first_near(flashes, at, event) for at in planned]
    return 1000 * max(gaps, key=abs)


def _flashes(frames: Sequence[Frame], event: _Event) -> NDArray[np.float64]:
    steps = np.diff([frame[::4, ::4].mean() for frame in frames])
    return (np.flatnonzero((np.abs(steps) if event.dims else steps) > event.levels) + 1) / FRAME_RATE


def _bass(samples: Samples) -> Samples:
    """Keep what lies below about 60 Hz, in place in time."""
    window = np.hanning(round(_BASS_S * SAMPLE_RATE))
    mono = np.convolve(samples.mean(axis=1), window / window.sum(), "same")
    return np.asarray(mono[:, None], np.float32)


def _first_near(times_s: NDArray[np.float64], planned_s: float, event: _Event) -> float:
    near = times_s[np.abs(times_s - planned_s) <= event.reach_s]
    return float(near[0]) if len(near) else float("nan")
