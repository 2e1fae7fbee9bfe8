"""The background plate: the picture with its subject taken out and the gap filled.

Only the gap's rim is ever seen, when parallax uncovers it. There pieces of what lies well outside the
subject's soft edge continue its structures and its grain, as far as they fit; deeper in are broad structures,
then colours only.

Source of the colours: Knutsson and Westin, "Normalized and Differential Convolution", 1993.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.look import enlarged
from talkies.engines.animatic.vision.patchwork import continue_texture
from talkies.media import Frame

_WORKING_SIDE = 320  # pixels at most, the longer side of the copy in which the filling is planned
_CRISP = 0.003  # of the longer side: so far the colour of a subject without hairs runs over its matte's edge
_CLOSE = 0.006  # of the longer side: where a matte always leaves a little of the subject's rim outside
_RIM = 0.007  # of the longer side: where the subject's own colour shines through, however faintly
_SOFT_RIM = 0.022  # of the longer side: the same before surroundings out of focus, where its edge is soft
_SOFT = (0.8, 2.0)  # grey levels of grain by which surroundings are surely out of focus, and surely not
_SOUND = 0.015  # of the longer side: from here on the surroundings have none of the subject's colour
_STRAY = 0.022  # of the longer side: how far beyond its edge a subject's single hairs may reach
_CLEAR = 32  # of 255: a pixel with no more of the subject counts as background
_TOLD = 0.05  # share of a window that must be known to judge it by
_GRAIN_BLUR = 1.5  # working pixels: what is finer is grain, of which a lens out of focus leaves none
_BASE_BLUR = 4.0  # working pixels: what is finer is texture
_ROUGHNESS_WINDOW = 41  # working pixels a side
_SPREADS = ((1.0, 1), (3.0, 1), (9.0, 4), (27.0, 8), (81.0, 16))
"""Working pixels: how far colours are continued, and the reductions in which they are."""
_FINE_RINGS = 2  # of pieces with all their detail
_FADE = 3  # working pixels of texture that fade away where the pieces end
_KINSHIP = (14.0, 36.0)  # grey levels from a colour of the surroundings: still one of them, surely none
_NOISE = 4.0  # grey levels that a plate's guess may be off before a subject is seen in them
_DEEP = 32.0  # grey levels from black or white within which a guess tells little of the subject's share
_OPAQUE = 250  # of 255: a pixel that shows the subject's own colour
_TENDENCY = (
    0.75,
    0.95,
)  # the cosine between two differences from the surroundings' colour: one other, the same
_THIN = (0.4, 0.6)  # of a pixel's difference from its surroundings, that working pixels do not show
_BLOT = np.ones((5, 5), np.uint8)  # working pixels of surroundings that are looked up together
_SHOWN = 0.05  # of the filling: a pixel with less shows the photo
_SETTLES = (1.0, 3.0, 6.0)  # working pixels: how far into the filling its misfit at the rim is spread
_LETS_GO = 1e-5  # the weight, of one pixel's, of no misfit at all
_SKETCH = 2  # working pixels of one in which broad structures are continued
_DIRECTIONS = 12
_DISTANCES = (10, 20, 40)  # working pixels at which surroundings are looked up

Field = NDArray[np.float32]


class Cut(NamedTuple):
    """What stands before the rest of a picture, its alpha `(height, width)`, and the picture without it."""

    alpha: NDArray[np.uint8]
    plate: Frame


def fill_behind(frame: Frame, alpha: NDArray[np.uint8], *, hairy: bool = True) -> Frame:
    """Fill a picture in where its subject is.

    Pixels away from the subject stay as they are, and so do those beside it that show the background.

    Args:
        frame: `(height, width, 3)` uint8, RGB.
        alpha: `(height, width)` uint8, the subject's matte.
        hairy: single hairs of the subject may reach beyond its matte; else it ends where that does.
    """
    height, width = frame.shape[:2]
    if not (alpha > _CLEAR).any():
        return frame
    # Whole working pixels: pieces are found in these and laid in the frame's.
    scale = -(-max(height, width) // _WORKING_SIDE)
    room = (0, -height % scale, 0, -width % scale, cv2.BORDER_REPLICATE)
    whole, whole_alpha = cv2.copyMakeBorder(frame, *room), cv2.copyMakeBorder(alpha, *room)
    filled = _filled(np.asarray(whole, np.uint8), np.asarray(whole_alpha, np.uint8), scale, hairy)
    return frame if filled is None else np.ascontiguousarray(filled[:height, :width])


def _filled(frame: Frame, alpha: NDArray[np.uint8], scale: int, hairy: bool) -> Frame | None:
    """Fill a picture in whose sides are whole multiples of `scale`; None where nothing of it is known."""
    outside = np.asarray(
        cv2.distanceTransform(np.asarray(alpha <= _CLEAR, np.uint8), cv2.DIST_L2, 3), np.float32
    )
    side = max(frame.shape[:2])
    size = frame.shape[1] // scale, frame.shape[0] // scale
    small = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
    far = _reduced(outside > (_STRAY if hairy else _CRISP) * side, small)
    if not far.any():
        return None
    if hairy:
        own = _continued(small, _reduced(alpha > _OPAQUE, small))
        share = _share(frame, small, outside, far, own)
        # What is not stray beside the subject is known as well.
        known = _reduced((outside > _SOUND * side) & (share < 0.1), small)
    else:
        share, known = np.minimum(2 * _ramp(outside, _CRISP * side), 1), far
    smooth = _sketched(small, known)
    behind = enlarged(smooth, frame)
    is_known = cv2.resize(known, frame.shape[1::-1], interpolation=cv2.INTER_NEAREST)[..., None] > 0
    guessed = np.where(is_known, frame, np.rint(behind)).astype(np.uint8)
    foretold = np.where(known[..., None] > 0, small, smooth)
    textured, trust = continue_texture(guessed, foretold, known > 0, _FINE_RINGS)
    texture = enlarged(_faded(trust), frame)[..., None]
    behind += texture * (textured - behind)
    behind += enlarged(_misfit(small, behind, share), frame)
    mixed = frame + share[..., None] * (behind - frame)
    return np.asarray(np.rint(np.clip(mixed, 0, 255)), np.uint8)


def claim(
    frame: Frame, plate: Frame, alpha: NDArray[np.uint8], *, guessed: bool = False
) -> NDArray[np.uint8]:
    """Raise a matte until its subject over the plate can be the photo: `photo = α·subject + (1 - α)·plate`.

    A hair darker than any mixture with the plate behind it is then the subject's own, and so is what a
    matte missed beside the outline. Only pixels change where the plate is not the photo. A `guessed` plate
    may be some grey levels off: in a pure colour, grain alone would make specks of the subject.
    """
    noise, deep = (_NOISE, _DEEP) if guessed else (0.0, 1.0)
    soft = (alpha < 255) & (_largest(cv2.absdiff(frame, plate)) > 0)
    photo, behind = frame[soft].astype(np.float32), plate[soft].astype(np.float32)
    darker = (behind - photo - noise) / np.maximum(behind, deep)
    lighter = (photo - behind - noise) / np.maximum(255 - behind, deep)
    least = np.ceil(255 * np.maximum(darker, lighter).max(axis=-1))
    claimed = alpha.copy()
    claimed[soft] = np.maximum(alpha[soft], np.clip(least, 0, 255)).astype(np.uint8)
    return claimed


def _reduced(where: NDArray[np.bool_], small: Frame) -> Field:
    """Bring a region to working size: 1 where all of a pixel is in it, else 0."""
    weight = cv2.resize(where.astype(np.float32), small.shape[1::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(weight > 0.99, np.float32)


def _misfit(small: Frame, behind: Field, share: Field) -> Field:
    """Tell how far the filling is off the photo that goes on beside it: all of it there, less farther in."""
    shown = _reduced(share < _SHOWN, small)
    off = small - np.asarray(cv2.resize(behind, small.shape[1::-1], interpolation=cv2.INTER_AREA), np.float32)
    total = np.dstack([off * 0, np.full(shown.shape, _LETS_GO, np.float32)])
    for number, reach in enumerate(_SETTLES):
        near = cv2.GaussianBlur(np.dstack([off * shown[..., None], shown]), (0, 0), reach)
        total += np.float32(1e-2**number) * near
    return np.asarray(total[..., :3] / total[..., 3:], np.float32)


def _sketched(small: Frame, known: Field) -> Field:
    """Continue the known part over the rest: its broad structures near it, farther in its colours only."""
    smooth = _continued(small, known)
    size = small.shape[1::-1]
    few = -(-size[0] // _SKETCH), -(-size[1] // _SKETCH)
    guessed = np.where(known[..., None] > 0, small, smooth).astype(np.float32)
    less = np.asarray(cv2.resize(guessed, few, interpolation=cv2.INTER_AREA), np.float32)
    whole = cv2.resize(known, few, interpolation=cv2.INTER_AREA) > 0.99
    structured, trust = continue_texture(np.rint(less).astype(np.uint8), less, whole)
    share = cv2.resize(_faded(trust), size, interpolation=cv2.INTER_LINEAR)
    large = np.asarray(cv2.resize(structured, size, interpolation=cv2.INTER_CUBIC), np.float32)
    return np.clip(smooth + share[..., None] * (large - smooth), 0, 255)


def _faded(trust: Field) -> Field:
    """Let pieces fade away where they end or no longer fit."""
    core = cv2.erode(trust, np.ones((2 * _FADE + 1,) * 2))
    return np.asarray(cv2.GaussianBlur(core, (0, 0), _FADE / 2), np.float32)


def _continued(small: Frame, known: Field) -> Field:
    """Continue the known colours over the rest, without texture; near ones count most."""
    size = small.shape[1::-1]
    colours = np.dstack([small * known[..., None], known]).astype(np.float32)
    total = np.zeros_like(colours)
    for number, (reach, reduction) in enumerate(_SPREADS):
        few = max(1, size[0] // reduction), max(1, size[1] // reduction)
        reduced = cv2.resize(colours, few, interpolation=cv2.INTER_AREA)
        spread = cv2.GaussianBlur(reduced, (0, 0), reach / reduction)
        total += np.float32(1e-3**number) * cv2.resize(spread, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(total[..., :3] / np.maximum(total[..., 3:], np.float32(1e-20)), np.float32)


def _base(small: Frame, known: Field) -> Field:
    """Continue the known colours over the rest, and take all texture out."""
    return np.asarray(cv2.GaussianBlur(_continued(small, known), (0, 0), _BASE_BLUR), np.float32)


def _roughness(texture: Field, known: Field) -> Field:
    """Measure how rough the known surroundings of each pixel are: the deviation, in grey levels."""
    window = (_ROUGHNESS_WINDOW, _ROUGHNESS_WINDOW)
    power = cv2.boxFilter((texture**2).mean(axis=-1) * known, -1, window)
    weight = cv2.boxFilter(known, -1, window)
    # The running sums of a box filter may end a little below nothing.
    return np.asarray(np.sqrt(np.maximum(power, 0) / np.maximum(weight, 0.02)), np.float32)


def _sharpness(small: Frame, known: Field) -> Field:
    """Tell whether the known surroundings of each pixel are in focus, 0 to 1; none counts as such."""
    colours = small.astype(np.float32)
    grain = colours - np.asarray(cv2.GaussianBlur(colours, (0, 0), _GRAIN_BLUR), np.float32)
    low, high = _SOFT
    sharp = np.clip((_roughness(grain, known) - low) / (high - low), 0, 1)
    around = cv2.boxFilter(known, -1, (_ROUGHNESS_WINDOW, _ROUGHNESS_WINDOW))
    return np.where(around > _TOLD, sharp, 1).astype(np.float32)


def _shifts() -> list[tuple[float, float]]:
    """List the shifts to try, in working pixels, short ones first."""
    angles = 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    return [
        (float(np.rint(far * np.cos(angle))), float(np.rint(far * np.sin(angle))))
        for far in _DISTANCES
        for angle in angles
    ]


def _share(frame: Frame, small: Frame, outside: Field, far: Field, own: Field) -> Field:
    """Tell where the filling is wanted, 0 to 1: all of it behind the subject, and where it reaches farther.

    Right at the matte no outline of the subject may stay behind. Farther off the photo stays where it shows
    what the far surroundings lead one to expect. Close to it that is little more than their grain; single
    hairs further out must differ from all their texture, and all must be of a colour that the surroundings
    have nowhere near: a flag's stripe behind a shoulder has.
    """
    side = max(frame.shape[:2])
    base = _base(small, far)
    # As far as stray hairs reach, surroundings that change cannot foretell a colour.
    distant = np.asarray(cv2.GaussianBlur(base, (0, 0), _STRAY * _WORKING_SIDE), np.float32)
    rough = enlarged(_roughness(small - distant, far), frame)
    sharp = enlarged(_sharpness(small, far), frame)
    rim = (_SOFT_RIM + (_RIM - _SOFT_RIM) * sharp) * side
    expected = enlarged(base, frame)
    unlike = cv2.GaussianBlur(cv2.absdiff(frame.astype(np.float32), expected), (0, 0), 1.0)
    difference = _largest(unlike)
    closeness = _ramp(outside, _CLOSE * side)
    allowed = 4 + 2 * np.minimum(rough, 4) * closeness + 3 * rough * (1 - closeness)
    strange = np.asarray(np.clip((difference / allowed - 1) * 2, 0, 1), np.float32)
    strange *= enlarged(_foreign(small, far), frame) * _hairlike(frame, small, base, own)
    spread = cv2.GaussianBlur(cv2.dilate(strange, np.ones((3, 3))), (0, 0), 1.0)
    beside = spread * np.minimum(2 * _ramp(outside, _STRAY * side), 1)
    beside = np.maximum(beside, np.minimum(2 * _ramp(outside, rim), 1))
    return np.asarray(np.where(outside > 0, beside, 1), np.float32)


def _hairlike(frame: Frame, small: Frame, base: Field, own: Field) -> Field:
    """Tell what may be stray from the subject, 0 to 1: what is thin, and what tends to the subject's colour.

    A bright blot out of focus beside dark hair is neither.
    """
    beside = small.astype(np.float32) - base
    towards = own - base
    length = np.sqrt((beside**2).sum(axis=-1) * (towards**2).sum(axis=-1))
    alike = _rise((beside * towards).sum(axis=-1) / np.maximum(length, 1), _TENDENCY)
    broad = cv2.medianBlur(small, 3)
    size = frame.shape[1::-1]
    fine = _largest(cv2.absdiff(frame, cv2.resize(broad, size, interpolation=cv2.INTER_LINEAR)))
    coarse = enlarged(_largest(cv2.absdiff(broad.astype(np.float32), base)), frame)
    thin = _rise(fine / np.maximum(fine + coarse, 1), _THIN)
    return np.maximum(enlarged(np.asarray(cv2.dilate(alike, np.ones((3, 3))), np.float32), frame), thin)


def _largest(difference: NDArray[Any]) -> NDArray[Any]:
    """Give the largest of a pixel's three differences; many times as fast as a maximum along an axis."""
    red, green, blue = cv2.split(difference)
    return np.asarray(cv2.max(cv2.max(red, green), blue), difference.dtype)


