"""The few signals that every synthesised sound is made of: noise, curves, modes, grains, space and level.

A signal is one channel, `(samples,)` float64 at 48 kHz; a scene is stereo, `(samples, 2)` float64.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import butter, lfilter, oaconvolve, sosfilt

from talkies.loudness import gated_lufs, momentary_lufs
from talkies.media import Samples
from talkies.spec import SAMPLE_RATE

Generator = np.random.Generator
Signal = NDArray[np.float64]

_CONTROL_RATE = 400  # Hz: rate at which slow curves are evaluated before they are drawn out to samples
_EDGE_S = 0.01  # s: fade at the edges of a sound, long enough that no click is heard


def seconds(duration_s: float) -> int:
    """Count the samples in a duration.

    >>> seconds(0.5)
    24000
    """
    return round(duration_s * SAMPLE_RATE)


def times(sample_count: int) -> Signal:
    """Give the time of each sample in seconds, from 0."""
    return np.arange(sample_count) / SAMPLE_RATE


def noise(generator: Generator, sample_count: int, corners: Sequence[tuple[float, float]]) -> Signal:
    """Make Gaussian noise of unit RMS whose spectrum runs in straight lines through `corners`.

    Each corner is (Hz, dB); between corners the level is linear in dB over log frequency, outside the
    first and last corner it falls to nothing.
    """
    length = scipy.fft.next_fast_len(max(sample_count, 1024), real=True)
    frequencies = scipy.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    first, last = np.searchsorted(frequencies, (corners[0][0], corners[-1][0]))
    inside = frequencies[first:last]
    log_corners = np.log([hz for hz, _ in corners])
    gains = 10 ** (np.interp(np.log(inside), log_corners, [db for _, db in corners]) / 20)
    spectrum = np.zeros(len(frequencies), dtype=np.complex128)
    parts = generator.standard_normal((2, len(inside)))
    spectrum[first:last] = gains * (parts[0] + 1j * parts[1])
    scale = length / (2 * np.sqrt(np.sum(gains**2)))
    shaped: Signal = scipy.fft.irfft(spectrum, length)[:sample_count] * scale
    return shaped


def wide_noise(
    generator: Generator, sample_count: int, corners: Sequence[tuple[float, float]], width: float = 0.8
) -> Signal:
    """Make stereo noise `(samples, 2)`, unit RMS per channel, whose channels correlate by `1 - width`."""
    angle = np.arccos(1 - width) / 2
    middle = np.cos(angle) * noise(generator, sample_count, corners)
    side = np.sin(angle) * noise(generator, sample_count, corners)
    return np.stack([middle + side, middle - side], axis=1)


def drift(generator: Generator, sample_count: int, rate_hz: float) -> Signal:
    """Draw a smooth random curve, mean about 0 and deviation about 1, that turns `rate_hz` times a second."""
    knots = int(sample_count / SAMPLE_RATE * rate_hz) + 4
    spline = CubicSpline(np.arange(knots) - generator.uniform(0.0, 1.0), generator.standard_normal(knots))
    coarse = np.arange(0, sample_count + SAMPLE_RATE / _CONTROL_RATE, SAMPLE_RATE / _CONTROL_RATE)
    curve: Signal = np.interp(np.arange(sample_count), coarse, spline(coarse / SAMPLE_RATE * rate_hz))
    return curve


def contour(sample_count: int, points: Sequence[tuple[float, float]]) -> Signal:
    """Draw a smooth curve without overshoot through (share of the whole from 0 to 1, value) points."""
    shares, values = zip(*points, strict=True)
    coarse = np.linspace(0, 1, max(16, sample_count * _CONTROL_RATE // SAMPLE_RATE))
    curve = PchipInterpolator(shares, values)(np.clip(coarse, shares[0], shares[-1]))
    bounded = np.clip(curve, min(values), max(values))
    drawn: Signal = np.interp(np.linspace(0, 1, sample_count), coarse, bounded)
    return drawn


def envelope(sample_count: int, points: Sequence[tuple[float, float]]) -> Signal:
    """Draw straight lines through (seconds, value) points; constant before the first and after the last."""
    at, values = zip(*points, strict=True)
    lines: Signal = np.interp(times(sample_count), at, values)
    return lines


def strike(sample_count: int, attack_s: float, decay_s: float) -> Signal:
    """Draw a linear attack followed by an exponential decay that falls 60 dB in `decay_s`."""
    t = times(sample_count)
    falling: Signal = np.exp(-6.908 * np.maximum(t - attack_s, 0) / decay_s)  # ln(1000): 60 dB
    return np.minimum(1.0, t / max(attack_s, 1e-6)) * falling


def burst(
    generator: Generator,
    sample_count: int,
    corners: Sequence[tuple[float, float]],
    attack_s: float,
    decay_s: float,
) -> Signal:
    """Make noise of a given spectrum that is struck: silence follows when it has decayed."""
    used = min(sample_count, seconds(attack_s + 1.2 * decay_s))
    struck = np.zeros(sample_count)
    struck[:used] = noise(generator, used, corners) * strike(used, attack_s, decay_s)
    return struck


def band(signal: Signal, low_hz: float | None, high_hz: float | None, order: int = 2) -> Signal:
    """Filter along the first axis with a Butterworth high-pass, low-pass or band-pass."""
    if low_hz is None:
        sections = butter(order, high_hz, "lowpass", fs=SAMPLE_RATE, output="sos")
    elif high_hz is None:
        sections = butter(order, low_hz, "highpass", fs=SAMPLE_RATE, output="sos")
    else:
        sections = butter(order, (low_hz, high_hz), "bandpass", fs=SAMPLE_RATE, output="sos")
    filtered: Signal = sosfilt(sections, signal, axis=0)
    return filtered


def modes(
    sample_count: int, frequencies: Sequence[float], decays_s: Sequence[float], gains: Sequence[float]
) -> Signal:
    """Add decaying sines: the modes of a struck body. `decays_s` are times to fall 60 dB."""
    struck = np.zeros(sample_count)
    for frequency, decay_s, gain in zip(frequencies, decays_s, gains, strict=True):
        used = min(sample_count, seconds(1.2 * decay_s))
        if frequency < 0.45 * SAMPLE_RATE and used:
            # Two poles answer an impulse with a decaying sine, five times cheaper than sin and exp.
            radius, angle = np.exp(-6.908 / seconds(decay_s)), 2 * np.pi * frequency / SAMPLE_RATE
            impulse = np.zeros(used)
            impulse[0] = gain * np.sin(angle)
            struck[:used] += lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], impulse)
    return struck


def phase(frequency: ArrayLike, sample_count: int) -> Signal:
    """Integrate a frequency in Hz, constant or per sample, to a phase in cycles."""
    cycles: Signal = np.cumsum(np.broadcast_to(frequency, (sample_count,))) / SAMPLE_RATE
    return cycles


def sine(frequency: ArrayLike, sample_count: int) -> Signal:
    """Make a sine whose frequency in Hz may change from sample to sample."""
    wave: Signal = np.sin(2 * np.pi * phase(frequency, sample_count))
    return wave


def narrow_noise(generator: Generator, centre: Signal, bandwidth_hz: float) -> Signal:
    """Make noise of about unit RMS around a moving centre, in Hz per sample: a breath, a whistle."""
    count = len(centre)
    floor = ((0.5, 0.0), (bandwidth_hz / 2, 0.0), (bandwidth_hz * 2, -36.0))
    angle = 2 * np.pi * phase(centre, count)
    moved: Signal = noise(generator, count, floor) * np.cos(angle) + noise(generator, count, floor) * np.sin(
        angle
    )
    return moved


def pan(signal: Signal, position: float | Signal) -> Signal:
    """Place a signal between left (-1) and right (1) at constant power, giving `(samples, 2)`."""
    angle = (np.asarray(position) + 1) * (np.pi / 4)
    return np.stack([signal * np.cos(angle), signal * np.sin(angle)], axis=1)


def scatter(
    sample_count: int,
    starts: ArrayLike,
    grains: Sequence[Signal],
    gains: ArrayLike,
    positions: ArrayLike,
) -> Signal:
    """Add one grain per start to a stereo scene `(sample_count, 2)`, clipped at both ends.

    The sequences are equally long: start sample (may be negative), signal, gain, place from -1 to 1.
    """
    scene = np.zeros((sample_count, 2))
    angles = (np.asarray(positions) + 1) * (np.pi / 4)
    sides = np.stack([np.cos(angles), np.sin(angles)], axis=-1) * np.asarray(gains)[..., None]
    for start, grain, side in zip(np.asarray(starts).tolist(), grains, sides, strict=True):
        first, last = max(start, 0), min(start + len(grain), sample_count)
        if first < last:
            scene[first:last] += grain[first - start : last - start, None] * side
    return scene


def moments(generator: Generator, sample_count: int, rate_hz: float) -> NDArray[np.int64]:
    """Draw the samples of independent random events, `rate_hz` a second on average, in order."""
    count = generator.poisson(rate_hz * sample_count / SAMPLE_RATE)
    return np.sort(generator.integers(0, sample_count, count))


def reverberate(
    dry: Signal, generator: Generator, decay_s: float, wet: float, bright_hz: float = 6000.0
) -> Signal:
    """Add a diffuse room to `(samples,)` or `(samples, 2)`; the result is stereo and as long as `dry`.

    The room answers with exponentially decaying noise, independent in both ears, that starts after 12 ms and
    falls 60 dB in `decay_s`. `wet` is its energy relative to that of the dry sound. Source: J. A. Moorer,
    "About this reverberation business", Computer Music Journal 3(2), 1979.
    """
    scene = pan(dry, 0.0) * np.sqrt(2) if dry.ndim == 1 else dry
    count = seconds(decay_s)
    falling = np.exp(-6.908 * times(count) / decay_s)
    room = np.concatenate([np.zeros(seconds(0.012)), np.ones(count)])
    answer = wide_noise(generator, len(room), ((80, -6), (250, 0), (bright_hz, -6), (16000, -30)), width=0.6)
    answer *= (room * np.concatenate([np.ones(seconds(0.012)), falling]))[:, None]
    answer *= np.sqrt(wet / np.mean(np.sum(answer**2, axis=0)))
    tail: Signal = oaconvolve(scene, answer, axes=0)[: len(scene)]
    return scene + tail


def soften_edges(scene: Signal, fade_in_s: float = _EDGE_S, fade_out_s: float = _EDGE_S) -> Signal:
    """Fade a sound in and out along raised cosines, so that it begins and ends at silence."""
    window = np.ones(len(scene))
    rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(seconds(fade_in_s)) / max(seconds(fade_in_s), 1))
    fall = 0.5 - 0.5 * np.cos(np.pi * np.arange(seconds(fade_out_s)) / max(seconds(fade_out_s), 1))
    rise, fall = rise[: len(scene)], fall[: len(scene)]
    window[: len(rise)] *= rise
    window[len(scene) - len(fall) :] *= fall[::-1]
    return scene * (window[:, None] if scene.ndim == 2 else window)


def tame(scene: Signal, ceiling: float = 0.89) -> Signal:
    """Turn the loudest moments down smoothly so that no sample exceeds `ceiling`."""
    needed = np.minimum(1.0, ceiling / np.maximum(np.max(np.abs(scene), axis=1), 1e-9))
    if needed.min() == 1.0:
        return scene
    span = seconds(0.004)
    held = minimum_filter1d(needed, 2 * span + 1)
    smooth: Signal = uniform_filter1d(held, 2 * span + 1)
    return scene * smooth[:, None]


def rounded(scene: Signal, drive: float) -> Signal:
    """Round off peaks by the hyperbolic tangent of `drive` times the sound, so that clicks can be loud."""
    soft: Signal = np.tanh(drive / np.max(np.abs(scene)) * scene)
    return soft


def at_loudness(scene: Signal, lufs: float, *, loudest_moment: bool = False) -> Samples:
    """Scale a stereo scene to a loudness and round it to float32, keeping every sample under -1 dBFS.

    Its steady loudness counts, gated as in ITU-R BS.1770, or with `loudest_moment` its loudest 0.4 s. What is
    below the absolute gate throughout stays as it is.
    """
    blocks = momentary_lufs(scene)
    level = gated_lufs(np.atleast_1d(blocks.max()) if loudest_moment else blocks)
    if level is None:
        return scene.astype(np.float32)
    return tame(scene * 10 ** ((lufs - level) / 20)).astype(np.float32)
