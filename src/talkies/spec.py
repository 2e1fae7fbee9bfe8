"""The validated description of what to make, and the published size table."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from talkies.errors import BadOption

FRAME_RATE = 24  # frames per second of every clip
SAMPLE_RATE = 48_000  # Hz of every track
SAMPLES_PER_FRAME = SAMPLE_RATE // FRAME_RATE  # 2000: a shot at frame f starts at sample 2000·f

MIN_DURATION_S, MAX_DURATION_S = 4, 12
AUTO_DURATION = -1  # the engine chooses the length from the script
MAX_PROMPT_LENGTH = 10_000  # characters
MAX_SEED = 2**32 - 1
RANDOM_SEED = -1  # the server chooses, and says which

Resolution = Literal["480p", "720p", "1080p"]
Ratio = Literal["16:9", "4:3", "1:1", "3:4", "9:16", "21:9"]
RatioChoice = Ratio | Literal["adaptive"]

RESOLUTIONS: tuple[Resolution, ...] = get_args(Resolution)
RATIOS: tuple[Ratio, ...] = get_args(Ratio)

SIZES: dict[Resolution, dict[Ratio, tuple[int, int]]] = {
    "480p": {
        "16:9": (864, 496),
        "4:3": (752, 560),
        "1:1": (640, 640),
        "3:4": (560, 752),
        "9:16": (496, 864),
        "21:9": (992, 432),
    },
    "720p": {
        "16:9": (1280, 720),
        "4:3": (1112, 834),
        "1:1": (960, 960),
        "3:4": (834, 1112),
        "9:16": (720, 1280),
        "21:9": (1470, 630),
    },
    "1080p": {
        "16:9": (1920, 1080),
        "4:3": (1664, 1248),
        "1:1": (1440, 1440),
        "3:4": (1248, 1664),
        "9:16": (1080, 1920),
        "21:9": (2206, 946),
    },
}
"""(width, height) in pixels. Source: BytePlus ModelArk, video generation API, table for Seedance 1.5 pro."""


def nearest_ratio(width: int, height: int) -> Ratio:
    """Name the published ratio nearest to a picture of this size, by the logarithm of width over height.

    >>> nearest_ratio(1600, 900), nearest_ratio(1000, 1010)
    ('16:9', '1:1')
    """

    def distance(ratio: Ratio) -> float:
        across, down = (int(part) for part in ratio.split(":"))
        wider = (width * down) / (height * across)
        return max(wider, 1 / wider)

    return min(RATIOS, key=distance)


class Spec(BaseModel):
    """What to make: every default and the seed are filled in, and nothing changes afterwards.

    `first_frame` and `last_frame` are the SHA-256 of the caller's pictures, so that a spec names its
    inputs without holding them; at least one is present. `duration_s` is 4 to 12, or -1 when the engine
    shall choose. `ratio` is already settled (see `nearest_ratio` for "adaptive").
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    prompt: str = Field(min_length=1, max_length=MAX_PROMPT_LENGTH)
    first_frame: str | None = None
    last_frame: str | None = None
    resolution: Resolution = "720p"
    ratio: Ratio = "16:9"
    duration_s: int = 5
    seed: int = Field(ge=0, le=MAX_SEED)
    camera_fixed: bool = False
    generate_audio: bool = True

    @model_validator(mode="after")
    def _is_possible(self) -> Spec:
        if self.first_frame is None and self.last_frame is None:
            raise ValueError("a first frame or a last frame is needed")
        if self.duration_s != AUTO_DURATION and not MIN_DURATION_S <= self.duration_s <= MAX_DURATION_S:
            raise ValueError(f"duration {self.duration_s} is not in 4…12 and is not -1")
        return self

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the video in pixels."""
        return SIZES[self.resolution][self.ratio]


@dataclass(frozen=True)
class PictureFacts:
    """What a spec needs to know of a caller's picture: its SHA-256 and its upright size in pixels."""

    sha256: str
    width: int
    height: int


def settle(
    *,
    prompt: str,
    first_frame: PictureFacts | None = None,
    last_frame: PictureFacts | None = None,
    resolution: str = "720p",
    ratio: str = "adaptive",
    duration: int = 5,
    seed: int = RANDOM_SEED,
    camera_fixed: bool = False,
    generate_audio: bool = True,
) -> Spec:
    """Check a caller's wishes and fill in what they leave open: the ratio and the seed.

    "adaptive" takes the ratio nearest to the first frame, else to the last. Seed -1 draws one.

    Raises:
        BadOption: a value breaks its rule; `parameter` names it in the API's words.
    """
    if not prompt.strip():
        raise BadOption("prompt: is empty; say what should happen, 1 to 10000 characters", "prompt")
    if len(prompt) > MAX_PROMPT_LENGTH:
        raise BadOption(
            f"prompt: has {len(prompt)} characters, more than {MAX_PROMPT_LENGTH}; shorten it", "prompt"
        )
    picture = first_frame or last_frame
    if picture is None:
        raise BadOption("first_frame: is missing; give a first frame, a last frame or both", "first_frame")
    _check_choice("resolution", resolution, RESOLUTIONS)
    _check_choice("ratio", ratio, (*RATIOS, "adaptive"))
    if duration != AUTO_DURATION and not MIN_DURATION_S <= duration <= MAX_DURATION_S:
        raise BadOption(
            f"duration: {duration} is out of range; use {MIN_DURATION_S} to {MAX_DURATION_S} seconds, "
            f"or {AUTO_DURATION} to let the engine choose",
            "duration",
        )
    if not RANDOM_SEED <= seed <= MAX_SEED:
        raise BadOption(
            f"seed: {seed} is out of range; use 0 to {MAX_SEED}, or {RANDOM_SEED} for a random one", "seed"
        )
    return Spec.model_validate(
        {
            "prompt": prompt,
            "first_frame": first_frame and first_frame.sha256,
            "last_frame": last_frame and last_frame.sha256,
            "resolution": resolution,
            "ratio": nearest_ratio(picture.width, picture.height) if ratio == "adaptive" else ratio,
            "duration_s": duration,
            "seed": secrets.randbelow(2**31) if seed == RANDOM_SEED else seed,
            "camera_fixed": camera_fixed,
            "generate_audio": generate_audio,
        }
    )


def _check_choice(parameter: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise BadOption(f"{parameter}: {value!r} is not known; use one of {', '.join(choices)}", parameter)
