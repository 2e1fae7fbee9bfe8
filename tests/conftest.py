"""What several tests share: the shipped photo and the installed command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Talkies = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def photo() -> Path:
    return Path(__file__).parent.parent / "examples" / "astronaut.jpg"


@pytest.fixture
def talkies(tmp_path: Path) -> Talkies:
    """Run the installed `talkies` command in an empty folder."""

    def run(*arguments: str | Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("talkies")), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=tmp_path, input=stdin, capture_output=True, timeout=180, check=False
        )
        return subprocess.CompletedProcess(
            command, done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        )

    return run
