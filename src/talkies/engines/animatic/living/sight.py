"""What one frame of a shot sees, for things that are drawn over it: where the air lies before what.

Free points of the air have coordinates of their own, in units of the square root of the picture's area
from its centre, so that rain looks alike in a tall and in a wide picture. Their inverse depth is that of
`depth`: 1 at the subject, more in front of it, 0 at infinity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.optics.camera import AT_REST, Pose
from talkies.engines.animatic.optics.projection import STEP, Grid, Lens, project, sample
from talkies.engines.animatic.vision.scene import Scene
from talkies.media import Frame
from talkies.spec import FRAME_RATE

Field = NDArray[np.float32]
"""Numbers over the picture, `(rows, columns)` float32."""

HALF = 2  # frame pixels per pixel of a canvas
SHUTTER_S = 0.5 / FRAME_RATE  # 180 degrees
_MARGIN = 0.4  # units beyond the picture in which points live on before they come back on the other side
_NEAREST = 0.6  # of the way to a point that the camera may come; it passes by what is nearer
_SUBJECT_SOFTNESS = 2.0  # canvas pixels: a breathing subject is never quite where its matte says
_FACE_REACH = 0.75  # sizes of a face around its centre that are kept clear


@dataclass(frozen=True)
class Stage:
    """A scene as the air in it needs it, made once for a shot; `focus` is what its camera goes towards."""

    scene: Scene
    focus: tuple[float, float]

    @cached_property
    def lens(self) -> Lens:
        """The output's picture."""
        return Lens(self.scene.width, self.scene.height, self.focus)

    @cached_property
    def nodes(self) -> Grid:
        """The grid of the output's points, in picture widths."""
        return self.lens.nodes()

    @cached_property
    def unit(self) -> float:
        """Frame pixels per unit of a free point's place."""
        return math.sqrt(self.scene.width * self.scene.height)

    @cached_property
    def period(self) -> NDArray[np.float32]:
        """Width and height, in units, of the room in which free points live; it repeats on all sides."""
        return np.array([self.scene.width, self.scene.height], np.float32) / np.float32(self.unit) + _MARGIN

    @cached_property
    def canvas_size(self) -> tuple[int, int]:
        """`(width, height)` of a canvas: half the frame's."""
        return -(-self.scene.width // HALF), -(-self.scene.height // HALF)

    @cached_property
    def subject(self) -> Field | None:
        """The subject's matte at half size, 0..1, a little soft; None without one."""
        if self.scene.matte is None:
            return None
        small = cv2.resize(self.scene.matte.alpha, self.canvas_size, interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small.astype(np.float32) / 255, (0, 0), _SUBJECT_SOFTNESS)
        return np.asarray(soft, np.float32)

    @cached_property
    def light(self) -> NDArray[np.float32]:
        """The air's own light, `(3,)`, 0..255: between the picture's mean and its bright parts."""
        small = cv2.resize(self.scene.prepared, (64, 64), interpolation=cv2.INTER_AREA).reshape(-1, 3)
        colours = small.astype(np.float32)
        luma = colours @ np.array([0.299, 0.587, 0.114], np.float32)
        bright = colours[luma >= np.quantile(luma, 0.92)].mean(axis=0)
        grey = np.full(3, bright.mean(), np.float32)
        return np.asarray(0.15 * colours.mean(axis=0) + 0.45 * bright + 0.4 * grey, np.float32)

    def lit_air(self, local: float) -> Frame:
        """What drops and flakes before each part of the picture look like, `(height, width, 3)` uint8.

        They mirror and refract mostly the light from all around, and by the share `local` what lies about
        the place itself. Source: Garg and Nayar, "Vision and Rain", 2007.
        """
        small = cv2.resize(self.scene.prepared, (48, 48), interpolation=cv2.INTER_AREA)
        around = cv2.GaussianBlur(small.astype(np.float32), (0, 0), 4.0)
        mixed = np.clip(local * around + (1 - local) * self.light, 0, 255)
        large = cv2.resize(mixed, (self.scene.width, self.scene.height), interpolation=cv2.INTER_LINEAR)
        return np.rint(large).astype(np.uint8)

    def filled(self, colour: NDArray[np.floating]) -> Frame:
        """Make a picture of one colour, `(3,)` 0..255."""
        frame = np.empty((self.scene.height, self.scene.width, 3), np.uint8)
        frame[:] = np.rint(np.clip(colour, 0, 255)).astype(np.uint8)
        return frame


@dataclass(frozen=True)
class Sight:
    """One frame: `time_s` from the clip's start; `presence`, 0..1, is how much of the air is there yet.

    `veiled` is the same for what comes slowly: fog, smoke and gloom.
    """

    stage: Stage
    pose: Pose
    time_s: float
    presence: float
    veiled: float = 1.0

    @cached_property
    def background(self) -> Grid:
        """What each node of the output sees of the background, in picture widths."""
        scene = self.stage.scene
        return project(self.stage.nodes, self.pose, scene.depth.background, self.stage.lens)

    @cached_property
    def subject(self) -> Field | None:
        """The subject in this frame, a canvas 0..1; None without one."""
        depth = self.stage.scene.depth.subject
        if self.stage.subject is None or depth is None or self.pose == AT_REST:
            return self.stage.subject
        points = project(self.stage.nodes, self.pose, depth, self.stage.lens)
        places = self.stage.lens.to_pixels(points) / np.float32(HALF) - np.float32(0.25)
        return sample(self.stage.subject, self._on_canvas(places), cv2.BORDER_REPLICATE)

    def look_at(self, field: Field) -> Field:
        """Read a field that is stretched over the background, at the nodes of the output."""
        return self.stage.lens.look_up(field, self.background)

    def canvas(self, nodes: Field) -> Field:
        """Spread numbers at the nodes smoothly over a canvas."""
        return np.ascontiguousarray(self._on_canvas(nodes))

    def _on_canvas(self, nodes: NDArray[np.float32]) -> NDArray[np.float32]:
        step = STEP // HALF
        width, height = self.stage.canvas_size
        full = cv2.resize(nodes, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
        return np.asarray(full[step : step + height, step : step + width], np.float32)

    def place(self, points: Field, near: Field) -> tuple[Field, Field]:
        """Give where free points are seen, `(points, 2)` in canvas pixels, and how much enlarged each is.

        A point that leaves the room comes back on its other side. Enlarging the view enlarges drops and
        flakes by its root only: half is taken for a camera that stands nearer.
        """
        stage, pose = self.stage, self.pose
        widths = np.float32(stage.scene.width / stage.unit)
        axis = np.array([pose.x, pose.y], np.float32) + np.array([pose.shift_x, pose.shift_y]) * near[:, None]
        away = points - axis.astype(np.float32) * widths
        away = away - stage.period * np.round(away / stage.period)
        scale = math.sqrt(pose.zoom) / (1 - np.minimum(pose.advance * near, _NEAREST))
        cosine, sine = math.cos(pose.roll), math.sin(pose.roll)
        turn = np.array([[cosine, -sine], [sine, cosine]], np.float32)
        seen = (away @ turn) * scale[:, None] * np.float32(stage.unit / HALF)
        middle = np.array(stage.canvas_size, np.float32) / 2 - np.float32(0.5)
        return np.asarray(seen + middle, np.float32), np.asarray(scale, np.float32)

    def show(self, points: Grid, near: Field) -> Field:
        """Give where points of the picture, `(points, 2)` in picture widths, are seen, in canvas pixels."""
        pose, centre = self.pose, np.array(self.stage.focus, np.float32)
        shift = np.array([pose.shift_x, pose.shift_y], np.float32)
        away = points - centre - shift * near[:, None]
        plane = centre + away / np.maximum(1 - pose.advance * near, 0.1)[:, None]
        cosine, sine = math.cos(pose.roll), math.sin(pose.roll)
        turn = np.array([[cosine, -sine], [sine, cosine]], np.float32) * np.float32(pose.zoom)
        flat = (plane - np.array([pose.x, pose.y], np.float32)) @ turn
        seen = flat / (1 - flat @ np.array([pose.yaw, pose.pitch], np.float32))[:, None]
        pixels = self.stage.lens.to_pixels(seen.astype(np.float32))
        return np.asarray((pixels + np.float32(0.5)) / HALF - np.float32(0.5), np.float32)

    def clearance(self, places: Field) -> Field:
        """Tell how far places on the canvas lie from the middle of a face: 0 in it, 1 well away."""
        clear = np.ones(len(places), np.float32)
        scene = self.stage.scene
        half = np.array([scene.width / 2, scene.height / 2])
        for face in scene.faces:
            offset = (np.array(face.centre) - half) / scene.width
            centre = self.show(offset[None].astype(np.float32), np.ones(1, np.float32))
            radius = _FACE_REACH * face.size * self.pose.enlargement / HALF
            away = ((places - centre) ** 2).sum(axis=1) / np.float32(radius**2)
            clear = np.minimum(clear, 1 - np.exp(-away))
        return clear


def open_sky(scene: Scene, size: tuple[int, int], least: float) -> Field | None:
    """Tell how much open sky is at each place, 0..1, stretched over the picture.

    Args:
        scene: None where its sky is less sure than `least`.
        size: columns and rows of the answer.
        least: confidence.
    """
    sky = scene.look.sky
    if sky is None or sky.confidence < least:
        return None
    land = scene.land
    if land is None:
        return np.asarray(cv2.resize(sky.cover, size, interpolation=cv2.INTER_LINEAR), np.float32)
    small = cv2.resize(land, size, interpolation=cv2.INTER_AREA)
    return np.asarray(1 - small.astype(np.float32) / np.float32(255), np.float32)
