"""What somebody does on cue: feelings that stay on a face, and gestures that come and go.

A feeling holds until the next one or the end of the shot. What a still picture cannot do (wave, hug) becomes
the nearest that it can: a friendly nod and a smile.
Source for the shapes: Ekman, Friesen, "Facial Action Coding System" (1978), reduced to the channels here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from talkies.engines.animatic.living.easing import Curve, ease, pulse, swell, swing
from talkies.engines.animatic.living.performance import MOUTH, Channel, Motion
from talkies.engines.animatic.sound.foley.voices import LAUGH_BURST_S, LAUGH_PERIOD_S
from talkies.plan import ActionKind, Cue
from talkies.script.passage import Passage

_ATTACK_S, _RELEASE_S = 0.45, 0.6  # of a feeling
_BURST_S = 1.3  # a sudden feeling is strong at least so long
_CLOSING_S, _OPENING_S, _SLOWLY_S = 0.5, 0.35, 0.9  # of eyes that stay closed or open
_LEAST_HELD_S = 0.4  # before they open or close again
_SHAPED = frozenset({*MOUTH, "speaking"})  # what a feeling does with the mouth
_WIDE, _AROUND = "wide", "around"
_SURVEY_S = 2.4  # the least in which somebody looks to both sides
_AMOUNTS = {"slight": 0.55, "large": 1.2}


class Feeling(NamedTuple):
    """A face while a feeling is fresh, and the share of it that stays."""

    face: Mapping[Channel, float]
    lasting: float = 1.0
    attack_s: float = _ATTACK_S


FEELINGS: Mapping[str, Feeling] = {
    "smile": Feeling({"smile": 0.75, "squint": 0.35, "brows": 0.08, "tilt": 0.02}),
    "laugh": Feeling({"smile": 1.0, "squint": 0.7, "brows": 0.15}, lasting=0.6, attack_s=0.3),
    "frown": Feeling({"brows": -0.6, "knit": 0.8, "smile": -0.35, "squint": 0.15, "nod": 0.03}),
    "cry": Feeling(
        {"brows": 0.35, "knit": 0.9, "smile": -0.7, "squint": 0.55, "gaze_y": 0.3, "nod": 0.08}, attack_s=0.7
    ),
    "surprise": Feeling(
        {"brows": 1.0, "widen": 0.9, "opening": 0.6, "width": -0.4, "speaking": 0.95, "nod": -0.06},
        lasting=0.35,
        attack_s=0.18,
    ),
    "anger": Feeling(
        {
            "brows": -0.9,
            "knit": 1.0,
            "squint": 0.4,
            "smile": -0.3,
            "press": 0.6,
            "speaking": 0.45,
            "nod": 0.05,
        },
        lasting=0.8,
        attack_s=0.3,
    ),
    "sadness": Feeling(
        {"brows": 0.3, "knit": 0.6, "smile": -0.6, "gaze_y": 0.4, "nod": 0.09, "tilt": 0.04}, attack_s=0.9
    ),
    "squint": Feeling(
        {"squint": 1.0, "blink_left": 0.3, "blink_right": 0.3, "brows": -0.9, "knit": 0.7, "smile": 0.15}
    ),
    "open_mouth": Feeling({"opening": 0.9, "width": -0.1, "speaking": 0.95, "brows": 0.15}),
    "close_mouth": Feeling({}),
    "pout": Feeling({"width": -1.0, "speaking": 0.9, "smile": -0.4, "brows": -0.15, "knit": 0.2}),
}


class Moment(NamedTuple):
    """A cue in the time of its shot: `x`, `y` is where its words point, 0 where they do not.

    `facing` is where the face looks in the photo, -1 (left) to 1; `steps_s` are footsteps that are heard.
    `is_slow`, `is_wide`, `is_around` (to both sides): so its words say.
    """

    start_s: float
    end_s: float
    x: float
    y: float
    amount: float
    facing: float
    steps_s: tuple[float, ...] = ()
    is_slow: bool = False
    is_wide: bool = False
    is_around: bool = False


def read_moment(cue: Cue, origin_s: float, facing: float, chance: Generator) -> Moment:
    """Place a cue in its shot's time and read from its words where it points and how strong it is."""
    passage = Passage(cue.text)
    directions = {term.name for table in ("direction", "aim") for term in passage.terms(table)}
    x = float("right" in directions) - float("left" in directions)
    y = float("down" in directions) - float("up" in directions)
    if "out" in directions and not x and not y:  # "looks away": to either side
        x = float(chance.choice([-1.0, 1.0]))
    amounts = [_AMOUNTS[term.name] for term in passage.terms("amount") if term.name in _AMOUNTS]
    return Moment(
        start_s=cue.start_s - origin_s,
        end_s=cue.end_s - origin_s,
        x=x,
        y=y,
        amount=amounts[0] if amounts else 1.0,
        facing=facing,
        is_slow=cue.speed == "slow",
        is_wide=_WIDE in passage.words,
        is_around=_AROUND in directions,
    )


