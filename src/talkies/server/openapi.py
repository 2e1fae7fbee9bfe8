"""The OpenAPI document, brought in line with what the server truly answers."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

DESCRIPTION = """\
Image-to-video with sound. Submit a picture and a sentence, poll the task, download an MP4.

The paths and shapes are those of the Modellix gateway's published API for Seedance 1.5 Pro: clients written
for it work by changing the base URL and the key. What goes beyond it: progress, cancel, list, delete, event
streams, idempotency keys and webhooks.

- Every error is `{"code": <HTTP status>, "message": "<Category>: <detail>", "error": {…}}`.
- An explicit `null` in a request means that the field is absent. Unknown fields are refused.
- Every answer has the header `X-Request-Id`; a harmless one of your own is taken over.
- Answers to a valid key have `X-RateLimit-Limit`, `X-RateLimit-Remaining`, `X-RateLimit-Reset` (Unix
  seconds), and the `RateLimit` fields of the IETF draft; a 429 also has `Retry-After`.
- Links to files need no key, work for a day by default, and are made anew at each read of their task.
"""
_OURS = "#/components/schemas/Refusal"
_FOREIGN = ("HTTPValidationError", "ValidationError")
_HEADERS = {
    "X-Request-Id": {"description": "The request's id, as in the log.", "schema": {"type": "string"}},
}


def document(app: FastAPI) -> dict[str, Any]:
    """Make the OpenAPI document of an app, once; FastAPI's own 422 gives way to the published 400."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
        for item in made["paths"].values():
            for operation in item.values():
                _correct(operation)
        for name in _FOREIGN:
            made["components"]["schemas"].pop(name, None)
        app.openapi_schema = made
    return app.openapi_schema


def _correct(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    unprocessable = answers.get("422", {})
    if unprocessable and _OURS not in str(unprocessable):
        del answers["422"]
    for answer in answers.values():
        answer.setdefault("headers", {}).update(_HEADERS)
