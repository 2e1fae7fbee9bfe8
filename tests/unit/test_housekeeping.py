from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, Table, insert, update
from tests.conftest import PATIENCE_S, wait_for

from talkies import housekeeping
from talkies.database import connect, current_ms, pictures, tasks, upgrade, uploads
from talkies.errors import StorageUnavailable
from talkies.housekeeping import Housekeeper
from talkies.spec import Spec
from talkies.storage import Storage
from talkies.task import Artifact, Status, Task
from talkies.task_queue import NewTask, TaskQueue

OWNER, OTHER = "key_1", "key_2"
DAY_MS = 86_400_000


class House:
    def __init__(self, folder: Path) -> None:
        self.database: Engine = connect(f"sqlite:///{folder / 'talkies.db'}")
        upgrade(self.database)
        self.queue = TaskQueue(self.database)
        self.files = folder / "files"
        self.storage = Storage(self.files)
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.keeper = Housekeeper(self.database, self.queue, self.storage, self.scratch, orphan_age_s=3600)

    def submit(self, picture: str = "aa", owner: str = OWNER) -> Task:
        spec = Spec(prompt="A cat.", first_frame=picture, seed=1)
        return self.queue.submit(NewTask(owner, "m", "tiny", spec))[0]

    def run(self) -> Task:
        task = self.queue.claim("worker-1", ["tiny"])
        assert task is not None
        return task

    def finish(self) -> Task:
        task = self.run()
        self.storage.put(key_of(task), b"video", "video/mp4")
        video = Artifact(
            role="video",
            key=key_of(task),
            media_type="video/mp4",
            size_bytes=5,
            sha256="c",
            width=64,
            height=64,
        )
        return self.queue.finish(task, (video,))

    def keep_picture(self, sha256: str, owner: str = OWNER, age_ms: int = DAY_MS) -> None:
        key = f"pictures/{sha256}"
        self.storage.put(key, b"picture", "image/png")
        with self.database.begin() as connection:
            connection.execute(
                insert(pictures).values(
                    owner=owner,
                    sha256=sha256,
                    storage_key=key,
                    media_type="image/png",
                    width=64,
                    height=64,
                    size_bytes=7,
                    created_ms=current_ms(connection) - age_ms,
                )
            )

    def upload(self, sha256: str, lasts_ms: int) -> None:
        with self.database.begin() as connection:
            now_ms = current_ms(connection)
            connection.execute(
                insert(uploads).values(
                    id="file_1",
                    owner=OWNER,
                    sha256=sha256,
                    filename="a.png",
                    media_type="image/png",
                    size_bytes=7,
                    created_ms=now_ms,
                    expires_ms=now_ms + lasts_ms,
                )
            )

    def alter(self, table: Table, **columns: int) -> None:
        """Let time pass, without waiting: set the end of a lease, of a retention, of an upload."""
        with self.database.begin() as connection:
            connection.execute(update(table).values(**columns))

    def stored(self) -> set[str]:
        return {file.key for file in self.storage.list()}

    def make_old(self, key: str) -> None:
        make_old(self.files / key)


def make_old(path: Path) -> None:
    os.utime(path, (time.time() - 86_400,) * 2)


def key_of(task: Task) -> str:
    return f"results/{task.id}/{task.attempt}/video.mp4"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_an_attempt_whose_lease_is_over_returns_to_the_queue(house: House) -> None:
    task = house.submit()
    house.run()
    assert house.keeper.sweep() == 0
    house.alter(tasks, lease_until_ms=1)

    assert house.keeper.sweep() == 1
    assert house.queue.get(OWNER, task.id).status == Status.QUEUED


def test_results_past_their_retention_are_removed_and_their_record_stays(house: House) -> None:
    house.submit()
    task = house.finish()
    house.alter(tasks, result_expires_ms=1)

    assert house.keeper.remove_results() == 1
    assert house.stored() == set()
    assert house.queue.get(OWNER, task.id).artifacts == ()


