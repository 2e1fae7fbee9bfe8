"""A durable request to make one clip: its states, what it leaves, why it failed."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from talkies.plan import Plan
from talkies.spec import Spec


class Status(StrEnum):
    """Where a task stands. Dialects rename these outside."""

    QUEUED = "queued"  # waits for a worker
    RUNNING = "running"  # a worker holds its lease
    SUCCEEDED = "succeeded"  # its artifacts are stored, probed and complete
    FAILED = "failed"  # it cannot be made; `failure` says why
    CANCELED = "canceled"  # somebody asked to stop
    EXPIRED = "expired"  # its time ran out before it was done


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELED, Status.EXPIRED}),
    Status.RUNNING: frozenset(
        {Status.QUEUED, Status.SUCCEEDED, Status.FAILED, Status.CANCELED, Status.EXPIRED}
    ),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELED: frozenset(),
    Status.EXPIRED: frozenset(),
}
"""Every allowed change. A running task returns to the queue when its lease ends or its worker drains."""

FINAL = frozenset(status for status, following in TRANSITIONS.items() if not following)

Tier = Literal["default", "flex"]  # all default tasks are claimed before any flex task

FailureCode = Literal[
    "invalid_picture",  # the kept picture cannot be decoded
    "engine_failed",  # rendering raised an error on every attempt
    "engine_out_of_memory",  # the worker was killed for memory on every attempt
    "engine_timeout",  # rendering hung or took too long on every attempt
    "worker_lost",  # the worker vanished on every attempt
    "storage_failed",  # the result could not be stored
    "output_broken",  # the finished file did not pass its probe
    "cannot_render",  # the engine refuses this request
]


class Failure(BaseModel):
    """Why a task failed: a code from a closed list, a sentence, and whether to try again may help."""

    model_config = ConfigDict(frozen=True)

    code: FailureCode
    message: str
    retryable: bool


class Artifact(BaseModel):
    """A stored output file. `key` is its place in storage and holds the attempt that made it."""

    model_config = ConfigDict(frozen=True)

    role: Literal["video", "last_frame"]
    key: str
    media_type: str
    size_bytes: int
    sha256: str
    width: int
    height: int


class Task(BaseModel):
    """A task as it stands in the queue. Times are milliseconds since 1970 by the database's clock.

    `attempt` counts claims and fences stale workers: a worker may finish only the attempt that it holds.
    `progress` is 0 to 1 and never falls while `attempt` stays the same.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    owner: str
    model: str
    engine: str
    tier: Tier = "default"
    spec: Spec
    return_last_frame: bool = False
    request: dict[str, Any] = Field(default_factory=dict)
    callback_url: str | None = None
    status: Status = Status.QUEUED
    stage: str | None = None
    progress: float = 0.0
    attempt: int = 0
    max_attempts: int = 3
    worker: str | None = None
    cancel_requested: bool = False
    plan: Plan | None = None
    artifacts: tuple[Artifact, ...] = ()
    failure: Failure | None = None
    created_ms: int
    started_ms: int | None = None
    finished_ms: int | None = None
    expires_ms: int
    lease_until_ms: int | None = None
    result_expires_ms: int | None = None


class Event(BaseModel):
    """One line of a task's append-only history."""

    model_config = ConfigDict(frozen=True)

    task: str
    number: int
    at_ms: int
    status: Status
    attempt: int
    worker: str | None = None
    detail: str | None = None
