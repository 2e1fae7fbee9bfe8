"""Pictures that a caller names by URL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
from ssrfguard import Resolver

from talkies.errors import BadPicture
from talkies.outbound import ExchangeFailed, Outbound

MAX_REDIRECTS = 3
HOST_WAIT_S = 30.0  # a fetch that found no free place at its host by then is refused

HEADERS = {
    "Accept": "image/*",
    "Accept-Encoding": "identity",  # a compressed body could be a bomb, and pictures gain nothing by it
}


@dataclass
class _Host:
    """One host's places, and how many fetches hold or await one."""

    places: asyncio.Semaphore
    users: int = field(default=0)


class Fetcher:
    """Fetches pictures from public addresses, and from private networks in `allow` (CIDR).

    One picture may take `timeout_s` seconds in all, redirects included, and hold `limit_bytes`. At most
    `per_host` run against one host at once; more wait, at most half a minute and outside their own time.
    Serves one event loop. `resolver` stands in for `socket.getaddrinfo` in tests.
    """

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        timeout_s: float,
        limit_bytes: int,
        per_host: int,
        resolver: Resolver | None = None,
    ) -> None:
        self.limit_bytes = limit_bytes
        self._outbound = Outbound(allow, resolver) if resolver else Outbound(allow)
        self._timeout_s = timeout_s
        self._per_host = per_host
        self._hosts: dict[str, _Host] = {}

    async def fetch(self, url: str, parameter: str) -> bytes:
        """Fetch the bytes behind a URL; at most three redirects, each judged like the URL itself.

        What the server says about the content is not believed: the bytes are judged when decoded.

        Raises:
            BadPicture: the URL is not allowed, or its host did not give the whole picture in time.
        """
        remaining_s = self._timeout_s
        clock = asyncio.get_running_loop()
        for hop in range(MAX_REDIRECTS + 1):
            try:
                self._outbound.check(url)
                async with self._place(url, parameter):
                    began = clock.time()
                    answer = await self._get(url, parameter, remaining_s)
                    remaining_s -= clock.time() - began
            except ExchangeFailed as failed:
                raise _bad_source(parameter, failed, redirected=hop > 0) from None
            if isinstance(answer, bytes):
                return answer
            url = answer
        raise BadPicture(
            f"{parameter}: too many redirects (more than {MAX_REDIRECTS}); send the final URL",
            parameter,
            "too_many_redirects",
        )

    async def _get(self, url: str, parameter: str, timeout_s: float) -> bytes | str:
        """Give the body, or the URL that a redirect leads to."""
        async with self._outbound.exchange("GET", url, timeout_s=timeout_s, headers=HEADERS) as response:
            if response.next_request is not None:
                return str(response.next_request.url)
            if response.status_code != httpx.codes.OK:
                raise BadPicture(
                    f"{parameter}: source answered {response.status_code}; check that the URL is public",
                    parameter,
                    "source_http_error",
                )
            return await self._body(response, parameter)

    async def _body(self, response: httpx.Response, parameter: str) -> bytes:
        declared = response.headers.get("content-length", "")
        body = bytearray()
        if declared.isascii() and declared.isdigit() and int(declared) > self.limit_bytes:
            raise self._too_large(parameter)
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self.limit_bytes:
                raise self._too_large(parameter)
        return bytes(body)

    def _too_large(self, parameter: str) -> BadPicture:
        return BadPicture(
            f"{parameter}: linked file too large (over {self.limit_bytes:,} bytes); send a smaller one",
            parameter,
            "source_too_large",
        )

    @asynccontextmanager
    async def _place(self, url: str, parameter: str) -> AsyncIterator[None]:
        """Hold one of the host's places, so that a slow host cannot take them all."""
        name = (urlsplit(url).hostname or "").rstrip(".")
        host = self._hosts.setdefault(name, _Host(asyncio.Semaphore(self._per_host)))
        host.users += 1
        try:
            try:
                async with asyncio.timeout(HOST_WAIT_S):
                    await host.places.acquire()
            except TimeoutError:
                raise BadPicture(
                    f"{parameter}: host is busy with earlier pictures; send fewer at once or upload them",
                    parameter,
                    "source_busy",
                ) from None
            try:
                yield
            finally:
                host.places.release()
        finally:
            host.users -= 1
            if not host.users:
                del self._hosts[name]


def _bad_source(parameter: str, failed: ExchangeFailed, *, redirected: bool) -> BadPicture:
    own_words = {
        "timeout": "source_timeout",
        "tls_error": "source_tls_error",
        "unreachable": "source_unreachable",
    }
    where = "redirected to a " if redirected and str(failed).startswith("URL") else ""
    return BadPicture(f"{parameter}: {where}{failed}", parameter, own_words.get(failed.reason, failed.reason))
