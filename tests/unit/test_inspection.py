"""Each measure must tell its negative control from a clean clip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.cli.inspect import list_facts
from talkies.errors import BadVideo, Canceled
from talkies.inspection import Report, inspect_video
from talkies.inspection.facts import interleaving_bytes
from talkies.inspection.reading import Packet
from talkies.inspection.sound_measures import measure_sound
from talkies.media import Frame

WIDTH, HEIGHT, RATE = 256, 144, 24
FRAMES = 36

Samples = NDArray[np.float32]
Probe = Callable[..., Report]


@cache
def scene(seed: int) -> Frame:
    """A made-up landscape of blobs and grain, large enough for a camera to travel over."""
    side = 800
    chance = np.random.default_rng(seed)
    picture = np.full((side, side, 3), chance.integers(60, 180, 3), np.uint8)
    for _ in range(500):
        x, y = (int(value) for value in chance.integers(0, side, 2))
        color = [int(value) for value in chance.integers(20, 235, 3)]
        cv2.circle(picture, (x, y), int(chance.integers(4, 45)), color, -1, cv2.LINE_AA)
    grain = cv2.GaussianBlur(chance.normal(0, 60, (side, side, 1)).astype(np.float32), (0, 0), 1.5)
    return np.asarray(np.clip(picture + grain[..., None], 0, 255), np.uint8)


def view(picture: Frame, x: float = 0, y: float = 0, zoom: float = 1, roll_degrees: float = 0) -> Frame:
    """What a camera sees that stands `x`, `y` pixels right of and below the picture's middle."""
    middle = picture.shape[0] / 2
    matrix = cv2.getRotationMatrix2D((middle + x, middle + y), roll_degrees, zoom)
    matrix[:, 2] += (WIDTH / 2 - middle - x, HEIGHT / 2 - middle - y)
    return np.asarray(cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR), np.uint8)


def lit(frame: Frame, levels: float) -> Frame:
    return np.asarray(np.clip(frame + np.float32(levels), 0, 255), np.uint8)


def pan(px: float = 2, count: int = FRAMES, seed: int = 1) -> list[Frame]:
    picture = scene(seed)
    return [view(picture, (index - count / 2) * px) for index in range(count)]


def beeps(at_s: Iterable[float], seconds: float, peak: float = 0.5) -> Samples:
    wave = np.zeros(round(seconds * 48_000))
    burst = peak * np.exp(-np.arange(4800) / 1200) * np.sin(2 * np.pi * 1000 * np.arange(4800) / 48_000)
    for moment in at_s:
        start = round(moment * 48_000)
        wave[start : start + 4800] += burst
    return np.column_stack([wave, wave]).astype(np.float32)


