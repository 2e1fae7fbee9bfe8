"""Where one shot ends and the next begins: hard cuts, dissolves and fades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.media import Frame

if TYPE_CHECKING:
    from talkies.inspection.picture_measures import PairMeasures

Thumbnails = NDArray[np.float32]
"""`(frames, 18, 32, 3)` float32, levels 0 to 255: enough to tell shots apart, small enough to keep all."""

_THUMBNAIL_SIZE = (32, 18)  # (width, height)
_TINY_SIZE = (8, 5)  # on which a slow move inside a dissolve is next to nothing

_MIN_RESIDUAL_LEVELS = 7.0  # what flow cannot explain across a cut; fast motion and noise stay below 5
_RESIDUAL_RISE = 3.0  # times the usual residual around it
_NEIGHBOURS = 12  # pairs to each side that say what is usual
_MAX_CORRELATION = 0.9  # across a cut; a change of light leaves it higher
_PLAIN_LEVELS = 4.0  # standard deviation of a plain picture: the far end of a fade, or a black gap
_JUMP_SHARE = 0.06  # of the width: a sudden displacement of the whole picture, such as a punch-in
_JUMP_RISE = 4.0  # times the displacements right before and after
_JUMP_NEIGHBOURS = 2
_FLASH_S = 0.5  # a flash is over, and a jolt back, within this time
_FLASH_LEVELS = 20.0  # by which the whole picture brightens or darkens at once
_SAME_CORRELATION, _SAME_LEVELS = 0.85, 20.0  # of thumbnails, and their mean difference, that show the same

_GRADUAL_LENGTHS_S = (0.25, 0.375, 0.5, 0.625, 0.75, 1.0, 1.25, 1.5, 2.0)
_GRADUAL_LEVELS = 12.0  # mean difference between its two ends
_GRADUAL_CORRELATION = 0.75  # of its two ends, at most
_GRADUAL_MISFIT = 0.2  # of the difference of the ends: how far the middle may be from a mixture
_GRADUAL_STEP = 3.0  # times an even step: faster is a flash or a cut
_UNEVENNESS_COST = 100.0  # levels; prefers the stretch that is cut close to the transition


@dataclass(frozen=True)
class Gradual:
    """A transition over the frames `start` up to and including `end`."""

    kind: Literal["dissolve", "fade_in", "fade_out"]
    start: int
    end: int


@dataclass(frozen=True)
class Changes:
    """What is known of every pair of neighbours.

    `residuals` in levels and `correlations`, both `(frames - 1,)`, are taken after motion is taken out.
    `motions` is `(frames - 1, 4)`: the similarity transform's right, down, growth and turn, with lengths in
    widths of the picture; `radius` is the RMS distance of its points from the centre, in widths too.
    """

    residuals: NDArray[np.float64]
    correlations: NDArray[np.float64]
    motions: NDArray[np.float64]
    radius: float

    @classmethod
    def of(cls, pairs: Sequence[PairMeasures], work_size: tuple[int, int]) -> Changes:
        """Gather the measures of all pairs of a video."""
        width, height = work_size
        motions = [
            (pair.motion.right / width, pair.motion.down / width, pair.motion.growth, pair.motion.turn)
            for pair in pairs
        ]
        return cls(
            residuals=np.array([pair.residual for pair in pairs]),
            correlations=np.array([pair.correlation for pair in pairs]),
            motions=np.array(motions).reshape(-1, 4),
            radius=float(np.sqrt((1 + (height / width) ** 2) / 12)),
        )

    def displacements(self) -> NDArray[np.float64]:
        """RMS displacement over the picture in each pair, in widths."""
        right, down, growth, turn = self.motions.T
        squared = right**2 + down**2 + self.radius**2 * (growth**2 + turn**2)
        return np.asarray(np.sqrt(squared), np.float64)


def thumbnail(small: Frame) -> Frame:
    """Reduce a picture to what is kept of every frame, `(18, 32, 3)` uint8."""
    reduced: Frame = np.asarray(cv2.resize(small, _THUMBNAIL_SIZE, interpolation=cv2.INTER_AREA), np.uint8)
    return reduced


def find_flashes(thumbnails: Thumbnails, frames_per_second: float) -> list[tuple[int, int]]:
    """List `[start, end)` of sudden changes of light after which the picture is soon back."""
    tiny = _tiny(thumbnails)
    levels = tiny.mean(axis=(1, 2, 3))
    reach = max(2, round(_FLASH_S * frames_per_second))
    flashes: list[tuple[int, int]] = []
    sudden = np.flatnonzero(np.abs(np.diff(levels)) > _FLASH_LEVELS) + 1
    for start in (int(frame) for frame in sudden):
        if flashes and start <= flashes[-1][1]:
            continue
        back = (
            end
            for end in range(start + 1, min(len(tiny), start + reach + 1))
            if _same(tiny[start - 1], tiny[end])
        )
        end = next(back, None)
        if end is not None:
            flashes.append((start, end))
    return flashes


def find_cuts(
    changes: Changes, thumbnails: Thumbnails, flashes: list[tuple[int, int]], frames_per_second: float
) -> list[int]:
    """List the first frames after hard cuts.

    A cut is a pair of neighbours that neither motion nor light explains, or a jump of the whole picture,
    unlike the pairs around it; unless the old picture is back soon after, which makes it a jolt.
    """
    residuals, displacements = changes.residuals, changes.displacements()
    plain = thumbnails.std(axis=(1, 2, 3)) < _PLAIN_LEVELS
    unlike = (changes.correlations < _MAX_CORRELATION) | (plain[:-1] != plain[1:])
    strange = unlike & (residuals > _MIN_RESIDUAL_LEVELS) & (residuals > _RESIDUAL_RISE * _usual(residuals))
    jumps = (displacements > _JUMP_SHARE) & (displacements > _JUMP_RISE * _beside(displacements))
    cuts: list[int] = []
    for pair in np.flatnonzero(strange | jumps):
        frame = int(pair) + 1
        smeared = bool(cuts) and frame - cuts[-1] <= 1  # by a converter of frame rates, over two pairs
        if smeared or _in_flash(flashes, frame) or _returns(thumbnails, frame, frames_per_second):
            continue
        cuts.append(frame)
    return cuts


def find_gradual(
    changes: Changes,
    thumbnails: Thumbnails,
    breaks: list[int],
    frames_per_second: float,
) -> list[Gradual]:
    """List dissolves and fades: stretches whose frames are mixtures of their two ends, in rising shares.

    Lengths from a quarter of a second to two seconds are tried; of those that overlap the best is kept.
    `breaks` are frames that no transition contains: cuts and flashes.
    """
    tiny = _tiny(thumbnails)
    candidates: list[tuple[float, Gradual]] = []
    for length in sorted({max(4, round(seconds * frames_per_second)) for seconds in _GRADUAL_LENGTHS_S}):
        for start in range(len(thumbnails) - length):
            end = start + length
            if any(start < frame <= end for frame in breaks):
                continue
            quality = _mixture_quality(tiny[start : end + 1])
            if quality is None or _is_move(thumbnails[start], thumbnails[end], changes.motions[start:end]):
                continue
            candidates.append((quality, Gradual(_kind(thumbnails[start], thumbnails[end]), start, end)))
    chosen: list[Gradual] = []
    for _, found in sorted(candidates, key=lambda pair: -pair[0]):
        if all(found.end < other.start or found.start > other.end for other in chosen):
            chosen.append(found)
    return sorted(chosen, key=lambda found: found.start)


def shot_ranges(frame_count: int, cuts: list[int], gradual: list[Gradual]) -> list[tuple[int, int]]:
    """Divide the frames into shots `[first, end)`; transitions between them belong to none.

    >>> shot_ranges(100, [40], [Gradual("dissolve", 60, 72)])
    [(0, 40), (40, 60), (72, 100)]
    """
    ranges: list[tuple[int, int]] = []
    start = 0
    for end, resume in sorted([(cut, cut) for cut in cuts] + [(found.start, found.end) for found in gradual]):
        if end > start:
            ranges.append((start, end))
        start = max(start, resume)
    return [*ranges, (start, frame_count)] if frame_count > start else ranges


def _in_flash(flashes: list[tuple[int, int]], frame: int) -> bool:
    return any(start <= frame <= end for start, end in flashes)


def _tiny(thumbnails: Thumbnails) -> Thumbnails:
    return np.stack([cv2.resize(picture, _TINY_SIZE, interpolation=cv2.INTER_AREA) for picture in thumbnails])


def _usual(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median around each value, without the value itself."""
    return np.array([np.median(_around(values, index, _NEIGHBOURS)) for index in range(len(values))])


