"""Lips against speech: does the mouth open with the sound, and close for p, b and m?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from talkies.media import Samples
from talkies.plan import Phoneme, SpokenLine
from talkies.spec import FRAME_RATE, SAMPLE_RATE, SAMPLES_PER_FRAME

CLOSED = 0.02  # gap over the face's height: closed lips measure up to 0.017, a spoken "i" 0.03 and more
_CLOSING, _OPENING = "pbm", "aɑæɐʌɒɔoeɛ"
_LENGTH = "ː"  # a mark, no sound of its own
_BAND_HZ = (500, 3000)
_WINDOW = 6  # frames that are searched for a lag, either way


@dataclass(frozen=True)
class LipSync:
    """How lips follow speech.

    `correlation` is that of the opening with the envelope of the dry speech at the best lag, and
    `late_frames` that lag, positive when the lips come late; both are over the spoken lines only, so that
    silence does not count for them. `closed_for_pbm` is the share of p, b and m during which, a frame more
    on either side, the lips are seen closed; `closed_for_vowels` the share of the middles of open vowels
    seen closed, which a mouth that never opens has at 1. A diphthong counts by the vowel that it begins
    with; vowels shorter than a frame, in which no mouth gets open, do not count.
    """

    correlation: float
    late_frames: int
    closed_for_pbm: float
    closed_for_vowels: float


def lip_sync(opening: NDArray[np.float64], speech: Samples, lines: Sequence[SpokenLine]) -> LipSync:
    """Compare lips with speech.

    Args:
        opening: `(frames,)`, the gap between the lips over the face's height; NaN where no face is seen.
        speech: `(samples, channels)` of the dry speech, 2000 samples a frame.
    """
    heard = envelope(speech)[: len(opening)]
    spoken = _spoken(lines, len(opening))
    by_lag = {lag: _correlation(heard, opening, spoken, lag) for lag in range(-_WINDOW, _WINDOW + 1)}
    late = max(by_lag, key=lambda lag: (by_lag[lag], -abs(lag)))
    phonemes = [phoneme for line in lines for phoneme in line.phonemes]
    return LipSync(
        correlation=by_lag[late],
        late_frames=late,
        closed_for_pbm=_closed_share(opening, _spans(phonemes, _CLOSING)),
        closed_for_vowels=_closed_share(opening, _middles(phonemes, _OPENING)),
    )


def envelope(speech: Samples) -> NDArray[np.float64]:
    """Give the square root of the RMS within each frame, 500 to 3000 Hz.

    In this band a voice is strong because the mouth is open: the murmur of an "m" lies below it, the hiss of
    an "s" above, and both are made with the mouth all but closed.
    """
    band = butter(3, _BAND_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")
    voice = sosfiltfilt(band, speech.mean(axis=1, dtype=np.float64)).reshape(-1, SAMPLES_PER_FRAME)
    return np.asarray(np.mean(voice**2, axis=1) ** 0.25, np.float64)


def _spoken(lines: Sequence[SpokenLine], count: int) -> NDArray[np.bool_]:
    times = (np.arange(count) + 0.5) / FRAME_RATE
    spoken = np.zeros(count, bool)
    for line in lines:
        spoken |= (times >= line.start_s) & (times <= line.end_s)
    return spoken


def _correlation(
    heard: NDArray[np.float64], opening: NDArray[np.float64], spoken: NDArray[np.bool_], lag: int
) -> float:
    """Correlate the sound of the spoken frames with the lips `lag` frames later."""
    at = np.flatnonzero(spoken)
    at = at[(at + lag >= 0) & (at + lag < len(opening))]
    at = at[np.isfinite(opening[at + lag])]
    if len(at) < FRAME_RATE // 2 or opening[at + lag].std() < 1e-9 or heard[at].std() < 1e-9:
        return 0.0
    return float(np.corrcoef(heard[at], opening[at + lag])[0, 1])


def _spans(phonemes: Sequence[Phoneme], symbols: str) -> list[tuple[int, int]]:
    """First and last frame of each phoneme that begins with one of the symbols, one frame more each side."""
    return [
        (int(phoneme.start_s * FRAME_RATE) - 1, int(phoneme.end_s * FRAME_RATE) + 1)
        for phoneme in phonemes
        if phoneme.symbol[0] in symbols
    ]


def _middles(phonemes: Sequence[Phoneme], symbols: str) -> list[tuple[int, int]]:
    """Frame at the middle of each vowel that lasts a frame; the vowels of a diphthong share its time."""
    middles = []
    for phoneme in phonemes:
        length_s = (phoneme.end_s - phoneme.start_s) / len(phoneme.symbol.replace(_LENGTH, ""))
        if phoneme.symbol[0] in symbols and length_s * FRAME_RATE >= 1:
            middles.append(int((phoneme.start_s + length_s / 2) * FRAME_RATE))
    return [(middle, middle) for middle in middles]


def _closed_share(opening: NDArray[np.float64], spans: Sequence[tuple[int, int]]) -> float:
    """Tell in how many of the spans the lips are seen closed; NaN when there are none."""
    closed = [bool((opening[max(0, first) : last + 1] < CLOSED).any()) for first, last in spans]
    return float(np.mean(closed)) if closed else float("nan")
