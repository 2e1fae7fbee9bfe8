"""The subject's matte: which share of each pixel belongs to what the picture is about.

People are found by a segmentation net; without a face, what the picture shows first of all is, by a net for
salience that looks twice. The coarse answer is made exact by GrabCut and soft at hair and fur by a guided
filter.

Sources: Qin et al., "U²-Net: Going Deeper with Nested U-Structure for Salient Object Detection", 2020;
Rother et al., "GrabCut", 2004; He et al., "Guided Image Filtering", 2013.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.faces import Face
from talkies.engines.animatic.vision.nets import load_net
from talkies.engines.animatic.vision.salience import stand_out
from talkies.media import Frame

Mask = NDArray[np.uint8]
Kind = TypeVar("Kind", np.uint8, np.float32)

_NET_SIDE = 256  # pixels
_WORKING_SIDE = 384  # pixels, the longer side while the contour is sought
_GRABCUT_ROUNDS = 2
_PORTRAIT = (2.2, 1.5, 4.0)  # face sizes beside, above and below a face that show its person
_NOT_CLOSER = 0.7  # of the picture: a portrait that shows as much shows the net nothing new
_FACE_OF_HEAD = 0.7  # a face's size in those of a head with its hair
_LEAST_PERSON = 14.0  # working pixels of a face from which its person is looked for
_LEEWAY = 4  # working pixels that a person's contour may lie off the net's: three of its own
_LEAST_PART = 0.004  # of the picture, of a subject's part, and of what is seen through it
_ALIKE = 24.0  # grey levels, of two medians
_GLASSES_REACH = 0.35  # face sizes beside a face
_GLASSES_DOWN = 0.75  # of a face's height, from the brows
_FRAME_WIDTH = 0.03  # face sizes, half of the widest frame
_FRAME_CONTRAST = 25  # grey levels below both its sides
_LEAST_LENS = 0.008  # of a face's size, squared
_GLASS_EDGE = 0.7  # working pixels
_DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
_EDGE_RADIUS = 0.012  # of the longer side: how far hair and fur may reach across the contour
_EDGE_SMOOTHNESS = 2e-4  # the guided filter's epsilon, for colours from 0 to 1
_LEAST_FIGURE = 0.01  # of the picture, of a figure that a shot may look at
_FAINTLY = 0.25  # likelihood of a head that the net half sees above a body that it is sure of
_FIGURE_HEADS = 5  # a figure's height in heads: between a standing and a sitting one
_FIRST_LOOK, _SECOND_LOOK = 160, 192  # pixels a side, of the whole picture and of what stood out there
_COLOUR_MEAN, _COLOUR_SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # that the net was trained with
_AROUND = 0.2  # of what stood out, on each side, that the second look shows besides
_AREA_RANGE = (0.01, 0.85)  # of the picture, of an object worth taking off the background
_MOST_DOUBT = 0.18  # of an object's area: whole objects have up to 0.14, parts of landscapes from 0.25
_SURE = 0.9  # of a likelihood
_THINLY_SEEN = 0.15  # the same, of parts that are thinner than:
_THICK = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))  # working pixels
_MOST_BODY = 0.5  # of an object's area, that the person net sees beside it
_LEAST_AGREEMENT = 0.6  # of both looks: what they share over what either sees


@dataclass(frozen=True)
class Matte:
    """A subject: `alpha` is `(height, width)` uint8, 255 where a pixel is the subject's alone."""

    alpha: Mask
    kind: Literal["person", "object"]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """`(x, y, width, height)` of the solid part, in pixels."""
        x, y, width, height = cv2.boundingRect(np.asarray(self.alpha > 127, np.uint8))
        return float(x), float(y), float(width), float(height)


def subject_matte(frame: Frame, faces: tuple[Face, ...]) -> Matte | None:
    """Find what a picture is about; None when nothing stands out, as in a landscape.

    Args:
        frame: `(height, width, 3)` uint8, RGB.
        faces: of the same picture; with any, the subject is the people.
    """
    scale = min(1.0, _WORKING_SIDE / max(frame.shape[:2]))
    small = _resized(frame, (max(8, round(frame.shape[1] * scale)), max(8, round(frame.shape[0] * scale))))
    contour = _people(small, faces, scale) if faces else _object(frame, small)
    if contour is None:
        return None
    lenses = _lenses(small, faces, scale, contour > 0)
    alpha = _soft_edged(frame, small, np.where(lenses, 255, contour).astype(np.uint8))
    if lenses.any():
        glass = _large(_blurred(lenses, _GLASS_EDGE), (frame.shape[1], frame.shape[0]))
        alpha = np.maximum(alpha, np.rint(255 * glass).astype(np.uint8))
    return Matte(alpha, "person" if faces else "object")


