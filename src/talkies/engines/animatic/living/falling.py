"""What falls through the air: rain with its splashes, and snow.

Drops and flakes are spread evenly through the room before and behind the subject, so that the few near ones
are large, fast and out of focus and the many far ones fine. Where each is in a frame follows from the time
alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from talkies.engines.animatic.living.blending import mix_in
from talkies.engines.animatic.living.particles import draw_dots, draw_streaks
from talkies.engines.animatic.living.sight import HALF, SHUTTER_S, Field, Sight, Stage
from talkies.engines.animatic.vision.depth import find_horizon
from talkies.media import Frame, rng

_GOLDEN = np.float32(0.6180340)  # of the room: what falls out below comes in above at another place
_USUAL_UNIT = 960.0  # frame pixels in a unit at 720p, for which sizes in pixels are meant

_DROPS = 1700
_DROP_SPEED = 3.6  # units a second at the subject: about 7 m/s before a person seen to the waist
_DROP_DEPTHS = (0.4, 3.6)  # distances, the subject's is 1
_DROP_ALPHA = 0.62
_RAIN_VEIL = 0.38  # of the far background
_WETNESS = 0.13  # how much darker wet things are
_SPLASHES = 340
_SPLASH_S = 0.14
_SPLASH_RADIUS = 0.017  # units, of the ring when it vanishes, at the subject's distance
_RING_POINTS = 10
_FLATNESS = 0.33  # a ring on the ground as the camera sees it

_FLAKES = 1300
_FLAKE_SPEED = 0.32  # units a second at the subject: about 0.6 m/s
_FLAKE_DEPTHS = (0.36, 3.6)
_FLAKE_RADIUS = 4.5  # frame pixels at 720p at the subject
_FLAKE_ALPHA = 0.88
_WHITENESS = 0.76  # of a flake's light, that is its own and not that about it
_SNOWLIGHT = (246.0, 249.0, 255.0)  # sRGB
_SNOW_VEIL = 0.3
_TUMBLING_HZ = (0.25, 0.9)
_TUMBLING = 0.035  # units
_BEHIND = 0.95  # inverse depth up to which things pass behind the subject
_SHARP_TO = 1.5  # inverse depth from which things are out of focus


@dataclass(frozen=True)
class Wind:
    """A wind that blows aside, in units a second at the subject, and swells by the share `gusts`."""

    speed: float
    gusts: float
    phase: float

    def at(self, time_s: float) -> float:
        """Its speed at a time."""
        return self.speed * (1 + self.gusts * sum(a * math.sin(w * time_s + p) for a, w, p in self._waves()))

    def travelled(self, time_s: float) -> float:
        """How far it has carried things since the clip's start: the integral of its speed."""
        swell = sum(a / w * (math.cos(p) - math.cos(w * time_s + p)) for a, w, p in self._waves())
        return self.speed * (time_s + self.gusts * swell)

    def _waves(self) -> tuple[tuple[float, float, float], ...]:
        """Amplitude, angular frequency and phase of its swells."""
        slow, quick = 2 * math.pi * 0.21, 2 * math.pi * 0.53
        return (0.65, slow, self.phase), (0.35, quick, 2.3 * self.phase)


