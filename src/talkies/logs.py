"""Logs: one event a line on stderr, a fixed message with fields; as text, or as one JSON object.

No prompt, key, link or picture belongs into a log line. What slips in through a library's message or a
field's name is masked here, and of a traceback only the places are kept, since its text may quote anything.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Any

import structlog

MASK = "***"

_SECRET_FIELDS = frozenset(
    {
        "prompt",
        "text",
        "authorization",
        "key",
        "api_key",
        "secret",
        "url",
        "link",
        "signature",
        "picture",
        "image",
    }
)
_SECRETS = re.compile(
    r"\b(tk_|whsec_)[\w+/=-]+"  # our keys and webhook secrets
    r"|(?<=[?&])(signature|expires)=[^&\s]+"  # signed links
    r"|\bBearer\s+\S+"
    r"|\bdata:[\w/+.-]*;base64,[\w+/=-]+",
    re.IGNORECASE,
)
_CHATTY = ("httpx", "httpcore", "alembic", "asyncio", "multipart", "python_multipart")
"""Libraries whose `info` is our `debug`."""

Event = MutableMapping[str, Any]


@dataclass(frozen=True)
class Style:
    """How to log: the least level, and whether each line is a JSON object."""

    level: str = "info"
    as_json: bool = False


def configure(style: Style) -> None:
    """Send the events of talkies and the records of all libraries to stderr in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _shorten_traceback,
        mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style.as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(style.level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(
            max(logging.WARNING, root.level) if root.level > logging.DEBUG else 0
        )


def mask(logger: object, method: str, event: Event) -> Event:
    """Cover what must not be read by whoever reads logs.

    >>> mask(None, "info", {"event": "sent to /f?expires=1&signature=ab", "prompt": "A cat."})
    {'event': 'sent to /f?***&***', 'prompt': '***'}
    """
    del logger, method
    for name, value in event.items():
        if name in _SECRET_FIELDS:
            event[name] = MASK
        elif isinstance(value, str):
            event[name] = _SECRETS.sub(MASK, value)
    return event


def _shorten_traceback(logger: object, method: str, event: Event) -> Event:
    """Replace an exception by its type and the places that it passed: its own text may quote the caller."""
    del logger, method
    found = event.pop("exc_info", None)
    error = sys.exception() if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["places"] = " < ".join(
            f"{Path(place.filename).name}:{place.lineno} {place.name}"
            for place in reversed(extract_tb(error.__traceback__))
        )
    return event
