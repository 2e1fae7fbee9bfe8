"""The one place that builds real objects from Settings."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from talkies import logs
from talkies.database import connect, pictures, reading, upgrade
from talkies.engines import engine_names
from talkies.errors import BadOption, CannotWrite
from talkies.housekeeping import Housekeeper
from talkies.inputs.fetch import Fetcher
from talkies.inputs.sandbox import Sandbox
from talkies.keys import KeyStore
from talkies.outbound import Outbound
from talkies.provenance import Signing
from talkies.server import Services
from talkies.settings import Settings
from talkies.signing import LinkSigner, link_secret
from talkies.storage import Storage
from talkies.task import Task
from talkies.task_queue import Rules, TaskQueue
from talkies.webhooks import Courier, Endpoints, Outbox
from talkies.worker import Renderer, Timing, Worker, Workshop

DECODERS = 2  # pictures decoded at once by the server
ORPHAN_AGE_FACTOR = 4.0  # how much older than the longest attempt a file is that no attempt can claim


@dataclass(frozen=True)
class Foundation:
    """What every process of the service stands on: the database at its newest schema, and the storage."""

    settings: Settings
    database: Engine
    queue: TaskQueue
    storage: Storage


def check(settings: Settings) -> None:
    """Refuse settings that each are possible but do not go together.

    Raises:
        BadOption: the heartbeat is too slow for the lease, or half of the C2PA credentials is missing.
    """
    if settings.heartbeat_s * 2 > settings.lease_s:
        raise BadOption(
            f"setting heartbeat_s: {settings.heartbeat_s:g} s is more than half of lease_s "
            f"({settings.lease_s:g} s), so that one late renewal loses the task; make it shorter",
            "heartbeat_s",
        )
    if (settings.certificate is None) != (settings.private_key is None):
        raise BadOption(
            "settings certificate and private_key go together; set both or neither", "certificate"
        )


def lay_foundation(settings: Settings) -> Foundation:
    """Open the database and the storage; the first start creates them.

    Raises:
        BadDatabase: the database cannot be used.
        CannotWrite: the data folder cannot be written.
        BadOption: the storage is of no known kind.
    """
    _make_folder(settings.data)
    _make_folder(_scratch(settings))
    database = open_database(settings)
    rules = Rules(settings.lease_s, settings.retention_s, settings.max_queued, settings.max_running)
    return Foundation(settings, database, TaskQueue(database, rules), Storage(_storage_place(settings)))


def open_database(settings: Settings) -> Engine:
    """Connect to the database, which lies in the data folder by default, and bring its schema up to date.

    Raises:
        BadDatabase: it cannot be used.
        CannotWrite: the data folder cannot be written.
    """
    _make_folder(settings.data)
    database = connect(settings.database_url or f"sqlite:///{settings.data / 'talkies.db'}")
    upgrade(database)
    return database


def build_services(foundation: Foundation, public_url: str) -> Services:
    """Build what the HTTP server works with."""
    settings, database = foundation.settings, foundation.database
    outbound = Outbound(settings.webhook_allow)
    return Services(
        settings=settings,
        public_url=public_url,
        database=database,
        queue=foundation.queue,
        keys=KeyStore(database),
        storage=foundation.storage,
        links=LinkSigner(link_secret(settings.data / "link-secret")),
        fetcher=Fetcher(
            allow=settings.fetch_allow,
            timeout_s=settings.fetch_timeout_s,
            limit_bytes=settings.fetch_limit_bytes,
            per_host=settings.fetches_per_host,
        ),
        sandbox=Sandbox(settings.decode_memory_bytes, settings.decode_cpu_s, DECODERS),
        endpoints=Endpoints(database, outbound),
        outbox=Outbox(database),
        courier=Courier(database, outbound, timeout_s=settings.webhook_timeout_s),
    )


def build_housekeeper(foundation: Foundation) -> Housekeeper:
    """Build what sweeps the queue, the storage and the scratch folder."""
    settings = foundation.settings
    longest_s = settings.run_limit_s + settings.drain_s + settings.lease_s
    return Housekeeper(
        foundation.database,
        foundation.queue,
        foundation.storage,
        _scratch(settings),
        ORPHAN_AGE_FACTOR * longest_s,
    )


def build_worker(foundation: Foundation) -> Worker:
    """Build one worker, under a name that no other start of any process has."""
    settings = foundation.settings
    workshop = Workshop(
        storage=_storage_place(settings),
        scratch=_scratch(settings),
        signing=_signing(settings),
        logging=log_style(settings),
    )
    return Worker(
        f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        queue=foundation.queue,
        engines=engine_names(),
        pictures=_picture_keys(foundation.database),
        storage=foundation.storage,
        renderer=Renderer(workshop),
        timing=Timing(settings.heartbeat_s, settings.poll_s, settings.run_limit_s, settings.drain_s),
    )


def log_style(settings: Settings) -> logs.Style:
    """Read from the settings how to log."""
    return logs.Style(settings.log_level, settings.log_json)


def _picture_keys(database: Engine) -> Callable[[Task], dict[str, str]]:
    """Look up where the pictures of a task lie in storage, by their SHA-256."""

    def look_up(task: Task) -> dict[str, str]:
        named = [sha256 for sha256 in (task.spec.first_frame, task.spec.last_frame) if sha256]
        wanted = select(pictures.c.sha256, pictures.c.storage_key).where(
            pictures.c.owner == task.owner, pictures.c.sha256.in_(named)
        )
        with reading(database) as connection:
            return {row.sha256: row.storage_key for row in connection.execute(wanted)}

    return look_up


def _signing(settings: Settings) -> Signing | None:
    if settings.certificate and settings.private_key:
        return Signing(settings.certificate, settings.private_key)
    return None


def _storage_place(settings: Settings) -> str | Path:
    return settings.storage_url or settings.data / "files"


def _scratch(settings: Settings) -> Path:
    return settings.data / "scratch"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"data folder {folder}: {error.strerror}; choose another with --data") from error
