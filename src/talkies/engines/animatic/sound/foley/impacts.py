"""Blows and bursts: struck bodies by their modes, blasts by noise that falls."""

from __future__ import annotations

import numpy as np

from talkies.engines.animatic.sound.foley.voices import glide
from talkies.engines.animatic.sound.synthesis import (
    Generator,
    Signal,
    band,
    burst,
    contour,
    drift,
    modes,
    narrow_noise,
    noise,
    pan,
    phase,
    reverberate,
    scatter,
    seconds,
    sine,
    strike,
    times,
    wide_noise,
)
from talkies.spec import SAMPLE_RATE

_BELL = (
    # ratio to the prime, decay in seconds, gain: hum, prime, tierce, quint, nominal and what is above it
    (0.5, 16.0, 0.35),
    (1.0, 12.0, 0.7),
    (1.2, 9.0, 0.75),
    (1.5, 4.8, 0.4),
    (2.0, 5.2, 1.0),
    (2.5, 3.0, 0.35),
    (2.66, 2.6, 0.35),
    (3.01, 2.2, 0.45),
    (4.17, 1.6, 0.35),
    (5.43, 1.0, 0.25),
    (6.79, 0.7, 0.15),
)
"""Partials of a church bell tuned in the usual way. Source: N. H. Fletcher and T. D. Rossing, "The Physics of
Musical Instruments", 2nd ed., 1998, chapter 21; the decays are chosen by ear of the spectrogram."""

FUSE_S = 1.1  # from a rocket's start to its burst
_TUBE = ((1.0, 2.2, 1.0), (2.756, 1.5, 0.6), (5.404, 0.8, 0.35), (8.933, 0.4, 0.15))
"""Transverse modes of a free bar (Fletcher and Rossing, chapter 2): ratio, decay in seconds, gain."""


def door(generator: Generator, sample_count: int) -> Signal:
    """A door falls shut: the air it pushes, the slam of wood in its frame, the latch."""
    scene = np.zeros(sample_count)
    slam = seconds(0.25)
    count = sample_count - slam
    push = noise(generator, slam, ((120, -6), (300, 0), (1200, -16), (3000, -40)))
    scene[:slam] += 0.1 * push * np.linspace(0, 1, slam) ** 2
    wood = modes(
        count,
        [58, 92, 141, 207, 330, 515],
        [0.35, 0.3, 0.22, 0.16, 0.1, 0.07],
        [1.0, 0.9, 0.7, 0.5, 0.35, 0.25],
    )
    blow = burst(generator, count, ((80, -4), (250, 0), (1500, -10), (6000, -26)), 0.0015, 0.13)
    scene[slam:] += wood + 0.8 * blow
    for late_s, level in ((0.018, 0.5), (0.06, 0.3)):
        latch = slam + seconds(late_s)
        clack = modes(seconds(0.1), [1450, 2600, 4300], [0.05, 0.04, 0.02], [0.6, 0.5, 0.3])
        scene[latch : latch + len(clack)] += level * clack
    return reverberate(scene, generator, 0.7, 0.1, bright_hz=3000)


def knock(generator: Generator, sample_count: int) -> Signal:
    """A knuckle on a wooden door, once."""
    count, size = seconds(0.2), generator.uniform(0.97, 1.03)
    panel = modes(
        count,
        [165 * size, 290 * size, 460 * size, 820 * size],
        [0.12, 0.09, 0.06, 0.04],
        [1, 0.8, 0.6, 0.3],
    )
    tap = burst(generator, count, ((600, -6), (1500, 0), (5000, -12), (10000, -30)), 0.0005, 0.014)
    scene = np.zeros(sample_count)
    scene[:count] = panel + 0.7 * tap
    return reverberate(scene, generator, 0.45, 0.08)


