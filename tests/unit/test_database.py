from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

from talkies.database import connect, current_ms, metadata, migrations, reading, upgrade
from talkies.errors import BadDatabase

VERSIONS = [script.revision for script in ScriptDirectory.from_config(migrations()).walk_revisions()][::-1]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path / 'talkies.db'}")
    yield engine
    engine.dispose()


def upgrade_to(engine: Engine, version: str) -> None:
    config = migrations()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)


def schema(engine: Engine) -> dict[str, Any]:
    """Everything that a database knows of its tables, in an order of its own."""

    def ordered(things: list[Any]) -> list[str]:
        return sorted(repr(sorted((name, repr(value)) for name, value in thing.items())) for thing in things)

    inspector = inspect(engine)
    return {
        table: (
            ordered(list(inspector.get_columns(table))),
            ordered(list(inspector.get_indexes(table))),
            ordered(list(inspector.get_foreign_keys(table))),
            ordered(list(inspector.get_unique_constraints(table))),
            ordered(list(inspector.get_check_constraints(table))),
            inspector.get_pk_constraint(table)["constrained_columns"],
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_every_released_schema_becomes_the_newest_one(engine: Engine, version: str) -> None:
    upgrade_to(engine, version)

    upgrade(engine)

    newest = create_engine("sqlite://")
    metadata.create_all(newest)
    assert schema(engine) == schema(newest)
    newest.dispose()


@pytest.mark.parametrize("version", VERSIONS)
def test_rows_of_every_released_schema_survive(engine: Engine, version: str) -> None:
    upgrade_to(engine, version)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO api_keys (id, name, scopes, callback_secret, created_ms)"
                " VALUES ('key_1', 'app', '[\"admin\"]', 'whsec_', 1)"
            )
        )
        connection.execute(
            text("INSERT INTO key_secrets (sha256, key, hint, created_ms) VALUES ('ab', 'key_1', 'tk', 1)")
        )

    upgrade(engine)

    with reading(engine) as connection:
        kept = connection.execute(text("SELECT name FROM api_keys JOIN key_secrets ON key = id")).scalar_one()
        turns = connection.execute(text("SELECT count(*) FROM claim_turn")).scalar_one()
    assert (kept, turns) == ("app", 1)


def test_upgrading_again_changes_nothing(engine: Engine) -> None:
    upgrade(engine)
    before = schema(engine)

    upgrade(engine)

    assert schema(engine) == before


def test_processes_that_start_at_once_upgrade_once(tmp_path: Path) -> None:
    program = "import sys; from talkies.database import *; upgrade(connect(sys.argv[1]))"
    url = f"sqlite:///{tmp_path / 'talkies.db'}"

    processes = [
        subprocess.Popen([sys.executable, "-c", program, url], stderr=subprocess.PIPE) for _ in range(4)
    ]
    told = [process.communicate(timeout=600)[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * 4, told


def test_a_database_of_a_newer_version_is_left_alone(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(BadDatabase, match="9999"):
        upgrade(engine)


def test_a_database_that_cannot_be_opened_says_which(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'nowhere' / 'talkies.db'}")

    with pytest.raises(BadDatabase, match="nowhere"):
        upgrade(engine)


def test_the_database_s_clock_counts_milliseconds(engine: Engine) -> None:
    upgrade(engine)
    with reading(engine) as connection:
        before = time.time() * 1000
        now_ms = current_ms(connection)
        after = time.time() * 1000

    assert isinstance(now_ms, int)
    assert before - 1 <= now_ms <= after + 1


def test_sqlite_is_durable_and_checks_references(engine: Engine) -> None:
    upgrade(engine)

    with reading(engine) as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(
            text("INSERT INTO key_secrets (sha256, key, hint, created_ms) VALUES ('a', 'nobody', 'a', 1)")
        )


def test_writers_take_turns_before_they_read(engine: Engine) -> None:
    upgrade(engine)

    def count_up(_: int) -> None:
        with engine.begin() as connection:
            turn = connection.execute(text("SELECT turn FROM claim_turn")).scalar_one()
            connection.execute(text("UPDATE claim_turn SET turn = :turn"), {"turn": turn + 1})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count_up, range(50)))

    with reading(engine) as connection:
        assert connection.execute(text("SELECT turn FROM claim_turn")).scalar_one() == 50


def test_readers_do_not_wait_for_a_writer(engine: Engine) -> None:
    upgrade(engine)

    with engine.begin() as writer:
        writer.execute(text("UPDATE claim_turn SET turn = 7"))
        with reading(engine) as reader:
            assert reader.execute(text("SELECT turn FROM claim_turn")).scalar_one() == 0


def test_writers_of_one_process_take_turns(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE counter (value INTEGER)"))
        connection.execute(text("INSERT INTO counter VALUES (0)"))

    def count() -> None:
        for _ in range(20):
            with engine.begin() as connection:
                value = connection.execute(text("SELECT value FROM counter")).scalar_one()
                connection.execute(text("UPDATE counter SET value = :next"), {"next": value + 1})

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(count) for _ in range(8)]:
            done.result()

    with reading(engine) as connection:
        assert connection.execute(text("SELECT value FROM counter")).scalar_one() == 160


def test_a_writer_that_fails_gives_its_turn_to_the_next(engine: Engine) -> None:
    def write() -> None:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE whole (value INTEGER)"))

    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        connection.execute(text("CREATE TABLE half (value INTEGER)"))
        raise ZeroDivisionError

    with ThreadPoolExecutor(1) as pool:
        pool.submit(write).result(timeout=20)
    assert inspect(engine).get_table_names() == ["whole"]


def test_a_reader_does_not_wait_for_a_writer(engine: Engine) -> None:
    with engine.begin() as writer:
        writer.execute(text("CREATE TABLE half (value INTEGER)"))

        with reading(engine) as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
