"""Music is judged by what a listener would notice: beginning, ending, beat, harmony, balance."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np
import pyloudnorm
import pytest
import soundfile
from numpy.typing import NDArray

from talkies.engines.animatic.sound import composition, music
from talkies.engines.animatic.sound.music import Wishes
from talkies.engines.animatic.sound.styles import STYLES
from talkies.media import Samples
from talkies.plan import Mood, MusicKind, Tempo
from talkies.spec import SAMPLE_RATE

MOODS: tuple[Mood, ...] = get_args(Mood)
COMPOSED = tuple(STYLES)
RECORDED = tuple(mood for mood in MOODS if mood not in COMPOSED)
FIVE_SECONDS = 5 * SAMPLE_RATE


@cache
def five_seconds(mood: Mood, seed: int = 4) -> Samples:
    return music.score(Wishes(mood, FIVE_SECONDS, seed))


def onset_strength(samples: Samples) -> NDArray[np.float64]:
    """How much the spectrum grows, each 5 ms."""
    mono = samples.astype(np.float64).mean(axis=1)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(mono, 512), 1024)[::240] * np.hanning(1024)
    grown = np.diff(np.log1p(100 * np.abs(np.fft.rfft(frames, axis=1))), axis=0, prepend=0)
    strength: NDArray[np.float64] = np.maximum(grown, 0).sum(axis=1)
    return strength


def piece(mood: Mood, seed: int, seconds: int = 8) -> composition.Piece:
    """Sketch a piece without playing it."""
    sample_count = seconds * SAMPLE_RATE
    return composition.sketch(
        STYLES[mood],
        beat_s=composition.metre(STYLES[mood], tempo=None, sample_count=sample_count).beat_s,
        sample_count=sample_count,
        generator=np.random.default_rng(seed),
    )


@pytest.mark.parametrize("mood", MOODS)
def test_music_is_clean_stereo_at_its_loudness(mood: Mood) -> None:
    samples = five_seconds(mood)

    loudness = pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(samples.astype(np.float64))
    assert samples.shape == (FIVE_SECONDS, 2)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() < 0.95
    assert abs(float(samples[:, 0].mean())) < 2e-3
    assert np.vdot(samples[:, 0], samples[:, 1]) > 0
    assert loudness == pytest.approx(music.MUSIC_LUFS, abs=0.5)


@pytest.mark.parametrize("mood", MOODS)
def test_music_dies_away_before_the_clip_ends(mood: Mood) -> None:
    levels = np.abs(five_seconds(mood)).reshape(-1, SAMPLE_RATE // 10, 2).max(axis=(1, 2))

    assert levels[-1] < 0.05 * levels.max()
    assert levels[-4] < 0.7 * levels.max()
    assert np.abs(five_seconds(mood)[-1]).max() < 1e-3


@pytest.mark.parametrize("mood", MOODS)
def test_music_fills_the_clip_without_a_hole(mood: Mood) -> None:
    levels = np.sqrt(
        np.mean(five_seconds(mood)[: 4 * SAMPLE_RATE].reshape(-1, SAMPLE_RATE // 2, 2) ** 2, axis=(1, 2))
    )

    assert levels.min() > 0.05 * levels.max()


@pytest.mark.parametrize("mood", MOODS)
def test_music_depends_on_its_seed_and_on_nothing_else(mood: Mood) -> None:
    again = music.score(Wishes(mood, FIVE_SECONDS, 4))
    other = music.score(Wishes(mood, FIVE_SECONDS, 5))

    assert np.array_equal(five_seconds(mood), again)
    assert abs(np.corrcoef(again[:, 0], other[:, 0])[0, 1]) < 0.5


@pytest.mark.parametrize("mood", MOODS)
def test_music_has_its_weight_where_recorded_music_has_it(mood: Mood) -> None:
    power = np.abs(np.fft.rfft(five_seconds(mood).mean(axis=1))) ** 2
    frequencies = np.fft.rfftfreq(FIVE_SECONDS, 1 / SAMPLE_RATE)

    def share_db(low_hz: float, high_hz: float) -> float:
        return float(
            10 * np.log10(power[(frequencies >= low_hz) & (frequencies < high_hz)].sum() / power.sum())
        )

    assert share_db(20, 400) > -12
    assert share_db(400, 1500) > -14
    assert share_db(1500, 5000) > -32
    assert share_db(20, 30) < -18


@pytest.mark.parametrize("mood", ["tense", "epic", "energetic", "happy"])
def test_rhythmic_moods_have_a_beat(mood: Mood) -> None:
    strength = onset_strength(music.score(Wishes(mood, 2 * FIVE_SECONDS, 2)))[:1600]
    strength -= strength.mean()

    likeness = np.correlate(strength, strength, "full")[len(strength) - 1 :]

    assert likeness[40:200].max() > 0.2 * likeness[0]


@pytest.mark.parametrize("mood", RECORDED)
def test_an_excerpt_begins_with_a_note(mood: Mood) -> None:
    strength = onset_strength(five_seconds(mood))

    assert strength[:16].max() > 1.5 * np.median(strength)


@pytest.mark.parametrize("mood", COMPOSED)
def test_a_faster_tempo_has_shorter_beats(mood: Mood) -> None:
    slow, fast = (
        composition.metre(STYLES[mood], tempo=tempo, sample_count=12 * SAMPLE_RATE).beat_s
        for tempo in get_args(Tempo)[::2]
    )

    assert fast < slow


@pytest.mark.parametrize("mood", COMPOSED)
@pytest.mark.parametrize("seconds", [4, 7, 12])
def test_a_piece_ends_on_its_tonic_and_lets_it_ring(mood: Mood, seconds: int) -> None:
    composed = piece(mood, seed=3, seconds=seconds)

    assert composed.chords[-1][0] == 0
    assert 1.0 < composed.ring_s < 3.0
    assert composed.end_s + composed.ring_s == pytest.approx(seconds)


@pytest.mark.parametrize("mood", COMPOSED)
def test_voices_move_by_small_steps(mood: Mood) -> None:
    led = np.array(piece(mood, seed=6, seconds=12).voicings(60))

    assert np.abs(np.diff(led, axis=0)).max() <= 6
    assert np.abs(np.diff(led, axis=0)).mean() < 3.5
    assert led.min() > 42
    assert led.max() < 80


def test_seeds_give_other_keys_and_progressions() -> None:
    pieces = [piece("sad", seed) for seed in range(12)]

    assert len({composed.tonic for composed in pieces}) >= 5
    assert len({composed.chords for composed in pieces}) >= 3


@pytest.mark.parametrize("mood", ["epic", "calm"])
def test_beats_are_moved_to_meet_a_cut(mood: Mood) -> None:
    cut = 3 * SAMPLE_RATE + 11_000

    metre = music.metre(Wishes(mood, 7 * SAMPLE_RATE, 0, accents=(cut,)))

    beats = (cut / SAMPLE_RATE - metre.first_beat_s) / metre.beat_s
    assert abs(beats - round(beats)) < 0.2


@pytest.mark.parametrize("mood", ["energetic", "happy", "dreamy"])
def test_notes_begin_on_the_beats_that_are_foretold(mood: Mood) -> None:
    on_beat: list[float] = []
    off_beat: list[float] = []
    for seed in range(4):
        cut = (130_000,)
        strength = onset_strength(music.score(Wishes(mood, 2 * FIVE_SECONDS, seed, accents=cut)))
        metre = music.metre(Wishes(mood, 2 * FIVE_SECONDS, seed, accents=cut))
        for beat_s in metre.beats(0.3, 6.0):
            for heard, moment_s in ((on_beat, beat_s), (off_beat, beat_s + 0.3 * metre.beat_s)):
                heard.append(strength[round(moment_s * 200) - 5 : round(moment_s * 200) + 6].max())

    assert np.mean(on_beat) > 2 * np.mean(off_beat)


def test_a_drum_is_struck_on_a_cut() -> None:
    cut = round(2.4 * SAMPLE_RATE)
    step = SAMPLE_RATE // 100

    plain, struck = (
        music.score(Wishes("epic", FIVE_SECONDS, 9, accents=accents)) for accents in ((), (cut,))
    )

    def low(samples: Samples) -> float:
        around = samples[cut : cut + 10 * step].mean(axis=1)
        return float(np.sqrt(np.mean(around**2)))

    assert low(struck) > low(plain)


def test_playful_is_brighter_than_happy() -> None:
    def brightness(mood: Mood) -> float:
        shares = []
        for seed in range(4):
            power = np.abs(np.fft.rfft(five_seconds(mood, seed).mean(axis=1))) ** 2
            shares.append(power[3000 * 5 :].sum() / power.sum())
        return float(np.mean(shares))

    assert brightness("playful") > brightness("happy")


@pytest.mark.parametrize("mood", RECORDED)
@pytest.mark.parametrize("kind", ["acoustic", "electronic"])
def test_a_recording_is_of_the_kind_that_is_asked_for(
    mood: Mood, kind: MusicKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def opening(path: Path) -> soundfile.SoundFile:
        opened.append(path.name)
        return sound_file(path)

    sound_file = soundfile.SoundFile
    monkeypatch.setattr(soundfile, "SoundFile", opening)

    for seed in range(6):
        music.score(Wishes(mood, FIVE_SECONDS, seed, kind=kind))

    assert len(opened) == 6
    assert all(kind in name for name in opened)
