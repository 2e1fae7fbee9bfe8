"""Measures of single pictures and of neighbours, taken frame by frame: memory stays flat."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.inspection import shots
from talkies.inspection.camera import Step
from talkies.inspection.flow import (
    Flow,
    Grey,
    Similarity,
    compensated_difference,
    fit_similarity,
    halfway_difference,
    make_flow,
    without_camera,
)
from talkies.inspection.reading import Picture
from talkies.media import Frame

_STEPS_PER_S = 8  # VBench looks at eight frames a second for its dynamic degree
_INNER_STEPS_PER_S = 2  # inner motion is slow, and flow errs by as much over a short time as over a long one
_FULL_SIZE_EVERY = 6  # frames; sharpness and borders change slowly and cost most
_CHANGED_LEVELS = 8  # a pixel that differs by more has changed
_BLACK_LEVELS, _BLACK_SHARE = 25, 0.98  # FFmpeg's blackdetect: a tenth of white, of the picture
_FASTEST_SHARE = 0.05  # of the picture, whose flow VBench takes for the motion's strength


@dataclass(frozen=True)
class FrameMeasures:
    """One frame: its time, mean luma in levels, whether it is black, and a tiny copy."""

    time_s: float
    luma_mean: float
    is_black: bool
    thumbnail: Frame


@dataclass(frozen=True)
class PairMeasures:
    """A frame and the next.

    `change` and `residual` are mean luma differences in levels, before and after motion is taken out, and
    `correlation` is what the two have in common after it; `changed_share` is the share of pixels that
    differ visibly; `flow_px` the mean flow in pixels of the video's own size; `motion` the camera's part of
    it, in work pixels.
    """

    change: float
    changed_share: float
    residual: float
    correlation: float
    flow_px: float
    motion: Similarity


@dataclass(frozen=True)
class InnerMotion:
    """How far the liveliest 5 % of the picture move, beside what a plain camera does, between two frames.

    In pixels of the video's own size.
    """

    start: int
    end: int
    px: float


@dataclass
class LineLevels:
    """The brightest that each row and each column of the video has been (mean plus deviation, levels)."""

    rows: NDArray[np.float64]
    columns: NDArray[np.float64]

    @classmethod
    def of(cls, luma: Grey) -> LineLevels:
        """Measure one picture."""
        return cls(_line_levels(luma, 1), _line_levels(luma, 0))

    def brightest(self, other: LineLevels) -> LineLevels:
        """Join two measurements."""
        return LineLevels(np.maximum(self.rows, other.rows), np.maximum(self.columns, other.columns))


@dataclass
class PictureMeter:
    """Takes the pictures of a video in order and keeps their measures.

    `halfway` holds, for every frame between two others, the error of predicting it from them, in levels.
    `steps` are motions over an eighth of a second, `inner` over half a second. `sharpness` has the
    Laplacian's variance of some frames.
    """

    frames_per_second: float
    size: tuple[int, int] = (0, 0)
    work_size: tuple[int, int] = (0, 0)
    frames: list[FrameMeasures] = field(default_factory=list)
    pairs: list[PairMeasures] = field(default_factory=list)
    halfway: list[float] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    inner: list[InnerMotion] = field(default_factory=list)
    sharpness: list[float] = field(default_factory=list)
    lines: LineLevels | None = None

    def __post_init__(self) -> None:
        self._flow = make_flow()
        self._stride = max(1, round(self.frames_per_second / _STEPS_PER_S))
        self._previous_luma: Grey | None = None
        self._recent: list[Grey] = []
        self._step_start: tuple[int, Grey] | None = None
        self._inner_stride = max(1, round(self.frames_per_second / _INNER_STEPS_PER_S))
        self._inner_start: tuple[int, Grey] | None = None

    @property
    def scale(self) -> tuple[float, float]:
        """Own pixels per work pixel, (across, down)."""
        return self.size[0] / self.work_size[0], self.size[1] / self.work_size[1]

    def add(self, picture: Picture) -> None:
        """Measure the next picture, and how it follows from those before."""
        luma, small = self._in_first_size(picture)
        grey: Grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
        index = len(self.frames)
        self.frames.append(
            FrameMeasures(picture.time_s, float(cv2.mean(luma)[0]), _is_black(grey), shots.thumbnail(small))
        )
        if index % _FULL_SIZE_EVERY == 0:
            self._measure_at_full_size(luma)
        if self._previous_luma is not None:
            self.pairs.append(self._measure_pair(self._previous_luma, luma, self._recent[-1], grey))
        if len(self._recent) == 2:
            before, between = self._recent
            self.halfway.append(halfway_difference(before, between, grey, self._flow_between(before, grey)))
        if index % self._stride == 0:
            self._measure_step(index, grey)
        if index % self._inner_stride == 0:
            self._measure_inner_motion(index, grey)
        self._previous_luma = luma
        self._recent = [*self._recent[-1:], grey]

    def _in_first_size(self, picture: Picture) -> tuple[Grey, Frame]:
        """Luma and small picture; brought to the first frame's size where a stream changes it on the way."""
        luma, small = picture.luma, picture.small
        if not self.frames:
            self.size = (luma.shape[1], luma.shape[0])
            self.work_size = (small.shape[1], small.shape[0])
        elif (luma.shape[1], luma.shape[0]) != self.size:
            luma = np.asarray(cv2.resize(luma, self.size), np.uint8)
            small = np.asarray(cv2.resize(small, self.work_size), np.uint8)
        return luma, small

    def _measure_at_full_size(self, luma: Grey) -> None:
        self.sharpness.append(float(cv2.meanStdDev(cv2.Laplacian(luma, cv2.CV_16S))[1][0, 0] ** 2))
        lines = LineLevels.of(luma)
        self.lines = self.lines.brightest(lines) if self.lines else lines

    def _measure_pair(self, luma_before: Grey, luma: Grey, before: Grey, after: Grey) -> PairMeasures:
        difference = cv2.absdiff(luma_before, luma)
        changed = cv2.countNonZero(cv2.threshold(difference, _CHANGED_LEVELS, 1, cv2.THRESH_BINARY)[1])
        flow = self._flow_between(before, after)
        residual, correlation = compensated_difference(before, after, flow)
        return PairMeasures(
            change=float(cv2.mean(difference)[0]),
            changed_share=changed / luma.size,
            residual=residual,
            correlation=correlation,
            flow_px=float(self._own_magnitude(flow).mean()),
            motion=fit_similarity(flow, before),
        )

    def _measure_step(self, index: int, grey: Grey) -> None:
        if self._step_start is not None:
            start, before = self._step_start
            flow = self._flow_between(before, grey)
            self.steps.append(
                Step(
                    start=start,
                    end=index,
                    seconds=max(0.0, self.frames[index].time_s - self.frames[start].time_s),
                    motion=fit_similarity(flow, before),
                    fast_px=self._fastest_px(flow),
                )
            )
        self._step_start = (index, grey)

    def _measure_inner_motion(self, index: int, grey: Grey) -> None:
        if self._inner_start is not None:
            start, before = self._inner_start
            flow = self._flow_between(before, grey)
            back = self._flow_between(grey, before)
            inner = without_camera(flow, back, fit_similarity(flow, before), before)
            self.inner.append(InnerMotion(start, index, self._fastest_px(inner)))
        self._inner_start = (index, grey)

    def _flow_between(self, before: Grey, after: Grey) -> Flow:
        # Given an array, even of zeros, it would start from there and miss large motions; the type stubs
        # of OpenCV do not know that None is allowed.
        flow = self._flow.calc(before, after, None)  # type: ignore[call-overload]
        return np.asarray(flow, np.float32)

    def _fastest_px(self, flow: Flow) -> float:
        magnitude = self._own_magnitude(flow).ravel()
        fastest = max(1, round(_FASTEST_SHARE * magnitude.size))
        return float(np.partition(magnitude, -fastest)[-fastest:].mean())

    def _own_magnitude(self, flow: Flow) -> NDArray[np.float32]:
        across, down = self.scale
        return np.asarray(cv2.magnitude(flow[..., 0] * across, flow[..., 1] * down), np.float32)


def _line_levels(luma: Grey, axis: int) -> NDArray[np.float64]:
    """Mean plus standard deviation along an axis."""
    count = luma.shape[axis]
    mean = cv2.reduce(luma, axis, cv2.REDUCE_SUM, dtype=cv2.CV_64F).ravel() / count
    squares = cv2.reduce(luma, axis, cv2.REDUCE_SUM2, dtype=cv2.CV_64F).ravel() / count
    return np.asarray(mean + np.sqrt(np.maximum(squares - mean * mean, 0)), np.float64)


def _is_black(grey: Grey) -> bool:
    return float(np.mean(grey <= _BLACK_LEVELS)) >= _BLACK_SHARE
