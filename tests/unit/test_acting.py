from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.living.acting import are_animals, perform, perform_figure
from talkies.engines.animatic.living.expression import PHOTO, STILL
from talkies.engines.animatic.living.gestures import FEELINGS, GESTURES
from talkies.engines.animatic.living.performance import POSE_LIMITS, Channel, Performance
from talkies.engines.animatic.sound.soundtrack import heard_steps
from talkies.engines.animatic.vision.faces import MESH_POINTS, Face
from talkies.plan import ActionKind, CameraMove, Cue, Phoneme, PlacedSound, Plan, Shot, Speed, SpokenLine
from talkies.spec import FRAME_RATE, SAMPLE_RATE

_LEFT, _RIGHT = 1, 0  # numbers of the faces, the largest first


def _face(x: float, size: float) -> Face:
    return Face((x - size / 2, 200, size, size), 0.9, np.zeros((MESH_POINTS, 3), np.float32))


_FACES = (_face(900, 200), _face(300, 150))
_SHOT = Shot(start_frame=0, end_frame=240, picture="first")


def _line(speaker: str, start_s: float, syllables: int = 6) -> SpokenLine:
    phonemes = []
    for number in range(syllables):
        at_s = start_s + 0.25 * number
        phonemes += [
            Phoneme(symbol="m", start_s=at_s, end_s=at_s + 0.08),
            Phoneme(symbol="ɑ", start_s=at_s + 0.08, end_s=at_s + 0.25),
        ]
    end_s = start_s + 0.25 * syllables
    return SpokenLine(
        text="ma",
        speaker=speaker,
        voice="woman",
        language="en",
        voice_over=False,
        shot=0,
        start_sample=round(start_s * SAMPLE_RATE),
        sample_count=round((end_s - start_s) * SAMPLE_RATE),
        start_s=start_s,
        end_s=end_s,
        phonemes=tuple(phonemes),
    )


def _cue(kind: ActionKind, text: str = "", start_s: float = 2.0, end_s: float = 3.5) -> Cue:
    return Cue(kind=kind, who=None, text=text, shot=0, start_s=start_s, end_s=end_s)


def _speak(line: SpokenLine) -> NDArray[np.float32]:
    return np.ones(line.sample_count, np.float32)


def _plan(
    lines: Sequence[SpokenLine] = (),
    cues: Sequence[Cue] = (),
    *,
    seconds: int = 10,
    sounds: Sequence[PlacedSound] = (),
    text: str = "",
) -> Plan:
    shot = _SHOT.model_copy(update={"end_frame": seconds * FRAME_RATE, "text": text})
    return Plan(
        engine="animatic",
        width=1280,
        height=720,
        duration_s=seconds,
        seed=5,
        shots=(shot,),
        lines=tuple(lines),
        cues=tuple(cues),
        sounds=tuple(sounds),
    )


def _perform(plan: Plan, faces: tuple[Face, ...] = _FACES[:1]) -> tuple[Performance, ...]:
    return perform(plan, plan.shots[0], faces, _speak)


def _added(cue: Cue, channel: Channel) -> NDArray[np.float64]:
    """Tell what a cue adds to a face that does nothing else but live."""
    with_cue, without = (_perform(_plan(cues=cues))[0].curves[channel] for cues in ((cue,), ()))
    return np.asarray(with_cue - without)


def test_a_shot_that_opens_whole_begins_as_the_photo_and_one_that_closes_whole_ends_so() -> None:
    plan = _plan([_line("a woman", 0.3, 36)], [_cue("smile", start_s=0.0, end_s=10.0)])

    performance = perform(plan, plan.shots[0], _FACES[:1], _speak, opens_whole=True, closes_whole=True)[0]

    assert performance.expression(0) == performance.expression(239) == PHOTO
    assert performance.head(0) == performance.head(239) == STILL
    assert performance.expression(120) != PHOTO
    assert performance.head(120) != STILL


def test_the_speaker_speaks_and_the_other_looks_there() -> None:
    right, left = _perform(_plan([_line("the woman on the left", 1.0)]), _FACES)

    assert left.expression(36).speaking == 1
    assert right.curves["speaking"].max() == 0
    assert right.curves["gaze_x"][42:54].max() < -0.3


