"""Figures for Prometheus. No label names a task, a key or anything else that grows without bound."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution, version

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, generate_latest

from talkies.server.services import Services
from talkies.server.stored_figures import StoredFigures

REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # seconds
FETCH_BUCKETS = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)  # bytes


class Metrics:
    """What this process counts itself, and beside it what the database tells when it is scraped."""

    def __init__(self, services: Services) -> None:
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
            {"version": version("talkies"), "commit": services.settings.commit or installed_commit()}
        )
        self._registry.register(StoredFigures(services.queue, services.outbox, services.storage))

    def scrape(self) -> bytes:
        """Write all figures in Prometheus' text format; reads the whole task table."""
        return generate_latest(self._registry)


def installed_commit() -> str:
    """Name the commit that the package was installed from, as far as its installer wrote it down; or "".

    Source: PEP 610, direct_url.json.
    """
    try:
        origin = json.loads(distribution("talkies").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return ""
    return str(origin.get("vcs_info", {}).get("commit_id", ""))
