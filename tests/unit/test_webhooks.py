from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import TimeoutError as PoolTimeout
from standardwebhooks import Webhook, WebhookVerificationError
from structlog.testing import LogCapture
from tests.conftest import PATIENCE_S, wait_for

from talkies.database import api_keys, connect, deliveries, tasks, upgrade
from talkies.errors import BadOption, Conflict, NotFound
from talkies.keys import KeyStore
from talkies.outbound import Outbound
from talkies.spec import Spec
from talkies.task_queue import NewTask, TaskQueue
from talkies.webhooks import Answer, Courier, Endpoints, Outbox
from talkies.webhooks.outbox import DELAYS_S

TIMEOUT_S = 30.0  # of an attempt; tests of receivers that hang have their own
CLOCK_S = 0.01  # the database counts whole milliseconds


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A caller's server: answers with `script` in turn, then with 204; remembers what came."""

    url: str = ""
    script: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    hangs: threading.Event | None = None

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.received]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.received.append(Received({k.lower(): v for k, v in self.headers.items()}, body))
            if receiver.hangs is not None:
                receiver.hangs.wait(PATIENCE_S)
            status, headers = receiver.script.pop(0) if receiver.script else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815  (a redirect would be followed by GET)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "talkies.db"
    engine = connect(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture
def engine(empty_database: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{shutil.copy(empty_database, tmp_path)}")
    yield engine
    engine.dispose()


@pytest.fixture
def owner(engine: Engine) -> str:
    return KeyStore(engine).create("test")[0].id


@pytest.fixture
def outbound() -> Outbound:
    return Outbound(["127.0.0.0/8"])


@pytest.fixture
def endpoints(engine: Engine, outbound: Outbound) -> Endpoints:
    return Endpoints(engine, outbound)


@pytest.fixture
def courier(engine: Engine, outbound: Outbound) -> Courier:
    return Courier(engine, outbound, timeout_s=TIMEOUT_S)


def _cancel_a_task(engine: Engine, owner: str, callback_url: str | None = None) -> str:
    """Make a task and end it, which puts its messages into the outbox."""
    queue = TaskQueue(engine)
    spec = Spec(prompt="A cat waves", seed=1, first_frame="0" * 64)
    new = NewTask(owner=owner, model="m", engine="animatic", spec=spec, callback_url=callback_url)
    task, _ = queue.submit(new)
    queue.cancel(owner, task.id)
    return task.id


def _all_due(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.state == "pending").values(next_ms=0))


def _deliver_until_the_end(engine: Engine, courier: Courier) -> int:
    sent = 0
    while sent_now := courier.deliver_due():
        sent += sent_now
        _all_due(engine)
    return sent


def _callback_secret(engine: Engine, owner: str) -> str:
    with engine.connect() as connection:
        secret: str = connection.execute(
            select(api_keys.c.callback_secret).where(api_keys.c.id == owner)
        ).scalar_one()
        return secret


def _fail_once(engine: Engine, courier: Courier) -> tuple[float, float]:
    """Make an attempt that fails; give the most and the least seconds that the next one may be put off."""
    began_s = datetime.now(UTC).timestamp()
    courier.deliver_due()
    ended_s = datetime.now(UTC).timestamp()
    with engine.connect() as connection:
        next_s = connection.execute(select(deliveries.c.next_ms)).scalar_one() / 1000
    return next_s - began_s, next_s - ended_s


def test_a_message_reaches_its_endpoint_and_the_standard_library_verifies_it(
    engine: Engine, owner: str, endpoints: Endpoints, courier: Courier, receiver: Receiver
) -> None:
    _, secret = endpoints.create(owner, receiver.url, timeout_s=TIMEOUT_S)
    task = _cancel_a_task(engine, owner)

    assert courier.deliver_due() == 1

    [message] = receiver.received
    body = Webhook(secret).verify(message.body, message.headers)
    assert body["type"] == "task.canceled"
    assert body["data"]["id"] == task
    assert body["timestamp"].endswith("Z")
    assert message.headers["content-type"] == "application/json"
    assert len(message.body) < 20_000
    [delivery] = Outbox(engine).list(owner)
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("delivered", 1, 204)


def test_a_callback_url_is_signed_with_the_secret_of_its_key(
    engine: Engine, owner: str, courier: Courier, receiver: Receiver
) -> None:
    _cancel_a_task(engine, owner, receiver.url)

    courier.deliver_due()

    [message] = receiver.received
    Webhook(_callback_secret(engine, owner)).verify(message.body, message.headers)


def test_row_63_a_changed_body_does_not_verify(
    engine: Engine, owner: str, courier: Courier, receiver: Receiver
) -> None:
    _cancel_a_task(engine, owner, receiver.url)
    courier.deliver_due()
    [message] = receiver.received

    reordered = json.dumps(dict(reversed(json.loads(message.body).items()))).encode()

    for body in (message.body.replace(b"canceled", b"succeeded"), reordered):
        with pytest.raises(WebhookVerificationError):
            Webhook(_callback_secret(engine, owner)).verify(body, message.headers)


def test_row_63_an_old_message_does_not_verify(
    engine: Engine, owner: str, courier: Courier, receiver: Receiver
) -> None:
    _cancel_a_task(engine, owner, receiver.url)
    courier.deliver_due()
    [message] = receiver.received
    secret = _callback_secret(engine, owner)
    ten_minutes_ago = datetime.now(UTC) - timedelta(minutes=10)
    message_id = message.headers["webhook-id"]
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(ten_minutes_ago.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, ten_minutes_ago, message.body.decode()),
    }

    with pytest.raises(WebhookVerificationError, match="old"):
        Webhook(secret).verify(message.body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(
            message.body, message.headers | {"webhook-timestamp": headers["webhook-timestamp"]}
        )


def test_row_60_retries_repeat_id_and_body_under_a_fresh_timestamp_until_2xx(
    engine: Engine, owner: str, courier: Courier, receiver: Receiver
) -> None:
    receiver.script = [(500, {}), (500, {}), (404, {})]
    _cancel_a_task(engine, owner, receiver.url)

    assert _deliver_until_the_end(engine, courier) == 4

    assert len(set(receiver.ids)) == 1
    assert len({message.body for message in receiver.received}) == 1
    for message in receiver.received:
        Webhook(_callback_secret(engine, owner)).verify(message.body, message.headers)
    assert Outbox(engine).list(owner)[0].state == "delivered"


@pytest.mark.parametrize("attempts", range(1, 10))
def test_the_delay_after_each_attempt_is_the_published_one(
    engine: Engine, owner: str, courier: Courier, receiver: Receiver, attempts: int
) -> None:
    receiver.script = [(500, {})]
    _cancel_a_task(engine, owner, receiver.url)
    with engine.begin() as connection:
        connection.execute(update(deliveries).values(attempts=attempts - 1))

    most_s, least_s = _fail_once(engine, courier)

    assert most_s >= DELAYS_S[attempts] - CLOCK_S
    assert least_s <= 1.1 * DELAYS_S[attempts] + CLOCK_S


def test_a_message_fails_after_ten_attempts(
    engine: Engine, owner: str, courier: Courier, receiver: Receiver
) -> None:
    receiver.script = [(500, {})] * 20
    _cancel_a_task(engine, owner, receiver.url)

    assert _deliver_until_the_end(engine, courier) == 10

    [delivery] = Outbox(engine).list(owner, state="failed")
    assert (delivery.attempts, delivery.last_status, delivery.next_ms) == (10, 500, None)


def test_row_60_a_redirect_is_a_failure_and_is_not_followed(
    engine: Engine, owner: str, courier: Courier, receiver: Receiver
) -> None:
    receiver.script = [(302, {"Location": receiver.url + "/elsewhere"})]
    _cancel_a_task(engine, owner, receiver.url)

    courier.deliver_due()

    assert len(receiver.received) == 1
    assert Outbox(engine).list(owner)[0].last_status == 302


def test_row_60_an_endpoint_that_answers_410_hears_nothing_more_until_it_is_switched_on(
    engine: Engine, owner: str, endpoints: Endpoints, courier: Courier, receiver: Receiver
) -> None:
    endpoint, _ = endpoints.create(owner, receiver.url, timeout_s=TIMEOUT_S)
    receiver.script = [(410, {})]
    _cancel_a_task(engine, owner)

    courier.deliver_due()
    _cancel_a_task(engine, owner)
    assert courier.deliver_due() == 0

    assert not endpoints.get(owner, endpoint.id).active
    assert Outbox(engine).list(owner)[0].state == "failed"
    endpoints.switch_on(owner, endpoint.id)
    _cancel_a_task(engine, owner)
    assert courier.deliver_due() == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_row_60_retry_after_puts_the_next_attempt_off(
    engine: Engine, owner: str, courier: Courier, receiver: Receiver, status: int, as_date: bool
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    receiver.script = [(status, {"Retry-After": date if as_date else "600"})]
    _cancel_a_task(engine, owner, receiver.url)

    most_s, least_s = _fail_once(engine, courier)

    assert most_s >= 600 - 1  # a date has no fractions of a second
    assert least_s <= 600 + CLOCK_S


@pytest.mark.parametrize(
    "value",
    [
        "99999999999999999999",
        "-5",
        "soon",
        "",
        "Mon, 99 Foo 2026",
        "1e9",
        "Mon, 01 Jan 99999999999 00:00:00 GMT",
        "Mon, 01 Jan 2027 00:00:00 +9999999999999",
    ],
)
def test_a_strange_retry_after_puts_it_off_by_a_day_at_most(
    engine: Engine, owner: str, courier: Courier, receiver: Receiver, value: str
) -> None:
    receiver.script = [(503, {"Retry-After": value})]
    _cancel_a_task(engine, owner, receiver.url)

    most_s, least_s = _fail_once(engine, courier)

    assert most_s >= DELAYS_S[1] - CLOCK_S
    assert least_s <= 86_400 + CLOCK_S


def test_row_60_a_receiver_that_hangs_costs_one_timeout(
    engine: Engine, owner: str, outbound: Outbound, receiver: Receiver
) -> None:
    receiver.hangs = threading.Event()
    _cancel_a_task(engine, owner, receiver.url)

    Courier(engine, outbound, timeout_s=0.3).deliver_due()

    receiver.hangs.set()
    [delivery] = Outbox(engine).list(owner)
    assert delivery.state == "pending"
    assert "no complete answer in time" in (delivery.last_error or "")


def test_row_61_a_private_target_is_refused_at_delivery_and_no_connection_is_made(
    engine: Engine, owner: str, receiver: Receiver
) -> None:
    _cancel_a_task(engine, owner, receiver.url)

    Courier(engine, Outbound(), timeout_s=TIMEOUT_S).deliver_due()

    assert receiver.received == []
    assert "not allowed" in (Outbox(engine).list(owner)[0].last_error or "")


def test_row_61_a_name_that_turns_to_a_private_address_is_refused_at_delivery(
    engine: Engine, owner: str
) -> None:
    answers = [("93.184.215.14", 443), ("127.0.0.1", 443)]

    def resolver(*_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", answers.pop(0))]

    outbound = Outbound(resolver=resolver)
    Endpoints(engine, outbound).create(owner, "https://hook.example.com/", timeout_s=TIMEOUT_S)
    _cancel_a_task(engine, owner)

    Courier(engine, outbound, timeout_s=TIMEOUT_S).deliver_due()

    assert "address is not public" in (Outbox(engine).list(owner)[0].last_error or "")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1/hook", "address_not_public"),
        ("https://localhost/hook", "address_not_public"),
        ("https://[::1]/", "address_not_public"),
        ("ftp://example.com/", "scheme_not_allowed"),
        ("https://user:word@example.com/", "credentials_in_url"),
        ("https://example.com:8080/", "port_not_allowed"),
        ("hook", "bad_url"),
        ("https://example.com/" + "x" * 3_000, "bad_url"),
    ],
)
def test_row_61_a_target_that_is_not_allowed_is_refused_when_it_is_named(
    engine: Engine, owner: str, url: str, reason: str
) -> None:
    with pytest.raises(BadOption) as refused:
        Endpoints(engine, Outbound()).create(owner, url, timeout_s=TIMEOUT_S)

    assert refused.value.reason == reason
    assert refused.value.parameter == "url"


def test_plain_http_goes_to_allowed_networks_only_when_https_is_asked_for(
    engine: Engine, owner: str, receiver: Receiver
) -> None:
    outbound = Outbound(["127.0.0.0/8"], public_schemes=frozenset({"https"}))
    endpoints = Endpoints(engine, outbound)

    endpoints.create(owner, receiver.url, timeout_s=TIMEOUT_S)

    with pytest.raises(BadOption, match="not allowed"):
        endpoints.create(owner, "http://93.184.215.14/hook", timeout_s=TIMEOUT_S)


def test_row_62_both_secrets_sign_while_a_rotation_overlaps_and_only_the_new_one_after_it(
    engine: Engine, owner: str, endpoints: Endpoints, courier: Courier, receiver: Receiver
) -> None:
    endpoint, old = endpoints.create(owner, receiver.url, timeout_s=TIMEOUT_S)
    during = endpoints.rotate_secret(owner, endpoint.id, overlap_s=3600)
    _cancel_a_task(engine, owner)
    courier.deliver_due()
    after = endpoints.rotate_secret(owner, endpoint.id, overlap_s=0)
    _cancel_a_task(engine, owner)
    courier.deliver_due()

    first, second = receiver.received
    for secret in (old, during):
        Webhook(secret).verify(first.body, first.headers)
    Webhook(after).verify(second.body, second.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(during).verify(second.body, second.headers)


def test_an_endpoint_hears_only_the_events_that_it_asked_for(
    engine: Engine, owner: str, endpoints: Endpoints, courier: Courier, receiver: Receiver
) -> None:
    endpoints.create(owner, receiver.url, ["task.succeeded", "task.failed"], timeout_s=TIMEOUT_S)

    _cancel_a_task(engine, owner)

    assert courier.deliver_due() == 0


@pytest.mark.parametrize("event_types", [[], ["task.finished"], ["*", "x"]])
def test_an_unknown_event_type_is_refused_with_the_known_ones(
    owner: str, endpoints: Endpoints, receiver: Receiver, event_types: list[str]
) -> None:
    with pytest.raises(BadOption, match=r"task\.succeeded"):
        endpoints.create(owner, receiver.url, event_types, timeout_s=TIMEOUT_S)


def test_another_owner_neither_sees_nor_changes_an_endpoint(
    engine: Engine, owner: str, endpoints: Endpoints, receiver: Receiver
) -> None:
    endpoint, _ = endpoints.create(owner, receiver.url, timeout_s=TIMEOUT_S)
    stranger = KeyStore(engine).create("stranger")[0].id

    assert endpoints.list(stranger) == ()
    for change in (endpoints.delete, endpoints.rotate_secret, endpoints.switch_on, endpoints.get):
        with pytest.raises(NotFound):
            change(stranger, endpoint.id)
    assert endpoints.list(owner) == (endpoint,)


def test_what_is_on_its_way_to_a_deleted_endpoint_is_dropped_and_others_go_on(
    engine: Engine, owner: str, endpoints: Endpoints, courier: Courier, receiver: Receiver
) -> None:
    endpoint, _ = endpoints.create(owner, receiver.url, timeout_s=TIMEOUT_S)
    _cancel_a_task(engine, owner)
    endpoints.delete(owner, endpoint.id)
    _cancel_a_task(engine, owner, receiver.url)

    assert courier.deliver_due() == 1

    assert sorted(delivery.state for delivery in Outbox(engine).list(owner)) == ["delivered", "dropped"]


def test_a_retry_after_the_end_of_the_result_is_dropped_with_the_reason_and_what_its_attempt_met(
    engine: Engine, owner: str, courier: Courier, receiver: Receiver
) -> None:
    receiver.script = [(500, {})]
    _cancel_a_task(engine, owner, receiver.url)
    with engine.begin() as connection:
        connection.execute(update(tasks).values(result_expires_ms=1))

    courier.deliver_due()

    outbox = Outbox(engine)
    [delivery] = outbox.list(owner)
    _, [line] = outbox.read(owner, delivery.id)
    assert delivery.state == "dropped"
    assert "result will be gone" in (delivery.last_error or "")
    assert (line.status, line.outcome) == (500, "dropped")


def test_every_attempt_is_a_line_of_the_delivery_log(
    engine: Engine, owner: str, endpoints: Endpoints, courier: Courier, receiver: Receiver
) -> None:
    endpoint, _ = endpoints.create(owner, receiver.url, ["task.canceled"], timeout_s=TIMEOUT_S)
    receiver.script = [(500, {}), (204, {}), (410, {})]
    _cancel_a_task(engine, owner)
    _deliver_until_the_end(engine, courier)
    outbox = Outbox(engine)
    [delivery] = outbox.list(owner)
    outbox.replay(owner, delivery.id)
    courier.deliver_due()

    read, log = outbox.read(owner, delivery.id)

    assert (read.id, read.endpoint, read.state) == (delivery.id, endpoint.id, "failed")
    assert [(line.attempt, line.status, line.error, line.outcome) for line in log] == [
        (1, 500, None, "retried"),
        (2, 204, None, "delivered"),
        (1, 410, None, "failed"),
    ]
    assert all(line.took_ms is not None and line.took_ms >= 0 for line in log)
    assert outbox.tally().attempts == {"retried": 1, "delivered": 1, "failed": 1}


def test_an_attempt_whose_courier_died_has_no_end_and_a_late_one_says_so(
    engine: Engine, owner: str, receiver: Receiver
) -> None:
    outbox = Outbox(engine)
    _cancel_a_task(engine, owner, receiver.url)
    late = outbox.claim(lease_s=0)
    assert late is not None
    assert outbox.claim(lease_s=0) is not None
    in_time = outbox.claim(lease_s=60)
    assert in_time is not None

    outbox.record(in_time, Answer(status=200))
    outbox.record(late, Answer(status=500))

    _, log = outbox.read(owner, late.delivery)
    assert [line.outcome for line in log] == ["late", None, "delivered"]
    assert outbox.list(owner)[0].state == "delivered"


def test_a_delivery_of_another_owner_is_not_found(engine: Engine, owner: str, receiver: Receiver) -> None:
    _cancel_a_task(engine, owner, receiver.url)
    [delivery] = Outbox(engine).list(owner)

    with pytest.raises(NotFound):
        Outbox(engine).read("somebody", delivery.id)


def test_an_attempt_is_one_log_line_without_url_and_secret(
    engine: Engine,
    owner: str,
    endpoints: Endpoints,
    courier: Courier,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = LogCapture()
    monkeypatch.setattr(
        "talkies.webhooks.courier.log", structlog.wrap_logger(structlog.PrintLogger(), processors=[lines])
    )
    endpoint, _ = endpoints.create(owner, f"{receiver.url}?token=abc", timeout_s=TIMEOUT_S)
    receiver.script = [(500, {})]
    _cancel_a_task(engine, owner)
    courier.deliver_due()

    [line] = lines.entries

    [delivery] = Outbox(engine).list(owner)
    assert line.pop("ms") >= 0
    assert line == {
        "event": "webhook sent",
        "log_level": "info",
        "endpoint": endpoint.id,
        "delivery": delivery.id,
        "attempt": 1,
        "event_type": "task.canceled",
        "status": 500,
        "error": None,
    }


def test_a_replay_sends_an_ended_message_again_under_its_old_id(
    engine: Engine, owner: str, courier: Courier, receiver: Receiver
) -> None:
    _cancel_a_task(engine, owner, receiver.url)
    courier.deliver_due()
    [delivery] = Outbox(engine).list(owner)

    Outbox(engine).replay(owner, delivery.id)
    courier.deliver_due()

    assert receiver.ids == [delivery.id, delivery.id]


def test_a_message_under_way_or_of_another_owner_cannot_be_replayed(
    engine: Engine, owner: str, receiver: Receiver
) -> None:
    _cancel_a_task(engine, owner, receiver.url)
    [delivery] = Outbox(engine).list(owner)

    with pytest.raises(Conflict, match="still being delivered"):
        Outbox(engine).replay(owner, delivery.id)
    with pytest.raises(NotFound):
        Outbox(engine).replay("somebody", delivery.id)


def test_a_test_event_is_sent_once_and_its_answer_is_told(
    owner: str, endpoints: Endpoints, courier: Courier, receiver: Receiver
) -> None:
    endpoint, secret = endpoints.create(owner, receiver.url, timeout_s=TIMEOUT_S)
    receiver.script = [(500, {})]

    answer = courier.send_test(owner, endpoint.id)

    [message] = receiver.received
    assert (answer.status, answer.is_success) == (500, False)
    assert Webhook(secret).verify(message.body, message.headers)["type"] == "webhook.test"
    assert courier.deliver_due() == 0


def test_a_claimed_message_comes_back_only_when_its_lease_is_over(
    engine: Engine, owner: str, receiver: Receiver
) -> None:
    outbox = Outbox(engine)
    _cancel_a_task(engine, owner, receiver.url)

    first = outbox.claim(lease_s=60)

    assert first is not None
    assert outbox.claim(lease_s=60) is None
    _all_due(engine)
    second = outbox.claim(lease_s=60)
    assert second is not None
    assert (second.delivery, second.number) == (first.delivery, 2)


def test_a_late_result_of_a_lost_lease_changes_nothing(
    engine: Engine, owner: str, receiver: Receiver
) -> None:
    outbox = Outbox(engine)
    _cancel_a_task(engine, owner, receiver.url)
    late = outbox.claim(lease_s=0)
    current = outbox.claim(lease_s=60)
    assert late is not None
    assert current is not None

    outbox.record(late, Answer(status=410))

    assert outbox.list(owner)[0].state == "pending"
    outbox.record(current, Answer(status=200))
    assert outbox.list(owner)[0].state == "delivered"


def test_couriers_side_by_side_send_each_message_once(
    engine: Engine, owner: str, outbound: Outbound, receiver: Receiver
) -> None:
    for _ in range(60):
        _cancel_a_task(engine, owner, receiver.url)

    with ThreadPoolExecutor(4) as pool:
        couriers = [Courier(engine, outbound, timeout_s=TIMEOUT_S) for _ in range(4)]
        sent = sum(pool.map(Courier.deliver_due, couriers))

    assert sent == 60
    assert len(set(receiver.ids)) == len(receiver.ids) == 60


def test_a_hanging_receiver_does_not_hold_up_the_others(
    engine: Engine, owner: str, outbound: Outbound, receiver: Receiver
) -> None:
    hanging = socket.create_server(("127.0.0.1", 0))
    for _ in range(10):
        _cancel_a_task(engine, owner, f"http://127.0.0.1:{hanging.getsockname()[1]}/")
    for _ in range(10):
        _cancel_a_task(engine, owner, receiver.url)
    stop = threading.Event()
    courier = Courier(engine, outbound, timeout_s=10 * PATIENCE_S, threads=4, poll_s=0.02)
    running = threading.Thread(target=courier.run, args=(stop,))

    running.start()
    try:
        wait_for(lambda: len(receiver.received) == 10)
    finally:
        stop.set()
        hanging.close()  # which ends the attempts that hang on it
        running.join()


def test_an_attempt_that_meets_an_unforeseen_error_failed_like_any_other(
    engine: Engine, owner: str, outbound: Outbound, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: Any, **__: Any) -> None:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(outbound, "exchange", break_down)
    _cancel_a_task(engine, owner, receiver.url)

    assert Courier(engine, outbound, timeout_s=TIMEOUT_S).deliver_due() == 1

    [delivery] = Outbox(engine).list(owner)
    assert (delivery.state, delivery.attempts) == ("pending", 1)
    assert "ask its operator" in (delivery.last_error or "")


def test_a_crowded_connection_pool_ends_no_thread_of_the_courier(
    engine: Engine, owner: str, outbound: Outbound, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowded = [PoolTimeout("no connection is free")]
    claim = Outbox.claim

    def claim_later(*arguments: Any) -> Any:
        if crowded:
            raise crowded.pop()
        return claim(*arguments)

    monkeypatch.setattr(Outbox, "claim", claim_later)
    _cancel_a_task(engine, owner, receiver.url)
    stop = threading.Event()
    courier = Courier(engine, outbound, timeout_s=TIMEOUT_S, threads=1, poll_s=0.02)
    running = threading.Thread(target=courier.run, args=(stop,))

    running.start()
    try:
        wait_for(lambda: receiver.received)
    finally:
        stop.set()
        running.join()

    assert not crowded


def test_a_receiver_that_fails_now_and_then_gets_every_message_in_the_end(
    engine: Engine, owner: str, courier: Courier, receiver: Receiver
) -> None:
    receiver.script = [(500 if number % 10 in (2, 5, 8) else 200, {}) for number in range(150)]
    for _ in range(100):
        _cancel_a_task(engine, owner, receiver.url)

    _deliver_until_the_end(engine, courier)

    assert Outbox(engine).tally().attempts["delivered"] == 100
    assert len(set(receiver.ids)) == 100
