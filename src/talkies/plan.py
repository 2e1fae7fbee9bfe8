"""How a clip will be made: shots with frame ranges, and what is heard when.

A plan is plain data. It is stored with the task and shown to the caller before anything is rendered. The
words for camera work are shared with `script`, which reads them from the prompt.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from talkies.spec import FRAME_RATE, SAMPLES_PER_FRAME

ShotSize = Literal["wide", "full", "medium", "close_up", "extreme_close_up"]
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
Speed = Literal["slow", "normal", "fast"]
Transition = Literal["cut", "dissolve", "fade", "wipe"]

Voice = Literal["woman", "man", "girl", "boy", "old_woman", "old_man", "narrator"]
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
]
"""Sounds that last as long as their shot."""
AMBIENCES: frozenset[str] = frozenset(get_args(Ambience))

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
]
"""One-shots: sounds with a moment."""


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
    frames at its beginning; the clip's first shot has none.
    """

    start_frame: int = Field(ge=0)
    end_frame: int = Field(gt=0)
    picture: Literal["first", "last", "both"]
    framing: Framing = Framing()
    moves: tuple[CameraMove, ...] = ()
    opens_whole: bool = False
    closes_whole: bool = False
    transition: Transition | None = None
    transition_frames: int = 0
    text: str = ""

    @property
    def frame_count(self) -> int:
        """Frames in the shot."""
        return self.end_frame - self.start_frame


class Phoneme(_Value):
    """One sound of speech: an IPA symbol with its start and end in seconds from the clip's start."""

    symbol: str
    start_s: float
    end_s: float


class SpokenLine(_Value):
    """A line of speech with its place in the clip, in samples and in seconds.

    `phonemes` are exact when the voice gives its durations and empty when it does not.
    """

    text: str
    speaker: str | None
    voice: Voice
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
    """An ambience or effect with its place in the clip. `level_db` is relative to the kind's usual level."""

    kind: Ambience | Effect
    shot: int
    start_sample: int
    sample_count: int
    level_db: float = 0.0


class MusicCue(_Value):
    """The music under the whole clip."""

    mood: Mood
    tempo: Tempo | None = None


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
