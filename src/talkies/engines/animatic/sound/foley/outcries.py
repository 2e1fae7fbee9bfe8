"""What one person gives without words: screams, sobs, breaths, sneezes, snores and whistles."""

from __future__ import annotations

import numpy as np

from talkies.engines.animatic.sound.foley.voices import Formant, glide, throat, vowel
from talkies.engines.animatic.sound.synthesis import (
    Generator,
    Signal,
    contour,
    drift,
    narrow_noise,
    noise,
    phase,
    reverberate,
    seconds,
    sine,
)

_WOMAN, _CHILD = 1.16, 1.5  # throats shorter than a man's, for `vowel`
_ROUGHNESS_HZ = 70.0
SNEEZE_S = 0.5  # from the first air to the blast
_TUNES = ((0, 4, 7, 12, 9, 7, 4), (7, 4, 5, 7, 12, 11, 12), (0, 2, 4, 7, 4, 2, 0))  # semitones over the tonic
_WIDE_OPEN = (
    Formant(1250, 700, 1.0),
    Formant(2600, 800, 0.8),
    Formant(3900, 1100, 0.5),
    Formant(5600, 1500, 0.2),
)


def scream(generator: Generator, sample_count: int) -> Signal:
    """Somebody screams: "aah", high, bright and rough, that leaps up and breaks off downwards.

    Rough between 30 and 150 times a second, which is what tells it from song. Source: L. H. Arnal et al.,
    "Human screams occupy a privileged niche in the communication soundscape", Current Biology 25(15), 2015.
    """
    count = seconds(1.35)
    top = generator.uniform(1000, 1250)
    pitch = glide(count, ((0, 0.55 * top), (0.08, 0.95 * top), (0.3, top), (0.8, 0.9 * top), (1, 0.6 * top)))
    rough = 1 + 0.1 * drift(generator, count, 6.0)
    cry = throat(generator, pitch, _WIDE_OPEN, tilt_db=3, breath=0.03, rough=0.02)
    cry *= 0.72 + 0.28 * sine(_ROUGHNESS_HZ * rough, count)
    scene = np.zeros(sample_count)
    scene[:count] = cry * contour(count, ((0, 0), (0.06, 1), (0.75, 0.9), (1, 0)))
    return reverberate(scene, generator, 0.7, 0.06)


def gasp(generator: Generator, sample_count: int) -> Signal:
    """Somebody gasps: air drawn in sharply through an opening mouth, with a short voiced catch."""
    count = seconds(0.42)
    air = _breath(generator, count, (0.7, 1.3), "er", "a")
    scene = np.zeros(sample_count)
    pitch = glide(count, ((0, 300), (0.6, 420), (1, 480)))
    catch = throat(generator, pitch, vowel("er", _WOMAN), tilt_db=10, breath=0.2, rough=0.06)
    swell = contour(count, ((0, 0), (0.2, 0.6), (0.8, 1), (1, 0)))
    scene[:count] = swell * (air + 0.12 * catch)
    return reverberate(scene, generator, 0.35, 0.05)


def sigh(generator: Generator, sample_count: int) -> Signal:
    """Somebody sighs: a soft breath in, and a long "haah" out whose voice sinks and dies in air."""
    scene = np.zeros(sample_count)
    inhaled, exhaled, first = seconds(0.65), seconds(1.4), seconds(0.75)
    drawn = _breath(generator, inhaled, (0.8, 1.1), "er", "er")
    scene[:inhaled] = 0.35 * drawn * contour(inhaled, ((0, 0), (0.7, 1), (1, 0)))
    let_go = _breath(generator, exhaled, (1.0, 0.88), "a", "er")
    pitch = glide(exhaled, ((0, 235), (0.3, 205), (1, 150)))
    voice = throat(generator, pitch, vowel("a", _WOMAN), tilt_db=12, breath=0.0, rough=0.03)
    voice *= contour(exhaled, ((0, 0), (0.12, 1), (0.5, 0.35), (0.75, 0), (1, 0)))
    falling = contour(exhaled, ((0, 0), (0.1, 1), (0.45, 0.5), (1, 0)))
    scene[first : first + exhaled] = falling * (let_go + 0.55 * voice)
    return reverberate(scene, generator, 0.35, 0.04)


