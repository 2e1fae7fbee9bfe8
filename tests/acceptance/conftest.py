"""What the tests of the service share: the real `talkies serve` with a fast engine beside the shipped one."""

from __future__ import annotations

import base64
import io
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from bench.tiny_engine import install
from PIL import Image
from tests.conftest import PATIENCE_S, wait_for

ROOT = Path(__file__).parents[2]
API_KEY = "a-key-of-the-tests-0001"
TASK_S = 300.0  # in which any task of the tests is over, on a busy machine as well
OVER = ("success", "failed")


class Service:
    """One `talkies serve` on a port of its own, and a caller's view of it."""

    def __init__(self, data: Path, environment: dict[str, str]) -> None:
        self.data = data
        self.environment = environment
        self.url = ""
        self.log: list[dict[str, Any]] = []
        self.printed: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()

    def start(self, *options: str, **settings: Any) -> None:
        """Start it and wait until it is ready."""
        variables = {f"TALKIES_{name.upper()}": str(value) for name, value in settings.items()}
        command = [sys.executable, "-m", "talkies.cli", "serve", "--data", str(self.data)]
        self._process = subprocess.Popen(
            [*command, "--port", "0", *options],
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = ""
        for stream, note in ((self._process.stdout, self.printed.append), (self._process.stderr, self._note)):
            threading.Thread(target=_drink, args=(stream, note), daemon=True).start()
        wait_for(lambda: self.url or not self.is_running)
        assert self.url, self.log
        wait_for(self._is_ready)

    def stop(self) -> int:
        """End it by SIGTERM; give its exit status."""
        self.ask_to_stop()
        return self.wait_for_end()

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait_for_end(self) -> int:
        """Give the exit status of a service that was asked to stop."""
        assert self._process is not None
        return self._process.wait(PATIENCE_S)

    def kill(self) -> None:
        """End it by kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """The process id of the server."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the server has not ended."""
        return self._process is not None and self._process.poll() is None

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request with the key of the tests."""
        headers = {"Authorization": f"Bearer {API_KEY}"} | options.pop("headers", {})
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=PATIENCE_S, **options)

    def submit(
        self, prompt: str, model: str = "talkies/fast", headers: dict[str, str] | None = None, **options: Any
    ) -> str:
        """Submit a task with a small picture; give its id."""
        body = {"first_frame_image": picture_url(), "prompt": prompt} | options
        answer = self.call("POST", f"/api/v1/{model}", json=body, headers=headers or {})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["task_id"])

    def read(self, task: str) -> dict[str, Any]:
        """Read a task's present state."""
        answer = self.call("GET", f"/api/v1/tasks/{task}")
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def wait(self, task: str, *statuses: str) -> dict[str, Any]:
        """Poll until the task is over, or has one of these statuses."""
        wanted = statuses or OVER
        wait_for(lambda: self.read(task)["status"] in wanted, TASK_S, every_s=0.1)  # 1000 a minute are let in
        return self.read(task)

    def _is_ready(self) -> bool:
        return httpx.get(f"{self.url}/health/ready", timeout=PATIENCE_S).status_code == 200

    def _note(self, line: str) -> None:
        if line.startswith("talkies listens on "):
            self.url = line.split()[3].rstrip(";")
        elif line.startswith("{"):
            self.log.append(json.loads(line))
        elif line.strip():
            self.log.append({"event": line.rstrip()})


def picture_url(side: int = 128) -> str:
    """Write a small picture as a data URL."""
    stream = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), 128, np.uint8)).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def _drink(stream: Any, note: Callable[[str], None]) -> None:
    with stream:
        for line in stream:
            note(line)


@pytest.fixture(scope="session")
def beside_talkies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH in which the fast engine is installed."""
    folder = tmp_path_factory.mktemp("beside")
    shutil.copy(Path(__file__).with_name("fast_engine.py"), folder)
    install(folder, "fast = fast_engine:Fast")
    return folder


@pytest.fixture
def service(tmp_path: Path, beside_talkies: Path) -> Iterator[Service]:
    """A service that is not yet started; killed after the test."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TALKIES_")}
    service = Service(
        tmp_path / "data",
        environment
        | {
            "PYTHONPATH": os.pathsep.join([str(beside_talkies), str(ROOT)]),
            "TALKIES_API_KEY": API_KEY,
            "TALKIES_LOG_JSON": "true",
            "OMP_NUM_THREADS": "1",
        },
    )
    yield service
    service.kill()
