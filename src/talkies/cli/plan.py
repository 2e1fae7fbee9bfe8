"""`talkies plan`: what the prompt says and how it would be made, without rendering."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from talkies.cli import request
from talkies.engines import find_engine
from talkies.plan import CameraMove, Framing, Plan, SpokenLine
from talkies.script import Script, read
from talkies.spec import FRAME_RATE, SAMPLE_RATE


def plan(
    words: request.Words,
    last_frame: request.LastFrame = None,
    resolution: request.Resolution = "720p",
    ratio: request.RatioOption = "adaptive",
    duration: request.Duration = "5",
    seed: request.Seed = "-1",
    camera_fixed: request.CameraFixed = False,
    no_audio: request.NoAudio = False,
    engine: request.EngineName = "animatic",
    as_json: request.AsJson = False,
) -> None:
    """Show the script and the plan: shots, camera, acting, lines, sounds, and what will be left out."""
    maker = find_engine(engine)
    asked = request.read_request(
        words,
        last_frame=last_frame,
        resolution=resolution,
        ratio=ratio,
        duration=duration,
        seed=seed,
        camera_fixed=camera_fixed,
        no_audio=no_audio,
    )
    script = read(asked.spec.prompt)
    made = maker.plan(asked.spec, script)
    if as_json:
        dumped = {"script": script.model_dump(mode="json"), "plan": made.model_dump(mode="json")}
        print(json.dumps(dumped, ensure_ascii=False, indent=2))
    else:
        _show(script, made)


def _show(script: Script, plan: Plan) -> None:
    console = Console(highlight=False, markup=False)
    console.print(
        f"{plan.duration_s} s, {plan.width}×{plan.height}, {FRAME_RATE} frames per second, "
        f"engine {plan.engine}, seed {plan.seed}, prompt read as {script.language}"
    )
    shots = Table(
        "shot", "frames", "seconds", "enters by", "shows", "camera", title="Shots", title_justify="left"
    )
    for number, shot in enumerate(plan.shots, 1):
        shots.add_row(
            str(number),
            f"{shot.start_frame}…{shot.end_frame - 1}",
            f"{shot.start_frame / FRAME_RATE:.2f}…{shot.end_frame / FRAME_RATE:.2f}",
            shot.transition or "–",
            _framing_words(shot.framing),
            ", then ".join(_move_words(move) for move in shot.moves) or "chosen by the seed",
        )
    console.print(shots)
    seen = Table("from", "to", "what", "words", title="Seen", title_justify="left")
    for cue in plan.cues:
        words = f"{cue.who or ''} {cue.text}".strip()
        if not any(cue.text and cue.text in omission for omission in plan.not_rendered):
            seen.add_row(f"{cue.start_s:.2f}", f"{cue.end_s:.2f}", cue.kind.replace("_", " "), words)
    if seen.row_count:
        console.print(seen)
    heard = Table("from", "to", "what", "how", title="Sound", title_justify="left")
    for start_s, end_s, what, how in sorted(_heard(plan)):
        heard.add_row(f"{start_s:.2f}", f"{end_s:.2f}", what, how)
    console.print(heard if heard.row_count else "No sound.")
    for note in plan.notes:
        console.print(f"note: {note}")
    for omission in plan.not_rendered:
        console.print(f"not rendered: {omission}")


def _heard(plan: Plan) -> Iterator[tuple[float, float, str, str]]:
    for line in plan.lines:
        yield line.start_s, line.end_s, f"“{line.text}”", _speaker_words(line)
    for sound in plan.sounds:
        start_s = sound.start_sample / SAMPLE_RATE
        yield start_s, start_s + sound.sample_count / SAMPLE_RATE, sound.kind.replace("_", " "), ""
    if plan.music:
        tempo = f", {plan.music.tempo}" if plan.music.tempo else ""
        yield 0.0, float(plan.duration_s), f"music: {plan.music.mood}{tempo}", ""


def _speaker_words(line: SpokenLine) -> str:
    voice = " and ".join([line.voice, *line.chorus]).replace("_", " ")
    words = [f"{line.speaker} ({voice})" if line.speaker else voice, line.language, *line.manner]
    return ", ".join([*words, "voice-over"] if line.voice_over else words)


def _framing_words(framing: Framing) -> str:
    size = (framing.size or "whole picture").replace("_", " ")
    return f"{size} of {framing.subject}" if framing.subject else size


def _move_words(move: CameraMove) -> str:
    words = [word for word, usual in ((move.speed, "normal"), (move.amount, "normal")) if word != usual]
    return " ".join([*words, move.kind.replace("_", " "), move.direction or ""]).strip()
