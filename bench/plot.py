"""The bench's figures as pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

LABELS = {
    "encoder_alone": "our H.264 + AAC encoder alone, frames in memory",
    "veryfast_alone": 'libx264 "veryfast" + AAC alone, frames in memory',
    "warm_720p_5s": "talkies, warm, with voice and music",
    "cold_720p_5s": "talkies generate, cold, with voice and music",
    "zoompan_720p_5s": "ffmpeg zoompan, cold, silent",
    "moviepy_720p_5s": "moviepy zoom, cold, silent",
}


def draw_speed(measured_s: Mapping[str, float], out: Path) -> None:
    """Draw seconds for 5 s of 720p as bars, beside the clip's own length, and write a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    seconds = {label: measured_s[name] for name, label in LABELS.items()}
    figure, axes = plt.subplots(figsize=(9, 3.2), layout="constrained")
    colours = ["#2a6f97" if "talkies" in label else "#adb5bd" for label in seconds]
    bars = axes.barh(list(seconds), list(seconds.values()), color=colours)
    axes.bar_label(bars, fmt="%.1f s", padding=3)
    axes.axvline(5, color="#c1121f", linewidth=1, linestyle="--")
    axes.text(5, -0.75, "the clip's own length", color="#c1121f", ha="center", fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(f"seconds for 5 s of 720p, {os.cpu_count()} cores, one run")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(out, dpi=120)
    plt.close(figure)


def draw_soak(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], out: Path) -> None:
    """Draw what processes hold over minutes, each curve from zero on axes of its own, and write a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, rows = plt.subplots(
        len(curves), figsize=(9, 1.6 * len(curves)), sharex=True, layout="constrained"
    )
    for axes, (label, (minutes, values)) in zip(rows, curves.items(), strict=True):
        axes.plot(minutes, values, color="#2a6f97")
        axes.set_ylim(0, 1.15 * max(values))
        axes.set_title(label, fontsize=9, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
    rows[-1].set_xlabel("minutes of mixed load")
    figure.savefig(out, dpi=120)
    plt.close(figure)
