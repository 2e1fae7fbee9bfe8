"""When each action, weather and light of the script is to be seen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import cast

import numpy as np

from talkies.engines.animatic.living.gestures import FEELINGS
from talkies.plan import ActionKind, Cue, Weather
from talkies.script import Action, ScriptShot, When

_SCENIC: frozenset[ActionKind] = frozenset({"flow", "sway", "drift", "flicker", "fall"})
_FELT = FEELINGS.keys() - {"laugh"}  # which is over before the shot
_GOING: frozenset[ActionKind] = frozenset({"walk", "run", "ride", "dance", "swim", "fly"})
HOLDING = _SCENIC | _FELT | _GOING | {"breathe", "close_eyes"}
"""Actions that last to the end of their shot; what the scene does also begins with it."""

_SPOKEN: frozenset[ActionKind] = frozenset({"speak", "sing"})  # seen where the lines are
_SECONDS: dict[ActionKind, float] = {
    "wink": 0.5,
    "blink": 0.4,
    "open_eyes": 1.0,
    "nod": 1.2,
    "shake_head": 1.4,
    "laugh": 2.0,
    "yawn": 2.8,
}
_SHUT_S = 2.0  # that closed eyes have at the least: they may open after it
_USUAL_S = 1.6
_AIMED: frozenset[ActionKind] = frozenset({"gaze", "turn_head", "tilt_head"})
_AIMED_S = 0.9  # from one look of somebody to the next, and at the least of the last
_EDGE_S = 0.3  # between an action and the ends of its shot
_FLASH_S = 0.8  # a stroke of lightning with its afterglow
_LONE_FLASH = 0.4  # of the shot: when lightning without thunder strikes
_SEVERAL = re.compile(
    r"\b(?:lightning (?:flashes|bolts|strikes)|(?:flashes|bolts|strikes|forks) of lightning)\b"
    "|电闪雷鸣|道道闪电",
    re.IGNORECASE,
)
FIRST_FLASH_S = 0.9  # from the shot's start: clouds have begun to gather
_BETWEEN_FLASHES_S = 2.5  # of several, on average
_LATEST = 0.6  # of the shot: when a weather that comes has begun


def lay_cues(
    shot: ScriptShot,
    index: int,
    span: tuple[float, float],
    heard: Sequence[tuple[float, float, float]],
    flashes_s: Sequence[float],
) -> Iterator[Cue]:
    """Yield the cues of a shot that lasts from `span[0]` to `span[1]` seconds.

    An action comes where the text tells it: in proportion between the lines and sounds around it. Each
    thunder comes with its lightning, distant one behind it; where the text speaks of several flashes there
    are more, and none early.

    Args:
        shot: as the script tells it.
        index: the shot's number.
        span: its start and end.
        heard: position in the text, start and end in seconds of each line and one-shot, in their order.
        flashes_s: when lightning strikes whose thunder is heard in this shot.
    """
    seen = [action for action in shot.actions if not _is_flash(action, shot)]
    moments_s = _moments(seen, span, heard)
    acted = [_acted(action, index, span, moment_s) for action, moment_s in zip(seen, moments_s, strict=True)]
    yield from _in_turn(_changed(acted, seen), span)
    coming_s = weather_begins(shot, span, heard)
    for word in dict.fromkeys((*shot.weather, *shot.light)):
        if word != "lightning":
            start_s, leaving = coming_s.get(word, span[0]), shot.leaving.get(cast(Weather, word))
            end_s = span[1] if leaving is None else max(moment_of(leaving, span, heard), start_s)
            yield Cue(kind=word, shot=index, start_s=start_s, end_s=round(end_s, 3))
    strokes = list(flashes_s)
    if _SEVERAL.search(shot.text) and "lightning" in shot.light:
        strokes = _several(strokes, span)
    if not strokes and "lightning" in shot.light:
        strokes = [span[0] + _LONE_FLASH * (span[1] - span[0])]
    for moment_s in strokes:
        yield Cue(kind="lightning", shot=index, start_s=moment_s, end_s=min(moment_s + _FLASH_S, span[1]))


def _is_flash(action: Action, shot: ScriptShot) -> bool:
    """Tell whether an action is seen as something else: as speech or as lightning."""
    return action.kind in _SPOKEN or (action.kind == "flicker" and "lightning" in shot.light)


def _moments(
    actions: Sequence[Action], span: tuple[float, float], heard: Sequence[tuple[float, float, float]]
) -> list[float]:
    """Give the second of each action: where its text lies, and what a "then" joins one after the other.

    As long as the shot has room: those that are told last leave each other a fair share of its end.
    """
    moments_s: list[float] = []
    begun_s = done_s = span[0] + _EDGE_S
    rests_s = [*accumulate((act_s(action) for action in reversed(actions)), initial=0.0)][::-1]
    for action, rest_s in zip(actions, rests_s, strict=False):
        moment_s = moment_of(When(position=action.position, at_s=action.at_s), span, heard)
        if action.after_s is not None:
            heard_s = [end_s for position, _, end_s in heard if position < action.position]
            if action.after_s > 0:
                moment_s = max(heard_s, default=done_s) + action.after_s
            else:
                moment_s = max([moment_s, done_s, *heard_s])
            latest_s = max([span[1] - rest_s, (begun_s + done_s) / 2, *heard_s])
            moment_s = min(moment_s, latest_s)
        moments_s.append(moment_s)
        if act_s(action):
            begun_s, done_s = moment_s, moment_s + act_s(action)
    return moments_s


def _changed(cues: Sequence[Cue], actions: Sequence[Action]) -> list[Cue]:
    """Let a feeling end where the same face changes to another one: "smiles, then frowns"."""
    result = list(cues)
    for number, (later, action) in enumerate(zip(cues, actions, strict=True)):
        if action.after_s is None or later.kind not in _FELT:
            continue
        for place, cue in enumerate(result[:number]):
            if cue.kind in _FELT and _same(cue.who, later.who) and cue.start_s < later.start_s:
                result[place] = cue.model_copy(update={"end_s": min(cue.end_s, later.start_s)})
    return result


def _same(one: str | None, other: str | None) -> bool:
    return one == other or (one is not None and other is not None and one.lower() == other.lower())


def act_s(action: Action) -> float:
    """Give the seconds that somebody has an action for himself; 0 for what the scene does."""
    return 0.0 if action.kind in _SCENIC else _SECONDS.get(action.kind, _USUAL_S)


def _in_turn(cues: Sequence[Cue], span: tuple[float, float]) -> list[Cue]:
    """Let nobody look, turn or tilt two ways at once: each time ends where the next begins."""
    result = list(cues)
    for whose in dict.fromkeys((cue.kind, cue.who) for cue in cues if cue.kind in _AIMED):
        places = [number for number, cue in enumerate(cues) if (cue.kind, cue.who) == whose]
        starts_s: list[float] = []
        for left, place in zip(range(len(places), 0, -1), places, strict=True):
            latest_s = max(span[1] - left * _AIMED_S, starts_s[-1] if starts_s else span[0])
            earliest_s = starts_s[-1] + _AIMED_S if starts_s else span[0]
            starts_s.append(round(min(max(cues[place].start_s, earliest_s), latest_s), 3))
        for place, start_s, next_s in zip(places, starts_s, [*starts_s[1:], span[1]], strict=True):
            end_s = min(max(cues[place].end_s, start_s + _AIMED_S), next_s)
            result[place] = cues[place].model_copy(update={"start_s": start_s, "end_s": round(end_s, 3)})
    return result


def _several(strokes: Sequence[float], span: tuple[float, float]) -> list[float]:
    """Add flashes, far from those that come with thunder, until there are some."""
    first_s, last_s = span[0] + FIRST_FLASH_S, span[1] - _FLASH_S
    moments = list(strokes)
    free = [float(moment_s) for moment_s in np.arange(first_s, last_s, _EDGE_S)]
    while free and len(moments) < max(2, round((span[1] - span[0]) / _BETWEEN_FLASHES_S)):
        apart = [min((abs(place - moment_s) for moment_s in moments), default=place) for place in free]
        moments.append(round(free.pop(int(np.argmax(apart))), 3))
    return sorted(moments)


def weather_begins(
    shot: ScriptShot, span: tuple[float, float], heard: Sequence[tuple[float, float, float]]
) -> dict[str, float]:
    """Give the seconds at which those weathers begin that come within a shot; arguments as for `lay_cues`."""
    latest_s = span[0] + _LATEST * (span[1] - span[0])
    return {
        word: round(
            moment_of(when, span, heard)
            if when.at_s is not None
            else min(moment_of(when, span, heard), latest_s),
            3,
        )
        for word, when in shot.coming.items()
    }


def moment_of(when: When, span: tuple[float, float], heard: Sequence[tuple[float, float, float]]) -> float:
    """Give the second of a moment of a shot's text; arguments as for `lay_cues`."""
    if when.at_s is not None:
        return told_second(when.at_s, span)
    return float(np.interp(when.position, *_anchors(span, heard)))


