"""One worker: claims a task, has it made, keeps its lease alive meanwhile, and ends it one way or another.

All that takes time happens in the renderer, so one thread is enough: it listens to the renderer and looks at
the queue in turns.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

import structlog
from sqlalchemy.exc import DBAPIError

from talkies.errors import StaleLease, TalkiesError
from talkies.progress import StageClock
from talkies.storage import Storage
from talkies.task import Artifact, Failure, Status, Task
from talkies.task_queue import TaskQueue
from talkies.worker.failures import failure, from_death
from talkies.worker.messages import Broke, Died, Made, Message, Order, Planned, Progress
from talkies.worker.renderer import Renderer

LOOK_S = 0.5  # between two looks whether somebody asked to cancel
RETRY_S = 0.5  # between two tries to tell the queue how an attempt ended
STORAGE_RETRY_S = 5.0  # between two looks whether a full or absent storage can be written again
ALIVE_FACTOR = 3.0  # heartbeats for which a worker counts as alive after one

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Timing:
    """What the operator sets for a worker, in seconds; docs/settings.md tells each."""

    heartbeat_s: float = 5.0
    poll_s: float = 0.1
    run_limit_s: float = 900.0
    drain_s: float = 30.0


class _Stop(Enum):
    """Why work was stopped before the renderer was done."""

    CANCELED = auto()
    HUNG = auto()
    RETURNED = auto()


_Ending = tuple[Artifact, ...] | Failure | _Stop


class Worker:
    """Works off tasks of some engines. `name` names one start of one process, never used again.

    `pictures` gives the keys in storage of the pictures that a task needs, by their SHA-256.
    """

    def __init__(
        self,
        name: str,
        *,
        queue: TaskQueue,
        engines: tuple[str, ...],
        pictures: Callable[[Task], dict[str, str]],
        storage: Storage,
        renderer: Renderer,
        timing: Timing = Timing(),
    ) -> None:
        self._name = name
        self._queue = queue
        self._engines = engines
        self._pictures = pictures
        self._storage = storage
        self._renderer = renderer
        self._timing = timing
        self._sign_in_s = 0.0  # when the entry in the roster is to be renewed

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. A clip in the making then has `drain_s` seconds, or goes back.

        Raises:
            RuntimeError: the renderer does not start.
        """
        log.info("worker started", worker=self._name, engines=self._engines)
        try:
            while not stop.is_set():
                self._renderer.prepare()
                self._sign_in()
                task = self._claim()
                if task is None:
                    stop.wait(self._timing.poll_s)
                elif not self._work(task, stop):
                    self._await_storage(stop)
        finally:
            self._renderer.kill()
            self._sign_out()
        log.info("worker stopped", worker=self._name)

    def _sign_in(self) -> None:
        """Show from time to time that this worker is alive; metrics tell it, and no task depends on it."""
        now_s = time.monotonic()
        if now_s < self._sign_in_s:
            return
        self._sign_in_s = now_s + self._timing.heartbeat_s
        try:
            self._queue.sign_in(self._name, self._engines, ALIVE_FACTOR * self._timing.heartbeat_s)
        except DBAPIError as error:
            log.warning("worker not signed in", worker=self._name, error=type(error).__name__)

    def _sign_out(self) -> None:
        with suppress(DBAPIError):  # its entry ends by itself
            self._queue.sign_out(self._name)

    def _claim(self) -> Task | None:
        try:
            return self._queue.claim(self._name, self._engines)
        except DBAPIError as error:
            log.warning("worker waits for the database", worker=self._name, error=type(error).__name__)
            return None

    def _work(self, task: Task, stop: threading.Event) -> bool:
        """Bring one attempt to its end; tell whether storage is in order."""
        started_s = time.monotonic()
        told = {"task": task.id, "attempt": task.attempt, "worker": self._name}
        log.info("task started", engine=task.engine, renderer=self._renderer.pid, **told)
        ending: _Ending | None = None
        try:
            ending = self._make(task, stop)
            status = self._end(task, ending).status
        except StaleLease:
            self._renderer.kill()
            log.warning("task lost to another attempt", **told)
            status = None
        if isinstance(ending, tuple) and status != Status.SUCCEEDED:
            self._discard(ending)
        seconds = round(time.monotonic() - started_s, 3)
        failed = ending.code if isinstance(ending, Failure) else None
        log.info("attempt ended", status=status, failure=failed, seconds=seconds, **told)
        return failed != "storage_failed"

    def _make(self, task: Task, stop: threading.Event) -> _Ending:
        """Have the clip made, and watch over it; the renderer is idle or gone when this returns."""
        try:
            order = Order(task, self._pictures(task))
        except DBAPIError as error:
            log.warning("worker waits for the database", task=task.id, error=type(error).__name__)
            return _Stop.RETURNED
        watch = _Watch(task, self._queue, self._timing, stop)
        self._renderer.order(order)
        try:
            return self._attend(task, watch)
        finally:
            self._note_stages(task, watch)

    def _attend(self, task: Task, watch: _Watch) -> _Ending:
        """Listen to the renderer and look at the queue in turns, until one of them ends the attempt."""
        while True:
            self._sign_in()
            match self._renderer.receive(watch.patience_s):
                case Made(artifacts):
                    return artifacts
                case Broke(failed):
                    return failed
                case Died() as died:
                    log.warning("renderer died", task=task.id, exit_status=died.exit_status)
                    return from_death(died)
                case message:
                    watch.note(message)
            end = watch.look()
            if end is not None:
                self._renderer.kill()
                return end

    def _note_stages(self, task: Task, watch: _Watch) -> None:
        try:
            self._queue.note_stages(task, watch.stages.stop())
        except DBAPIError as error:
            log.warning("stage times not noted", task=task.id, error=type(error).__name__)

    def _end(self, task: Task, ending: _Ending) -> Task:
        """Tell the queue, again and again while the database does not answer: the lease bounds that."""
        while True:
            try:
                return self._tell_end(task, ending)
            except DBAPIError as error:
                log.warning("worker waits for the database", task=task.id, error=type(error).__name__)
                time.sleep(RETRY_S)

    def _tell_end(self, task: Task, ending: _Ending) -> Task:
        match ending:
            case Failure():
                return self._queue.fail(task, ending)
            case _Stop.CANCELED:
                return self._queue.confirm_cancel(task)
            case _Stop.HUNG:
                return self._queue.fail(task, failure("engine_timeout"))
            case _Stop.RETURNED:
                return self._queue.give_back(task)
            case _:
                return self._queue.finish(task, ending)

    def _discard(self, artifacts: tuple[Artifact, ...]) -> None:
        """Delete files that belong to nobody. What cannot be deleted now is left to housekeeping."""
        with suppress(TalkiesError):
            self._storage.delete(artifact.key for artifact in artifacts)

    def _await_storage(self, stop: threading.Event) -> None:
        """Claim nothing while storage is full or absent: every attempt would be made for nothing."""
        while not stop.is_set():
            try:
                self._storage.check_writable()
            except TalkiesError as error:
                log.warning("worker waits for storage", worker=self._name, error=str(error))
                stop.wait(STORAGE_RETRY_S)
            else:
                return


