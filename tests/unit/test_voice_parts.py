"""The steps between a text and its speech: reading, timing, changing the voice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.sound import english_voice, names
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
        ("Nooooo", "Nooooo"),
        ("zero\u200bwidth", "zerowidth"),
        ("20°", "20°"),
        ("「你好」", "你好"),
    ],
)
def test_only_what_is_read_aloud_remains(text: str, expected: str) -> None:
    assert readable(text) == expected


def letters(text: str) -> list[str]:
    """Give a text in the voice's letters, a passage each."""
    return [passage for passage, _, _ in english_voice._passages(readable(text))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Oh no. I see.", "Oh no! I see."),
        ("Look at the fig.", "Look at the fig!"),
        ("I saw Jan. She left.", "I saw Jan! She left."),
        ("We like the Sun.", "We like the Sun!"),
        ("I met Gen. She left.", "I met Gen! She left."),
        ("Hi, Hon.", "Hi, Hon!"),
        ("My name is ed.", "My name is ed!"),
    ],
)
def test_the_full_stop_behind_a_word_makes_no_abbreviation(text: str, said: str) -> None:
    assert letters(text) == [passage.replace("!", ".") for passage in letters(said)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("No. 5 is alive.", "Number five is alive."),
        ("See fig. 3 in vol. 2, pp. 5-7.", "See figure three in volume two, pages five to seven."),
        ("On Sat. 3 May it rains.", "On Saturday the third of May it rains."),
        ("On 5 Jan. She left.", "On the fifth of January. She left."),
        ("It's the 2nd ed.", "It's the second edition."),
        ("Gen. Smith left.", "General Smith left."),
        ("On Main St. She waits.", "On Main Street. She waits."),
        ("We have 24/7 service.", "We have twenty four seven service."),
        ("It's 50/50.", "It's fifty fifty."),
        ("About 3/4.", "About three quarters."),
        ("It costs 100$, or 20€.", "It costs one hundred dollars, or twenty euros."),
        ("It's 9,99€.", "It's nine euros and ninety nine cents."),
        ("From 9am-5pm.", "From nine a.m. to five p.m."),
        ("From 9:30-10:30 a.m. today.", "From nine thirty to ten thirty a.m. today."),
        (
            "Call +1 (800) 123-4567.",
            "Call plus one, eight zero zero, one two three, four five six seven.",
        ),
        ("Call 555-1234.", "Call five five five, one two three four."),
        ("It is 5 p.m. She left.", "It is five p.m.! She left."),
        ("See www.example.com now.", "See W W W dot example dot com now."),
        ("Write to info@talkies.io. Now.", "Write to info, at talkies dot I O ! Now."),
        ("CO2 is bad.", "C O two is bad."),
        ("I'm 6'2\" tall.", "I'm six foot two tall."),
        (
            "In her 20s she ran 100m in 9.58s.",
            "In her twenties she ran one hundred meters in 9.58 seconds.",
        ),
        ("It's 3x faster.", "It's three times faster."),
        ("2 x 3 = 6, 5 - 3 = 2.", "Two times three equals six, five minus three equals two."),
        ("In 2 1/2 or 1½ hours.", "In two and one half or one and one half hours."),
        ("A $20 bill.", "A twenty dollar bill."),
        ("He's #1, #winner.", "He's number one, hashtag winner."),
        ("Call 911 or 999.", "Call nine one one or nine nine nine."),
        ("I love it :) <3", "I love it"),
        ("Mon-Fri only.", "Monday to Friday only."),
        ("On Elm Dr. in Texas.", "On Elm Drive in Texas."),
        ("Fruit, e.g. figs, i.e. food.", "Fruit, for example figs, that is food."),
        ("Plan A, A4.", "Plan eh, eh four."),
        ("A cat vs. Bob.", "A cat versus Bob."),
        ("King Charles and Mark Lee.", "king Charles and mark Lee."),
        ("He left. King Carl rose.", "He left.\nking Carl rose."),
        ("King Louis XIV", "king Louis the fourteenth"),
        ("Henry VIII is king.", "Henry the eighth is king."),
        ("USB Type C.", "USB Type see."),
    ],
)
def test_numbers_and_signs_are_written_out(text: str, said: str) -> None:
    assert letters(text) == [passage.replace("!", ".") for passage in letters(said)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Sean and michelle met Theresa.", "ʃˈɔn ænd mɪʃˈɛl mˈɛt təɹˈisə."),
        ("Simon's and Alice's cats.", "sˈImənz ænd ˈælɪsᵻz kˈæts."),
        ("MICHELLE!", "mɪʃˈɛl!"),
        ("It was nice.", "ˌɪt wʌz nˈIs."),
        ("St. Catherine wept.", "sˈAnt kˈæθəɹɪn wˈɛpt."),
        ("Catherine II", "kˈæθəɹɹˌin ðə sˈɛkənd"),
        ("Nguyen, François and Zoë", "wˈɪn, fɹɑnswˈɑ ænd zˈOi"),
    ],
)
def test_names_sound_as_their_bearers_say_them(text: str, said: str) -> None:
    assert letters(text) == [said]


