"""The tables of the service, and how to reach them: SQLite in the embedded default, PostgreSQL when shared.

Conventions: times are integer milliseconds since 1970 by the database's clock (`now_ms`), never the host's;
columns ending in `_ms` hold them. `owner` is the id of an API key, which survives the key's rotation.
Statuses and other closed words are stored as the text that `talkies.task` spells.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from talkies import clock
from talkies.errors import BadDatabase

_STEADY_MS = "steady_ms"  # the SQL function behind `now_ms` on SQLite
_TURN = "turn"  # marks the connection whose turn to write it is
BUSY_S = 30.0  # how long a writer waits for another one before it gives up
MIGRATION_LOCK = 0x7A1C1E5  # any constant: the PostgreSQL advisory lock of schema upgrades

# Names of constraints are fixed, so that a later migration can name what it changes on both databases.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column of exactly the type INTEGER.
_RowNumber = BigInteger().with_variant(Integer, "sqlite")

tasks = Table(
    "tasks",
    metadata,
    Column("number", _RowNumber, primary_key=True, autoincrement=True),  # order of submission
    Column("id", String(64), nullable=False, unique=True),
    Column("owner", String(64), nullable=False),
    Column("model", String(256), nullable=False),
    Column("engine", String(64), nullable=False),
    Column("tier", String(16), nullable=False),
    Column("spec", JSON(none_as_null=True)),  # null once a deleted task is forgotten
    Column("duration_s", Integer, nullable=False),  # what the task counts against its key's daily seconds
    Column("first_frame", String(64)),  # SHA-256 of a picture that the task still needs
    Column("last_frame", String(64)),
    Column("return_last_frame", Boolean, nullable=False),
    Column("request", JSON, nullable=False),
    Column("callback_url", String(2048)),
    Column("status", String(16), nullable=False),
    Column("stage", String(64)),
    Column("progress", Float, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("worker", String(128)),
    Column("cancel_requested", Boolean, nullable=False),
    Column("plan", JSON(none_as_null=True)),
    Column("artifacts", JSON, nullable=False),
    Column("failure", JSON(none_as_null=True)),
    Column("created_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("finished_ms", BigInteger),
    Column("expires_ms", BigInteger, nullable=False),
    Column("lease_until_ms", BigInteger),
    Column("result_expires_ms", BigInteger),
    Column("deleted_ms", BigInteger),
    Column("holds_files", Boolean, nullable=False),  # its pictures and artifacts are still in storage
    # The status comes first in whole indices, not in partial ones: neither database matches a bound
    # parameter to the constant in a partial index's condition.
    Index("ix_tasks_line", "status", "tier", "owner", "number", "engine"),
    Index("ix_tasks_lease", "status", "lease_until_ms", "owner"),
    Index("ix_tasks_expiry", "status", "expires_ms"),
    Index("ix_tasks_newest", "owner", "deleted_ms", "number"),
    Index("ix_tasks_newest_by_status", "owner", "deleted_ms", "status", "number"),
    Index("ix_tasks_spent", "owner", "created_ms", "duration_s", "status"),
    Index("ix_tasks_pace", "engine", "status", "finished_ms"),
    Index("ix_tasks_retention", "holds_files", "result_expires_ms"),
    Index("ix_tasks_first_frame", "owner", "first_frame"),
    Index("ix_tasks_last_frame", "owner", "last_frame"),
)

task_events = Table(
    "task_events",
    metadata,
    Column("task", ForeignKey("tasks.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 … within the task
    Column("at_ms", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", String(128)),
    Column("detail", String(1024)),
)
"""The history: rows are only ever added, in the transaction of the transition that they record."""

stage_times = Table(
    "stage_times",
    metadata,
    Column("task", ForeignKey("tasks.id"), primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("stage", String(64), primary_key=True),
    Column("engine", String(64), nullable=False),
    Column("took_ms", BigInteger, nullable=False),
)
"""How long each stage of each attempt took; rows are only ever added."""

workers = Table(
    "workers",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("engines", JSON, nullable=False),
    Column("alive_until_ms", BigInteger, nullable=False),
)
"""The workers that may be at work: each renews its own row, and the next one to sign in removes dead ones."""

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(128), nullable=False),
    Column("task", ForeignKey("tasks.id"), nullable=False, index=True),
    Column("created_ms", BigInteger, nullable=False, index=True),
)

claim_turn = Table(
    "claim_turn",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("turn", BigInteger, nullable=False),
)
"""One row: the number of claims so far. Counting it up lets one claim through at a time."""

clock_offset = Table(
    "clock_offset",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("boot", String(64), nullable=False),  # the start of the machine that the offset belongs to
    Column("offset_ms", BigInteger, nullable=False),  # the wall clock less the time since that start
)
"""One row, for SQLite: where its clock counts from. `timekeeping` keeps it."""

shares = Table(
    "shares",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("turn", BigInteger, nullable=False),  # the claim that served this owner last
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(256), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("requests_per_minute", Integer),  # null: the setting
    Column("max_running", Integer),  # null: the setting
    Column("daily_seconds", Integer),  # null: no limit
    Column("callback_secret", String(128), nullable=False),  # `whsec_…`: signs deliveries to callback_url
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger),
    Column("revoked_ms", BigInteger),
)

key_secrets = Table(
    "key_secrets",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("key", ForeignKey("api_keys.id"), nullable=False, index=True),
    Column("hint", String(16), nullable=False),  # the beginning of the secret, to tell it from others
    Column("created_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger),  # set by a rotation: the end of the overlap
    Column("last_used_ms", BigInteger),
)

pictures = Table(
    "pictures",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("storage_key", String(1024), nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("width", Integer, nullable=False),  # pixels, upright
    Column("height", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False, index=True),
)
"""The callers' pictures, each once per owner. What still needs one: `tasks.first_frame`, `tasks.last_frame`
and `uploads.sha256` of the same owner."""

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("filename", String(1024), nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False, index=True),
    Index("ix_uploads_owner_sha256", "owner", "sha256"),
    Index("ix_uploads_owner_created_ms", "owner", "created_ms"),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False, index=True),
    Column("url", String(2048), nullable=False),
    Column("event_types", JSON, nullable=False),  # such as ["task.succeeded"]; ["*"] is all
    Column("secret", String(128), nullable=False),  # `whsec_…`
    Column("previous_secret", String(128)),
    Column("previous_secret_ends_ms", BigInteger),
    Column("active", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(64), primary_key=True),  # `webhook-id`: the same over all retries
    Column("owner", String(64), nullable=False),
    Column("task", ForeignKey("tasks.id"), nullable=False, index=True),
    Column("endpoint", String(64)),  # whose secret signs; null: callback_url, signed by the key's own secret
    Column("url", String(2048), nullable=False),
    Column("event_type", String(64), nullable=False),  # such as "task.succeeded"
    Column("payload", JSON, nullable=False),  # `data` of the body
    Column("attempts", Integer, nullable=False),
    Column("state", String(16), nullable=False),  # pending, delivered, failed, dropped
    Column("next_ms", BigInteger, nullable=False),
    Column("last_status", Integer),  # HTTP status of the last answer
    Column("last_error", String(1024)),
    Column("created_ms", BigInteger, nullable=False),
    Column("delivered_ms", BigInteger),
    Index("ix_deliveries_due", "state", "next_ms"),
    Index("ix_deliveries_newest", "owner", "created_ms"),
)
"""The outbox: written in the transaction of the status change that it tells, sent later by `webhooks`."""

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("number", _RowNumber, primary_key=True, autoincrement=True),
    Column("delivery", ForeignKey("deliveries.id"), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),  # from 1; a replay begins again
    Column("begun_ms", BigInteger, nullable=False),
    Column("took_ms", BigInteger),
    Column("status", Integer),  # HTTP status of the answer
    Column("error", String(1024)),
    Column("outcome", String(16)),  # delivered, retried, failed, dropped, late; null: no end is known
)
"""The delivery log: one row for each attempt, written when it begins and completed when it ends."""


class now_ms(FunctionElement[int]):  # noqa: N801  (a SQL function)
    """The database's clock, in integer milliseconds since 1970.

    PostgreSQL tells its host's. On SQLite it counts on by itself, so that setting the wall clock ends no
    lease early and none too late.
    """

    type = BigInteger()
    inherit_cache = True


@compiles(now_ms, "sqlite")
def _now_on_sqlite(element: now_ms, compiler: SQLCompiler, **options: Any) -> str:
    del element, compiler, options
    return f"(SELECT {_STEADY_MS}(boot, offset_ms) FROM clock_offset)"


@compiles(now_ms, "postgresql")
def _now_on_postgresql(element: now_ms, compiler: SQLCompiler, **options: Any) -> str:
    del element, compiler, options
    return "CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT)"


def connect(url: str) -> Engine:
    """Open a database: `sqlite:///path`, or `postgresql://…` (by psycopg). Nothing is read or written yet.

    `engine.begin()` is a writing transaction. On SQLite it takes the write lock at once, waits up to
    `BUSY_S` for it, and a commit reaches the disk before it returns. For reads use `reading(engine)`.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        engine = create_engine(
            address, connect_args={"timeout": BUSY_S}, pool_size=10, max_overflow=30, pool_timeout=BUSY_S
        )
        event.listen(engine, "connect", _configure_sqlite)
        turns = _Turns()
        event.listen(engine, "begin", turns.begin)
        event.listen(engine, "checkin", turns.end)
        return engine
    return create_engine(
        address.set(drivername="postgresql+psycopg"),
        # A process that stops in the middle of a transaction must not hold its locks for ever.
        connect_args={"options": "-c idle_in_transaction_session_timeout=10000"},
        pool_size=10,
        max_overflow=10,
        pool_pre_ping=True,
    )


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads: on SQLite it neither waits for writers nor stops them."""
    with engine.connect().execution_options(reads_only=True) as connection, connection.begin():
        yield connection


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest version. Harmless when repeated or run by several processes at once.

    Raises:
        BadDatabase: the database cannot be opened, or was made by a newer talkies.
    """
    config = migrations()
    place = engine.url.render_as_string(hide_password=True)
    try:
        with reading(engine) as connection:
            version = MigrationContext.configure(connection).get_current_revision()
        if version == ScriptDirectory.from_config(config).get_current_head():
            return
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except OperationalError as error:
        raise BadDatabase(
            f"database {place}: cannot be used ({error.orig}); check that it exists and may be written"
        ) from error
    except CommandError as error:
        raise BadDatabase(
            f"database {place}: its schema is not known to this version ({error}); "
            "install the talkies that made it, or a newer one"
        ) from error


