"""Engines: what turns a plan into clips. Ours are found by name through the same door as anybody's."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from talkies.errors import BadOption
from talkies.media import Clip, Inputs, Tick
from talkies.plan import Plan
from talkies.script import Script
from talkies.spec import RATIOS, RESOLUTIONS, Ratio, Resolution, Spec

GROUP = "talkies.engines"


class Capabilities(BaseModel):
    """What an engine accepts, as plain data: reading it needs no GPU and no heavy import."""

    model_config = ConfigDict(frozen=True)

    summary: str
    first_frame: bool = True
    last_frame: bool = True
    both_frames: bool = True
    audio: bool = True
    resolutions: tuple[Resolution, ...] = RESOLUTIONS
    ratios: tuple[Ratio, ...] = RATIOS
    deterministic: bool


class Engine(Protocol):
    """Turns a spec and a script into a plan, and a plan with its inputs into clips.

    No network (but `remote`), disk, clock or global random state: the same spec, inputs and version give
    the same plan always, and the same frames bit for bit on a CPU.
    """

    name: str
    capabilities: Capabilities

    def plan(self, spec: Spec, script: Script) -> Plan:
        """Decide how to make it; says in the plan what will be left out."""
        ...

    def render(self, plan: Plan, inputs: Inputs, tick: Tick) -> Iterator[Clip]:
        """Yield one clip per shot, in order. Raises `Canceled` from `tick`."""
        ...


def engine_names() -> tuple[str, ...]:
    """Name the engines that are installed, in alphabetical order."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def find_engine(name: str) -> Engine:
    """Load the engine of this name.

    Raises:
        BadOption: no such engine is installed; the message lists those that are.
    """
    for point in entry_points(group=GROUP, name=name):
        engine: Engine = point.load()()
        return engine
    known = ", ".join(engine_names())
    raise BadOption(f"engine {name!r} is not installed; choose one of: {known}", "engine")
