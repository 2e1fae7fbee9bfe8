"""The shapes of replies, for the documentation; the routes write their bodies themselves."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from talkies.server.answers import CATEGORIES
from talkies.server.dialects.modellix import Word

Data = TypeVar("Data", bound=BaseModel)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Error(_Shape):
    """What went wrong, for programs."""

    type: str = Field(examples=["invalid_parameter"])
    param: str | None = Field(examples=["duration"])
    reason: str | None = Field(examples=["out_of_range"])
    retryable: bool
    request_id: str = Field(examples=["req_0123456789abcdef01234567"])


class Refusal(_Shape):
    """Any answer that is not a success. `code` is the HTTP status."""

    code: int = Field(examples=[400])
    message: str = Field(
        examples=["Value out of range: parameter 'duration' must be between 4 and 12, or -1, got 13"]
    )
    error: Error


class Reply(_Shape, Generic[Data]):
    """A success in the published envelope."""

    code: Literal[0]
    message: Literal["success"]
    data: Data


class Link(_Shape):
    """Where to go on."""

    method: Literal["GET", "POST"]
    url: str


class Submitted(_Shape):
    """A task that was taken in."""

    status: Word
    task_id: str = Field(examples=["task-0123456789abcdef0123456789abcdef"])
    model_id: str
    get_result: Link
    cancel: Link
    events: Link


class Resource(_Shape):
    """A file of the result."""

    url: str
    type: Literal["video", "image"]
    width: int
    height: int
    format: Literal["mp4", "png"]
    role: Literal["primary", "last_frame"]


class Metadata(_Shape):
    """Which request made it."""

    request_id: str


class Extensions(_Shape):
    """When, in ISO 8601, UTC."""

    submit_time: str
    end_time: str


class Result(_Shape):
    """What was made."""

    resources: list[Resource]
    metadata: Metadata
    extensions: Extensions


class Billing(_Shape):
    """What it cost, in USD: nothing."""

    status: Literal["succeeded"]
    amount: str = Field(examples=["0.0000"])


class TaskFailure(_Shape):
    """Why a task failed: a code of a closed list, a sentence, and whether to try again may help."""

    code: Literal[
        "invalid_picture",
        "engine_failed",
        "engine_out_of_memory",
        "engine_timeout",
        "worker_lost",
        "storage_failed",
        "output_broken",
        "cannot_render",
        "canceled",
        "expired",
    ]
    message: str
    retryable: bool


class TaskBody(_Shape):
    """A task. `status` goes pending, processing, then success or failed, and never back but by a retry."""

    status: Word
    task_id: str
    model_id: str
    progress: float = Field(ge=0, le=1)
    attempts: int
    submit_time: str
    request: dict[str, Any] = Field(description="The request as it was sent, pictures by their SHA-256.")
    stage: str | None = None
    queue_position: int | None = Field(None, description="1 is next. An estimate.")
    eta_seconds: float | None = Field(None, description="To the end. An estimate.")
    plan: dict[str, Any] | None = None
    not_rendered: list[str] | None = Field(
        None, description="What the prompt asks for and the engine leaves out."
    )
    duration: int | None = Field(None, description="Milliseconds from submit to end.")
    result: Result | None = None
    billing: Billing | None = None
    result_expires_at: int | None = Field(None, description="Unix time in milliseconds.")
    error: TaskFailure | None = None


class TaskPage(_Shape):
    """One page of a list of tasks, newest first."""

    tasks: list[TaskBody]
    total: int
    page: int
    page_size: int
    has_more: bool


class Deleted(_Shape):
    """What is gone."""

    id: str
    deleted: Literal[True]


class File(_Shape):
    """An uploaded file. `url` works as a picture in a request, and opens the file."""

    file_id: str
    type: str = Field(examples=["image/png"])
    url: str
    filename: str
    size: int
    created_at: int = Field(description="Unix time in milliseconds.")
    expires_at: int = Field(description="Unix time in milliseconds.")


class Files(_Shape):
    """The files of a key."""

    files: list[File]
    total: int


class ModelEntry(_Shape):
    """A model."""

    slug: str
    provider: str
    type: str
    description: str
    docs_url: str
    capabilities: dict[str, Any]


class ModelsReply(_Shape):
    """The models, at the top level as published."""

    code: Literal[0]
    message: Literal["success"]
    models: list[ModelEntry]
    total: int
    page: int
    page_size: int
    has_more: bool


class SchemaReply(BaseModel):
    """A piece of an OpenAPI document."""

    servers: list[dict[str, Any]]
    post: dict[str, Any]


class Validity(_Shape):
    """Whether the key is valid: an invalid one gets a 401."""

    is_valid: Literal[True]


class Balance(_Shape):
    """The balance in USD. There is no bill here: the number is large and never changes."""

    balance: float


class EndpointBody(_Shape):
    """A webhook endpoint. Not `active`: it answered 410 and hears nothing more."""

    id: str
    url: str
    event_types: list[str]
    active: bool
    created_at: int


class NewEndpoint(EndpointBody):
    """A webhook endpoint with its secret, shown once."""

    secret: str = Field(examples=["whsec_…"])


class EndpointList(_Shape):
    """The webhook endpoints of a key."""

    endpoints: list[EndpointBody]


class NewSecret(_Shape):
    """A webhook endpoint's new secret, shown once; the old one goes on signing for a time."""

    id: str
    secret: str


