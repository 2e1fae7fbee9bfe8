"""Animals of a farm: ducks, geese, hens, sheep, goats and pigs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from talkies.engines.animatic.sound.foley.voices import Formant, glide, throat
from talkies.engines.animatic.sound.synthesis import (
    Generator,
    Signal,
    contour,
    noise,
    phase,
    reverberate,
    seconds,
    sine,
)

_BILL = (Formant(1150, 420, 0.8), Formant(2250, 650, 1.0), Formant(3500, 900, 0.4))
_THROAT = (Formant(900, 300, 1.0), Formant(1700, 420, 0.8), Formant(2900, 800, 0.4))
_BEAK = (Formant(1000, 420, 1.0), Formant(2300, 700, 0.6), Formant(3800, 1000, 0.3))


def duck(generator: Generator, sample_count: int) -> Signal:
    """A duck quacks four times: loud, nasal, hoarse notes of a fifth of a second, each softer and lower.

    Source of the falling series: R. L. Abraham, "Vocalizations of the mallard (Anas platyrhynchos)", The
    Condor 76(4), 1974: the decrescendo call of the female.
    """
    high = generator.uniform(290, 340)
    scene = np.zeros(sample_count)
    at = 0.0
    for step, level in enumerate((1.0, 0.85, 0.65, 0.5)):
        length_s = generator.uniform(0.2, 0.23) - 0.02 * step
        count, first = seconds(length_s), seconds(at)
        top = high * 0.96**step
        pitch = glide(count, ((0, 0.85 * top), (0.2, top), (0.6, 0.95 * top), (1, 0.7 * top)))
        halved = 1 + 0.35 * sine(pitch / 2, count)  # every second pulse is weaker: hoarse
        quack = throat(generator, pitch, _BILL, tilt_db=0.5, breath=0.06, rough=0.04) * halved
        scene[first : first + count] += (
            level * quack * contour(count, ((0, 0), (0.07, 1), (0.6, 0.8), (1, 0)))
        )
        at += length_s + generator.uniform(0.1, 0.13)
    return reverberate(scene, generator, 0.5, 0.05)


def goose(generator: Generator, sample_count: int) -> Signal:
    """A goose honks three times: each a short low note that breaks into a loud brassy one, "a-honk".

    Source of the break between two registers: I. Würdinger, "Erzeugung, Ontogenie und Funktion der
    Lautäußerungen bei vier Gänsearten", Zeitschrift für Tierpsychologie 27, 1970.
    """
    low = generator.uniform(270, 300)
    scene = np.zeros(sample_count)
    at = 0.0
    for level in (0.85, 1.0, 0.8):
        length_s = generator.uniform(0.36, 0.42)
        count, first = seconds(length_s), seconds(at)
        high = 1.85 * low
        pitch = glide(
            count, ((0, low), (0.26, 1.05 * low), (0.32, high), (0.7, 1.03 * high), (1, 0.8 * high))
        )
        honk = throat(generator, pitch, _THROAT, tilt_db=0.5, breath=0.05, rough=0.03)
        swell = contour(count, ((0, 0), (0.06, 0.45), (0.27, 0.4), (0.36, 1), (0.75, 0.8), (1, 0)))
        scene[first : first + count] += level * honk * swell
        at += length_s + generator.uniform(0.16, 0.22)
    return reverberate(scene, generator, 0.6, 0.07)


def hen(generator: Generator, sample_count: int) -> Signal:
    """A hen cackles: short low clucks, and a long loud one that leaps up, "buk-buk-buk-bagawk".

    Source of the series: N. E. Collias, "The vocal repertoire of the red junglefowl", The Condor 89(3), 1987.
    """
    base = generator.uniform(330, 390)
    scene = np.zeros(sample_count)
    at = 0.0
    for level in (0.45, 0.5, 0.6):
        count, first = seconds(0.09), seconds(at)
        pitch = glide(count, ((0, 1.1 * base), (0.4, 1.25 * base), (1, 0.8 * base)))
        cluck = throat(generator, pitch, _BEAK, tilt_db=3, breath=0.06, rough=0.04)
        scene[first : first + count] += level * cluck * contour(count, ((0, 0), (0.12, 1), (1, 0)))
        at += generator.uniform(0.24, 0.3)
    count, first = seconds(0.5), seconds(at)
    pitch = glide(
        count, ((0, base), (0.25, 1.3 * base), (0.45, 2.1 * base), (0.75, 1.9 * base), (1, 1.2 * base))
    )
    cackle = throat(generator, pitch, _BEAK, tilt_db=2, breath=0.06, rough=0.03)
    scene[first : first + count] += cackle * contour(
        count, ((0, 0), (0.06, 0.6), (0.28, 0.35), (0.45, 1), (0.8, 0.8), (1, 0))
    )
    return reverberate(scene, generator, 0.5, 0.05)


def sheep(generator: Generator, sample_count: int) -> Signal:
    """A sheep bleats "baaa": one harmonic cry near 200 Hz whose pitch and loudness tremble.

    Source of the tremble as its mark: A. Searby, P. Jouventin, "Mother-lamb acoustic recognition in sheep: a
    frequency coding", Proceedings of the Royal Society B 270(1526), 2003.
    """
    return _bleat(generator, sample_count, generator.uniform(185, 215), 7.5, (720, 1450, 2500))


def goat(generator: Generator, sample_count: int) -> Signal:
    """A goat bleats "meeeh": higher than a sheep, narrower in the mouth, and trembling faster.

    Source of the tremble: E. F. Briefer, F. Tettamanti, A. G. McElligott, "Emotions in goats: mapping
    physiological, behavioural and vocal profiles", Animal Behaviour 99, 2015.
    """
    return _bleat(generator, sample_count, generator.uniform(280, 330), 11.0, (620, 2050, 3100))


def _bleat(
    generator: Generator, sample_count: int, pitch_hz: float, tremble_hz: float, open_hz: Sequence[float]
) -> Signal:
    """Cry through lips that part: a hum, then formants at `open_hz`, trembling at `tremble_hz`."""
    count = seconds(generator.uniform(0.95, 1.1))
    tremble = contour(count, ((0, 0), (0.2, 1), (1, 1))) * sine(tremble_hz, count)
    pitch = glide(
        count, ((0, 0.88 * pitch_hz), (0.2, pitch_hz), (0.7, 0.97 * pitch_hz), (1, 0.78 * pitch_hz))
    )
    parting = contour(count, ((0, 0.45), (0.14, 1), (0.85, 1), (1, 0.75)))
    mouth = tuple(
        Formant(hertz * parting, 150 + 0.1 * hertz, gain)
        for hertz, gain in zip(open_hz, (1.0, 0.7, 0.4), strict=True)
    )
    cry = throat(generator, pitch * (1 + 0.045 * tremble), mouth, tilt_db=3.5, breath=0.06, rough=0.025)
    scene = np.zeros(sample_count)
    swell = contour(count, ((0, 0), (0.1, 1), (0.7, 0.85), (1, 0)))
    scene[:count] = cry * (0.68 + 0.32 * tremble) * swell
    return reverberate(scene, generator, 0.6, 0.06)


def pig(generator: Generator, sample_count: int) -> Signal:
    """A pig grunts three times, "oink": pulses through a wet nose, low, then higher at its end.

    Source of short, low grunts when it is content: E. F. Briefer et al., "Classification of pig calls
    produced from birth to slaughter according to their emotional valence and context of production",
    Scientific Reports 12, 2022.
    """
    scene = np.zeros(sample_count)
    at = 0.0
    for level in (0.9, 1.0, 0.7):
        length_s = generator.uniform(0.24, 0.32)
        count, first = seconds(length_s), seconds(at)
        low = generator.uniform(85, 105)
        pitch = glide(count, ((0, 0.9 * low), (0.5, 1.1 * low), (0.75, 1.9 * low), (1, 1.4 * low)))
        opening = contour(count, ((0, 330), (0.55, 480), (1, 420)))
        nose = (
            Formant(opening, 160, 1.0),
            Formant(contour(count, ((0, 850), (0.55, 1150), (0.85, 1900), (1, 1700))), 350, 0.7),
            Formant(2700, 600, 0.3),
        )
        grunt = throat(generator, pitch, nose, tilt_db=2, breath=0.0, rough=0.04)
        snort = noise(generator, count, ((250, -6), (600, 0), (2200, -8), (7000, -22)))
        flutter = 0.4 + 0.6 * np.exp(-5.0 * (phase(pitch / 2, count) % 1))
        swell = contour(count, ((0, 0), (0.12, 1), (0.6, 0.85), (1, 0)))
        scene[first : first + count] += level * swell * (grunt + 0.15 * snort) * flutter
        at += length_s + generator.uniform(0.16, 0.3)
    return reverberate(scene, generator, 0.4, 0.05)
