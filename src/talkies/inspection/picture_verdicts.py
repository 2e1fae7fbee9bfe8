"""From measures of frames and pairs to facts about the whole picture stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from talkies.inspection import shots
from talkies.inspection.camera import Step, describe_camera
from talkies.inspection.picture_measures import LineLevels, PairMeasures, PictureMeter
from talkies.inspection.report import (
    Borders,
    Camera,
    Continuity,
    GradualTransition,
    Light,
    Motion,
    Picture,
    Shot,
    Span,
)

_DUPLICATE_LEVELS, _DUPLICATE_SHARE = 0.3, 2e-4  # below both, a pair shows the same picture
_STUTTER_LEVELS = 1.0  # usual change around a duplicate that makes it a stutter
_STUTTER_REACH = 4  # pairs to each side
_MIN_FREEZE_S = 0.5
_MOVED_PX = 6.0 / 256  # VBench, dynamic_degree.py: of the shorter side
_MOVED_STEPS = 4.0 / 16  # VBench: of the frames looked at
_NOISE_GAIN = np.sqrt(6.0)  # of the second difference on white noise: 1² + 2² + 1²
_BAR_LEVELS = 22.0  # mean plus deviation of a line that is black, after coding


def judge(meter: PictureMeter) -> Picture:
    """Sum up what the meter has seen; it has at least one frame."""
    thumbnails = np.stack([frame.thumbnail for frame in meter.frames]).astype(np.float32)
    changes = shots.Changes.of(meter.pairs, meter.work_size)
    rate = meter.frames_per_second
    flashes = shots.find_flashes(thumbnails, rate)
    cuts = shots.find_cuts(changes, thumbnails, flashes, rate)
    breaks = [*cuts, *(frame for start, end in flashes for frame in range(start, end + 1))]
    gradual = shots.find_gradual(changes, thumbnails, breaks, rate)
    ranges = shots.shot_ranges(len(meter.frames), cuts, gradual)
    times = _frame_edges(meter)
    within = _Within(cuts)
    return Picture(
        cuts_s=tuple(times[cut] for cut in cuts),
        transitions=tuple(
            GradualTransition(kind=found.kind, start_s=times[found.start], end_s=times[found.end])
            for found in gradual
        ),
        flashes=tuple(Span(start_s=times[start], end_s=times[end]) for start, end in flashes),
        shots=tuple(
            Shot(start_s=times[start], end_s=times[end], camera=_camera(meter, start, end))
            for start, end in ranges
        ),
        motion=_motion(meter, within, ranges),
        continuity=_continuity(meter, within, times),
        light=_light(meter, within, times),
        borders=_borders(meter.lines),
        sharpness_laplacian_variance=float(np.mean(meter.sharpness)),
    )


class _Within:
    """Selects what does not reach across a cut."""

    def __init__(self, cuts: Sequence[int]) -> None:
        self._cuts = cuts

    def covers(self, start: int, end: int) -> bool:
        """Tell whether the frames `start` to `end` belong to one shot."""
        return not any(start < cut <= end for cut in self._cuts)

    def pairs(self, pairs: Sequence[PairMeasures]) -> list[PairMeasures]:
        """The pairs of neighbours inside shots."""
        return [pair for index, pair in enumerate(pairs) if self.covers(index, index + 1)]

    def middles(self, values: Sequence[float]) -> list[float]:
        """The values of frames 1, 2, ... whose two neighbours belong to the same shot."""
        return [value for index, value in enumerate(values) if self.covers(index, index + 2)]


def _motion(meter: PictureMeter, within: _Within, ranges: Sequence[tuple[int, int]]) -> Motion:
    flow = [pair.flow_px for pair in within.pairs(meter.pairs)]
    steps = [step for start, end in ranges for step in _steps_inside(meter, start, end)]
    return Motion(
        mean_px_per_frame=_mean(flow),
        p95_px_per_frame=float(np.percentile(flow, 95)) if flow else None,
        moved_dis=_has_moved(
            [step for step in meter.steps if within.covers(step.start, step.end)], meter.size
        ),
        jitter_px=_jitter_px(meter, within),
        inner_px=_mean([step.px for step in meter.inner if within.covers(step.start, step.end)]),
        camera=describe_camera(steps, *meter.work_size, meter.scale),
    )


def _has_moved(steps: Sequence[Step], size: tuple[int, int]) -> bool | None:
    """Apply VBench's rule: enough of the looked-at frames have fast enough flow. None for a single frame."""
    if not steps:
        return None
    fast = sum(step.fast_px > _MOVED_PX * min(size) for step in steps)
    return fast >= max(1, round(_MOVED_STEPS * (len(steps) + 1)))


