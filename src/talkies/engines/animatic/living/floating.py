"""What floats and glows in the air: dust in a beam of light, and embers above a fire."""

from __future__ import annotations

import cv2
import numpy as np

from talkies.engines.animatic.living.blending import Tone, add_glow, mix_in
from talkies.engines.animatic.living.lamps import find_flames
from talkies.engines.animatic.living.particles import draw_dots
from talkies.engines.animatic.living.sight import HALF, SHUTTER_S, Field, Sight, Stage
from talkies.media import Frame, rng

_USUAL_UNIT = 960.0  # frame pixels in a unit at 720p

_MOTES = 700
_MOTE_DEPTHS = (0.3, 1.6)  # distances, the subject's is 1
_MOTE_RADIUS = 1.9  # frame pixels at 720p at the subject
_MOTE_ALPHA = 1.0
_MOTE_DRIFT = 0.014  # units a second
_MOTE_SWING = 0.03  # units
_SUNLIT = (255.0, 246.0, 226.0)  # sRGB
_SWINGING_HZ = (0.05, 0.22)

_EMBERS = 150
_EMBER_LIFE_S = (1.2, 2.8)
_EMBER_RISE = 0.34  # picture widths a second
_EMBER_SWING = 0.03  # picture widths
_EMBER_RADIUS = 1.5  # frame pixels at 720p
_HOT, _COOL = (255.0, 196.0, 96.0), (228.0, 70.0, 16.0)  # sRGB of a young and of an old ember


class Dust:
    """Motes that float almost still and light up where the picture is bright."""

    def __init__(self, stage: Stage, seed: int) -> None:
        chance = rng(seed, "dust")
        self._start = np.asarray(chance.uniform(-0.5, 0.5, (_MOTES, 2)) * stage.period, np.float32)
        self._near = np.asarray(1 / chance.uniform(*_MOTE_DEPTHS, _MOTES), np.float32)
        self._drift = np.float32(_MOTE_DRIFT) * chance.normal(0, 1, (_MOTES, 2)).astype(np.float32)
        self._turning = 2 * np.pi * chance.uniform(*_SWINGING_HZ, (_MOTES, 2)).astype(np.float32)
        self._phase = chance.uniform(0, 2 * np.pi, (_MOTES, 2)).astype(np.float32)
        self._glint = 2 * np.pi * chance.uniform(0.15, 0.6, _MOTES).astype(np.float32)
        size = chance.uniform(0.6, 1.3, _MOTES) * _MOTE_RADIUS * stage.unit / _USUAL_UNIT / HALF
        blur = 1 + 2.2 * np.maximum(self._near - 1.2, 0)  # out of focus
        self._radius = np.asarray(np.maximum(size * self._near, 0.45) * blur, np.float32)
        self._alpha = np.asarray(_MOTE_ALPHA / blur**1.1 * chance.uniform(0.35, 1, _MOTES), np.float32)
        self._air = stage.filled(0.35 * stage.light + 0.65 * np.array(_SUNLIT))
        self._lit = _brightness(stage)

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Let dust float in a frame, in place."""
        heads, scale = sight.place(self._points(sight.time_s), self._near)
        rows, columns = self._lit.shape
        inside = np.clip(np.round(heads), 0, np.array([columns - 1, rows - 1])).astype(np.intp)
        glint = 0.6 + 0.4 * np.sin(self._glint * sight.time_s + self._phase[:, 0])
        alpha = self._alpha * glint * self._lit[inside[:, 1], inside[:, 0]]
        alpha *= 0.15 + 0.85 * sight.clearance(heads)
        canvas = np.zeros((rows, columns), np.float32)
        draw_dots(canvas, heads, heads, self._radius * scale, alpha, softness=0.8)
        mix_in(frame, self._air, np.minimum(canvas, 0.9) * np.float32(sight.presence))

    def _points(self, time_s: float) -> Field:
        swing = np.float32(_MOTE_SWING) * np.sin(self._turning * time_s + self._phase)
        return np.asarray(self._start + self._drift * time_s + swing, np.float32)


class Embers:
    """Sparks that rise from the flames of a picture, or from below it, and cool on their way."""

    def __init__(self, stage: Stage, seed: int) -> None:
        chance = rng(seed, "embers")
        self._start = _ember_places(stage, chance)
        self._life = chance.uniform(*_EMBER_LIFE_S, _EMBERS).astype(np.float32)
        self._phase = chance.uniform(0, 1, _EMBERS).astype(np.float32)
        self._rise = np.float32(_EMBER_RISE) * chance.uniform(0.5, 1.2, _EMBERS).astype(np.float32)
        self._turning = 2 * np.pi * chance.uniform(0.4, 1.4, _EMBERS).astype(np.float32)
        self._swing = np.float32(_EMBER_SWING) * chance.uniform(0.3, 1, _EMBERS).astype(np.float32)
        size = chance.uniform(0.6, 1.5, _EMBERS) * _EMBER_RADIUS * stage.unit / _USUAL_UNIT / HALF
        self._radius = np.asarray(size, np.float32)

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Let embers rise in a frame, in place; they add their own light."""
        near = np.ones(_EMBERS, np.float32)
        points, age, turn = self._points(sight.time_s)
        earlier, _, turn_earlier = self._points(sight.time_s - SHUTTER_S)
        heads = sight.show(points, near)
        tails = np.where((turn == turn_earlier)[:, None], sight.show(earlier, near), heads)
        flicker = 0.75 + 0.25 * np.sin(9 * self._turning * sight.time_s)
        fade = np.minimum(np.minimum(8 * age, 1), 2.2 * (1 - age))
        alpha = np.asarray(fade * flicker * (0.1 + 0.9 * sight.clearance(heads)), np.float32)
        radii = self._radius * np.float32(sight.pose.enlargement)
        width, height = sight.stage.canvas_size
        canvas = np.zeros((height, width), np.float32)
        draw_dots(canvas, heads, tails, radii, 2.0 * alpha, softness=1.0)
        halo = cv2.GaussianBlur(canvas, (0, 0), 3.5 * sight.stage.unit / _USUAL_UNIT)
        add_glow(frame, _palette(), np.float32(0.5 * sight.presence) * (0.8 * canvas + 1.6 * halo))

    def _points(self, time_s: float) -> tuple[Field, Field, Field]:
        """Give places in picture widths, ages 0..1, and how often each has been reborn."""
        turns = time_s / self._life + self._phase
        reborn = np.floor(turns)
        age = turns - reborn
        start = self._start[(np.arange(_EMBERS) + 31 * reborn.astype(np.intp)) % len(self._start)]
        swing = self._swing * np.sqrt(age) * np.sin(self._turning * time_s + 6.28 * self._phase)
        rise = self._rise * age * self._life
        points = start + np.stack([swing + 0.15 * rise, -rise], axis=1)
        return np.asarray(points, np.float32), np.asarray(age, np.float32), np.asarray(reborn, np.float32)