def test_the_voice_can_say_every_name_of_the_table() -> None:
    known = set(english_voice._voice().vocab)

    assert {letter for sounds in names._sounds().values() for letter in sounds} <= known


def test_a_pronoun_is_no_numeral() -> None:
    assert "wˈʌn" not in letters("This is the part I love.")[0]
    assert "wˈʌn" in letters("This is part I.")[0]
    assert "wˈʌn" in letters("Part I The End")[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2024年", "二零二四年"),
        ("拨打13812345678。", "拨打幺三八幺二三四五六七八。"),
        ("电话:010-12345678", "电话:零幺零 幺二三四五六七八"),
        ("他打了100分", "他打了100分"),
        ("1000-2000元", "1000-2000元"),
    ],
)
def test_chinese_years_and_telephone_numbers_are_read_digit_by_digit(text: str, said: str) -> None:
    assert readable(text, "zh") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Nooooo!", "No!"),
        ("NOOOO!", "No!"),
        ("Helloooo there.", "Hello there."),
        ("I'm soooo glad.", "I'm so glad."),
        ("Waaaait for me.", "Wait for me."),
        ("Goooooal!", "Goal!"),
        ("It's goood and cooool.", "It's good and cool."),
        ("Pleeease stopppp.", "Please stop."),
        ("Yesss!", "Yes!"),
        ("Aaaah!", "Ah!"),
        ("Oooooh!", "Ooh!"),
    ],
)
def test_drawn_out_words_stay_the_words(text: str, said: str) -> None:
    assert letters(text) == letters(said)


@pytest.mark.parametrize(
    "text", ["Shh", "SHHH", "Psst", "Grrr", "Brrr", "Hmm", "Mmm", "Ugh", "Pfft", "Tsk", "Zzz"]
)
def test_sounds_without_a_vowel_are_not_spelled(text: str) -> None:
    names_of_letters = "ɛs", "Aʧ", "pˈi", "ʤˌi", "ɑɹ", "ɛm", "ɛf", "tˌi", "ti", "kˈA", "zˌi", "bˌi"

    said = letters(f"{text}, be quiet.")[0].split(",")[0]

    assert said
    assert not any(name in said for name in names_of_letters)


def test_letters_that_are_meant_stay() -> None:
    assert letters("An AAA battery.") != letters("An a battery.")
    assert "mˈɪl" in letters("5 mm of rain.")[0]


def test_a_word_drawn_out_is_held() -> None:
    plain, held = (joined(english_voice.synthesise(text, 1.0, 1)) for text in ("No!", "Nooooo!"))

    assert held.duration_s > 1.25 * plain.duration_s


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


def test_a_tilt_ends_where_hiss_begins() -> None:
    noise = rng(1).normal(0, 0.1, VOICE_RATE).astype(np.float32)
    source = Utterance(noise, np.zeros(VOICE_RATE // FRAME))

    loud = converted(source, Timbre(tilt_db=2), rng(1))

    hz = np.fft.rfftfreq(VOICE_RATE, 1 / VOICE_RATE)
    gain_db = 20 * np.log10(np.abs(np.fft.rfft(loud.samples)) / np.abs(np.fft.rfft(noise)))
    levels_db = [
        float(np.median(gain_db[(hz > at - 100) & (hz < at + 100)])) for at in (2000, 4000, 7000, 11_000)
    ]
    assert levels_db == pytest.approx([4, 6, 6, 6], abs=0.2)


def test_voiceless_sounds_have_no_pitch_and_vowels_have_one() -> None:
    spoken = joined(
        english_voice.synthesise("She packs fresh fish and Seth speaks softly. His eyes are busy.", 1.0, 1)
    )

    def voiced_share(symbols: str) -> float:
        inside = [
            spoken.pitch_hz[round((phoneme.start_s + 0.02) * 200) : round((phoneme.end_s - 0.02) * 200)]
            for phoneme in spoken.phonemes
            if phoneme.symbol in symbols
        ]
        return float(np.mean(np.concatenate(inside) > 0))

    assert voiced_share("sʃfθ") < 0.15
    assert voiced_share("iæɛɪɑ") > 0.9
    assert voiced_share("z") > 0.9


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
