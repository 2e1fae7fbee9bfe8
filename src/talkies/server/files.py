"""Routes of files: results by link or key, and the callers' uploads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from talkies.errors import BadOption, Gone, NotFound
from talkies.inputs.signatures import media_type
from talkies.keys import Key
from talkies.server.answers import success
from talkies.server.auth import Authenticator, refuse_key_in_url
from talkies.server.bodies import drop_body
from talkies.server.dialects.modellix import extension, iso
from talkies.server.exchange import exchange_of
from talkies.server.limits import UploadLimit
from talkies.server.pictures import Pictures
from talkies.server.ranges import CannotSatisfy, disposition, is_unchanged, parse_range
from talkies.server.reading import file_name
from talkies.server.services import Services
from talkies.server.shapes import Deleted, File, Files, Reply, documented
from talkies.server.uploads import PATH, Upload, Uploads, to_filename
from talkies.task import Task

UPLOAD_TYPES = ("image/png", "image/jpeg", "image/webp")  # as published
FORM_BYTES = 64 * 1024  # of an upload's body beside the file itself
CACHE_S = 3600  # a stored file never changes, but may be deleted
HEADERS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": f"private, max-age={CACHE_S}",
    # A browser that opens the file itself shows it in a page of its own, which loads it from here.
    "Content-Security-Policy": "default-src 'none'; media-src 'self'; img-src 'self'; frame-ancestors 'none'",
}

UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
FILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("video/mp4", *UPLOAD_TYPES)
        },
    },
    206: {"description": "The part that `Range` asks for."},
    304: {"description": "The copy named by `If-None-Match` is still good."},
}


@dataclass(frozen=True)
class Served:
    """A stored file as HTTP shows it. `sha256` of its bytes is its entity tag."""

    key: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str


def routes(services: Services, auth: Authenticator, pictures: Pictures, uploads: Uploads) -> APIRouter:
    """Make the routes of files."""
    router = APIRouter(tags=["Files"])
    reader, writer = auth.needs("files:read"), auth.needs("tasks:write")
    limit = UploadLimit(services.settings.uploads_at_once)
    answers = _file_answers(400, 403, 404, 410, 416)

    @router.head(PATH + "/{file_id}/{name}", include_in_schema=False)
    @router.get(PATH + "/{file_id}/{name}", operation_id="openUpload", **answers)
    async def open_upload(file_id: str, name: str, request: Request) -> Response:
        """Open an uploaded file by its signed link."""
        del name
        _check_link(services, request)
        upload = await run_in_threadpool(uploads.find, file_id)
        if upload is None:
            raise Gone("file: deleted or expired; upload it again")
        return await serve(services, _of_upload(upload), request)

    @router.head("/files/{task_id}/{name}", include_in_schema=False)
    @router.get("/files/{task_id}/{name}", operation_id="openResult", **answers)
    async def open_result(task_id: str, name: str, request: Request) -> Response:
        """Open a file of a result by its signed link. `Range` and `If-None-Match` work."""
        _check_link(services, request)
        task = await run_in_threadpool(services.queue.find, task_id)
        if task is None:
            raise Gone("result: its task was deleted")
        return await serve(services, _of_task(task, name), request)

    @router.head("/api/v1/tasks/{task_id}/files/{name}", include_in_schema=False)
    @router.get(
        "/api/v1/tasks/{task_id}/files/{name}",
        operation_id="readResult",
        **_file_answers(400, 401, 403, 404, 410, 416, 429),
    )
    async def read_result(task_id: str, name: str, request: Request, key: Key = reader) -> Response:
        """Read a file of a result with the key: `video.mp4` or `last-frame.png`, or its name in links."""
        task = await run_in_threadpool(services.queue.get, key.id, task_id)
        return await serve(services, _of_task(task, name), request)

    @router.post(
        "/api/v1/media/files",
        operation_id="uploadFile",
        openapi_extra=UPLOAD_BODY,
        **documented(Reply[File], 401, 403, 408, 413, 415, 429, 507),
    )
    async def upload_file(request: Request, key: Key = writer) -> Response:
        """Upload a PNG, JPEG or WebP picture as the multipart field `file`; its `url` works in requests."""
        with limit.upload(key):
            upload = await _take_in(request, key, services, pictures, uploads)
        return success(_file_body(services, upload))

    @router.get("/api/v1/media/files", operation_id="listFiles", **documented(Reply[Files], 401, 403, 429))
    async def list_files(key: Key = reader) -> Response:
        """List the key's uploaded files, newest first."""
        own = await run_in_threadpool(uploads.list, key.id)
        return success({"files": [_file_body(services, upload) for upload in own], "total": len(own)})

    @router.delete(
        "/api/v1/media/files/{file_id}",
        operation_id="deleteFile",
        **documented(Reply[Deleted], 401, 403, 404, 413, 429),
    )
    async def delete_file(file_id: str, request: Request, key: Key = writer) -> Response:
        """Delete an uploaded file. Tasks made with it are not touched."""
        await drop_body(request)
        await run_in_threadpool(uploads.delete, key.id, file_id)
        return success({"id": file_id, "deleted": True})

    return router


