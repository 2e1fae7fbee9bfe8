"""`talkies generate`: a photo and a sentence become a video with sound."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from talkies.cli import request
from talkies.cli.talk import progress, say
from talkies.engines import find_engine
from talkies.errors import BadOption
from talkies.plan import Plan

if TYPE_CHECKING:
    from talkies.provenance import Signing

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT.mp4",
        help="Where to write the video. Without it: a new file named after the picture.",
        show_default=False,
    ),
]
PictureOut = Annotated[
    Path | None,
    typer.Option(metavar="PATH.png", help="Also write the clip's last frame.", show_default=False),
]
PemFile = Annotated[Path | None, typer.Option(metavar="FILE.pem", show_default=False)]


def generate(
    words: request.Words,
    output: Output = None,
    last_frame: request.LastFrame = None,
    resolution: request.Resolution = "720p",
    ratio: request.RatioOption = "adaptive",
    duration: request.Duration = "5",
    seed: request.Seed = "-1",
    camera_fixed: request.CameraFixed = False,
    no_audio: request.NoAudio = False,
    return_last_frame: PictureOut = None,
    engine: request.EngineName = "animatic",
    certificate: PemFile = None,
    private_key: PemFile = None,
    as_json: request.AsJson = False,
    quiet: request.Quiet = False,
) -> None:
    """Turn a photo and a sentence into a video with sound.

    Prints the video's path on standard output, or everything about it with --json. With --certificate
    and --private-key the video is signed by C2PA.
    """
    started = time.monotonic()
    signing = _signing(certificate, private_key)
    maker = find_engine(engine)
    asked = request.read_request(
        words,
        last_frame=last_frame,
        resolution=resolution,
        ratio=ratio,
        duration=duration,
        seed=seed,
        camera_fixed=camera_fixed,
        no_audio=no_audio,
    )
    # Here, for a mistake is told at once: what makes a clip takes seconds to import.
    from talkies.production import make_plan, produce

    video = output or _unused(Path(f"{asked.name}.mp4"))
    with progress(quiet=quiet) as tick:
        plan = make_plan(asked.spec, maker)
        made = produce(
            plan, asked.inputs, maker, video, last_frame=return_last_frame, signing=signing, tick=tick
        )
    seconds = time.monotonic() - started
    _report(made, video, seconds, quiet=quiet)
    if as_json:
        print(_as_json(made, video, return_last_frame, seconds))
    else:
        print(video)


def _signing(certificate: Path | None, private_key: Path | None) -> Signing | None:
    if certificate and private_key:
        from talkies.provenance import Signing

        return Signing(certificate, private_key)
    if certificate or private_key:
        raise BadOption("--certificate and --private-key go together; give both or neither", "certificate")
    return None


def _unused(path: Path) -> Path:
    """Find a name that overwrites nothing: photo.mp4, photo-2.mp4, …"""
    candidate, number = path, 2
    while candidate.exists():
        candidate = path.with_stem(f"{path.stem}-{number}")
        number += 1
    return candidate


def _report(plan: Plan, video: Path, seconds: float, *, quiet: bool) -> None:
    size_mb = video.stat().st_size / 1e6
    heard = ", ".join(
        what
        for what, present in (
            (f"{len(plan.lines)} spoken line{'s' * (len(plan.lines) != 1)}", plan.lines),
            (f"{plan.music.mood} music" if plan.music else "", plan.music),
            (", ".join(dict.fromkeys(sound.kind for sound in plan.sounds)), plan.sounds),
        )
        if present
    )
    say(
        f"{video}: {plan.duration_s} s, {plan.width}×{plan.height}, {len(plan.shots)} "
        f"shot{'s' * (len(plan.shots) != 1)}; {heard or 'no sound'}; seed {plan.seed}; "
        f"{size_mb:.1f} MB in {seconds:.1f} s",
        quiet=quiet,
    )
    for note in plan.notes:
        say(f"note: {note}", quiet=quiet)
    for omission in plan.not_rendered:
        say(f"not rendered: {omission}", quiet=quiet)


def _as_json(plan: Plan, video: Path, last_frame: Path | None, seconds: float) -> str:
    import json

    result: dict[str, Any] = {
        "video": str(video),
        "size_bytes": video.stat().st_size,
        "last_frame": last_frame and str(last_frame),
        "seconds": round(seconds, 2),
        "seed": plan.seed,
        "not_rendered": plan.not_rendered,
        "plan": plan.model_dump(mode="json"),
    }
    return json.dumps(result, ensure_ascii=False, indent=2)
