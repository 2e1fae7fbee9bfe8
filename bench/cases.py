"""The clip that everything is measured on, and one measured process each."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from talkies.inputs import decode_picture, read_picture_file
from talkies.media import Inputs
from talkies.spec import PictureFacts, Spec, settle

ROOT = Path(__file__).parent.parent
PHOTO = ROOT / "examples" / "astronaut.jpg"
PAINTING = ROOT / "bench" / "pictures" / "self-portrait.jpg"  # large enough to need no super-resolution
PROMPT = (ROOT / "examples" / "astronaut.txt").read_text(encoding="utf-8").strip()
RATIO = "16:9"


def request(
    *, photo: Path = PHOTO, cut: int = 0, resolution: str = "720p", duration: int = 5, seed: int = 7
) -> tuple[Spec, Inputs]:
    """Settle the bench's spec, in 16:9. With `cut` columns fewer on the left it is another picture."""
    data = read_picture_file(photo, "first_frame")
    frame = np.ascontiguousarray(decode_picture(data)[:, cut:])
    facts = PictureFacts(sha256(frame.tobytes()).hexdigest(), frame.shape[1], frame.shape[0])
    spec = settle(
        prompt=PROMPT, first_frame=facts, resolution=resolution, ratio=RATIO, duration=duration, seed=seed
    )
    return spec, Inputs(first_frame=frame)


@dataclass(frozen=True)
class Run:
    """Wall-clock seconds, processor seconds and peak resident memory of one process and its children."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(command: Sequence[str]) -> Run:
    """Run a command to its end; raises CalledProcessError when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    talk = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=talk)
    return Run(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def talkies_command(out: Path, *, resolution: str, duration: int) -> list[str]:
    """Give the command line that makes the bench's clip."""
    return [
        str(Path(sys.executable).with_name("talkies")),
        *("generate", str(PHOTO), PROMPT, "-o", str(out), "--quiet", "--seed", "7"),
        *("--ratio", RATIO, "--resolution", resolution, "--duration", str(duration)),
    ]


def resident_mb() -> float:
    """Give this process's resident memory now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
