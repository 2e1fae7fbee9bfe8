"""From a request body to a task in the queue."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from fastapi.concurrency import run_in_threadpool

from talkies.engines import Capabilities
from talkies.errors import BadOption
from talkies.server.catalogue import Catalogue
from talkies.server.dialects import modellix
from talkies.server.dialects.modellix import SubmitBody
from talkies.server.pictures import Pictures
from talkies.server.services import Services
from talkies.spec import PictureFacts, Spec, settle
from talkies.task import Task
from talkies.task_queue import NewTask

JUDGE_S = 5.0  # to look up the host of a callback_url

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Submitter:
    """Takes in requests: checks them, takes in their pictures, and queues the task."""

    def __init__(self, services: Services, catalogue: Catalogue, pictures: Pictures) -> None:
        self._services = services
        self._catalogue = catalogue
        self._pictures = pictures

    async def submit(
        self,
        owner: str,
        model: str,
        body: Mapping[str, Any],
        idempotency_key: str | None,
        request_id: str,
    ) -> tuple[Task, bool]:
        """Queue a task; tell whether an earlier submit with this idempotency key had made it.

        Raises:
            TalkiesError: the request, a picture or a limit forbids it; the message says why.
        """
        entry = self._catalogue.find(model)
        request = modellix.to_request(body)
        _check_abilities(request, entry.capabilities)
        print_of = None if idempotency_key is None else fingerprint(model, body)
        if idempotency_key is not None and print_of is not None:
            check_idempotency_key(idempotency_key)
            # Before any picture is fetched: a repeated submit must not need the caller's host again.
            earlier = await run_in_threadpool(
                self._services.queue.find_by_key, owner, idempotency_key, print_of
            )
            if earlier is not None:
                return earlier, True
        if request.callback_url is not None:
            await run_in_threadpool(
                self._services.endpoints.check_target, request.callback_url, "callback_url", JUDGE_S
            )
        pictures = await self._pictures.accept(owner, _references(request))
        new = NewTask(
            owner=owner,
            model=model,
            engine=entry.engine,
            spec=to_spec(request, pictures),
            tier=request.service_tier,
            return_last_frame=request.return_last_frame,
            request=modellix.to_stored(
                request, {field: facts.sha256 for field, facts in pictures.items()}, request_id
            ),
            callback_url=request.callback_url,
            expires_in_s=float(request.execution_expires_after),
            max_attempts=self._services.settings.attempts,
        )
        return await run_in_threadpool(self._services.queue.submit, new, idempotency_key, print_of)


def fingerprint(model: str, body: Mapping[str, Any]) -> str:
    """Tell requests apart, whatever the order of their fields; null is the same as absent.

    >>> fingerprint("m", {"a": 1, "b": None}) == fingerprint("m", {"a": 1})
    True
    """
    present = {name: value for name, value in body.items() if value is not None}
    canonical = json.dumps([model, present], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def check_idempotency_key(key: str) -> None:
    """Refuse an idempotency key that is empty, long, or holds other than visible ASCII.

    Raises:
        BadOption: it does.
    """
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise BadOption(
            "Idempotency-Key: must be 1 to 255 visible ASCII characters without spaces",
            "Idempotency-Key",
            "bad_format",
        )


def to_spec(request: SubmitBody, pictures: Mapping[str, PictureFacts]) -> Spec:
    """Settle what to make."""
    return settle(
        prompt=request.prompt,
        first_frame=pictures.get("first_frame_image"),
        last_frame=pictures.get("last_frame_image"),
        resolution=request.resolution,
        ratio=request.ratio,
        duration=request.duration,
        seed=request.seed,
        camera_fixed=request.camera_fixed,
        generate_audio=request.generate_audio,
    )


def _references(request: SubmitBody) -> dict[str, str]:
    named = {field: getattr(request, field) for field in modellix.PICTURES}
    return {field: reference for field, reference in named.items() if reference is not None}


def _check_abilities(request: SubmitBody, able: Capabilities) -> None:
    first, last = request.first_frame_image is not None, request.last_frame_image is not None
    refused = {
        "first_frame_image": first and not able.first_frame,
        "last_frame_image": last and not (able.both_frames if first else able.last_frame),
        "resolution": request.resolution not in able.resolutions,
        "ratio": request.ratio != "adaptive" and request.ratio not in able.ratios,
    }
    for field, is_refused in refused.items():
        if is_refused:
            raise BadOption(
                f"parameter '{field}': this model cannot do that; `GET /api/v1/models` says what it can",
                field,
                "not_supported",
            )
