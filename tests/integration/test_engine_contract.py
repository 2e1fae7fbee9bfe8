"""What every engine promises; a new engine is added to `ENGINES` and must pass unchanged."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from talkies.engines import Engine, engine_names, find_engine
from talkies.errors import BadOption, Canceled
from talkies.fitting import fit
from talkies.inputs import decode_picture
from talkies.media import Clip, Frame, Inputs, no_tick
from talkies.plan import Plan
from talkies.production import joined_tracks, make_plan
from talkies.spec import PictureFacts, settle

ENGINES = ("animatic",)


@pytest.fixture(scope="session")
def frame(photo: Path) -> Frame:
    return decode_picture(photo.read_bytes())


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return find_engine(request.param)


def facts(name: str) -> PictureFacts:
    return PictureFacts(sha256(name.encode()).hexdigest(), 512, 512)


def planned(engine: Engine, prompt: str = "Slow push in.", **wishes: Any) -> Plan:
    usual = {"first_frame": facts("first"), "resolution": "480p", "duration": 4, "seed": 11}
    return make_plan(settle(prompt=prompt, **{**usual, **wishes}), engine)


def digest(clips: list[Clip]) -> str:
    """Hash every frame and every sample."""
    seen = sha256()
    for clip in clips:
        for picture in clip.frames:
            seen.update(np.ascontiguousarray(picture).tobytes())
    for track in joined_tracks(clips):
        seen.update(track.name.encode() + np.ascontiguousarray(track.samples).tobytes())
    return seen.hexdigest()


def test_every_installed_engine_of_ours_is_under_contract() -> None:
    assert set(ENGINES) <= set(engine_names())


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadOption, match="animatic"):
        find_engine("magic")


def test_a_plan_survives_json(engine: Engine) -> None:
    made = planned(engine, 'Shot 1: wide. Shot 2: close-up, she says: "Hi."')

    assert Plan.model_validate_json(made.model_dump_json()) == made


def test_clips_have_the_planned_frames_and_samples(engine: Engine, frame: Frame) -> None:
    made = planned(engine, 'Shot 1: wide. Shot 2: close-up, she says: "Hi." Rain.')
    clips = list(engine.render(made, Inputs(first_frame=frame), no_tick))

    assert [clip.frame_count for clip in clips] == [shot.frame_count for shot in made.shots]
    for clip in clips:
        frames = list(clip.frames)
        assert len(frames) == clip.frame_count
        assert {picture.shape for picture in frames} == {(made.height, made.width, 3)}
        assert {picture.dtype for picture in frames} == {np.dtype(np.uint8)}
        for track in clip.tracks():
            assert len(track.samples) == 2000 * clip.frame_count
            assert np.isfinite(track.samples).all()


def test_both_ends_are_exactly_the_prepared_pictures(engine: Engine, frame: Frame) -> None:
    last = np.ascontiguousarray(frame[:, ::-1])
    made = planned(engine, last_frame=facts("last"), generate_audio=False)

    frames = [
        picture for clip in engine.render(made, Inputs(frame, last), no_tick) for picture in clip.frames
    ]

    assert np.array_equal(frames[0], fit(frame, made.width, made.height))
    assert np.array_equal(frames[-1], fit(last, made.width, made.height))


def test_the_same_plan_gives_the_same_bits_and_another_seed_does_not(engine: Engine, frame: Frame) -> None:
    first, again, other = (
        digest(list(engine.render(planned(engine, seed=seed), Inputs(frame), no_tick))) for seed in (1, 1, 2)
    )

    assert first == again
    assert first != other


def test_a_tick_that_cancels_stops_the_work(engine: Engine, frame: Frame) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if stage == "picture" and 3 <= done < total:
            raise Canceled("stopped by the test")

    with pytest.raises(Canceled):
        for clip in engine.render(planned(engine), Inputs(frame), stop):
            for _ in clip.frames:
                pass


def test_progress_never_goes_back_within_a_stage(engine: Engine, frame: Frame) -> None:
    heard: dict[str, list[float]] = {}

    def listen(stage: str, done: int, total: int) -> None:
        heard.setdefault(stage, []).append(done / total)

    for clip in engine.render(planned(engine), Inputs(frame), listen):
        for _ in clip.frames:
            pass

    assert "picture" in heard
    assert all(shares == sorted(shares) and shares[-1] <= 1 for shares in heard.values())