class Rain:
    """Streaks as long as the shutter is open, a thin veil before far things, splashes on open ground.

    `light` is what is left of the picture's own that they mirror.
    """

    def __init__(self, stage: Stage, wind: Wind, strength: float, seed: int, light: float = 1.0) -> None:
        chance = rng(seed, "rain")
        count = round(_DROPS * strength)
        self._wind = wind
        self._start = _scatter(chance, stage, count)
        self._near = _depths(chance, count, _DROP_DEPTHS)
        self._speed = np.float32(_DROP_SPEED) * chance.uniform(0.9, 1.1, count).astype(np.float32)
        thickness = self._near * np.float32(stage.unit / _USUAL_UNIT)
        self._alpha = np.float32(_DROP_ALPHA) * np.clip(thickness, 0.45, 1) * chance.uniform(0.5, 1, count)
        self._air = np.asarray(cv2.convertScaleAbs(stage.lit_air(0.25), alpha=light), np.uint8)
        self._splashes = _find_splashes(stage, strength, seed)
        self._strength = min(strength, 1.2)

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Rain into a frame, in place."""
        darker = 1 - _WETNESS * self._strength * sight.presence
        cv2.convertScaleAbs(frame, dst=frame, alpha=darker)
        time_s, near = sight.time_s, self._near
        points = _fallen(self._start, self._speed * near * time_s, sight.stage)
        points[:, 0] += near * self._wind.travelled(time_s)
        heads, scale = sight.place(points, near)
        way = np.stack([np.full_like(near, self._wind.at(time_s)), self._speed], axis=1)
        pixels = np.float32(SHUTTER_S * sight.stage.unit / HALF)
        tails = heads - way * (near * scale * pixels)[:, None]
        alpha = self._alpha * (0.25 + 0.75 * sight.clearance((heads + tails) / 2))

        far, close = near < _BEHIND, near >= _SHARP_TO
        middle = ~far & ~close
        canvas = _new_canvas(sight.stage)
        draw_streaks(canvas, heads[far], tails[far], alpha[far])
        canvas += np.float32(_RAIN_VEIL * self._strength) * _farness(sight)
        if sight.subject is not None:
            canvas *= 1 - sight.subject
        lines = [(heads[middle], tails[middle], alpha[middle])]
        if self._splashes is not None:
            lines.append(self._splashes.lines(sight))
        draw_streaks(canvas, *(np.concatenate(parts) for parts in zip(*lines, strict=True)))
        canvas += _blurred_streaks(sight.stage, heads[close], tails[close], alpha[close])
        mix_in(frame, self._air, np.minimum(canvas, 0.75) * np.float32(sight.presence))


class Snow:
    """Flakes that tumble down, sharp near the subject and soft discs close to the lens."""

    def __init__(self, stage: Stage, wind: Wind, strength: float, seed: int) -> None:
        chance = rng(seed, "snow")
        count = round(_FLAKES * strength)
        self._wind = wind
        self._start = _scatter(chance, stage, count)
        self._near = _depths(chance, count, _FLAKE_DEPTHS)
        self._speed = np.float32(_FLAKE_SPEED) * chance.uniform(0.7, 1.3, count).astype(np.float32)
        self._turning = 2 * np.pi * chance.uniform(*_TUMBLING_HZ, (count, 2)).astype(np.float32)
        self._phase = chance.uniform(0, 2 * np.pi, (count, 2)).astype(np.float32)
        self._swing = np.float32(_TUMBLING) * chance.uniform(0.2, 1, (count, 1)).astype(np.float32)
        size = chance.uniform(0.6, 1.4, count) * _FLAKE_RADIUS * stage.unit / _USUAL_UNIT / HALF
        blur = 1 + 0.8 * np.maximum(self._near - _SHARP_TO, 0)  # out of focus
        self._radius = np.asarray(size * self._near * blur, np.float32)
        self._alpha = np.asarray(_FLAKE_ALPHA * np.minimum(size * self._near / 0.7, 1) / blur, np.float32)
        lit = stage.lit_air(0.15).astype(np.float32)
        self._air = np.rint(lit + np.float32(_WHITENESS) * (np.array(_SNOWLIGHT, np.float32) - lit)).astype(
            np.uint8
        )
        self._strength = min(strength, 1.2)

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Snow into a frame, in place."""
        near = self._near
        heads, scale = sight.place(self._points(sight.time_s, sight.stage), near)
        tails, _ = sight.place(self._points(sight.time_s - SHUTTER_S, sight.stage), near)
        jumped = np.abs(heads - tails).max(axis=1) > sight.stage.canvas_size[1] / 2
        tails[jumped] = heads[jumped]  # came back on the other side while the shutter was open
        radii = self._radius * scale
        alpha = self._alpha * (0.2 + 0.8 * sight.clearance(heads))

        canvas = _new_canvas(sight.stage)
        far = near < _BEHIND
        draw_dots(canvas, heads[far], tails[far], radii[far], alpha[far], softness=1.0)
        canvas += np.float32(_SNOW_VEIL * self._strength) * _farness(sight)
        if sight.subject is not None:
            canvas *= 1 - sight.subject
        draw_dots(canvas, heads[~far], tails[~far], radii[~far], alpha[~far], softness=1.1)
        mix_in(frame, self._air, np.minimum(canvas, 0.9) * np.float32(sight.presence))

    def _points(self, time_s: float, stage: Stage) -> Field:
        points = _fallen(self._start, self._speed * self._near * time_s, stage)
        points[:, 0] += self._near * self._wind.travelled(time_s)
        points += self._near[:, None] * self._swing * np.sin(self._turning * time_s + self._phase)
        return points


