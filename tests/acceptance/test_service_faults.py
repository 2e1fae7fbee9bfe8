"""Workers and servers of the real service that crash, hang, freeze and run out of disk: no task is lost.

Judged from the append-only history. Talkies has no hooks for this: a `sitecustomize` module beside it kills
its processes at named steps. SEED, TASKS, KILLS and FREEZES in the environment set the size of the runs; the
full one is 300 tasks, 60 kills and 50 freezes.
"""

from __future__ import annotations

import base64
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, select, update
from tests.acceptance.conftest import TASK_S
from tests.conftest import PATIENCE_S, wait_for

from talkies.database import clock_offset, connect, reading, task_events, tasks
from talkies.task import FINAL, TRANSITIONS, Event, Status

KILLER = Path(__file__).with_name("killer.py")
CLOCK_SETTER = Path(__file__).with_name("clock_setter.py")
SEED = int(os.environ.get("SEED", "2026"))
TASKS, KILLS = int(os.environ.get("TASKS", "40")), int(os.environ.get("KILLS", "10"))
FREEZES = int(os.environ.get("FREEZES", "3"))
STEPS = {
    "server": ("submitting", "submitted"),
    "worker": ("claiming", "claimed", "reporting", "finishing", "finished"),
    "renderer": ("planned", "rendered", "storing", "stored"),
}
WIDTH = {"server": 1, "worker": 2, "renderer": 2}  # how often each kind of process is hit, relatively


def database_of(service: Any) -> Engine:
    return connect(f"sqlite:///{service.data / 'talkies.db'}")


def histories(service: Any) -> dict[str, list[Event]]:
    with reading(database_of(service)) as connection:
        ordered = select(task_events).order_by(task_events.c.task, task_events.c.number)
        events = [Event.model_validate(dict(row._mapping)) for row in connection.execute(ordered)]
    return {task: list(lines) for task, lines in groupby(events, key=lambda line: line.task)}


def assert_one_honest_way(lines: list[Event]) -> None:
    """One allowed way to one end, reached by the worker that claimed last."""
    ways = [line.status for line in lines]
    assert ways[0] == Status.QUEUED
    assert all(after == before or after in TRANSITIONS[before] for before, after in pairwise(ways))
    assert sum(way in FINAL for way in ways) == 1
    assert ways[-1] in FINAL
    claims = [line for line in lines if line.detail == "claimed"]
    assert [claim.attempt for claim in claims] == list(range(1, len(claims) + 1))
    if ways[-1] == Status.SUCCEEDED:
        assert (lines[-1].attempt, lines[-1].worker) == (claims[-1].attempt, claims[-1].worker)


def end_leases(service: Any) -> None:
    """Let time pass, without waiting."""
    with database_of(service).begin() as connection:
        connection.execute(update(tasks).values(lease_until_ms=1))


@pytest.fixture
def killing(service: Any, tmp_path: Path) -> Path:
    """Make the service's processes kill themselves at the steps that lie in a folder, one file for each."""
    plan = tmp_path / "kills"
    plan.mkdir()
    service.environment |= {"PYTHONPATH": first_run(KILLER, service, tmp_path), "KILLS_PLANNED": str(plan)}
    return plan


def first_run(script: Path, service: Any, folder: Path) -> str:
    """Give the PYTHONPATH on which each process of the service runs a script before all else."""
    (folder / "first").mkdir()
    shutil.copy(script, folder / "first" / "sitecustomize.py")
    return os.pathsep.join([str(folder / "first"), service.environment["PYTHONPATH"]])


def plan_kills(folder: Path) -> Counter[str]:
    """Write down each kill as a file that the process that takes it removes."""
    chance = random.Random(SEED)
    roles = chance.choices(list(STEPS), weights=[WIDTH[role] for role in STEPS], k=KILLS)
    steps = [f"{role}-{chance.choice(STEPS[role])}" for role in roles]
    for number, step in enumerate(steps):
        (folder / f"{step}.{number}").touch()
    return Counter(steps)


