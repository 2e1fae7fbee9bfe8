"""Cut a prompt into shots: by labels ("Shot 2:", 镜头二), times ("[3-6s]", 0-2秒) and cuts told in prose."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import cast

from talkies.plan import Transition
from talkies.script.clock import Clock
from talkies.script.owners import Owner
from talkies.script.passage import Passage, Span
from talkies.script.sizes import find_sizes, list_sizes
from talkies.script.vocabulary import Term, vocabulary
from talkies.script.words import QUOTE, is_mark, is_unspaced

_AFTER_LABEL = ":：.。,，、-—–]】)）\n;；|"
_BEFORE_HEADING = ".。!！?？\n;；:：[【"
_COLONS = ":："
_REACH_TO_SIZE = 4  # words from a cut to the size that follows
_WHOLE_LABELS = ("numbered", "later")  # a label without a number
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_MOMENT = re.compile(r"[\[(（【]\s?(\d{1,2}):(\d{2}(?:\.\d{1,3})?)\s?[\])）】]")  # "[00:05]"
_SHORTEST_LABELLED_S, _LONGEST_LABELLED_S = 0.1, 60.0
_LONGEST_GAP_S = 1.0  # from the end of a time to the next one of a timeline: "0-2s, 3-5s"


@dataclass(frozen=True)
class ShotSpan:
    """A shot's words, how it is entered, and its length in seconds where the prompt names one.

    `is_preamble`: it stands before the first labelled shot and speaks of all of them. `begins_s`: the second
    of the clip at which what the first shot tells is to begin, where the prompt names a later one than 0.
    """

    span: Span
    transition: Transition | None = None
    seconds: float | None = None
    is_preamble: bool = False
    begins_s: float | None = None


@dataclass(frozen=True)
class _Marker:
    """Where a shot begins: its marker is words `first` up to `last`, its text starts at `text_first`.

    `is_later` says of a label that a shot came before it: "Shot 2", "next shot", "[2-4s]". `begins_s` is the
    second of the clip that it names.
    """

    first: int
    last: int
    text_first: int
    is_label: bool
    transition: Transition | None = None
    seconds: float | None = None
    is_later: bool = False
    begins_s: float | None = None


def split(passage: Passage, owners: Sequence[Owner]) -> list[ShotSpan]:
    """Cut a passage into shots, in order: at least one, and each with words if the prompt has any."""
    finders = (_labels, _numbered, _headings, _times, _moments, _listed_sizes)
    found = [finder(passage) for finder in finders]
    markers = sorted(
        (*(marker for markers in found for marker in markers), *_cuts(passage, owners), *_resizings(passage)),
        key=lambda marker: (marker.first, -marker.last),
    )
    shots = _shots(passage, _merged(passage, markers))
    return shots or [ShotSpan(Span(0, len(passage.words)))]


def _merged(passage: Passage, markers: list[_Marker]) -> list[_Marker]:
    """Make one marker of those with no words between: "Shot 2 [3-6s]: cut to"."""
    merged: list[_Marker] = []
    for marker in markers:
        if not merged or _has_words(passage, Span(merged[-1].last, marker.first)):
            merged.append(marker)
            continue
        before = merged[-1]
        merged[-1] = replace(
            before,
            last=max(before.last, marker.last),
            text_first=max(before.text_first, marker.text_first),
            is_label=before.is_label or marker.is_label,
            transition=before.transition or marker.transition,
            seconds=before.seconds or marker.seconds,
            is_later=before.is_later or marker.is_later,
            begins_s=before.begins_s if before.begins_s is not None else marker.begins_s,
        )
    return merged


def _shots(passage: Passage, markers: list[_Marker]) -> list[ShotSpan]:
    shots: list[ShotSpan] = []
    opening = Span(0, markers[0].first if markers else len(passage.words))
    if _has_words(passage, opening):
        is_preamble = bool(markers) and markers[0].is_label and not markers[0].is_later
        seconds = None if is_preamble or not markers else markers[0].begins_s
        shots.append(ShotSpan(opening, seconds=seconds, is_preamble=is_preamble))
    for number, marker in enumerate(markers):
        following = markers[number + 1] if number + 1 < len(markers) else None
        end = following.first if following else len(passage.words)
        span = Span(marker.text_first, end)
        if not _has_words(passage, Span(marker.last, end)):
            continue
        is_first = not any(not shot.is_preamble for shot in shots)
        transition = None if is_first else marker.transition or "cut"
        begins_s = marker.begins_s if is_first else None
        seconds = marker.seconds or _between(marker, following)
        shots.append(ShotSpan(span, transition, seconds, begins_s=begins_s))
    if all(shot.is_preamble for shot in shots):
        return [replace(shot, is_preamble=False) for shot in shots]
    return shots


def _between(marker: _Marker, following: _Marker | None) -> float | None:
    """The seconds from one told moment to the next one; None where one of them is not told."""
    if following is None or marker.begins_s is None or following.begins_s is None:
        return None
    length_s = round(following.begins_s - marker.begins_s, 3)
    return length_s if length_s >= _SHORTEST_LABELLED_S else None


def _has_words(passage: Passage, span: Span) -> bool:
    return any(
        passage.words[word] == QUOTE or not passage.is_filler(word) for word in range(span.first, span.last)
    ) or bool(find_sizes(passage, span))


def _labels(passage: Passage) -> Iterator[_Marker]:
    """Find "Shot 1:", "[Scene two]", 镜头一, 第二个镜头: a noun for a shot with its number."""
    for label in passage.terms("label"):
        last = label.last if label.name in _WHOLE_LABELS else _after_number(passage, label)
        if last is not None and _is_label_place(passage, label, last):
            transition = _told_transition(passage, last)
            end, seconds = _told_seconds(passage, last)
            is_later = label.name == "later" or (
                label.name != "numbered" and not _is_first(passage, Span(label.last, last))
            )
            yield _Marker(label.first, end, end, True, transition, seconds, is_later)


def _is_first(passage: Passage, number: Span) -> bool:
    """Tell whether a label's number is that of the first shot: "1", "one", "A"."""
    words = [passage.words[word] for word in range(*number) if passage.words[word] != "#"]
    named = passage.terms("number", number)
    return words[0] in ("0", "00", "1", "01", "a") or (bool(named) and named[0].name == "1")


