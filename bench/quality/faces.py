"""The face that speaks, followed through the decoded frames of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import Delaunay

from talkies.engines.animatic.vision.faces import Face, find_faces, follow_face
from talkies.media import Frame

# Points of the 468-point canonical face mesh.
_UPPER_LIP, _LOWER_LIP = 13, 14  # middles of the inner rims
_BROW, _CHIN = 10, 152

# The mesh net trembles with the square it is shown: the median over a few squares about the face does less.
_LOOKS = ((1.0, 0.0, 0.0), (0.9, 0.0, 0.0), (1.1, 0.0, 0.0), (1.0, 0.05, 0.0), (1.0, 0.0, 0.05))
"""How much larger than the face's box, and how far aside and down in its sides."""

_CARD = 96  # pixels of the side of an aligned face, at the most
_TREMBLE = 2.0  # pixels of the photo by which the mesh strays on it: an aligned face shows nothing finer
_MARGIN = 0.06  # of the face's box that is left out on each side: hair and background
_MOUTH_BELOW, _EYES_ABOVE = 0.62, 0.42  # shares of the box's height: what speaks and what blinks is left out


@dataclass(frozen=True)
class SeenFace:
    """One face in one frame.

    `lips_apart` is the gap between the inner rims of the lips over the height of the face, about 0 for
    closed lips and 0.15 for a wide open mouth.
    """

    face: Face
    lips_apart: float


def follow(frames: Sequence[Frame], place: str | None) -> list[SeenFace | None]:
    """Find one face in every frame; None where it is not seen.

    Args:
        place: "left" or "right" for the outermost face of that side, None for the largest.
    """
    seen: list[SeenFace | None] = []
    last: Face | None = None
    for frame in frames:
        last = follow_face(frame, last) if last else None
        last = last or _chosen(find_faces(frame), place)
        seen.append(SeenFace(last, _lips_apart(frame, last)) if last else None)
    return seen


def _lips_apart(frame: Frame, face: Face) -> float:
    """Measure the gap between the lips of a face in a frame, by several looks at it."""
    x, y, width, height = face.box
    looks = [
        replace(
            face,
            box=(
                x + width * (aside + (1 - scale) / 2),
                y + height * (down + (1 - scale) / 2),
                width * scale,
                height * scale,
            ),
        )
        for scale, aside, down in _LOOKS
    ]
    found = [follow_face(frame, look) for look in looks]
    return float(np.median([_gap(one or face) for one in found]))


def _gap(face: Face) -> float:
    """Give the gap between the inner rims of the lips as a share of the face's height."""
    points = face.mesh[[_UPPER_LIP, _LOWER_LIP, _BROW, _CHIN]]
    height = float(np.linalg.norm(points[3] - points[2]))
    return float(np.linalg.norm(points[1] - points[0])) / max(height, 1e-6)


def likeness(
    picture: Frame, at_rest: Face, frames: Sequence[Frame], seen: Sequence[SeenFace | None]
) -> float:
    """Tell how alike a face stays to the photo outside mouth and eyes, whatever the pose.

    Each frame's face is warped back onto the photo's by the triangles of the mesh, and both are compared by
    the correlation of luma over forehead, nose and cheeks, as coarsely as the mesh is sure: on a small
    face it strays by as many pixels as on a large one. Returns the median over the frames in which the face
    is seen, NaN when it never is.
    """
    aligner = _Aligner(at_rest)
    wanted = aligner.card(picture, at_rest)
    values = [
        aligner.correlation(wanted, aligner.card(frame, found.face))
        for frame, found in zip(frames, seen, strict=True)
        if found
    ]
    return float(np.median(values)) if values else float("nan")


class _Aligner:
    """Brings faces to the pose of one at rest, in a square card of at most 96 pixels a side."""

    def __init__(self, at_rest: Face) -> None:
        x, y, width, height = at_rest.box
        self._side = min(_CARD, round(max(width, height) / _TREMBLE))
        steps = np.linspace(_MARGIN, 1 - _MARGIN, self._side)
        self._grid = np.stack(np.meshgrid(x + width * steps, y + height * steps), axis=-1)
        self._triangles = Delaunay(at_rest.mesh[:, :2].astype(np.float64))
        inside = self._triangles.find_simplex(self._grid) >= 0
        rows = steps[:, None]
        self._mask = inside & ((rows < _MOUTH_BELOW) & ((rows > _EYES_ABOVE) | (rows < _EYES_ABOVE / 2)))

    def card(self, frame: Frame, face: Face) -> NDArray[np.float32]:
        """Fetch a face's luma as a square of levels, each pixel from where the mesh has carried it."""
        carried = LinearNDInterpolator(self._triangles, face.mesh[:, :2].astype(np.float64), fill_value=-1)
        places = np.asarray(carried(self._grid), np.float32)
        reduction = max(
            1.0, max(face.box[2:]) / self._side
        )  # sampled as coarsely as the card, else it aliases
        small = cv2.resize(frame, None, fx=1 / reduction, fy=1 / reduction, interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(np.asarray(small, np.uint8), cv2.COLOR_RGB2GRAY)
        x, y = (np.ascontiguousarray(places[..., axis]) / np.float32(reduction) for axis in (0, 1))
        return np.asarray(cv2.remap(grey, x, y, cv2.INTER_LINEAR), np.float32)

    def correlation(self, one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
        """Correlate two cards outside mouth and eyes."""
        return float(np.corrcoef(one[self._mask], other[self._mask])[0, 1])


def _chosen(faces: Sequence[Face], place: str | None) -> Face | None:
    if place in ("left", "right") and faces:
        large = [face for face in faces if face.size > faces[0].size / 2]
        return (min if place == "left" else max)(large, key=lambda face: face.centre[0])
    return faces[0] if faces else None
