"""What needs no engine, and what is broken on purpose: measures must tell both from a good clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from bench.quality.material import Material
from talkies.loudness import integrated_lufs
from talkies.media import Frame, Samples, rng
from talkies.spec import SAMPLE_RATE

_ZOOM = 0.15  # how much larger the picture is at the end
_TARGET_LUFS = -16.0
_LATE_S = 0.12
_DROP_EVERY = 6  # frames, of which one is shown twice
_FLICKER_LEVELS, _FLICKER_FRAMES = 8, 2
_JITTER_PX = 3.0
_LATE_FRAMES = 3  # the lips behind the sound

Change = Callable[[Material, Material], Material]
"""Spoils the first clip; the second is another one, to swap with."""


def still_and_silence(material: Material) -> Material:
    """Show the prepared photo for the whole length, without a sound."""
    frames = (material.first_frame,) * len(material.frames)
    return _sounding(replace(material, frames=frames), np.zeros_like(material.mix))


def zoom_and_noise(material: Material) -> Material:
    """Zoom evenly into the prepared photo, with white noise at the usual loudness."""
    count = len(material.frames)
    frames = tuple(_zoomed(material.first_frame, 1 + _ZOOM * index / (count - 1)) for index in range(count))
    noise = rng(material.plan.seed, "noise").standard_normal(material.mix.shape).astype(np.float32) * 0.05
    loudness = integrated_lufs(noise)
    assert loudness is not None
    gain = np.float32(10 ** ((_TARGET_LUFS - loudness) / 20))
    return _sounding(replace(material, frames=frames), noise * gain)


def late_sound(material: Material, _: Material) -> Material:
    """Let the sound come 120 ms late."""
    return replace(material, mix=_delayed(material.mix, round(_LATE_S * SAMPLE_RATE)))


def swapped_sound(material: Material, other: Material) -> Material:
    """Take the sound of another clip, repeated or cut to the length."""
    return replace(material, mix=np.resize(other.mix, material.mix.shape))


def dropped_frames(material: Material, _: Material) -> Material:
    """Show every sixth frame twice in place of the next."""
    frames = material.frames
    kept = [frames[index - 1] if index % _DROP_EVERY == 1 else frame for index, frame in enumerate(frames)]
    return replace(material, frames=tuple(kept))


def flicker(material: Material, _: Material) -> Material:
    """Brighten every other pair of frames by eight levels."""
    frames = tuple(
        cv2.convertScaleAbs(frame, beta=_FLICKER_LEVELS * (index // _FLICKER_FRAMES % 2))
        for index, frame in enumerate(material.frames)
    )
    return replace(material, frames=tuple(np.asarray(frame, np.uint8) for frame in frames))


def jitter(material: Material, _: Material) -> Material:
    """Shift each frame by chance, three pixels of standard deviation on each axis."""
    shifts = rng(material.plan.seed, "jitter").normal(0, _JITTER_PX, (len(material.frames), 2))
    frames = tuple(_shifted(frame, *shift) for frame, shift in zip(material.frames, shifts, strict=True))
    return replace(material, frames=frames)


def late_lips(material: Material, _: Material) -> Material:
    """Let the pictures come three frames after the sound."""
    frames = material.frames[:1] * _LATE_FRAMES + material.frames[:-_LATE_FRAMES]
    return replace(material, frames=frames)


def _sounding(material: Material, mix: Samples) -> Material:
    """Let a clip sound of nothing else, not even in its tracks."""
    return replace(material, mix=mix, tracks=dict.fromkeys(material.tracks, mix))


def _delayed(mix: Samples, count: int) -> Samples:
    return np.concatenate([np.zeros_like(mix[:count]), mix[:-count]])


def _zoomed(picture: Frame, factor: float) -> Frame:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0, factor)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_CUBIC), np.uint8)


def _shifted(picture: Frame, right: float, down: float) -> Frame:
    height, width = picture.shape[:2]
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float64)
    return np.asarray(
        cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
