"""The air of a shot: what falls, floats and shines before the scene, drawn over its finished frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from talkies.engines.animatic.camera import Pose
from talkies.engines.animatic.living.falling import Rain, Snow, Wind
from talkies.engines.animatic.living.floating import Dust, Embers
from talkies.engines.animatic.living.haze import FOG, SMOKE, Haze
from talkies.engines.animatic.living.light import CANDLE, FIRE, NEON, NIGHT, Flicker, Lightning
from talkies.engines.animatic.living.rays import SunRays
from talkies.engines.animatic.living.sight import Sight, Stage
from talkies.engines.animatic.scene import Scene
from talkies.media import Frame, rng
from talkies.plan import Plan, Shot
from talkies.spec import FRAME_RATE

_GATHERING_S = 0.9  # in which the air fills from the untouched photo, and empties again
_BREEZE, _WIND, _STORM = 0.12, 0.55, 1.1  # units a second
_STORM_STRENGTH = 1.35


class _Layer(Protocol):
    def draw(self, frame: Frame, sight: Sight) -> None:
        """Draw into a frame, in place."""
        ...


class Air:
    """The air of one shot. Frames may be drawn in any order: all follows from a frame's number."""

    def __init__(
        self,
        stage: Stage,
        layers: Sequence[_Layer],
        shot: Shot,
        *,
        opens_whole: bool,
        closes_whole: bool,
    ) -> None:
        self._stage, self._layers, self._shot = stage, tuple(layers), shot
        self._opens_whole, self._closes_whole = opens_whole, closes_whole

    def draw(self, frame: Frame, index: int, pose: Pose) -> None:
        """Draw the air over a frame, in place.

        Args:
            frame: `(height, width, 3)` uint8 RGB, of the shot as the camera sees it.
            index: the frame's number in the shot; a few beyond its end are allowed.
            pose: the camera in it.
        """
        presence = self._presence(index)
        if presence == 0:
            return
        time_s = (self._shot.start_frame + index) / FRAME_RATE
        sight = Sight(self._stage, pose, time_s, presence)
        for layer in self._layers:
            layer.draw(frame, sight)

    def _presence(self, index: int) -> float:
        """How much of the air is there, 0..1: nothing in a frame that must be the photo itself."""
        since = index if self._opens_whole else _GATHERING_S * FRAME_RATE
        until = self._shot.frame_count - 1 - index if self._closes_whole else _GATHERING_S * FRAME_RATE
        part = min(max(min(since, until) / (_GATHERING_S * FRAME_RATE), 0.0), 1.0)
        return part * part * (3 - 2 * part)


def make_air(
    plan: Plan,
    shot: Shot,
    scene: Scene,
    seed: int,
    *,
    focus: tuple[float, float],
    opens_whole: bool,
    closes_whole: bool,
) -> Air | None:
    """Set up the air of a shot from its cues of weather and light; None when it is clear.

    Args:
        plan: with the cues; lightning strikes where one begins.
        shot: of the plan, or a part of one.
        scene: what it is filmed from.
        seed: for all chance.
        focus: what the camera goes towards, in picture widths.
        opens_whole, closes_whole: its first or last frame must stay as it is.
    """
    number = next(at for at, other in enumerate(plan.shots) if shot.start_frame < other.end_frame)
    cues = [cue for cue in plan.cues if cue.shot == number]
    kinds = frozenset(cue.kind for cue in cues)
    stage = Stage(scene, focus)
    layers = [make(stage) for kind, make in _makers(kinds, seed).items() if kind in kinds]
    flashes = [cue.start_s for cue in cues if cue.kind == "lightning"]
    if flashes:
        layers.append(Lightning(flashes, seed))  # last, so that it lights the rain as well
    if not layers:
        return None
    return Air(stage, layers, shot, opens_whole=opens_whole, closes_whole=closes_whole)


def _makers(kinds: frozenset[str], seed: int) -> Mapping[str, Callable[[Stage], _Layer]]:
    """What each kind of cue puts into the air, far things first."""
    wind, strength = _wind(kinds, seed), 1.0
    if "storm" in kinds:
        strength = _STORM_STRENGTH
    makers: dict[str, Callable[[Stage], _Layer]] = {
        "candlelight": lambda stage: Flicker(stage, CANDLE, seed),
        "firelight": lambda stage: Flicker(stage, FIRE, seed),
        "neon": lambda stage: Flicker(stage, NEON, seed),
        "night": lambda stage: Flicker(stage, NIGHT, seed),
        "sun_rays": lambda stage: SunRays(stage, seed),
        "fog": lambda stage: Haze(stage, FOG, seed),
        "smoke": lambda stage: Haze(stage, SMOKE, seed),
        "embers": lambda stage: Embers(stage, seed),
        "dust": lambda stage: Dust(stage, seed),
        "snow": lambda stage: Snow(stage, wind, strength, seed),
        "rain": lambda stage: Rain(stage, wind, strength, seed),
    }
    if "storm" in kinds and not kinds & {"rain", "snow"}:
        makers["storm"] = makers["rain"]
    return makers


def _wind(kinds: frozenset[str], seed: int) -> Wind:
    chance = rng(seed, "wind")
    side, phase = float(chance.choice([-1.0, 1.0])), float(chance.uniform(0, 6.28))
    if "storm" in kinds:
        return Wind(side * _STORM, 0.6, phase)
    return Wind(side * (_WIND if "wind" in kinds else _BREEZE), 0.35, phase)
