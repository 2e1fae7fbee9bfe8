"""Links that open one file until a given time, without a key."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from hmac import compare_digest
from pathlib import Path

from itsdangerous import Signer

from talkies.errors import CannotWrite, LinkExpired, LinkRefused

SECRET_BYTES = 32
_PURPOSE = b"talkies.signing.link"  # keeps these signatures apart from any other use of the secret


class LinkSigner:
    """Signs paths with an expiry by HMAC-SHA256. Whoever knows `secret` can open every file."""

    def __init__(self, secret: bytes) -> None:
        self._signer = Signer(secret, salt=_PURPOSE, key_derivation="hmac", digest_method=hashlib.sha256)

    def sign(self, path: str, valid_s: float) -> str:
        """Give `path` with a query that opens exactly this path for `valid_s` seconds from now."""
        expires = str(int(time.time() + valid_s))
        return f"{path}?expires={expires}&signature={self._signature(path, expires)}"

    def check(self, path: str, query: Mapping[str, str]) -> None:
        """Let a link pass that `sign` made for this very path.

        Raises:
            LinkRefused: the signature is missing or is not of this path and this expiry.
            LinkExpired: its time is over.
        """
        expires, signature = query.get("expires", ""), query.get("signature", "")
        is_time = expires.isascii() and expires.isdigit()
        # Letter by letter: in Base64 the last letter of a signature can change without changing its bytes.
        if not (is_time and compare_digest(_bytes(self._signature(path, expires)), _bytes(signature))):
            raise LinkRefused(
                "link: its signature does not fit this file; read the task again for a fresh one"
            )
        if int(expires) <= time.time():
            raise LinkExpired("link: expired; read its task for a fresh one")

    def _signature(self, path: str, expires: str) -> str:
        return self._signer.get_signature(_signed(path, expires)).decode("ascii")


def _signed(path: str, expires: str) -> bytes:
    return _bytes(f"{expires} {path}")


def _bytes(text: str) -> bytes:
    """Encode whatever a server made of a strange URL."""
    return text.encode("utf-8", "surrogatepass")


def link_secret(file: Path) -> bytes:
    """Read the secret of all links, or make it: 32 random bytes in a file that only its owner can read.

    Several processes may start at once: one of them creates the file, whole, and all read the same.

    Raises:
        CannotWrite: the file can be neither read nor created.
    """
    try:
        if not file.exists():
            _create(file, secrets.token_bytes(SECRET_BYTES))
        return file.read_bytes()
    except OSError as error:
        raise CannotWrite(f"{file}: cannot be used ({error.strerror}); choose another data folder") from error


def _create(file: Path, secret: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent)  # mode 0600
    whole = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secret)
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):  # another process was first: its secret counts
            file.hardlink_to(whole)
    finally:
        whole.unlink()
