"""Travelling waves over regions of a photo: ripples and swell on water, wind in leaves, flames that lick.

A wave whose height and phase vary over the picture is the sum of two fixed fields, weighted by the cosine and
the sine of time; so any number of waves costs one weighted sum a frame.

Source of the speed of water waves: Tessendorf, "Simulating Ocean Water", 2001.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.look import Field, Region
from talkies.media import rng

Times = NDArray[np.float64]
"""Seconds from the shot's start, one a frame."""

LONG_SIDE = 160  # samples of a field along the picture's longer side: eight pixels at 1280
LEAST_WAVE = 4.0 / LONG_SIDE  # picture widths between crests; a field cannot show shorter ones

_WATER_WAVES = 7
_WAVELENGTHS = (0.55, 1.9)  # of the usual one
_SPREAD = 0.6  # radians to either side that waves stray from the wind's way, which is towards the camera
_NEAREST = 0.08  # picture widths between the crests of ripples at the picture's bottom
_RIPPLE_HZ = 0.8  # of ripples that long
_RIPPLE, _SWELL = 0.0056, 0.0072  # picture widths: root mean square height at the bottom
_SWELL_LENGTH = 3.2  # of the waves of a sea, in lengths of ripples
_SIDEWAYS = 1.1  # of their height: how far ripples move to the side
_FARTHEST = 0.22  # scale of the farthest water, of the nearest
_NARROW = 0.6  # of the way from a region's edge to its middle, over which its motion rises at most
_SHORE = 0.035  # picture widths, over which motion fades at a region's edge

_SWAY = 0.0042  # picture widths: leaves and grass in a moderate wind
_SWAY_HZ = (0.37, 0.61, 0.93, 1.45)
_TWIG = 0.1  # picture widths between leaves that sway apart
_UPRIGHT = 3.0  # how much longer than wide those groups are
_GUST_PATH = 0.9  # seconds that a gust takes across the picture
_STATIONS = 3  # places across the picture, between which gusts are interpolated

_FLAME = 0.0035
_FLAME_HZ = (2.3, 3.7, 5.1)
_TONGUE = 0.045  # picture widths between the crests of a flame


@dataclass(frozen=True)
class Motion:
    """Fields `(n, rows, columns, 2)` float32 in picture widths and their weights `(frames, n)`."""

    fields: NDArray[np.float32]
    weights: NDArray[np.float32]

    def at(self, index: int) -> NDArray[np.float32]:
        """Give the displacements in one frame, `(rows, columns, 2)`."""
        return np.asarray(np.einsum("n,nrcd->rcd", self.weights[index], self.fields), np.float32)

    @property
    def reach(self) -> float:
        """How far a point may move, in picture widths."""
        most = np.abs(self.weights).max(axis=0) * np.abs(self.fields).max(axis=(1, 2, 3))
        return float(np.sum(most))


@dataclass(frozen=True)
class Map:
    """The places of a field's samples: `x` and `y` in picture widths from the top left corner."""

    x: Field
    y: Field

    @staticmethod
    def over(width: int, height: int) -> Map:
        """Lay samples over a picture of some pixels."""
        scale = LONG_SIDE / max(width, height)
        columns, rows = max(8, round(width * scale)), max(8, round(height * scale))
        x = (np.arange(columns, dtype=np.float32) + np.float32(0.5)) / np.float32(columns)
        y = (
            (np.arange(rows, dtype=np.float32) + np.float32(0.5))
            / np.float32(rows)
            * np.float32(height / width)
        )
        return Map(*np.meshgrid(x, y))

    @property
    def pitch(self) -> float:
        """Picture widths between neighbouring samples."""
        return 1 / int(self.x.shape[1])

    def cover(self, region: Region, fade: float) -> Field:
        """Give how much of a region's motion each sample takes, 0..1: nothing at its edge.

        It rises over `fade` picture widths, less in a narrow region; the picture's own edge is none.
        """
        inside = cv2.resize(region.cover, self.x.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
        padded = np.pad(inside.astype(np.uint8), 1, mode="edge")
        distance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1] * np.float32(self.pitch)
        fade = max(min(fade, _NARROW * float(distance.max())), self.pitch)
        part = np.clip(distance / np.float32(fade), 0, 1)
        smooth = part * part * (3 - 2 * part)
        return np.asarray(cv2.GaussianBlur(smooth, (0, 0), 1.0), np.float32)

    def noise(self, seed: int, purpose: str, length: float) -> Field:
        """Make smooth noise of unit variance, its hills `length` picture widths apart and far longer upright.

        So a stalk bends as one.
        """
        white = rng(seed, purpose).standard_normal(self.x.shape).astype(np.float32)
        sigma = max(length / self.pitch / 4, 0.8)
        smooth = cv2.GaussianBlur(white, (0, 0), sigma, sigmaY=_UPRIGHT * sigma)
        return np.asarray(smooth / max(float(smooth.std()), 1e-6), np.float32)


