"""Speech as a synthesiser gives it: sound, pitch and phoneme times, to be trimmed and joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from talkies.plan import Phoneme

VOICE_RATE = 24_000  # Hz of every utterance
FRAME = VOICE_RATE // 200  # samples in 5 ms, the step of the pitch; an utterance is whole frames long

_QUIET_DB = -48.0  # under the loudest moment: below this nothing is heard
_LEAD_FRAMES, _TAIL_FRAMES = 5, 12  # kept around the speech: soft onsets and the ring of the last sound
_FADE = VOICE_RATE * 6 // 1000


@dataclass(frozen=True, eq=False)
class Utterance:
    """`samples` is `(frames * FRAME,)` float32 mono at `VOICE_RATE`; phoneme times count from its start.

    `pitch_hz` is `(frames,)`: the pitch in the middle of each frame, 0 where there is no voice. Equal only to
    itself, so that it can be the key of a cache.
    """

    samples: NDArray[np.float32]
    pitch_hz: NDArray[np.float64]
    phonemes: tuple[Phoneme, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples.size / VOICE_RATE


def silence(duration_s: float) -> Utterance:
    """Make an utterance of silence, to the nearest frame."""
    frames = round(duration_s * VOICE_RATE / FRAME)
    return Utterance(np.zeros(frames * FRAME, np.float32), np.zeros(frames))


def joined(parts: Sequence[Utterance]) -> Utterance:
    """Put utterances one after another."""
    if not parts:
        return silence(0)
    phonemes: list[Phoneme] = []
    start_s = 0.0
    for part in parts:
        phonemes += _shifted(part.phonemes, start_s, start_s, start_s + part.duration_s)
        start_s += part.duration_s
    samples = np.concatenate([part.samples for part in parts])
    return Utterance(samples, np.concatenate([part.pitch_hz for part in parts]), tuple(phonemes))


def trimmed(utterance: Utterance) -> Utterance:
    """Cut the silence before and after the speech, with short fades so that no edge clicks."""
    loud = np.flatnonzero(loudness_db(utterance.samples) > _QUIET_DB)
    if loud.size == 0:
        return silence(0)
    first = max(0, int(loud[0]) - _LEAD_FRAMES)
    last = min(utterance.pitch_hz.size, int(loud[-1]) + 1 + _TAIL_FRAMES)
    samples = utterance.samples[first * FRAME : last * FRAME].copy()
    fade = np.linspace(0, 1, min(_FADE, samples.size), dtype=np.float32)
    samples[: fade.size] *= fade
    samples[samples.size - fade.size :] *= fade[::-1]
    phonemes = _shifted(utterance.phonemes, -first * FRAME / VOICE_RATE, 0.0, samples.size / VOICE_RATE)
    return Utterance(samples, utterance.pitch_hz[first:last], phonemes)


def loudness_db(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """RMS of every 5 ms in dB under the loudest 5 ms, `(frames,)`; empty for silence."""
    whole = samples[: samples.size // FRAME * FRAME].astype(np.float64).reshape(-1, FRAME)
    power = np.mean(whole**2, axis=1)
    if power.size == 0 or power.max() == 0:
        return np.zeros(0)
    return np.asarray(10 * np.log10(np.maximum(power / power.max(), 1e-12)))


def _shifted(phonemes: Sequence[Phoneme], by_s: float, first_s: float, last_s: float) -> tuple[Phoneme, ...]:
    """Move phonemes in time and keep what lies between `first_s` and `last_s`."""
    moved = []
    for phoneme in phonemes:
        start_s = min(max(phoneme.start_s + by_s, first_s), last_s)
        end_s = min(max(phoneme.end_s + by_s, first_s), last_s)
        if end_s > start_s:
            moved.append(Phoneme(symbol=phoneme.symbol, start_s=start_s, end_s=end_s))
    return tuple(moved)
