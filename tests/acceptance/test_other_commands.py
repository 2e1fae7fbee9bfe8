"""`talkies plan`, `inspect` and `doctor` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image
from tests.conftest import Talkies

TWO_SHOTS = (
    "Shot 1: wide shot, slow pan right, rain. "
    "Shot 2: close-up of her face, she says softly: “We made it.” No music."
)


def test_plan_shows_shots_lines_and_sounds_without_rendering(
    talkies: Talkies, photo: Path, tmp_path: Path
) -> None:
    done = talkies("plan", photo, TWO_SHOTS, "--json", "--seed", "1", "--duration", "6")

    plan = json.loads(done.stdout)["plan"]
    assert [shot["framing"]["size"] for shot in plan["shots"]] == ["wide", "close_up"]
    assert plan["shots"][-1]["end_frame"] == 144
    assert [line["text"] for line in plan["lines"]] == ["We made it."]
    assert plan["music"] is None
    assert list(tmp_path.iterdir()) == []


def test_plan_is_readable_without_json(talkies: Talkies, photo: Path) -> None:
    done = talkies("plan", photo, TWO_SHOTS)

    assert done.returncode == 0
    assert "We made it." in done.stdout
    assert "slow pan right" in done.stdout


def test_plan_shows_what_is_acted_and_brackets_as_they_stand(talkies: Talkies, photo: Path) -> None:
    done = talkies("plan", photo, 'She smiles and waves, then says: "One [/b] two [red]."')

    assert done.returncode == 0, done.stderr
    assert "She smiles" in done.stdout
    assert "One [/b] two [red]." in done.stdout
    assert "not rendered: “She waves”" in done.stdout


def test_inspect_measures_a_video_and_draws_its_sheet(talkies: Talkies, photo: Path, tmp_path: Path) -> None:
    made = talkies("generate", photo, "Birds sing.", "-o", "a.mp4", "--resolution", "480p", "--duration", "4")
    assert made.returncode == 0, made.stderr

    done = talkies("inspect", "a.mp4", "--json", "--sheet", "a.png", "--first-frame", photo)

    report = json.loads(done.stdout)
    assert report["video"]["frame_count"] == 96
    assert report["audio"]["sample_count"] == 192_000
    with Image.open(tmp_path / "a.png") as sheet:
        assert sheet.width >= 1000


def test_inspect_of_something_else_is_a_clear_error(talkies: Talkies, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a video")

    for name in ("notes.txt", "absent.mp4"):
        done = talkies("inspect", name)

        assert done.returncode == 2
        assert name in done.stderr
        assert "Traceback" not in done.stderr


def test_doctor_finds_everything_and_speaks(talkies: Talkies) -> None:
    done = talkies("doctor", "--json")

    findings = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0
    assert findings["voice"]["right"]
    assert "exact phoneme times" in findings["voice"]["detail"]
    assert all(finding["right"] or finding["fix"] for finding in findings.values())


def test_help_names_the_exit_codes(talkies: Talkies) -> None:
    done = talkies("--help")

    assert "130" in done.stdout