def _numbered(passage: Passage) -> Iterator[_Marker]:
    """Find a list of shots, two of them or more: lines that begin with "1.", "2.", or ① and ② anywhere."""
    lines: list[_Marker] = []
    circled: list[_Marker] = []
    for word, spelt in enumerate(passage.words):
        begins_line = word == 0 or passage.words[word - 1] == "\n"
        if begins_line and spelt == str(len(lines) + 1) and _is_followed(passage, word, ".)、）"):
            lines.append(_Marker(word, word + 2, word + 2, is_label=True))
        elif spelt == _CIRCLED[len(circled) % len(_CIRCLED)]:
            circled.append(_Marker(word, word + 1, word + 1, is_label=True))
    for found in (lines, circled):
        if len(found) > 1:
            yield from found


def _headings(passage: Passage) -> Iterator[_Marker]:
    """Find a storyboard headed by sizes, two of them or more: "Wide shot: a beach. Close-up: her eyes."."""
    found: list[_Marker] = []
    for size in passage.terms("shot_size"):
        last = size.last
        while last < len(passage.words) and passage.covers("size_noun", last):
            last += 1
        is_closed = passage.words[last - 1] in _COLONS or _is_followed(passage, last - 1, _COLONS + "]】")
        if is_closed and (size.first == 0 or passage.words[size.first - 1] in _BEFORE_HEADING):
            is_bracketed = passage.words[last - 1] not in _COLONS and passage.words[last] in "]】"
            found.append(_Marker(size.first - is_bracketed, last, size.first, is_label=True))
    if len(found) > 1:
        yield from found


def _listed_sizes(passage: Passage) -> Iterator[_Marker]:
    """Find sizes that are listed, each a shot: "wide, medium, close-up of the girl"."""
    for sizes in list_sizes(passage):
        for size in sizes:
            yield _Marker(size.first, size.first, size.first, is_label=True)


def _is_followed(passage: Passage, word: int, marks: str) -> bool:
    return word + 1 < len(passage.words) and passage.words[word + 1] in marks


def _after_number(passage: Passage, label: Term) -> int | None:
    """The word after a label's number: "1", "#1", "one", "A", 二, 二个镜头; None when it has none."""
    word = label.last
    if passage.words[word : word + 1] == ["#"]:
        word += 1
    last = _end_of_number(passage, word)
    if last is None and label.name == "noun" and _is_letter(passage, word):
        return word + 1
    if last is None or label.name == "noun":
        return last
    counted = [term for term in passage.terms("label", Span(last, last + 1)) if term.name == "counted"]
    return counted[0].last if counted else last if _is_followed(passage, last - 1, _AFTER_LABEL) else None


def _end_of_number(passage: Passage, word: int) -> int | None:
    if word < len(passage.words) and passage.words[word].isdecimal():
        return word + 1
    numbers = passage.terms("number", Span(word, word + 1))
    if not numbers:
        return None
    last = numbers[0].last
    is_long = is_unspaced(passage.words[word]) and bool(passage.terms("number", Span(last, last + 1)))
    return _end_of_number(passage, last) if is_long else last  # 十二