def feel(
    time: Curve, felt: Sequence[tuple[Feeling, Moment]], spoken_s: Sequence[float] = ()
) -> Iterator[Motion]:
    """Yield the feelings of one person, in the order of time: each gives way to the next.

    `spoken_s` is when the person begins to speak: a mouth that a feeling shaped does not come back after it.
    """
    for number, (feeling, moment) in enumerate(felt):
        later = [other.start_s for _, other in felt[number + 1 :]]
        gone_s = min(later, default=math.inf)
        held = swell(time, moment.start_s, gone_s, feeling.attack_s, _RELEASE_S)
        # What does not last fades after its burst.
        fresh_s = moment.start_s + feeling.attack_s + _BURST_S
        share = 1 - (1 - feeling.lasting) * ease((time - fresh_s) / 1.2)
        said_s = min((start_s for start_s in spoken_s if start_s > moment.start_s), default=math.inf)
        silent = 1 - ease((time - said_s) / _RELEASE_S)
        yield {
            name: moment.amount * value * held * share * (silent if name in _SHAPED else 1)
            for name, value in feeling.face.items()
        }


def hold_lids(time: Curve, told: Sequence[tuple[str, Moment]]) -> Iterator[Motion]:
    """Yield lids that stay closed, or opened wide, until the next of one person's `LIDS`, in order of time.

    Eyes that were open open wide for a while; closed ones just open, unless they are told to open wide.
    """
    # What is told twice goes on.
    told = [one for number, one in enumerate(told) if number == 0 or told[number - 1][0] != one[0]]
    was_closed = False
    for number, (kind, moment) in enumerate(told):
        then = told[number + 1][1] if number + 1 < len(told) else None
        closes = kind == "close_eyes"
        attack_s = _SLOWLY_S if moment.is_slow else _CLOSING_S if closes else _OPENING_S
        release_s = _SLOWLY_S if then and then.is_slow else _OPENING_S
        gone_s = max(then.start_s, moment.start_s + attack_s + _LEAST_HELD_S) if then else math.inf
        if not closes and not moment.is_wide:
            gone_s = min(gone_s, moment.end_s)
        held = swell(time, moment.start_s, gone_s, attack_s, release_s)
        if closes:
            yield {"blink_left": held, "blink_right": held}
        elif moment.is_wide or not was_closed:
            yield {"widen": 0.9 * held, "brows": 0.3 * held}
        was_closed = closes


def _laugh(time: Curve, moment: Moment, chance: Generator) -> Motion:
    """Shake: with each "ha" the mouth opens and the shoulders jump, as often as it is heard."""
    length_s = min(max(moment.end_s - moment.start_s, 1.0), 2.6)
    shaking = swell(time, moment.start_s, moment.start_s + length_s - 0.5, 0.2, 0.6)
    loudest_s = moment.start_s + LAUGH_BURST_S / 2
    shake = 0.5 + 0.5 * np.cos(2 * math.pi / LAUGH_PERIOD_S * (time - loudest_s))
    return {
        "opening": moment.amount * (0.4 + 0.45 * shake),
        "width": 0.75 + 0 * time,
        "speaking": 0.9 * shaking,
        "rise": 0.012 * shaking * shake,
        "nod": shaking * (0.025 * shake - 0.05),
        "tilt": 0.04 * float(chance.choice([-1.0, 1.0])) * shaking,
    }


def _sob(time: Curve, moment: Moment, chance: Generator) -> Motion:
    rate_hz = float(chance.uniform(1.5, 1.9))
    crying = swell(time, moment.start_s + 0.4, moment.end_s, 0.8, 0.5)
    shake = np.maximum(np.sin(2 * math.pi * rate_hz * (time - moment.start_s)), 0.0) ** 2
    return {"rise": 0.01 * crying * shake, "breath": 0.4 * crying * shake, "squint": 0.2 * crying * shake}


def _start(time: Curve, moment: Moment, _chance: Generator) -> Motion:
    """Start back, as in surprise."""
    return {
        "rise": 0.02 * pulse(time, moment.start_s + 0.25, 0.4),
        "breath": pulse(time, moment.start_s + 0.3, 0.6),
    }


