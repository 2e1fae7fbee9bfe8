"""Animals of the wild: the great cats' roar, elephants, frogs, crows, and what buzzes."""

from __future__ import annotations

import numpy as np

from talkies.engines.animatic.sound.foley.voices import Formant, glide, throat
from talkies.engines.animatic.sound.synthesis import (
    Generator,
    Signal,
    contour,
    drift,
    narrow_noise,
    noise,
    pan,
    phase,
    reverberate,
    seconds,
    sine,
    wide_noise,
)

_AIR = ((150, -10), (400, 0), (1500, -12), (6000, -24), (12000, -40))
_HIGHEST_HZ = 9000.0  # of a wing's harmonics
_BEES = 5
_CROP = (Formant(1150, 350, 1.0), Formant(1750, 450, 0.9), Formant(2700, 800, 0.4))


def roar(generator: Generator, sample_count: int) -> Signal:
    """A lion or tiger roars: a rough cry of a long throat that swells to 190 Hz and sinks into a growl.

    Source of the pitch and of loudness at low pressure by flat folds: S. A. Klemuk, T. Riede, E. J. Walsh,
    I. R. Titze, "Adapted to roar: functional morphology of tiger and lion vocal folds", PLoS ONE 6(11), 2011.
    """
    count = seconds(2.3)
    top = generator.uniform(175, 205)
    pitch = glide(
        count,
        (
            (0, 0.45 * top),
            (0.18, 0.9 * top),
            (0.4, top),
            (0.7, 0.65 * top),
            (0.85, 0.35 * top),
            (1, 0.25 * top),
        ),
    )
    opening = contour(count, ((0, 280), (0.25, 560), (0.5, 620), (1, 300)))
    muzzle = (
        Formant(opening, 220, 1.0),
        Formant(1.9 * opening, 320, 0.7),
        Formant(1750, 500, 0.35),
        Formant(2700, 800, 0.15),
    )
    cry = throat(generator, pitch, muzzle, tilt_db=3, breath=0.08, rough=0.03)
    beating = contour(count, ((0, 0.5), (0.35, 0.35), (0.7, 0.7), (1, 0.9)))
    cry *= 1 - beating * (
        0.5 + 0.5 * sine(np.minimum(pitch / 3, 30.0) * (1 + 0.15 * drift(generator, count, 6)), count)
    )
    rush = noise(generator, count, ((90, -4), (300, 0), (1200, -6), (4000, -18), (9000, -34)))
    swell = contour(count, ((0, 0), (0.15, 0.7), (0.38, 1), (0.7, 0.5), (1, 0)))
    scene = np.zeros(sample_count)
    scene[:count] = swell * np.tanh(1.6 * (cry + 0.08 * rush))
    return reverberate(scene, generator, 1.1, 0.12, bright_hz=2500)


def elephant(generator: Generator, sample_count: int) -> Signal:
    """An elephant trumpets: a bright, brassy blast near 450 Hz that leaps up, holds, and breaks.

    Source: E. Fuchs, V. C. Beeck, A. Baotic, A. S. Stoeger, "Acoustic structure and information content of
    trumpets in female Asian elephants (Elephas maximus)", PLoS ONE 16(11), 2021.
    """
    count = seconds(1.35)
    top = generator.uniform(430, 500)
    pitch = glide(count, ((0, 0.6 * top), (0.12, 0.92 * top), (0.5, 1.05 * top), (0.8, top), (1, 0.62 * top)))
    trunk = (
        Formant(800, 500, 1.0),
        Formant(1700, 700, 0.8),
        Formant(3000, 1000, 0.6),
        Formant(5200, 1500, 0.3),
    )
    blast = throat(generator, pitch, trunk, tilt_db=1, breath=0.05, rough=0.025)
    rattle = contour(count, ((0, 0.5), (0.15, 0.12), (0.75, 0.2), (1, 0.6)))
    blast *= 1 - rattle * (0.5 + 0.5 * sine(46.0 * (1 + 0.1 * drift(generator, count, 5)), count))
    scene = np.zeros(sample_count)
    scene[:count] = blast * contour(count, ((0, 0), (0.06, 0.8), (0.45, 1), (0.85, 0.8), (1, 0)))
    return reverberate(scene, generator, 1.2, 0.1)


