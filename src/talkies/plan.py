"""How a clip will be made: shots with frame ranges, and what is heard when.

A plan is plain data. It is stored with the task and shown to the caller before anything is rendered. The
words for camera work, actions, weather and light are shared with `script`, which reads them from the prompt.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from talkies.spec import FRAME_RATE, SAMPLES_PER_FRAME

ShotSize = Literal["wide", "full", "medium", "medium_close_up", "close_up", "extreme_close_up"]
MoveKind = Literal[
    "static",  # the camera stands still on purpose
    "pan",  # turns left or right on its foot
    "tilt",  # turns up or down on its foot
    "dolly",  # travels in or out
    "zoom",  # the lens goes in or out
    "orbit",  # circles the subject, left or right
    "crane",  # rises up or sinks down
    "track",  # travels sideways: left or right
    "follow",  # keeps with a moving subject
    "roll",  # turns about the lens axis: clockwise or counterclockwise
    "handheld",
    "dolly_zoom",  # travels in and zooms out, or the reverse: the subject keeps its size
]
Direction = Literal["left", "right", "up", "down", "in", "out", "clockwise", "counterclockwise"]
Amount = Literal["slight", "normal", "large"]
Speed = Literal["slow", "normal", "fast", "sudden"]
Transition = Literal["cut", "dissolve", "fade", "wipe"]
DepthOfField = Literal[
    "deep",  # everything sharp
    "shallow",  # the subject sharp, what is behind it soft
    "rack",  # the focus travels from the background to the subject
    "rack_away",  # and from the subject to the background
]

Voice = Literal["woman", "man", "girl", "boy", "old_woman", "old_man", "narrator"]
Being = Literal[
    "machine",
    "small_animal",
    "large_animal",
]
"""What speaks with a timbre of its own, if it is no person."""
Mood = Literal[
    "calm",
    "happy",
    "energetic",
    "nostalgic",
    "tender",
    "playful",
    "dreamy",
    "tense",
    "dark",
    "epic",
    "mysterious",
    "sad",
]
Tempo = Literal["slow", "medium", "fast"]

MusicKind = Literal["acoustic", "electronic"]
MusicTurnKind = Literal["starts", "swells", "fades", "stops"]
"""What music does at a moment that the prompt tells."""

Ambience = Literal[
    "rain",
    "wind",
    "surf",
    "stream",
    "waterfall",
    "fire",
    "birds",
    "crickets",
    "seagulls",
    "crowd",
    "cafe",
    "traffic",
    "city",
    "train",
    "engine",
    "airplane",
    "clock",
    "heartbeat",
    "footsteps",
    "typing",
    "applause",
    "machine_hum",
    "bubbles",
    "sizzle",
    "hooves",
    "helicopter",
    "purr",
    "bees",
    "mosquito",
    "snoring",
]
"""Sounds that last to the end of their shot."""
AMBIENCES: frozenset[str] = frozenset(get_args(Ambience))
Gait = Literal["walk", "trot", "gallop"]
"""How a horse goes."""

Effect = Literal[
    "thunder",
    "dog",
    "cat",
    "horse",
    "owl",
    "wolf",
    "rooster",
    "cow",
    "door",
    "knock",
    "creak",
    "bell",
    "horn",
    "siren",
    "phone",
    "explosion",
    "gunshot",
    "whoosh",
    "splash",
    "glass",
    "shutter",
    "chime",
    "drum",
    "cheer",
    "laughter",
    "pop",
    "click",
    "thud",
    "scream",
    "gasp",
    "sigh",
    "sob",
    "baby_cry",
    "beep",
    "clink",
    "fireworks",
    "gunfire",
    "cough",
    "sword",
    "alarm",
    "vibration",
    "duck",
    "hen",
    "sheep",
    "goat",
    "pig",
    "roar",
    "elephant",
    "frog",
    "sneeze",
    "whistle",
    "wolf_whistle",
    "goose",
    "crow",
]
"""One-shots: sounds with a moment."""
ANIMAL_CALLS: frozenset[Effect] = frozenset(
    {
        *("dog", "cat", "horse", "owl", "wolf", "rooster", "cow"),
        *("duck", "hen", "sheep", "goat", "pig", "roar", "elephant", "frog", "goose", "crow"),
    }
)
"""Effects that an animal makes with the voice."""
OUTCRIES: frozenset[Effect] = frozenset({"laughter", "scream", "gasp", "sigh", "sob", "cough", "sneeze"})
"""What somebody gives without words; a placed one tells whose it is."""

Weather = Literal["rain", "snow", "fog", "storm", "wind", "clear", "cloudy", "smoke", "dust", "embers"]
"""The weather, and whatever else is in the air."""
Hour = Literal["night", "evening", "morning"]
"""What comes while the film lasts: night falls, the sun sets or rises."""
Light = Literal[
    "day",
    "night",
    "sunrise",
    "sunset",
    "golden_hour",
    "moonlight",
    "candlelight",
    "firelight",
    "neon",
    "dim",
    "bright",
    "backlight",
    "sun_rays",
    "lightning",
]
ActionKind = Literal[
    # what a face or head does
    "speak",
    "sing",
    "smile",
    "laugh",
    "frown",
    "cry",
    "surprise",
    "anger",
    "sadness",
    "wink",
    "blink",
    "close_eyes",  # until they are opened
    "open_eyes",
    "gaze",
    "nod",
    "shake_head",
    "turn_head",
    "tilt_head",
    "breathe",
    "yawn",
    "squint",  # until the next feeling
    "open_mouth",  # until it closes, the next feeling or the next word
    "close_mouth",
    "pout",
    "raise_brow",
    "raise_brows",
    # what a body does
    "wave",
    "walk",
    "run",
    "dance",
    "jump",
    "sit",
    "stand_up",
    "turn_round",
    "gesture",
    "hug",
    "kiss",
    "eat",
    "drink",
    "hold",
    "fight",
    "ride",
    "fly",
    "swim",
    "play",
    # what the scene does
    "flow",
    "sway",
    "drift",
    "flicker",
    "fall",
    "appear",
    "transform",
    "vanish",
    "move",
]
"""What is done, by kind; an engine that cannot render a kind says so with the action's own words."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CameraMove(_Value):
    """One movement of the camera. `direction` is None for static, follow and handheld."""

    kind: MoveKind
    direction: Direction | None = None
    amount: Amount = "normal"
    speed: Speed = "normal"


