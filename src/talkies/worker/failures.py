"""Why an attempt failed, in the closed list of codes and in words for the caller."""

from __future__ import annotations

import signal

from talkies.errors import BadPicture, BadRequest, BadVideo, CannotWrite, EngineFailed, StorageUnavailable
from talkies.task import Failure, FailureCode
from talkies.worker.messages import Died

_SENTENCES: dict[FailureCode, str] = {
    "engine_failed": "The engine could not make this clip; submit it again, or change the prompt or "
    "the picture.",
    "engine_out_of_memory": "Making this clip needed more memory than the server has; "
    "choose a lower resolution or a shorter duration.",
    "engine_timeout": "Making this clip took too long; choose a lower resolution or a shorter duration.",
    "worker_lost": "The worker was ended while it made this clip; submit it again.",
    "storage_failed": "The result could not be stored; submit it again later.",
    "output_broken": "The finished file did not pass its check; submit it again with another seed.",
}


def failure(code: FailureCode, message: str | None = None) -> Failure:
    """Make the failure of an attempt that may be repeated."""
    return Failure(code=code, message=message or _SENTENCES[code], retryable=True)


def from_error(error: BaseException) -> Failure:
    """Translate what making a clip raised; only words meant for users pass, others may quote anything."""
    match error:
        case BadPicture():
            return Failure(code="invalid_picture", message=str(error), retryable=False)
        case BadRequest():
            return Failure(code="cannot_render", message=str(error), retryable=False)
        case MemoryError():
            return failure("engine_out_of_memory")
        case CannotWrite() | StorageUnavailable():
            return failure("storage_failed")
        case BadVideo():
            return failure("output_broken")
        case EngineFailed():
            return failure("engine_failed", str(error))
        case _:
            return failure("engine_failed")


def from_death(died: Died) -> Failure:
    """Translate the end of a renderer in the midst of its work."""
    if died.for_memory:
        return failure("engine_out_of_memory")
    if died.exit_status in (-signal.SIGKILL, -signal.SIGTERM):
        return failure("worker_lost")
    return failure("engine_failed")
