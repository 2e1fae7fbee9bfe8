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
_CONTRACTIONS = (
    ("cannot", "can not"),
    ("can't", "can not"),
    ("won't", "will not"),
    ("let's", "let us"),
    ("n't", " not"),
    ("'re", " are"),
    ("'ll", " will"),
    ("'ve", " have"),
    ("'m", " am"),
)
"""Those with one meaning; 's and 'd have several and stay."""


def words_heard(sound: NDArray[np.floating], plan: Plan) -> float | None:
    """Tell which share of the spoken words an offline recogniser hears, 0 to 1.

    That is 1 less the word error rate over the plan's English lines, each recognised where it lies in
    `sound`, `(samples,)` mono at 48 kHz. None when there is no English line. The recogniser errs by itself,
    more in music, and reads no digits: a case writes its numbers as words.

    What no ear could tell is no error: words that sound the same (wait, weight) count as one, since only the
    recogniser's guess decides how they are spelled; so do a contraction and its full form (we've, we have),
    which fast speech makes alike; and a hyphen is a space.
    """
    lines = [line for line in plan.lines if line.language == "en"]
    if not lines:
        return None
    pause = round(_PAUSE_S * SAMPLE_RATE)
    heard = [
        _recognised(sound[max(0, line.start_sample - pause) : line.start_sample + line.sample_count + pause])
        for line in lines
    ]
    said = [_sounds(line.text) for line in lines]
    return max(0.0, 1 - jiwer.wer(said, [_sounds(text) for text in heard]))


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


def _sounds(text: str) -> str:
    """Write a text so that two that sound alike are equal: each word as its phones, where they are known."""
    words = re.sub(r"[^a-z' ]", "", text.lower().replace("’", "'").replace("-", " "))
    for short, full in _CONTRACTIONS:
        words = re.sub(rf"{short}\b", full, words)
    phones = (_decoder().lookup_word(word) or word for word in words.split())
    return " ".join(sound.replace(" ", "-") for sound in phones)
