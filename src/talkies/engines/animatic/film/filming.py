"""Filming one shot: any of its frames on request, from the layers of its scene."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.company import Company, FaceRig
from talkies.engines.animatic.living.flowing import Flow
from talkies.engines.animatic.optics.camera import AT_REST, Pose
from talkies.engines.animatic.optics.depth_of_field import Aperture, blur, soften
from talkies.engines.animatic.optics.projection import STEP, Grid, Lens, enlarge_grid, project, sample
from talkies.engines.animatic.optics.shutter import expose, open_shutter
from talkies.engines.animatic.optics.textures import Band, Pixels, Texture, band_index, make_band
from talkies.engines.animatic.vision.scene import Scene
from talkies.media import Frame

_MIRRORED_SUBJECT = 0.02  # picture widths of a cut-off subject that may be seen mirrored
_SUBJECT_DEPTH = 1.0  # inverse, at which its sharpness is told
_BOX_MARGIN = 12  # prepared pixels around what a band's frames show


class Overlay(Protocol):
    """Something between the scene and the lens: weather, a change of light."""

    def draw(self, frame: Frame, index: int, pose: Pose) -> None:
        """Draw over a finished frame, in place."""
        ...


@dataclass(frozen=True)
class _Layer:
    """A layer as one band of the shot shows it: its pixels, its depth and the faces that lie in it."""

    texture: Texture
    depth: NDArray[np.float32]
    faces: tuple[tuple[int, FaceRig], ...]


class ShotFilm:
    """The frames of one shot. Frames may be asked for in any order; in order is fastest.

    Args:
        scene: the picture in layers.
        poses: of the camera, one a frame.
        focus: the point that the camera travels towards, in picture widths from the centre.
        company: who moves in the picture, if anybody.
        flow: what moves in its background, if anything.
        overlays: drawn over each frame, in this order.
        apertures: of the lens, one a pose; without them everything is sharp.
    """

    def __init__(
        self,
        scene: Scene,
        poses: Sequence[Pose],
        focus: tuple[float, float],
        company: Company | None = None,
        flow: Flow | None = None,
        overlays: Sequence[Overlay] = (),
        apertures: Sequence[Aperture] = (),
    ) -> None:
        self._scene = scene
        self._poses = poses
        self._company = company
        self._flow = flow
        self._overlays = tuple(overlays)
        self._apertures = tuple(apertures) or (Aperture(),) * len(poses)
        self._lens = Lens(scene.width, scene.height, focus)
        self._nodes = self._lens.nodes()
        self._least = min(pose.enlargement for pose in poses)
        self._band: tuple[int, Band, _Layer, _Layer | None] | None = None
        self._defocused: tuple[_Layer, Aperture, _Layer] | None = None

    def __len__(self) -> int:
        return len(self._poses)

    def frame(self, index: int) -> Frame:
        """Render one frame, `(height, width, 3)` uint8 RGB; at rest it is the prepared picture itself."""
        views = open_shutter(self._poses, index, self._lens)
        frame = expose([self._show_scene(index, pose) for pose in views])
        for overlay in self._overlays:
            overlay.draw(frame, index, self._poses[index])
        return frame

    def _show_scene(self, index: int, pose: Pose) -> Frame:
        if pose == AT_REST and self._is_photo(index):
            return self._scene.prepared.copy()
        band, background, subject = self._band_for(self._poses[index])
        detail = band.detail(pose.enlargement)
        frame = self._show_behind(background, pose, detail, index)
        if subject is not None:
            points = self._moved(project(self._nodes, pose, subject.depth, self._lens), index)
            self._lay_over(frame, subject, detail, points, index)
        return frame

    def _is_photo(self, index: int) -> bool:
        """Tell whether nothing is moved and nothing out of focus in a frame."""
        rests = self._company is None or self._company.rests(index)
        return rests and self._apertures[index].width == 0 and not self._flows(index)

    def _flows(self, index: int) -> bool:
        return self._flow is not None and not self._flow.rests(index)

    def _show_behind(self, layer: _Layer, pose: Pose, detail: float, index: int) -> Frame:
        """Show the background as sharp as the lens has it."""
        aperture = self._apertures[index]
        if aperture.width == 0:
            lives = layer.faces or (self._company is not None and self._company.is_behind)
            if pose == AT_REST and not self._flows(index) and not lives:
                return self._scene.plate.copy()
            return self._show_background(layer, pose, detail, index)
        if self._lens_rests(index) and not layer.faces:
            return self._show_background(self._defocus(layer, aperture), pose, detail, index)
        frame = self._show_background(layer, pose, detail, index)
        points = project(self._nodes, pose, layer.depth, self._lens)[1:-1, 1:-1]
        near = self._lens.look_up(layer.depth, points)
        return soften(frame, aperture.radii(near, self._scene.width * pose.enlargement / self._least))

    def _lens_rests(self, index: int) -> bool:
        """Tell whether the lens is set alike in the frame before or after."""
        neighbours = self._apertures[max(index - 1, 0) : index] + self._apertures[index + 1 : index + 2]
        return self._apertures[index] in neighbours

    def _defocus(self, layer: _Layer, aperture: Aperture) -> _Layer:
        """Give a layer as a lens that rests shows it: its texture is softened once, not frame by frame.

        Discs grow with the enlargement, like all that the picture shows.
        """
        if self._defocused is None or self._defocused[0] is not layer or self._defocused[1] != aperture:
            texture = layer.texture
            near = self._lens.look_up(layer.depth, self._lens.places(texture.box))
            radii = aperture.radii(near, self._scene.width * texture.density / self._least)
            softer = replace(layer, texture=texture.changed(partial(soften, radii=radii)))
            self._defocused = layer, aperture, softer
        return self._defocused[2]

    def _show_background(self, layer: _Layer, pose: Pose, detail: float, index: int) -> Frame:
        points = project(self._nodes, pose, layer.depth, self._lens)
        if self._company is not None and self._company.is_behind:
            points = self._moved(points, index)
        moved = self._flow.samples(index) if self._flow is not None else ()
        with self._faces_drawn(layer, detail, index) as pixels:
            if not moved:
                return self._read(pixels, layer.texture, points)
            frames = [
                (self._read(pixels, layer.texture, points - self._lens.look_up(way, points)), share)
                for way, share in moved
            ]
        frame, _ = frames[0]
        for other, share in frames[1:]:
            frame = np.asarray(cv2.addWeighted(frame, 1 - share, other, share, 0), np.uint8)
        return frame

    def _moved(self, points: Grid, index: int) -> Grid:
        """Find what the output's points show once everybody has moved."""
        moved = self._company.displacement(index) if self._company is not None else None
        return points if moved is None else points - self._lens.look_up(moved, points)

    def _read(self, pixels: Pixels, texture: Texture, points: Grid) -> Frame:
        grid = enlarge_grid(self._to_texture(texture, points), self._scene.width, self._scene.height)
        return sample(pixels, grid, cv2.BORDER_REFLECT_101)

    def _lay_over(self, background: Frame, layer: _Layer, detail: float, points: Grid, index: int) -> None:
        """Composite the subject onto the background in place, only where it can be."""
        texture = layer.texture
        grid = self._to_texture(texture, points)
        region = _reach(grid, texture, self._scene.width, self._scene.height)
        if region is None:
            return
        radius = self._apertures[index].radius(_SUBJECT_DEPTH, self._scene.width)
        left, top, right, bottom = self._grown(region, radius)
        nodes = grid[top // STEP : -(-bottom // STEP) + 2, left // STEP : -(-right // STEP) + 2]
        full = enlarge_grid(np.ascontiguousarray(nodes), right - left, bottom - top)
        with self._faces_drawn(layer, detail, index) as pixels:
            subject = blur(sample(pixels, full, cv2.BORDER_REPLICATE), radius)
        rest = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(subject, 3)), cv2.COLOR_GRAY2RGB)
        part = background[top:bottom, left:right]
        behind = cv2.multiply(part, rest, scale=1 / 255)
        part[:] = cv2.add(cv2.cvtColor(subject, cv2.COLOR_RGBA2RGB), behind)

    def _grown(self, region: tuple[int, int, int, int], radius: float) -> tuple[int, int, int, int]:
        """Make room around a region for the softness of what it shows, in whole steps of the grid."""
        room = STEP * math.ceil(radius / STEP)
        left, top, right, bottom = region
        width, height = self._scene.width, self._scene.height
        return max(left - room, 0), max(top - room, 0), min(right + room, width), min(bottom + room, height)

    @contextmanager
    def _faces_drawn(self, layer: _Layer, detail: float, index: int) -> Iterator[Pixels]:
        """Give a layer's pixels with its faces as this frame shows them."""
        pixels = layer.texture.at(detail)
        with ExitStack() as stack:
            for number, rig in layer.faces:
                assert self._company is not None
                stack.enter_context(rig.drawn(pixels, self._company.expression(number, index)))
            yield pixels

    def _to_texture(self, texture: Texture, points: Grid) -> Grid:
        corner = np.array(texture.box[:2], np.float32)
        return (self._lens.to_pixels(points) - corner) * np.float32(texture.density)

    def _band_for(self, pose: Pose) -> tuple[Band, _Layer, _Layer | None]:
        """Get the layers for a pose, made when the shot first needs them; only one band is kept."""
        index = band_index(pose.enlargement, self._least)
        if self._band is None or self._band[0] != index:
            self._band = self._defocused = None  # frees the old textures before the new ones are made
            band = self._make_band(index)
            background = self._layer(band.background, self._scene.depth.background, subject=False)
            subject = None
            if band.subject is not None and self._scene.depth.subject is not None:
                subject = self._layer(band.subject, self._scene.depth.subject, subject=True)
            self._band = index, band, background, subject
        return self._band[1:]

    def _layer(self, texture: Texture, depth: NDArray[np.float32], *, subject: bool) -> _Layer:
        faces = () if self._company is None else self._company.rigs(texture, subject=subject)
        return _Layer(texture, depth, faces)

    def _make_band(self, index: int) -> Band:
        members = [pose for pose in self._poses if band_index(pose.enlargement, self._least) == index]
        base = max(1.0, min(pose.enlargement for pose in members))
        largest = max(pose.enlargement for pose in members)
        return make_band(self._scene, base, self._box(members), fine=largest > 1.03 * base)

    def _box(self, poses: Sequence[Pose]) -> tuple[int, int, int, int]:
        """Bound what some poses show of any layer, in whole prepared pixels inside the picture."""
        depths = [
            depth for depth in (self._scene.depth.background, self._scene.depth.subject) if depth is not None
        ]
        rim = self._lens.rim()
        seen = np.concatenate(
            [
                self._lens.to_pixels(project(rim, pose, depth, self._lens))[0]
                for pose in poses
                for depth in depths
            ]
        )
        margin = _BOX_MARGIN
        if self._flow is not None:
            margin += math.ceil(self._flow.reach * self._scene.width)
        low = np.floor(seen.min(axis=0)) - margin
        high = np.ceil(seen.max(axis=0)) + margin
        return (
            int(max(low[0], 0)),
            int(max(low[1], 0)),
            int(min(high[0] + 1, self._scene.width)),
            int(min(high[1] + 1, self._scene.height)),
        )


