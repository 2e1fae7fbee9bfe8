"""The task queue: a durable table from which workers claim tasks under leases.

Who may do what to a task, and what it becomes, is in `transitions`; each module beside it holds one part of
a task's life: `submitting`, `claiming`, `holding`, `owning`, `listing`, `outlook`. `roster` knows the
workers, and `counting` tells all of it in numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from talkies.database import current_ms, reading
from talkies.errors import TalkiesError
from talkies.plan import Plan
from talkies.task import Artifact, Event, Failure, Task
from talkies.task_queue import claiming, counting, holding, listing, outlook, owning, roster, submitting
from talkies.task_queue.counting import Counts, Histogram
from talkies.task_queue.listing import MAX_PAGE_SIZE, Glance, Page, Wanted
from talkies.task_queue.outlook import Outlook
from talkies.task_queue.rows import NewTask
from talkies.task_queue.transitions import Rules, Transaction

__all__ = [
    "MAX_PAGE_SIZE",
    "Counts",
    "Glance",
    "Histogram",
    "NewTask",
    "Outlook",
    "Page",
    "Rules",
    "TaskQueue",
    "Wanted",
]


class TaskQueue:
    """The queue on a database whose schema is up to date. Safe to share between threads and processes.

    Workers show what they hold by the Task that `claim` returned. Where it says StaleLease below: the lease
    has ended, another attempt has begun, or the task is over; nothing was changed, and the work is to be
    dropped.
    """

    def __init__(self, engine: Engine, rules: Rules = Rules()) -> None:  # noqa: B008  (frozen)
        self._engine = engine
        self._rules = rules

    def submit(
        self, new: NewTask, idempotency_key: str | None = None, fingerprint: str | None = None
    ) -> tuple[Task, bool]:
        """Take in a task; tell whether it is the one that an earlier submit with this key made.

        The key is the owner's own and holds for 24 hours; `fingerprint` tells two requests apart.

        Raises:
            IdempotencyMismatch: the key came with another fingerprint.
            Gone: the key's task was deleted.
            QueueFull: as many tasks wait as may.
            TooManyRequests: the owner's daily seconds are used up.
        """
        assert (idempotency_key is None) == (fingerprint is None), "a key and its fingerprint come together"
        try:
            return self._submit(new, idempotency_key, fingerprint)
        except IntegrityError:
            # PostgreSQL lets two submits with one key look for it at once; the one that then could not
            # insert it finds it now.
            return self._submit(new, idempotency_key, fingerprint)

    def find_by_key(self, owner: str, idempotency_key: str, fingerprint: str) -> Task | None:
        """Find what a submit with this key made in the last 24 hours, without submitting anything.

        Raises:
            IdempotencyMismatch: the key came with another fingerprint.
            Gone: the key's task was deleted.
        """
        with reading(self._engine) as connection:
            now_ms = current_ms(connection)
            return submitting.find_earlier(connection, now_ms, owner, idempotency_key, fingerprint)

    def claim(self, worker: str, engines: Collection[str]) -> Task | None:
        """Give the next task of one of these engines to a worker, under a lease; None if there is none.

        `worker` names one start of one process: a name that comes again would undo the fencing. Tasks whose
        time is over and attempts whose lease is are ended on the way.
        """
        with reading(self._engine) as connection:
            now_ms = current_ms(connection)
            if not claiming.has_work(connection, engines, now_ms, self._rules):
                return None
        with self._writing() as transaction:
            return claiming.claim(transaction, worker, engines)

    def renew(self, task: Task) -> bool:
        """Prolong the lease of a claimed task. False: somebody asked to cancel; stop, then `confirm_cancel`.

        Raises:
            StaleLease: see above.
        """
        with self._engine.begin() as connection:
            return holding.renew(connection, task, round(self._rules.lease_s * 1000))

    def report(
        self,
        task: Task,
        progress: float | None = None,
        stage: str | None = None,
        plan: Plan | None = None,
    ) -> None:
        """Tell how far a claimed task is. `progress` is 0 to 1; a lower one than before is ignored.

        Raises:
            StaleLease: see above.
        """
        with self._engine.begin() as connection:
            holding.report(connection, task, progress, stage, plan)

    def note_stages(self, task: Task, seconds: Mapping[str, float]) -> None:
        """Write down, for metrics, how long each stage of a task's attempt took; once for an attempt."""
        if seconds:
            with self._engine.begin() as connection:
                holding.note_stages(connection, task, seconds)

    def finish(self, task: Task, artifacts: tuple[Artifact, ...]) -> Task:
        """End a claimed task as succeeded, with its stored files, or as canceled if that was asked for.

        After an error on the way here it may be repeated: a finish that got through returns the same again.

        Raises:
            StaleLease: see above.
        """
        with self._writing() as transaction:
            return holding.finish(transaction, task, artifacts)

    def fail(self, task: Task, failure: Failure) -> Task:
        """End the attempt of a claimed task: failed for good, or back in the queue for the next attempt.

        A supervisor may say it for the worker that it lost, and so give a better reason than that.

        Raises:
            StaleLease: see above.
        """
        with self._writing() as transaction:
            return holding.fail(transaction, task, failure)

    def give_back(self, task: Task) -> Task:
        """Return a claimed task to the queue without costing it an attempt, as a draining worker does.

        Raises:
            StaleLease: see above.
        """
        with self._writing() as transaction:
            return holding.give_back(transaction, task)

    def confirm_cancel(self, task: Task) -> Task:
        """End a claimed task as canceled, after `renew` said so and the work has stopped.

        Raises:
            StaleLease: see above.
        """
        with self._writing() as transaction:
            return holding.confirm_cancel(transaction, task)

    def cancel(self, owner: str, task_id: str) -> Task:
        """Cancel a task: a queued one at once, a running one when its worker stops or its lease ends.

        Raises:
            Conflict: it succeeded, failed or expired before.
            NotFound: this owner has no such task.
            Gone: it was deleted.
        """
        with self._writing() as transaction:
            return owning.cancel(transaction, owner, task_id)

    def delete(self, owner: str, task_id: str) -> Task:
        """Delete a task that is over; its files are `files_to_remove` at once.

        Raises:
            Conflict: it is not over.
            NotFound: this owner has no such task.
            Gone: it was deleted before.
        """
        with self._writing() as transaction:
            return owning.delete(transaction, owner, task_id)

    def get(self, owner: str, task_id: str) -> Task:
        """Read a task.

        Raises:
            NotFound: this owner has no such task.
            Gone: it was deleted.
        """
        with reading(self._engine) as connection:
            return listing.get(connection, owner, task_id)

    def get_many(self, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Task | TalkiesError]:
        """Read tasks by (owner, id) at once; where `get` would raise, the error is in the task's place."""
        with reading(self._engine) as connection:
            return listing.get_many(connection, wanted)

    def glances(self, ids: Collection[str]) -> dict[str, Glance]:
        """Look at what can change, without asking whose the tasks are; unknown ids are left out."""
        with reading(self._engine) as connection:
            return listing.glances(connection, ids)

    def find(self, task_id: str) -> Task | None:
        """Read a task without asking whose it is: for who came by a signed link, and for sweepers."""
        with reading(self._engine) as connection:
            return listing.find(connection, task_id)

    def list(self, owner: str, wanted: Wanted = Wanted(), page: int = 1, page_size: int = 10) -> Page:  # noqa: B008
        """List an owner's tasks, newest first. `page` counts from 1; `page_size` is 1 to MAX_PAGE_SIZE."""
        with reading(self._engine) as connection:
            return listing.list_page(connection, owner, wanted, page, page_size)

    def history(self, owner: str, task_id: str, after: int = 0) -> tuple[Event, ...]:
        """Read what happened to a task, oldest first, without the first `after` lines.

        Raises:
            NotFound: this owner has no such task.
            Gone: it was deleted.
        """
        with reading(self._engine) as connection:
            return listing.history(connection, owner, task_id, after)

    def outlook(self, task: Task) -> Outlook:
        """Estimate a task's place in the queue and its end."""
        with reading(self._engine) as connection:
            return outlook.estimate(connection, task)

    def line(self) -> dict[str, Outlook]:
        """Estimate the place and the end of every queued task, by id; it reads the whole line at once."""
        with reading(self._engine) as connection:
            return outlook.estimate_line(connection)

    def counts(self) -> Counts:
        """Count tasks, times and workers, for metrics; it reads the whole table."""
        with reading(self._engine) as connection:
            return counting.count(connection)

    def sign_in(self, worker: str, engines: Collection[str], for_s: float) -> None:
        """Tell that a worker is ready for tasks of these engines, for the next `for_s` seconds."""
        with self._engine.begin() as connection:
            roster.sign_in(connection, worker, engines, round(for_s * 1000))

    def sign_out(self, worker: str) -> None:
        """Tell that a worker has ended."""
        with self._engine.begin() as connection:
            roster.sign_out(connection, worker)

    def sweep(self) -> tuple[Task, ...]:
        """End what has run out, as every claim does, and drop old idempotency keys; return what changed."""
        with self._writing() as transaction:
            submitting.drop_old_keys(transaction)
            return claiming.release(transaction)

    def files_to_remove(self, limit: int = 100) -> tuple[Task, ...]:
        """Name tasks whose files are to go: deleted, or past their retention. Then call `forget_files`."""
        with reading(self._engine) as connection:
            return owning.files_to_remove(connection, current_ms(connection), limit)

    def forget_files(self, task_id: str) -> None:
        """Write down that the artifacts of a task of `files_to_remove` are gone from storage.

        Its record stays readable, unless it was deleted. The task no longer needs its pictures.
        """
        with self._writing() as transaction:
            owning.forget_files(transaction, task_id)

    def _submit(self, new: NewTask, key: str | None, fingerprint: str | None) -> tuple[Task, bool]:
        with self._writing() as transaction:
            if key is not None and fingerprint is not None:
                connection, now_ms = transaction.connection, transaction.now_ms
                earlier = submitting.find_earlier(connection, now_ms, new.owner, key, fingerprint)
                if earlier is not None:
                    return earlier, True
            return submitting.insert_task(transaction, new, key, fingerprint), False

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        with self._engine.begin() as connection:
            yield Transaction(connection, current_ms(connection), self._rules)