def prominence(frame: Frame) -> NDArray[np.float32]:
    """Tell softly, 0 to 1, where the near and weighty parts of a picture lie when it has no matte.

    The person net answers to animals and to round things near the lens as well: no shape to cut along, but
    a good hint where the camera should see relief. Returns `(height, width)` of a small copy.
    """
    scale = min(1.0, _WORKING_SIDE / max(frame.shape[:2]))
    small = _resized(frame, (max(8, round(frame.shape[1] * scale)), max(8, round(frame.shape[0] * scale))))
    blurred = cv2.GaussianBlur(_person_likelihood(small), (0, 0), max(small.shape[:2]) / 25)
    together: NDArray[np.float32] = np.asarray(0.5 * blurred + 0.5 * stand_out(small), np.float32)
    return together


def find_figures(frame: Frame) -> list[tuple[float, float, float, float]]:
    """Find the heads of people whose faces are not seen: painted, turned away or bent over a book.

    Returns `(x, y, width, height)` in pixels, hair and hat included, of the largest figure first. A head ends
    where a figure narrows below its first bulge.
    """
    scale = min(1.0, _WORKING_SIDE / max(frame.shape[:2]))
    small = _resized(frame, (max(8, round(frame.shape[1] * scale)), max(8, round(frame.shape[0] * scale))))
    heads = (_head_of(figure) for figure in _figures(_person_likelihood(small)))
    return [(x / scale, y / scale, width / scale, tall / scale) for x, y, width, tall in heads]


def _figures(likelihood: NDArray[np.float32], least: float = 0.5) -> list[NDArray[np.bool_]]:
    """Part what may be people into figures of at least such a likelihood, the largest first."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(likelihood > least, np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA]
    large = [label for label in range(1, len(stats)) if areas[label] > _LEAST_FIGURE * labels.size]
    return [labels == label for label in sorted(large, key=lambda label: -int(areas[label]))]


def _faceless(
    likelihood: NDArray[np.float32], faces: tuple[Face, ...], scale: float
) -> list[tuple[float, float, float, float]]:
    """List the heads of figures that no face was found on, in working pixels.

    A head may be faint where its body is sure; of a figure that is faint for the most part nothing is known.
    """
    rows, columns = likelihood.shape
    places = [
        (min(max(round(y * scale), 0), rows - 1), min(max(round(x * scale), 0), columns - 1))
        for x, y in (face.centre for face in faces)
    ]
    heads = [
        _head_of(figure)
        for least in (0.5, _FAINTLY)
        for figure in _figures(likelihood, least)
        if (likelihood[figure] > 0.5).mean() > 0.5 and not any(figure[place] for place in places)
    ]
    return list(dict.fromkeys(heads))


def _head_of(figure: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    rows = np.flatnonzero(figure.any(axis=1))
    top, tall = int(rows[0]), len(rows)
    widths = np.convolve(figure.sum(axis=1)[rows[0] : rows[-1] + 1], np.ones(5) / 5, "same")
    # The neck: the narrowest place after a bulge, within the upper half; else a figure's usual proportion.
    neck = next(
        (
            row
            for row in range(max(4, tall // 12), tall // 2)
            if widths[row] < 0.93 * widths[:row].max()
            and widths[row] <= widths[row : row + tall // 10 + 1].min()
        ),
        tall // _FIGURE_HEADS,
    )
    columns = np.flatnonzero(figure[top : top + neck + 1].any(axis=0))
    return float(columns[0]), float(top), float(columns[-1] - columns[0] + 1), float(neck + 1)


def _people(small: Frame, faces: tuple[Face, ...], scale: float) -> Mask | None:
    """Find the solid shape of the people whose faces are known, 0 or 255."""
    likelihood = _person_likelihood(small)
    for face in faces:
        x, y = face.centre
        _look_closer(small, (x * scale, y * scale), face.size * scale, likelihood)
    for x, y, width, height in _faceless(likelihood, faces, scale):
        size = _FACE_OF_HEAD * (width * height) ** 0.5
        # Where no face is sure, what lies below the shoulders may be a sofa.
        shoulders = likelihood[: round(y + height + size)]
        _look_closer(small, (x + width / 2, y + height / 2), size, shoulders)
    hints = _hints(likelihood)
    for face in faces:
        centre = (round(face.centre[0] * scale), round(face.centre[1] * scale))
        axes = (round(face.box[2] * scale * 0.4), round(face.box[3] * scale * 0.45))
        cv2.ellipse(hints, centre, axes, 0, 0, 360, cv2.GC_FGD, cv2.FILLED)
    return _refined(small, likelihood, hints)


def _lenses(
    small: Frame, faces: tuple[Face, ...], scale: float, solid: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Find the glasses that stand out beside a face: what a thin dark frame and the face enclose, and it.

    Through a lens beyond the cheek the background is seen, which no contour of a person takes in. `solid`:
    where the people are, in the small picture, as the result.
    """
    lenses = np.zeros_like(solid)
    for face in faces:
        size = face.size * scale
        beside = _beside_eyes(face, scale, solid.shape)
        if solid[beside].size:
            width = max(3, 2 * round(_FRAME_WIDTH * size) + 1)
            lenses[beside] |= _framed(small[beside], solid[beside], width, _LEAST_LENS * size**2)
    return lenses


