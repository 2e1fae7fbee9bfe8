"""Rows of the robustness matrix about pictures, as a caller of the API meets them.

What single parts do with links and bytes is tested beside those parts, under the same rows.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import math
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.conftest import wait_for
from tests.integration.conftest import MODEL, OpenSite, Site, make_picture, running

LOOPBACK = ("127.0.0.0/8",)
RSS_LIMIT_BYTES = 300_000_000  # of rows 37 and 39

Answer = tuple[int, dict[str, str], bytes]

COSTLY_WEBP = bytes.fromhex("524946461e000000574542505650384c110000002f3fdfcf0707508a2ad4a3ff8188e87f0000")
"""8000 x 8000 pixels in one colour, lossless: making it here would take a gigabyte."""

MEASURE = r"""
import json, re, sys
from pathlib import Path
from talkies.errors import BadPicture
from talkies.inputs import decode_picture
try:
    told = str(decode_picture(sys.stdin.buffer.read()).shape)
except BadPicture as bad:
    told = str(bad)
most_kib = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]
print(json.dumps([told, int(most_kib) * 1024]))
"""


class Source(ThreadingHTTPServer):
    """The caller's own host: answers with `answer`, after `released` is set."""

    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Answer = (200, {"Content-Type": "image/png"}, make_picture())
        self.released = threading.Event()
        self.released.set()
        self.paths: list[str] = []

    def url(self, path: str = "/a.png") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Source

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.server.released.wait()
        status, headers, body = self.server.answer
        with suppress(ConnectionError):  # whoever had to wait may have gone
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source()
    source.daemon_threads = True
    thread = threading.Thread(target=source.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield source
    source.released.set()
    source.shutdown()
    thread.join()
    source.server_close()


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server whose operator lets it fetch from loopback."""
    with running(tmp_path_factory.mktemp("near"), fetch_allow=LOOPBACK) as site:
        yield site


def refused(answer: httpx.Response, reason: str) -> str:
    """Check that the picture was refused for this reason; give the message without its category."""
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert (body["error"]["param"], body["error"]["reason"]) == ("first_frame_image", reason)
    return str(body["message"]).partition("first_frame_image: ")[2]


def send(site: Site, data: bytes) -> httpx.Response:
    return site.post(first_frame_image=base64.b64encode(data).decode("ascii"))


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/meta-data/", "http://2130706433/", "https://localhost/a.png"]
)
def test_row_24_a_link_into_the_private_network_is_400_and_tells_nothing(site: Site, url: str) -> None:
    message = refused(site.post(first_frame_image=url), "address_not_public")

    assert message.startswith("URL not allowed (address is not public)")
    assert "127.0.0" not in message


def test_row_25_a_redirect_to_a_private_address_is_400(near: Site, source: Source) -> None:
    source.answer = (302, {"Location": "http://10.0.0.1/a.png"}, b"")

    message = refused(near.post(first_frame_image=source.url()), "address_not_public")

    assert message.startswith("redirected to a URL not allowed")


@pytest.mark.parametrize("status", [404, 403, 500])
def test_row_28_the_status_of_the_callers_host_is_told(near: Site, source: Source, status: int) -> None:
    source.answer = (status, {}, b"no")

    message = refused(near.post(first_frame_image=source.url()), "source_http_error")

    assert message.startswith(f"source answered {status}")


def test_row_29_a_host_that_hangs_is_400_and_too_large_a_file_as_well(
    open_site: OpenSite, source: Source
) -> None:
    site = open_site(fetch_allow=LOOPBACK, fetch_timeout_s=0.5, fetch_limit_bytes=1_000)

    refused(site.post(first_frame_image=source.url()), "source_too_large")
    source.released.clear()
    refused(site.post(first_frame_image=source.url()), "source_timeout")


def test_row_30_a_linked_picture_is_judged_by_its_bytes(near: Site, source: Source) -> None:
    source.answer = (200, {"Content-Type": "text/html"}, make_picture(seed=30))
    good = near.post(first_frame_image=source.url())
    source.answer = (200, {"Content-Type": "image/png", "Content-Length": "99999"}, make_picture(seed=31))
    short = near.post(first_frame_image=source.url())

    assert good.status_code == 200
    refused(short, "source_unreachable")


def test_row_31_a_login_page_in_place_of_a_picture_is_named(near: Site, source: Source) -> None:
    source.answer = (200, {"Content-Type": "image/png"}, b"<!DOCTYPE html><title>Sign in</title>")

    message = refused(near.post(first_frame_image=source.url()), "unsupported_format")

    assert message.startswith("not a supported picture (got text/html)")


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        ("/a.png#part", None),
        ("/a%20b.png?x=1", None),
        ("/a b.png", "bad_url"),
        ("/\u00e9.png", None),
        ("/a.png\r\nX-Injected: 1", "bad_url"),
        (f"/{'a' * 8_192}.png", "bad_url"),
    ],
    ids=["fragment", "escaped", "space", "letter", "line break", "8 kB"],
)
def test_row_33_a_strange_link_is_fetched_or_refused_by_rule(
    near: Site, source: Source, tail: str, reason: str | None
) -> None:
    answer = near.post(first_frame_image=source.url(tail))

    if reason is None:
        assert answer.status_code == 200, answer.text
        assert not any(letter in source.paths[0] for letter in "#\u00e9")
    else:
        refused(answer, reason)
        assert source.paths == []


def test_row_33_a_user_name_in_a_link_is_refused(near: Site, source: Source) -> None:
    url = source.url().replace("http://", "http://user:word@")

    refused(near.post(first_frame_image=url), "credentials_in_url")
    assert source.paths == []


@pytest.mark.slow
def test_row_34_a_thousand_links_to_a_slow_host_hold_nobody_up(open_site: OpenSite, source: Source) -> None:
    site = open_site(fetch_allow=LOOPBACK, requests_per_minute=1_000_000)
    task_id = site.submit()
    source.released.clear()
    body = {"first_frame_image": source.url(), "prompt": "She waves."}

    async def submit_all(under_way: threading.Event, done: threading.Event) -> None:
        limits = httpx.Limits(max_connections=1_000)
        headers = {"Authorization": f"Bearer {site.secret}"}
        async with httpx.AsyncClient(base_url=site.url, headers=headers, limits=limits, timeout=60) as client:
            submits = [asyncio.create_task(client.post(MODEL, json=body)) for _ in range(1_000)]
            await asyncio.to_thread(wait_for, lambda: source.paths)
            under_way.set()
            await asyncio.to_thread(done.wait)
            for submit in submits:
                submit.cancel()
            await asyncio.gather(*submits, return_exceptions=True)

    under_way, done = threading.Event(), threading.Event()
    crowd = threading.Thread(target=lambda: asyncio.run(submit_all(under_way, done)))
    crowd.start()
    under_way.wait()
    polls = [site.http.get(f"/api/v1/tasks/{task_id}") for _ in range(200)]
    source.released.set()
    done.set()
    crowd.join()

    assert {poll.status_code for poll in polls} == {200}
    slowest_s = sorted(poll.elapsed.total_seconds() for poll in polls)[math.ceil(0.99 * 200) - 1]
    print(f"p99 of polls beside a thousand hanging links: {1000 * slowest_s:.0f} ms")
    assert slowest_s < 2, "a poll waits for no link; a link hangs until it is released"


def test_row_35_text_that_is_not_base64_is_400_with_the_place(site: Site) -> None:
    message = refused(site.post(first_frame_image="iVBORw0KGgoAAAAN*UhE"), "invalid_base64")

    assert message.startswith("not valid base64 (char 17)")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """A sound PNG with one chunk more behind its header."""
    plain = make_picture()
    return plain[:33] + chunk(kind, data) + plain[33:]


def bomb(size_bytes: int = 100_000_000) -> bytes:
    return zlib.compress(bytes(size_bytes))


def measure(data: bytes) -> tuple[str, int]:
    """Decode in a process of its own; give what it told and the most memory that it held, in bytes."""
    done = subprocess.run([sys.executable, "-c", MEASURE], input=data, capture_output=True, check=True)
    told, held_bytes = json.loads(done.stdout)
    return told, held_bytes


def test_row_36_an_empty_or_too_small_picture_is_400_with_the_rule(site: Site) -> None:
    small = io.BytesIO()
    Image.new("RGB", (1, 1)).save(small, "PNG")

    assert "each side must be 64 to 6000 pixels" in refused(send(site, small.getvalue()), "bad_size")
    assert site.post(first_frame_image="data:image/png;base64,").status_code == 400


def test_row_37_a_webp_of_64_megapixels_is_400_and_costs_little_memory(site: Site) -> None:
    message = refused(send(site, COSTLY_WEBP), "too_many_pixels")
    told, held_bytes = measure(COSTLY_WEBP)

    assert message.startswith("too many pixels (64.0 M > 16 M)")
    assert message in told
    assert held_bytes < RSS_LIMIT_BYTES


def test_row_38_a_png_with_a_wrong_checksum_is_damaged(site: Site) -> None:
    picture = bytearray(make_picture())
    picture[picture.index(b"IDAT") + 400] ^= 1

    assert refused(send(site, bytes(picture)), "damaged").startswith("damaged image/png")


@pytest.mark.parametrize(
    "make",
    [
        lambda: with_chunk(b"zTXt", b"Comment\0\0" + bomb()),
        lambda: with_chunk(b"iCCP", b"icc\0\0" + bomb()),
        lambda: with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb()),
        lambda: with_chunk(
            b"eXIf", b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 65_535) + bytes(5_000_000)
        ),
    ],
    ids=["text", "profile", "XMP", "EXIF"],
)
def test_row_39_a_bomb_in_the_metadata_costs_little_memory(make: Callable[[], bytes]) -> None:
    told, held_bytes = measure(make())

    assert "damaged" in told or told == "(90, 160, 3)"
    assert held_bytes < RSS_LIMIT_BYTES


def test_row_39_the_measure_of_memory_sees_a_large_picture() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (6_000, 5_900)).save(stream, "PNG", compress_level=1)

    told, held_bytes = measure(stream.getvalue())

    assert told == "(5900, 6000, 3)"
    assert held_bytes > 6_000 * 5_900 * 3


def test_row_40_a_picture_that_is_a_page_as_well_is_served_as_a_picture_only(site: Site) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (100, 100)).save(stream, "JPEG")
    both = stream.getvalue() + b"<html><script>alert(1)</script></html>"
    _, caller = site.another()
    with caller:
        made = caller.post("/api/v1/media/files", files={"file": ("a.html", both, "text/html")}).json()

    opened = httpx.get(made["data"]["url"])

    assert opened.headers["content-type"] == "image/jpeg"
    assert opened.headers["x-content-type-options"] == "nosniff"


def test_row_44_of_an_animation_the_first_frame_is_taken(site: Site) -> None:
    stream = io.BytesIO()
    frames = [Image.new("RGB", (100, 100), name) for name in ("red", "blue")]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])

    assert send(site, stream.getvalue()).status_code == 200


def test_row_45_avif_is_taken_and_heic_is_400_with_the_reason(site: Site) -> None:
    avif = io.BytesIO()
    Image.new("RGB", (100, 100)).save(avif, "AVIF")

    heic = send(site, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")

    assert send(site, avif.getvalue()).status_code == 200
    assert "got image/heic: no decoder for it is free of the GPL" in refused(heic, "unsupported_format")


def test_row_56_a_storage_that_cannot_be_written_refuses_a_submit_for_now(open_site: OpenSite) -> None:
    site = open_site()
    folder = site.services.settings.data / "files"
    site.submit()
    (folder / "pictures").rename(folder / "away")
    (folder / "pictures").write_text("a file where the folder was", "ascii")

    answer = send(site, make_picture(seed=56))

    assert answer.status_code in {503, 507}
    assert int(answer.headers["retry-after"]) >= 1
    assert len(site.http.get("/api/v1/tasks").json()["data"]["tasks"]) == 1
