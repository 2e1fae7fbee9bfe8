"""An engine that takes next to no time: what is measured with it is the service around it.

`install` puts it beside the shipped engines of a server that the bench or a test starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from talkies.engines import Capabilities
from talkies.media import Clip, Frame, Inputs, Tick, Track
from talkies.plan import MusicCue, Plan, Shot
from talkies.script import Script
from talkies.spec import FRAME_RATE, SAMPLE_RATE, Spec

MODEL = "talkies/tiny"
SIDE = 64  # pixels


class Tiny:
    """Makes a second of grey pictures and a tone."""

    name = "tiny"
    capabilities = Capabilities(summary="Grey pictures and a tone.", deterministic=True)

    def plan(self, spec: Spec, script: Script) -> Plan:
        """Plan one shot of a second, whatever was asked for."""
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
        """Give the clip; a broken or silent one would not pass the worker's probe."""
        del plan, inputs
        tick("sound", 1, 1)
        angle = np.arange(SAMPLE_RATE, dtype=np.float32) * (2 * np.pi * 440 / SAMPLE_RATE)
        tone = 0.2 * np.sin(angle)
        tracks = (Track("music", np.stack([tone, tone], axis=1)),)
        yield Clip(FRAME_RATE, _frames(tick), lambda: tracks)


def install(folder: Path, engine: str = "tiny = bench.tiny_engine:Tiny") -> None:
    """Make a folder by which a service finds an engine: it and this repository belong on its PYTHONPATH."""
    facts = folder / "tiny_engine-0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny_engine\nVersion: 0\n", "utf-8")
    (facts / "entry_points.txt").write_text(f"[talkies.engines]\n{engine}\n", "utf-8")


def _frames(tick: Tick) -> Iterator[Frame]:
    for number in range(FRAME_RATE):
        tick("picture", number + 1, FRAME_RATE)
        yield np.full((SIDE, SIDE, 3), 10 * number, np.uint8)
