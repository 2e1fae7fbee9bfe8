"""The moods that are composed: how each is harmonised, and what its ensemble plays."""

from __future__ import annotations

from talkies.engines.animatic.sound import instruments as play
from talkies.engines.animatic.sound.composition import Piece, Style
from talkies.plan import Mood

_MINOR, _HARMONIC = (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 8, 11)
_LYDIAN, _MAJOR, _PHRYGIAN = (0, 2, 4, 6, 7, 9, 11), (0, 2, 4, 5, 7, 9, 11), (0, 1, 3, 5, 7, 8, 10)


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
