"""Faces: where they are, and a mesh of 468 points on each.

Sources: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019 (the
short-range net and its anchors); Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video
on Mobile GPUs", 2019 (the mesh).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.nets import load_net
from talkies.media import Frame

MESH_POINTS = 468

_DETECTOR_SIDE = 128  # pixels
_MESH_SIDE = 192  # pixels
_MIN_SCORE = 0.55  # of the detector; what a tile finds is confirmed by the mesh net as well
_MIN_MESH_SCORE = 0.8
_OVERLAP = 0.3  # intersection over union above which two finds are one face
_MESH_MARGIN = 1.5  # side of the mesh net's square over that of the face box
_TILE_STEP = 0.6  # of a tile's side; a face that fits in no tile is found in the twice as large ones
_MAX_FACES = 8
_RIGHT_EYE, _LEFT_EYE = 33, 263  # points of the mesh: the outer corners; right is the face's own
_RIGHT_EYE, _LEFT_EYE = 33, 263  # outer corners in the mesh


@dataclass(frozen=True)
class Face:
    """One face, in pixels of the picture it was found in.

    `box` is `(x, y, width, height)`, from brow to chin. `score` is the detector's confidence, 0 to 1.
    `mesh` is `(468, 3)` float32: x, y, and z in the same unit, smaller nearer to the camera, about 0 at the
    head's centre.
    """

    box: tuple[float, float, float, float]
    score: float
    mesh: NDArray[np.float32]

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box."""
        x, y, width, height = self.box
        return x + width / 2, y + height / 2

    @property
    def size(self) -> float:
        """Side of the square as large as the box, in pixels."""
        return math.sqrt(self.box[2] * self.box[3])


@dataclass(frozen=True)
class _Find:
    """A detection: its box, its score and the eyes' angle in radians."""

    box: tuple[float, float, float, float]
    score: float
    angle: float


def find_faces(frame: Frame) -> tuple[Face, ...]:
    """Find the faces of a picture, the largest first.

    The detector sees about a tenth of its square's side at the least, so the picture is searched as a whole
    and in overlapping tiles, in smaller ones only when that finds nothing. Profiles are often missed.
    """
    shorter, longer = min(frame.shape[:2]), max(frame.shape[:2])
    finds = [find for side in (longer, shorter, shorter / 2) for find in _detect(frame, side)]
    if not finds:
        finds = _detect(frame, shorter / 4)
    faces = [face for find in _without_repeats(finds) if (face := _with_mesh(frame, find)) is not None]
    return tuple(sorted(faces, key=lambda face: -face.size))


def follow_face(frame: Frame, before: Face) -> Face | None:
    """Find a face again that has moved little since the frame before: the mesh alone, without a search.

    None when it is lost.
    """
    across, down = (before.mesh[_LEFT_EYE] - before.mesh[_RIGHT_EYE])[:2]
    return _with_mesh(frame, _Find(before.box, before.score, math.atan2(down, across)))


def _detect(frame: Frame, side: float) -> list[_Find]:
    """Run the detector on squares of this side, in pixels, that cover the picture and overlap."""
    scale = _DETECTOR_SIDE / side
    reduced = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    below, beside = (max(0, _DETECTOR_SIDE - length) for length in reduced.shape[:2])
    small = np.asarray(cv2.copyMakeBorder(reduced, 0, below, 0, beside, cv2.BORDER_CONSTANT), np.uint8)
    return [
        find
        for y in _starts(small.shape[0])
        for x in _starts(small.shape[1])
        for find in _run_detector(small[y : y + _DETECTOR_SIDE, x : x + _DETECTOR_SIDE], (x, y), scale)
    ]


def _starts(length: int) -> list[int]:
    """Place overlapping tiles along a side."""
    room = length - _DETECTOR_SIDE
    count = math.ceil(room / (_DETECTOR_SIDE * _TILE_STEP)) + 1
    return [round(room * index / max(count - 1, 1)) for index in range(count)]


