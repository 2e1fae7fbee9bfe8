"""Throats: harmonics of a gliding pitch under moving formants, for animals and for people in a crowd."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import iirpeak, lfilter, resample_poly

from talkies.engines.animatic.sound.synthesis import (
    Generator,
    Signal,
    band,
    drift,
    noise,
    phase,
    scatter,
    seconds,
)
from talkies.spec import SAMPLE_RATE

VOWELS = {
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
    "er": (490, 1350, 1690),
}
"""First three formants of a man's vowels in Hz. Source: Peterson and Barney, JASA 24(2), 1952, table II."""

LAUGH_PERIOD_S, LAUGH_BURST_S = 0.205, 0.15  # from one "ha" to the next, and the length of one
_FORMANT_GAINS = (1.0, 0.55, 0.25)
_BABBLE_RATE = SAMPLE_RATE // 3  # Hz: speech in a crowd has little above 8 kHz, and this is thrice as quick
_BABBLE_HOP = 128  # samples at the babble rate: 8 ms
_BABBLE_WINDOW = 512


@dataclass(frozen=True)
class Formant:
    """One resonance of a throat: its centre in Hz, constant or per sample, bandwidth in Hz, linear gain."""

    centre: float | Signal
    bandwidth: float
    gain: float


def throat(
    generator: Generator,
    pitch: Signal,
    formants: Sequence[Formant],
    *,
    tilt_db: float = 9.0,
    breath: float = 0.03,
    rough: float = 0.02,
) -> Signal:
    """Sing `pitch` (Hz per sample) through formants: a sum of harmonics, each as strong as its place allows.

    `tilt_db` is how much the source falls per octave, `breath` the share of turbulent noise, `rough` the
    share by which the pitch wavers at random. The result has unit peak before any envelope.
    """
    count = len(pitch)
    wavering = pitch * (1 + rough * drift(generator, count, 45.0))
    cycles = phase(wavering, count)
    sung = np.zeros(count)
    highest = float(pitch.max())
    for harmonic in range(1, max(2, int(9000 / float(pitch.mean())))):
        if harmonic * highest > 0.4 * SAMPLE_RATE:
            break
        strength = harmonic ** (-tilt_db / 6.02) * _response(harmonic * wavering, formants)
        sung += strength * np.sin(2 * np.pi * harmonic * cycles)
    sung /= np.max(np.abs(sung)) + 1e-12
    if breath:
        hiss = noise(generator, count, ((300, -12), (1200, 0), (5000, -6), (12000, -24)))
        sung += breath * hiss * (0.6 + 0.4 * np.cos(2 * np.pi * cycles))
    voice: Signal = sung / (np.max(np.abs(sung)) + 1e-12)
    return voice


def _response(frequency: Signal, formants: Sequence[Formant]) -> Signal:
    total = np.full(len(frequency), 0.02)
    for formant in formants:
        offset = (frequency - np.asarray(formant.centre)) / (formant.bandwidth / 2)
        total += formant.gain / (1 + offset**2)
    return total


def vowel(name: str, stretch: float = 1.0) -> tuple[Formant, ...]:
    """Give the formants of a human vowel; `stretch` above 1 is a shorter throat: a woman's, a child's."""
    return tuple(
        Formant(centre * stretch, 70 + 0.05 * centre, gain)
        for centre, gain in zip(VOWELS[name], _FORMANT_GAINS, strict=True)
    )


def babble(generator: Generator, sample_count: int, voices: int, recordings: int = 6) -> Signal:
    """Let people talk at once, unintelligibly: a stereo scene `(sample_count, 2)`.

    A few talkers are synthesised and each is heard several times, from other places, at other times and
    through throats of other lengths, so that a crowd costs little more than a table.
    """
    talkers = [_talker(generator, sample_count) for _ in range(min(voices, recordings))]
    heard = [_elsewhere(generator, talkers[k % len(talkers)]) for k in range(voices)]
    gains = generator.uniform(0.4, 1.0, voices)
    return scatter(sample_count, np.zeros(voices, int), heard, gains, generator.uniform(-0.9, 0.9, voices))


def _elsewhere(generator: Generator, talk: Signal) -> Signal:
    """Let the same talk begin at another place and run a little faster or slower, higher or lower."""
    count = len(talk)
    at = (generator.integers(count) + np.arange(count) * generator.uniform(0.88, 1.14)) % (count - 1)
    index = at.astype(np.int64)
    moved: Signal = talk[index] + (at - index) * (talk[index + 1] - talk[index])
    return moved


