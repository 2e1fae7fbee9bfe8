from __future__ import annotations

import tomllib
from collections import Counter
from importlib import resources
from typing import Any, get_args

import pytest

from talkies.plan import Ambience, Effect, Mood, MoveKind, ShotSize, Tempo, Transition, Voice
from talkies.script import ActionKind, Angle, Light, Timing, Weather
from talkies.script.languages import detect, share_writing
from talkies.script.mentions import Kind
from talkies.script.vocabulary import Vocabulary
from talkies.script.words import cut, simplified

FOLDER = resources.files("talkies.script") / "vocabulary"
LANGUAGES: dict[str, dict[str, Any]] = {
    file.name: tomllib.loads(file.read_text("utf-8"))
    for file in FOLDER.iterdir()
    if file.name.endswith(".toml")
}
NAMES = {
    "sound": {*get_args(Ambience), *get_args(Effect)},
    "sound_maker": {*get_args(Ambience), *get_args(Effect)},
    "mood": set(get_args(Mood)),
    "genre": set(get_args(Mood)),
    "instrument": set(get_args(Mood)),
    "scene_mood": set(get_args(Mood)),
    "tempo": set(get_args(Tempo)),
    "shot_size": set(get_args(ShotSize)),
    "transition": set(get_args(Transition)),
    "sure_transition": set(get_args(Transition)),
    "named_transition": set(get_args(Transition)),
    "weather": set(get_args(Weather)),
    "light": set(get_args(Light)),
    "angle": set(get_args(Angle)),
    "timing": set(get_args(Timing)),
    "action": set(get_args(ActionKind)),
    "living_action": set(get_args(ActionKind)),
    "whole_action": set(get_args(ActionKind)),
    "person": set(get_args(Kind)),
    "voice_hint": set(get_args(Voice)),
}
COMPLETE = ("sound", "mood", "shot_size", "weather", "light", "angle", "timing")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("table", NAMES)
def test_a_table_names_only_what_a_script_can_hold(language: str, table: str) -> None:
    names = set(LANGUAGES[language].get(table, {})) - {"not"}

    assert names <= NAMES[table]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("table", COMPLETE)
def test_a_language_has_words_for_everything_that_can_be_heard_and_seen(language: str, table: str) -> None:
    assert set(LANGUAGES[language][table]) >= NAMES[table]


@pytest.mark.parametrize("language", LANGUAGES)
def test_moves_are_of_known_kinds_and_directions(language: str) -> None:
    tables = LANGUAGES[language]
    kinds = {name.split()[0] for table in ("move", "sure_move") for name in tables[table]} - {"not"}

    assert kinds <= {*get_args(MoveKind), "travel", "turn"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_has_a_first_word(language: str) -> None:
    phrases = [phrase for table in LANGUAGES[language].values() for name in table.values() for phrase in name]

    assert all(cut(phrase.split("..")[0].strip("~ ")) for phrase in phrases)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_stands_twice_under_a_name(language: str) -> None:
    repeats = [
        (table, name, phrase)
        for table, names in LANGUAGES[language].items()
        for name, phrases in names.items()
        for phrase, count in Counter(" ".join(word.text for word in cut(each)) for each in phrases).items()
        if count > 1
    ]

    assert repeats == []


def test_chinese_phrases_are_in_the_characters_that_a_prompt_is_put_in() -> None:
    phrases = [
        phrase for table in LANGUAGES["zh.toml"].values() for name in table.values() for phrase in name
    ]

    assert [phrase for phrase in phrases if simplified(phrase) != phrase] == []


def find(tables: dict[str, dict[str, list[str]]], text: str) -> list[tuple[str, str]]:
    words = [word.text for word in cut(text)]
    found = Vocabulary([tables]).find(words)
    return [
        (term.name, " ".join(words[term.first : term.last])) for terms in found.values() for term in terms
    ]


def test_a_tilde_stands_for_every_regular_form() -> None:
    tables = {"sound": {"dog": ["bark~"]}}

    assert [found for _, found in find(tables, "bark barks barked barking barker")] == [
        "bark",
        "barks",
        "barked",
        "barking",
    ]


def test_a_gap_spans_up_to_three_words_and_no_mark() -> None:
    tables = {"sound": {"dog": ["dog .. bark~"]}}

    assert find(tables, "a dog and a puppy bark") == [("dog", "dog and a puppy bark")]
    assert find(tables, "a dog and a small puppy bark") == []
    assert find(tables, "a dog, then a bark") == []


def test_the_longest_phrase_of_a_table_hides_the_others() -> None:
    tables = {"weather": {"rain": ["rain"], "not": ["rain forest"]}}

    assert [name for name, _ in find(tables, "rain in the rain forest")] == ["rain", "not"]


def test_names_that_share_a_phrase_are_both_found() -> None:
    tables = {"sound": {"rain": ["thunderstorm"], "thunder": ["thunderstorm"]}}

    assert {name for name, _ in find(tables, "a thunderstorm")} == {"rain", "thunder"}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Come home, the die is cast!", "en"),
        ("", "en"),
        ("Hmm...", "en"),
        ("回家吧", "zh"),
        ("行きましょう", "ja"),
        ("안녕하세요", "ko"),
        ("Привет, как дела?", "ru"),
        ("Привіт, як справи, їжаче?", "uk"),
        ("مرحبا بكم", "ar"),
        ("नमस्ते दुनिया", "hi"),
        ("สวัสดีครับ", "th"),
        ("שלום לכולם", "he"),
        ("Hola, ¿cómo estás?", "es"),
        ("Te quiero mucho, mi amor", "es"),
        ("Je ne sais pas quoi faire", "fr"),
        ("Ich liebe dich", "de"),
        ("Ciao bella, ti amo", "it"),
        ("Não sei o que fazer", "pt"),
        ("Selamat pagi, apa kabar?", "id"),
        ("Xin chào các bạn", "vi"),
        ("Anything else, hon?", "en"),
        ("Ta-da!", "en"),
        ("Van Helsing.", "en"),
        ("Müller nods", "en"),
        ("The café is old and naïve.", "en"),
        ("Bonjour!", "fr"),
        ("Oui.", "fr"),
        ("Hola, Max.", "es"),
        ("Der Hund bellt laut", "de"),
        ("Příliš žluťoučký kůň", "cs"),
        ("Die Frau lächelt und winkt in die Kamera", "de"),
        ("Der Mann lacht in die Kamera", "de"),
        ("mujer sonriendo", "es"),
        ("La abuela sonriendo", "es"),
        ("büyükanne gülümsüyor", "tr"),
        ("Une femme souriante", "fr"),
        ("Una donna sorride", "it"),
        ("Uma mulher sorrindo", "pt"),
        ("Een vrouw lacht", "nl"),
        ("Kobieta uśmiecha się", "pl"),
        ("Nenek tersenyum ke kamera", "id"),
        ("Bà cụ mỉm cười", "vi"),
        ("CO2", "en"),
        ("Bring fruit, e.g. apples, pears, etc.", "en"),
        ("Vitamin E helps.", "en"),
        ("Non è vero", "it"),
        ("www.example.com", "en"),
        ("https://example.com.br/que/com", "en"),
        ("info@talkies.io", "en"),
        ("请看 www.example.com/a-long-way/to-go", "zh"),
    ],
)
def test_the_language_of_a_line_is_told_by_its_letters_and_words(text: str, language: str) -> None:
    assert detect(text) == language


def test_japanese_may_be_written_as_chinese_is_but_english_not() -> None:
    assert share_writing("ja", "zh")
    assert not share_writing("en", "zh")
