"""Row 58 of the robustness matrix: somebody sets the machine's clock while tasks are under way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from talkies import clock
from talkies.database import connect, current_ms, deliveries, reading, tasks, upgrade
from talkies.errors import StaleLease
from talkies.spec import Spec
from talkies.task import Status, Task
from talkies.task_queue import NewTask, Rules, TaskQueue
from talkies.timekeeping import follow_wall_clock

HOUR_MS = 3_600_000
LEASE_S = 30.0
HOOK = "https://example.com/hook"


class Machine:
    """The clocks of a machine whose time passes only here."""

    def __init__(self) -> None:
        self.boot = "first boot"
        self._since_boot_ms = 5_000
        self._wall_ms = 1_800_000_000_000

    def pass_time(self, ms: int) -> None:
        self._since_boot_ms += ms
        self._wall_ms += ms

    def set_wall_clock(self, step_ms: int) -> None:
        self._wall_ms += step_ms

    def reboot(self, down_ms: int) -> None:
        self.boot = "second boot"
        self._since_boot_ms = 1_000
        self._wall_ms += down_ms

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(clock, "wall_ms", lambda: self._wall_ms)
        monkeypatch.setattr(clock, "since_boot_ms", lambda: self._since_boot_ms)
        monkeypatch.setattr(clock, "boot", lambda: self.boot)

    @property
    def wall_ms(self) -> int:
        return self._wall_ms


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    machine.use(monkeypatch)
    return machine


@pytest.fixture
def engine(machine: Machine, tmp_path: Path) -> Iterator[Engine]:
    del machine
    engine = connect(f"sqlite:///{tmp_path / 'talkies.db'}")
    upgrade(engine)
    assert not follow_wall_clock(engine), "nobody set it yet"
    yield engine
    engine.dispose()


@pytest.fixture
def queue(engine: Engine) -> TaskQueue:
    return TaskQueue(engine, Rules(lease_s=LEASE_S))


@pytest.fixture(params=[HOUR_MS, -HOUR_MS], ids=["an hour on", "an hour back"])
def step_ms(request: pytest.FixtureRequest) -> int:
    step_ms: int = request.param
    return step_ms


@pytest.fixture(params=[False, True], ids=["not noticed", "noticed"])
def noticed(request: pytest.FixtureRequest) -> bool:
    noticed: bool = request.param
    return noticed


def submit(queue: TaskQueue, **fields: Any) -> Task:
    spec = Spec(prompt="A cat sings.", first_frame="ab" * 32, seed=7)
    task, _ = queue.submit(NewTask("anna", "seedance", "animatic", spec, expires_in_s=3_600, **fields))
    return task


def claim(queue: TaskQueue, worker: str = "w1") -> Task:
    task = queue.claim(worker, ["animatic"])
    assert task is not None
    return task


def jump(machine: Machine, engine: Engine, step_ms: int, noticed: bool) -> None:
    machine.set_wall_clock(step_ms)
    if noticed:
        assert follow_wall_clock(engine)


def test_row_58_a_clock_jump_ends_no_lease_and_no_task_early(
    machine: Machine, engine: Engine, queue: TaskQueue, step_ms: int, noticed: bool
) -> None:
    running, waiting = submit(queue), submit(queue)
    claimed = claim(queue)
    assert claimed.id == running.id

    jump(machine, engine, step_ms, noticed)
    machine.pass_time(round(LEASE_S * 1000) - 1)

    assert queue.sweep() == ()
    assert queue.renew(claimed)
    assert queue.finish(claimed, ()).status == Status.SUCCEEDED
    machine.pass_time(HOUR_MS - round(LEASE_S * 1000))
    assert queue.get("anna", waiting.id).status == Status.QUEUED
    assert queue.sweep() == ()


def test_row_58_after_a_clock_jump_no_task_is_stuck(
    machine: Machine, engine: Engine, queue: TaskQueue, step_ms: int, noticed: bool
) -> None:
    submit(queue)
    lost = claim(queue)

    jump(machine, engine, step_ms, noticed)
    machine.pass_time(round(LEASE_S * 1000))

    with pytest.raises(StaleLease):
        queue.renew(lost)
    assert claim(queue, "w2").attempt == 2
    machine.pass_time(HOUR_MS)
    assert [task.status for task in queue.sweep()] == [Status.EXPIRED]


def test_row_58_a_clock_jump_neither_hurries_nor_delays_a_webhook(
    machine: Machine, engine: Engine, queue: TaskQueue, step_ms: int, noticed: bool
) -> None:
    submit(queue, callback_url=HOOK)
    claim(queue)
    with reading(engine) as connection:
        wait_ms = connection.execute(select(deliveries.c.next_ms)).scalar_one() - current_ms(connection)

    jump(machine, engine, step_ms, noticed)

    with reading(engine) as connection:
        after_ms = connection.execute(select(deliveries.c.next_ms)).scalar_one() - current_ms(connection)
    assert after_ms == wait_ms


def test_row_58_a_noticed_clock_jump_changes_no_duration(
    machine: Machine, engine: Engine, queue: TaskQueue, step_ms: int
) -> None:
    task = submit(queue)
    machine.pass_time(1_000)
    claimed = claim(queue)
    machine.pass_time(2_000)

    jump(machine, engine, step_ms, noticed=True)
    done = queue.finish(claimed, ())

    assert done.started_ms is not None
    assert done.finished_ms is not None
    assert done.finished_ms - done.started_ms == 2_000
    assert done.started_ms - done.created_ms == 1_000
    assert done.expires_ms - done.created_ms == task.expires_ms - task.created_ms


def test_row_58_the_database_s_clock_follows_the_wall_clock_once(
    machine: Machine, engine: Engine, step_ms: int
) -> None:
    machine.set_wall_clock(step_ms)
    with reading(engine) as connection:
        assert current_ms(connection) == machine.wall_ms - step_ms

    assert follow_wall_clock(engine)
    assert not follow_wall_clock(engine)

    with reading(engine) as connection:
        assert current_ms(connection) == machine.wall_ms


def test_row_58_a_reboot_costs_the_time_that_it_took(
    machine: Machine, engine: Engine, queue: TaskQueue
) -> None:
    submit(queue)
    claim(queue)

    machine.reboot(down_ms=10_000)
    with reading(engine) as connection:
        assert current_ms(connection) == machine.wall_ms
    assert not follow_wall_clock(engine)

    with reading(engine) as connection:
        row = connection.execute(select(tasks.c.lease_until_ms)).one()
        assert row.lease_until_ms - current_ms(connection) == round(LEASE_S * 1000) - 10_000


def test_row_58_where_the_machine_names_no_boot_the_wall_clock_is_used(
    machine: Machine, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "boot", lambda: None)
    machine.set_wall_clock(HOUR_MS)

    assert not follow_wall_clock(engine)
    with reading(engine) as connection:
        assert current_ms(connection) == machine.wall_ms
