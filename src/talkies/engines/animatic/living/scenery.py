"""What the script says about a shot's scenery: how the water goes, how the wind blows, what lies still."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from typing import Literal

from talkies.engines.animatic.vision.look import Kind
from talkies.plan import Ambience, Effect, Plan, Shot
from talkies.spec import SAMPLES_PER_FRAME

Water = Literal["ripples", "waves", "stream", "waterfall"]


def _words(english: str, chinese: str) -> re.Pattern[str]:
    """Match whole English words, and Chinese ones anywhere."""
    return re.compile(rf"\b(?:{english})\b|{chinese}", re.IGNORECASE)


_NAMES: dict[Kind, re.Pattern[str]] = {
    "sky": _words("sky|skies|clouds?", "天空|云"),
    "water": _words(
        "waters?|lakes?|seas?|oceans?|rivers?|streams?|brooks?|creeks?|ponds?|pools?|waves?|surf|tides?"
        "|waterfalls?|cascades?|ripples?|rippling",
        "水|湖|海|河|江|溪|浪|瀑布",
    ),
    "plants": _words(
        "leaf|leaves|foliage|trees?|grass(?:es)?|meadows?|fields?|flowers?|plants?|bush(?:es)?|forests?|woods"
        "|branch(?:es)?|reeds?|petals?|blossoms?|dandelions?|dais(?:y|ies)|roses?|tulips?|sunflowers?|poppies"
        "|lavender|wheat|corn|barley|ferns?|moss|ivy|vines?|bamboo|palms?|willows?|hedges?|shrubs?",
        "树|草|叶|花|森林|竹|麦|蒲公英|柳",
    ),
    "flames": _words("fires?|campfires?|bonfires?|flames?|candles?|torch(?:es)?|lanterns?", "火|烛|灯笼"),
}
_WATERS: tuple[tuple[Water, re.Pattern[str]], ...] = (
    ("waterfall", _words(r"waterfalls?|cascad\w+", "瀑布")),
    ("stream", _words(r"streams?|brooks?|creeks?|rivers?|flow(?:s|ing)?|gush\w*", "溪|河|流")),
    ("waves", _words("waves?|surf|tides?|swells?|oceans?|seas?", "浪|潮|海")),
)
_FROZEN = _words(
    "freeze[- ]frame|time (?:freezes|stops|stands still)|frozen|motionless|nothing moves"
    "|(?:completely|perfectly|absolutely) still",
    "定格|静止|凝固",
)
_STEAM = _words("steam(?:s|ing|y)?|vapou?r", "蒸汽|热气")
_DARK_CLOUDS = _words(
    "(?:storm|thunder|dark|darkening|black|heavy|ominous|menacing|threatening|brooding|rain)[- ]?clouds?"
    "|thunderheads?|(?:dark|black|leaden|threatening|ominous|stormy) sk(?:y|ies)",
    "乌云|黑云",
)
_GREY_CLOUDS = _words(
    "overcast|gr[ae]y (?:clouds?|sk(?:y|ies))|cloud cover|clouds? over|(?<!partly )cloudy"
    r"|clouds? (?:\w+ ){0,2}?(?:gather\w*|thicken\w*|(?:roll|clos|mov|build)\w* (?:in|up))",
    "阴云|阴天|多云|云层密布",
)
_CLOUDS_LEAVE = _words(
    r"(?:clouds?|overcast|sk(?:y|ies)) (?:\w+ ){0,2}?"
    r"(?:part|clear|lift|disperse|dissolve|vanish|disappear|break(?:ing)?(?: up| apart)|leav)\w*",
    "云散|云开|云层散|云消",
)
_SOUNDING: dict[Ambience | Effect, Water] = {"waterfall": "waterfall", "stream": "stream", "surf": "waves"}
_BREEZE, _WIND, _STORM = 0.4, 1.0, 1.6


@dataclass(frozen=True)
class Scenery:
    """How a shot's scenery moves.

    `spoken_of` are the kinds of region that the script names. `wind` is 1 in a moderate wind; `water` and
    `clouds` are strengths, 1 where the script asks for motion and less where it says nothing. `flows` is the
    manner of the water.
    """

    spoken_of: frozenset[Kind]
    flows: Water
    water: float
    wind: float
    clouds: float


def read_scenery(plan: Plan, shot: Shot) -> Scenery | None:
    """Read from a shot's text, cues and sounds how its scenery moves; None where time stands still."""
    if is_frozen(shot.text):
        return None
    number = next(at for at, other in enumerate(plan.shots) if shot.start_frame < other.end_frame)
    acts = {cue.kind for cue in plan.cues if cue.shot == number}
    first, last = (SAMPLES_PER_FRAME * frame for frame in (shot.start_frame, shot.end_frame))
    sounds = {
        sound.kind
        for sound in plan.sounds
        if sound.start_sample < last and sound.start_sample + sound.sample_count > first
    }
    spoken_of = set(named_kinds(shot.text))
    if sounds & _SOUNDING.keys():
        spoken_of.add("water")
    if "fire" in sounds:
        spoken_of.add("flames")
    flows = _manner(shot.text, sounds)
    if "storm" in acts:
        return Scenery(frozenset(spoken_of), flows, _STORM, _STORM, _STORM)
    windy = "wind" in acts or "wind" in sounds
    return Scenery(
        spoken_of=frozenset(spoken_of),
        flows=flows,
        water=1.0 if windy or "flow" in acts or sounds & _SOUNDING.keys() else 0.6,
        wind=_WIND if windy or "sway" in acts else _BREEZE,
        clouds=1.0 if windy or "drift" in acts else 0.5,
    )


def is_frozen(text: str) -> bool:
    """Tell whether a text asks for a picture in which time stands still."""
    return _FROZEN.search(text) is not None


def is_steam(text: str) -> bool:
    """Tell whether what a text calls smoke is steam, that rises from one thing."""
    return _STEAM.search(text) is not None


def named_clouds(text: str) -> Literal["dark", "grey"] | None:
    """Tell which clouds a text wants to cover the sky; None where its clouds only drift, or leave."""
    if _CLOUDS_LEAVE.search(text):
        return None
    if _DARK_CLOUDS.search(text):
        return "dark"
    return "grey" if _GREY_CLOUDS.search(text) else None


def named_kinds(text: str) -> frozenset[Kind]:
    """Tell which kinds of region a text names."""
    return frozenset(kind for kind, words in _NAMES.items() if words.search(text))


def _manner(text: str, sounds: Set[Ambience | Effect]) -> Water:
    """Tell how water goes: as it sounds, else as the text calls it."""
    heard = [flow for sound, flow in _SOUNDING.items() if sound in sounds]
    told = [flow for flow, words in _WATERS if words.search(text)]
    return [*heard, *told, "ripples"][0]
