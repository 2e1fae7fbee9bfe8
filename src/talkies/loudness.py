"""Loudness and true peak, as broadcasting measures them."""

from __future__ import annotations

import numpy as np
import pyloudnorm
from numpy.typing import NDArray
from scipy.signal import resample_poly

from talkies.spec import SAMPLE_RATE

_GATING_BLOCK_S = 0.4  # BS.1770-5, annex 1: shorter sounds have no integrated loudness
_OVERSAMPLING = 4  # BS.1770-5, annex 2: at least 192 kHz for sound at 48 kHz
_CHUNK_SAMPLES = 1 << 19  # keeps the oversampled copy of a long sound near 10 s
_FILTER_REACH_SAMPLES = 32  # beyond the polyphase filter's 10 taps to each side, so that chunks join exactly
_CHANNELS_WITHOUT_LFE = [0, 1, 2, 4, 5]  # BS.1770 leaves the low-frequency channel of 5.1 out


def integrated_lufs(samples: NDArray[np.floating], sample_rate: int = SAMPLE_RATE) -> float | None:
    """Measure the gated loudness of a whole sound in LUFS, or None when it has none.

    `samples` is `(samples,)` or `(samples, channels)` in [-1, 1]; six channels are taken as 5.1 in FFmpeg's
    order, and of more than that only the first two are heard. A sound shorter than 0.4 s, or below the
    absolute gate of -70 LUFS throughout, has no loudness.

    Source: ITU-R BS.1770-5, annex 1, with the exact filter coefficients as fitted by B. De Man.
    """
    heard = _heard_channels(samples)
    if len(heard) < _GATING_BLOCK_S * sample_rate or not heard.any():
        return None
    lufs = float(pyloudnorm.Meter(sample_rate, filter_class="DeMan").integrated_loudness(heard))
    return lufs if np.isfinite(lufs) else None


def true_peak_dbtp(samples: NDArray[np.floating]) -> float:
    """Measure the highest level between samples too, in dBTP; -inf for digital silence.

    `samples` is `(samples,)` or `(samples, channels)`, full scale 1.0, oversampled four times.

    >>> true_peak_dbtp(np.zeros((480, 2), np.float32))
    -inf

    Source: ITU-R BS.1770-5, annex 2.
    """
    peak = 0.0
    for start in range(0, len(samples), _CHUNK_SAMPLES):
        first = max(0, start - _FILTER_REACH_SAMPLES)
        chunk = samples[first : start + _CHUNK_SAMPLES + _FILTER_REACH_SAMPLES]
        between = np.abs(resample_poly(chunk, _OVERSAMPLING, 1, axis=0))
        inside = slice((start - first) * _OVERSAMPLING, (start - first + _CHUNK_SAMPLES) * _OVERSAMPLING)
        peak = max(peak, float(between[inside].max()))
    return 20 * float(np.log10(peak)) if peak > 0 else -float("inf")


def _heard_channels(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    sound = np.asarray(samples, np.float64)
    if sound.ndim == 1:
        return sound[:, np.newaxis]
    if sound.shape[1] == 6:
        return sound[:, _CHANNELS_WITHOUT_LFE]
    return sound if sound.shape[1] <= 5 else sound[:, :2]
