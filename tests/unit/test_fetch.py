from __future__ import annotations

import asyncio
import datetime
import gc
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.conftest import PATIENCE_S

from talkies.errors import BadOption, BadPicture
from talkies.inputs.fetch import Fetcher

LIMIT_BYTES = 100_000
PICTURE = b"\x89PNG any bytes"

Behaviour = Callable[[socket.socket, bytes], None]
"""What a server does with a connection whose request head it has read."""


class Server:
    """One port on loopback; remembers the heads of its requests."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._thread = threading.Thread(target=self._accept)
        self._connections: list[threading.Thread] = []
        self.heads: list[bytes] = []
        self.behaviour: Behaviour = answer(PICTURE)
        self.head_ends = b"\r\n\r\n"
        self.tls: ssl.SSLContext | None = None
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def url(self, path: str = "/a.png", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._connections.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(PATIENCE_S)
            stream = self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
            with stream:
                head = b""
                while self.head_ends not in head and (part := stream.recv(65_536)):
                    head += part
                self.heads.append(head)
                self.behaviour(stream, head)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in (self._thread, *self._connections):
            thread.join()


def answer(body: bytes, status: str = "200 OK", **headers: str) -> Behaviour:
    lines = [f"HTTP/1.1 {status}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if "Content_Length" not in headers and "Transfer_Encoding" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    raw = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return lambda stream, _: stream.sendall(raw)


def drip(beginning: bytes) -> Behaviour:
    def behave(stream: socket.socket, _: bytes) -> None:
        stream.sendall(beginning)
        began_s = time.monotonic()
        while time.monotonic() < began_s + PATIENCE_S:
            time.sleep(0.05)
            stream.sendall(b"x")

    return behave


def hang(stream: socket.socket, _: bytes) -> None:
    stream.recv(1)  # until the caller gives up


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def at_loopback(port: int) -> Callable[..., Any]:
    return lambda *_: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def make_fetcher(**options: Any) -> Fetcher:
    return Fetcher(
        **{
            "allow": ["127.0.0.0/8"],
            "timeout_s": PATIENCE_S,
            "limit_bytes": LIMIT_BYTES,
            "per_host": 4,
            **options,
        }
    )


def fetch(url: str, **options: Any) -> bytes:
    return asyncio.run(make_fetcher(**options).fetch(url, "image"))


def refusal(url: str, **options: Any) -> BadPicture:
    with pytest.raises(BadPicture) as refused:
        fetch(url, **options)
    assert refused.value.parameter == "image"
    assert str(refused.value).startswith("image: ")
    return refused.value


def test_row_30_the_bytes_come_as_they_are_whatever_type_is_claimed(server: Server) -> None:
    server.behaviour = answer(PICTURE, Content_Type="text/html")

    assert fetch(server.url()) == PICTURE


def test_a_chunked_body_is_joined(server: Server) -> None:
    server.behaviour = answer(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", Transfer_Encoding="chunked")

    assert fetch(server.url()) == b"abcde"


def test_a_compressed_body_is_not_unpacked(server: Server) -> None:
    server.behaviour = answer(PICTURE, Content_Encoding="gzip")

    assert fetch(server.url()) == PICTURE
    assert b"accept-encoding: identity" in server.heads[0].lower()


def test_row_25_three_redirects_are_followed(server: Server) -> None:
    def hop(stream: socket.socket, head: bytes) -> None:
        number = int(head.split(b" ")[1].strip(b"/"))
        following = answer(b"", "302 Found", Location=f"/{number + 1}") if number < 3 else answer(PICTURE)
        following(stream, head)

    server.behaviour = hop

    assert fetch(server.url("/0")) == PICTURE


def test_row_25_a_fourth_redirect_is_refused(server: Server) -> None:
    server.behaviour = answer(b"", "302 Found", Location="/again")

    assert refusal(server.url()).reason == "too_many_redirects"
    assert len(server.heads) == 4


def test_row_25_the_endless_body_of_a_redirect_is_not_read(server: Server) -> None:
    server.behaviour = drip(b"HTTP/1.1 302 Found\r\nLocation: ftp://example.com/\r\n\r\n")

    refused = refusal(server.url())

    assert refused.reason == "scheme_not_allowed"
    assert "redirected to a URL not allowed" in str(refused)


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "500 Oh", "204 No Content", "206 Part"])
def test_row_28_every_answer_but_200_is_told_with_its_status(server: Server, status: str) -> None:
    server.behaviour = answer(b"", status)

    refused = refusal(server.url())

    assert refused.reason == "source_http_error"
    assert f"source answered {status[:3]}" in str(refused)


@pytest.mark.parametrize("location", ["http://[/", "\x80\x81", "http://:99999999/", ""])
def test_row_25_a_redirect_to_nowhere_is_refused(server: Server, location: str) -> None:
    server.behaviour = answer(b"", "302 Found", Location=location)

    assert refusal(server.url()).reason in {"source_unreachable", "bad_url", "too_many_redirects"}


def test_row_29_a_body_over_the_limit_is_refused_when_its_length_is_declared(server: Server) -> None:
    server.behaviour = answer(b"", Content_Length=str(LIMIT_BYTES + 1))

    assert refusal(server.url()).reason == "source_too_large"


def test_row_29_a_body_over_the_limit_is_refused_when_its_length_is_not_declared(server: Server) -> None:
    def endless(stream: socket.socket, _: bytes) -> None:
        stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            stream.sendall(bytes(65_536))

    server.behaviour = endless

    assert refusal(server.url()).reason == "source_too_large"


def test_row_29_a_body_of_exactly_the_limit_is_taken(server: Server) -> None:
    server.behaviour = answer(bytes(LIMIT_BYTES))

    assert len(fetch(server.url())) == LIMIT_BYTES


def test_row_30_a_body_shorter_than_declared_is_refused(server: Server) -> None:
    server.behaviour = answer(b"half", Content_Length="9")

    assert refusal(server.url()).reason == "source_unreachable"


@pytest.mark.parametrize(
    "behaviour",
    [
        drip(b""),
        drip(b"HTTP/1.1 200 OK\r\nX: "),
        drip(b"HTTP/1.1 200 OK\r\n\r\n"),
        hang,
    ],
    ids=["no head", "in the head", "in the body", "silence"],
)
def test_row_29_a_host_that_drips_is_left_when_the_time_is_over(server: Server, behaviour: Behaviour) -> None:
    server.behaviour = behaviour
    began = time.monotonic()

    assert refusal(server.url(), timeout_s=0.4).reason == "source_timeout"
    assert time.monotonic() - began < PATIENCE_S / 2


def test_row_29_redirects_share_one_deadline(server: Server) -> None:
    def slow_hop(stream: socket.socket, head: bytes) -> None:
        time.sleep(0.25)
        answer(b"", "302 Found", Location="/again")(stream, head)

    server.behaviour = slow_hop

    assert refusal(server.url(), timeout_s=0.6).reason == "source_timeout"


def test_row_29_a_name_lookup_that_hangs_ends_with_the_deadline() -> None:
    released = threading.Event()
    began = time.monotonic()

    refused = refusal("http://slow.example/", timeout_s=0.3, resolver=lambda *_: released.wait(PATIENCE_S))

    released.set()
    assert refused.reason == "source_timeout"
    assert time.monotonic() - began < PATIENCE_S / 2


def test_an_unknown_host_is_named_as_such() -> None:
    def resolver(*_: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert refusal("http://nowhere.example/", resolver=resolver).reason == "host_not_found"


def test_a_closed_port_is_unreachable_and_its_address_is_not_told() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody else can have the port; it does not listen
        port = closed.getsockname()[1]

        refused = refusal(f"http://inside.example:{port}/", resolver=at_loopback(port))

    assert refused.reason == "source_unreachable"
    assert "127.0.0.1" not in str(refused)


@pytest.mark.parametrize("raw", [b"", b"hello\r\n\r\n", b"HTTP/x 200 OK\r\n\r\n", b"HTTP/1.1 999\r\n\r\n"])
def test_an_answer_that_is_not_http_is_refused(server: Server, raw: bytes) -> None:
    server.behaviour = lambda stream, _: stream.sendall(raw)

    assert refusal(server.url()).reason in {"source_unreachable", "source_http_error"}


def test_a_proxy_of_the_environment_is_ignored(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")

    assert fetch(server.url()) == PICTURE


def test_a_private_network_is_reached_only_when_the_operator_allows_it(server: Server) -> None:
    assert refusal(server.url(), allow=()).reason == "port_not_allowed"
    assert refusal(server.url(), allow=["10.0.0.0/8"]).reason == "port_not_allowed"
    assert server.heads == []


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "intranet", "10.0.0.1/8", "64:ff9b::/96", ""])
def test_an_allowed_network_that_is_none_stops_the_start(entry: str) -> None:
    with pytest.raises(BadOption, match="allowed network"):
        make_fetcher(allow=[entry])


@pytest.mark.parametrize("path", ["/a b", "/a%0d%0aX-Injected:1", "/é", "/#x", "/?q=\u2028"])
def test_row_33_a_strange_path_is_escaped_and_injects_no_header(server: Server, path: str) -> None:
    with suppress(BadPicture):
        fetch(server.url(path))

    for head in server.heads:
        assert head.startswith(b"GET /")
        assert b"X-Injected:1\r\n" not in head.split(b"\r\n", 1)[1]
        assert head.split(b"\r\n")[0].count(b" ") == 2


def test_row_34_one_host_serves_at_most_four_fetches_at_once(server: Server) -> None:
    present: list[bytes] = []
    numbers: list[int] = []

    def slow(stream: socket.socket, head: bytes) -> None:
        present.append(head)
        numbers.append(len(present))
        time.sleep(0.05)
        present.remove(head)
        answer(PICTURE)(stream, head)

    server.behaviour = slow

    async def many() -> list[bytes]:
        fetcher = make_fetcher()
        bodies = await asyncio.gather(*(fetcher.fetch(server.url(f"/{n}"), "image") for n in range(24)))
        assert fetcher._hosts == {}, "hosts that are no longer in use are forgotten"
        return bodies

    assert asyncio.run(many()) == [PICTURE] * 24
    assert max(numbers) == 4


def test_row_34_a_slow_host_does_not_hold_up_another(server: Server) -> None:
    hanging = Server()
    hanging.behaviour = hang

    async def fetch_both() -> bytes:
        fetcher = make_fetcher(resolver=lambda _, port, *__: at_loopback(port)())
        slow_url = f"http://slow.example:{hanging.port}/"
        slow = [asyncio.create_task(fetcher.fetch(slow_url, "image")) for _ in range(40)]
        async with asyncio.timeout(PATIENCE_S / 2):
            while len(hanging.heads) < 4:
                await asyncio.sleep(0.01)
            quick = await fetcher.fetch(f"http://quick.example:{server.port}/", "image")
        assert not any(task.done() for task in slow)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return quick

    try:
        assert asyncio.run(fetch_both()) == PICTURE
    finally:
        hanging.close()


class Authority:
    """A certificate authority that signs for one name, for tests on loopback."""

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
        self._folder = folder
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._certificate(self._name, self._key.public_key(), None, days=1))

    def context(self, host: str, days: int = 1) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        chain, private = self._folder / "chain.pem", self._folder / "private.pem"
        chain.write_bytes(self._certificate(name, key.public_key(), host, days))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, private)
        return context

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, host: str | None, days: int
    ) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=10))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )
        if host is not None:
            names = x509.SubjectAlternativeName([x509.DNSName(host)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


def test_a_certificate_is_checked_against_the_name_of_the_url(server: Server, authority: Authority) -> None:
    server.tls = authority.context("pictures.example")
    url = f"https://pictures.example:{server.port}/a.png"

    assert fetch(url, resolver=at_loopback(server.port)) == PICTURE


def test_row_32_a_certificate_of_another_name_is_a_tls_error(server: Server, authority: Authority) -> None:
    server.tls = authority.context("another.example")
    url = f"https://pictures.example:{server.port}/a.png"

    assert refusal(url, resolver=at_loopback(server.port)).reason == "source_tls_error"


def test_row_32_an_expired_certificate_is_a_tls_error(server: Server, authority: Authority) -> None:
    server.tls = authority.context("pictures.example", days=-1)
    url = f"https://pictures.example:{server.port}/a.png"

    assert refusal(url, resolver=at_loopback(server.port)).reason == "source_tls_error"


def test_row_32_a_certificate_of_an_unknown_authority_is_a_tls_error(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    server.tls = Authority(tmp_path).context("pictures.example")
    url = f"https://pictures.example:{server.port}/a.png"

    assert refusal(url, resolver=at_loopback(server.port)).reason == "source_tls_error"


def test_a_host_without_tls_is_a_tls_error(server: Server) -> None:
    server.behaviour = lambda stream, _: stream.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")
    server.head_ends = b""

    assert refusal(server.url(scheme="https")).reason == "source_tls_error"


def test_a_host_that_falls_silent_in_the_handshake_costs_no_file_descriptor(server: Server) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    gc.disable()

    reasons = {refusal(server.url(scheme="https"), timeout_s=0.1).reason for _ in range(5)}

    after = len(list(Path("/proc/self/fd").iterdir()))
    gc.enable()
    assert reasons == {"source_timeout"}
    assert after - before <= 5, "the server's own ends are among them"
