"""Reading a video file once, from its first packet to its last, whatever its state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from talkies.errors import BadVideo
from talkies.inspection.boxes import Box, reaches_beyond, top_level_boxes
from talkies.inspection.flow import Grey
from talkies.media import Frame

WORK_LENGTH = 384  # pixels of the longer side of the reduced frames
_MIN_WORK_LENGTH = 32  # of the shorter side: optical flow needs a few patches of 8
_MAX_SOUND_VALUES = 1 << 24  # 64 MiB of float32: 175 s of stereo at 48 kHz
_MAX_PROBLEMS = 8


@dataclass(frozen=True)
class Picture:
    """One decoded frame, upright: `luma` at full size, `small` reduced to the work size, RGB."""

    time_s: float
    luma: Grey
    small: Frame


@dataclass(frozen=True)
class Packet:
    """Where a coded piece lies in the file, and when it is shown."""

    time_s: float
    byte: int


class Reader:
    """Decodes a file once and remembers what it saw on the way.

    Iterate `pictures()` to its end; the other attributes are complete after that. Damage does not raise:
    it ends the pictures early, and `truncated` and `problems` say so.

    Raises:
        BadVideo: the file cannot be opened, is a still picture, or holds no picture stream.
    """

    def __init__(self, path: Path) -> None:
        self._container = _open(path)
        self._path = path
        if self.format == "image2" or self.format.endswith("_pipe"):  # FFmpeg's names for still pictures
            self._container.close()
            raise BadVideo(f"{path.name} is a still picture; give a video file")
        streams = self._container.streams
        # a cover image of a song is a picture stream too, but no video
        moving = [stream for stream in streams.video if not stream.disposition & Disposition.attached_pic]
        if not moving:
            kinds = ", ".join(sorted({stream.type for stream in streams})) or "no streams"
            self._container.close()
            raise BadVideo(f"{path.name} has no pictures (only {kinds}); give a video file")
        self.video: Any = moving[0]
        self.audio: Any = streams.audio[0] if streams.audio else None
        self.video.thread_type = "AUTO"
        self.boxes: tuple[Box, ...] = top_level_boxes(path)
        self.problems: list[str] = []
        self.times_s: list[float] = []
        self.keyframe_times_s: list[float] = []
        self.saw_b_frames = False
        self.rotation_degrees = 0
        self.first_frame: Frame | None = None
        self.video_packets: list[Packet] = []
        self.audio_packets: list[Packet] = []
        self.decoded_sample_count = 0
        self.audio_start_s: float | None = None
        self._cut_short = False
        self._last: Any = None
        self._last_duration_s = 0.0
        self._sound: list[NDArray[np.float32]] = []
        self._sound_values = 0
        self._resampler: Any = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    @property
    def frames_per_second(self) -> float:
        """The stream's average frame rate."""
        rate = self.video.average_rate or self.video.guessed_rate
        return float(rate) if rate else max(len(self.times_s), 1) / max(self.video_duration_s, 1e-3)

    @property
    def expected_frame_count(self) -> int:
        """How many frames the file declares, 0 when it does not say."""
        if self.video.frames:
            return int(self.video.frames)
        rate = self.video.average_rate
        return round(float(rate) * (self.declared_duration_s or 0.0)) if rate else 0

    @property
    def declared_duration_s(self) -> float | None:
        """The picture's length as the file says it."""
        if self.video.duration:
            return float(self.video.duration * self.video.time_base)
        duration = self._container.duration
        return duration / av.time_base if duration else None

    @property
    def video_duration_s(self) -> float:
        """From the first decoded frame's time to the end of the last."""
        return self.times_s[-1] + self._last_duration_s - self.times_s[0] if self.times_s else 0.0

    @property
    def sample_count(self) -> int:
        """Decoded samples a channel, without the padding that the container's edit list hides."""
        if self.audio is None or not self.audio.duration:
            return self.decoded_sample_count
        declared = round(float(self.audio.duration * self.audio.time_base) * self.audio.rate)
        return min(self.decoded_sample_count, declared) if self._has_edit_list else self.decoded_sample_count

    @property
    def truncated(self) -> bool:
        """The file ends before it should."""
        if self._cut_short or reaches_beyond(self.boxes, self._path.stat().st_size):
            return True
        declared = self.declared_duration_s
        tolerance_s = 0.1 + 2 / self.frames_per_second
        # A soundtrack longer than the picture lengthens a Matroska file as a whole, hence the sound counts.
        reached_s = max(self.video_duration_s, self.sample_count / self.audio.rate if self.audio else 0.0)
        return declared is not None and reached_s < declared - tolerance_s

    @property
    def _has_edit_list(self) -> bool:
        return bool(self.boxes)

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the container, and of the streams as `video:key` and `audio:key`."""
        tags = dict(self._container.metadata)
        for name, stream in (("video", self.video), ("audio", self.audio)):
            if stream is not None:
                tags |= {f"{name}:{key}": value for key, value in stream.metadata.items()}
        return tags

    @property
    def format(self) -> str:
        """FFmpeg's name of the container format."""
        return str(self._container.format.name)

    @property
    def container_duration_s(self) -> float | None:
        """The length of the whole, as the file says it."""
        duration = self._container.duration
        return duration / av.time_base if duration else None

    def pictures(self) -> Iterator[Picture]:
        """Decode everything; yield the pictures in the order in which they are shown."""
        for frame in self._frames():
            yield self._remember(frame)

    def last_frame(self) -> Frame | None:
        """The last picture at full size, `(height, width, 3)` uint8 RGB."""
        return None if self._last is None else _upright(_rgb(self._last), self.rotation_degrees)

    def sound(self) -> NDArray[np.float32]:
        """The decoded sound at its own rate, `(samples, channels)`; only the beginning of a very long one."""
        if not self._sound:
            return np.zeros((0, 1), np.float32)
        return np.concatenate(self._sound)[: self.sample_count]

    def _frames(self) -> Iterator[Any]:
        streams = [stream for stream in (self.video, self.audio) if stream is not None]
        packets = self._container.demux(streams)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.FFmpegError as error:
                self._cut_short = True
                self._note(f"reading stopped: {error.strerror}")
                return
            yield from self._decode(packet)

    def _decode(self, packet: Any) -> Iterator[Any]:
        is_sound = packet.stream is self.audio
        if packet.pos is not None and packet.pts is not None:
            place = Packet(float(packet.pts * packet.time_base), packet.pos)
            (self.audio_packets if is_sound else self.video_packets).append(place)
        try:
            for frame in packet.decode():
                if is_sound:
                    self._hear(frame)
                else:
                    yield frame
        except av.FFmpegError as error:
            self._note(f"{'sound' if is_sound else 'picture'} not decoded: {error.strerror}")

    def _note(self, problem: str) -> None:
        if problem not in self.problems and len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(problem)

    def _remember(self, frame: Any) -> Picture:
        if self.first_frame is None:
            self.rotation_degrees = round(frame.rotation / 90) * 90 % 360
            self.first_frame = _upright(_rgb(frame), self.rotation_degrees)
        self._last = frame
        self._last_duration_s = self._duration_of(frame)
        time_s = self._time_of(frame)
        self.times_s.append(time_s)
        if frame.key_frame:
            self.keyframe_times_s.append(time_s)
        self.saw_b_frames |= frame.pict_type == av.video.frame.PictureType.B
        if frame.is_corrupt:
            self._note("some frames are damaged")
        width, height = work_size(frame.width, frame.height)
        small = frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")
        luma = frame.to_ndarray(format="gray")
        return Picture(time_s, *(_upright(array, self.rotation_degrees) for array in (luma, small)))

    def _time_of(self, frame: Any) -> float:
        if frame.pts is not None:
            return float(frame.pts * frame.time_base)
        return self.times_s[-1] + 1 / self.frames_per_second if self.times_s else 0.0

    def _duration_of(self, frame: Any) -> float:
        if frame.duration:
            return float(frame.duration * frame.time_base)
        rate = self.video.average_rate
        return 1 / float(rate) if rate else 0.0

    def _hear(self, frame: Any) -> None:
        if self.audio_start_s is None:
            self.audio_start_s = float(frame.pts * frame.time_base) if frame.pts is not None else 0.0
            self._resampler = av.AudioResampler(format="flt")
        self.decoded_sample_count += frame.samples
        if self._sound_values < _MAX_SOUND_VALUES:
            for packed in self._resampler.resample(frame):
                channels = packed.layout.nb_channels
                self._sound.append(packed.to_ndarray().reshape(-1, channels))
                self._sound_values += packed.samples * channels


def work_size(width: int, height: int) -> tuple[int, int]:
    """(width, height) at which motion is measured; the ratio bends only for extremely long pictures.

    >>> work_size(1920, 1080), work_size(64, 48), work_size(2000, 16)
    ((384, 216), (64, 48), (384, 32))
    """
    scale = min(1.0, WORK_LENGTH / max(width, height))
    return max(_MIN_WORK_LENGTH, round(width * scale)), max(_MIN_WORK_LENGTH, round(height * scale))


def _open(path: Path) -> Any:
    try:
        return av.open(str(path), metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadVideo(f"{path} cannot be read as a video ({reason}); give a file that plays") from error


def _rgb(frame: Any) -> Frame:
    picture: Frame = frame.to_ndarray(format="rgb24")
    return picture


def _upright(picture: NDArray[np.uint8], rotation_degrees: int) -> NDArray[np.uint8]:
    if not rotation_degrees:
        return picture
    return np.ascontiguousarray(np.rot90(picture, rotation_degrees // 90))