def write(path: Path, frames: Sequence[Frame], sound: Samples | None = None, **options: str) -> Path:
    """Encode a clip as H.264 with AAC, like any camera's."""
    with av.open(str(path), "w", options=options) as output:
        video = output.add_stream("libx264", rate=RATE, options={"crf": "16", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = frames[0].shape[1], frames[0].shape[0], "yuv420p"
        audio = None if sound is None else output.add_stream("aac", rate=48_000)
        if audio is not None and sound is not None:
            audio.layout = "mono" if sound.shape[1] == 1 else "stereo"
        for frame in frames:
            output.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(video.encode())
        if audio is not None and sound is not None:
            for start in range(0, len(sound), 1024):
                piece = np.ascontiguousarray(sound[start : start + 1024].T)
                packed = av.AudioFrame.from_ndarray(piece, format="fltp", layout=audio.layout.name)
                packed.sample_rate, packed.pts = 48_000, start
                output.mux(audio.encode(packed))
            output.mux(audio.encode())
    return path


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    """Encode frames, with sound or without, and inspect the file."""

    def run(
        frames: Sequence[Frame],
        sound: Samples | None = None,
        first_frame: Frame | None = None,
        last_frame: Frame | None = None,
    ) -> Report:
        path = write(tmp_path / "clip.mp4", frames, sound)
        return inspect_video(path, first_frame=first_frame, last_frame=last_frame)

    return run


def test_streams_and_container_are_described(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", pan(), beeps([0.5], FRAMES / RATE), movflags="+faststart")

    report = inspect_video(path)

    assert (report.video.width, report.video.height) == (WIDTH, HEIGHT)
    assert report.video.codec == "h264"
    assert report.video.profile == "High"
    assert report.video.pixel_format == "yuv420p"
    assert report.video.frame_count == FRAMES
    assert report.video.frames_per_second == RATE
    assert report.video.constant_frame_rate
    assert report.video.duration_s == pytest.approx(1.5)
    assert report.audio is not None
    assert (report.audio.codec, report.audio.profile) == ("aac", "LC")
    assert report.audio.sample_count == 72_000
    assert report.sound_longer_s == pytest.approx(0, abs=1e-6)
    assert report.container.moov_before_mdat is True
    assert report.container.size_bytes == path.stat().st_size
    assert not report.truncated


def test_interleaving_is_the_largest_distance_between_picture_and_sound_of_a_moment() -> None:
    pictures = [Packet(index / 24, 1000 * index) for index in range(48)]
    beside = [Packet(index / 24, 1000 * index + 600) for index in range(48)]
    behind = [Packet(index / 24, 50_000 + 100 * index) for index in range(48)]

    assert interleaving_bytes(pictures, beside) == 600
    assert interleaving_bytes(pictures, behind) == 50_000
    assert interleaving_bytes(pictures, []) is None


def test_the_report_survives_json(probe: Probe) -> None:
    report = probe(pan(count=12), beeps([0.1], 0.5))

    assert Report.model_validate_json(report.model_dump_json()) == report


@pytest.mark.parametrize("px", [0.5, 3.0, 12.0])
def test_the_speed_of_a_pan_is_measured_within_a_tenth(probe: Probe, px: float) -> None:
    motion = probe(pan(px, count=36)).picture.motion

    assert motion.mean_px_per_frame == pytest.approx(px, rel=0.1)
    assert motion.camera is not None
    assert motion.camera.right_px_per_s == pytest.approx(px * RATE, rel=0.1)


@pytest.mark.parametrize(
    ("x", "y", "zoom", "roll_degrees", "kind", "direction"),
    [
        (40, 0, 1, 0, "pan", "right"),
        (-40, 0, 1, 0, "pan", "left"),
        (0, 40, 1, 0, "tilt", "down"),
        (0, -40, 1, 0, "tilt", "up"),
        (0, 0, 1.12, 0, "zoom", "in"),
        (0, 0, 1 / 1.12, 0, "zoom", "out"),
        (0, 0, 1, 8, "roll", "clockwise"),  # OpenCV turns the picture counterclockwise: the camera clockwise
        (0, 0, 1, -8, "roll", "counterclockwise"),
        (0, 0, 1, 0, "still", None),
    ],
)
def test_the_camera_is_named(
    probe: Probe, x: float, y: float, zoom: float, roll_degrees: float, kind: str, direction: str | None
) -> None:
    picture = scene(2)
    shares = np.linspace(0, 1, 30)
    frames = [view(picture, x * t, y * t, 1 + (zoom - 1) * t, roll_degrees * t) for t in shares]

    camera = probe(frames).picture.motion.camera

    assert camera is not None
    assert (camera.kind, camera.direction) == (kind, direction)


def test_something_that_moves_in_front_of_a_still_camera_is_no_camera_move(probe: Probe) -> None:
    background, patch = view(scene(3)), scene(4)[:60, :60]
    frames = []
    for index in range(36):
        frame = background.copy()
        frame[60:120, 20 + 5 * index : 80 + 5 * index] = patch
        frames.append(frame)

    motion = probe(frames).picture.motion

    assert motion.camera is not None
    assert motion.camera.kind == "still"
    assert motion.mean_px_per_frame is not None
    assert motion.mean_px_per_frame > 0.15


def test_fast_motion_counts_as_moved_and_slow_motion_does_not(probe: Probe) -> None:
    assert probe(pan(6)).picture.motion.moved_dis is True
    assert probe(pan(0.3)).picture.motion.moved_dis is False


def test_what_moves_beside_the_camera_is_told_from_a_pan(probe: Probe) -> None:
    frames = pan(1)
    with_a_card = [frame.copy() for frame in frames]
    for frame in with_a_card:
        frame[30:110, 80:180] = scene(2)[:80, :100]

    plain, lively = probe(frames).picture.motion, probe(with_a_card).picture.motion

    assert plain.inner_px is not None
    assert lively.inner_px is not None
    assert plain.inner_px < 0.5
    assert lively.inner_px > 5


def test_jitter_of_three_pixels_is_measured(probe: Probe) -> None:
    picture, shake = scene(1), np.random.default_rng(5).normal(0, 3, (FRAMES, 2))
    shaken = [view(picture, 2 * index - FRAMES + dx, dy) for index, (dx, dy) in enumerate(shake)]

    clean, jittery = probe(pan()).picture, probe(shaken).picture

    assert clean.motion.jitter_px is not None
    assert clean.motion.jitter_px < 0.1
    assert jittery.motion.jitter_px == pytest.approx(3, rel=0.25)
    assert clean.continuity.smoothness is not None
    assert jittery.continuity.smoothness is not None
    assert clean.continuity.smoothness >= 0.985 > jittery.continuity.smoothness


def test_duplicated_frames_are_counted_as_stutter(probe: Probe) -> None:
    frames = pan(3)
    stuttering = [frames[index - 1] if index % 4 == 3 else frames[index] for index in range(FRAMES)]

    clean, bad = probe(frames).picture.continuity, probe(stuttering).picture.continuity

    assert clean.duplicate_share == 0
    assert bad.duplicate_share == pytest.approx(9 / 35)
    assert bad.stutter_share is not None
    assert bad.stutter_share > 0.2
    assert bad.smoothness is not None
    assert clean.smoothness is not None
    assert bad.smoothness < clean.smoothness - 0.01


def test_dropped_frames_shake_the_path(probe: Probe) -> None:
    frames = pan(3, count=60)
    dropped = [frame for index, frame in enumerate(frames) if index % 8]

    clean, bad = probe(frames).picture.motion, probe(dropped).picture.motion

    assert clean.jitter_px is not None
    assert bad.jitter_px is not None
    assert bad.jitter_px > 5 * clean.jitter_px


def test_a_still_clip_is_one_freeze_and_no_stutter(probe: Probe) -> None:
    continuity = probe([view(scene(1))] * 24).picture.continuity

    assert continuity.duplicate_share == 1
    assert continuity.stutter_share == 0
    assert len(continuity.freezes) == 1
    assert continuity.freezes[0].end_s == pytest.approx(1)


def test_flicker_of_eight_levels_is_measured_even_under_motion(probe: Probe) -> None:
    frames = pan()
    flickering = [lit(frame, 8 * (index % 2)) for index, frame in enumerate(frames)]

    clean, bad = probe(frames).picture.light, probe(flickering).picture.light

    assert bad.flicker_levels == pytest.approx(8, abs=1)
    assert clean.flicker_levels is not None
    assert clean.flicker_levels < 1
    assert clean.steadiness_compensated is not None
    assert bad.steadiness_compensated is not None
    assert bad.steadiness_compensated < clean.steadiness_compensated - 0.02


def test_a_steady_pan_is_unsteady_only_before_compensation(probe: Probe) -> None:
    light = probe(pan(3)).picture.light

    assert light.steadiness is not None
    assert light.steadiness_compensated is not None
    assert light.steadiness < 0.97 < light.steadiness_compensated


def test_cuts_are_found_at_their_frames(probe: Probe) -> None:
    picture = probe(pan(seed=1) + pan(seed=2) + pan(seed=3)).picture

    assert list(picture.cuts_s) == pytest.approx([1.5, 3.0])
    assert len(picture.shots) == 3
    assert all(shot.camera is not None and shot.camera.direction == "right" for shot in picture.shots)


def test_a_punch_in_on_the_same_picture_is_a_cut(probe: Probe) -> None:
    near = scene(1)

    picture = probe(pan(1, count=30) + [view(near, 15 + index, zoom=1.35) for index in range(30)]).picture

    assert list(picture.cuts_s) == pytest.approx([30 / RATE])


@pytest.mark.parametrize("px", [10.0, 24.0])
def test_fast_pans_are_no_cuts(probe: Probe, px: float) -> None:
    picture = probe(pan(px, count=22)).picture

    assert picture.cuts_s == ()
    assert picture.transitions == ()


def test_flashes_are_no_cuts(probe: Probe) -> None:
    frames = pan()
    for index in (9, 10, 24):
        frames[index] = np.full_like(frames[index], 255)

    picture = probe(frames).picture

    assert picture.cuts_s == ()
    assert picture.transitions == ()
    assert [round(flash.start_s * RATE) for flash in picture.flashes] == [9, 24]


@pytest.mark.parametrize("length", [8, 16])
def test_a_dissolve_between_moving_shots_is_found(probe: Probe, length: int) -> None:
    one, other = pan(1, seed=1), pan(1, seed=2)
    shares = (np.arange(length) + 1) / (length + 1)
    mixed = [
        (a * (1 - t) + b * t).astype(np.uint8)
        for a, b, t in zip(one[-length:], other[:length], shares, strict=True)
    ]

    picture = probe(one[:-length] + mixed + other[length:]).picture

    assert picture.cuts_s == ()
    assert [change.kind for change in picture.transitions] == ["dissolve"]
    assert picture.transitions[0].start_s == pytest.approx((FRAMES - length) / RATE, abs=0.2)
    assert picture.transitions[0].end_s == pytest.approx(FRAMES / RATE, abs=0.2)


def test_fades_from_and_to_black_are_told_apart(probe: Probe) -> None:
    ramps = np.clip(np.minimum(np.arange(FRAMES), np.arange(FRAMES)[::-1]) / 12, 0, 1)
    frames = [(frame * ramp).astype(np.uint8) for frame, ramp in zip(pan(), ramps, strict=True)]

    picture = probe(frames).picture

    assert [change.kind for change in picture.transitions] == ["fade_in", "fade_out"]


def test_black_frames_and_bars_are_found(probe: Probe) -> None:
    frames = [frame.copy() for frame in pan()]
    for frame in frames:
        frame[:20], frame[-12:] = 0, 0
    black = [np.zeros_like(frames[0])] * 6

    picture = probe(frames[:18] + black + frames[18:]).picture

    assert picture.light.black_frame_count == 6
    assert [(round(span.start_s * RATE), round(span.end_s * RATE)) for span in picture.light.blacks] == [
        (18, 24)
    ]
    assert picture.borders.top_px == pytest.approx(20, abs=1)
    assert picture.borders.bottom_px == pytest.approx(12, abs=1)
    assert (picture.borders.left_px, picture.borders.right_px) == (0, 0)


def test_a_blurred_clip_is_less_sharp(probe: Probe) -> None:
    frames = pan(count=12)
    blurred = [np.asarray(cv2.GaussianBlur(frame, (0, 0), 3), np.uint8) for frame in frames]

    sharp, soft = probe(frames).picture, probe(blurred).picture

    assert soft.sharpness_laplacian_variance < 0.3 * sharp.sharpness_laplacian_variance


def test_first_and_last_frames_are_compared_with_their_pictures(probe: Probe) -> None:
    frames = pan(count=12)

    report = probe(frames, first_frame=frames[0], last_frame=frames[0])

    assert report.first_frame is not None
    assert report.last_frame is not None
    assert report.first_frame.ssim >= 0.97
    assert report.first_frame.psnr_db is not None
    assert report.first_frame.psnr_db > 28
    assert report.first_frame.mean_delta_e < 5
    assert report.last_frame.ssim < 0.9
    assert report.last_frame.shift_right_px == pytest.approx(-22, abs=1.5)


def test_a_picture_of_another_size_is_fitted_before_it_is_compared(probe: Probe) -> None:
    large = scene(6)[:720, :800]
    fitted = np.asarray(cv2.resize(large[135:585], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)

    report = probe([fitted] * 6, first_frame=large)

    assert report.first_frame is not None
    assert report.first_frame.ssim >= 0.97


@pytest.mark.parametrize("offset_ms", [-200, 0, 45, 120])
def test_the_offset_of_sound_is_measured_to_five_milliseconds(probe: Probe, offset_ms: int) -> None:
    events = [6, 21, 30, 49]
    frames = [
        lit(frame, 80.0 if any(0 <= index - event < 3 for event in events) else 0.0)
        for index, frame in enumerate(pan(1, count=60))
    ]

    report = probe(frames, beeps([event / RATE + offset_ms / 1000 for event in events], 2.5))

    assert report.sync is not None
    assert report.sync.sound_late_ms == pytest.approx(offset_ms, abs=5)
    assert report.sync.matched_share == 1


def test_no_offset_is_claimed_where_nothing_coincides(probe: Probe) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (72_000, 2)).astype(np.float32)

    assert probe(pan(), noise).sync is None
    assert probe(pan(), beeps([0.4, 1.1], 1.5)).sync is None


def test_loudness_and_peak_of_a_known_tone(probe: Probe) -> None:
    time = np.arange(72_000) / 48_000
    fade = np.clip(np.minimum(time, time[::-1]) / 0.05, 0, 1)
    tone = (0.1 * fade * np.sin(2 * np.pi * 997 * time)).astype(np.float32)

    sound = probe(pan(), np.column_stack([tone, tone])).sound

    assert sound is not None
    assert sound.integrated_lufs == pytest.approx(-20, abs=0.3)
    assert sound.true_peak_dbtp == pytest.approx(-20, abs=0.3)
    assert sound.stereo_correlation == pytest.approx(1, abs=0.01)
    assert sound.silences == ()
    assert sound.clipping_share == 0


def test_a_silence_is_found_where_it_lies(probe: Probe) -> None:
    wave = beeps(np.arange(0, 1.4, 0.05), 1.5)
    wave[24_000:48_000] = 0

    sound = probe(pan(), wave).sound

    assert sound is not None
    assert len(sound.silences) == 1
    assert sound.silences[0].start_s == pytest.approx(0.5, abs=0.05)
    assert sound.silences[0].end_s == pytest.approx(1.0, abs=0.05)


def test_clipping_offset_and_opposed_channels_are_found() -> None:
    wave = np.clip(2 * np.sin(np.arange(48_000) / 30), -1, 1).astype(np.float32)

    clean = measure_sound(np.column_stack([0.4 * wave, 0.4 * wave]), 48_000, 0.0)
    bad = measure_sound(np.column_stack([wave, 0.1 - 0.5 * wave]), 48_000, 0.0)

    assert clean is not None
    assert bad is not None
    assert clean.clipping_share == 0
    assert clean.dc_offset < 0.01
    assert bad.clipping_share == pytest.approx(1 / 3, abs=0.01)  # of one channel's samples, two thirds
    assert bad.dc_offset == pytest.approx(0.1, abs=0.01)
    assert clean.stereo_correlation == pytest.approx(1)
    assert bad.stereo_correlation == pytest.approx(-1)


def test_a_silent_track_has_no_loudness_and_one_silence(probe: Probe) -> None:
    report = probe(pan(), np.zeros((72_000, 2), np.float32))

    assert report.sound is not None
    assert report.sound.integrated_lufs is None
    assert report.sound.true_peak_dbtp is None
    assert report.sound.silence_share == pytest.approx(1)
    assert report.sync is None


def test_a_video_without_sound_says_so(probe: Probe) -> None:
    report = probe(pan(count=6))

    assert report.audio is None
    assert report.sound is None
    assert report.sync is None
    assert report.sound_longer_s is None
    assert report.container.interleaving_bytes is None


@pytest.mark.parametrize("count", [1, 2, 3])
def test_clips_of_few_frames_have_none_for_what_cannot_be_told(probe: Probe, count: int) -> None:
    report = probe(pan(count=count), np.zeros((2400, 2), np.float32))

    assert report.video.frame_count == count
    assert report.picture.motion.camera is None
    assert (report.picture.motion.mean_px_per_frame is None) == (count == 1)
    assert (report.picture.continuity.smoothness is None) == (count < 3)


@pytest.mark.parametrize("size", [(16, 16), (640, 16), (18, 500), (322, 182)])
def test_odd_sizes_are_measured(probe: Probe, size: tuple[int, int]) -> None:
    frames = [np.asarray(cv2.resize(frame, size), np.uint8) for frame in pan(count=8)]

    report = probe(frames)

    assert (report.video.width, report.video.height) == size


def test_the_mark_of_a_machine_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", pan(count=6))
    marked = tmp_path / "marked.mp4"
    with av.open(str(path)) as source, av.open(str(marked), "w") as output:
        output.metadata["comment"] = "Made with AI (trainedAlgorithmicMedia)"
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)

    assert inspect_video(path).container.ai_mark.text is None
    assert "trainedAlgorithmicMedia" in (inspect_video(marked).container.ai_mark.text or "")
    assert not inspect_video(marked).container.ai_mark.content_credentials


def test_a_rotated_video_is_measured_upright(tmp_path: Path) -> None:
    frames, path = pan(2, count=30), tmp_path / "turned.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.set_display_rotation(90)
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode())

    report = inspect_video(path, first_frame=np.ascontiguousarray(np.rot90(frames[0])))

    assert (report.video.width, report.video.height) == (HEIGHT, WIDTH)
    assert report.first_frame is not None
    assert report.first_frame.ssim > 0.9
    assert report.picture.motion.camera is not None
    # content that moves left moves down after a quarter turn to the left, so the camera tilts up
    assert (report.picture.motion.camera.kind, report.picture.motion.camera.direction) == ("tilt", "up")


def test_a_truncated_file_is_measured_as_far_as_it_goes(tmp_path: Path) -> None:
    frames = pan(seed=1) + pan(seed=2)
    whole = write(tmp_path / "whole.mp4", frames, beeps([0.5], 3), movflags="+faststart").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) * 6 // 10])

    report = inspect_video(path)

    assert report.truncated
    assert 0 < report.video.frame_count < len(frames)