def test_everybody_blinks_every_few_seconds_but_not_together() -> None:
    performances = _perform(_plan(seconds=12), (*_FACES, _face(600, 100)))

    shut = [np.flatnonzero(each.curves["blink_left"] > 0.999) for each in performances]
    assert all(2 <= np.count_nonzero(np.diff(frames, prepend=-9) > 3) <= 6 for frames in shut)
    assert not set(shut[0]) & set(shut[1]) | set(shut[1]) & set(shut[2]) | set(shut[0]) & set(shut[2])


def test_a_blink_lasts_five_to_eight_frames() -> None:
    lids = _perform(_plan())[0].curves["blink_left"]
    closing = np.flatnonzero(np.diff((lids > 0.01).astype(int)))

    assert all(5 <= end - start <= 8 for start, end in zip(closing[::2], closing[1::2], strict=False))


def test_a_longer_clip_begins_as_a_shorter_one() -> None:
    short, long = (_perform(_plan(seconds=seconds))[0] for seconds in (5, 12))

    for name, curve in short.curves.items():
        np.testing.assert_allclose(long.curves[name][: curve.size], curve, atol=1e-12)


def test_a_part_of_a_shot_is_acted_as_in_the_whole() -> None:
    plan = _plan([_line("a woman", 1.0)], [_cue("nod")])
    rest = plan.shots[0].model_copy(update={"start_frame": 18})

    whole = _perform(plan)[0]
    part = perform(plan, rest, _FACES[:1], _speak)[0]

    for name in ("turn", "nod", "smile", "speaking"):
        np.testing.assert_allclose(part.curves[name], whole.curves[name][18:], atol=1e-12)


def test_nobody_stands_frozen() -> None:
    turn, breath = (_perform(_plan())[0].curves[name] for name in ("turn", "breath"))

    assert np.ptp(turn) > 0.01
    assert np.ptp(breath) > 1


@pytest.mark.parametrize("kind", sorted({*FEELINGS, *GESTURES} - {"close_mouth"}))
def test_every_cue_is_seen_smooth_and_within_limits(kind: ActionKind) -> None:
    performance = _perform(_plan(cues=[_cue(kind, "to the left")]))[0]
    idle = _perform(_plan())[0]

    moved = sum(np.abs(performance.curves[name] - idle.curves[name]).max() for name in idle.curves)
    assert moved > 0.03
    for name, limit in POSE_LIMITS.items():
        assert np.abs(performance.curves[name]).max() <= max(limit, 1.0 if name == "breath" else 0)
        assert np.abs(np.diff(performance.curves[name])).max() < 0.35 * limit


def test_a_smile_holds_until_the_next_feeling() -> None:
    performance = _perform(_plan(cues=[_cue("smile"), _cue("sadness", start_s=6.0, end_s=7.0)]))[0]

    assert performance.expression(130).smile > 0.6
    assert performance.expression(220).smile < -0.4


def test_a_yawn_opens_the_mouth_wide_shuts_both_eyes_and_is_over() -> None:
    (yawner,) = _perform(_plan(cues=[_cue("yawn", start_s=2.0, end_s=4.8)]))

    opened = yawner.curves["opening"] * yawner.curves["speaking"]
    assert opened.max() == pytest.approx(1.0)
    widest = int(opened.argmax()) + FRAME_RATE // 2
    assert yawner.curves["blink_left"][widest] == yawner.curves["blink_right"][widest] == 1
    assert opened[FRAME_RATE * 5 :].max() == 0


@pytest.mark.parametrize("later", ["close_mouth", "smile"])
def test_a_mouth_that_opens_stays_open_until_the_next_of_its_kind(later: ActionKind) -> None:
    cues = [_cue("open_mouth", start_s=1.0, end_s=10.0), _cue(later, start_s=6.0, end_s=10.0)]

    speaking = _perform(_plan(cues=cues))[0].curves["speaking"]

    assert speaking[FRAME_RATE * 5] > 0.9
    assert speaking[FRAME_RATE * 7] == 0


def test_a_mouth_held_open_does_not_come_back_after_a_word() -> None:
    line = _line("The woman", 4.0)

    plan = _plan([line], [_cue("open_mouth", start_s=1.0, end_s=10.0)])

    speaking = _perform(plan)[0].curves["speaking"]

    assert speaking[FRAME_RATE * 3] > 0.9
    assert speaking[FRAME_RATE * 7 :].max() == 0


@pytest.mark.parametrize(
    ("text", "channel"), [("right eyebrow", "brow_right"), ("left eyebrow", "brow_left")]
)
def test_one_eyebrow_rises_at_the_side_that_is_named(text: str, channel: Channel) -> None:
    raised = _perform(_plan(cues=[_cue("raise_brow", f"raises the {text}")]))[0].curves

    assert raised[channel].max() == pytest.approx(1.0)
    assert {name for name in ("brow_left", "brow_right") if raised[name].any()} == {channel}


