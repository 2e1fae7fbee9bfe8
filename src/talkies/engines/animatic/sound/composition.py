"""Short pieces of music, composed to the length of the clip in a style: harmony, melody and an ensemble.

A piece is a row of chords of two beats each that ends on a cadence, and a last chord that rings out, so that
the music ends where the clip does and is never broken off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from talkies.engines.animatic.sound.instruments import Instrument, hertz
from talkies.engines.animatic.sound.metre import Metre
from talkies.engines.animatic.sound.synthesis import Generator, Signal, reverberate, scatter, seconds
from talkies.plan import Tempo
from talkies.spec import SAMPLE_RATE

_CHORDS = {
    # semitones above the tonic, the bass first
    "i": (0, 3, 7),
    "i9": (0, 3, 7, 2),
    "I": (0, 4, 7),
    "I9": (0, 4, 7, 11, 2),
    "I+": (0, 4, 8),
    "bII": (1, 5, 8),
    "II": (2, 6, 9),
    "II+": (2, 6, 10),
    "ii°": (2, 5, 8),
    "ii9": (2, 5, 9, 0, 4),
    "III": (3, 7, 10),
    "iii": (4, 7, 11),
    "iv": (5, 8, 0),
    "IV9": (5, 9, 0, 4, 7),
    "iv6": (5, 8, 0, 2),
    "#iv°": (6, 9, 0),
    "v": (7, 10, 2),
    "V": (7, 11, 2),
    "Vs": (7, 0, 2),
    "VI": (8, 0, 3),
    "VI7": (8, 0, 3, 7),
    "vi9": (9, 0, 4, 7, 11),
    "VII": (10, 2, 5),
    "vii°": (11, 2, 5),
}


@dataclass(frozen=True)
class Style:
    """How a mood is composed: beats a minute, scale, progressions, cadence, ensemble and room."""

    tempos: dict[Tempo, float]
    scale: tuple[int, ...]
    progressions: tuple[str, ...]
    cadence: tuple[str, str]
    arrange: Callable[[Piece], None]
    room_s: float
    wet: float


@dataclass
class Piece:
    """A piece while it is composed: its form and the notes that have been written."""

    generator: Generator
    sample_count: int
    tonic: int
    scale: tuple[int, ...]
    beat_s: float
    chords: tuple[tuple[int, ...], ...]
    accents_s: tuple[float, ...]
    starts: list[int] = field(default_factory=list)
    notes: list[Signal] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)
    places: list[float] = field(default_factory=list)
    played: dict[tuple[Instrument, float, float], Signal] = field(default_factory=dict)

    @property
    def end_s(self) -> float:
        """When the last chord sounds."""
        return 2 * self.beat_s * (len(self.chords) - 1)

    @property
    def ring_s(self) -> float:
        """How long the last chord can ring."""
        return self.sample_count / SAMPLE_RATE - self.end_s

    def spans(self) -> Iterator[tuple[float, float, tuple[int, ...], bool]]:
        """Yield each chord's start and length in seconds, its semitones, and whether it is the last."""
        for k, chord in enumerate(self.chords):
            last = k == len(self.chords) - 1
            yield 2 * k * self.beat_s, self.ring_s if last else 2 * self.beat_s, chord, last

    def write(
        self,
        instrument: Instrument,
        pitch: float,
        at_s: float,
        length_s: float,
        gain: float,
        place: float = 0.0,
    ) -> None:
        """Write one note: MIDI pitch, start and length in seconds, linear gain, place from -1 to 1."""
        length_s = round(length_s, 3)
        key = instrument, pitch, length_s
        if key not in self.played:
            self.played[key] = instrument(self.generator, hertz(pitch), length_s)
        self.notes.append(self.played[key])
        self.starts.append(seconds(at_s))
        self.gains.append(gain)
        self.places.append(place)

    def voicings(self, centre: int, voices: int = 3) -> list[list[int]]:
        """Voice the chords about a MIDI pitch so that each voice moves as little as it can."""
        led: list[list[int]] = []
        before = [centre - 5, centre, centre + 5, centre + 9][:voices]
        for chord in self.chords:
            classes = (chord * 2)[1 : voices + 1] if len(chord) > voices else (chord * 2)[:voices]
            before = _lead(classes, self.tonic, before, centre)
            led.append(before)
        return led

    def bass_pitches(self, lowest: int) -> list[int]:
        """Put each chord's root in the octave above `lowest`."""
        return [lowest + (self.tonic + chord[0] - lowest) % 12 for chord in self.chords]

    def melody(self, low: int, rhythms: Sequence[Sequence[float]]) -> Iterator[tuple[float, int, float]]:
        """Write a tune, (start, MIDI pitch, length), by steps through the scale from a note of each chord.

        Each rhythm lists note lengths in beats that fill two beats; the tune keeps to two of them, so that it
        has a motif, and ends on a note of the last chord.
        """
        chosen = [rhythms[k] for k in self.generator.permutation(len(rhythms))[:2]]
        ladder = [p for p in range(low, low + 16) if (p - self.tonic) % 12 in self.scale]
        place = int(self.generator.integers(2, len(ladder) - 2))
        for k, (start_s, length_s, chord, last) in enumerate(self.spans()):
            fitting = [n for n, p in enumerate(ladder) if (p - self.tonic) % 12 in {c % 12 for c in chord}]
            place = min(fitting, key=lambda n: (abs(n - place), n))
            if last:
                yield start_s, ladder[place], length_s
                return
            at_s = start_s
            for beats in chosen[k % 4 == 3]:
                yield at_s, ladder[place], beats * self.beat_s
                at_s += beats * self.beat_s
                step = int(self.generator.choice([-2, -1, -1, 1, 1, 2]))
                place = place + step if 0 <= place + step < len(ladder) else place - step