def test_a_file_without_its_index_cannot_be_read(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.mp4", pan()).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(BadVideo, match="give a file that plays"):
        inspect_video(path)


def test_files_that_are_no_video_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video " * 99)
    cv2.imwrite(str(tmp_path / "photo.png"), view(scene(1)))

    for name in ("empty.mp4", "text.mp4", "photo.png", "missing.mp4", "."):
        with pytest.raises(BadVideo):
            inspect_video(tmp_path / name)


def test_a_song_is_refused_for_having_no_pictures(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 48_000
        output.mux(stream.encode(frame))
        output.mux(stream.encode())

    with pytest.raises(BadVideo, match="has no pictures"):
        inspect_video(path)


def test_inspection_reports_progress_and_can_be_stopped(tmp_path: Path) -> None:
    path, seen = write(tmp_path / "clip.mp4", pan(count=10)), list[tuple[int, int]]()

    def stop_at_five(_stage: str, done: int, total: int) -> None:
        seen.append((done, total))
        if done == 5:
            raise Canceled("stopped")

    with pytest.raises(Canceled):
        inspect_video(path, tick=stop_at_five)
    assert seen == [(done, 10) for done in range(1, 6)]


def test_a_file_that_was_cut_off_is_told_before_all_else(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.mp4", pan(), beeps([0.5], 2), movflags="faststart")
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])

    (what, words), *_ = list_facts(inspect_video(torn))

    assert (what, "ends before it should" in words) == ("problem", True)
    assert "problem" not in dict(list_facts(inspect_video(whole)))
