"""Everything that can go wrong, as one tree.

TalkiesError
├── BadRequest            the caller can mend it            400
│   ├── BadOption         a parameter outside its rule
│   └── BadPicture        a picture that cannot be used
├── CannotWrite           the output cannot be stored       507
├── BadVideo              a video that cannot be read       400
├── EngineFailed          making the clip went wrong        500, a retry may help
├── Canceled              somebody asked to stop            409
├── AuthenticationFailed  no valid API key                  401
├── Forbidden             the key lacks a scope             403
├── NotFound              no such thing for this key        404
├── Gone                  it was there, and was deleted     410
├── Conflict              its state forbids the change      409
├── IdempotencyMismatch   one key, two requests             422
├── TooManyRequests       a limit of the key is reached     429, later
├── QueueFull             a limit of the server is reached  429, later
├── StaleLease            a worker lost its task            (between worker and queue only)
├── BadDatabase           the database cannot be used       500
├── StorageUnavailable    the storage does not answer       503, a retry may help
├── LinkRefused           a signed link was altered         403
└── LinkExpired           a signed link is too old          410
"""

from __future__ import annotations

from typing import ClassVar


class TalkiesError(Exception):
    """The root: every error that a user is meant to read.

    The text says what was wrong, the value, the rule and the remedy.
    """

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False


class BadRequest(TalkiesError):
    """The request cannot be served as it stands.

    `parameter` names the offending field in the words of the specification; `reason` is a stable word
    that programs can tell cases of one code apart by, such as `address_not_public`.
    """

    code = "invalid_request"
    http_status = 400

    def __init__(self, message: str, parameter: str | None = None, reason: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.reason = reason


class BadOption(BadRequest):
    """A parameter is missing, of the wrong type or outside its range."""

    code = "invalid_parameter"


class BadPicture(BadRequest):
    """A picture is missing, damaged, too large, too small or of an unknown format."""

    code = "invalid_picture"


class BadVideo(TalkiesError):
    """A file is not a video that can be decoded."""

    code = "invalid_video"
    http_status = 400


class CannotWrite(TalkiesError):
    """The output cannot be written: no such folder, no permission, no space."""

    code = "cannot_write"
    http_status = 507


class EngineFailed(TalkiesError):
    """The engine could not make the clip; another attempt may succeed."""

    code = "engine_failed"
    retryable = True


class Canceled(TalkiesError):
    """Making the clip was stopped on request."""

    code = "canceled"
    http_status = 409


class AuthenticationFailed(TalkiesError):
    """The API key is missing, malformed, unknown, revoked or past its end.

    `reason` is one of "missing", "malformed", "unknown", "revoked", "expired", for metrics and logs.
    """

    code = "authentication_failed"
    http_status = 401

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Forbidden(TalkiesError):
    """The API key is valid but was not given the scope that this needs."""

    code = "forbidden"
    http_status = 403


class NotFound(TalkiesError):
    """There is no such thing, or it belongs to another key: the answer does not tell which."""

    code = "not_found"
    http_status = 404


class Gone(TalkiesError):
    """It was there and its owner deleted it."""

    code = "gone"
    http_status = 410


class Conflict(TalkiesError):
    """The state of the thing forbids this change."""

    code = "conflict"
    http_status = 409


class IdempotencyMismatch(TalkiesError):
    """An idempotency key came again with another request."""

    code = "idempotency_mismatch"
    http_status = 422


class TooManyRequests(TalkiesError):
    """A limit of the API key is reached; `retry_after_s` seconds from now it may be lower again."""

    code = "too_many_requests"
    http_status = 429
    retryable = True

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QueueFull(TalkiesError):
    """So many tasks wait that no other is taken in; `retry_after_s` seconds from now there may be room."""

    code = "queue_full"
    http_status = 429
    retryable = True

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StaleLease(TalkiesError):
    """A worker no longer holds its task: the lease ended, another attempt began, or the task is over."""

    code = "stale_lease"
    http_status = 409


class BadDatabase(TalkiesError):
    """The database cannot be opened, or its schema belongs to another version."""

    code = "bad_database"


class StorageUnavailable(TalkiesError):
    """The storage does not answer, or refuses its credentials; nothing was stored."""

    code = "storage_unavailable"
    http_status = 503
    retryable = True


class LinkRefused(TalkiesError):
    """A signed link was altered, or is signed for another file."""

    code = "link_refused"
    http_status = 403


class LinkExpired(TalkiesError):
    """A signed link has expired; reading its task again gives a fresh one."""

    code = "link_expired"
    http_status = 410
