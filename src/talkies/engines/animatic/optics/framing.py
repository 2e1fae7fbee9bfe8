"""Framing: which part of the picture a shot shows.

Proportions follow common practice for framing people: eyes on the upper third, headroom above hair and hat,
and more room on the side towards which a face looks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.optics.camera import WHOLE, Pose, View
from talkies.engines.animatic.optics.projection import Lens, project
from talkies.engines.animatic.vision.faces import Face
from talkies.engines.animatic.vision.figures import find_figures
from talkies.engines.animatic.vision.matte import prominence
from talkies.engines.animatic.vision.scene import Scene
from talkies.plan import Framing, ShotSize

Box = tuple[float, float, float, float]
"""`(x, y, width, height)` in prepared pixels."""
Side = Literal["left", "middle", "right"]


@dataclass(frozen=True)
class _Measure:
    """What a size shows, by what it is of; 0 where it is not said of that.

    Attributes:
        thing: height and width of the view in those of a subject that is no face.
        plain_zoom: enlargement where nothing stands out at all.
        least_zoom: enlargement of anything.
        face: height of the view in heights of the face, brow to chin.
        face_place: where in the view the face's centre lies, 0 (top) to 1.
        headroom: share of the view above hair and hat.
        figure: height of the view in heights of a head whose face is not seen.
    """

    thing: float
    plain_zoom: float = 1.0
    least_zoom: float = 1.0
    face: float = 0.0
    face_place: float = 0.0
    headroom: float = 0.0
    figure: float = 0.0


_MEASURES: dict[ShotSize, _Measure] = {
    "full": _Measure(1.25),
    "medium": _Measure(1.0, 1.3, 1.12, face=5.2, face_place=0.30, headroom=0.07, figure=4.2),
    "medium_close_up": _Measure(0.83, 1.5, 1.2, face=3.8, face_place=0.40, headroom=0.065, figure=3.2),
    "close_up": _Measure(0.68, 1.75, 1.3, face=2.8, face_place=0.48, headroom=0.06, figure=2.5),
    "extreme_close_up": _Measure(0.4, 2.4, 1.6, face=1.15, face_place=0.47),
}
_SHOULDERS = 0.6  # heights of the face below the chin that a close-up shows at the least
_EARS, _CHIN = 0.12, 0.25  # widths and heights of the face beside and below it that a move leaves in view
_SPARE = 0.06  # of a subject's sides that a move may take out of the view
_TOUCHING = 0.01  # picture widths from the picture's edge: the subject goes on beyond it
_MATTERING = 0.45  # heights of the largest face: smaller ones are in the background
_NODDING = 0.12  # heights of the face that a head moves up when it acts
_HAIR = 0.4  # heights of the face above the brow, where no matte tells
_TALLEST_HAT = 1.6  # heights of the face above the brow
_MOST_ADVANCE = 1.25  # enlargement by a move towards somebody, after which the hat is still seen
_SHARP_ENLARGEMENT = 4.5  # output pixels per source pixel that still look sharp after super-resolution
_ALWAYS_ALLOWED_ZOOM = 1.5  # of the prepared picture, however small the source
_LOOKING_ROOM = 0.07  # of the view's width, for a face turned sideways

_PERSON = re.compile(
    r"\b(?:wo)?m[ae]n\b|\bgirls?\b|\bboys?\b|\blad(?:y|ies)\b|\bpe(?:rson|ople)\b|\bfigures?\b|\bchild(?:ren)?\b"
    r"|\bs?he\b|\bher\b|\bhim\b|\bface\b|[女男]|人|孩|脸|她|他"
)
_EYES = re.compile(r"\beyes?\b|\bgaze\b|眼")
_MOUTH = re.compile(r"\bmouth\b|\blips?\b|\bsmile\b|嘴|唇")
_HANDS = re.compile(r"\bhands?\b|\bfingers?\b|\bfists?\b|手")
_LEFT = re.compile(r"\bleft\b|左")
_RIGHT = re.compile(r"\bright\b|右")
_MIDDLE = re.compile(r"\bmiddle\b|\bcent(?:er|re)\b|中间|中央")
_SECOND = re.compile(r"\bsecond\b|\bother\b|第二|另一")

# Points of the 468-point mesh (canonical face model).
_EYE_POINTS = (33, 133, 159, 145, 362, 263, 386, 374)
_LIP_POINTS = (61, 291, 0, 17)
_NOSE_TIP, _LEFT_CHEEK, _RIGHT_CHEEK = 1, 234, 454


def frame_view(scene: Scene, framing: Framing) -> View:
    """Choose the part of the picture that a framing shows.

    A view never enlarges the caller's picture so far that it looks soft; a framing tighter than that is
    widened about its centre.
    """
    size, subject = framing.size, framing.subject or ""
    if size is None or size == "wide":
        return WHOLE
    if names_hands(subject):
        return _view(scene, *_lower_middle(scene, size))
    face = choose_face(scene.faces, subject)
    if face is not None and size != "full":
        return _view(scene, *_around_face(scene, face, size, subject))
    if face is None and _MEASURES[size].figure and _PERSON.search(subject.lower()):
        heads = find_figures(scene.prepared)
        if heads:
            return _view(scene, *_around_head(scene, _placed_box(heads, subject), size))
    box = _subject_box(scene)
    if box is not None:
        return _view(scene, *_around_thing(scene, box, size))
    if size == "full":
        return WHOLE
    return _view(scene, _salient_point(scene), _MEASURES[size].plain_zoom)


def names_hands(subject: str) -> bool:
    """Tell whether a framing is to show hands."""
    return bool(_HANDS.search(subject))


def find_focus(scene: Scene, view: View = WHOLE) -> tuple[float, float]:
    """Tell what the camera is drawn to, in picture widths from the centre.

    That is the middle of a framing, or in the whole picture a face, the subject or a salient place; always so
    high that a move towards a face does not push hair and hat out of the view.
    """
    x, y = (view.x, view.y) if view != WHOLE else _attraction(scene)
    half = 0.5 * scene.height / scene.width / view.zoom
    for face in scene.faces:
        top = (_head_top(scene, face) - scene.height / 2) / scene.width
        if _is_seen(scene, face, view) and top > view.y - half:
            room = top - (view.y - half)
            y = min(y, view.y - half + _MOST_ADVANCE / (_MOST_ADVANCE - 1) * room)
    return x, y


def measure_cut(scene: Scene, focus: tuple[float, float], pose: Pose) -> float:
    """Tell how far a view must rise to show the heads that the whole picture shows, in picture widths.

    Only heads whose face the view shows count. Negative where there is room.
    """
    left, upper, right, bottom = (float(edge) for edge in _seen_box(scene, focus, pose))
    worst = -1.0
    for face in scene.faces:
        x, y = _from_centre(scene, face.centre)
        top = (_head_top(scene, face) - scene.height / 2) / scene.width
        # A head that the picture itself cuts asks for no room above it.
        room = min(_NODDING * face.box[3] / scene.width, top + 0.5 * scene.height / scene.width)
        if left < x < right and upper < y < bottom:
            worst = max(worst, upper - (top - room))
    return worst


def measure_loss(scene: Scene, focus: tuple[float, float], pose: Pose) -> float:
    """Tell how far what a picture is about reaches out of a view, in picture widths; negative where not.

    That are the faces of all who matter, with chin and ears, and nearly all of the subject. What the picture
    itself cuts asks for no more.
    """
    whole = np.array([0.0, 0.0, scene.width, scene.height])
    inwards = np.array([1, 1, -1, -1])
    kept = []
    if scene.faces:
        kept.append(
            np.clip(_joined([_with_chin(face) for face in _who_matters(scene)]), 0, np.tile(whole[2:], 2))
        )
    if scene.matte is not None:
        edges = np.array(_joined([scene.matte.box]))
        spare = _SPARE * np.tile(edges[2:] - edges[:2], 2) * inwards
        is_cut = np.abs(edges - whole) < _TOUCHING * scene.width
        kept.append(np.where(is_cut, inwards * np.inf, edges + spare))
    if not kept:
        return -1.0
    middle = np.tile(whole[2:] / 2, 2)
    seen = _seen_box(scene, focus, pose)
    return float(np.max([(seen - (edges - middle) / scene.width) * inwards for edges in kept]))


def _seen_box(scene: Scene, focus: tuple[float, float], pose: Pose) -> NDArray[np.float64]:
    """Give what a pose shows of the subject: left, top, right and bottom in picture widths.

    A side that slants counts by its middle.
    """
    lens = Lens(scene.width, scene.height, focus)
    field = scene.depth.background if scene.depth.subject is None else scene.depth.subject
    x, y = np.sort(project(lens.rim(), pose, field, lens)[0], axis=0).T
    side = len(x) // 4
    return np.array([part.mean() for part in (x[:side], y[:side], x[-side:], y[-side:])])


def _who_matters(scene: Scene) -> list[Face]:
    """Give the faces that are not much smaller than the largest."""
    return [face for face in scene.faces if face.box[3] > _MATTERING * scene.faces[0].box[3]]


def _with_chin(face: Face) -> Box:
    x, y, width, height = face.box
    return x - _EARS * width, y, (1 + 2 * _EARS) * width, (1 + _CHIN) * height


def _joined(boxes: Sequence[Box]) -> tuple[float, float, float, float]:
    """Give left, top, right and bottom of all boxes together."""
    return (
        min(x for x, _, _, _ in boxes),
        min(y for _, y, _, _ in boxes),
        max(x + width for x, _, width, _ in boxes),
        max(y + height for _, y, _, height in boxes),
    )


def _attraction(scene: Scene) -> tuple[float, float]:
    if scene.faces:
        left, top, right, bottom = _joined([face.box for face in _who_matters(scene)])
        point = (left + right) / 2, (top + bottom) / 2
    elif scene.matte is not None:
        x, y, width, height = scene.matte.box
        point = x + width / 2, y + height / 2
    else:
        point = _salient_point(scene)
    return _from_centre(scene, point)


def _from_centre(scene: Scene, point: tuple[float, float]) -> tuple[float, float]:
    """Turn prepared pixels into picture widths from the centre."""
    return (point[0] - scene.width / 2) / scene.width, (point[1] - scene.height / 2) / scene.width


def _is_seen(scene: Scene, face: Face, view: View) -> bool:
    """Tell whether the middle of a face lies in a view."""
    x, y = _from_centre(scene, face.centre)
    half = 0.5 / view.zoom
    return abs(x - view.x) < half and abs(y - view.y) < half * scene.height / scene.width


def _head_top(scene: Scene, face: Face) -> float:
    """Find where hair or hat end above a face, in prepared pixels, at least the picture's top."""
    x, brow, width, tall = face.box
    if scene.matte is None or scene.matte.kind != "person":
        return max(brow - _HAIR * tall, 0.0)
    left, right = (min(max(round(edge), 0), scene.width) for edge in (x, x + width))
    above = scene.matte.alpha[max(round(brow - _TALLEST_HAT * tall), 0) : max(round(brow), 0), left:right]
    # From the brow upwards as long as a row shows some of the person: a hat may end in a feather.
    bare = np.flatnonzero((above > 127).mean(axis=1) < 0.06) if above.size else np.array([])
    first = max(round(brow - _TALLEST_HAT * tall), 0)
    return float(first + bare[-1] + 1) if bare.size else float(min(first, max(brow, 0.0)))


