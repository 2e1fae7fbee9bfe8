"""Curves over time with which a face moves: nothing starts or stops at once.

All take `time`, seconds as a float64 array, and give a curve of its shape.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

_AT_ONCE = 0.3  # share of what emerges that grows evenly


def ease(share: Curve) -> Curve:
    """Go from 0 to 1 as a limb does, without a jerk at either end; before 0 and after 1 it rests.

    Source: Flash, Hogan, "The coordination of arm movements: a mathematical model" (1985), minimum jerk.

    >>> [float(value) for value in ease(np.array([-1.0, 0.5, 2.0]))]
    [0.0, 0.5, 1.0]
    """
    x = np.clip(share, 0.0, 1.0)
    return np.asarray(x * x * x * (10 + x * (6 * x - 15)))


def emerge(share: Curve) -> Curve:
    """Go from 0 to 1 softly, but with some speed at once: out of a still photo no two frames are alike."""
    return np.asarray(_AT_ONCE * np.clip(share, 0.0, 1.0) + (1 - _AT_ONCE) * ease(share))


def swell(time: Curve, start_s: float, end_s: float, attack_s: float, release_s: float) -> Curve:
    """Rise over `attack_s` from `start_s` on, stay at 1, and fall over `release_s` from `end_s` on."""
    return ease((time - start_s) / attack_s) * (1 - ease((time - end_s) / release_s))


def pulse(time: Curve, middle_s: float, reach_s: float) -> Curve:
    """Rise to 1 at a moment and fall again, within `reach_s` on either side."""
    return ease(1 - np.abs(time - middle_s) / reach_s)


def swing(time: Curve, start_s: float, rate_hz: float, count: float) -> Curve:
    """Swing to and fro about 0 from a moment on, `count` times, and die away; the first swing is positive."""
    length_s = count / rate_hz
    since = time - start_s
    fading = np.clip(1 - since / length_s, 0.0, 1.0) ** 0.7
    return np.where(since > 0, fading * np.sin(2 * math.pi * rate_hz * since), 0.0)