@pytest.mark.slow
def test_row_54_no_task_is_lost_or_finished_twice_when_processes_are_killed(
    service: Any, killing: Path
) -> None:
    planned = plan_kills(killing)
    print(f"seed {SEED}, {TASKS} tasks, {KILLS} kills:", dict(planned))
    options = {"attempts": 20, "lease_s": 2, "heartbeat_s": 0.5, "workers": 2}
    service.start(**options)

    def restart_if_killed() -> int:
        if service.is_running:
            return 0
        service.kill()
        service.start(**options)
        return 1

    restarts, submitted = 0, []
    for number in range(TASKS):
        while True:  # like a client that got no answer
            try:
                headers = {"Idempotency-Key": f"task-{number}"}
                submitted.append(service.submit(f"Cat {number}.", headers=headers))
                break
            except httpx.TransportError:
                time.sleep(0.05)
                restarts += restart_if_killed()

    def all_are_over() -> bool:
        nonlocal restarts
        restarts += restart_if_killed()
        return all(lines[-1].status in FINAL for lines in histories(service).values())

    wait_for(all_are_over, within_s=20 * TASKS, every_s=0.2)
    service.stop()

    left = Counter(path.name.partition(".")[0] for path in killing.iterdir())
    ways = histories(service)
    print(f"{KILLS - left.total()} kills struck, not reached: {dict(left)}; {restarts} server restarts")
    print("attempts:", Counter(lines[-1].attempt for lines in ways.values()))
    assert left.total() == 0
    assert len(set(submitted)) == TASKS
    assert ways.keys() == set(submitted)
    for lines in ways.values():
        assert_one_honest_way(lines)
        assert lines[-1].status == Status.SUCCEEDED
    with reading(database_of(service)) as connection:
        for row in connection.execute(select(tasks.c.artifacts)):
            file = service.data / "files" / row.artifacts[0]["key"]
            assert file.stat().st_size == row.artifacts[0]["size_bytes"]


@pytest.mark.slow
def test_a_thawed_worker_cannot_finish_what_another_took(service: Any, tmp_path: Path) -> None:
    service.start("--workers", "2", heartbeat_s=1, attempts=5)
    chance = random.Random(SEED)
    print(f"seed {SEED}, {FREEZES} freezes")

    for number in range(FREEZES):
        marker = tmp_path / f"marker-{number}"
        task = service.submit(f"until {marker}")
        service.wait(task, "processing")
        time.sleep(chance.random())
        pid = int(histories(service)[task][1].worker.split("-")[-2])  # type: ignore[union-attr]
        os.kill(pid, signal.SIGSTOP)
        end_leases(service)
        wait_for(lambda task=task: histories(service)[task][-1].attempt == 2)  # type: ignore[misc]
        marker.touch()
        os.kill(pid, signal.SIGCONT)
        assert service.wait(task)["status"] == "success"

    ways = histories(service)
    assert len(ways) == FREEZES
    for lines in ways.values():
        assert_one_honest_way(lines)
        assert lines[-1].attempt == 2
        assert lines[-1].worker != lines[1].worker


@pytest.mark.slow
def test_row_55_an_engine_that_breaks_costs_its_own_task_and_no_other(service: Any) -> None:
    service.start(attempts=2)
    expected = {
        "crash": "engine_failed",
        "kill": "worker_lost",
        "memory": "engine_out_of_memory",
        "silent": "output_broken",
    }
    broken = {service.submit(prompt): code for prompt, code in expected.items()}
    neighbour = service.submit("A cat.")

    for task, code in broken.items():
        ended = service.wait(task)
        assert (ended["status"], ended["attempts"], ended["error"]["code"]) == ("failed", 2, code)
        assert ended["error"]["retryable"]
    assert service.wait(neighbour)["status"] == "success"


def test_row_55_an_engine_that_hangs_is_ended_at_the_limit(service: Any) -> None:
    service.start(attempts=2, run_limit_s=0.5)

    ended = service.wait(service.submit("hang"))

    assert (ended["status"], ended["attempts"], ended["error"]["code"]) == ("failed", 2, "engine_timeout")
    assert ended["error"]["retryable"]


def test_row_55_a_worker_that_is_killed_once_costs_one_attempt(service: Any, tmp_path: Path) -> None:
    service.start()
    task = service.submit(f"once {tmp_path / 'marker'}")

    ended = service.wait(task)

    assert (ended["status"], ended["attempts"]) == ("success", 2)


@pytest.mark.slow
def test_a_running_clip_is_canceled_within_two_seconds(service: Any, photo: Path) -> None:
    service.start(heartbeat_s=10, lease_s=60)
    picture = {"first_frame_image": _data_url(photo), "resolution": "1080p", "duration": 12}

    def seconds_to_cancel() -> float:
        task = service.submit("The camera circles her in the rain.", "talkies/animatic", **picture)
        wait_for(lambda: service.read(task).get("stage") == "picture", within_s=TASK_S)
        asked_s = time.monotonic()
        service.call("POST", f"/api/v1/tasks/{task}/cancel").raise_for_status()
        ended = service.wait(task)
        took_s = time.monotonic() - asked_s
        print(f"canceled after {took_s:.2f} s")
        assert ended["error"]["code"] == "canceled"
        return took_s

    assert any(seconds_to_cancel() < 2 for _ in range(3)), "once of three times, on a busy machine"


