"""The event stream of a task, as a client that stays connected sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.conftest import PATIENCE_S
from tests.integration.conftest import OpenSite, Site


def follow(answer: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give (event, data) as they come."""
    event = ""
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)


def test_a_waiting_task_tells_its_place_and_each_new_one(site: Site) -> None:
    ahead, task_id = site.submit(), site.submit()

    with site.http.stream("GET", f"/api/v1/tasks/{task_id}/events", timeout=PATIENCE_S) as answer:
        events = follow(answer)
        submitted, place = next(events), next(events)
        site.http.post(f"/api/v1/tasks/{ahead}/cancel")
        moved_up = next(events)
        site.finish(task_id)
        rest = list(events)

    assert (submitted[0], submitted[1]["status"]) == ("status", "pending")
    assert (place[0], place[1]["queue_position"]) == ("queue", 2)
    assert place[1].keys() == {"queue_position", "eta_seconds"}
    assert (moved_up[0], moved_up[1]["queue_position"]) == ("queue", 1)
    assert [body["status"] for event, body in rest if event == "status"] == ["processing", "success"]


def test_a_task_that_returns_to_the_queue_tells_its_place_again(site: Site) -> None:
    task_id = site.submit()
    queue = site.services.queue

    with site.http.stream("GET", f"/api/v1/tasks/{task_id}/events", timeout=PATIENCE_S) as answer:
        events = follow(answer)
        first = [next(events), next(events)]
        task = queue.claim("worker that gives back", ("animatic",))
        assert task is not None
        begun = next(events)
        queue.give_back(task)
        again = [next(events), next(events)]
        site.finish(task_id)

    assert [event for event, _ in first] == ["status", "queue"]
    assert begun[1]["status"] == "processing"
    assert [event for event, _ in again] == ["status", "queue"]
    assert again[1][1]["queue_position"] == 1


def test_a_stream_in_which_nothing_happens_is_kept_open_by_comments(
    open_site: OpenSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("talkies.server.events.PING_S", 1)
    site = open_site()
    task_id = site.submit()

    with site.http.stream("GET", f"/api/v1/tasks/{task_id}/events", timeout=PATIENCE_S) as answer:
        comment = next(line for line in answer.iter_lines() if line.startswith(":"))

    assert "ping" in comment


def test_a_stream_ends_when_its_task_is_deleted(site: Site) -> None:
    task_id = site.submit()

    with site.http.stream("GET", f"/api/v1/tasks/{task_id}/events", timeout=PATIENCE_S) as answer:
        events = follow(answer)
        next(events)
        site.http.post(f"/api/v1/tasks/{task_id}/cancel")
        site.http.delete(f"/api/v1/tasks/{task_id}")
        list(events)

    assert answer.status_code == 200