def creak(generator: Generator, sample_count: int) -> Signal:
    """An old hinge: wood sticks and slips, quicker and slower, and every slip rings in the panel."""
    rate = contour(sample_count, ((0, 22), (0.25, 75), (0.5, 48), (0.75, 110), (1, 30)))
    rate = rate * (1 + 0.12 * drift(generator, sample_count, 9.0))
    slips = np.flatnonzero(np.diff(np.floor(phase(np.maximum(rate, 8), sample_count))) > 0)
    panels = [_creaking_wood(size) for size in np.linspace(0.85, 1.25, 8) * generator.uniform(0.92, 1.08)]
    quick = np.clip((rate[slips] - 20) / 12, 0, 7).astype(
        int
    )  # quicker slips: the hinge binds, the wood tightens
    swell = contour(sample_count, ((0, 0.3), (0.3, 1), (0.8, 0.9), (1, 0.1)))[slips]
    sizes = generator.lognormal(0, 0.25, len(slips)) * swell
    groan = scatter(sample_count, slips, [panels[k] for k in quick], sizes, np.zeros(len(slips)))
    return reverberate(groan, generator, 0.5, 0.08)


def _creaking_wood(size: float) -> Signal:
    hertz = [430 * size, 905 * size, 1480 * size, 2350 * size, 3300 * size]
    return modes(seconds(0.05), hertz, [0.03, 0.03, 0.025, 0.02, 0.015], [0.5, 1.0, 0.9, 0.6, 0.3])


def bell(generator: Generator, sample_count: int) -> Signal:
    """A church bell, struck once: hum, prime, minor third, fifth and octave, each doublet beating slowly."""
    prime = generator.uniform(285, 345)
    rung = np.zeros(sample_count)
    for ratio, decay_s, gain in _BELL:
        split = generator.uniform(0.3, 0.9)  # Hz: no bell is quite round
        pair = [prime * ratio, prime * ratio + split]
        rung += modes(sample_count, pair, [decay_s, decay_s], [0.65 * gain, 0.35 * gain])
    clapper = burst(generator, sample_count, ((800, -8), (2500, 0), (7000, -10), (12000, -30)), 0.0008, 0.03)
    rung += 0.5 * clapper
    return reverberate(rung, generator, 1.8, 0.1)


def chime(generator: Generator, sample_count: int) -> Signal:
    """Wind chimes: five tubes of a pentatonic scale that touch one after another."""
    tonic = generator.uniform(880, 1050)
    ratios = tonic * np.array([1, 9 / 8, 5 / 4, 3 / 2, 5 / 3, 2])
    starts = np.cumsum([0, *generator.uniform(0.06, 0.26, 7)])
    tubes = []
    for _ in starts:
        base = float(ratios[generator.integers(len(ratios))])
        tubes.append(
            modes(
                sample_count,
                [base * r for r, _, _ in _TUBE],
                [d for _, d, _ in _TUBE],
                [g for _, _, g in _TUBE],
            )
        )
    levels, places = generator.uniform(0.4, 1.0, len(starts)), generator.uniform(-0.6, 0.6, len(starts))
    return reverberate(
        scatter(sample_count, (starts * SAMPLE_RATE).astype(int), tubes, levels, places), generator, 1.5, 0.1
    )


def explosion(generator: Generator, sample_count: int) -> Signal:
    """An explosion: the shock, a boom that sinks, a long rumble, and debris that falls."""
    shock = burst(generator, sample_count, ((60, 0), (400, 0), (4000, -8), (14000, -24)), 0.002, 0.45)
    t = times(sample_count)
    boom = sine(32 + 60 * np.exp(-t / 0.12), sample_count) * np.exp(-t / 0.45) * np.minimum(1, t / 0.004)
    rumble = wide_noise(generator, sample_count, ((25, -6), (60, 0), (200, -5), (700, -22), (3000, -48)))
    rumble *= (
        np.exp(0.4 * drift(generator, sample_count, 4.0)) * np.minimum(1, t / 0.05) * np.exp(-t / 0.8)
    )[:, None]
    starts = seconds(0.3) + generator.exponential(seconds(0.5), 60).astype(int)
    bits = [_debris(generator) for _ in range(60)]
    fallen = scatter(
        sample_count, starts, bits, generator.lognormal(-2.2, 0.7, 60), generator.uniform(-0.9, 0.9, 60)
    )
    blast = np.tanh(1.3 * pan(1.2 * shock + 1.6 * boom, 0.0) + 0.9 * rumble) + fallen
    return reverberate(blast, generator, 2.0, 0.15, bright_hz=1500)


