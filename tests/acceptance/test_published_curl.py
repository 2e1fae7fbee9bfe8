"""The published request by the real `curl`, as the README gives it: only host and picture differ."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from tests.conftest import wait_for

README = Path(__file__).parents[2] / "README.md"
RENDER_S = 300.0  # for five seconds in 720p on a busy machine

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


class _Pictures(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def picture_url(photo: Path) -> Iterator[str]:
    """The photo on a web server of the caller's own."""
    handler = functools.partial(_Pictures, directory=str(photo.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{photo.name}"
        server.shutdown()
        thread.join()


def published_commands() -> list[str]:
    """Read the commands of the README's block that begins with curl."""
    block = re.search(r"```sh\n(curl .*?)```", README.read_text("utf-8"), re.DOTALL)
    assert block is not None
    return block[1].replace("\\\n", " ").splitlines()


def run(command: str, service: Any, **replaced: str) -> str:
    """Run a command in the shell, on the service's host and with `replaced` in place of its examples."""
    for example, own in replaced.items():
        command = command.replace(example, own)
    environment = service.environment
    done = subprocess.run(
        ["sh", "-c", command.replace("http://127.0.0.1:8000", service.url)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.mark.slow
def test_the_published_curl_ends_in_a_playing_video_with_sound(
    service: Any, picture_url: str, tmp_path: Path
) -> None:
    service.start(fetch_allow='["127.0.0.0/8"]')
    submit, poll = published_commands()
    assert '{"first_frame_image": "https://example.com/image.jpg", "prompt": ' in submit

    submitted = json.loads(run(submit, service, **{"https://example.com/image.jpg": picture_url}))
    task = submitted["data"]["task_id"]

    def read() -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(run(poll, service, TASK_ID=task))
        return answer

    wait_for(lambda: read()["data"]["status"] in {"success", "failed"}, RENDER_S)
    done = read()
    video = tmp_path / "video.mp4"
    link = done["data"]["result"]["resources"][0]["url"]
    subprocess.run(["curl", "--fail", "--silent", "--output", str(video), link], timeout=60, check=True)

    assert (submitted["code"], submitted["message"], submitted["data"]["status"]) == (0, "success", "pending")
    assert submitted["data"]["get_result"] == {"method": "GET", "url": f"{service.url}/api/v1/tasks/{task}"}
    assert (done["code"], done["data"]["task_id"]) == (0, task)
    assert_plays_with_sound(video, seconds=5)


def assert_plays_with_sound(video: Path, seconds: int) -> None:
    """Decode it all: 24 frames a second that are not all the same, and a sound that is heard."""
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    with av.open(str(video)) as container:
        sound = np.concatenate([block.to_ndarray() for block in container.decode(audio=0)], axis=1)
    assert len(frames) == 24 * seconds
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 0.5
    assert sound.shape[1] >= 48_000 * seconds
    assert np.abs(sound).max() > 0.05
