"""Routes for operators: is it alive, can it work, how does it do."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from talkies.database import reading, tasks
from talkies.errors import TalkiesError
from talkies.server.answers import JSONReply, refusal
from talkies.server.exchange import exchange_of
from talkies.server.metrics import Metrics
from talkies.server.services import Services
from talkies.server.shapes import Health, Refusal

KEPT_S = 2.0  # for how long a finding about readiness stands: finding it writes to storage


def routes(services: Services, metrics: Metrics) -> APIRouter:
    """Make the routes for operators. They need no key: keep them from the public by the proxy."""
    router = APIRouter(tags=["Operation"])
    readiness = _Readiness(services)
    answers: dict[int | str, dict[str, Any]] = {200: {"model": Health}}

    @router.get("/health/live", operation_id="readLiveness", responses=answers, response_model=None)
    async def read_liveness() -> Response:
        """Answer at all: the process runs."""
        return JSONReply({"status": "ok"})

    @router.get(
        "/health/ready",
        operation_id="readReadiness",
        responses=answers | {503: {"model": Refusal}},
        response_model=None,
    )
    async def read_readiness(request: Request) -> Response:
        """Tell whether the database answers and the storage takes files."""
        trouble = await run_in_threadpool(readiness.trouble)
        if trouble is None:
            return JSONReply({"status": "ok"})
        return refusal(
            503,
            trouble,
            kind="not_ready",
            request_id=exchange_of(request).request_id,
            retryable=True,
            headers={"Retry-After": "2"},
        )

    @router.get(
        "/metrics",
        operation_id="readMetrics",
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, 503: {"model": Refusal}},
        response_class=Response,
    )
    async def read_metrics() -> Response:
        """Give the figures in Prometheus' text format."""
        return Response(await run_in_threadpool(metrics.scrape), media_type=CONTENT_TYPE_LATEST)

    return router


class _Readiness:
    """Whether tasks can be taken in now."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._found: str | None = None
        self._found_at = -KEPT_S

    def trouble(self) -> str | None:
        """Say what is wrong, or None."""
        if time.monotonic() - self._found_at >= KEPT_S:
            self._found = self._look()
            self._found_at = time.monotonic()
        return self._found

    def _look(self) -> str | None:
        try:
            with reading(self._services.database) as connection:
                connection.execute(select(tasks.c.id).limit(1))
            self._services.storage.check_writable()
        except DBAPIError:
            return "the database does not answer"
        except TalkiesError as error:
            return str(error)
        return None
