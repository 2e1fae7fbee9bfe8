"""Decode pictures of strangers in child processes that can neither take the machine's memory nor its time."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

import numpy as np

from talkies.errors import BadPicture, TalkiesError
from talkies.media import Frame

START_S = 60.0  # to import the decoders on a busy machine
WAIT_FACTOR = 3.0  # wall-clock seconds per processor second that a decode may take
HEADER_LIMIT = 65_536  # bytes of a header line
MESSAGE_LIMIT = 1_000  # characters of a child's message that are passed on


class Sandbox:
    """Decodes pictures, each in a fresh process of its own; safe to use from several threads.

    A process may take `memory_bytes` beyond the decoders' own code, `cpu_s` processor seconds and three times
    that in wall-clock time; it can open no file and no connection. At most `at_once` run together, more
    wait. They are forked from one prepared process, so that a decode costs milliseconds, not an import;
    that process starts with the first picture and ends with this object or with the program.
    """

    def __init__(self, memory_bytes: int, cpu_s: int, at_once: int = 2) -> None:
        self._memory_bytes = memory_bytes
        self._cpu_s = cpu_s
        self._places = threading.BoundedSemaphore(at_once)
        self._starting = threading.Lock()
        self._forker: _Forker | None = None

    def decode(self, data: bytes, parameter: str) -> Frame:
        """Decode a picture: `(height, width, 3)` uint8, RGB, upright.

        Raises:
            BadPicture: it cannot be used, or its decoder crashed or ran out of memory or time.
            TalkiesError: the process that forks the decoders cannot be started.
        """
        with self._places, self._connect() as connection:
            connection.settimeout(WAIT_FACTOR * self._cpu_s + START_S)
            try:
                return self._exchange(connection.makefile("rwb"), data, parameter)
            except (OSError, EOFError, ValueError, KeyError, TypeError):
                raise BadPicture(
                    f"{parameter}: cannot be decoded within {self._cpu_s} s and "
                    f"{self._memory_bytes // 2**20} MiB; send a smaller or an undamaged picture",
                    parameter,
                    "too_costly",
                ) from None

    def _exchange(self, stream: io.BufferedRWPair, data: bytes, parameter: str) -> Frame:
        """Send the picture, receive the pixels. Nothing that the other side says is believed unchecked."""
        with stream:
            stream.write(json.dumps({"parameter": parameter, "size": len(data)}).encode("ascii") + b"\n")
            stream.write(data)
            stream.flush()
            header = json.loads(stream.readline(HEADER_LIMIT))
            if "message" in header:
                reason = header["reason"]
                raise BadPicture(
                    str(header["message"])[:MESSAGE_LIMIT],
                    parameter,
                    None if reason is None else str(reason)[:MESSAGE_LIMIT],
                )
            height, width = int(header["height"]), int(header["width"])
            if not (height > 0 and width > 0 and 3 * height * width <= self._memory_bytes):
                raise ValueError("impossible size")
            frame = np.empty((height, width, 3), np.uint8)
            if stream.readinto(frame.data.cast("B")) != frame.nbytes or stream.read(1):
                raise EOFError
            return frame

    def _connect(self) -> socket.socket:
        """Have a child forked, and give the connection to it."""
        for _ in range(2):  # the process that forks may have died since its last use
            forker = self._running()
            ours, theirs = socket.socketpair()
            ours.settimeout(START_S)
            with theirs, suppress(OSError):
                socket.send_fds(forker.control, [b"+"], [theirs.fileno()])
            with suppress(OSError):
                if ours.recv(1):
                    return ours
            ours.close()
            self._give_up(forker)
        raise TalkiesError("pictures cannot be decoded: the decoding process ends as soon as it starts")

    def _running(self) -> _Forker:
        with self._starting:
            if self._forker is None or self._forker.process.poll() is not None:
                self._stop()
                self._forker = _Forker(self._memory_bytes, self._cpu_s, WAIT_FACTOR * self._cpu_s)
            return self._forker

    def close(self) -> None:
        """End the processes, also those at work. The next picture starts them anew."""
        with self._starting:
            self._stop()

    def _give_up(self, forker: _Forker) -> None:
        with self._starting:
            if self._forker is forker:  # and not one that another thread has started since
                self._stop()

    def _stop(self) -> None:
        if self._forker is not None:
            self._forker.stop()
            self._forker = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Forker:
    """The prepared process, the leader of a session of its own, and the socket that commands it.

    It ends when that socket closes, so that none is left behind even when this program is killed.
    """

    def __init__(self, memory_bytes: int, cpu_s: int, wall_s: float) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        limits = (str(memory_bytes), str(cpu_s), str(wall_s))
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-m", "talkies.inputs.decoder", str(theirs.fileno()), *limits],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                # Nothing secret to read, and no threads, which would not survive the fork.
                env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        self.control.settimeout(START_S)
        with suppress(OSError):
            if self.control.recv(1):
                return
        self.stop()
        raise TalkiesError(
            "pictures cannot be decoded: the decoding process does not start; run talkies doctor"
        )

    def stop(self) -> None:
        self.control.close()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
