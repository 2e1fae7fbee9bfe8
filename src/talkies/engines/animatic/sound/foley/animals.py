"""Animals: birds and insects by sweeps and pulses, larger ones by a throat with formants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from talkies.engines.animatic.sound.foley.nature import surf
from talkies.engines.animatic.sound.foley.voices import Formant, glide, throat
from talkies.engines.animatic.sound.synthesis import (
    Generator,
    Signal,
    burst,
    contour,
    drift,
    modes,
    noise,
    pan,
    phase,
    reverberate,
    rounded,
    scatter,
    seconds,
    sine,
    times,
    wide_noise,
)
from talkies.plan import Gait
from talkies.spec import SAMPLE_RATE

_MEADOW = ((150, -10), (400, 0), (1500, -12), (6000, -24), (12000, -40))


def birds(generator: Generator, sample_count: int) -> Signal:
    """Songbirds: each sings its own motif again and again, some near, some far, in still air."""
    starts: list[int] = []
    notes: list[Signal] = []
    gains: list[float] = []
    places: list[float] = []
    for _ in range(4):
        motif = _motif(generator)
        gain, place = generator.uniform(0.15, 1.0) ** 1.5, generator.uniform(-0.9, 0.9)
        at = generator.uniform(-1.0, 1.5)
        while at < sample_count / SAMPLE_RATE:
            for offset_s, note in motif:
                starts.append(seconds(at + offset_s))
                notes.append(note)
                gains.append(gain * generator.uniform(0.8, 1.0))
                places.append(place)
            at += motif[-1][0] + generator.uniform(1.2, 3.2)
    song = scatter(sample_count, starts, notes, gains, places)
    air = wide_noise(generator, sample_count, _MEADOW)
    return reverberate(song, generator, 0.8, 0.05) + 0.012 * air


def _motif(generator: Generator) -> list[tuple[float, Signal]]:
    """Draw one bird's phrase: (seconds from its start, note) of three to nine sweeps or a trill."""
    base = generator.uniform(2300, 5200)
    kind = generator.integers(3)
    if kind == 0:  # a trill: one short note many times
        note = _sweep(generator, 0.05, base * 1.25, base * 0.85, 0.0)
        return [(0.085 * k, note) for k in range(generator.integers(6, 12))]
    at, motif = 0.0, []
    for _ in range(generator.integers(2, 5) if kind == 1 else generator.integers(4, 8)):
        length = generator.uniform(0.07, 0.22)
        low, high = base * generator.uniform(0.75, 1.4, 2)
        motif.append((at, _sweep(generator, length, low, high, generator.choice([0.0, 0.04]))))
        at += length + generator.uniform(0.02, 0.12)
    return motif


def _sweep(generator: Generator, length_s: float, first_hz: float, last_hz: float, vibrato: float) -> Signal:
    count = seconds(length_s)
    bend = generator.uniform(0.85, 1.2) * np.sqrt(first_hz * last_hz)
    pitch = glide(count, ((0, first_hz), (0.5, bend), (1, last_hz)))
    pitch = pitch * (1 + vibrato * sine(38.0, count))
    swell = np.sin(np.linspace(0, np.pi, count)) ** 0.8
    return swell * (sine(pitch, count) + 0.08 * sine(2 * pitch, count))


def crickets(generator: Generator, sample_count: int) -> Signal:
    """Crickets: chirps of three or four pulses at 4 to 5 kHz, two or three a second, from several insects."""
    scene = np.zeros((sample_count, 2))
    t = times(sample_count)
    for _ in range(6):
        chirp_hz, pulse_hz = generator.uniform(2.1, 3.0), generator.uniform(28, 36)
        carrier = sine(
            generator.uniform(4100, 4900) * (1 + 0.002 * drift(generator, sample_count, 2)), sample_count
        )
        into_chirp = ((t * chirp_hz + generator.random()) % 1) / chirp_hz
        pulses = np.sin(np.pi * ((into_chirp * pulse_hz) % 1)) ** 2
        singing = (into_chirp * pulse_hz < generator.integers(3, 5)) * pulses
        place = pan(carrier * singing, generator.uniform(-0.9, 0.9))
        scene += generator.uniform(0.2, 1.0) * place
    return scene + 0.02 * wide_noise(generator, sample_count, _MEADOW)


