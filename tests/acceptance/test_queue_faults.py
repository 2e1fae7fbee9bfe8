"""Real processes that are killed and frozen: no task is lost, none is finished twice.

Judged from the append-only history. A failure can be repeated with the seed that is printed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from talkies.database import connect, task_events, tasks, upgrade
from talkies.task import FINAL, TRANSITIONS, Event, Status

FLEET = Path(__file__).with_name("faulty_fleet.py")


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'talkies.db'}"
    engine = connect(url)
    upgrade(engine)
    engine.dispose()
    return url


def run_fleet(fault: str, url: str, *numbers: int) -> dict[str, int]:
    print(f"{FLEET.name} {fault}", *numbers)
    done = subprocess.run(
        [sys.executable, FLEET, fault, url, *map(str, numbers)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    struck: dict[str, int] = json.loads(done.stdout)
    print(struck)
    return struck


def histories(url: str) -> dict[str, list[Event]]:
    engine = connect(url)
    with engine.connect() as connection:
        rows = connection.execute(
            select(task_events).order_by(task_events.c.task, task_events.c.number)
        ).all()
    engine.dispose()
    events = [Event.model_validate(dict(row._mapping)) for row in rows]
    return {task: list(lines) for task, lines in groupby(events, key=lambda line: line.task)}


def statuses(url: str) -> dict[str, Status]:
    engine = connect(url)
    with engine.connect() as connection:
        rows = connection.execute(select(tasks.c.id, tasks.c.status)).all()
    engine.dispose()
    return {row.id: Status(row.status) for row in rows}


def assert_one_honest_way(lines: list[Event]) -> None:
    """One allowed way to one end, reached by the worker that claimed last."""
    ways = [line.status for line in lines]
    assert ways[0] == Status.QUEUED
    assert all(after in TRANSITIONS[before] for before, after in pairwise(ways))
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    claims = [line for line in lines if line.status == Status.RUNNING]
    assert [claim.attempt for claim in claims] == list(range(1, len(claims) + 1))
    for line in lines:
        if line.status in FINAL:
            assert (line.attempt, line.worker) == (claims[-1].attempt, claims[-1].worker)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2026])
def test_row_54_300_tasks_survive_60_kills(url: str, seed: int) -> None:
    struck = run_fleet("kill", url, seed, 300, 60)

    assert sum(struck.values()) == 60
    ends = statuses(url)
    assert len(ends) == 300
    assert set(ends.values()) == {Status.SUCCEEDED}
    by_task = histories(url)
    assert by_task.keys() == ends.keys()
    for lines in by_task.values():
        assert_one_honest_way(lines)
        assert [line.status for line in lines].count(Status.SUCCEEDED) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2026])
def test_50_thawed_workers_are_all_refused(url: str, seed: int) -> None:
    refused = run_fleet("freeze", url, seed, 50)

    assert sum(refused.values()) == 50
    for lines in histories(url).values():
        assert_one_honest_way(lines)
        assert (lines[-1].status, lines[-1].attempt) == (Status.SUCCEEDED, 2)
        assert lines[-1].worker is not None
        assert lines[-1].worker.startswith("rescuer")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2026])
def test_eight_workers_never_pass_the_limit_of_a_key(url: str, seed: int) -> None:
    assert run_fleet("crowd", url, seed, 200) == {"kept": 8, "passed": 0}
    assert set(statuses(url).values()) == {Status.SUCCEEDED}
