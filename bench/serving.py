"""Real server processes on loopback: `talkies serve`, and the bare app beside it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench import tiny_engine
from bench.cases import PHOTO, ROOT
from bench.load import HOST

API_KEY = "a-key-of-the-bench-0001"
START_S, STOP_S = 120.0, 90.0
LOOK_S = 0.01  # between two looks whether a server is ready
NO_LIMIT = 1_000_000_000  # requests of a minute, tasks in the queue: what is measured is not to be refused


@dataclass(frozen=True)
class Server:
    """A running server. `ready_s` is what it took from its start to its first "ready"."""

    process: subprocess.Popen[bytes]
    port: int
    ready_s: float

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{HOST}:{self.port}"


@contextmanager
def talkies_serve(data: Path, *, workers: int) -> Iterator[Server]:
    """Run the service with the tiny engine beside the shipped ones, until the end of the block.

    It runs as an operator runs it, its log included, which goes to a file; only the limits on how much one
    key may ask for are out of the way.
    """
    beside = data.with_name(f"{data.name}-beside")
    if not beside.exists():
        tiny_engine.install(beside)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TALKIES_")}
    paths = [str(beside), str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    environment |= {
        "PYTHONPATH": os.pathsep.join(paths),
        "TALKIES_API_KEY": API_KEY,
        "TALKIES_REQUESTS_PER_MINUTE": str(NO_LIMIT),
        "TALKIES_MAX_QUEUED": str(NO_LIMIT),
    }
    port = _free_port()
    command = ["-m", "talkies.cli", "serve", "--data", str(data), "--port", str(port)]
    with _running(
        [*command, "--workers", str(workers)], port, data.with_suffix(".log"), environment
    ) as server:
        yield server


@contextmanager
def bare_app(folder: Path) -> Iterator[Server]:
    """Run the bare app with an empty table, until the end of the block."""
    port = _free_port()
    command = ["-m", "bench.bare_app", str(folder / "bare.db"), str(port)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    with _running(command, port, folder / "bare.log", environment) as server:
        yield server


def upload(server: Server) -> str:
    """Upload the bench's picture; give its URL. Submits that name it decode nothing."""
    reply = httpx.post(
        f"{server.url}/api/v1/media/files",
        headers={"Authorization": f"Bearer {API_KEY}"},
        files={"file": (PHOTO.name, PHOTO.read_bytes(), "image/jpeg")},
        timeout=START_S,
    )
    url: str = reply.raise_for_status().json()["data"]["url"]
    return url


@contextmanager
def _running(command: Sequence[str], port: int, log: Path, environment: dict[str, str]) -> Iterator[Server]:
    with log.open("ab") as stream:
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, *command], stdout=stream, stderr=stream, env=environment)
    try:
        _await_ready(process, port, log)
        yield Server(process, port, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        finally:
            process.kill()


def _await_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline_s = time.monotonic() + START_S
    while not _is_ready(port):
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise RuntimeError(f"the server does not start:\n{log.read_text('utf-8', 'replace')}")
        time.sleep(LOOK_S)


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://{HOST}:{port}/health/ready", timeout=START_S).is_success
    except httpx.ConnectError:
        return False


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as taken:
        port: int = taken.getsockname()[1]
    return port
