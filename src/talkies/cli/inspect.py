"""`talkies inspect`: measured facts of any video file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from talkies.cli.request import AsJson
from talkies.cli.talk import say
from talkies.media import Frame

if TYPE_CHECKING:
    from talkies.inspection.report import Motion, Report, Sound

Video = Annotated[Path, typer.Argument(metavar="VIDEO", help="Any video file.", show_default=False)]
Sheet = Annotated[
    Path | None,
    typer.Option(
        metavar="OUT.png",
        help="Write a contact sheet: frames over time above waveform and spectrogram.",
        show_default=False,
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(metavar="IMAGE", help="Measure the likeness of this end of the clip.", show_default=False),
]


def inspect(
    video: Video,
    sheet: Sheet = None,
    first_frame: Picture = None,
    last_frame: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Measure a video: streams, loudness, cuts, motion, likeness, and how sound and picture agree."""
    from talkies import inspection

    report = inspection.inspect_video(
        video,
        first_frame=_picture(first_frame, "first_frame"),
        last_frame=_picture(last_frame, "last_frame"),
    )
    if sheet is not None:
        inspection.contact_sheet(video, report, sheet)
        say(f"contact sheet: {sheet}")
    if as_json:
        print(report.model_dump_json(indent=2))
    else:
        _show(report)


def _picture(path: Path | None, parameter: str) -> Frame | None:
    if path is None:
        return None
    from talkies import inputs

    return inputs.decode_picture(inputs.read_picture_file(path, parameter), parameter=parameter)


def _show(report: Report) -> None:
    table = Table("what", "measured", title=report.file_name, title_justify="left", show_lines=False)
    for what, measured in list_facts(report):
        table.add_row(what, measured)
    Console(highlight=False, markup=False).print(table)


def list_facts(report: Report) -> Iterator[tuple[str, str]]:
    """Put the report into words, the most asked-for facts first; --json has them all."""
    video, picture = report.video, report.picture
    for problem in report.problems:
        yield "problem", problem
    if report.truncated:
        yield "problem", "the file ends before it should; all below is of what is left of it"
    yield (
        "picture",
        f"{video.codec} {video.profile or ''} {video.width}×{video.height}, {video.pixel_format}, "
        f"{video.frames_per_second:g} frames per second, {video.frame_count} frames, "
        f"{video.duration_s:.3f} s",
    )
    yield "sound", _sound_words(report)
    if report.sound_longer_s is not None:
        yield "sound longer than picture", f"{1000 * report.sound_longer_s:.1f} ms"
    container = report.container
    yield (
        "file",
        f"{container.format}, {container.size_bytes / 1e6:.2f} MB, "
        f"index {'first' if container.moov_before_mdat else 'not first'}, "
        f"sound within {(container.interleaving_bytes or 0) / 1000:.0f} kB of its picture",
    )
    mark = container.ai_mark
    yield "made-by-AI mark", (mark.text or "none") + (" and C2PA" if mark.content_credentials else "")
    if report.sound:
        yield "loudness", _loudness_words(report.sound)
    yield "cuts", ", ".join(f"{cut:.2f} s" for cut in picture.cuts_s) or "none"
    for change in picture.transitions:
        yield change.kind.replace("_", " "), f"{change.start_s:.2f}…{change.end_s:.2f} s"
    yield "motion", _motion_words(picture.motion)
    continuity, light = picture.continuity, picture.light
    yield (
        "continuity",
        f"smoothness {_number(continuity.smoothness)}, duplicates {_share(continuity.duplicate_share)}, "
        f"stutter {_share(continuity.stutter_share)}, jitter {_number(picture.motion.jitter_px, 2)} px, "
        f"flicker {_number(light.flicker_levels, 2)} levels",
    )
    for name, likeness in (("first frame", report.first_frame), ("last frame", report.last_frame)):
        if likeness:
            psnr = "identical" if likeness.psnr_db is None else f"{likeness.psnr_db:.1f} dB"
            yield f"{name} likeness", f"SSIM {likeness.ssim:.4f}, {psnr}, ΔE {likeness.mean_delta_e:.2f}"
    if report.sync:
        late = report.sync.sound_late_ms
        yield "sound against picture", f"{abs(late):.0f} ms {'late' if late > 0 else 'early'}"


def _sound_words(report: Report) -> str:
    audio = report.audio
    if audio is None:
        return "no audio stream"
    return (
        f"{audio.codec} {audio.profile or ''} {audio.sample_rate_hz} Hz {audio.channel_layout}, "
        f"{audio.sample_count} samples, {audio.duration_s:.3f} s"
    )


def _loudness_words(sound: Sound) -> str:
    silent = ", ".join(f"{span.start_s:.2f}…{span.end_s:.2f} s" for span in sound.silences) or "none"
    return (
        f"{_number(sound.integrated_lufs, 1)} LUFS, true peak {_number(sound.true_peak_dbtp, 1)} dBTP, "
        f"clipping {_share(sound.clipping_share)}, silence {silent}"
    )


def _motion_words(motion: Motion) -> str:
    amount = (
        f"{_number(motion.mean_px_per_frame, 2)} px a frame, "
        f"{_number(motion.inner_px, 1)} px in half a second beside the camera"
    )
    if motion.camera is None or motion.camera.kind == "still":
        return f"{amount}; camera still"
    return f"{amount}; {motion.camera.kind} {motion.camera.direction or ''}"


def _number(value: float | None, digits: int = 4) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
