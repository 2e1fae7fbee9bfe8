from __future__ import annotations

import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talkies.script import Line, read

PIECES = [
    *"\"'“”‘’«»「」『』《》()[]【】:：,，.。!！?？\n-–—…#",
    *(
        "Shot 1:",
        "[0-3s]",
        "镜头一：",
        "cut to",
        "画面切换到",
        "the camera",
        "pans left",
        "镜头",
        "推进",
        "no",
        "没有",
    ),
    *(
        "the old man",
        "she",
        "says",
        "whispers",
        "in Spanish",
        "老人",
        "她",
        "说",
        "轻声",
        "a sign reads",
        "写着",
    ),
    *(
        "rain",
        "a dog barks",
        "twice",
        "thunder",
        "雨声",
        "狗叫",
        "close-up of",
        "特写",
        "slowly",
        "music",
        "--dur 5",
    ),
    *(
        "smiles",
        "and",
        "then",
        "while",
        "微笑",
        "然后",
        "'s",
        "don't",
        "0:00-0:02",
        "1.",
        "...",
        "\ue000",
        "\\n",
    ),
]
PROMPTS = st.lists(st.sampled_from([*PIECES, " ", "a", "的"]), max_size=60).map(" ".join)
QUOTABLE = st.lists(
    st.sampled_from([piece for piece in PIECES if piece[0].isalnum()]), min_size=1, max_size=8
).map(" ".join)
UNQUOTED = st.text(
    alphabet=string.ascii_letters + string.digits + " .,:;!?()-\n海雨老人说镜头推进，。：", max_size=200
)

LONG_ENGLISH = (
    "Shot 1: A wide shot of a beach, waves crash and a dog barks twice. The camera slowly pans left. "
    'The old man in a grey suit says softly: "Come here, child." Tense music plays while rain falls. '
)
LONG_CHINESE = (
    "镜头一：远景，海边日落，海浪拍打礁石。镜头缓慢向左摇，老人低声说：“回家吧。”女孩微笑着挥手，狗叫了两声。"
)
HOSTILE = [
    *"\"'“”‘«「『《([【:\n-雨说的一",
    *(
        "Shot 1: ",
        "[0-3s] ",
        "镜头一：",
        " 'a",
        "no ",
        "a ",
        " --a",
        "0:00-",
        "cut to a ",
        "said 'x' ",
        'smiles, "a" ',
        "she says: you ",
        "she blushes ",
        "the man and ",
    ),
    *(
        "pan left ",
        "in Spanish ",
        "the man ",
        "man in ",
        "they and the children ",
        "dog ",
        "close-up of ",
        "1",
        "的男人",
        "and ",
        "in the style of ",
        "1.\n",
        "不要雨、",
        "避免：雨，",
        "没有声音，只有风声，",
        '"a: ',
        "「a。",
        "„a. ",
        'she "a" ',
        "he watches her dance ",
        "with a hat and a beard ",
        "a man with a hat, a hat ",
        "镜头环绕跳舞的女孩",
        "they call him 'x' ",
        "she hears a dog ",
    ),
]
LONGEST = 10_000  # characters of a prompt
ENOUGH_S = (
    1.0  # a hostile prompt takes a tenth of it on a quiet machine; a quadratic reader takes many times more
)


def all_lines(prompt: str) -> list[Line]:
    return [line for shot in read(prompt).shots for line in shot.lines]


@given(st.text(max_size=300) | PROMPTS)
@settings(max_examples=300, deadline=None)
def test_any_text_reads_as_at_least_one_shot_with_places_inside_it(prompt: str) -> None:
    script = read(prompt)

    assert len(script.shots) >= 1
    assert script.shots[0].transition is None
    for shot in script.shots:
        positions = [
            *(line.position for line in shot.lines),
            *(sound.position for sound in shot.sounds),
            *(action.position for action in shot.actions),
        ]
        assert all(0.0 <= position <= 1.0 for position in positions)
        assert all((sound.count or 1) >= 1 for sound in shot.sounds)
        assert all(shot.text for _ in shot.lines)


@given(PROMPTS)
@settings(max_examples=100, deadline=None)
def test_the_same_prompt_always_reads_the_same(prompt: str) -> None:
    assert read(prompt) == read(prompt)


