"""Quality of the `animatic` engine over a fixed set of photos and prompts, failures included.

Every clip stands beside two baselines that need no engine, and clips broken on purpose show that the gates
catch what they are for. A measure that does not tell the engine from both baselines says only that a fault is
absent, and `quality.json` says so.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.figures import RESULTS, Figure, machine
from bench.quality import baselines
from bench.quality.cases import RESOLUTION, SEED, Case, all_cases
from bench.quality.material import Delivered, Material, deliver, make
from bench.quality.measuring import AIMS, Aim, judge, measure
from bench.quality.page import render
from bench.quality.sheets import draw_faces, draw_sheet
from talkies.inspection import Report

FAST = ("astronaut-closes-lips", "moose-storm", "lake-two-frames")
_SPEECH, _JOURNEY = "astronaut-closes-lips", "lake-two-frames"  # what is broken on purpose

_JUDGEMENTS = Path(__file__).parent / "judgements.toml"
_BASELINES: dict[str, Callable[[Material], Material]] = {
    "still": baselines.still_and_silence,
    "zoom": baselines.zoom_and_noise,
}


class Control(NamedTuple):
    """A clip broken on purpose, and the measure whose aim must then be missed."""

    spoil: baselines.Change
    gate: str
    is_about_speech: bool = False


CONTROLS: dict[str, Control] = {
    "sound 120 ms late": Control(baselines.late_sound, "sound_late_ms"),
    "sound of another clip": Control(baselines.swapped_sound, "sound_likeness"),
    "every sixth frame dropped": Control(baselines.dropped_frames, "duplicate_share"),
    "flicker of 8 levels": Control(baselines.flicker, "flicker_levels"),
    "jitter of 3 pixels": Control(baselines.jitter, "jitter_px"),
    "lips 3 frames late": Control(baselines.late_lips, "lips_late_frames", is_about_speech=True),
}


def run(chosen: Sequence[str] = (), *, fast: bool = False) -> bool:
    """Make and measure the chosen cases; without a choice all of them and the clips broken on purpose.

    JSON, page and sheets are written after each case, in place of earlier results of the same case. Returns
    whether every aim of the engine's clips is met and every broken clip is caught.
    """
    names = FAST if fast else tuple(chosen)
    known = {case.name: case for case in all_cases()}
    if unknown := set(names) - set(known):
        raise SystemExit(f"unknown case: {', '.join(sorted(unknown))}; use {', '.join(known)}")
    (RESULTS / "clips").mkdir(parents=True, exist_ok=True)
    (RESULTS / "quality").mkdir(exist_ok=True)
    is_met = True
    for name in names or known:
        case = _case(known[name])
        is_met &= all(figure["met"] for figure in case["figures"].values())
        _save(case=case)
    if not chosen:
        controls = run_controls(make(known[_SPEECH]), make(known[_JOURNEY]), RESULTS / "clips")
        is_met &= all(control["caught"] for control in controls)
        _save(controls=controls)
    return is_met


def run_controls(speech: Material, journey: Material, folder: Path) -> list[dict[str, Any]]:
    """Break clips in every way, and tell for each whether its gate catches it and passes the whole one.

    What is about speech is done to `speech`, all else to `journey`; `folder` holds the clips.
    """
    whole = {
        True: _judged(speech, folder / "whole-speech.mp4")[0],
        False: _judged(journey, folder / "whole-journey.mp4")[0],
    }
    results = []
    for name, (spoil, gate, is_about_speech) in CONTROLS.items():
        clips = (speech, journey) if is_about_speech else (journey, speech)
        broken, _, _ = _judged(spoil(*clips), folder / "broken.mp4")
        before, after = whole[is_about_speech][gate], broken[gate]
        results.append(
            {
                "name": name,
                "gate": gate,
                "whole": _json_number(before),
                "broken": _json_number(after),
                "caught": before.is_met and not after.is_met,
            }
        )
    return results


def _case(case: Case) -> dict[str, Any]:
    material = make(case)
    figures, report, delivered = _judged(material, RESULTS / "clips" / f"{case.name}.mp4")
    missed = [name for name, figure in figures.items() if not figure.is_met]
    print(f"quality: {case.name}: {'missed ' + ', '.join(missed) if missed else 'all aims met'}", flush=True)
    others = {
        name: _judged(change(material), RESULTS / "clips" / f"{case.name}-{name}.mp4")[0]
        for name, change in _BASELINES.items()
    }
    return {
        "name": case.name,
        "kind": case.kind,
        "picture": case.picture,
        "prompt": case.prompt,
        "not_rendered": list(material.plan.not_rendered),
        "sheets": _sheets(material, delivered, report),
        "figures": _to_json(figures),
        "baselines": {name: _to_json(found) for name, found in others.items()},
    }


def _judged(material: Material, path: Path) -> tuple[dict[str, Figure], Report, Delivered]:
    delivered = deliver(material, path)
    measures, report = measure(material, delivered)
    return judge(measures), report, delivered


def _sheets(material: Material, delivered: Delivered, report: Report) -> list[str]:
    name, folder = material.case.name, RESULTS / "quality"
    draw_sheet(report, delivered, folder / f"{name}.jpg")
    has_faces = draw_faces(material, delivered, folder / f"{name}-face.jpg")
    return [f"{name}.jpg", *([f"{name}-face.jpg"] if has_faces else [])]


def _summary(cases: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Tell for every measure which share of its cases keeps the aim, of the engine and of the baselines.

    It separates when the engine keeps it more often than either baseline does.
    """
    summary = {}
    for name, aim in AIMS.items():
        with_it = [case for case in cases if name in case["figures"]]
        if not with_it:
            continue
        met = {"engine": _share_met([case["figures"] for case in with_it], name)} | {
            baseline: _share_met([case["baselines"][baseline] for case in with_it], name)
            for baseline in _BASELINES
        }
        summary[name] = _bounds(aim) | {
            "cases": len(with_it),
            "met": met,
            "separates": all(met["engine"] > met[baseline] for baseline in _BASELINES),
        }
    return summary


