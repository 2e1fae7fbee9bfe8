"""The video file, judged by decoding it and by reading where its packets lie."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from talkies.aac import CodedSound, code_sound
from talkies.encoding import check_writable, write_picture, write_video
from talkies.errors import Canceled, CannotWrite, EngineFailed
from talkies.media import Frame, Samples

WIDTH, HEIGHT, FRAME_COUNT = 320, 180, 96


def moving_scene(width: int = WIDTH, height: int = HEIGHT, count: int = FRAME_COUNT) -> Iterator[Frame]:
    """A soft texture that drifts to the left."""
    chance = np.random.default_rng(2)
    texture = chance.integers(0, 256, (height // 8, width // 4, 3), np.uint8)
    wide = np.asarray(cv2.resize(texture, (width * 2, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    for index in range(count):
        yield np.ascontiguousarray(wide[:, index * 2 % width :][:, :width])


def sweep(frame_count: int = FRAME_COUNT) -> Samples:
    """A rising tone on the left, its mirror on the right."""
    t = np.arange(frame_count * 2000) / 48_000
    tone = 0.4 * np.sin(2 * np.pi * (150 + 200 * t) * t)
    return np.stack([tone, -tone], axis=1).astype(np.float32)


def write(path: Path, *, audio: bool = True, tags: dict[str, str] | None = None) -> Path:
    write_video(
        path,
        moving_scene(),
        width=WIDTH,
        height=HEIGHT,
        frame_count=FRAME_COUNT,
        sound=code_sound(sweep()) if audio else None,
        tags=tags or {},
    )
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("video") / "clip.mp4")


def to_rgb(frame: av.VideoFrame) -> Frame:
    converted = frame.reformat(
        format="rgb24",
        src_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
    )
    return np.asarray(converted.to_ndarray(), np.uint8)


def pictures(path: Path) -> list[Frame]:
    with av.open(str(path)) as container:
        return [to_rgb(frame) for frame in container.decode(video=0)]


def sound(path: Path) -> Samples:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray().T for frame in container.decode(audio=0)])


def ssim(first: Frame, second: Frame) -> float:
    """Structural similarity of the brightness. Source: Wang et al., 2004."""
    a, b = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float64) for frame in (first, second))

    def local(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (11, 11), 1.5)

    mean_a, mean_b = local(a), local(b)
    spread = local(a * a) - mean_a**2 + local(b * b) - mean_b**2
    shared = local(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    ratio = (2 * mean_a * mean_b + c1) * (2 * shared + c2) / ((mean_a**2 + mean_b**2 + c1) * (spread + c2))
    return float(ratio.mean())


def gap_bytes(path: Path) -> int:
    """Tell how many bytes lie at most between a sound and the nearest picture of the same second."""
    shown: dict[int, list[int]] = {}
    sounds: list[tuple[int, int]] = []
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.pts is None or packet.pos is None:
                continue
            second = max(0, int(packet.pts * packet.time_base))
            if packet.stream.type == "video":
                shown.setdefault(second, []).extend((packet.pos, packet.pos + packet.size))
            else:
                sounds.append((second, packet.pos))
    return max(min(abs(place - edge) for edge in shown[second]) for second, place in sounds)


def test_the_streams_are_what_was_promised(video: Path) -> None:
    with av.open(str(video)) as container:
        picture, audio = container.streams.video[0], container.streams.audio[0]
        context = picture.codec_context

        assert (context.name, picture.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (picture.width, picture.height) == (WIDTH, HEIGHT)
        assert picture.average_rate == 24
        assert (context.color_range, context.color_primaries) == (1, 1)  # limited, BT.709
        assert (context.color_trc, context.colorspace) == (1, 1)
        assert (audio.codec_context.name, audio.profile) == ("aac", "LC")
        assert (audio.rate, audio.channels) == (48_000, 2)


def test_frames_and_samples_are_counted_exactly(video: Path) -> None:
    assert len(pictures(video)) == FRAME_COUNT
    assert len(sound(video)) == FRAME_COUNT * 2000


def test_both_streams_start_at_zero_and_last_equally_long(video: Path) -> None:
    with av.open(str(video)) as container:
        spans = {
            (stream.start_time, stream.duration * stream.time_base)
            for stream in container.streams
            if stream.duration is not None and stream.time_base is not None
        }

    assert {start for start, _ in spans} == {0}
    assert {float(length) for _, length in spans} == {FRAME_COUNT / 24}


def test_the_rate_is_constant(video: Path) -> None:
    with av.open(str(video)) as container:
        times = [frame.time for frame in container.decode(video=0)]

    assert np.allclose(times, np.arange(FRAME_COUNT) / 24)


def test_keyframes_are_at_most_two_seconds_apart(video: Path) -> None:
    with av.open(str(video)) as container:
        keys = [
            float(p.pts * p.time_base)
            for p in container.demux(video=0)
            if p.is_keyframe and p.pts is not None
        ]

    assert keys[0] == 0
    assert max(np.diff([*keys, FRAME_COUNT / 24])) <= 2


def test_sound_is_not_shifted_by_a_single_sample(video: Path) -> None:
    difference = np.abs(sound(video) - sweep()).mean()

    assert difference < 0.005
    assert np.abs(sound(video)[1:] - sweep()[:-1]).mean() > 2 * difference


def test_the_first_frame_looks_like_its_source(video: Path) -> None:
    first = pictures(video)[0]

    assert ssim(first, next(moving_scene())) >= 0.97


@pytest.mark.parametrize(
    "colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (128, 128, 128), (0, 0, 0)]
)
def test_colours_come_back_as_they_went_in(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    frame = np.full((64, 64, 3), colour, np.uint8)
    path = tmp_path / "colour.mp4"

    write_video(path, [frame] * 4, width=64, height=64, frame_count=4, sound=None, tags={})

    assert np.abs(pictures(path)[0].astype(int) - colour).max() <= 3


def test_the_index_comes_before_the_data(video: Path) -> None:
    data = video.read_bytes()

    assert data.index(b"ftyp") < data.index(b"moov") < data.index(b"mdat")


def test_sound_lies_beside_its_pictures(tmp_path: Path) -> None:
    path = tmp_path / "noisy.mp4"
    chance = np.random.default_rng(4)
    frames = (
        (frame // 2 + chance.integers(0, 64, frame.shape)).astype(np.uint8)
        for frame in moving_scene(640, 360, 96)
    )

    write_video(path, frames, width=640, height=360, frame_count=96, sound=code_sound(sweep()), tags={})

    assert path.stat().st_size > 2_000_000  # enough for sound at one end to be far from its pictures
    assert gap_bytes(path) < 256_000


def test_without_a_mix_there_is_no_audio_stream(tmp_path: Path) -> None:
    path = write(tmp_path / "silent.mp4", audio=False)

    with av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_tags_of_any_name_survive(tmp_path: Path) -> None:
    tags = {"comment": "made by AI — 由人工智能生成", "x-example:Key": "http://example.org/a?b"}

    path = write(tmp_path / "tagged.mp4", audio=False, tags=tags)

    with av.open(str(path)) as container:
        assert tags.items() <= container.metadata.items()


def test_the_largest_size_gets_a_level_that_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "wide.mp4"
    frames = [np.zeros((946, 2206, 3), np.uint8)] * 2

    write_video(path, frames, width=2206, height=946, frame_count=2, sound=None, tags={})

    with av.open(str(path)) as container:
        header = container.streams.video[0].codec_context.extradata
    assert header is not None
    assert header[3] == 42  # level 4.2: 8280 macroblocks a frame; 4.1 ends at 8192


def test_the_same_input_gives_the_same_bytes(video: Path, tmp_path: Path) -> None:
    assert write(tmp_path / "again.mp4").read_bytes() == video.read_bytes()


def test_frames_are_pulled_while_earlier_ones_are_encoded_and_not_hoarded(tmp_path: Path) -> None:
    alive = peak = 0

    class Counted(np.ndarray):
        def __del__(self) -> None:
            nonlocal alive
            alive -= self.base is None

    def frames() -> Iterator[Frame]:
        nonlocal alive, peak
        for value in range(60):
            frame = Counted((HEIGHT, WIDTH, 3), np.uint8)
            frame[:] = value
            alive += 1
            peak = max(peak, alive)
            yield frame

    write_video(tmp_path / "o.mp4", frames(), width=WIDTH, height=HEIGHT, frame_count=60, sound=None, tags={})

    assert peak <= 10


@pytest.mark.parametrize("count", [FRAME_COUNT - 1, FRAME_COUNT + 1])
def test_a_wrong_number_of_frames_is_the_engines_failure(tmp_path: Path, count: int) -> None:
    with pytest.raises(EngineFailed, match=f"{FRAME_COUNT} were announced"):
        write_video(
            tmp_path / "o.mp4",
            moving_scene(count=count),
            width=WIDTH,
            height=HEIGHT,
            frame_count=FRAME_COUNT,
            sound=None,
            tags={},
        )

    assert list(tmp_path.iterdir()) == []


def test_a_frame_of_another_size_is_the_engines_failure(tmp_path: Path) -> None:
    frames = [np.zeros((64, 64, 3), np.uint8), np.zeros((64, 66, 3), np.uint8)]

    with pytest.raises(EngineFailed, match="frame 1 is uint8"):
        write_video(tmp_path / "o.mp4", frames, width=64, height=64, frame_count=2, sound=None, tags={})


def test_a_mix_of_another_length_is_the_engines_failure(tmp_path: Path) -> None:
    frames = [np.zeros((64, 64, 3), np.uint8)] * 5

    with pytest.raises(EngineFailed, match="the mix has 8000 samples; 5 frames need 10000"):
        write_video(
            tmp_path / "o.mp4",
            frames,
            width=64,
            height=64,
            frame_count=5,
            sound=code_sound(sweep(4)),
            tags={},
        )


@pytest.mark.parametrize("ready", [0, 2, FRAME_COUNT - 1])
def test_pictures_do_not_wait_for_a_sound_in_the_making(tmp_path: Path, video: Path, ready: int) -> None:
    begun: Future[CodedSound] = Future()

    def frames() -> Iterator[Frame]:
        for index, frame in enumerate(moving_scene()):
            if index == ready:
                begun.set_result(code_sound(sweep()))
            yield frame

    path = tmp_path / "o.mp4"
    write_video(path, frames(), width=WIDTH, height=HEIGHT, frame_count=FRAME_COUNT, sound=begun, tags={})

    assert path.read_bytes() == video.read_bytes()


def test_a_sound_that_fails_fails_the_file(tmp_path: Path) -> None:
    failed: Future[CodedSound] = Future()
    failed.set_exception(EngineFailed("no voice"))

    with pytest.raises(EngineFailed, match="no voice"):
        write_video(
            tmp_path / "o.mp4",
            moving_scene(),
            width=WIDTH,
            height=HEIGHT,
            frame_count=FRAME_COUNT,
            sound=failed,
            tags={},
        )

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, Canceled, ZeroDivisionError])
def test_an_interrupted_run_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, interruption: type[BaseException]
) -> None:
    path = tmp_path / "o.mp4"
    path.write_bytes(b"old")

    def frames() -> Iterator[Frame]:
        for index, frame in enumerate(moving_scene()):
            if index == 30:
                raise interruption
            yield frame

    with pytest.raises(interruption):
        write_video(
            path,
            frames(),
            width=WIDTH,
            height=HEIGHT,
            frame_count=FRAME_COUNT,
            sound=code_sound(sweep()),
            tags={},
        )

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_cancelling_at_the_end_leaves_nothing(tmp_path: Path) -> None:
    def tick(stage: str, done: int, total: int) -> None:
        raise Canceled(f"{stage} {done}/{total}")

    with pytest.raises(Canceled, match="encoding 0/1"):
        write_video(
            tmp_path / "o.mp4",
            moving_scene(count=4),
            width=WIDTH,
            height=HEIGHT,
            frame_count=4,
            sound=None,
            tags={},
            tick=tick,
        )

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(CannotWrite, match="the disk is full; free some space"):
        write(tmp_path / "o.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_device_that_takes_no_byte_is_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/dev/full answers every write like a full disk, so that the muxer's own error is met."""
    real_open = av.open

    def open_full(_: str, *arguments: object, **options: object) -> object:
        return real_open("/dev/full", *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(av, "open", open_full)

    with pytest.raises(CannotWrite, match="the disk is full"):
        write(tmp_path / "o.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_and_a_folder_as_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"there is no folder .*nowhere; create it"):
        check_writable(tmp_path / "nowhere" / "o.mp4")
    with pytest.raises(CannotWrite, match="it is a folder; give the name of a file"):
        check_writable(tmp_path)


def test_a_folder_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "touch", refuse)

    with pytest.raises(CannotWrite, match="may not be written to; choose another"):
        check_writable(tmp_path / "o.mp4")


def test_checking_leaves_nothing_behind_and_touches_no_old_file(tmp_path: Path) -> None:
    path = tmp_path / "o.mp4"
    path.write_bytes(b"old")

    check_writable(path)

    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("o.mp4", b"old")]


def test_the_file_gets_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    path = write(tmp_path / "o.mp4", audio=False)

    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_picture_is_written_without_loss(tmp_path: Path) -> None:
    frame = next(moving_scene())

    write_picture(tmp_path / "last.png", frame)

    read = cv2.imread(str(tmp_path / "last.png"))
    assert read is not None
    assert np.array_equal(read[:, :, ::-1], frame)


def test_a_picture_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="there is no folder"):
        write_picture(tmp_path / "nowhere" / "last.png", next(moving_scene()))
