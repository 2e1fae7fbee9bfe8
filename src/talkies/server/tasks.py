"""Routes of tasks: submit, read, list, cancel, delete."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor

from talkies.errors import TalkiesError
from talkies.keys import Key
from talkies.server.answers import success
from talkies.server.auth import Authenticator
from talkies.server.bodies import drop_body, read_object
from talkies.server.dialects import modellix
from talkies.server.exchange import exchange_of
from talkies.server.reading import Reader
from talkies.server.services import Services
from talkies.server.shapes import (
    Balance,
    Deleted,
    Reply,
    Submitted,
    TaskBody,
    TaskPage,
    Validity,
    documented,
    json_body,
)
from talkies.server.submitting import Submitter
from talkies.server.watching import Watch
from talkies.task import Tier
from talkies.task_queue import MAX_PAGE_SIZE, Wanted

DEFAULT_WAIT_S, MAX_WAIT_S = 30.0, 45.0  # as published
BALANCE_USD = 1_000_000.0  # nothing is billed here: a number that no client takes for too little

Wait = Annotated[bool, Query(description="Answer when the task is over, or after `timeout`.")]
Timeout = Annotated[
    float, Query(ge=0, allow_inf_nan=False, description="Seconds to wait; more than 45 counts as 45.")
]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000, description="From 1.")]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE)]
StatusWord = Annotated[modellix.StatusFilter | None, Query(description="Only tasks of this status.")]
ModelSlug = Annotated[str | None, Query(max_length=256, description="Only tasks of this model.")]
TierWord = Annotated[Tier | None, Query(description="Only tasks of this tier.")]
TaskIds = Annotated[list[str] | None, Query(description="Only these tasks; may be repeated.", max_length=500)]
Provider = Annotated[str, Path(description="First part of the model's slug.", examples=["bytedance"])]
ModelName = Annotated[str, Path(description="The rest of the slug.", examples=["seedance-1.5-pro-i2v"])]
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="A token of your own, for 24 hours: the same request with it again gives the same task."
    ),
]


class _Provider(Convertor[str]):
    """Any first part of a submit's path that is not the name of another resource."""

    regex = "(?!(?:tasks|media|webhooks|deliveries|models|apikey|team)/)[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("provider", _Provider())

SUBMIT_LINKS = {
    "links": {
        name: {"operationId": operation, "parameters": {"task_id": "$response.body#/data/task_id"}}
        for name, operation in (("read", "readTask"), ("cancel", "cancelTask"), ("delete", "deleteTask"))
    }
}


@dataclass(frozen=True)
class _Form:
    """One published form of a submit's path. `more` is what its OpenAPI entry has beside the others'."""

    path: str
    operation_id: str
    description: str
    more: dict[str, Any] = field(default_factory=dict)


KIND = {"name": "kind", "in": "path", "required": True, "schema": {"type": "string", "title": "Kind"}}

SUBMIT_FORMS = (
    _Form(
        "/api/v1/{provider:provider}/{model}",
        "submitTask",
        "Submit a task, such as to `bytedance/seedance-1.5-pro-i2v`; then poll `get_result.url`.",
    ),
    _Form(
        "/api/v1/{provider:provider}/{model}/async",
        "submitTaskOlder",
        "Submit a task: the form of older clients.",
    ),
    _Form(
        "/api/v1/{kind}/{provider}/{model}/async",
        "submitTaskOldest",
        "Submit a task: the first form, whose path begins with the kind, such as `image-to-video`.",
        {"parameters": [KIND]},
    ),
)