def _wink(time: Curve, moment: Moment, chance: Generator) -> Motion:
    side = moment.x or float(chance.choice([-1.0, 1.0]))
    shut = swell(time, moment.start_s, moment.start_s + 0.24, 0.1, 0.2)
    warm = swell(time, moment.start_s, moment.start_s + 0.7, 0.25, 0.6)
    lid: Channel = "blink_right" if side > 0 else "blink_left"
    return {lid: shut, "smile": 0.4 * warm, "squint": 0.3 * shut, "tilt": 0.05 * side * warm}


def _blink(time: Curve, moment: Moment, _chance: Generator) -> Motion:
    lids = swell(time, moment.start_s, moment.end_s - 0.2, 0.14, 0.22)
    return {"blink_left": lids, "blink_right": lids}


def _gaze(time: Curve, moment: Moment, chance: Generator) -> Motion:
    """Look there: the eyes jump first, the head follows part of the way."""
    if moment.is_around and not moment.x:
        return _survey(time, moment, chance)
    eyes = swell(time, moment.start_s, moment.end_s, 0.07, 0.09)
    head = swell(time, moment.start_s + 0.08, moment.end_s + 0.06, 0.45, 0.6)
    return {
        "gaze_x": 0.85 * moment.x * eyes,
        "gaze_y": 0.7 * moment.y * eyes,
        "turn": 0.08 * moment.x * head,
        "nod": 0.06 * moment.y * head,
        "brows": -0.35 * min(moment.y, 0.0) * head,
    }


def _survey(time: Curve, moment: Moment, chance: Generator) -> Motion:
    """Look around: to one side, then to the other."""
    side = float(chance.choice([-1.0, 1.0]))
    end_s = max(moment.end_s, moment.start_s + _SURVEY_S)
    half = moment._replace(x=side, y=0.0, end_s=(moment.start_s + end_s) / 2, is_around=False)
    other = half._replace(x=-side, start_s=half.end_s, end_s=end_s)
    there, back = _gaze(time, half, chance), _gaze(time, other, chance)
    return {name: there[name] + back[name] for name in there}


def _nod(time: Curve, moment: Moment, chance: Generator) -> Motion:
    count = 2 if moment.end_s - moment.start_s < 1.5 else 3
    return {"nod": 0.12 * moment.amount * swing(time, moment.start_s, chance.uniform(1.5, 1.8), count)}


def _shake_head(time: Curve, moment: Moment, chance: Generator) -> Motion:
    side = float(chance.choice([-1.0, 1.0]))
    shaken = swing(time, moment.start_s, chance.uniform(1.4, 1.7), 2.5)
    return {"turn": 0.15 * side * moment.amount * shaken, "gaze_x": -0.3 * side * shaken}


def _turn_head(time: Curve, moment: Moment, _chance: Generator) -> Motion:
    """Turn there and back; without a direction towards the camera, which a face may look past."""
    aim = moment.x or -moment.facing
    head = swell(time, moment.start_s, max(moment.end_s, moment.start_s + 1.2), 0.6, 0.8)
    eyes = swell(time, moment.start_s - 0.08, max(moment.end_s, moment.start_s + 1.2) - 0.1, 0.08, 0.1)
    return {
        "turn": 0.19 * aim * head,
        "tilt": 0.025 * aim * head,
        "nod": 0.08 * moment.y * head,
        "gaze_x": 0.55 * moment.x * eyes,
        "gaze_y": 0.4 * moment.y * eyes,
    }


def _tilt_head(time: Curve, moment: Moment, chance: Generator) -> Motion:
    side = moment.x or float(chance.choice([-1.0, 1.0]))
    return {"tilt": 0.14 * side * moment.amount * swell(time, moment.start_s, moment.end_s, 0.5, 0.7)}


def _breathe(time: Curve, moment: Moment, _chance: Generator) -> Motion:
    deep = pulse(time, moment.start_s + 1.1, 1.4)
    return {"breath": 1.2 * deep, "rise": 0.02 * deep, "nod": -0.03 * deep}


def _greet(time: Curve, moment: Moment, chance: Generator) -> Motion:
    """Nod and smile, in place of what arms or the whole body would do."""
    warm = swell(time, moment.start_s, moment.end_s + 0.6, 0.4, 0.9)
    return {
        "nod": 0.09 * swing(time, moment.start_s + 0.15, chance.uniform(1.4, 1.7), 1.5),
        "smile": 0.6 * warm,
        "squint": 0.25 * warm,
        "brows": 0.5 * pulse(time, moment.start_s + 0.3, 0.45),
        "tilt": 0.04 * float(chance.choice([-1.0, 1.0])) * warm,
    }


