"""An engine for the tests of the service: the bench's, a second in milliseconds, or trouble on request.

Not imported by tests: a fixture installs it beside talkies, where the service finds it by its entry point.
The prompt says what shall go wrong.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.tiny_engine import Tiny

from talkies.errors import EngineFailed
from talkies.media import Clip, Inputs, Tick, Track
from talkies.plan import Plan


class Fast(Tiny):
    """Makes grey pictures and a tone."""

    name = "fast"

    def render(self, plan: Plan, inputs: Inputs, tick: Tick) -> Iterator[Clip]:
        """Give the clip, after the trouble that the prompt asks for."""
        tick("sound", 1, 1)
        prompt = plan.shots[0].text
        _make_trouble(prompt)
        for clip in super().render(plan, inputs, tick):
            yield replace(clip, tracks=partial(_silenced, clip.tracks())) if "silent" in prompt else clip


def _silenced(tracks: tuple[Track, ...]) -> tuple[Track, ...]:
    return tuple(replace(track, samples=0 * track.samples) for track in tracks)


def _make_trouble(prompt: str) -> None:
    if prompt.startswith("once"):  # "once PATH": dies unless the file is there
        _die_once(Path(prompt.split()[-1]))
        return
    if "crash" in prompt:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "kill" in prompt:
        os.kill(os.getpid(), signal.SIGKILL)
    if "memory" in prompt:
        raise MemoryError
    if "fail" in prompt:
        raise EngineFailed("the fast engine fails on request")
    if "hang" in prompt:
        time.sleep(3600)
    if prompt.startswith("until"):  # "until PATH": goes on when the file is there
        _wait_for(Path(prompt.split()[-1]))


def _die_once(marker: Path) -> None:
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _wait_for(marker: Path) -> None:
    while not marker.exists():
        time.sleep(0.02)
