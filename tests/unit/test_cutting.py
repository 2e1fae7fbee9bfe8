"""Cuts lie on beats, where speech and the prompt leave them free."""

from __future__ import annotations

import pytest

from talkies.engines.animatic.planning.storyboard import draw
from talkies.plan import MusicCue, Plan
from talkies.script import read
from talkies.spec import FRAME_RATE, PictureFacts, settle

PICTURE = PictureFacts("a" * 64, 1600, 900)
THREE = "Shot 1: wide shot of the harbour. Shot 2: close-up. Shot 3: the boats."


def plan(prompt: str, duration: int = 8, seed: int = 1) -> Plan:
    return draw(settle(prompt=prompt, first_frame=PICTURE, duration=duration, seed=seed), read(prompt))


def cuts(made: Plan) -> list[int]:
    return [shot.start_frame for shot in made.shots[1:]]


def frames_off(cut: int, music: MusicCue | None) -> float:
    """How many frames a cut lies beside the nearest beat."""
    assert music is not None
    assert music.beat_s is not None
    beats = (cut / FRAME_RATE - music.first_beat_s) / music.beat_s
    return abs(beats - round(beats)) * music.beat_s * FRAME_RATE


@pytest.mark.parametrize("mood", ["Happy", "Energetic", "Epic", "Calm"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_free_cuts_lie_within_a_frame_of_a_beat(mood: str, seed: int) -> None:
    made = plan(f"{THREE} {mood} music.", seed=seed)

    assert len(cuts(made)) == 2
    assert all(frames_off(cut, made.music) <= 1 for cut in cuts(made))


def test_a_cut_moves_by_a_third_of_a_second_at_most() -> None:
    unmoved = cuts(plan(f"{THREE} No music."))

    for seed in range(8):
        moved = cuts(plan(f"{THREE} Happy music.", seed=seed))
        assert all(abs(new - old) <= 0.35 * FRAME_RATE for new, old in zip(moved, unmoved, strict=True))


def test_speech_keeps_its_silence_where_cuts_move() -> None:
    prompt = 'Shot 1: he says: "We sail at first light." Shot 2: she says: "Not without me." Shot 3: the sea.'
    for seed in range(4):
        made = plan(f"{prompt} Energetic music.", duration=6, seed=seed)

        for line in made.lines:
            shot = made.shots[line.shot]
            assert shot.start_frame / FRAME_RATE + 0.3 < line.start_s
            assert line.end_s < shot.end_frame / FRAME_RATE - 0.3


def test_what_no_shot_needs_is_shared_by_what_each_has_to_show() -> None:
    made = plan('Shot 1: she says: "We are all ready for the launch." Shot 2: she winks. No music.')

    assert 80 <= cuts(made)[0] <= 112  # of 192 frames: neither waits in silence for most of the clip


def test_a_length_that_the_prompt_names_is_kept() -> None:
    assert cuts(plan("[0-3s] rain on the street. [3-6s] a close-up. Happy music.", duration=6)) == [72]
