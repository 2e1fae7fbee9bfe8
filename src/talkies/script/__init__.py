"""Read a prompt: text in, `Script` out. Pure and the same for every engine."""

from talkies.plan import ActionKind, Light, Weather
from talkies.script.model import (
    Action,
    Angle,
    Hush,
    Line,
    Music,
    Script,
    ScriptShot,
    Sound,
    Timing,
    When,
)
from talkies.script.reading import read

__all__ = [
    "Action",
    "ActionKind",
    "Angle",
    "Hush",
    "Light",
    "Line",
    "Music",
    "Script",
    "ScriptShot",
    "Sound",
    "Timing",
    "Weather",
    "When",
    "read",
]
