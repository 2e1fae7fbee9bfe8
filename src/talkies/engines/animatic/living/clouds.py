"""Clouds that gather over a photo's open sky, for weather that does not come from a blue one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.blending import mix_in
from talkies.engines.animatic.living.haze import TILE, tileable_noise
from talkies.engines.animatic.living.sight import HALF, Field, Sight, Stage, open_sky
from talkies.engines.animatic.optics.projection import STEP, Grid, Kind, project, sample
from talkies.engines.animatic.vision.depth import INFINITELY_FAR
from talkies.engines.animatic.vision.look import Region, nearest, ramp
from talkies.engines.animatic.vision.scene import Scene
from talkies.engines.animatic.vision.skyline import cut_skyline
from talkies.media import Frame, rng

_SURE, _SURE_BEHIND = 0.55, 0.72  # confidence of a sky; behind a subject a blue wall is as likely
_ALIKE, _SMOOTH = 9.0, 2.5  # CIELAB apart, and roughness: what may be sky that was missed
_MISSED = 0.15  # of the sky that was found, at most
_WORTH = 0.5  # need of the part of a sky that needs clouds most, from which any come
_OPAQUE, _PARALLAX = 0.97, 33  # alpha of land, and canvas pixels that it goes aside before other land
_LEAST = 0.04  # of a row of sky: less is none
_FINE = 4  # frame pixels for one of the clouds: they are soft
_TO_THE_EDGE = 1.5  # of the sky's share in an outline, so that no rim of the old one is left
_SIDE = 4 * TILE  # samples a side of the billows, which repeat
_OCTAVES = ((4, 1.0, False), (4, 0.8, True), (2, 0.5, True), (1, 0.2, True))
"""Of the billows: how far the noise is enlarged, its share, and whether it is round."""
_TORN = 16.0  # samples aside for a deviation of twice as much noise: billows are no round blobs
_SLOPE, _SLOPE_BLUR = (9, 3), 2.5  # samples down and aside: where the light comes from; how soft it is
_SHEETS = ((0.3, 0.75, 1.0, 2 * _FINE), (0.8, 0.66, 0.8, _FINE))
"""Two that pass each other: sides of the billows in a unit of the plane, share, pace, pixels for a sample."""
_LOWEST = 0.2  # picture widths above the horizon: clouds are seen no flatter than there
_DEEP = 1.2  # of their distance, that the plane reaches back
_CLEAR, _COVERED = 2.4, -3.2  # deviations of the billows: what none of them reach, and what all do
_EDGE = 1.4  # deviations, from where a cloud begins until it hides the sky
_FRONT = 0.55  # of the gathering: when clouds reach the far side
_RUSH = 1.0  # units of the plane, that they come on while they gather
_COLOURFUL = (5.0, 15.0)  # chroma in CIELAB: from grey skies to such as need clouds
_STORMY, _CLOUDED = (56.0, 48.0), (0.8, 1.3)  # lightness of a sky, and deviation of its clouds in lightness
_CLOUD_SIZES = (1.5, 8.0)  # samples, of such clouds
_SKY_BLUR = 0.05  # picture widths, of the sky that lends clouds its colours
_LOSS = 1.3  # of their light, that a level thin cloud divides it by
_GREYNESS = 0.8  # of their colour
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Deck:
    """What a cover of clouds is like.

    `light` is their brightness over the sky's, `relief` how much a deviation of their slope changes it and
    `belly` how much one of their thickness takes of it. `pace` is in units of the plane, their height over
    the camera, a second. A sky as light as `bright`, in CIELAB, begins to need them even where it is grey.
    """

    light: float
    relief: float
    belly: float
    pace: float
    bright: float


STORM_CLOUDS = Deck(light=1.26, relief=0.25, belly=0.2, pace=0.15, bright=40.0)
OVERCAST = Deck(light=1.3, relief=0.1, belly=0.07, pace=0.06, bright=100.0)


class _Land(NamedTuple):
    """What stands before the sky: its alpha on a canvas, 0..1, and its inverse depth."""

    alpha: Field
    depth: Field


class Clouds:
    """A deck of billows high above, seen in perspective, that comes in from one side.

    Args:
        stage: where a photo without a sure sky gets none.
        deck: what it is like.
        side: which way it goes, below 0 to the left.
        seed: for all chance.

    `come` tells whether there are any: the sky may be unsure, or as grey as they are.
    """

    def __init__(self, stage: Stage, deck: Deck, side: float, seed: int) -> None:
        chance = rng(seed, "clouds")
        scene = stage.scene
        self._deck, self._side = deck, math.copysign(1.0, side)
        self.come = False
        self._open: Field | None = None
        self._begin = chance.uniform(0, _SIDE, (len(_SHEETS), 2))
        sky = _sure_sky(scene)
        self._land = () if sky is None else _land(stage, sky)
        if sky is None or not self._land:
            return
        all_land = np.maximum.reduce([land.alpha for land in self._land])
        self._whole = (_Land(all_land, self._land[0].depth),)
        self._billows = _billows(chance)
        colours = _continued(scene, sky)
        self._open = open_sky(scene, scene.look.size, _SURE)
        self._lit = _lit(colours, stage, deck)
        need = _need(colours, deck) * np.float32(1 - _storminess(scene, sky))
        self._need = cv2.resize(need, self._lit.shape[1::-1])
        self.come = float((need * sky.cover).max()) > _WORTH
        self._horizon = np.float32((_lowest(sky) - 0.5) * scene.height / scene.width)

    def draw(self, frame: Frame, sight: Sight) -> None:
        """Cover the sky of a frame, in place."""
        rows = self._rows(sight)
        if rows is None:
            return
        part = frame[STEP * rows.start : STEP * (rows.stop - 2)]
        thick, slope = self._look_up(sight, rows)
        thick -= self._least(sight.veiled, thick.shape[1])
        hidden = np.clip(thick / np.float32(_EDGE), 0, 1)
        hidden *= hidden * (3 - 2 * hidden)
        dark = np.float32(self._deck.belly) * (thick - 1) - np.float32(self._deck.relief) * slope
        shade = 1 / (np.float32(_LOSS) + np.maximum(dark, np.float32(1 - _LOSS)))
        lit, need = (there[STEP // _FINE * rows.start :][: len(shade)] for there in (self._lit, self._need))
        shades = cv2.cvtColor(cv2.convertScaleAbs(shade, alpha=255), cv2.COLOR_GRAY2RGB)
        clouds = _enlarged(np.asarray(cv2.multiply(lit, shades, scale=1 / 255), np.uint8), _FINE)
        weights = self._seen(sight, rows) * _enlarged(hidden * need, _FINE // HALF)
        height, width = part.shape[:2]
        mix_in(part, clouds[:height, :width], weights[: -(-height // HALF), : -(-width // HALF)])

    def _rows(self, sight: Sight) -> slice | None:
        """Give the rows of nodes that see open sky, with some more to either side; None without any."""
        if self._open is None or sight.veiled == 0:
            return None
        seen = np.flatnonzero(sight.look_at(self._open)[1:-1].max(axis=1) > _LEAST)
        if not len(seen):
            return None
        return slice(max(int(seen[0]) - 1, 0), min(int(seen[-1]) + 5, len(sight.background)))

    def _seen(self, sight: Sight, rows: slice) -> Field:
        """Tell how much open sky is seen in some rows of nodes, on a canvas."""
        stage, pose = sight.stage, sight.pose
        stands = pose.shift_x == pose.shift_y == pose.advance == 0  # then all land shifts alike
        share: float | Field = _TO_THE_EDGE
        for land in self._whole if stands else self._land:
            points = project(stage.nodes[rows], pose, land.depth, stage.lens)
            places = stage.lens.to_pixels(points) / np.float32(HALF) - np.float32(0.25)
            share = share * (1 - sample(land.alpha, _spread(places, HALF), cv2.BORDER_REPLICATE))
        seen = np.asarray(share, np.float32)
        if sight.subject is not None:
            before = sight.subject[STEP // HALF * rows.start :][: len(seen)]
            seen[: len(before), : before.shape[1]] *= 1 - before
        return np.asarray(np.minimum(seen, 1), np.float32)

    def _look_up(self, sight: Sight, rows: slice) -> tuple[Field, Field]:
        """Give thickness and slope of the billows that some rows of nodes see, in deviations."""
        stage = sight.stage
        x, y = cv2.split(project(stage.nodes[rows], sight.pose, INFINITELY_FAR, stage.lens))
        # A plane's points would go by the height itself: clouds are tall, so they are less foreshortened.
        scale = 1 / np.sqrt(np.maximum(self._horizon - y, 0) + np.float32(_LOWEST))
        plane = cv2.merge([x * scale, np.float32(_DEEP) * scale])
        gone = self._deck.pace * sight.time_s + _RUSH * sight.veiled
        total = np.zeros(2, np.float32)
        for begin, (size, share, pace, fine) in zip(self._begin, _SHEETS, strict=True):
            start = begin - (self._side * gone * pace * size * _SIDE, 0)
            places = _spread(plane * np.float32(size * _SIDE) + start.astype(np.float32), fine)
            places -= np.float32(_SIDE) * np.floor(places * np.float32(1 / _SIDE))
            read = np.float32(share) * sample(self._billows, places, cv2.BORDER_WRAP)
            total = total + (read if fine == _FINE else _enlarged(read, fine // _FINE))
        thick, slope = cv2.split(total)
        return np.asarray(thick, np.float32), np.asarray(slope, np.float32)

    def _least(self, veiled: float, columns: int) -> Field:
        """Give what billows have to be in each column to be a cloud: it falls from one side to the other."""
        across = np.linspace(0, 1, columns, dtype=np.float32)
        late = np.float32(_FRONT) * (across if self._side > 0 else 1 - across)
        come = np.clip((np.float32(veiled) - late) / np.float32(1 - _FRONT), 0, 1)
        return np.asarray(_CLEAR + (_COVERED - _CLEAR) * come, np.float32)


def _sure_sky(scene: Scene) -> Region | None:
    """Find a photo's sky, if it is sure and whole: not only what lies to one side of a cable."""
    sky = scene.look.sky
    if sky is None or sky.confidence < (_SURE if scene.matte is None else _SURE_BEHIND):
        return None
    lab = cv2.cvtColor(_continued(scene, sky) / np.float32(255), cv2.COLOR_RGB2LAB)
    apart = np.sqrt(((scene.look.lab - lab) ** 2).sum(axis=-1))
    alike = (apart < _ALIKE) & (scene.look.roughness < _SMOOTH) & (sky.cover < 0.1) & scene.look.free
    above = alike[: round(_lowest(sky) * len(alike))]
    return sky if float(above.sum()) < _MISSED * float(sky.cover.sum()) else None


