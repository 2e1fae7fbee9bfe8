"""One task from its kept pictures to its stored files: load, plan, render, check, store."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from talkies.engines import Engine
from talkies.errors import NotFound, StorageUnavailable
from talkies.inputs import decode_picture
from talkies.media import Frame, Inputs
from talkies.plan import Plan
from talkies.production import make_plan, produce
from talkies.progress import Meter
from talkies.provenance import Signing
from talkies.storage import Storage
from talkies.task import Artifact, Task
from talkies.worker.messages import Message, Order, Planned, Progress
from talkies.worker.probe import check_video

VIDEO, LAST_FRAME = "video.mp4", "last_frame.png"
MEDIA_TYPES = {VIDEO: "video/mp4", LAST_FRAME: "image/png"}

Tell = Callable[[Message], None]


def make(
    order: Order, engine: Engine, storage: Storage, scratch: Path, signing: Signing | None, tell: Tell
) -> tuple[Artifact, ...]:
    """Make the clip of a task and store it under keys of its attempt; tell the plan and the progress.

    Nothing is stored before the finished video has passed its check.

    Raises:
        BadPicture: a kept picture cannot be decoded.
        BadVideo: the finished file is not what was planned.
        CannotWrite, StorageUnavailable: a file cannot be written, or a kept picture cannot be read.
        EngineFailed: the clip cannot be made.
    """
    task = order.task
    tick = Meter(lambda stage, share: tell(Progress(stage, share)))
    inputs = load_inputs(order, storage)
    plan = make_plan(task.spec, engine)
    tell(Planned(plan))
    with tempfile.TemporaryDirectory(prefix=f"{task.id}-", dir=scratch) as folder:
        video, last_frame = Path(folder) / VIDEO, Path(folder) / LAST_FRAME
        made = produce(
            plan,
            inputs,
            engine,
            video,
            last_frame=last_frame if task.return_last_frame else None,
            signing=signing,
            tick=tick,
        )
        if made != plan:
            tell(Planned(made))
        tick("checking", 0, 1)
        check_video(video, plan)
        tick("storing", 0, 1)
        return tuple(_store(task, plan, video, last_frame, storage))


def load_inputs(order: Order, storage: Storage) -> Inputs:
    """Read and decode the pictures that the task's spec names.

    Raises:
        BadPicture: one cannot be decoded.
        StorageUnavailable: one is not there, or the storage cannot be read.
    """
    spec = order.task.spec
    return Inputs(
        _picture(order, storage, spec.first_frame, "first_frame"),
        _picture(order, storage, spec.last_frame, "last_frame"),
    )


def result_key(task: Task, name: str) -> str:
    """Name the place of a result in storage. It holds the attempt: a stale worker overwrites nothing.

    >>> result_key(Task.model_construct(id="task-1", attempt=2), "video.mp4")
    'results/task-1/2/video.mp4'
    """
    return f"results/{task.id}/{task.attempt}/{name}"


def _picture(order: Order, storage: Storage, sha256: str | None, parameter: str) -> Frame | None:
    if sha256 is None:
        return None
    try:
        data = b"".join(storage.read(order.pictures[sha256]))
    except (KeyError, NotFound) as error:
        # A disk that is not mounted looks like this, too: the task may succeed when it is back.
        raise StorageUnavailable(f"{parameter}: its picture is not in storage") from error
    return decode_picture(data, parameter=parameter)


def _store(task: Task, plan: Plan, video: Path, last_frame: Path, storage: Storage) -> Iterator[Artifact]:
    yield _put(task, plan, video, "video", storage)
    if task.return_last_frame:
        yield _put(task, plan, last_frame, "last_frame", storage)


def _put(task: Task, plan: Plan, file: Path, role: str, storage: Storage) -> Artifact:
    key, media_type = result_key(task, file.name), MEDIA_TYPES[file.name]
    storage.put(key, file, media_type)
    return Artifact.model_validate(
        {
            "role": role,
            "key": key,
            "media_type": media_type,
            "size_bytes": file.stat().st_size,
            "sha256": _sha256(file),
            "width": plan.width,
            "height": plan.height,
        }
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
