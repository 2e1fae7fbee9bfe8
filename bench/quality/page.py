"""The results as one HTML page, readable without the clips and without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1240px; padding: 0 1rem }
h2 { margin-top: 3rem }
img, video { max-width: 100%; display: block; margin: .6rem 0; background: #eee }
video { max-height: 420px } table { border-collapse: collapse; font-size: 13px }
td, th { border: 1px solid #d5d9de; padding: .15rem .5rem; text-align: right }
th:first-child { text-align: left }
.missed { background: #fbdcd8; font-weight: 600 } .good { color: #146c2e } .weak { color: #8a5a00 }
.broken { color: #b3261e } .quiet { color: #667 } q { font-style: italic }
"""
_SCRIPT = """
for (const player of document.querySelectorAll("video"))
  player.addEventListener("error", () =>
    player.replaceWith("no clip here yet: python -m bench quality makes it"));
"""
_COLUMNS = ("engine", "still", "zoom")


def render(body: Mapping[str, Any]) -> str:
    """Write the page from what stands in `quality.json`; sheets and clips are named relative to it."""
    cases = "\n".join(_case(case) for case in body["cases"])
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Quality of the animatic engine</title>"
        f"<style>{_STYLE}</style><h1>Quality of the <code>animatic</code> engine</h1>"
        f"<p>{len(body['cases'])} photos and prompts, each beside two baselines that need no engine: the "
        "still photo in silence, and an even zoom with white noise. Red misses its aim. The clips are not "
        f"kept; <code>{escape(body['command'])}</code> makes them and this page. Authors and licences of the "
        "pictures: <code>bench/pictures/README.md</code>. Nobody in them said what is heard.</p>"
        f"<h2>Measures</h2>{_measures(body['measures'])}<h2>Clips broken on purpose</h2>"
        f"{_controls(body['controls'])}{cases}<script>{_SCRIPT}</script>\n"
    )


def _measures(measures: Mapping[str, Mapping[str, Any]]) -> str:
    """Tabulate which share of its cases keeps each aim, and whether that tells the engine from a baseline."""
    rows = [
        _row(
            [name, _aim(entry), str(entry["cases"])]
            + [f"{entry['met'][column]:.0%}" for column in _COLUMNS]
            + ["quality" if entry["separates"] else "absence of a fault"]
        )
        for name, entry in measures.items()
    ]
    return _table(["measure", "aim", "cases", "engine", "still + silence", "zoom + noise", "tells"], rows)


def _controls(controls: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        _row([entry["name"], entry["gate"], _number(entry["whole"]), _number(entry["broken"])])
        if entry["caught"]
        else f"<tr class=missed><th>{escape(entry['name'])}<td colspan=3>missed by {escape(entry['gate'])}"
        for entry in controls
    ]
    return _table(["broken by", "caught by", "whole", "broken"], rows)


def _case(case: Mapping[str, Any]) -> str:
    name = case["name"]
    judged = case.get("judgement") or {"verdict": "unjudged", "why": ""}
    figures = [
        f"<tr><th>{escape(measure)}<td>{_aim(figure)}"
        + "".join(_cell(columns.get(measure)) for columns in (case["figures"], *case["baselines"].values()))
        for measure, figure in case["figures"].items()
    ]
    pictures = "".join(f"<img loading=lazy src='quality/{sheet}' alt=''>" for sheet in case["sheets"])
    left_out = "; ".join(case["not_rendered"])
    return (
        f"<h2 id={name}>{escape(name)}</h2><p class=quiet>{case['kind']} · {escape(case['picture'])}</p>"
        f"<p><q>{escape(case['prompt'])}</q></p>"
        + (f"<p class=quiet>left out: {escape(left_out)}</p>" if left_out else "")
        + f"<p class={judged['verdict']}><b>{judged['verdict']}</b> {escape(judged['why'])}</p>"
        f"<video controls preload=none src='clips/{name}.mp4'></video>{pictures}"
        + _table(["measure", "aim", "engine", "still", "zoom"], figures)
    )


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    return f"<table><tr>{''.join(f'<th>{escape(head)}' for head in heads)}{''.join(rows)}</table>"


def _row(cells: Sequence[str]) -> str:
    return f"<tr><th>{escape(cells[0])}{''.join(f'<td>{escape(cell)}' for cell in cells[1:])}"


def _cell(figure: Mapping[str, Any] | None) -> str:
    if figure is None:
        return "<td>"
    return f"<td{'' if figure['met'] else ' class=missed'}>{_number(figure['measured'])}"


def _aim(figure: Mapping[str, Any]) -> str:
    low, high = figure.get("at_least"), figure.get("at_most")
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"≥ {low:g}" if low is not None else f"≤ {high:g}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
