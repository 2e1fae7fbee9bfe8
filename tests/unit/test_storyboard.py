"""From script to plan: lengths, places, what is left out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from talkies.engines.animatic.planning.rehearsal import PACES
from talkies.engines.animatic.planning.storyboard import draw
from talkies.engines.animatic.sound.effects import effect_onset
from talkies.plan import Framing, Plan, SpokenLine
from talkies.script import read
from talkies.spec import SAMPLE_RATE, SAMPLES_PER_FRAME, PictureFacts, settle

PICTURE = PictureFacts("a" * 64, 1600, 900)
OTHER = PictureFacts("b" * 64, 1600, 900)


def plan(prompt: str, **wishes: Any) -> Plan:
    spec = settle(prompt=prompt, **{"first_frame": PICTURE, "seed": 3, **wishes})
    return draw(spec, read(prompt))


def moments(lines: tuple[SpokenLine, ...]) -> list[tuple[float, float]]:
    return [(line.start_s, line.end_s) for line in lines]


@pytest.mark.parametrize("duration", range(4, 13))
def test_shots_follow_one_another_and_fill_the_clip(duration: int) -> None:
    made = plan("Shot 1: wide shot. Shot 2: close-up. Shot 3: she smiles.", duration=duration)

    edges = [shot.start_frame for shot in made.shots] + [made.shots[-1].end_frame]
    assert edges == sorted(set(edges))
    assert (edges[0], edges[-1]) == (0, 24 * duration)
    assert all(before.end_frame == after.start_frame for before, after in pairwise(made.shots))


def test_a_line_lies_inside_its_shot_with_silence_around_it() -> None:
    made = plan('Shot 1: a quiet room. Shot 2: she says: "It is time to go." ', duration=8)

    line, shot = made.lines[0], made.shots[made.lines[0].shot]
    assert made.lines[0].shot == 1
    assert shot.start_frame / 24 + 0.3 < line.start_s < line.end_s < shot.end_frame / 24 - 0.3
    assert line.phonemes[0].start_s >= line.start_s
    assert line.phonemes[-1].end_s <= line.end_s + 0.001


def test_lines_are_spoken_one_after_another() -> None:
    made = plan('The man says: "Are you sure?" The woman says: "Quite sure." He says: "Then go."', duration=8)

    times = moments(made.lines)
    assert len(times) == 3
    assert all(earlier[1] + 0.2 < later[0] for earlier, later in pairwise(times))


def test_an_open_length_follows_the_speech() -> None:
    long = plan('She says: "' + "One more word about the sea. " * 5 + '"', duration=-1)
    short = plan("A lake in the morning.", duration=-1)

    assert short.duration_s == 5
    assert 6 <= long.duration_s <= 12
    assert long.lines[-1].end_s < long.duration_s
    assert any("chosen" in note for note in long.notes)


def test_a_line_too_long_by_a_little_is_spoken_faster() -> None:
    text = "We sail at first light and the wind is with us all the way home."
    usual = plan(f'He says: "{text}"', duration=12).lines[0]
    short = plan(f'He says: "{text}"', duration=4)

    assert short.lines[0].text == text
    assert 1.0 < short.lines[0].pace <= PACES[-1]
    assert short.lines[0].end_s - short.lines[0].start_s < usual.end_s - usual.start_s
    assert any("as fast" in note for note in short.notes)


def test_sentences_without_room_are_left_out_whole_and_said_so() -> None:
    made = plan(
        'She says: "' + " ".join(f"Sentence number {n} is here." for n in range(20)) + '"', duration=4
    )

    assert made.lines[0].text.startswith("Sentence number 0 is here.")
    assert made.lines[0].text.endswith("here.")
    assert made.lines[-1].end_s < 4
    assert any("do not fit in 4 s" in sentence for sentence in made.not_rendered)


def test_of_an_only_sentence_without_room_whole_clauses_are_spoken() -> None:
    clauses = ["When the last train has left,", "we will walk home along the river,"]
    rest = "and nobody will ever ask us where we have been all night."

    made = plan(f'She says: "{" ".join(clauses)} {rest}"', duration=4)

    assert made.lines[0].text == " ".join(clauses)
    assert made.lines[0].end_s < 4
    assert any(rest in sentence for sentence in made.not_rendered)


def test_a_prompt_full_of_speech_is_planned_without_speaking_it_all() -> None:
    made = plan('He says: "' + "Word after word after word. " * 350 + '"', duration=4)

    assert made.lines[-1].end_s < 4
    assert sum(len(line.text) for line in made.lines) < 400


def test_a_sound_before_a_line_in_the_text_is_heard_before_it() -> None:
    made = plan('A dog barks twice. Then she says: "Quiet, boy." A bell rings.', duration=8)

    by_kind = {sound.kind: sound.start_sample / SAMPLE_RATE for sound in reversed(made.sounds)}
    assert by_kind["dog"] < made.lines[0].start_s < made.lines[0].end_s < by_kind["bell"] + 0.1
    assert [sound.kind for sound in made.sounds].count("dog") == 2


def test_an_effect_is_placed_by_its_hit_not_by_its_run_up() -> None:
    made = plan("Calm. Calm. Calm. Suddenly a loud whoosh.", duration=6)

    whoosh = made.sounds[0]
    hit_s = (whoosh.start_sample + effect_onset("whoosh")) / SAMPLE_RATE
    assert 2.5 < hit_s < 6


def test_an_ambience_lasts_as_long_as_its_shots() -> None:
    made = plan(
        "Shot 1: rain on the street. Shot 2: still in the rain. Shot 3: indoors, a clock ticks.", duration=9
    )

    rain = next(sound for sound in made.sounds if sound.kind == "rain")
    clock = next(sound for sound in made.sounds if sound.kind == "clock")
    third = made.shots[2].start_frame * SAMPLES_PER_FRAME
    assert (rain.start_sample, rain.start_sample + rain.sample_count) == (0, third)
    assert (clock.start_sample, clock.start_sample + clock.sample_count) == (third, made.sample_count)


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("A woman sits in silence. Finally, applause.", "applause"),
        ('A woman says: "Good evening." The audience starts to clap.', "applause"),
        ("女人坐着。突然，掌声响起。", "applause"),
    ],
)
def test_an_ambience_that_the_text_lets_begin_later_does(prompt: str, kind: str) -> None:
    made = plan(prompt, duration=6)

    sound = next(sound for sound in made.sounds if sound.kind == kind)
    assert sound.start_sample > 2 * SAMPLE_RATE
    assert sound.start_sample + sound.sample_count == made.sample_count
    assert all(line.end_s * SAMPLE_RATE <= sound.start_sample for line in made.lines)


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("A calm lake at noon. After a while it starts to rain.", "rain"),
        ('A woman says: "Good evening." Then fog rolls in.', "fog"),
        ("平静的湖面。突然下起大雨。", "rain"),
    ],
)
def test_a_weather_that_comes_is_seen_and_heard_from_one_moment_on(prompt: str, kind: str) -> None:
    made = plan(prompt, duration=6)

    cue = next(cue for cue in made.cues if cue.kind == kind)
    assert 1.5 < cue.start_s < 4
    assert cue.end_s == 6
    assert all(line.end_s <= cue.start_s for line in made.lines)
    for sound in made.sounds:
        if sound.kind == kind:
            assert sound.start_sample / SAMPLE_RATE == pytest.approx(cue.start_s, abs=0.002)


def test_no_sound_is_planned_for_a_silent_clip() -> None:
    made = plan('She says: "Hello." Birds sing.', generate_audio=False)

    assert (made.audio, made.lines, made.sounds, made.music) == (False, (), (), None)


def test_no_music_means_none_and_otherwise_a_mood_is_found() -> None:
    assert plan("A calm lake. No music.").music is None
    assert plan("She dances.").music is not None
    cue = plan("A lake. Dark, ominous music.").music
    assert cue is not None
    assert cue.mood == "dark"


@pytest.mark.parametrize(
    ("wishes", "pictures", "opens", "closes"),
    [
        ({}, ["first", "first"], True, False),
        ({"last_frame": OTHER}, ["first", "last"], True, True),
        ({"first_frame": None, "last_frame": OTHER}, ["last", "last"], False, True),
    ],
)
def test_each_shot_is_filmed_from_the_right_picture(
    wishes: dict[str, Any], pictures: list[str], opens: bool, closes: bool
) -> None:
    made = plan("Shot 1: wide shot. Shot 2: close-up.", **wishes)

    assert [shot.picture for shot in made.shots] == pictures
    assert (made.shots[0].opens_whole, made.shots[-1].closes_whole) == (opens, closes)


def test_one_shot_with_both_pictures_leads_from_the_first_to_the_last() -> None:
    assert [shot.picture for shot in plan("It changes.", last_frame=OTHER).shots] == ["both"]


def test_a_fixed_camera_leaves_asked_for_moves_out_and_says_so() -> None:
    made = plan("The camera pans left.", camera_fixed=True)

    assert [move.kind for move in made.shots[0].moves] == ["static"]
    assert any("pan left" in sentence for sentence in made.not_rendered)


def test_more_shots_than_fit_are_joined_and_said_so() -> None:
    made = plan(" ".join(f"Shot {n}: a street." for n in range(1, 21)), duration=4)

    assert 1 < len(made.shots) <= 5
    assert any("shots of their own" in sentence for sentence in made.not_rendered)


def test_what_cannot_be_done_is_named_in_the_prompts_own_words() -> None:
    said = plan("The person waves. A dragon appears. Her hair flutters. A car moves past.").not_rendered

    for words in ("person waves", "dragon appears", "hair flutters", "car moves"):
        assert any(words in sentence for sentence in said), words


def test_an_hour_that_comes_is_not_said_to_be_left_out() -> None:
    assert plan("The sun rises over the sea. It grows brighter.").not_rendered == ()
    assert len(plan("She grows taller.").not_rendered) == 1


def test_what_is_seen_instead_is_said() -> None:
    (said,) = plan("She waves.").not_rendered

    assert "nod and smile instead" in said


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("The man says hello to us.", "only words in quotes are spoken"),
        ("She says: Good evening, my friends.", "“Good evening, my friends.” as speech"),
        ('He sings "Happy birthday".', "spoken, not sung"),
        ('The chef says "Bon appétit!" in a French accent.', "with an accent"),
        ("A lake in slow motion.", "“slow motion”"),
        ("A low angle shot of a tower.", "the angle “low”"),
        ("A street, watercolor style.", "the look “watercolor style”"),
        ("She nods. Fade to black.", "“Fade to black”"),
        ("Der Mann lächelt und nickt mit dem Kopf.", "read in English and Chinese"),
        ('No sound. She says: "Hello."', "the clip has no sound"),
        ("Tears roll down her cheeks.", "“Tears roll down her cheeks”"),
    ],
)
def test_every_wish_that_is_not_met_is_named(prompt: str, said: str) -> None:
    assert any(said in sentence for sentence in plan(prompt).not_rendered)


@pytest.mark.parametrize(("prompt", "kind"), [("She screams.", "scream"), ("She cries.", "sob")])
def test_what_is_heard_is_not_said_to_be_unheard(prompt: str, kind: str) -> None:
    made = plan(prompt)

    assert [sound.kind for sound in made.sounds] == [kind]
    assert not any("heard" in sentence for sentence in made.not_rendered)


@pytest.mark.parametrize(
    "prompt",
    [
        "A cinematic, photorealistic shot at eye level.",
        "She sits by the window and smiles. Time freezes.",
        "Birds sing in the trees. A knock at the door.",
        "She smiles, looks up and nods.",
        "Heavy rain and fog. Snow falls.",
        "The river flows and clouds drift past.",
        "Candles flicker; the neon sign flickers.",
        "The campfire burns and sparks fly.",
        "河水缓缓流动，白云飘过。",
    ],
)
def test_what_the_engine_shows_is_not_listed_as_left_out(prompt: str) -> None:
    assert plan(prompt).not_rendered == ()


@pytest.mark.parametrize("duration", [4, 6, -1])
@pytest.mark.parametrize(
    "line",
    [
        "We never went back. The house is still there, by the river. Nobody has slept in it since.",
        "我们再也没有回去过。那座房子还在河边。再也没有人住过。",
        "Nunca volvimos. La casa sigue allí, junto al río. Nadie ha dormido en ella.",
        "今天天气真好，我们去公园散步吧。" * 30,
    ],
)
def test_no_line_is_cut_off_and_what_is_done_to_fit_it_is_said(line: str, duration: int) -> None:
    made = plan(f'The old man says: "{line}"', duration=duration)

    for spoken in made.lines:
        assert spoken.end_s < made.duration_s - 0.3
        assert 1.0 <= spoken.pace <= PACES[-1]
        assert (spoken.pace > 1.0) == any("as fast" in note for note in made.notes)
    whole = "".join(spoken.text for spoken in made.lines) == line
    assert whole or any("fit" in said or "no voice" in said for said in made.not_rendered)


def test_a_language_without_a_voice_is_left_out_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def speakable(language: str, _text: str) -> bool:
        return language == "en"

    monkeypatch.setattr("talkies.engines.animatic.sound.voice.speakable", speakable)

    made = plan("女人说：“你好。”")

    assert made.lines == ()
    assert any("talkies[languages]" in sentence for sentence in made.not_rendered)


def test_the_same_spec_gives_the_same_plan() -> None:
    prompt = 'Shot 1: a dog barks three times. Shot 2: he says: "Good dog!"'

    assert plan(prompt) == plan(prompt)


def test_an_action_is_cued_where_the_text_tells_it() -> None:
    made = plan('She nods and says: "We made it home." Then she winks.', duration=6)

    nod, wink = (next(cue for cue in made.cues if cue.kind == kind) for kind in ("nod", "wink"))
    assert (nod.who, wink.who) == ("She", "she")
    assert nod.start_s < made.lines[0].start_s < made.lines[0].end_s <= wink.start_s < wink.end_s <= 6


def test_a_mood_of_the_face_lasts_to_the_end_of_its_shot() -> None:
    made = plan("Shot 1: the woman smiles. Shot 2: a quiet street.", duration=6)

    assert made.cues[0].kind == "smile"
    assert made.cues[0].end_s == made.shots[0].end_frame / 24


def test_lightning_is_cued_with_its_thunder() -> None:
    made = plan("Night. Lightning flashes over the sea, twice, and thunder rolls.", duration=6)

    heard_s = [
        (sound.start_sample + effect_onset("thunder")) / SAMPLE_RATE
        for sound in made.sounds
        if sound.kind == "thunder"
    ]
    seen_s = [cue.start_s for cue in made.cues if cue.kind == "lightning"]
    assert seen_s == pytest.approx(heard_s, abs=0.001)
    assert heard_s


def test_lightning_is_seen_in_a_silent_clip_too() -> None:
    made = plan("Lightning flashes over the sea.", generate_audio=False)

    assert [cue.kind for cue in made.cues] == ["lightning"]
    assert 0.5 < made.cues[0].start_s < 4


def test_weather_and_light_last_as_long_as_their_shot() -> None:
    made = plan("Shot 1: heavy rain at night. Shot 2: a sunny garden.", duration=6)

    first = {cue.kind: (cue.start_s, cue.end_s) for cue in made.cues if cue.shot == 0}
    assert first == {"rain": (0, made.shots[0].end_frame / 24), "night": (0, made.shots[0].end_frame / 24)}


def test_a_shot_ends_on_the_framing_that_its_move_leads_to() -> None:
    prompt = "Start wide, then push in to a close-up of her eyes."

    assert plan(prompt).shots[0].ending == Framing(size="close_up", subject="her eyes")
    assert plan(prompt, camera_fixed=True).shots[0].ending is None
    assert plan("Push in.").shots[0].ending is None


def test_a_plan_of_an_older_version_is_read() -> None:
    made = plan("Push in to a close-up.").model_dump(mode="json")
    for shot in made["shots"]:
        del shot["ending"]

    assert Plan.model_validate(made).shots[0].ending is None