def migrations() -> Config:
    """Alembic's configuration of the schema versions that are shipped with the package."""
    config = Config()
    config.set_main_option("script_location", "talkies:migrations")
    return config


_NOW = select(now_ms())  # built once: every writer asks


def current_ms(connection: Connection) -> int:
    """Read the database's clock. Taken once in a transaction, it gives all its rows the same time."""
    return connection.execute(_NOW).scalar_one()


def _configure_sqlite(connection: Any, record: object) -> None:
    del record
    connection.create_function(_STEADY_MS, 2, _steady_ms)
    connection.isolation_level = None  # the driver opens no transactions of its own: `_Turns.begin` does
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _steady_ms(boot: str, offset_ms: int) -> int:
    """Count on from the offset; before this start of the machine has one, the wall clock is taken."""
    return clock.since_boot_ms() + offset_ms if boot == clock.boot() else clock.wall_ms()


class _Turns:
    """Lets the writers of one process begin one after the other.

    SQLite would do that too, but by sleeping: a writer that finds the database locked looks again after up
    to 100 ms, while others overtake it. With 8 at once, most of the time went by in such sleeps.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def begin(self, connection: Connection) -> None:
        """Take the write lock before the first read: taken later, it would let two writers read the same."""
        if connection.get_execution_options().get("reads_only", False):
            connection.exec_driver_sql("BEGIN")
            return
        self._take(connection.connection.record_info)
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def _take(self, info: dict[str, Any] | None) -> None:
        """Wait for the turn. In vain, go on to SQLite's own lock, which then says that it is busy."""
        assert info is not None, "the connection is not of the pool"
        if _TURN not in info and self._turn.acquire(timeout=BUSY_S):
            info[_TURN] = True

    def end(self, connection: object, record: ConnectionPoolEntry) -> None:
        """Give the turn to the next when the connection goes back to the pool, however its work ended."""
        del connection
        assert record.record_info is not None
        if record.record_info.pop(_TURN, False):
            self._turn.release()
