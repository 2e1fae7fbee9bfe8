"""`talkies generate` as a user types it, judged by decoding what it leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from tests.conftest import PATIENCE_S, Talkies, wait_for

from talkies.fitting import fit
from talkies.inputs import decode_picture

SMALL = ("--resolution", "480p", "--duration", "4", "--seed", "5", "--quiet")


def counts(video: Path) -> tuple[int, int]:
    """Count decoded frames and samples."""
    with av.open(str(video)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    with av.open(str(video)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0)) if container.streams.audio else 0
    return frames, samples


def test_a_photo_and_a_sentence_become_a_video_with_sound(
    talkies: Talkies, photo: Path, tmp_path: Path
) -> None:
    done = talkies("generate", photo, 'She says: "Hello there." Birds sing.', "-o", "out.mp4", *SMALL)

    assert (done.returncode, done.stdout.strip()) == (0, "out.mp4")
    assert counts(tmp_path / "out.mp4") == (96, 192_000)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_without_audio_there_is_no_audio_stream(talkies: Talkies, photo: Path, tmp_path: Path) -> None:
    talkies("generate", photo, 'She says: "Hello."', "-o", "out.mp4", "--no-audio", *SMALL)

    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_the_picture_can_come_from_standard_input(talkies: Talkies, photo: Path, tmp_path: Path) -> None:
    done = talkies("generate", "-", "The camera pans left.", *SMALL, stdin=photo.read_bytes())

    assert done.returncode == 0
    assert (tmp_path / done.stdout.strip()).exists()


def test_a_last_frame_alone_is_reached_exactly(talkies: Talkies, photo: Path, tmp_path: Path) -> None:
    done = talkies(
        *("generate", "The camera moves.", "--last-frame", photo, "-o", "out.mp4"),
        *("--return-last-frame", "end.png", *SMALL),
    )

    assert done.returncode == 0, done.stderr
    prepared = fit(decode_picture(photo.read_bytes()), 640, 640)
    with Image.open(tmp_path / "end.png") as end:
        assert np.array_equal(np.asarray(end), prepared)


def test_the_same_seed_makes_the_same_file_and_another_seed_does_not(
    talkies: Talkies, photo: Path, tmp_path: Path
) -> None:
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        talkies("generate", photo, "Calm.", "-o", f"{name}.mp4", *SMALL[:-3], "--seed", seed, "--quiet")

    a, b, c = ((tmp_path / f"{name}.mp4").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_without_an_output_name_nothing_is_overwritten(talkies: Talkies, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "astronaut.mp4").write_bytes(b"mine")

    done = talkies("generate", photo, "Calm.", "--no-audio", *SMALL)

    assert done.stdout.strip() == "astronaut-2.mp4"
    assert (tmp_path / "astronaut.mp4").read_bytes() == b"mine"


def test_the_result_as_json_says_what_was_made_and_what_was_not(talkies: Talkies, photo: Path) -> None:
    done = talkies("generate", photo, "She waves. A dog barks.", "-o", "out.mp4", "--json", *SMALL)

    result = json.loads(done.stdout)
    assert result["seed"] == 5
    assert {sound["kind"] for sound in result["plan"]["sounds"]} == {"dog"}
    assert any("waves" in sentence for sentence in result["not_rendered"])


def test_what_is_not_rendered_is_said_after_the_run(talkies: Talkies, photo: Path) -> None:
    loud = [word for word in SMALL if word != "--quiet"]

    done = talkies("generate", photo, "She waves.", "-o", "out.mp4", *loud)

    assert "not rendered: “She waves”" in done.stderr
    assert "100%" in done.stderr or "left" in done.stderr


def test_a_picture_without_a_face_is_said_to_have_none(talkies: Talkies, tmp_path: Path) -> None:
    Image.new("RGB", (640, 480), (90, 120, 160)).save(tmp_path / "plain.png")

    done = talkies("generate", "plain.png", 'She says: "Hello."', "-o", "out.mp4", "--json", *SMALL)

    assert any("no face" in sentence for sentence in json.loads(done.stdout)["not_rendered"])


def test_an_interrupted_run_leaves_nothing(photo: Path, tmp_path: Path) -> None:
    command = [Path(sys.executable).with_name("talkies"), "generate", photo, "Calm.", "-o", "out.mp4"]
    process = subprocess.Popen(
        [*map(str, command), "--duration", "12", "--resolution", "1080p"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has this signal ignored, by them and their children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_for(lambda: list(tmp_path.iterdir()))

    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 130
    assert "interrupted" in talk
    assert "Traceback" not in talk
    assert list(tmp_path.iterdir()) == []


def wide_picture(path: Path) -> Path:
    Image.new("RGB", (1000, 200)).save(path)
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("absent.jpg", "x"), "absent.jpg"),
        ((".", "x"), "folder"),
        (("empty.jpg", "x"), "empty"),
        (("text.png", "x"), "not a supported picture"),
        (("cut.jpg", "x"), "damaged"),
        (("wide.png", "x"), "2.5"),
        (("tiny.png", "x"), "64"),
        (("PHOTO", ""), "1 to 10000"),
        (("PHOTO", "x" * 10_001), "10000"),
        (("PHOTO",), "FIRST_FRAME and PROMPT"),
        (("PHOTO", "a", "b"), "quotes"),
        (("PHOTO", "x", "--resolution", "4k"), "480p, 720p, 1080p"),
        (("PHOTO", "x", "--ratio", "5:4"), "16:9"),
        (("PHOTO", "x", "--duration", "13"), "4 to 12"),
        (("PHOTO", "x", "--duration", "5.5"), "whole number"),
        (("PHOTO", "x", "--seed", "abc"), "whole number"),
        (("PHOTO", "x", "--engine", "magic"), "animatic"),
        (("PHOTO", "x", "--certificate", "c.pem"), "--private-key"),
        (("PHOTO", "x", "--loud"), "--loud"),
        (("PHOTO", "x", "-o", "no/such/folder/out.mp4"), "no/such/folder"),
        (("PHOTO", "x", "-o", "."), "folder"),
    ],
)
def test_a_users_mistake_is_one_clear_sentence(
    talkies: Talkies, photo: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.png").write_text("<html>")
    (tmp_path / "cut.jpg").write_bytes(photo.read_bytes()[:20_000])
    wide_picture(tmp_path / "wide.png")
    Image.new("RGB", (40, 40)).save(tmp_path / "tiny.png")
    before = sorted(tmp_path.iterdir())

    done = talkies("generate", *(photo if word == "PHOTO" else word for word in arguments))

    assert done.returncode in (1, 2)
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert sorted(tmp_path.iterdir()) == before
