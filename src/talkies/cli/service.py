"""The running service: server, workers, courier and housekeeper, from their start to their orderly end."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType

import structlog
import typer
import uvicorn

from talkies import logs
from talkies.cli import assembly
from talkies.cli.talk import FAILED, say
from talkies.errors import BadOption
from talkies.keys import KeyStore
from talkies.server import Services, create_app, uvicorn_config
from talkies.settings import PREFIX, Settings
from talkies.worker import Supervisor

TEND_S = 0.1  # between two looks at the workers
WORKER_GRACE_S = 10.0  # that a worker gets beyond its drain time before it is killed
REPLY_S = 5  # that open replies get at the end: the workers have had the drain time already
END_S = 20.0  # that a background thread gets to end what it has begun

log = structlog.get_logger(__name__)


def run_service(chosen: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Call it in the main thread.

    Raises:
        BadOption: the port is taken, or a setting cannot be used.
        BadDatabase, CannotWrite: the database or the data folder cannot be used.
        Exit: the server ended by itself.
    """
    logs.configure(assembly.log_style(chosen))
    with _listen(chosen) as listening:
        url = _url(chosen.host, listening)
        assembly.check(chosen)
        foundation = assembly.lay_foundation(chosen)
        services = assembly.build_services(foundation, (chosen.public_url or url).rstrip("/"))
        _hand_out_key(services.keys, chosen)
        stop = _stop_on_signals()
        say(f"talkies listens on {url}; API page: {url}/docs")
        background = (
            _Background("courier", services.courier.run),
            _Background("housekeeping", assembly.build_housekeeper(foundation).run),
        )
        with services.sandbox:
            is_whole = _serve_until(stop, services, listening)
        for activity in background:
            activity.end()
    if not is_whole:
        raise typer.Exit(FAILED)


def _serve_until(stop: threading.Event, services: Services, listening: socket.socket) -> bool:
    """Run server and workers until `stop` is set; tell whether the server lasted so long.

    At the end the workers go first, while callers can still ask how their clips do.
    """
    chosen = services.settings
    workers = Supervisor(_worker_command(), chosen.workers, _worker_environment(chosen))
    config = uvicorn_config(create_app(services), chosen)
    config.timeout_graceful_shutdown = REPLY_S
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="server")
    thread.start()
    while not stop.wait(TEND_S) and thread.is_alive():
        workers.tend()
    is_whole = thread.is_alive()
    log.info("draining", within_s=chosen.drain_s)
    workers.drain(chosen.drain_s + WORKER_GRACE_S)
    server.should_exit = True
    thread.join()
    return is_whole


class _Background:
    """Something that runs beside the server, in a thread of its own, until it is told to end."""

    def __init__(self, name: str, run: Callable[[threading.Event], None]) -> None:
        self._stop = threading.Event()
        # A daemon: what does not end in time is cut off, and is made so that it may be.
        self._thread = threading.Thread(target=run, args=(self._stop,), name=name, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join(END_S)


def _listen(chosen: Settings) -> socket.socket:
    """Take the port before anything else, so that a second server on it changes nothing."""
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    try:
        listening = socket.create_server((chosen.host, chosen.port), family=family, backlog=2048)
    except OSError as error:
        raise BadOption(
            f"{chosen.host}:{chosen.port}: cannot be listened on ({error.strerror}); "
            "choose another with --host and --port",
            "port",
        ) from error
    # Connections inherit it. asyncio sets it only on sockets that name their protocol; without it a reply in
    # two packets waits 40 ms for the client's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _url(host: str, listening: socket.socket) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}"


def _hand_out_key(keys: KeyStore, chosen: Settings) -> None:
    """Register the operator's key; without one, print a new key at the first start."""
    if chosen.api_key is not None:
        keys.register(chosen.api_key)
    elif not keys.list():
        _, secret = keys.create("first")
        print(f"API key: {secret}", flush=True)


def _worker_command() -> tuple[str, ...]:
    return (sys.executable, "-m", "talkies.cli", "work", "--parent", str(os.getpid()))


def _worker_environment(chosen: Settings) -> dict[str, str]:
    """Hand on what was set by options; a worker needs no API key."""
    environment = {name: value for name, value in os.environ.items() if name != f"{PREFIX}API_KEY"}
    return environment | {f"{PREFIX}DATA": str(chosen.data)}


def _stop_on_signals() -> threading.Event:
    """Give an event that SIGTERM and SIGINT set; the second of them ends the program at once."""
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return stop