def _rise(values: NDArray[np.floating[Any]], limits: tuple[float, float]) -> Field:
    low, high = limits
    return np.asarray(np.clip((values - low) / (high - low), 0, 1), np.float32)


def _foreign(small: Frame, far: Field) -> Field:
    """Tell where a pixel is unlike every one of the far surroundings that is looked up, 0 to 1."""
    margin = max(_DISTANCES)
    room = ((margin, margin), (margin, margin), (0, 0))
    # Among blots out of focus all colours between theirs are at home.
    darkest, lightest = (np.pad(bound(small, _BLOT), room) for bound in (cv2.erode, cv2.dilate))
    # Where nothing is known, no colour is alike.
    sure = cv2.erode(far, _BLOT, borderValue=0)
    lacking = np.pad(np.where(sure > 0, 0, 255).astype(np.uint8), margin, constant_values=255)
    rows, columns = far.shape
    least = np.full(far.shape, 255, np.uint8)
    for across, down in _shifts():
        top, left = margin + int(down), margin + int(across)
        place = np.s_[top : top + rows, left : left + columns]
        beyond = cv2.max(cv2.subtract(darkest[place], small), cv2.subtract(small, lightest[place]))
        difference = cv2.max(_largest(beyond), lacking[place])
        least = np.asarray(cv2.min(least, difference), np.uint8)
    low, high = _KINSHIP
    unlike = np.clip((least.astype(np.float32) - low) / (high - low), 0, 1).astype(np.float32)
    return np.asarray(cv2.dilate(unlike, np.ones((3, 3))), np.float32)


def _ramp(outside: Field, reach: float | Field) -> Field:
    """Fall from 1 at the matte to 0 at some pixels from it."""
    return np.asarray(np.maximum(1 - outside / np.asarray(reach, np.float32), 0), np.float32)