def _share_met(columns: Sequence[dict[str, Any]], name: str) -> float:
    met: list[bool] = [column[name]["met"] for column in columns]
    return sum(met) / len(met)


def _bounds(aim: Aim) -> dict[str, float]:
    bounds = {"at_least": aim.at_least, "at_most": aim.at_most}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _to_json(figures: dict[str, Figure]) -> dict[str, Any]:
    return {name: figure.to_json() | {"measured": _json_number(figure)} for name, figure in figures.items()}


def _json_number(figure: Figure) -> float | None:
    """Round to three digits; None for what could not be measured, which JSON has no number for."""
    return None if math.isnan(figure.measured) else float(f"{figure.measured:.3g}")


def _save(*, case: dict[str, Any] | None = None, controls: list[dict[str, Any]] | None = None) -> None:
    """Put new results among those of earlier runs; write JSON and page."""
    path = RESULTS / "quality.json"
    earlier = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"cases": [], "controls": []}
    by_name = {entry["name"]: entry for entry in [*earlier["cases"], *([case] if case else [])]}
    judgements = _judgements()
    cases = [
        by_name[known.name] | {"judgement": judgements.get(known.name)}
        for known in all_cases()
        if known.name in by_name
    ]
    body = {
        "command": "python -m bench quality",
        "machine": machine(),
        "resolution": RESOLUTION,
        "seed": SEED,
        "measures": _summary(cases),
        "controls": controls or earlier["controls"],
        "cases": cases,
    }
    path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (RESULTS / "quality.html").write_text(render(body), encoding="utf-8")


def _judgements() -> dict[str, dict[str, str]]:
    return tomllib.loads(_JUDGEMENTS.read_text(encoding="utf-8")) if _JUDGEMENTS.exists() else {}
