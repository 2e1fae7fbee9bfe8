"""What a prompt asks for and this engine leaves out, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from talkies.plan import CameraMove
from talkies.script import Action, ActionKind, Line, Script, Weather
from talkies.spec import Spec

RENDERED: frozenset[ActionKind] = frozenset({"breathe", "speak", "sing"})
"""Kinds of action that the picture or the sound shows; `speak` has its own sentence below."""

REASONS: tuple[tuple[frozenset[ActionKind], str], ...] = (
    (
        frozenset(
            {
                "smile",
                "laugh",
                "frown",
                "cry",
                "surprise",
                "anger",
                "sadness",
                "wink",
                "blink",
                "gaze",
                "nod",
                "shake_head",
                "turn_head",
                "tilt_head",
            }
        ),
        "the face stays as it is in the photo",
    ),
    (
        frozenset({"appear", "transform", "vanish"}),
        "this engine adds nothing that the photo does not show, and takes nothing away",
    ),
    (
        frozenset({"flow", "sway", "drift", "flicker", "fall"}),
        "the scene is seen by a moving camera, but does not move itself",
    ),
)
BODY = "this engine moves the camera, not limbs or objects"

WEATHER: dict[Weather, str] = {
    "rain": "falling rain",
    "snow": "falling snow",
    "fog": "drifting fog",
    "storm": "the storm in the picture",
}
"""Weather that would have to be drawn; the rest is taken to be in the photo."""


def list_omissions(spec: Spec, script: Script, *, heard: bool) -> tuple[str, ...]:
    """List what the prompt asks for and the clip will not show, each once, in the order of the text."""
    return tuple(dict.fromkeys(_omissions(spec, script, heard)))


def no_voice(line: Line) -> str:
    """Say that a line's language, or the script it is written in, has no voice here."""
    return (
        f"the line “{line.text}”: no voice that is installed reads it (language {line.language!r}); "
        "pip install 'talkies[languages]' adds about 100 languages (GPL-3.0), Japanese in kana only"
    )


def did_not_fit(text: str, duration_s: int) -> str:
    """Say that words have no room in the clip."""
    return (
        f"the words “{text}”: they do not fit in {duration_s} s; "
        "use a longer duration, or -1 to let the length follow the speech"
    )


def _omissions(spec: Spec, script: Script, heard: bool) -> Iterator[str]:
    for shot in script.shots:
        if heard and any(not line.voice_over for line in shot.lines):
            yield "moving lips: the words are heard, the mouth stays as it is in the photo"
        for action in shot.actions:
            if action.kind not in RENDERED:
                yield _sentence(action)
        for weather in shot.weather:
            if weather in WEATHER:
                yield f"{WEATHER[weather]}: this engine does not draw weather"
        if spec.camera_fixed:
            for move in shot.moves:
                if move.kind != "static":
                    yield f"the camera move “{_name(move)}”: a fixed camera was asked for"


def _sentence(action: Action) -> str:
    reason = next((words for kinds, words in REASONS if action.kind in kinds), BODY)
    what = f"{action.who} {action.text}" if action.who else action.text
    return f"“{what}”: {reason}"


def _name(move: CameraMove) -> str:
    words = move.kind.replace("_", " ")
    return f"{words} {move.direction}" if move.direction else words