def _is_letter(passage: Passage, word: int) -> bool:
    """Tell whether a capital with a mark behind it stands for a number: "Shot A:", but not "Shot A man"."""
    if word >= len(passage.words) or not _is_followed(passage, word, _AFTER_LABEL):
        return False
    return passage.ends[word] == passage.starts[word] + 1 and passage.text[passage.starts[word]].isupper()


def _is_label_place(passage: Passage, label: Term, last: int) -> bool:
    """Tell whether a label opens a sentence or stands in brackets, and is not part of a longer word."""
    if label.first and not is_mark(passage.words[label.first - 1]):
        return False
    if last == len(passage.words) or passage.words[last] in _AFTER_LABEL:
        return True
    if label.name != "noun" or passage.words[last - 1].isdecimal():
        return True
    # 镜头一直, 镜头一转: a Chinese numeral that begins another word
    return passage.starts[last] > passage.ends[last - 1]


def _told_transition(passage: Passage, last: int) -> Transition | None:
    """Read a transition named right after the label: "Shot 2 (dissolve):"."""
    span = Span(last, min(last + 4, len(passage.words)))
    named = passage.terms("named_transition", span)
    return cast(Transition, named[0].name) if named else None


def _told_seconds(passage: Passage, last: int) -> tuple[int, float | None]:
    """Read a length right after a label: "Shot 1 (3s):", "Shot 2 – 2s –". Give the word after it too."""
    if last == len(passage.words):
        return last, None
    match = _length_of_shot().match(passage.text, passage.ends[last - 1])
    if match is None:
        return last, None
    end = next(
        (word for word in range(last, len(passage.words)) if passage.starts[word] >= match.end()), last
    )
    return end, float(match.group(1))


@cache
def _length_of_shot() -> re.Pattern[str]:
    return re.compile(
        rf"\s?[(（\[【,，:：\-–—]\s?(\d{{1,2}}(?:\.\d{{1,3}})?)\s?(?:{_units()})(?![^\W\d_])[)）\]】]?",
        re.IGNORECASE,
    )


def _units() -> str:
    return "|".join(sorted(map(re.escape, vocabulary().spelt("unit", "second")), key=len, reverse=True))


@cache
def _time_range() -> re.Pattern[str]:
    unit = _units()
    from_, to = (
        rf"(?:(?P<minutes{end}>\d{{1,2}}):)?(?P<seconds{end}>\d{{1,3}}(?:\.\d{{1,3}})?)" for end in (1, 2)
    )
    return re.compile(
        rf"(?P<open>[\[(（【])?(?:第\s?)?(?:(?<![^\W_])(?P<unit0>{unit})\s?)?{from_}\s?(?P<unit1>{unit})?\s?"
        rf"(?:-|–|—|~|～|至|到|to)\s?{to}(?:\s?(?P<unit2>{unit}))?(?![\w:.]*\d)(?:\s?(?P<close>[\])）】]))?",
        re.IGNORECASE,
    )


def _times(passage: Passage) -> Iterator[_Marker]:
    """Find "[0-3s]", "0:00-0:03", "0-2秒：" at the head of a sentence or in brackets.

    Within a sentence they count where they go on with a timeline: "0-2s wide, 2-5s close-up".
    """
    number_of = {start: word for word, start in enumerate(passage.starts)}
    ended_s: float | None = None
    for match in _time_range().finditer(passage.text):
        first = number_of.get(match.start())
        if first is None or passage.words[first] == QUOTE:
            continue
        seconds = _length(match)
        begins_s = _begins_s(match)
        goes_on = ended_s is not None and 0 <= begins_s - ended_s <= _LONGEST_GAP_S
        if seconds is None or not _is_time_place(passage, first, match, goes_on=goes_on):
            continue
        ended_s = begins_s + seconds
        first -= _is_led(passage, first)
        last = first
        while last < len(passage.words) and passage.starts[last] < match.end():
            last += 1
        marker = _Marker(first, last, last, is_label=True, seconds=seconds)
        yield replace(marker, is_later=True, begins_s=begins_s) if begins_s > 0 else marker


def _moments(passage: Passage) -> Iterator[_Marker]:
    """Find "[00:00] A forest. [00:05] A lake.": moments at which shots begin, two of them or more."""
    number_of = {start: word for word, start in enumerate(passage.starts)}
    found = [
        match
        for match in _MOMENT.finditer(passage.text)
        if match.start() in number_of and _opens(passage, number_of[match.start()])
    ]
    begin_s = [60 * int(match.group(1)) + float(match.group(2)) for match in found]
    if len(found) < 2 or begin_s != sorted(set(begin_s)):
        return
    for match, start_s, end_s in zip(found, begin_s, [*begin_s[1:], None], strict=True):
        first = number_of[match.start()]
        last = bisect_left(passage.starts, match.end())
        seconds = None if end_s is None else round(end_s - start_s, 3)
        yield _Marker(first, last, last, is_label=True, seconds=seconds, is_later=start_s > 0)