def sob(generator: Generator, sample_count: int) -> Signal:
    """Somebody sobs: "huh-huh-huh", wavering voiced breaths, four a second, that sink, and a gasp for air."""
    scene = np.zeros(sample_count)
    high, at = generator.uniform(330, 400), 0.0
    for level in (1.0, 0.9, 0.75, 0.6):
        count, first = seconds(generator.uniform(0.17, 0.22)), seconds(at)
        pitch = glide(count, ((0, high * level**0.4), (0.25, 1.12 * high * level**0.4), (1, 0.8 * high)))
        pitch = pitch * (1 + 0.03 * sine(11.0, count))
        voice = throat(generator, pitch, vowel("er", _WOMAN), tilt_db=7, breath=0.12, rough=0.05)
        gust = _breath(generator, count, (1.2, 0.9), "er", "er")
        onset = np.exp(-np.arange(count) / seconds(0.04))
        swell = contour(count, ((0, 0), (0.12, 1), (0.6, 0.6), (1, 0)))
        scene[first : first + count] += level * swell * (voice + 0.25 * onset * gust)
        at += generator.uniform(0.24, 0.28)
    for part_s, level in ((0.14, 0.5), (0.2, 0.7), (0.3, 1.0)):  # the breath comes back in jerks
        count, first = seconds(part_s), seconds(at)
        air = _breath(generator, count, (0.9, 1.3), "er", "a")
        scene[first : first + count] += 0.32 * level * air * contour(count, ((0, 0), (0.6, 1), (1, 0)))
        at += part_s
    return reverberate(scene, generator, 0.4, 0.05)


def cough(generator: Generator, sample_count: int) -> Signal:
    """Somebody coughs once: the blast of an opening glottis, air that rushes, and a short voiced end.

    Source of the three phases, together 0.3 to 0.5 s: J. Korpáš, J. Sadloňová, M. Vrabec, "Analysis of the
    cough sound: an overview", Pulmonary Pharmacology 9(5-6), 1996.
    """
    count = seconds(0.42)
    blast = noise(generator, count, ((200, -8), (500, 0), (1600, -2), (4500, -8), (12000, -24)))
    blast *= contour(count, ((0, 0), (0.03, 1), (0.2, 0.3), (0.6, 0.14), (1, 0)))
    pitch = glide(count, ((0, 190), (0.5, 170), (1, 130))) * generator.uniform(0.9, 1.15)
    voice = throat(generator, pitch, vowel("er", 1.08), tilt_db=7, breath=0.2, rough=0.09)
    voice *= contour(count, ((0, 0), (0.04, 0.9), (0.3, 0.2), (0.65, 0.5), (1, 0)))
    scene = np.zeros(sample_count)
    scene[:count] = blast + 1.4 * voice
    return reverberate(scene, generator, 0.4, 0.05)


def baby_cry(generator: Generator, sample_count: int) -> Signal:
    """A baby cries: "waah", twice, rising and falling near 450 Hz, with a breath drawn in between.

    Source of the pitch, the arch and the length: O. Wasz-Höckert et al., "The Infant Cry: A Spectrographic
    and Auditory Analysis", 1968.
    """
    scene = np.zeros(sample_count)
    top, at = generator.uniform(430, 500), 0.0
    for length_s in (generator.uniform(0.95, 1.1), generator.uniform(0.8, 0.95)):
        count, first = seconds(length_s), seconds(at)
        arch = glide(count, ((0, 0.75 * top), (0.2, top), (0.6, 0.97 * top), (1, 0.72 * top)))
        arch = arch * (1 + 0.012 * sine(6.5, count))
        opening = contour(count, ((0, 0.75), (0.2, 1), (0.8, 1), (1, 0.8)))
        mouth = (
            Formant(1150 * opening, 380, 1.0),
            Formant(2050 * opening, 480, 0.6),
            Formant(3400, 700, 0.55),
            Formant(5200, 1000, 0.2),
        )
        wail = throat(generator, arch, mouth, tilt_db=3, breath=0.05, rough=0.03)
        scene[first : first + count] += wail * contour(count, ((0, 0), (0.12, 1), (0.75, 0.85), (1, 0)))
        drawn = seconds(0.24)
        last = first + count + seconds(0.05)
        air = _breath(generator, drawn, (1.0, 1.2), "er", "a", _CHILD)
        scene[last : last + drawn] += 0.12 * air * contour(drawn, ((0, 0), (0.6, 1), (1, 0)))
        at += length_s + 0.36
    return reverberate(scene, generator, 0.5, 0.05)


