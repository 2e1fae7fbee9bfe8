"""`talkies serve`: the whole service on one machine: API, workers, webhooks, housekeeping."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from talkies import settings
from talkies.heap import limit_heap

Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", show_default="8000")]
Data = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of the database and the files.", show_default="talkies-data"),
]
Workers = Annotated[int | None, typer.Option(metavar="N", help="Worker processes.", show_default="1")]


def serve(host: Host = None, port: Port = None, data: Data = None, workers: Workers = None) -> None:
    """Run the API and its workers until SIGTERM or Ctrl-C; running clips are then finished or given back.

    The first start prints an API key on standard output, once. All other settings come from the
    environment or a file: see docs/settings.md.
    """
    limit_heap()  # before the first thread, which an import may start
    from talkies.cli.service import run_service  # no other command shall wait for its imports

    run_service(settings.load(host=host, port=port, data=data, workers=workers))
