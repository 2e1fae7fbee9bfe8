"""The published API as its clients see it: submit, poll, download, and what stands around them."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import PATIENCE_S, wait_for
from tests.integration.conftest import MODEL, PICTURE, VIDEO, OpenSite, Site, make_picture

from talkies.server.app import create_app
from talkies.server.openapi import document
from talkies.server.reference import to_markdown
from talkies.task import Failure
from talkies.webhooks import Answer


def data(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["code"], body["message"]) == (0, "success")
    return body["data"]


def test_a_submit_is_read_and_its_video_downloaded_without_a_key(site: Site) -> None:
    task_id = site.submit(return_last_frame=True)

    assert data(site.http.get(f"/api/v1/tasks/{task_id}"))["status"] == "pending"
    site.finish(task_id)
    done = data(site.http.get(f"/api/v1/tasks/{task_id}"))
    video, last_frame = done["result"]["resources"]

    assert done["status"] == "success"
    assert (video["type"], video["role"], video["format"]) == ("video", "primary", "mp4")
    assert (last_frame["type"], last_frame["role"], last_frame["format"]) == ("image", "last_frame", "png")
    assert httpx.URL(video["url"]).path.endswith(f"{task_id}.mp4")
    assert httpx.get(video["url"]).content == VIDEO
    assert httpx.get(last_frame["url"]).headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/bytedance/seedance-1.5-pro-i2v",
        "/api/v1/bytedance/seedance-1.5-pro-i2v/async",
        "/api/v1/image-to-video/bytedance/seedance-1.5-pro-i2v/async",
        "/api/v1/talkies/animatic",
    ],
)
def test_every_published_form_of_a_submit_takes_a_task_in(site: Site, path: str) -> None:
    submitted = data(site.http.post(path, json={"first_frame_image": PICTURE, "prompt": "wave"}))

    assert submitted["status"] == "pending"
    assert submitted["get_result"] == {
        "method": "GET",
        "url": f"{site.url}/api/v1/tasks/{submitted['task_id']}",
    }
    assert data(site.http.get(submitted["get_result"]["url"]))["task_id"] == submitted["task_id"]


def test_a_picture_comes_by_data_url_or_by_an_uploads_url_and_is_kept_once(site: Site) -> None:
    upload = data(site.http.post("/api/v1/media/files", files={"file": ("a.png", make_picture())}))
    tasks = [
        site.submit(first_frame_image=f"data:image/png;base64,{PICTURE}"),
        site.submit(first_frame_image=upload["url"]),
        site.submit(first_frame_image=None, last_frame_image=PICTURE),
    ]

    specs = [site.services.queue.get(site.key.id, task).spec for task in tasks]

    assert specs[0].first_frame == specs[1].first_frame == specs[2].last_frame
    assert specs[0].ratio == "16:9"
    assert specs[2].first_frame is None


def test_another_keys_upload_cannot_be_used(site: Site) -> None:
    _, other = site.another()
    with other:
        upload = data(other.post("/api/v1/media/files", files={"file": ("a.png", make_picture())}))

    refused = site.post(first_frame_image=upload["url"])

    assert refused.status_code == 400
    assert refused.json()["error"]["reason"] == "upload_not_found"


def test_an_uploaded_file_is_listed_opened_and_deleted(site: Site) -> None:
    _, caller = site.another()
    with caller:
        upload = data(caller.post("/api/v1/media/files", files={"file": ("mé.png", make_picture())}))
        assert upload["type"] == "image/png"
        assert upload["size"] == len(make_picture())
        assert upload["filename"] == "mé.png"
        assert data(caller.get("/api/v1/media/files"))["files"][0]["file_id"] == upload["file_id"]
        assert httpx.get(upload["url"]).content == make_picture()

        assert data(caller.delete(f"/api/v1/media/files/{upload['file_id']}"))["deleted"] is True

        assert httpx.get(upload["url"]).status_code == 410
        assert caller.delete(f"/api/v1/media/files/{upload['file_id']}").status_code == 404


def test_an_eleventh_upload_and_another_format_are_refused(site: Site) -> None:
    _, caller = site.another()
    with caller:
        for number in range(10):
            data(caller.post("/api/v1/media/files", files={"file": (f"{number}.png", make_picture())}))
        over = caller.post("/api/v1/media/files", files={"file": ("11.png", make_picture())})
        gif = caller.post("/api/v1/media/files", files={"file": ("a.gif", b"GIF89a" + bytes(100))})

    assert over.json()["error"]["reason"] == "too_many_files"
    assert gif.json()["message"].startswith("Invalid parameters: file: not a supported picture (got image")


def test_a_third_upload_at_once_is_refused_until_one_is_done(site: Site) -> None:
    _, caller = site.another()
    held, begun = threading.Event(), threading.Semaphore(0)

    def slowly() -> Iterator[bytes]:
        begun.release()
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        assert held.wait(PATIENCE_S)
        yield make_picture() + b"\r\n--b--\r\n"

    def upload(content: Any) -> httpx.Response:
        return caller.post(
            "/api/v1/media/files",
            content=content,
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )

    with caller, ThreadPoolExecutor(2) as threads:
        slow = [threads.submit(upload, slowly()) for _ in range(2)]
        for _ in slow:
            assert begun.acquire(timeout=PATIENCE_S)
        wait_for(lambda: upload(b"").status_code == 429)
        third = upload(b"")
        held.set()
        done = [one.result().status_code for one in slow]
        after = caller.post("/api/v1/media/files", files={"file": ("c.png", make_picture())})

    assert done == [200, 200]
    assert third.json()["message"].startswith("Rate limit exceeded: uploads: 2 of this key are under way")
    assert int(third.headers["Retry-After"]) >= 1
    assert after.status_code == 200


def test_a_failed_task_is_read_with_200_and_its_reason(site: Site) -> None:
    task_id = site.submit()
    while (task := site.services.queue.claim(f"w{time.monotonic_ns()}", ("animatic",))) is not None:
        site.services.queue.fail(task, Failure(code="cannot_render", message="no face", retryable=False))

    body = data(site.http.get(f"/api/v1/tasks/{task_id}"))

    assert body["status"] == "failed"
    assert body["error"] == {"code": "cannot_render", "message": "no face", "retryable": False}


def test_a_waiting_read_answers_as_soon_as_the_task_is_over(site: Site) -> None:
    task_id = site.submit()
    threading.Timer(0.5, site.finish, [task_id]).start()
    began = time.monotonic()

    body = data(site.http.get(f"/api/v1/tasks/{task_id}", params={"wait": "true", "timeout": 40}))

    assert body["status"] == "success"
    assert time.monotonic() - began < 30


def test_a_waiting_read_that_runs_out_of_time_gives_the_task_as_it_is(site: Site) -> None:
    task_id = site.submit()

    body = data(site.http.get(f"/api/v1/tasks/{task_id}", params={"wait": "true", "timeout": 0.3}))

    assert body["status"] == "pending"


def test_the_model_list_has_its_models_at_the_top_level(site: Site) -> None:
    body = site.http.get("/api/v1/models?category=video&page=1&page_size=24").json()

    slugs = [model["slug"] for model in body["models"]]
    assert body["code"] == 0
    assert "bytedance/seedance-1.5-pro-i2v" in slugs
    assert "talkies/animatic" in slugs
    assert body["models"][0]["type"] == "image-to-video"
    assert site.http.get("/api/v1/models?category=audio").json()["models"] == []


def test_the_schema_of_a_model_is_public_and_names_the_submit_path(site: Site) -> None:
    schema = httpx.get(f"{site.url}/models/bytedance/seedance-1.5-pro-i2v/api_schema").json()

    assert schema["servers"] == [{"url": site.url + MODEL}]
    body = schema["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["properties"]["prompt"]["maxLength"] == 10_000
    assert httpx.get(f"{site.url}/models/some/thing/api_schema").status_code == 404


def test_the_key_is_valid_and_the_balance_a_number(site: Site) -> None:
    assert data(site.http.get("/api/v1/apikey/validate")) == {"is_valid": True}
    assert isinstance(data(site.http.get("/api/v1/team/balance"))["balance"], float)


def test_a_list_is_filtered_and_paged(site: Site) -> None:
    _, caller = site.another()
    with caller:
        ids = [
            data(caller.post(MODEL, json={"first_frame_image": PICTURE, "prompt": f"{number}"}))["task_id"]
            for number in range(5)
        ]
        data(caller.post(f"/api/v1/tasks/{ids[0]}/cancel"))

        first = data(caller.get("/api/v1/tasks", params={"page_size": 2}))
        failed = data(caller.get("/api/v1/tasks", params={"status": "failed"}))
        chosen = data(caller.get("/api/v1/tasks", params={"task_ids": ids[1:3]}))
        bad = caller.get("/api/v1/tasks", params={"page_size": 501})

    assert [task["task_id"] for task in first["tasks"]] == [ids[4], ids[3]]
    assert (first["total"], first["has_more"]) == (5, True)
    assert [task["task_id"] for task in failed["tasks"]] == [ids[0]]
    assert {task["task_id"] for task in chosen["tasks"]} == set(ids[1:3])
    assert bad.status_code == 400
    assert "parameter 'page_size'" in bad.json()["message"]


def read_events(answer: httpx.Response) -> list[dict[str, Any]]:
    blocks = re.split(r"\r?\n\r?\n", answer.text.strip())
    fields = [dict(re.findall(r"(?m)^(id|event|data): (.*?)\r?$", block)) for block in blocks]
    return [field | {"data": json.loads(field["data"])} for field in fields if "data" in field]


def test_an_event_stream_tells_the_whole_life_of_a_task_and_ends(site: Site) -> None:
    task_id = site.submit()
    threading.Timer(0.3, site.finish, [task_id]).start()

    events = read_events(site.http.get(f"/api/v1/tasks/{task_id}/events"))

    statuses = [event["data"]["status"] for event in events if event["event"] == "status"]
    assert statuses == ["pending", "processing", "success"]
    assert events[-1]["data"]["task"]["result"]["resources"]


def test_a_follower_that_comes_back_misses_nothing_and_sees_nothing_twice(site: Site) -> None:
    task_id = site.submit()
    site.finish(task_id)
    whole = read_events(site.http.get(f"/api/v1/tasks/{task_id}/events"))

    rest = read_events(
        site.http.get(f"/api/v1/tasks/{task_id}/events", headers={"Last-Event-ID": whole[0]["id"]})
    )
    nothing = site.http.get(f"/api/v1/tasks/{task_id}/events", headers={"Last-Event-ID": whole[-1]["id"]})

    # The links in the last one are made anew, and their signature holds the time.
    assert [event["id"] for event in rest] == [event["id"] for event in whole[1:]] == ["2", "3"]
    assert nothing.status_code == 204


def test_webhook_endpoints_are_made_rotated_and_removed(site: Site) -> None:
    _, caller = site.another()
    with caller:
        made = data(
            caller.post(
                "/api/v1/webhooks",
                json={"url": "https://hooks.example.org/a", "event_types": ["task.succeeded"]},
            )
        )
        rotated = data(caller.post(f"/api/v1/webhooks/{made['id']}/rotate"))
        listed = data(caller.get("/api/v1/webhooks"))["endpoints"]
        deliveries = data(caller.get("/api/v1/deliveries"))["deliveries"]
        unknown = caller.get("/api/v1/deliveries/msg_unknown")
        replay = caller.post("/api/v1/deliveries/msg_unknown/replay")
        bad = caller.post("/api/v1/webhooks", json={"url": "https://hooks.example.org/a", "events": []})
        private = caller.post("/api/v1/webhooks", json={"url": "http://127.0.0.1/a"})
        data(caller.delete(f"/api/v1/webhooks/{made['id']}"))
        gone = caller.get(f"/api/v1/webhooks/{made['id']}")

    assert made["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]
    assert [endpoint["id"] for endpoint in listed] == [made["id"]]
    assert "secret" not in listed[0]
    assert deliveries == []
    assert (unknown.status_code, replay.status_code) == (404, 404)
    assert (bad.status_code, private.status_code) == (400, 400)
    assert "did you mean 'event_types'" in bad.json()["message"]
    assert gone.status_code == 404


def test_a_delivery_is_read_with_its_attempts(site: Site) -> None:
    _, caller = site.another()
    outbox = site.services.outbox
    with caller:
        body = {"first_frame_image": PICTURE, "prompt": "Hi.", "callback_url": "https://example.org/a?b=c"}
        task_id = data(caller.post(MODEL, json=body))["task_id"]
        caller.post(f"/api/v1/tasks/{task_id}/cancel")
        claimed = outbox.claim(lease_s=60)
        assert claimed is not None
        outbox.record(claimed, Answer(status=503, took_s=0.25))
        read = data(caller.get(f"/api/v1/deliveries/{claimed.delivery}"))
        other = site.http.get(f"/api/v1/deliveries/{claimed.delivery}")

    assert (read["task_id"], read["state"], read["attempts"]) == (task_id, "pending", 1)
    [line] = read["log"]
    assert line.pop("begun_at") > 0
    assert line == {"attempt": 1, "ms": 250, "status": 503, "error": None, "outcome": "retried"}
    assert other.status_code == 404


def test_row_61_a_private_callback_is_refused_at_submit(site: Site) -> None:
    refused = site.post(callback_url="http://169.254.169.254/latest")

    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "callback_url"


def test_the_probes_and_the_metrics_need_no_key(site: Site) -> None:
    site.submit()

    assert httpx.get(f"{site.url}/health/live").json() == {"status": "ok"}
    assert httpx.get(f"{site.url}/health/ready").json() == {"status": "ok"}
    metrics = httpx.get(f"{site.url}/metrics").text
    assert re.search(r'talkies_tasks\{state="queued"\} [1-9]', metrics)
    assert re.search(r'talkies_queue_depth\{engine="animatic",tier="default"\} [1-9]', metrics)
    assert "talkies_build_info{" in metrics
    assert "task-" not in metrics
    assert site.key.id not in metrics


def test_row_56_a_storage_that_cannot_be_written_makes_the_server_unready(open_site: OpenSite) -> None:
    site = open_site()
    folder = site.services.settings.data / "files"
    for part in folder.iterdir():
        part.rmdir() if part.is_dir() else part.unlink()
    folder.rmdir()
    folder.write_text("a file where the folder was")

    answer = httpx.get(f"{site.url}/health/ready")

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["message"].startswith("Service unavailable: storage")


def test_the_openapi_document_has_examples_and_no_answer_of_422_but_for_idempotency(site: Site) -> None:
    made = httpx.get(f"{site.url}/openapi.json").json()

    operations = [operation for item in made["paths"].values() for operation in item.values()]
    with_422 = {operation["operationId"] for operation in operations if "422" in operation["responses"]}
    submit = made["paths"]["/api/v1/{provider}/{model}"]["post"]
    assert with_422 == {"submitTask", "submitTaskOlder", "submitTaskOldest"}
    assert submit["requestBody"]["content"]["application/json"]["examples"]
    assert all(operation["description"] for operation in operations)


def test_the_reference_in_the_docs_is_the_one_that_the_server_gives(site: Site) -> None:
    written = Path(__file__).parents[2] / "docs" / "api.md"

    made = to_markdown(document(create_app(site.services)))

    assert written.read_text(encoding="utf-8") == made, (
        "run `curl -s http://127.0.0.1:8000/openapi.json | python -m talkies.server.write_reference`"
    )
