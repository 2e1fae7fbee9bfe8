"""People: their voices together, their hands, feet and hearts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from talkies.engines.animatic.sound.foley.voices import babble, glide, laugh, shout
from talkies.engines.animatic.sound.synthesis import (
    Generator,
    Signal,
    band,
    burst,
    contour,
    drift,
    modes,
    moments,
    pan,
    reverberate,
    rounded,
    scatter,
    seconds,
    wide_noise,
)
from talkies.plan import Voice
from talkies.spec import SAMPLE_RATE

_KNOCK = 0.42  # of a heart valve's knock against its thump: 13 LU are lost below 350 Hz
_KNOCK_DECAY_S = 0.08

_ROOM = ((60, -4), (150, 0), (800, -12), (5000, -30), (12000, -50))
_RAISED_HZ = 1000.0  # a raised voice is stronger above this, a low one weaker


def crowd(generator: Generator, sample_count: int, strength: float = 0.0) -> Signal:
    """A crowd: twenty people who talk at once in a large space; a loud one has more, with raised voices."""
    voices = babble(generator, sample_count, round(20 * 2.0**strength), recordings=5)
    voices += (2.5**strength - 1) * band(voices, _RAISED_HZ, None)
    space = wide_noise(generator, sample_count, _ROOM)
    return reverberate(voices, generator, 1.3, 0.6, bright_hz=3500) + 0.35 * space


def cafe(generator: Generator, sample_count: int) -> Signal:
    """A cafe: a few tables that talk, cups and spoons, a low hum."""
    voices = babble(generator, sample_count, 9, recordings=6)
    starts = moments(generator, sample_count, 1.1)
    clinks = [_clink(generator) for _ in starts]
    table = scatter(
        sample_count,
        starts,
        clinks,
        generator.uniform(0.4, 1.8, len(starts)),
        generator.uniform(-0.8, 0.8, len(starts)),
    )
    return reverberate(voices + table, generator, 0.6, 0.25, bright_hz=5000) + 0.1 * wide_noise(
        generator, sample_count, _ROOM
    )


def _clink(generator: Generator) -> Signal:
    """A spoon on a cup or a cup on its saucer: high modes that ring briefly, once or twice."""
    base = generator.uniform(2100, 3800)
    ring = modes(
        seconds(0.3),
        [base, 1.83 * base, 2.74 * base, 3.6 * base],
        [0.22, 0.15, 0.09, 0.05],
        [1.0, 0.7, 0.5, 0.3],
    )
    if generator.random() < 0.4:
        late = seconds(generator.uniform(0.06, 0.14))
        ring[late:] += 0.6 * ring[:-late]
    return ring


def applause(generator: Generator, sample_count: int, strength: float = 0.0) -> Signal:
    """Applause: forty pairs of hands, each with its own pitch and its own nearly steady pace.

    The fewer they are, the slower they clap.
    """
    starts: list[int] = []
    claps: list[Signal] = []
    gains: list[float] = []
    places: list[float] = []
    for _ in range(round(40 * 2.5**strength)):
        kinds = [_clap(generator, generator.uniform(700, 1900)) for _ in range(3)]
        period, gain, place = (
            1 / (1.2**strength * generator.uniform(3.2, 5.2)),
            generator.uniform(0.15, 1) ** 1.5,
            generator.uniform(-1, 1),
        )
        at = generator.uniform(-period, period)
        while at < sample_count / SAMPLE_RATE:
            starts.append(seconds(at))
            claps.append(kinds[generator.integers(3)])
            gains.append(gain * generator.uniform(0.7, 1.0))
            places.append(place)
            at += period * generator.uniform(0.9, 1.1)
    return reverberate(scatter(sample_count, starts, claps, gains, places), generator, 0.9, 0.25)


def _clap(generator: Generator, hollow_hz: float) -> Signal:
    """One clap: a click and the short resonance of the air between the palms."""
    count = seconds(0.05)
    palms = ((hollow_hz * 0.6, -12), (hollow_hz, 0), (hollow_hz * 2.2, -4), (14000, -16))
    return burst(generator, count, palms, 0.0006, generator.uniform(0.025, 0.045))


def step_times(generator: Generator, sample_count: int, pace: float = 1.0) -> Signal:
    """Choose when feet meet the floor, about `pace` times 108 times a minute: `(steps,)` seconds."""
    period = generator.uniform(0.53, 0.58) / pace
    starts = np.arange(generator.uniform(0.05, 0.3), sample_count / SAMPLE_RATE, period)
    return starts + generator.uniform(-0.012, 0.012, len(starts))


def footsteps(generator: Generator, sample_count: int, pace: float = 1.0) -> Signal:
    """Footsteps on a hard floor: each a heel and, a moment later, a softer toe."""
    starts = step_times(generator, sample_count, pace)
    feet = [_step(generator, 0.96), _step(generator, 1.05), _step(generator, 0.98), _step(generator, 1.07)]
    order = [feet[2 * generator.integers(2) + side % 2] for side in range(len(starts))]
    places = np.where(np.arange(len(starts)) % 2 == 0, -0.12, 0.12)
    walk = scatter(
        sample_count,
        (starts * SAMPLE_RATE).astype(int),
        order,
        generator.uniform(0.8, 1.0, len(starts)),
        places,
    )
    return reverberate(rounded(walk, 3.0), generator, 0.5, 0.12)


def _step(generator: Generator, size: float) -> Signal:
    count = seconds(0.28)
    heel = modes(
        count,
        [95 * size, 210 * size, 640 * size, 1350 * size],
        [0.12, 0.08, 0.04, 0.025],
        [1, 0.6, 0.4, 0.25],
    )
    knock = burst(generator, count, ((700, -8), (1800, 0), (6000, -8), (12000, -24)), 0.001, 0.03)
    step = heel + 0.5 * knock
    late = seconds(generator.uniform(0.075, 0.1))
    scuff = burst(generator, count, ((400, -8), (1500, 0), (5000, -10), (12000, -30)), 0.012, 0.1)
    step[late:] += 0.22 * scuff[:-late] + 0.25 * heel[:-late]
    return step


def typing(generator: Generator, sample_count: int) -> Signal:
    """Typing: seven keys a second, each with a press and a lighter release, and pauses between words."""
    starts: list[float] = []
    heavy: list[bool] = []
    at = generator.uniform(0.02, 0.2)
    while at < sample_count / SAMPLE_RATE:
        for _ in range(generator.integers(3, 9)):
            starts.append(at)
            heavy.append(False)
            at += generator.uniform(0.085, 0.19)
        starts.append(at)
        heavy.append(True)
        at += generator.uniform(0.14, 0.45)
    keys = [_key(generator, generator.uniform(1500, 2600), 1.0) for _ in range(14)]
    bar = _key(generator, 780, 1.5)
    struck = [bar if is_heavy else keys[generator.integers(14)] for is_heavy in heavy]
    gains, places = generator.uniform(0.6, 1.0, len(starts)), generator.uniform(-0.35, 0.35, len(starts))
    desk = scatter(sample_count, (np.array(starts) * SAMPLE_RATE).astype(int), struck, gains, places)
    return reverberate(rounded(desk, 5.0), generator, 0.3, 0.12)


def _key(generator: Generator, body_hz: float, weight: float) -> Signal:
    count = seconds(0.13)
    plastic = ((1200, -8), (3000, 0), (9000, -4), (15000, -20))
    press = 0.8 * burst(generator, count, plastic, 0.0005, 0.014)
    press += weight * modes(count, [body_hz, body_hz * 1.7, 310], [0.03, 0.02, 0.05], [0.5, 0.3, 0.55])
    late = seconds(generator.uniform(0.055, 0.075))
    press[late:] += 0.35 * burst(generator, count - late, plastic, 0.0005, 0.01)
    return press


def heartbeat(generator: Generator, sample_count: int) -> Signal:
    """A heart at about 70 beats a minute: "lub", a third of a second later the shorter, higher "dub"."""
    period = 60 / generator.uniform(66, 76)
    starts = np.arange(generator.uniform(0.05, 0.25), sample_count / SAMPLE_RATE, period)
    starts += 0.012 * drift(generator, len(starts) * SAMPLE_RATE, 0.8)[::SAMPLE_RATE][: len(starts)]
    lub, dub = _valve(46, 0.17), _valve(62, 0.12)
    both = np.concatenate([starts, starts + 0.31])
    grains = [lub] * len(starts) + [dub] * len(starts)
    gains = np.concatenate(
        [generator.uniform(0.92, 1, len(starts)), generator.uniform(0.6, 0.68, len(starts))]
    )
    chest = scatter(sample_count, (both * SAMPLE_RATE).astype(int), grains, gains, np.zeros(len(both)))
    flow = wide_noise(generator, sample_count, ((25, -8), (60, 0), (140, -18), (400, -50)), 0.3)
    return chest + 0.004 * flow


def _valve(pitch_hz: float, decay_s: float) -> Signal:
    """A heart valve that shuts: a dull thump, and a soft knock that small loudspeakers can play."""
    count = seconds(0.3)
    thump = modes(
        count,
        [pitch_hz, 1.9 * pitch_hz, 3.1 * pitch_hz, 4.7 * pitch_hz],
        [1.6 * decay_s, decay_s, 0.8 * decay_s, 0.5 * decay_s],
        [1.0, 0.7, 0.45, 0.2],
    )
    partials_hz = [9.2 * pitch_hz, 11.9 * pitch_hz, 14.3 * pitch_hz]  # 420 to 890 Hz
    knock = modes(count, partials_hz, [_KNOCK_DECAY_S] * len(partials_hz), [1.0, 0.6, 0.3])
    return (thump + _KNOCK * knock) * contour(count, ((0, 0), (0.06, 1), (1, 1)))


def cheer(generator: Generator, sample_count: int) -> Signal:
    """A crowd cheers: many voices that leap up to a long "ay", with claps and a whistle."""
    count = sample_count - seconds(0.5)
    scene = np.zeros((sample_count, 2))
    swell = contour(count, ((0, 0), (0.1, 1), (0.55, 0.85), (1, 0)))
    for _ in range(14):
        first = seconds(generator.uniform(0, 0.3))
        length = count - first
        high = generator.uniform(230, 460)
        pitch = glide(length, ((0, 0.65 * high), (0.15, high), (0.6, 0.97 * high), (1, 0.7 * high)))
        voice = shout(generator, pitch, ("a", "e")[generator.integers(2)], generator.uniform(1.0, 1.25))
        scene[first:count] += pan(voice * swell[:length], generator.uniform(-0.8, 0.8)) * generator.uniform(
            0.3, 1
        )
    scene[:count] += 1.2 * applause(generator, count) * (swell**0.5)[:, None]
    return reverberate(scene, generator, 1.2, 0.3, bright_hz=4000)


_SOME: tuple[Voice, ...] = ("woman", "man", "woman", "man", "girl")
_LAUGHS: dict[Voice, tuple[float, float, float]] = {
    # lowest and highest pitch in Hz, and how much shorter a throat is than a man's
    "man": (165, 195, 1.0),
    "narrator": (165, 195, 1.0),
    "old_man": (145, 170, 0.98),
    "woman": (290, 340, 1.16),
    "old_woman": (245, 285, 1.13),
    "boy": (370, 420, 1.27),
    "girl": (400, 460, 1.32),
}


def laughter(generator: Generator, sample_count: int, voices: Sequence[Voice] = ()) -> Signal:
    """People laugh: the first, then the others, who join in; a woman, a man and more where none is named."""
    laughs: list[Signal] = []
    starts: list[int] = []
    for voice in voices or _SOME:
        low, high, stretch = _LAUGHS[voice]
        bursts = int(generator.integers(4, 6) if laughs else generator.integers(6, 8))
        laughs.append(laugh(generator, generator.uniform(low, high), bursts, stretch))
        starts.append(seconds(generator.uniform(0.2, 0.55)) if starts else 0)
    gains = [1.0, *[0.6] * (len(laughs) - 1)]
    places = np.linspace(-0.35, 0.35, len(laughs)) if len(laughs) > 1 else np.zeros(1)
    return reverberate(scatter(sample_count, starts, laughs, gains, places), generator, 0.4, 0.04)
