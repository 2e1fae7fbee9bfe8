"""What a worker and its renderer tell each other, over a pipe between two processes of one program."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from talkies.logs import Style
from talkies.plan import Plan
from talkies.provenance import Signing
from talkies.task import Artifact, Failure, Task


@dataclass(frozen=True)
class Workshop:
    """What a renderer works with, told once at its start.

    `storage` is the place of storage, a folder or a URL; `scratch` is the folder for unfinished files.
    """

    storage: str | Path
    scratch: Path
    signing: Signing | None = None
    logging: Style = field(default_factory=Style)


@dataclass(frozen=True)
class Order:
    """One clip to make. `pictures` gives the key in storage for each SHA-256 that the task's spec names."""

    task: Task
    pictures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    """The renderer has everything imported and waits for orders."""


@dataclass(frozen=True)
class Planned:
    """The clip's plan: before anything is rendered, and again when the pictures lack something."""

    plan: Plan


@dataclass(frozen=True)
class Progress:
    """How far the clip is: a share from 0 to 1, which never falls."""

    stage: str
    share: float


@dataclass(frozen=True)
class Made:
    """The clip is stored, probed and complete."""

    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True)
class Broke:
    """The clip could not be made."""

    failure: Failure


@dataclass(frozen=True)
class Died:
    """The renderer is gone: its exit status, negative for a signal; `for_memory` if the system ended it."""

    exit_status: int
    for_memory: bool


Message = Ready | Planned | Progress | Made | Broke | Died
