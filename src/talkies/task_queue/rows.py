"""A row of the table `tasks` as a Task, and a new task as a row."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import Row

from talkies.spec import AUTO_DURATION, MAX_DURATION_S, Spec
from talkies.task import Status, Task, Tier

_ID = re.compile("task-[0-9a-f]{32}")


@dataclass(frozen=True)
class NewTask:
    """What a caller asks for.

    `expires_in_s` is the time that the task has, from now, to be done. `request` is kept as it came, for the
    dialect that reads it back.
    """

    owner: str
    model: str
    engine: str
    spec: Spec
    tier: Tier = "default"
    return_last_frame: bool = False
    request: dict[str, Any] = field(default_factory=dict)
    callback_url: str | None = None
    expires_in_s: float = 172_800.0  # the published default of execution_expires_after
    max_attempts: int = 3


def is_task_id(text: str) -> bool:
    """Tell whether a text has the form of a task's id; PostgreSQL refuses some texts that callers send."""
    return _ID.fullmatch(text) is not None


def to_task(row: Row[Any]) -> Task:
    """Read a Task from a whole row."""
    columns = row._mapping
    return Task.model_validate({name: columns[name] for name in Task.model_fields})


def to_row(new: NewTask, now_ms: int) -> dict[str, Any]:
    """Write a new task as the values of its row, under an id of its own."""
    spec = new.spec
    return {
        "id": f"task-{uuid4().hex}",
        "owner": new.owner,
        "model": new.model,
        "engine": new.engine,
        "tier": new.tier,
        "spec": spec.model_dump(mode="json"),
        "duration_s": charged_s(spec),
        "first_frame": spec.first_frame,
        "last_frame": spec.last_frame,
        "return_last_frame": new.return_last_frame,
        "request": new.request,
        "callback_url": new.callback_url,
        "status": Status.QUEUED,
        "progress": 0.0,
        "attempt": 0,
        "max_attempts": new.max_attempts,
        "cancel_requested": False,
        "artifacts": [],
        "created_ms": now_ms,
        "expires_ms": now_ms + round(new.expires_in_s * 1000),
        "holds_files": True,
    }


def charged_s(spec: Spec) -> int:
    """Count the seconds of a task for its key's daily limit: the most possible, if the engine chooses."""
    return MAX_DURATION_S if spec.duration_s == AUTO_DURATION else spec.duration_s
