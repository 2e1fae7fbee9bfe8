"""Mel spectrograms for the eye."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOWEST_HZ, HIGHEST_HZ = 40.0, 16_000.0
_BANDS = 110
_WINDOW_S = 0.043  # 2048 samples at 48 kHz: harmonics of a voice stay apart, its syllables too
_FLOOR_DB = -120.0


def mel_position(hertz: float) -> float:
    """Where a frequency lies on the spectrogram's axis: 0 at its lowest, 1 at its highest.

    >>> mel_position(40.0), mel_position(16_000.0)
    (0.0, 1.0)

    Source: O'Shaughnessy, "Speech Communication", 1987, in the form 2595 log10(1 + f / 700).
    """
    lowest, highest = _mel(LOWEST_HZ), _mel(HIGHEST_HZ)
    return float((_mel(hertz) - lowest) / (highest - lowest))


def mel_spectrogram(samples: NDArray[np.float32], sample_rate: int, columns: int) -> NDArray[np.float64]:
    """Measure the power of a sound `(samples,)` over time and frequency.

    Returns `(110, columns)` dB of full scale, lowest band first, at least -120.
    """
    window = 1 << round(np.log2(_WINDOW_S * sample_rate))
    padded = np.pad(samples, (window // 2, window // 2))
    starts = np.linspace(0, max(len(samples) - 1, 0), columns).astype(int)
    taper = np.hanning(window).astype(np.float32)
    edges_hz = 700 * (10 ** (np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), _BANDS + 1) / 2595) - 1)
    bins = edges_hz * window / sample_rate + 0.5
    spectrum = np.empty((_BANDS, columns))
    for column, start in enumerate(starts):
        amplitude = np.abs(np.fft.rfft(padded[start : start + window] * taper)) / (taper.sum() / 2)
        # bands narrower than a bin take their share of it, so the cumulative power is interpolated
        cumulative = np.concatenate([[0.0], np.cumsum(amplitude**2)])
        spectrum[:, column] = np.diff(np.interp(bins, np.arange(len(cumulative)), cumulative))
    return np.asarray(10 * np.log10(np.maximum(spectrum, 10 ** (_FLOOR_DB / 10))), np.float64)


def _mel(hertz: float) -> float:
    return 2595 * float(np.log10(1 + hertz / 700))
