"""What the script says about the hour: that it changes while a shot lasts, as when night falls."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from talkies.plan import Plan, Shot
from talkies.spec import FRAME_RATE

Hour = Literal["night", "evening", "morning"]

_BECOMES = r"(?:turn|fad|shift|chang|transition|go|becom|mov|blend|melt)\w* (?:in)?to (?:an? |the )?(?:\w+ )?"
_GROWS = r"(?:get|grow|turn|becom)\w* (?:\w+ly )?"
_ADVERBS = r"(?:\w+ ){0,2}?"
_ENDS = r"(?=\W*$|[.,;:!?，。；]|\s(?:and|as|while|when|outside|over|in the|until)\b)"  # not "darker hair"
_ENGLISH: dict[Hour, tuple[str, ...]] = {
    "night": (
        rf"(?:night(?:fall)?|darkness) {_ADVERBS}(?:falls?|falling|comes|descends?|(?:set|close)s in)",
        rf"{_BECOMES}(?:night(?:time)?|dark(?:ness)?)",
        rf"{_GROWS}dark(?:er)?{_ENDS}",
        r"day (?:in)?to night",
        r"(?:scene|room|sky|world|light|daylight) (?:\w+ly )?(?:darkens|dims|fades)",
    ),
    "evening": (
        rf"sun (?:is )?{_ADVERBS}(?:sets|setting|goes down|going down|sinks|sinking|dips)",
        rf"dusk {_ADVERBS}(?:falls|comes|settles)",
        rf"{_BECOMES}(?:sunset|dusk|golden hour|twilight|evening)",
        r"sky (?:\w+ly )?turns (?:an? )?(?:\w+ )?(?:orange|red|gold(?:en)?|pink|purple)",
        r"sunset time-?lapse|time-?lapse (?:\w+ ){0,8}?(?:sunset|sundown)",
    ),
    "morning": (
        rf"sun (?:is )?{_ADVERBS}(?:rises|rising|comes up|coming up)",
        rf"(?:dawn|day|morning) {_ADVERBS}breaks?",
        rf"night (?:in)?to day|{_BECOMES}(?:day(?:light|time)?|dawn|morning|sunrise)",
        rf"{_GROWS}(?:light|bright)er{_ENDS}",
        r"sunrise time-?lapse|time-?lapse (?:\w+ ){0,8}?sunrise",
    ),
}
_CHINESE: dict[Hour, tuple[str, ...]] = {
    "night": (
        "夜幕.{0,3}降临|黑夜降临|由昼入夜|昼夜交替",
        "天.{0,3}黑了|天色.{0,4}[暗黑]|光线.{0,4}变暗",
        "变成?(?:黑夜|夜晚|夜景)|到(?:黑夜|夜晚)",
    ),
    "evening": (
        "太阳.{0,4}(?:落山|下山|落下|西沉|沉入)|夕阳.{0,4}(?:落下|西下|西沉)",
        "天空.{0,4}变[成为]?[红橙]|进入黄昏|到黄昏",
    ),
    "morning": ("太阳.{0,4}升起|旭日东升|天.{0,3}亮了|破晓|到白天|迎来(?:清晨|黎明)",),
}
_WORDS: dict[Hour, re.Pattern[str]] = {
    hour: re.compile(rf"\b(?:{'|'.join(_ENGLISH[hour])})\b|{'|'.join(_CHINESE[hour])}", re.IGNORECASE)
    for hour in _ENGLISH
}
_NOT_YET = re.compile(
    r"\b(?:before|until|never|not|without)(?: the| that)?\s*$|[未不没]$|之前$", re.IGNORECASE
)
_DONE = 0.92  # of the shot: when the change is complete


class Change(NamedTuple):
    """An hour that comes between two moments of the clip, in seconds."""

    hour: Hour
    start_s: float
    end_s: float


def hour_change(plan: Plan, shot: Shot) -> Change | None:
    """Read how the hour changes in a shot; where an earlier one told of it, it has already changed.

    Args:
        plan: with all shots.
        shot: of the plan, or a part of one.
    """
    number = next(at for at, other in enumerate(plan.shots) if shot.start_frame < other.end_frame)
    hour, told = None, plan.shots[0]
    for earlier in plan.shots[: number + 1]:
        found = named_hour(earlier.text)
        if found is not None:
            hour, told = found, earlier
    if hour is None:
        return None
    start_s, end_s = told.start_frame / FRAME_RATE, told.end_frame / FRAME_RATE
    return Change(hour, start_s, start_s + _DONE * (end_s - start_s))


def named_hour(text: str) -> Hour | None:
    """Tell which hour comes by what a text says; None where it only tells which it is: "at night"."""
    found = [
        (match.start(), hour)
        for hour, words in _WORDS.items()
        for match in words.finditer(text)
        if not _NOT_YET.search(text[: match.start()])
    ]
    return max(found)[1] if found else None