def _framed(part: Frame, own: NDArray[np.bool_], width: int, least: float) -> NDArray[np.bool_]:
    """Find what dark lines of up to `width` pixels enclose with what is known, if so large, and the lines."""
    light = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    dark = cv2.morphologyEx(light, cv2.MORPH_BLACKHAT, np.ones((width, width), np.uint8)) > _FRAME_CONTRAST
    apart = np.asarray(~(dark | own), np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(apart, connectivity=4)
    rows, columns = own.shape
    framed = np.zeros_like(own)
    for label in range(1, len(stats)):
        left, top, across, down, area = stats[label]
        closed = left > 0 and top > 0 and left + across < columns and top + down < rows
        if closed and area > least:
            lens = labels == label
            framed |= (lens | (dark & _grown(lens, width))) & ~own
    return framed


def _beside_eyes(face: Face, scale: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Bound where glasses may be, in working pixels."""
    x, y, width, height = (value * scale for value in face.box)
    reach = _GLASSES_REACH * face.size * scale
    rows = slice(max(round(y), 0), min(round(y + _GLASSES_DOWN * height), shape[0]))
    return rows, slice(max(round(x - reach), 0), min(round(x + width + reach), shape[1]))


def _hints(likelihood: NDArray[np.float32]) -> Mask:
    """Tell GrabCut what a net is sure of, and what it only guesses."""
    hints = np.full(likelihood.shape, cv2.GC_PR_BGD, np.uint8)
    hints[likelihood > 0.5] = cv2.GC_PR_FGD
    hints[_shrunk(likelihood > 0.85, 3)] = cv2.GC_FGD
    hints[_shrunk(likelihood < 0.08, _LEEWAY)] = cv2.GC_BGD
    return hints


def _refined(small: Frame, likelihood: NDArray[np.float32], hints: Mask) -> Mask:
    """Bring a net's contour to the picture's own edges; 0 or 255."""
    solid = _cut_out(small, hints)
    # GrabCut may leave the net's shape for a like-coloured background; it only moves the contour near it.
    near = _without_specks(_grown(likelihood > 0.5, _LEEWAY) | (hints == cv2.GC_FGD), _LEAST_PART)
    closed = cv2.morphologyEx(np.where(near, solid, 0).astype(np.uint8), cv2.MORPH_CLOSE, _DISC)
    # The net holds together what GrabCut parts: the tine of an antler is none too small.
    whole = _without_holes(small, _without_specks(closed > 0, _LEAST_PART / 10))
    return np.where(cv2.GaussianBlur(whole.astype(np.float32), (0, 0), 1.2) > 0.5, 255, 0).astype(np.uint8)


def _without_holes(small: Frame, solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close what is too small to look through, and what looks like the subject around it: shade on a coat."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(~solid, np.uint8))
    filled = solid.copy()
    for label in range(1, len(stats)):
        left, top, width, height, area = stats[label]
        at_rim = left == 0 or top == 0 or left + width == solid.shape[1] or top + height == solid.shape[0]
        hole = labels == label
        if area < _LEAST_PART * solid.size or (not at_rim and _looks_like_its_edge(small, hole)):
            filled[hole] = True
    return filled


def _looks_like_its_edge(small: Frame, hole: NDArray[np.bool_]) -> bool:
    edge = _grown(hole, _LEEWAY) & ~hole
    difference = np.median(small[hole], axis=0) - np.median(small[edge], axis=0)
    return float(np.abs(difference).max()) < _ALIKE


def _look_closer(
    small: Frame, centre: tuple[float, float], size: float, likelihood: NDArray[np.float32]
) -> None:
    """Raise the likelihood, in place, around a face whose person is small, beside a larger one or missed.

    `likelihood` may end above the picture's lower edge: below nothing is raised.
    """
    x, y = centre
    left, top = max(round(x - _PORTRAIT[0] * size), 0), max(round(y - _PORTRAIT[1] * size), 0)
    right, bottom = round(x + _PORTRAIT[0] * size), round(y + _PORTRAIT[2] * size)
    part = likelihood[top:bottom, left:right]
    if size < _LEAST_PERSON or part.size > _NOT_CLOSER * likelihood.size:
        return
    closer = _person_likelihood(small[top:bottom, left:right])[: len(part)]
    # Only what hangs together with this face: the crop may show others in part.
    _, labels = cv2.connectedComponents(np.asarray(closer > 0.5, np.uint8))
    # A face that the picture's edge cuts may have its middle beyond it.
    row, column = (
        min(max(round(middle) - start, 0), length - 1)
        for middle, start, length in zip((y, x), (top, left), labels.shape, strict=True)
    )
    own = _grown(labels == labels[row, column], 3) if labels[row, column] else labels < 0
    np.maximum(part, np.where(own, closer, 0), out=part)


def _person_likelihood(small: Frame) -> NDArray[np.float32]:
    net = load_net("selfie_segmentation")
    net.setInput(cv2.dnn.blobFromImage(small, 1 / 255, (_NET_SIDE, _NET_SIDE)))
    likelihood: NDArray[np.float32] = np.asarray(
        cv2.resize(net.forward("activation_10")[0, 0], small.shape[1::-1]), np.float32
    )
    return likelihood


def _object(frame: Frame, small: Frame) -> Mask | None:
    """Find the solid shape of what a picture shows first of all; None when that is not sure.

    The test is strict on purpose: half an object taken off its background looks worse than none.
    """
    first = _salience(small, _FIRST_LOOK)
    if not (first > 0.5).any():
        return None
    likelihood = _look_again(frame, first)
    solid = likelihood > 0.5
    low, high = _AREA_RANGE
    spans_width = solid[:, 0].any() and solid[:, -1].any()
    if not low <= solid.mean() <= high or spans_width:
        return None
    doubt = np.minimum(likelihood, 1 - likelihood).sum() / solid.sum()
    both, either = solid & (first > 0.5), solid | (first > 0.5)
    if doubt > _MOST_DOUBT or both.sum() < _LEAST_AGREEMENT * either.sum():
        return None
    if _is_part_of_somebody(small, solid):
        return None
    hints = _hints(likelihood)
    # GrabCut takes thin parts for background: a beak, a wing's tip.
    shape = np.asarray(likelihood > _THINLY_SEEN, np.uint8)
    thin = (shape > 0) & (cv2.morphologyEx(shape, cv2.MORPH_OPEN, _THICK) == 0)
    hints[thin | (likelihood > _SURE)] = cv2.GC_FGD
    return _refined(small, likelihood, hints)


def _is_part_of_somebody(small: Frame, solid: NDArray[np.bool_]) -> bool:
    """Tell whether the person net sees much more of the same body: a head of hair is no object."""
    _, labels = cv2.connectedComponents(np.asarray(solid | (_person_likelihood(small) > 0.85), np.uint8))
    body = np.isin(labels, np.unique(labels[solid]))
    return bool((body & ~solid).sum() > _MOST_BODY * solid.sum())


def _look_again(frame: Frame, first: NDArray[np.float32]) -> NDArray[np.float32]:
    """Look for salience only where a first look saw some, and a little around it."""
    rows, columns = first.shape
    x, y, width, height = cv2.boundingRect(np.asarray(first > 0.3, np.uint8))
    left, right = max(round(x - _AROUND * width), 0), min(round(x + (1 + _AROUND) * width), columns)
    top, bottom = max(round(y - _AROUND * height), 0), min(round(y + (1 + _AROUND) * height), rows)
    down, across = frame.shape[0] / rows, frame.shape[1] / columns
    part = frame[round(top * down) : round(bottom * down), round(left * across) : round(right * across)]
    likelihood = np.zeros_like(first)
    closer = _salience(part, _SECOND_LOOK)
    likelihood[top:bottom, left:right] = _resized(closer, (right - left, bottom - top))
    return likelihood


def _salience(frame: Frame, side: int) -> NDArray[np.float32]:
    """Tell how surely each pixel is of what a picture shows first of all, 0 to 1; as large as the picture."""
    net = load_net("u2netp", "onnx")
    colours = _resized(frame, (side, side)).astype(np.float32)
    colours = (colours / max(float(colours.max()), 1.0) - _COLOUR_MEAN) / _COLOUR_SPREAD
    net.setInput(np.ascontiguousarray(colours.transpose(2, 0, 1)[None], np.float32))
    seen = net.forward("1959")[0, 0]  # the last of its side outputs, which joins all others
    return np.asarray(cv2.resize(seen, frame.shape[1::-1]), np.float32)


def _cut_out(small: Frame, hints: Mask) -> Mask:
    """Run GrabCut from hints; 0 or 255."""
    if not (np.any(hints & 1 == 1) and np.any(hints & 1 == 0)):
        return np.where(hints & 1, 255, 0).astype(np.uint8)
    cv2.setRNGSeed(0)  # GrabCut seeds its colour models from OpenCV's own generator
    labels = hints.copy()
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    whole = (0, 0, small.shape[1], small.shape[0])
    cv2.grabCut(small, labels, whole, background, foreground, _GRABCUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.where(labels & 1, 255, 0).astype(np.uint8)


def _without_specks(where: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    """Leave out the parts of an area that are smaller than a share of the picture."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(where.astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] >= least * where.size
    large[0] = False
    return np.asarray(large[labels], np.bool_)


def _soft_edged(frame: Frame, small: Frame, solid: Mask) -> Mask:
    """Let the matte follow the picture's own edges: a guided filter, its coefficients enlarged.

    The filter works on the small picture; the linear model that it finds is applied to the full one (He and
    Sun, "Fast Guided Filter", 2015).
    """
    size = (frame.shape[1], frame.shape[0])
    radius = max(2, round(_EDGE_RADIUS * max(small.shape[:2])))
    slope, offset = _local_linear_model(small, solid, radius)
    guide = cv2.GaussianBlur(frame, (0, 0), 0.6)
    alpha = _large(offset, size)
    for channel in range(3):
        alpha += _large(np.ascontiguousarray(slope[..., channel]), size) * guide[..., channel]
    band = _blurred(_grown(solid > 0, radius), radius / 2)
    core = _blurred(_shrunk(solid > 0, 2 * radius), radius / 2)
    # A steeper ramp: the filter's own leaves a veil of background over the subject and the reverse.
    alpha = np.clip((alpha - 0.5) * 1.35 + 0.5, 0, 1)
    alpha = np.maximum(np.minimum(alpha, _large(band, size)), _large(core, size))
    return np.asarray(np.rint(alpha * 255), np.uint8)


def _blurred(where: NDArray[np.bool_], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(where.astype(np.float32), (0, 0), sigma), np.float32)


def _local_linear_model(
    small: Frame, solid: Mask, radius: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit `solid = slope · colour + offset` in each window; for colours 0..255 and a matte 0..1."""
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(values: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, window, borderType=cv2.BORDER_REFLECT), np.float32)

    colour, target = small.astype(np.float32) / 255, solid.astype(np.float32) / 255
    mean_colour, mean_target = mean(colour), mean(target)
    products = (colour[..., :, None] * colour[..., None, :]).reshape(*solid.shape, 9)
    covariance = mean(products).reshape(*solid.shape, 3, 3)
    covariance -= mean_colour[..., :, None] * mean_colour[..., None, :]
    covariance += _EDGE_SMOOTHNESS * np.eye(3, dtype=np.float32)
    cross = mean(colour * target[..., None]) - mean_colour * mean_target[..., None]
    slope = np.linalg.solve(covariance, cross[..., None])[..., 0]
    offset = mean_target - (slope * mean_colour).sum(axis=-1)
    return mean(slope) / np.float32(255), mean(offset)


def _large(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _resized(frame: NDArray[Kind], size: tuple[int, int]) -> NDArray[Kind]:
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), frame.dtype)


def _grown(where: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.dilate(where.astype(np.uint8), disc), np.bool_)


def _shrunk(where: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    return ~_grown(~where, radius)
