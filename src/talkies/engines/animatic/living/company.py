"""The people of one shot: their heads move the subject's layer, their faces are drawn into its pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import numpy as np

from talkies.engines.animatic.living.expression import STILL, Expression
from talkies.engines.animatic.living.eyes import Eyes
from talkies.engines.animatic.living.heads import Field, rig_heads
from talkies.engines.animatic.living.line_art import is_line_art
from talkies.engines.animatic.living.mouth import Mouth
from talkies.engines.animatic.living.performance import Performance
from talkies.engines.animatic.optics.textures import Pixels, Texture
from talkies.engines.animatic.vision.faces import Face
from talkies.engines.animatic.vision.scene import Scene


@dataclass(frozen=True)
class FaceRig:
    """One face in one texture; drawn eyes first, for the mouth's box reaches up to theirs."""

    eyes: Eyes
    mouth: Mouth

    @property
    def features(self) -> tuple[Eyes, Mouth]:
        """What is drawn, in order."""
        return self.eyes, self.mouth

    def draw(self, pixels: Pixels, corner: tuple[int, int], expression: Expression) -> None:
        """Show an expression in place, in part of the texture's pixels: all from `corner` that changes."""
        across, down = corner
        for feature in self.features:
            left, top, right, bottom = feature.box
            part = pixels[top - down : bottom - down, left - across : right - across]
            shown = feature.draw(part, expression)
            if shown is not part:
                part[:] = shown


def rig_face(face: Face, pixels: Pixels, corner: tuple[float, float], density: float) -> FaceRig:
    """Prepare a face to be drawn into a texture at rest, whose pixel `j` shows `corner + j / density`."""
    drawn = is_line_art((face.mesh[:, :2].astype(np.float64) - corner) * density, pixels)
    eyes = Eyes(face, pixels, corner, density, is_line_art=drawn)
    return FaceRig(eyes, Mouth(face, pixels, corner, density, is_line_art=drawn))


class Drawing:
    """The faces that lie in one texture, to be drawn into it for one frame at a time.

    Args:
        rigs: of the faces, each with its number.
    """

    def __init__(self, rigs: Sequence[tuple[int, FaceRig]]) -> None:
        self._rigs = tuple(rigs)
        self._box = _around([feature.box for _, rig in rigs for feature in rig.features])
        self._turn = Lock()
        self._kept: tuple[Pixels, Pixels] | None = None

    def __bool__(self) -> bool:
        return bool(self._rigs)

    @contextmanager
    def made(self, pixels: Callable[[], Pixels], expression: Callable[[int], Expression]) -> Iterator[Pixels]:
        """Give the texture's pixels with the faces in them, for as long as the context lasts.

        Args:
            pixels: gives those of the texture at rest.
            expression: gives what a face shows, by its number.
        """
        if not self._rigs:
            yield pixels()
            return
        texture = pixels()
        part, rest = self._part(texture), self._at_rest(texture)
        shown = rest.copy()  # drawn in memory of its own: other threads may read their frames meanwhile
        for number, rig in self._rigs:
            rig.draw(shown, self._box[:2], expression(number))
        with self._turn:
            part[:] = shown
            try:
                yield texture
            finally:
                part[:] = rest

    def _part(self, texture: Pixels) -> Pixels:
        left, top, right, bottom = self._box
        return texture[top:bottom, left:right]

    def _at_rest(self, texture: Pixels) -> Pixels:
        """Give the part of the texture that is drawn in, as it is with no face drawn: kept for next time."""
        kept = self._kept
        if kept is None or kept[0] is not texture:
            with self._turn:  # nothing is drawn in it now
                self._kept = kept = texture, self._part(texture).copy()
        return kept[1]


def _around(boxes: Sequence[tuple[int, int, int, int]]) -> tuple[int, int, int, int]:
    """Bound boxes, but for empty ones."""
    sides = list(zip(*(box for box in boxes if box[0] < box[2] and box[1] < box[3]), strict=True))
    if not sides:
        return 0, 0, 0, 0
    return min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3])


class Company:
    """Everybody in a scene, each with what they do; without a face, its one subject.

    Args:
        scene: with the faces that act.
        perform: gives a performance for each of the scene's faces, or one for a subject without a face. It
            is called for the first frame: lips must wait for their voices, what draws them need not.

    `is_behind`: the scene has one layer only, and that is what moves.
    """

    def __init__(self, scene: Scene, perform: Callable[[], Sequence[Performance]]) -> None:
        self._perform = perform
        self._heads = rig_heads(scene)
        self._faces = scene.faces
        self.is_behind = scene.matte is None
        self._on_subject = tuple(_stands_out(scene, face) for face in scene.faces)

    @cached_property
    def _performances(self) -> tuple[Performance, ...]:
        return tuple(self._perform())

    def rests(self, index: int) -> bool:
        """Tell whether everybody is as in the photo in this frame."""
        return all(
            performance.expression(index).is_photo and performance.head(index) == STILL
            for performance in self._performances
        )

    def displacement(self, index: int) -> Field | None:
        """Give where the points of the layer that moves are in a frame; None when they have not moved."""
        poses = [performance.head(index) for performance in self._performances]
        if all(pose == STILL for pose in poses):
            return None
        return self._heads.displacement(poses)

    def drawing(self, texture: Texture, *, subject: bool) -> Drawing:
        """Prepare the faces that lie in a texture, of the subject's layer or of that behind it."""
        corner = texture.box[:2]
        return Drawing(
            [
                (number, rig_face(face, texture.coarse, corner, texture.density))
                for number, face in enumerate(self._faces)
                if self._on_subject[number] == subject
            ]
        )

    def expression(self, number: int, index: int) -> Expression:
        """Give what a face shows in a frame."""
        return self._performances[number].expression(index)


def _stands_out(scene: Scene, face: Face) -> bool:
    """Tell whether a face is part of the subject's layer."""
    if scene.matte is None:
        return False
    x, y, width, height = (round(value) for value in face.box)
    inside = scene.matte.alpha[max(y, 0) : y + height, max(x, 0) : x + width]
    return bool(inside.size and np.mean(inside) > 127)
