"""Find quotations: which stretches of a prompt stand in quotation marks, whatever marks they are.

The hard part is the apostrophe, which is never a quotation mark: "don't", "the dogs' bowls", "the '90s".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from talkies.script.vocabulary import vocabulary
from talkies.script.words import QUOTE, QUOTE_REST, cut

# What may close each mark. Typists mix straight and curly marks, and some close with an opening one.
_CLOSERS = {
    '"': '"',
    "＂": "＂",
    "“": '”“"',
    "”": '”"',
    "„": '“”"',
    "«": "»",
    "‹": "›",
    "「": "」",
    "『": "』",
    "《": "》",
}
_SELF_CLOSING = '"＂“”'  # marks that may also be the next opening one: look at what stands around them
_TITLE_MARK = "《"

_MARK = re.compile("[" + "".join(_CLOSERS) + "'‘]")
_CLOSER = {mark: re.compile(f"[{closers}]") for mark, closers in _CLOSERS.items()}
_SENTENCE_END = re.compile(r"[.!?。！？…]+|\n")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")

_SINGLE_CLOSER = re.compile(r"(?<=\S)['’](?![A-Za-zÀ-ɏ\d'’])")
_CLIPPED_WORD = re.compile(r"['‘’](?:\d|(?:em|tis|twas|til|till|cause|round|bout|n)\b)", re.IGNORECASE)
_BEFORE_SINGLE = re.compile(r"[\s(\[{:：,，—–\-“\"」。！？.!?\u3400-\u9fff]")
_CLOSERS_TRIED = 6  # marks after an opening one that may close it
_CLEAR_END = ".!?,…。！？，—-"


# What may be a direction to the speaker: (sighs), [whispering], *laughs*.
_ASIDE = re.compile(r"([(（\[【])([^()（）\[\]【】]{1,60})[)）\]】]|\*([^*]{1,60})\*")
_TELLING = ("manner", "speech", "action", "living_action", "sound")


class _Places(NamedTuple):
    """Where a text has what ends a quotation, in order, so that no mark is searched for from every other.

    `closers` are by the mark that they close; `sentence_ends` stand behind the marks that end a sentence.
    """

    closers: Mapping[str, Sequence[int]]
    sentence_ends: Sequence[int]
    blank_lines: Sequence[int]


class Quotation(NamedTuple):
    """A quotation: its place with the marks, the words inside, and the directions that stand among them.

    `is_mute`: it is never said, as the marks are for titles only, or nothing but directions stands inside.
    """

    start: int
    end: int
    text: str
    is_mute: bool
    directions: tuple[str, ...] = ()


def find_quotations(text: str) -> list[Quotation]:
    """Find the quotations, in order. One without a closing mark runs to the end of its sentence or line.

    >>> [quotation.text for quotation in find_quotations('''Don't say "no", say 'the dogs' bowls'.''')]
    ['no', "the dogs' bowls"]
    """
    single_closers = [match.start() for match in _SINGLE_CLOSER.finditer(text)]
    places = _places(text)
    found: list[Quotation] = []
    at = 0
    while (match := _MARK.search(text, at)) is not None:
        start, mark = match.start(), match.group()
        at = start + 1
        if mark in "'‘":
            inside = _inside_single(text, start, single_closers)
        else:
            inside = _inside_double(text, start, mark, places)
        if inside is None:
            continue
        words = inside.rstrip("\\").strip()
        at = min(start + len(inside) + 2, len(text))
        if words:
            said, directions = _without_directions(words)
            is_mute = mark == _TITLE_MARK or not said
            found.append(Quotation(start, at, said or words, is_mute, directions))
    return found


def mask(text: str, quotations: Sequence[Quotation]) -> str:
    """Cover the quotations, keeping every place, so that no word inside them is ever read as anything."""
    pieces: list[str] = []
    at = 0
    for quotation in quotations:
        pieces += [text[at : quotation.start], QUOTE, QUOTE_REST * (quotation.end - quotation.start - 1)]
        at = quotation.end
    return "".join([*pieces, text[at:]])


def _without_directions(words: str) -> tuple[str, tuple[str, ...]]:
    """Part what is said from the directions among it: "(sighs) I don't know."."""
    directions: list[str] = []
    pieces: list[str] = []
    at = 0
    for match in _ASIDE.finditer(words):
        before = "".join([*pieces, words[at : match.start()]]).rstrip()
        if _is_direction(match, before):
            directions.append((match.group(2) or match.group(3)).strip())
            pieces.append(words[at : match.start()])
            at = match.end()
    said = "".join([*pieces, words[at:]])
    return (re.sub(r"\s+", " ", said).strip() if directions else words), tuple(directions)


def _is_direction(match: re.Match[str], before: str) -> bool:
    """Tell whether an aside is a direction: in () or [] at the head of a sentence, else by its words."""
    aside = match.group(2) or match.group(3)
    if not any(character.isalpha() for character in aside):
        return False
    if match.group(1) and (before == "" or before[-1] in _CLEAR_END):
        return True
    found = vocabulary().find([word.text for word in cut(aside)])
    return any(table in found for table in _TELLING)


def _places(text: str) -> _Places:
    return _Places(
        {
            mark: [match.start() for match in closer.finditer(text)]
            for mark, closer in _CLOSER.items()
            if mark in text
        },
        [match.end() for match in _SENTENCE_END.finditer(text)],
        [match.start() for match in _BLANK_LINE.finditer(text)],
    )


def _after(places: Sequence[int], at: int) -> int | None:
    """The first of the places behind another."""
    number = bisect_right(places, at)
    return places[number] if number < len(places) else None


def _inside_double(text: str, start: int, mark: str, places: _Places) -> str | None:
    """Give what stands inside the quotation that opens at `start`, or None when the mark opens none."""
    if mark in '"”' and start and text[start - 1].isdigit():
        return None  # inches: a 24" screen
    closer = _after(places.closers[mark], start)
    if closer is not None and not _is_too_far(start, closer, places.blank_lines):
        opens_anew = text[closer] in _SELF_CLOSING and _looks_opening(text, closer)
        if not opens_anew:
            return text[start + 1 : closer]
    ends = (_after(places.sentence_ends, start + 1), closer, len(text))
    return text[start + 1 : min(end for end in ends if end is not None)]


def _is_too_far(start: int, end: int, blank_lines: Sequence[int]) -> bool:
    return bisect_right(blank_lines, start) != bisect_right(blank_lines, end)


def _looks_opening(text: str, at: int) -> bool:
    """Tell whether a mark that may open or close stands as an opening one: space before, a word after."""
    before, after = text[at - 1], text[at + 1 : at + 2]
    return (before.isspace() or before in ":：([") and after != "" and after.isalnum()


def _inside_single(text: str, start: int, closers: Sequence[int]) -> str | None:
    if start and _BEFORE_SINGLE.match(text[start - 1]) is None:
        return None
    if not text[start + 1 : start + 2].strip() or _CLIPPED_WORD.match(text, start):
        return None
    number = bisect_right(closers, start)
    end: int | None = None
    for closer in closers[number : number + _CLOSERS_TRIED]:
        inside = text[start + 1 : closer]
        if "\n" in inside or " '" in inside or " ‘" in inside:
            break
        if end is None or inside[-1] in _CLEAR_END:
            end = closer
        if not _may_be_possessive(text, closer):
            end = closer
            break
    return None if end is None else text[start + 1 : end]


def _may_be_possessive(text: str, at: int) -> bool:
    """Tell whether a mark may only show possession, as in "the dogs' bowls", and the true end comes later."""
    return text[at - 1] in "sS" and re.match(r" [a-z]", text[at + 1 : at + 3]) is not None
