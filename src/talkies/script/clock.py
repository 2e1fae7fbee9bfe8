"""Read times told in seconds: when something is to happen, and what number is no count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE, is_mark

_COLONS = ":："
_TEN = 10
_LONGEST_NUMBER = 3  # words: 二十五
_REACH_TO_THEN = 12  # words from a "then" to what happens
_LONGEST_ASIDE = 2  # words between "at" and its number: "at exactly the"
_HAPPENING = ("sound", "action", "living_action", "whole_action")

_Role = Literal[
    "moment",  # "at 2s", "3 seconds in", 第3秒
    "later",  # "after three seconds", "two seconds later": from the moment told before, or what happens there
    "before_end",  # "in the last two seconds", "at the end"
    "length",  # "for two seconds", 前三秒
]


class _Time(NamedTuple):
    """A time that the text tells: words `first` up to but not including `last`."""

    first: int
    last: int
    role: _Role
    seconds: float


class _Told(NamedTuple):
    """A time as seconds of its shot or of the clip; below 0 they count back from the end.

    `after_s`: it counts that much from what the text tells before, at no known second; `seconds` then are
    those from the beginning.
    """

    first: int
    last: int
    seconds: tuple[float, ...]
    after_s: float | None = None


class Clock:
    """The times that one shot's text tells, and what happens at each.

    `begins_s` is the second at which all happens that has no other, where the shot's label names one.
    """

    def __init__(self, passage: Passage, span: Span, begins_s: float | None = None) -> None:
        self._passage, self._span, self._begins_s = passage, span, begins_s
        self._times = sorted(_times(passage, span))
        self._opening = passage.sentence(span.first) if span.first < span.last else span
        self._timed = frozenset(at for time in self._times for at in range(time.first, time.last))
        self._told = self._merged()

    def covers(self, word: int) -> bool:
        """Tell whether a word belongs to a time, so that a number counts nothing."""
        return word in self._timed

    def seconds(self, word: int) -> tuple[float, ...]:
        """Give the seconds at which the text lets happen what it tells at a word; empty where it tells none.

        They count from the shot's beginning or from the clip's; below 0, back from the end. The time stands
        in the word's own clause or alone in the one before: "3 seconds in, thunder". See `after` for
        "two seconds later".
        """
        told = self._telling(word)
        if told is not None:
            return told.seconds if told.after_s is None else ()
        return self._after_length(word) or ((self._begins_s,) if self._begins_s is not None else ())

    def after(self, word: int) -> float | None:
        """Give the seconds that pass between what is told before a word and what the word tells.

        0 for a "then" without a number; None where the text tells neither, or names the second itself.
        """
        told = self._telling(word)
        if told is not None:
            return told.after_s
        if not self._follows_then(word) or self._after_length(word):
            return None
        return sum(time.seconds for time in self._lasting_before(word))

    def _telling(self, word: int) -> _Told | None:
        """The time that tells when happens what a word tells."""
        number = self._passage.clause_of[word]
        for clause in self._passage.clauses[max(number - 1, 0) : number + 1][::-1]:
            told = [time for time in self._told if time.first < clause.last and time.last > clause.first]
            is_own = clause == self._passage.clauses[number]
            if told and (is_own or self._is_alone(clause, word)):
                return min(told, key=lambda time: abs(time.first - word))
        return None

    def spoken(self, about: Span, word: int, quote: int) -> tuple[float | None, float | None]:
        """Give the second at which a line begins, and how long after what is told before, as `after` does.

        `word` is the one of saying, `quote` the line itself; a second is None where the words `about` the
        line tell none. The last time before it counts: "at 3 seconds, she turns and says".
        """
        told = [time for time in self._told if about.first <= time.first < about.last]
        before = [time for time in told if time.first <= word]
        if told:
            time = before[-1] if before else told[0]
            is_first = quote < time.first and not self._happens(Span(self._span.first, quote))
            is_known = time.after_s is None or is_first
            return (time.seconds[0], None) if is_known else (None, time.after_s)
        return next(iter(self._after_length(word)), self._begins_s), self.after(word)

    def length(self, word: int) -> float | None:
        """Give the seconds for which lasts what a word's clause tells; None where it names no length."""
        clause = self._passage.clause(word)
        lasting = [time for time in self._times if time.first < clause.last and time.last > clause.first]
        return next((time.seconds for time in lasting if time.role == "length"), None)

    def hush(self, term: Term) -> tuple[float | None, float | None]:
        """Give the second at which a silence begins and the seconds that it lasts, each None where not told.

        "Three seconds later" right behind it is how long it lasts: 安静三秒后.
        """
        behind = [time for time in self._times if time.first == term.last and time.role == "later"]
        if behind:
            return None, behind[0].seconds
        return self.first_second(term.first), self.length(term.first)

    def first_second(self, word: int) -> float | None:
        """Give the first of `seconds`, for "two seconds later" from the beginning; None if none is told."""
        told = self._telling(word)
        return next(iter(self.seconds(word) if told is None else told.seconds), None)

    def opening(self, clause: Span) -> int:
        """Give the first word of a clause behind what only tells when: "cut" in "at 3 seconds cut to"."""
        return next((at for at in range(*clause) if not self._is_empty(at)), clause.last)

    def begin(self, word: int) -> int:
        """Give where a word's clause begins, or the one before it that holds nothing but its time."""
        number = self._passage.clause_of[word]
        before = self._passage.clauses[max(number - 1, 0)]
        is_timed = any(at in self._timed for at in range(*before))
        return (before if is_timed and self._is_alone(before, word) else self._passage.clause(word)).first

    def _is_alone(self, clause: Span, word: int) -> bool:
        """Tell whether a clause before a word's own holds a time and nothing else."""
        is_near = self._passage.sentence(word) == self._passage.sentence(clause.first)
        return is_near and all(self._is_empty(at) for at in range(*clause))

    def _is_empty(self, word: int) -> bool:
        passage = self._passage
        return (
            word in self._timed
            or passage.is_filler(word)
            or any(passage.covers(table, word) for table in ("preposition", "instant", "late", "hush"))
        )

    def _after_length(self, word: int) -> tuple[float, ...]:
        """The end of what lasts before a "then": "silence for two seconds, then an explosion"."""
        lasting = self._lasting_before(word) if self._follows_then(word) else []
        if not lasting:
            return ()
        first = self._before_then(word).first
        told = [time for time in self._told if first <= time.first < lasting[-1].first]
        is_opening = first == self._opening.first and not self._happens(Span(first, lasting[0].first))
        if told[-1].after_s is not None if told else not is_opening:
            return ()
        since = told[-1].last if told else first
        lasts_s = sum(time.seconds for time in lasting if time.first >= since)
        return (round((told[-1].seconds[-1] if told else 0.0) + lasts_s, 3),)

    def _lasting_before(self, word: int) -> list[_Time]:
        """The lengths told before the "then" of a word."""
        before = self._before_then(word)
        return [
            time for time in self._times if time.role == "length" and before.first <= time.first < before.last
        ]

    def _before_then(self, word: int) -> Span:
        """The words before a word's clause: of its sentence, or of the one before where it opens its own."""
        first = self._passage.clause(word).first
        sentence = self._passage.sentence(word)
        if sentence.first == first:
            sentence = self._passage.sentence(max(first - 1, 0))
        return Span(max(sentence.first, self._span.first), first)

    def _follows_then(self, word: int) -> bool:
        own = range(max(self._passage.clause(word).first, word - _REACH_TO_THEN), word)
        return any(self._passage.covers("late", at, "then") for at in own)

    def _happens(self, span: Span) -> bool:
        """Tell whether something is said, done or heard in a span."""
        passage = self._passage
        return QUOTE in passage.words[slice(*span)] or any(passage.terms(table, span) for table in _HAPPENING)

    def _merged(self) -> list[_Told]:
        """Make one of times that are listed: "at 1s, 3s and 5s", "at 2 seconds and again at 4 seconds"."""
        merged: list[_Told] = []
        for time in self._find_told():
            if merged and time.after_s is None and self._goes_on(merged[-1], time):
                merged[-1] = _Told(merged[-1].first, time.last, merged[-1].seconds + time.seconds)
            else:
                merged.append(time)
        return merged

    def _goes_on(self, before: _Told, time: _Told) -> bool:
        """Tell whether a time is listed with the one before, and nothing else happens at it."""
        passage = self._passage
        if not all(_lists(passage, word) for word in range(before.last, time.first)):
            return False
        is_bare = not passage.covers("instant", time.first)
        return is_bare or all(self._is_empty(at) for at in range(*passage.clause(time.first)))

    def _find_told(self) -> Iterator[_Told]:
        before: float | None = None
        for time in self._times:
            if time.role == "before_end":
                yield _Told(time.first, time.last, (-time.seconds,))
            elif (
                time.role == "later" and before is None and self._happens(Span(self._span.first, time.first))
            ):
                yield _Told(time.first, time.last, (time.seconds,), after_s=time.seconds)
            elif time.role != "length":
                before = round(time.seconds + ((before or 0.0) if time.role == "later" else 0.0), 3)
                yield _Told(time.first, time.last, (before,))


