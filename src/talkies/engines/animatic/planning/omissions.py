"""What a prompt asks for and this engine leaves out, in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from talkies.engines.animatic.living.roles import doer
from talkies.engines.animatic.living.scenery import named_kinds
from talkies.engines.animatic.sound.music import ENSEMBLES, played_by
from talkies.plan import ActionKind, CameraMove, Light, MusicCue, Weather
from talkies.script import Action, Line, Music, Script, ScriptShot
from talkies.script.passage import Passage
from talkies.spec import MAX_DURATION_S, Spec

SHOWN: frozenset[ActionKind] = frozenset(
    {
        "speak",
        "sing",
        "smile",
        "laugh",
        "frown",
        "surprise",
        "anger",
        "sadness",
        "wink",
        "blink",
        "close_eyes",
        "open_eyes",
        "gaze",
        "nod",
        "shake_head",
        "turn_head",
        "tilt_head",
        "breathe",
        "yawn",
        "squint",
        "open_mouth",
        "close_mouth",
        "pout",
        "raise_brow",
        "raise_brows",
    }
)
"""Kinds of action that a face or head in the photo does."""
SCENIC: frozenset[ActionKind] = frozenset({"flow", "sway", "drift", "flicker"})
"""Kinds of action that the scene does, if it is water, plants, sky or flames that do it."""
DRAWN: frozenset[Weather | Light] = frozenset(
    {
        "rain",
        "storm",
        "snow",
        "fog",
        "smoke",
        "dust",
        "embers",
        "candlelight",
        "firelight",
        "neon",
        "sun_rays",
        "lightning",
    }
)
"""Weather and light that are drawn into the picture; what they do needs no other motion."""

_ADDS_NOTHING = "this engine adds nothing that the photo does not show, and takes nothing away"
_NO_LIMBS = "this engine moves no limbs;"
INSTEAD: dict[ActionKind, str] = {
    **dict.fromkeys(("wave", "gesture", "hug"), f"{_NO_LIMBS} a friendly nod and smile instead"),
    **dict.fromkeys(
        ("walk", "run", "ride", "dance", "jump"), f"{_NO_LIMBS} a person's body bobs in step instead"
    ),
    "kiss": f"{_NO_LIMBS} rounded lips and closed eyes instead",
    "cry": "no tears are drawn; the face and the shoulders cry",
    **dict.fromkeys(("appear", "transform", "vanish"), _ADDS_NOTHING),
    **dict.fromkeys(
        (*SCENIC, "fall"),
        "only flowing water, drifting clouds, swaying plants, flames and the weather move by themselves",
    ),
}
"""Why an action of a person is left out and what is seen in its place."""
_OF_LIMBS = frozenset(kind for kind, reason in INSTEAD.items() if reason.startswith(_NO_LIMBS))
_AS_ONE = f"{_NO_LIMBS} an animal moves as one body"
BODY = "this engine moves faces, heads and scenery, not limbs or objects"

_READ = ("en", "zh")
_SEEN_AS_TAKEN = frozenset({"eye_level"})  # angles that ask for nothing
_LIVED = frozenset({"freeze"})  # timing that is followed: nothing moves
_PHOTOGRAPHIC = re.compile(
    r"cinema|realis|hdr|imax|anamorphic|documentary|commercial|vlog|blockbuster|music video|macro|minimalis"
    r"|电影|写实|纪录|广告|极简",
    re.IGNORECASE,
)
"""Looks that a filmed photo has, or that are no matter of drawing."""
_SUNG = re.compile(r"\bs[iauo]ng|\brap|\bhum|唱|哼")
_ACCENT = re.compile(r"accent|dialect|sichuanese|口音|台湾腔|方言|(?:四川|陕西|东北)话", re.IGNORECASE)


def list_omissions(spec: Spec, script: Script) -> tuple[str, ...]:
    """List what the prompt asks for and no picture could show, each once, in the order of the text."""
    return tuple(dict.fromkeys(_omissions(spec, script)))


def unplayed(wish: Music, cue: MusicCue) -> tuple[str, ...]:
    """Name the instruments that the prompt asks for and the music is not surely played on."""
    ensemble = ENSEMBLES.get(cue.mood, ())
    missing = [f"“{name}”" for name in wish.instruments if name not in ensemble]
    if ensemble and wish.kind == "electronic":
        missing.append("electronic music")
    return tuple(f"{name}: the music is played by {played_by(cue.mood, cue.kind)}" for name in missing)


def no_voice(line: Line) -> str:
    """Say that a line's language, or the script it is written in, has no voice here."""
    return (
        f"the line “{line.text}”: no voice that is installed reads it (language {line.language!r}); "
        "pip install 'talkies[languages]' adds about 100 languages (GPL-3.0), Japanese in kana only"
    )


