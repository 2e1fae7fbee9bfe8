"""What a living face does without a reason: it blinks, its eyes wander, its head sways, it breathes.

Chance is drawn in the order of time, so that a longer clip begins as a shorter one does. All curves are over
`time`, seconds from the shot's start.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from talkies.engines.animatic.living.easing import Curve, ease, pulse, swell
from talkies.engines.animatic.living.performance import Channel, Motion
from talkies.spec import FRAME_RATE

_BLINK_GAP_S = (2.2, 5.6)
_LEAST_BLINK_GAP_S = 1.1
_FIRST_BLINK_S = (0.7, 2.8)
_UNISON_S, _APART_S = 0.35, 0.45  # two people's blinks nearer than the first are moved by the second
_CLOSING_S, _SHUT_S, _OPENING_S = 0.075, 0.02, (0.14, 0.21)
_UNDISTURBED_S = 0.85  # from a blink's middle to what lids do on cue: 0.6 s of rest between them
_AFTER_PHRASE_S, _AFTER_PHRASE_SHARE = 0.08, 0.6

_GLANCE_GAP_S = (0.5, 2.4)
_GLANCE_S = 0.055  # of a saccade: little more than a frame
_GLANCE = (0.09, 0.05)  # its usual size, across and down

_BREATHING_HZ = (0.22, 0.28)
_SWAY: tuple[tuple[Channel, float, tuple[float, ...]], ...] = (
    ("turn", 0.022, (0.11, 0.19, 0.33)),
    ("nod", 0.014, (0.13, 0.23, 0.37)),
    ("tilt", 0.013, (0.09, 0.17, 0.29)),
    ("aside", 0.010, (0.07, 0.12, 0.2)),
)
"""Channels with their amplitude and the frequencies in Hz whose sum never repeats within a clip."""
_TALKING: tuple[tuple[Channel, float, tuple[float, ...]], ...] = (
    ("turn", 0.024, (0.41, 0.67)),
    ("nod", 0.020, (0.53, 0.89)),
    ("tilt", 0.018, (0.37, 0.61)),
)

_LIVELIER_ALONE: dict[Channel, float] = {"turn": 1.9, "nod": 2.1, "tilt": 1.7, "aside": 5.0, "breath": 1.8}
"""How much more a head moves where the camera does not: nothing else tells the clip from a photo."""
_LARGE_FACE, _MOST_SMALLER = 0.25, 1.7  # of the picture's shorter side; a smaller one moves more, at most so
_LIVELIER: dict[Channel, float] = {"turn": 2.2, "nod": 1.7, "tilt": 1.5, "aside": 1.3, "breath": 1.6}
"""How much more an animal moves than a head: its whole body does."""
_WITH_A_BODY: dict[Channel, float] = {"turn": 2.2, "nod": 1.7, "tilt": 0.3}
"""How much more it turns on cue than a head; a tilt sweeps what is behind a whole body."""
_JERK_S, _HUSH_S = 0.09, 0.22  # in which an animal throws its head up to call, and lowers it again
_EARLY_S = 0.04  # before it is heard
_HOVERING_HZ = (0.85, 1.3)
_HOVERING = 0.035  # of its size


def sway(time: Curve, chance: Generator) -> Motion:
    """Let the head drift and the chest breathe."""
    rate_hz, phase = float(chance.uniform(*_BREATHING_HZ)), float(chance.uniform(0, 2 * math.pi))
    breath = np.sin(2 * math.pi * rate_hz * time + phase)
    return {**_wandering(time, _SWAY, chance), "breath": breath}


def sway_alone(time: Curve, chance: Generator, size: float) -> Motion:
    """Let a head drift and a chest breathe where the camera stands still.

    `size` is that of the face, in shorter sides of the picture.
    """
    share = min(max(_LARGE_FACE / size, 1.0), _MOST_SMALLER)
    return {name: share * _LIVELIER_ALONE[name] * curve for name, curve in sway(time, chance).items()}


def animal(time: Curve, chance: Generator) -> Motion:
    """Let an animal's body sway and breathe."""
    return {name: _LIVELIER.get(name, 1.0) * curve for name, curve in sway(time, chance).items()}


def as_animal(motion: Motion) -> Motion:
    """Let the whole body of an animal do what a person's head would."""
    return {name: _WITH_A_BODY.get(name, 1.0) * curve for name, curve in motion.items()}


def call(time: Curve, calls_s: Sequence[tuple[float, float]], chance: Generator) -> Motion:
    """Let an animal throw its head up with each of its calls, given by start and length."""
    up = np.zeros_like(time)
    aside = np.zeros_like(time)
    for start_s, length_s in calls_s:
        held = swell(time, start_s - _EARLY_S, start_s + length_s, _JERK_S, _HUSH_S)
        up = np.maximum(up, held)
        aside = aside + float(chance.uniform(-1, 1)) * held
    return {"nod": -0.12 * up, "rise": 0.045 * up, "tilt": 0.03 * aside, "breath": -0.8 * up}


