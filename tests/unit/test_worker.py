"""A worker against a real queue and storage, with a renderer that says what the test wants."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import update
from tests.conftest import PATIENCE_S, wait_for

from talkies import encoding
from talkies.aac import code_sound
from talkies.database import connect, tasks, upgrade
from talkies.engines import Capabilities
from talkies.errors import BadPicture, BadVideo, CannotWrite, EngineFailed, StorageUnavailable
from talkies.media import Clip, Inputs, Samples, Tick, Track
from talkies.plan import MusicCue, Plan, Shot
from talkies.script import Script
from talkies.spec import Spec
from talkies.storage import Storage
from talkies.task import Artifact, Status, Task
from talkies.task_queue import NewTask, TaskQueue
from talkies.worker import Renderer, Supervisor, Timing, Worker, Workshop, memory
from talkies.worker.failures import from_death, from_error
from talkies.worker.making import make
from talkies.worker.messages import Broke, Died, Made, Message, Order, Planned, Progress
from talkies.worker.probe import check_video

OWNER = "key_1"
PLAN = Plan(
    engine="tiny",
    width=64,
    height=64,
    duration_s=1,
    seed=1,
    shots=(Shot(start_frame=0, end_frame=24, picture="first"),),
    music=MusicCue(mood="calm"),
)

Act = Callable[[], Message | None]


class Scripted(Renderer):
    """Goes through a list of acts for each order; silent when they are used up."""

    def __init__(self, *acts: Act) -> None:
        super().__init__(Workshop("nowhere", Path("nowhere")))
        self._acts = acts
        self._left: list[Act] = []
        self.orders: list[Task] = []
        self.killed = 0

    def prepare(self) -> None:
        pass

    def order(self, order: Order) -> None:
        self.orders.append(order.task)
        self._left = list(self._acts)

    def receive(self, timeout_s: float) -> Message | None:
        if self._left:
            return self._left.pop(0)()
        time.sleep(timeout_s)
        return None

    def kill(self) -> None:
        self.killed += 1


def no_pictures(task: Task) -> dict[str, str]:
    del task
    return {}


class Desk:
    """A queue, a storage and a worker's surroundings."""

    def __init__(self, folder: Path) -> None:
        self.database = database = connect(f"sqlite:///{folder / 'talkies.db'}")
        upgrade(database)
        self.queue = TaskQueue(database)
        self.storage = Storage(folder / "files")
        self.stop = threading.Event()

    def submit(self, max_attempts: int = 1) -> Task:
        spec = Spec(prompt="A cat sings.", first_frame="ab" * 32, seed=1)
        return self.queue.submit(NewTask(OWNER, "m", "tiny", spec, max_attempts=max_attempts))[0]

    def work(self, *acts: Act, timing: Timing | None = None, storage: Storage | None = None) -> Scripted:
        """Let a worker go on until something sets `stop`; give its renderer."""
        renderer = Scripted(*acts)
        worker = Worker(
            "worker-1",
            queue=self.queue,
            engines=("tiny",),
            pictures=no_pictures,
            storage=storage or self.storage,
            renderer=renderer,
            timing=timing or Timing(heartbeat_s=0.3, poll_s=0.02),
        )
        worker.run(self.stop)
        return renderer

    def end(self, message: Message) -> Act:
        """Say something, and let the worker stop after the attempt that it ends."""

        def act() -> Message:
            self.stop.set()
            return message

        return act

    def get(self, task: Task) -> Task:
        return self.queue.get(OWNER, task.id)

    def set_lease(self, lease_until_ms: int) -> None:
        """Let time pass, without waiting: 1 is long over."""
        with self.database.begin() as connection:
            connection.execute(update(tasks).values(lease_until_ms=lease_until_ms))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def say(message: Message) -> Act:
    return lambda: message


def artifact(key: str = "results/t/1/video.mp4") -> Artifact:
    return Artifact(
        role="video", key=key, media_type="video/mp4", size_bytes=1, sha256="c", width=64, height=64
    )


def ignore(message: Message) -> None:
    del message


def test_a_finished_clip_ends_the_task_with_its_artifacts(desk: Desk) -> None:
    task = desk.submit()

    desk.work(desk.end(Made((artifact(),))))

    assert (desk.get(task).status, desk.get(task).artifacts) == (Status.SUCCEEDED, (artifact(),))


