"""Loudness and true peak, as broadcasting measures them."""

from __future__ import annotations

from functools import cache, reduce

import numpy as np
import pyloudnorm
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.signal import resample_poly, sosfilt

from talkies.spec import SAMPLE_RATE

_GATING_BLOCK_S = 0.4  # BS.1770-5, annex 1: shorter sounds have no integrated loudness
_HOPS_IN_A_BLOCK = 4  # blocks overlap by three quarters
ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, -10.0
_OFFSET_LUFS = -0.691  # makes a 997 Hz sine at full scale in one channel read -3.01
_SURROUND_WEIGHT = 1.41  # of the fourth and fifth channel
_OVERSAMPLING = 4  # BS.1770-5, annex 2: at least 192 kHz for sound at 48 kHz
_BLOCK_SAMPLES, _BLOCKS_AT_ONCE = 512, 16  # that are oversampled together
_FILTER_REACH_SAMPLES = 32  # beyond the polyphase filter's 10 taps to each side, so that blocks join exactly
_CHANNELS_WITHOUT_LFE = [0, 1, 2, 4, 5]  # BS.1770 leaves the low-frequency channel of 5.1 out


def integrated_lufs(samples: NDArray[np.floating], sample_rate: int = SAMPLE_RATE) -> float | None:
    """Measure the gated loudness of a whole sound in LUFS, or None when it has none.

    `samples` is `(samples,)` or `(samples, channels)` in [-1, 1]; six channels are taken as 5.1 in FFmpeg's
    order, and of more than that only the first two are heard. A sound shorter than 0.4 s, or below the
    absolute gate of -70 LUFS throughout, has no loudness.

    Source: ITU-R BS.1770-5, annex 1, with the exact filter coefficients as fitted by B. De Man.
    """
    if len(samples) < round(_GATING_BLOCK_S * sample_rate):
        return None
    return gated_lufs(momentary_lufs(_heard_channels(samples), sample_rate))


def gated_lufs(blocks: NDArray[np.float64]) -> float | None:
    """Average the loudness of the blocks that pass both gates of BS.1770; None when none does."""
    loud = blocks[blocks > ABSOLUTE_GATE_LUFS]
    if not loud.size:
        return None
    return _mean_lufs(loud[loud > _mean_lufs(loud) + _RELATIVE_GATE_LU])


def momentary_lufs(samples: NDArray[np.floating], sample_rate: int = SAMPLE_RATE) -> NDArray[np.float64]:
    """Measure the loudness of each whole block of 0.4 s, one each 0.1 s, in LUFS; -inf for silence.

    `samples` is `(samples, channels)` of up to five channels. One shorter than a block is measured as if
    silence followed.
    """
    hop = _GATING_BLOCK_S * sample_rate / _HOPS_IN_A_BLOCK
    count = max(int(len(samples) / hop + 1e-9), _HOPS_IN_A_BLOCK)
    edges = np.rint(np.arange(count + 1) * hop).astype(np.intp)
    samples = np.pad(samples[: edges[-1]], ((0, max(0, edges[-1] - len(samples))), (0, 0)))
    weights = np.where(np.arange(samples.shape[1]) < 3, 1.0, _SURROUND_WEIGHT)
    power = np.square(k_weighted(samples, sample_rate)) @ weights
    hops = np.add.reduceat(power, edges[:-1])
    blocks = sliding_window_view(hops, _HOPS_IN_A_BLOCK).sum(axis=1) / (_GATING_BLOCK_S * sample_rate)
    with np.errstate(divide="ignore"):
        return np.asarray(_OFFSET_LUFS + 10 * np.log10(blocks))


def k_weighted(samples: NDArray[np.floating], sample_rate: int = SAMPLE_RATE) -> NDArray[np.float64]:
    """Filter `(samples, channels)` as the ear weighs it: a shelf for the head, and fewer lows."""
    if not samples.any():
        return np.zeros(samples.shape)  # as a silent track is: four of a clip's tracks are measured
    return np.asarray(sosfilt(_k_weighting(sample_rate), samples.astype(np.float64), axis=0))


@cache
def _k_weighting(sample_rate: int) -> NDArray[np.float64]:
    shelf = pyloudnorm.IIRfilter(
        3.99984385397, 0.7071752369554193, 1681.9744509555319, sample_rate, "high_shelf_DeMan"
    )
    high_pass = pyloudnorm.IIRfilter(
        0.0, 0.5003270373253953, 38.13547087613982, sample_rate, "high_pass_DeMan"
    )
    return np.stack([np.append(part.b, part.a) for part in (shelf, high_pass)])


def _mean_lufs(blocks: NDArray[np.float64]) -> float:
    """Average block loudness as power."""
    return float(10 * np.log10(np.mean(10 ** (blocks / 10))))


def true_peak_dbtp(samples: NDArray[np.floating]) -> float:
    """Measure the highest level between samples too, in dBTP; -inf for digital silence.

    `samples` is `(samples,)` or `(samples, channels)`, full scale 1.0, oversampled four times.

    >>> true_peak_dbtp(np.zeros((480, 2), np.float32))
    -inf

    Source: ITU-R BS.1770-5, annex 2.
    """
    if not samples.any():
        return -float("inf")
    sound = samples.reshape(len(samples), -1)
    count = -(-len(sound) // _BLOCK_SAMPLES)
    reach = _FILTER_REACH_SAMPLES
    padded = np.pad(sound, ((reach, count * _BLOCK_SAMPLES - len(sound) + reach), (0, 0)))
    width = _BLOCK_SAMPLES + 2 * reach
    blocks = sliding_window_view(padded, width, axis=0)[::_BLOCK_SAMPLES]
    magnitudes = reduce(np.maximum, np.abs(padded).T)  # NumPy is slow along an axis of two numbers
    bounds = _most_between() * sliding_window_view(magnitudes, width)[::_BLOCK_SAMPLES].max(axis=1)
    # A block's bound tells that most of them need no closer look.
    loudest = np.argsort(bounds)[::-1]
    peak = 0.0
    for start in range(0, count, _BLOCKS_AT_ONCE):
        chosen = loudest[start : start + _BLOCKS_AT_ONCE]
        chosen = chosen[bounds[chosen] > peak]
        if not chosen.size:
            break
        between = np.abs(resample_poly(blocks[chosen], _OVERSAMPLING, 1, axis=2))
        inside = slice(reach * _OVERSAMPLING, (reach + _BLOCK_SAMPLES) * _OVERSAMPLING)
        peak = max(peak, float(between[..., inside].max()))
    return 20 * float(np.log10(peak))


@cache
def _most_between() -> float:
    """Give the most that the oversampling filter can make of samples of magnitude 1."""
    reach = _FILTER_REACH_SAMPLES
    impulse = np.zeros(2 * reach + 1)
    impulse[reach] = 1
    answer = np.abs(resample_poly(impulse, _OVERSAMPLING, 1)).reshape(-1, _OVERSAMPLING)
    return 1.001 * float(answer.sum(axis=0).max())  # single precision rounds


def _heard_channels(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    sound = np.asarray(samples, np.float64)
    if sound.ndim == 1:
        return sound[:, np.newaxis]
    if sound.shape[1] == 6:
        return sound[:, _CHANNELS_WITHOUT_LFE]
    return sound if sound.shape[1] <= 5 else sound[:, :2]
