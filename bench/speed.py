"""Speed and memory of the `animatic` engine: against the clip's length, the encoder alone, and two peers."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import av

from bench.cases import PAINTING, Run, measure, request, resident_mb, talkies_command
from bench.figures import RESULTS, Figure, write
from bench.plot import draw_speed
from talkies import encoding, mixing
from talkies.aac import code_sound
from talkies.engines import find_engine
from talkies.heap import share_heap
from talkies.media import Inputs, no_tick
from talkies.production import joined_tracks, make_plan, produce
from talkies.spec import FRAME_RATE, Spec

SECONDS, LARGE_SECONDS = 5, 12
CLIPS = 50  # for the memory trend
TRIALS = 3  # the best counts: noise only ever adds
_VERYFAST = {"preset": "veryfast", "crf": "18"}  # as tools that encode while they work commonly set x264


def run() -> bool:
    """Measure, write, draw, and tell whether every aim is met."""
    share_heap()  # as every process that films does
    with tempfile.TemporaryDirectory() as folder:
        figures, seen = _measure(Path(folder))
    is_met = write("speed", figures, **seen)
    draw_speed(seen["seconds"], RESULTS / "speed.png")
    return is_met


def _measure(folder: Path) -> tuple[dict[str, Figure], dict[str, dict[str, float]]]:
    # Other processes first: Linux counts in the peak of a child what its parent held when it was started.
    cold = _best(lambda: measure(talkies_command(folder / "cold.mp4", resolution="720p", duration=SECONDS)))
    large = measure(talkies_command(folder / "large.mp4", resolution="1080p", duration=LARGE_SECONDS))
    zoompan, moviepy = (_peer(name, folder) for name in ("zoompan", "moviepy"))
    encoder_s, veryfast_s = _encoders_alone(folder)
    warm_s = _warm(lambda seed: request(duration=SECONDS, seed=seed), folder)
    warm_large_s = _warm(lambda seed: request(resolution="1080p", duration=SECONDS, seed=seed), folder)
    # A painted face, of which the process has seen no trial's cut before.
    warm_new_s = _warm(lambda cut: request(photo=PAINTING, cut=cut, duration=SECONDS), folder)
    first_mb, last_mb = _memory_trend(folder)
    figures = {
        "warm_to_length": Figure(warm_s / SECONDS, at_most=0.5),
        "warm_to_encoder_alone": Figure(warm_s / encoder_s, at_most=2.0),
        "warm_to_veryfast_alone": Figure(warm_s / veryfast_s, at_most=2.0),
        "warm_1080p_to_length": Figure(warm_large_s / SECONDS, at_most=1.0),
        "warm_new_picture_to_length": Figure(warm_new_s / SECONDS),
        "cold_to_length": Figure(cold.wall_s / SECONDS, at_most=2.0),
        "cold_1080p_12s_to_length": Figure(large.wall_s / LARGE_SECONDS),
        "cold_to_zoompan": Figure(cold.wall_s / zoompan.wall_s),
        "cold_to_moviepy": Figure(cold.wall_s / moviepy.wall_s),
        "peak_1080p_12s_mb": Figure(large.peak_mb, at_most=1000),
        "resident_growth": Figure(last_mb / first_mb, at_most=1.05),
    }
    runs = {
        "cold_720p_5s": cold,
        "cold_1080p_12s": large,
        "zoompan_720p_5s": zoompan,
        "moviepy_720p_5s": moviepy,
    }
    return figures, {
        "seconds": {
            "encoder_alone": round(encoder_s, 2),
            "veryfast_alone": round(veryfast_s, 2),
            "warm_720p_5s": round(warm_s, 2),
            "warm_1080p_5s": round(warm_large_s, 2),
            "warm_new_picture_720p_5s": round(warm_new_s, 2),
            **{name: round(run.wall_s, 2) for name, run in runs.items()},
        },
        "peak_mb": {name: round(run.peak_mb) for name, run in runs.items()},
        "resident_mb_over_clips": {"after_10": round(first_mb), f"after_{CLIPS}": round(last_mb)},
    }


def _peer(name: str, folder: Path) -> Run:
    return _best(
        lambda: measure(
            [sys.executable, "-m", "bench.peers", name, str(folder / f"{name}.mp4"), str(SECONDS)]
        )
    )


def _encoders_alone(folder: Path) -> tuple[float, float]:
    """Time encoders on finished frames and a finished mix: ours, and libx264 at its preset "veryfast"."""
    engine = find_engine("animatic")
    spec, inputs = request(duration=SECONDS)
    plan = make_plan(spec, engine)
    clips = list(engine.render(plan, inputs, no_tick))
    mix = mixing.mix(joined_tracks(clips))
    frames = [frame for clip in clips for frame in clip.frames]

    def encode() -> None:
        with ThreadPoolExecutor(1) as pool:  # as every clip is encoded
            encoding.write_video(
                folder / "alone.mp4",
                frames,
                width=plan.width,
                height=plan.height,
                frame_count=SECONDS * FRAME_RATE,
                sound=pool.submit(code_sound, mix),
                tags={},
            )

    def encode_veryfast() -> None:
        with ThreadPoolExecutor(1) as pool, av.open(folder / "veryfast.mp4", "w") as container:
            sound = pool.submit(code_sound, mix)
            stream = container.add_stream("libx264", FRAME_RATE, options=_VERYFAST)
            stream.width, stream.height, stream.pix_fmt = plan.width, plan.height, "yuv420p"
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode())
            sound.result()

    ours, veryfast = (min(_seconds(work) for _ in range(TRIALS)) for work in (encode, encode_veryfast))
    return ours, veryfast


def _warm(ask: Callable[[int], tuple[Spec, Inputs]], folder: Path) -> float:
    """Time the whole work on a face that speaks, in a process that has made such a clip before.

    `ask` gives what each trial, by its number, is made from.
    """
    engine = find_engine("animatic")

    def work(trial: int) -> None:
        spec, inputs = ask(trial)
        produce(make_plan(spec, engine), inputs, engine, folder / "warm.mp4")

    work(TRIALS)
    return min(_seconds(partial(work, trial)) for trial in range(TRIALS))


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