def test_the_caller_sees_plan_stage_and_progress_while_it_is_made(desk: Desk) -> None:
    task = desk.submit()
    seen: list[Task] = []

    def look() -> None:
        seen.append(desk.get(task))

    desk.work(say(Planned(PLAN)), say(Progress("picture", 0.5)), lambda: look(), desk.end(Made(())))

    assert (seen[0].plan, seen[0].stage, seen[0].progress) == (PLAN, "picture", 0.5)


def test_the_time_of_each_stage_is_noted_for_the_metrics(desk: Desk) -> None:
    desk.submit()

    desk.work(say(Progress("sound", 0.1)), say(Progress("picture", 0.4)), desk.end(Made((artifact(),))))

    noted = desk.queue.counts().stage_times
    assert noted.keys() == {("tiny", "sound"), ("tiny", "picture")}
    assert all(sum(times.counts) == 1 for times in noted.values())


def test_a_worker_is_signed_in_while_it_works_and_out_at_its_end(desk: Desk) -> None:
    desk.submit()
    seen: list[dict[str, int]] = []

    def look() -> Message:
        seen.append(desk.queue.counts().workers_by_engine)
        desk.stop.set()
        return Made((artifact(),))

    desk.work(look, timing=Timing(heartbeat_s=600, poll_s=0.02))

    assert seen == [{"tiny": 1}]
    assert desk.queue.counts().workers == 0


def test_a_canceled_clip_is_killed_long_before_the_next_heartbeat(desk: Desk) -> None:
    task = desk.submit()

    def cancel() -> None:
        desk.queue.cancel(OWNER, task.id)
        desk.stop.set()

    renderer = desk.work(lambda: cancel(), timing=Timing(heartbeat_s=600, drain_s=PATIENCE_S))

    ended = desk.get(task)
    assert ended.status == Status.CANCELED
    assert ended.finished_ms is not None
    assert renderer.killed >= 1


def test_what_a_stale_attempt_stored_is_deleted(desk: Desk) -> None:
    task = desk.submit(max_attempts=3)
    desk.storage.put("results/t/1/video.mp4", b"stale", "video/mp4")

    def lose() -> Message:
        desk.set_lease(1)  # as if it had been frozen so long
        desk.queue.claim("worker-2", ["tiny"])
        desk.stop.set()
        return Made((artifact(),))

    desk.work(lose)

    assert (desk.get(task).status, desk.get(task).worker) == (Status.RUNNING, "worker-2")
    assert list(desk.storage.list("results")) == []


def test_a_lost_lease_stops_the_renderer(desk: Desk) -> None:
    task = desk.submit(max_attempts=3)

    def lose() -> None:
        desk.set_lease(1)
        desk.queue.claim("worker-2", ["tiny"])
        desk.stop.set()

    renderer = desk.work(lambda: lose())

    assert renderer.killed >= 2  # for the lease, and at the end
    assert desk.get(task).worker == "worker-2"


def test_every_heartbeat_prolongs_the_lease(desk: Desk) -> None:
    task = desk.submit()
    ends_ms: list[int] = []

    def note_end() -> None:
        ends_ms.append(desk.get(task).lease_until_ms or 0)

    def shorten() -> None:
        desk.set_lease((desk.get(task).lease_until_ms or 0) - 10_000)
        note_end()

    def finish() -> Message:
        note_end()
        desk.stop.set()
        return Made(())

    desk.work(lambda: shorten(), finish, timing=Timing(heartbeat_s=0))

    shortened_ms, prolonged_ms = ends_ms
    assert prolonged_ms >= shortened_ms + 10_000
    assert (desk.get(task).status, desk.get(task).attempt) == (Status.SUCCEEDED, 1)


def test_a_hanging_clip_fails_with_a_timeout(desk: Desk) -> None:
    task = desk.submit()

    def hang() -> None:
        desk.stop.set()

    desk.work(lambda: hang(), timing=Timing(run_limit_s=0.2, drain_s=PATIENCE_S))

    failure = desk.get(task).failure
    assert failure is not None
    assert (failure.code, failure.retryable) == ("engine_timeout", True)


def test_a_draining_worker_gives_its_task_back_unharmed(desk: Desk) -> None:
    task = desk.submit(max_attempts=1)

    def drain() -> None:
        desk.stop.set()

    desk.work(lambda: drain(), timing=Timing(drain_s=0.1, poll_s=0.02))

    back = desk.get(task)
    assert (back.status, back.max_attempts - back.attempt) == (Status.QUEUED, 1)


