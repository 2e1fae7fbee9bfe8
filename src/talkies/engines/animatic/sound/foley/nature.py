"""Water and fire.

Source of the bubbles: K. van den Doel, "Physically based models for liquid sounds", ACM Transactions on
Applied Perception 2(4), 2005: a bubble of radius r metres rings at 3 / r Hz, is damped at
0.13 / r + 0.0072 r^(-3/2) per second, and rises in pitch as it nears the surface.
"""

from __future__ import annotations

import numpy as np

from talkies.engines.animatic.sound.synthesis import (
    Generator,
    Signal,
    band,
    burst,
    drift,
    moments,
    scatter,
    seconds,
    times,
    wide_noise,
)


def bubble(generator: Generator, radius_m: float) -> Signal:
    """One bubble that rings and, if it lies near the surface, rises in pitch."""
    damping = 0.13 / radius_m + 0.0072 * radius_m**-1.5
    count = seconds(min(0.25, 6.0 / damping))
    t = times(count)
    rise = generator.choice([0.0, 0.1, 0.4]) * damping
    swept = 3 / radius_m * (t + rise * t**2 / 2)
    ring: Signal = np.sin(2 * np.pi * swept) * np.exp(-damping * t) * np.minimum(1, t / 0.001)
    return ring


def _bubbles(
    generator: Generator, sample_count: int, rate_hz: float, smallest_m: float, largest_m: float
) -> Signal:
    """Bubbles of many sizes, small ones more often and more softly than large ones."""
    starts = moments(generator, sample_count, rate_hz)
    radii = np.exp(generator.uniform(np.log(smallest_m), np.log(largest_m), 60))
    kinds = [bubble(generator, radius) for radius in radii]
    chosen = generator.integers(0, len(kinds), len(starts))
    gains = (radii[chosen] / largest_m) ** 0.6 * generator.lognormal(0, 0.6, len(starts))
    return scatter(
        sample_count, starts, [kinds[k] for k in chosen], gains, generator.uniform(-0.9, 0.9, len(starts))
    )


def stream(generator: Generator, sample_count: int, strength: float = 0.0) -> Signal:
    """A brook: hundreds of small bubbles a second over the rush of the water, more and larger in a river."""
    rush = wide_noise(generator, sample_count, ((250, -18), (700, 0), (1800, -4), (6000, -14), (12000, -30)))
    rush *= (1 + 0.25 * drift(generator, sample_count, 1.5))[:, None]
    bubbles = _bubbles(generator, sample_count, 170 * 2.5**strength, 0.0009, 0.006 * 1.8**strength)
    brook: Signal = 0.22 * 5.0**strength * rush + bubbles
    return brook


def waterfall(generator: Generator, sample_count: int) -> Signal:
    """A waterfall: an even roar, heavy below and hissing above, with spray that comes and goes."""
    roar = wide_noise(
        generator, sample_count, ((40, -14), (120, 0), (600, -4), (3000, -13), (14000, -30)), 0.9
    )
    spray = wide_noise(generator, sample_count, ((2500, -10), (5000, 0), (14000, -10)))
    spray *= 0.12 * np.exp(0.35 * drift(generator, sample_count, 2.5))[:, None]
    return roar + spray + 0.8 * _bubbles(generator, sample_count, 60, 0.004, 0.016)


def bubbles(generator: Generator, sample_count: int) -> Signal:
    """Bubbles under water: large round ones in clusters above a dull murmur."""
    murmur = wide_noise(generator, sample_count, ((40, -6), (120, 0), (400, -14), (1200, -40)))
    return 0.06 * murmur + _bubbles(generator, sample_count, 26, 0.003, 0.014)


_WAVE = (
    # low Hz, high Hz, gain, delay s, rise s, fall s: the rumble comes first, the foam last and longest
    (60, 350, 0.9, -0.35, 0.9, 0.9),
    (300, 1800, 1.0, 0.0, 0.45, 0.8),
    (1500, 5000, 0.7, 0.15, 0.35, 1.1),
    (4500, 12000, 0.35, 0.5, 0.5, 1.9),
)
_FOAM_HZ = 1500  # a larger wave is stronger below this and weaker above