def _run_detector(tile: Frame, corner: tuple[int, int], scale: float) -> list[_Find]:
    """Detect in one tile of a picture that has been reduced by `scale`."""
    net = load_net("face_detection_short_range")
    net.setInput(cv2.dnn.blobFromImage(tile, 1 / 127.5, mean=(127.5,) * 3))
    logits, regressors = net.forward(("classificators", "regressors"))
    scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
    finds = []
    for anchor in np.flatnonzero(scores > _MIN_SCORE):
        # Centre, size, then six points, of which the eyes come first; all but the size from the anchor.
        offset, size, right_eye, left_eye = regressors[0, anchor].reshape(8, 2)[:4]
        centre = offset + _anchors()[anchor] * _DETECTOR_SIDE + corner
        across, down = left_eye - right_eye
        x, y = (centre - size / 2) / scale
        box = (float(x), float(y), float(size[0] / scale), float(size[1] / scale))
        finds.append(_Find(box, float(scores[anchor]), math.atan2(down, across)))
    return finds


@cache
def _anchors() -> NDArray[np.float32]:
    """Give the centres, 0 to 1, of the 896 anchors: 2 a cell on a 16 x 16 grid, then 6 a cell on 8 x 8."""
    grids = []
    for cells, repeats in ((16, 2), (8, 6)):
        y, x = np.mgrid[0:cells, 0:cells]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) / cells
        grids.append(np.repeat(centres, repeats, axis=0))
    return np.concatenate(grids).astype(np.float32)


def _without_repeats(finds: list[_Find]) -> list[_Find]:
    """Keep the best of the finds that overlap."""
    if not finds:
        return []
    kept = cv2.dnn.NMSBoxes(
        [find.box for find in finds], [find.score for find in finds], _MIN_SCORE, _OVERLAP, top_k=_MAX_FACES
    )
    return [finds[index] for index in np.ravel(kept)]


def _with_mesh(frame: Frame, find: _Find) -> Face | None:
    """Lay the mesh on a find; None when the mesh net sees no face there.

    The net is run twice: the first mesh tells where the face really lies and how it is tilted.
    """
    mesh = _lay_mesh(frame, find)
    if mesh is not None:
        mesh = _lay_mesh(frame, _bounds(mesh, find.score))
    if mesh is None:
        return None
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    box = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    return Face(box, find.score, mesh)


def _bounds(mesh: NDArray[np.float32], score: float) -> _Find:
    """Bound a mesh in the upright frame of its face, as the detector would have."""
    across, down = (float(value) for value in mesh[_LEFT_EYE, :2] - mesh[_RIGHT_EYE, :2])
    angle = math.atan2(down, across)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    upright = mesh[:, :2] @ turn
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = turn @ ((low + high) / 2)
    width, height = (float(side) for side in high - low)
    return _Find((float(x) - width / 2, float(y) - height / 2, width, height), score, angle)


def _lay_mesh(frame: Frame, find: _Find) -> NDArray[np.float32] | None:
    """Run the mesh net on a find."""
    x, y, width, height = find.box
    centre, side = (x + width / 2, y + height / 2), _MESH_MARGIN * max(width, height)
    net = load_net("face_landmark")
    patch = _patch(frame, centre, side, find.angle, _MESH_SIDE)
    net.setInput(cv2.dnn.blobFromImage(patch, 1 / 255))
    logit, points = net.forward(("conv2d_31", "conv2d_21"))
    if 1 / (1 + math.exp(-float(logit.flat[0]))) < _MIN_MESH_SCORE:
        return None
    mesh = (points.reshape(MESH_POINTS, 3) - (_MESH_SIDE / 2, _MESH_SIDE / 2, 0)) * (side / _MESH_SIDE)
    cosine, sine = math.cos(find.angle), math.sin(find.angle)
    turned = mesh[:, :2] @ np.array([[cosine, sine], [-sine, cosine]]) + centre
    return np.column_stack([turned, mesh[:, 2]]).astype(np.float32)


def _patch(frame: Frame, centre: tuple[float, float], side: float, angle: float, size: int) -> Frame:
    """Cut a turned square out of the picture and bring it to `size` pixels a side; black outside."""
    scale = size / side
    if scale < 0.5:
        # The affine warp samples single pixels: reduce by areas first, else fine texture aliases.
        frame = np.asarray(
            cv2.resize(frame, None, fx=2 * scale, fy=2 * scale, interpolation=cv2.INTER_AREA), np.uint8
        )
        centre, scale = (centre[0] * 2 * scale, centre[1] * 2 * scale), 0.5
    matrix = cv2.getRotationMatrix2D(centre, math.degrees(angle), scale)
    matrix[0, 2] += size / 2 - centre[0]
    matrix[1, 2] += size / 2 - centre[1]
    patch: Frame = np.asarray(cv2.warpAffine(frame, matrix, (size, size)), np.uint8)
    return patch
