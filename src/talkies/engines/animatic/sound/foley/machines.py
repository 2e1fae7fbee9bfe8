"""Machines: motors by the orders of their revolutions, mechanisms by clicks, horns by their reeds."""

from __future__ import annotations

import numpy as np

from talkies.engines.animatic.sound.foley.voices import babble, glide
from talkies.engines.animatic.sound.synthesis import (
    Generator,
    Signal,
    band,
    burst,
    contour,
    drift,
    envelope,
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
from talkies.spec import SAMPLE_RATE

_STREET = ((30, -8), (70, 0), (250, -6), (1000, -16), (4000, -30), (12000, -50))


def traffic(generator: Generator, sample_count: int, strength: float = 0.0) -> Signal:
    """A street: over a far rumble cars pass from side to side every two seconds, oftener on a busy one."""
    scene = 0.5 * wide_noise(generator, sample_count, _STREET)
    closest = generator.uniform(0.4, 1.6)
    while closest < sample_count / SAMPLE_RATE + 1.5:
        scene += generator.uniform(0.6, 1.2) * _passing_car(generator, sample_count, closest)
        closest += 0.5**strength * generator.uniform(1.6, 3.0)
    return scene


def _passing_car(generator: Generator, sample_count: int, closest_s: float) -> Signal:
    """A car that passes: tyres hiss louder and brighter as it nears, the motor's pitch falls as it leaves."""
    since = times(sample_count) - closest_s
    nearness = 1 / (1 + (since / generator.uniform(0.35, 0.6)) ** 2)
    side = generator.choice([-1.0, 1.0])
    tyres = noise(generator, sample_count, ((250, -16), (700, 0), (1600, -3), (5000, -20), (12000, -44)))
    road = noise(generator, sample_count, ((50, -8), (110, 0), (350, -10), (800, -30)))
    doppler = 1 - 0.045 * np.tanh(since / 0.4)
    motor = sum(sine(generator.uniform(38, 50) * k * doppler, sample_count) / k for k in (1, 2, 3, 4, 6))
    car = tyres * nearness**1.5 + 0.9 * road * nearness + 0.35 * motor * nearness
    return pan(car, side * 0.9 * np.tanh(since / 0.8))


def city(generator: Generator, sample_count: int) -> Signal:
    """A city from a window: the far roar of streets, murmuring voices, now and then a distant horn."""
    roar = wide_noise(generator, sample_count, _STREET)
    roar *= (1 + 0.25 * drift(generator, sample_count, 0.5))[:, None]
    people = babble(generator, sample_count, 8, recordings=3)
    far = 0.35 * _passing_car(generator, sample_count, generator.uniform(1, 3))
    at = generator.uniform(0.6, 2.0)
    while at < sample_count / SAMPLE_RATE:
        blast = _reeds(generator, seconds(generator.uniform(0.18, 0.5)), generator.uniform(330, 480))
        far += 0.5 * scatter(sample_count, [seconds(at)], [blast], [1.0], [generator.uniform(-0.8, 0.8)])
        at += generator.uniform(2.5, 5.0)
    return roar + 0.06 * people + reverberate(far, generator, 1.8, 0.8, bright_hz=2000)


def train(generator: Generator, sample_count: int) -> Signal:
    """A train: four wheels over each rail joint, "ta-tam ta-tam", above the rolling of the carriage."""
    pace = generator.uniform(0.9, 1.05)
    roll = wide_noise(generator, sample_count, ((30, -10), (70, 0), (300, -4), (900, -16), (4000, -34)))
    hiss = wide_noise(generator, sample_count, ((800, -10), (2000, 0), (6000, -14), (12000, -30)))
    scene = 0.32 * roll * (1 + 0.2 * drift(generator, sample_count, 1.0))[:, None] + 0.035 * hiss
    joints = np.arange(generator.uniform(-0.5, 0.3), sample_count / SAMPLE_RATE, 1.05 * pace)
    wheels = np.concatenate([joints + offset * pace for offset in (0.0, 0.13, 0.42, 0.55)])
    levels = np.repeat([0.75, 1.0, 0.7, 0.95], len(joints)) * generator.uniform(0.85, 1.0, len(wheels))
    clacks = [_clack(generator) for _ in range(6)]
    struck = [clacks[k] for k in generator.integers(0, 6, len(wheels))]
    scene += 4.5 * scatter(
        sample_count, (wheels * SAMPLE_RATE).astype(int), struck, levels, np.zeros(len(wheels))
    )
    return scene


def _clack(generator: Generator) -> Signal:
    count = seconds(0.2)
    steel = modes(count, [82, 165, 420, 910, 1730], [0.16, 0.12, 0.07, 0.05, 0.03], [1, 0.8, 0.5, 0.35, 0.2])
    knock = burst(generator, count, ((200, -4), (700, 0), (3500, -12), (9000, -30)), 0.002, 0.07)
    return steel + 0.5 * knock


def engine(generator: Generator, sample_count: int) -> Signal:
    """A four-cylinder motor: half-orders of its revolutions, strongest where it fires, uneven and rough."""
    turns_hz = 27 * (
        1 + 0.02 * drift(generator, sample_count, 0.6) + 0.006 * drift(generator, sample_count, 12)
    )
    cycles = phase(turns_hz, sample_count)
    motor = np.zeros(sample_count)
    for half_order in range(1, 33):
        order = half_order / 2
        firing = 1.0 if half_order % 4 == 0 else 0.25 if half_order % 2 == 0 else 0.1
        gain = firing * order**-0.75 * generator.uniform(0.7, 1.2)
        motor += gain * np.sin(2 * np.pi * (order * cycles + generator.random()))
    puff = noise(generator, sample_count, ((120, -4), (400, 0), (2000, -12), (8000, -34)))
    puff *= 0.35 * (0.5 + 0.5 * np.cos(2 * np.pi * 2 * cycles)) ** 3
    return pan(motor + puff, 0.0) + 0.1 * wide_noise(generator, sample_count, _STREET)


def airplane(generator: Generator, sample_count: int) -> Signal:
    """The cabin of an airliner: a broad low roar with two whining turbines that beat."""
    roar = wide_noise(
        generator, sample_count, ((30, -8), (80, 0), (350, -5), (1500, -18), (6000, -32), (14000, -50))
    )
    whine = np.zeros((sample_count, 2))
    for side in (-0.6, 0.6):
        turns = 96 * (1 + 0.004 * side + 0.0015 * drift(generator, sample_count, 0.4))
        tone = sine(turns, sample_count) + 0.3 * sine(2 * turns, sample_count)
        tone += 0.12 * sine(11 * turns, sample_count) + 0.06 * sine(22.3 * turns, sample_count)
        whine += pan(tone, side)
    return roar + 0.3 * whine


def machine_hum(generator: Generator, sample_count: int) -> Signal:
    """An electrical hum at 50 Hz and its multiples, with a fan whose blades beat the air."""
    hum = np.zeros(sample_count)
    for harmonic, gain in ((1, 0.5), (2, 1.0), (3, 0.25), (4, 0.5), (6, 0.3), (8, 0.16), (12, 0.08)):
        hum += gain * sine(50 * harmonic * (1 + 0.0004 * drift(generator, sample_count, 0.5)), sample_count)
    fan = wide_noise(generator, sample_count, ((80, -10), (300, 0), (1200, -8), (5000, -24), (12000, -44)))
    blades = 1 + 0.25 * sine(generator.uniform(21, 26), sample_count)
    return pan(hum, 0.0) + 0.45 * fan * blades[:, None]


def clock(generator: Generator, sample_count: int) -> Signal:
    """A pendulum clock: tick and a deeper tock, two a second, in a wooden case."""
    starts = np.arange(generator.uniform(0.03, 0.4), sample_count / SAMPLE_RATE, 0.5)
    tick, tock = _escapement(generator, 1.0), _escapement(generator, 0.7)
    beats = [(tick, tock)[k % 2] for k in range(len(starts))]
    gains = generator.uniform(0.93, 1.0, len(starts)) * np.where(np.arange(len(starts)) % 2 == 0, 1.0, 0.85)
    works = scatter(sample_count, (starts * SAMPLE_RATE).astype(int), beats, gains, np.zeros(len(starts)))
    return reverberate(rounded(works, 5.0), generator, 0.4, 0.2)


def _escapement(generator: Generator, size: float) -> Signal:
    count = seconds(0.16)
    hertz = [2350 * size, 3900 * size, 5600 * size, 7400 * size, 640 * size, 1180 * size]
    ring = modes(count, hertz, [0.03, 0.025, 0.018, 0.012, 0.06, 0.045], [1.0, 0.8, 0.5, 0.3, 0.5, 0.4])
    snap = burst(generator, count, ((2000 * size, -6), (5000 * size, 0), (14000 * size, -10)), 0.0003, 0.008)
    beat = ring + 0.8 * snap
    late = seconds(0.022)  # the pallet drops just after the tooth lets go
    beat[late:] += 0.4 * beat[:-late]
    return beat


def horn(generator: Generator, sample_count: int) -> Signal:
    """A car's two-note horn: a short and a long blast."""
    blast = np.zeros(sample_count)
    tone = _reeds(generator, seconds(0.62), 415)
    for start_s, length_s in ((0.0, 0.16), (0.26, 0.6)):
        first, count = seconds(start_s), seconds(length_s)
        blast[first : first + count] += tone[:count] * envelope(
            count, ((0, 0), (0.015, 1), (length_s - 0.03, 1), (length_s, 0))
        )
    return reverberate(blast, generator, 0.9, 0.08)


def _reeds(generator: Generator, count: int, low_hz: float) -> Signal:
    """Two buzzing diaphragms a major third apart."""
    tone = np.zeros(count)
    for base in (low_hz, low_hz * generator.uniform(1.24, 1.27)):
        cycles = phase(base, count)
        for harmonic in range(1, 15):
            tone += harmonic**-0.7 * (1.4 if harmonic % 2 else 0.8) * np.sin(2 * np.pi * harmonic * cycles)
    honk: Signal = band(tone, 350, 3800) * envelope(
        count, ((0, 0), (0.02, 1), (count / SAMPLE_RATE - 0.03, 1), (count / SAMPLE_RATE, 0))
    )
    return honk


def siren(generator: Generator, sample_count: int) -> Signal:
    """An emergency vehicle that wails up and down between about 650 and 1400 Hz and drives past."""
    t = times(sample_count)
    period = generator.uniform(1.5, 1.8)
    rising = 0.5 - 0.5 * np.cos(2 * np.pi * t / period)
    centre = sample_count / SAMPLE_RATE / 2
    doppler = 1 - 0.03 * np.tanh((t - centre) / 1.0)
    pitch = (650 + 750 * rising) * doppler
    cycles = phase(pitch, sample_count)
    tone = sum(harmonic**-1.1 * np.sin(2 * np.pi * harmonic * cycles) for harmonic in (1, 2, 3, 4, 5))
    nearness = 0.45 + 0.55 / (1 + ((t - centre) / 1.2) ** 2)
    ends = contour(sample_count, ((0, 0), (0.06, 1), (0.8, 0.9), (1, 0)))
    drive = pan(tone * nearness * ends, 0.6 * np.tanh((t - centre) / 1.5))
    return reverberate(drive, generator, 1.5, 0.2, bright_hz=3500)


def phone(generator: Generator, sample_count: int) -> Signal:
    """A bell telephone: a clapper that strikes two small gongs twenty times a second, twice."""
    low = generator.uniform(1180, 1300)
    gongs = [
        modes(
            seconds(0.5),
            [base, 2.02 * base, 2.98 * base, 4.1 * base],
            [0.45, 0.35, 0.22, 0.12],
            [1, 0.6, 0.5, 0.2],
        )
        for base in (low, 1.26 * low)
    ]
    strikes = np.concatenate([np.arange(0.0, 0.75, 0.05), np.arange(1.0, 1.75, 0.05)])
    struck = [gongs[k % 2] for k in range(len(strikes))]
    gains = generator.uniform(0.85, 1.0, len(strikes))
    rung = scatter(sample_count, (strikes * SAMPLE_RATE).astype(int), struck, gains, np.zeros(len(strikes)))
    return reverberate(rung, generator, 0.6, 0.06)


def beep(generator: Generator, sample_count: int) -> Signal:
    """A machine beeps once: a plain tone near 1 kHz through a small piezo loudspeaker.

    Source of the pitch and length: the pulses of IEC 60601-1-8, 150 to 1000 Hz with four harmonics or more.
    """
    count, base = seconds(0.18), generator.uniform(920, 1000)
    gains = (1.0, 0.25, 0.3, 0.08, 0.12)
    tone = sum(gain * sine(harmonic * base, count) for harmonic, gain in enumerate(gains, 1))
    scene = np.zeros(sample_count)
    scene[:count] = tone * envelope(count, ((0, 0), (0.008, 1), (0.165, 1), (0.18, 0)))
    return reverberate(scene, generator, 0.3, 0.04)


def alarm(generator: Generator, sample_count: int) -> Signal:
    """An alarm clock or smoke alarm: four shrill beeps and a rest, each second, of a buzzer near 2 kHz."""
    count, base = seconds(0.075), generator.uniform(1950, 2150)
    tone = sine(base, count) + 0.35 * sine(3 * base, count) + 0.12 * sine(5 * base, count)
    tone *= envelope(count, ((0, 0), (0.004, 1), (0.07, 1), (0.075, 0)))
    starts = (np.arange(3)[:, None] + 0.125 * np.arange(4)).reshape(-1)
    rung = scatter(
        sample_count, (starts * SAMPLE_RATE).astype(int), [tone] * len(starts), np.ones(12), np.zeros(12)
    )
    return reverberate(rung, generator, 0.4, 0.06)


def vibration(generator: Generator, sample_count: int) -> Signal:
    """A telephone vibrates on a table, twice: an off-centre motor of 170 turns a second."""
    scene = np.zeros(sample_count)
    turns = generator.uniform(160, 180)
    for start_s in (0.0, 0.85):
        count, first = seconds(0.5), seconds(start_s)
        cycles = phase(turns * contour(count, ((0, 0.7), (0.1, 1), (0.95, 1), (1, 0.8))), count)
        motor = sum(np.sin(2 * np.pi * k * cycles) * k**-0.9 for k in range(1, 14))
        grain = noise(generator, count, ((300, -6), (900, 0), (3500, -8), (9000, -26)))
        rattle = grain * np.exp(-8.0 * (cycles % 1)) * (1 + 0.2 * drift(generator, count, 9.0))
        scene[first : first + count] = (motor + 0.9 * rattle) * envelope(
            count, ((0, 0), (0.04, 1), (0.46, 1), (0.5, 0))
        )
    return reverberate(scene, generator, 0.25, 0.04)


def helicopter(generator: Generator, sample_count: int) -> Signal:
    """A helicopter that hovers near: two blades slap eleven times a second over a whining turbine.

    Source of the rates: the Bell UH-1, 324 turns a minute of a two-bladed rotor, 1654 of its tail rotor.
    """
    blade_hz = generator.uniform(10.4, 11.2) * (1 + 0.006 * drift(generator, sample_count, 0.5))
    cycles = phase(blade_hz, sample_count)
    slap = np.exp(-7.0 * (cycles % 1)) * np.minimum(1, (cycles % 1) / 0.06)
    thump = sum(np.sin(2 * np.pi * k * cycles) * k**0.6 * np.exp(-k / 7) for k in range(2, 30))
    chop = noise(generator, sample_count, ((60, -6), (180, 0), (600, -5), (2000, -16), (7000, -36)))
    wash = wide_noise(generator, sample_count, ((40, -6), (120, 0), (600, -10), (3000, -24), (9000, -40)))
    tail = sum(sine(5.1 * k * blade_hz, sample_count) / k for k in (1, 2, 3, 4))
    whine = sine(182 * blade_hz, sample_count) + 0.5 * sine(263 * blade_hz, sample_count)
    middle = 1.9 * chop * slap + 0.16 * thump + 0.1 * tail + 0.012 * whine
    nearness = 1 + 0.12 * drift(generator, sample_count, 0.4)
    return (pan(middle, 0.0) + 0.25 * wash) * nearness[:, None]


def shutter(generator: Generator, sample_count: int) -> Signal:
    """A camera: the mirror slaps up, the curtain runs, the mirror falls back."""
    scene = np.zeros(sample_count)
    for start_s, level, body_hz in ((0.0, 1.0, 900), (0.045, 0.6, 2100), (0.125, 0.85, 700)):
        first, count = seconds(start_s), seconds(0.07)
        snap = burst(generator, count, ((900, -8), (3000, 0), (9000, -3), (15000, -18)), 0.0006, 0.025)
        body = modes(count, [body_hz, 1.9 * body_hz, 260], [0.04, 0.025, 0.05], [0.5, 0.3, 0.35])
        scene[first : first + count] += level * (snap + body)
    whirr = noise(generator, sample_count, ((2500, -10), (5000, 0), (9000, -10)))
    scene += 0.08 * whirr * envelope(sample_count, ((0, 0), (0.04, 1), (0.12, 1), (0.14, 0)))
    return reverberate(scene, generator, 0.25, 0.04)


def whoosh(generator: Generator, sample_count: int) -> Signal:
    """Something rushes past: a band of air noise that climbs, peaks and falls from one side to the other."""
    centre = glide(sample_count, ((0, 250), (0.45, generator.uniform(1900, 2600)), (1, 350)))
    cycles = 2 * np.pi * phase(centre, sample_count)
    body = ((1, -6), (250, 0), (900, -18), (2500, -40))
    air = noise(generator, sample_count, body) * np.cos(cycles) + noise(
        generator, sample_count, body
    ) * np.sin(cycles)
    hiss = noise(generator, sample_count, ((1500, -10), (5000, 0), (12000, -12)))
    shape = contour(sample_count, ((0, 0), (0.25, 0.25), (0.45, 1), (0.7, 0.25), (1, 0)))
    side = generator.choice([-1.0, 1.0])
    return pan(air * shape + 0.15 * hiss * shape**2, side * np.linspace(-0.8, 0.8, sample_count))
