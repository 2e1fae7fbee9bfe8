"""The steps between a text and its speech: reading, timing, changing the voice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.sound import english_voice
from talkies.engines.animatic.sound.delivery import VOICES, delivery
from talkies.engines.animatic.sound.spoken_text import MAX_LETTERS, readable
from talkies.engines.animatic.sound.time_stretch import hastened
from talkies.engines.animatic.sound.utterance import FRAME, VOICE_RATE, Utterance, joined, silence, trimmed
from talkies.engines.animatic.sound.voice_conversion import UNCHANGED, Timbre, converted
from talkies.media import rng
from talkies.plan import Phoneme


def tone(hz: float, duration_s: float) -> Utterance:
    """Make a harmonic tone like a steady vowel, with one phoneme over all of it."""
    frames = round(duration_s * VOICE_RATE / FRAME)
    time_s = np.arange(frames * FRAME) / VOICE_RATE
    partials = range(1, int(8000 / hz))
    samples = sum(np.sin(2 * np.pi * hz * n * time_s) / n for n in partials) * np.float64(0.2)
    phoneme = Phoneme(symbol="a", start_s=0.0, end_s=frames * FRAME / VOICE_RATE)
    return Utterance(np.asarray(samples, np.float32), np.full(frames, hz), (phoneme,))


def strongest_hz(samples: NDArray[np.float32]) -> float:
    magnitude = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.fft.rfftfreq(samples.size, 1 / VOICE_RATE)[int(magnitude.argmax())])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  “Hello,” *she* _said_. ", "Hello, she said."),
        ("<i>Run!</i> 🏃", "Run!"),
        ("[here](https://example.com)", "here"),
        ("don’t ‘stop’", "don't stop"),
        ("HELP US, I AM HERE", "help us, I am here"),
        ("NASA", "NASA"),
        ("Nooooo", "Noo"),
        ("zero\u200bwidth", "zerowidth"),
        ("20°", "20°"),
        ("「你好」", "你好"),
    ],
)
def test_only_what_is_read_aloud_remains(text: str, expected: str) -> None:
    assert readable(text) == expected


def test_a_long_text_ends_with_a_whole_sentence() -> None:
    short = readable("One two three. " * 200)

    assert len(short) <= MAX_LETTERS
    assert short.endswith("three.")


def test_durations_come_out_beside_the_spectra() -> None:
    names = english_voice._output_names(english_voice._voice())

    assert english_voice._DURATIONS in names


def test_durations_add_up_to_the_sound() -> None:
    loaded = english_voice._voice()
    letters = loaded.phonemize("Durations add up to the sound.")[0]

    spoken, steps = english_voice._spoken(letters, 1.0, rng(1))

    assert steps is not None
    assert round(steps * 600) == spoken.samples.size


def test_a_model_without_the_tensor_stays_as_it_is() -> None:
    assert english_voice.with_output(b"model", "/Clip_output_0") == b"model"


def test_phonemes_are_timed_by_loudness_when_the_voice_hides_its_durations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "Please open the window, before dinner."
    exact = joined(english_voice.synthesise(text, 1.0, 1))
    monkeypatch.setattr(english_voice, "_DURATIONS", "/renamed")
    english_voice._voice.cache_clear()
    english_voice._passage.cache_clear()
    try:
        guessed = joined(english_voice.synthesise(text, 1.0, 1))
    finally:
        english_voice._voice.cache_clear()
        english_voice._passage.cache_clear()

    assert [p.symbol for p in guessed.phonemes] == [p.symbol for p in exact.phonemes]
    late_s = [g.start_s - e.start_s for g, e in zip(guessed.phonemes, exact.phonemes, strict=True)]
    assert np.abs(late_s).max() < 0.3
    assert np.mean(np.abs(late_s)) < 0.1


def test_phonemes_are_written_in_ipa() -> None:
    spoken = joined(english_voice.synthesise("Oh my, how joyful they go!", 1.0, 1))

    symbols = "".join(phoneme.symbol for phoneme in spoken.phonemes)
    assert {"oʊ", "aɪ", "aʊ", "ɔɪ", "eɪ"} <= {phoneme.symbol for phoneme in spoken.phonemes}
    assert not set(symbols) & set("AIOWYQTˈˌ !,")


def test_sentences_are_parted_by_a_pause() -> None:
    spoken = joined(english_voice.synthesise("Go there. Come back.", 1.0, 1))

    gaps = [after.start_s - before.end_s for before, after in itertools.pairwise(spoken.phonemes)]
    assert max(gaps) > 0.2
    assert sum(gap > 0.15 for gap in gaps) == 1


def test_joined_utterances_keep_their_times() -> None:
    whole = joined([tone(200, 0.5), silence(0.25), tone(200, 0.5)])

    assert whole.duration_s == pytest.approx(1.25)
    assert whole.pitch_hz.size * FRAME == whole.samples.size
    assert [phoneme.start_s for phoneme in whole.phonemes] == pytest.approx([0, 0.75])


def test_trimming_takes_away_silence_and_shifts_the_times() -> None:
    speech = trimmed(joined([silence(0.5), tone(200, 0.5), silence(0.5)]))

    assert 0.5 <= speech.duration_s < 0.62
    assert 0 <= speech.phonemes[0].start_s < 0.05
    assert abs(float(speech.samples[0])) < 1e-3
    assert speech.pitch_hz.size * FRAME == speech.samples.size


def test_silence_trims_to_nothing() -> None:
    assert trimmed(silence(1.0)).samples.size == 0


@pytest.mark.parametrize("pitch", [0.57, 1.38])
def test_the_vocoder_moves_the_pitch_and_keeps_the_time(pitch: float) -> None:
    source = tone(200, 0.8)
    moved = converted(source, Timbre(pitch=pitch), rng(1))

    assert moved.samples.size == source.samples.size
    assert moved.phonemes == source.phonemes
    assert strongest_hz(moved.samples) == pytest.approx(200 * pitch, rel=0.03)


def test_voiceless_sound_does_not_pass_through_the_vocoder() -> None:
    noise = rng(1).normal(0, 0.1, FRAME * 100).astype(np.float32)
    source = Utterance(noise, np.zeros(100))

    moved = converted(source, Timbre(pitch=0.5), rng(1))

    inner = slice(4 * FRAME, -4 * FRAME)  # where all windows overlap
    assert np.allclose(moved.samples[inner], noise[inner], atol=1e-4)


def test_an_unchanged_timbre_touches_nothing() -> None:
    source = tone(200, 0.3)

    assert np.array_equal(converted(source, UNCHANGED, rng(1)).samples, source.samples)


@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_haste_changes_the_length_and_not_the_pitch(factor: float) -> None:
    source = tone(200, 1.0)
    hasty = hastened(source, factor)

    assert hasty.duration_s == pytest.approx(1 / factor, abs=0.01)
    assert strongest_hz(hasty.samples) == pytest.approx(200, abs=2)
    assert hasty.phonemes[0].end_s == pytest.approx(hasty.duration_s, abs=0.01)
    loudness = np.sqrt(np.mean(hasty.samples.reshape(-1, FRAME)[10:-10] ** 2, axis=1))
    assert loudness.max() / loudness.min() < 1.2


def test_manners_add_up() -> None:
    both = delivery("man", ["softly", "and slowly"])

    assert both.pace == pytest.approx(0.95 * 0.82)
    assert both.level_db < 0
    assert both.timbre.pitch == VOICES["man"].timbre.pitch


@pytest.mark.parametrize("manner", ["with a brown hat", "", "说", "british accent"])
def test_words_that_say_nothing_about_the_sound_change_nothing(manner: str) -> None:
    assert delivery("woman", [manner]) == VOICES["woman"]


def test_a_chinese_character_counts_as_a_syllable() -> None:
    assert len(readable("你" * 5000)) == MAX_LETTERS // 4
