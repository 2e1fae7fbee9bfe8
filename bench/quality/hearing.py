"""Words that a recogniser hears, and whether the file sounds as it was made."""

from __future__ import annotations

import re
from functools import cache

import jiwer
import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder
from scipy.signal import correlate, resample_poly

from talkies.plan import Plan
from talkies.spec import SAMPLE_RATE

_RECOGNISER_RATE = 16_000  # Hz, of pocketsphinx's model
_COMPARED_RATE = 8_000  # Hz
_MAX_LATE_S = 0.5
_PAUSE_S = 0.2  # of silence around a line, which the recogniser needs


def words_heard(sound: NDArray[np.floating], plan: Plan) -> float | None:
    """Tell which share of the spoken words an offline recogniser hears, 0 to 1.

    That is 1 less the word error rate over the plan's English lines, each recognised where it lies in
    `sound`, `(samples,)` mono at 48 kHz. None when there is no English line. The recogniser errs by itself,
    more in music.
    """
    lines = [line for line in plan.lines if line.language == "en"]
    if not lines:
        return None
    pause = round(_PAUSE_S * SAMPLE_RATE)
    heard = [
        _recognised(sound[max(0, line.start_sample - pause) : line.start_sample + line.sample_count + pause])
        for line in lines
    ]
    return max(0.0, 1 - jiwer.wer([_plain(line.text) for line in lines], heard))


def sound_lateness(sound: NDArray[np.floating], meant: NDArray[np.floating]) -> tuple[float, float]:
    """Compare the sound of a file with the mix as it was made: how late it is in ms, and how like, 0 to 1.

    Both are `(samples,)` mono at 48 kHz. The lateness is where their cross-correlation is highest within half
    a second, the likeness its height over that of two equal sounds.
    """
    a, b = (resample_poly(part, 1, SAMPLE_RATE // _COMPARED_RATE) for part in (sound, meant))
    norm = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    if norm < 1e-9:
        return float("nan"), 0.0
    both = correlate(a, b, mode="full", method="fft")
    middle, reach = len(b) - 1, round(_MAX_LATE_S * _COMPARED_RATE)
    near = both[middle - reach : middle + reach + 1]
    best = int(near.argmax())
    return 1000 * (best - reach) / _COMPARED_RATE, max(0.0, float(near[best]) / norm)


@cache
def _decoder() -> Decoder:
    return Decoder(loglevel="FATAL")


def _recognised(sound: NDArray[np.floating]) -> str:
    padded = np.pad(sound.astype(np.float64), round(_PAUSE_S * SAMPLE_RATE))
    samples = resample_poly(padded, 1, SAMPLE_RATE // _RECOGNISER_RATE)
    loudest = float(np.abs(samples).max())
    if loudest < 1e-4:
        return ""
    decoder = _decoder()
    decoder.start_utt()
    decoder.process_raw((samples / loudest * 16_000).astype(np.int16).tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return str(found.hypstr) if found else ""


def _plain(text: str) -> str:
    return re.sub(r"[^a-z' ]", "", text.lower())