class Framing(_Value):
    """What a shot shows: how tight, and on what.

    `size` None means the whole picture. `subject` is the prompt's own words for what is framed ("the man
    on the left", "her eyes"); None means the picture's main subject.
    """

    size: ShotSize | None = None
    subject: str | None = None


class Shot(_Value):
    """One continuous view, frames `start_frame` up to but not including `end_frame`.

    `picture` says which input it is filmed from; "both" leads from the first to the last. `opens_whole`:
    the shot's first frame is the whole prepared picture and its framing is reached within a second.
    `closes_whole`: the same at its end. `transition` is how the shot is entered, over `transition_frames`
    frames at its beginning; the clip's first shot has none. `depth_of_field` None leaves it to the engine.
    `ending` is the framing that the moves lead to; None where they lead to none in particular. `hour` comes
    while the shot lasts, if one does.
    """

    start_frame: int = Field(ge=0)
    end_frame: int = Field(gt=0)
    picture: Literal["first", "last", "both"]
    framing: Framing = Framing()
    ending: Framing | None = None
    moves: tuple[CameraMove, ...] = ()
    depth_of_field: DepthOfField | None = None
    opens_whole: bool = False
    closes_whole: bool = False
    transition: Transition | None = None
    transition_frames: int = 0
    hour: Hour | None = None
    text: str = ""

    @property
    def frame_count(self) -> int:
        """Frames in the shot."""
        return self.end_frame - self.start_frame

    @property
    def is_camera_fixed(self) -> bool:
        """Tell whether the shot asks for a camera that does not move."""
        return bool(self.moves) and all(move.kind == "static" for move in self.moves)


