"""The measures of `bench/quality`, each on data whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from bench.quality import faces, hearing
from bench.quality.cases import all_cases, request
from bench.quality.hearing import sound_lateness
from bench.quality.lips import CLOSED, lip_sync
from bench.quality.measuring import AIMS
from bench.quality.page import render
from numpy.typing import NDArray

from talkies.inputs import decode_picture
from talkies.media import Frame, Samples
from talkies.plan import Phoneme, Plan, SpokenLine
from talkies.spec import FRAME_RATE, SAMPLE_RATE, SAMPLES_PER_FRAME

SECONDS = 4
FRAMES = SECONDS * FRAME_RATE
SYLLABLE = 14  # frames: half of them "m", half of them "a"
OPEN = 0.08


@pytest.fixture(scope="module")
def portrait() -> Frame:
    path = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
    return decode_picture(path.read_bytes())


def babble() -> tuple[NDArray[np.float64], Samples, SpokenLine]:
    """Say "mamama": the lips' opening in every frame, the sound, and the line."""
    is_open = np.arange(FRAMES) % SYLLABLE >= SYLLABLE // 2
    opening = np.where(is_open, OPEN, 0.0)
    loudness = np.repeat(np.where(is_open, 0.5, 0.02), SAMPLES_PER_FRAME).astype(np.float32)
    tone = np.sin(2 * np.pi * 1000 / SAMPLE_RATE * np.arange(len(loudness))).astype(np.float32)
    step_s = SYLLABLE / 2 / FRAME_RATE
    phonemes = tuple(
        Phoneme(symbol="ma"[number % 2], start_s=number * step_s, end_s=(number + 1) * step_s)
        for number in range(2 * FRAMES // SYLLABLE)
    )
    line = SpokenLine(
        text="mamama",
        speaker=None,
        voice="woman",
        language="en",
        voice_over=False,
        shot=0,
        start_sample=0,
        sample_count=len(tone),
        start_s=0.0,
        end_s=float(SECONDS),
        phonemes=phonemes,
    )
    return opening, np.repeat((tone * loudness)[:, None], 2, axis=1), line


def test_lips_that_follow_the_sound_are_in_step() -> None:
    opening, speech, line = babble()

    sync = lip_sync(opening, speech, [line])

    assert sync.correlation > 0.95
    assert sync.late_frames == 0
    assert sync.closed_for_pbm == 1
    assert sync.closed_for_vowels == 0


def test_a_diphthong_is_looked_at_where_its_open_vowel_is() -> None:
    _, speech, line = babble()
    phonemes = (
        Phoneme(symbol="aʊ", start_s=1.0, end_s=1.5),
        Phoneme(symbol="ɔ", start_s=2.0, end_s=2.03),
    )
    line = line.model_copy(update={"phonemes": phonemes})
    opening = np.zeros(FRAMES)
    opening[round(1.0 * FRAME_RATE) : round(1.2 * FRAME_RATE)] = OPEN

    assert lip_sync(opening, speech, [line]).closed_for_vowels == 0
    assert lip_sync(np.zeros(FRAMES), speech, [line]).closed_for_vowels == 1


@pytest.mark.parametrize("frames", [-2, 1, 2])
def test_late_and_early_lips_are_told_by_the_frame(frames: int) -> None:
    opening, speech, line = babble()

    assert lip_sync(np.roll(opening, frames), speech, [line]).late_frames == frames


@pytest.mark.parametrize(("gap", "closed"), [(0.0, 1.0), (OPEN, 0.0)])
def test_a_mouth_that_stands_still_is_in_step_with_nothing(gap: float, closed: float) -> None:
    _, speech, line = babble()

    sync = lip_sync(np.full(FRAMES, gap), speech, [line])

    assert sync.correlation == 0
    assert (sync.closed_for_pbm, sync.closed_for_vowels) == (closed, closed)


def test_a_face_that_is_not_seen_speaks_not() -> None:
    _, speech, line = babble()

    sync = lip_sync(np.full(FRAMES, np.nan), speech, [line])

    assert (sync.correlation, sync.closed_for_pbm) == (0, 0)


def test_an_open_smile_measures_open(portrait: Frame) -> None:
    (seen,) = faces.follow([portrait], None)
    assert seen is not None

    assert seen.lips_apart > 2 * CLOSED


def test_a_face_that_turns_and_comes_nearer_stays_the_same_face(portrait: Frame) -> None:
    height, width = portrait.shape[:2]
    turned = cv2.getRotationMatrix2D((width / 2, height / 3), 8, 1.15)
    frames = [portrait, np.asarray(cv2.warpAffine(portrait, turned, (width, height)), np.uint8)]
    seen = faces.follow(frames, None)
    assert seen[0] is not None

    assert faces.likeness(portrait, seen[0].face, frames, seen) > 0.95


def test_a_small_face_is_not_asked_for_more_than_the_mesh_is_sure_of(portrait: Frame) -> None:
    small = np.asarray(cv2.resize(portrait, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA), np.uint8)
    (seen,) = faces.follow([small], None)
    assert seen is not None
    strayed = replace(seen.face, mesh=seen.face.mesh + np.array([1.0, 0.5, 0.0], np.float32))
    spoiled = small.copy()
    x, y, width, height = (round(value) for value in seen.face.box)
    spoiled[y : y + height, x : x + width // 2] //= 3

    assert seen.face.size < 100
    assert faces.likeness(small, seen.face, [small], [replace(seen, face=strayed)]) > 0.9
    assert faces.likeness(small, seen.face, [spoiled], [seen]) < 0.8


def test_a_face_with_other_eyes_and_shadows_is_less_alike(portrait: Frame) -> None:
    (seen,) = faces.follow([portrait], None)
    assert seen is not None
    x, y, width, height = (round(value) for value in seen.face.box)
    spoiled = portrait.copy()
    spoiled[y : y + height, x : x + width // 2] //= 3

    assert faces.likeness(portrait, seen.face, [spoiled], [seen]) < 0.8


def test_a_late_sound_is_told_to_the_millisecond() -> None:
    noise = np.random.default_rng(3).standard_normal(2 * SAMPLE_RATE)
    late = np.concatenate([np.zeros(SAMPLE_RATE * 120 // 1000), noise])[: len(noise)]

    late_ms, likeness = sound_lateness(late, noise)

    assert late_ms == pytest.approx(120, abs=1)
    assert likeness > 0.9


def test_another_sound_is_not_alike() -> None:
    one, other = np.random.default_rng(3).standard_normal((2, 2 * SAMPLE_RATE))

    assert sound_lateness(one, other)[1] < 0.1
    assert sound_lateness(np.zeros(SAMPLE_RATE), one)[1] == 0


@pytest.mark.parametrize(
    ("said", "heard", "share"),
    [
        ("We have been waiting for you.", "we've been weighting four you", 1.0),
        ("My well-known friend won't come.", "my well known friend will not come", 1.0),
        ("Please open the window now.", "please open a window now", 0.8),
        ("We lived here for years.", "we live here for years", 0.8),
    ],
)
def test_only_what_an_ear_can_tell_is_a_wrong_word(
    said: str, heard: str, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = babble()[2].model_copy(update={"text": said})
    plan = Plan.model_construct(lines=(line,))
    monkeypatch.setattr(hearing, "_recognised", lambda _sound: heard)

    assert hearing.words_heard(np.zeros(SAMPLE_RATE), plan) == pytest.approx(share)


def test_the_set_has_enough_of_every_kind_and_every_picture_is_there() -> None:
    cases = all_cases()
    kinds = [case.kind for case in cases]

    assert len(cases) >= 24
    assert all(kinds.count(kind) >= 8 for kind in ("speech", "event", "camera"))
    assert len({case.name for case in cases}) == len(cases)
    for case in cases:
        request(case)


def test_every_picture_names_its_licence() -> None:
    folder = Path(__file__).parents[2] / "bench" / "pictures"
    told = (folder / "README.md").read_text(encoding="utf-8")

    assert [path.name for path in sorted(folder.glob("*.jpg")) if f"`{path.name}`" not in told] == []


def test_the_page_shows_misses_and_escapes_prompts() -> None:
    figure = {"measured": 0.5, "at_least": 0.9, "met": False}
    name = next(iter(AIMS))
    case = {
        "name": "one",
        "kind": "speech",
        "picture": "astronaut",
        "prompt": "a <b> & c",
        "not_rendered": [],
        "sheets": ["one.jpg"],
        "figures": {name: figure},
        "baselines": {"still": {}, "zoom": {name: figure}},
        "judgement": {"verdict": "weak", "why": "too slow"},
    }

    page = render({"command": "x", "measures": {}, "controls": [], "cases": [case]})

    assert "a &lt;b&gt; &amp; c" in page
    assert page.count("class=missed>0.5") == 2
    assert "too slow" in page
