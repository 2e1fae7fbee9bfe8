"""The air of a shot: what falls, floats and shines before the scene, drawn over its finished frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from talkies.engines.animatic.living.clouds import OVERCAST, STORM_CLOUDS, Clouds, Deck
from talkies.engines.animatic.living.daytime import PassingHour
from talkies.engines.animatic.living.falling import Rain, Snow, Wind
from talkies.engines.animatic.living.floating import Dust, Embers
from talkies.engines.animatic.living.haze import FOG, SMOKE, Haze
from talkies.engines.animatic.living.hours import hour_change
from talkies.engines.animatic.living.light import (
    CANDLE,
    DULL,
    FIRE,
    NEON,
    NIGHT,
    STORM,
    WINTER,
    Blasts,
    Daylight,
    Flicker,
    Gloom,
    Lightning,
)
from talkies.engines.animatic.living.plumes import smoke_column, steam
from talkies.engines.animatic.living.rays import SunRays
from talkies.engines.animatic.living.scenery import is_frozen, is_steam, named_clouds
from talkies.engines.animatic.living.sight import Sight, Stage
from talkies.engines.animatic.living.switching import SwitchedLight, light_changes
from talkies.engines.animatic.optics.camera import Pose
from talkies.engines.animatic.sound.effects import effect_onset
from talkies.engines.animatic.vision.scene import Scene
from talkies.media import Frame, rng
from talkies.plan import Plan, Shot
from talkies.spec import FRAME_RATE, SAMPLE_RATE

_GATHERING_S = 0.9  # in which the air fills from the untouched photo, and empties again
_VEILING_S = 3.2  # in which fog and smoke do, at most; in a short shot a share of it
_VEILING_SHARE = 0.6
_SUDDEN = 0.3  # share of that which grows evenly, so that no two frames are alike
_BREEZE, _WIND, _STORM = 0.12, 0.55, 1.1  # units a second
_STORM_STRENGTH = 1.35
_IN_STEP_S = 0.05  # between a flash and its thunder, at most
_CLOUDY = frozenset({"cloudy", "rain", "snow", "storm"})  # what clouds come with
_CLOUDS_AHEAD_S = 1.2  # of what falls from them
_UNDER_CLOUDS = 0.72  # of the photo's light, that clouds leave to what falls from them
_STORM_LIGHT = 0.78  # of the light that drops mirror: clouds are brighter than what they shade


class _Layer(Protocol):
    def draw(self, frame: Frame, sight: Sight) -> None:
        """Draw into a frame, in place."""
        ...


_Maker = Callable[[Stage], _Layer]


class _Coming(NamedTuple):
    """A layer, and the seconds of the clip from which and to which it is there.

    It gathers after the first, as all do at their shot's beginning, and thins out after the second.
    """

    layer: _Layer
    begin_s: float = -math.inf
    end_s: float = math.inf


class Air:
    """The air of one shot. Frames may be drawn in any order: all follows from a frame's number."""

    def __init__(
        self,
        stage: Stage,
        layers: Sequence[_Coming],
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
        whole = self._ends_within(index)
        if whole == 0:
            return
        time_s = (self._shot.start_frame + index) / FRAME_RATE
        veiling = min(_VEILING_S * FRAME_RATE, _VEILING_SHARE * self._shot.frame_count)
        sights = {}
        for begin_s, end_s in {layer[1:] for layer in self._layers}:
            there = min(whole, (time_s - begin_s) * FRAME_RATE)
            gone = max((time_s - end_s) * FRAME_RATE, 0.0)
            presence, veiled = (
                _gathered(min(there / lasts, 1 - gone / lasts))
                for lasts in (_GATHERING_S * FRAME_RATE, veiling)
            )
            if veiled > 0 or presence > 0:
                sights[begin_s, end_s] = Sight(self._stage, pose, time_s, presence, veiled)
        for layer, begin_s, end_s in self._layers:
            if (begin_s, end_s) in sights:
                layer.draw(frame, sights[begin_s, end_s])

    def _ends_within(self, index: int) -> float:
        """Count the frames to the nearest one that must be the photo itself."""
        since = index if self._opens_whole else math.inf
        until = self._shot.frame_count - 1 - index if self._closes_whole else math.inf
        return max(min(since, until), 0)


def _gathered(part: float) -> float:
    """Tell how much of the air is there, 0..1, when a part of the time for it has gone by."""
    part = min(max(part, 0.0), 1.0)
    return _SUDDEN * part + (1 - _SUDDEN) * part * part * (3 - 2 * part)


def make_air(
    plan: Plan,
    shot: Shot,
    scene: Scene,
    seed: int,
    *,
    focus: tuple[float, float],
    opens_whole: bool,
    closes_whole: bool,
    alone: bool = False,
    relit: bool = False,
) -> Air | None:
    """Set up the air of a shot from its cues of weather and light; None when it is clear.

    Args:
        plan: with the cues; lightning strikes where one begins.
        shot: of the plan, or a part of one.
        scene: what it is filmed from.
        seed: for all chance.
        focus: what the camera goes towards, in picture widths.
        opens_whole, closes_whole: its first or last frame must stay as it is.
        alone: nothing else moves in the shot; so that it is no frozen photo, its light does.
        relit: the pictures themselves show how the light changes; what is told of it is not laid over them.
    """
    number = next(at for at, other in enumerate(plan.shots) if shot.start_frame < other.end_frame)
    cues = [cue for cue in plan.cues if cue.shot == number]
    kinds = frozenset(cue.kind for cue in cues)
    begun_s = {cue.kind: cue.start_s for cue in cues if cue.start_s > shot.start_frame / FRAME_RATE}
    ended_s = {cue.kind: cue.end_s for cue in cues if cue.end_s < shot.end_frame / FRAME_RATE}
    stage = Stage(scene, focus)
    steams = is_steam(shot.text)
    sky = _sky(stage, kinds, shot.text, seed)
    light = _UNDER_CLOUDS if sky else 1.0
    gathering_s = min((begun_s.get(kind, -math.inf) for kind in kinds & _CLOUDY), default=-math.inf)
    clearing_s = max((ended_s.get(kind, math.inf) for kind in kinds & _CLOUDY), default=math.inf)
    layers = [_Coming(layer, gathering_s - _CLOUDS_AHEAD_S, clearing_s) for layer in sky]
    layers += [
        _Coming(make(stage), begun_s.get(kind, -math.inf), ended_s.get(kind, math.inf))
        for kind, make in _makers(kinds, seed, light, steams=steams)
        if kind in kinds
    ]
    flashes = [cue.start_s for cue in cues if cue.kind == "lightning"]
    if flashes:
        # Last, so that it lights the rain as well.
        layers.append(_Coming(Lightning(flashes, seed, far=_without_thunder(plan, number, flashes))))
    blasts = [
        sound.start_sample / SAMPLE_RATE
        for sound in plan.sounds
        if sound.kind == "explosion" and sound.shot == number
    ]
    if blasts:
        blaze = Blasts(stage, blasts, seed)
        layers += [_Coming(smoke_column(stage, blaze.place, seed, min(blasts))), _Coming(blaze)]
    hour = None if relit else hour_change(plan, shot)
    if hour is not None:
        layers.insert(0, _Coming(PassingHour(stage, hour)))
    changes = () if relit else light_changes(plan, number, shot.text)
    if changes:
        layers.append(_Coming(SwitchedLight(stage, changes, shot.text, seed)))
    if alone and all(layer.begin_s > -math.inf for layer in layers) and not is_frozen(shot.text):
        layers.append(_Coming(Daylight(stage, seed)))
    if not layers:
        return None
    return Air(stage, layers, shot, opens_whole=opens_whole, closes_whole=closes_whole)


def _without_thunder(plan: Plan, number: int, flashes: Sequence[float]) -> frozenset[float]:
    """Find the flashes of a shot in which other ones thunder, and they do not."""
    onset = effect_onset("thunder")
    thunders = [
        (sound.start_sample + onset) / SAMPLE_RATE
        for sound in plan.sounds
        if sound.kind == "thunder" and sound.shot == number
    ]
    alone = [flash_s for flash_s in flashes if all(abs(flash_s - at_s) > _IN_STEP_S for at_s in thunders)]
    return frozenset(alone) if thunders else frozenset()


def _makers(
    kinds: frozenset[str], seed: int, light: float, *, steams: bool
) -> tuple[tuple[str, _Maker], ...]:
    """What each kind of cue puts into the air, far things first; drops mirror `light` of the air's."""
    wind, strength = _wind(kinds, seed), 1.0
    if "storm" in kinds:
        strength, light = _STORM_STRENGTH, light * _STORM_LIGHT
    storm_rains = not kinds & {"rain", "snow"}
    return (
        ("storm", lambda stage: Gloom(STORM, stage)),
        ("snow", lambda stage: Gloom(WINTER, stage)),
        ("candlelight", lambda stage: Flicker(stage, CANDLE, seed)),
        ("firelight", lambda stage: Flicker(stage, FIRE, seed)),
        ("neon", lambda stage: Flicker(stage, NEON, seed)),
        ("night", lambda stage: Flicker(stage, NIGHT, seed)),
        ("sun_rays", lambda stage: SunRays(stage, seed)),
        ("fog", lambda stage: Haze(stage, FOG, seed)),
        ("smoke", lambda stage: steam(stage, seed) if steams else Haze(stage, SMOKE, seed)),
        ("embers", lambda stage: Embers(stage, seed)),
        ("dust", lambda stage: Dust(stage, seed)),
        ("snow", lambda stage: Snow(stage, wind, strength, seed)),
        ("storm" if storm_rains else "rain", lambda stage: Rain(stage, wind, strength, seed, light)),
    )


def _sky(stage: Stage, kinds: frozenset[str], text: str, seed: int) -> list[_Layer]:
    """What a weather does to the photo's open sky, and so to its light."""
    deck = _deck(kinds, text)
    if deck is None:
        return []
    clouds = Clouds(stage, deck, _wind(kinds, seed).speed, seed)
    if not clouds.come:
        return []
    if kinds & {"storm", "snow"}:
        return [clouds]
    return [clouds, Gloom(STORM if deck == STORM_CLOUDS else DULL, stage)]


def _deck(kinds: frozenset[str], text: str) -> Deck | None:
    """What covers a clear sky in a weather; None where it stays as it is."""
    told = named_clouds(text) if "cloudy" in kinds else None
    falls = kinds & {"rain", "snow"}
    if "storm" in kinds or told == "dark" or (falls and "lightning" in kinds):
        return STORM_CLOUDS
    return OVERCAST if told or (falls and "clear" not in kinds) else None


def _wind(kinds: frozenset[str], seed: int) -> Wind:
    chance = rng(seed, "wind")
    side, phase = float(chance.choice([-1.0, 1.0])), float(chance.uniform(0, 6.28))
    if "storm" in kinds:
        return Wind(side * _STORM, 0.6, phase)
    return Wind(side * (_WIND if "wind" in kinds else _BREEZE), 0.35, phase)
