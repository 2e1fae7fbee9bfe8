"""URLs and redirects that try to reach what is not public. Not one connection may be opened for them.

A canary listens on loopback and counts what reaches it; an audit hook sees every address that this process
dials at all. All traffic stays on loopback: names are answered from a table.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import pytest
from tests.conftest import PATIENCE_S

from talkies.errors import BadPicture
from talkies.inputs.fetch import Fetcher
from talkies.outbound import ExchangeFailed, Outbound

ALLOWED = "127.0.0.2"  # what the operator allows in these tests; the canary is on 127.0.0.1 and ::1
PUBLIC = "93.184.215.14"

NAMES: dict[str, list[str]] = {
    "localhost": ["127.0.0.1"],
    "localhost.localdomain": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "metadata": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
    "instance-data.ec2.internal": ["169.254.169.254"],
    "kubernetes.default.svc": ["10.96.0.1"],
    "host.docker.internal": ["172.17.0.1"],
    "router.lan": ["192.168.1.1"],
    "loopback.example": ["127.0.0.1"],
    "loopback6.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "private.example": ["10.0.0.7"],
    "cgnat.example": ["100.64.0.1"],
    "ula.example": ["fd00::1"],
    "link-local.example": ["fe80::1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "6to4.example": ["2002:7f00:1::"],
    "zero.example": ["0.0.0.0"],
    "mixed.example": [PUBLIC, "127.0.0.1"],
    "mixed-other-way.example": ["10.1.2.3", PUBLIC],
    "mixed-families.example": [PUBLIC, "::1"],
    "mixed-mapped.example": [PUBLIC, "::ffff:10.0.0.1"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "xn--bcher-kva.example": ["192.168.0.9"],
}

ADDRESSES = [
    # loopback, in every spelling that some parser knows
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.127.127.127",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0X7F000001",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "0x7f.0.0.1",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "127.0x0.0.01",
    "00000177.0.0.1",
    "127.000.000.001",
    "4294967297",
    "127.0.0.1%2e",
    "%31%32%37.0.0.1",
    "①②⑦.⓪.⓪.①",
    "１２７.０.０.１",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "LOCALHOST",
    "localhost.",
    # this host, private, link-local, shared, reserved
    "0.0.0.0",
    "0",
    "0.0.0.1",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "3232235777",
    "0xc0a80101",
    "169.254.169.254",
    "169.254.170.2",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    # IPv6
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:A9FE:A9FE]",
    "[0:0:0:0:0:ffff:10.0.0.1]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:7f00:1::]",
    "[2001:db8::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fec0::1]",
    "[ff02::1]",
    "[100::1]",
    "[5f00::1]",
    "[::ffff:0:127.0.0.1]",
    *NAMES,
]

OTHERS = [
    # user names that pose as hosts
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1/",
    "http://example.com%40127.0.0.1/",
    "http://user:password@loopback.example/",
    "http://@127.0.0.1/",
    "http://:@127.0.0.1/",
    "http://example.com#@127.0.0.1/",
    "http://example.com?@127.0.0.1/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http://127.0.0.1\\.example.com/",
    "http://127.0.0.1#.example.com/",
    "http://127.0.0.1?.example.com/",
    "http://loopback.example%00.example.com/",
    "http://loopback.example%23.example.com/",
    # other schemes
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "file:/etc/passwd",
    "ftp://127.0.0.1/a.png",
    "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1:11211/stats",
    "ldap://127.0.0.1/",
    "ws://127.0.0.1/",
    "wss://127.0.0.1/",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "javascript:alert(1)",
    "jar:http://127.0.0.1!/",
    "netdoc:///etc/passwd",
    "httpx://127.0.0.1/",
    "view-source:http://127.0.0.1/",
    # malformed
    "",
    " ",
    "http",
    "http:",
    "http:/",
    "http://",
    "http:///",
    "http:///127.0.0.1/",
    "http:127.0.0.1",
    "http:/127.0.0.1/",
    "//127.0.0.1/",
    "///127.0.0.1/",
    "127.0.0.1/",
    "/a.png",
    "?x",
    "http://[::1/",
    "http://::1/",
    "http://[127.0.0.1]/",
    "http://[::1]x/",
    "http://[]/",
    "http://.../",
    "http://-/",
    "http://a..b/",
    "http://loopback.example:/../",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:65536/",
    "http://127.0.0.1:-80/",
    "http://127.0.0.1:８０/",
    "http://127.0.0.1:80:80/",
    "http://127.0.0.1:x/",
    "http://%/",
    "http://%7f/",
    "http://127.0.0.1 .example.com/",
    "http://0x7f.0.0.1.example .com/",
    "ht\ttp://127.0.0.1/",
    " http://127.0.0.1/",
    "http://127.0.0.1/\0",
    "\0http://127.0.0.1/",
    "http://\u202e127.0.0.1/",
    "http://127.0.0.1\u200b/",
    "http://\ud83d\ude00/",
    # header injection
    "http://127.0.0.1/\r\nX-Injected: 1",
    "http://loopback.example/\r\n\r\nGET /admin HTTP/1.1",
    "http://loopback.example\r\n.example.com/",
    "http://loopback.example/ HTTP/1.1\r\nHost: x",
    "http://loopback.example:80\n/",
    # other ports
    "http://127.0.0.1:22/",
    "http://127.0.0.1:6379/",
    f"http://{PUBLIC}:22/",
    f"http://{PUBLIC}:8080/",
    f"https://{PUBLIC}:25/",
    # huge
    "http://127.0.0.1/" + "a" * 100_000,
    "http://" + "a" * 64 + ".example/",
    "http://" + "a." * 5_000 + "example/",
    "http://" + "ä." * 200 + "example/",
    "http://" + "user:" * 5_000 + "@127.0.0.1/",
    "http://127.0.0.1:" + "8" * 10_000 + "/",
    "http://[" + ":" * 10_000 + "]/",
]

URLS = [f"{scheme}://{host}/" for host in ADDRESSES for scheme in ("http", "https")] + OTHERS

REDIRECTS: dict[str, list[str]] = {
    # what each hop answers in its Location; `{canary}` is the canary's port, `{port}` the allowed server's
    "to loopback": ["http://127.0.0.1:{canary}/"],
    "to loopback on a public port": ["http://127.0.0.1/"],
    "to IPv6 loopback": ["http://[::1]:{canary}/"],
    "to a mapped address": ["http://[::ffff:127.0.0.1]:{canary}/"],
    "to a decimal address": ["http://2130706433:{canary}/"],
    "to an octal address": ["http://0177.0.0.1:{canary}/"],
    "to a name of loopback": ["http://loopback.example:{canary}/"],
    "to the metadata service": ["http://169.254.169.254/latest/meta-data/"],
    "to the metadata name": ["http://metadata.google.internal/computeMetadata/v1/"],
    "without a scheme": ["//127.0.0.1:{canary}/"],
    "with a user name": ["http://127.0.0.2:{port}@127.0.0.1:{canary}/"],
    "to https": ["https://127.0.0.1:{canary}/"],
    "to a file": ["file:///etc/passwd"],
    "to gopher": ["gopher://127.0.0.1:{canary}/_x"],
    "to a data URL": ["data:image/png;base64,iVBORw0KGgo="],
    "to mixed answers": ["http://mixed.example/"],
    "to a private network": ["http://10.0.0.1/"],
    "in the second hop": ["/2", "http://127.0.0.1:{canary}/"],
    "in the third hop": ["/2", "/3", "http://127.0.0.1:{canary}/"],
    "in the fourth hop": ["/2", "/3", "/4", "http://127.0.0.1:{canary}/"],
    "in a circle": ["/1", "/1", "/1", "/1", "/1"],
    "with a line break": ["http://127.0.0.1:{canary}/%0d%0aX: 1"],
    "to a malformed host": ["http://[::1:{canary}/"],
    "with a backslash": ["http://127.0.0.1:{canary}\\@127.0.0.2:{port}/"],
}


@dataclass
class Dials:
    """Every address that this process connects to while `watching`."""

    watching: bool = False
    addresses: list[str] = field(default_factory=list)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.watching and event == "socket.connect" and isinstance(arguments[1], tuple):
            self.addresses.append(str(arguments[1][0]))


DIALS = Dials()
sys.addaudithook(DIALS)  # for the life of the process; without `watching` it does nothing


@pytest.fixture
def dials() -> Iterator[list[str]]:
    DIALS.addresses.clear()
    DIALS.watching = True
    yield DIALS.addresses
    DIALS.watching = False


class Listener:
    """Counts what connects to it; answers each with the next of `locations`, then with 200."""

    def __init__(self, address: str, port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.create_server((address, port), family=family)
        self.port: int = self._socket.getsockname()[1]
        self.accepted = 0
        self.locations: list[str] = []
        self.status = 302
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.accepted += 1
            with connection, suppress(OSError):
                connection.settimeout(PATIENCE_S)
                connection.recv(65_536)
                if self.locations:
                    head = f"HTTP/1.1 {self.status} Moved\r\nLocation: {self.locations.pop(0)}"
                else:
                    head = "HTTP/1.1 200 OK"
                connection.sendall(f"{head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture(scope="module")
def canary() -> Iterator[Listener]:
    canary = Listener("127.0.0.1")
    six = Listener("::1", canary.port) if socket.has_dualstack_ipv6() else None
    yield canary
    if six is not None:
        assert six.accepted == 0
        six.close()
    canary.close()


@pytest.fixture
def allowed() -> Iterator[Listener]:
    allowed = Listener(ALLOWED)
    yield allowed
    allowed.close()


def resolver(host: Any, port: Any, *_: Any) -> Any:
    """Answer the names of the table; read every spelling of an address as the C library does; ask nobody."""
    answers = NAMES.get(str(host).lower().rstrip("."), [host])
    return [
        found
        for answer in answers
        for found in socket.getaddrinfo(answer, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    ]


def fetcher(allow: tuple[str, ...] = (), lookup: Any = resolver) -> Fetcher:
    return Fetcher(allow=allow, timeout_s=PATIENCE_S, limit_bytes=1_000, per_host=4, resolver=lookup)


REASONS = {
    "bad_url",
    "scheme_not_allowed",
    "credentials_in_url",
    "port_not_allowed",
    "address_not_public",
    "host_not_found",
    "too_many_redirects",
    "source_unreachable",
}


def check_refusal(refused: BadPicture) -> None:
    """The message is one of a closed list and tells nothing that was looked up."""
    assert refused.reason in REASONS
    assert refused.parameter == "image"
    message = str(refused)
    assert len(message) < 200
    for secret in ("127.0.0", "::1", "10.", "169.254", "192.168", "/etc", "\r", "\n"):
        assert secret not in message


def test_the_lists_are_as_long_as_promised() -> None:
    assert len(set(URLS)) >= 120
    assert len(REDIRECTS) >= 15


@pytest.mark.parametrize("allow", [(), (f"{ALLOWED}/32",)], ids=["nothing allowed", "one network allowed"])
def test_row_24_no_hostile_url_opens_a_connection(
    canary: Listener, dials: list[str], allow: tuple[str, ...]
) -> None:
    ports = [f"http://{host}:{canary.port}/" for host in ADDRESSES]

    async def fetch_all() -> list[bytes | BaseException]:
        guarded = fetcher(allow)
        return await asyncio.gather(
            *(guarded.fetch(url, "image") for url in URLS + ports), return_exceptions=True
        )

    results = dict(zip(URLS + ports, asyncio.run(fetch_all()), strict=True))

    for url, result in results.items():
        assert isinstance(result, BadPicture), (url[:80], result)
        check_refusal(result)
    assert canary.accepted == 0
    assert dials == []


def test_row_24_addresses_are_called_not_public_whatever_their_spelling() -> None:
    spelled = ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "①②⑦.⓪.⓪.①", "[::1]"]
    spelled += ["[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "localhost", "mixed.example", "169.254.169.254"]

    for host in spelled:
        with pytest.raises(BadPicture, match=r"image: URL not allowed \(address is not public\)") as refused:
            asyncio.run(fetcher().fetch(f"http://{host}/", "image"))
        assert refused.value.reason == "address_not_public"


@pytest.mark.parametrize("name", REDIRECTS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_row_25_no_redirect_leads_where_its_target_would_be_refused(
    canary: Listener, allowed: Listener, dials: list[str], name: str, status: int
) -> None:
    allowed.status = status
    allowed.locations = [
        location.format(canary=canary.port, port=allowed.port) for location in REDIRECTS[name]
    ]

    with pytest.raises(BadPicture) as refused:
        asyncio.run(fetcher((f"{ALLOWED}/32",)).fetch(f"http://{ALLOWED}:{allowed.port}/1", "image"))

    check_refusal(refused.value)
    assert canary.accepted == 0
    assert set(dials) == {ALLOWED}
    assert len(dials) <= 4


def test_row_26_a_name_that_changes_its_address_is_asked_once_per_request(
    canary: Listener, allowed: Listener, dials: list[str]
) -> None:
    asked: list[str] = []
    addresses = cycle([ALLOWED, "127.0.0.1"])

    def rebinding(host: Any, port: Any, *_: Any) -> Any:
        asked.append(host)
        return socket.getaddrinfo(next(addresses), port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)

    guarded = fetcher((f"{ALLOWED}/32",), rebinding)
    url = f"http://rebinding.example:{allowed.port}/"

    assert asyncio.run(guarded.fetch(url, "image")) == b""
    with pytest.raises(BadPicture):
        asyncio.run(guarded.fetch(url, "image"))

    assert asked == ["rebinding.example"] * 2
    assert set(dials) == {ALLOWED}
    assert canary.accepted == 0


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("mixed")])
def test_row_27_one_private_address_among_public_ones_spoils_a_name(dials: list[str], name: str) -> None:
    with pytest.raises(BadPicture) as refused:
        asyncio.run(fetcher().fetch(f"http://{name}/a.png", "image"))

    assert refused.value.reason == "address_not_public"
    assert dials == []


def test_row_26_a_redirect_back_to_a_rebinding_name_is_judged_anew(
    canary: Listener, allowed: Listener, dials: list[str]
) -> None:
    addresses = iter([ALLOWED, "127.0.0.1"])

    def rebinding(_: Any, port: Any, *__: Any) -> Any:
        return socket.getaddrinfo(next(addresses), port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)

    allowed.locations = [f"http://rebinding.example:{canary.port}/"]

    with pytest.raises(BadPicture) as refused:
        asyncio.run(
            fetcher((f"{ALLOWED}/32",), rebinding).fetch(f"http://rebinding.example:{allowed.port}/", "image")
        )

    check_refusal(refused.value)
    assert dials == [ALLOWED]
    assert canary.accepted == 0


def test_row_61_a_webhook_reaches_none_of_them_either(canary: Listener, dials: list[str]) -> None:
    outbound = Outbound(resolver=resolver, public_schemes=frozenset({"https"}))

    async def post_all() -> list[BaseException | None]:
        async def post(url: str) -> None:
            async with outbound.exchange("POST", url, timeout_s=PATIENCE_S, headers={}, content=b"{}"):
                pass

        return await asyncio.gather(*map(post, URLS), return_exceptions=True)

    assert all(isinstance(result, ExchangeFailed) for result in asyncio.run(post_all()))
    assert canary.accepted == 0
    assert dials == []


def test_row_61_a_webhook_target_is_refused_when_it_is_named() -> None:
    outbound = Outbound(resolver=resolver)

    def is_refused(url: str) -> bool:
        try:
            outbound.judge(url, timeout_s=PATIENCE_S)
        except ExchangeFailed:
            return True
        return False

    passed = [url for url in URLS if not is_refused(url)]

    # Names that cannot be looked up at the moment pass here, and are judged again at each delivery.
    for url in passed:
        with pytest.raises(ExchangeFailed, match="host not found"):
            asyncio.run(_post(outbound, url))


async def _post(outbound: Outbound, url: str) -> None:
    async with outbound.exchange("POST", url, timeout_s=PATIENCE_S, headers={}, content=b"{}"):
        pass
