"""HTTP to addresses that strangers name: public ones only, within one deadline, no redirect followed.

Every name is resolved once, each of its addresses is judged, and the connection goes to a judged address
while host name and certificate check stay those of the URL, so that no second lookup can lead elsewhere.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from ipaddress import ip_network
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Literal
from urllib.parse import urlsplit

import httpcore
import httpx
from ssrfguard import (
    DEFAULT_DENIED,
    AddressTable,
    Block,
    BlockedAddressError,
    Policy,
    Reach,
    Resolver,
    SSRFGuardError,
    resolve,
)
from ssrfguard.httpx import AsyncSafeBackend

from talkies.errors import BadOption

Reason = Literal[
    "bad_url",
    "scheme_not_allowed",
    "credentials_in_url",
    "port_not_allowed",
    "address_not_public",
    "host_not_found",
    "unreachable",
    "tls_error",
    "timeout",
]

SENTENCES: dict[Reason, str] = {
    "bad_url": "URL not allowed (it is malformed); use a complete http or https URL",
    "scheme_not_allowed": "URL not allowed (its scheme is not accepted); use https",
    "credentials_in_url": "URL not allowed (it holds a user name or password); leave them out",
    "port_not_allowed": "URL not allowed (its port is not 80 or 443); use one of these",
    "address_not_public": "URL not allowed (address is not public); use a host on the public internet",
    "host_not_found": "host not found; check its name",
    "unreachable": "host cannot be reached or broke off; check that it answers",
    "tls_error": "TLS handshake failed; check the host's certificate and its name",
    "timeout": "no complete answer in time; use a faster host",
}
"""What a caller reads. A closed list: no resolved address and no internal name can slip into it."""

SCHEMES = frozenset({"http", "https"})
PUBLIC_PORTS = frozenset({80, 443})
EVERY_PORT = frozenset(range(1, 65_536))
URL_LIMIT = 8_192  # characters; the request line that common servers accept
USER_AGENT = f"talkies/{version('talkies')}"

_NUMERIC_HOST = re.compile(r"(0x[\da-f]*|\d+)(\.(0x[\da-f]*|\d+))*\.?", re.IGNORECASE)


def _denied(reason: str, *networks: str) -> tuple[Block, ...]:
    return tuple(Block(ip_network(network), reason, "RFC 4291", Reach.DENIED) for network in networks)


# ssrfguard 0.4.1 lists what is special; what is no global unicast at all, such as ::ffff:0:127.0.0.1 of
# RFC 2765, must not pass either. A longer prefix of its list still decides about 64:ff9b::/96 and the like.
_NOT_PUBLIC = AddressTable(
    DEFAULT_DENIED.blocks + _denied("not global unicast", "::/3", "4000::/2", "8000::/1")
)
_EVERYTHING = AddressTable(_denied("not allowed by the operator", "0.0.0.0/0", "::/0"))


class ExchangeFailed(Exception):
    """A request was refused by the rules or went wrong on the way. The text is safe to show."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(SENTENCES[reason])
        self.reason: Reason = reason