def seagulls(generator: Generator, sample_count: int) -> Signal:
    """Gulls that cry in series above a soft sea."""
    starts: list[int] = []
    cries: list[Signal] = []
    gains: list[float] = []
    places: list[float] = []
    for _ in range(3):
        gain, place = generator.uniform(0.3, 1.0), generator.uniform(-0.8, 0.8)
        high = generator.uniform(1150, 1450)
        at = generator.uniform(0.1, 1.5)
        while at < sample_count / SAMPLE_RATE:
            for _ in range(generator.integers(2, 6)):
                length = generator.uniform(0.22, 0.42)
                starts.append(seconds(at))
                cries.append(_cry(generator, length, high * generator.uniform(0.95, 1.05)))
                gains.append(gain)
                places.append(place)
                at += length + generator.uniform(0.06, 0.16)
            at += generator.uniform(1.2, 3.5)
    sky = scatter(sample_count, starts, cries, gains, places)
    return reverberate(sky, generator, 0.9, 0.1) + 0.16 * surf(generator, sample_count)


def _cry(generator: Generator, length_s: float, high_hz: float) -> Signal:
    count = seconds(length_s)
    pitch = glide(count, ((0, high_hz * 0.6), (0.25, high_hz), (0.6, high_hz * 0.9), (1, high_hz * 0.55)))
    beak = (Formant(1700, 900, 1.0), Formant(3300, 900, 0.7), Formant(5200, 1200, 0.3))
    return throat(generator, pitch, beak, tilt_db=5, breath=0.04, rough=0.02) * _swell(count, 0.15, 0.4)


def _swell(count: int, rise: float, fall: float) -> Signal:
    """Rise over a share of the sound and fall over another."""
    return contour(count, ((0, 0), (rise, 1), (1 - fall, 0.85), (1, 0)))


def dog(generator: Generator, sample_count: int) -> Signal:
    """A dog barks once: a hoarse burst that jumps up and falls, "wuff"."""
    pitch_hz = generator.uniform(360, 470)
    size = pitch_hz / 400
    count = seconds(0.19)
    pitch = glide(
        count, ((0, 0.7 * pitch_hz), (0.25, 1.45 * pitch_hz), (0.5, 1.3 * pitch_hz), (1, 0.55 * pitch_hz))
    )
    opening = contour(count, ((0, 480), (0.35, 1050), (1, 520)))
    throat_ = (
        Formant(opening * size, 260, 1.0),
        Formant(1750 * size, 380, 0.7),
        Formant(2900 * size, 600, 0.35),
    )
    bark = throat(generator, pitch, throat_, tilt_db=4, breath=0.1, rough=0.05)
    bark *= contour(count, ((0, 0), (0.08, 1), (0.45, 0.8), (1, 0)))
    scene = np.zeros(sample_count)
    scene[:count] = bark
    return reverberate(scene, generator, 0.5, 0.05)


def cat(generator: Generator, sample_count: int) -> Signal:
    """A cat says "miaow": the mouth opens from i to a and closes to u while the pitch arches."""
    count = seconds(0.85)
    top = generator.uniform(680, 800)
    pitch = glide(count, ((0, 0.72 * top), (0.3, top), (0.6, 0.92 * top), (1, 0.6 * top)))
    pitch = pitch * (1 + 0.008 * sine(7.0, count))
    mouth = (
        Formant(contour(count, ((0, 650), (0.4, 1250), (0.7, 1150), (1, 600))), 260, 1.0),
        Formant(contour(count, ((0, 3300), (0.35, 2500), (0.7, 1900), (1, 1300))), 420, 0.7),
        Formant(4600, 800, 0.3),
    )
    scene = np.zeros(sample_count)
    scene[:count] = throat(generator, pitch, mouth, tilt_db=5, breath=0.03) * _swell(count, 0.18, 0.45)
    return reverberate(scene, generator, 0.4, 0.05)


def purr(generator: Generator, sample_count: int) -> Signal:
    """A cat purrs: a rattle of 26 pulses a second, out and, a little softer and hoarser, in, without a pause.

    Source of the rate: D. E. Frazer Sissom, D. A. Rice, G. Peters, "How cats purr", Journal of Zoology
    223(1), 1991: 26.3 Hz.
    """
    breath = phase(generator.uniform(0.42, 0.5), sample_count)
    out = 0.5 + 0.5 * np.tanh(6 * np.sin(2 * np.pi * breath))
    rate = (24.5 + 2.5 * out) * (1 + 0.03 * drift(generator, sample_count, 3.0))
    cycles = phase(rate, sample_count) % 1
    pulses = np.exp(-6.0 * cycles) * np.minimum(1, cycles / 0.05)
    chest = noise(generator, sample_count, ((50, -8), (120, 0), (350, -4), (1000, -16), (4000, -34)))
    air = noise(generator, sample_count, ((600, -6), (1500, 0), (5000, -14)))
    turn = 0.35 + 0.65 * np.abs(np.sin(2 * np.pi * breath)) ** 0.5
    scene = turn * (chest * pulses * (0.65 + 0.35 * out) + 0.03 * air * pulses * (1.6 - out))
    return reverberate(scene, generator, 0.2, 0.03)