def _talker(generator: Generator, sample_count: int) -> Signal:
    """One person's murmur: syllables with vowels, consonants and pauses, of unit RMS."""
    count = -(-sample_count * _BABBLE_RATE // SAMPLE_RATE) + _BABBLE_WINDOW
    frames = count // _BABBLE_HOP + 1
    woman = generator.random() < 0.5
    loudness, hiss, formants = _articulate(generator, frames, 1.16 if woman else 1.0)
    accents = np.interp(np.arange(count), np.arange(frames) * _BABBLE_HOP, loudness)
    pitch = (
        (205 if woman else 118) * (0.85 + 0.3 * accents) * (1 + 0.1 * drift(generator, 3 * count, 1.2)[::3])
    )
    cycles = np.cumsum(pitch) / _BABBLE_RATE
    source = 2 * (cycles % 1) - 1
    breath = generator.standard_normal(count)
    voiced = _shape(source, formants * loudness[:, None])
    unvoiced = _shape(breath, hiss[:, None] * _FRICATIVE[None, :])
    murmur = resample_poly(voiced / (voiced.std() + 1e-9) + 0.25 * unvoiced / (unvoiced.std() + 1e-9), 3, 1)
    spoken = band(murmur, 110, None)[:sample_count]
    talk: Signal = spoken / (spoken.std() + 1e-9)
    return talk


_BINS = np.fft.rfftfreq(_BABBLE_WINDOW, 1 / _BABBLE_RATE)
_FRICATIVE = np.clip((_BINS - 2500) / 1500, 0, 1)


def _articulate(generator: Generator, frames: int, stretch: float) -> tuple[Signal, Signal, Signal]:
    """Draw loudness and hiss per frame, and formant gains `(frames, bins)`, of a run of syllables."""
    frame_rate = _BABBLE_RATE / _BABBLE_HOP
    loudness, hiss = np.zeros(frames), np.zeros(frames)
    at, centres, places = 0.0, [], []
    names = list(VOWELS)
    while at < frames:
        length = generator.uniform(0.13, 0.27) * frame_rate
        if generator.random() < 0.12:
            at += generator.uniform(0.25, 0.7) * frame_rate
        first, last = int(at), min(int(at + length), frames)
        span = np.linspace(0, np.pi, max(last - first, 1))
        loudness[first:last] = (np.sin(span) ** 0.6 * generator.uniform(0.5, 1.0))[: max(last - first, 0)]
        consonant = slice(first, min(first + int(generator.uniform(0.03, 0.09) * frame_rate), frames))
        hiss[consonant] = generator.uniform(0.0, 1.0)
        places.append(at + length / 2)
        centres.append([stretch * hz for hz in VOWELS[names[generator.integers(len(names))]]])
        at += length
    tracks = [np.interp(np.arange(frames), places, track) for track in np.array(centres).T]
    gains = np.full((frames, len(_BINS)), 0.01)
    for track, gain in zip(tracks, _FORMANT_GAINS, strict=True):
        gains += gain / (1 + ((_BINS[None, :] - track[:, None]) / (45 + 0.03 * track[:, None])) ** 2)
    return loudness, hiss, gains * np.exp(-_BINS / 2500)


def _shape(source: Signal, gains: Signal) -> Signal:
    """Filter by one spectrum of gains per frame: short-time Fourier transform, product, overlap-add."""
    window = np.hanning(_BABBLE_WINDOW + 1)[:-1]
    frames = np.lib.stride_tricks.sliding_window_view(source, _BABBLE_WINDOW)[::_BABBLE_HOP]
    gains = gains[: len(frames)]
    shaped = np.fft.irfft(np.fft.rfft(frames * window) * gains, axis=1) * window
    result = np.zeros(len(source))
    overlap = _BABBLE_WINDOW // _BABBLE_HOP
    for part in range(overlap):
        rows = shaped[part::overlap].reshape(-1)
        first = part * _BABBLE_HOP
        result[first : first + len(rows)] += rows
    return result


def laugh(generator: Generator, pitch_hz: float, bursts: int, stretch: float) -> Signal:
    """Laugh "ha-ha-ha": short breathy vowels at five a second that sink in pitch and die down."""
    period, burst = seconds(LAUGH_PERIOD_S), seconds(LAUGH_BURST_S)
    laughed = np.zeros(bursts * period + seconds(0.2))
    falling = np.linspace(1.0, 0.72, bursts)
    places = np.arange(bursts) * period + generator.integers(0, seconds(0.02), bursts)
    for place, level in zip(places.tolist(), falling, strict=True):
        glide = np.linspace(1.12, 0.9, burst)
        sung = throat(generator, pitch_hz * level * glide, vowel("a", stretch), breath=0.12, rough=0.03)
        gust = noise(generator, burst, ((500, -6), (1500, 0), (6000, -10), (12000, -30)))
        shape = np.sin(np.linspace(0, np.pi, burst)) ** 0.7
        onset = np.exp(-np.arange(burst) / seconds(0.02))
        laughed[place : place + burst] += level**2 * (shape * sung + 0.14 * onset * shape * gust)
    return laughed


def shout(generator: Generator, pitch: Signal, name: str, stretch: float) -> Signal:
    """Shout a vowel at `pitch` (Hz per sample), of unit RMS: a buzz through resonators, for many voices.

    Cheaper than `throat` and rougher: among a dozen others nobody hears the difference.
    """
    wavering = pitch * (1 + 0.025 * drift(generator, len(pitch), 7.0))
    buzz = 2 * (phase(wavering, len(pitch)) % 1) - 1 + 0.4 * generator.standard_normal(len(pitch))
    voice: Signal = np.zeros(len(pitch))
    for formant in vowel(name, stretch):
        numerator, denominator = iirpeak(
            formant.centre, formant.centre / (2 * formant.bandwidth), fs=SAMPLE_RATE
        )
        voice += formant.gain * lfilter(numerator, denominator, buzz)
    voice /= voice.std()
    return voice


def glide(sample_count: int, points: Sequence[tuple[float, float]]) -> Signal:
    """Draw a pitch that glides evenly in octaves through (share from 0 to 1, Hz) points, softly bent."""
    shares, hertz = zip(*points, strict=True)
    octaves = np.interp(np.linspace(0, 1, sample_count), shares, np.log2(hertz))
    soft: Signal = 2 ** uniform_filter1d(octaves, max(1, sample_count // 15), mode="nearest")
    return soft
