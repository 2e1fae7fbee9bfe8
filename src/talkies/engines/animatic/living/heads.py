"""Heads that turn, nod and tilt, and chests that breathe: poses become displacements of the subject's layer.

Each degree of freedom is a fixed field over the picture, so that a frame is a weighted sum of fields. A turn
moves what is near to the camera, as the mesh tells, and leaves the outline, as a turning ball does; hair and
hat go with the head, shoulders stay. A subject without a face turns as a round body that stands on its foot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.expression import HeadPose
from talkies.engines.animatic.living.layers import smooth_step
from talkies.engines.animatic.living.performance import POSE, POSE_LIMITS
from talkies.engines.animatic.vision.faces import Face
from talkies.engines.animatic.vision.matte import prominence
from talkies.engines.animatic.vision.scene import Scene
from talkies.media import Frame

Field = NDArray[np.float32]
"""Displacements, `(rows, columns, 2)` float32 stretched over the picture, in picture widths: x, y."""
_Map = NDArray[np.float32]
"""One value per sample of a field, `(rows, columns)`."""

_LONG_SIDE = 160  # samples of a field along the picture's longer side

# All below in sizes of the face, from its middle; y grows towards the chin, which lies at about 0.55.
_NECK = (0.45, 1.3)  # where the head's motion fades to nothing
_PIVOT = 0.95  # the base of the neck, about which a head tilts
_BESIDE = (1.0, 2.6)  # to the side of the head, where its motion fades to nothing
_BODY = (0.9, 3.4)  # down the chest, where a shift of head and shoulders fades
_EDGE = 0.5  # from the picture's edge, over which all motion fades
_TOUCHING = 0.01  # of an edge of the picture, that the subject covers
_STEEPEST = 0.35  # how much a field may stretch or squeeze; at 1 the picture folds
_AXIS_BEHIND = 0.16  # the neck's axis lies so far behind the head's middle: a turn carries all of it along
_BREATH = 0.014  # the rise of the shoulders
_DETAIL, _SPREAD = 0.08, 0.3  # blur of the mesh's relief on the face, and of what it fades to around it

_OUTER_EYES = (33, 263)
_TEMPLES = (234, 454, 127, 356)

_FIGURE_RELIEF = 0.45  # of a figure's smaller side: how near its middle is
_FIGURE_BREATH = 0.02
_PROMINENT = 0.55  # of the most prominent: what belongs to a figure without a matte
_SURELY = 0.7  # of what is prominent, the share of which is not sure to be the figure's own
_SOFT = 2.2  # samples: the blur of such a figure's outline
_STILL_EDGE = 0.06  # picture widths from the edge over which such a figure's motion begins


@dataclass(frozen=True)
class Heads:
    """The heads of a scene, or its one faceless subject. `fields` is `(heads, 6, rows, columns, 2)`."""

    fields: NDArray[np.float32]

    def __len__(self) -> int:
        return int(self.fields.shape[0])

    def displacement(self, poses: Sequence[HeadPose]) -> Field:
        """Give where the subject's points have moved to, relative to the photo; one pose per head."""
        weights = np.array([[getattr(pose, name) for name in POSE] for pose in poses], np.float32)
        return np.asarray(np.tensordot(weights, self.fields, axes=((0, 1), (0, 1))), np.float32)


def rig_heads(scene: Scene) -> Heads:
    """Prepare the fields of a scene's heads, in the order of its faces, or of its one faceless figure.

    A figure without a matte is where the photo stands out most; its motion ends softly around it.
    """
    place = _places(scene)
    if not scene.faces:
        figure = _figure(scene, place)
        return Heads(_tamed(figure / np.float32(scene.width))[None])
    fields = []
    for index, face in enumerate(scene.faces):
        share = _nearest_share(place, scene.faces, index)[..., None] * _inside(place, scene, face.size)
        fields.append(_tamed(share * _head_fields(place, face) / np.float32(scene.width)))
    return Heads(np.stack(fields))


def _figure(scene: Scene, place: Field) -> NDArray[np.float32]:
    """Make the fields of the one figure of a scene without faces."""
    if scene.matte is not None:
        box = scene.matte.box
        return _figure_fields(place, box) * _inside(place, scene, min(box[2:]))
    cover, box = _prominent(scene, place)
    return _figure_fields(place, box) * cover[..., None]


