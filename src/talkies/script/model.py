"""What the prompt says, read: the values that `read` returns."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from talkies.plan import (
    ActionKind,
    Ambience,
    CameraMove,
    DepthOfField,
    Effect,
    Framing,
    Gait,
    Hour,
    Light,
    Mood,
    MusicKind,
    MusicTurnKind,
    Speed,
    Tempo,
    Transition,
    Voice,
    Weather,
)

Angle = Literal[
    "low",
    "high",
    "top_down",
    "birds_eye",
    "eye_level",
    "dutch",
    "over_the_shoulder",
    "subjective",
    "surveillance",
    "telescope",
    "peeping",
]
"""Where the camera looks from."""
Timing = Literal["slow_motion", "fast_motion", "time_lapse", "bullet_time", "freeze", "reverse"]
"""What happens to the flow of time."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(_Value):
    """Words to be spoken: only what stands in quotes.

    `speaker` is the prompt's words for who speaks ("the old man"), `manner` its words for how ("softly").
    `chorus` are the voices that say it together with `voice`.
    `language` is a BCP 47 primary tag ("en", "zh"). `position` is where in the shot's text it stands, from
    0 (beginning) to 1 (end), so that a planner can keep the order of events. `at_s` is the second that the
    text names for its first word, as for `When`. `after_s` are the seconds that pass between what the text
    tells before and the line, 0 for a "then"; None where it does not say.
    """

    text: str
    speaker: str | None = None
    voice: Voice = "woman"
    chorus: tuple[Voice, ...] = ()
    language: str = "en"
    manner: tuple[str, ...] = ()
    voice_over: bool = False
    position: float = 0.0
    at_s: float | None = None
    after_s: float | None = None


class When(_Value):
    """A moment within a shot: where its text tells it, from 0 to 1, and the second, if one is named.

    `at_s` counts from the shot's beginning, or from the clip's where that lies in the shot; below 0 it
    counts back from the shot's end.
    """

    position: float
    at_s: float | None = None


class Hush(_Value):
    """A while without music and ambience: from `begin` for `lasts_s`, to `end` or to the shot's end."""

    begin: When
    end: When | None = None
    lasts_s: float | None = None


class Sound(_Value):
    """A sound that the prompt names or implies.

    `position` is where in the shot's text it stands, from 0 (beginning) to 1 (end). `count` is how many
    times an effect is heard ("knocks three times"), None when the prompt does not say. `loudness` comes
    from words such as "heavy" and "distant"; of the latter comes `is_distant`, too. `begins_late`: the text
    lets an ambience begin at its position ("then applause") and not with its shot. `voices` are whose
    laughter or outcry it is, as far as the prompt tells. `at_s` is the second that the text names for it, as
    for `When`. `ends`: when an ambience stops within the shot. `is_quick`: footsteps of somebody who runs.
    `gait`: of a horse whose hooves are heard. `after_s` as for `Line`, above 0.
    """

    kind: Ambience | Effect
    position: float = 0.0
    count: int | None = None
    loudness: Literal["faint", "normal", "loud"] = "normal"
    is_distant: bool = False
    begins_late: bool = False
    voices: tuple[Voice, ...] = ()
    at_s: float | None = None
    after_s: float | None = None
    ends: When | None = None
    is_quick: bool = False
    gait: Gait = "trot"


class Action(_Value):
    """Something that somebody or something does. `text` is the prompt's own words.

    `at_s` as for `When`, `after_s` as for `Line`.
    """

    kind: ActionKind
    who: str | None
    text: str
    speed: Speed = "normal"
    position: float = 0.0
    at_s: float | None = None
    after_s: float | None = None


class ScriptShot(_Value):
    """One shot as the prompt tells it. `transition` is how it is entered; None for the first.

    `framing` is what the shot begins with, `ending` what its camera move leads to ("pulls back to a wide
    shot"). `camera_still`: the prompt asks for no camera movement in this shot; `moves` is then one "static".
    `depth_of_field` is None when the prompt does not speak of it. `seconds` is a length that the prompt
    names for the shot. `coming` tells which weathers begin within it, and when, `leaving` which end, and
    `hushes` when nothing is heard. `music_turns` are the changes of the music and when they
    come. `unquoted` holds the prompt's words for speech that does not stand in quotes,
    `unheard` those for sounds that are not known.
    """

    text: str
    framing: Framing = Framing()
    ending: Framing | None = None
    moves: tuple[CameraMove, ...] = ()
    camera_still: bool = False
    depth_of_field: DepthOfField | None = None
    transition: Transition | None = None
    seconds: float | None = None
    lines: tuple[Line, ...] = ()
    unquoted: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    sounds: tuple[Sound, ...] = ()
    actions: tuple[Action, ...] = ()
    weather: tuple[Weather, ...] = ()
    coming: dict[Weather, When] = {}
    leaving: dict[Weather, When] = {}
    hushes: tuple[Hush, ...] = ()
    light: tuple[Light, ...] = ()
    angles: tuple[Angle, ...] = ()
    timing: tuple[Timing, ...] = ()
    hour: Hour | None = None
    music_turns: tuple[tuple[MusicTurnKind, When], ...] = ()


class Music(_Value):
    """The music that the prompt wants. `mood` None means that it leaves the mood open.

    `instruments` are those that it names, each by one English word.
    """

    wanted: bool = True
    mood: Mood | None = None
    tempo: Tempo | None = None
    kind: MusicKind | None = None
    instruments: tuple[str, ...] = ()


class Script(_Value):
    """A prompt, read. There is always at least one shot.

    `silent`: the prompt asks for no sound at all. `style` holds its words for a look ("film noir"), `ending`
    those for how the film ends ("fade to black").
    """

    language: str
    shots: tuple[ScriptShot, ...]
    music: Music = Music()
    silent: bool = False
    style: tuple[str, ...] = ()
    ending: str | None = None