def _view(scene: Scene, centre: tuple[float, float], zoom: float) -> View:
    """Make a view about a point in pixels that stays inside the picture and sharp."""
    _, _, density = scene.crop
    zoom = float(np.clip(zoom, 1.0, max(_ALWAYS_ALLOWED_ZOOM, _SHARP_ENLARGEMENT * density)))
    room_x = (1 - 1 / zoom) / 2
    room_y = room_x * scene.height / scene.width
    x, y = _from_centre(scene, centre)
    return View(float(np.clip(x, -room_x, room_x)), float(np.clip(y, -room_y, room_y)), zoom)


def choose_face(faces: tuple[Face, ...], subject: str) -> Face | None:
    """Choose the face that the prompt's words mean; the largest when they do not tell."""
    if not faces:
        return None
    return find_placed(faces, subject) or faces[0]


def find_placed(faces: tuple[Face, ...], subject: str) -> Face | None:
    """Find the face whose place among the others the words tell ("the man on the left"), if they tell it."""
    side = find_side(subject)
    if side is not None:
        across = sorted(faces, key=lambda face: face.centre[0])
        return across[{"left": 0, "middle": len(across) // 2, "right": -1}[side]]
    return faces[1] if _SECOND.search(subject.lower()) and len(faces) > 1 else None


def find_side(subject: str) -> Side | None:
    """Find the side of the picture that words tell.

    >>> find_side("the man on the left"), find_side("右边的女孩"), find_side("she")
    ('left', 'right', None)
    """
    words = subject.lower()
    sides: tuple[tuple[re.Pattern[str], Side], ...] = (
        (_LEFT, "left"),
        (_RIGHT, "right"),
        (_MIDDLE, "middle"),
    )
    return next((side for pattern, side in sides if pattern.search(words)), None)


def _around_face(scene: Scene, face: Face, size: ShotSize, subject: str) -> tuple[tuple[float, float], float]:
    """Frame a face, or the part of it that is asked for."""
    measure = _MEASURES[size]
    x, y = face.centre
    tall = face.box[3]
    view_height = measure.face * tall
    if size == "extreme_close_up":
        points = _LIP_POINTS if _MOUTH.search(subject.lower()) else _EYE_POINTS
        if _EYES.search(subject.lower()) or _MOUTH.search(subject.lower()):
            view_height *= 0.7
        x, y = (float(value) for value in face.mesh[list(points), :2].mean(axis=0))
    top = face.box[1]
    if measure.headroom:
        top = _head_top(scene, face)
        needed = face.box[1] + (1 + _SHOULDERS) * tall - top
        view_height = max(view_height, needed / (1 - measure.headroom))
    zoom = max(measure.least_zoom, scene.height / view_height)
    y += (0.5 - measure.face_place) * scene.height / zoom
    if measure.headroom:
        y = min(y, top + (0.5 - measure.headroom) * scene.height / zoom)
    x += _LOOKING_ROOM * facing(face) * scene.width / zoom
    return (x, y), zoom


def facing(face: Face) -> float:
    """Tell where a face looks, -1 (left in the picture) to 1, by the nose between the cheeks."""
    nose, left, right = (float(face.mesh[point, 0]) for point in (_NOSE_TIP, _LEFT_CHEEK, _RIGHT_CHEEK))
    return float(np.clip(2 * (nose - (left + right) / 2) / max(right - left, 1.0), -1, 1))


def _placed_box(boxes: Sequence[Box], subject: str) -> Box:
    """Choose the box whose place the words tell; the first when they do not."""
    across = sorted(boxes, key=lambda box: box[0] + box[2] / 2)
    side = find_side(subject)
    if side == "left":
        return across[0]
    return across[-1] if side == "right" else boxes[0]


def _around_head(scene: Scene, head: Box, size: ShotSize) -> tuple[tuple[float, float], float]:
    """Frame a figure from above its head downwards."""
    x, y, width, tall = head
    measure = _MEASURES[size]
    zoom = max(measure.least_zoom, scene.height / (measure.figure * tall))
    down = scene.height / zoom
    return (x + width / 2, y + (0.5 - 1.5 * measure.headroom) * down), zoom


def _subject_box(scene: Scene) -> Box | None:
    return None if scene.matte is None else scene.matte.box


def _around_thing(scene: Scene, box: Box, size: ShotSize) -> tuple[tuple[float, float], float]:
    """Frame a subject by its outline; tighter views look at its upper part, where heads and tops are."""
    x, y, width, height = box
    share = _MEASURES[size].thing
    zoom = min(scene.width / (share * width), scene.height / (share * height))
    zoom = max(zoom, _MEASURES[size].least_zoom)
    lift = 0.0 if share >= 1 else 0.12 * height
    return (x + width / 2, y + height / 2 - lift), zoom


def _lower_middle(scene: Scene, size: ShotSize) -> tuple[tuple[float, float], float]:
    """Frame where hands usually are: the lower middle of the subject, or of the picture."""
    x, y, width, height = _subject_box(scene) or (0.0, 0.0, float(scene.width), float(scene.height))
    return (x + width / 2, y + 0.75 * height), _MEASURES[size].plain_zoom


def _salient_point(scene: Scene) -> tuple[float, float]:
    """Find the middle of what stands out most, in prepared pixels."""
    weight = prominence(scene.prepared)
    weight = np.where(weight > np.quantile(weight, 0.9), weight, 0).astype(np.float32)
    moments = cv2.moments(weight)
    total = max(moments["m00"], 1e-6)
    scale = scene.width / weight.shape[1]
    return moments["m10"] / total * scale, moments["m01"] / total * scale