def sneeze(generator: Generator, sample_count: int) -> Signal:
    """Somebody sneezes: air drawn in with a rising voice, a moment's hold, and a hissing blast, "ah-choo".

    Source of the two phases: M. Songu, C. Cingi, "Sneeze reflex: facts and fiction", Therapeutic Advances in
    Respiratory Disease 3(3), 2009.
    """
    scene = np.zeros(sample_count)
    drawn, first = seconds(0.42), seconds(SNEEZE_S)
    air = _breath(generator, drawn, (0.8, 1.3), "er", "a")
    pitch = glide(drawn, ((0, 230), (1, 330)))
    voice = throat(generator, pitch, vowel("a", _WOMAN), tilt_db=9, breath=0.15, rough=0.04)
    scene[:drawn] = (0.2 * air + 0.22 * voice) * contour(drawn, ((0, 0), (0.7, 1), (0.92, 0.9), (1, 0)))
    count = seconds(0.5)
    hiss = noise(generator, count, ((500, -16), (1500, -5), (3000, 0), (5500, -4), (13000, -22)))
    hiss *= contour(count, ((0, 0), (0.05, 1), (0.3, 0.6), (1, 0)))
    falling = glide(count, ((0, 430), (0.25, 380), (1, 210)))
    called = throat(generator, falling, vowel("u", _WOMAN), tilt_db=6, breath=0.1, rough=0.05)
    called *= contour(count, ((0, 0), (0.1, 0.8), (0.3, 1), (0.75, 0.4), (1, 0)))
    scene[first : first + count] += 0.55 * hiss + 0.7 * called
    return reverberate(scene, generator, 0.4, 0.05)


def snoring(generator: Generator, sample_count: int) -> Signal:
    """Somebody snores, fourteen times a minute: the palate flutters as air is drawn in, and is still after.

    Its power lies below 500 Hz, its flutter between 30 and 250 Hz. Source: D. Pevernagie, R. M. Aarts, M. De
    Meyer, "The acoustics of snoring", Sleep Medicine Reviews 14(2), 2010.
    """
    scene = np.zeros(sample_count)
    flutter_hz, at = generator.uniform(42, 55), seconds(generator.uniform(0.1, 0.5))
    while at < sample_count:
        drawn, let_go = seconds(generator.uniform(1.35, 1.6)), seconds(generator.uniform(1.2, 1.4))
        _add(scene, at, _snore(generator, drawn, flutter_hz))
        after = at + drawn + seconds(generator.uniform(0.2, 0.35))
        blown = _breath(generator, let_go, (0.8, 0.75), "u", "er")
        _add(scene, after, 0.16 * blown * contour(let_go, ((0, 0), (0.2, 1), (0.6, 0.5), (1, 0))))
        at = after + let_go + seconds(generator.uniform(0.6, 1.0))
    return reverberate(scene, generator, 0.4, 0.05)


