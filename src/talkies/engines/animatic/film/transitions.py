"""Transitions: how one shot gives way to the next. `progress` goes from 0 (the old shot) to 1 (the new)."""

from __future__ import annotations

import cv2
import numpy as np

from talkies.media import Frame
from talkies.plan import Transition

_WIPE_SOFTNESS = 0.08  # of the width: the blurred edge of a wipe


def mix(old: Frame, new: Frame, transition: Transition, progress: float) -> Frame:
    """Mix the frames of two shots.

    A dissolve blends, a fade goes through black in the middle, a wipe uncovers the new shot from the left;
    a cut shows the new shot alone.
    """
    if transition == "dissolve":
        return _blend(old, new, _eased(progress))
    if transition == "fade":
        light = abs(2 * progress - 1)
        return _dimmed(old if progress < 0.5 else new, _eased(light))
    if transition == "wipe":
        return _wiped(old, new, _eased(progress))
    return new


def _blend(old: Frame, new: Frame, weight: float) -> Frame:
    return np.asarray(cv2.addWeighted(new, weight, old, 1 - weight, 0), np.uint8)


def _dimmed(frame: Frame, light: float) -> Frame:
    return np.asarray(cv2.convertScaleAbs(frame, alpha=light), np.uint8)


def _wiped(old: Frame, new: Frame, progress: float) -> Frame:
    across = np.linspace(0, 1, old.shape[1], dtype=np.float32)
    edge = progress * (1 + _WIPE_SOFTNESS)
    share = np.clip((edge - across) / _WIPE_SOFTNESS, 0, 1)
    weight = np.ascontiguousarray(np.broadcast_to(share, old.shape[:2]), np.float32)
    return np.asarray(cv2.blendLinear(new, old, weight, 1 - weight), np.uint8)


def _eased(progress: float) -> float:
    part = min(max(progress, 0.0), 1.0)
    return part * part * (3 - 2 * part)