def crow(generator: Generator, sample_count: int) -> Signal:
    """A crow caws three times: harsh, falling cries of a third of a second.

    Source of the series of two to several short caws: D. R. Chamberlain, G. W. Cornwell, "Selected
    vocalizations of the common crow", The Auk 88(3), 1971.
    """
    high = generator.uniform(480, 540)
    scene = np.zeros(sample_count)
    at = 0.0
    for level in (1.0, 0.9, 0.95):
        length_s = generator.uniform(0.3, 0.36)
        count, first = seconds(length_s), seconds(at)
        pitch = glide(count, ((0, 0.85 * high), (0.2, high), (0.6, 0.95 * high), (1, 0.7 * high)))
        halved = 1 + 0.5 * sine(pitch / 2, count)  # every second pulse is weaker: harsh
        caw = throat(generator, pitch, _CROP, tilt_db=1, breath=0.3, rough=0.08) * halved
        scene[first : first + count] += level * caw * contour(count, ((0, 0), (0.1, 1), (0.6, 0.85), (1, 0)))
        at += length_s + generator.uniform(0.18, 0.26)
    return reverberate(scene, generator, 0.7, 0.1)


def frog(generator: Generator, sample_count: int) -> Signal:
    """A frog croaks "ribbit" twice: a train of some seventy pulses a second, and a shorter, quicker one.

    Source of calls as trains of pulses with one or two strong bands: H. C. Gerhardt, F. Huber, "Acoustic
    Communication in Insects and Anurans", 2002.
    """
    size = generator.uniform(0.9, 1.1)
    scene = np.zeros(sample_count)
    at = 0.0
    for _ in range(2):
        for length_s, rate_hz, low_hz, level in ((0.2, 62.0, 820.0, 0.7), (0.15, 88.0, 1080.0, 1.0)):
            count, first = seconds(length_s), seconds(at)
            cycles = phase(rate_hz * size * np.linspace(0.9, 1.15, count), count) % 1
            pulses = np.exp(-5.5 * cycles) * np.minimum(1, cycles / 0.06)
            rising = low_hz * size * np.linspace(0.93, 1.08, count)
            sac = (
                sine(rising, count)
                + 0.6 * sine(2.1 * rising, count)
                + 0.35 * narrow_noise(generator, rising, 400.0)
            )
            scene[first : first + count] += (
                level * sac * pulses * contour(count, ((0, 0), (0.25, 1), (0.8, 1), (1, 0)))
            )
            at += length_s + 0.04
        at += generator.uniform(0.4, 0.5)
    return reverberate(scene, generator, 0.8, 0.07)


def bees(generator: Generator, sample_count: int) -> Signal:
    """Bees or flies: wings that beat 230 times a second, nearer and farther, each with its own way.

    Source of the rate: D. L. Altshuler et al., "Short-amplitude high-frequency wing strokes determine the
    aerodynamics of honeybee flight", PNAS 102(50), 2005.
    """
    scene = sum(
        (_wings(generator, sample_count, generator.uniform(205, 250), 7.0) for _ in range(_BEES)),
        np.zeros((sample_count, 2)),
    )
    return scene + 0.01 * wide_noise(generator, sample_count, _AIR)


def mosquito(generator: Generator, sample_count: int) -> Signal:
    """A mosquito near the ear: a thin whine of 400 to 500 Hz and its overtones that comes and goes.

    Source of the pitch: L. J. Cator, B. J. Arthur, L. C. Harrington, R. R. Hoy, "Harmonic convergence in the
    love songs of the dengue vector mosquito", Science 323(5917), 2009.
    """
    whine = _wings(generator, sample_count, generator.uniform(430, 500), 8.0)
    return whine + 0.004 * wide_noise(generator, sample_count, _AIR)


def _wings(generator: Generator, sample_count: int, beat_hz: float, tilt_db: float) -> Signal:
    """One insect on the wing: harmonics that fall `tilt_db` an octave, louder the nearer it comes."""
    nearness = drift(generator, sample_count, 0.55)
    turning, shivering = drift(generator, sample_count, 0.8), drift(generator, sample_count, 14.0)
    wavering = 1 + 0.035 * turning + 0.006 * shivering
    cycles = phase(beat_hz * wavering, sample_count)
    flight = np.zeros(sample_count)
    for harmonic in range(1, int(_HIGHEST_HZ / beat_hz)):
        flight += harmonic ** (-tilt_db / 6.02) * np.sin(2 * np.pi * harmonic * cycles + harmonic)
    near = np.exp(0.55 * nearness) * (1 + 0.12 * drift(generator, sample_count, 9.0))
    return pan(flight * near, 0.9 * np.tanh(drift(generator, sample_count, 0.5)))
