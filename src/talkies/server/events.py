"""Server-sent events of one task: its history, then each change until it is over."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse, ServerSentEvent

from talkies.errors import Gone
from talkies.keys import Key
from talkies.server.auth import Authenticator
from talkies.server.dialects import modellix
from talkies.server.reading import Reader
from talkies.server.services import Services
from talkies.server.shapes import documented
from talkies.server.watching import Watch
from talkies.task import FINAL, Event, Status
from talkies.task_queue import Glance

PING_S = 15  # between comments that keep proxies from closing the connection
QUEUE_S = 2.0  # between two looks at the place of a task that waits
IDLE_S = 3600.0  # a stream in which nothing happens for so long ends; the client connects anew
MAX_DIGITS = 10  # no history is that long
EVENT_SCHEMA = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "id": {"type": "string", "description": "Number in the task's history."},
        "event": {"enum": ["status", "queue", "progress"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}

LastEventId = Annotated[
    str | None, Header(description="Number of the last event seen: the stream goes on behind it.")
]


def routes(services: Services, reader: Reader, watch: Watch, auth: Authenticator) -> APIRouter:
    """Make the route of the event stream."""
    router = APIRouter(prefix="/api/v1", tags=["Tasks"])
    viewer = auth.needs("tasks:read")
    answers = documented(None, 401, 403, 404, 410, 429)
    answers["responses"][200] = {
        "description": "Events until the task is over, their data in JSON. `status`: a line of the history, "
        "with its number as id; the last one holds the whole `task`, and the stream ends. `queue`: "
        "`queue_position` and `eta_seconds`, while the task waits. `progress`: `progress`, `stage` and "
        "`attempt`, while it runs. A comment every 15 seconds keeps the connection open.",
        "content": {"text/event-stream": {"schema": EVENT_SCHEMA}},
    }
    answers["responses"][204] = {"description": "The task is over and every event was seen."}

    @router.get("/tasks/{task_id}/events", operation_id="followTask", **answers)
    async def follow_task(task_id: str, key: Key = viewer, last_event_id: LastEventId = None) -> Response:
        """Follow a task. A client that lost the connection sends `Last-Event-ID` and misses nothing."""
        seen = _number(last_event_id)
        task = await run_in_threadpool(services.queue.get, key.id, task_id)
        if task.status in FINAL and not await run_in_threadpool(
            services.queue.history, key.id, task_id, seen
        ):
            return Response(status_code=204)  # what tells a browser not to connect again
        follower = _Follower(services, reader, watch, key.id, task_id, seen)
        return EventSourceResponse(follower.events(), ping=PING_S)

    return router


class _Follower:
    """One open stream. `seen` is the number of the last line of the history that its client knows."""

    def __init__(
        self, services: Services, reader: Reader, watch: Watch, owner: str, task_id: str, seen: int
    ) -> None:
        self._services = services
        self._reader = reader
        self._watch = watch
        self._owner = owner
        self._task_id = task_id
        self._seen = seen
        self._status_told: Status | None = None
        self._place: int | None = None  # in the queue, as told last

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """Give what happened since, then what happens, until the task is over or deleted."""
        known: Glance | None = None
        with suppress(Gone):
            while True:
                # The look comes before the history: what happens between them is seen by the next look.
                glance = await self._watch.next(self._task_id, known, _patience_s(known))
                if glance is not None:
                    for event in await self._changes(known, glance):
                        yield event
                    if glance.is_over:
                        return
                    known = glance
                elif not _waits(known):
                    return
                if _waits(known):
                    for event in await self._moves():
                        yield event

    async def _changes(self, known: Glance | None, glance: Glance) -> list[ServerSentEvent]:
        """Tell the new lines of the history, or else the progress."""
        lines = await run_in_threadpool(self._services.queue.history, self._owner, self._task_id, self._seen)
        told = [await self._status(line) for line in lines]
        if lines:
            self._seen, self._status_told = lines[-1].number, lines[-1].status
            self._place = None
        has_moved = known is not None and (glance.progress, glance.stage) != (known.progress, known.stage)
        if has_moved and not glance.is_over:
            told.append(_sse("progress", _progress(glance)))
        return told

    async def _moves(self) -> list[ServerSentEvent]:
        """Tell the place in the queue if it is another than before."""
        if self._status_told not in (None, Status.QUEUED):  # claimed since the look
            return []
        outlook = await self._reader.place(self._task_id)
        if outlook is None or outlook.queue_position == self._place:
            return []
        self._place = outlook.queue_position
        eta_s = None if outlook.eta_s is None else round(outlook.eta_s, 1)
        return [_sse("queue", {"queue_position": outlook.queue_position, "eta_seconds": eta_s})]

    async def _status(self, line: Event) -> ServerSentEvent:
        body: dict[str, Any] = {
            "number": line.number,
            "status": modellix.WORDS[line.status],
            "attempt": line.attempt,
            "at": modellix.iso(line.at_ms),
            "detail": line.detail,
        }
        if line.status in FINAL:
            body["task"] = await self._reader.body(self._owner, self._task_id)
        return _sse("status", body, number=line.number)


def _waits(known: Glance | None) -> bool:
    return known is not None and known.status is Status.QUEUED


def _patience_s(known: Glance | None) -> float:
    """How long to wait for a change before looking what else there is to tell."""
    return QUEUE_S if _waits(known) else IDLE_S


def _number(last_event_id: str | None) -> int:
    """Read what the client saw last; nothing, if it says something else than a number."""
    text = last_event_id or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < MAX_DIGITS else 0


def _progress(glance: Glance) -> dict[str, Any]:
    return {"progress": round(glance.progress, 4), "stage": glance.stage, "attempt": glance.attempt}


def _sse(event: str, body: dict[str, Any], number: int | None = None) -> ServerSentEvent:
    identity = None if number is None else str(number)
    return ServerSentEvent(json.dumps(body, ensure_ascii=False), event=event, id=identity)