def _beside(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest value right before or after each."""
    return np.array([_around(values, index, _JUMP_NEIGHBOURS).max() for index in range(len(values))])


def _around(values: NDArray[np.float64], index: int, reach: int) -> NDArray[np.float64]:
    sides = values[max(0, index - reach) : index], values[index + 1 : index + 1 + reach]
    return np.concatenate([*sides, [0.0]] if len(values) == 1 else sides)


def _returns(thumbnails: Thumbnails, frame: int, frames_per_second: float) -> bool:
    """Tell whether what was before `frame` is back soon, or what is there now was there shortly before."""
    reach = max(2, round(_FLASH_S * frames_per_second))
    later = thumbnails[frame + 1 : frame + 1 + reach]
    earlier = thumbnails[max(0, frame - 1 - reach) : frame - 1]
    return any(_same(thumbnails[frame - 1], one) for one in later) or any(
        _same(one, thumbnails[frame]) for one in earlier
    )


def _same(a: Thumbnails, b: Thumbnails) -> bool:
    return _correlation(a, b) > _SAME_CORRELATION and float(np.abs(a - b).mean()) < _SAME_LEVELS


def _correlation(a: Thumbnails, b: Thumbnails) -> float:
    """Pearson correlation of two small pictures, 0 when one of them is plain."""
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > 1e-6 else 0.0


def _mixture_quality(frames: Thumbnails) -> float | None:
    """How large a change the frames explain as a mixture of their ends; None when they are no mixture."""
    first, last = frames[0], frames[-1]
    change = (last - first).ravel()
    levels = float(np.abs(change).mean())
    if levels < _GRADUAL_LEVELS or _correlation(first, last) > _GRADUAL_CORRELATION:
        return None
    energy = float(change @ change)
    parts = (frames - first).reshape(len(frames), -1)
    shares = parts @ change / energy
    steps = np.diff(shares)
    if steps.min() < -0.02 or steps.max() > _GRADUAL_STEP / len(steps):
        return None
    misfit = float(np.sqrt(((parts - shares[:, None] * change) ** 2).sum(axis=1).max() / energy))
    if misfit > _GRADUAL_MISFIT:
        return None
    unevenness = float(np.abs(shares - np.linspace(0, 1, len(shares))).mean())
    return levels * (1 - misfit) - _UNEVENNESS_COST * unevenness


def _is_move(first: Thumbnails, last: Thumbnails, motions: NDArray[np.float64]) -> bool:
    """Tell whether the camera's motion turns one picture into the other."""
    height, width = first.shape[:2]
    right, down, growth, turn = motions.sum(axis=0) * (width, width, 1, 1)
    x, y = (width - 1) / 2, (height - 1) / 2
    linear = np.array([[1 + growth, -turn], [turn, 1 + growth]])
    offset = np.array([x + right, y + down]) - linear @ (x, y)
    moved = cv2.warpAffine(
        first, np.column_stack([linear, offset]), (width, height), borderMode=cv2.BORDER_REPLICATE
    )
    return _correlation(np.asarray(moved, np.float32), last) > _GRADUAL_CORRELATION


def _kind(first: Thumbnails, last: Thumbnails) -> Literal["dissolve", "fade_in", "fade_out"]:
    if last.std() < _PLAIN_LEVELS:
        return "fade_out"
    return "fade_in" if first.std() < _PLAIN_LEVELS else "dissolve"
