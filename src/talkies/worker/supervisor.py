"""Keeps worker processes alive: starts them, restarts those that end, and lets them finish at shutdown."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 30.0  # before a restart; doubled with each end that comes soon
SOON_S = 5.0  # a process that ends earlier than this after its start counts as broken

log = structlog.get_logger(__name__)


class Supervisor:
    """Runs `count` processes of one command. Use it in one thread, which must live as long as they shall."""

    def __init__(self, command: Sequence[str], count: int, environment: Mapping[str, str]) -> None:
        self._command = tuple(command)
        self._environment = dict(environment)
        self._places = [_Place(number) for number in range(1, count + 1)]

    def tend(self) -> None:
        """Start what is due and take note of what has ended. Call it a few times a second."""
        now_s = time.monotonic()
        for place in self._places:
            if place.process is not None and place.process.poll() is not None:
                self._note_end(place, now_s)
            if place.process is None and now_s >= place.due_s:
                place.process = subprocess.Popen(
                    self._command, env=self._environment, stdin=subprocess.DEVNULL
                )
                place.started_s = now_s

    def drain(self, within_s: float) -> None:
        """Ask all processes to end, wait, and kill those that have not ended in this time."""
        running = [place.process for place in self._places if place.process is not None]
        for process in running:
            process.terminate()
        deadline_s = time.monotonic() + within_s
        for process in running:
            try:
                process.wait(max(0.0, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("worker killed", pid=process.pid, waited_s=within_s)
                process.kill()
                process.wait()

    def _note_end(self, place: _Place, now_s: float) -> None:
        assert place.process is not None
        ended_soon = now_s - place.started_s < SOON_S
        place.wait_s = min(2 * place.wait_s, LONGEST_WAIT_S) if ended_soon else FIRST_WAIT_S
        place.due_s = now_s + place.wait_s
        log.warning(
            "worker ended",
            pid=place.process.pid,
            exit_status=place.process.returncode,
            restart_in_s=place.wait_s,
        )
        place.process = None


@dataclass
class _Place:
    """One of the processes, or the wait for its next start."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    due_s: float = field(default=float("-inf"))
    wait_s: float = FIRST_WAIT_S / 2