def told_second(at_s: float, span: tuple[float, float]) -> float:
    """Give the second of the clip that a text means, within its shot `span`; see `talkies.script.When`.

    >>> [told_second(at_s, (4.0, 8.0)) for at_s in (5.0, 1.0, -1.0, 30.0)]
    [5.0, 5.0, 7.0, 7.7]
    """
    start_s, end_s = span
    origin_s = end_s if at_s < 0 else 0.0 if start_s <= at_s < end_s else start_s
    return round(max(min(origin_s + at_s, end_s - _EDGE_S), start_s), 3)


def _anchors(
    span: tuple[float, float], heard: Sequence[tuple[float, float, float]]
) -> tuple[list[float], list[float]]:
    """Pair places in the text with moments: the text goes on after a line when it has been said."""
    places, moments = [0.0], [span[0] + _EDGE_S]
    for position, start_s, end_s in heard:
        place = max(position, places[-1])
        places += [place, place + 1e-3]
        moments += [max(start_s, moments[-1]), max(end_s, moments[-1])]
    return [*places, 1.0 + 1e-2], [*moments, max(span[1] - _EDGE_S, moments[-1])]


def _acted(action: Action, index: int, span: tuple[float, float], moment_s: float) -> Cue:
    start_s = span[0] if action.kind in _SCENIC and action.at_s is None else moment_s
    if action.kind in HOLDING:
        end_s = span[1]
        if action.kind == "close_eyes":
            start_s = max(min(start_s, end_s - _SHUT_S), span[0])
    else:
        lasts_s = _SECONDS.get(action.kind, _USUAL_S)
        # An action told last still has its time.
        start_s = max(min(start_s, span[1] - lasts_s), span[0])
        end_s = min(start_s + lasts_s, span[1])
    return Cue(
        kind=action.kind,
        who=action.who,
        text=action.text,
        speed=action.speed,
        shot=index,
        start_s=round(start_s, 3),
        end_s=round(end_s, 3),
    )
