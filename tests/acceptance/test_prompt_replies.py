"""How fast the real service answers a client that keeps its connection."""

from __future__ import annotations

import statistics
import time

import httpx
from tests.acceptance.conftest import Service


def test_a_reply_on_a_kept_connection_does_not_wait_for_a_delayed_acknowledgement(service: Service) -> None:
    service.start("--workers", "0")
    taken_s = []
    with httpx.Client(base_url=service.url) as client:
        for _ in range(100):
            began = time.perf_counter()
            assert client.get("/health/live").status_code == 200
            taken_s.append(time.perf_counter() - began)

    # The delay of 40 ms strikes nearly every reply, a busy machine only some.
    quarter_s = statistics.quantiles(taken_s, n=4)[0]
    assert quarter_s < 0.03