def _opens(passage: Passage, word: int) -> bool:
    """Tell whether something can begin at a word: nothing or a mark stands before it."""
    return word == 0 or is_mark(passage.words[word - 1])


def _length(match: re.Match[str]) -> float | None:
    """The seconds from the first moment to the second; None when the figures are no times."""
    minutes1, seconds1, minutes2, seconds2 = match.group("minutes1", "seconds1", "minutes2", "seconds2")
    is_clock = minutes1 is not None and minutes2 is not None
    if not (is_clock or any(match.group("unit0", "unit1", "unit2"))):
        return None
    length = 60 * (int(minutes2 or 0) - int(minutes1 or 0)) + float(seconds2) - float(seconds1)
    return round(length, 3) if _SHORTEST_LABELLED_S <= length <= _LONGEST_LABELLED_S else None


def _begins_s(match: re.Match[str]) -> float:
    minutes, seconds = match.group("minutes1", "seconds1")
    return 60 * int(minutes or 0) + float(seconds)


def _is_time_place(passage: Passage, first: int, match: re.Match[str], *, goes_on: bool) -> bool:
    """Tell whether a shot can begin with a time; behind a comma only if it `goes_on` with the one before."""
    if match.group("open") and match.group("close"):
        return True
    is_led = _is_led(passage, first)
    before = passage.words[first - 1 - is_led] if first > is_led else "\n"
    opens = is_mark(before) and (goes_on or before not in ",，、")
    after = passage.text[match.end() : match.end() + 1]
    is_closed = after == "" or after in ":：,，|-—–"
    return opens and (is_closed or (not is_led and (after.isspace() or is_unspaced(after))))


def _is_led(passage: Passage, first: int) -> bool:
    """Tell whether a preposition stands before a time: "from 0 to 3 seconds"."""
    return first > 0 and passage.covers("preposition", first - 1)


def _cuts(passage: Passage, owners: Sequence[Owner]) -> Iterator[_Marker]:
    """Find the cuts that are told: "the shot cuts to", "at 3 seconds, dissolve to", 镜头切到, 画面切换."""
    clock = Clock(passage, Span(0, len(passage.words)))
    sure = [(term, True) for term in passage.terms("sure_transition")]
    judged = [(term, False) for term in passage.terms("transition")]
    for term, is_sure in (*sure, *judged):
        if passage.is_negated(term):
            continue
        clause = passage.clause(term.first)
        lead = clock.opening(clause)
        if not is_sure and not _is_of_the_film(passage, term, owners, lead):
            continue
        opens = lead >= term.first or passage.covers("camera", lead)
        sizes = passage.terms("shot_size", Span(term.first, term.last))  # a part of 切换到特写
        last = sizes[0].first if sizes else term.last
        told_s = clock.first_second(term.first)
        yield _Marker(
            first=clock.begin(term.first) if opens else term.first,
            last=last,
            text_first=clause.first if opens else term.first,
            is_label=False,
            transition=cast(Transition, term.name),
            begins_s=told_s if told_s is not None and told_s > 0 else None,
        )


def _resizings(passage: Passage) -> Iterator[_Marker]:
    """Find sizes that follow another view without a word for a cut: "then close on her", "back to wide"."""
    for size in find_sizes(passage, Span(0, len(passage.words))):
        clause = passage.clause(size.first)
        first = clause.first
        while first > 0 and passage.covers("late", first - 1) and is_mark(passage.words[first - 1]):
            first -= 1  # "wide -> close"
        before = range(first, size.first)
        opens = all(
            passage.is_filler(word) or passage.covers("late", word) or passage.covers("resumed", word)
            for word in before
        )
        is_later = passage.covers("resumed", size.last) or any(
            passage.covers("late", word, "then") or passage.covers("resumed", word) for word in before
        )
        if opens and is_later and not passage.is_negated(size):
            yield _Marker(first, size.first, clause.first, is_label=False)


def _is_of_the_film(passage: Passage, term: Term, owners: Sequence[Owner], lead: int) -> bool:
    """Tell whether it is the film that cuts or dissolves, and not a tailor or a ghost.

    `lead` is the first word of the term's clause that tells more than when.
    """
    if owners[passage.clause_of[term.first]] == "camera":
        return True
    clause = passage.clause(term.first)
    reach = Span(term.last, min(term.last + _REACH_TO_SIZE, clause.last))
    if lead < term.first:
        return False
    is_cut_up = bool(passage.terms("cut_up", Span(passage.sentence(term.first).first, clause.last)))
    is_told = passage.covers("opening_transition", term.first) and not is_cut_up
    return is_told or bool(find_sizes(passage, reach))
