"""Music for a clip: cut from a recording where one fits the mood, composed where none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from talkies.engines.animatic.sound import composition, recordings
from talkies.engines.animatic.sound.metre import Metre
from talkies.engines.animatic.sound.styles import STYLES
from talkies.engines.animatic.sound.synthesis import Signal, at_loudness, band
from talkies.media import Samples, rng
from talkies.plan import Mood, MusicKind, Tempo

MUSIC_LUFS = -20.0
ENSEMBLES: dict[Mood, tuple[str, ...]] = {
    "sad": ("piano", "strings"),
    "tense": ("strings", "drums"),
    "dark": ("strings", "drums"),
    "epic": ("brass", "strings", "drums"),
    "mysterious": ("celesta", "plucked strings"),
    "dreamy": ("celesta", "strings"),
}
"""What each composed mood is played on, as a listener would name it."""
_BRIGHT_HZ = 2500.0  # playful is happy with a lift above this


@dataclass(frozen=True)
class Wishes:
    """What a clip asks of its music: its length, and as `accents` sample positions such as cuts, at 48 kHz.

    Another seed gives another recording and bar, or another key, progression and tune.
    """

    mood: Mood
    sample_count: int
    seed: int
    tempo: Tempo | None = None
    kind: MusicKind | None = None
    accents: Sequence[int] = ()


def metre(wishes: Wishes) -> Metre:
    """Tell where the beats of `score` will fall, so that a clip can be cut to its music.

    They lie near the accents. A bar begins within half a beat of the clip's start.
    """
    mood, tempo, accents = wishes.mood, wishes.tempo, wishes.accents
    if mood in STYLES:
        return composition.metre(STYLES[mood], tempo=tempo, sample_count=wishes.sample_count, accents=accents)
    return recordings.metre(
        _recorded(mood),
        tempo=tempo,
        kind=wishes.kind,
        generator=rng(wishes.seed, "music", mood),
        accents=accents,
    )


def played_by(mood: Mood, kind: MusicKind | None) -> str:
    """Say in plain words what plays the music of a mood: "piano and strings"."""
    if mood in STYLES:
        return " and ".join(ENSEMBLES[mood])
    return f"{kind or 'acoustic or electronic'} instruments that cannot be chosen one by one"


def score(wishes: Wishes, beats: Metre | None = None) -> Samples:
    """Make music of `(sample_count, 2)` float32, 48 kHz, at `MUSIC_LUFS` (ITU-R BS.1770-4).

    It has died away at the end. `beats` is what `metre` told for the same wishes; without it the beats lie
    as near to the accents as they can.
    """
    return at_loudness(_play(wishes, beats or metre(wishes)), MUSIC_LUFS)


def _play(wishes: Wishes, beats: Metre) -> Signal:
    mood, sample_count = wishes.mood, wishes.sample_count
    generator = rng(wishes.seed, "music", mood)
    if mood in STYLES:
        return composition.compose(
            STYLES[mood],
            beat_s=beats.beat_s,
            sample_count=sample_count,
            generator=generator,
            accents=wishes.accents,
        )
    music = recordings.excerpt(
        _recorded(mood),
        tempo=wishes.tempo,
        kind=wishes.kind,
        sample_count=sample_count,
        generator=generator,
        first_beat_s=beats.first_beat_s,
    )
    return music + 0.5 * band(music, _BRIGHT_HZ, None) if mood == "playful" else music


def _recorded(mood: Mood) -> Mood:
    """Name the mood whose recordings are played."""
    return "happy" if mood == "playful" else mood
