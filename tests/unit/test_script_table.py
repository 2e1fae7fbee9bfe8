"""Every prompt of the table reads as the table says."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from talkies.plan import CameraMove, Framing
from talkies.script import Line, Script, ScriptShot, Sound, read

TABLE = tomllib.loads(Path(__file__).with_name("script_prompts.toml").read_text("utf-8"))["prompt"]
LONGEST_ID = 60


def spell_move(move: CameraMove) -> str:
    degrees = [word for word in (move.speed, move.amount) if word != "normal"]
    return " ".join([move.kind, *([move.direction] if move.direction else []), *degrees])


def spell_framing(framing: Framing) -> str:
    return f"{framing.size or ''}" + (f" of {framing.subject}" if framing.subject else "")


def spell_size(shot: ScriptShot) -> str:
    ending = "" if shot.ending is None else f" -> {spell_framing(shot.ending)}"
    return (spell_framing(shot.framing) + ending).strip()


def spell_sound(sound: Sound) -> str:
    count = [f"x{sound.count}"] if sound.count is not None and sound.count > 1 else []
    loudness = [sound.loudness] if sound.loudness != "normal" else []
    moment = [f"@{sound.at_s:g}"] if sound.at_s is not None else []
    far = ["far"] if sound.is_distant else []
    return " ".join([sound.kind, *count, *loudness, *far, *moment, *sound.voices])


def spell_line(line: Line) -> str:
    voices = " + ".join([line.voice, *line.chorus])
    parts = [line.text, voices, line.speaker or "", line.language, ", ".join(line.manner)]
    return " | ".join([*parts, "voice-over" if line.voice_over else ""]).rstrip("| ").replace("|  |", "| |")


def spell_script(script: Script) -> dict[str, Any]:
    shots = script.shots
    return {
        "shots": len(shots),
        "sizes": [spell_size(shot) for shot in shots],
        "moves": ["; ".join(spell_move(move) for move in shot.moves) for shot in shots],
        "sounds": ["; ".join(spell_sound(sound) for sound in shot.sounds) for shot in shots],
        "lines": [spell_line(line) for shot in shots for line in shot.lines],
        "transitions": [shot.transition for shot in shots[1:]],
        "seconds": [shot.seconds or 0 for shot in shots],
        "still": [shot.camera_still for shot in shots],
        "actions": [f"{action.kind}: {action.who or ''}" for shot in shots for action in shot.actions],
        "weather": " ".join(word for word in dict.fromkeys(w for shot in shots for w in shot.weather)),
        "coming": " ".join(word for shot in shots for word in shot.coming),
        "light": " ".join(word for word in dict.fromkeys(w for shot in shots for w in shot.light)),
        "depth_of_field": " ".join(shot.depth_of_field or "" for shot in shots).strip(),
        "angles": " ".join(word for shot in shots for word in shot.angles),
        "timing": " ".join(word for shot in shots for word in shot.timing),
        "style": list(script.style),
        "unquoted": [words for shot in shots for words in shot.unquoted],
        "unheard": [words for shot in shots for words in shot.unheard],
        "ending": script.ending,
        "silent": script.silent,
        "music": "none"
        if not script.music.wanted
        else " ".join(filter(None, [script.music.mood or "-", script.music.tempo])),
        "played": ", ".join(filter(None, [script.music.kind, *script.music.instruments])),
        "turns": " ".join(kind for shot in shots for kind, _ in shot.music_turns),
    }


def expected(entry: dict[str, Any]) -> dict[str, Any]:
    count = entry.get("shots", 1)
    absent = {"shots": 1, "sizes": [""] * count, "moves": [""] * count, "sounds": [""] * count, "lines": []}
    return {**absent, **{key: value for key, value in entry.items() if key != "text"}}


@pytest.mark.parametrize("entry", TABLE, ids=[entry["text"][:LONGEST_ID] for entry in TABLE])
def test_a_prompt_reads_as_the_table_says(entry: dict[str, Any]) -> None:
    spelt = spell_script(read(entry["text"]))

    told = expected(entry)

    assert {key: spelt[key] for key in told} == told