def _lists(passage: Passage, word: int) -> bool:
    is_end = passage.sentence(word).last == word + 1
    return (is_mark(passage.words[word]) and not is_end) or any(
        passage.covers(table, word, name)
        for table, name in (("break", "join"), ("filler", "adverb"), ("instant", "at"), ("negation", "list"))
    )


def _times(passage: Passage, span: Span) -> Iterator[_Time]:
    last = span.first
    for term in passage.terms("instant", span):
        if term.name == "end":
            yield _Time(term.first, term.last, "before_end", 1.0)
    for word in range(*span):
        if word < last:
            continue
        found = _clock_time(passage, word) or _counted(passage, word) or _named_second(passage, word)
        if found is not None and found[1] <= span.last:
            time = _in_context(passage, *found)
            before = passage.words[time.first - 1] if time.first else ""
            is_listed = time.role == "length" and before != "" and _follows_moment(passage, time.first, last)
            yield time._replace(role="moment") if is_listed and last > span.first else time
            last = time.last


def _follows_moment(passage: Passage, first: int, last: int) -> bool:
    """Tell whether a bare time goes on with a list: the "3s" of "at 1s, 3s"."""
    between = passage.words[last:first]
    return 0 < len(between) <= _LONGEST_ASIDE and all(_lists(passage, word) for word in range(last, first))


