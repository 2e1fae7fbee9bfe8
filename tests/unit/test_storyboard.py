"""From script to plan: lengths, places, what is left out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest

from talkies.engines.animatic.planning.rehearsal import PACES
from talkies.engines.animatic.planning.storyboard import draw
from talkies.engines.animatic.sound.effects import effect_onset
from talkies.engines.animatic.sound.soundtrack import heard_steps, record
from talkies.plan import AMBIENCES, Effect, Framing, Plan, SpokenLine
from talkies.script import read
from talkies.spec import SAMPLE_RATE, SAMPLES_PER_FRAME, PictureFacts, settle

PICTURE = PictureFacts("a" * 64, 1600, 900)
OTHER = PictureFacts("b" * 64, 1600, 900)
ACTED = ("nod", "smile", "frown")


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


@pytest.mark.parametrize(
    ("duration", "remedy"), [(4, "use a longer duration"), (12, "no clip can be longer")]
)
def test_what_helps_words_without_room_is_said(duration: int, remedy: str) -> None:
    made = plan(
        'She says: "' + " ".join(f"Sentence number {n} is here." for n in range(20)) + '"', duration=duration
    )

    assert made.not_rendered
    assert all(remedy in sentence for sentence in made.not_rendered)


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
    ("prompt", "reason"),
    [
        ("The dog wags its tail.", "an animal moves as one body"),
        ("The deer runs away.", "an animal moves as one body"),
        ("The car drives off.", "not limbs or objects"),
        ("She walks away.", "a person's body bobs in step instead"),
    ],
)
def test_why_something_is_left_out_depends_on_who_would_do_it(prompt: str, reason: str) -> None:
    (said,) = plan(prompt).not_rendered

    assert said.endswith(reason)


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


def test_eyes_close_at_their_word_and_have_time_to_open() -> None:
    made = plan("She smiles at the camera for a while, slowly closes her eyes and opens them.", duration=5)

    closed, opened = (
        next(cue for cue in made.cues if cue.kind == kind) for kind in ("close_eyes", "open_eyes")
    )
    assert (closed.speed, opened.speed) == ("slow", "normal")
    assert closed.end_s == 5
    assert closed.start_s < opened.start_s <= 4
    assert opened.text == "opens them"
    assert made.not_rendered == ()


@pytest.mark.parametrize(
    "prompt", ["Distant lightning flickers on the horizon.", "天边有闪电。", "A far flash of lightning."]
)
def test_distant_thunder_comes_two_seconds_behind_its_lightning(prompt: str) -> None:
    made = plan(prompt, duration=6)

    (thunder,) = (sound for sound in made.sounds if sound.kind == "thunder")
    flash_s = next(cue.start_s for cue in made.cues if cue.kind == "lightning")
    heard_s = (thunder.start_sample + effect_onset("thunder")) / SAMPLE_RATE
    assert thunder.is_distant
    assert heard_s - flash_s == pytest.approx(2.0, abs=0.2)


def test_heat_lightning_has_no_thunder() -> None:
    assert not plan("Heat lightning on the horizon.", duration=6).sounds


@pytest.mark.parametrize(
    "prompt", ["She looks left, then right, then up and down.", "她先向左看，再向右看，再抬头，然后低头。"]
)
def test_looks_come_in_turn_and_each_has_its_time(prompt: str) -> None:
    looks = [cue for cue in plan(prompt, duration=4).cues if cue.kind == "gaze"]

    assert len(looks) == 4
    assert all(before.end_s <= after.start_s for before, after in pairwise(looks))
    assert all(look.end_s - look.start_s > 0.8 for look in looks[1:])


def test_lightning_is_cued_with_its_thunder() -> None:
    made = plan("Night. A flash of lightning over the sea, and thunder rolls.", duration=6)

    heard_s = [
        (sound.start_sample + effect_onset("thunder")) / SAMPLE_RATE
        for sound in made.sounds
        if sound.kind == "thunder"
    ]
    seen_s = [cue.start_s for cue in made.cues if cue.kind == "lightning"]
    assert seen_s == pytest.approx(heard_s, abs=0.001)
    assert heard_s


@pytest.mark.parametrize("prompt", ["Lightning flashes over the sea.", "Bolts of lightning. Thunder."])
def test_several_flashes_are_several_and_none_comes_at_once(prompt: str) -> None:
    seen_s = [cue.start_s for cue in plan(prompt).cues if cue.kind == "lightning"]

    assert len(seen_s) >= 2
    assert min(seen_s) >= 0.9
    assert min(np.diff(seen_s)) > 0.5


def test_lightning_is_seen_in_a_silent_clip_too() -> None:
    made = plan("A flash of lightning over the sea.", generate_audio=False)

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


def test_a_sound_is_as_strong_as_told_and_a_far_one_faint_without_being_weak() -> None:
    heavy, far = (plan(prompt).sounds[0] for prompt in ("Heavy rain.", "Traffic in the distance."))

    assert (heavy.strength, heavy.is_distant) == (1.0, False)
    assert (far.strength, far.is_distant) == (0.0, True)
    assert far.level_db < -6 < 0 < heavy.level_db


@pytest.mark.parametrize("duration", [4, 6, -1])
def test_whoever_laughs_speaks_after_the_laugh(duration: int) -> None:
    drawn = plan('A man laughs, then says: "Oh no. The answer is no."', duration=duration)

    laugh, line = drawn.sounds[0], drawn.lines[0]
    assert (laugh.kind, laugh.voices) == ("laughter", ("man",))
    assert laugh.start_sample + laugh.sample_count <= line.start_sample
    if duration != 4:
        assert laugh.sample_count > 1.4 * SAMPLE_RATE


def test_a_line_that_is_a_laugh_gets_no_second_one() -> None:
    assert not plan('She laughs: "Ha ha ha! You are so funny!"').sounds


@pytest.mark.parametrize(
    ("prompt", "loud", "soft"),
    [
        ("The music fades out at the end.", (2.0, 3.0), (5.7, 6.0)),
        (
            "She looks up, the music stops, and she smiles at the clouds above the old town.",
            (0.3, 1.2),
            (3.0, 5.5),
        ),
        ("The music swells as she smiles.", (4.5, 5.2), (0.2, 1.0)),
        ("Silence, then soft music.", (4.9, 5.3), (0.0, 3.0)),
    ],
)
def test_music_comes_grows_fades_and_stops_when_told(
    prompt: str, loud: tuple[float, float], soft: tuple[float, float]
) -> None:
    (music,) = (track.samples for track in record(plan(prompt, duration=6)) if track.name == "music")

    def level(span: tuple[float, float]) -> float:
        first, last = (round(at_s * SAMPLE_RATE) for at_s in span)
        return float(np.sqrt(np.mean(music[first:last] ** 2)))

    assert level(soft) < 0.4 * level(loud)


def test_an_instrument_that_the_music_is_not_played_on_is_named() -> None:
    solo, piano, techno = (plan(text).not_rendered for text in ("Solo violin.", "Sad piano.", "Sad techno."))

    assert [text for text in solo if text.startswith("“violin”: the music is played by acoustic")]
    assert not piano
    assert techno == ("electronic music: the music is played by piano and strings",)


def test_music_that_is_told_to_be_there_from_the_start_does_not_wait() -> None:
    score = plan("Music starts softly and swells.").music

    assert score is not None
    assert [turn.kind for turn in score.turns] == ["swells"]


def hits(made: Plan) -> list[tuple[str, float]]:
    """Each one-shot of a plan with the second of its hit."""
    return [
        (sound.kind, round((sound.start_sample + effect_onset(cast(Effect, sound.kind))) / SAMPLE_RATE, 1))
        for sound in made.sounds
        if sound.kind not in AMBIENCES
    ]


def test_a_sound_is_heard_at_the_second_that_the_prompt_names() -> None:
    made = plan("Glass breaks at 2s, a gunshot at 4.5 seconds. In the last second, a bell rings.", duration=8)

    assert hits(made) == [("glass", 2.0), ("gunshot", 4.5), ("bell", 7.0)]


def test_a_second_within_a_later_shot_counts_from_the_clip_or_else_from_the_shot() -> None:
    prompt = "Shot 1 (4s): a lake. Shot 2 (4s): at 5s a gunshot, at 1s glass breaks, at 20s a bell rings."

    made = plan(prompt, duration=8)

    start_s = made.shots[1].start_frame / 24
    told = dict(hits(made))
    assert told["gunshot"] == 5.0
    assert told["glass"] == round(start_s + 1.0, 1)
    assert 7.0 < told["bell"] < 8.0


def test_what_is_told_after_a_named_second_comes_after_it() -> None:
    made = plan('At 4s a gunshot. She says: "What was that?" A bell rings.', duration=8)

    told = dict(hits(made))
    assert told["gunshot"] == 4.0
    assert 4.0 < made.lines[0].start_s < made.lines[0].end_s < told["bell"]


def test_rain_and_deeds_come_at_the_second_that_the_prompt_names() -> None:
    made = plan("She smiles at 2s. It starts to rain at 5 seconds.", duration=8)

    begin_s = {cue.kind: cue.start_s for cue in made.cues}
    assert begin_s["smile"] == 2.0
    assert begin_s["rain"] == 5.0
    assert [sound.start_sample for sound in made.sounds if sound.kind == "rain"] == [5 * SAMPLE_RATE]


def test_an_open_length_has_room_for_the_seconds_that_are_named() -> None:
    assert plan("At 9s a gunshot.", duration=-1).duration_s > 9


def test_somebody_who_runs_is_heard_to_step_quicker_than_somebody_who_walks() -> None:
    walking = heard_steps(plan("A man walks down the street.", duration=8))
    running = heard_steps(plan("A man runs down the street.", duration=8))

    assert 1.4 * len(walking) < len(running) < 1.7 * len(walking)


def test_a_sound_that_is_not_known_is_named_unless_no_sound_is_wanted() -> None:
    told = plan("The pans clang in the kitchen.").not_rendered
    silent = plan("The pans clang in the kitchen.", generate_audio=False).not_rendered

    assert any("“The pans clang in the kitchen”" in sentence for sentence in told)
    assert not any("clang" in sentence for sentence in silent)


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("The clock ticks, then stops.", "clock"),
        ("A man walks in the rain, then stops.", "footsteps"),
        ("Applause. The applause fades away.", "applause"),
        ("雨下着，然后雨停了。", "rain"),
    ],
)
def test_an_ambience_that_is_told_to_stop_ends_within_the_clip(prompt: str, kind: str) -> None:
    made = plan(prompt, duration=8)

    lasting: dict[str, float] = {
        sound.kind: (sound.start_sample + sound.sample_count) / SAMPLE_RATE for sound in made.sounds
    }
    assert 2.0 < lasting.pop(kind) < 7.0
    assert all(end_s == 8.0 for end_s in lasting.values())


def test_a_weather_ends_with_its_sound() -> None:
    made = plan("It rains on the street. Then the rain stops at 5 seconds.", duration=8)

    assert [cue.end_s for cue in made.cues if cue.kind == "rain"] == [5.0]
    assert [(sound.kind, sound.sample_count) for sound in made.sounds] == [("rain", 5 * SAMPLE_RATE)]


def test_silence_takes_music_and_ambience_away_for_as_long_as_it_is_told() -> None:
    made = plan("Silence for two seconds, then an explosion. A busy street.", duration=6)

    tracks = {track.name: track.samples for track in record(made)}
    quiet, later = slice(0, 2 * SAMPLE_RATE), slice(3 * SAMPLE_RATE, None)
    assert hits(made) == [("explosion", 2.0)]
    for name in ("music", "ambience"):
        assert not tracks[name][quiet].any()
        assert np.abs(tracks[name][later]).max() > 0.01


def test_who_does_something_in_silence_takes_no_sound_away() -> None:
    assert plan("They eat in silence. Rain falls.").silences == ()


def test_a_silence_ends_with_the_next_sound() -> None:
    made = plan("Absolute silence. Then a gunshot.", duration=6)

    silence, (_, shot_s) = made.silences[0], hits(made)[0]
    assert silence.start_s == 0.0
    assert abs(silence.end_s - shot_s) < 0.2
    rain = plan("Silence at first, then rain.", duration=6)
    assert rain.silences[0].end_s * SAMPLE_RATE == rain.sounds[0].start_sample
    music = plan("Silence, then a piano melody.", duration=6)
    assert music.music is not None
    assert [turn.at_s for turn in music.music.turns] == [music.silences[0].end_s]
    late = plan("Silence. No birds. At 4 seconds a gunshot.", duration=6)
    assert late.silences[0].end_s == 4.0


@pytest.mark.parametrize(
    "prompt",
    [
        "A woman waits. At 3 seconds, cut to her eyes.",
        "A woman waits for three seconds, then cut to wide.",
        "女孩站着。第3秒切到全景。",
    ],
)
def test_a_cut_falls_at_the_second_that_is_named(prompt: str) -> None:
    made = plan(prompt, duration=8)

    assert [shot.start_frame for shot in made.shots] == [0, 3 * 24]


@pytest.mark.parametrize(
    ("prompt", "second"),
    [
        ('At 3 seconds she says "Hello there."', 3.0),
        ('She waits. After two seconds, she turns and says: "Hello there."', 2.0),
        ("第3秒，她说：“你好啊。”", 3.0),
        ('Silence for two seconds, then he says "It is over."', 2.0),
        ('"We made it!" she shouts two seconds later.', 2.0),
    ],
)
def test_a_line_begins_at_the_second_that_the_prompt_names(prompt: str, second: float) -> None:
    made = plan(prompt, duration=6)

    assert [line.start_s for line in made.lines] == [second]
    assert not [words for words in made.not_rendered if "at " in words and "begins at" in words]


def test_lines_at_told_seconds_keep_those_before_from_running_into_them() -> None:
    made = plan('He says "One moment". At 2s she says "Now", at 4s he says "Thank you".', duration=6)

    first, *told = moments(made.lines)
    assert [start for start, _ in told] == [2.0, 4.0]
    assert first[1] < 2.0


def test_a_line_without_room_at_its_second_begins_as_near_as_it_can_and_is_named() -> None:
    made = plan(
        'At 4 seconds she says: "I never thought that we would meet again in this old town."', duration=5
    )

    (line,) = made.lines
    assert line.start_s < 2.5
    assert line.end_s == pytest.approx(4.55, abs=0.05)
    assert any("at 4 s: it begins at" in words for words in made.not_rendered)


def test_an_open_length_has_room_for_a_line_at_its_second() -> None:
    made = plan('At 6 seconds he says: "Goodbye, my old friend."', duration=-1)

    assert made.lines[0].start_s == 6.0


def test_a_number_of_seconds_within_a_line_moves_nothing() -> None:
    late, on_time = (
        plan(f'She says: "{words}"', duration=6) for words in ("I am 3 s late.", "I am on time.")
    )

    assert late.lines[0].start_s == pytest.approx(on_time.lines[0].start_s, abs=0.3)


def test_what_then_joins_is_done_one_after_the_other_and_said_after_it() -> None:
    made = plan('She nods, then smiles, then says: "Okay." Then she frowns.', duration=8)
    nod, smile, frown = (next(cue for cue in made.cues if cue.kind == kind) for kind in ACTED)

    assert nod.end_s <= smile.start_s < made.lines[0].start_s
    assert made.lines[0].end_s <= frown.start_s == smile.end_s


def test_what_then_joins_finds_room_in_a_short_clip() -> None:
    made = plan("男人点点头，然后笑了笑，接着皱眉。", duration=4)
    nod, smile, frown = (next(cue for cue in made.cues if cue.kind == kind) for kind in ACTED)

    assert nod.start_s < smile.start_s < frown.start_s < 4 - 1


@pytest.mark.parametrize(
    "prompt", ["The dog barks once, two seconds later the cat meows.", "狗叫了一声，两秒后猫叫了。"]
)
def test_seconds_later_count_from_what_is_heard_before(prompt: str) -> None:
    dog, cat = plan(prompt, duration=8).sounds

    hits = [(s.start_sample / SAMPLE_RATE + onset) for s, onset in ((dog, 0.02), (cat, 0.15))]

    assert hits[1] - hits[0] == pytest.approx(2.0, abs=0.05)


def test_a_line_waits_for_the_silence_told_before_it() -> None:
    made = plan('She says: "Halt!" Silence for two seconds. Then a man whispers: "A friend."', duration=8)
    first, second = made.lines
    (hush,) = made.silences

    assert second.start_s - first.end_s == pytest.approx(2.0, abs=0.05)
    assert (hush.start_s, hush.end_s) == pytest.approx((first.end_s, second.start_s), abs=0.05)


def test_silence_for_seconds_ends_with_what_follows() -> None:
    made = plan("安静三秒后，电话突然响起。", duration=8)

    assert (made.silences[0].start_s, made.silences[0].end_s) == (0.0, 3.0)
    assert made.sounds[0].start_sample == 3 * SAMPLE_RATE
