"""Replies in the published envelope: `code` is 0 for success, else the HTTP status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse, Response
from pydantic_core import to_json

from talkies.errors import BadRequest, QueueFull, TalkiesError, TooManyRequests

CATEGORIES: Mapping[int, str] = {
    400: "Invalid parameters",
    401: "Authentication failed",
    403: "Permission denied",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Conflict",
    410: "Gone",
    413: "Request too large",
    415: "Unsupported media type",
    416: "Range not satisfiable",
    422: "Idempotency mismatch",
    429: "Rate limit exceeded",
    500: "Internal error",
    503: "Service unavailable",
    507: "Insufficient storage",
}
"""How the published messages begin, by HTTP status."""

CATEGORIES_OF_REASONS: Mapping[str, str] = {
    "missing": "Missing required parameter",
    "out_of_range": "Value out of range",
    "bad_format": "Invalid format",
}
"""Reasons of bad parameters that the published messages tell apart."""

RETRY_S = 5  # after a refusal that the server itself caused
SHOWN_LENGTH = 60  # characters of a caller's value that come back in a message


class JSONReply(JSONResponse):
    """A reply in JSON, written by pydantic's encoder: half the time of the standard library's."""

    def render(self, content: Any) -> bytes:
        """Write the body as UTF-8."""
        return to_json(content)


def success(data: Any = None, *, headers: Mapping[str, str] | None = None, **beside: Any) -> Response:
    """Answer 200 with `data`; `beside` stands at the top level, as the model list does."""
    body = {"code": 0, "message": "success"} | beside | ({} if data is None else {"data": data})
    return JSONReply(body, headers=dict(headers or {}))


def refusal(
    status: int,
    detail: str,
    *,
    kind: str,
    request_id: str,
    parameter: str | None = None,
    reason: str | None = None,
    retryable: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with an error. `kind` and `reason` are stable words that programs may compare."""
    category = CATEGORIES_OF_REASONS.get(reason or "", CATEGORIES.get(status, "Error"))
    error = {
        "type": kind,
        "param": parameter,
        "reason": reason,
        "retryable": retryable,
        "request_id": request_id,
    }
    return JSONReply(
        {"code": status, "message": f"{category}: {detail}", "error": error},
        status_code=status,
        headers=dict(headers or {}),
    )


def refusal_of(error: TalkiesError, request_id: str) -> Response:
    """Answer with an error of talkies, whose text is meant for users."""
    status = error.http_status
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="talkies"'
    if isinstance(error, TooManyRequests | QueueFull):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        headers["Retry-After"] = str(RETRY_S)
    return refusal(
        status,
        str(error),
        kind=error.code,
        request_id=request_id,
        parameter=error.parameter if isinstance(error, BadRequest) else None,
        reason=error.reason if isinstance(error, BadRequest) else None,
        retryable=error.retryable,
        headers=headers,
    )


def shown(value: object) -> str:
    """Write a caller's value for a message: short, on one line, and in ASCII.

    >>> shown("a\\nb"), shown(13)
    ('"a\\\\nb"', '13')
    """
    text = json.dumps(value[:SHOWN_LENGTH] if isinstance(value, str) else value, default=str)
    return text if len(text) <= 2 * SHOWN_LENGTH else f"{text[: 2 * SHOWN_LENGTH]}…"
