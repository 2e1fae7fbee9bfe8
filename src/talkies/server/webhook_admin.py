"""Routes of webhooks: endpoints, their secrets, the log of deliveries."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from talkies.keys import Key
from talkies.server.answers import success
from talkies.server.auth import Authenticator
from talkies.server.bodies import drop_body, read_object
from talkies.server.dialects.modellix import bad_option, check_names
from talkies.server.services import Services
from talkies.server.shapes import (
    Answered,
    Deleted,
    DeliveryList,
    EndpointBody,
    EndpointList,
    EndpointRequest,
    LoggedDelivery,
    NewEndpoint,
    NewSecret,
    Replayed,
    Reply,
    documented,
    json_body,
)
from talkies.webhooks import Delivery, Endpoint, LoggedAttempt
from talkies.webhooks.outbox import State

JUDGE_S = 5.0  # to look up the host of a new endpoint

StateWord = Annotated[State | None, Query(description="Only deliveries of this state.")]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]


def routes(services: Services, auth: Authenticator) -> APIRouter:
    """Make the routes of webhooks."""
    router = APIRouter(prefix="/api/v1", tags=["Webhooks"])
    admin = auth.needs("webhooks:admin")
    _add_deliveries(router, services, admin)

    @router.post(
        "/webhooks",
        operation_id="createEndpoint",
        openapi_extra=json_body(EndpointRequest.model_json_schema()),
        **documented(Reply[NewEndpoint], 401, 403, 408, 409, 413, 415, 429),
    )
    async def create_endpoint(request: Request, key: Key = admin) -> Response:
        """Add an endpoint; its secret is shown this once."""
        wanted = _endpoint_request(await read_object(request))
        endpoint, secret = await run_in_threadpool(
            services.endpoints.create, key.id, wanted.url, wanted.event_types, timeout_s=JUDGE_S
        )
        return success(_endpoint_body(endpoint) | {"secret": secret})

    @router.get("/webhooks", operation_id="listEndpoints", **documented(Reply[EndpointList], 401, 403, 429))
    async def list_endpoints(key: Key = admin) -> Response:
        """List the key's endpoints, oldest first, without their secrets."""
        own = await run_in_threadpool(services.endpoints.list, key.id)
        return success({"endpoints": [_endpoint_body(endpoint) for endpoint in own]})

    @router.get(
        "/webhooks/{endpoint_id}",
        operation_id="readEndpoint",
        **documented(Reply[EndpointBody], 401, 403, 404, 429),
    )
    async def read_endpoint(endpoint_id: str, key: Key = admin) -> Response:
        """Read an endpoint."""
        return success(_endpoint_body(await run_in_threadpool(services.endpoints.get, key.id, endpoint_id)))

    @router.delete(
        "/webhooks/{endpoint_id}",
        operation_id="deleteEndpoint",
        **documented(Reply[Deleted], 401, 403, 404, 413, 429),
    )
    async def delete_endpoint(endpoint_id: str, request: Request, key: Key = admin) -> Response:
        """Remove an endpoint; what is still on its way to it is dropped."""
        await drop_body(request)
        await run_in_threadpool(services.endpoints.delete, key.id, endpoint_id)
        return success({"id": endpoint_id, "deleted": True})

    _add_actions(router, services, admin)
    return router


