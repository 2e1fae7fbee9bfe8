"""A finished clip and the API reference in a real browser. Without Chromium these tests are skipped."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import PATIENCE_S, Talkies

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MOST_DROPPED = 5  # frames, of 96

OPTIONS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-default-apps",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # whatever it wants from its maker
    "--autoplay-policy=no-user-gesture-required",
)

# Plays the clip to its end, again when the machine was too busy to show every frame, and posts what it saw.
PAGE = """
<!doctype html><title>clip</title><video playsinline></video><script>
const video = document.querySelector("video");
const happens = name => new Promise((done, fail) => {
  video.addEventListener(name, done, {once: true});
  video.addEventListener("error", () => fail(new Error(video.error.message)), {once: true});
});
async function play() {
  const ready = happens("canplaythrough");
  video.src = "clip.mp4";
  await ready;
  const ended = happens("ended");
  await video.play();
  await ended;
  const shown = video.getVideoPlaybackQuality();
  return {
    width: video.videoWidth, height: video.videoHeight, duration: video.duration, time: video.currentTime,
    frames: shown.totalVideoFrames, dropped: shown.droppedVideoFrames,
    sound_bytes: video.webkitAudioDecodedByteCount,
  };
}
async function watch() {
  let seen;
  for (let time = 0; time < 3; time++) {
    seen = await play();
    if (seen.dropped <= MOST_DROPPED) break;
  }
  return seen;
}
watch().catch(error => ({error: String(error)}))
  .then(seen => fetch("seen", {method: "POST", body: JSON.stringify(seen)}));
</script>
""".replace("MOST_DROPPED", str(MOST_DROPPED))

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


class Stage(ThreadingHTTPServer):
    """Serves a folder to the browser, and takes what the page posts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Serve)
        self.folder = folder
        self.posted: queue.Queue[dict[str, Any]] = queue.Queue()


class _Serve(SimpleHTTPRequestHandler):
    server: Stage

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments, directory=str(arguments[2].folder))

    def do_POST(self) -> None:
        self.server.posted.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as stage:
        thread = threading.Thread(target=stage.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield stage
        stage.shutdown()
        thread.join()


def command(profile: str, *options: str) -> list[str]:
    assert CHROMIUM is not None
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()  # its sandbox does not work for root
    return [CHROMIUM, *OPTIONS, *as_root, f"--user-data-dir={profile}", *options]


@contextmanager
def browsing(url: str) -> Iterator[None]:
    """Show a page while the block runs."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # Without a port for debugging, headless Chromium ends as soon as the page is loaded.
        browser = subprocess.Popen(
            command(profile, "--remote-debugging-port=0", url),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            browser.terminate()
            browser.wait(PATIENCE_S)


def started_requests(log: dict[str, Any]) -> list[tuple[str, str]]:
    """Read each request from Chromium's network log, as (URL, origin that caused it).

    What Chromium asks of its maker for itself is in there as well, without an origin.
    """
    started = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    told = [event.get("params", {}) for event in log["events"] if event["type"] == started]
    return [(facts["url"], facts.get("initiator", "")) for facts in told if "url" in facts]


@pytest.mark.slow
def test_a_browser_plays_a_finished_clip_with_sound(talkies: Talkies, photo: Path, stage: Stage) -> None:
    clip = stage.folder / "clip.mp4"
    options = ("--resolution", "480p", "--duration", "4", "--seed", "5", "--quiet", "-o", clip)
    made = talkies("generate", photo, 'She says: "Hello there." Birds sing.', *options)
    assert made.returncode == 0, made.stderr
    (stage.folder / "page.html").write_text(PAGE, "utf-8")

    with browsing(f"http://127.0.0.1:{stage.server_port}/page.html"):
        seen = stage.posted.get(timeout=PATIENCE_S)

    print(seen)
    assert "error" not in seen
    assert min(seen["width"], seen["height"]) >= 432
    assert seen["duration"] == pytest.approx(4, abs=0.05)
    assert seen["time"] == pytest.approx(4, abs=0.05)
    assert seen["frames"] >= 90
    assert seen["dropped"] <= MOST_DROPPED
    assert seen["sound_bytes"] > 10_000


def test_a_browser_opens_the_api_reference_without_errors_and_asks_nobody_else(
    service: Any, tmp_path: Path
) -> None:
    service.start("--workers", "0")
    network = tmp_path / "network.json"

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ("--enable-logging=stderr", f"--log-net-log={network}", "--dump-dom")
        done = subprocess.run(
            command(profile, *options, f"{service.url}/docs"),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )

    requests = started_requests(json.loads(network.read_text("utf-8")))
    by_the_page = [url for url, initiator in requests if initiator == service.url]
    assert "<h2><code>POST /api/v1/{provider}/{model}</code></h2>" in done.stdout
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    assert f"{service.url}/docs" in dict(requests)
    assert [url for url in by_the_page if not url.startswith(f"{service.url}/")] == []