def _snore(generator: Generator, count: int, flutter_hz: float) -> Signal:
    rate = glide(count, ((0, 0.8 * flutter_hz), (0.5, flutter_hz), (1, 1.2 * flutter_hz)))
    rate = rate * (1 + 0.09 * drift(generator, count, 9.0))
    cycles = phase(rate, count) % 1
    flaps = np.exp(-3.5 * cycles) * np.minimum(1, cycles / 0.08)
    mouth = (Formant(310, 170, 1.0), Formant(720, 260, 0.5), Formant(1500, 500, 0.2))
    buzz = throat(generator, rate, mouth, tilt_db=2, breath=0.0, rough=0.05)
    rush = noise(generator, count, ((120, -8), (350, 0), (900, -8), (3000, -20), (8000, -36)))
    snored: Signal = (buzz + 0.3 * rush * flaps) * contour(count, ((0, 0), (0.35, 0.8), (0.8, 1), (1, 0)))
    return snored


def _add(scene: Signal, first: int, sound: Signal) -> None:
    """Add a sound to a scene in place, cut at the scene's end."""
    room = scene[first : first + len(sound)]
    room += sound[: len(room)]


def whistle(generator: Generator, sample_count: int) -> Signal:
    """Somebody whistles a tune: seven notes of a major scale, nearly pure, that slide into each other.

    A whistle is one tone of the mouth's cavity with a little air beside it. Source: T. A. Wilson et al.,
    "Experiments on the fluid mechanics of whistling", JASA 50(1B), 1971.
    """
    tonic = generator.uniform(1000, 1200)
    steps = _TUNES[generator.integers(len(_TUNES))]
    beat_s = generator.uniform(0.3, 0.34)
    notes = [
        (beat_s * (1.7 if step == len(steps) - 1 else 1.0), tonic * 2 ** (n / 12))
        for step, n in enumerate(steps)
    ]
    scene = np.zeros(sample_count)
    at = 0
    for length_s, hertz in notes:
        count = seconds(length_s)
        pitch = glide(count, ((0, 0.94 * hertz), (0.12, hertz), (1, hertz)))
        swell = contour(count, ((0, 0), (0.12, 1), (0.8, 0.85), (1, 0)))
        _add(scene, at, swell * _blown(generator, pitch))
        at += count
    return reverberate(scene, generator, 0.7, 0.08)


def wolf_whistle(generator: Generator, sample_count: int) -> Signal:
    """Somebody whistles after somebody: a slide up, then a longer one up and far down."""
    scene = np.zeros(sample_count)
    low, high = generator.uniform(950, 1100), generator.uniform(2500, 2900)
    calls = (
        (0.0, 0.42, ((0, low), (0.6, 0.6 * high), (1, high))),
        (0.62, 0.75, ((0, low), (0.35, 0.8 * high), (0.5, 0.75 * high), (1, 0.85 * low))),
    )
    for start_s, length_s, path in calls:
        count = seconds(length_s)
        swell = contour(count, ((0, 0), (0.15, 1), (0.8, 0.9), (1, 0)))
        _add(scene, seconds(start_s), swell * _blown(generator, glide(count, path)))
    return reverberate(scene, generator, 0.8, 0.1)


def _blown(generator: Generator, pitch: Signal) -> Signal:
    """Whistle `pitch` (Hz per sample): a tone that quivers, a faint second harmonic, and air around it."""
    count = len(pitch)
    wavering = pitch * (1 + 0.006 * sine(5.5, count) + 0.003 * drift(generator, count, 12.0))
    tone = sine(wavering, count) + 0.03 * sine(2 * wavering, count)
    return tone + 0.05 * narrow_noise(generator, wavering, 300.0)


def _breath(
    generator: Generator,
    count: int,
    stretches: tuple[float, float],
    first: str,
    last: str,
    throat_stretch: float = _WOMAN,
) -> Signal:
    """Let air rush through a mouth that goes from one vowel to another, its resonances stretched on the way.

    The result has a peak of about 1.
    """
    air = 0.35 * noise(generator, count, ((250, -16), (900, -4), (3000, 0), (7000, -8), (14000, -26)))
    path = np.linspace(*stretches, count) * throat_stretch
    for index, (begun, ended) in enumerate(zip(vowel(first), vowel(last), strict=True)):
        centre = path * np.linspace(begun.centre, ended.centre, count)
        air += (0.9, 0.7, 0.5)[index] * narrow_noise(generator, centre, 260.0)
    breath: Signal = air / np.max(np.abs(air))
    return breath