def did_not_fit(text: str, duration_s: int) -> str:
    """Say that words have no room in the clip."""
    remedy = "use a longer duration, or -1 to let the length follow the speech"
    if duration_s == MAX_DURATION_S:
        remedy = "no clip can be longer: say them in another one"
    return f"the words “{text}”: they do not fit in {duration_s} s; {remedy}"


def untimely(line: Line, start_s: float) -> str:
    """Say that a line does not begin at the second that the prompt names for it, but at `start_s`."""
    return (
        f"the line “{line.text}” at {line.at_s:g} s: it begins at {start_s:.1f} s, as it has no room then; "
        "use a longer duration"
    )


def quote(who: str | None, text: str) -> str:
    """Give the prompt's own words for an action.

    >>> quote("She", "waves"), quote("她", "挥手")
    ('“She waves”', '“她挥手”')
    """
    if not who:
        return f"“{text}”"
    return f"“{who} {text}”" if who[-1].isascii() else f"“{who}{text}”"


def _omissions(spec: Spec, script: Script) -> Iterator[str]:
    if script.language not in _READ:
        yield (
            "what the prompt says outside quotes: it is read in English and Chinese, "
            f"and this seems to be another language ({script.language!r})"
        )
    for look in script.style:
        if not _PHOTOGRAPHIC.search(look):
            yield f"the look “{look}”: the photo keeps its own"
    for shot in script.shots:
        yield from _unspoken(shot)
        for words in shot.unheard if spec.generate_audio and not script.silent else ():
            yield f"the sound of “{words}”: it is not among the sounds that are known"
        if script.silent or not spec.generate_audio:
            for line in shot.lines:
                yield f"the line “{line.text}”: the clip has no sound"
        for angle in shot.angles:
            if angle not in _SEEN_AS_TAKEN:
                yield f"the angle “{_plain(angle)}”: the photo keeps the angle from which it was taken"
        for timing in shot.timing:
            if timing not in _LIVED:
                yield f"“{_plain(timing)}”: time passes at its usual pace"
        for action in shot.actions:
            if not _is_shown(action):
                who = None if _is_whole(action.text) else action.who
                yield f"{quote(who, action.text)}: {_reason(action)}"
        if spec.camera_fixed:
            for move in shot.moves:
                if move.kind != "static":
                    yield f"the camera move “{_name(move)}”: a fixed camera was asked for"
    if script.ending:
        yield f"“{script.ending}”: the clip ends on its picture"


def _unspoken(shot: ScriptShot) -> Iterator[str]:
    for words in shot.unquoted:
        yield f"“{words}” as speech: only words in quotes are spoken; put them in “double quotes”"
    for line in shot.lines:
        manner = "; ".join(line.manner)
        if _SUNG.search(manner):
            yield f"“{line.text}” as a song: the words are spoken, not sung"
        if _ACCENT.search(manner):
            yield f"“{line.text}” with an accent: the voices have none to choose"


def _reason(action: Action) -> str:
    """Say why an action is left out, by who would do it: neither cats nor cars nod and smile instead."""
    who = doer(action.who)
    if who == "animal" and action.kind in _OF_LIMBS | SCENIC:
        return _AS_ONE
    return BODY if who == "thing" and action.kind in _OF_LIMBS else INSTEAD.get(action.kind, BODY)


def _is_shown(action: Action) -> bool:
    if action.kind in SHOWN:
        return True
    if action.kind in SCENIC and named_kinds(action.who or action.text):
        return True
    return _is_drawn(action) or bool(Passage(f"{action.who or ''} {action.text}").terms("hour"))


def _is_whole(text: str) -> bool:
    """Tell whether an action's words say who does it: "tears roll down her cheeks"."""
    return Passage(text).covers("whole_action", 0)


def _is_drawn(action: Action) -> bool:
    """Tell whether it is the weather or a light that does it: "snow falls", "the neon sign flickers"."""
    who = action.who or ""
    passage = Passage(f"{who} {action.text}".lstrip())
    doing = [
        term.name
        for table in ("weather", "light")
        for term in passage.terms(table)
        if passage.starts[term.first] < max(len(who), 1) or (not who and action.kind in SCENIC)
    ]
    return bool(DRAWN & set(doing))


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _name(move: CameraMove) -> str:
    words = _plain(move.kind)
    return f"{words} {move.direction}" if move.direction else words
