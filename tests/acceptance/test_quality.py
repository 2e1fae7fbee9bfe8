"""The gates of `bench/quality` on two small clips, and on clips broken on purpose: no slip goes unseen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from bench.figures import Figure
from bench.quality import run_controls
from bench.quality.cases import all_cases
from bench.quality.material import Material, deliver, make
from bench.quality.measuring import judge, measure

SECONDS = 4  # the shortest clips

# What the engine keeps where it does not yet reach, or only just reaches, the aim.
SPEECH_FLOORS = {"lips_closed_for_pbm": 0.75}
JOURNEY_FLOORS = {"inner_motion_px": 0.7}

pytestmark = pytest.mark.slow


def short(name: str) -> Material:
    (case,) = (case for case in all_cases() if case.name == name)
    return make(replace(case, seconds=SECONDS))


@pytest.fixture(scope="module")
def speech() -> Material:
    return short("astronaut-closes-lips")


@pytest.fixture(scope="module")
def journey() -> Material:
    return short("lake-two-frames")


def below(floors: Mapping[str, float], material: Material, path: Path) -> dict[str, Figure]:
    """Measure a clip; give the figures that miss their aims, or their floor where they have one."""
    measures, _ = measure(material, deliver(material, path))
    return {
        name: figure
        for name, figure in judge(measures).items()
        if not (figure.measured >= floors[name] if name in floors else figure.is_met)
    }


def test_a_speaking_face_does_not_get_worse(speech: Material, tmp_path: Path) -> None:
    assert below(SPEECH_FLOORS, speech, tmp_path / "speech.mp4") == {}


def test_a_way_between_two_pictures_does_not_get_worse(journey: Material, tmp_path: Path) -> None:
    assert below(JOURNEY_FLOORS, journey, tmp_path / "journey.mp4") == {}


def test_clips_broken_on_purpose_are_caught(speech: Material, journey: Material, tmp_path: Path) -> None:
    controls = run_controls(speech, journey, tmp_path)

    assert [control for control in controls if not control["caught"]] == []
