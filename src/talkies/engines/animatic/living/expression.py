"""What a face and a head show in one frame.

Everything is relative to the photo: all zero is the photo itself. Left and right are the picture's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class MouthShape:
    """A mouth as speech makes it, whatever the photo's mouth is like.

    `opening`: 0 lips touch, 1 as far as a loud "a". `width`: -1 rounded as for "u", 0 neutral, 1 spread as
    for "i". `press`: 0..1, lips pressed together as for "p", "b", "m". `tuck`: 0..1, lower lip under the
    upper teeth as for "f", "v". `tongue`: 0..1, its tip at the upper teeth as for "l", "th".
    """

    opening: float = 0.0
    width: float = 0.0
    press: float = 0.0
    tuck: float = 0.0
    tongue: float = 0.0


@dataclass(frozen=True)
class Expression:
    """A face in one frame.

    `mouth` replaces the photo's mouth by the share `speaking`, 0..1. `smile`: -1 corners down, 1 a broad
    smile. `blink_left`, `blink_right`: 0 as in the photo, 1 closed. `gaze_x`, `gaze_y`: the irises'
    travel, ±1 is a glance aside, down positive. `brows`: -1 lowered, 1 raised; `brow_left`,
    `brow_right`: 0..1, raised beyond that; `knit`: 0..1, drawn together. `squint`: 0..1, lower lids
    raised, as in a true smile; `widen`: 0..1, upper lids raised.
    """

    mouth: MouthShape = MouthShape()
    speaking: float = 0.0
    smile: float = 0.0
    blink_left: float = 0.0
    blink_right: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    brows: float = 0.0
    brow_left: float = 0.0
    brow_right: float = 0.0
    knit: float = 0.0
    squint: float = 0.0
    widen: float = 0.0

    @property
    def is_photo(self) -> bool:
        """Tell whether the face is as in the photo."""
        return self.speaking == 0 and replace(self, mouth=MouthShape()) == PHOTO


@dataclass(frozen=True)
class HeadPose:
    """A head in one frame: `turn` to the picture's right, `nod` downwards and `tilt` clockwise, in radians.

    `rise` and `aside` move head and shoulders up and to the right, in sizes of the face. `breath`: -1..1.
    """

    turn: float = 0.0
    nod: float = 0.0
    tilt: float = 0.0
    rise: float = 0.0
    aside: float = 0.0
    breath: float = 0.0


PHOTO = Expression()
STILL = HeadPose()