def _yawn(time: Curve, moment: Moment, _chance: Generator) -> Motion:
    """Open the mouth as wide as it goes, throw back the head and squeeze the eyes shut."""
    wide = swell(time, moment.start_s, moment.end_s - 0.7, 0.9, 0.6)
    shut = swell(time, moment.start_s + 0.4, moment.end_s - 0.65, 0.6, 0.45)
    return {
        "opening": 1.0 + 0 * time,
        "width": -0.3 + 0 * time,
        "speaking": wide,
        "blink_left": shut,
        "blink_right": shut,
        "squint": 0.9 * shut,
        "brows": 0.4 * wide,
        "knit": 0.4 * shut,
        "nod": -0.08 * wide,
        "rise": 0.015 * wide,
        "breath": 0.8 * wide,
    }


def _raise_brow(time: Curve, moment: Moment, chance: Generator) -> Motion:
    side = moment.x or float(chance.choice([-1.0, 1.0]))
    high = swell(time, moment.start_s, moment.end_s - 0.3, 0.25, 0.5)
    brow: Channel = "brow_right" if side > 0 else "brow_left"
    return {brow: moment.amount * high, "tilt": 0.03 * side * high, "widen": 0.15 * high}


def _raise_brows(time: Curve, moment: Moment, _chance: Generator) -> Motion:
    high = swell(time, moment.start_s, moment.end_s - 0.3, 0.25, 0.5)
    return {"brows": moment.amount * high, "widen": 0.45 * high, "nod": -0.03 * high}


def _kiss(time: Curve, moment: Moment, chance: Generator) -> Motion:
    near = swell(time, moment.start_s, moment.end_s - 0.3, 0.4, 0.5)
    return {
        "width": -1.0 + 0 * time,
        "speaking": 0.85 * near,
        "blink_left": near,
        "blink_right": near,
        "tilt": 0.07 * float(chance.choice([-1.0, 1.0])) * near,
    }


def _at_pace(rate_hz: float, rise: float, aside: float, tilt: float) -> Gesture:
    """Make the bob of a body that goes: lowest as each foot lands, to the side of every second one."""

    def bob(time: Curve, moment: Moment, chance: Generator) -> Motion:
        landings_s = moment.steps_s or (moment.start_s + float(chance.uniform(0, 1 / rate_hz)),)
        going = swell(time, moment.start_s, moment.end_s, 0.5, 0.6)
        step = 2 * math.pi * _steps_done(time, landings_s, 1 / rate_hz)
        return {
            "rise": -rise * going * np.cos(step),
            "aside": aside * going * np.sin(step / 2),
            "tilt": tilt * going * np.sin(step / 2 + 0.6),
        }

    return bob


def _steps_done(time: Curve, landings_s: Sequence[float], period_s: float) -> Curve:
    """Count steps: a whole number at each landing, at the usual pace before the first and after the last."""
    landings, numbers = np.array(landings_s), np.arange(len(landings_s))
    before, after = (time - landings[0]) / period_s, (time - landings[-1]) / period_s
    between = np.interp(time, landings, numbers)
    return np.asarray(between + np.minimum(before, 0) + np.maximum(after, 0))


Gesture = Callable[[Curve, Moment, Generator], Motion]

_WALKING_HZ = 1.8  # where no steps are heard

GESTURES: Mapping[str, Gesture] = {
    "laugh": _laugh,
    "cry": _sob,
    "surprise": _start,
    "wink": _wink,
    "blink": _blink,
    "gaze": _gaze,
    "nod": _nod,
    "shake_head": _shake_head,
    "turn_head": _turn_head,
    "tilt_head": _tilt_head,
    "breathe": _breathe,
    "wave": _greet,
    "gesture": _greet,
    "hug": _greet,
    "kiss": _kiss,
    "yawn": _yawn,
    "raise_brow": _raise_brow,
    "raise_brows": _raise_brows,
    "sing": _at_pace(1.0, 0.006, 0.02, 0.05),
    "walk": _at_pace(_WALKING_HZ, 0.022, 0.012, 0.008),
    "run": _at_pace(2.7, 0.025, 0.015, 0.012),
    "ride": _at_pace(1.4, 0.016, 0.01, 0.014),
    "dance": _at_pace(2.0, 0.02, 0.04, 0.06),
    "jump": _at_pace(1.6, 0.035, 0.0, 0.0),
}

LIDS: frozenset[ActionKind] = frozenset({"close_eyes", "open_eyes"})
"""What lids do and stay at."""

STEPPING: frozenset[ActionKind] = frozenset({"walk", "run"})
"""What is done on foot: its bob keeps step with the footsteps that are heard."""
