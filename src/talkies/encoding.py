"""Frames and a mix to one video file: H.264 and AAC, interleaved, in an MP4 that plays while it loads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from talkies.aac import CodedSound, add_sound
from talkies.ahead import make_ahead
from talkies.atomic import check_writable, replacement
from talkies.errors import EngineFailed
from talkies.media import Frame, Tick, no_tick
from talkies.spec import FRAME_RATE, SAMPLES_PER_FRAME

__all__ = ["check_writable", "write_picture", "write_video"]

_Planes = NDArray[np.uint8]
"""A picture as Y', Cb and Cr after one another, `(1.5 height, width)`."""

_FRAMES_AHEAD = 6  # pictures that may wait for the encoder: it goes on while a shot is set up
_ENCODER_THREADS = 2  # fixed: x264's output depends on it
_KEYFRAME_INTERVAL = 2 * FRAME_RATE
_X264 = {
    # Measured on four photographs in motion at 720p: within 0.0005 of the SSIM of "veryfast" and 8 % of its
    # size in two thirds of its processor time. Without the macroblock tree "superfast" needs twice the bits.
    "preset": "superfast",
    # What x264 skips at a glance would stand still: a face that hardly moves, before a fixed camera.
    "x264-params": "mbtree=1:rc-lookahead=10:no-fast-pskip=1",
    "crf": "17",
    "bf": "0",  # B-frames would push a keyframe's sound behind it, by the keyframe's size or more
    "profile": "high",
    # With a fixed camera a keyframe steps by 0.7 to 1 grey level, other frames by 0.1 to 0.4. Tried: open GOP
    # and other ipratio, qcomp and psy change nothing; crf 15 takes a seventh off at 1.4 times the size;
    # periodic intra refresh has no step, and nothing to seek to.
    "g": str(_KEYFRAME_INTERVAL),
}
_MP4 = {
    "movflags": "faststart+use_metadata_tags",
    "fflags": "bitexact",  # neither the date nor the muxer's version
}


def write_video(
    path: Path,
    frames: Iterable[Frame],
    *,
    width: int,
    height: int,
    frame_count: int,
    sound: CodedSound | Future[CodedSound] | None,
    tags: Mapping[str, str],
    tick: Tick = no_tick,
) -> None:
    """Encode frames to an MP4 with sound at `path`; either the whole file is written or nothing.

    H.264 High at the lowest level that holds the size, yuv420p, BT.709 limited range, 24 frames per second,
    a keyframe at least every 2 s; AAC-LC, 48 kHz, stereo. Frames are pulled while earlier ones are encoded
    in a thread. The same input gives the same bytes.

    Args:
        path: of the file; an existing one is replaced.
        frames: exactly `frame_count` pictures of `(height, width, 3)` uint8, RGB; both sides even.
        sound: 2000 samples a frame, or None for a file without an audio stream. It may still be in the
            making: pictures that are encoded before it is there wait for it, to lie beside it in the file.
        tags: metadata of the file, any keys.
        tick: told when the frames are all in and when the file is finished.

    Raises:
        CannotWrite: the file cannot be stored.
        EngineFailed: the number or size of the frames or the length of the sound is not as announced.
        Canceled: from `tick` or from the frames.
    """
    with replacement(path) as temporary:
        with _opened(temporary, tags) as container:
            film = _Film(container, width, height, frame_count, sound)
            pictures = map(_to_yuv420, _checked(frames, width, height, frame_count))
            deque(make_ahead(film.add, pictures, threads=1, waiting=_FRAMES_AHEAD, name="encoder"), maxlen=0)
            tick("encoding", 0, 1)
            film.finish()
        tick("encoding", 1, 1)


def write_picture(path: Path, frame: Frame) -> None:
    """Write a frame as a PNG, whole or not at all.

    Raises:
        CannotWrite: the file cannot be stored.
    """
    _, data = cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    with replacement(path) as temporary:
        temporary.write_bytes(data.tobytes())


def _checked(frames: Iterable[Frame], width: int, height: int, frame_count: int) -> Iterator[Frame]:
    """Pass on `frame_count` frames, each of the announced size."""
    supply = iter(frames)
    count = 0
    for frame in islice(supply, frame_count):
        if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
            raise EngineFailed(
                f"frame {count} is {frame.dtype} {frame.shape}; uint8 {(height, width, 3)} was announced"
            )
        yield frame
        count += 1
    if count < frame_count or next(supply, None) is not None:
        seen = f"only {count}" if count < frame_count else "more"
        raise EngineFailed(f"the engine made {seen} frames; {frame_count} were announced")


