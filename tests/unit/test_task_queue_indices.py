from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from talkies.database import connect, upgrade
from talkies.spec import Spec
from talkies.task import Failure, Status
from talkies.task_queue import NewTask, TaskQueue, Wanted

SPEC = Spec(prompt="A cat sings.", first_frame="ab" * 32, seed=7)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path / 'talkies.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def ask_often(queue: TaskQueue) -> None:
    """Do everything that a busy server asks of the queue, once."""
    new = NewTask("anna", "seedance", "animatic", SPEC, tier="flex")
    queue.submit(new, "key", "print")
    task, _ = queue.submit(new)
    queue.get("anna", task.id)
    queue.outlook(task)
    queue.list("anna")
    queue.list("anna", Wanted(statuses=[Status.QUEUED]))
    queue.history("anna", task.id)
    claimed = queue.claim("w1", ["animatic"])
    assert claimed is not None
    queue.renew(claimed)
    queue.report(claimed, 0.5)
    queue.fail(claimed, Failure(code="engine_failed", message="It failed.", retryable=True))
    queue.cancel("anna", task.id)
    queue.sweep()
    queue.files_to_remove()


def claim_one(queue: TaskQueue) -> None:
    assert queue.claim("w1", ["animatic"]) is not None


def plans(engine: Engine, ask: Callable[[], None]) -> dict[str, list[str]]:
    """What SQLite does for each statement that `ask` runs."""
    statements: dict[str, Any] = {}

    def note(*arguments: Any) -> None:
        statements[arguments[2]] = arguments[3]

    event.listen(engine, "before_cursor_execute", note)
    ask()
    event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        return {
            statement: [
                str(row.detail)
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
            for statement, parameters in statements.items()
            if not statement.startswith(("BEGIN", "COMMIT"))
        }


def test_no_frequent_question_reads_a_whole_table(engine: Engine) -> None:
    found = plans(engine, lambda: ask_often(TaskQueue(engine)))

    assert len(found) > 20
    for statement, steps in found.items():
        scanned = {step.split()[1] for step in steps if step.startswith("SCAN")}
        tables = {"tasks", "task_events", "idempotency_keys", "shares", "deliveries", "api_keys"}
        assert not scanned & tables, f"{statement}\n{steps}"


def test_the_next_task_is_found_by_jumps_in_an_index(engine: Engine) -> None:
    queue = TaskQueue(engine)
    queue.submit(NewTask("anna", "seedance", "animatic", SPEC))

    found = plans(engine, lambda: claim_one(queue))

    (choosing,) = (steps for statement, steps in found.items() if "WITH RECURSIVE" in statement)
    jumps = [step for step in choosing if "ix_tasks_line" in step]
    assert any("owner>?" in step for step in jumps)
    assert all("COVERING INDEX" in step for step in jumps)
