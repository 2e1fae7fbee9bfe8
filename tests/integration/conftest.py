"""A running server for the tests of the API: real HTTP on a port of its own, without workers."""

from __future__ import annotations

import base64
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from PIL import Image

from talkies.cli.assembly import build_services, lay_foundation
from talkies.keys import Key, Limits
from talkies.server import Services, create_app, uvicorn_config
from talkies.settings import Settings
from talkies.task import Artifact, Task

MODEL = "/api/v1/bytedance/seedance-1.5-pro-i2v"
VIDEO = bytes(range(256)) * 40  # what stands for a video here: nobody decodes it
START_S = 30.0


class Site:
    """One server and one caller with a key of its own."""

    def __init__(self, services: Services, url: str) -> None:
        self.services = services
        self.url = url
        self.key, self.secret = services.keys.create("caller", limits=Limits(requests_per_minute=1_000_000))
        self.http = self.client(self.secret)

    def client(self, secret: str) -> httpx.Client:
        """Make a client that shows this secret."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {secret}"}, timeout=60)

    def another(self, **options: Any) -> tuple[Key, httpx.Client]:
        """Make another key and its client."""
        key, secret = self.services.keys.create("other", **options)
        return key, self.client(secret)

    def submit(self, **fields: Any) -> str:
        """Submit a task that is in order but for `fields`; give its id."""
        answer = self.post(**fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["task_id"])

    def post(self, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        """Submit a task that is in order but for `fields`."""
        body = {"first_frame_image": PICTURE, "prompt": "She waves."} | fields
        return self.http.post(MODEL, json=body, headers=headers)

    def finish(self, task_id: str) -> Task:
        """Do what a worker does, until this task has succeeded with a video and a last frame."""
        task = self.services.queue.claim(f"worker {time.monotonic_ns()}", ("animatic",))
        while task is not None and task.id != task_id:
            task = self.services.queue.claim(f"worker {time.monotonic_ns()}", ("animatic",))
        assert task is not None
        artifacts = (
            self._store(task, "video", "video.mp4", "video/mp4"),
            self._store(task, "last_frame", "last.png", "image/png"),
        )
        return self.services.queue.finish(task, artifacts)

    def _store(self, task: Task, role: Any, name: str, media_type: str) -> Artifact:
        key = f"results/{task.id}/{task.attempt}/{name}"
        self.services.storage.put(key, VIDEO, media_type)
        return Artifact(
            role=role,
            key=key,
            media_type=media_type,
            size_bytes=len(VIDEO),
            sha256=role.encode().hex().ljust(64, "0"),
            width=1280,
            height=720,
        )


def make_picture(width: int = 160, height: int = 90, seed: int = 1) -> bytes:
    """Make a PNG."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


PICTURE = base64.b64encode(make_picture()).decode()


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[Site]:
    """Run a server in a thread."""
    settings = Settings(data=folder, port=0, **({"max_running": 1_000} | options))
    with ExitStack() as stack:
        foundation = lay_foundation(settings)
        stack.callback(foundation.database.dispose)
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        # Accepted connections inherit it; without it a reply waits 40 ms for the client's delayed ACK.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        services = build_services(foundation, url)
        stack.enter_context(services.sandbox)
        server = uvicorn.Server(uvicorn_config(create_app(services), settings))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        stack.callback(thread.join)
        stack.callback(setattr, server, "should_exit", True)
        site = Site(services, url)
        stack.callback(site.http.close)
        ends = time.monotonic() + START_S
        while not server.started and time.monotonic() < ends:
            time.sleep(0.01)
        yield site


OpenSite = Callable[..., Site]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("site")) as running_site:
        yield running_site


@pytest.fixture
def open_site(tmp_path: Path) -> Iterator[OpenSite]:
    """Start a server with settings of its own."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running(tmp_path / "site", **options))


@pytest.fixture
def picture() -> bytes:
    return make_picture()
