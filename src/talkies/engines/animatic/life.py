"""Life in a still subject: breathing and the small sway of a head, whatever the camera does.

The motion is a few fixed displacement fields over the picture, each with a slow wave. It is nothing in the
first frame and, where the shot closes on the caller's last frame, nothing there again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.faces import Face
from talkies.engines.animatic.scene import Scene
from talkies.media import rng
from talkies.spec import FRAME_RATE

_LONG_SIDE = 96  # samples of a field along the picture's longer side
_BREATHING_HZ = 0.25
_BREATH = 0.0021  # picture widths: the rise of the shoulders, 2.7 pixels at 1280
_SWAY_HZ = (0.13, 0.21)
_SWAY = 0.0022  # of the head, sideways
_NOD = 0.0013
_CLOSING_FRAMES = FRAME_RATE


@dataclass(frozen=True)
class Life:
    """A subject's own motion.

    Each field is `(rows, columns, 2)` float32 stretched over the picture, in picture widths, and has a
    frequency in Hz and a phase; `settles_at` is the frame in which all motion has ended, if any.
    """

    fields: tuple[NDArray[np.float32], ...]
    waves: tuple[tuple[float, float], ...]
    settles_at: int | None

    def displacement(self, frame: int) -> NDArray[np.float32]:
        """Give where the subject's points have moved to in a frame, relative to the photo."""
        time = frame / FRAME_RATE
        calm = 1.0
        if self.settles_at is not None:
            left = min(max((self.settles_at - frame) / _CLOSING_FRAMES, 0.0), 1.0)
            calm = left * left * (3 - 2 * left)
        total = np.zeros_like(self.fields[0])
        for shape, (frequency, phase) in zip(self.fields, self.waves, strict=True):
            wave = math.sin(2 * math.pi * frequency * time + phase) - math.sin(phase)
            total += np.float32(calm * wave) * shape
        return total


def give_life(scene: Scene, seed: int, settles_at: int | None) -> Life | None:
    """Let the people of a scene breathe; None where there are none."""
    if scene.matte is None or not scene.faces:
        return None
    scale = _LONG_SIDE / max(scene.width, scene.height)
    rows, columns = max(4, round(scene.height * scale)), max(4, round(scene.width * scale))
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    place = np.stack([(x + 0.5) / columns * scene.width, (y + 0.5) / rows * scene.height], axis=-1)
    fields: list[NDArray[np.float32]] = []
    waves: list[tuple[float, float]] = []
    for index, face in enumerate(scene.faces):
        chance = rng(seed, "life", index)
        share = _nearest_share(place, scene.faces, index)[..., None]
        slow, slower = _SWAY_HZ[1], _SWAY_HZ[0]
        fields += [share * _breath(place, face), share * _sway(place, face), share * _nod(place, face)]
        waves += [
            (_BREATHING_HZ, float(chance.uniform(-0.3, 0.3))),
            (slower, float(chance.choice([0.0, math.pi]) + chance.uniform(-0.5, 0.5))),
            (slow, float(chance.choice([0.0, math.pi]) + chance.uniform(-0.5, 0.5))),
        ]
    return Life(tuple(fields), tuple(waves), settles_at)


def _nearest_share(place: NDArray[np.float32], faces: tuple[Face, ...], index: int) -> NDArray[np.float32]:
    """Share the picture among several people by the distance to their faces; the shares sum to 1."""
    distances = [
        np.hypot(place[..., 0] - face.centre[0], 0.4 * (place[..., 1] - face.centre[1])) / face.size
        for face in faces
    ]
    weights = [np.exp(-((distance / 1.5) ** 2)) + 1e-6 for distance in distances]
    return np.asarray(weights[index] / sum(weights), np.float32)


def _breath(place: NDArray[np.float32], face: Face) -> NDArray[np.float32]:
    """Shoulders rise and chest widens; the head is carried along a little."""
    x = (place[..., 0] - face.centre[0]) / face.size
    y = (place[..., 1] - face.centre[1]) / face.size
    chest = np.exp(-(((y - 1.9) / 1.0) ** 2))
    rise = -(0.35 * (1 - _step(y, 0.5, 1.3)) + 0.9 * chest)
    widening = 0.45 * np.tanh(x) * np.exp(-(((y - 2.2) / 1.1) ** 2))
    return np.stack([widening, rise], axis=-1).astype(np.float32) * _BREATH


def _sway(place: NDArray[np.float32], face: Face) -> NDArray[np.float32]:
    """The head turns about the neck, which stands still."""
    y = (place[..., 1] - face.centre[1]) / face.size
    x = (place[..., 0] - face.centre[0]) / face.size
    above = 1 - _step(y, 0.2, 1.5)
    lean = above * np.clip((1.5 - y) / 1.5, 0, 2)
    return np.stack([lean, 0.5 * above * x], axis=-1).astype(np.float32) * _SWAY


def _nod(place: NDArray[np.float32], face: Face) -> NDArray[np.float32]:
    """The face dips and lifts; its outline hardly moves."""
    x = (place[..., 0] - face.centre[0]) / face.size
    y = (place[..., 1] - face.centre[1]) / face.size
    near = np.exp(-((x / 0.7) ** 2) - (y / 0.8) ** 2)
    return np.stack([np.zeros_like(near), near], axis=-1).astype(np.float32) * _NOD


def _step(values: NDArray[np.float32], start: float, end: float) -> NDArray[np.float32]:
    part = np.clip((values - start) / (end - start), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)
