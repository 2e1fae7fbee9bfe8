"""Appearance: how well each face of a picture, with what is around it, fits what words tell of somebody.

Colours are taken from the pixels below the chin and around the brow, postures from how the faces lie to one
another; no learned model is asked, so that it costs a few milliseconds a picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.glasses import wears_glasses
from talkies.engines.animatic.living.traits import Part, Trait
from talkies.engines.animatic.vision.faces import Face
from talkies.media import Frame

Mask = NDArray[np.uint8]
Region = tuple[float, float, float, float]
"""Left, top, right and bottom: in widths of a face's box from its middle, in heights from its top."""

_REGIONS: dict[Part, Region] = {
    "clothes": (-1.0, 1.4, 1.0, 2.3),
    "hair": (-0.45, -0.35, 0.45, -0.08),
    "hat": (-0.5, -0.8, 0.5, -0.25),
}
_BESIDE_JAW = ((-0.95, 0.5, -0.6, 1.0), (0.6, 0.5, 0.95, 1.0))
_BESIDE_NECK = ((-0.85, 1.0, -0.45, 1.4), (0.45, 1.0, 0.85, 1.4))
_SAMPLES = 48  # pixels of a region that are looked at, in each direction
# Points of the 468-point mesh: on bare skin, and where a beard grows.
_CHEEKS, _CHIN = (205, 50, 425, 280), (199, 200, 175, 208, 428, 140, 369, 170, 395)
_SAMPLE = 0.03  # of the face's size: half the side of what is averaged about a point

_LIKE_SKIN, _LIKE_HAIR = 18.0, 22.0  # CIELAB distances, lightness at half weight
_LIGHTNESS = np.array([0.5, 1.0, 1.0])
_BLACK, _WHITE = 0.25, 0.75  # of full value: what is darker has no colour; a light grey is white
_COLOURLESS = (0.25, 0.12)  # saturation, and that times the value, below which a pixel is grey
_BROWN = 0.6  # value below which orange is brown
_HUES = (
    *(("red", 0.0), ("orange", 12.0), ("yellow", 40.0), ("green", 70.0), ("blue", 170.0)),
    *(("purple", 255.0), ("pink", 310.0), ("red", 345.0)),
)
"""Names of hues with the degrees at which each begins."""
_OF_HAIR: dict[str, tuple[str, ...]] = {
    "blonde": ("yellow", "orange"),
    "yellow": ("yellow", "orange"),
    "red": ("red", "orange", "brown"),
    "grey": ("grey", "white"),
    "white": ("white", "grey"),
    "brown": ("brown", "orange"),
}
"""The colours that pixels of such hair have."""
_USUAL_SHARE = 0.3  # of a region: a colour that no face has so much of is weak evidence
_USUAL_LONG = 0.3  # of what is beside jaw and neck, of long hair
_SMOOTH, _ROUGH = 0.03, 0.08  # mean of the Laplacian over the light above the brow: skin, and hair
_BEARDED, _SHAVEN = 0.45, 0.75  # light of the chin over that of the cheeks
_HIGHER = 0.3  # sizes of the face by which somebody who stands is above the next
_SMALLER, _MUCH_SMALLER = 1.1, 1.4  # size of the next face over that of a child's


