"""The renderer: a warm child process that makes clips, and the handle by which its worker holds it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

import structlog

from talkies.worker import memory
from talkies.worker.messages import Died, Message, Order, Ready, Workshop

START_S = 120.0  # to import the engines on a busy machine
RECYCLE_CLIPS = 200
RECYCLE_BYTES = 3 * 2**30
"""A renderer that made so many clips, or holds so much memory between two, is replaced by a fresh one."""

log = structlog.get_logger(__name__)


class Renderer:
    """Starts, asks and ends one child process. Not for several threads."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._clips = 0
        self._memory_kills = 0

    def prepare(self) -> None:
        """Have a child ready for an order: the one that is there, or a fresh one.

        Raises:
            RuntimeError: it does not start.
        """
        if self._process is not None and self._is_worn():
            self.kill()
        if self._process is None:
            self._start()

    def order(self, order: Order) -> None:
        """Let the child make a clip. What it says then comes by `receive`."""
        assert self._connection is not None, "prepare comes first"
        self._clips += 1
        self._memory_kills = memory.kills()
        with suppress(OSError):  # it died while idle: `receive` tells
            self._connection.send(order)

    def receive(self, timeout_s: float) -> Message | None:
        """Wait for the child's next word; None when it says nothing in this time."""
        assert self._connection is not None, "prepare comes first"
        try:
            if not self._connection.poll(timeout_s):
                return None
            message: Message = self._connection.recv()
        except (EOFError, OSError):
            return self._bury()
        return message

    def kill(self) -> None:
        """End the child at once, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._bury()

    @property
    def pid(self) -> int | None:
        """The process id of the child, if there is one."""
        return None if self._process is None else self._process.pid

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "talkies.worker.rendering", str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),  # whatever a library prints: stdout is for data
            )
        self._connection = Connection(ours.detach())
        self._clips = 0
        with suppress(OSError):
            self._connection.send(self._workshop)
        message = self.receive(START_S)
        if message != Ready():
            self.kill()
            raise RuntimeError(f"the renderer does not start ({message or f'silent for {START_S:.0f} s'})")
        log.debug("renderer ready", pid=self.pid)

    def _bury(self) -> Died:
        """Wait for the end of the child, which has closed its connection or was killed."""
        assert self._process is not None
        assert self._connection is not None
        self._connection.close()
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        died = Died(status, for_memory=memory.kills() > self._memory_kills)
        self._process = self._connection = None
        return died

    def _is_worn(self) -> bool:
        assert self._process is not None
        return (
            self._process.poll() is not None
            or self._clips >= RECYCLE_CLIPS
            or memory.resident_bytes(self._process.pid) > RECYCLE_BYTES
        )
