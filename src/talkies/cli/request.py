"""What the commands ask for: pictures and options, read and checked."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from talkies.errors import BadOption
from talkies.media import Frame, Inputs
from talkies.spec import MAX_DURATION_S, MIN_DURATION_S, RATIOS, RESOLUTIONS, PictureFacts, Spec, settle

STANDARD_INPUT = "-"

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="[FIRST_FRAME] PROMPT",
        help="The picture to start from ('-' reads it from standard input) and what should happen. "
        'Words in "double quotes" are spoken. The picture may be left out when --last-frame is given.',
        show_default=False,
    ),
]
LastFrame = Annotated[
    str | None, typer.Option(metavar="IMAGE", help="The picture to end on.", show_default=False)
]
Resolution = Annotated[str, typer.Option(metavar="|".join(RESOLUTIONS))]
RatioOption = Annotated[
    str,
    typer.Option(metavar="|".join((*RATIOS, "adaptive")), help="adaptive takes the nearest to the picture."),
]
Duration = Annotated[
    str,
    typer.Option(
        metavar=f"{MIN_DURATION_S}..{MAX_DURATION_S}|-1", help="Seconds; -1 chooses from what is to be said."
    ),
]
Seed = Annotated[
    str, typer.Option(metavar="N", help="The same seed makes the same clip; -1 draws one and says which.")
]
CameraFixed = Annotated[bool, typer.Option("--camera-fixed", help="Keep the camera still.")]
NoAudio = Annotated[bool, typer.Option("--no-audio", help="Make a video without an audio stream.")]
EngineName = Annotated[str, typer.Option("--engine", metavar="NAME", help="See talkies doctor for the list.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no remarks.")]


@dataclass(frozen=True)
class Request:
    """A checked request with its pictures decoded."""

    spec: Spec
    inputs: Inputs
    name: str


def read_request(
    words: list[str],
    *,
    last_frame: str | None,
    resolution: str,
    ratio: str,
    duration: str,
    seed: str,
    camera_fixed: bool,
    no_audio: bool,
) -> Request:
    """Read the pictures and settle the spec.

    Raises:
        BadOption, BadPicture: something about the request is wrong.
    """
    first_frame, prompt = _part(words, last_frame)
    first = _read(first_frame, "first_frame") if first_frame else None
    last = _read(last_frame, "last_frame") if last_frame else None
    spec = settle(
        prompt=prompt,
        first_frame=first.facts if first else None,
        last_frame=last.facts if last else None,
        resolution=resolution,
        ratio=ratio,
        duration=_whole_number("duration", duration, f"{MIN_DURATION_S} to {MAX_DURATION_S}, or -1"),
        seed=_whole_number("seed", seed, "0 or more, or -1 for a random one"),
        camera_fixed=camera_fixed,
        generate_audio=not no_audio,
    )
    source = first_frame or last_frame
    return Request(
        spec,
        Inputs(first.frame if first else None, last.frame if last else None),
        "talkies" if source in (None, STANDARD_INPUT) else Path(str(source)).stem,
    )


@dataclass(frozen=True)
class _Picture:
    facts: PictureFacts
    frame: Frame


def _part(words: list[str], last_frame: str | None) -> tuple[str | None, str]:
    """Tell the first frame from the prompt."""
    if len(words) == 2:
        return words[0], words[1]
    if len(words) == 1 and last_frame is not None:
        return None, words[0]
    if len(words) == 1:
        raise BadOption(
            "one of FIRST_FRAME and PROMPT is missing; give both, or a PROMPT with --last-frame", "prompt"
        )
    raise BadOption(
        f"{len(words)} arguments where FIRST_FRAME and PROMPT are expected; put the prompt in quotes",
        "prompt",
    )


def _read(source: str, parameter: str) -> _Picture:
    from talkies import inputs

    data = (
        inputs.read_picture_stream(sys.stdin.buffer, parameter)
        if source == STANDARD_INPUT
        else inputs.read_picture_file(Path(source), parameter)
    )
    frame = inputs.decode_picture(data, parameter=parameter)
    height, width = frame.shape[:2]
    return _Picture(PictureFacts(hashlib.sha256(data).hexdigest(), width, height), frame)


def _whole_number(parameter: str, text: str, rule: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadOption(f"{parameter}: {text!r} is not a whole number; use {rule}", parameter) from None
