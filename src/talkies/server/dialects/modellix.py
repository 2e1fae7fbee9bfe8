"""The published API of the Modellix gateway, as pure translation: bodies to values, tasks to bodies.

Wording, shapes and limits follow the gateway's public pages. What stands beside the published fields
(`progress`, `plan`, `error` and so on) is talkies' own; clients of the published API ignore it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from talkies.errors import BadOption
from talkies.server.answers import shown
from talkies.spec import (
    AUTO_DURATION,
    MAX_DURATION_S,
    MAX_PROMPT_LENGTH,
    MAX_SEED,
    MIN_DURATION_S,
    RANDOM_SEED,
    RatioChoice,
    Resolution,
)
from talkies.task import FINAL, Artifact, Failure, Status, Task, Tier
from talkies.task_queue import Outlook

MODEL = "bytedance/seedance-1.5-pro-i2v"
OWN_PROVIDER = "talkies"  # of the models that are named by their engine
MODEL_TYPE = "image-to-video"
PICTURES = ("first_frame_image", "last_frame_image")
MIN_EXPIRY_S, MAX_EXPIRY_S, DEFAULT_EXPIRY_S = 3_600, 259_200, 172_800
MAX_URL_LENGTH = 2_048
NAMED_LENGTH = 64  # characters of an unknown name that are compared with the known ones

DURATIONS = (AUTO_DURATION, *range(MIN_DURATION_S, MAX_DURATION_S + 1))


class Word(StrEnum):
    """The published statuses. Whatever is not one of these makes clients poll for ever."""

    PENDING = "pending"
    PROCESSING = "processing"
    SUCCESS = "success"
    FAILED = "failed"


WORDS: Mapping[Status, Word] = {
    Status.QUEUED: Word.PENDING,
    Status.RUNNING: Word.PROCESSING,
    Status.SUCCEEDED: Word.SUCCESS,
    Status.FAILED: Word.FAILED,
    Status.CANCELED: Word.FAILED,
    Status.EXPIRED: Word.FAILED,
}

_ENDINGS = {
    Status.CANCELED: ("canceled", "the task was canceled on request", False),
    Status.EXPIRED: ("expired", "the task was not done before execution_expires_after; submit again", True),
}

_Duration = Annotated[
    int, WithJsonSchema({"type": "integer", "enum": list(DURATIONS)}), Field(ge=-1, le=MAX_DURATION_S)
]


class SubmitBody(BaseModel):
    """The body of a submit. At least one of the two pictures is needed; `null` means absent."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    prompt: str = Field(
        min_length=1,
        max_length=MAX_PROMPT_LENGTH,
        description="What happens, who says what (in double quotes), camera, sounds, music.",
    )
    first_frame_image: str | None = Field(
        None, min_length=1, description="The clip's first frame: URL, data URL, Base64 or an upload's URL."
    )
    last_frame_image: str | None = Field(None, min_length=1, description="The clip's last frame, likewise.")
    ratio: RatioChoice = Field("adaptive", description="`adaptive` takes the ratio nearest to the picture.")
    resolution: Resolution = "720p"
    duration: _Duration = Field(5, description="Seconds; -1 lets the engine choose.")
    seed: int = Field(RANDOM_SEED, ge=RANDOM_SEED, le=MAX_SEED, description="-1 draws one.")
    camera_fixed: bool = Field(False, description="Keep the camera still.")
    generate_audio: bool = Field(True, description="False makes a video without an audio stream.")
    service_tier: Tier = Field("default", description="`flex` waits until no default task does.")
    execution_expires_after: int = Field(
        DEFAULT_EXPIRY_S, ge=MIN_EXPIRY_S, le=MAX_EXPIRY_S, description="Seconds that the task has in all."
    )
    return_last_frame: bool = Field(False, description="Give the clip's last frame as a PNG, too.")
    callback_url: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_URL_LENGTH,
        description="Hears of every change of status, signed by Standard Webhooks. Not in the published API.",
    )


def to_request(body: Mapping[str, Any]) -> SubmitBody:
    """Check the body of a submit.

    Raises:
        BadOption: a field is unknown, missing, of the wrong type or outside its range. `parameter` names it.
    """
    present = {name: value for name, value in body.items() if value is not None}
    check_names(present, SubmitBody.model_fields)
    if "prompt" not in present:
        raise BadOption("parameter 'prompt' is required; say what should happen", "prompt", "missing")
    if not any(name in present for name in PICTURES):
        raise BadOption(
            "parameter 'first_frame_image' is required; give a first frame, a last frame or both",
            "first_frame_image",
            "missing",
        )
    try:
        request = SubmitBody.model_validate(present)
    except ValidationError as error:
        raise bad_option(error, present) from None
    if request.duration not in DURATIONS:
        raise _out_of_range("duration", request.duration)
    return request


