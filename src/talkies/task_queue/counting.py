"""The queue in numbers, for metrics: counted from the tables, so that every process tells the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Subquery, case, cast, func, select

from talkies.database import current_ms, pictures, stage_times, tasks
from talkies.task import FINAL, Status
from talkies.task_queue import roster

TASK_EDGES_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600)
STAGE_EDGES_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)


@dataclass
class Histogram:
    """Times sorted into classes: `counts[n]` of them lie above `edges_s[n - 1]` and up to `edges_s[n]`.

    The last count is of those above every edge.
    """

    edges_s: Sequence[float]
    counts: list[int] = field(init=False)
    sum_s: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.edges_s) + 1)

    def add(self, class_number: int, count: int, sum_ms: float) -> None:
        """Add `count` times of one class, `sum_ms` milliseconds together."""
        self.counts[class_number] += count
        self.sum_s += sum_ms / 1000


def _task_times() -> defaultdict[tuple[str, str, Status], Histogram]:
    return defaultdict(lambda: Histogram(TASK_EDGES_S))


@dataclass
class Counts:
    """The tasks, by what a metric's labels tell apart.

    `outcomes` is by (model, status, failure code or None) of the tasks that are over. The three kinds of
    times are by (engine, tier, status) of the same tasks: `queue_times` from the submit to the start of the
    last attempt, `run_times` from there to the end, `total_times` both together. A task that never started
    only waited. `stage_times` is by (engine, stage), of all attempts.
    """

    by_status: dict[Status, int] = field(default_factory=lambda: dict.fromkeys(Status, 0))
    queued: dict[tuple[str, str], int] = field(default_factory=dict)  # by (engine, tier)
    oldest_queued_s: float = 0.0
    outcomes: defaultdict[tuple[str, Status, str | None], int] = field(
        default_factory=lambda: defaultdict(int)
    )
    queue_times: defaultdict[tuple[str, str, Status], Histogram] = field(default_factory=_task_times)
    run_times: defaultdict[tuple[str, str, Status], Histogram] = field(default_factory=_task_times)
    total_times: defaultdict[tuple[str, str, Status], Histogram] = field(default_factory=_task_times)
    stage_times: dict[tuple[str, str], Histogram] = field(default_factory=dict)
    output_s: defaultdict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    result_bytes: int = 0
    picture_bytes: int = 0
    expired: int = 0  # tasks whose files are gone
    workers_by_engine: dict[str, int] = field(default_factory=dict)
    workers: int = 0


def count(connection: Connection) -> Counts:
    """Count everything. It reads the whole table of tasks: for a scrape, not for a request."""
    counts = Counts()
    for group in connection.execute(_GROUPS):
        _add_tasks(counts, group)
    _count_queue(connection, counts)
    _count_stages(connection, counts)
    counts.picture_bytes = connection.execute(_PICTURE_BYTES).scalar_one()
    alive = roster.alive(connection)
    counts.workers = len(alive)
    for engines in alive.values():
        for engine in engines:
            counts.workers_by_engine[engine] = counts.workers_by_engine.get(engine, 0) + 1
    return counts


def _add_tasks(counts: Counts, group: Row[Any]) -> None:
    """Add the tasks of one group, which agree in all that labels and classes tell apart."""
    status, tasks_of_group = Status(group.status), group.tasks
    counts.by_status[status] += tasks_of_group
    counts.result_bytes += group.result_bytes
    if status not in FINAL:
        return
    counts.outcomes[group.model, status, group.code] += tasks_of_group
    counts.expired += group.expired
    labels = (group.engine, group.tier, status)
    counts.queue_times[labels].add(group.queue_class, tasks_of_group, group.queue_ms)
    counts.total_times[labels].add(group.total_class, tasks_of_group, group.total_ms)
    if group.run_class is not None:
        counts.run_times[labels].add(group.run_class, tasks_of_group, group.run_ms)
    if status is Status.SUCCEEDED:
        counts.output_s[group.engine, group.tier] += group.duration_s


def _count_queue(connection: Connection, counts: Counts) -> None:
    waiting = (
        select(tasks.c.engine, tasks.c.tier, func.count().label("tasks"), func.min(tasks.c.created_ms))
        .where(tasks.c.status == Status.QUEUED)
        .group_by(tasks.c.engine, tasks.c.tier)
    )
    lines = connection.execute(waiting).all()
    counts.queued = {(line.engine, line.tier): line.tasks for line in lines}
    if lines:
        oldest_ms = min(line[3] for line in lines)
        counts.oldest_queued_s = max(0.0, (current_ms(connection) - oldest_ms) / 1000)


def _count_stages(connection: Connection, counts: Counts) -> None:
    for group in connection.execute(_STAGES):
        histogram = counts.stage_times.setdefault((group.engine, group.stage), Histogram(STAGE_EDGES_S))
        histogram.add(group.time_class, group.times, group.took_ms)


def _groups() -> Any:
    """Select the tasks in groups: every histogram is made of one pass over the table."""
    each = _each_task()
    shared = [
        each.c[name]
        for name in ("model", "engine", "tier", "status", "code", "queue_class", "run_class", "total_class")
    ]
    sums = [
        _sum(each.c[name]).label(name)
        for name in ("queue_ms", "run_ms", "total_ms", "duration_s", "result_bytes", "expired")
    ]
    return select(*shared, func.count().label("tasks"), *sums).group_by(*shared)


def _each_task() -> Subquery:
    columns = tasks.c
    waited_until = func.coalesce(columns.started_ms, columns.finished_ms)
    queue_ms = _elapsed(columns.created_ms, waited_until)
    run_ms = _elapsed(columns.started_ms, columns.finished_ms)
    total_ms = _elapsed(columns.created_ms, columns.finished_ms)
    return select(
        columns.model,
        columns.engine,
        columns.tier,
        columns.status,
        columns.failure["code"].as_string().label("code"),
        columns.duration_s,
        queue_ms.label("queue_ms"),
        run_ms.label("run_ms"),
        total_ms.label("total_ms"),
        _class_of(queue_ms, TASK_EDGES_S).label("queue_class"),
        _class_of(run_ms, TASK_EDGES_S).label("run_class"),
        _class_of(total_ms, TASK_EDGES_S).label("total_class"),
        (_artifact_bytes(0) + _artifact_bytes(1)).label("result_bytes"),
        case((columns.holds_files, 0), else_=1).label("expired"),
    ).subquery("each_task")


def _stages() -> Any:
    each = select(
        stage_times.c.engine,
        stage_times.c.stage,
        stage_times.c.took_ms,
        _class_of(stage_times.c.took_ms, STAGE_EDGES_S).label("time_class"),
    ).subquery("each_stage")
    shared = (each.c.engine, each.c.stage, each.c.time_class)
    return select(*shared, func.count().label("times"), _sum(each.c.took_ms).label("took_ms")).group_by(
        *shared
    )


def _picture_bytes() -> Any:
    """Sum up the pictures; what two keys have sent lies in storage once."""
    files = select(pictures.c.storage_key, pictures.c.size_bytes).distinct().subquery("files")
    return select(_sum(files.c.size_bytes))


def _sum(column: ColumnElement[Any]) -> ColumnElement[int]:
    """Sum up integers; PostgreSQL would make a decimal number of them."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _elapsed(start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[Any]:
    """Subtract two times; a clock that was set back between them makes no time negative."""
    return case((end < start, 0), else_=end - start)


def _class_of(time_ms: ColumnElement[Any], edges_s: Sequence[float]) -> ColumnElement[Any]:
    """Number the class of a time as `Histogram` does; null stays null."""
    classes = [(time_ms <= round(1000 * edge), number) for number, edge in enumerate(edges_s)]
    return case((time_ms.is_(None), None), *classes, else_=len(edges_s))


def _artifact_bytes(number: int) -> ColumnElement[int]:
    return func.coalesce(tasks.c.artifacts[(number, "size_bytes")].as_integer(), 0)


# Built once: a scrape would spend as long on building them as on running them for a small queue.
_GROUPS = _groups()
_STAGES = _stages()
_PICTURE_BYTES = _picture_bytes()
