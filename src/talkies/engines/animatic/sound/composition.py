"""Short pieces of music, composed to the length of the clip: harmony, melody and an ensemble for each mood.

A piece is a row of chords of two beats each that ends on a cadence, and a last chord that rings out, so that
the music ends where the clip does and is never broken off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from talkies.engines.animatic.sound import instruments as play
from talkies.engines.animatic.sound.instruments import Instrument, hertz
from talkies.engines.animatic.sound.metre import Metre
from talkies.engines.animatic.sound.synthesis import Generator, Signal, reverberate, scatter, seconds
from talkies.plan import Mood, Tempo
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
_MINOR, _HARMONIC = (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 8, 11)
_LYDIAN, _MAJOR, _PHRYGIAN = (0, 2, 4, 6, 7, 9, 11), (0, 2, 4, 5, 7, 9, 11), (0, 1, 3, 5, 7, 8, 10)


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
    mood: Mood,
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
    style = STYLES[mood]
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


def metre(mood: Mood, *, tempo: Tempo | None, sample_count: int, accents: Sequence[int] = ()) -> Metre:
    """Fit the beat to the clip, so that whole chords of two beats each fill it up to the last.

    Of the three nearest tempos the one whose beats lie nearest to the accents, sample positions, is taken.
    """
    playing_s = _playing_s(sample_count)
    usual = max(2, round(playing_s * STYLES[mood].tempos[tempo or "medium"] / 120))
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


def _sad(piece: Piece) -> None:
    """A felt piano that breaks the chords under a slow tune, with strings far behind."""
    piano = play.felt_piano
    bass = piece.bass_pitches(36)
    for (start_s, length_s, _, last), low, voices in zip(
        piece.spans(), bass, piece.voicings(57), strict=True
    ):
        piece.write(piano, low, start_s, length_s, 0.34, -0.15)
        spread = piece.beat_s / 2 if not last else 0.12
        for k, pitch in enumerate([*voices, voices[1]][: 3 if last else 4]):
            piece.write(piano, pitch, start_s + k * spread, length_s - k * spread, 0.2, -0.1)
        for pitch in voices:
            piece.write(play.strings, pitch, start_s, length_s, 0.05, 0.35)
    for at_s, pitch, length_s in piece.melody(67, ((1.5, 0.5), (1, 1), (2,), (0.5, 0.5, 1))):
        piece.write(piano, pitch, at_s, length_s + 0.3, 0.36, 0.15)


def _tense(piece: Piece) -> None:
    """A low ostinato that does not let go, ticking, and clusters of strings that swell."""
    half = piece.beat_s / 2
    basses, voiced = piece.bass_pitches(33), piece.voicings(62)
    for (start_s, length_s, _, last), low, voices in zip(piece.spans(), basses, voiced, strict=True):
        for k, pitch in enumerate([*voices, voices[0] + 1]):
            piece.write(play.strings, pitch + 12 * (k == 2), start_s, length_s, 0.055, -0.5 + 0.35 * k)
        if last:
            continue
        for k in range(4):
            lift = int(k == 2 and low == basses[-1])
            piece.write(
                play.spiccato, low + 12 + lift, start_s + k * half, half, 0.6 if k == 0 else 0.4, -0.2
            )
            piece.write(play.plucked, low + lift, start_s + k * half, half, 0.7 if k == 0 else 0.5)
            piece.write(play.tick, 100, start_s + k * half, 0.06, 0.3, 0.4)
            piece.write(play.tick, 95, start_s + (k + 0.5) * half, 0.06, 0.13, 0.4)
    piece.write(play.bass, basses[-1], piece.end_s, piece.ring_s * 0.7, 0.3)
    _hit(piece, piece.end_s, 0.9)
    for at_s in piece.accents_s:
        _hit(piece, at_s, 0.6)


def _hit(piece: Piece, at_s: float, gain: float) -> None:
    piece.write(play.taiko, 33, at_s, 1.4, gain)


def _dark(piece: Piece) -> None:
    """Low voices that barely move, a bell that tolls above them, and a slow pulse under the floor."""
    basses, voiced = piece.bass_pitches(31), piece.voicings(50)
    for (start_s, length_s, _, last), low, voices in zip(piece.spans(), basses, voiced, strict=True):
        piece.write(play.bass, low, start_s, length_s, 0.2)
        for k, pitch in enumerate(voices):
            piece.write(play.pad, pitch, start_s, length_s + 0.3, 0.13, -0.6 + 0.6 * k)
        piece.write(play.strings, voices[0] + 13, start_s + 0.3 * length_s, 0.6 * length_s, 0.03, 0.5)
        piece.write(play.taiko, 30, start_s, 1.4, 0.6)
        if not last:
            piece.write(play.taiko, 30, start_s + 0.3 * piece.beat_s, 1.2, 0.35)
    for at_s, pitch, length_s in piece.melody(55, ((2,), (1.5, 0.5), (1, 1))):
        piece.write(play.low_bell, pitch, at_s, length_s, 0.3, 0.2)


def _epic(piece: Piece) -> None:
    """Great drums, strings that gallop, and horns that carry the tune to a last full chord."""
    quarter = piece.beat_s / 4
    basses, voiced = piece.bass_pitches(33), piece.voicings(58)
    for (start_s, length_s, _, last), low, voices in zip(piece.spans(), basses, voiced, strict=True):
        full = 1.6 if last else 1.0
        for k, pitch in enumerate(voices):
            piece.write(play.brass, pitch, start_s, length_s * 0.96, 0.16 * full, -0.4 + 0.4 * k)
            piece.write(play.strings, pitch + 12, start_s, length_s, 0.07 * full, 0.5 - 0.5 * k)
        piece.write(play.brass, low + 12, start_s, length_s * 0.96, 0.2 * full)
        piece.write(play.bass, low, start_s, length_s * 0.96, 0.16 * full)
        if not last:
            for k in range(8):
                bounce = (voices[0], voices[1], voices[0], voices[2])[k % 4]
                gain = 0.42 if k % 2 == 0 else 0.26
                piece.write(play.spiccato, bounce, start_s + k * quarter, quarter, gain, 0.3)
            for beats, gain in ((0.0, 1.0), (0.75, 0.5), (1.0, 0.75), (1.5, 0.55), (1.75, 0.4)):
                pitch = 36 if gain < 0.6 else 32
                piece.write(play.taiko, pitch, start_s + beats * piece.beat_s, 1.2, gain, 0.1)
    for at_s, pitch, length_s in piece.melody(62, ((1.5, 0.5), (1, 1), (2,))):
        piece.write(play.brass, pitch, at_s, length_s * 0.97, 0.3, -0.1)
    _hit(piece, piece.end_s, 1.3)
    swell_s = min(1.5, 0.7 * piece.end_s)
    piece.write(play.cymbal_swell, 60, piece.end_s - swell_s, swell_s, 0.14)
    for at_s in piece.accents_s:
        _hit(piece, at_s, 1.1)


def _mysterious(piece: Piece) -> None:
    """A celesta that wanders through strange chords over a still pad, and plucked bass notes."""
    half = piece.beat_s / 2
    basses, voiced = piece.bass_pitches(40), piece.voicings(72)
    for (start_s, length_s, _, last), low, voices in zip(piece.spans(), basses, voiced, strict=True):
        order = piece.generator.permutation([*voices, voices[0] + 12]).tolist()
        for k, pitch in enumerate(order):
            step = half if not last else 0.18
            piece.write(play.celesta, pitch, start_s + k * step, 1.4, 0.32, 0.5 * (-1) ** k)
        for k, pitch in enumerate(voices):
            piece.write(play.pad, pitch - 12, start_s, length_s, 0.055, -0.5 + 0.5 * k)
        piece.write(play.plucked, low, start_s, 1.0, 0.7, -0.1)
        piece.write(play.bass, low - 12, start_s, length_s, 0.05)
        if not last:
            piece.write(play.plucked, low + 7, start_s + piece.beat_s * 1.5, 0.8, 0.4, 0.1)


def _dreamy(piece: Piece) -> None:
    """Wide chords with sevenths and ninths, and a shimmering harp that answers itself."""
    half = piece.beat_s / 2
    basses, voiced = piece.bass_pitches(40), piece.voicings(62, 4)
    for (start_s, length_s, _, last), low, voices in zip(piece.spans(), basses, voiced, strict=True):
        for k, pitch in enumerate(voices):
            piece.write(play.pad, pitch, start_s, length_s + 0.4, 0.07, -0.7 + 0.45 * k)
            piece.write(play.strings, pitch + 12, start_s, length_s, 0.02, 0.7 - 0.45 * k)
        piece.write(play.bass, low, start_s, length_s, 0.08)
        for k, pitch in enumerate([*voices, *voices[1::-1]][:4]):
            at_s = start_s + k * (half if not last else 0.22)
            for echo, gain in enumerate((0.5, 0.22, 0.1)):
                side = 0.6 * (-1) ** (k + echo)
                piece.write(play.plucked, pitch + 12, at_s + echo * 0.75 * piece.beat_s, 0.8, gain, side)
            piece.write(play.celesta, pitch + 24, at_s, 1.0, 0.1, -0.4 * (-1) ** k)
    for at_s, pitch, length_s in piece.melody(72, ((2,), (1.5, 0.5), (1, 1))):
        piece.write(play.celesta, pitch, at_s, length_s, 0.22, 0.2)


STYLES: dict[Mood, Style] = {
    "sad": Style(
        {"slow": 56, "medium": 66, "fast": 80},
        _MINOR,
        ("i VI III VII", "i iv VI v", "i v VI iv", "i III VI iv"),
        ("iv6", "i9"),
        _sad,
        1.8,
        0.15,
    ),
    "tense": Style(
        {"slow": 92, "medium": 112, "fast": 138},
        _PHRYGIAN,
        ("i i bII i", "i bII i vii°", "i i #iv° bII"),
        ("bII", "i"),
        _tense,
        1.3,
        0.08,
    ),
    "dark": Style(
        {"slow": 48, "medium": 58, "fast": 74},
        _HARMONIC,
        ("i bII i #iv°", "i VI bII i", "i iv ii° vii°"),
        ("bII", "i"),
        _dark,
        2.6,
        0.2,
    ),
    "epic": Style(
        {"slow": 84, "medium": 100, "fast": 124},
        _MINOR,
        ("i VI III VII", "i VII VI VII", "i III VII iv", "VI VII i III"),
        ("VII", "i"),
        _epic,
        2.0,
        0.1,
    ),
    "mysterious": Style(
        {"slow": 66, "medium": 84, "fast": 104},
        _LYDIAN,
        ("I II I+ II+", "I+ II+ I II", "I #iv° II iii", "I iii II+ I+"),
        ("II+", "I"),
        _mysterious,
        2.2,
        0.2,
    ),
    "dreamy": Style(
        {"slow": 60, "medium": 72, "fast": 90},
        _MAJOR,
        ("I9 IV9 vi9 ii9", "vi9 IV9 I9 ii9", "I9 vi9 ii9 IV9"),
        ("ii9", "I9"),
        _dreamy,
        2.6,
        0.25,
    ),
}
"""The moods that are composed."""
