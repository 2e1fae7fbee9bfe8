"""Frames and a mix to one video file: H.264 and AAC, interleaved, in an MP4 that plays while it loads."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from fractions import Fraction
from functools import cached_property
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

from talkies.ahead import make_ahead
from talkies.atomic import check_writable, replacement
from talkies.errors import EngineFailed
from talkies.media import Frame, Samples, Tick, no_tick
from talkies.spec import FRAME_RATE, SAMPLE_RATE, SAMPLES_PER_FRAME

__all__ = ["check_writable", "played_back", "write_picture", "write_video"]

CHANNELS = 2

_Planes = NDArray[np.uint8]
"""A picture as Y', Cb and Cr after one another, `(1.5 height, width)`."""

_FRAMES_AHEAD = 6  # pictures that may wait for the encoder: it goes on while a shot is set up
_ENCODER_THREADS = 2  # fixed: x264's output depends on it
_KEYFRAME_INTERVAL = 2 * FRAME_RATE
_AUDIO_BIT_RATE = 192_000
_AAC_FRAME = 1024  # samples per channel
_X264 = {
    # Measured on four photographs in motion at 720p: within 0.0005 of the SSIM of "veryfast" and 8 % of its
    # size in two thirds of its processor time. Without the macroblock tree "superfast" needs twice the bits.
    "preset": "superfast",
    "x264-params": "mbtree=1:rc-lookahead=10",
    "crf": "17",
    "bf": "0",  # B-frames would push a keyframe's sound behind it, by the keyframe's size or more
    "profile": "high",
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
    mix: Samples | Future[Samples] | None,
    tags: Mapping[str, str],
    tick: Tick = no_tick,
) -> None:
    """Encode frames and mix to an MP4 at `path`; either the whole file is written or nothing.

    H.264 High at the lowest level that holds the size, yuv420p, BT.709 limited range, 24 frames per second,
    a keyframe at least every 2 s; AAC-LC, 48 kHz, stereo. Frames are pulled while earlier ones are encoded
    in a thread. The same input gives the same bytes.

    Args:
        path: of the file; an existing one is replaced.
        frames: exactly `frame_count` pictures of `(height, width, 3)` uint8, RGB; both sides even.
        mix: `(2000 * frame_count, 2)` float32 in [-1, 1], or None for a file without an audio stream. It may
            still be in the making: it is waited for when the first pictures are encoded.
        tags: metadata of the file, any keys.
        tick: told when the frames are all in and when the file is finished.

    Raises:
        CannotWrite: the file cannot be stored.
        EngineFailed: the number or size of the frames or the length of the mix is not as announced.
        Canceled: from `tick` or from the frames.
    """
    with replacement(path) as temporary:
        with _opened(temporary, tags) as container:
            film = _Film(container, width, height, frame_count, mix)
            pictures = map(_to_yuv420, _checked(frames, width, height, frame_count))
            deque(make_ahead(film.add, pictures, threads=1, waiting=_FRAMES_AHEAD, name="encoder"), maxlen=0)
            tick("encoding", 0, 1)
            film.finish()
        tick("encoding", 1, 1)


def played_back(mix: Samples) -> Samples:
    """Give a mix as a player will decode it: AAC moves its peaks, most of all those of clicks.

    Args:
        mix: `(samples, 2)` float32 in [-1, 1].

    Returns:
        As many samples or a few more: what the codec puts before and after them is included.
    """
    coded = io.BytesIO()
    with av.open(coded, "w", format="adts") as writer:
        stream = _add_sound(writer)
        for packet in _encode_sound(stream, mix):
            writer.mux(packet)
    coded.seek(0)
    with av.open(coded, "r", format="aac") as reader:
        return np.concatenate([sound.to_ndarray().T for sound in reader.decode(audio=0)])


def write_picture(path: Path, frame: Frame) -> None:
    """Write a frame as a PNG, whole or not at all.

    Raises:
        CannotWrite: the file cannot be stored.
    """
    _, data = cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    with replacement(path) as temporary:
        temporary.write_bytes(data.tobytes())


def _finished(mix: Samples | Future[Samples], frame_count: int) -> Samples:
    """Wait for a mix and check its length."""
    samples = mix.result() if isinstance(mix, Future) else mix
    expected = (frame_count * SAMPLES_PER_FRAME, CHANNELS)
    if samples.shape != expected:
        raise EngineFailed(f"the mix has the shape {samples.shape}; {frame_count} frames need {expected}")
    return samples


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

    All sound is encoded when the first picture is ready; its packets then go into the file between those of
    the pictures, in the order of their decode times. Sound written after all pictures would lie megabytes
    away from them, and players that load over a network would stall.
    """

    def __init__(
        self,
        container: OutputContainer,
        width: int,
        height: int,
        frame_count: int,
        mix: Samples | Future[Samples] | None,
    ) -> None:
        self._container = container
        self._frame_count = frame_count
        self._mix = mix
        self._pictures = _add_pictures(container, width, height)
        self._count = 0
        self._has_failed = False
        self._sound_stream = _add_sound(container) if mix is not None else None

    @cached_property
    def _sound(self) -> deque[Packet[AudioStream]]:
        """The packets of the sound that are not in the file yet."""
        if self._mix is None or self._sound_stream is None:
            return deque()
        return deque(_encode_sound(self._sound_stream, _finished(self._mix, self._frame_count)))

    def add(self, planes: _Planes) -> None:
        """Encode one more picture."""
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts = self._count
        picture.time_base = Fraction(1, FRAME_RATE)
        self._count += 1
        self._write(self._pictures.encode(picture))

    def finish(self) -> None:
        """Write what the encoder still holds and the rest of the sound."""
        self._write(self._pictures.encode())
        for packet in self._sound:
            self._mux(packet)

    def _write(self, packets: list[Packet[VideoStream]]) -> None:
        for packet in packets:
            while self._sound and _decode_time(self._sound[0]) <= _decode_time(packet):
                self._mux(self._sound.popleft())
            self._mux(packet)

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


def _add_sound(container: OutputContainer) -> AudioStream:
    stream = container.add_stream("aac", SAMPLE_RATE, layout="stereo")
    stream.bit_rate = _AUDIO_BIT_RATE
    return stream


def _encode_sound(stream: AudioStream, mix: Samples) -> Iterator[Packet[AudioStream]]:
    """Encode the mix so that a decoder gives back just as many samples.

    AAC comes in frames of 1024. A player skips what lies before time 0, as the edit list tells it, but not
    all players cut what the last frame holds too much: so the silence that fills up goes to the front.
    """
    fill = -len(mix) % _AAC_FRAME
    planes = np.pad(np.clip(mix, -1, 1).T.astype(np.float32), ((0, 0), (fill, 0)))
    for start in range(0, planes.shape[1], _AAC_FRAME):
        part = np.ascontiguousarray(planes[:, start : start + _AAC_FRAME])
        sound = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
        sound.sample_rate = SAMPLE_RATE
        sound.pts = start - fill
        sound.time_base = Fraction(1, SAMPLE_RATE)
        yield from stream.encode(sound)
    yield from stream.encode()