def _land(stage: Stage, sky: Region) -> tuple[_Land, ...]:
    """Give what stands before a sky, nearest first: as it is cut off, or found now where nothing is."""
    scene = stage.scene
    found = [(cut.alpha, depth) for cut, depth in zip(scene.cuts, scene.depth.land, strict=False)]
    if not scene.is_open:
        # Behind a subject goes on what is beside it.
        cover = sky.cover.ravel()[nearest(scene.look.free)]
        outline = cut_skyline(scene.plate, replace(sky, cover=cover))
        found = [] if outline is None else [(outline.alpha, scene.depth.background)]
    lands = tuple(_Land(_shrunk(alpha, stage.canvas_size), depth) for alpha, depth in found)
    if not lands:
        return ()
    seen = np.asarray(np.maximum.reduce([land.alpha for land in lands]) < _OPAQUE, np.uint8)
    beside = cv2.dilate(seen, np.ones((_PARALLAX, _PARALLAX), np.uint8)) > 0
    # What stands before other land only hides no sky, wherever the camera goes.
    return tuple(land for land in lands if (land.alpha[beside] > 1 - _OPAQUE).any())


def _shrunk(alpha: NDArray[np.uint8], size: tuple[int, int]) -> Field:
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small.astype(np.float32) / np.float32(255), np.float32)


