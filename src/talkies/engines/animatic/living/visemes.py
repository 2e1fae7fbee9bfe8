"""The mouth of somebody who speaks: from exact phoneme times to a shape in every frame.

Each sound pulls the opening and the width towards its own with a dominance that grows towards the sound and
fades after it, so that neighbours run into one another and lips round before an "o". Lips that must meet (p,
b, m) or touch the teeth (f, v) do so in a frame of their own, however short the sound.
Source: Cohen, Massaro, "Modeling coarticulation in synthetic visual speech" (1993).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from talkies.engines.animatic.living.easing import Curve, ease, swell
from talkies.engines.animatic.living.phonetics import SILENCE, Sound, sounds_of
from talkies.engines.animatic.sound.delivery import delivery
from talkies.plan import SpokenLine
from talkies.spec import FRAME_RATE, SAMPLE_RATE

Speak = Callable[[SpokenLine], NDArray[np.float32]]
"""Gives a line's sound, `(samples,)` mono at 48 kHz, from the line's start on."""

_LEAD_S = 0.012  # lips move ahead of what is heard, by less than a frame
_JAW_REACH_S = 0.03  # e-folding time of a sound's hold on the jaw, outside the sound
_PLATEAU = 0.35  # of a sound's length on either side of its middle, over which its hold is whole
_PAUSE_S = 0.12  # between two sounds: from here on the mouth comes to rest
_CONTACT_RAMP_S = 0.062  # of lips that close or open: 1.5 frames
_CONTACT_AT = 0.45  # of a sound: its middle, without the breath that follows a stop
_TUCKED_OPENING = 0.12  # what stays open between lip and teeth

_RUN_GAP_S = 0.55  # a longer pause gives the mouth back to the photo
_ATTACK_S, _RELEASE_S = 0.2, 0.3
_READY_S = 0.075  # before its first sound a mouth is ready for it

_LEVEL_SHARE = 1 / 40  # opening grows as the square root of the sound's pressure
_GAIN_RANGE = (0.6, 1.35)
_STRESS_RANGE = (0.9, 1.12)  # opening of a short and of a long vowel
_STRESS_S = (0.04, 0.16)  # their lengths
_LOUDNESS_POWER, _LOUDNESS_RANGE = 0.55, (0.5, 1.35)  # of the RMS now against that of the line's usual vowel
_LOUDNESS_S = 0.06  # about a frame's middle, over which it is measured
_VOICE_HZ = (400, 3000)  # strong while the mouth is open: a murmur lies below, a hiss above
_SILENT = 1e-4  # RMS of a line that says nothing about loudness


@dataclass(frozen=True)
class MouthTrack:
    """A mouth in every frame: curves of `MouthShape`'s fields, and how much of it speech has taken over."""

    opening: Curve
    width: Curve
    press: Curve
    tuck: Curve
    tongue: Curve
    speaking: Curve


def frame_times(start_frame: int, frame_count: int) -> Curve:
    """Give the middles of frames, in seconds from the clip's start."""
    return (start_frame + np.arange(frame_count) + 0.5) / FRAME_RATE


def speech_runs(lines: Sequence[SpokenLine]) -> tuple[tuple[float, float], ...]:
    """Give the stretches in which somebody speaks without a longer pause, `(start_s, end_s)`, in order."""
    sounds = sorted((s.start_s, s.end_s) for line in lines for s in sounds_of(line))
    runs: list[tuple[float, float]] = []
    for start_s, end_s in sounds:
        if runs and start_s - runs[-1][1] < _RUN_GAP_S:
            runs[-1] = runs[-1][0], max(end_s, runs[-1][1])
        else:
            runs.append((start_s, end_s))
    return tuple(runs)


def mouth_track(lines: Sequence[SpokenLine], time: Curve, speak: Speak) -> MouthTrack:
    """Shape the mouth of whoever speaks these lines.

    Args:
        lines: of one speaker.
        time: the middles of the frames, as `frame_times` gives them.
        speak: what is loud opens further.

    In the frame nearest to each p, b and m the opening is 0 and `press` 1.
    """
    sounds, gains = _sounds_with_gains(lines)
    if not sounds:
        return MouthTrack(*(np.zeros_like(time) for _ in fields(MouthTrack)))
    here = time + _LEAD_S
    openings = [_opening(sound) * gain for sound, gain in zip(sounds, gains, strict=True)]
    opening = _blend(here, sounds, openings, lips=False)
    for line in lines:
        opening *= _loudness(line, speak(line), here)
    width = _blend(here, sounds, [sound.viseme.shape.width for sound in sounds], lips=True)
    press, tuck, tongue = (_contact(time, sounds, part) for part in ("press", "tuck", "tongue"))
    opening += tuck * (np.minimum(opening, _TUCKED_OPENING) - opening)
    return MouthTrack(
        opening=np.clip(opening * (1 - press), 0, 1),
        width=np.clip(width, -1, 1),
        press=press,
        tuck=tuck * (1 - press),
        tongue=tongue,
        speaking=_speaking(time, speech_runs(lines)),
    )


def _sounds_with_gains(lines: Sequence[SpokenLine]) -> tuple[list[Sound], list[float]]:
    """Give the sounds of all lines, silence before, between and after them, and by how much each opens."""
    sounds: list[Sound] = []
    gains: list[float] = []
    end_s = -math.inf
    for line in sorted(lines, key=lambda line: line.start_s):
        for sound in sounds_of(line):
            if sound.start_s - end_s > _PAUSE_S:
                sounds.append(_silence(max(end_s, sound.start_s - 2.0), sound.start_s))
                gains.append(1.0)
            sounds.append(sound)
            gains.append(_gain(line))
            end_s = sound.end_s
    return ([*sounds, _silence(end_s, end_s + 2.0)], [*gains, 1.0]) if sounds else ([], [])


