"""Kills the processes of a service at named steps; installed as `sitecustomize` by a fixture, for tests only.

The folder KILLS_PLANNED holds a file `role-step.number` for each planned kill. A process that reaches the
step now and then takes such a file and kills itself with -9. While it holds a file `disk-full`, renderers
can write no whole video.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

CHANCE = 0.5  # of a kill at each time that a step is reached: kills spread over the run, and all happen
DISK_FULL_BYTES = 8_000

_planned = Path(os.environ.get("KILLS_PLANNED", ""))
_role = next(
    (
        role
        for word, role in {
            "serve": "server",
            "work": "worker",
            "talkies.worker.rendering": "renderer",
        }.items()
        if word in sys.orig_argv
    ),
    None,
)


def reach(step: str) -> None:
    """Die here, if that is planned and chance wants it."""
    if random.random() >= CHANCE:
        return
    for kill in sorted(_planned.glob(f"{_role}-{step}.*")):
        with suppress(FileNotFoundError):
            kill.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


def wrap(
    owner: Any,
    name: str,
    before: str | None = None,
    after: str | None = None,
    first: Callable[[], None] | None = None,
) -> None:
    """Reach a step before a function is called, another after it has returned something."""
    method: Callable[..., Any] = getattr(owner, name)

    def stepped(*arguments: Any, **options: Any) -> Any:
        if first is not None:
            first()
        if before is not None:
            reach(before)
        result = method(*arguments, **options)
        if after is not None and result is not None:
            reach(after)
        return result

    setattr(owner, name, stepped)


def watch_commits(step: str, statement: str) -> None:
    """Reach a step just before the commit of a transaction that holds this statement."""
    from sqlalchemy import Engine, event

    @event.listens_for(Engine, "after_cursor_execute")
    def remember(connection: Any, cursor: Any, text: str, *rest: Any) -> None:
        del cursor, rest
        if text.startswith(statement):
            connection.info["step"] = step

    @event.listens_for(Engine, "commit")
    def commit(connection: Any) -> None:
        if connection.info.pop("step", None):
            reach(step)


def limit_files() -> None:
    """Let no file grow beyond a few kB while the file `disk-full` is there."""
    size = DISK_FULL_BYTES if (_planned / "disk-full").exists() else resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


if _role == "server":
    from talkies.task_queue import TaskQueue

    watch_commits("submitting", "INSERT INTO tasks")
    wrap(TaskQueue, "submit", after="submitted")
elif _role == "worker":
    from talkies.task_queue import TaskQueue

    watch_commits("claiming", "UPDATE claim_turn")
    wrap(TaskQueue, "claim", after="claimed")
    wrap(TaskQueue, "report", before="reporting")
    wrap(TaskQueue, "finish", before="finishing", after="finished")
elif _role == "renderer":
    from talkies.storage import Storage
    from talkies.worker import making

    wrap(making, "make_plan", after="planned")
    wrap(making, "check_video", before="rendered")
    wrap(Storage, "put", before="storing")
    wrap(making, "_put", after="stored")
    wrap(making, "load_inputs", first=limit_files)
