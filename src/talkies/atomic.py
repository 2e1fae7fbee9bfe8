"""Output files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from talkies.errors import CannotWrite


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """Give an empty file beside `path` to write to; it takes the place of `path` when the block succeeds.

    The content reaches the disk before the name does, so that a crash leaves the old file or the new one.
    When the block fails, for whatever reason, nothing is left and `path` is as it was.

    Raises:
        CannotWrite: the folder or the disk does not let the file be written.
    """
    with _beside(path) as temporary:
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        with suppress(OSError):  # some network file systems cannot flush a folder; the file is whole
            _flush(path.parent)


def check_writable(path: Path) -> None:
    """Make sure that a file can be put at `path`, before the work for it begins. Leaves nothing behind.

    Raises:
        CannotWrite: there is no such folder, it may not be written to, or `path` is itself a folder.
    """
    if path.is_dir():
        raise CannotWrite(f"cannot write {path}: it is a folder; give the name of a file")
    with _beside(path):
        pass


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Make an empty file in the folder of `path`, gone afterwards unless it was given another name."""
    temporary = path.with_name(f".talkies-{secrets.token_hex(8)}.part")
    try:
        temporary.touch(exist_ok=False)  # with the permissions that the umask gives, unlike `tempfile`
        yield temporary
    except OSError as error:
        raise CannotWrite(f"cannot write {path}: {_reason(error, path)}") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _reason(error: OSError, path: Path) -> str:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return f"there is no folder {path.parent}; create it or choose another"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"the folder {path.parent} may not be written to; choose another"
        case errno.ENOSPC | errno.EDQUOT:
            return "the disk is full; free some space or choose another folder"
        case _:
            return f"{error.strerror or error}; choose another folder"


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
