"""Read a prompt: text in, `Script` out. Pure and the same for every engine."""

from talkies.script.model import (
    Action,
    ActionKind,
    Angle,
    Light,
    Line,
    Music,
    Script,
    ScriptShot,
    Sound,
    Timing,
    Weather,
)
from talkies.script.reading import read

__all__ = [
    "Action",
    "ActionKind",
    "Angle",
    "Light",
    "Line",
    "Music",
    "Script",
    "ScriptShot",
    "Sound",
    "Timing",
    "Weather",
    "read",
]