def _loudness(line: SpokenLine, samples: NDArray[np.float32], time: Curve) -> Curve:
    """Weigh each moment of a line by how loud the voice is; 1 is a usual vowel of the line, and all else."""
    vowels = [sound for sound in sounds_of(line) if sound.is_vowel]
    if not vowels or samples.size < FRAME_RATE:
        return np.ones_like(time)
    energy = np.concatenate([[0.0], np.cumsum(_voice(samples) ** 2)])

    def power(start_s: Curve, end_s: Curve) -> Curve:
        first, last = (
            np.clip(np.rint((at_s - line.start_s) * SAMPLE_RATE).astype(int), 0, samples.size)
            for at_s in (start_s, end_s)
        )
        return np.asarray(np.sqrt((energy[last] - energy[first]) / np.maximum(last - first, 1)))

    starts, ends = (np.array([getattr(vowel, edge) for vowel in vowels]) for edge in ("start_s", "end_s"))
    usual = float(np.median(power(starts, ends)))
    if usual < _SILENT:
        return np.ones_like(time)
    near = (time > line.start_s) & (time < line.end_s)
    now = power(time - _LOUDNESS_S / 2, time + _LOUDNESS_S / 2) / usual
    return np.where(near, np.clip(now**_LOUDNESS_POWER, *_LOUDNESS_RANGE), 1.0)


def _voice(samples: NDArray[np.float32]) -> Curve:
    """Keep the band in which a voice is strong while the mouth is open."""
    size = scipy.fft.next_fast_len(samples.size, real=True)
    spectrum = scipy.fft.rfft(samples.astype(np.float64), size)
    hertz = scipy.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    spectrum[(hertz < _VOICE_HZ[0]) | (hertz > _VOICE_HZ[1])] = 0
    return np.asarray(scipy.fft.irfft(spectrum, size)[: samples.size])


def _silence(start_s: float, end_s: float) -> Sound:
    """Make a rest that leaves the sounds beside it a little room."""
    return Sound(SILENCE, start_s + _PAUSE_S / 3, end_s - _PAUSE_S / 3, is_vowel=False)


def _opening(sound: Sound) -> float:
    """Give how far a sound opens: long vowels are the stressed ones and open further."""
    if not sound.is_vowel:
        return sound.viseme.shape.opening
    share = np.interp(sound.duration_s, _STRESS_S, _STRESS_RANGE)
    return float(share) * sound.viseme.shape.opening


def _gain(line: SpokenLine) -> float:
    """Open less for a whisper and more for a shout."""
    return float(np.clip(10 ** (delivery(line.voice, line.manner).level_db * _LEVEL_SHARE), *_GAIN_RANGE))


def _blend(time: Curve, sounds: Sequence[Sound], targets: Sequence[float], *, lips: bool) -> Curve:
    """Average the targets by the sounds' dominance at each moment."""
    centre = np.array([sound.centre_s for sound in sounds])
    plateau = np.array([_plateau(sound) for sound in sounds])
    firmness = np.array([sound.viseme.lips if lips else sound.viseme.jaw for sound in sounds])
    reach = np.array([sound.viseme.reach_s if lips else _JAW_REACH_S for sound in sounds])
    away = np.maximum(np.abs(time[:, None] - centre) - plateau, 0.0)
    dominance = firmness * np.exp(-away / reach) + 1e-12
    return np.asarray(dominance @ np.array(targets) / dominance.sum(axis=1))


def _plateau(sound: Sound) -> float:
    return sound.duration_s * (0.5 if sound.viseme is SILENCE else _PLATEAU)


def _contact(time: Curve, sounds: Sequence[Sound], part: Literal["press", "tuck", "tongue"]) -> Curve:
    """Bring lips, teeth or tongue together for each sound that needs it.

    The contact is whole in at least the frame nearest to the sound, and soft on either side.
    """
    touching = np.zeros_like(time)
    spoken = [sound for sound in sounds if sound.viseme is not SILENCE]
    ends_s = [-math.inf, *(sound.end_s for sound in spoken)]
    for before_s, sound in zip(ends_s, spoken, strict=False):
        strength = getattr(sound.viseme.shape, part)
        if strength == 0:
            continue
        middle_s = sound.start_s + _CONTACT_AT * sound.duration_s - _LEAD_S
        middle_s = time[0] + round((middle_s - time[0]) * FRAME_RATE) / FRAME_RATE
        away = np.abs(time - middle_s) - max(0.4 * sound.duration_s - 0.02, 0.0)
        if sound.start_s - before_s > _PAUSE_S:
            # Lips meet before a line that begins with them.
            away = np.where(time < middle_s, np.minimum(away, middle_s - _READY_S - time), away)
        touching = np.maximum(touching, strength * ease(1 - away / _CONTACT_RAMP_S))
    return touching


def _speaking(time: Curve, runs: Iterable[tuple[float, float]]) -> Curve:
    """Hand the mouth over to speech shortly before each run, and back to the photo after it."""
    speaking = np.zeros_like(time)
    for start_s, end_s in runs:
        speaking = np.maximum(
            speaking, swell(time, start_s - _READY_S - _ATTACK_S, end_s + 0.05, _ATTACK_S, _RELEASE_S)
        )
    return speaking
