from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from bench import figures, load
from bench.figures import Figure, percentile


@pytest.mark.parametrize(
    ("measured", "is_met"), [(0.4, True), (0.5, True), (0.39, False), (float("nan"), False)]
)
def test_a_figure_below_its_least_is_missed(measured: float, is_met: bool) -> None:
    assert Figure(measured, at_least=0.4).is_met is is_met


@pytest.mark.parametrize(
    ("measured", "is_met"), [(25.0, True), (3.0, True), (25.1, False), (float("nan"), False)]
)
def test_a_figure_above_its_most_is_missed(measured: float, is_met: bool) -> None:
    assert Figure(measured, at_most=25).is_met is is_met


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(1, 201)]

    assert percentile(values, 0.99) == 198
    assert percentile(values, 1.0) == 200
    assert percentile([7.0], 0.5) == 7


def test_results_say_what_was_measured_and_whether_each_aim_is_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "RESULTS", tmp_path)

    is_met = figures.write(
        "part", {"good": Figure(1.23456, at_most=2), "bad": Figure(3, at_most=2)}, more=[1]
    )

    written = json.loads((tmp_path / "part.json").read_text("utf-8"))
    assert not is_met
    assert written["command"] == "python -m bench part"
    assert written["figures"]["good"] == {"measured": 1.23, "at_most": 2, "met": True}
    assert written["figures"]["bad"]["met"] is False
    assert written["more"] == [1]


def test_the_client_sends_each_request_once_over_kept_connections() -> None:
    connections, paths = asyncio.run(_load_a_small_server(status="200 OK"))

    assert connections == 3
    assert sorted(paths) == sorted(f"/{number}" for number in range(20))


def test_the_client_stops_at_a_reply_that_is_no_success() -> None:
    with pytest.raises(RuntimeError, match="429"):
        asyncio.run(_load_a_small_server(status="429 Too Many Requests"))


async def _load_a_small_server(status: str) -> tuple[int, list[str]]:
    """Send 20 requests over 3 connections; give the connections and paths that the server saw."""
    connections, paths = 0, []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while line := await reader.readline():
            paths.append(line.split()[1].decode("ascii"))
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n{{}}".encode("ascii"))
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, load.HOST, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        requests = [load.request("GET", f"/{number}") for number in range(20)]
        seen = await load.send_all(port, requests, connections=3)
    assert len(seen.taken_s) == 20
    return connections, paths
