"""One picture that shows a whole video: frames over time above waveform and spectrogram."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from talkies.errors import CannotWrite
from talkies.inspection.reading import Reader
from talkies.inspection.report import Camera, Report
from talkies.inspection.spectrogram import HIGHEST_HZ, mel_position, mel_spectrogram
from talkies.media import Frame

_WIDTH = 1600
_MARGIN, _AXIS_WIDTH = 28, 64  # pixels; the axis column holds the labels left of the plots
_PLOT_LEFT, _PLOT_RIGHT = _MARGIN + _AXIS_WIDTH, _WIDTH - _MARGIN
_PLOT_WIDTH = _PLOT_RIGHT - _PLOT_LEFT
_GAP = 10
_HEADER_HEIGHT, _LABEL_HEIGHT, _EVENTS_HEIGHT, _FOOTER_HEIGHT = 112, 28, 30, 52
_WAVE_HEIGHT, _SPECTRUM_HEIGHT, _SILENT_HEIGHT = 150, 230, 90
_PORTRAIT = 0.8  # width over height; below it eight frames stand in one row, above it six in each of two

_BACKGROUND, _PANEL, _GRID = (18, 20, 24), (28, 31, 37), (58, 63, 73)
_TEXT, _DIM = (236, 238, 242), (156, 163, 174)
_WAVE, _WAVE_CORE, _WARNING = (52, 122, 168), (112, 206, 255), (255, 92, 84)
_CUT, _TRANSITION, _FLASH, _FREEZE = (255, 176, 46), (178, 132, 255), (255, 240, 150), (110, 118, 130)
_PALETTE = ((18, 18, 30), (44, 22, 84), (118, 30, 110), (206, 64, 72), (248, 150, 46), (252, 244, 176))
_PALETTE_DB = 85.0  # from the loudest band down to the darkest colour
_LABELLED_HZ = (
    (100, "0.1 kHz"),
    (500, "0.5"),
    (1000, "1"),
    (2000, "2"),
    (4000, "4"),
    (8000, "8"),
    (16_000, "16"),
)
_TICK_STEPS_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_MIN_TICK_PX = 80

Color = tuple[int, int, int]


@dataclass(frozen=True)
class _Still:
    """A frame of the video at the size of the sheet, with its time."""

    time_s: float
    picture: Frame


@dataclass(frozen=True)
class _Axis:
    """The common time axis of all plots."""

    start_s: float
    end_s: float

    def x(self, time_s: float) -> float:
        """The pixel column of a moment."""
        share = (time_s - self.start_s) / (self.end_s - self.start_s)
        return _PLOT_LEFT + _PLOT_WIDTH * min(max(share, 0.0), 1.0)


def contact_sheet(path: Path, report: Report, out: Path) -> None:
    """Draw a video as one PNG, 1600 pixels wide, and write it to `out`.

    About a dozen frames with their times, marks for cuts, dissolves, flashes and freezes, the waveform of
    the first two channels and a mel spectrogram, all sound over one time axis; without sound, it says so.

    Args:
        path: the video that `report` is about.

    Raises:
        BadVideo: the file cannot be opened.
        CannotWrite: `out` cannot be stored.
    """
    rows, samples = _collect(path, report)
    row_height = rows[0][0].picture.shape[0] + _LABEL_HEIGHT
    events_top = _HEADER_HEIGHT + row_height * len(rows)
    sound_top = events_top + _EVENTS_HEIGHT
    has_sound = len(samples) > 0
    sound_bottom = sound_top + (_WAVE_HEIGHT + _GAP + _SPECTRUM_HEIGHT if has_sound else _SILENT_HEIGHT)
    sheet = Image.new("RGB", (_WIDTH, sound_bottom + _FOOTER_HEIGHT), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    axis = _axis(report)
    _draw_header(draw, report)
    for index, row in enumerate(rows):
        _draw_stills(sheet, row, _HEADER_HEIGHT + index * row_height, report.picture.cuts_s)
    if has_sound:
        _draw_waves(draw, samples, report, axis, sound_top)
        _draw_spectrum(sheet, samples, report, axis, sound_top + _WAVE_HEIGHT + _GAP)
    else:
        _draw_notice(draw, "no sound", sound_top, sound_bottom)
    _draw_events(draw, report, axis, events_top, sound_bottom)
    _draw_time_axis(draw, axis, sound_bottom)
    try:
        sheet.save(out, "PNG")
    except OSError as error:
        raise CannotWrite(
            f"the contact sheet cannot be written to {out} ({error}); choose another place"
        ) from error


def _axis(report: Report) -> _Axis:
    video, audio = report.video, report.audio
    ends = [video.start_s + video.duration_s] + ([audio.start_s + audio.duration_s] if audio else [])
    starts = [video.start_s] + ([audio.start_s] if audio else [])
    return _Axis(min(starts), max(*ends, min(starts) + 1 / video.frames_per_second))


def _collect(path: Path, report: Report) -> tuple[list[list[_Still]], NDArray[np.float32]]:
    """Decode the video once more for its stills, in rows, and its sound."""
    video = report.video
    aspect = video.width * video.pixel_aspect_ratio / video.height
    in_row, row_count = (8, 1) if aspect < _PORTRAIT else (6, 2)
    width = (_WIDTH - 2 * _MARGIN - (in_row - 1) * _GAP) // in_row
    size = (width, max(8, round(width / aspect)))
    wanted = set(np.linspace(0, video.frame_count - 1, in_row * row_count).round().astype(int).tolist())
    stills: list[_Still] = []
    with Reader(path) as reader:
        for index, picture in enumerate(reader.pictures()):
            if index in wanted:
                reduced = cv2.resize(picture.small, size, interpolation=cv2.INTER_AREA)
                stills.append(_Still(picture.time_s, np.asarray(reduced, np.uint8)))
        samples = reader.sound()
    return [stills[first : first + in_row] for first in range(0, len(stills), in_row)], samples


def _draw_header(draw: ImageDraw.ImageDraw, report: Report) -> None:
    _write(draw, (_MARGIN, 20), report.file_name, 28, anchor="lt")
    _write(draw, (_MARGIN, 58), _stream_line(report), 17, _DIM, anchor="lt")
    _write(draw, (_MARGIN, 82), _measure_line(report), 17, _DIM, anchor="lt")
    if report.truncated or report.problems:
        warning = "truncated" if report.truncated else "damaged"
        _write(draw, (_PLOT_RIGHT, 24), warning, 22, _WARNING, anchor="rt")


def _stream_line(report: Report) -> str:
    video, audio = report.video, report.audio
    parts = [
        f"{video.width} x {video.height}",
        f"{video.frames_per_second:.5g} frames/s",
        f"{video.frame_count} frames",
        f"{video.duration_s:.3f} s",
        " ".join(filter(None, (video.codec, video.profile, video.level, video.pixel_format))),
        f"{report.container.size_bytes / 1e6:.2f} MB",
    ]
    if audio:
        rate = f"{audio.sample_rate_hz / 1000:g} kHz"
        parts.append(f"{audio.codec} {rate} {audio.channel_layout} {audio.duration_s:.3f} s")
    return "   ·   ".join(parts)


def _measure_line(report: Report) -> str:
    motion, continuity, sound = report.picture.motion, report.picture.continuity, report.sound
    parts = [f"camera {_camera_words(motion.camera)}"]
    if motion.mean_px_per_frame is not None:
        parts.append(f"motion {motion.mean_px_per_frame:.2f} px/frame")
    if continuity.smoothness is not None and continuity.duplicate_share is not None:
        parts += [f"smoothness {continuity.smoothness:.3f}", f"duplicates {continuity.duplicate_share:.1%}"]
    parts.append(f"cuts {len(report.picture.cuts_s)}")
    if sound and sound.integrated_lufs is not None:
        parts.append(f"{sound.integrated_lufs:.1f} LUFS")
    if sound and sound.true_peak_dbtp is not None:
        parts.append(f"peak {sound.true_peak_dbtp:.1f} dBTP")
    if report.sync:
        parts.append(f"sound {report.sync.sound_late_ms:+.0f} ms")
    return "   ·   ".join(parts)


def _camera_words(camera: Camera | None) -> str:
    return "unknown" if camera is None else " ".join(filter(None, (camera.kind, camera.direction)))


def _draw_stills(sheet: Image.Image, row: list[_Still], top: int, cuts_s: tuple[float, ...]) -> None:
    draw = ImageDraw.Draw(sheet)
    previous_s: float | None = None
    left = _MARGIN
    for still in row:
        height, width = still.picture.shape[:2]
        sheet.paste(Image.fromarray(still.picture), (left, top))
        _write(draw, (left + width / 2, top + height + 6), f"{still.time_s:.2f} s", 15, _DIM, anchor="mt")
        if previous_s is not None and any(previous_s < cut_s <= still.time_s for cut_s in cuts_s):
            middle = left - _GAP / 2
            draw.line([(middle, top - 4), (middle, top + height + 4)], _CUT, 4)
        previous_s, left = still.time_s, left + width + _GAP


def _draw_events(draw: ImageDraw.ImageDraw, report: Report, axis: _Axis, top: int, bottom: int) -> None:
    """Mark what happens in the picture above the plots; cuts go through them."""
    picture = report.picture
    spans: list[tuple[str, float, float, Color]] = []
    spans += [("freeze", span.start_s, span.end_s, _FREEZE) for span in picture.continuity.freezes]
    spans += [("flash", span.start_s, span.end_s, _FLASH) for span in picture.flashes]
    spans += [
        (change.kind.replace("_", " "), change.start_s, change.end_s, _TRANSITION)
        for change in picture.transitions
    ]
    low = top + _EVENTS_HEIGHT - 5
    for name, start_s, end_s, color in spans:
        left, right = axis.x(start_s), axis.x(end_s)
        draw.rectangle([left, low - 5, max(right, left + 2), low], color)
        _write(draw, ((left + right) / 2, low - 9), name, 13, color, anchor="mb")
    for cut_s in picture.cuts_s:
        x = axis.x(cut_s)
        draw.line([(x, low - 6), (x, bottom)], _CUT, 2)
        _write(draw, (x, low - 9), f"cut {cut_s:.2f}", 13, _CUT, anchor="mb")


def _draw_waves(
    draw: ImageDraw.ImageDraw, samples: NDArray[np.float32], report: Report, axis: _Axis, top: int
) -> None:
    names = ("L", "R") if samples.shape[1] > 1 else ("mono",)
    height = (_WAVE_HEIGHT - (len(names) - 1) * 4) // len(names)
    for channel, name in enumerate(names):
        upper = top + channel * (height + 4)
        draw.rectangle([_PLOT_LEFT, upper, _PLOT_RIGHT, upper + height], _PANEL)
        _write(draw, (_PLOT_LEFT - 10, upper + height / 2), name, 15, _DIM, anchor="rm")
        _draw_wave(draw, samples[:, channel], report, axis, upper + height / 2, height / 2 - 2)


def _draw_wave(
    draw: ImageDraw.ImageDraw,
    wave: NDArray[np.float32],
    report: Report,
    axis: _Axis,
    middle: float,
    half_height: float,
) -> None:
    """Draw peaks dark and the RMS bright, one pixel column after another; clipped columns turn red."""
    draw.line([(_PLOT_LEFT, middle), (_PLOT_RIGHT, middle)], _GRID)
    first, last = _sound_columns(report, axis)
    edges = np.linspace(0, len(wave), last - first + 1).astype(int)
    for column, (start, end) in enumerate(pairwise(edges), start=first):
        piece = wave[start : max(end, start + 1)]
        if not len(piece):
            continue
        low, high = float(piece.min()), float(piece.max())
        strength = float(np.sqrt(np.mean(np.square(piece, dtype=np.float64))))
        color = _WARNING if max(-low, high) >= 0.999 else _WAVE
        draw.line(
            [(column, middle - min(high, 1) * half_height), (column, middle - max(low, -1) * half_height)],
            color,
        )
        draw.line(
            [(column, middle - strength * half_height), (column, middle + strength * half_height)], _WAVE_CORE
        )


def _draw_spectrum(
    sheet: Image.Image, samples: NDArray[np.float32], report: Report, axis: _Axis, top: int
) -> None:
    draw = ImageDraw.Draw(sheet)
    draw.rectangle([_PLOT_LEFT, top, _PLOT_RIGHT, top + _SPECTRUM_HEIGHT], _PALETTE[0])
    first, last = _sound_columns(report, axis)
    sample_rate = report.audio.sample_rate_hz if report.audio else 0
    levels = mel_spectrogram(samples.mean(axis=1), sample_rate, max(1, last - first))
    picture = Image.fromarray(_colored(levels)).resize(
        (last - first, _SPECTRUM_HEIGHT), Image.Resampling.BILINEAR
    )
    sheet.paste(picture, (first, top))
    for hertz, label in _LABELLED_HZ:
        y = top + _SPECTRUM_HEIGHT * (1 - mel_position(min(hertz, HIGHEST_HZ)))
        draw.line([(_PLOT_LEFT - 6, y), (_PLOT_LEFT, y)], _DIM)
        _write(draw, (_PLOT_LEFT - 10, y), label, 13, _DIM, anchor="rm")


def _sound_columns(report: Report, axis: _Axis) -> tuple[int, int]:
    """First and last pixel column of the measured sound."""
    if report.audio is None or report.sound is None:
        return _PLOT_LEFT, _PLOT_LEFT + 1
    start_s = report.audio.start_s
    first = round(axis.x(start_s))
    return first, max(first + 1, round(axis.x(start_s + report.sound.measured_s)))


def _colored(levels: NDArray[np.float64]) -> Frame:
    """Turn dB `(bands, columns)` into a picture, highest band on top."""
    brightest = max(float(levels.max()), -60.0)
    share = np.clip(1 + (levels[::-1] - brightest) / _PALETTE_DB, 0, 1)
    stops = np.linspace(0, 1, len(_PALETTE))
    channels = [np.interp(share, stops, [color[channel] for color in _PALETTE]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def _draw_notice(draw: ImageDraw.ImageDraw, text: str, top: int, bottom: int) -> None:
    draw.rectangle([_PLOT_LEFT, top, _PLOT_RIGHT, bottom], _PANEL)
    _write(draw, ((_PLOT_LEFT + _PLOT_RIGHT) / 2, (top + bottom) / 2), text, 20, _DIM, anchor="mm")


def _draw_time_axis(draw: ImageDraw.ImageDraw, axis: _Axis, top: int) -> None:
    span_s = axis.end_s - axis.start_s
    step_s = next(
        (step for step in _TICK_STEPS_S if step / span_s * _PLOT_WIDTH >= _MIN_TICK_PX), _TICK_STEPS_S[-1]
    )
    decimals = 0 if step_s >= 1 else 1 if step_s >= 0.1 else 2
    for number in range(int(np.ceil(axis.start_s / step_s - 1e-9)), int(axis.end_s / step_s + 1e-9) + 1):
        x = axis.x(number * step_s)
        draw.line([(x, top), (x, top + 7)], _DIM)
        _write(draw, (x, top + 12), f"{number * step_s:.{decimals}f} s", 15, _DIM, anchor="mt")


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    color: Color = _TEXT,
    *,
    anchor: str,
) -> None:
    draw.text(place, text, color, ImageFont.load_default(size), anchor=anchor)
