"""Read what a scene looks like: weather, light, style, the camera's angle and the flow of time."""

from __future__ import annotations

import re
from typing import cast

from talkies.plan import DepthOfField
from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE, is_mark

_IN_THE_STYLE_OF = re.compile(r"\bin the styles? of ([^,.;:!?\n]{2,60})", re.IGNORECASE)
_LONGEST_STYLE = 6  # words or characters before "style"


def told(passage: Passage, table: str, span: Span) -> tuple[str, ...]:
    """The names of a table's terms in a span that are not denied, each once, in order."""
    names = [term.name for term in passage.terms(table, span) if not passage.is_ruled_out(term)]
    return tuple(dict.fromkeys(names))


def read_focus(passage: Passage, span: Span) -> DepthOfField | None:
    """Read what is sharp; a focus that travels does so by where it comes from: "rack focus from her to …"."""
    for term in passage.terms("depth_of_field", span):
        if passage.is_ruled_out(term):
            continue
        is_away = term.name == "rack" and _leaves_the_near(passage, term)
        return cast("DepthOfField", "rack_away" if is_away else term.name)
    return None


def _leaves_the_near(passage: Passage, rack: Term) -> bool:
    """Tell whether a focus travels from somebody or the foreground, or to the background."""
    last = passage.sentence(rack.first).last
    start = next(iter(passage.terms("focus_start", Span(rack.first, last))), None)
    first = rack.last if start is None else start.last
    goal = next((word for word in range(first, last) if passage.covers("leads_to", word)), None)
    if goal is None and start is None:
        return any(_focus_ends(passage, Span(rack.first, last))[:1])
    left = _focus_ends(passage, Span(first, last if goal is None else goal))
    return not left[0] if left else any(_focus_ends(passage, Span(goal or last, last))[:1])


def _focus_ends(passage: Passage, span: Span) -> list[bool]:
    """Tell of everything in a span that a focus can be on whether it is far, in order."""
    ends = [(term.first, term.name == "far") for term in passage.terms("focus_end", span)]
    ends += [(term.first, False) for table in ("person", "pronoun") for term in passage.terms(table, span)]
    return [is_far for _, is_far in sorted(ends)]


def read_style(passage: Passage) -> tuple[str, ...]:
    """The prompt's words for a look, each once, in order: "film noir", 水墨风格, "in the style of …"."""
    found: list[tuple[int, str]] = []
    for term in passage.terms("style"):
        if passage.is_ruled_out(term):
            continue
        if term.name == "suffix":
            first = _start_of_styled(passage, term.first)
            if first < term.first:
                found.append((first, passage.spelt(first, term.last)))
        else:
            found.append((term.first, passage.spelt(term.first, term.last)))
    whole = [style for _, style in sorted(found)]
    whole += [match.group(1).strip() for match in _IN_THE_STYLE_OF.finditer(passage.text)]
    return tuple(
        dict.fromkeys(style for style in whole if not any(_is_part(style, other) for other in whole))
    )


def _start_of_styled(passage: Passage, suffix: int) -> int:
    """The first word of "…-style" or …风格: its clause's words, without articles and marks."""
    clause = passage.clause(suffix)
    first = suffix
    while first > max(clause.first, suffix - _LONGEST_STYLE):
        before = passage.words[first - 1]
        if (
            is_mark(before)
            or before == QUOTE
            or passage.is_filler(first - 1)
            or passage.covers("preposition", first - 1)
        ):
            break
        first -= 1
    return first


def _is_part(style: str, other: str) -> bool:
    return style != other and style.lower() in other.lower()
