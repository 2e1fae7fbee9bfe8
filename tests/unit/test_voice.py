"""Speech as the plan and the soundtrack hear it: words, speakers, level, times, languages."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import get_args
from unittest.mock import Mock

import jiwer
import numpy as np
import pytest
import pyworld
from numpy.typing import NDArray
from pocketsphinx import Decoder
from scipy.signal import resample_poly

from talkies.engines.animatic.sound import english_voice, espeak, voice
from talkies.engines.animatic.sound.voice import Speech, speak, speakable, timing
from talkies.errors import BadOption
from talkies.plan import Being, Voice

SENTENCES = (
    "Please open the window before dinner.",
    "She said that seven people came to the party.",
    "My brother bought a new car last summer.",
    "Time and money never wait for anyone.",
)
LONGER = "She said that seven people came to the party, and my brother bought a new car last summer."
VOICES: tuple[Voice, ...] = get_args(Voice)
WOMAN: Voice = "woman"
MAN: Voice = "man"

needs_espeak = pytest.mark.skipif(not espeak.knows("es"), reason="the extra `languages` is not installed")

Recognise = Callable[[NDArray[np.float32]], str]


@pytest.fixture(scope="module")
def recognise() -> Recognise:
    decoder = Decoder(loglevel="FATAL")

    def words(samples: NDArray[np.float32]) -> str:
        sound = resample_poly(np.pad(samples.astype(np.float64), 9600), 1, 3) * 32_000
        decoder.start_utt()
        decoder.process_raw(sound.clip(-32_768, 32_767).astype(np.int16).tobytes(), full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        return str(hypothesis.hypstr) if hypothesis else ""

    return words


def plain(text: str) -> str:
    return text.lower().replace(",", "").rstrip(".")


def forget() -> None:
    own = voice._speak, voice._in_timbre, english_voice._passages, english_voice._passage
    for cached in (*own, espeak.synthesise):
        cached.cache_clear()


def test_a_line_is_read_once_and_synthesised_once_a_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    spoken = Mock(wraps=english_voice._spoken)
    read = Mock(wraps=english_voice._read)
    monkeypatch.setattr(english_voice, "_spoken", spoken)
    monkeypatch.setattr(english_voice, "_read", read)

    for pace in (1.0, 1.16):
        timing(SENTENCES[0], voice=MAN, pace=pace, seed=1)
    speak(SENTENCES[0], voice=MAN, pace=1.16, seed=1)

    assert (read.call_count, spoken.call_count) == (1, 2)


def median_pitch(speech: Speech) -> float:
    sound = resample_poly(speech.samples.astype(np.float64), 1, 3)
    pitch_hz, _ = pyworld.dio(sound, 16_000, 60.0, 600.0)
    return float(np.median(pitch_hz[pitch_hz > 0]))


def active_dbfs(speech: Speech) -> float:
    power = np.mean(speech.samples[: speech.samples.size // 240 * 240].reshape(-1, 240) ** 2, axis=1)
    return float(10 * np.log10(power[power > power.max() * 1e-3].mean()))


def envelope(speech: Speech) -> NDArray[np.float64]:
    """Give the mean spectral envelope of the voiced parts, of all of a whisper, in dB: 513 bins to 12 kHz."""
    sound = resample_poly(speech.samples.astype(np.float64), 1, 2)
    pitch_hz, times_s = pyworld.dio(sound, 24_000, 60.0, 600.0)
    power = pyworld.cheaptrick(sound, pitch_hz, times_s, 24_000)
    voiced = pitch_hz > 0
    return np.asarray(np.log10(power[voiced if voiced.any() else slice(None)]).mean(axis=0) * 10)


def formant_ratio(one: Speech, other: Speech) -> float:
    """Give the factor by which `other`'s envelope lies higher than `one`'s, where the two agree best."""
    hz = np.linspace(0, 12_000, 513)
    probe_hz = np.geomspace(500, 4500, 200)
    first, second = envelope(one), envelope(other)

    def agreement(ratio: float) -> float:
        moved = np.interp(probe_hz * ratio, hz, second)
        return float(np.corrcoef(np.interp(probe_hz, hz, first), moved)[0, 1])

    return max(np.arange(0.75, 1.26, 0.01), key=agreement)


@pytest.mark.parametrize(
    ("speaker", "most_errors"),
    [
        ("woman", 0.1),
        ("man", 0.1),
        ("girl", 0.25),  # the recogniser was trained on adults
        ("boy", 0.2),
        ("old_woman", 0.12),
        ("old_man", 0.12),
        ("narrator", 0.1),
    ],
)
def test_the_words_of_every_voice_are_recognised(
    speaker: Voice, most_errors: float, recognise: Recognise
) -> None:
    heard = [recognise(speak(sentence, voice=speaker, seed=1).samples) for sentence in SENTENCES]

    assert jiwer.wer([plain(sentence) for sentence in SENTENCES], heard) <= most_errors


@pytest.mark.parametrize("speaker", ["man", "woman"])
def test_three_speakers_of_one_voice_sound_different(speaker: Voice) -> None:
    speeches = [speak(LONGER, voice=speaker, speaker_number=number, seed=1) for number in range(3)]

    first, lower, higher = (median_pitch(speech) for speech in speeches)
    assert lower < 0.92 * first
    assert higher > 1.08 * first
    assert formant_ratio(speeches[0], speeches[1]) < 0.98
    assert {speech.samples.size for speech in speeches} == {speeches[0].samples.size}


def test_two_whispers_differ_by_their_formants() -> None:
    one, other = (
        speak(LONGER, voice="woman", speaker_number=number, manner=["whispering"], seed=1)
        for number in (0, 1)
    )

    assert formant_ratio(one, other) < 0.98


@pytest.mark.parametrize(
    ("speaker", "number", "being", "most_errors"),
    [
        ("man", 1, None, 0.1),
        ("man", 2, None, 0.1),
        ("woman", 1, None, 0.1),
        ("woman", 2, None, 0.1),
        ("man", 0, "machine", 0.15),
        ("woman", 0, "machine", 0.15),
        ("woman", 0, "small_animal", 0.1),
        ("woman", 0, "large_animal", 0.1),
    ],
)
def test_the_words_of_other_speakers_and_beings_are_recognised(
    speaker: Voice, number: int, being: Being | None, most_errors: float, recognise: Recognise
) -> None:
    heard = [
        recognise(speak(sentence, voice=speaker, speaker_number=number, being=being, seed=1).samples)
        for sentence in SENTENCES
    ]

    assert jiwer.wer([plain(sentence) for sentence in SENTENCES], heard) <= most_errors


def test_a_machine_speaks_on_one_note_and_rings() -> None:
    man, machine = (speak(LONGER, voice="man", being=being, seed=1) for being in (None, "machine"))

    assert _melody(machine) < 0.4 * _melody(man)
    assert _ringing(machine) > _ringing(man) + 0.1
    assert machine.phonemes == man.phonemes


def _melody(speech: Speech) -> float:
    """Give how far the pitch rises and falls, in octaves."""
    sound = resample_poly(speech.samples.astype(np.float64), 1, 3)
    pitch_hz, _ = pyworld.dio(sound, 16_000, 60.0, 600.0)
    low, high = np.percentile(np.log2(pitch_hz[pitch_hz > 0]), [20, 80])
    return float(high - low)


def _ringing(speech: Speech) -> float:
    """Give how like the sound is to itself one echo of the metal earlier, without its pitch."""
    sound = np.diff(speech.samples.astype(np.float64), 3)
    late = round(0.0052 * 48_000)
    product = np.array([np.dot(sound[late + by : -1], sound[: -1 - late - by]) for by in range(-9, 10)])
    return float(np.abs(product).max() / np.dot(sound, sound))


def test_an_animal_speaks_as_high_as_it_is_small() -> None:
    small, usual, large = (
        median_pitch(speak(LONGER, voice="woman", being=being, seed=1))
        for being in ("small_animal", None, "large_animal")
    )

    assert small > 1.15 * usual
    assert large < 0.7 * usual


@pytest.mark.parametrize("chorus", [("man",), ("woman",), ("man", "girl")])
def test_a_chorus_keeps_the_time_and_the_words_of_its_first_voice(
    chorus: tuple[Voice, ...], recognise: Recognise
) -> None:
    alone, together = (speak(LONGER, voice=WOMAN, chorus=others, seed=1) for others in ((), chorus))

    assert together.phonemes == alone.phonemes
    assert together.samples.size == alone.samples.size
    assert jiwer.wer(plain(LONGER), recognise(together.samples)) <= 0.15


def test_each_voice_of_a_chorus_is_heard() -> None:
    def strength(speech: Speech) -> float:
        """How much of the sound lies where a man's pitch does and a woman's does not."""
        power = np.abs(np.fft.rfft(speech.samples)) ** 2
        hertz = np.fft.rfftfreq(speech.samples.size, 1 / 48_000)
        return float(power[(hertz > 80) & (hertz < 140)].sum() / power.sum())

    woman, man = (strength(speak(LONGER, voice=alone, seed=1)) for alone in (WOMAN, MAN))
    pair = strength(speak(LONGER, voice=WOMAN, chorus=[MAN], seed=1))

    assert 5 * woman < pair < man


@pytest.mark.parametrize(("manner", "most"), [((), 0.9), (("whispering",), 0.95)])
def test_a_voice_that_is_in_a_chorus_twice_is_two_people(manner: tuple[str, ...], most: float) -> None:
    alone, together = (
        speak(LONGER, voice=MAN, chorus=others, manner=manner, seed=1) for others in ((), (MAN,))
    )
    delayed = np.pad(alone.samples, (672, 0))[: alone.samples.size]

    # One voice with its own echo would be the sum of the two.
    echo = alone.samples + 0.7 * delayed
    assert np.corrcoef(together.samples, echo)[0, 1] < most


def test_a_whisper_is_recognised_though_it_has_no_voice(recognise: Recognise) -> None:
    whisper = speak(LONGER, voice="woman", manner=["whispering"], seed=1)

    sound = resample_poly(whisper.samples.astype(np.float64), 1, 3)
    pitch_hz, _ = pyworld.dio(sound, 16_000)
    assert np.mean(pitch_hz > 0) < 0.1
    assert jiwer.wer(plain(LONGER), recognise(whisper.samples)) <= 0.3


def test_voices_are_ordered_by_pitch() -> None:
    pitch = {speaker: median_pitch(speak(LONGER, voice=speaker, seed=1)) for speaker in VOICES}

    order: list[Voice] = ["narrator", "man", "old_man", "old_woman", "woman", "boy", "girl"]
    for lower, higher in itertools.pairwise(order):
        assert pitch[lower] * 1.06 < pitch[higher], (lower, higher, pitch)
    assert 100 < pitch["man"] < 125


@pytest.mark.parametrize(
    ("speaker", "least", "most"), [("man", 0.82, 0.92), ("narrator", 0.79, 0.9), ("girl", 1.02, 1.12)]
)
def test_formants_move_with_age_and_sex(speaker: Voice, least: float, most: float) -> None:
    woman, other = (speak(LONGER, voice=name, seed=1) for name in (WOMAN, speaker))

    assert least <= formant_ratio(woman, other) <= most


@pytest.mark.parametrize("speaker", VOICES)
def test_phonemes_cover_the_speech_and_follow_one_another(speaker: Voice) -> None:
    speech = speak(LONGER, voice=speaker, seed=1)
    duration_s = speech.samples.size / 48_000

    times = [(phoneme.start_s, phoneme.end_s) for phoneme in speech.phonemes]
    assert all(start_s < end_s for start_s, end_s in times)
    assert all(before[1] <= after[0] + 1e-9 for before, after in itertools.pairwise(times))
    assert 0 <= times[0][0] < 0.15
    assert duration_s - 0.2 < times[-1][1] <= duration_s
    assert sum(end_s - start_s for start_s, end_s in times) > 0.75 * duration_s


@pytest.mark.parametrize("speaker", ["woman", "man", "old_man"])
def test_phoneme_times_agree_with_the_sound(speaker: Voice) -> None:
    speech = speak("Pass the soup, Sam, and stop sassing Zach's sister.", voice=speaker, seed=1)

    crossings = np.abs(np.diff(np.signbit(speech.samples).astype(float)))
    hiss = [
        crossings[round(p.start_s * 48_000) : round(p.end_s * 48_000)].mean()
        for p in speech.phonemes
        if p.symbol == "s"
    ]
    vowels = [
        crossings[round(p.start_s * 48_000) : round(p.end_s * 48_000)].mean()
        for p in speech.phonemes
        if p.symbol in "æʌɑuɪ"
    ]
    assert np.median(hiss) > 3 * np.median(vowels)


def test_every_voice_speaks_at_one_level() -> None:
    levels = {speaker: active_dbfs(speak(SENTENCES[1], voice=speaker, seed=1)) for speaker in VOICES}

    usual = [levels[name] for name in VOICES if not name.startswith("old")]
    assert max(usual) - min(usual) < 0.5
    assert all(-22.5 < level < -19 for level in levels.values())


@pytest.mark.parametrize(
    ("manner", "least_db", "most_db"), [("shouting", 2, 5), ("轻声", -6, -2), ("x", 0, 0)]
)
def test_manner_moves_the_level(manner: str, least_db: float, most_db: float) -> None:
    usual = speak(SENTENCES[0], voice="woman", seed=1)
    changed = speak(SENTENCES[0], voice="woman", manner=[manner], seed=1)

    assert least_db - 0.01 <= active_dbfs(changed) - active_dbfs(usual) <= most_db + 0.01
    assert np.abs(changed.samples).max() <= 10 ** (-1 / 20)


@pytest.mark.parametrize("pace", [0.7, 0.85, 1.15, 1.3, 1.6])
def test_pace_changes_the_length_by_its_factor(pace: float) -> None:
    usual = speak(LONGER, voice="woman", seed=1).samples.size
    changed = speak(LONGER, voice="woman", pace=pace, seed=1).samples.size

    assert usual / changed == pytest.approx(pace, rel=0.07)


def test_fast_speech_is_recognised(recognise: Recognise) -> None:
    speech = speak(LONGER, voice="man", pace=1.3, seed=1)

    assert jiwer.wer(plain(LONGER), recognise(speech.samples)) <= 0.2


def test_the_same_line_is_the_same_bit_for_bit() -> None:
    first = speak("Nothing changes.", voice="old_man", seed=7)
    forget()
    second = speak("Nothing changes.", voice="old_man", seed=7)

    assert first is not second
    assert np.array_equal(first.samples, second.samples)
    assert first.phonemes == second.phonemes


def test_another_seed_sounds_different() -> None:
    one, other = (speak("Everything changes.", voice="woman", seed=seed) for seed in (1, 2))

    assert not np.array_equal(one.samples, other.samples)


def test_a_line_is_spoken_once_and_cannot_be_altered() -> None:
    first = speak("Keep me.", voice="woman", manner=["softly"], seed=1)

    assert speak("Keep me.", voice="woman", manner=("softly",), seed=1) is first
    assert not first.samples.flags.writeable


def test_a_line_that_two_threads_ask_for_at_once_is_spoken_once() -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: speak("Both of us.", voice="man", seed=2), range(2))

    assert one is other


@pytest.mark.parametrize(
    "text", ["", " ", "...?!", "😀😀", "“”", "<b></b>", "\x00\x07", "\ud800", "你好", "—"]
)
def test_a_text_with_nothing_to_read_gives_no_sound(text: str) -> None:
    speech = speak(text, voice="man", seed=1)

    assert speech.samples.shape == (0,)
    assert speech.phonemes == ()


@pytest.mark.parametrize(
    "text",
    [
        "Hi!",
        "I",
        "HELP US NOW",
        "3.50 at 7:30",
        "No\n\nway",
        "Ω",
        "a" * 3000,
        "Zxqwrtplk?",
        "W😀w",
        "x" * 200,
    ],
)
def test_odd_texts_are_spoken(text: str) -> None:
    speech = speak(text, voice="narrator", seed=1)

    assert speech.samples.dtype == np.float32
    assert 0.1 < speech.samples.size / 48_000 < 60
    assert np.isfinite(speech.samples).all()
    assert speech.phonemes


def test_a_text_longer_than_any_clip_is_shortened() -> None:
    speech = speak("All work and no play. " * 500, voice="woman", seed=1)

    assert 20 < speech.samples.size / 48_000 < 90


@pytest.mark.parametrize("speaker", ["woman", "old_man"])
@pytest.mark.parametrize("pace", [1.0, 1.24])
def test_timing_tells_what_speech_will_be(speaker: Voice, pace: float) -> None:
    text = "Wait here. I shall be back soon!"
    told = timing(text, voice=speaker, manner=["softly"], pace=pace, seed=1)
    speech = speak(text, voice=speaker, manner=["softly"], pace=pace, seed=1)

    assert told.sample_count == speech.samples.size
    assert told.phonemes == speech.phonemes


def test_a_sentence_sounds_the_same_when_the_next_one_is_dropped() -> None:
    whole = speak("I stay. You go.", voice="man", seed=1)
    part = speak("I stay.", voice="man", seed=1)

    assert whole.phonemes[: len(part.phonemes)] == part.phonemes


def test_an_unknown_language_is_refused_with_the_remedy() -> None:
    assert not speakable("xx")
    with pytest.raises(BadOption, match=r"'xx'.*talkies\[languages\]"):
        speak("Hello", voice="woman", language="xx", seed=1)


def test_without_the_extra_only_english_is_speakable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "_languages", frozenset)

    assert speakable("en")
    assert not speakable("zh")


@needs_espeak
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "你好，世界。"),
        ("ja", "こんにちは"),
        ("ko", "안녕하세요"),
        ("es", "¿Cómo estás?"),
        ("fr", "Comment ça va ?"),
        ("de", "Guten Tag!"),
        ("hi", "नमस्ते दुनिया"),
        ("ar", "مرحبا بالعالم"),
        ("ru", "Привет, мир"),
        ("pt", "Olá mundo"),
        ("id", "Selamat pagi"),
    ],
)
def test_other_languages_are_spoken_with_phoneme_times(language: str, text: str) -> None:
    speech = speak(text, voice="woman", language=language, seed=1)

    assert 0.4 < speech.samples.size / 48_000 < 4
    assert active_dbfs(speech) == pytest.approx(-20, abs=0.5)
    assert len(speech.phonemes) >= 5
    assert speech.phonemes[-1].end_s <= speech.samples.size / 48_000
    assert not any(mark in phoneme.symbol for phoneme in speech.phonemes for mark in "ˈˌ()123")


@needs_espeak
def test_men_and_women_differ_in_other_languages() -> None:
    text = "Me gusta mucho tu casa nueva, es muy grande."
    narrator, man, woman, girl = (
        median_pitch(speak(text, voice=speaker, language="es", seed=1))
        for speaker in ("narrator", "man", "woman", "girl")
    )

    assert narrator < man < 130 < 160 < woman < girl


@needs_espeak
def test_other_languages_do_not_depend_on_the_lines_before() -> None:
    alone = speak("Adiós, amigo.", voice="woman", language="es", seed=1).samples
    forget()
    speak("Guten Tag!", voice="man", language="de", seed=5)

    assert np.array_equal(speak("Adiós, amigo.", voice="woman", language="es", seed=1).samples, alone)


@needs_espeak
def test_japanese_in_kanji_is_refused_rather_than_spelled_out() -> None:
    assert speakable("ja", "こんにちは")
    assert not speakable("ja", "今日は")
    with pytest.raises(BadOption, match="kana"):
        speak("今日は", voice="woman", language="ja", seed=1)


@needs_espeak
@pytest.mark.parametrize("text", ["", "!!!", "😀"])
def test_text_without_words_is_silent_in_other_languages(text: str) -> None:
    speech = speak(text, voice="girl", language="zh", seed=1)

    assert speech.samples.size == 0
    assert not speech.phonemes


@needs_espeak
def test_one_character_over_and_over_is_spoken_each_time() -> None:
    speech = speak("你" * 30, voice="girl", language="zh", seed=1)

    assert len(speech.phonemes) == 2 * 30
    assert np.isfinite(speech.samples).all()


def test_importing_the_voice_loads_no_speech_library() -> None:
    heavy = "hibari", "onnxruntime", "pyworld", "scipy", "espeakng_loader"
    code = (
        f"import sys, talkies.engines.animatic.sound.voice; print([n for n in {heavy} if n in sys.modules])"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"
