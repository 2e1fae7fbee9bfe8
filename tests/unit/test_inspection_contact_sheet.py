from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from talkies.errors import CannotWrite
from talkies.inspection import contact_sheet, inspect_video
from talkies.inspection.spectrogram import mel_position, mel_spectrogram


def write(path: Path, width: int, height: int, count: int, *, sound: bool) -> Path:
    chance = np.random.default_rng(1)
    shade = chance.integers(0, 255, (count, 1, 1, 3), dtype=np.uint8)
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=24)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = output.add_stream("aac", rate=48_000) if sound else None
        for color in shade:
            picture = np.ascontiguousarray(np.broadcast_to(color, (height, width, 3)))
            output.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(video.encode())
        if audio is not None:
            wave = (0.3 * np.sin(np.arange(2000 * count) / 9)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
            frame.sample_rate = 48_000
            output.mux(audio.encode(frame))
            output.mux(audio.encode())
    return path


@pytest.mark.parametrize(
    ("width", "height", "count", "sound"),
    [(320, 180, 30, True), (180, 320, 30, False), (64, 64, 1, False), (640, 32, 3, True)],
)
def test_a_sheet_is_drawn_for_any_shape_and_length(
    tmp_path: Path, width: int, height: int, count: int, sound: bool
) -> None:
    path = write(tmp_path / "clip.mp4", width, height, count, sound=sound)

    contact_sheet(path, inspect_video(path), tmp_path / "sheet.png")

    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.format == "PNG"
        assert sheet.width == 1600
        assert sheet.height < 1600
        assert len(set(sheet.convert("L").resize((200, 100)).tobytes())) > 5


def test_the_sheet_begins_with_the_first_frame_and_ends_with_the_last(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", 320, 180, 30, sound=False)
    with av.open(str(path)) as container:
        shown = [frame.to_ndarray(format="rgb24")[90, 160] for frame in container.decode(video=0)]

    contact_sheet(path, inspect_video(path), tmp_path / "sheet.png")

    with Image.open(tmp_path / "sheet.png") as sheet:
        pixels = np.asarray(sheet).astype(int)
    assert np.abs(pixels[150, 60] - shown[0]).max() < 8
    assert np.abs(pixels[330, 1540] - shown[-1]).max() < 8


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", 64, 64, 3, sound=False)

    with pytest.raises(CannotWrite, match="nowhere"):
        contact_sheet(path, inspect_video(path), tmp_path / "nowhere" / "sheet.png")


@pytest.mark.parametrize("hertz", [100.0, 440.0, 5000.0])
def test_a_tone_stands_at_its_place_in_the_spectrogram(hertz: float) -> None:
    tone = np.sin(2 * np.pi * hertz * np.arange(48_000) / 48_000).astype(np.float32)

    levels = mel_spectrogram(tone, 48_000, 60)

    strongest = int(levels[:, 30].argmax())
    assert (strongest + 0.5) / len(levels) == pytest.approx(mel_position(hertz), abs=0.02)