_GAITS: dict[Gait, tuple[float, tuple[float, ...], tuple[float, ...]]] = {
    "walk": (1.1, (0.0, 0.25, 0.5, 0.75), (0.9, 0.75, 0.95, 0.8)),
    "trot": (0.7, (0.0, 0.02, 0.5, 0.52), (0.9, 0.6, 0.95, 0.6)),
    "gallop": (0.54, (0.0, 0.24, 0.5), (0.75, 0.85, 1.0)),
}
"""Seconds of a stride, when in it hooves strike as shares of it, and how hard.

Source of the strides: E. Barrey, "Methods, applications and limitations of gait analysis in horses", The
Veterinary Journal 157(1), 1999; of the order: M. Hildebrand, "Symmetrical gaits of horses", Science 150,
1965.
"""


def hooves(generator: Generator, sample_count: int, gait: Gait = "trot") -> Signal:
    """A horse on firm ground: walking, four even beats; trotting, two by two; galloping, three and a rest."""
    usual_s, shares, weights = _GAITS[gait]
    stride = usual_s * generator.uniform(0.96, 1.04)
    strides = np.arange(generator.uniform(-0.3, 0.1), sample_count / SAMPLE_RATE, stride)
    starts = (strides[:, None] + stride * np.array(shares)).reshape(-1)
    starts = starts + generator.uniform(-0.008, 0.008, len(starts))
    feet = [_hoof(generator, size) for size in (0.92, 1.0, 1.1, 0.97)]
    beats = len(shares)
    beaten = scatter(
        sample_count,
        (starts * SAMPLE_RATE).astype(int),
        [feet[k % beats] for k in range(len(starts))],
        np.tile(weights, len(strides)) * generator.uniform(0.85, 1.0, len(starts)),
        np.tile([0.15, -0.1, 0.05, -0.15][:beats], len(strides)),
    )
    return reverberate(rounded(beaten, 2.5), generator, 0.5, 0.08, bright_hz=3000)


def _hoof(generator: Generator, size: float) -> Signal:
    """A hoof that strikes: the ground's thump, the hollow clop of the horn, grit."""
    count = seconds(0.22)
    clop = modes(
        count, [72 * size, 130 * size, 620 * size, 1050 * size], [0.14, 0.1, 0.05, 0.035], [1, 0.7, 0.75, 0.4]
    )
    blow = burst(generator, count, ((80, -4), (250, 0), (900, -6), (4000, -22)), 0.001, 0.07)
    grit = burst(generator, count, ((1200, -6), (3000, 0), (9000, -10)), 0.004, 0.08)
    return clop + 0.6 * blow + 0.12 * grit


def cow(generator: Generator, sample_count: int) -> Signal:
    """A cow lows: a deep, rich tone that starts through the nose and opens."""
    count = seconds(1.7)
    base = generator.uniform(115, 140)
    pitch = glide(count, ((0, 0.85 * base), (0.35, 1.15 * base), (0.7, 1.1 * base), (1, 0.75 * base)))
    mouth = (
        Formant(contour(count, ((0, 240), (0.3, 430), (0.75, 520), (1, 300))), 110, 1.0),
        Formant(contour(count, ((0, 700), (0.35, 1000), (0.8, 950), (1, 700))), 180, 0.5),
        Formant(2200, 500, 0.18),
    )
    scene = np.zeros(sample_count)
    moo = throat(generator, pitch, mouth, tilt_db=5, breath=0.03, rough=0.015)
    scene[:count] = moo * _swell(count, 0.18, 0.3)
    return reverberate(scene, generator, 0.8, 0.08)


