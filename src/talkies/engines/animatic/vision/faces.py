"""Faces: where they are, and a mesh of 468 points on each.

Sources: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019 (the
short-range net and its anchors); Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video
on Mobile GPUs", 2019 (the mesh).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.nets import load_net
from talkies.media import Frame

MESH_POINTS = 468

_DETECTOR_SIDE = 128  # pixels that the detector was trained on; it is convolutional and takes any size
_DETECTOR_STEP = 16  # pixels of which both sides are multiples
_MESH_SIDE = 192  # pixels
_MIN_SCORE = 0.55  # of the detector; what it finds is confirmed by the mesh net as well
_MIN_MESH_SCORE = 0.8
_SURE_SCORE = 0.85  # of the detector: no thing and no animal has been seen to have it
_MOST_UNLIKE = 0.075  # of the face, times the score: the most that a weaker find may change in a mirror
_OVERLAP = 0.3  # intersection over union above which two finds are one face
_MESH_MARGIN = 1.5  # side of the mesh net's square over that of the face box
_LARGE = 0.2  # of the picture's shorter side: beside so large a face no small ones are looked for
_MAX_FACES, _MAX_FINDS = 8, 24
_RIGHT_EYE, _LEFT_EYE = 33, 263  # points of the mesh: the outer corners; right is the face's own
_LANDMARKS = (33, 133, 263, 362, 61, 291, 9, 1, 13, 152)  # corners of eyes and mouth, and the middle line
_MIRRORED_LANDMARKS = (263, 362, 33, 133, 291, 61, 9, 1, 13, 152)


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

    The detector sees a tenth of its square's side to all of it, so the picture is searched at several sizes,
    at the largest only when the others find no large face. Profiles are often missed.
    """
    shorter, longer = min(frame.shape[:2]), max(frame.shape[:2])
    finds = [find for side in (longer, shorter, shorter / 2) for find in _detect(frame, side)]
    faces = _confirmed(frame, finds, ())
    if all(face.size < _LARGE * shorter for face in faces):
        faces = _confirmed(frame, _detect(frame, shorter / 4), faces)
    return tuple(sorted(faces, key=lambda face: -face.size)[:_MAX_FACES])


def follow_face(frame: Frame, before: Face) -> Face | None:
    """Find a face again that has moved little since the frame before: the mesh alone, without a search.

    None when it is lost.
    """
    across, down = (before.mesh[_LEFT_EYE] - before.mesh[_RIGHT_EYE])[:2]
    return _with_mesh(frame, _Find(before.box, before.score, math.atan2(down, across)))


def _detect(frame: Frame, side: float) -> list[_Find]:
    """Run the detector where it sees squares of this side, in pixels: all over the picture at once."""
    scale = _DETECTOR_SIDE / max(side, _DETECTOR_SIDE)
    reduced = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    below, beside = (-length % _DETECTOR_STEP for length in reduced.shape[:2])
    small = cv2.copyMakeBorder(reduced, 0, below, 0, beside, cv2.BORDER_CONSTANT)
    net = load_net("face_detection_short_range")
    net.setInput(cv2.dnn.blobFromImage(small, 1 / 127.5, mean=(127.5,) * 3))
    logits, regressors = net.forward(("classificators", "regressors"))
    scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
    anchors = _anchors(*small.shape[:2])
    finds = []
    for number in np.flatnonzero(scores > _MIN_SCORE):
        # Centre, size, then six points, of which the eyes come first; all but the size from the anchor.
        offset, size, right_eye, left_eye = regressors[0, number].reshape(8, 2)[:4]
        across, down = left_eye - right_eye
        x, y = (offset + anchors[number] - size / 2) / scale
        box = (float(x), float(y), float(size[0] / scale), float(size[1] / scale))
        finds.append(_Find(box, float(scores[number]), math.atan2(down, across)))
    return finds


def _anchors(height: int, width: int) -> NDArray[np.float32]:
    """Give the anchors' centres in pixels: 2 in each square of 8 pixels, then 6 in each of 16, row by row."""
    grids = []
    for side, repeats in ((8, 2), (16, 6)):
        y, x = np.mgrid[0 : height // side, 0 : width // side]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * side
        grids.append(np.repeat(centres, repeats, axis=0))
    return np.concatenate(grids).astype(np.float32)


def _confirmed(frame: Frame, finds: list[_Find], known: tuple[Face, ...]) -> tuple[Face, ...]:
    """Lay the mesh on finds, the surest first; return the known faces and those that are others."""
    faces = list(known)
    for find in _without_repeats(finds):
        if not any(_lies_in(find, face) for face in faces):
            face = _with_mesh(frame, find)
            # The mesh may have slid from a find beside a face onto the face.
            if face is None or any(_lies_in(face, other) for other in faces):
                continue
            if find.score > _SURE_SCORE or _is_alike_in_a_mirror(frame, face):
                faces.append(face)
    return tuple(faces)


def _is_alike_in_a_mirror(frame: Frame, face: Face) -> bool:
    """Tell whether the mesh net sees the mirror image of a face where it saw the face.

    In fur, machines and drums, where it wants to see a face, it sees another one.
    """
    find = _bounds(face.mesh, face.score)
    x, y, width, height = find.box
    beyond = frame.shape[1] - 1 - x - width
    mirrored = _lay_mesh(
        np.ascontiguousarray(frame[:, ::-1]), _Find((beyond, y, width, height), find.score, -find.angle)
    )
    if mirrored is None:
        return False
    mirrored[:, 0] = frame.shape[1] - 1 - mirrored[:, 0]
    one, other = face.mesh[_LANDMARKS, :2], mirrored[_MIRRORED_LANDMARKS, :2]
    away = float(np.linalg.norm(one - other, axis=1).max())
    return away < _MOST_UNLIKE * face.score * max(width, height)


def _lies_in(one: _Find | Face, other: Face) -> bool:
    """Tell whether the middle of one box lies in another, without its rim."""
    (x, y, width, height), (left, top, across, down) = one.box, other.box
    is_beside = abs(x + width / 2 - left - across / 2) > 0.4 * across
    return not is_beside and abs(y + height / 2 - top - down / 2) < 0.4 * down


def _without_repeats(finds: list[_Find]) -> list[_Find]:
    """Keep the best of the finds that overlap, the surest first."""
    if not finds:
        return []
    # Its `top_k` would count the repeats as well.
    kept = cv2.dnn.NMSBoxes(
        [find.box for find in finds], [find.score for find in finds], _MIN_SCORE, _OVERLAP
    )
    return [finds[index] for index in np.ravel(kept)[:_MAX_FINDS]]


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
