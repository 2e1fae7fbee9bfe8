"""Where inputs and artifacts lie: a folder, or an S3-compatible bucket; the same few verbs for both."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from talkies.errors import BadOption, CannotWrite, NotFound, StorageUnavailable

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta

CHUNK_BYTES = 256 * 1024  # what reading holds in memory at once
CONNECT_S = 5.0
REQUEST_S = 60.0  # one part of a transfer
RETRY_S = 20.0  # for how long a bucket's passing faults are retried

_KEY = re.compile(r"(?!\.)[\w.-]+(/(?!\.)[\w.-]+)*", re.ASCII)
_UNFINISHED = "*#*"  # what obstore names a file that is still being written
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


@dataclass(frozen=True)
class StoredFile:
    """A file as storage has it. `etag` is a quoted HTTP entity tag that changes with the content."""

    key: str
    size_bytes: int
    modified: datetime
    etag: str


class Storage:
    """Keeps files under keys such as `results/<task>/<attempt>/video.mp4`.

    Parts of a key hold ASCII letters, digits, `.`, `_` and `-` and begin with no dot, so no key leads out of
    the folder. `place` is a folder, or a URL: `file:///folder` or `s3://bucket/prefix`; the credentials,
    region and endpoint of a bucket come from the usual `AWS_…` variables. Safe for several threads.

    Raises:
        BadOption: the URL is of another kind.
        CannotWrite: the folder cannot be created.
    """

    def __init__(self, place: str | Path) -> None:
        self._folder = _folder(place)
        self._store = _bucket(str(place)) if self._folder is None else _local(self._folder)

    def put(self, key: str, data: bytes | Path, media_type: str) -> None:
        """Store bytes or a copy of a file, replacing what was there; it is there whole or not at all.

        When this returns, a folder's file has reached the disk. `media_type` is kept where the storage can.

        Raises:
            CannotWrite: no space, no permission.
            StorageUnavailable: the bucket does not answer or refuses.
        """
        with self._errors(key, writing=True):
            if self._folder is None:
                self._store.put(_checked(key), data, attributes={"Content-Type": media_type})
            else:
                self._store.put(_checked(key), data)
                _sync(self._folder, self._folder / key)

    def facts(self, key: str) -> StoredFile:
        """Tell size, age and entity tag.

        Raises:
            NotFound: there is no such file.
            StorageUnavailable: the storage cannot be read.
        """
        with self._errors(key):
            return _stored_file(self._store.head(_checked(key)))

    def read(self, key: str, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """Give the bytes from `first` to `last`, both included and inside the file, in small chunks.

        The file is opened before this returns: what is deleted later is still read to its end.

        Raises:
            NotFound: there is no such file.
            StorageUnavailable: the storage cannot be read, also while reading.
        """
        with self._errors(key):
            options: GetOptions = {}
            if last is not None:
                options = {"range": (first, last + 1)}
            elif first > 0:
                options = {"range": {"offset": first}}
            result = self._store.get(_checked(key), options=options)
        return self._chunks(key, iter(result.stream(CHUNK_BYTES)))

    def _chunks(self, key: str, stream: Iterator[bytes]) -> Iterator[bytes]:
        with self._errors(key):
            for chunk in stream:
                yield bytes(chunk)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete files. One that is not there is no error.

        Raises:
            CannotWrite: no permission.
            StorageUnavailable: the bucket does not answer or refuses.
        """
        for key in keys:
            with self._errors(key, writing=True), suppress(FileNotFoundError):
                self._store.delete(_checked(key))

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        """Go through all finished files below a prefix, such as `results/<task>`, in no order.

        Raises:
            StorageUnavailable: the storage cannot be read.
        """
        with self._errors(prefix):
            for page in self._store.list(_checked(prefix) if prefix else None):
                yield from map(_stored_file, page)

    def delete_unfinished(self, age_s: float) -> None:
        """Delete what writers that were killed left half-written longer than `age_s` seconds ago.

        A bucket needs a life-cycle rule for incomplete uploads instead.
        """
        if self._folder is None:
            return
        for path in self._folder.rglob(_UNFINISHED):
            with suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < time.time() - age_s:
                    path.unlink()

    def free_bytes(self) -> int | None:
        """Tell how much more a folder's disk can take; None of a bucket, or when the system does not tell."""
        if self._folder is None:
            return None
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return None

    def check_writable(self) -> None:
        """Write and delete a small file.

        Raises:
            CannotWrite: no space, no permission.
            StorageUnavailable: the bucket does not answer or refuses.
        """
        probe = f"probes/{uuid4().hex}"
        self.put(probe, b"talkies", "text/plain")
        self.delete([probe])

    @contextmanager
    def _errors(self, key: str, *, writing: bool = False) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise NotFound(f"file {key}: not in storage") from error
        except (BaseError, OSError) as error:
            if self._folder is not None and writing:
                raise CannotWrite(
                    f"storage: {_cause(error)}; free some space or choose another folder"
                ) from error
            raise StorageUnavailable(f"storage: {_cause(error)}; try again later") from error


def _folder(place: str | Path) -> Path | None:
    if isinstance(place, Path) or "://" not in place:
        return Path(place)
    url = urlsplit(place)
    if url.scheme == "file" and url.path:
        return Path(unquote(url.path))
    if url.scheme == "s3" and url.netloc:
        return None
    raise BadOption(
        f"storage_url {place!r} is not a place for files; use file:///folder or s3://bucket/prefix"
    )


def _local(folder: Path) -> LocalStore:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return LocalStore(folder, automatic_cleanup=True)
    except (BaseError, OSError) as error:
        raise CannotWrite(f"storage {folder}: {_cause(error)}; choose another folder") from error


def _bucket(url: str) -> S3Store:
    return S3Store.from_url(
        url,
        client_options={
            "connect_timeout": timedelta(seconds=CONNECT_S),
            "timeout": timedelta(seconds=REQUEST_S),
            # An endpoint without TLS is the operator's own word: it must name the scheme itself.
            "allow_http": True,
        },
        retry_config={"retry_timeout": timedelta(seconds=RETRY_S)},
    )


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is not a key of storage")
    return key


def _sync(folder: Path, file: Path) -> None:
    """Bring a file and the folders that may be new on its way to the disk: obstore leaves that open."""
    for path in (file, *file.parents):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if path == folder:
            break


def _stored_file(meta: ObjectMeta) -> StoredFile:
    return StoredFile(
        key=meta["path"],
        size_bytes=meta["size"],
        modified=meta["last_modified"],
        etag=meta["e_tag"] or f'"{meta["size"]}"',
    )


def _cause(error: Exception) -> str:
    """Name the operating system's reason; the text of obstore holds paths and request ids."""
    number = error.errno if isinstance(error, OSError) else None
    found = _OS_ERROR.search(str(error))
    if number is None and found:
        number = int(found.group(1))
    if number is not None:
        return os.strerror(number)
    return "does not answer as expected"