def test_a_draining_worker_finishes_a_clip_that_is_done_in_time(desk: Desk) -> None:
    task = desk.submit()

    def drain() -> None:
        desk.stop.set()

    acts = (lambda: drain(), say(Progress("picture", 0.5)), say(Made(())))
    desk.work(*acts, timing=Timing(drain_s=PATIENCE_S))

    assert desk.get(task).status == Status.SUCCEEDED


def test_a_failed_attempt_returns_to_the_queue_until_the_last(desk: Desk) -> None:
    task = desk.submit(max_attempts=2)
    tries: list[Task] = []

    def break_down() -> Message:
        tries.append(desk.get(task))
        if len(tries) == 2:
            desk.stop.set()
        return Broke(from_error(EngineFailed("no luck")))

    desk.work(break_down)

    failure = desk.get(task).failure
    assert [each.attempt for each in tries] == [1, 2]
    assert failure is not None
    assert (desk.get(task).status, failure.message) == (Status.FAILED, "no luck")


def test_after_a_storage_failure_nothing_is_claimed_until_it_can_be_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("talkies.worker.loop.STORAGE_RETRY_S", 0.05)
    desk.submit(max_attempts=3)
    full = iter([True, True, False])

    class Full(Storage):
        def check_writable(self) -> None:
            if next(full):
                raise CannotWrite("no space")

    outcomes: Iterator[Message] = iter([Broke(from_error(CannotWrite("no space"))), Made(())])

    def outcome() -> Message:
        message = next(outcomes)
        if isinstance(message, Made):
            assert next(full, None) is None  # both refusals were waited for
            desk.stop.set()
        return message

    renderer = desk.work(outcome, storage=Full(Path(desk.queue._engine.url.database or "").parent / "files"))

    assert [task.attempt for task in renderer.orders] == [1, 2]


@pytest.mark.parametrize(
    ("died", "code"),
    [
        (Died(-signal.SIGKILL, for_memory=False), "worker_lost"),
        (Died(-signal.SIGKILL, for_memory=True), "engine_out_of_memory"),
        (Died(-signal.SIGSEGV, for_memory=False), "engine_failed"),
        (Died(1, for_memory=False), "engine_failed"),
    ],
)
def test_the_way_a_renderer_dies_tells_the_reason(died: Died, code: str) -> None:
    assert from_death(died).code == code
    assert from_death(died).retryable


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (BadPicture("damaged", "first_frame"), "invalid_picture", False),
        (MemoryError(), "engine_out_of_memory", True),
        (CannotWrite("full"), "storage_failed", True),
        (StorageUnavailable("away"), "storage_failed", True),
        (BadVideo("silent"), "output_broken", True),
        (EngineFailed("no"), "engine_failed", True),
        (ZeroDivisionError("secret path"), "engine_failed", True),
    ],
)
def test_every_error_has_its_code(error: Exception, code: str, retryable: bool) -> None:
    failure = from_error(error)

    assert (failure.code, failure.retryable) == (code, retryable)
    assert "secret" not in failure.message


def test_kills_for_memory_are_read_from_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = tmp_path / "memory.events"
    counter.write_text("low 0\noom 3\noom_kill 2\n", "ascii")
    monkeypatch.setattr(memory, "COUNTERS", (tmp_path / "absent", counter))

    assert memory.kills() == 2
    assert memory.resident_bytes(os.getpid()) > 10**6


class Tiny:
    """An engine that makes a second of grey pictures with a tone."""

    name = "tiny"
    capabilities = Capabilities(summary="For tests.", deterministic=True)

    def __init__(self, loudness: float = 0.2, not_rendered: tuple[str, ...] = ()) -> None:
        self._loudness, self._not_rendered = loudness, not_rendered

    def plan(self, spec: Spec, script: Script) -> Plan:
        del spec, script
        return PLAN

    def render(self, plan: Plan, inputs: Inputs, tick: Tick) -> Iterator[Clip]:
        del plan, tick
        assert inputs.first_frame is not None
        frames = (np.full((64, 64, 3), number, np.uint8) for number in range(24))
        tracks = (Track("music", tone(self._loudness)),)
        yield Clip(24, frames, lambda: tracks, self._not_rendered)


