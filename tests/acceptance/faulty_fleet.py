"""A server and workers that die or freeze at named steps, as a program for the fault tests.

    faulty_fleet.py kill   DATABASE_URL SEED TASKS KILLS
    faulty_fleet.py freeze DATABASE_URL SEED TRIALS
    faulty_fleet.py crowd  DATABASE_URL SEED TASKS

It prints one JSON object: how often each step was struck, or how often a limit was kept and passed. All
processes are forked from one that has everything imported, so that sixty of them start within a second.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable

from sqlalchemy import Connection, Engine, event, update

from talkies.database import connect
from talkies.database import tasks as task_table
from talkies.errors import StaleLease
from talkies.spec import Spec
from talkies.task import FINAL, Artifact, Failure, Status, Task
from talkies.task_queue import NewTask, Rules, TaskQueue, Wanted

SERVER_STEPS = ("submitting", "submitted")
WORKER_STEPS = ("claiming", "claimed", "reporting", "rendered", "finishing", "finished")
"""Where a process may die. A verb in "…ing" is inside its transaction, just before the commit."""

STALE_VERBS = ("renew", "report", "finish", "fail", "give_back")
REFUSED = 3  # exit status of a thawed worker that was refused, as it should be

SERVERS_KILLED_OF = 6  # every sixth kill meets the server
WORKERS = 4
CROWD = 8  # workers
FROZEN_AT_ONCE = 10
RENDER_S = 0.005
RULES = Rules(lease_s=3, max_running=100)  # a slow disk must not end the lease of a worker that lives
CROWD_RULES = Rules(lease_s=30, max_running=2)
FREEZE_RULES = Rules(lease_s=600, max_running=100)
ATTEMPTS = 30  # so many that chance never uses them up: a task that fails here counts as lost

Reach = Callable[[str], None]


def kill(url: str, seed: int, tasks: int, kills: int) -> Counter[str]:
    """Keep a server and workers running, kill them by plan, and go on until every task is over."""
    chance = random.Random(seed)
    servers = kills // SERVERS_KILLED_OF
    plans: dict[str, list[tuple[str, int]]] = {
        "server": [(chance.choice(SERVER_STEPS), chance.randint(1, tasks // 4)) for _ in range(servers)],
        "worker": [(chance.choice(WORKER_STEPS), chance.randint(1, 4)) for _ in range(kills - servers)],
    }
    numbers = itertools.count(1)
    struck: Counter[str] = Counter()
    running: dict[int, tuple[str, str | None]] = {}

    def start(role: str) -> None:
        step, countdown = plans[role].pop() if plans[role] else (None, 0)
        reach = _die_at(step, countdown)
        name = f"{role}-{next(numbers)}"
        run = (
            (lambda: submit_all(url, tasks, reach))
            if role == "server"
            else (lambda: work(url, name, tasks, reach))
        )
        running[_fork(run)] = role, step

    for role in ("server", *["worker"] * WORKERS):
        start(role)
    while running:
        process, status = os.wait()
        role, step = running.pop(process)
        if os.WIFSIGNALED(status) and step is not None:
            struck[step] += 1
            start(role)
        elif os.waitstatus_to_exitcode(status) != 0:
            raise SystemExit(f"a {role} broke down")
    return struck


def submit_all(url: str, tasks: int, reach: Reach) -> None:
    """Submit each task under its own idempotency key, from the first on, like a client without an answer."""
    engine = connect(url)
    queue = TaskQueue(engine, RULES)
    _watch_commits(engine, lambda: reach("submitting"))
    for number in range(tasks):
        queue.submit(_new_task(number), f"task {number}", "print")
        reach("submitted")


def work(url: str, worker: str, tasks: int, reach: Reach) -> None:
    """Claim, render and finish until every task is over."""
    engine = connect(url)
    queue = TaskQueue(engine, RULES)
    step = "claiming"
    _watch_commits(engine, lambda: reach(step))
    while True:
        step = "claiming"
        task = queue.claim(worker, ["animatic"])
        if task is None and _count_over(queue) == tasks:
            return
        if task is None:
            time.sleep(0.02)
            continue
        reach("claimed")
        time.sleep(RENDER_S)
        try:
            step = "reporting"
            queue.report(task, 0.5, "render")
            reach("rendered")
            step = "finishing"
            queue.finish(task, (_video(task),))
        except StaleLease:  # this machine was too slow for so short a lease
            continue
        reach("finished")


def freeze(url: str, seed: int, trials: int) -> Counter[str]:
    """Freeze workers, end their leases, let another one take their tasks, thaw them: all must be refused."""
    chance = random.Random(seed)
    engine = connect(url)
    queue = TaskQueue(engine, FREEZE_RULES)
    refused: Counter[str] = Counter()
    for first in range(0, trials, FROZEN_AT_ONCE):
        batch = range(first, min(first + FROZEN_AT_ONCE, trials))
        verbs = [chance.choice(STALE_VERBS) for _ in batch]
        for number in batch:
            queue.submit(_new_task(number))
        engine.dispose()  # a connection must not be shared with a fork
        frozen = {_fork(lambda verb=verb: freeze_and_try(url, verb)): verb for verb in verbs}  # type: ignore[misc]
        for process in frozen:
            os.waitpid(process, os.WUNTRACED)
        with engine.begin() as connection:
            running = task_table.c.status == Status.RUNNING
            connection.execute(update(task_table).where(running).values(lease_until_ms=1))
        rescued = [queue.claim(f"rescuer-{number}", ["animatic"]) for number in batch]
        late = []
        for task in rescued:
            assert task is not None
            if chance.random() < 0.5:
                queue.finish(task, (_video(task),))
            else:
                late.append(task)
        for process, verb in frozen.items():
            os.kill(process, signal.SIGCONT)
            _, status = os.waitpid(process, 0)
            refused[verb] += os.waitstatus_to_exitcode(status) == REFUSED
        for task in late:
            queue.finish(task, (_video(task),))
    return refused


def freeze_and_try(url: str, verb: str) -> None:
    """Claim a task, freeze, and once thawed go on as if nothing had happened."""
    queue = TaskQueue(connect(url), FREEZE_RULES)
    task = queue.claim(f"sleeper-{os.getpid()}", ["animatic"])
    assert task is not None
    os.kill(os.getpid(), signal.SIGSTOP)
    crashed = Failure(code="engine_failed", message="It failed.", retryable=True)
    arguments = {"report": (0.9,), "finish": ((_video(task),),), "fail": (crashed,)}
    getattr(queue, verb)(task, *arguments.get(verb, ()))


def crowd(url: str, seed: int, tasks: int) -> Counter[str]:
    """Let many workers claim at once; count at each start whether a key is within its limit."""
    chance = random.Random(seed)
    queue = TaskQueue(connect(url), CROWD_RULES)
    for number in range(tasks):
        queue.submit(_new_task(number))
    seeds = [chance.random() for _ in range(CROWD)]
    workers = [_fork(lambda own=own: _work_in_crowd(url, own)) for own in seeds]  # type: ignore[misc]
    ended = Counter(os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) for worker in workers)
    return Counter({"kept": ended[0], "passed": CROWD - ended[0]})


def _work_in_crowd(url: str, seed: float) -> None:
    chance = random.Random(seed)
    queue = TaskQueue(connect(url), CROWD_RULES)
    while _count_over(queue) < sum(queue.counts().by_status.values()):
        task = queue.claim(f"worker-{os.getpid()}", ["animatic"])
        if task is None:
            continue
        running = queue.list(task.owner, Wanted(statuses=[Status.RUNNING])).total
        assert running <= CROWD_RULES.max_running, f"{task.owner} runs {running}"
        time.sleep(chance.random() * RENDER_S)
        queue.finish(task, (_video(task),))


def _new_task(number: int) -> NewTask:
    spec = Spec(prompt="A cat sings.", first_frame="ab" * 32, seed=number)
    return NewTask(f"key{number % 3}", "seedance", "animatic", spec, max_attempts=ATTEMPTS)


def _video(task: Task) -> Artifact:
    return Artifact(
        role="video",
        key=f"{task.id}/{task.attempt}/video.mp4",
        media_type="video/mp4",
        size_bytes=1,
        sha256="cd" * 32,
        width=1280,
        height=720,
    )


def _count_over(queue: TaskQueue) -> int:
    return sum(number for status, number in queue.counts().by_status.items() if status in FINAL)


def _watch_commits(engine: Engine, reach: Callable[[], None]) -> None:
    """Call `reach` inside every writing transaction, just before its commit."""

    def before_commit(connection: Connection) -> None:
        if not connection.get_execution_options().get("reads_only"):
            reach()

    event.listen(engine, "commit", before_commit)


def _die_at(step: str | None, countdown: int) -> Reach:
    """Kill the own process with -9 when it reaches a step for the n-th time."""
    left = countdown

    def reach(reached: str) -> None:
        nonlocal left
        left -= reached == step
        if step is not None and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach


def _fork(run: Callable[[], None]) -> int:
    """Run something in a process of its own; return its id."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        run()
        status = 0
    except StaleLease:
        status = REFUSED
    except Exception:  # noqa: BLE001  (shown, and told by the exit status)
        sys.excepthook(*sys.exc_info())
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    fault, url, *numbers = sys.argv[1:]
    print(json.dumps({"kill": kill, "freeze": freeze, "crowd": crowd}[fault](url, *map(int, numbers))))  # type: ignore[operator]