def _debris(generator: Generator) -> Signal:
    count, low = seconds(0.06), generator.uniform(300, 2500)
    return burst(generator, count, ((low, -4), (low * 2, 0), (low * 5, -10)), 0.001, 0.03)


def gunshot(generator: Generator, sample_count: int) -> Signal:
    """A shot in the open: the crack, the muzzle's blast, and the landscape that answers."""
    dry = _report(generator, sample_count, 0.22)
    echo = np.zeros(sample_count)
    for late_s, level in ((0.11, 0.22), (0.19, 0.12), (0.34, 0.1)):
        late = seconds(late_s)
        echo[late:] += level * band(dry, None, 1800)[:-late]
    return reverberate(dry + echo, generator, 1.4, 0.12, bright_hz=2500)


def _report(generator: Generator, sample_count: int, blast_s: float) -> Signal:
    """The crack of a shot and the muzzle's blast, which falls 60 dB in `blast_s`."""
    crack = burst(generator, sample_count, ((400, -2), (1500, 0), (15000, -6)), 0.0003, 0.05)
    blast = burst(generator, sample_count, ((60, -2), (200, 0), (900, -6), (6000, -26)), 0.001, blast_s)
    heard: Signal = np.tanh(2.2 * crack + 1.5 * blast)
    return heard


def glass(generator: Generator, sample_count: int) -> Signal:
    """A pane breaks: the blow, a burst of shards, and tinkling as they fall."""
    blow = burst(generator, sample_count, ((500, -8), (3000, 0), (12000, -2), (16000, -8)), 0.0005, 0.1)
    break_up = generator.exponential(0.035, 45)
    fall = 0.2 + generator.exponential(0.25, 40)
    starts = np.concatenate([break_up, fall])
    shards = [_shard(generator) for _ in starts]
    levels = np.concatenate([generator.lognormal(-0.9, 0.5, 45), generator.lognormal(-1.7, 0.7, 40)])
    levels *= np.exp(-starts / 0.9)
    broken = scatter(
        sample_count,
        (starts * SAMPLE_RATE).astype(int),
        shards,
        levels,
        generator.uniform(-0.8, 0.8, len(starts)),
    )
    return reverberate(pan(blow, 0.0) + broken, generator, 0.5, 0.06)


def _shard(generator: Generator) -> Signal:
    hertz = np.exp(generator.uniform(np.log(2200), np.log(9500))) * np.array([1, 1.47, 2.09, 2.56])
    decays = generator.uniform(0.05, 0.28) * np.array([1, 0.8, 0.6, 0.5])
    return modes(seconds(0.35), hertz.tolist(), decays.tolist(), [1.0, 0.7, 0.5, 0.3])


_GLASS = ((1.0, 0.7, 1.0), (2.32, 0.5, 0.8), (4.25, 0.3, 0.5), (6.63, 0.18, 0.3), (9.38, 0.1, 0.2))
"""Modes of a wine glass (Fletcher and Rossing, chapter 21): ratio, decay in seconds, gain."""