def tone(loudness: float) -> Samples:
    wave = loudness * np.sin(np.arange(48_000) / 20)
    return np.repeat(wave.astype(np.float32)[:, None], 2, axis=1)


@pytest.fixture
def order(desk: Desk) -> Order:
    stream = io.BytesIO()
    Image.fromarray(np.full((64, 64, 3), 128, np.uint8)).save(stream, "PNG")
    sha256 = hashlib.sha256(stream.getvalue()).hexdigest()
    desk.storage.put("pictures/one", stream.getvalue(), "image/png")
    spec = Spec(prompt="A cat.", first_frame=sha256, seed=1)
    task, _ = desk.queue.submit(NewTask(OWNER, "m", "tiny", spec, return_last_frame=True))
    return Order(task, {sha256: "pictures/one"})


def test_a_clip_is_stored_under_its_attempt_with_true_facts(desk: Desk, order: Order, tmp_path: Path) -> None:
    told: list[Message] = []

    video, last_frame = make(order, Tiny(), desk.storage, tmp_path, None, told.append)

    stored = b"".join(desk.storage.read(video.key))
    assert video.key == f"results/{order.task.id}/0/video.mp4"
    assert (video.size_bytes, video.sha256) == (len(stored), hashlib.sha256(stored).hexdigest())
    assert (last_frame.role, last_frame.media_type, last_frame.width) == ("last_frame", "image/png", 64)
    assert told[0] == Planned(PLAN)
    assert not list(tmp_path.glob("task-*"))


def test_what_the_pictures_lack_is_told_with_the_plan(desk: Desk, order: Order, tmp_path: Path) -> None:
    told: list[Message] = []

    make(order, Tiny(not_rendered=("lips: no face",)), desk.storage, tmp_path, None, told.append)

    plans = [message.plan for message in told if isinstance(message, Planned)]
    assert plans == [PLAN, PLAN.model_copy(update={"not_rendered": ("lips: no face",)})]


def test_a_picture_that_is_gone_may_be_back_at_the_next_attempt(
    desk: Desk, order: Order, tmp_path: Path
) -> None:
    desk.storage.delete(["pictures/one"])

    with pytest.raises(StorageUnavailable, match="not in storage"):
        make(order, Tiny(), desk.storage, tmp_path, None, ignore)


def test_a_silent_file_is_never_stored(desk: Desk, order: Order, tmp_path: Path) -> None:
    with pytest.raises(BadVideo, match="silent"):
        make(order, Tiny(loudness=0.0), desk.storage, tmp_path, None, ignore)

    assert list(desk.storage.list("results")) == []


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    frames = [np.full((64, 64, 3), 9 * number, np.uint8) for number in range(24)]
    encoding.write_video(
        path, frames, width=64, height=64, frame_count=24, sound=code_sound(tone(0.2)), tags={}
    )
    return path


def test_a_whole_file_passes_its_check(video: Path) -> None:
    check_video(video, PLAN)


@pytest.mark.parametrize(
    "planned", [{"duration_s": 2}, {"width": 32}, {"height": 32}, {"audio": False}], ids=str
)
def test_a_file_other_than_planned_is_refused(video: Path, planned: dict[str, int]) -> None:
    with pytest.raises(BadVideo, match="planned"):
        check_video(video, PLAN.model_copy(update=planned))


def test_a_file_that_ends_early_is_refused(video: Path) -> None:
    video.write_bytes(video.read_bytes()[:-2000])

    with pytest.raises(BadVideo):
        check_video(video, PLAN)


def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    marker = tmp_path / "starts"
    program = f"open({str(marker)!r}, 'a').write('x')"
    supervisor = Supervisor([sys.executable, "-c", program], 1, dict(os.environ))

    def has_started_thrice() -> bool:
        supervisor.tend()
        return marker.exists() and len(marker.read_text("ascii")) >= 3

    wait_for(has_started_thrice)

    supervisor.drain(PATIENCE_S)


def test_a_process_that_does_not_end_is_killed(tmp_path: Path) -> None:
    marker = tmp_path / "ready"
    program = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"pathlib.Path({str(marker)!r}).touch(); time.sleep(600)"
    )
    supervisor = Supervisor([sys.executable, "-c", program], 1, dict(os.environ))
    supervisor.tend()
    wait_for(marker.exists)

    start_s = time.monotonic()
    supervisor.drain(0.3)

    assert 0.3 <= time.monotonic() - start_s < PATIENCE_S
