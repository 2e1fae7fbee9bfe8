"""The recorded music of the package `immich-memories-music`, cut on musical time.

The tracks are about 32 s long, 48 kHz stereo, made with ACE-Step and released under the MIT licence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
from immich_memories_music import tracks_dir

from talkies.engines.animatic.sound.metre import BEATS_IN_A_BAR, Metre
from talkies.engines.animatic.sound.synthesis import Generator, Signal, seconds
from talkies.plan import Mood, MusicKind, Tempo
from talkies.spec import SAMPLE_RATE

_LEAD_IN_S = 0.012  # begins so much before the beat, so that its attack is whole
_SHORTEST_FADE_S = 0.9


@dataclass(frozen=True)
class _Recording:
    """A track: its file under the package's folder, its tempo in beats a minute, its first downbeat."""

    file: str
    tempo: float
    downbeat_s: float


_RECORDINGS: dict[Mood, tuple[_Recording, ...]] = {
    "calm": (
        _Recording("calm/calm_acoustic_1.opus", 68.00, 0.48),
        _Recording("calm/calm_acoustic_s411.opus", 68.00, 0.45),
        _Recording("calm/calm_acoustic_s522.opus", 67.97, 3.30),
        _Recording("calm/calm_electronic_s411.opus", 71.51, 0.34),
        _Recording("calm/calm_electronic_s522.opus", 71.50, 2.94),
    ),
    "energetic": (
        _Recording("energetic/energetic_acoustic_1.opus", 133.06, 0.87),
        _Recording("energetic/energetic_acoustic_2.opus", 132.92, 1.34),
        _Recording("energetic/energetic_acoustic_s522.opus", 133.02, 0.96),
        _Recording("energetic/energetic_electronic_2.opus", 150.00, 0.03),
        _Recording("energetic/energetic_electronic_s411.opus", 150.00, 1.59),
    ),
    "happy": (
        _Recording("happy/happy_acoustic_1.opus", 109.97, 2.17),
        _Recording("happy/happy_acoustic_2.opus", 109.97, 1.67),
        _Recording("happy/happy_acoustic_s411.opus", 109.51, 0.00),
        _Recording("happy/happy_electronic_1.opus", 123.00, 1.22),
        _Recording("happy/happy_electronic_2.opus", 123.98, 1.92),
        _Recording("happy/happy_electronic_s411.opus", 122.02, 0.76),
    ),
    "nostalgic": (
        _Recording("nostalgic/nostalgic_acoustic_1.opus", 78.62, 0.78),
        _Recording("nostalgic/nostalgic_acoustic_s411.opus", 77.96, 1.14),
        _Recording("nostalgic/nostalgic_acoustic_s522.opus", 78.00, 0.02),
        _Recording("nostalgic/nostalgic_electronic_2.opus", 84.67, 2.78),
        _Recording("nostalgic/nostalgic_electronic_s411.opus", 84.15, 1.04),
        _Recording("nostalgic/nostalgic_electronic_s522.opus", 84.67, 0.98),
    ),
    "tender": (
        _Recording("tender/tender_acoustic_1.opus", 90.02, 2.66),
        _Recording("tender/tender_acoustic_2.opus", 90.02, 2.01),
        _Recording("tender/tender_acoustic_s411.opus", 90.00, 0.00),
        _Recording("tender/tender_electronic_1.opus", 99.79, 0.86),
        _Recording("tender/tender_electronic_2.opus", 99.79, 0.85),
        _Recording("tender/tender_electronic_s411.opus", 99.79, 2.37),
    ),
}
"""Source of the tempos: the package's LICENSE-MUSIC, each refined within 0.8 %, with the phase of the beat,
by a comb over the onset strength; the downbeat is the beat in four at which the harmony changes most."""


def metre(
    mood: Mood,
    *,
    tempo: Tempo | None,
    kind: MusicKind | None = None,
    generator: Generator,
    accents: Sequence[int] = (),
) -> Metre:
    """Tell the beats of the excerpt that this generator chooses.

    `accents` are sample positions that should meet a beat; where they ask for it, the excerpt begins up to
    half a beat off its downbeat.
    """
    beat_s = 60 / _at_tempo(_of_kind(mood, kind), tempo, generator).tempo
    return Metre(beat_s, _LEAD_IN_S - _meet(accents, beat_s))


def excerpt(
    mood: Mood,
    *,
    tempo: Tempo | None,
    kind: MusicKind | None = None,
    sample_count: int,
    generator: Generator,
    first_beat_s: float,
) -> Signal:
    """Cut `(sample_count, 2)` from a track in this mood, fading out from a late beat.

    A downbeat of the track is heard at `first_beat_s`, as `metre` tells it for the same generator.
    """
    recording = _at_tempo(_of_kind(mood, kind), tempo, generator)
    beat_s = 60 / recording.tempo
    with soundfile.SoundFile(tracks_dir() / recording.file) as file:
        assert file.samplerate == SAMPLE_RATE
        bar_s = BEATS_IN_A_BAR * beat_s
        first = recording.downbeat_s - first_beat_s
        room_s = (file.frames - sample_count) / SAMPLE_RATE - first
        bars = [first + k * bar_s for k in range(int(max(room_s, 0) / bar_s) + 1) if first + k * bar_s >= 0]
        file.seek(seconds(bars[generator.integers(len(bars))]))
        music: Signal = file.read(sample_count, dtype="float64", always_2d=True)
    return music * _fades(sample_count, beat_s, first_beat_s)[:, None]


def _of_kind(mood: Mood, kind: MusicKind | None) -> Sequence[_Recording]:
    """Leave out what is played where electronic music is asked for, or the reverse; file names tell."""
    return [recording for recording in _RECORDINGS[mood] if kind is None or f"_{kind}_" in recording.file]


def _at_tempo(recordings: Sequence[_Recording], tempo: Tempo | None, generator: Generator) -> _Recording:
    """Choose by chance among the slower or the faster half when a tempo is asked for."""
    middle = float(np.median([recording.tempo for recording in recordings]))
    if tempo == "slow":
        recordings = [recording for recording in recordings if recording.tempo <= middle]
    elif tempo == "fast":
        recordings = [recording for recording in recordings if recording.tempo >= middle]
    return recordings[int(generator.integers(len(recordings)))]


def _meet(accents: Sequence[int], beat_s: float) -> float:
    """Say by how much to begin late, within half a beat, so that the accents lie nearest to beats."""
    if not accents:
        return 0.0
    turns = np.exp(2j * np.pi * np.asarray(accents) / SAMPLE_RATE / beat_s)
    return float(-np.angle(turns.sum()) / (2 * np.pi) * beat_s)


def _fades(sample_count: int, beat_s: float, first_beat_s: float) -> Signal:
    """Draw the gain: in at once, out along a raised cosine from the last beat that leaves it time."""
    gain = np.ones(sample_count)
    rise = seconds(_LEAD_IN_S)
    gain[:rise] = 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    latest_s = sample_count / SAMPLE_RATE - _SHORTEST_FADE_S
    last_beat_s = first_beat_s + beat_s * np.floor((latest_s - first_beat_s) / beat_s)
    start = min(max(seconds(last_beat_s), rise), sample_count)
    gain[start:] *= 0.5 + 0.5 * np.cos(
        np.pi * np.arange(1, sample_count - start + 1) / (sample_count - start)
    )
    return gain