def test_results_within_their_retention_stay(house: House) -> None:
    house.submit()
    task = house.finish()

    assert house.keeper.remove_results() == 0
    assert house.stored() == {key_of(task)}


def test_a_deleted_task_takes_its_files_and_its_picture_along(house: House) -> None:
    house.keep_picture("aa")
    house.submit("aa")
    house.queue.delete(OWNER, house.finish().id)

    assert (house.keeper.remove_results(), house.keeper.remove_pictures()) == (1, 1)
    assert house.stored() == set()


def test_a_picture_that_a_task_still_needs_stays(house: House) -> None:
    house.keep_picture("aa")
    house.submit("aa")

    assert house.keeper.remove_pictures() == 0
    assert house.stored() == {"pictures/aa"}


def test_a_picture_that_nobody_needs_stays_for_an_hour(house: House) -> None:
    house.keep_picture("aa", age_ms=60_000)

    assert house.keeper.remove_pictures() == 0


def test_a_file_that_another_owner_shares_stays(house: House) -> None:
    house.keep_picture("aa")
    house.keep_picture("aa", owner=OTHER)
    house.submit("aa", owner=OTHER)

    assert house.keeper.remove_pictures() == 1
    assert house.stored() == {"pictures/aa"}


def test_an_upload_holds_its_picture_until_it_expires(house: House) -> None:
    house.keep_picture("aa")
    house.upload("aa", lasts_ms=DAY_MS)

    assert (house.keeper.remove_uploads(), house.keeper.remove_pictures()) == (0, 0)
    house.alter(uploads, expires_ms=1)
    assert (house.keeper.remove_uploads(), house.keeper.remove_pictures()) == (1, 1)


def test_files_of_failed_attempts_and_of_unknown_tasks_are_removed(house: House) -> None:
    house.submit()
    done = house.finish()
    failed = f"results/{done.id}/0/video.mp4"
    unknown = "results/task-0/1/video.mp4"
    for key in (failed, unknown):
        house.storage.put(key, b"orphan", "video/mp4")
    for key in (failed, unknown, key_of(done)):
        house.make_old(key)

    assert house.keeper.remove_orphans() == 2
    assert house.stored() == {key_of(done)}


def test_files_of_a_running_attempt_and_young_files_stay(house: House) -> None:
    house.submit()
    running = house.run()
    house.storage.put(key_of(running), b"about to finish", "video/mp4")
    house.make_old(key_of(running))
    house.storage.put("results/task-0/1/video.mp4", b"young", "video/mp4")

    assert house.keeper.remove_orphans() == 0


def test_scratch_that_a_killed_renderer_left_is_removed(house: House) -> None:
    old, young = house.scratch / "task-1-x", house.scratch / "task-2-y"
    for folder in (old, young):
        folder.mkdir()
        (folder / "video.mp4").write_bytes(b"half")
    make_old(old)

    house.keeper.remove_orphans()

    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize("error", [StorageUnavailable("away"), RuntimeError("nobody thought of this")])
def test_a_duty_that_fails_is_done_again_and_stops_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(housekeeping, "SWEEP_S", 0.02)
    monkeypatch.setattr(housekeeping, "REMOVE_S", 0.02)
    task = house.submit()
    house.run()
    failures = threading.Semaphore(0)

    def break_down() -> int:
        failures.release()
        raise error

    monkeypatch.setattr(house.keeper, "remove_results", break_down)
    stop = threading.Event()
    thread = threading.Thread(target=house.keeper.run, args=(stop,))
    thread.start()
    try:
        assert failures.acquire(timeout=PATIENCE_S)
        assert failures.acquire(timeout=PATIENCE_S)
        house.alter(tasks, lease_until_ms=1)
        wait_for(lambda: house.queue.get(OWNER, task.id).status == Status.QUEUED)
    finally:
        stop.set()
        thread.join()