def _reach(grid: Grid, texture: Texture, width: int, height: int) -> tuple[int, int, int, int] | None:
    """Bound the output pixels that may show a texture, in whole steps of the grid; None when none do.

    Beyond the picture's own edge the sampler repeats the texture, so there the reach has no end.
    """
    low, high = _open_ends(texture, width, height)
    inside = np.all((grid >= low) & (grid <= high), axis=-1)
    if not inside.any():
        return None
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    left, top = max(int(columns[0]) - 2, 0) * STEP, max(int(rows[0]) - 2, 0) * STEP
    right, bottom = min((int(columns[-1]) + 1) * STEP, width), min((int(rows[-1]) + 1) * STEP, height)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _open_ends(texture: Texture, width: int, height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    left, top, right, bottom = texture.box
    rows, columns = texture.coarse.shape[:2]
    low = [-math.inf if edge <= 0 else -1 for edge in (left, top)]
    high = [
        math.inf if edge > side - 0.5 else length
        for edge, side, length in ((right, width, columns), (bottom, height, rows))
    ]
    return np.array(low, np.float32), np.array(high, np.float32)


def measure_overflow(scene: Scene, focus: tuple[float, float], pose: Pose) -> float:
    """Tell how far beyond the picture a pose looks, in picture widths; negative is inside.

    The background must fill the whole frame. The subject should not show where the photo cuts it off: it
    counts on the sides that it touches, but a little of it may be mirrored there.
    """
    lens = Lens(scene.width, scene.height, focus)
    half = np.array([0.5, 0.5 * scene.height / scene.width], np.float32)
    seen = project(lens.rim(), pose, scene.depth.background, lens)[0]
    worst = float((np.abs(seen) - half).max())
    if scene.matte is None or scene.depth.subject is None:
        return worst
    seen = project(lens.rim(), pose, scene.depth.subject, lens)[0]
    alpha = scene.matte.alpha
    for touched, beyond in (
        (alpha[:, 0], -half[0] - seen[:, 0].min()),
        (alpha[:, -1], seen[:, 0].max() - half[0]),
        (alpha[0], -half[1] - seen[:, 1].min()),
        (alpha[-1], seen[:, 1].max() - half[1]),
    ):
        if (touched > 127).mean() > 0.05:
            worst = max(worst, float(beyond) - _MIRRORED_SUBJECT)
    return worst
