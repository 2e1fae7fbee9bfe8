"""A client that costs less than any server it loads: HTTP/1.1 over kept connections, written by hand.

httpx and its like take longer to send a request than the server to answer it, on the same cores.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.figures import percentile

HOST = "127.0.0.1"
REPLY_S = 60.0  # a reply that takes longer is an error, not a slow reply


@dataclass(frozen=True)
class Load:
    """What some requests took, in seconds each and all together, and the bodies of their replies."""

    taken_s: tuple[float, ...]
    wall_s: float
    bodies: tuple[bytes, ...]

    @property
    def per_s(self) -> float:
        """Requests in a second."""
        return len(self.taken_s) / self.wall_s

    @property
    def median_ms(self) -> float:
        """What half of the requests took at most."""
        return 1000 * statistics.median(self.taken_s)

    @property
    def p99_ms(self) -> float:
        """What 99 of 100 requests took at most."""
        return 1000 * percentile(self.taken_s, 0.99)


def request(method: str, path: str, *, key: str | None = None, body: object = None) -> bytes:
    """Write a request with an API key and a JSON body, where given."""
    content = b"" if body is None else json.dumps(body).encode("utf-8")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    if key is not None:
        lines.append(f"Authorization: Bearer {key}")
    if content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + content


async def send_all(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Send requests over some connections, each one as soon as its connection has its last reply.

    Raises:
        RuntimeError: a reply has another status than 200.
    """
    opened = await asyncio.gather(*(asyncio.open_connection(HOST, port) for _ in range(connections)))
    rest = iter(requests)
    began = time.perf_counter()
    try:
        shares = await asyncio.gather(*(_send_some(reader, writer, rest) for reader, writer in opened))
        wall_s = time.perf_counter() - began
    finally:
        for _, writer in opened:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in opened))
    replies = [reply for share in shares for reply in share]
    return Load(tuple(seconds for seconds, _ in replies), wall_s, tuple(body for _, body in replies))


async def open_streams(port: int, requests: Iterable[bytes]) -> list[Stream]:
    """Open an event stream for each request, all at once; each has had its first event when this returns."""
    return list(await asyncio.gather(*(Stream.open(port, request) for request in requests)))


class Stream:
    """One event stream that is held open. `first_event_s` is what its first event took, from connecting."""

    def __init__(self, writer: asyncio.StreamWriter, first_event_s: float) -> None:
        self._writer = writer
        self.first_event_s = first_event_s

    @classmethod
    async def open(cls, port: int, request: bytes) -> Stream:
        """Open it and wait for its first event.

        Raises:
            RuntimeError: the reply has another status than 200.
        """
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(request)
        async with asyncio.timeout(REPLY_S):
            _check(await reader.readuntil(b"\r\n\r\n"))
            await reader.readuntil(b"data:")
        return cls(writer, time.perf_counter() - began)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def _send_some(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rest: Iterator[bytes]
) -> list[tuple[float, bytes]]:
    """Send requests until there are no more; give seconds and body of each reply."""
    replies = []
    for request in rest:
        began = time.perf_counter()
        writer.write(request)
        async with asyncio.timeout(REPLY_S):
            body = await _read_reply(reader)
        replies.append((time.perf_counter() - began, body))
    return replies


async def _read_reply(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    _, _, behind = head.lower().partition(b"content-length:")
    body = await reader.readexactly(int(behind.partition(b"\r\n")[0]))
    _check(head, body)
    return body


def _check(head: bytes, body: bytes = b"") -> None:
    if not head.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"not the reply that is measured: {head!r} {body!r}")
