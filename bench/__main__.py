"""`make bench`: speed and memory of the `animatic` engine, as ratios in one run.

Writes `bench/results/speed.json` and `speed.png`. Every figure is taken on this machine in this run; the
ratios are what to compare, the seconds are for orientation.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.cases import Run, measure, request, resident_mb, talkies_command
from bench.plot import draw
from talkies import encoding, mixing
from talkies.engines import find_engine
from talkies.media import no_tick
from talkies.plan import Plan
from talkies.production import joined_tracks, make_plan, produce
from talkies.spec import FRAME_RATE

RESULTS = Path(__file__).parent / "results"
SECONDS = 5
CLIPS = 50  # for the memory trend
TRIALS = 3  # the best counts: noise only ever adds


def main() -> None:
    """Measure, print, write."""
    with tempfile.TemporaryDirectory() as folder:
        figures = _measure(Path(folder))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "speed.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    draw(figures, RESULTS / "speed.png")
    print(json.dumps(figures["ratios"], indent=2))
    late = [name for name, aim in figures["aims"].items() if not figures["ratios"][name] <= aim]
    if late:
        sys.exit(f"above its aim: {', '.join(late)}")


def _measure(folder: Path) -> dict[str, Any]:
    encoder_s, warm_s = _warm(folder)
    cold = _best(lambda: measure(talkies_command(folder / "cold.mp4", resolution="720p", duration=SECONDS)))
    large = measure(talkies_command(folder / "large.mp4", resolution="1080p", duration=12))
    peers = {
        name: _best(
            lambda name=name: measure(  # type: ignore[misc]
                [sys.executable, "-m", "bench.peers", name, str(folder / f"{name}.mp4"), str(SECONDS)]
            )
        )
        for name in ("zoompan", "moviepy")
    }
    first_mb, last_mb = _memory_trend(folder)
    return {
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.system(),
        },
        "seconds": {
            "encoder_alone": round(encoder_s, 2),
            "warm_720p_5s": round(warm_s, 2),
            "cold_720p_5s": round(cold.wall_s, 2),
            "cold_1080p_12s": round(large.wall_s, 2),
            **{f"{name}_720p_5s": round(run.wall_s, 2) for name, run in peers.items()},
        },
        "peak_mb": {
            "cold_720p_5s": round(cold.peak_mb),
            "cold_1080p_12s": round(large.peak_mb),
            **{f"{name}_720p_5s": round(run.peak_mb) for name, run in peers.items()},
        },
        "resident_mb_over_clips": {"after_10": round(first_mb), f"after_{CLIPS}": round(last_mb)},
        "ratios": {
            "warm_to_length": round(warm_s / SECONDS, 3),
            "warm_to_encoder_alone": round(warm_s / encoder_s, 2),
            "cold_to_length": round(cold.wall_s / SECONDS, 3),
            "cold_1080p_12s_to_length": round(large.wall_s / 12, 3),
            "cold_to_zoompan": round(cold.wall_s / peers["zoompan"].wall_s, 2),
            "cold_to_moviepy": round(cold.wall_s / peers["moviepy"].wall_s, 2),
            "peak_1080p_12s_to_1200_mb": round(large.peak_mb / 1200, 3),
            "resident_growth": round(last_mb / first_mb, 3),
        },
        "aims": {
            "warm_to_length": 1.0,
            "warm_to_encoder_alone": 4.0,
            "cold_to_length": 2.0,
            "peak_1080p_12s_to_1200_mb": 1.0,
            "resident_growth": 1.05,
        },
    }


def _warm(folder: Path) -> tuple[float, float]:
    """Time the encoder alone on finished frames, and the whole work in a process that has done it before."""
    engine = find_engine("animatic")
    spec, inputs = request(duration=SECONDS)
    plan = make_plan(spec, engine)
    clips = list(engine.render(plan, inputs, no_tick))
    mix = mixing.mix(joined_tracks(clips))
    frames = [frame for clip in clips for frame in clip.frames]

    def encode() -> None:
        encoding.write_video(
            folder / "alone.mp4",
            frames,
            width=plan.width,
            height=plan.height,
            frame_count=SECONDS * FRAME_RATE,
            mix=mix,
            tags={},
        )

    def whole(seed: int) -> None:
        fresh, _ = request(duration=SECONDS, seed=seed)
        _produce(fresh_plan := make_plan(fresh, engine), folder)
        assert fresh_plan.frame_count == plan.frame_count

    def _produce(plan: Plan, folder: Path) -> None:
        produce(plan, inputs, engine, folder / "warm.mp4")

    encoder_s = min(_seconds(encode) for _ in range(TRIALS))
    warm_s = min(_seconds(lambda seed=seed: whole(seed)) for seed in range(TRIALS))  # type: ignore[misc]
    return encoder_s, warm_s


def _memory_trend(folder: Path) -> tuple[float, float]:
    """Make many small clips in one process; give resident memory after the tenth and after the last."""
    engine = find_engine("animatic")
    readings = []
    for seed in range(CLIPS):
        spec, inputs = request(resolution="480p", duration=4, seed=seed)
        produce(make_plan(spec, engine), inputs, engine, folder / "many.mp4")
        readings.append(resident_mb())
    return max(readings[:10]), readings[-1]


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _best(work: Callable[[], Run]) -> Run:
    return min((work() for _ in range(TRIALS)), key=lambda run: run.wall_s)


if __name__ == "__main__":
    main()
