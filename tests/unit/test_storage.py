from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from talkies.errors import BadOption, CannotWrite, NotFound
from talkies.storage import Storage

KEY = "results/task-1/1/video.mp4"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def storage(folder: Path) -> Storage:
    return Storage(folder)


def test_a_stored_file_is_read_back_byte_for_byte(storage: Storage) -> None:
    data = os.urandom(3_000_000)

    storage.put(KEY, data, "video/mp4")

    assert b"".join(storage.read(KEY)) == data
    assert storage.facts(KEY).size_bytes == len(data)


def test_a_large_file_is_stored_from_a_path(storage: Storage, tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(os.urandom(12_000_000))

    storage.put(KEY, source, "video/mp4")

    assert b"".join(storage.read(KEY)) == source.read_bytes()


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 99), (10, 19), (99, 99), (50, None), (0, None)])
def test_a_range_includes_both_of_its_ends(storage: Storage, first: int, last: int | None) -> None:
    data = bytes(range(100))
    storage.put(KEY, data, "video/mp4")

    part = b"".join(storage.read(KEY, first, last))

    assert part == data[first : None if last is None else last + 1]


def test_an_empty_file_is_read_as_nothing(storage: Storage) -> None:
    storage.put(KEY, b"", "text/plain")

    assert b"".join(storage.read(KEY)) == b""


def test_reading_in_chunks_does_not_hold_the_file_in_memory(storage: Storage) -> None:
    storage.put(KEY, bytes(8_000_000), "video/mp4")

    assert max(map(len, storage.read(KEY))) <= 1_000_000


def test_the_entity_tag_changes_with_the_content(storage: Storage) -> None:
    storage.put(KEY, b"one", "text/plain")
    before = storage.facts(KEY)
    storage.put(KEY, b"other", "text/plain")

    assert storage.facts(KEY).etag != before.etag
    assert before.etag.startswith('"')


def test_a_missing_file_is_not_found(storage: Storage) -> None:
    with pytest.raises(NotFound, match="not in storage"):
        storage.facts(KEY)
    with pytest.raises(NotFound, match="not in storage"):
        storage.read(KEY)


def test_deleting_twice_is_no_error_and_leaves_no_folder(storage: Storage, folder: Path) -> None:
    storage.put(KEY, b"x", "video/mp4")

    storage.delete([KEY])
    storage.delete([KEY])

    assert list(folder.iterdir()) == []


def test_a_file_deleted_while_it_is_read_is_read_to_its_end(storage: Storage) -> None:
    storage.put(KEY, bytes(2_000_000), "video/mp4")
    chunks = storage.read(KEY)

    storage.delete([KEY])

    assert sum(map(len, chunks)) == 2_000_000


def test_listing_goes_through_one_prefix_only(storage: Storage) -> None:
    for key in ("results/a/1/video.mp4", "results/a/2/video.mp4", "results/ab/1/video.mp4", "pictures/00/11"):
        storage.put(key, b"x", "video/mp4")

    assert {file.key for file in storage.list("results/a")} == {
        "results/a/1/video.mp4",
        "results/a/2/video.mp4",
    }
    assert len(list(storage.list())) == 4
    assert list(storage.list("nothing")) == []


@pytest.mark.parametrize(
    "key",
    [
        *("", ".", "..", "../x", "a/../../x", "a/./b", "/etc/passwd", "a//b", "a/", "a\0b", "a\nb", "a#1"),
        *("a\\b", "a b", "%2e%2e/x", ".hidden", "a/.hidden", "ä", "a:b", "~/x"),
    ],
)
def test_a_key_that_could_lead_elsewhere_is_refused(storage: Storage, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        storage.put(key, b"x", "text/plain")


def test_a_folder_in_the_way_of_a_file_is_a_write_error_without_its_path(
    storage: Storage, folder: Path
) -> None:
    storage.put("a/b", b"x", "text/plain")

    with pytest.raises(CannotWrite) as refused:
        storage.put("a/b/c", b"x", "text/plain")

    assert str(folder) not in str(refused.value)
    assert refused.value.http_status == 507


def test_a_storage_that_is_a_file_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(CannotWrite):
        Storage(tmp_path / "file")


def test_a_full_disk_leaves_the_old_file_whole(tmp_path: Path) -> None:
    # A limit on the size of written files stands in for the full disk: both end a write in its middle.
    script = """
import resource, signal, sys
from talkies.errors import CannotWrite
from talkies.storage import Storage
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
storage = Storage(sys.argv[1])
storage.put("a/video.mp4", b"old", "video/mp4")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for size in (200_000, 20_000_000):
    try:
        storage.put("a/video.mp4", bytes(size), "video/mp4")
    except CannotWrite:
        continue
    sys.exit("stored beyond the limit")
assert b"".join(storage.read("a/video.mp4")) == b"old"
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "files")], check=True, timeout=600)

    assert [path.name for path in (tmp_path / "files").rglob("*") if path.is_file()] == ["video.mp4"]


def test_what_a_killed_writer_left_is_not_listed_and_is_deleted_later(tmp_path: Path) -> None:
    script = """
import sys
from talkies.storage import Storage
storage = Storage(sys.argv[1])
while True:
    storage.put("a/video.mp4", bytes(50_000_000), "video/mp4")
"""
    folder = tmp_path / "files"
    for _ in range(20):
        writer = subprocess.Popen([sys.executable, "-c", script, str(folder)])
        while not list(folder.rglob("*#*")):
            pass
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        if list(folder.rglob("*#*")):
            break
    storage = Storage(folder)

    assert all(file.size_bytes == 50_000_000 for file in storage.list())
    storage.delete_unfinished(age_s=3600)
    assert list(folder.rglob("*#*"))
    storage.delete_unfinished(age_s=-1)
    assert not list(folder.rglob("*#*"))


def test_a_writable_storage_passes_its_check_and_keeps_nothing_of_it(storage: Storage, folder: Path) -> None:
    storage.check_writable()

    assert list(folder.iterdir()) == []


def test_a_file_url_names_a_folder(tmp_path: Path) -> None:
    Storage(f"file://{tmp_path}/with%20space").put(KEY, b"x", "video/mp4")

    assert (tmp_path / "with space" / KEY).read_bytes() == b"x"


@pytest.mark.parametrize("place", ["gs://bucket", "http://host/x", "s3://", "file://"])
def test_another_kind_of_place_is_refused_with_the_known_ones(place: str) -> None:
    with pytest.raises(BadOption, match=r"file:///folder or s3://bucket"):
        Storage(place)
