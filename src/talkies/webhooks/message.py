"""What is sent: a small JSON body and the headers that prove who sent it."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """Make a signing secret in the form that every Standard Webhooks library takes."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode('ascii')}"


def to_body(event_type: str, happened_ms: int, data: dict[str, Any]) -> bytes:
    """Write the body; the same message always gives the same bytes.

    >>> to_body("task.succeeded", 0, {"id": "task-1"})
    b'{"type":"task.succeeded","timestamp":"1970-01-01T00:00:00.000Z","data":{"id":"task-1"}}'
    """
    happened = datetime.fromtimestamp(happened_ms / 1000, UTC).isoformat(timespec="milliseconds")
    message = {"type": event_type, "timestamp": happened.replace("+00:00", "Z"), "data": data}
    return json.dumps(message, separators=(",", ":")).encode("ascii")


def signed_headers(
    message_id: str, sent_ms: int, body: bytes, signing_secrets: Sequence[str]
) -> dict[str, str]:
    """Sign one attempt with every valid secret: two while a rotation overlaps."""
    sent = datetime.fromtimestamp(sent_ms // 1000, UTC)
    text = body.decode("ascii")
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(sent_ms // 1000),
        "webhook-signature": " ".join(
            Webhook(secret).sign(message_id, sent, text) for secret in signing_secrets
        ),
    }
