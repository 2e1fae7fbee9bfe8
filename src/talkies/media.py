"""Pictures and sounds in memory: the values that engines take and give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
"""One picture, `(height, width, 3)` uint8, RGB, sRGB."""

Samples = NDArray[np.float32]
"""Sound at 48 kHz, `(samples, channels)` float32 in [-1, 1]."""

TrackName = Literal["speech", "music", "ambience", "effects"]

Tick = Callable[[str, int, int], None]
"""`tick(stage, done, total)`: report progress. Raises `Canceled` when the work shall stop."""


def no_tick(stage: str, done: int, total: int) -> None:
    """Ignore progress."""


@dataclass(frozen=True)
class Track:
    """One named sound of a clip, as long as the clip: `samples` is `(samples, channels)` float32, 48 kHz."""

    name: TrackName
    samples: Samples


@dataclass(frozen=True)
class Clip:
    """A rendered shot: frames and tracks, both as they are asked for.

    `frames` yields exactly `frame_count` pictures of one size and can be read once. `tracks` gives the sound,
    each track `2000 * frame_count` samples long; it may be called at any time, from another thread than the
    one that reads the frames, and waits for what is still in the making. `not_rendered` says in plain words
    what the plan asks for and the pictures do not allow.
    """

    frame_count: int
    frames: Iterator[Frame]
    tracks: Callable[[], tuple[Track, ...]]
    not_rendered: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """The caller's pictures, decoded and upright, at the size they came in. At least one is present."""

    first_frame: Frame | None = None
    last_frame: Frame | None = None


def rng(seed: int, *purpose: Any) -> np.random.Generator:
    """Make a generator for one purpose, so that a new use of chance never shifts another.

    >>> rng(1, "camera").integers(100) == rng(1, "camera").integers(100)
    np.True_
    """
    words = [byte for part in purpose for byte in str(part).encode()]
    return np.random.default_rng([seed, len(purpose), *words])