def _add_actions(router: APIRouter, services: Services, admin: Any) -> None:
    @router.post(
        "/webhooks/{endpoint_id}/rotate",
        operation_id="rotateEndpoint",
        **documented(Reply[NewSecret], 401, 403, 404, 413, 429),
    )
    async def rotate_endpoint(endpoint_id: str, request: Request, key: Key = admin) -> Response:
        """Give an endpoint a new secret; for 24 hours messages are signed with both."""
        await drop_body(request)
        secret = await run_in_threadpool(services.endpoints.rotate_secret, key.id, endpoint_id)
        return success({"id": endpoint_id, "secret": secret})

    @router.post(
        "/webhooks/{endpoint_id}/enable",
        operation_id="enableEndpoint",
        **documented(Reply[EndpointBody], 401, 403, 404, 413, 429),
    )
    async def enable_endpoint(endpoint_id: str, request: Request, key: Key = admin) -> Response:
        """Switch an endpoint on again that answered 410."""
        await drop_body(request)
        await run_in_threadpool(services.endpoints.switch_on, key.id, endpoint_id)
        return success(_endpoint_body(await run_in_threadpool(services.endpoints.get, key.id, endpoint_id)))

    @router.post(
        "/webhooks/{endpoint_id}/test",
        operation_id="testEndpoint",
        **documented(Reply[Answered], 401, 403, 404, 409, 413, 429),
    )
    async def test_endpoint(endpoint_id: str, request: Request, key: Key = admin) -> Response:
        """Send a test message now, once, and tell what the receiver answered."""
        await drop_body(request)
        answer = await run_in_threadpool(services.courier.send_test, key.id, endpoint_id)
        return success({"delivered": answer.is_success, "status": answer.status, "error": answer.error})


def _add_deliveries(router: APIRouter, services: Services, admin: Any) -> None:
    @router.get(
        "/deliveries", operation_id="listDeliveries", **documented(Reply[DeliveryList], 401, 403, 429)
    )
    async def list_deliveries(key: Key = admin, state: StateWord = None, limit: Limit = 100) -> Response:
        """List the latest deliveries, newest first."""
        found = await run_in_threadpool(services.outbox.list, key.id, state, limit)
        return success({"deliveries": [_delivery_body(delivery) for delivery in found]})

    @router.get(
        "/deliveries/{delivery_id}",
        operation_id="readDelivery",
        **documented(Reply[LoggedDelivery], 401, 403, 404, 429),
    )
    async def read_delivery(delivery_id: str, key: Key = admin) -> Response:
        """Read a delivery with every attempt at it, oldest first."""
        delivery, log = await run_in_threadpool(services.outbox.read, key.id, delivery_id)
        return success(_delivery_body(delivery) | {"log": [_attempt_body(attempt) for attempt in log]})

    @router.post(
        "/deliveries/{delivery_id}/replay",
        operation_id="replayDelivery",
        **documented(Reply[Replayed], 401, 403, 404, 409, 413, 429),
    )
    async def replay_delivery(delivery_id: str, request: Request, key: Key = admin) -> Response:
        """Send a message that ended once more, under its old id."""
        await drop_body(request)
        await run_in_threadpool(services.outbox.replay, key.id, delivery_id)
        return success({"id": delivery_id, "state": "pending"})


def _endpoint_request(body: dict[str, Any]) -> EndpointRequest:
    """Check the body of a new endpoint.

    Raises:
        BadOption: a field is unknown, missing or wrong.
    """
    present = {name: value for name, value in body.items() if value is not None}
    check_names(present, EndpointRequest.model_fields)
    try:
        return EndpointRequest.model_validate(present)
    except ValidationError as error:
        raise bad_option(error, present) from None


def _endpoint_body(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "event_types": list(endpoint.event_types),
        "active": endpoint.active,
        "created_at": endpoint.created_ms,
    }


def _delivery_body(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "task_id": delivery.task,
        "endpoint_id": delivery.endpoint,
        "url": delivery.url,
        "event_type": delivery.event_type,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_at": delivery.next_ms,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
        "created_at": delivery.created_ms,
        "delivered_at": delivery.delivered_ms,
    }


def _attempt_body(attempt: LoggedAttempt) -> dict[str, Any]:
    return {
        "attempt": attempt.attempt,
        "begun_at": attempt.begun_ms,
        "ms": attempt.took_ms,
        "status": attempt.status,
        "error": attempt.error,
        "outcome": attempt.outcome,
    }
