"""Bodies of the published API to values, and tasks to bodies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkies.errors import BadOption
from talkies.plan import Plan, Shot
from talkies.server.dialects.modellix import (
    iso,
    request_schema,
    statuses_of,
    to_request,
    to_stored,
    to_submit_body,
    to_task_body,
)
from talkies.spec import Spec
from talkies.task import Artifact, Failure, Status, Task
from talkies.task_queue import Outlook

BODY = {"first_frame_image": "https://example.com/image.jpg", "prompt": "The person smiles and waves"}
START_MS = 1_767_261_600_000  # 2026-01-01T10:00:00Z


def refusal(**fields: Any) -> BadOption:
    with pytest.raises(BadOption) as caught:
        to_request(BODY | fields)
    return caught.value


def make_task(**fields: Any) -> Task:
    return Task.model_validate(
        {
            "id": "task-abc123",
            "owner": "key_1",
            "model": "bytedance/seedance-1.5-pro-i2v",
            "engine": "animatic",
            "spec": Spec(prompt="wave", first_frame="0" * 64, seed=1),
            "created_ms": START_MS,
            "expires_ms": START_MS + 1,
            "request": {"request_id": "req-123456", "body": {"prompt": "wave"}},
        }
        | fields
    )


def finished(status: Status, **fields: Any) -> dict[str, Any]:
    task = make_task(
        status=status,
        attempt=1,
        finished_ms=START_MS + 41_230,
        result_expires_ms=1_786_000_000_000,
        **fields,
    )
    return to_task_body(task, None, lambda _, artifact: f"https://here/{artifact.role}")


def artifact(role: Any) -> Artifact:
    return Artifact(role=role, key="k", media_type="m", size_bytes=1, sha256="0" * 64, width=1280, height=720)


def test_the_published_example_has_the_published_defaults() -> None:
    request = to_request(BODY)

    assert request.ratio == "adaptive"
    assert request.resolution == "720p"
    assert request.duration == 5
    assert request.seed == -1
    assert request.generate_audio is True
    assert request.camera_fixed is False
    assert request.service_tier == "default"
    assert request.execution_expires_after == 172_800
    assert request.return_last_frame is False


def test_a_null_means_that_the_field_is_absent() -> None:
    nulls = dict.fromkeys(("duration", "seed", "ratio", "camera_fixed", "last_frame_image", "callback_url"))

    assert to_request(BODY | nulls) == to_request(BODY)


def test_minus_one_leaves_the_duration_to_the_engine() -> None:
    assert to_request(BODY | {"duration": -1}).duration == -1


@pytest.mark.parametrize("duration", [0, -2, 3, 13, 10**30])
def test_a_duration_outside_its_range_is_refused_in_the_published_words(duration: int) -> None:
    refused = refusal(duration=duration)

    assert str(refused) == f"parameter 'duration' must be between 4 and 12, or -1, got {duration}"
    assert (refused.parameter, refused.reason) == ("duration", "out_of_range")


@pytest.mark.parametrize("value", ["5", 5.0, True, [5], {"s": 5}])
def test_a_duration_of_another_type_is_not_coerced(value: object) -> None:
    refused = refusal(duration=value)

    assert "parameter 'duration' must be an integer" in str(refused)
    assert refused.reason == "bad_format"


@pytest.mark.parametrize("value", ["true", 1, 0, "yes"])
def test_a_flag_of_another_type_is_not_coerced(value: object) -> None:
    assert "parameter 'generate_audio' must be true or false" in str(refusal(generate_audio=value))


def test_a_value_of_a_closed_list_is_refused_with_the_list() -> None:
    assert str(refusal(resolution="4k")) == (
        "parameter 'resolution' must be one of 480p, 720p, 1080p, got \"4k\""
    )
    assert "16:9, 4:3, 1:1, 3:4, 9:16, 21:9, adaptive" in str(refusal(ratio="2:1"))


def test_an_unknown_field_is_refused_with_the_nearest_name() -> None:
    refused = refusal(last_image="x")

    assert str(refused) == "parameter \"last_image\" is unknown; did you mean 'last_frame_image'?"
    assert refused.reason == "unknown_field"


def test_an_unknown_field_of_a_megabyte_is_refused_at_once() -> None:
    assert len(str(refusal(**{"x" * 2**20: 1}))) < 1_000


def test_without_a_prompt_the_prompt_is_missing() -> None:
    with pytest.raises(BadOption, match="parameter 'prompt' is required") as caught:
        to_request({"first_frame_image": "x"})

    assert caught.value.reason == "missing"


def test_without_any_picture_the_first_frame_is_missing() -> None:
    with pytest.raises(BadOption, match="give a first frame, a last frame or both"):
        to_request({"prompt": "x"})


def test_a_last_frame_alone_is_enough() -> None:
    assert to_request({"prompt": "x", "last_frame_image": "y"}).first_frame_image is None


def test_a_lone_surrogate_is_not_text() -> None:
    assert refusal(prompt="\ud800").reason == "bad_format"


@given(st.dictionaries(st.sampled_from([*request_schema()["properties"], "extra"]), st.from_type(object)))
def test_any_body_is_accepted_or_refused_with_a_parameter(body: dict[str, Any]) -> None:
    try:
        to_request(body)
    except BadOption as refused:
        assert refused.parameter


def test_pictures_are_remembered_by_their_hash_and_never_as_they_came() -> None:
    request = to_request({"prompt": "x", "first_frame_image": "A" * 1000, "seed": 7})

    assert to_stored(request, {"first_frame_image": "ab"}, "req_1") == {
        "request_id": "req_1",
        "body": {"prompt": "x", "first_frame_image": "sha256:ab", "seed": 7},
    }


def test_a_submit_answers_with_the_address_to_read_at() -> None:
    body = to_submit_body(make_task(), "https://clips.example.org")

    assert body["status"] == "pending"
    assert body["task_id"] == "task-abc123"
    assert body["model_id"] == "seedance-1.5-pro-i2v"
    assert body["get_result"] == {
        "method": "GET",
        "url": "https://clips.example.org/api/v1/tasks/task-abc123",
    }


def test_a_waiting_task_tells_its_place_and_its_end() -> None:
    body = to_task_body(make_task(), Outlook(3, 12.34), lambda *_: "")

    assert (body["status"], body["queue_position"], body["eta_seconds"]) == ("pending", 3, 12.3)
    assert "result" not in body
    assert "duration" not in body


def test_a_running_task_tells_its_stage_its_progress_and_its_plan() -> None:
    plan = Plan(
        engine="animatic",
        width=1280,
        height=720,
        duration_s=5,
        seed=1,
        shots=(Shot(start_frame=0, end_frame=120, picture="first"),),
        not_rendered=("a second person",),
    )
    task = make_task(status=Status.RUNNING, attempt=2, stage="frames", progress=0.25, plan=plan)

    body = to_task_body(task, Outlook(None, None), lambda *_: "")

    assert (body["status"], body["stage"], body["progress"], body["attempts"]) == (
        "processing",
        "frames",
        0.25,
        2,
    )
    assert body["not_rendered"] == ["a second person"]
    assert body["plan"]["shots"][0]["end_frame"] == 120


def test_a_finished_task_has_the_published_shape() -> None:
    body = finished(Status.SUCCEEDED, artifacts=(artifact("video"), artifact("last_frame")), progress=1.0)

    assert body["status"] == "success"
    assert body["duration"] == 41_230
    assert body["result"]["resources"] == [
        {
            "url": "https://here/video",
            "type": "video",
            "width": 1280,
            "height": 720,
            "format": "mp4",
            "role": "primary",
        },
        {
            "url": "https://here/last_frame",
            "type": "image",
            "width": 1280,
            "height": 720,
            "format": "png",
            "role": "last_frame",
        },
    ]
    assert body["result"]["metadata"] == {"request_id": "req-123456"}
    assert body["result"]["extensions"] == {
        "submit_time": "2026-01-01T10:00:00Z",
        "end_time": "2026-01-01T10:00:41Z",
    }
    assert body["billing"] == {"status": "succeeded", "amount": "0.0000"}
    assert body["result_expires_at"] == 1_786_000_000_000


def test_a_failed_task_says_why_and_whether_to_try_again() -> None:
    failure = Failure(code="engine_timeout", message="rendering took too long", retryable=True)

    body = finished(Status.FAILED, failure=failure)

    assert body["status"] == "failed"
    assert body["error"] == {
        "code": "engine_timeout",
        "message": "rendering took too long",
        "retryable": True,
    }
    assert "billing" not in body


@pytest.mark.parametrize("status", [Status.CANCELED, Status.EXPIRED])
def test_clients_read_a_canceled_or_expired_task_as_failed(status: Status) -> None:
    body = finished(status)

    assert body["status"] == "failed"
    assert body["error"]["code"] == status.value


def test_a_list_of_failed_tasks_holds_the_canceled_and_the_expired() -> None:
    assert set(statuses_of("failed")) == {Status.FAILED, Status.CANCELED, Status.EXPIRED}
    assert statuses_of("canceled") == (Status.CANCELED,)
    with pytest.raises(BadOption, match="must be one of pending"):
        statuses_of("running")


def test_times_are_whole_seconds_in_utc() -> None:
    assert iso(START_MS + 999) == "2026-01-01T10:00:00Z"


def test_the_schema_lets_every_optional_field_be_null_and_demands_a_picture() -> None:
    schema = request_schema()

    assert schema["required"] == ["prompt"]
    assert all(
        {"type": "null"} in field["anyOf"] for name, field in schema["properties"].items() if name != "prompt"
    )
    assert [choice["required"] for choice in schema["anyOf"]] == [["first_frame_image"], ["last_frame_image"]]
    assert schema["properties"]["duration"]["anyOf"][0]["enum"] == [-1, 4, 5, 6, 7, 8, 9, 10, 11, 12]