class Answered(_Shape):
    """What a receiver answered to a test message."""

    delivered: bool
    status: int | None
    error: str | None


class DeliveryBody(_Shape):
    """One message to one URL."""

    id: str
    task_id: str
    endpoint_id: str | None
    url: str
    event_type: str
    state: Literal["pending", "delivered", "failed", "dropped"]
    attempts: int
    next_at: int | None
    last_status: int | None
    last_error: str | None
    created_at: int
    delivered_at: int | None


class AttemptBody(_Shape):
    """One attempt to deliver a message."""

    attempt: int = Field(description="From 1; a replay begins again.")
    begun_at: int = Field(description="Unix time in milliseconds.")
    ms: int | None = Field(description="How long it took.")
    status: int | None = Field(description="HTTP status of the answer, if there was one.")
    error: str | None
    outcome: Literal["delivered", "retried", "failed", "dropped", "late"] | None = Field(
        description="What became of the message: `retried` means that another attempt was due, `late` that "
        "another had begun meanwhile; null while it is under way, or when its end is not known."
    )


class LoggedDelivery(DeliveryBody):
    """One message with every attempt to deliver it, oldest first."""

    log: list[AttemptBody]


class DeliveryList(_Shape):
    """The latest deliveries, newest first."""

    deliveries: list[DeliveryBody]


class Replayed(_Shape):
    """A message that is on its way again."""

    id: str
    state: Literal["pending"]


class Health(_Shape):
    """The process is well."""

    status: Literal["ok"]


class EndpointRequest(BaseModel):
    """A webhook endpoint to add."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    url: str = Field(min_length=1, max_length=2_048)
    event_types: list[str] = Field(["*"], min_length=1, max_length=20, examples=[["task.succeeded"]])


def documented(shape: Any, *refusals: int, description: str = "Success") -> dict[str, Any]:
    """Give a route its documented answers: one shape for 200, and those refusals."""
    answers: dict[int | str, dict[str, Any]] = {200: {"model": shape, "description": description}}
    for status in sorted({*refusals, 400, 500, 503}):
        answers[status] = {"model": Refusal, "description": CATEGORIES[status]}
    return {"responses": answers, "response_model": None}


def json_body(schema: dict[str, Any], *, required: bool = True, examples: Any = None) -> dict[str, Any]:
    """Document a body that the route reads by itself."""
    content: dict[str, Any] = {"schema": schema} | ({"examples": examples} if examples else {})
    return {"requestBody": {"required": required, "content": {"application/json": content}}}
