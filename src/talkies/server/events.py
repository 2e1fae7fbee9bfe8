"""Server-sent events of one task: its history, then each change until it is over."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
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
from talkies.server.watching import Glance, Watch
from talkies.task import FINAL, Event

PING_S = 15  # between comments that keep proxies from closing the connection
IDLE_S = 3600.0  # a stream in which nothing happens for so long ends; the client connects anew
MAX_DIGITS = 10  # no history is that long
EVENT_SCHEMA = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "id": {"type": "string", "description": "Number in the task's history."},
        "event": {"enum": ["status", "progress"]},
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
        "description": "Events `status` (with an id, from the history; the last one holds the whole `task`) "
        "and `progress`.",
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
        follower = _Follower(services, reader, watch, key.id, task_id)
        return EventSourceResponse(follower.events(seen), ping=PING_S)

    return router


class _Follower:
    """One open stream."""

    def __init__(self, services: Services, reader: Reader, watch: Watch, owner: str, task_id: str) -> None:
        self._services = services
        self._reader = reader
        self._watch = watch
        self._owner = owner
        self._task_id = task_id

    async def events(self, seen: int) -> AsyncIterator[ServerSentEvent]:
        """Give the events behind number `seen`, until the task is over or deleted."""
        known: Glance | None = None
        while True:
            # The look comes before the history: what happens between them is seen by the next look.
            glance = await self._watch.next(self._task_id, known, IDLE_S)
            if glance is None:
                return
            try:
                lines = await run_in_threadpool(
                    self._services.queue.history, self._owner, self._task_id, seen
                )
                for line in lines:
                    seen = line.number
                    yield await self._status(line)
            except Gone:
                return
            if glance.is_over:
                return
            if known is not None and (glance.progress, glance.stage) != (known.progress, known.stage):
                yield _sse("progress", _progress(glance))
            known = glance

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


def _number(last_event_id: str | None) -> int:
    """Read what the client saw last; nothing, if it says something else than a number."""
    text = last_event_id or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < MAX_DIGITS else 0


def _progress(glance: Glance) -> dict[str, Any]:
    return {"progress": round(glance.progress, 4), "stage": glance.stage, "attempt": glance.attempt}


def _sse(event: str, body: dict[str, Any], number: int | None = None) -> ServerSentEvent:
    identity = None if number is None else str(number)
    return ServerSentEvent(json.dumps(body, ensure_ascii=False), event=event, id=identity)
