"""Uploaded files: pictures that a caller stores first and names by URL later."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Row, delete, func, insert, select

from talkies.database import current_ms, reading, uploads
from talkies.errors import BadOption, BadPicture, NotFound
from talkies.server.services import Services

PATH = "/files/uploads"
ID_MARK = "file_"
SHOWN_ID_LENGTH = 64  # characters of an unknown id that come back
MAX_NAME_LENGTH = 255

_columns = uploads.c


@dataclass(frozen=True)
class Upload:
    """One uploaded file. `path` opens it until `expires_ms`, without a key."""

    id: str
    owner: str
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    created_ms: int
    expires_ms: int

    @property
    def storage_key(self) -> str:
        """Where its bytes lie."""
        return f"pictures/{self.sha256[:2]}/{self.sha256}"

    @property
    def path(self) -> str:
        """The path of its URL, ending in its name."""
        return f"{PATH}/{self.id}/{quote(self.filename, safe='')}"


class Uploads:
    """Keeps the list of uploaded files; an owner sees only its own."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def add(self, owner: str, sha256: str, filename: str, kind: str, size_bytes: int) -> Upload:
        """Write down a file whose picture is kept.

        Raises:
            BadOption: the owner has as many files as may be.
        """
        limit = self._services.settings.uploads_per_key
        with self._services.database.begin() as connection:
            now = current_ms(connection)
            live = select(func.count()).where(_columns.owner == owner, _columns.expires_ms > now)
            if connection.execute(live).scalar_one() >= limit:
                raise BadOption(
                    f"file: {limit} files are stored already; delete one first", "file", "too_many_files"
                )
            values: dict[str, Any] = {
                "id": f"{ID_MARK}{uuid4().hex}",
                "owner": owner,
                "sha256": sha256,
                "filename": filename,
                "media_type": kind,
                "size_bytes": size_bytes,
                "created_ms": now,
                "expires_ms": now + round(self._services.settings.retention_s * 1000),
            }
            return _upload(connection.execute(insert(uploads).values(values).returning(uploads)).one())

    def check_room(self, owner: str) -> None:
        """Refuse before the work when there is no room for another file; `add` decides.

        Raises:
            BadOption: the owner has as many files as may be.
        """
        limit = self._services.settings.uploads_per_key
        if len(self.list(owner)) >= limit:
            raise BadOption(
                f"file: {limit} files are stored already; delete one first", "file", "too_many_files"
            )

    def list(self, owner: str) -> tuple[Upload, ...]:
        """Give an owner's files that have not expired, newest first."""
        with reading(self._services.database) as connection:
            live = (_columns.owner == owner) & (_columns.expires_ms > current_ms(connection))
            rows = connection.execute(
                select(uploads).where(live).order_by(_columns.created_ms.desc(), _columns.id)
            )
            return tuple(map(_upload, rows))

    def delete(self, owner: str, file_id: str) -> None:
        """Delete a file. Tasks that were made with it keep their picture.

        Raises:
            NotFound: the owner has no such file.
        """
        with self._services.database.begin() as connection:
            mine = (_columns.id == _plain(file_id)) & (_columns.owner == owner)
            if not connection.execute(delete(uploads).where(mine)).rowcount:
                raise NotFound(f"file {file_id[:SHOWN_ID_LENGTH]}: not found; list the files of this key")

    def find(self, file_id: str) -> Upload | None:
        """Find a file of anybody, for who comes by a signed link."""
        with reading(self._services.database) as connection:
            live = (_columns.id == _plain(file_id)) & (_columns.expires_ms > current_ms(connection))
            row = connection.execute(select(uploads).where(live)).one_or_none()
        return None if row is None else _upload(row)

    def id_in(self, url: str) -> str | None:
        """Give the file's id that a URL names; None if the URL is no file's."""
        start = f"{self._services.public_url}{PATH}/"
        if not url.startswith(start):
            return None
        return _plain(urlsplit(url[len(start) :]).path.partition("/")[0])

    async def read(self, owner: str, url: str, field: str) -> bytes | None:
        """Give the bytes of the owner's file with this URL; None if the URL is no file's.

        Raises:
            BadPicture: it is a file's URL, but the owner has no such file.
        """
        file_id = self.id_in(url)
        if file_id is None:
            return None
        return await run_in_threadpool(self._read, owner, file_id, field)

    def _read(self, owner: str, file_id: str, field: str) -> bytes:
        upload = self.find(file_id)
        if upload is not None and upload.owner == owner:
            with suppress(NotFound):  # what storage has lost is as good as never uploaded
                return b"".join(self._services.storage.read(upload.storage_key))
        raise BadPicture(
            f"{field}: no such uploaded file of this key; upload it again", field, "upload_not_found"
        )


def to_filename(given: str | None) -> str:
    """Make a harmless name of what a client calls its file: no folders, no control characters.

    >>> to_filename("C:\\\\a/b\\r\\n.png"), to_filename("")
    ('b.png', 'upload')
    """
    last = (given or "").replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in last if letter.isprintable()).strip(". ")
    return kept[:MAX_NAME_LENGTH] or "upload"


def _plain(text: str) -> str:
    """Replace what no id holds: PostgreSQL refuses some texts that callers send."""
    return text if text.isascii() and text.isprintable() else ""


def _upload(row: Row[Any]) -> Upload:
    return Upload(
        id=row.id,
        owner=row.owner,
        filename=row.filename,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
    )
