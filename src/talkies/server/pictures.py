"""The callers' pictures: taken in by reference, decoded in the sandbox, kept under their SHA-256."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping

import anyio.to_thread
from anyio import CapacityLimiter
from sqlalchemy import ColumnElement, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from talkies.database import current_ms, pictures, reading, uploads
from talkies.errors import BadPicture, NotFound
from talkies.inputs import references
from talkies.inputs.signatures import media_type
from talkies.server.metrics import Metrics
from talkies.server.services import Services
from talkies.server.uploads import Uploads
from talkies.spec import PictureFacts

TAKE_IN_S = 14.0  # for all pictures of one request: clients give up on a submit after 15
FRESH_MS = 60_000  # a picture sent so recently is not written down again; far below the housekeeper's grace
AT_ONCE = 8  # pictures at work in threads, so that they never take those that answer polls

# Built once: to build it takes longer than to run it, and every submit does.
_KNOWN = select(pictures.c.width, pictures.c.height, pictures.c.created_ms).where(
    pictures.c.owner == bindparam("owner"), pictures.c.sha256 == bindparam("sha256")
)
_UPLOADED = (
    select(
        pictures.c.sha256, pictures.c.width, pictures.c.height, pictures.c.created_ms, pictures.c.storage_key
    )
    .join(uploads, (uploads.c.sha256 == pictures.c.sha256) & (uploads.c.owner == pictures.c.owner))
    .where(
        uploads.c.id == bindparam("id"),
        uploads.c.owner == bindparam("owner"),
        uploads.c.expires_ms > bindparam("now_ms"),
    )
)


class Pictures:
    """Takes in pictures. What it returns stays in storage for as long as a task or an upload needs it."""

    def __init__(self, services: Services, uploads: Uploads, metrics: Metrics) -> None:
        self._services = services
        self._uploads = uploads
        self._metrics = metrics
        self._places = CapacityLimiter(AT_ONCE)

    async def accept(self, owner: str, wanted: Mapping[str, str]) -> dict[str, PictureFacts]:
        """Take in pictures by field name: each an http(s) URL, a data URL, Base64, or an upload's URL.

        Raises:
            BadPicture: one cannot be fetched or used, or all together took too long.
            CannotWrite, StorageUnavailable: it cannot be kept.
        """
        try:
            async with asyncio.timeout(TAKE_IN_S), asyncio.TaskGroup() as group:
                works = {
                    field: group.create_task(self._accept(owner, reference, field))
                    for field, reference in wanted.items()
                }
        except TimeoutError:
            field = next(iter(wanted))
            raise BadPicture(
                f"{field}: not fetched and checked within {TAKE_IN_S:g} s; upload the picture first",
                field,
                "source_timeout",
            ) from None
        except BaseExceptionGroup as group_error:
            raise group_error.exceptions[0] from None
        return {field: work.result() for field, work in works.items()}

    async def keep(self, owner: str, data: bytes, field: str) -> PictureFacts:
        """Check and keep a picture whose bytes are at hand.

        Raises:
            BadPicture: it cannot be used.
            CannotWrite, StorageUnavailable: it cannot be kept.
        """
        return await anyio.to_thread.run_sync(
            self._keep, owner, data, field, abandon_on_cancel=True, limiter=self._places
        )

    async def _accept(self, owner: str, reference: str, field: str) -> PictureFacts:
        async def uploaded(url: str) -> bytes | None:
            return await self._uploads.read(owner, url, field)

        file_id = self._uploads.id_in(reference)
        if file_id is not None:
            known = await anyio.to_thread.run_sync(self._uploaded, owner, file_id, limiter=self._places)
            if known is not None:
                self._metrics.fetches.labels("accepted").inc()
                return known
        try:
            data = await references.load(reference, field, fetcher=self._services.fetcher, uploads=uploaded)
            facts = await self.keep(owner, data, field)
        except BadPicture as error:
            self._metrics.fetches.labels(error.reason or "refused").inc()
            raise
        self._metrics.fetches.labels("accepted").inc()
        self._metrics.fetched_bytes.observe(len(data))
        return facts

    def _uploaded(self, owner: str, file_id: str) -> PictureFacts | None:
        """Find the picture of an uploaded file without reading it; None if it must be read, or is none."""
        with reading(self._services.database) as connection:
            now_ms = current_ms(connection)
            asked = {"id": file_id, "owner": owner, "now_ms": now_ms}
            row = connection.execute(_UPLOADED, asked).one_or_none()
        is_fresh = row is not None and now_ms - row.created_ms < FRESH_MS
        if row is None or not is_fresh or not self._is_stored(row.storage_key):
            return None
        return PictureFacts(row.sha256, row.width, row.height)

    def _keep(self, owner: str, data: bytes, field: str) -> PictureFacts:
        """Keep a picture: its row before its file, as the housekeeper needs it that deletes them."""
        sha256 = hashlib.sha256(data).hexdigest()
        storage_key = f"pictures/{sha256[:2]}/{sha256}"
        known, is_fresh = self._find(owner, sha256)
        if known is None:
            frame = self._services.sandbox.decode(data, field)
            known = PictureFacts(sha256, width=frame.shape[1], height=frame.shape[0])
        if not is_fresh:
            self._record(owner, known, storage_key, data)
        if not self._is_stored(storage_key):
            self._services.storage.put(storage_key, data, media_type(data))
        return known

    def _find(self, owner: str, sha256: str) -> tuple[PictureFacts | None, bool]:
        """Find a picture that this owner sent before: it need not be decoded again. Tell if it is fresh."""
        with reading(self._services.database) as connection:
            row = connection.execute(_KNOWN, {"owner": owner, "sha256": sha256}).one_or_none()
            now_ms = current_ms(connection)
        if row is None:
            return None, False
        return PictureFacts(sha256, row.width, row.height), now_ms - row.created_ms < FRESH_MS

    def _is_stored(self, storage_key: str) -> bool:
        try:
            self._services.storage.facts(storage_key)
        except NotFound:
            return False
        return True

    def _record(self, owner: str, facts: PictureFacts, storage_key: str, data: bytes) -> None:
        """Write a picture down as sent now."""
        try:
            with self._services.database.begin() as connection:
                now = current_ms(connection)
                again = update(pictures).where(_same(owner, facts.sha256)).values(created_ms=now)
                if connection.execute(again).rowcount:
                    return
                connection.execute(
                    insert(pictures).values(
                        owner=owner,
                        sha256=facts.sha256,
                        storage_key=storage_key,
                        media_type=media_type(data),
                        width=facts.width,
                        height=facts.height,
                        size_bytes=len(data),
                        created_ms=now,
                    )
                )
        except IntegrityError:  # PostgreSQL let the same picture in twice at once: one row is enough
            return


def _same(owner: str, sha256: str) -> ColumnElement[bool]:
    return (pictures.c.owner == owner) & (pictures.c.sha256 == sha256)
