"""Processes that do not outlive the one that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # Source: prctl(2), linux/prctl.h


def die_with(parent: int) -> None:
    """Have the system kill this process when the thread that started it ends, even by kill -9.

    `parent` is the process id of the starter: had it died before this call, nobody would tell. Elsewhere
    than on Linux nothing happens; a child then ends when it next uses the pipe to its parent.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
