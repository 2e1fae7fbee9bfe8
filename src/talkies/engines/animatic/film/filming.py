"""Filming one shot: any of its frames on request, from the layers of its scene."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import starmap
from threading import Lock
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.company import Company, Drawing
from talkies.engines.animatic.living.flowing import Displacement, Flow
from talkies.engines.animatic.optics.camera import AT_REST, Pose
from talkies.engines.animatic.optics.cover import Cover, Showing, Span, Strip, visible_strips, whole_strip
from talkies.engines.animatic.optics.depth_of_field import Aperture, blur, soften
from talkies.engines.animatic.optics.projection import STEP, Grid, Lens, enlarge_grid, placed, project, sample
from talkies.engines.animatic.optics.shutter import expose, open_shutter
from talkies.engines.animatic.optics.textures import Band, Pixels, Texture, band_index, make_band
from talkies.engines.animatic.vision.scene import LayerKind, Scene
from talkies.media import Frame

_MIRRORED_SUBJECT = 0.02  # picture widths of a cut-off subject that may be seen mirrored
_TOUCHED = 0.05  # of a side that a subject covers: it is cut off there
_SUBJECT_DEPTH = 1.0  # inverse, at which its sharpness is told
_WIDE_DISC = 3.5  # texture pixels of radius, from which half as many show as much
_BOX_MARGIN = 12  # prepared pixels around what a band's frames show


class Overlay(Protocol):
    """Something between the scene and the lens: weather, a change of light."""

    def draw(self, frame: Frame, index: int, pose: Pose) -> None:
        """Draw over a finished frame, in place."""
        ...


@dataclass(frozen=True)
class _Layer:
    """A layer as one band of the shot shows it: its pixels, its depth, what it is, and the faces in it."""

    kind: LayerKind
    texture: Texture
    depth: NDArray[np.float32]
    faces: Drawing

    @cached_property
    def cover(self) -> Cover:
        """Where it is opaque and where empty."""
        return Cover(np.ascontiguousarray(self.texture.coarse[..., 3]))


@dataclass(frozen=True)
class _View:
    """What a frame shows of a layer: the mean, by their shares, of what some grids read of its texture."""

    layer: _Layer
    grids: tuple[Grid, ...]
    shares: tuple[float, ...]

    def showing(self) -> Showing:
        """Tell where in the output the layer hides all behind it, and where it is empty."""
        return self.layer.cover.showing(self.grids)

    def read(self, pixels: Pixels, strip: Strip, span: Span, into: Pixels | None = None) -> Pixels:
        """Read some columns of a strip from the texture's `pixels`, in which its faces are drawn."""
        seen = self._read(self.grids[0], pixels, strip, span, into)
        for grid, share in zip(self.grids[1:], self.shares[1:], strict=True):
            other = self._read(grid, pixels, strip, span)
            seen = np.asarray(cv2.addWeighted(seen, 1 - share, other, share, 0, dst=into), np.uint8)
        return seen

    def _read(
        self, grid: Grid, pixels: Pixels, strip: Strip, span: Span, into: Pixels | None = None
    ) -> Pixels:
        left, right = span
        nodes = grid[strip.top // STEP : -(-strip.bottom // STEP) + 2, left // STEP : -(-right // STEP) + 2]
        places = enlarge_grid(nodes, right - left, strip.bottom - strip.top)
        # Beyond a picture it goes on, mirrored; beyond a layer cut out of one there is nothing.
        border = cv2.BORDER_REFLECT_101 if pixels.shape[2] == 3 else cv2.BORDER_REPLICATE
        return sample(pixels, places, border, into)


class ShotFilm:
    """The frames of one shot. They may be asked for in any order and by several threads; in order is fastest.

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
        self._band: tuple[int, Band, tuple[_Layer, ...]] | None = None
        self._defocused: tuple[_Layer, Aperture, _Layer] | None = None
        self._making = Lock()  # of textures, for all threads that need them

    def __len__(self) -> int:
        return len(self._poses)

    def prepare(self) -> None:
        """Make the textures of the first frames now."""
        self._band_for(self._poses[0])

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
        band, layers = self._band_for(self._poses[index])
        detail = band.detail(pose.enlargement)
        *before, background = layers
        views = [self._view(layer, pose, index) for layer in before]
        radius = self._apertures[index].radius(_SUBJECT_DEPTH, self._scene.width) if before else 0.0
        size = self._scene.width, self._scene.height
        if radius == 0:
            *strips, behind = visible_strips([view.showing() for view in views], *size)
        else:  # what is blurred reaches beyond where it is
            strips, (behind,) = [whole_strip(*size)] * len(views), visible_strips([], *size)
        frame = self._show_background(background, pose, detail, index, behind)
        for view, places in zip(reversed(views), reversed(strips), strict=True):
            with self._pixels(view.layer, detail, index) as pixels:
                for strip in places:
                    for span in strip.seen:
                        _lay_over(frame, blur(view.read(pixels, strip, span), radius), strip, span)
        return frame

    def _is_photo(self, index: int) -> bool:
        """Tell whether nothing is moved and nothing out of focus in a frame."""
        rests = self._company is None or self._company.rests(index)
        return rests and self._apertures[index].width == 0 and not self._flows(index)

    def _flows(self, index: int) -> bool:
        return self._flow is not None and not self._flow.rests(index)

    def _show_background(
        self, layer: _Layer, pose: Pose, detail: float, index: int, strips: Sequence[Strip]
    ) -> Frame:
        """Show the farthest layer where it is seen, as sharp as the lens has it."""
        aperture = self._apertures[index]
        if aperture.width == 0:
            if pose == AT_REST and not self._moves(layer, index):
                return self._scene.plate.copy()
            return self._read(self._view(layer, pose, index), detail, index, strips)
        if self._lens_rests(index) and not layer.faces:
            return self._read(self._view(self._defocus(layer, aperture), pose, index), detail, index, strips)
        (everywhere,) = visible_strips([], self._scene.width, self._scene.height)
        frame = self._read(self._view(layer, pose, index), detail, index, everywhere)
        points = project(self._nodes, pose, layer.depth, self._lens)[1:-1, 1:-1]
        near = self._lens.look_up(layer.depth, points)
        return soften(frame, aperture.radii(near, self._scene.width * pose.enlargement / self._least))

    def _moves(self, layer: _Layer, index: int) -> bool:
        """Tell whether something in a layer may differ from the photo in a frame."""
        is_acted = self._company is not None and self._company.is_behind
        return bool(layer.faces) or is_acted or self._flows(index)

    def _read(self, view: _View, detail: float, index: int, strips: Sequence[Strip]) -> Frame:
        """Read an opaque layer where it is seen; elsewhere the frame is undefined."""
        frame = np.empty((self._scene.height, self._scene.width, 3), np.uint8)
        with self._pixels(view.layer, detail, index) as pixels:
            for strip in strips:
                for left, right in strip.seen:
                    view.read(pixels, strip, (left, right), frame[strip.top : strip.bottom, left:right])
        return frame

    def _lens_rests(self, index: int) -> bool:
        """Tell whether the lens is set alike in the frame before or after."""
        neighbours = self._apertures[max(index - 1, 0) : index] + self._apertures[index + 1 : index + 2]
        return self._apertures[index] in neighbours

    def _defocus(self, layer: _Layer, aperture: Aperture) -> _Layer:
        """Give a layer as a lens that rests shows it: its texture is softened once, not frame by frame.

        Discs grow with the enlargement, like all that the picture shows. Where all are wide, fewer pixels
        show as much and are read in less time.
        """
        with self._making:
            kept = self._defocused
            if kept is None or kept[0] is not layer or kept[1] != aperture:
                texture = layer.texture
                near = self._lens.look_up(layer.depth, self._lens.places(texture.box))
                radii = aperture.radii(near, self._scene.width * texture.density / self._least)
                softer = texture.changed(partial(soften, radii=radii))
                if radii.min() >= _WIDE_DISC:
                    softer = softer.halved()
                self._defocused = kept = layer, aperture, replace(layer, texture=softer)
            return kept[2]

    def _view(self, layer: _Layer, pose: Pose, index: int) -> _View:
        """View a layer as everything in it has moved: people, water and leaves, or clouds."""
        points = project(self._nodes, pose, layer.depth, self._lens)
        company = self._company
        if company is not None and layer.kind == ("ground" if company.is_behind else "subject"):
            moved = company.displacement(index)
            points = points if moved is None else points - self._lens.look_up(moved, points)
        ways: tuple[tuple[Displacement, float], ...] = ()
        if self._flow is not None and layer.kind != "subject":
            ways = self._flow.drift(index) if layer.kind == "sky" else self._flow.samples(index)
        if not ways:
            return _View(layer, (self._to_texture(layer.texture, points),), (1.0,))
        places = [points - self._lens.look_up(way, points) for way, _ in ways]
        grids = tuple(self._to_texture(layer.texture, place) for place in places)
        return _View(layer, grids, tuple(share for _, share in ways))

    def _pixels(self, layer: _Layer, detail: float, index: int) -> AbstractContextManager[Pixels]:
        """Give a layer's pixels with its faces as this frame shows them."""
        company = self._company
        if company is None:
            return nullcontext(layer.texture.at(detail))
        return layer.faces.made(
            lambda: layer.texture.at(detail), lambda number: company.expression(number, index)
        )

    def _to_texture(self, texture: Texture, points: Grid) -> Grid:
        """Turn picture widths into a texture's pixels."""
        sides = (self._lens.width, self._lens.height)
        left, top = (
            ((side - 1) / 2 - corner) * texture.density
            for side, corner in zip(sides, texture.box[:2], strict=True)
        )
        return placed(points, self._lens.width * texture.density, (left, top))

    def _band_for(self, pose: Pose) -> tuple[Band, tuple[_Layer, ...]]:
        """Get the layers for a pose, nearest first, made when the shot first needs them.

        Only one band is kept.
        """
        index = band_index(pose.enlargement, self._least)
        with self._making:
            if self._band is None or self._band[0] != index:
                self._band = self._defocused = None  # frees the old textures before the new ones are made
                band, scene = self._make_band(index), self._scene
                layers = zip(scene.kinds, (*band.before, band.background), scene.depth.layers, strict=True)
                self._band = index, band, tuple(starmap(self._layer, (one for one in layers if one[1])))
            return self._band[1:]

    def _layer(self, kind: LayerKind, texture: Texture, depth: NDArray[np.float32]) -> _Layer:
        faces = Drawing(())
        if self._company is not None and kind != "sky":
            faces = self._company.drawing(texture, subject=kind == "subject")
        return _Layer(kind, texture, depth, faces)

    def _make_band(self, index: int) -> Band:
        members = [pose for pose in self._poses if band_index(pose.enlargement, self._least) == index]
        base = max(1.0, min(pose.enlargement for pose in members))
        largest = max(pose.enlargement for pose in members)
        return make_band(self._scene, base, self._box(members), fine=largest > 1.03 * base)

    def _box(self, poses: Sequence[Pose]) -> tuple[int, int, int, int]:
        """Bound what some poses show of any layer, in whole prepared pixels inside the picture."""
        rim = self._lens.rim()
        seen = np.concatenate(
            [
                self._lens.to_pixels(project(rim, pose, depth, self._lens))[0]
                for pose in poses
                for depth in self._scene.depth.layers
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


def _lay_over(frame: Frame, layer: Pixels, strip: Strip, span: Span) -> None:
    """Lay what a premultiplied layer shows in a span of a strip over the frame, in place."""
    rows, start = slice(strip.top, strip.bottom), span[0]
    behind = [(left, right) for left, right in strip.shared if span[0] <= left < span[1]]
    seen = []
    for left, right in behind:
        alpha = cv2.extractChannel(layer[:, left - start : right - start], 3)
        rest = cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2RGB)
        seen.append(cv2.multiply(frame[rows, left:right], rest, scale=1 / 255))
    cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB, dst=frame[rows, start : span[1]])
    for (left, right), through in zip(behind, seen, strict=True):
        part = frame[rows, left:right]
        cv2.add(part, through, dst=part)


class Overflow:
    """Tells how far beyond a picture a pose looks, in picture widths; negative is inside.

    The background must fill the whole frame. The subject should not show where the photo cuts it off: it
    counts on the sides that it touches, but a little of it may be mirrored there.
    """

    def __init__(self, scene: Scene, focus: tuple[float, float]) -> None:
        self._depth = scene.depth
        self._lens = Lens(scene.width, scene.height, focus)
        self._half = np.array([0.5, 0.5 * scene.height / scene.width], np.float32)
        self._touched: tuple[bool, ...] = ()
        if scene.matte is not None:
            alpha = scene.matte.alpha
            rims = alpha[:, 0], alpha[0], alpha[:, -1], alpha[-1]
            self._touched = tuple(bool((rim > 127).mean() > _TOUCHED) for rim in rims)

    def __call__(self, pose: Pose) -> float:
        """Measure one pose."""
        rim = self._lens.rim()
        seen = project(rim, pose, self._depth.background, self._lens)[0]
        worst = float((np.abs(seen) - self._half).max())
        if self._depth.subject is None or not any(self._touched):
            return worst
        seen = project(rim, pose, self._depth.subject, self._lens)[0]
        beyond = *(-self._half - seen.min(axis=0)), *(seen.max(axis=0) - self._half)
        sides = (float(side) for side, touched in zip(beyond, self._touched, strict=True) if touched)
        return max(worst, max(sides) - _MIRRORED_SUBJECT)
