"""People as a segmentation net sees them, with or without a face, and the heads of those without."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.contours import Mask, grown, hint, refined, working_copy
from talkies.engines.animatic.vision.faces import Face
from talkies.engines.animatic.vision.nets import load_net
from talkies.media import Frame

_NET_SIDE = 256  # pixels
_PORTRAIT = (2.2, 1.5, 4.0)  # face sizes beside, above and below a face that show its person
_NOT_CLOSER = 0.7  # of the picture: a portrait that shows as much shows the net nothing new
_FACE_OF_HEAD = 0.7  # a face's size in those of a head with its hair
_LEAST_PERSON = 14.0  # working pixels of a face from which its person is looked for
_LEAST_FIGURE = 0.01  # of the picture, of a figure that a shot may look at
_FAINTLY = 0.25  # likelihood of a head that the net half sees above a body that it is sure of
_FIGURE_HEADS = 5  # a figure's height in heads: between a standing and a sitting one


def people_contour(small: Frame, faces: tuple[Face, ...], scale: float) -> Mask | None:
    """Find the solid shape of the people whose faces are known, 0 or 255."""
    likelihood = person_likelihood(small)
    for face in faces:
        x, y = face.centre
        _look_closer(small, (x * scale, y * scale), face.size * scale, likelihood)
    for x, y, width, height in _faceless(likelihood, faces, scale):
        size = _FACE_OF_HEAD * (width * height) ** 0.5
        # Where no face is sure, what lies below the shoulders may be a sofa.
        shoulders = likelihood[: round(y + height + size)]
        _look_closer(small, (x + width / 2, y + height / 2), size, shoulders)
    hints = hint(likelihood)
    for face in faces:
        centre = (round(face.centre[0] * scale), round(face.centre[1] * scale))
        axes = (round(face.box[2] * scale * 0.4), round(face.box[3] * scale * 0.45))
        cv2.ellipse(hints, centre, axes, 0, 0, 360, cv2.GC_FGD, cv2.FILLED)
    return refined(small, likelihood, hints)


def person_likelihood(small: Frame) -> NDArray[np.float32]:
    """Tell how surely each pixel is of a person, 0 to 1; as large as the picture."""
    net = load_net("selfie_segmentation")
    net.setInput(cv2.dnn.blobFromImage(small, 1 / 255, (_NET_SIDE, _NET_SIDE)))
    likelihood: NDArray[np.float32] = np.asarray(
        cv2.resize(net.forward("activation_10")[0, 0], small.shape[1::-1]), np.float32
    )
    return likelihood


def find_figures(frame: Frame) -> list[tuple[float, float, float, float]]:
    """Find the heads of people whose faces are not seen: painted, turned away or bent over a book.

    Returns `(x, y, width, height)` in pixels, hair and hat included, of the largest figure first. A head ends
    where a figure narrows below its first bulge.
    """
    small, scale = working_copy(frame)
    heads = (_head_of(figure) for figure in _figures(person_likelihood(small)))
    return [(x / scale, y / scale, width / scale, tall / scale) for x, y, width, tall in heads]


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


def _figures(likelihood: NDArray[np.float32], least: float = 0.5) -> list[NDArray[np.bool_]]:
    """Part what may be people into figures of at least such a likelihood, the largest first."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(likelihood > least, np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA]
    large = [label for label in range(1, len(stats)) if areas[label] > _LEAST_FIGURE * labels.size]
    return [labels == label for label in sorted(large, key=lambda label: -int(areas[label]))]


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
    closer = person_likelihood(small[top:bottom, left:right])[: len(part)]
    # Only what hangs together with this face: the crop may show others in part.
    _, labels = cv2.connectedComponents(np.asarray(closer > 0.5, np.uint8))
    # A face that the picture's edge cuts may have its middle beyond it.
    row, column = (
        min(max(round(middle) - start, 0), length - 1)
        for middle, start, length in zip((y, x), (top, left), labels.shape, strict=True)
    )
    own = grown(labels == labels[row, column], 3) if labels[row, column] else labels < 0
    np.maximum(part, np.where(own, closer, 0), out=part)