def clink(generator: Generator, sample_count: int) -> Signal:
    """Two glasses touch: both ring, each at its own pitch, and touch again more softly."""
    scene = np.zeros(sample_count)
    low = generator.uniform(1250, 1500)
    pair = [
        modes(
            sample_count,
            [base * r for r, _, _ in _GLASS],
            [d for _, d, _ in _GLASS],
            [g for _, _, g in _GLASS],
        )
        for base in (low, low * generator.uniform(1.1, 1.25))
    ]
    tap = burst(generator, sample_count, ((3000, -8), (7000, 0), (15000, -8)), 0.0002, 0.008)
    for start_s, level in ((0.0, 1.0), (generator.uniform(0.05, 0.08), 0.35)):
        first = seconds(start_s)
        both = pair[0] + 0.8 * pair[1] + 0.5 * tap
        scene[first:] += level * both[: sample_count - first]
    return reverberate(scene, generator, 0.4, 0.05)


_BLADE = ((1.0, 0.9, 0.6), (2.756, 0.8, 1.0), (5.404, 0.6, 0.8), (8.933, 0.4, 0.5), (13.34, 0.25, 0.3))
"""A free bar (Fletcher and Rossing, chapter 2), long-ringing as steel is: ratio, decay in seconds, gain."""


def sword(generator: Generator, sample_count: int) -> Signal:
    """Two swords clash: a hard blow, both blades ringing out of tune, a scrape as they part."""
    struck = 1.2 * burst(
        generator, sample_count, ((800, -6), (3000, 0), (9000, -3), (16000, -12)), 0.0003, 0.05
    )
    for base in generator.uniform((880, 1080), (1020, 1300)):
        bent = base * generator.uniform(0.97, 1.03, len(_BLADE))
        hertz = [hz * ratio for hz, (ratio, _, _) in zip(bent, _BLADE, strict=True)]
        struck += modes(sample_count, hertz, [d for _, d, _ in _BLADE], [g for _, _, g in _BLADE])
    part = seconds(0.12)
    centre = glide(sample_count - part, ((0, 3200), (0.4, 6200), (1, 6500)))
    scrape = narrow_noise(generator, centre, 1500) * strike(sample_count - part, 0.05, 0.4)
    struck[part:] += 0.16 * scrape
    return reverberate(struck, generator, 0.7, 0.06)


def fireworks(generator: Generator, sample_count: int) -> Signal:
    """A rocket: it whistles up, bursts with a boom over the town, and its stars crackle as they fall."""
    fuse = seconds(FUSE_S)
    scene = np.zeros((sample_count, 2))
    climb = glide(fuse, ((0, 1300), (0.6, 2500), (1, 2900))) * (1 + 0.01 * sine(17.0, fuse))
    whistle = sine(climb, fuse) + 0.25 * sine(2 * climb, fuse) + 0.5 * narrow_noise(generator, climb, 500)
    scene[:fuse] = pan(0.06 * whistle * contour(fuse, ((0, 0), (0.25, 1), (0.85, 0.6), (1, 0))), -0.1)
    count = sample_count - fuse
    report = burst(generator, count, ((50, -2), (150, 0), (900, -8), (5000, -22), (12000, -34)), 0.001, 0.5)
    boom = sine(45 + 50 * np.exp(-times(count) / 0.08), count) * strike(count, 0.003, 0.9)
    scene[fuse:] += pan(np.tanh(1.4 * report + boom), 0.0)
    starts = fuse + seconds(0.25) + generator.gamma(2.5, seconds(0.3), 160).astype(int)
    sparks = [_spark(generator) for _ in range(24)]
    scene += scatter(
        sample_count,
        starts,
        [sparks[k] for k in generator.integers(0, len(sparks), len(starts))],
        generator.lognormal(-1.4, 0.4, len(starts)),
        generator.uniform(-0.9, 0.9, len(starts)),
    )
    return reverberate(scene, generator, 1.8, 0.15, bright_hz=3000)


def _spark(generator: Generator) -> Signal:
    low = generator.uniform(1200, 4000)
    return burst(generator, seconds(0.03), ((low, -6), (low * 2, 0), (15000, -6)), 0.0003, 0.02)