def _spread(nodes: Grid, fine: int) -> Grid:
    """Bring a grid with one node beyond each side to one value for so many pixels a side."""
    step = STEP // fine
    large = cv2.resize(nodes, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(large[step:-step, step:-step], np.float32)


def _enlarged(values: NDArray[Kind], times: int) -> NDArray[Kind]:
    return np.asarray(cv2.resize(values, None, fx=times, fy=times), values.dtype)


def _billows(chance: np.random.Generator) -> NDArray[np.float32]:
    """Make `(side, side, 2)`: how thick clouds are and how they slope towards the light, in deviations."""
    thick = np.zeros((_SIDE, _SIDE), np.float32)
    for larger, share, is_round in _OCTAVES:
        octave = _repeated(tileable_noise(chance), larger)
        # Folded noise is round and has creases, as what wells up does.
        thick += np.float32(share) * (np.abs(octave) if is_round else octave)
    torn = np.dstack([_repeated(tileable_noise(chance), _SIDE // TILE) for _ in range(2)])
    rows, columns = np.mgrid[0:_SIDE, 0:_SIDE].astype(np.float32)
    thick = sample(thick, np.dstack([columns, rows]) + np.float32(_TORN) * torn, cv2.BORDER_WRAP)
    thick = (thick - thick.mean()) / thick.std()
    soft = cv2.GaussianBlur(np.pad(thick, 16, mode="wrap"), (0, 0), _SLOPE_BLUR)[16:-16, 16:-16]
    down, aside = _SLOPE
    slope = np.roll(soft, (down, aside), (0, 1)) - np.roll(soft, (-down, -aside), (0, 1))
    return np.dstack([thick, slope / slope.std()]).astype(np.float32)


def _repeated(noise: Field, larger: int) -> Field:
    """Enlarge noise that repeats, and repeat it over all of the billows."""
    padded = cv2.resize(
        np.pad(noise, 2, mode="wrap"), None, fx=larger, fy=larger, interpolation=cv2.INTER_CUBIC
    )
    tile = padded[2 * larger : -2 * larger, 2 * larger : -2 * larger]
    return np.tile(tile, (_SIDE // len(tile),) * 2)


def _continued(scene: Scene, sky: Region) -> NDArray[np.float32]:
    """Spread a sky's soft colours over the whole picture, `(rows, columns, 3)`, 0..255."""
    blur = _SKY_BLUR * sky.cover.shape[1]
    share = np.float32(1e-3) + (sky.cover > 0.9)
    mean = scene.look.small[sky.cover > 0.5].mean(axis=0)
    colours = np.where(sky.cover[..., None] > 0.9, scene.look.small, mean).astype(np.float32)
    total = cv2.GaussianBlur(colours * share[..., None], (0, 0), blur)
    return np.asarray(total / cv2.GaussianBlur(share, (0, 0), blur)[..., None], np.float32)


def _need(colours: NDArray[np.float32], deck: Deck) -> Field:
    """Tell how much a sky lacks clouds, 0..1: it is blue, or of the sun's colours, or too bright."""
    lab = np.asarray(cv2.cvtColor(colours / np.float32(255), cv2.COLOR_RGB2LAB), np.float32)
    chroma = np.hypot(lab[..., 1], lab[..., 2]).astype(np.float32)
    too_bright = ramp(lab[..., 0], deck.bright, deck.bright + 25)
    return np.asarray(np.maximum(ramp(chroma, *_COLOURFUL), too_bright), np.float32)


def _storminess(scene: Scene, sky: Region) -> float:
    """Tell how far a sky is dark and full of clouds by itself, 0..1."""
    inside = np.asarray(sky.cover > 0.9, np.float32)
    if not inside.any():
        return 0.0
    light = scene.look.lab[..., 0]
    fine, coarse = (
        cv2.GaussianBlur(light * inside, (0, 0), size)
        / np.maximum(cv2.GaussianBlur(inside, (0, 0), size), np.float32(1e-3))
        for size in _CLOUD_SIZES
    )
    clouds = float((fine - coarse)[inside > 0].std())
    return float(ramp(float(light[inside > 0].mean()), *_STORMY) * ramp(clouds, *_CLOUDED))


def _lit(colours: NDArray[np.float32], stage: Stage, deck: Deck) -> Frame:
    """Give what the clouds' lit rims look like before each part of a sky, as fine as they are drawn."""
    sky = colours @ _LUMA
    light = np.minimum(0.5 * sky + 0.5 * float(stage.light @ _LUMA), 1.5 * sky + 8)
    tint = colours / np.maximum(sky, 1)[..., None]
    lit = np.clip(deck.light * light[..., None] * (tint + _GREYNESS * (1 - tint)), 0, 255)
    rows, columns = (STEP // _FINE * (side - 2) for side in stage.nodes.shape[:2])
    large = cv2.resize(lit.astype(np.float32), (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.rint(large), np.uint8)


def _lowest(sky: Region) -> float:
    """Give the height at which a sky ends, as a share of the picture's."""
    return float(np.flatnonzero((sky.cover > 0.5).any(axis=1))[-1] + 1) / len(sky.cover)
