"""What must be done now and then: end what ran out, delete what is no longer needed.

Everything here may be repeated, cut short at any line, and done by several processes at once.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import structlog
from sqlalchemy import ColumnElement, Engine, and_, delete, exists, or_, select
from sqlalchemy.exc import DBAPIError

from talkies.database import current_ms, pictures, tasks, uploads
from talkies.errors import TalkiesError
from talkies.storage import Storage, StoredFile
from talkies.task import Status, Task
from talkies.task_queue import TaskQueue
from talkies.timekeeping import follow_wall_clock

SWEEP_S = 2.0  # between two looks for what ran out; workers that claim do the same
REMOVE_S = 60.0  # between two rounds of deleting what callers no longer need
ORPHANS_S = 3600.0  # between two walks through all results
PICTURE_GRACE_MS = 3600 * 1000  # a picture so young may belong to a submit that is on its way
_REMOVED_AT_ONCE = 100

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Duty:
    name: str
    every_s: float
    perform: Callable[[], int]


class Housekeeper:
    """Sweeps the queue, the storage and the scratch folder. `orphan_age_s` outlasts every attempt."""

    def __init__(
        self, engine: Engine, queue: TaskQueue, storage: Storage, scratch: Path, orphan_age_s: float
    ) -> None:
        self._engine = engine
        self._queue = queue
        self._storage = storage
        self._scratch = scratch
        self._orphan_age_s = orphan_age_s

    def run(self, stop: threading.Event) -> None:
        """Do each duty in its time until `stop` is set. What fails is logged and done again later."""
        duties = (
            _Duty("wall clock followed", SWEEP_S, self.follow_wall_clock),
            _Duty("tasks ended", SWEEP_S, self.sweep),
            _Duty("results removed", REMOVE_S, self.remove_results),
            _Duty("uploads removed", REMOVE_S, self.remove_uploads),
            _Duty("pictures removed", REMOVE_S, self.remove_pictures),
            _Duty("orphans removed", ORPHANS_S, self.remove_orphans),
        )
        due_s = dict.fromkeys(duties, time.monotonic())
        while not stop.wait(SWEEP_S / 4):
            for duty in duties:
                if time.monotonic() >= due_s[duty]:
                    self._perform(duty)
                    due_s[duty] = time.monotonic() + duty.every_s

    def follow_wall_clock(self) -> int:
        """Bring the database's clock up to date; tell how often (0 or 1) the wall clock was set."""
        return int(follow_wall_clock(self._engine))

    def sweep(self) -> int:
        """End tasks whose time is over and attempts whose lease is; tell how many."""
        return len(self._queue.sweep())

    def remove_results(self) -> int:
        """Delete the results of tasks that were deleted or are past their retention; tell of how many."""
        count = 0
        while over := self._queue.files_to_remove(_REMOVED_AT_ONCE):
            for task in over:
                self._storage.delete(file.key for file in self._storage.list(f"results/{task.id}"))
                self._queue.forget_files(task.id)
            count += len(over)
        return count

    def remove_uploads(self) -> int:
        """Forget the uploaded files that have expired, so that their pictures may go; tell how many."""
        with self._engine.begin() as connection:
            over = delete(uploads).where(uploads.c.expires_ms <= current_ms(connection))
            return connection.execute(over).rowcount

    def remove_pictures(self) -> int:
        """Delete the pictures that no task and no upload needs any more; tell how many.

        The file goes while the row is locked. Whoever keeps a picture writes its row anew before its file,
        so that a picture that is sent again at this moment is there afterwards.
        """
        count = 0
        while removed := self._remove_some_pictures():
            count += removed
        return count

    def remove_orphans(self) -> int:
        """Delete results that belong to no task or to an attempt that came to nothing; tell how many files.

        Files younger than `orphan_age_s` may belong to an attempt that is about to finish.
        """
        young = datetime.now(UTC) - timedelta(seconds=self._orphan_age_s)
        old = [file for file in self._storage.list("results") if file.modified < young]
        old.sort(key=_task_id)
        orphans = [
            file.key
            for task_id, files in groupby(old, key=_task_id)
            for file in _without_owner(files, self._queue.find(task_id))
        ]
        self._storage.delete(orphans)
        self._storage.delete_unfinished(self._orphan_age_s)
        _remove_old(self._scratch, self._orphan_age_s)
        return len(orphans)

    def _perform(self, duty: _Duty) -> None:
        try:
            count = duty.perform()
        except (DBAPIError, TalkiesError) as error:
            log.warning("housekeeping put off", duty=duty.name, error=type(error).__name__)
            return
        except Exception:  # nothing may end the thread that all later rounds need
            log.exception("housekeeping put off", duty=duty.name)
            return
        if count:
            log.info(duty.name, count=count)

    def _remove_some_pictures(self) -> int:
        with self._engine.begin() as connection:
            old = pictures.c.created_ms < current_ms(connection) - PICTURE_GRACE_MS
            found = connection.execute(
                select(pictures).where(old, ~_needed()).limit(_REMOVED_AT_ONCE).with_for_update()
            ).all()
            for row in found:
                one = and_(pictures.c.owner == row.owner, pictures.c.sha256 == row.sha256)
                connection.execute(delete(pictures).where(one))
                shared = exists().where(pictures.c.storage_key == row.storage_key)
                if not connection.execute(select(shared)).scalar_one():
                    self._storage.delete([row.storage_key])
            return len(found)


def _needed() -> ColumnElement[bool]:
    """A task or an upload of the same owner names the picture."""
    by_task = exists().where(
        tasks.c.owner == pictures.c.owner,
        or_(tasks.c.first_frame == pictures.c.sha256, tasks.c.last_frame == pictures.c.sha256),
    )
    by_upload = exists().where(uploads.c.owner == pictures.c.owner, uploads.c.sha256 == pictures.c.sha256)
    return or_(by_task, by_upload)


def _task_id(file: StoredFile) -> str:
    """Read the task from a key such as `results/task-1/2/video.mp4`."""
    return file.key.split("/")[1]


def _without_owner(files: Iterable[StoredFile], task: Task | None) -> Iterator[StoredFile]:
    """Choose the files that neither the task's result nor its running attempt holds."""
    kept = {artifact.key for artifact in task.artifacts} if task else set()
    running = f"results/{task.id}/{task.attempt}/" if task and task.status == Status.RUNNING else None
    for file in files:
        if file.key not in kept and not (running and file.key.startswith(running)):
            yield file


def _remove_old(scratch: Path, age_s: float) -> None:
    """Delete what renderers that were killed left half-written."""
    for folder in scratch.glob("*"):
        with suppress(FileNotFoundError):  # its renderer or another housekeeper was quicker
            if folder.stat().st_mtime < time.time() - age_s:
                shutil.rmtree(folder)