class Outbound:
    """Sends single requests to public addresses, and to private networks that the operator allows.

    `allow` holds networks in CIDR form; on these every port may be used, elsewhere 80 and 443 only.
    Proxies of the environment are ignored: behind one, nobody could judge the address. `resolver` stands
    in for `socket.getaddrinfo`; what it answers is judged all the same. `public_schemes` are those that
    public addresses may be reached by; the operator's networks may be reached by http as well.

    Raises:
        BadOption: an entry of `allow` is not a network.
    """

    def __init__(
        self,
        allow: Sequence[str] = (),
        resolver: Resolver = socket.getaddrinfo,
        public_schemes: frozenset[str] = SCHEMES,
    ) -> None:
        networks = tuple(map(_network, allow))
        try:
            self._public = Policy(
                allowed_networks=networks,
                allowed_schemes=public_schemes,
                denied_networks=_NOT_PUBLIC,
                max_url_length=URL_LIMIT,
            )
            self._allowed_only = Policy(
                allowed_networks=networks,
                allowed_schemes=SCHEMES,
                denied_networks=_EVERYTHING,
                allowed_ports=EVERY_PORT,
                max_url_length=URL_LIMIT,
            )
        except ValueError as error:
            raise BadOption(f"allowed networks: {error}") from error
        self._resolver = resolver
        self._tls = httpx.create_ssl_context()  # reading the root certificates takes 20 ms: once is enough

    def check(self, url: str) -> None:
        """Judge a URL as far as that goes without asking for its address.

        Raises:
            ExchangeFailed: scheme, host, port, user name or a literal address is not allowed.
        """
        try:
            self._policy(url).check_url(url)
            httpx.URL(url)
        except (SSRFGuardError, httpx.InvalidURL, ValueError) as error:
            raise ExchangeFailed(self._refusal(url, error)) from None

    def judge(self, url: str, timeout_s: float) -> None:
        """Judge a URL and the addresses that its host has now. A name that cannot be looked up passes.

        Raises:
            ExchangeFailed: the URL or one of its addresses is not allowed.
        """
        self.check(url)
        policy = self._policy(url)
        try:
            resolve(policy.check_url(url), policy=policy, resolver=_within(timeout_s, self._resolver))
        except SSRFGuardError as error:
            raise ExchangeFailed(self._refusal(url, error)) from None
        except (OSError, httpx.ConnectTimeout):
            return

    @asynccontextmanager
    async def exchange(
        self,
        method: str,
        url: str,
        *,
        timeout_s: float,
        headers: Mapping[str, str],
        content: bytes | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Send one request and give the response, its body still unread; a redirect is not followed.

        `timeout_s` bounds everything from the name's lookup to the end of the block, so that an answer
        that drips a byte a second ends too.

        Raises:
            ExchangeFailed: the URL is not allowed, or the exchange went wrong or took too long.
        """
        self.check(url)
        policy = self._policy(url)
        transport = _PinnedTransport(policy, _within(timeout_s, self._resolver), self._tls)
        try:
            async with (
                asyncio.timeout(timeout_s),
                httpx.AsyncClient(transport=transport, timeout=timeout_s, trust_env=False) as client,
            ):
                request = client.build_request(
                    method, url, headers={"User-Agent": USER_AGENT, **headers}, content=content
                )
                policy.check_url(str(request.url))  # as httpx reads it
                response = await client.send(request, stream=True)
                try:
                    yield response
                finally:
                    await response.aclose()
        except (SSRFGuardError, httpx.HTTPError, httpx.InvalidURL, TimeoutError, UnicodeError) as error:
            raise ExchangeFailed(self._refusal(url, error)) from None

    def _refusal(self, url: str, error: Exception) -> Reason:
        causes = list(_causes(error))
        if isinstance(error, SSRFGuardError | httpx.InvalidURL | ValueError):
            return _rule_broken(url, self._policy(url), causes)
        if any(isinstance(cause, TimeoutError | httpx.TimeoutException) for cause in causes):
            return "timeout"
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return "tls_error"
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return "host_not_found"
        return "unreachable"

    def _policy(self, url: str) -> Policy:
        """Choose the rules: by a special port or scheme only the operator's own networks are reached."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return self._public
        special_port = port is not None and port not in PUBLIC_PORTS
        special_scheme = parts.scheme.lower() not in self._public.allowed_schemes
        if (special_port or special_scheme) and self._public.allowed_networks:
            return self._allowed_only
        return self._public


class _PinnedTransport(httpx.AsyncHTTPTransport):
    """Connects through ssrfguard, and closes every connection that it opened.

    httpcore 1.0.9 forgets the connection when it is cancelled during the TLS handshake: a host that accepts
    and then falls silent would cost a file descriptor each time.
    """

    def __init__(self, policy: Policy, resolver: Resolver, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._connections = _Connections(policy, resolver)
        self._pool = httpcore.AsyncConnectionPool(ssl_context=tls, network_backend=self._connections)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await super().__aexit__(exc_type, exc_value, traceback)
        await self._connections.aclose()


class _Connections(httpcore.AsyncNetworkBackend):
    """Judged connections, each remembered until all are closed."""

    def __init__(self, policy: Policy, resolver: Resolver) -> None:
        self._backend = AsyncSafeBackend(policy=policy, resolver=resolver)
        self._opened: list[httpcore.AsyncNetworkStream] = []

    async def connect_tcp(self, *arguments: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        stream = await self._backend.connect_tcp(*arguments, **options)
        self._opened.append(stream)
        return stream

    async def aclose(self) -> None:
        for stream in self._opened:
            await stream.aclose()


def _network(entry: str) -> Any:
    try:
        return ip_network(entry)
    except ValueError as error:
        raise BadOption(f"allowed network {entry!r} is not in CIDR form; write it as 10.0.5.0/24") from error


def _within(timeout_s: float, resolver: Resolver) -> Resolver:
    """Give a resolver a deadline. `getaddrinfo` has none, and a thread inside it cannot be stopped."""

    def resolve(*arguments: Any) -> Any:
        answers: SimpleQueue[Any] = SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(resolver(*arguments))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        threading.Thread(target=look_up, daemon=True, name="name lookup").start()
        try:
            answer = answers.get(timeout=timeout_s)
        except Empty:
            raise httpx.ConnectTimeout("name lookup") from None
        if isinstance(answer, OSError):
            raise answer
        if isinstance(answer, UnicodeError):
            raise socket.gaierror(socket.EAI_NONAME, "not a name that DNS can carry") from answer
        return answer

    return resolve


def _rule_broken(url: str, policy: Policy, causes: list[BaseException]) -> Reason:
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return "bad_url"
    if len(url) > URL_LIMIT or not url.isprintable() or " " in url:
        return "bad_url"
    if parts.scheme and parts.scheme.lower() not in policy.allowed_schemes:
        return "scheme_not_allowed"
    if parts.username is not None or parts.password is not None:
        return "credentials_in_url"
    if port is not None and port not in PUBLIC_PORTS:
        return "port_not_allowed"
    if any(isinstance(cause, BlockedAddressError) for cause in causes) or _NUMERIC_HOST.fullmatch(host):
        return "address_not_public"
    return "bad_url"


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__
