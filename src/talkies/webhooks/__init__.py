"""Messages to the callers' servers: signed by Standard Webhooks, retried for three days, replayed on request.

Source: the Standard Webhooks specification 1.0.0. A message is sent at least once; all its deliveries carry
the same `webhook-id`, by which a receiver tells repeats.
"""

from __future__ import annotations

from talkies.webhooks.courier import Courier
from talkies.webhooks.endpoints import EVENT_TYPES, Endpoint, Endpoints
from talkies.webhooks.message import new_secret
from talkies.webhooks.outbox import Answer, Delivery, LoggedAttempt, Outbox

__all__ = [
    "EVENT_TYPES",
    "Answer",
    "Courier",
    "Delivery",
    "Endpoint",
    "Endpoints",
    "LoggedAttempt",
    "Outbox",
    "new_secret",
]