async def serve(services: Services, file: Served, request: Request) -> Response:
    """Answer with a file or a part of it: 200, 206, 304 or 416.

    Raises:
        Gone: it is no longer stored.
    """
    etag = f'"{file.sha256}"'
    headers = HEADERS | {"ETag": etag, "Content-Disposition": disposition(file.name)}
    if is_unchanged(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range")
    if request.headers.get("if-range", etag) != etag:
        wanted = None
    try:
        part = parse_range(wanted, file.size_bytes)
    except CannotSatisfy:
        raise HTTPException(
            416,
            f"the file has {file.size_bytes} bytes; ask for some of them",
            headers={"Content-Range": f"bytes */{file.size_bytes}"},
        ) from None
    status, first, last = 200, 0, file.size_bytes - 1
    if part is not None:
        status, first, last = 206, part.first, part.last
        headers["Content-Range"] = f"bytes {first}-{last}/{file.size_bytes}"
    headers["Content-Length"] = str(last - first + 1)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=file.media_type)
    try:
        chunks = await run_in_threadpool(services.storage.read, file.key, first, last)
    except NotFound:
        raise Gone("result: is no longer stored") from None
    return StreamingResponse(chunks, status_code=status, headers=headers, media_type=file.media_type)


def _file_answers(*refusals: int) -> dict[str, Any]:
    answers = documented(None, *refusals)
    answers["responses"] |= FILE_ANSWERS
    return answers


def _check_link(services: Services, request: Request) -> None:
    refuse_key_in_url(request)
    path = request.scope.get("raw_path", b"").partition(b"?")[0].decode("latin-1") or request.url.path
    services.links.check(path, request.query_params)


def _of_task(task: Task, name: str) -> Served:
    """Find the file of a task that a link or a caller names.

    Raises:
        Gone: its time is over.
        NotFound: the task has no file of this name.
    """
    for artifact in task.artifacts:
        link_name = file_name(task.id, artifact)
        plain_name = f"{artifact.role.replace('_', '-')}.{extension(artifact)}"
        if name in (link_name, plain_name):
            return Served(artifact.key, link_name, artifact.media_type, artifact.size_bytes, artifact.sha256)
    if task.result_expires_ms is not None and not task.artifacts:
        raise Gone(f"result: expired on {iso(task.result_expires_ms)[:10]}; submit the task again")
    raise NotFound("file: not found; read the task for the links of its files")


def _of_upload(upload: Upload) -> Served:
    return Served(upload.storage_key, upload.filename, upload.media_type, upload.size_bytes, upload.sha256)


async def _take_in(
    request: Request, key: Key, services: Services, pictures: Pictures, uploads: Uploads
) -> Upload:
    """Read, check and keep an uploaded picture.

    Raises:
        HTTPException, TalkiesError: see `_read_upload`, `Pictures.keep` and `Uploads.add`.
    """
    data, filename = await _read_upload(request, services.settings.upload_limit_bytes)
    kind = media_type(data)
    if kind not in UPLOAD_TYPES:
        raise BadOption(
            f"file: not a supported picture (got {kind}); upload PNG, JPEG or WebP",
            "file",
            "unsupported_format",
        )
    await run_in_threadpool(uploads.check_room, key.id)
    facts = await pictures.keep(key.id, data, "file")
    return await run_in_threadpool(uploads.add, key.id, facts.sha256, filename, kind, len(data))


async def _read_upload(request: Request, limit_bytes: int) -> tuple[bytes, str]:
    """Read the one file of a multipart body.

    Raises:
        HTTPException: 400, 408, 413 or 415: the body is malformed, slow, large or of another type.
        BadOption: it holds no file, or an empty or too large one.
    """
    exchange_of(request).body_limit_bytes = limit_bytes + FORM_BYTES
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise HTTPException(415, "the body must be multipart/form-data with one file in the field 'file'")
    async with request.form(max_files=1, max_fields=8, max_part_size=FORM_BYTES) as form:
        file = form.get("file")
        if file is None or isinstance(file, str):
            raise BadOption("parameter 'file' is required, as a file", "file", "missing")
        data = await file.read()
        filename = to_filename(file.filename)
    if not 1 <= len(data) <= limit_bytes:
        raise BadOption(
            f"parameter 'file' must hold 1 to {limit_bytes} bytes, got {len(data)}", "file", "out_of_range"
        )
    return data, filename


def _file_body(services: Services, upload: Upload) -> dict[str, Any]:
    path = services.links.sign(upload.path, services.settings.retention_s)
    return {
        "file_id": upload.id,
        "type": upload.media_type,
        "url": services.public_url + path,
        "filename": upload.filename,
        "size": upload.size_bytes,
        "created_at": upload.created_ms,
        "expires_at": upload.expires_ms,
    }
