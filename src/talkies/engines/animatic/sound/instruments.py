"""Instruments: a pitch and a length become the sound of one note, `(samples,)` of about unit peak."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.fft

from talkies.engines.animatic.sound.foley.impacts import skin
from talkies.engines.animatic.sound.synthesis import (
    Generator,
    Signal,
    burst,
    drift,
    envelope,
    modes,
    noise,
    phase,
    seconds,
    strike,
)
from talkies.spec import SAMPLE_RATE

Instrument = Callable[[Generator, float, float], Signal]
"""`play(generator, hertz, length_s)`."""

_TABLE = 2048  # samples in one stored cycle
_DETUNING = 0.009  # half-width of an overtone in a section, as a share of its frequency: 15 cents


def hertz(pitch: float) -> float:
    """Give the frequency of a MIDI pitch in equal temperament.

    >>> hertz(69)
    440.0
    """
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def felt_piano(generator: Generator, frequency: float, length_s: float) -> Signal:
    """A piano with felt before its strings: stiff strings, two to a note, hardly any hammer."""
    count = seconds(length_s + 0.5)
    overtones = np.arange(1, 11)
    stretched = frequency * overtones * np.sqrt(1 + 0.0004 * overtones**2)
    lasting = 4.5 * (220 / frequency) ** 0.55 / (1 + 0.35 * (overtones - 1))
    softness = np.exp(-0.45 * (overtones - 1) * (frequency / 300) ** 0.25)
    strings = np.zeros(count)
    for detuned, share in ((1.0, 0.6), (1.0006, 0.4)):
        strings += modes(count, (stretched * detuned).tolist(), lasting.tolist(), (share * softness).tolist())
    hammer = burst(generator, count, ((60, -6), (200, 0), (900, -10), (3000, -20), (8000, -36)), 0.002, 0.06)
    damped = envelope(count, ((0, 0), (0.004, 1), (length_s, 1), (length_s + 0.45, 0)))
    return (strings + 0.09 * hammer) * damped


def celesta(generator: Generator, frequency: float, length_s: float) -> Signal:
    """Small steel plates struck with felt: nearly pure, with a glassy third partial."""
    count = seconds(max(length_s, 1.2))
    ring = modes(
        count,
        [frequency, 2.01 * frequency, 4.02 * frequency, 6.3 * frequency],
        [1.7, 0.8, 0.6, 0.3],
        [1, 0.22, 0.24, 0.12],
    )
    mallet = burst(generator, count, ((800, -10), (2500, 0), (7000, -14)), 0.001, 0.02)
    return (ring + 0.08 * mallet) * envelope(count, ((0, 0), (0.002, 1)))


def low_bell(generator: Generator, frequency: float, length_s: float) -> Signal:
    """A dark bell or prepared piano string: inharmonic, long, without brilliance."""
    count = seconds(max(length_s, 2.5))
    ratios, lasting = (1.0, 2.0, 2.41, 3.9, 5.3), (4.0, 2.6, 2.0, 1.1, 0.7)
    ring = modes(count, [frequency * ratio for ratio in ratios], lasting, [1.0, 0.5, 0.4, 0.2, 0.1])
    blow = burst(generator, count, ((100, -6), (300, 0), (1500, -20)), 0.002, 0.08)
    return (ring + 0.1 * blow) * envelope(count, ((0, 0), (0.003, 1)))


def plucked(generator: Generator, frequency: float, length_s: float) -> Signal:
    """A string plucked at a fifth of its length, damped soon: a harp or a pizzicato."""
    count = seconds(min(max(length_s * 2, 0.5), 1.6))
    overtones = np.arange(1, 13)
    gains = np.abs(np.sin(np.pi * overtones / 5)) / overtones**1.5
    lasting = 1.1 * (220 / frequency) ** 0.4 / (1 + 0.3 * (overtones - 1))
    string = modes(count, (frequency * overtones).tolist(), lasting.tolist(), gains.tolist())
    finger = burst(generator, count, ((300, -8), (900, 0), (4000, -18)), 0.001, 0.02)
    return (string + 0.05 * finger) * envelope(count, ((0, 0), (0.002, 1)))


def strings(generator: Generator, frequency: float, length_s: float) -> Signal:
    """A string section that swells in over a third of a second."""
    return _section(generator, frequency, length_s, attack_s=0.32, release_s=0.5, darkness_hz=3000)


def spiccato(generator: Generator, frequency: float, length_s: float) -> Signal:
    """A string section that bounces its bows: short, with a bite."""
    bowed_s = min(length_s, 0.16)
    bowed = _section(generator, frequency, bowed_s, attack_s=0.012, release_s=0.12, darkness_hz=3600)
    return 1.4 * bowed * strike(len(bowed), 0.001, 0.6)


def pad(generator: Generator, frequency: float, length_s: float) -> Signal:
    """A soft, slow wash of detuned voices."""
    return _section(generator, frequency, length_s, attack_s=0.7, release_s=1.0, darkness_hz=1300)


def brass(generator: Generator, frequency: float, length_s: float) -> Signal:
    """Horns and trombones: a note that brightens as it grows loud."""
    count = seconds(length_s + 0.3)
    blown = envelope(count, ((0, 0), (0.09, 0.8), (0.35, 1.0), (length_s, 0.75), (length_s + 0.28, 0)))
    dull, bright = (_cycle(frequency, darkness_hz) for darkness_hz in (500, 2200))
    note = np.zeros(count)
    for cents in (-5, 0, 6):
        wavering = frequency * 2 ** ((cents + 3 * drift(generator, count, 4.0)) / 1200)
        cycles = phase(wavering, count) + generator.random()
        note += (1 - blown) * _read(dull, cycles) + blown * _read(bright, cycles)
    return note / 3 * blown


def bass(generator: Generator, frequency: float, length_s: float) -> Signal:
    """A bowed bass with enough overtones for small loudspeakers."""
    return _section(generator, frequency, length_s, attack_s=0.06, release_s=0.25, darkness_hz=520)


def taiko(generator: Generator, frequency: float, length_s: float) -> Signal:
    """A great barrel drum."""
    return np.tanh(1.2 * skin(generator, seconds(max(length_s, 1.2)), frequency, 0.85))


def tick(generator: Generator, frequency: float, length_s: float) -> Signal:
    """A dry, clock-like tick."""
    count = seconds(max(length_s, 0.06))
    click = burst(generator, count, ((2500, -8), (5500, 0), (11000, -10)), 0.0005, 0.035)
    return 0.5 * click + modes(count, [frequency, 1.6 * frequency], [0.03, 0.02], [0.6, 0.3])


def cymbal_swell(generator: Generator, _frequency: float, length_s: float) -> Signal:
    """A cymbal rolled from nothing up to its peak at `length_s`, then left to ring."""
    count = seconds(length_s + 1.6)
    metal = noise(generator, count, ((400, -16), (2500, -4), (6000, 0), (14000, -8)))
    at = np.arange(count) / SAMPLE_RATE
    return 0.4 * metal * np.where(at < length_s, (at / length_s) ** 3, np.exp(-(at - length_s) / 0.4))


def _section(
    generator: Generator,
    frequency: float,
    length_s: float,
    *,
    attack_s: float,
    release_s: float,
    darkness_hz: float,
) -> Signal:
    """Many players on one note, none quite in tune: each overtone is a narrow band of noise.

    Source: P. O. Nasca, "PADsynth algorithm", ZynAddSubFX documentation.
    """
    count = seconds(length_s + release_s)
    spectrum = np.zeros(scipy.fft.next_fast_len(count, real=True) // 2 + 1, dtype=np.complex128)
    bins_per_hz = 2 * (len(spectrum) - 1) / SAMPLE_RATE
    for overtone, gain in enumerate(_overtones(frequency, darkness_hz), start=1):
        centre = overtone * frequency * bins_per_hz
        width = max(0.6, centre * _DETUNING)
        bins = np.arange(int(centre - 3 * width), min(int(centre + 3 * width) + 2, len(spectrum)))
        turns = np.exp(2j * np.pi * generator.random(len(bins)))
        spectrum[bins] += gain / np.sqrt(width) * np.exp(-(((bins - centre) / width) ** 2)) * turns
    wave = scipy.fft.irfft(spectrum)[:count]
    hold_s = max(attack_s, length_s)
    shape = envelope(count, ((0, 0), (attack_s, 1), (hold_s, 0.9), (length_s + release_s, 0)))
    note: Signal = 0.5 * wave / wave.std() * np.sin(shape * np.pi / 2) ** 2
    return note


def _overtones(frequency: float, darkness_hz: float) -> Signal:
    """Give the gains of the overtones of a bowed or blown note, which fade beyond `darkness_hz`."""
    overtones = np.arange(1, max(2, int(min(12000, 16 * darkness_hz) / frequency)))
    gains: Signal = np.exp(-overtones * frequency / darkness_hz) / overtones**0.8
    gains /= np.sqrt(np.sum(gains**2))
    return gains


def _cycle(frequency: float, darkness_hz: float) -> Signal:
    """Store one cycle of a note."""
    gains = _overtones(frequency, darkness_hz)
    at = np.arange(_TABLE) / _TABLE
    wave: Signal = gains @ np.sin(2 * np.pi * np.arange(1, len(gains) + 1)[:, None] * at[None, :])
    return wave


def _read(table: Signal, cycles: Signal) -> Signal:
    place = (cycles % 1.0) * _TABLE
    index = place.astype(np.int64)
    left, right = table[index % _TABLE], table[(index + 1) % _TABLE]
    return left + (place - index) * (right - left)
