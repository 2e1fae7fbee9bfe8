"""A mix as AAC-LC at 192 kbit/s, coded once: its packets tell what a player gives, and go into the file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from talkies.media import Samples
from talkies.spec import SAMPLE_RATE

_BIT_RATE = 192_000
_FRAME = 1024  # samples per channel


@dataclass(frozen=True)
class CodedSound:
    """The packets of a mix, in the order of their decode times, and the coder's header that they need.

    `sample_count` is that of the mix, for each of its two channels.
    """

    sample_count: int
    packets: tuple[Packet[AudioStream], ...]
    header: bytes

    def played_back(self) -> Samples:
        """Give the sound as a player will decode it: AAC moves its peaks, most of all those of clicks.

        Returns:
            `(samples, 2)` float32; as many samples as the mix or a few more: what the codec puts before and
            after them is included.
        """
        decoder = av.CodecContext.create("aac", "r")
        decoder.extradata = self.header
        decoded = [sound for packet in (*self.packets, None) for sound in decoder.decode(packet)]
        return np.concatenate([sound.to_ndarray().T for sound in decoded])


def code_sound(mix: Samples) -> CodedSound:
    """Code a mix so that a decoder gives back just as many samples.

    AAC comes in frames of 1024. A player skips what lies before time 0, as the file's edit list tells it, but
    not all players cut what the last frame holds too much: so the silence that fills up goes to the front.

    Args:
        mix: `(samples, 2)` float32 in [-1, 1].
    """
    coder = av.CodecContext.create("aac", "w")
    _set_up(coder)
    fill = -len(mix) % _FRAME
    planes = np.pad(np.clip(mix, -1, 1).T.astype(np.float32), ((0, 0), (fill, 0)))
    packets: list[Packet[AudioStream]] = []
    for start in range(0, planes.shape[1], _FRAME):
        part = np.ascontiguousarray(planes[:, start : start + _FRAME])
        sound = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
        sound.sample_rate = SAMPLE_RATE
        sound.pts = start - fill
        sound.time_base = Fraction(1, SAMPLE_RATE)
        packets += coder.encode(sound)
    packets += coder.encode()
    return CodedSound(len(mix), tuple(packets), coder.extradata or b"")


def add_sound(container: OutputContainer) -> AudioStream:
    """Add the stream to a file that takes the packets of `code_sound`."""
    stream = container.add_stream("aac", SAMPLE_RATE)
    _set_up(stream.codec_context)
    return stream


def _set_up(coder: AudioCodecContext) -> None:
    coder.sample_rate = SAMPLE_RATE
    coder.layout = "stereo"
    coder.format = "fltp"
    coder.bit_rate = _BIT_RATE
    coder.time_base = Fraction(1, SAMPLE_RATE)
