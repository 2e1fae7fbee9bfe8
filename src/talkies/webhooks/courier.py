"""Carries messages from the outbox to their URLs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import parsedate_to_datetime
from uuid import uuid4

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from talkies.database import current_ms, reading
from talkies.errors import Conflict
from talkies.outbound import ExchangeFailed, Outbound
from talkies.webhooks.endpoints import Endpoints, signing_secrets
from talkies.webhooks.message import signed_headers, to_body
from talkies.webhooks.outbox import Answer, Attempt, Outbox

MAX_PER_URL = 2  # attempts at one URL at once, so that a hanging receiver cannot hold every thread
LEASE_FACTOR = 2.0  # how much longer than the longest attempt a lease lasts
SLOW_DOWN = frozenset({429, 502, 503, 504})  # whose Retry-After is honoured
TEST_EVENT = "webhook.test"
UNFORESEEN = "the server failed to send it; ask its operator"

log = structlog.get_logger(__name__)


class Courier:
    """Sends due messages, each within `timeout_s`; only to what `outbound` lets through, and no redirect
    is followed. Several couriers may share a database: a message is sent by one of them at a time.
    """

    def __init__(
        self, engine: Engine, outbound: Outbound, *, timeout_s: float, threads: int = 8, poll_s: float = 0.5
    ) -> None:
        self._engine = engine
        self._outbox = Outbox(engine)
        self._outbound = outbound
        self._timeout_s = timeout_s
        self._threads = threads
        self._poll_s = poll_s
        self._claiming = threading.Lock()
        self._in_flight: Counter[str] = Counter()

    def run(self, stop: threading.Event) -> None:
        """Send messages as they fall due, in several threads, until `stop` is set; then end what is begun."""
        threads = [
            threading.Thread(target=self._work, args=(stop,), name=f"courier {number}")
            for number in range(self._threads)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def deliver_due(self) -> int:
        """Make one attempt for every message that is due now, one after the other; gives their number."""
        sent = 0
        while self._deliver_one():
            sent += 1
        return sent

    def send_test(self, owner: str, endpoint: str) -> Answer:
        """Send a test message to an endpoint at once, and once only; gives what its receiver answered.

        Raises:
            NotFound: the owner has no such endpoint.
            Conflict: the endpoint is switched off.
        """
        target = Endpoints(self._engine, self._outbound).get(owner, endpoint)
        with reading(self._engine) as connection:
            moment = current_ms(connection)
            secrets = signing_secrets(connection, owner, endpoint, moment)
        if not secrets:
            raise Conflict(f"webhook endpoint {endpoint}: switched off; switch it on first")
        return self._send(
            Attempt(
                delivery=f"msg_{uuid4().hex}",
                endpoint=endpoint,
                number=1,
                url=target.url,
                event_type=TEST_EVENT,
                data={"endpoint": endpoint},
                happened_ms=moment,
                sent_ms=moment,
                secrets=secrets,
            )
        )

    def _work(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                sent = self._deliver_one()
            except DBAPIError as error:
                log.warning("webhooks wait for the database", error=type(error).__name__)
                sent = False
            except Exception:  # a thread that ended here would be missed for good
                log.exception("webhooks wait")
                sent = False
            if not sent:
                stop.wait(self._poll_s)

    def _deliver_one(self) -> bool:
        with self._claimed() as attempt:
            if attempt is None:
                return False
            self._outbox.record(attempt, self._send(attempt))
        return True

    @contextmanager
    def _claimed(self) -> Iterator[Attempt | None]:
        with self._claiming:
            busy = [url for url, count in self._in_flight.items() if count >= MAX_PER_URL]
            attempt = self._outbox.claim(LEASE_FACTOR * self._timeout_s + self._poll_s, busy)
            if attempt is not None:
                self._in_flight[attempt.url] += 1
        try:
            yield attempt
        finally:
            if attempt is not None:
                with self._claiming:
                    self._in_flight[attempt.url] -= 1
                    self._in_flight += Counter()  # forgets the URLs at zero

    def _send(self, attempt: Attempt) -> Answer:
        """Make one attempt, and say so in the log."""
        began_s = time.monotonic()
        answer = replace(self._exchange(attempt), took_s=time.monotonic() - began_s)
        log.info(
            "webhook sent",
            endpoint=attempt.endpoint,
            delivery=attempt.delivery,
            attempt=attempt.number,
            event_type=attempt.event_type,
            status=answer.status,
            error=answer.error,
            ms=round(1000 * answer.took_s, 1),
        )
        return answer

    def _exchange(self, attempt: Attempt) -> Answer:
        body = to_body(attempt.event_type, attempt.happened_ms, attempt.data)
        headers = signed_headers(attempt.delivery, attempt.sent_ms, body, attempt.secrets)
        try:
            status, retry_after = asyncio.run(self._post(attempt.url, headers, body))
        except ExchangeFailed as failed:
            return Answer(error=str(failed))
        except Exception:  # a receiver that nobody foresaw: an attempt like any other that failed
            log.exception("webhook not sent", delivery=attempt.delivery)
            return Answer(error=UNFORESEEN)
        wait_s = _seconds(retry_after, attempt.sent_ms) if status in SLOW_DOWN else 0.0
        return Answer(status=status, retry_after_s=wait_s)

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        async with self._outbound.exchange(
            "POST", url, timeout_s=self._timeout_s, headers=headers, content=body
        ) as response:
            return response.status_code, response.headers.get("retry-after", "")


def _seconds(retry_after: str, now_ms: int) -> float:
    """Read Retry-After: a number of seconds or a date; 0 when it is neither. Source: RFC 9110, 10.2.3."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now_ms / 1000)
    except (ValueError, OverflowError):  # the date is none, or beyond what Python can hold
        return 0.0