def _jitter_px(meter: PictureMeter, within: _Within) -> float | None:
    """RMS change of the camera's velocity, as the white displacement per axis that would cause it."""
    across, down = meter.scale
    path = np.array([(pair.motion.right * across, pair.motion.down * down) for pair in meter.pairs])
    if len(path) < 2:
        return None
    shaken = within.middles(list((np.diff(path, axis=0) ** 2).mean(axis=1)))
    return float(np.sqrt(np.mean(shaken)) / _NOISE_GAIN) if shaken else None


def _camera(meter: PictureMeter, start: int, end: int) -> Camera | None:
    return describe_camera(_steps_inside(meter, start, end), *meter.work_size, meter.scale)


def _steps_inside(meter: PictureMeter, start: int, end: int) -> list[Step]:
    return [step for step in meter.steps if start <= step.start and step.end < end]


def _continuity(meter: PictureMeter, within: _Within, times: Sequence[float]) -> Continuity:
    same = np.array([_is_duplicate(pair) for pair in meter.pairs], bool)
    changes = np.array([pair.change for pair in meter.pairs])
    stutters = [bool(same[index]) and _is_moving_around(changes, index) for index in range(len(same))]
    runs = list(_runs(same))
    error = _mean(within.middles(meter.halfway))
    frozen = [Span(start_s=times[first], end_s=times[last + 1]) for first, last in runs]
    return Continuity(
        smoothness=None if error is None else 1 - error / 255,
        duplicate_share=float(same.mean()) if len(same) else None,
        longest_duplicate_run_pairs=max((last - first for first, last in runs), default=0),
        stutter_share=float(np.mean(stutters)) if stutters else None,
        freezes=tuple(span for span in frozen if span.end_s - span.start_s >= _MIN_FREEZE_S),
    )


def _is_duplicate(pair: PairMeasures) -> bool:
    return pair.change < _DUPLICATE_LEVELS and pair.changed_share < _DUPLICATE_SHARE


def _is_moving_around(changes: NDArray[np.float64], index: int) -> bool:
    """Tell whether the picture moves on both sides of a pair: where a move eases in, standing is right."""
    sides = changes[max(0, index - _STUTTER_REACH) : index], changes[index + 1 : index + 1 + _STUTTER_REACH]
    return all(len(side) and float(np.median(side)) > _STUTTER_LEVELS for side in sides)


def _light(meter: PictureMeter, within: _Within, times: Sequence[float]) -> Light:
    levels = np.array([frame.luma_mean for frame in meter.frames])
    inside = within.pairs(meter.pairs)
    changes, residuals = _mean([pair.change for pair in inside]), _mean([pair.residual for pair in inside])
    deviations = within.middles(list(levels[1:-1] - (levels[:-2] + levels[2:]) / 2))
    black = np.array([frame.is_black for frame in meter.frames])
    return Light(
        mean_luma_levels=float(levels.mean()),
        steadiness=None if changes is None else 1 - changes / 255,
        steadiness_compensated=None if residuals is None else 1 - residuals / 255,
        flicker_levels=float(np.sqrt(np.mean(np.square(deviations)))) if deviations else None,
        black_frame_count=int(black.sum()),
        blacks=tuple(Span(start_s=times[first], end_s=times[end]) for first, end in _runs(black)),
    )


def _borders(lines: LineLevels | None) -> Borders:
    """Measure black bars; a picture that is black all over has none."""
    if lines is None or lines.rows.max() < _BAR_LEVELS:
        return Borders(left_px=0, right_px=0, top_px=0, bottom_px=0)
    left, right = _dark_ends(lines.columns)
    top, bottom = _dark_ends(lines.rows)
    return Borders(left_px=left, right_px=right, top_px=top, bottom_px=bottom)


def _dark_ends(levels: NDArray[np.float64]) -> tuple[int, int]:
    bright = np.flatnonzero(levels >= _BAR_LEVELS)
    return (int(bright[0]), int(len(levels) - 1 - bright[-1])) if len(bright) else (0, 0)


def _frame_edges(meter: PictureMeter) -> list[float]:
    """The time of every frame, and the end of the last."""
    times = [frame.time_s for frame in meter.frames]
    return [*times, times[-1] + 1 / meter.frames_per_second]


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield `[first, end)` of every run of True."""
    edges = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    for first, end in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
        yield int(first), int(end)


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
