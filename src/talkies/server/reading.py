"""Tasks as their callers read them: with estimates, and with links made anew at each read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from talkies.server.dialects import modellix
from talkies.server.line import Line
from talkies.server.services import Services
from talkies.server.together import Together
from talkies.task import FINAL, Artifact, Status, Task
from talkies.task_queue import Outlook, Page, Wanted

ESTIMATE_S = 1.0  # for how long an estimate stands: making one counts the queue
MAX_ENDS = 1_000  # estimates of running tasks that are kept

_Asked = tuple[str, str]  # an owner and the id of a task


class Reader:
    """Reads tasks and writes them as bodies. What is not `async` blocks: call it in a thread."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._ends: dict[str, tuple[Outlook, float]] = {}  # of running tasks
        self._line = Line(services.queue)
        self._together = Together(self._look)

    async def body(self, owner: str, task_id: str) -> dict[str, Any]:
        """Read one task.

        Raises:
            NotFound: this owner has no such task.
            Gone: it was deleted.
        """
        self._line.keep_fresh()
        return await self._together.get((owner, task_id))

    def describe(self, task: Task) -> dict[str, Any]:
        """Write a task with its estimates."""
        return modellix.to_task_body(task, self._outlook(task), self.link)

    def page(self, owner: str, wanted: Wanted, page: int, page_size: int) -> dict[str, Any]:
        """Read one page of an owner's tasks, without estimates."""
        found: Page = self._services.queue.list(owner, wanted, page, page_size)
        return {
            "tasks": [modellix.to_task_body(task, None, self.link) for task in found.tasks],
            "total": found.total,
            "page": page,
            "page_size": page_size,
            "has_more": page * page_size < found.total,
        }

    def link(self, task: Task, artifact: Artifact) -> str:
        """Make an address that opens a stored file without a key, for a time."""
        path = f"/files/{task.id}/{file_name(task.id, artifact)}"
        return self._services.public_url + self._services.links.sign(path, self._services.settings.link_s)

    async def place(self, task_id: str) -> Outlook | None:
        """Tell a queued task's place in the line; None when it was not in it at the last reading."""
        return await self._line.look(task_id)

    def _look(self, wanted: Sequence[_Asked]) -> dict[_Asked, dict[str, Any] | Exception]:
        found = self._services.queue.get_many(wanted)
        return {
            asked: self.describe(task) if isinstance(task, Task) else task for asked, task in found.items()
        }

    def _outlook(self, task: Task) -> Outlook | None:
        if task.status in FINAL:
            return None
        if task.status is Status.QUEUED:
            return self._line.get(task.id) or self._services.queue.outlook(task)
        now = time.monotonic()
        kept = self._ends.get(task.id)
        if kept is not None and kept[1] > now:
            return kept[0]
        outlook = self._services.queue.outlook(task)
        if len(self._ends) >= MAX_ENDS:
            self._ends.clear()
        self._ends[task.id] = (outlook, now + ESTIMATE_S)
        return outlook


def file_name(task_id: str, artifact: Artifact) -> str:
    """Name a stored file in links: clients save it under the last part of the path.

    The video is `<task>.mp4`, the last frame `<task>-last-frame.png`.
    """
    part = "" if artifact.role == "video" else "-last-frame"
    return f"{task_id}{part}.{modellix.extension(artifact)}"
