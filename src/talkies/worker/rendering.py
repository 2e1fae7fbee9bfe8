"""The program of a renderer: `python -m talkies.worker.rendering DESCRIPTOR PARENT`, by its worker."""

from __future__ import annotations

import signal
import sys
from functools import cache
from multiprocessing.connection import Connection

import structlog

from talkies import logs
from talkies.engines import Engine, engine_names, find_engine
from talkies.heap import share_heap
from talkies.storage import Storage
from talkies.worker.failures import from_error
from talkies.worker.making import make
from talkies.worker.messages import Broke, Made, Message, Order, Ready, Workshop
from talkies.worker.processes import die_with

log = structlog.get_logger(__name__)


def run(connection: Connection) -> None:
    """Make what is ordered, clip by clip, until the worker closes the connection."""
    workshop: Workshop = connection.recv()
    logs.configure(workshop.logging)
    storage = Storage(workshop.storage)
    for name in engine_names():
        _engine(name)
    connection.send(Ready())
    while True:
        order: Order = connection.recv()
        connection.send(_make(order, workshop, storage, connection))


def _make(order: Order, workshop: Workshop, storage: Storage, connection: Connection) -> Message:
    try:
        engine = _engine(order.task.engine)
        made = make(order, engine, storage, workshop.scratch, workshop.signing, connection.send)
        return Made(made)
    except Exception as error:
        if isinstance(error, BrokenPipeError | ConnectionResetError):
            raise  # nobody listens any more
        failure = from_error(error)
        # The traceback holds code, no values: neither prompt nor picture.
        log.warning(
            "clip not made", task=order.task.id, attempt=order.task.attempt, code=failure.code, exc_info=True
        )
        return Broke(failure)


@cache
def _engine(name: str) -> Engine:
    return find_engine(name)


def main() -> None:
    """Serve the worker at the other end of the given connection."""
    share_heap()
    descriptor, parent = map(int, sys.argv[1:])
    die_with(parent)
    # A terminal and systemd send these to every process of the group; the worker decides what becomes of us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        run(Connection(descriptor))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        sys.exit(0)


if __name__ == "__main__":
    main()
