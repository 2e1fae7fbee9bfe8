"""Weather: rain, wind and thunder."""

from __future__ import annotations

import numpy as np

from talkies.engines.animatic.sound.synthesis import (
    Generator,
    Signal,
    band,
    burst,
    contour,
    drift,
    modes,
    moments,
    narrow_noise,
    reverberate,
    scatter,
    seconds,
    times,
    wide_noise,
)
from talkies.spec import SAMPLE_RATE

_RAIN = ((200, -20, 12), (800, -5, 4), (2500, 0, 0), (9000, -3, 0), (16000, -12, -2))
"""(Hz, dB, dB more in a downpour and less in a drizzle): many drops together are heard to roar."""
_WIND_BANDS = ((90, 200, 1.0, 0.7), (200, 420, 0.8, 1.0), (420, 900, 0.4, 1.4), (900, 2400, 0.14, 2.0))
"""(low Hz, high Hz, gain, power of the gust): a harder gust is also a brighter one."""


def rain(generator: Generator, sample_count: int, strength: float = 0.0) -> Signal:
    """Rain: a hiss of countless drops far away, with those that fall near heard one by one."""
    spectrum = [(hertz, level + strength * more) for hertz, level, more in _RAIN]
    hiss: Signal = 2.5**strength * wide_noise(generator, sample_count, spectrum)
    hiss *= (1 + 0.08 * drift(generator, sample_count, 0.7))[:, None]
    drops = moments(generator, sample_count, 140 * 3.5**strength)
    grains = [_drop(generator) for _ in range(40)]
    near = scatter(
        sample_count,
        drops,
        [grains[k] for k in generator.integers(0, len(grains), len(drops))],
        generator.lognormal(0.4, 0.7, len(drops)),
        generator.uniform(-1, 1, len(drops)),
    )
    return hiss + near


def _drop(generator: Generator) -> Signal:
    """A drop on a hard surface: a click of a few milliseconds, often with the note of a bubble after it."""
    count = seconds(0.03)
    click = burst(generator, count, ((1500, -6), (5000, 0), (14000, -6)), 0.0003, 0.006)
    note = modes(count, [generator.uniform(1100, 4200)], [generator.uniform(0.012, 0.03)], [1.0])
    return 1.6 * click + generator.uniform(0.0, 1.0) * note


def wind(generator: Generator, sample_count: int, strength: float = 0.0) -> Signal:
    """Wind: gusts that swell and brighten, and the whistle of an edge whose pitch follows them.

    A stronger wind blows in deeper gusts, and is one gust more wherever a gust is brighter.
    """
    depth = 1 + 0.4 * strength
    swelling = 0.55 * drift(generator, sample_count, 0.45) + 0.15 * drift(generator, sample_count, 1.7)
    gust = np.exp(depth * swelling + 0.7 * strength)
    scene = np.zeros((sample_count, 2))
    for low, high, gain, power in _WIND_BANDS:
        layer = wide_noise(generator, sample_count, ((low / 2, -24), (low, 0), (high, 0), (high * 2, -24)))
        flutter = 1 + 0.2 * drift(generator, sample_count, 3.0)
        scene += gain * (gust**power * flutter)[:, None] * layer
    for place in (-0.5, 0.5):
        centre = 480 * generator.uniform(0.8, 1.3) * gust**0.35
        whistle = narrow_noise(generator, centre, 40) * gust**1.8
        scene += 0.22 * np.stack([whistle * (1 - place), whistle * (1 + place)], axis=1)
    return scene


def thunder(generator: Generator, sample_count: int) -> Signal:
    """Thunder: a tearing crack, then a rumble that rolls on as sound from farther along the bolt arrives."""
    tears = np.array([0.0, *generator.exponential(0.1, 13)])
    crack = scatter(
        sample_count,
        (tears * SAMPLE_RATE).astype(int),
        [_tear(generator) for _ in tears],
        np.exp(-tears / 0.3) * np.array([1.6, *generator.uniform(0.4, 1.0, 13)]),
        generator.uniform(-0.7, 0.7, len(tears)),
    )
    t = times(sample_count)
    rumble = np.zeros((sample_count, 2))
    for low, high, decay_s, gain in ((28, 90, 1.9, 1.2), (80, 220, 1.3, 1.0), (200, 700, 0.7, 0.6)):
        claps = (
            np.exp(0.9 * drift(generator, sample_count, 2.6)) * np.minimum(1, t / 0.3) * np.exp(-t / decay_s)
        )
        layer = wide_noise(generator, sample_count, ((low / 2, -30), (low, 0), (high, 0), (high * 3, -40)))
        rumble += gain * claps[:, None] * layer
    fading = contour(sample_count, ((0, 1), (0.75, 0.8), (1, 0)))
    return reverberate(7.0 * crack + rumble, generator, 2.2, 0.2, bright_hz=1500) * fading[:, None]


def _tear(generator: Generator) -> Signal:
    spectrum = ((80, -4), (300, 0), (2500, -4), (12000, -18))
    return band(burst(generator, seconds(0.25), spectrum, 0.002, generator.uniform(0.08, 0.24)), 60, None)
