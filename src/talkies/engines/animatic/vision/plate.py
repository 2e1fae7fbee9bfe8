"""The background plate: the picture with its subject taken out and the gap filled.

Only the gap's rim is ever seen, when parallax uncovers it. Its colour continues what lies well outside the
subject's soft edge, out of focus: nothing that can be recognised is seen twice. Its grain is that of the
surroundings, brought in by a shift.

Source of the inpainting: Telea, "An Image Inpainting Technique Based on the Fast Marching Method", 2004.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.media import Frame

_WORKING_SIDE = 320  # pixels, the longer side of the copy in which the filling is planned
_CLOSE = 0.006  # of the longer side: where a matte always leaves a little of the subject's rim outside
_SOUND = 0.015  # of the longer side: from here on the surroundings have none of the subject's colour
_STRAY = 0.03  # of the longer side: how far beyond its edge a subject's single hairs may reach
_CLEAR = 32  # of 255: a pixel with no more of the subject counts as background
_BASE_BLUR = 4.0  # working pixels: what is finer is texture
_ROUGHNESS_WINDOW = 41  # working pixels a side
_GRAIN_BLUR = 2.0  # pixels: grain is finer
_GRAIN_RANGE = 2.0  # standard deviations: what stands out more is an edge, not grain
_EDGE = 16.0  # grey levels, the most that a pixel of grain stands out
_UNLIKE = 1000  # grey levels: more than any two colours differ
_KINSHIP = (14.0, 36.0)  # grey levels from a colour of the surroundings: still one of them, surely none
_DIRECTIONS = 12
_DISTANCES = (10, 20, 40)  # working pixels from which grain is shifted in

Field = NDArray[np.float32]


def fill_behind(frame: Frame, alpha: NDArray[np.uint8]) -> Frame:
    """Fill a picture in where its subject is.

    Pixels away from the subject stay as they are, and so do those beside it that show the background.

    Args:
        frame: `(height, width, 3)` uint8, RGB.
        alpha: `(height, width)` uint8, the subject's matte.
    """
    clear = np.asarray(alpha <= _CLEAR, np.uint8)
    outside = np.asarray(cv2.distanceTransform(clear, cv2.DIST_L2, 3), np.float32)
    side = max(frame.shape[:2])
    small = _small(frame)
    far = _reduced(outside > _STRAY * side, small)
    if clear.all() or not far.any():
        return frame
    share = _share(frame, small, outside, far)
    # What is not stray beside the subject is known as well.
    known = _reduced((outside > _SOUND * side) & (share < 0.1), small)
    filled = _enlarged(_base(small, known), frame) + _grain(frame, known)
    mixed = frame + share[..., None] * (filled - frame)
    return np.asarray(np.rint(np.clip(mixed, 0, 255)), np.uint8)


def claim(frame: Frame, plate: Frame, alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Raise a matte until its subject over the plate can be the photo: `photo = α·subject + (1 - α)·plate`.

    A hair darker than any mixture with the plate behind it is then the subject's own, and so is what a
    matte missed beside the outline. Only pixels change where the plate is not the photo.
    """
    soft = (alpha < 255) & (frame != plate).any(axis=-1)
    photo, behind = frame[soft].astype(np.float32), plate[soft].astype(np.float32)
    darker = (behind - photo) / np.maximum(behind, 1)
    lighter = (photo - behind) / np.maximum(255 - behind, 1)
    least = np.ceil(255 * np.maximum(darker, lighter).max(axis=-1))
    claimed = alpha.copy()
    claimed[soft] = np.maximum(alpha[soft], np.clip(least, 0, 255)).astype(np.uint8)
    return claimed


