"""What `GET /metrics` tells, in particular of what other processes did."""

from __future__ import annotations

import re

import httpx
import pytest
from tests.conftest import wait_for
from tests.integration.conftest import OpenSite, Site

from talkies.server.metrics import installed_commit
from talkies.webhooks import Answer


def scrape(site: Site) -> str:
    answer = httpx.get(f"{site.url}/metrics")
    assert answer.status_code == 200
    return answer.text


def value(site: Site, sample: str) -> float:
    """Give the value of one sample, named with its labels; 0 if there is none."""
    found = re.search(rf"(?m)^{re.escape(sample)} (\S+)$", scrape(site))
    return float(found.group(1)) if found else 0.0


def test_a_finished_task_is_in_every_histogram(open_site: OpenSite) -> None:
    site = open_site()
    site.finish(site.submit(duration=5))

    text = scrape(site)

    for part in ("queue", "run", "total"):
        name = f"talkies_task_{part}_seconds"
        assert f"# TYPE {name} histogram" in text
        for edge in ("3600.0", "+Inf"):
            labels = f'engine="animatic",le="{edge}",outcome="succeeded",tier="default"'
            assert f"{name}_bucket{{{labels}}} 1.0" in text
        assert f'{name}_count{{engine="animatic",outcome="succeeded",tier="default"}} 1.0' in text
    assert 'talkies_output_seconds_total{engine="animatic",tier="default"} 5.0' in text
    assert re.search(r'talkies_storage_bytes\{kind="results"\} [1-9]', text)
    assert re.search(r'talkies_storage_bytes\{kind="pictures"\} [1-9]', text)
    assert re.search(r"talkies_storage_free_bytes [1-9]", text)
    assert "talkies_storage_expired_total 0.0" in text


def test_waiting_tasks_are_told_by_engine_and_tier(open_site: OpenSite) -> None:
    site = open_site()
    site.submit()
    site.submit(service_tier="flex")

    text = scrape(site)

    for tier in ("default", "flex"):
        assert f'talkies_queue_depth{{engine="animatic",tier="{tier}"}} 1.0' in text


def test_workers_and_stages_of_other_processes_are_told(open_site: OpenSite) -> None:
    site = open_site()
    queue = site.services.queue
    assert value(site, 'talkies_engine_up{engine="animatic"}') == 0
    queue.sign_in("worker-1", ("animatic",), 600.0)
    site.submit()
    task = queue.claim("worker-1", ("animatic",))
    assert task is not None
    queue.note_stages(task, {"picture": 3.0})

    wait_for(lambda: value(site, "talkies_workers") == 1)

    assert value(site, 'talkies_engine_up{engine="animatic"}') == 1
    wait_for(lambda: value(site, 'talkies_engine_step_seconds_sum{engine="animatic",stage="picture"}') == 3)


def test_frequent_scrapes_share_one_count(open_site: OpenSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkies.server.stored_figures.SHARE", 1e-9)
    site = open_site()
    before = value(site, 'talkies_tasks{state="queued"}')
    site.submit()

    assert value(site, 'talkies_tasks{state="queued"}') == before == 0


def test_webhook_attempts_are_told_by_outcome(open_site: OpenSite) -> None:
    site = open_site()
    outbox, queue = site.services.outbox, site.services.queue
    task_id = site.submit(callback_url="https://example.org/hook")
    queue.cancel(site.key.id, task_id)
    assert value(site, "talkies_webhook_pending") == 1
    attempt = outbox.claim(lease_s=60)
    assert attempt is not None

    outbox.record(attempt, Answer(status=500))

    assert value(site, 'talkies_webhook_deliveries_total{outcome="retried"}') == 1


def test_the_build_is_told_with_the_commit_that_the_operator_names(open_site: OpenSite) -> None:
    assert re.search(
        r'talkies_build_info\{commit="abc1234",version="[\d.]+"\} 1', scrape(open_site(commit="abc1234"))
    )


@pytest.mark.parametrize(
    ("written", "commit"),
    [
        ('{"url": "x", "vcs_info": {"vcs": "git", "commit_id": "0123abcd"}}', "0123abcd"),
        ('{"url": "file:///talkies", "dir_info": {"editable": true}}', ""),
        (None, ""),
        ("not JSON", ""),
    ],
)
def test_the_commit_is_read_from_what_the_installer_wrote(
    monkeypatch: pytest.MonkeyPatch, written: str | None, commit: str
) -> None:
    class Installed:
        def read_text(self, name: str) -> str | None:
            return written if name == "direct_url.json" else None

    monkeypatch.setattr("talkies.server.metrics.distribution", lambda _: Installed())

    assert installed_commit() == commit


def test_methods_that_a_client_invents_make_no_new_series(open_site: OpenSite) -> None:
    site = open_site()
    for number in range(3):
        httpx.request(f"ODD{number}", f"{site.url}/health/live")

    text = scrape(site)

    assert "ODD" not in text
    assert 'method="other"' in text
