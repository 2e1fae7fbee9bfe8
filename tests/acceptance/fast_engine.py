"""An engine for the tests of the service: a second of tiny pictures in milliseconds, or trouble on request.

Not imported by tests: a fixture installs it beside talkies, where the service finds it by its entry point.
The prompt says what shall go wrong.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from talkies.engines import Capabilities
from talkies.errors import EngineFailed
from talkies.media import Clip, Frame, Inputs, Tick, Track
from talkies.plan import MusicCue, Plan, Shot
from talkies.script import Script
from talkies.spec import FRAME_RATE, SAMPLE_RATE, Spec

SIDE = 64  # pixels


class Fast:
    """Makes grey pictures and a tone."""

    name = "fast"
    capabilities = Capabilities(summary="Grey pictures and a tone, for tests.", deterministic=True)

    def plan(self, spec: Spec, script: Script) -> Plan:
        """Plan one shot of a second; its text carries the prompt to `render`."""
        del script
        shot = Shot(start_frame=0, end_frame=FRAME_RATE, picture="first", text=spec.prompt)
        return Plan(
            engine=self.name,
            width=SIDE,
            height=SIDE,
            duration_s=1,
            seed=spec.seed,
            shots=(shot,),
            music=MusicCue(mood="calm"),
        )

    def render(self, plan: Plan, inputs: Inputs, tick: Tick) -> Iterator[Clip]:
        """Give the clip, after the trouble that the prompt asks for."""
        del inputs
        tick("sound", 1, 1)
        prompt = plan.shots[0].text
        _make_trouble(prompt)
        angle = np.arange(SAMPLE_RATE, dtype=np.float32) * (2 * np.pi * 440 / SAMPLE_RATE)
        tone = np.sin(angle) * (0.0 if "silent" in prompt else 0.2)
        samples = np.repeat(tone.astype(np.float32)[:, None], 2, axis=1)
        yield Clip(FRAME_RATE, _frames(tick), (Track("music", samples),))


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


def _frames(tick: Tick) -> Iterator[Frame]:
    for number in range(FRAME_RATE):
        tick("picture", number + 1, FRAME_RATE)
        yield np.full((SIDE, SIDE, 3), 10 * number, np.uint8)
