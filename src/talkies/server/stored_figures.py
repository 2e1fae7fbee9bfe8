"""Figures that span processes: read from the database at each scrape, so that every server tells the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from talkies.engines import engine_names
from talkies.storage import Storage
from talkies.task_queue import Counts, Histogram, TaskQueue
from talkies.webhooks import Outbox

SHARE = 0.05  # of the time that counting may take: it reads every task, and anybody may scrape


class StoredFigures(Collector):
    """The queue, the workers, the outbox and the storage."""

    def __init__(self, queue: TaskQueue, outbox: Outbox, storage: Storage) -> None:
        self._queue = queue
        self._outbox = outbox
        self._storage = storage
        self._counting = threading.Lock()
        self._counts: Counts | None = None
        self._stands_until_s = 0.0

    def describe(self) -> Iterator[Metric]:
        """Name nothing in advance: registering must not read the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Count."""
        counts = self._count()
        yield from _tasks(counts)
        yield from _times(counts)
        yield from _workers(counts)
        yield from self._webhooks()
        yield from self._stored(counts)

    def _count(self) -> Counts:
        with self._counting:
            began_s = time.monotonic()
            if self._counts is None or began_s >= self._stands_until_s:
                self._counts = self._queue.counts()
                ended_s = time.monotonic()
                self._stands_until_s = ended_s + (ended_s - began_s) / SHARE
            return self._counts

    def _webhooks(self) -> Iterator[Metric]:
        tally = self._outbox.tally()
        yield GaugeMetricFamily(
            "talkies_webhook_pending", "Webhook messages on their way.", value=tally.pending
        )
        attempts = CounterMetricFamily(
            "talkies_webhook_deliveries", "Attempts to deliver a webhook message.", labels=["outcome"]
        )
        for outcome, number in sorted(tally.attempts.items()):
            attempts.add_metric([outcome], number)
        yield attempts

    def _stored(self, counts: Counts) -> Iterator[Metric]:
        stored = GaugeMetricFamily("talkies_storage_bytes", "Bytes of kept files.", labels=["kind"])
        stored.add_metric(["results"], counts.result_bytes)
        stored.add_metric(["pictures"], counts.picture_bytes)
        yield stored
        free_bytes = self._storage.free_bytes()
        if free_bytes is not None:
            yield GaugeMetricFamily(
                "talkies_storage_free_bytes", "Free bytes on the disk of the storage.", value=free_bytes
            )
        yield CounterMetricFamily(
            "talkies_storage_expired", "Tasks whose files were removed.", value=counts.expired
        )


def _tasks(counts: Counts) -> Iterator[Metric]:
    states = GaugeMetricFamily("talkies_tasks", "Tasks by status.", labels=["state"])
    for status, number in counts.by_status.items():
        states.add_metric([status.value], number)
    yield states
    ended = CounterMetricFamily("talkies_tasks", "Tasks that ended.", labels=["model", "status", "reason"])
    for (model, status, reason), number in sorted(
        counts.outcomes.items(), key=lambda outcome: tuple(map(str, outcome[0]))
    ):
        ended.add_metric([model, status.value, reason or ""], number)
    yield ended
    depth = GaugeMetricFamily("talkies_queue_depth", "Queued tasks.", labels=["engine", "tier"])
    for labels, number in sorted(counts.queued.items()):
        depth.add_metric(labels, number)
    yield depth
    yield GaugeMetricFamily(
        "talkies_queue_oldest_age_seconds",
        "Age of the task that waits longest.",
        value=counts.oldest_queued_s,
    )
    output = CounterMetricFamily(
        "talkies_output_seconds", "Seconds of video made.", labels=["engine", "tier"]
    )
    for labels, seconds in sorted(counts.output_s.items()):
        output.add_metric(labels, seconds)
    yield output


def _times(counts: Counts) -> Iterator[Metric]:
    for part, meaning, times in (
        ("queue", "Time from a submit to the start of the last attempt.", counts.queue_times),
        ("run", "Time from the start of the last attempt to the end of its task.", counts.run_times),
        ("total", "Time from a submit to the end of its task.", counts.total_times),
    ):
        yield _histogram(f"talkies_task_{part}_seconds", meaning, ("engine", "tier", "outcome"), times)
    yield _histogram(
        "talkies_engine_step_seconds",
        "Time of each stage of an attempt.",
        ("engine", "stage"),
        counts.stage_times,
    )


def _workers(counts: Counts) -> Iterator[Metric]:
    yield GaugeMetricFamily("talkies_workers", "Workers that are alive.", value=counts.workers)
    up = GaugeMetricFamily(
        "talkies_engine_up", "Whether a worker that is alive has this engine.", labels=["engine"]
    )
    for engine in sorted({*engine_names(), *counts.workers_by_engine}):
        up.add_metric([engine], int(counts.workers_by_engine.get(engine, 0) > 0))
    yield up


def _histogram(
    name: str, meaning: str, labels: tuple[str, ...], histograms: Mapping[Any, Histogram]
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, meaning, labels=labels)
    for values, histogram in sorted(histograms.items()):
        edges = [*(str(float(edge)) for edge in histogram.edges_s), "+Inf"]
        buckets = list(zip(edges, accumulate(histogram.counts), strict=True))
        family.add_metric(values, buckets, sum_value=histogram.sum_s)
    return family