def _palette() -> Tone:
    """What light an ember of each brightness gives: red when it is faint, yellow in the brightest middle."""
    level = np.linspace(0, 1, 256)[:, None]
    colour = np.minimum(2 * level, 1) * np.array(_COOL) + np.clip(2 * level - 1, 0, 1) * np.array(_HOT)
    return np.asarray(np.rint(np.minimum(colour, 255)), np.uint8).reshape(256, 1, 3)


def _ember_places(stage: Stage, chance: np.random.Generator) -> Field:
    """Choose where embers are born, in picture widths: in flames, else along the picture's bottom."""
    scene = stage.scene
    flames = find_flames(scene.prepared)
    half_height = 0.5 * scene.height / scene.width
    if flames is None:
        x = chance.uniform(-0.55, 0.55, 4 * _EMBERS)
        y = chance.uniform(0.75 * half_height, 1.1 * half_height, 4 * _EMBERS)
        return np.stack([x, y], axis=1).astype(np.float32)
    rows, columns = flames.shape
    shares = flames.ravel().astype(np.float64)
    chosen = chance.choice(flames.size, 4 * _EMBERS, p=shares / shares.sum())
    x = (chosen % columns + chance.uniform(0, 1, len(chosen))) / columns - 0.5
    y = ((chosen // columns + chance.uniform(0, 1, len(chosen))) / rows - 0.5) * 2 * half_height
    return np.stack([x, y], axis=1).astype(np.float32)


def _brightness(stage: Stage) -> Field:
    """Tell how much light falls on the air before each part of the picture, a canvas 0.5..1."""
    small = cv2.resize(stage.scene.prepared, (48, 48), interpolation=cv2.INTER_AREA)
    luma = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 2.5)
    share = np.clip(luma / max(float(np.quantile(luma, 0.75)), 1.0), 0.5, 1)
    return np.asarray(cv2.resize(share, stage.canvas_size, interpolation=cv2.INTER_LINEAR), np.float32)