def _small(frame: Frame) -> Frame:
    scale = min(1.0, _WORKING_SIDE / max(frame.shape[:2]))
    return np.asarray(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _reduced(where: NDArray[np.bool_], small: Frame) -> Field:
    """Bring a region to working size: 1 where all of a pixel is in it, else 0."""
    weight = cv2.resize(where.astype(np.float32), small.shape[1::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(weight > 0.99, np.float32)


def _enlarged(values: Field, frame: Frame) -> Field:
    return np.asarray(cv2.resize(values, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _base(small: Frame, known: Field) -> Field:
    """Continue the known colours over the rest, without texture."""
    filled = cv2.inpaint(small, np.asarray(known == 0, np.uint8), 4, cv2.INPAINT_TELEA)
    return np.asarray(cv2.GaussianBlur(filled.astype(np.float32), (0, 0), _BASE_BLUR), np.float32)


def _roughness(texture: Field, known: Field) -> Field:
    """Measure how rough the known surroundings of each pixel are: the deviation, in grey levels."""
    window = (_ROUGHNESS_WINDOW, _ROUGHNESS_WINDOW)
    power = cv2.boxFilter((texture**2).mean(axis=-1) * known, -1, window)
    weight = cv2.boxFilter(known, -1, window)
    # The running sums of a box filter may end a little below nothing.
    return np.asarray(np.sqrt(np.maximum(power, 0) / np.maximum(weight, 0.02)), np.float32)


def _grain(frame: Frame, known: Field) -> Field:
    """Shift the grain of the nearest known surroundings to where nothing is known."""
    fine = frame - cv2.GaussianBlur(frame, (0, 0), _GRAIN_BLUR).astype(np.float32)
    few = np.asarray(cv2.resize(fine, known.shape[::-1], interpolation=cv2.INTER_NEAREST), np.float32)
    roughness = _roughness(np.clip(few, -_EDGE, _EDGE), known)
    offset, found = _sources(known)
    offset *= np.float32(frame.shape[1] / known.shape[1])
    offset = np.asarray(cv2.resize(offset, frame.shape[1::-1], interpolation=cv2.INTER_NEAREST), np.float32)
    height, width = frame.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(fine, x + offset[..., 0], y + offset[..., 1], cv2.INTER_NEAREST)
    # Nothing where there is no source: beyond some depth, which parallax does not uncover.
    limit = _enlarged(_GRAIN_RANGE * roughness * cv2.blur(found, (5, 5)), frame)[..., None]
    return np.asarray(np.clip(moved, -limit, limit), np.float32)


def _sources(known: Field) -> tuple[Field, Field]:
    """Find for each pixel the way to known surroundings, `(x, y)` in working pixels, and where one exists."""
    sound = np.asarray(cv2.erode(known, np.ones((3, 3))), np.float32)
    offset, found = np.zeros((*known.shape, 2), np.float32), sound.copy()
    for across, down in _shifts():
        matrix = np.array([[1, 0, across], [0, 1, down]])
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        new = (found == 0) & (cv2.warpAffine(sound, matrix, sound.shape[::-1], flags=flags) > 0)
        offset[new], found[new] = (across, down), 1
    return offset, found


def _shifts() -> list[tuple[float, float]]:
    """List the shifts to try, in working pixels, short ones first."""
    angles = 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    return [
        (float(np.rint(far * np.cos(angle))), float(np.rint(far * np.sin(angle))))
        for far in _DISTANCES
        for angle in angles
    ]


def _share(frame: Frame, small: Frame, outside: Field, far: Field) -> Field:
    """Tell where the filling is wanted, 0 to 1: all of it behind the subject, and where it reaches farther.

    Beside the matte the photo stays where it shows what the far surroundings lead one to expect. Close to
    it that is little more than their grain; single hairs further out must differ from all their texture, and
    all must be of a colour that the surroundings have nowhere near: a flag's stripe behind a shoulder has.
    """
    side = max(frame.shape[:2])
    base = _base(small, far)
    # As far as stray hairs reach, surroundings that change cannot foretell a colour.
    distant = np.asarray(cv2.GaussianBlur(base, (0, 0), _STRAY * _WORKING_SIDE), np.float32)
    rough = _enlarged(_roughness(small - distant, far), frame)
    unlike = cv2.GaussianBlur(cv2.absdiff(frame.astype(np.float32), _enlarged(base, frame)), (0, 0), 1.0)
    red, green, blue = cv2.split(unlike)
    difference = cv2.max(cv2.max(red, green), blue)
    closeness = _ramp(outside, _CLOSE * side)
    allowed = 4 + 2 * np.minimum(rough, 4) * closeness + 3 * rough * (1 - closeness)
    strange = np.asarray(np.clip((difference / allowed - 1) * 2, 0, 1), np.float32)
    strange *= _enlarged(_foreign(small, far), frame)
    spread = cv2.GaussianBlur(cv2.dilate(strange, np.ones((3, 3))), (0, 0), 1.0)
    beside = spread * np.minimum(2 * _ramp(outside, _STRAY * side), 1)
    return np.asarray(np.where(outside > 0, beside, 1), np.float32)


def _foreign(small: Frame, far: Field) -> Field:
    """Tell where a pixel is unlike every one of the far surroundings that is looked up, 0 to 1."""
    margin = max(_DISTANCES)
    # Where nothing is known, no colour is alike.
    known = np.where(far[..., None] > 0, small, -_UNLIKE).astype(np.int16)
    there = np.pad(known, ((margin, margin), (margin, margin), (0, 0)), constant_values=-_UNLIKE)
    here = small.astype(np.int16)
    rows, columns = far.shape
    least = np.full(far.shape, _UNLIKE, np.int16)
    for across, down in _shifts():
        top, left = margin + int(down), margin + int(across)
        red, green, blue = cv2.split(cv2.absdiff(here, there[top : top + rows, left : left + columns]))
        least = np.asarray(cv2.min(least, cv2.max(cv2.max(red, green), blue)), np.int16)
    low, high = _KINSHIP
    unlike = np.clip((least - low) / (high - low), 0, 1).astype(np.float32)
    return np.asarray(cv2.dilate(unlike, np.ones((3, 3))), np.float32)


def _ramp(outside: Field, reach: float) -> Field:
    """Fall from 1 at the matte to 0 at some pixels from it."""
    return np.asarray(np.maximum(1 - outside / np.float32(reach), 0), np.float32)