def _clock_time(passage: Passage, word: int) -> tuple[int, int, float] | None:
    """Read "00:03"."""
    parts = passage.words[word : word + 3]
    if len(parts) < 3 or parts[1] not in _COLONS or passage.ends[word] != passage.starts[word + 1]:
        return None
    is_joined = passage.ends[word + 1] == passage.starts[word + 2]
    if not (is_joined and parts[0].isdecimal() and parts[2].replace(".", "", 1).isdecimal()):
        return None
    return word, word + 3, 60 * int(parts[0]) + float(parts[2])


def _counted(passage: Passage, word: int) -> tuple[int, int, float] | None:
    """Read "2s", "two seconds", 十二秒; of "2 to 4 seconds" the first."""
    last, value = _number(passage, word)
    if value is not None and _opens_range(passage, word, last):
        last, to = _number(passage, last + 1)
        value = None if to is None else value
    units = passage.terms("unit", Span(last, last + 1)) if value is not None else []
    return (word, units[0].last, value) if value is not None and units else None


def _opens_range(passage: Passage, word: int, last: int) -> bool:
    """Tell whether a number, words `word` up to `last`, is the first of two: "from 2 to 4 seconds"."""
    is_joined = passage.covers("range", last) or passage.words[last : last + 1] in (["-"], ["–"], ["~"])
    return is_joined and passage.covers("instant", word - 1, "at")


def _named_second(passage: Passage, word: int) -> tuple[int, int, float] | None:
    """Read "second 5"."""
    units = passage.terms("unit", Span(word, word + 1))
    if not units or not passage.words[units[0].last : units[0].last + 1]:
        return None
    last, value = _number(passage, units[0].last)
    is_label = word > 0 and (passage.covers("instant", word - 1, "at") or is_mark(passage.words[word - 1]))
    return (word, last, value) if value is not None and (word == 0 or is_label) else None


def _number(passage: Passage, word: int) -> tuple[int, float | None]:
    """Read a number in figures or words; give the word after it as well."""
    if word < len(passage.words) and passage.words[word].replace(".", "", 1).isdecimal():
        return word + 1, float(passage.words[word])
    value: int | None = None
    for _ in range(_LONGEST_NUMBER):
        terms = passage.terms("number", Span(word, word + 1))
        if not terms:
            break
        figure, word = int(terms[0].name), terms[0].last
        if value is None or figure != _TEN:
            value = (value or 0) + figure  # 十二
        else:
            value *= figure  # 二十
    return word, None if value is None else float(value)


def _in_context(passage: Passage, first: int, last: int, seconds: float) -> _Time:
    """Tell what a time says by the words around it, and add those that belong to it."""
    start = first
    while start > 0 and first - start < _LONGEST_ASIDE and passage.covers("instant", start - 1, "about"):
        start -= 1
    before = [term for term in passage.terms("instant", Span(max(start - 3, 0), start)) if term.last == start]
    behind = passage.terms("instant", Span(last, last + 1))
    end = max((term.last for term in behind), default=last)
    begin = min((term.first for term in before), default=first)
    names = {term.name for term in before} | {term.name for term in behind if term.name in ("in", "later")}
    role: _Role = "length"
    if "last" in names:
        role = "before_end"
    elif "later" in names:
        role = "later"
    elif names & {"at", "in"} or _is_moment(passage, first, last):
        role = "moment"
    return _Time(begin, end, role, seconds)


def _is_moment(passage: Passage, first: int, last: int) -> bool:
    """Tell whether a time is a moment by its form: "second 5", "0:03", "3s: thunder", "[3s] thunder"."""
    if passage.covers("unit", first) or passage.words[first + 1] in _COLONS:
        return True
    opens = first == 0 or is_mark(passage.words[first - 1])
    closes = passage.words[last : last + 1]
    return opens and bool(closes) and closes[0] in ":：]】"
