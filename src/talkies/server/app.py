"""The application: its parts put together, its errors put into the published words."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Match

from talkies.errors import BadOption, BadRequest, TalkiesError
from talkies.server import catalogue, events, files, health, tasks, webhook_admin
from talkies.server.answers import refusal, refusal_of, shown
from talkies.server.auth import Authenticator
from talkies.server.catalogue import Catalogue
from talkies.server.exchange import Exchanges, exchange_of
from talkies.server.limits import RateLimit
from talkies.server.metrics import Metrics
from talkies.server.openapi import document
from talkies.server.pictures import Pictures
from talkies.server.reading import Reader
from talkies.server.reference import PAGE_POLICY, to_page
from talkies.server.services import Services
from talkies.server.submitting import Submitter
from talkies.server.uploads import Uploads
from talkies.server.watching import Watch
from talkies.settings import Settings

KEEP_ALIVE_S = 75  # longer than proxies keep an idle connection, so that none is closed under a request


def create_app(services: Services) -> FastAPI:
    """Build the application. Nothing is read or written before the first request."""
    app = FastAPI(
        title="talkies API", version=version("talkies"), openapi_url=None, docs_url=None, redoc_url=None
    )
    metrics = Metrics(services)
    auth = Authenticator(services.keys, RateLimit(services.settings.requests_per_minute, metrics), metrics)
    models = Catalogue(services.settings.engine)
    uploads, reader, watch = Uploads(services), Reader(services), Watch(services.queue)
    pictures = Pictures(services, uploads, metrics)
    submitter = Submitter(services, models, pictures)
    for router in (
        tasks.routes(services, reader, watch, auth),
        events.routes(services, reader, watch, auth),
        files.routes(services, auth, pictures, uploads),
        catalogue.routes(models, auth, services.public_url),
        webhook_admin.routes(services, auth),
        health.routes(services, metrics),
        tasks.submit_routes(submitter, auth, services.public_url),
    ):
        # Flat, unlike `include_router`: one list that is matched fast, and that tells the methods of a path.
        app.router.routes.extend(router.routes)
    _add_reference(app)
    _add_error_answers(app)
    app.add_middleware(Exchanges, settings=services.settings, metrics=metrics)
    return app


def uvicorn_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Configure uvicorn for this application.

    Its own access log is off: it would hold the signatures of links. The application writes one instead.
    """
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(settings.drain_s),
    )


def _add_reference(app: FastAPI) -> None:
    @app.get("/openapi.json", include_in_schema=False)
    async def read_openapi() -> dict[str, Any]:
        return document(app)

    @app.get("/docs", include_in_schema=False)
    async def read_docs() -> HTMLResponse:
        return HTMLResponse(to_page(document(app)), headers={"Content-Security-Policy": PAGE_POLICY})


def _add_error_answers(app: FastAPI) -> None:
    @app.exception_handler(TalkiesError)
    async def answer_known(request: Request, error: TalkiesError) -> Response:
        return refusal_of(error, exchange_of(request).request_id)

    @app.exception_handler(RequestValidationError)
    async def answer_bad_parameter(request: Request, error: RequestValidationError) -> Response:
        return refusal_of(_bad_parameter(error), exchange_of(request).request_id)

    @app.exception_handler(StarletteHTTPException)
    async def answer_http(request: Request, error: HTTPException) -> Response:
        detail, headers = str(error.detail), dict(error.headers or {})
        if error.status_code == 404:
            detail = "no such path; GET /docs shows those that are"
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_allowed(request))
            detail = f"{request.method[:16]} is not possible here; use {headers['Allow']}"
        return refusal(
            error.status_code,
            detail,
            kind="http_error",
            request_id=exchange_of(request).request_id,
            headers=headers,
        )


def _bad_parameter(error: RequestValidationError) -> BadRequest:
    """Put FastAPI's complaint about a query, path or header into the published words."""
    first = error.errors()[0]
    name = str(first["loc"][1]) if len(first["loc"]) > 1 else "request"
    reason = "out_of_range" if "than" in first["type"] or "too" in first["type"] else "bad_format"
    rule = first["msg"].removeprefix("Input should be ").replace("Input should", "must")
    return BadOption(f"parameter '{name}' must be {rule}, got {shown(first.get('input'))}", name, reason)


def _allowed(request: Request) -> list[str]:
    """List the methods of all routes with this path."""
    found: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return sorted(found)