def gunfire(generator: Generator, sample_count: int) -> Signal:
    """A machine gun: eight shots at 600 to 700 a minute, and the landscape that answers."""
    apart = 60 / generator.uniform(600, 700)
    starts = apart * np.arange(8) + np.concatenate([[0], generator.uniform(-0.004, 0.004, 7)])
    shots = [_report(generator, seconds(0.3), 0.1) for _ in starts]
    volley = scatter(
        sample_count,
        (starts * SAMPLE_RATE).astype(int),
        shots,
        generator.uniform(0.85, 1.0, len(starts)),
        np.zeros(len(starts)),
    )
    echo = np.zeros((sample_count, 2))
    late = seconds(0.16)
    echo[late:] = 0.15 * band(volley, None, 1800)[:-late]
    return reverberate(volley + echo, generator, 1.4, 0.12, bright_hz=2500)


def drum(generator: Generator, sample_count: int) -> Signal:
    """A large drum, struck once: a skin whose pitch sinks as it slackens."""
    return reverberate(skin(generator, sample_count, generator.uniform(62, 74), 0.9), generator, 1.2, 0.12)


def skin(generator: Generator, sample_count: int, pitch_hz: float, decay_s: float) -> Signal:
    """Strike a drum skin: its modes at the ratios of an ideal membrane, starting sharp, and the stick.

    Source of the ratios: Fletcher and Rossing, chapter 3.
    """
    t = times(sample_count)
    sinking = 1 + 0.35 * np.exp(-t / 0.035)
    struck = np.zeros(sample_count)
    for ratio, gain, share in (
        (1.0, 1.0, 1.0),
        (1.594, 0.5, 0.6),
        (2.136, 0.3, 0.45),
        (2.296, 0.25, 0.4),
        (2.917, 0.15, 0.3),
    ):
        ring = np.exp(-6.908 * t / (decay_s * share))
        struck += gain * ring * np.sin(2 * np.pi * phase(pitch_hz * ratio * sinking, sample_count))
    stick = burst(generator, sample_count, ((200, -6), (700, 0), (3500, -8), (9000, -20)), 0.0008, 0.06)
    return struck + 0.5 * stick


def thud(generator: Generator, sample_count: int) -> Signal:
    """Something heavy lands: a dull blow with hardly a pitch."""
    size = generator.uniform(0.9, 1.1)
    body = modes(
        sample_count,
        [52 * size, 87 * size, 128 * size, 190 * size],
        [0.28, 0.22, 0.16, 0.1],
        [1, 0.8, 0.5, 0.3],
    )
    blow = burst(generator, sample_count, ((60, -4), (150, 0), (600, -10), (2500, -34)), 0.002, 0.16)
    return reverberate(body + 0.7 * blow, generator, 0.5, 0.06, bright_hz=1500)


def pop(generator: Generator, sample_count: int) -> Signal:
    """A cork: a hollow note that leaps up, and a puff."""
    t = times(sample_count)
    base = generator.uniform(380, 470)
    hollow = sine(base * (1 + 1.1 * np.minimum(t / 0.02, 1)), sample_count) * strike(
        sample_count, 0.0015, 0.13
    )
    puff = burst(generator, sample_count, ((600, -6), (1500, 0), (6000, -10)), 0.0008, 0.03)
    return reverberate(hollow + 0.35 * puff, generator, 0.3, 0.04)


def click(generator: Generator, sample_count: int) -> Signal:
    """A button: pressed, and let go a moment later."""
    scene = np.zeros(sample_count)
    base = generator.uniform(2300, 2900)
    for start_s, level, size in ((0.0, 1.0, 1.0), (0.085, 0.55, 1.18)):
        first, count = seconds(start_s), seconds(0.04)
        snap = burst(generator, count, ((1500, -6), (4000, 0), (12000, -4)), 0.0002, 0.008)
        ring = modes(count, [base * size, 1.62 * base * size, 620], [0.015, 0.01, 0.025], [0.6, 0.4, 0.3])
        scene[first : first + count] += level * (snap + ring)
    return reverberate(scene, generator, 0.15, 0.02)
