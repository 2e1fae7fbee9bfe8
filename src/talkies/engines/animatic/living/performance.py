"""A performance: everything that one face and head does in a shot, as curves over its frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from talkies.engines.animatic.living.easing import Curve
from talkies.engines.animatic.living.expression import Expression, HeadPose, MouthShape

_MouthChannel = Literal["opening", "width", "press", "tuck", "tongue"]
_FaceChannel = Literal[
    "smile",
    "blink_left",
    "blink_right",
    "gaze_x",
    "gaze_y",
    "brows",
    "brow_left",
    "brow_right",
    "knit",
    "squint",
    "widen",
]
_PoseChannel = Literal["turn", "nod", "tilt", "rise", "aside", "breath"]
Channel = Literal[_MouthChannel, "speaking", _FaceChannel, _PoseChannel]
"""The fields of `MouthShape`, `Expression` and `HeadPose`."""

Motion = Mapping[Channel, Curve]
"""What one cause asks for: curves over the frames; a channel that is not there asks for nothing."""

MOUTH: tuple[Channel, ...] = get_args(_MouthChannel)
FACE: tuple[Channel, ...] = get_args(_FaceChannel)
POSE: tuple[Channel, ...] = get_args(_PoseChannel)

_SIGNED = frozenset({"width", "smile", "gaze_x", "gaze_y", "brows"})
POSE_LIMITS: Mapping[Channel, float] = {
    "turn": 0.22,
    "nod": 0.2,
    "tilt": 0.17,
    "rise": 0.12,
    "aside": 0.12,
    "breath": 1.0,
}
"""As far as a head moves here, in the units of `HeadPose`; no pose goes beyond."""


@dataclass(frozen=True)
class Performance:
    """Curves of one length, a value per frame; beyond the last frame its values stay."""

    curves: Mapping[Channel, Curve]

    def expression(self, frame: int) -> Expression:
        """Give the face in a frame of the shot."""
        mouth = MouthShape(**{name: self._value(name, frame) for name in MOUTH})
        return Expression(
            mouth=mouth,
            speaking=self._value("speaking", frame),
            **{name: self._value(name, frame) for name in FACE},
        )

    def head(self, frame: int) -> HeadPose:
        """Give the head in a frame of the shot."""
        return HeadPose(**{name: self._value(name, frame) for name in POSE})

    def _value(self, name: Channel, frame: int) -> float:
        curve = self.curves[name]
        return float(curve[min(frame, curve.size - 1)])


def combine(speech: Motion, others: Iterable[Motion], calm: Curve) -> Performance:
    """Add up what all causes ask for, within what a face and a neck can do.

    Speech has the mouth; what else shapes it (a laugh, a gasp) has what speech leaves. `calm` is 0 where the
    photo itself must be seen and 1 where everything may move.
    """
    causes = list(others)
    curves: dict[Channel, Curve] = {
        name: calm * _limited(name, sum((cause[name] for cause in causes if name in cause), 0 * calm))
        for name in (*FACE, *POSE)
    }
    left = 1 - speech["speaking"]
    shares = [(speech, speech["speaking"])]
    shares += [(cause, left * cause["speaking"]) for cause in causes if "speaking" in cause]
    total = sum((share for _, share in shares), 0 * calm)
    for name in MOUTH:
        asked = sum((share * cause[name] for cause, share in shares if name in cause), 0 * calm)
        curves[name] = _limited(name, asked / np.maximum(total, 1e-9))
    curves["speaking"] = calm * np.clip(total, 0, 1)
    return Performance(curves)


def _limited(name: Channel, curve: Curve) -> Curve:
    if name in POSE_LIMITS:
        limit = POSE_LIMITS[name]
        return np.asarray(
            limit * np.tanh(curve / limit)
        )  # bends where two gestures meet, and never stops short
    return np.clip(curve, -1.0 if name in _SIGNED else 0.0, 1.0)