@given(
    QUOTABLE,
    st.sampled_from(['A woman says: "{}"', "A woman says: “{}”", "女人说：「{}」", "The title is «{}»."]),
)
@settings(max_examples=200, deadline=None)
def test_quoted_words_mean_nothing_but_speech(words: str, frame: str) -> None:
    script = read(frame.format(words))

    assert len(script.shots) == 1
    shot = script.shots[0]
    assert shot.moves == ()
    assert shot.sounds == ()
    assert shot.weather == ()
    assert shot.framing.size is None
    assert script.music.wanted


@given(UNQUOTED)
@settings(max_examples=200, deadline=None)
def test_a_prompt_without_quotes_has_no_lines(prompt: str) -> None:
    assert all_lines(prompt) == []


@given(st.sampled_from(['"{}"', "“{}”", "「{}」", "『{}』", "«{}»", "„{}“", "‘{}’", "'{}'"]))
def test_every_kind_of_quotation_mark_is_speech(marks: str) -> None:
    lines = all_lines(f"The king says: {marks.format('Open the gate!')} Then he leaves.")

    assert [line.text for line in lines] == ["Open the gate!"]
    assert lines[0].voice == "man"


def test_repeated_lines_are_kept() -> None:
    assert [line.text for line in all_lines('A boy says "Run!" and again "Run!" and once more "Run!".')] == [
        "Run!"
    ] * 3


def test_lines_keep_the_order_of_the_prompt() -> None:
    lines = all_lines('Man: "One." Woman: "Two." Man: "Three."')

    assert [line.text for line in lines] == ["One.", "Two.", "Three."]
    assert [line.position for line in lines] == sorted(line.position for line in lines)


def test_a_language_named_for_one_line_does_not_hold_for_the_next() -> None:
    lines = all_lines('He says in French: "Bonjour." She says: "Hello there, my friend."')

    assert [line.language for line in lines] == ["fr", "en"]


def test_a_language_in_a_heading_holds_for_every_line_after_it() -> None:
    lines = all_lines('Spanish dialogue:\nMan: "Ok."\nWoman: "Ok."')

    assert [line.language for line in lines] == ["es", "es"]


def test_words_of_another_script_keep_their_language_whatever_is_named() -> None:
    assert [line.language for line in all_lines("他用英语说：“你好。”")] == ["zh"]


def test_an_unclosed_quotation_ends_with_its_sentence() -> None:
    assert [line.text for line in all_lines('He says: "Wait for me. The rain falls.')] == ["Wait for me."]


def test_an_inch_mark_is_no_quotation() -> None:
    assert all_lines('A 24" screen and a 5\'10" man.') == []


def test_flags_are_ignored_but_not_inside_quotes() -> None:
    script = read('A robot says: "--dur 9 is a flag" --dur 5 --seed -1 --rs 720p')

    assert script.shots[0].lines[0].text == "--dur 9 is a flag"
    assert "720p" not in script.shots[0].text
    assert "-1" not in script.shots[0].text


def test_a_preamble_sets_the_scene_of_every_shot() -> None:
    script = read("Static camera, a rainy night. Shot 1: a lamp. Shot 2: a door.")

    assert len(script.shots) == 2
    assert all(shot.camera_still for shot in script.shots)
    assert all(shot.weather == ("rain",) and shot.light == ("night",) for shot in script.shots)


def test_a_scream_before_the_first_shot_is_heard_once() -> None:
    script = read("An explosion. Shot 1: smoke. Shot 2: ruins.")

    assert [[sound.kind for sound in shot.sounds] for shot in script.shots] == [["explosion"], []]


def test_an_ambience_is_listed_once_in_a_shot() -> None:
    sounds = read("Rain on the roof. The rain grows stronger. More rain.").shots[0].sounds

    assert [sound.kind for sound in sounds] == ["rain"]


def test_an_empty_prompt_is_one_empty_shot() -> None:
    script = read("")

    assert len(script.shots) == 1
    assert script.shots[0].text == ""


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_hostile_prompt_is_read_quickly(unit: str) -> None:
    prompt = (unit * LONGEST)[:LONGEST]
    read("warm")
    start = time.process_time()

    read(prompt)

    assert time.process_time() - start < ENOUGH_S


