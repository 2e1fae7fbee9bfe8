"""Read a prompt: the one entry, and the walk through it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import cast

from talkies.plan import AMBIENCES, CameraMove, Framing, Hour, Light, Weather
from talkies.script.actions import read_actions
from talkies.script.camera import read_camera
from talkies.script.clock import Clock
from talkies.script.dialogue import Dialogue
from talkies.script.endings import read_endings, read_hushes
from talkies.script.languages import detect
from talkies.script.model import Angle, Script, ScriptShot, Timing, When
from talkies.script.moments import coming_weather
from talkies.script.owners import Owner, clause_owners
from talkies.script.passage import Passage, Span
from talkies.script.people import People
from talkies.script.quotes import find_quotations, mask
from talkies.script.scenery import read_focus, read_style, told
from talkies.script.scoring import is_silent, read_music, read_music_turns
from talkies.script.sounds import read_sounds
from talkies.script.splitting import ShotSpan, split
from talkies.script.structured import as_prose
from talkies.script.unheard import read_unheard
from talkies.script.unquoted import read_unquoted
from talkies.script.words import QUOTE

# The old way to give parameters. Source: BytePlus ModelArk, video generation API, "parameters in the text".
_FLAG = re.compile(
    r"(?<!\S)--(?:resolution|rs|ratio|rt|duration|dur|framespersecond|fps|frames|watermark|wm|seed|camerafixed|cf)"
    r"\b(?:[ =]+(?:-\d+|[^\s-]\S*))?",
    re.IGNORECASE,
)

_MARKS = " :：-—–.,，。、]】)）|\n"


def read(prompt: str) -> Script:
    """Read a prompt in any language of the vocabulary. Never fails: what is not understood is left out.

    Only what stands in quotes is spoken; only what stands outside them says anything else.

    >>> script = read('Slow push in. The old man whispers: "Listen." Rain on the window.')
    >>> script.shots[0].lines[0].text, script.shots[0].lines[0].voice, script.shots[0].moves[0].kind
    ('Listen.', 'old_man', 'dolly')
    >>> [sound.kind for sound in script.shots[0].sounds]
    ['rain']
    """
    passage = Passage(_without_flags(as_prose(prompt)))
    people = People(passage)
    owners = clause_owners(passage)
    dialogue = Dialogue(passage, people)
    spans = split(passage, owners)
    shots = [_shot(passage, people, owners, dialogue, span) for span in spans]
    return Script(
        language=_language(passage),
        shots=_with_preamble_spread(shots, spans),
        music=read_music(passage),
        silent=is_silent(passage, has_lines=any(shot.lines for shot in shots)),
        style=read_style(passage),
        ending=_ending(passage, spans[-1].span.last),
    )


def _without_flags(prompt: str) -> str:
    """Blank out flags such as `--dur 5`, but not inside quotes."""
    masked = mask(prompt, find_quotations(prompt))
    pieces: list[str] = []
    at = 0
    for match in _FLAG.finditer(masked):
        pieces += [prompt[at : match.start()], " " * (match.end() - match.start())]
        at = match.end()
    return "".join([*pieces, prompt[at:]])


def _language(passage: Passage) -> str:
    """The language that the prompt itself is written in; that of its quotations if there is nothing else."""
    unquoted = " ".join(
        word for at, word in enumerate(passage.words) if word != QUOTE and not _is_of_music(passage, at)
    )
    if any(character.isalpha() for character in unquoted):
        return detect(unquoted)
    return detect(" ".join(quotation.text for quotation in passage.quotation_at.values()))


def _is_of_music(passage: Passage, word: int) -> bool:
    """Tell whether a word names music, as it does in every language: "lo-fi"."""
    return any(passage.covers(table, word) for table in ("music", "genre", "instrument"))


def _ending(passage: Passage, first: int) -> str | None:
    """The words after the last shot if they tell how the film ends: "Fade to black." """
    tail = Span(first, len(passage.words))
    is_told = passage.terms("transition", tail) or passage.terms("sure_transition", tail)
    return passage.spelt(*tail).strip(_MARKS) if is_told else None


def _shot(
    passage: Passage, people: People, owners: Sequence[Owner], dialogue: Dialogue, shot: ShotSpan
) -> ScriptShot:
    span = shot.span
    position = _positions(passage, span)
    camera = read_camera(passage, span, owners, is_cut=shot.transition is not None)
    clock = Clock(passage, span, shot.begins_s)
    lines = dialogue.read(span, clock)
    actions = read_actions(passage, people, owners, span, position, clock)
    endings = read_endings(passage, span, position, clock)
    weather = told(passage, "weather", span)
    return ScriptShot(
        text=passage.spelt(span.first, span.last).lstrip(_MARKS),
        framing=camera.framing,
        ending=camera.ending,
        moves=camera.moves,
        camera_still=camera.still,
        depth_of_field=read_focus(passage, span),
        transition=shot.transition,
        seconds=shot.seconds,
        lines=tuple(line.model_copy(update={"position": position(word)}) for word, line in lines),
        unquoted=read_unquoted(passage, people, span, has_lines=bool(lines)),
        unheard=read_unheard(passage, span),
        sounds=read_sounds(passage, people, span, position, clock, actions, endings),
        actions=actions,
        weather=cast("tuple[Weather, ...]", weather),
        coming=coming_weather(passage, span, position, clock),
        leaving=cast("dict[Weather, When]", {name: endings[name] for name in weather if name in endings}),
        hushes=tuple(read_hushes(passage, span, position, clock)),
        light=cast("tuple[Light, ...]", told(passage, "light", span)),
        angles=cast("tuple[Angle, ...]", told(passage, "angle", span)),
        timing=cast("tuple[Timing, ...]", told(passage, "timing", span)),
        music_turns=read_music_turns(passage, span, position, clock),
        hour=cast("Hour | None", next(reversed(told(passage, "hour", span)), None)),
    )


def _positions(passage: Passage, span: Span) -> Callable[[int], float]:
    """Make the function that says where in a shot's text a word stands, from 0 to 1."""
    if span.first >= span.last:
        return lambda _: 0.0
    start, end = passage.starts[span.first], passage.ends[span.last - 1]
    return lambda word: round((passage.starts[word] - start) / max(end - start, 1), 4)