def check_names(body: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse names that are not known, with the nearest one that is.

    Raises:
        BadOption: there is one.
    """
    names = list(known)
    for name in body:
        if name not in names:
            near = difflib.get_close_matches(name[:NAMED_LENGTH], names, n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(names)}"
            raise BadOption(
                f"parameter {shown(name)} is unknown; {hint}", name[:NAMED_LENGTH], "unknown_field"
            )


def bad_option(error: ValidationError, body: Mapping[str, Any]) -> BadOption:
    """Put pydantic's first complaint into the published words."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "body"
    value, rule = body.get(name), first.get("ctx", {})
    match first["type"]:
        case "greater_than_equal" | "less_than_equal":
            return _out_of_range(name, value)
        case "string_too_short" | "string_too_long" if isinstance(value, str):
            limit = rule.get("max_length", rule.get("min_length"))
            bound = "at most" if "max_length" in rule else "at least"
            return BadOption(
                f"parameter '{name}' must have {bound} {limit} characters, got {len(value)}",
                name,
                "out_of_range",
            )
        case "literal_error":
            return BadOption(
                f"parameter '{name}' must be one of {_choices(name)}, got {shown(value)}",
                name,
                "unknown_choice",
            )
        case "missing":
            return BadOption(f"parameter '{name}' is required", name, "missing")
        case kind:
            return BadOption(
                f"parameter '{name}' must be {_TYPES.get(kind, 'valid text')}, got {shown(value)}",
                name,
                "bad_format",
            )


_TYPES = {
    "int_type": "an integer",
    "int_parsing_size": "an integer of ordinary size",
    "bool_type": "true or false",
    "string_type": "a string",
    "list_type": "an array",
}
_CHOICES: Mapping[str, Sequence[str]] = {
    "ratio": (*get_args(get_args(RatioChoice)[0]), "adaptive"),
    "resolution": get_args(Resolution),
    "service_tier": get_args(Tier),
}
_RANGES = {
    "duration": f"between {MIN_DURATION_S} and {MAX_DURATION_S}, or {AUTO_DURATION}",
    "seed": f"between {RANDOM_SEED} and {MAX_SEED}",
    "execution_expires_after": f"between {MIN_EXPIRY_S} and {MAX_EXPIRY_S}",
}


def _out_of_range(name: str, value: object) -> BadOption:
    return BadOption(
        f"parameter '{name}' must be {_RANGES.get(name, 'in its range')}, got {shown(value)}",
        name,
        "out_of_range",
    )


def _choices(name: str) -> str:
    return ", ".join(_CHOICES.get(name, ()))


def to_stored(request: SubmitBody, pictures: Mapping[str, str], request_id: str) -> dict[str, Any]:
    """Write what a task remembers of its request: the fields that were sent, pictures by their SHA-256."""
    sent = request.model_dump(exclude_unset=True) | {
        name: f"sha256:{sha256}" for name, sha256 in pictures.items()
    }
    return {"request_id": request_id, "body": sent}


def task_url(task_id: str, public_url: str) -> str:
    """Give the address to read a task at."""
    return f"{public_url}/api/v1/tasks/{task_id}"


def to_submit_body(task: Task, public_url: str) -> dict[str, Any]:
    """Write `data` of the reply to a submit."""
    url = task_url(task.id, public_url)
    return {
        **_head(task),
        "get_result": {"method": "GET", "url": url},
        "cancel": {"method": "POST", "url": f"{url}/cancel"},
        "events": {"method": "GET", "url": f"{url}/events"},
    }


def to_task_body(
    task: Task, outlook: Outlook | None, link: Callable[[Task, Artifact], str]
) -> dict[str, Any]:
    """Write `data` of a read.

    `link` makes the address of a stored file; `outlook` None leaves the estimates out.
    """
    body = {
        **_head(task),
        "progress": round(task.progress, 4),
        "attempts": task.attempt,
        "submit_time": iso(task.created_ms),
        "request": task.request.get("body", {}),
    }
    if task.stage is not None:
        body["stage"] = task.stage
    if outlook is not None and outlook.queue_position is not None:
        body["queue_position"] = outlook.queue_position
    if outlook is not None and outlook.eta_s is not None:
        body["eta_seconds"] = round(outlook.eta_s, 1)
    if task.plan is not None:
        body["plan"] = task.plan.model_dump(mode="json")
        body["not_rendered"] = list(task.plan.not_rendered)
    if task.status in FINAL:
        body |= _ending(task, link)
    return body


def _head(task: Task) -> dict[str, Any]:
    return {
        "status": WORDS[task.status].value,
        "task_id": task.id,
        "model_id": task.model.rpartition("/")[2],
    }


def _ending(task: Task, link: Callable[[Task, Artifact], str]) -> dict[str, Any]:
    assert task.finished_ms is not None, f"{task.id} is over"
    ending: dict[str, Any] = {"duration": task.finished_ms - task.created_ms}
    if task.result_expires_ms is not None:
        ending["result_expires_at"] = task.result_expires_ms
    if task.status is not Status.SUCCEEDED:
        return ending | {"error": _error(task)}
    return ending | {
        "result": {
            "resources": [_resource(artifact, link(task, artifact)) for artifact in task.artifacts],
            "metadata": {"request_id": task.request.get("request_id", "")},
            "extensions": {"submit_time": iso(task.created_ms), "end_time": iso(task.finished_ms)},
        },
        "billing": {"status": "succeeded", "amount": "0.0000"},
    }


def _error(task: Task) -> dict[str, Any]:
    if task.status in _ENDINGS:
        code, message, retryable = _ENDINGS[task.status]
        return {"code": code, "message": message, "retryable": retryable}
    failure = task.failure or Failure(
        code="engine_failed", message="the clip could not be made", retryable=True
    )
    return failure.model_dump()


def _resource(artifact: Artifact, url: str) -> dict[str, Any]:
    is_video = artifact.role == "video"
    return {
        "url": url,
        "type": "video" if is_video else "image",
        "width": artifact.width,
        "height": artifact.height,
        "format": extension(artifact),
        "role": "primary" if is_video else artifact.role,
    }


def extension(artifact: Artifact) -> str:
    """Name the format of a stored file, which also ends its links: mp4 or png."""
    return "mp4" if artifact.role == "video" else "png"


def statuses_of(word: str) -> tuple[Status, ...]:
    """Give the statuses that a published word, or talkies' own `canceled` or `expired`, stands for.

    Raises:
        BadOption: the word is not known.
    """
    if word in (Status.CANCELED, Status.EXPIRED):
        return (Status(word),)
    found = tuple(status for status, published in WORDS.items() if published == word)
    if not found:
        known = ", ".join([*Word, Status.CANCELED, Status.EXPIRED])
        raise BadOption(
            f"parameter 'status' must be one of {known}, got {shown(word)}", "status", "unknown_choice"
        )
    return found


def iso(at_ms: int) -> str:
    """Write a time as the published API does: ISO 8601 in UTC, whole seconds.

    >>> iso(1_767_261_641_230)
    '2026-01-01T10:00:41Z'
    """
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat().replace("+00:00", "Z")


StatusFilter = Literal["pending", "processing", "success", "failed", "canceled", "expired"]


_NULL = {"type": "null"}


def request_schema() -> dict[str, Any]:
    """Give the JSON Schema of a submit: every field that may be left out may also be null."""
    schema = SubmitBody.model_json_schema()
    for name, field in schema["properties"].items():
        if name not in schema["required"] and _NULL not in field.get("anyOf", ()):
            kept = {key: field.pop(key) for key in ("title", "description", "default") if key in field}
            schema["properties"][name] = {"anyOf": [*field.get("anyOf", [field]), _NULL]} | kept
    schema["anyOf"] = [
        {"required": [name], "properties": {name: {"type": "string", "minLength": 1}}} for name in PICTURES
    ]
    return schema


EXAMPLES: Mapping[str, Any] = {
    "first frame": {
        "summary": "A picture and a sentence",
        "value": {
            "first_frame_image": "https://example.com/image.jpg",
            "prompt": "The person smiles and waves",
        },
    },
    "both frames": {
        "summary": "From one picture to another, with speech",
        "value": {
            "duration": -1,
            "first_frame_image": "https://example.com/first.jpg",
            "last_frame_image": "https://example.com/last.jpg",
            "generate_audio": True,
            "prompt": '"Hello world!" said happily',
        },
    },
}
