"""Turn a prompt that is JSON, or a list of `label: "value"`, into prose, so that its values are read.

In prose only what stands in quotes is spoken; in JSON everything stands in quotes.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import cast

from talkies.script.quotes import find_quotations
from talkies.script.vocabulary import vocabulary
from talkies.script.words import cut, is_unspaced

_KINDS = (
    *("lines", "narration", "words", "speaker", "manner", "language"),
    *("shots", "time", "plain", "told", "ignored", "none", "moves", "way"),
)
_ENDS = ".!?。！？…"
_LONGEST_NAME = 8  # words of a speaker in a field of his own
_NARRATOR = "Narrator"
_REACH_ON, _LONGEST_TAG = 60, 4  # characters behind a value, and words before its "she says"
_OPENING = re.compile(r"\{|\[\s*\{")
_FENCE = re.compile(r"```\w*")
_SPARE_COMMA = re.compile(r",(?=\s*[}\]])")
_UNSPEAKABLE = re.compile("[\x00\ud800-\udfff]")  # escapes can make them; no text is stored with them
_NUMBER = re.compile(r"[\W_]?\d{1,3}$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SPAN = re.compile(
    r"\d[\d:.]*(?: ?s| ?sec| ?seconds?| ?秒)?(?: ?[-–—~至到] ?\d[\d:.]*)?(?: ?s| ?sec| ?seconds?| ?秒)?"
)
_NAMED = re.compile(r"\s*([^:：\n]{1,40})[:：]\s*(\S.*)", re.DOTALL)
_LABELLED = re.compile(
    r"""(?:^|(?<=[{,;.|\n"”]))(?P<space>[^\S\n]{0,4})(?P<mark>["'“])?(?P<label>[^\W\d_][\w -]{0,30}?)["'”]?"""
    r"""[ ]?[:：][ ]?["“](?P<value>[^"“”\n]+)["”](?:[ ]?[,;.])?"""
)

Value = Mapping[str, "Value"] | list["Value"] | str | float | bool | None


def as_prose(prompt: str) -> str:
    """Give a prompt as prose: each value a sentence under its key, in quotes only if it is to be spoken.

    What is neither JSON nor a labelled value stays as it is.

    >>> print(as_prose('{"action": "she smiles", "camera": "zoom in", "dialogue": "Hello."}'))
    she smiles.
    Camera: zoom in.
    dialogue: "Hello."
    """
    text = "{" + prompt + "}" if prompt.lstrip().startswith('"') else prompt
    opening = _OPENING.search(text)
    if opening is None:
        return _LABELLED.sub(_without_marks, prompt)
    before, rest = text[: opening.start()], _SPARE_COMMA.sub("", text[opening.start() :])
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(rest)
    except (ValueError, RecursionError):
        return _LABELLED.sub(_without_marks, prompt)
    first, last = (_FENCE.sub("", part).strip() for part in (before, rest[end:]))
    try:
        told = [*_sentences(_in_object(cast(Value, value)))]
    except RecursionError:  # nested beyond any sense
        told = []
    return _UNSPEAKABLE.sub("\ufffd", "\n".join(filter(None, (first, *told, last))))


def _in_object(value: Value) -> Value:
    """Take a list of objects for shots, or for lines where each has words and somebody who says them."""
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        return value
    objects = [item for item in value if isinstance(item, Mapping)]
    is_said = all(_speaker(item) and (_field(item, "lines") or _field(item, "words")) for item in objects)
    return {"dialogue" if is_said else "shots": value}


def _without_marks(match: re.Match[str]) -> str:
    """Take the marks from `camera: "zoom in"`, and leave them where somebody may say it."""
    kinds = _kinds(match["label"])
    is_said = kinds & {"lines", "narration", "words"} or _is_told_as_said(match)
    if is_said or not (kinds & {"plain", "told"} or _is_film(match["label"])):
        return f'{match["space"]}{match["label"]}: "{match["value"]}"' if match["mark"] else match[0]
    return match["space"] + _labelled(match["label"], match["value"])


def _is_told_as_said(match: re.Match[str]) -> bool:
    """Tell whether a labelled value is said by its own words or those behind: `Scene: "Wait!" she shouts`."""
    behind = [word.text for word in cut(match.string[match.end() : match.end() + _REACH_ON])]
    is_spoken = match[0][-1] not in ".;" and any(
        term.first < _LONGEST_TAG for term in vocabulary().find(behind).get("speech", ())
    )
    return is_spoken or "addressing" in vocabulary().find([word.text for word in cut(match["value"])])


def _is_film(label: str) -> bool:
    """Tell whether a label as a whole is a word for the camera or for what is heard, and nobody's name."""
    words = [word.text for word in cut(label)]
    found = vocabulary().find(words)
    return "person" not in found and any(
        term[:2] == (0, len(words)) and (table, term.name) != ("heading", "lines")
        for table in ("camera", "music", "heading")
        for term in found.get(table, ())
    )


def _sentences(value: Value, label: str = "") -> Iterator[str]:
    """Tell a value under its label, sentence by sentence."""
    if isinstance(value, Mapping):
        yield from _of_object(value, label)
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for item in value:
            yield from _sentences(item, label)
    elif isinstance(value, list):
        yield from _sentences(", ".join(item for item in value if isinstance(item, str)), label)
    elif value is False or (isinstance(value, str) and "none" in _kinds(value)):
        yield from _denied(label)
    elif value is True:
        yield from _sentences(label)
    elif isinstance(value, str) and value.strip():
        yield _labelled(label, value)


def _of_object(fields: Mapping[str, Value], label: str) -> Iterator[str]:
    fields = _with_ways(fields)
    named = next((key for key in fields if "speaker" in _kinds(key)), None)
    is_sure = named is not None and "plain" not in _kinds(named)  # "name" may be that of a scene
    saying = {"lines", "narration", "words"} if is_sure else {"lines", "narration"}
    is_said = any(_kinds(key) & saying for key in fields)
    speaker = _speaker(fields) if is_said else None
    for key, value in fields.items():
        kinds = _kinds(key)
        if "lines" in kinds or (is_sure and speaker and "words" in kinds):
            yield from _lines(value, speaker or key, _manner(fields), is_named=speaker is not None)
        elif "narration" in kinds:
            yield from _lines(value, _NARRATOR, _manner(fields))
        elif is_said and (value == speaker or kinds & {"manner", "language"}):
            continue
        elif "shots" in kinds and isinstance(value, list):
            for number, shot in enumerate(value, start=1):
                yield from _shot(f"Shot {number}", shot)
        elif _SPAN.fullmatch(key):
            yield from _shot(f"[{_with_unit(key)}]", value)
        elif isinstance(value, Mapping) and _NUMBER.search(key) and "shots" in _kinds(_NUMBER.sub("s", key)):
            yield from _shot(_spelt(key), value)
        elif "ignored" not in kinds or _is_hour(kinds, value):
            yield from _sentences(value, _label(key, label))


def _with_ways(fields: Mapping[str, Value]) -> Mapping[str, Value]:
    """Put direction and speed behind the movement beside which they stand: "pan", "left", "slow"."""
    ways = {key: way for key, way in fields.items() if "way" in _kinds(key) and isinstance(way, str)}
    for moves, movement in fields.items():
        if ways and "moves" in _kinds(moves) and isinstance(movement, str):
            rest: dict[str, Value] = {key: value for key, value in fields.items() if key not in ways}
            rest[moves] = " ".join([movement, *ways.values()])
            return rest
    return fields


def _is_hour(kinds: frozenset[str], value: Value) -> bool:
    """Tell whether a time is one of the day: "night"."""
    is_told = "time" in kinds and isinstance(value, str)
    return is_told and not any(character.isdigit() for character in str(value))


def _shot(label: str, value: Value) -> Iterator[str]:
    """Tell a shot after its label, with its time if it has one: "Shot 1 (0-3s): a woman smiles."."""
    time = _field(value, "time") if isinstance(value, Mapping) else None
    spelt = str(time).strip() if isinstance(time, str | int | float) else ""
    when = f" ({_with_unit(spelt)})" if _SPAN.fullmatch(spelt) else ""
    yield f"{label}{when}:"
    yield from _sentences(value)


def _with_unit(time: str) -> str:
    return time if ":" in time or not time[-1].isdigit() else time + "s"


def _lines(value: Value, speaker: str, manner: str, *, is_named: bool = False) -> Iterator[str]:
    """Tell what is said: a line, several of them, or lines under the names of their speakers.

    `is_named`: a field beside names the speaker, so that "No" is what is said and no refusal.
    """
    if isinstance(value, list):
        for item in value:
            yield from _lines(item, speaker, manner, is_named=is_named)
    elif isinstance(value, Mapping):
        words = _field(value, "lines") or _field(value, "words")
        if words is not None:
            named = _speaker(value)
            yield from _lines(words, named or speaker, _manner(value) or manner, is_named=named is not None)
        else:
            for name, said in value.items():
                yield from _lines(said, name, manner)
    elif isinstance(value, str) and value.strip() and (is_named or "none" not in _kinds(value)):
        yield from _line(value.strip(), _spelt(speaker), manner)


def _line(text: str, speaker: str, manner: str) -> Iterator[str]:
    """Quote a line, unless marks or names in it do: 'Man: "Hello."', "Man: Hello."."""
    if any(text[quotation.start] not in "'‘" for quotation in find_quotations(text)):
        yield text
        return
    for part in text.split("\n"):
        named = _NAMED.fullmatch(part)
        if named and _is_name(named[1]):
            yield f'{named[1]}{manner}: "{named[2].strip()}"'
        elif part.strip():
            yield f'{speaker}{manner}: "{part.strip()}"'


def _is_name(label: str) -> bool:
    found = vocabulary().find([word.text for word in cut(label)])
    return label.isupper() or "person" in found or "pronoun" in found


def _speaker(fields: Mapping[str, Value]) -> str | None:
    name = _field(fields, "speaker")
    return name if isinstance(name, str) and 0 < len(name.split()) <= _LONGEST_NAME else None


def _manner(fields: Mapping[str, Value]) -> str:
    """How a line is said, in brackets: " (softly, in French)"."""
    manner, language = _field(fields, "manner"), _field(fields, "language")
    told = [manner] if isinstance(manner, str) else []
    told += [f"in {language}"] if isinstance(language, str) else []
    return f" ({', '.join(told)})" if told else ""


def _field(fields: Mapping[str, Value], kind: str) -> Value:
    return next((value for key, value in fields.items() if kind in _kinds(key)), None)


def _label(key: str, parent: str) -> str:
    """The label of a key's value: none for "prompt", with the outer key for "camera" and its "movement"."""
    kinds = _kinds(key)
    if "plain" in kinds:
        return ""
    return f"{parent} {_spelt(key)}".strip() if not kinds and not _is_film(_spelt(key)) else _spelt(key)


def _labelled(label: str, value: str) -> str:
    text = value.strip()
    end = "" if text[-1:] in _ENDS else "。" if is_unspaced(text[-1:] or " ") else "."
    if not label or "plain" in _kinds(label):
        return f"{text}{end}"
    return f"{label[0].upper()}{label[1:]}{', ' if _is_name(label) else ': '}{text}{end}"


def _denied(label: str) -> Iterator[str]:
    """Tell that a thing is not wanted: "No music."."""
    if label:
        is_told = "still" in vocabulary().find([word.text for word in cut(f"{label}: none")])
        yield f"{label}: none." if is_told else f"无{label}。" if is_unspaced(label[0]) else f"No {label}."


def _spelt(key: str) -> str:
    """Spell a key as words: "camera_movement" and "cameraMovement" are "camera movement"."""
    return " ".join(re.split(r"[\s_-]+", _CAMEL.sub(" ", key))).strip()


def _kinds(key: str) -> frozenset[str]:
    return _keys().get(_spelt(key).lower(), frozenset())


@cache
def _keys() -> Mapping[str, frozenset[str]]:
    kinds: dict[str, set[str]] = defaultdict(set)
    for kind in _KINDS:
        for key in vocabulary().spelt("key", kind):
            kinds[key].add(kind)
    return {key: frozenset(names) for key, names in kinds.items()}