def hover(time: Curve, chance: Generator) -> Motion:
    """Let what flies on the spot bob up and down and to the sides."""
    curves = []
    for hertz in _HOVERING_HZ:
        curves.append(np.sin(2 * math.pi * hertz * time + float(chance.uniform(0, 2 * math.pi))))
    slow, quick = curves
    return {
        "rise": _HOVERING * (0.8 * slow + 0.3 * quick),
        "aside": 0.4 * _HOVERING * quick,
        "tilt": 0.05 * slow,
    }


def talk(time: Curve, speaking: Curve, stressed_s: Sequence[float], chance: Generator) -> Motion:
    """Let the head of somebody who speaks go with the words: livelier, and with a small nod on stresses."""
    loose = {name: speaking * curve for name, curve in _wandering(time, _TALKING, chance).items()}
    nod, brows = loose["nod"], np.zeros_like(time)
    for moment_s in stressed_s:
        # The head is lowest, and the brows highest, on the stressed vowel.
        nod = nod + chance.uniform(0.02, 0.045) * pulse(time, moment_s + 0.05, 0.26)
        if chance.random() < 0.45:
            brows = brows + chance.uniform(0.2, 0.5) * pulse(time, moment_s, 0.32)
    return {**loose, "nod": nod, "brows": brows}


def blink_moments(
    until_s: float, phrase_ends_s: Sequence[float], taken_s: Sequence[float], chance: Generator
) -> tuple[float, ...]:
    """Choose when somebody blinks, in seconds: every few seconds, often after a phrase, never with others.

    `taken_s` holds the blinks of the people beside.
    """
    wanted = [end_s + _AFTER_PHRASE_S for end_s in phrase_ends_s if chance.random() < _AFTER_PHRASE_SHARE]
    moment_s = float(chance.uniform(*_FIRST_BLINK_S))
    while moment_s < until_s:
        wanted.append(moment_s)
        moment_s += float(chance.uniform(*_BLINK_GAP_S))
    kept: list[float] = []
    for moment_s in sorted(wanted):
        while any(abs(moment_s - other) < _UNISON_S for other in taken_s):
            moment_s += _APART_S
        if not kept or moment_s - kept[-1] >= _LEAST_BLINK_GAP_S:
            kept.append(moment_s)
    return tuple(kept)


def blinks(time: Curve, moments_s: Sequence[float], acted_s: Curve, chance: Generator) -> Motion:
    """Close both lids at each moment for five to eight frames, in one of them wholly.

    None comes near to `acted_s`, the moments at which the lids do something else.
    """
    lids = np.zeros_like(time)
    for moment_s in moments_s:
        middle_s = time[0] + round((moment_s - time[0]) * FRAME_RATE) / FRAME_RATE
        since = time - middle_s
        opening_s = float(chance.uniform(*_OPENING_S))
        if (np.abs(acted_s - moment_s) < _UNDISTURBED_S).any():
            continue
        lid = np.where(since < 0, ease(1 + since / _CLOSING_S), 1 - ease((since - _SHUT_S) / opening_s))
        lids = np.maximum(lids, lid)
    return {"blink_left": lids, "blink_right": lids}


def glances(time: Curve, chance: Generator) -> Motion:
    """Let the eyes rest and jump a little, as eyes that look at something do."""
    x, y = np.zeros_like(time), np.zeros_like(time)
    place = np.zeros(2)
    moment_s = float(chance.uniform(0.4, 1.2))
    while moment_s < time[-1]:
        back = chance.random() < 0.4
        target = np.zeros(2) if back else chance.normal(0, _GLANCE)
        jump = ease((time - moment_s) / _GLANCE_S)
        x, y = x + (target[0] - place[0]) * jump, y + (target[1] - place[1]) * jump
        place = target
        moment_s += float(chance.uniform(*_GLANCE_GAP_S))
    return {"gaze_x": x, "gaze_y": y}


def _wandering(
    time: Curve, parts: Sequence[tuple[Channel, float, tuple[float, ...]]], chance: Generator
) -> dict[Channel, Curve]:
    """Sum sines of unrelated frequencies, the slower the larger."""
    curves: dict[Channel, Curve] = {}
    for name, amplitude, frequencies in parts:
        weights = np.array([1 / frequency for frequency in frequencies])
        phases = chance.uniform(0, 2 * math.pi, len(frequencies))
        waves = np.sin(2 * math.pi * np.outer(time, frequencies) + phases)
        curves[name] = amplitude * (waves @ (weights / weights.sum()))
    return curves
