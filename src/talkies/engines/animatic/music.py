"""Music for a clip: cut from a recording where one fits the mood, composed where none does."""

from __future__ import annotations

from collections.abc import Sequence

from talkies.engines.animatic import composition, recordings
from talkies.engines.animatic.synthesis import Generator, Signal, at_loudness, band
from talkies.media import Samples, rng
from talkies.plan import Mood, Tempo

MUSIC_LUFS = -20.0
_BRIGHT_HZ = 2500.0  # playful is happy with a lift above this


def score(
    mood: Mood,
    *,
    tempo: Tempo | None,
    sample_count: int,
    seed: int,
    accents: Sequence[int] = (),
) -> Samples:
    """Make music of `(sample_count, 2)` float32, 48 kHz, at `MUSIC_LUFS` (ITU-R BS.1770-4).

    `accents` are sample positions, such as cuts, that the music should meet on a beat. The music begins on
    a beat and has died away at the end. Another seed gives another recording and bar, or another key,
    progression and tune.
    """
    generator = rng(seed, "music", mood)
    return at_loudness(_play(mood, tempo, sample_count, generator, accents), MUSIC_LUFS)


def _play(
    mood: Mood, tempo: Tempo | None, sample_count: int, generator: Generator, accents: Sequence[int]
) -> Signal:
    if mood in composition.STYLES:
        return composition.compose(
            mood, tempo=tempo, sample_count=sample_count, generator=generator, accents=accents
        )
    recorded: Mood = "happy" if mood == "playful" else mood
    music = recordings.excerpt(
        recorded, tempo=tempo, sample_count=sample_count, generator=generator, accents=accents
    )
    return music + 0.5 * band(music, _BRIGHT_HZ, None) if mood == "playful" else music