def surf(generator: Generator, sample_count: int, strength: float = 0.0) -> Signal:
    """Surf: waves that gather with a rumble, break, and run out hissing up the beach every six seconds.

    Smaller waves lap oftener, rumble little and are soon over.
    """
    size = 1.5**strength
    steps = size * generator.uniform(5.0, 7.0, 4 + sample_count // seconds(5 * size))
    crests = generator.uniform(1.0, 2.4) + np.cumsum(steps) - steps[0] - steps[1]
    heights = generator.uniform(0.7, 1.0, len(crests))
    t = times(sample_count)
    scene = 0.1 * wide_noise(
        generator, sample_count, ((50, -6), (150, 0), (800, -8), (5000, -20), (12000, -40))
    )
    for low, high, gain, delay_s, rise_s, fall_s in _WAVE:
        swell = np.zeros(sample_count)
        for crest, height in zip(crests, heights, strict=True):
            since = (t - crest) / size - delay_s
            swell += height * np.exp(np.where(since < 0, since / rise_s, -since / fall_s))
        swell *= (_FOAM_HZ / low) ** (0.3 * strength)
        layer = wide_noise(
            generator, sample_count, ((low * 0.6, -20), (low, 0), (high, -4), (high * 1.5, -24))
        )
        scene += gain * swell[:, None] * layer
    return scene


def fire(generator: Generator, sample_count: int, strength: float = 0.0) -> Signal:
    """A fire: the flutter of flames, a faint hiss, and crackles that come in clusters; a blaze roars."""
    flames = wide_noise(
        generator, sample_count, ((30, -10), (80, 0), (250, -6), (900, -24), (2500, -44)), 0.5
    )
    flames *= np.exp(0.45 * drift(generator, sample_count, 5.0))[:, None]
    hiss = wide_noise(generator, sample_count, ((1500, -10), (4000, 0), (12000, -8)))
    clusters = moments(generator, sample_count, 2.2 * 2.0**strength)
    near = clusters[:, None] + generator.exponential(seconds(0.06), (len(clusters), 5)).astype(int)
    starts = np.concatenate([moments(generator, sample_count, 9 * 2.0**strength), near.reshape(-1)])
    kinds = [_crackle(generator) for _ in range(30)]
    crackles = scatter(
        sample_count,
        starts,
        [kinds[k] for k in generator.integers(0, len(kinds), len(starts))],
        generator.lognormal(0.3, 0.7, len(starts)),
        generator.uniform(-0.7, 0.7, len(starts)),
    )
    blaze: Signal = 4.0**strength * (0.35 * flames + 0.03 * hiss) + crackles
    return blaze


def _crackle(generator: Generator) -> Signal:
    """Wood that splits: a very short burst of noise, dull or sharp."""
    count = seconds(0.04)
    low = generator.uniform(500, 3000)
    split = ((low, -6), (low * 2, 0), (min(low * 5, 15000), -8))
    return burst(generator, count, split, 0.0003, generator.uniform(0.006, 0.03))


def sizzle(generator: Generator, sample_count: int) -> Signal:
    """Something fries: a bright hiss of steam that flutters, of hundreds of tiny pops, and spits."""
    steam = wide_noise(
        generator, sample_count, ((900, -18), (2500, -6), (6000, 0), (12000, -4), (16000, -14))
    )
    steam *= np.exp(0.22 * drift(generator, sample_count, 14.0))[:, None]
    pops = [_spit(generator) for _ in range(40)]
    small, large = moments(generator, sample_count, 260), moments(generator, sample_count, 14)
    starts = np.concatenate([small, large])
    sizes = np.concatenate(
        [generator.lognormal(-1.6, 0.5, len(small)), generator.lognormal(-0.3, 0.25, len(large))]
    )
    spat = scatter(
        sample_count,
        starts,
        [pops[k] for k in generator.integers(0, len(pops), len(starts))],
        sizes,
        generator.uniform(-0.6, 0.6, len(starts)),
    )
    return 0.14 * steam + spat


def _spit(generator: Generator) -> Signal:
    """A drop of water that bursts in hot fat."""
    low = generator.uniform(1500, 5000)
    popped = ((low, -8), (low * 1.6, 0), (15000, -8))
    return burst(generator, seconds(0.015), popped, 0.0002, generator.uniform(0.003, 0.01))


def splash(generator: Generator, sample_count: int) -> Signal:
    """Something falls into water: the slap, the cavity that closes with a gulp, drops raining back."""
    slap = burst(generator, sample_count, ((150, -6), (500, 0), (3000, -6), (12000, -18)), 0.004, 0.35)
    spray = wide_noise(generator, sample_count, ((1500, -10), (4000, 0), (13000, -8)))
    t = times(sample_count)
    spray *= (0.35 * np.minimum(1, t / 0.06) * np.exp(-t / 0.22))[:, None]
    gulp = np.zeros(sample_count)
    for start_s, radius_m in ((0.09, 0.016), (0.2, 0.011), (0.31, 0.009)):
        ring = bubble(generator, radius_m)
        gulp[seconds(start_s) : seconds(start_s) + len(ring)] += 1.5 * ring
    starts = seconds(0.15) + generator.exponential(seconds(0.25), 70).astype(int)
    drops = [bubble(generator, radius) for radius in generator.uniform(0.0009, 0.004, 70)]
    rain_back = scatter(
        sample_count, starts, drops, generator.lognormal(-1.6, 0.6, 70), generator.uniform(-0.8, 0.8, 70)
    )
    body = np.stack([slap + gulp] * 2, axis=1)
    return band(body + spray + rain_back, 60, None)
