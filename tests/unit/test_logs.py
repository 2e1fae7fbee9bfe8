from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from talkies import logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def configure(level: str = "info") -> None:
    logs.configure(logs.Style(level, as_json=True))


def test_an_event_is_one_json_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure()

    structlog.get_logger("talkies.test").info("task started", task="task-1", attempt=2)

    (line,) = lines(capsys)
    assert (line["event"], line["task"], line["attempt"], line["level"]) == (
        "task started",
        "task-1",
        2,
        "info",
    )


def test_libraries_log_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure()

    logging.getLogger("uvicorn.error").info("Started on %s", 8000)

    assert lines(capsys)[0]["event"] == "Started on 8000"


def test_events_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure("warning")

    structlog.get_logger("talkies.test").info("nothing to see")

    assert lines(capsys) == []


def test_the_request_id_is_on_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure()

    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        structlog.get_logger("talkies.test").info("here")

    assert lines(capsys)[0]["request_id"] == "req-1"


@pytest.mark.parametrize(
    "secret",
    [
        "tk_live_0123456789abcdefghijABCDEFGHIJ",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "signature=a1b2c3",
        "Bearer abcdefgh12345678",
        "data:image/png;base64,iVBORw0KGgo=",
    ],
)
def test_secrets_in_messages_are_masked(capsys: pytest.CaptureFixture[str], secret: str) -> None:
    configure()

    logging.getLogger("some.library").warning("went to http://h/f?%s now", secret)

    assert lines(capsys)[0]["event"] == "went to http://h/f?*** now"


def test_a_prompt_is_masked_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    configure()

    structlog.get_logger("talkies.test").info("submitted", prompt="My secret wish.")

    assert lines(capsys)[0]["prompt"] == logs.MASK


def test_a_traceback_keeps_places_and_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    configure()

    try:
        int("My secret wish.")
    except ValueError:
        structlog.get_logger("talkies.test").exception("went wrong")

    (line,) = lines(capsys)
    assert line["error"] == "ValueError"
    assert "test_logs.py" in str(line["places"])
    assert "secret wish" not in json.dumps(line)
