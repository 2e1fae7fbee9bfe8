"""Filming one shot: any of its frames on request, from the layers of its scene."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.camera import AT_REST, Pose
from talkies.engines.animatic.life import Life
from talkies.engines.animatic.projection import STEP, Grid, Lens, enlarge_grid, project, sample
from talkies.engines.animatic.scene import Scene
from talkies.engines.animatic.textures import Band, Texture, band_index, make_band
from talkies.media import Frame

_MIRRORED_SUBJECT = 0.02  # picture widths of a cut-off subject that may be seen mirrored
_BOX_MARGIN = 12  # prepared pixels around what a band's frames show


class ShotFilm:
    """The frames of one shot. Frames may be asked for in any order; in order is fastest."""

    def __init__(
        self, scene: Scene, poses: Sequence[Pose], focus: tuple[float, float], life: Life | None
    ) -> None:
        self._scene = scene
        self._poses = poses
        self._life = life
        self._lens = Lens(scene.width, scene.height, focus)
        self._nodes = self._lens.nodes()
        self._least = min(pose.enlargement for pose in poses)
        self._band: tuple[int, Band] | None = None

    def __len__(self) -> int:
        return len(self._poses)

    def frame(self, index: int) -> Frame:
        """Render one frame, `(height, width, 3)` uint8 RGB; at rest it is the prepared picture itself."""
        pose = self._poses[index]
        moved = self._life.displacement(index) if self._life is not None else None
        if pose == AT_REST and (moved is None or not moved.any()):
            return self._scene.prepared.copy()
        band = self._band_for(pose)
        detail = band.detail(pose.enlargement)
        background = self._background(pose, band.background, detail)
        if band.subject is None or self._scene.depth.subject is None:
            return background
        points = project(self._nodes, pose, self._scene.depth.subject, self._lens)
        if moved is not None:
            points = points - self._lens.look_up(moved, points)
        self._lay_over(background, band.subject, detail, points)
        return background

    def _background(self, pose: Pose, texture: Texture, detail: float) -> Frame:
        if pose == AT_REST:
            return self._scene.plate.copy()
        points = project(self._nodes, pose, self._scene.depth.background, self._lens)
        grid = enlarge_grid(self._to_texture(texture, points), self._scene.width, self._scene.height)
        return sample(texture.at(detail), grid, cv2.BORDER_REFLECT_101)

    def _lay_over(self, background: Frame, texture: Texture, detail: float, points: Grid) -> None:
        """Composite the subject onto the background in place, only where it can be."""
        grid = self._to_texture(texture, points)
        region = _reach(grid, texture, self._scene.width, self._scene.height)
        if region is None:
            return
        left, top, right, bottom = region
        nodes = grid[top // STEP : -(-bottom // STEP) + 2, left // STEP : -(-right // STEP) + 2]
        full = enlarge_grid(np.ascontiguousarray(nodes), right - left, bottom - top)
        subject = sample(texture.at(detail), full, cv2.BORDER_REPLICATE)
        rest = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(subject, 3)), cv2.COLOR_GRAY2RGB)
        part = background[top:bottom, left:right]
        behind = cv2.multiply(part, rest, scale=1 / 255)
        part[:] = cv2.add(cv2.cvtColor(subject, cv2.COLOR_RGBA2RGB), behind)

    def _to_texture(self, texture: Texture, points: Grid) -> Grid:
        corner = np.array(texture.box[:2], np.float32)
        return (self._lens.to_pixels(points) - corner) * np.float32(texture.density)

    def _band_for(self, pose: Pose) -> Band:
        """Get the textures for a pose, made when the shot first needs them; only one band is kept."""
        index = band_index(pose.enlargement, self._least)
        if self._band is None or self._band[0] != index:
            self._band = None  # frees the old textures before the new ones are made
            self._band = index, self._make_band(index)
        return self._band[1]

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
        low = np.floor(seen.min(axis=0)) - _BOX_MARGIN
        high = np.ceil(seen.max(axis=0)) + _BOX_MARGIN
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