def _lead(classes: Sequence[int], tonic: int, before: list[int], centre: int) -> list[int]:
    """Move the voices to the next chord by the shortest way."""
    orders = _orders(classes, tonic, before)
    nearest: list[int] = min(orders, key=lambda voices: _travel(voices, before, centre))
    return sorted(nearest)


def _orders(classes: Sequence[int], tonic: int, before: Sequence[int]) -> Iterator[list[int]]:
    """Yield assignments of pitch classes to the voices, each as near as it can lie to where the voice was."""
    for turn in range(len(classes)):
        rotated = [*classes[turn:], *classes[:turn]]
        yield [was + (tonic + c - was + 6) % 12 - 6 for c, was in zip(rotated, before, strict=True)]


def _travel(voices: Sequence[int], before: Sequence[int], centre: int) -> float:
    doubled = len(voices) - len(set(voices))
    drifted = abs(float(np.mean(voices)) - centre)
    return sum(abs(a - b) for a, b in zip(voices, before, strict=True)) + 0.5 * drifted + 12 * doubled


def compose(
    style: Style,
    *,
    beat_s: float,
    sample_count: int,
    generator: Generator,
    accents: Sequence[int] = (),
) -> Signal:
    """Compose and play a piece of `(sample_count, 2)` that ends with the clip.

    `beat_s` is the length of a beat as `metre` fits it to the clip; `accents` are sample positions at which
    the moods with drums strike one.
    """
    piece = sketch(style, beat_s=beat_s, sample_count=sample_count, generator=generator, accents=accents)
    style.arrange(piece)
    dry = scatter(sample_count, piece.starts, piece.notes, piece.gains, piece.places)
    return reverberate(dry, generator, style.room_s, style.wet) * _ending(piece)[:, None]


def sketch(
    style: Style,
    *,
    beat_s: float,
    sample_count: int,
    generator: Generator,
    accents: Sequence[int] = (),
) -> Piece:
    """Choose a piece's key and chords; no note is written yet."""
    pairs = round(_playing_s(sample_count) / beat_s / 2)
    named = style.progressions[int(generator.integers(len(style.progressions)))].split()
    row = [named[k % len(named)] for k in range(pairs - 1)] + list(style.cadence)
    return Piece(
        generator=generator,
        sample_count=sample_count,
        tonic=int(generator.integers(55, 65)),
        scale=style.scale,
        beat_s=beat_s,
        chords=tuple(_CHORDS[name] for name in row),
        accents_s=tuple(accent / SAMPLE_RATE for accent in accents),
    )


def metre(style: Style, *, tempo: Tempo | None, sample_count: int, accents: Sequence[int] = ()) -> Metre:
    """Fit the beat to the clip, so that whole chords of two beats each fill it up to the last.

    Of the three nearest tempos the one whose beats lie nearest to the accents, sample positions, is taken.
    """
    playing_s = _playing_s(sample_count)
    usual = max(2, round(playing_s * style.tempos[tempo or "medium"] / 120))
    at = np.asarray(accents, np.float64) / SAMPLE_RATE

    def misfit(pairs: int) -> float:
        off = at * 2 * pairs / playing_s
        return float(np.abs(off - np.round(off)).sum()) + 0.1 * abs(pairs - usual)

    pairs = min((n for n in (usual - 1, usual, usual + 1) if n >= 2), key=misfit)
    return Metre(playing_s / pairs / 2)


def _playing_s(sample_count: int) -> float:
    """Give the seconds before the last chord, which rings for about a quarter of the clip."""
    duration_s = sample_count / SAMPLE_RATE
    return duration_s - min(max(0.25 * duration_s, 1.2), 2.8)


def _ending(piece: Piece) -> Signal:
    """Let the last chord fade to nothing at the clip's end."""
    start = seconds(piece.end_s + 0.35 * piece.ring_s)
    gain = np.ones(piece.sample_count)
    gain[start:] = 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, piece.sample_count - start))
    return gain