def test_a_nod_goes_down_first_and_a_shake_goes_both_ways() -> None:
    nod, shake = _added(_cue("nod"), "nod"), _added(_cue("shake_head"), "turn")

    assert nod[48:56].max() > 0.06
    assert shake.max() > 0.05
    assert shake.min() < -0.05


@pytest.mark.parametrize(
    ("text", "channel", "sign"),
    [
        ("looks to the left", "gaze_x", -1),
        ("looks to the right", "gaze_x", 1),
        ("looks up", "gaze_y", -1),
        ("looks down", "gaze_y", 1),
        ("向左看", "gaze_x", -1),
    ],
)
def test_a_gaze_goes_where_the_words_point(text: str, channel: Channel, sign: int) -> None:
    assert sign * _added(_cue("gaze", text), channel)[60] > 0.4


@pytest.mark.parametrize(
    ("text", "sign"), [("lowers her head", 1), ("低头", 1), ("抬起头", -1), ("raises his chin", -1)]
)
def test_a_head_that_is_lowered_or_raised_looks_there(text: str, sign: int) -> None:
    assert sign * _added(_cue("gaze", text), "gaze_y").sum() > 0


def test_a_turned_head_comes_back() -> None:
    turn = _added(_cue("turn_head", "turns to the right"), "turn")

    assert turn[72] > 0.12
    assert abs(turn[130]) < 0.01


def test_a_wink_closes_one_eye() -> None:
    added = [_added(_cue("wink", "winks"), name).max() for name in ("blink_left", "blink_right")]

    assert sorted(added) == [pytest.approx(0, abs=0.05), pytest.approx(1, abs=0.05)]


@pytest.mark.parametrize(("speed", "eased_s"), [("normal", 0.5), ("slow", 0.9)])
def test_eyes_that_are_closed_stay_so_until_they_are_opened(speed: Speed, eased_s: float) -> None:
    closes = _cue("close_eyes", "closes her eyes", end_s=10).model_copy(update={"speed": speed})
    opens = _cue("open_eyes", "opens them", start_s=6, end_s=7)

    both, alone = (_perform(_plan(cues=cues))[0].curves for cues in ((closes, opens), (closes,)))

    shut = np.flatnonzero(both["blink_left"] > 0.999)
    assert shut[0] == pytest.approx((2 + eased_s) * FRAME_RATE, abs=3)
    assert shut[-1] == pytest.approx(6 * FRAME_RATE, abs=2)
    assert np.array_equal(shut, np.arange(shut[0], shut[-1] + 1))
    assert np.array_equal(both["blink_left"], both["blink_right"])
    assert both["blink_left"][160:168].max() < 0.01
    assert both["widen"].max() == 0
    assert (alone["blink_left"][shut[0] :] > 0.999).all()


def test_eyes_close_before_they_open_however_soon_they_are_told_to() -> None:
    closes = _cue("close_eyes", "closes her eyes", end_s=10).model_copy(update={"speed": "slow"})
    opens = _cue("open_eyes", "opens them", start_s=2.5, end_s=3.5)

    lids = _perform(_plan(cues=[closes, opens]))[0].curves["blink_left"][48:]

    assert 6 < (lids[:60] > 0.99).sum() < 24


def test_open_eyes_open_wide() -> None:
    once = _added(_cue("open_eyes", "opens her eyes", end_s=3), "widen")
    wide = _added(_cue("open_eyes", "opens her eyes wide", end_s=3), "widen")

    assert once.max() > 0.8
    assert once[-60:].max() == 0
    assert (wide[72:] > 0.8).all()


@pytest.mark.parametrize("kind", ["wink", "blink", "kiss", "close_eyes"])
def test_no_idle_blink_comes_near_to_what_lids_do_on_cue(kind: ActionKind) -> None:
    seen = 0
    for start_s in np.arange(0.5, 9, 0.25):
        end_s = 10.0 if kind == "close_eyes" else start_s + 1
        curves = _perform(_plan(cues=[_cue(kind, start_s=start_s, end_s=end_s)]))[0].curves
        lids = np.maximum(curves["blink_left"], curves["blink_right"]) > 0
        edges = np.flatnonzero(np.diff(lids.astype(int)))
        starts, ends = (
            edges[np.diff(lids.astype(int))[edges] > 0],
            edges[np.diff(lids.astype(int))[edges] < 0],
        )
        acted = np.abs(starts / FRAME_RATE - start_s).argmin()
        gaps = [starts[later] - ends[later - 1] for later in (acted, acted + 1) if 0 < later < len(starts)]
        seen += len(gaps)
        assert all(gap >= 0.6 * FRAME_RATE - 1 for gap in gaps)
    assert seen