class Phoneme(_Value):
    """One sound of speech: an IPA symbol with its start and end in seconds from the clip's start."""

    symbol: str
    start_s: float
    end_s: float


class SpokenLine(_Value):
    """A line of speech with its place in the clip, in samples and in seconds.

    `chorus` are the voices that say it together with `voice`, in its time. `speaker_number` counts the
    clip's speakers of one voice, from 0, in the order in which they first speak: each sounds different.
    `phonemes` are exact when the voice gives its durations and empty when it does not.
    """

    text: str
    speaker: str | None
    voice: Voice
    chorus: tuple[Voice, ...] = ()
    speaker_number: int = 0
    being: Being | None = None
    language: str
    voice_over: bool
    manner: tuple[str, ...] = ()
    pace: float = 1.0
    shot: int
    start_sample: int
    sample_count: int
    start_s: float
    end_s: float
    phonemes: tuple[Phoneme, ...] = ()


class PlacedSound(_Value):
    """An ambience or effect with its place in the clip. `level_db` is relative to the kind's usual level.

    `strength` is how it is made, from -1, a drizzle, to 1, a downpour: not how loud it is heard. `voices` are
    whose laughter or outcry it is; empty where that is not told. `pace` is how many times as quickly as those
    of somebody who walks footsteps follow one another. `gait` is that of hooves.
    """

    kind: Ambience | Effect
    shot: int
    start_sample: int
    sample_count: int
    level_db: float = 0.0
    strength: float = Field(default=0.0, ge=-1, le=1)
    is_distant: bool = False
    voices: tuple[Voice, ...] = ()
    pace: float = 1.0
    gait: Gait = "trot"


class Cue(_Value):
    """Something to be seen for a while: what somebody does, or what the weather and the light do.

    `who` and `text` are the prompt's own words for an action, `speed` is how it is done. Times are seconds
    from the clip's start.
    """

    kind: ActionKind | Weather | Light
    who: str | None = None
    text: str = ""
    speed: Speed = "normal"
    shot: int
    start_s: float
    end_s: float


class MusicTurn(_Value):
    """A moment at which the music changes: it comes, grows, dies away or breaks off."""

    kind: MusicTurnKind
    at_s: float


class Silence(_Value):
    """A while without music and ambience, in seconds from the clip's start."""

    start_s: float
    end_s: float


class MusicCue(_Value):
    """The music under the whole clip.

    Its beats come every `beat_s` seconds; a bar begins at `first_beat_s`, which may lie a little before the
    clip. None for music whose beats are not known beforehand.
    """

    mood: Mood
    tempo: Tempo | None = None
    kind: MusicKind | None = None
    turns: tuple[MusicTurn, ...] = ()
    beat_s: float | None = None
    first_beat_s: float = 0.0


class Plan(_Value):
    """How one clip will be made.

    The shots follow one another without gaps and end at `24 * duration_s`. `not_rendered` says in plain
    words what the prompt asks for and this engine leaves out; `notes` says what the engine chose.
    """

    engine: str
    width: int
    height: int
    duration_s: int
    seed: int
    shots: tuple[Shot, ...]
    lines: tuple[SpokenLine, ...] = ()
    sounds: tuple[PlacedSound, ...] = ()
    cues: tuple[Cue, ...] = ()
    silences: tuple[Silence, ...] = ()
    music: MusicCue | None = None
    audio: bool = True
    not_rendered: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def frame_count(self) -> int:
        """Frames in the clip: exactly `24 * duration_s`."""
        return FRAME_RATE * self.duration_s

    @property
    def sample_count(self) -> int:
        """Samples per channel in the clip: exactly `48000 * duration_s`."""
        return SAMPLES_PER_FRAME * self.frame_count