@pytest.mark.parametrize("unit", [LONG_ENGLISH, LONG_CHINESE])
def test_reading_takes_time_in_proportion_to_length(unit: str) -> None:
    def seconds(length: int) -> float:
        prompt = (unit * LONGEST)[:length]
        times = []
        for _ in range(3):
            start = time.process_time()
            read(prompt)
            times.append(time.process_time() - start)
        return min(times)

    read("warm")

    assert (
        seconds(LONGEST) < 12 * seconds(LONGEST // 4) + 0.02
    )  # a quadratic reader would take 16 times as long


@given(st.lists(st.sampled_from([*'{}[]:,"', '"a"', '"line"', '"shots"', "1", "true", *PIECES]), max_size=30))
@settings(max_examples=200, deadline=None)
def test_whatever_looks_like_json_reads_as_at_least_one_shot(pieces: list[str]) -> None:
    assert len(read("{" + "".join(pieces) + "}").shots) >= 1


def test_json_nested_too_deep_to_parse_is_read_all_the_same() -> None:
    assert len(read('{"a":' * 2000).shots) == 1


@pytest.mark.parametrize("nested", ['{"shots":[', '[{"a":', '{"a":'])
@pytest.mark.parametrize("depth", [100, 300, 450])
def test_json_nested_beyond_sense_is_read_all_the_same(nested: str, depth: int) -> None:
    closing = "".join({"{": "}", "[": "]"}[mark] for mark in reversed(nested) if mark in "{[")
    assert len(read(nested * depth + '"x"' + closing * depth).shots) >= 1


def test_what_escapes_in_json_make_can_be_stored() -> None:
    (line,) = read(r'{"dialogue": "\ud800Hi\u0000 there"}').shots[0].lines

    assert line.text == "\ufffdHi\ufffd there"


def test_scenes_in_json_are_told_and_not_spoken() -> None:
    script = read(
        '{"scenes": [{"name": "Opening", "text": "A man walks"}, {"name": "End", "text": "He waves"}]}'
    )

    assert [[action.kind for action in shot.actions] for shot in script.shots] == [["walk"], ["wave"]]
    assert not any(shot.lines for shot in script.shots)


def test_a_direction_beside_a_movement_in_json_is_its_own() -> None:
    (move,) = read('{"camera": {"movement": "pan", "direction": "left", "speed": "slow"}}').shots[0].moves

    assert (move.kind, move.direction, move.speed) == ("pan", "left", "slow")


def test_a_list_of_objects_is_shots_or_lines() -> None:
    shots = read('[{"time": "0-3s", "action": "a man walks"}, {"time": "3-6s", "action": "he smiles"}]').shots
    lines = read('[{"speaker": "Ben", "line": "Coming?"}, {"speaker": "Anna", "line": "No"}]').shots[0].lines

    assert [shot.seconds for shot in shots] == [3.0, 3.0]
    assert [(line.speaker, line.text) for line in lines] == [("Ben", "Coming?"), ("Anna", "No")]


def test_shots_named_by_moments_last_until_the_next() -> None:
    shots = read("[00:00] A forest. [00:05] A lake. [00:08] A hill.").shots

    assert [shot.seconds for shot in shots] == [5.0, 3.0, None]


@pytest.mark.parametrize(
    ("prompt", "hour"),
    [
        ("Night falls over the lake.", "night"),
        ("It slowly gets dark.", "night"),
        ("The sun slowly sets behind the hills.", "evening"),
        ("The sky turns a deep orange.", "evening"),
        ("The sun rises.", "morning"),
        ("夜幕缓缓降临。", "night"),
        ("太阳慢慢落山，天空变红。", "evening"),
        ("旭日东升。", "morning"),
        ("The sun sets, then night falls.", "night"),
        ("At night, she walks past a sunset poster.", None),
        ("The setting sun.", None),
        ("Before night falls, they leave. Night never falls here.", None),
        ("The sun never sets. The sun is not setting. 太阳没有升起。", None),
        ('The woman says: "The sun is setting."', None),
        ("Negative prompt: night falls.", None),
        ("He goes into the dark forest. His face grows dark. The lamp gets brighter.", None),
        ("Under the sun she sets the table. In the sun a boy comes up to her.", None),
        ("每天灯都亮了，那天他晒黑了，他走到夜晚的街头。", None),
    ],
)
def test_only_an_hour_that_comes_is_read(prompt: str, hour: str | None) -> None:
    assert read(prompt).shots[0].hour == hour


@pytest.mark.parametrize(
    ("prompt", "language"), [("Lo-fi hip hop beat.", "en"), ("Una mujer sonríe, lo-fi.", "es")]
)
def test_the_name_of_a_music_tells_no_language(prompt: str, language: str) -> None:
    assert read(prompt).language == language