def ripple(region: Region, where: Map, times: Times, *, waves: bool, strength: float, seed: int) -> Motion:
    """Let water ripple, or heave in long `waves`; smaller and slower the farther away."""
    scale, depth = lie_down(region, where)
    length = _NEAREST * (_SWELL_LENGTH if waves else 1.0)
    height = (_SWELL if waves else _RIPPLE) * strength / math.sqrt(_WATER_WAVES / 2)
    cover = where.cover(region, _SHORE)
    chance = rng(seed, "water")
    fields: list[NDArray[np.float32]] = []
    weights: list[Times] = []
    for share in np.geomspace(*_WAVELENGTHS, _WATER_WAVES):
        heading, phase = chance.uniform(-_SPREAD, _SPREAD), chance.uniform(0, 2 * math.pi)
        turn = chance.choice([-0.5, 0.5]) * math.pi
        wave_length = length * share
        number = 2 * math.pi / wave_length
        crest = number * (math.cos(heading) * depth + math.sin(heading) * (where.x - 0.5) / scale) + phase
        # What the field cannot show must not appear as something else.
        shown = cover * np.clip((wave_length * scale / LEAST_WAVE - 1) / 0.8, 0, 1)
        size = shown * scale * np.float32(height * math.sqrt(share))
        ahead = np.stack([_SIDEWAYS * np.cos(crest + turn), np.cos(crest)], axis=-1)
        behind = np.stack([_SIDEWAYS * np.sin(crest + turn), np.sin(crest)], axis=-1)
        fields += [size[..., None] * ahead, size[..., None] * behind]
        # In deep water the frequency goes as one over the root of the wavelength.
        turning = 2 * math.pi * _RIPPLE_HZ * math.sqrt(_NEAREST / wave_length) * times
        weights += [np.cos(turning), np.sin(turning)]
    return _motion(fields, weights)


def lie_down(region: Region, where: Map) -> tuple[Field, Field]:
    """Give the scale of each sample of a water's surface, 1 at the picture's bottom, and the way to it.

    The way is counted in picture widths at the bottom: near the horizon few samples are a long way.
    """
    rows = np.flatnonzero((region.cover > 0.5).any(axis=1))
    top, bottom = rows[0] / region.cover.shape[0] * where.y[-1, 0], where.y[-1, 0]
    column = where.y[:, 0]
    scale = np.clip((column - top) / max(bottom - top, 1e-3), 0, 1)
    scale = np.asarray(_FARTHEST + (1 - _FARTHEST) * scale, np.float32)
    way = np.cumsum(where.pitch / scale)
    shape = where.x.shape
    spread = np.broadcast_to(scale[:, None], shape), np.broadcast_to(way[:, None], shape)
    return np.asarray(spread[0], np.float32), np.asarray(spread[1], np.float32)


def sway(region: Region, where: Map, times: Times, gusts: Times, *, strength: float, seed: int) -> Motion:
    """Let leaves and grass sway in gusts that travel across the picture.

    Args:
        region: the plants.
        where: the places of the field's samples.
        times: of the frames.
        gusts: the wind in each frame, 1 on average, of the same length.
        strength: 1 in a moderate wind.
        seed: for all chance.
    """
    chance = rng(seed, "sway")
    side = float(chance.choice([-1.0, 1.0]))
    size = where.cover(region, _SHORE) * np.float32(strength * _SWAY / math.sqrt(len(_SWAY_HZ) / 2))
    stations = np.linspace(0, 1, _STATIONS)
    fields: list[NDArray[np.float32]] = []
    weights: list[Times] = []
    for number, hertz in enumerate(_SWAY_HZ):
        # Quick swaying is that of small twigs.
        length = _TWIG * (2.5 if hertz < 0.7 else 1.0)
        phase = 1.3 * where.noise(seed, f"twigs {number}", length) - side * 2 * math.pi * 1.4 * where.x
        share = size * np.float32(math.sqrt(_SWAY_HZ[0] / hertz) * 1.3)
        turning = 2 * math.pi * hertz * times + chance.uniform(0, 2 * math.pi)
        for station in stations:
            near = np.clip(1 - np.abs(where.x - station) * (_STATIONS - 1), 0, 1)
            delay = _GUST_PATH * (station if side > 0 else 1 - station)
            wind = np.interp(times - delay, times, gusts)
            for wave, turn in ((np.cos(turning), 0.0), (np.sin(turning), math.pi / 2)):
                across = np.cos(phase - turn)
                up = 0.2 * np.cos(2 * phase - turn)
                fields.append((share * near)[..., None] * np.stack([across, up], axis=-1))
                weights.append(wind * wave)
    return _motion(fields, weights)


def breeze(times: Times, seed: int) -> Times:
    """Give the wind in each frame where none is heard: 1 on average, slowly swelling."""
    chance = rng(seed, "breeze")
    waves = [
        math.sqrt(0.5) * np.sin(2 * math.pi * hertz * times + chance.uniform(0, 6.28))
        for hertz in (0.17, 0.41)
    ]
    return np.asarray(1 + 0.35 * sum(waves))


def burn(region: Region, where: Map, times: Times, seed: int) -> Motion:
    """Let flames lick upwards: waves that climb, wider towards the tips."""
    hot = cv2.resize(region.cover, where.x.shape[::-1], interpolation=cv2.INTER_LINEAR)
    cover = np.clip(cv2.GaussianBlur(cv2.dilate(hot, np.ones((3, 3), np.uint8)), (0, 0), 1.2), 0, 1)
    chance = rng(seed, "flames")
    fields: list[NDArray[np.float32]] = []
    weights: list[Times] = []
    for hertz in _FLAME_HZ:
        phase = 2 * math.pi * where.y / _TONGUE + chance.uniform(0, 2 * math.pi) + 6 * where.x / _TONGUE
        size = cover * np.float32(_FLAME / math.sqrt(len(_FLAME_HZ) / 2))
        turning = 2 * math.pi * hertz * times
        for wave, turn in ((np.cos(turning), 0.0), (np.sin(turning), math.pi / 2)):
            # The phase grows downwards and the wave runs against it: it climbs.
            shape = np.stack([np.cos(phase + turn), 0.8 * np.sin(phase + turn)], axis=-1)
            fields.append(size[..., None] * shape)
            weights.append(wave)
    return _motion(fields, weights)


def _motion(fields: list[NDArray[np.float32]], weights: list[Times]) -> Motion:
    return Motion(np.stack(fields).astype(np.float32), np.stack(weights, axis=1).astype(np.float32))
