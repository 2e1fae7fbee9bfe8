"""Workers: claim a task, make its clip in a child process, store it, finish the task.

A worker is two processes. `loop` holds the lease and speaks with the queue; `renderer` is its child, which
makes one clip after the other by `making`. A crash, a hang or an out-of-memory kill of the child costs the
task one attempt and nothing else. `supervisor` keeps several workers alive.
"""

from __future__ import annotations

from talkies.worker.loop import Timing, Worker
from talkies.worker.messages import Workshop
from talkies.worker.renderer import Renderer
from talkies.worker.supervisor import Supervisor

__all__ = ["Renderer", "Supervisor", "Timing", "Worker", "Workshop"]