def _tamed(fields: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weaken the fields that would stretch or squeeze the picture too much at the limit of their motion."""
    columns = fields.shape[2]
    for field, name in zip(fields, POSE, strict=True):
        steepest = max(float(np.abs(np.diff(field, axis=axis)).max()) for axis in (0, 1)) * columns
        field *= min(1.0, _STEEPEST / max(steepest * POSE_LIMITS[name], 1e-9))
    return np.asarray(fields, np.float32)


def _prominent(scene: Scene, place: Field) -> tuple[_Map, tuple[float, float, float, float]]:
    """Find where a photo stands out: how much at each sample, 0..1, and its box in prepared pixels."""
    rows, columns = place.shape[:2]
    shown = cv2.resize(prominence(scene.prepared), (columns, rows), interpolation=cv2.INTER_AREA)
    weight = np.asarray(shown / max(float(shown.max()), 1e-6), np.float32)
    x, y, width, height = cv2.boundingRect(np.asarray(weight > _PROMINENT, np.uint8))
    scale = scene.width / columns
    cover = smooth_step(weight, 0.2, _PROMINENT) * _own(scene.prepared, weight)
    # The picture's edge itself stays where it is.
    edge = np.minimum(place, np.array([scene.width, scene.height], np.float32) - place).min(axis=-1)
    cover *= smooth_step(edge / np.float32(scene.width), 0.0, _STILL_EDGE)
    return cover, (x * scale, y * scale, width * scale, height * scale)


def _own(frame: Frame, weight: _Map) -> _Map:
    """Part what stands out from what is only near it by colour: 0..1, soft about its outline.

    Source: Rother et al., "GrabCut", 2004.
    """
    small = np.asarray(cv2.resize(frame, weight.shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    hints = np.where(weight > 0.5 * _PROMINENT, cv2.GC_PR_BGD, cv2.GC_BGD).astype(np.uint8)
    hints[weight > _PROMINENT] = cv2.GC_PR_FGD
    sure = weight >= np.quantile(weight[weight > _PROMINENT], _SURELY)
    hints[sure] = cv2.GC_FGD
    if not (hints == cv2.GC_BGD).any():
        return np.ones_like(weight)
    cv2.setRNGSeed(0)
    cv2.grabCut(small, hints, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    found = np.isin(hints, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    own = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return np.asarray(
        cv2.GaussianBlur(cv2.dilate(own, np.ones((3, 3), np.uint8)).astype(np.float32), (0, 0), _SOFT),
        np.float32,
    )


def _places(scene: Scene) -> Field:
    """Give the prepared pixel in which each sample of a field lies."""
    scale = _LONG_SIDE / max(scene.width, scene.height)
    rows, columns = max(4, round(scene.height * scale)), max(4, round(scene.width * scale))
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    return np.stack([(x + 0.5) / columns * scene.width, (y + 0.5) / rows * scene.height], axis=-1)


def _inside(place: Field, scene: Scene, size: float) -> _Map:
    """Be 0 at the picture's edges that cut the subject off: of a head there, there is no more to bring in."""
    x, y = place[..., 0], place[..., 1]
    alpha = np.full(scene.prepared.shape[:2], 255, np.uint8) if scene.matte is None else scene.matte.alpha
    inside = np.ones_like(x)
    for rim, away in (
        (alpha[:, 0], x),
        (alpha[:, -1], scene.width - x),
        (alpha[0], y),
        (alpha[-1], scene.height - y),
    ):
        if (rim > 127).mean() > _TOUCHING:
            inside = inside * smooth_step(away / np.float32(size), 0.0, _EDGE)
    return inside[..., None]


def _nearest_share(place: Field, faces: tuple[Face, ...], index: int) -> _Map:
    """Share the picture among several people by the distance to their faces; the shares sum to 1."""
    distances = [
        np.hypot(place[..., 0] - face.centre[0], 0.4 * (place[..., 1] - face.centre[1])) / face.size
        for face in faces
    ]
    weights = [np.exp(-((distance / 1.5) ** 2)) + 1e-6 for distance in distances]
    return np.asarray(weights[index] / sum(weights), np.float32)


def _head_fields(place: Field, face: Face) -> NDArray[np.float32]:
    """Make a head's six fields in pixels, for 1 radian, 1 size of the face or a full breath."""
    across, down = _axes(face)
    x, y = (
        ((place - np.array(face.centre, np.float32)) @ axis) / np.float32(face.size)
        for axis in (across, down)
    )
    head = (1 - smooth_step(y, *_NECK)) * (1 - smooth_step(np.abs(x), *_BESIDE))
    near = _relief(place, face) * (1 - smooth_step(y, *_NECK))
    body = 1 - smooth_step(y, *_BODY)
    turned = (near + _AXIS_BEHIND * head)[..., None]
    chest = np.exp(-(((y - 1.9) / 1.0) ** 2))
    rise = -(0.35 * (1 - smooth_step(y, 0.5, 1.3)) + 0.9 * chest)
    widening = 0.45 * np.tanh(x) * np.exp(-(((y - 2.2) / 1.1) ** 2))
    tilted = (-(y - _PIVOT) * head)[..., None] * across + (x * head)[..., None] * down
    upright = np.zeros_like(body)
    fields = (
        turned * across,
        turned * down,
        tilted,
        np.stack([upright, -body], axis=-1),
        np.stack([body, upright], axis=-1),
        _BREATH * np.stack([widening, rise], axis=-1),
    )
    return np.stack(fields).astype(np.float32) * np.float32(face.size)


def _axes(face: Face) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the directions across and down an upright face, as it lies in the picture."""
    left, right = (face.mesh[point, :2] for point in _OUTER_EYES)
    across = (right - left) / max(float(np.hypot(*(right - left))), 1e-6)
    return across.astype(np.float32), np.array([-across[1], across[0]], np.float32)


def _relief(place: Field, face: Face) -> _Map:
    """Give how much nearer than its temples the head is at each sample, in sizes of the face.

    The mesh covers the face alone; the hair around it is given what fades from it.
    """
    rows, columns = place.shape[:2]
    step = place[0, 1, 0] - place[0, 0, 0]
    column, row = (
        np.clip(np.rint((face.mesh[:, axis] - place[0, 0, axis]) / step).astype(int), 0, side - 1)
        for axis, side in ((0, columns), (1, rows))
    )
    near = (face.mesh[list(_TEMPLES), 2].mean() - face.mesh[:, 2]) / face.size
    sums, counts = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    np.add.at(sums, (row, column), near)
    np.add.at(counts, (row, column), 1)
    cells = face.size / float(step)
    fine, coarse = (
        [cv2.GaussianBlur(values, (0, 0), max(blur * cells, 0.7)) for values in (sums, counts)]
        for blur in (_DETAIL, _SPREAD)
    )
    around = coarse[0] / (coarse[1] + 0.25 * coarse[1].max())
    covered = fine[1] / (fine[1] + 0.1 * fine[1].max())
    return np.asarray(covered * fine[0] / np.maximum(fine[1], 1e-9) + (1 - covered) * around, np.float32)


def _figure_fields(place: Field, box: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """Make the six fields of an animal or a thing in pixels: it stands on the foot of its box."""
    left, top, width, height = box
    x = (place[..., 0] - left - width / 2) / (width / 2)
    y = (place[..., 1] - top - height / 2) / (height / 2)
    upper = 1 - smooth_step(y, -0.6, 1.0)
    inside = np.clip(1 - 0.7 * (x * x + y * y), 0, 1)
    near = _FIGURE_RELIEF * min(width, height) * inside * inside * (3 - 2 * inside)
    none = np.zeros_like(near)
    size = min(width, height)
    swelling = np.exp(-((y - 0.2) ** 2) - x * x)
    fields = (
        np.stack([near, none], axis=-1),
        np.stack([none, near], axis=-1),
        np.stack([(1 - y) * height / 2, x * width / 2], axis=-1) * upper[..., None],
        np.stack([none, -upper * size], axis=-1),
        np.stack([upper * size, none], axis=-1),
        _FIGURE_BREATH * size * np.stack([0.8 * np.tanh(x) * swelling, -swelling], axis=-1),
    )
    return np.stack(fields).astype(np.float32)
