"""What is seen against what is heard of one event: lightning and its thunder, a blast and its bang."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.quality.material import Delivered
from talkies.inspection.sync import sound_onsets
from talkies.media import Frame, Samples
from talkies.plan import Plan
from talkies.spec import FRAME_RATE, SAMPLE_RATE

_REACH_S = 0.4  # around the planned moment, in which flash and clap are looked for
_BASS_S = 0.03  # length of the window that leaves only the bass
_FLASH_LEVELS = 6.0  # rise of the mean luma from one frame to the next


def flash_lateness_ms(
    kind: Literal["thunder", "explosion"], delivered: Delivered, plan: Plan, effects: Samples | None
) -> float | None:
    """Tell how far a sound of a kind comes after its flash, in ms; None when the plan has not both.

    A flash is the first frame near the planned sound that is six levels brighter than the one before; the
    sound is the first attack of the effects there. NaN when one of them is planned but not found; else the
    largest difference of all pairs.
    """
    planned = [sound.start_sample / SAMPLE_RATE for sound in plan.sounds if sound.kind == kind]
    flashes_too = kind == "explosion" or any(cue.kind == "lightning" for cue in plan.cues)
    if effects is None or not planned or not flashes_too:
        return None
    # A bang lies in the bass, where other effects that are heard with it do not cover it.
    flashes, claps = (
        _flashes(delivered.frames),
        sound_onsets(_bass(effects) if kind == "explosion" else effects, SAMPLE_RATE),
    )
    gaps = [_first_near(claps, at) - _first_near(flashes, at) for at in planned]
    return 1000 * max(gaps, key=abs)


def _flashes(frames: Sequence[Frame]) -> NDArray[np.float64]:
    luma = np.array([frame[::4, ::4].mean() for frame in frames])
    return (np.flatnonzero(np.diff(luma) > _FLASH_LEVELS) + 1) / FRAME_RATE


def _bass(samples: Samples) -> Samples:
    """Keep what lies below about 60 Hz, in place in time."""
    window = np.hanning(round(_BASS_S * SAMPLE_RATE))
    mono = np.convolve(samples.mean(axis=1), window / window.sum(), "same")
    return np.asarray(mono[:, None], np.float32)


def _first_near(times_s: NDArray[np.float64], planned_s: float) -> float:
    near = times_s[np.abs(times_s - planned_s) <= _REACH_S]
    return float(near[0]) if len(near) else float("nan")