@contextmanager
def _opened(path: Path, tags: Mapping[str, str]) -> Iterator[OutputContainer]:
    """Open an MP4 for writing and close it; errors of its parts that are no OSError mean a failed encoder."""
    try:
        with av.open(str(path), "w", format="mp4", options=_MP4) as container:
            container.metadata.update(tags)
            yield container
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise EngineFailed(f"the encoder failed: {error}") from error


class _Film:
    """The two streams of one file.

    The packets of the sound go into the file between those of the pictures, in the order of their decode
    times. Sound written after all pictures would lie megabytes away from them, and players that load over a
    network would stall.
    """

    def __init__(
        self,
        container: OutputContainer,
        width: int,
        height: int,
        frame_count: int,
        sound: CodedSound | Future[CodedSound] | None,
    ) -> None:
        self._container = container
        self._frame_count = frame_count
        self._sound = sound
        self._pictures = _add_pictures(container, width, height)
        self._track = None if sound is None else add_sound(container)
        self._heard: deque[Packet[AudioStream]] = deque()  # that are not in the file yet
        self._seen: deque[Packet[VideoStream]] = deque()
        self._count = 0
        self._has_failed = False

    def add(self, planes: _Planes) -> None:
        """Encode one more picture."""
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts = self._count
        picture.time_base = Fraction(1, FRAME_RATE)
        self._count += 1
        self._seen += self._pictures.encode(picture)
        if not isinstance(self._sound, Future) or self._sound.done():
            self._write()

    def finish(self) -> None:
        """Write what the encoder still holds and the rest of the sound."""
        self._seen += self._pictures.encode()
        self._write()
        while self._heard:
            self._mux(self._heard.popleft())

    def _write(self) -> None:
        """Write the pictures that are encoded, and the sound up to them."""
        self._take_sound()
        while self._seen:
            packet = self._seen.popleft()
            while self._heard and _decode_time(self._heard[0]) <= _decode_time(packet):
                self._mux(self._heard.popleft())
            self._mux(packet)

    def _take_sound(self) -> None:
        """Wait for the sound, once, and check its length."""
        sound = self._sound.result() if isinstance(self._sound, Future) else self._sound
        self._sound = None
        if sound is None or self._track is None:
            return
        needed = self._frame_count * SAMPLES_PER_FRAME
        if sound.sample_count != needed:
            raise EngineFailed(
                f"the mix has {sound.sample_count} samples; {self._frame_count} frames need {needed}"
            )
        for packet in sound.packets:
            packet.stream = self._track
            self._heard.append(packet)

    def _mux(self, packet: Packet[AudioStream] | Packet[VideoStream]) -> None:
        """Put a packet into the file. After a failure, with frames still waiting, the muxer is left alone.

        PyAV 18 crashes the process when it is used again after a header that could not be written.
        """
        if self._has_failed:
            return
        try:
            self._container.mux(packet)
        except av.FFmpegError:
            self._has_failed = True
            raise


def _to_yuv420(frame: Frame) -> _Planes:
    """Turn RGB into planar Y'CbCr 4:2:0 of limited range.

    Each chroma sample is the mean of its four pixels. A third of the time that FFmpeg's scaler takes.
    Source: ITU-R BT.709-6, sections 3.2 to 3.4.
    """
    height, width = frame.shape[:2]
    full = cv2.transform(frame, _BT709)
    half = cv2.resize(full, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    planes = np.empty((height * 3 // 2, width), np.uint8)
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    cv2.extractChannel(full, 0, planes[:height])
    for plane, channel in zip(chroma, (1, 2), strict=True):
        cv2.extractChannel(half, channel, plane)
    return planes


def _bt709() -> NDArray[np.float64]:
    """Give the matrix `(3, 4)` from full-range R'G'B' to limited-range Y'CbCr, both in 8 bits."""
    red, blue = 0.2126, 0.0722
    luma = np.array([red, 1 - red - blue, blue])
    blueness = (np.array([0, 0, 1]) - luma) / (2 * (1 - blue))
    redness = (np.array([1, 0, 0]) - luma) / (2 * (1 - red))
    gains = np.stack([luma * 219, blueness * 224, redness * 224]) / 255
    return np.column_stack([gains, [16, 128, 128]])


_BT709 = _bt709()


def _decode_time(packet: Packet[AudioStream] | Packet[VideoStream]) -> Fraction:
    """Seconds from the start at which a packet must be decoded; before 0 for priming and reordering."""
    assert packet.dts is not None
    assert packet.time_base is not None
    return packet.dts * packet.time_base


def _add_pictures(container: OutputContainer, width: int, height: int) -> VideoStream:
    stream = container.add_stream("libx264", FRAME_RATE, options=_X264)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    context = stream.codec_context
    context.thread_count = _ENCODER_THREADS
    context.time_base = Fraction(1, FRAME_RATE)
    context.color_range = ColorRange.MPEG
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    context.colorspace = Colorspace.ITU709
    return stream
