"""Measures of a sound: loudness, silence, clipping, offset, width."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from talkies.inspection.report import Sound, Span
from talkies.loudness import integrated_lufs, true_peak_dbtp

_SILENCE = 0.001  # -60 dBFS
_MIN_SILENCE_S = 0.25
_WINDOW_S = 0.01
_CLIPPED = 0.999


def measure_sound(samples: NDArray[np.float32], sample_rate: int, start_s: float) -> Sound | None:
    """Measure a sound `(samples, channels)` that begins `start_s` into the video; None if empty."""
    if not len(samples):
        return None
    silences = _silences(samples, sample_rate)
    seconds = len(samples) / sample_rate
    peak = true_peak_dbtp(samples)
    return Sound(
        measured_s=seconds,
        integrated_lufs=integrated_lufs(samples, sample_rate),
        true_peak_dbtp=peak if np.isfinite(peak) else None,
        silences=tuple(Span(start_s=start_s + start, end_s=start_s + end) for start, end in silences),
        silence_share=sum(end - start for start, end in silences) / seconds,
        clipping_share=float(np.mean(np.abs(samples) >= _CLIPPED)),
        dc_offset=float(np.abs(samples.mean(axis=0, dtype=np.float64)).max()),
        stereo_correlation=_stereo_correlation(samples),
    )


def _silences(samples: NDArray[np.float32], sample_rate: int) -> list[tuple[float, float]]:
    """(start, end) in seconds of every stretch that stays below -60 dBFS in all channels."""
    window = max(1, round(_WINDOW_S * sample_rate))
    starts = np.arange(0, len(samples), window)
    loudest = np.maximum.reduceat(np.abs(samples).max(axis=1), starts)
    edges = np.diff(np.concatenate([[False], loudest < _SILENCE, [False]]).astype(np.int8))
    first_s = np.flatnonzero(edges > 0) * window / sample_rate
    end_s = np.minimum(np.flatnonzero(edges < 0) * window, len(samples)) / sample_rate
    spans = zip(first_s.tolist(), end_s.tolist(), strict=True)
    return [(start, end) for start, end in spans if end - start >= _MIN_SILENCE_S - 1e-9]


def _stereo_correlation(samples: NDArray[np.float32]) -> float | None:
    """Correlation of the first two channels; None for mono and when one of them is constant."""
    if samples.shape[1] < 2:
        return None
    left, right = (samples[:, channel] - samples[:, channel].mean(dtype=np.float64) for channel in (0, 1))
    norm = float(np.sqrt(np.dot(left, left) * np.dot(right, right)))
    return float(np.dot(left, right)) / norm if norm > 1e-9 else None
