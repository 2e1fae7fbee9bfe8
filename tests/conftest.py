"""What several tests share: the shipped photo, the installed command, and patience with slow machines."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

Talkies = Callable[..., subprocess.CompletedProcess[str]]

PATIENCE_S = 60.0  # for what takes a moment; only a test that fails waits so long

# The same examples in every run, however slow the machine. To search for others:
# `pytest --hypothesis-profile default`.
hypothesis.settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("repeatable")


def wait_for(condition: Callable[[], object], within_s: float = PATIENCE_S, every_s: float = 0.02) -> None:
    """Look again and again until a condition holds."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(every_s)


@pytest.fixture(scope="session")
def photo() -> Path:
    return Path(__file__).parent.parent / "examples" / "astronaut.jpg"


@pytest.fixture
def talkies(tmp_path: Path) -> Talkies:
    """Run the installed `talkies` command in an empty folder."""

    def run(*arguments: str | Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("talkies")), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=tmp_path, input=stdin, capture_output=True, timeout=600, check=False
        )
        return subprocess.CompletedProcess(
            command, done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        )

    return run