def test_a_wave_becomes_a_friendly_nod() -> None:
    cue = _cue("wave", "waves at the camera")

    assert _added(cue, "smile").max() > 0.4
    assert _added(cue, "nod").max() > 0.04


def test_a_walker_is_lowest_at_each_step_that_is_heard() -> None:
    heard = PlacedSound(kind="footsteps", shot=0, start_sample=0, sample_count=10 * SAMPLE_RATE)
    plan = _plan(cues=[_cue("walk", start_s=1.0, end_s=9.0)], sounds=[heard])
    rise = _perform(plan)[0].curves["rise"]

    steps = [moment_s * FRAME_RATE - 0.5 for moment_s in heard_steps(plan) if 2 < moment_s < 8]
    assert len(steps) > 9
    for step in steps:
        near = np.arange(round(step) - 5, round(step) + 6)
        assert abs(near[rise[near].argmin()] - step) <= 1


def test_somebody_walks_at_a_pace_when_no_step_is_heard() -> None:
    rise = _added(_cue("walk", start_s=1.0, end_s=9.0), "rise")

    lowest = 1 + np.flatnonzero((rise[1:-1] < rise[:-2]) & (rise[1:-1] <= rise[2:]) & (rise[1:-1] < -0.01))
    assert np.diff(lowest).mean() == pytest.approx(FRAME_RATE / 1.8, abs=0.5)


def test_a_laugh_is_seen_when_it_is_heard() -> None:
    heard = PlacedSound(kind="laughter", shot=0, start_sample=5 * SAMPLE_RATE, sample_count=2 * SAMPLE_RATE)
    performance = _perform(_plan(cues=[_cue("laugh")], sounds=[heard]))[0]

    assert performance.curves["speaking"][: 5 * FRAME_RATE].max() == 0
    assert performance.curves["speaking"][5 * FRAME_RATE :].max() > 0.6


def test_the_same_seed_gives_the_same_performance() -> None:
    plan = _plan([_line("a woman", 1.0)], [_cue("laugh")])

    first, second = (_perform(plan)[0] for _ in range(2))

    assert all(np.array_equal(first.curves[name], second.curves[name]) for name in first.curves)


def test_an_animal_breathes_and_a_thing_only_turns() -> None:
    cat, cup = (
        perform_figure(plan, plan.shots[0], turning=True)
        for plan in (_plan(text="The cat sleeps."), _plan(text="A cup."))
    )

    assert cat is not None
    assert cup is not None
    assert np.ptp(cat.curves["breath"]) > 1
    assert np.ptp(cup.curves["breath"]) == 0
    assert np.ptp(cup.curves["turn"]) > 0.01


def test_only_an_animal_moves_where_a_thing_may_not_turn() -> None:
    cat, cup = _plan(text="The cat sleeps."), _plan(text="A cup.")

    assert perform_figure(cat, cat.shots[0], turning=False) is not None
    assert perform_figure(cup, cup.shots[0], turning=False) is None