def _with_preamble_spread(shots: list[ScriptShot], spans: list[ShotSpan]) -> tuple[ScriptShot, ...]:
    """Give what stands before the first labelled shot to all of them, its events to the first."""
    if not spans[0].is_preamble:
        return tuple(shots)
    preamble, first, *others = shots
    opened = first.model_copy(
        update={
            "lines": (*(line.model_copy(update={"position": 0.0}) for line in preamble.lines), *first.lines),
            "sounds": (
                *(
                    sound.model_copy(update={"position": 0.0})
                    for sound in preamble.sounds
                    if sound.kind not in AMBIENCES
                ),
                *first.sounds,
            ),
            "actions": (
                *(action.model_copy(update={"position": 0.0}) for action in preamble.actions),
                *first.actions,
            ),
            "unquoted": (*preamble.unquoted, *first.unquoted),
            "unheard": (*preamble.unheard, *first.unheard),
            "framing": first.framing if first.framing != Framing() else preamble.framing,
        }
    )
    return tuple(_in_scene_of(preamble, shot) for shot in (opened, *others))


def _in_scene_of(preamble: ScriptShot, shot: ScriptShot) -> ScriptShot:
    kinds = {sound.kind for sound in shot.sounds}
    lasting = [sound for sound in preamble.sounds if sound.kind in AMBIENCES and sound.kind not in kinds]
    sounds = tuple(sound.model_copy(update={"position": 0.0, "begins_late": False}) for sound in lasting)
    moves: tuple[CameraMove, ...] = shot.moves or preamble.moves
    return shot.model_copy(
        update={
            "sounds": (*sounds, *shot.sounds),
            "moves": moves,
            "camera_still": shot.camera_still or (preamble.camera_still and not shot.moves),
            "weather": tuple(dict.fromkeys((*preamble.weather, *shot.weather))),
            "light": shot.light or preamble.light,
            "depth_of_field": shot.depth_of_field or preamble.depth_of_field,
            "angles": shot.angles or preamble.angles,
            "timing": shot.timing or preamble.timing,
        }
    )
