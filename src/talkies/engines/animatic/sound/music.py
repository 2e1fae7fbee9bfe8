"""Music for a clip: cut from a recording where one fits the mood, composed where none does."""

from __future__ import annotations

from collections.abc import Sequence

from talkies.engines.animatic.sound import composition, recordings
from talkies.engines.animatic.sound.metre import Metre
from talkies.engines.animatic.sound.synthesis import Generator, Signal, at_loudness, band
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
"""What `composition` plays each of its moods on, as a listener would name it."""
_BRIGHT_HZ = 2500.0  # playful is happy with a lift above this


def metre(
    mood: Mood,
    *,
    tempo: Tempo | None,
    kind: MusicKind | None = None,
    sample_count: int,
    seed: int,
    accents: Sequence[int] = (),
) -> Metre:
    """Tell where the beats of `score` will fall, so that a clip can be cut to its music.

    `accents` are sample positions, such as cuts, that the beats should lie near. A bar begins within half a
    beat of the clip's start.
    """
    if mood in composition.STYLES:
        return composition.metre(mood, tempo=tempo, sample_count=sample_count, accents=accents)
    return recordings.metre(
        _recorded(mood), tempo=tempo, kind=kind, generator=rng(seed, "music", mood), accents=accents
    )


def played_by(mood: Mood, kind: MusicKind | None) -> str:
    """Say in plain words what plays the music of a mood: "piano and strings"."""
    if mood in composition.STYLES:
        return " and ".join(ENSEMBLES[mood])
    return f"{kind or 'acoustic or electronic'} instruments that cannot be chosen one by one"


def score(
    mood: Mood,
    *,
    tempo: Tempo | None,
    kind: MusicKind | None = None,
    sample_count: int,
    seed: int,
    accents: Sequence[int] = (),
    beats: Metre | None = None,
) -> Samples:
    """Make music of `(sample_count, 2)` float32, 48 kHz, at `MUSIC_LUFS` (ITU-R BS.1770-4).

    `accents` are sample positions, such as cuts; the music has died away at the end. Another seed gives
    another recording and bar, or another key, progression and tune. `beats` is what `metre` told for the
    same wishes; without it the beats lie as near to the accents as they can.
    """
    beats = beats or metre(
        mood, tempo=tempo, kind=kind, sample_count=sample_count, seed=seed, accents=accents
    )
    generator = rng(seed, "music", mood)
    return at_loudness(_play(mood, tempo, kind, sample_count, generator, accents, beats), MUSIC_LUFS)


def _play(
    mood: Mood,
    tempo: Tempo | None,
    kind: MusicKind | None,
    sample_count: int,
    generator: Generator,
    accents: Sequence[int],
    beats: Metre,
) -> Signal:
    if mood in composition.STYLES:
        return composition.compose(
            mood, beat_s=beats.beat_s, sample_count=sample_count, generator=generator, accents=accents
        )
    music = recordings.excerpt(
        _recorded(mood),
        tempo=tempo,
        kind=kind,
        sample_count=sample_count,
        generator=generator,
        first_beat_s=beats.first_beat_s,
    )
    return music + 0.5 * band(music, _BRIGHT_HZ, None) if mood == "playful" else music


def _recorded(mood: Mood) -> Mood:
    """Name the mood whose recordings are played."""
    return "happy" if mood == "playful" else mood