def submit_routes(submitter: Submitter, auth: Authenticator, public_url: str) -> APIRouter:
    """Make the three published forms of a submit. They are to be added last: their paths are wide."""
    router = APIRouter(tags=["Tasks"])
    writer = auth.needs("tasks:write")
    answers = documented(Reply[Submitted], 401, 403, 404, 408, 410, 413, 415, 422, 429, 507)
    answers["responses"][200] |= SUBMIT_LINKS
    body = json_body(modellix.request_schema(), examples=modellix.EXAMPLES)

    async def submit(
        provider: Provider,
        model: ModelName,
        request: Request,
        key: Key = writer,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        task, replayed = await submitter.submit(
            key.id,
            f"{provider}/{model}",
            await read_object(request),
            idempotency_key,
            exchange_of(request).request_id,
        )
        headers = {"Idempotent-Replayed": "true"} if replayed else {}
        return success(modellix.to_submit_body(task, public_url), headers=headers)

    for form in SUBMIT_FORMS:
        router.add_api_route(
            form.path,
            submit,
            methods=["POST"],
            operation_id=form.operation_id,
            summary="Submit",
            description=form.description,
            openapi_extra=body | form.more,
            **answers,
        )
    return router


def routes(services: Services, reader: Reader, watch: Watch, auth: Authenticator) -> APIRouter:
    """Make the routes of tasks that exist, and of the key that asks."""
    router = APIRouter(prefix="/api/v1", tags=["Tasks"])
    viewer, writer, anybody = auth.needs("tasks:read"), auth.needs("tasks:write"), auth.needs()

    @router.get("/tasks", operation_id="listTasks", **documented(Reply[TaskPage], 401, 403, 429))
    async def list_tasks(
        key: Key = viewer,
        page: PageNumber = 1,
        page_size: PageSize = 10,
        status: StatusWord = None,
        model: ModelSlug = None,
        service_tier: TierWord = None,
        task_ids: TaskIds = None,
    ) -> Response:
        """List the key's tasks, newest first."""
        wanted = Wanted(
            statuses=None if status is None else modellix.statuses_of(status),
            models=None if model is None else (model,),
            tier=service_tier,
            ids=task_ids or None,
        )
        return success(await run_in_threadpool(reader.page, key.id, wanted, page, page_size))

    @router.get(
        "/tasks/{task_id}",
        operation_id="readTask",
        **documented(Reply[TaskBody], 401, 403, 404, 410, 429),
    )
    async def read_task(
        task_id: str,
        key: Key = viewer,
        wait: Wait = False,
        timeout: Timeout = DEFAULT_WAIT_S,
    ) -> Response:
        """Read a task: 200 in every status, also when the task failed. Links in it are made anew."""
        body = await reader.body(key.id, task_id)
        if wait and "duration" not in body:
            await watch.end(task_id, min(timeout, MAX_WAIT_S))
            body = await reader.body(key.id, task_id)
        return success(body)

    @router.post(
        "/tasks/{task_id}/cancel",
        operation_id="cancelTask",
        **documented(Reply[TaskBody], 401, 403, 404, 409, 410, 413, 429),
    )
    async def cancel_task(task_id: str, request: Request, key: Key = writer) -> Response:
        """Cancel a task that waits or runs. Repeating it changes nothing."""
        await drop_body(request)
        task = await run_in_threadpool(services.queue.cancel, key.id, task_id)
        return success(await run_in_threadpool(reader.describe, task))

    @router.delete(
        "/tasks/{task_id}",
        operation_id="deleteTask",
        **documented(Reply[Deleted], 401, 403, 404, 409, 410, 413, 429),
    )
    async def delete_task(task_id: str, request: Request, key: Key = writer) -> Response:
        """Delete a task that is over, with its files and pictures. Later reads give 410."""
        await drop_body(request)
        await run_in_threadpool(_delete, services, key.id, task_id)
        return success({"id": task_id, "deleted": True})

    @router.get("/apikey/validate", operation_id="validateKey", **documented(Reply[Validity], 401, 429))
    async def validate_key(key: Key = anybody) -> Response:
        """Tell whether the key is valid."""
        del key
        return success({"is_valid": True})

    @router.get("/team/balance", operation_id="readBalance", **documented(Reply[Balance], 401, 429))
    async def read_balance(key: Key = anybody) -> Response:
        """Tell the balance in USD: nothing is billed here."""
        del key
        return success({"balance": BALANCE_USD})

    return router


def _delete(services: Services, owner: str, task_id: str) -> None:
    """Delete a task; its result goes now, what else it held goes with the next sweep."""
    task = services.queue.delete(owner, task_id)
    with suppress(TalkiesError):  # a storage that is away: the sweep deletes the result, too
        services.storage.delete(artifact.key for artifact in task.artifacts)
