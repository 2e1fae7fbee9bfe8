"""Figures for Prometheus. No label names a task, a key or anything else that grows without bound."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from talkies.task_queue import TaskQueue
from talkies.webhooks import Outbox

REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # seconds
FETCH_BUCKETS = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)  # bytes


class Metrics:
    """What this process counts, and what the database tells when it is scraped."""

    def __init__(self, queue: TaskQueue, outbox: Outbox) -> None:
        self._registry = CollectorRegistry()
        self.requests = Histogram(
            "http_server_request_duration_seconds",
            "Time from a request to the end of its reply.",
            ("method", "route", "status"),
            registry=self._registry,
            buckets=REQUEST_BUCKETS,
        )
        self.auth_failures = Counter(
            "talkies_auth_failures", "Refused API keys.", ("reason",), registry=self._registry
        )
        self.rate_limited = Counter(
            "talkies_rate_limited", "Requests over their key's rate.", registry=self._registry
        )
        self.fetches = Counter(
            "talkies_fetch", "Pictures taken in by reference.", ("outcome",), registry=self._registry
        )
        self.fetched_bytes = Histogram(
            "talkies_fetch_bytes", "Sizes of these pictures.", registry=self._registry, buckets=FETCH_BUCKETS
        )
        Info("talkies_build", "The running version.", registry=self._registry).info(
            {"version": version("talkies")}
        )
        self._registry.register(_FromDatabase(queue, outbox))

    def scrape(self) -> bytes:
        """Write all figures in Prometheus' text format; reads the whole task table."""
        return generate_latest(self._registry)


class _FromDatabase(Collector):
    """The queue and the outbox, counted anew at each scrape, so that every process tells the same."""

    def __init__(self, queue: TaskQueue, outbox: Outbox) -> None:
        self._queue = queue
        self._outbox = outbox

    def describe(self) -> Iterator[Metric]:
        """Name nothing in advance: registering must not read the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Count."""
        counts = self._queue.counts()
        states = GaugeMetricFamily("talkies_tasks", "Tasks by status.", labels=["state"])
        for status, number in counts.by_status.items():
            states.add_metric([status.value], number)
        yield states
        ended = CounterMetricFamily(
            "talkies_tasks", "Tasks that ended.", labels=["model", "status", "reason"]
        )
        for (model, status, reason), number in sorted(
            counts.outcomes.items(), key=lambda outcome: tuple(map(str, outcome[0]))
        ):
            ended.add_metric([model, status.value, reason or ""], number)
        yield ended
        depth = GaugeMetricFamily("talkies_queue_depth", "Queued tasks.", labels=["engine"])
        for engine, number in counts.queued_by_engine.items():
            depth.add_metric([engine], number)
        yield depth
        yield GaugeMetricFamily(
            "talkies_queue_oldest_age_seconds",
            "Age of the task that waits longest.",
            value=counts.oldest_queued_s,
        )
        yield from self._webhooks()

    def _webhooks(self) -> Iterator[Metric]:
        by_state = self._outbox.counts()
        yield GaugeMetricFamily(
            "talkies_webhook_pending", "Webhook messages on their way.", value=by_state.pop("pending", 0)
        )
        ended = CounterMetricFamily(
            "talkies_webhook_deliveries", "Webhook messages that ended.", labels=["outcome"]
        )
        for state, number in by_state.items():
            ended.add_metric([state], number)
        yield ended