class _Watch:
    """Keeps the lease of one attempt, passes on its progress, and says when to stop."""

    def __init__(self, task: Task, queue: TaskQueue, timing: Timing, stop: threading.Event) -> None:
        now_s = time.monotonic()
        self._task = task
        self._queue = queue
        self._timing = timing
        self._stop = stop
        self._hung_s = now_s + timing.run_limit_s
        self._renew_s = now_s + timing.heartbeat_s
        self._look_s = now_s + LOOK_S
        self._drained_s: float | None = None
        self.stages = StageClock()

    @property
    def patience_s(self) -> float:
        """How long nothing needs to be looked at."""
        return max(0.0, min(self._look_s, self._renew_s, self._hung_s) - time.monotonic())

    def note(self, message: Message | None) -> None:
        """Write down what the renderer says about its progress.

        Raises:
            StaleLease: the attempt is no longer ours.
        """
        try:
            match message:
                case Planned(plan):
                    self._queue.report(self._task, plan=plan)
                case Progress(stage, share):
                    self.stages.enter(stage)
                    self._queue.report(self._task, share, stage)
        except DBAPIError as error:
            self._excuse(error)

    def look(self) -> _Stop | None:
        """Renew the lease when it is time to; tell whether the work must stop.

        Raises:
            StaleLease: the attempt is no longer ours.
        """
        now_s = time.monotonic()
        if now_s >= self._hung_s:
            return _Stop.HUNG
        if self._is_drain_over(now_s):
            return _Stop.RETURNED
        try:
            if now_s >= self._renew_s:
                self._renew_s = now_s + self._timing.heartbeat_s
                return None if self._queue.renew(self._task) else _Stop.CANCELED
            if now_s >= self._look_s:
                self._look_s = now_s + LOOK_S
                return self._look_at_task()
        except DBAPIError as error:
            self._excuse(error)
        return None

    def _look_at_task(self) -> _Stop | None:
        """See, without a write, what the next renewal would say: a caller who cancels waits for it."""
        seen = self._queue.find(self._task.id)
        if seen is None or (seen.status, seen.attempt) != (Status.RUNNING, self._task.attempt):
            raise StaleLease(f"task {self._task.id}: attempt {self._task.attempt} is over")
        return _Stop.CANCELED if seen.cancel_requested else None

    def _is_drain_over(self, now_s: float) -> bool:
        if self._drained_s is None and self._stop.is_set():
            self._drained_s = now_s + self._timing.drain_s
        return self._drained_s is not None and now_s >= self._drained_s

    def _excuse(self, error: DBAPIError) -> None:
        """A database that is away for a moment costs nothing: the lease outlives it, or is lost later."""
        log.warning("lease not renewed", task=self._task.id, error=type(error).__name__)