class _Splashes:
    """Rings on the ground that open and vanish, each time at another of the places found for them."""

    def __init__(self, points: Field, near: Field, strength: float, chance: np.random.Generator) -> None:
        self._points, self._near = points, near
        count = round(_SPLASHES * strength)
        self._period = chance.uniform(0.3, 0.7, count)
        self._phase = chance.uniform(0, 1, count)
        angles = np.linspace(0, 2 * np.pi, _RING_POINTS, endpoint=False)
        self._ring = np.stack([np.cos(angles), _FLATNESS * np.sin(angles)], axis=-1).astype(np.float32)

    def lines(self, sight: Sight) -> tuple[Field, Field, Field]:
        """Give the splashes that are open in a frame as lines: heads, tails and weights."""
        turns = sight.time_s / self._period + self._phase
        age = (turns % 1) * self._period / _SPLASH_S
        live = np.flatnonzero(age < 1)
        site = (live * 37 + turns[live].astype(np.intp) * 101) % len(self._points)
        near, young = self._near[site], age[live].astype(np.float32)
        middle = sight.show(self._points[site], near)
        size = np.float32(_SPLASH_RADIUS * sight.stage.unit / HALF) * near * sight.pose.enlargement
        ring = middle[:, None, :] + self._ring * (size * (0.25 + 0.75 * young))[:, None, None]
        alpha = 0.3 * (1 - young) * np.minimum(size / 3, 1)
        ends = np.roll(ring, 1, axis=1)
        jet = middle - np.stack([np.zeros_like(size), 0.6 * size * np.sqrt(young)], axis=1)
        return (
            np.concatenate([ring.reshape(-1, 2), middle]),
            np.concatenate([ends.reshape(-1, 2), jet]),
            np.concatenate([np.repeat(alpha, _RING_POINTS), 1.5 * alpha * (1 - young)]),
        )


def _find_splashes(stage: Stage, strength: float, seed: int) -> _Splashes | None:
    """Look for open ground below a horizon; a picture of a subject before a wall has none that is sure."""
    scene = stage.scene
    level, certainty = find_horizon(scene.prepared)
    if scene.matte is not None or certainty < 0.3:
        return None
    chance = rng(seed, "splashes")
    down = level + (1 - level) * chance.uniform(0.5, 1, 600)
    shares = np.stack([chance.uniform(0, 1, 600), down], axis=1)
    size = np.array([scene.width, scene.height])
    points = ((shares - 0.5) * size / scene.width).astype(np.float32)
    near = stage.lens.look_up(scene.depth.background, points[None])[0]
    return _Splashes(points, near, strength, chance)


def _scatter(chance: np.random.Generator, stage: Stage, count: int) -> Field:
    return np.asarray((chance.uniform(-0.5, 0.5, (count, 2)) * stage.period), np.float32)


def _depths(chance: np.random.Generator, count: int, distances: tuple[float, float]) -> Field:
    """Draw inverse depths: more and more things with the distance, as the camera's angle opens.

    An evenly filled room would have them grow with its square; the finest are left to the veil.
    """
    nearest, farthest = distances
    squares = chance.uniform(nearest**2, farthest**2, count)
    return np.asarray(squares ** (-1 / 2), np.float32)


def _fallen(start: Field, travelled: Field, stage: Stage) -> Field:
    """Move points down; each comes back at the top at another place."""
    width, height = stage.period
    down = start[:, 1] + travelled
    falls = np.floor(down / height + 0.5)
    return np.stack([start[:, 0] + falls * (_GOLDEN * width), down - falls * height], axis=1)


def _farness(sight: Sight) -> Field:
    """How much air lies before the background, a canvas 0..1."""
    return sight.canvas(np.clip(1 - sight.look_at(sight.stage.scene.depth.background), 0, 1))


def _new_canvas(stage: Stage) -> Field:
    width, height = stage.canvas_size
    return np.zeros((height, width), np.float32)


def _blurred_streaks(stage: Stage, heads: Field, tails: Field, alpha: Field) -> Field:
    """Draw the streaks that are out of focus, on a smaller canvas."""
    width, height = stage.canvas_size
    small = np.zeros((-(-height // 2), -(-width // 2)), np.float32)
    half = np.float32(0.5)
    draw_streaks(small, heads * half, tails * half, alpha * np.float32(1.6))
    blurred = cv2.GaussianBlur(small, (0, 0), 0.9 * stage.unit / _USUAL_UNIT)
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
