"""`talkies doctor`: is everything here that a clip needs?"""

from __future__ import annotations

import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.resources import files
from pathlib import Path
from re import match

import typer
from rich.console import Console

from talkies.cli.request import AsJson
from talkies.cli.talk import FAILED
from talkies.engines import engine_names

WEIGHTS = (
    "face_detection_short_range.tflite",
    "face_landmark.tflite",
    "selfie_segmentation.tflite",
    "spanx4_ch48.bin",
    "spanx4_ch48.param",
)
NEEDED_DISK_BYTES = 500_000_000
OPTIONAL = {"c2pa-python": "provenance", "espeakng-loader": "languages"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `fix` is what to do when it is not right; an optional thing may be absent."""

    what: str
    right: bool
    detail: str
    fix: str = ""
    optional: bool = False


def doctor(as_json: AsJson = False) -> None:
    """Look for everything that a clip needs, and name the fix for each thing missing."""
    findings = [finding for look in LOOKS for finding in look()]
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        console = Console(highlight=False)
        for finding in findings:
            mark = "[green]ok[/]" if finding.right else "[yellow]--[/]" if finding.optional else "[red]NO[/]"
            console.print(f"{mark}  {finding.what}: {finding.detail}")
            if not finding.right:
                console.print(f"    fix: {finding.fix}", markup=False)
    if not all(finding.right or finding.optional for finding in findings):
        raise typer.Exit(FAILED)


def _python() -> Iterator[Finding]:
    yield Finding(
        "Python", sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11 or newer"
    )


def _packages() -> Iterator[Finding]:
    for requirement in requires("talkies") or ():
        name = _name(requirement)
        if "extra ==" not in requirement:
            yield _package(name, f"pip install '{requirement}'", optional=False)
    for name, extra in OPTIONAL.items():
        yield _package(name, f"pip install 'talkies[{extra}]'", optional=True)


def _name(requirement: str) -> str:
    found = match(r"[\w.-]+", requirement)
    assert found is not None
    return found.group()


def _package(name: str, fix: str, *, optional: bool) -> Finding:
    try:
        return Finding(name, True, version(name), optional=optional)
    except PackageNotFoundError:
        return Finding(name, False, "not installed", fix, optional)


def _weights() -> Iterator[Finding]:
    folder = files("talkies.weights")
    absent = [name for name in WEIGHTS if not folder.joinpath(name).is_file()]
    yield Finding(
        "weights",
        not absent,
        f"{len(WEIGHTS)} files" if not absent else f"missing: {', '.join(absent)}",
        "pip install --force-reinstall --no-deps talkies",
    )


def _voice() -> Iterator[Finding]:
    yield _trial("voice", _speak, "pip install --force-reinstall hibari-tts==0.2.1")


def _music() -> Iterator[Finding]:
    yield _trial("music", _count_tracks, "pip install --force-reinstall immich-memories-music==0.1.0")


def _codecs() -> Iterator[Finding]:
    yield _trial("encoders", _find_encoders, "pip install --force-reinstall 'av<19'")


def _font() -> Iterator[Finding]:
    yield _trial("font", _load_font, "pip install --force-reinstall pillow")


def _trial(what: str, attempt: Callable[[], str], fix: str) -> Finding:
    """Do the thing for real: a file that is present may still not load."""
    try:
        return Finding(what, True, attempt())
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the finding
        return Finding(what, False, f"{type(error).__name__}: {error}", fix)


def _speak() -> str:
    import talkies.engines.animatic.sound.voice as voice

    speech = voice.speak("Hello.", voice="woman", seed=0)
    timed = "with exact phoneme times" if speech.phonemes else "without phoneme times"
    return f"spoke {len(speech.samples) / 48_000:.1f} s {timed}"


def _count_tracks() -> str:
    from immich_memories_music import tracks_dir

    count = sum(1 for _ in tracks_dir().glob("*/*.opus"))
    if not count:
        raise FileNotFoundError("no tracks in the package")
    return f"{count} tracks"


def _find_encoders() -> str:
    import av

    absent = [name for name in ("libx264", "aac") if name not in av.codecs_available]
    if absent:
        raise LookupError(f"PyAV lacks {', '.join(absent)}")
    return f"libx264 and aac in PyAV {av.__version__}"


def _load_font() -> str:
    from PIL import ImageFont

    ImageFont.load_default(16)
    return "for contact sheets"


def _disk() -> Iterator[Finding]:
    for place in (Path.cwd(), Path(tempfile.gettempdir())):
        free = shutil.disk_usage(place).free
        yield Finding(
            f"disk at {place}", free > NEEDED_DISK_BYTES, f"{free / 1e9:.1f} GB free", "free at least 0.5 GB"
        )


def _engines() -> Iterator[Finding]:
    names = engine_names()
    yield Finding("engines", bool(names), ", ".join(names) or "none", "pip install --force-reinstall talkies")


LOOKS = (_python, _packages, _weights, _voice, _music, _codecs, _font, _disk, _engines)
