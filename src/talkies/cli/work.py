"""`talkies work`: one worker of a service that runs elsewhere, or as a child of `talkies serve`."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from talkies import settings
from talkies.cli.serve import Data

Parent = Annotated[int | None, typer.Option(hidden=True)]


def work(data: Data = None, parent: Parent = None) -> None:
    """Claim tasks and make clips until SIGTERM or Ctrl-C; a running clip is then finished or given back.

    It needs the database and the storage of its service: the same data folder, or the same
    TALKIES_DATABASE_URL and TALKIES_STORAGE_URL.
    """
    from talkies import logs
    from talkies.cli import assembly  # no other command shall wait for its imports
    from talkies.worker.processes import die_with

    if parent is not None:
        die_with(parent)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    chosen = settings.load(data=data)
    logs.configure(assembly.log_style(chosen))
    assembly.check(chosen)
    assembly.build_worker(assembly.lay_foundation(chosen)).run(stop)
