"""Measured figures and their aims: judged, written as JSON, printed."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Figure:
    """One measured number and what it should be; without either bound it is for orientation."""

    measured: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether it keeps its bounds.

        >>> Figure(0.39, at_least=0.4).is_met, Figure(25.0, at_most=25.0).is_met
        (False, True)
        """
        # Written so that NaN keeps no bound.
        above = self.at_least is None or self.measured >= self.at_least
        below = self.at_most is None or self.measured <= self.at_most
        return above and below

    def to_json(self) -> dict[str, Any]:
        """Write it with its bounds and whether they are met, if it has any."""
        bounds = {"at_most": self.at_most, "at_least": self.at_least}
        aims = {name: bound for name, bound in bounds.items() if bound is not None}
        body: dict[str, Any] = {"measured": _rounded(self.measured), **aims}
        return body | {"met": self.is_met} if aims else body


def write(part: str, figures: Mapping[str, Figure], **facts: object) -> bool:
    """Write `results/PART.json`, print the figures, and tell whether all are met.

    `facts` stand in the file behind the figures: how it was measured, and what else was seen.
    """
    body = {
        "command": f"python -m bench {part}",
        "machine": machine(),
        "figures": {name: figure.to_json() for name, figure in figures.items()},
        **facts,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{part}.json").write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    for name, figure in figures.items():
        print(f"{part}: {name} = {_rounded(figure.measured)}{_verdict(figure)}", flush=True)
    return all(figure.is_met for figure in figures.values())


def machine() -> dict[str, object]:
    """Tell what the figures were taken on."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Give the smallest value that at least this share of all values does not exceed (nearest rank).

    >>> percentile([3, 1, 2, 4], 0.5), percentile([3, 1, 2, 4], 0.99)
    (2, 4)
    """
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _verdict(figure: Figure) -> str:
    aims = [
        f"{words} {bound}"
        for words, bound in (("at most", figure.at_most), ("at least", figure.at_least))
        if bound is not None
    ]
    if not aims:
        return ""
    return f" ({'met' if figure.is_met else 'MISSED'}: {' and '.join(aims)})"


def _rounded(value: float) -> float:
    """Keep three digits, or the whole part."""
    return round(value) if abs(value) >= 1000 else float(f"{value:.3g}")