def test_an_animal_throws_its_head_up_within_45_ms_of_each_bark() -> None:
    moments_s = (1.0, 1.42, 3.0)
    barks = tuple(
        PlacedSound(kind="dog", shot=0, start_sample=round(at * SAMPLE_RATE), sample_count=SAMPLE_RATE // 2)
        for at in moments_s
    )
    silent = _plan(text="The dogs bark.")

    quiet, loud = (
        perform_figure(plan, plan.shots[0], turning=False)
        for plan in (silent, silent.model_copy(update={"sounds": barks}))
    )

    assert quiet is not None
    assert loud is not None
    rise = loud.curves["rise"] - quiet.curves["rise"]
    begun = np.flatnonzero((rise > 0.25 * rise.max()) & (np.roll(rise, 1) <= 0.25 * rise.max()))
    late_s = [first / FRAME_RATE - at for first, at in zip(begun, moments_s, strict=True)]
    assert max(late_s, key=abs) < 0.045
    assert rise.max() > 0.03


@pytest.mark.parametrize("words", ["looks around", "glances around nervously", "四处张望", "环顾四周"])
def test_who_looks_around_looks_to_both_sides(words: str) -> None:
    told, quiet = (_perform(_plan(cues=cues))[0] for cues in ([_cue("gaze", words)], []))

    looked = told.curves["gaze_x"] - quiet.curves["gaze_x"]
    assert looked.max() > 0.5
    assert looked.min() < -0.5


@pytest.mark.parametrize(
    ("kind", "words", "channel", "sign"),
    [
        ("gaze", "looks up", "nod", -1),
        ("turn_head", "turns its head to the right", "turn", 1),
        ("nod", "nods", "nod", 1),
    ],
)
def test_an_animal_does_with_its_body_what_a_head_would(
    kind: ActionKind, words: str, channel: Channel, sign: int
) -> None:
    told = Cue(kind=kind, who="The cat", text=words, shot=0, start_s=2.0, end_s=4.0)
    quiet, acting = (
        perform_figure(plan, plan.shots[0], turning=False)
        for plan in (_plan(text="The cat."), _plan(text="The cat.", cues=[told]))
    )

    assert quiet is not None
    assert acting is not None
    moved = sign * (acting.curves[channel] - quiet.curves[channel])
    assert np.abs(moved[: 2 * FRAME_RATE - 1]).max() == 0
    assert moved.max() > 0.05


def test_an_animal_does_not_follow_what_is_told_of_a_person() -> None:
    told = Cue(kind="nod", who="The old man", text="nods", shot=0, start_s=2.0, end_s=4.0)
    quiet, beside = (
        perform_figure(plan, plan.shots[0], turning=False)
        for plan in (_plan(text="The cat."), _plan(text="The cat.", cues=[told]))
    )

    assert quiet is not None
    assert beside is not None
    assert np.array_equal(quiet.curves["nod"], beside.curves["nod"])


def test_what_flies_on_the_spot_bobs() -> None:
    hovering, perching = _plan(text="A hummingbird."), _plan(text="An owl, a bird.")

    curves = [perform_figure(plan, plan.shots[0], turning=False) for plan in (hovering, perching)]

    assert curves[0] is not None
    assert curves[1] is not None
    assert np.ptp(curves[0].curves["rise"]) > 0.03 > np.ptp(curves[1].curves["rise"])


@pytest.mark.parametrize(
    ("text", "score", "is_animal"),
    [
        ("The monkey looks around and eats a leaf.", 0.83, True),
        ("The baby monkey looks around, its eyes are wide.", 0.83, True),
        ("A gorilla looks into the lens.", 0.83, True),
        ("猴子慢慢地吃树叶。", 0.83, True),
        ("The monkey looks around and eats a leaf.", 0.95, False),
        ("The old woman strokes the cat.", 0.83, False),
        ("She strokes the cat.", 0.83, False),
        ("She smiles.", 0.83, False),
    ],
)
def test_what_looks_like_a_face_is_an_animals_where_words_name_animals_alone(
    text: str, score: float, is_animal: bool
) -> None:
    plan = _plan(text=text)

    assert are_animals(plan.shots[0], (replace(_FACES[0], score=score),)) is is_animal


def _travel(performance: Performance) -> float:
    """How far a head goes from frame to frame, on average, in radians."""
    poses = [performance.head(index) for index in range(240)]
    turns = np.array([[pose.turn, pose.nod, pose.tilt] for pose in poses])
    return float(np.abs(np.diff(turns, axis=0)).sum(axis=1).mean())


def test_heads_move_more_where_the_camera_does_not_and_small_ones_most() -> None:
    plan = _plan()
    fixed = plan.shots[0].model_copy(update={"moves": (CameraMove(kind="static"),)})
    still_plan = plan.model_copy(update={"shots": (fixed,)})

    (moving,) = perform(plan, plan.shots[0], _FACES[:1], _speak)
    large, small = (perform(still_plan, fixed, (_face(900, size),), _speak)[0] for size in (200, 100))

    assert _travel(large) > 1.5 * _travel(moving)
    assert _travel(small) > 1.3 * _travel(large)


def test_a_head_moves_from_the_first_frame_on() -> None:
    plan = _plan()

    (performance,) = perform(plan, plan.shots[0], _FACES[:1], _speak, opens_whole=True)

    assert performance.head(0) == STILL
    second = performance.head(1)
    assert abs(second.turn) + abs(second.nod) + abs(second.tilt) > 2e-4