def test_a_drained_service_finishes_what_runs_and_keeps_what_waits(service: Any, tmp_path: Path) -> None:
    service.start(drain_s=PATIENCE_S)
    marker = tmp_path / "marker"
    running = service.submit(f"until {marker}")
    waiting = service.submit("A cat.")
    service.wait(running, "processing")

    service.ask_to_stop()
    wait_for(lambda: "draining" in [line["event"] for line in service.log])
    marker.touch()
    assert service.wait_for_end() == 0

    ways = histories(service)
    assert (ways[running][-1].status, ways[running][-1].attempt) == (Status.SUCCEEDED, 1)
    assert ways[waiting][-1].status == Status.QUEUED


def test_a_clip_that_is_not_done_in_the_drain_time_returns_to_the_queue(service: Any, tmp_path: Path) -> None:
    service.start(drain_s=0.5)
    marker = tmp_path / "marker"
    task = service.submit(f"until {marker}")
    service.wait(task, "processing")

    assert service.stop() == 0
    before = histories(service)[task][-1]
    marker.touch()
    service.start()

    assert (before.status, before.detail) == (Status.QUEUED, "given back")
    assert service.wait(task)["status"] == "success"


def test_no_process_outlives_a_killed_service(service: Any) -> None:
    service.start("--workers", "2")
    service.wait(service.submit("A cat."))
    children = descendants(service.pid)
    assert len(children) >= 3

    service.kill()

    wait_for(lambda: not children & parents_by_process().keys())


def test_row_56_a_full_disk_loses_no_task(service: Any, killing: Path) -> None:
    full = killing / "disk-full"
    full.touch()
    service.start(attempts=20)
    task = service.submit("A cat.")
    wait_for(lambda: len(histories(service)[task]) >= 4)

    full.unlink()
    ended = service.wait(task)

    assert (ended["status"], ended["attempts"] > 1) == ("success", True)
    assert "storage_failed" in (histories(service)[task][2].detail or "")


def test_row_56_a_storage_that_takes_nothing_fails_the_task_with_its_code(service: Any) -> None:
    (service.data / "files").mkdir(parents=True)
    (service.data / "files" / "results").write_text("not a folder", "ascii")
    service.start(attempts=2)

    ended = service.wait(service.submit("A cat."))

    assert (ended["status"], ended["error"]["code"]) == ("failed", "storage_failed")
    assert ended["error"]["retryable"]


def test_row_58_a_clock_jump_costs_no_attempt_and_leaves_no_task_behind(service: Any, tmp_path: Path) -> None:
    set_clock = let_the_clock_be_set(service, tmp_path)
    service.start(lease_s=30, heartbeat_s=5)
    wait_for(lambda: offset_ms_of(service))  # the housekeeper has looked at the clock

    on_ms = jump_beside_tasks(service, lambda: set_clock(3600))
    back_ms = jump_beside_tasks(service, lambda: set_clock(0))

    assert on_ms == pytest.approx(3_600_000, abs=60_000)
    assert back_ms == pytest.approx(-3_600_000, abs=60_000)


def jump_beside_tasks(service: Any, jump: Callable[[], None]) -> int:
    """Set the clock while one task runs and another waits; give by how much the database's clock followed."""
    before_ms = offset_ms_of(service)
    running = service.submit("A slow cat.")
    waiting = service.submit("A cat.", execution_expires_after=3600)
    service.wait(running, "processing")
    jump()

    for task in (running, waiting):
        ended = service.wait(task)
        assert (ended["status"], ended["attempts"]) == ("success", 1)
    wait_for(lambda: offset_ms_of(service) != before_ms)
    return offset_ms_of(service) - before_ms


def let_the_clock_be_set(service: Any, tmp_path: Path) -> Callable[[int], None]:
    """Give what sets the wall clock of the service's processes, to be so many seconds off."""
    setting = tmp_path / "clock"
    path = first_run(CLOCK_SETTER, service, tmp_path)
    service.environment |= {"PYTHONPATH": path, "WALL_CLOCK_SET": str(setting)}

    def set_clock(off_s: int) -> None:
        whole = tmp_path / "clock.new"
        whole.write_text(str(off_s), "ascii")
        whole.rename(setting)

    set_clock(0)
    return set_clock


def offset_ms_of(service: Any) -> int:
    with reading(database_of(service)) as connection:
        offset_ms: int = connection.execute(select(clock_offset.c.offset_ms)).scalar_one()
    return offset_ms


def _data_url(photo: Path) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(photo.read_bytes()).decode("ascii")


def descendants(pid: int) -> set[int]:
    parents = parents_by_process()
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def parents_by_process() -> dict[int, int]:
    """Read the parent of every living process. Source: proc(5), /proc/pid/stat."""
    parents = {}
    for facts in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = facts.read_text("utf-8").rpartition(")")[2].split()[:2]
        except OSError:  # it has just ended
            continue
        if state != "Z":
            parents[int(facts.parent.name)] = int(parent)
    return parents