class Appearance:
    """What is seen of the people of a picture.

    `faces` are in pixels of `picture`; `alpha` is 255 where the people are, None where that is not known.
    """

    def __init__(self, faces: Sequence[Face], picture: Frame, alpha: Mask | None) -> None:
        self.faces = tuple(faces)
        self._picture = picture
        self._alpha = np.full(picture.shape[:2], 255, np.uint8) if alpha is None else alpha
        self._known: dict[Trait, NDArray[np.float64]] = {}

    def fit(self, trait: Trait, among: Sequence[int]) -> NDArray[np.float64]:
        """Tell for each of some faces, 0 to 1, how well it fits a trait; all 0 when nothing tells."""
        if trait.name in ("upright", "low", "child"):
            return self._ranked(trait.name, among)
        if trait not in self._known:
            self._known[trait] = np.array([self._measured(trait, face) for face in self.faces])
        measured = self._known[trait][list(among)]
        if trait.part != "figure":
            return measured / max(float(measured.max()), _USUAL_SHARE)
        return measured

    def _ranked(self, name: str, among: Sequence[int]) -> NDArray[np.float64]:
        """Single out the highest, lowest or smallest of some faces, as far as it is beyond the next."""
        faces = [self.faces[number] for number in among]
        fits = np.zeros(len(faces))
        if len(faces) < 2:
            return fits
        if name == "child":
            order = np.argsort([face.size for face in faces])
            times = faces[order[1]].size / max(faces[order[0]].size, 1e-6)
            fits[order[0]] = np.clip((times - _SMALLER) / (_MUCH_SMALLER - _SMALLER), 0, 1)
            return fits
        heights = np.array([face.centre[1] for face in faces]) * (1 if name == "upright" else -1)
        order = np.argsort(heights)
        away = (heights[order[1]] - heights[order[0]]) / (_HIGHER * np.mean([face.size for face in faces]))
        fits[order[0]] = np.clip(away, 0, 1)
        return fits

    def _measured(self, trait: Trait, face: Face) -> float:
        if trait.part != "figure":
            return self._share(trait, face)
        if trait.name == "glasses":
            return float(wears_glasses(face.mesh[:, :2].astype(np.float64), self._picture))
        if trait.name == "beard":
            return self._beard(face)
        if trait.name == "bald":
            return self._baldness(face)
        if trait.name in ("long_hair", "short_hair"):
            long = self._long_hair(face)
            return long if trait.name == "long_hair" else 1 - long
        # Man or woman: weak signs, that cancel each other in a long-haired man with a beard.
        womanly = 0.5 + 0.5 * (self._long_hair(face) - self._beard(face))
        return womanly if trait.name == "woman" else 1 - womanly

    def _share(self, trait: Trait, face: Face) -> float:
        """Share of a region that has a colour; skin is neither clothes nor hair."""
        pixels = self._seen(face, _REGIONS[trait.part])
        if trait.part == "clothes":
            pixels = pixels[_distance(pixels, self._skin(face)) > _LIKE_SKIN]
        if not pixels.size:
            return 0.0
        wanted = _OF_HAIR.get(trait.name, (trait.name,)) if trait.part == "hair" else (trait.name,)
        share = float(np.isin(_colours(pixels), wanted).mean())
        return share * (1 - self._baldness(face)) if trait.part == "hair" else share

    def _beard(self, face: Face) -> float:
        ratio = _light(self._colours_at(face, _CHIN)) / max(_light(self._colours_at(face, _CHEEKS)), 1.0)
        return float(np.clip((_SHAVEN - ratio) / (_SHAVEN - _BEARDED), 0, 1))

    def _baldness(self, face: Face) -> float:
        """Tell how smooth and how much like skin it is above the brow."""
        pixels = self._seen(face, _REGIONS["hair"])
        above = self._cut(self._picture, face, _REGIONS["hair"])
        if not (pixels.size and above.size):
            return 0.0
        light = cv2.cvtColor(cv2.resize(above, (48, 16), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        roughness = np.abs(cv2.Laplacian(light, cv2.CV_32F)).mean() / max(float(light.mean()), 1.0)
        smooth = np.clip((_ROUGH - roughness) / (_ROUGH - _SMOOTH), 0, 1)
        return float(smooth * (_distance(pixels, self._skin(face)) < _LIKE_SKIN).mean())

    def _long_hair(self, face: Face) -> float:
        """Tell how much of what is beside the jaw, and beside the neck, looks like the hair above the brow.

        A dark collar is like dark hair, but beside the neck only.
        """
        hair = self._seen(face, _REGIONS["hair"])
        if not hair.size:
            return 0.0
        colour, skin = np.median(hair, axis=0), self._skin(face)
        shares = [
            sum(self._hairy(face, region, colour, skin) for region in pair) / len(pair)
            for pair in (_BESIDE_JAW, _BESIDE_NECK)
        ]
        return min(*shares, _USUAL_LONG) / _USUAL_LONG

    def _hairy(self, face: Face, region: Region, hair: NDArray[np.uint8], skin: NDArray[np.uint8]) -> float:
        """Share of a region that is people's and nearer to the colour of hair than to that of skin."""
        pixels = self._cut(self._picture, face, region).reshape(-1, 3)
        people = self._cut(self._alpha, face, region).ravel() > 127
        away = _distance(pixels, hair)
        alike = people & (away < _LIKE_HAIR) & (away < _distance(pixels, skin))
        return float(alike.mean()) if alike.size else 0.0

    def _skin(self, face: Face) -> NDArray[np.uint8]:
        return np.asarray(np.median(self._colours_at(face, _CHEEKS), axis=0), np.uint8)

    def _colours_at(self, face: Face, points: Sequence[int]) -> NDArray[np.float64]:
        """Mean colours about points of a face's mesh, `(points, 3)`."""
        reach = max(1, round(_SAMPLE * face.size))
        height, width = self._picture.shape[:2]
        means = []
        for x, y in face.mesh[list(points), :2]:
            column, row = min(max(int(x), 0), width - 1), min(max(int(y), 0), height - 1)
            about = self._picture[
                max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1
            ]
            means.append(about.reshape(-1, 3).mean(axis=0))
        return np.array(means)

    def _seen(self, face: Face, region: Region) -> Frame:
        """Pixels of a region that are people's, `(pixels, 3)`."""
        people = self._cut(self._alpha, face, region) > 127
        return np.asarray(self._cut(self._picture, face, region)[people], np.uint8)

    def _cut(self, pixels: NDArray[np.uint8], face: Face, region: Region) -> Frame:
        x, y, width, tall = face.box
        left, top, right, bottom = region
        rows, columns = pixels.shape[:2]
        first, last = (min(max(round(x + width * (0.5 + edge)), 0), columns) for edge in (left, right))
        upper, lower = (min(max(round(y + tall * edge), 0), rows) for edge in (top, bottom))
        part = pixels[upper:lower, first:last]
        return part[:: max(1, part.shape[0] // _SAMPLES), :: max(1, part.shape[1] // _SAMPLES)]


def _light(colours: NDArray[np.float64]) -> float:
    return float(np.median(colours.mean(axis=1)))


def _distance(pixels: NDArray[np.uint8], colour: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Distance of each pixel, `(pixels, 3)`, from a colour."""
    if not pixels.size:
        return np.zeros(0)
    both = np.concatenate([pixels.reshape(-1, 3), np.asarray(colour, np.uint8).reshape(1, 3)])
    lab = cv2.cvtColor(both[None], cv2.COLOR_RGB2LAB)[0].astype(np.float64) * _LIGHTNESS
    return np.asarray(np.linalg.norm(lab[:-1] - lab[-1], axis=1))


def _colours(pixels: NDArray[np.uint8]) -> NDArray[np.str_]:
    """Name the colour of each pixel."""
    hsv = cv2.cvtColor(pixels[None], cv2.COLOR_RGB2HSV_FULL)[0].astype(np.float64) / 255
    hue, saturation, value = 360 * hsv[:, 0], hsv[:, 1], hsv[:, 2]
    names = np.array([name for name, _ in _HUES])
    named = names[np.searchsorted([begin for _, begin in _HUES], hue, side="right") - 1]
    named = np.where((named == "orange") & (value < _BROWN), "brown", named)
    least, least_chroma = _COLOURLESS
    is_grey = (saturation < least) | (saturation * value < least_chroma)
    named = np.where(is_grey, np.where(value < _WHITE, "grey", "white"), named)
    return np.where(value < _BLACK, "black", named)