def wolf(generator: Generator, sample_count: int) -> Signal:
    """A wolf howls: up in a slur, long on the height, slowly down, in a wide valley."""
    count = seconds(3.0)
    top = generator.uniform(560, 660)
    pitch = glide(count, ((0, 0.5 * top), (0.16, 0.95 * top), (0.3, top), (0.7, 0.93 * top), (1, 0.6 * top)))
    pitch = pitch * (1 + 0.006 * sine(5.2, count))
    mouth = (Formant(620, 260, 1.0), Formant(1250, 350, 0.25), Formant(2600, 500, 0.06))
    scene = np.zeros(sample_count)
    howl = throat(generator, pitch, mouth, tilt_db=10, breath=0.015, rough=0.006)
    scene[:count] = howl * _swell(count, 0.2, 0.45)
    return reverberate(scene, generator, 2.2, 0.35, bright_hz=2500)


def rooster(generator: Generator, sample_count: int) -> Signal:
    """A cock crows: two short calls, a rising one, and a long one that breaks downwards."""
    top = generator.uniform(760, 880)
    calls = (
        (0.0, 0.17, ((0, 0.55), (0.5, 0.75), (1, 0.65))),
        (0.24, 0.2, ((0, 0.7), (0.5, 0.9), (1, 0.75))),
        (0.5, 0.3, ((0, 0.75), (0.6, 1.05), (1, 0.95))),
        (0.84, 0.95, ((0, 0.85), (0.15, 1.1), (0.55, 0.95), (1, 0.5))),
    )
    scene = np.zeros(sample_count)
    beak = (Formant(1250, 500, 0.9), Formant(2500, 650, 1.0), Formant(4200, 900, 0.4))
    for start_s, length_s, path in calls:
        count, first = seconds(length_s), seconds(start_s)
        pitch = glide(count, [(share, top * ratio) for share, ratio in path])
        sung = throat(generator, pitch, beak, tilt_db=2, breath=0.04, rough=0.025)
        scene[first : first + count] += sung * _swell(count, 0.12, 0.25)
    return reverberate(scene, generator, 0.7, 0.04)


def horse(generator: Generator, sample_count: int) -> Signal:
    """A horse neighs: a high squeal that sinks and trembles, and a snort through the lips."""
    count = seconds(1.5)
    top = generator.uniform(1150, 1400)
    pitch = glide(count, ((0, 0.6 * top), (0.12, top), (0.4, 0.85 * top), (0.8, 0.5 * top), (1, 0.32 * top)))
    tremble = contour(count, ((0, 0.0), (0.2, 0.3), (0.5, 1.0), (1, 1.0))) * sine(11.5, count)
    head = (Formant(1100, 500, 1.0), Formant(2200, 600, 0.7), Formant(3600, 900, 0.4))
    neigh = throat(generator, pitch * (1 + 0.06 * tremble), head, tilt_db=4, breath=0.06, rough=0.03)
    scene = np.zeros(sample_count)
    scene[:count] = neigh * (0.7 + 0.3 * tremble) * _swell(count, 0.08, 0.35)
    snort_count, first = seconds(0.4), seconds(1.62)
    lips = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * phase(24.0, snort_count)))
    snort = noise(generator, snort_count, ((150, -4), (500, 0), (2500, -10), (9000, -26)))
    scene[first : first + snort_count] += 0.12 * snort * (0.4 + 0.6 * lips) * _swell(snort_count, 0.1, 0.6)
    return reverberate(scene, generator, 0.7, 0.06)


def owl(generator: Generator, sample_count: int) -> Signal:
    """An owl hoots "hoo, hoo-hoo, hooo": soft, nearly pure tones in a wood at night."""
    pitch_hz = generator.uniform(330, 400)
    scene = np.zeros(sample_count)
    calls: Sequence[tuple[float, float, float]] = (
        (0.0, 0.36, 0.8),
        (0.72, 0.2, 0.6),
        (1.04, 0.3, 0.9),
        (1.58, 0.62, 1.0),
    )
    for start_s, length_s, level in calls:
        count, first = seconds(length_s), seconds(start_s)
        pitch = glide(count, ((0, 0.93 * pitch_hz), (0.3, pitch_hz), (1, 0.92 * pitch_hz)))
        tone = sine(pitch, count) + 0.12 * sine(2 * pitch, count) + 0.04 * sine(3 * pitch, count)
        breath = 0.02 * noise(generator, count, ((300, -6), (700, 0), (2500, -20)))
        scene[first : first + count] += level * (tone + breath) * np.sin(np.linspace(0, np.pi, count)) ** 1.2
    return reverberate(scene, generator, 1.2, 0.025, bright_hz=2000)
