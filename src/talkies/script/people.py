"""Find who is spoken of: the people of a prompt with the voice each would have, and who a pronoun means."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, cast

from talkies.plan import Voice
from talkies.script.passage import Passage, Span
from talkies.script.words import QUOTE, cut, is_mark, is_unspaced

Kind = Literal[
    "woman", "man", "girl", "boy", "old_woman", "old_man", "narrator", "adult", "child", "elder", "animal"
]

# By kind and sex; a kind whose sex is not in question stands with None.
_VOICES: dict[tuple[Kind, str | None], Voice] = {
    ("woman", None): "woman",
    ("man", None): "man",
    ("girl", None): "girl",
    ("boy", None): "boy",
    ("old_woman", None): "old_woman",
    ("old_man", None): "old_man",
    ("adult", "man"): "man",
    ("adult", "woman"): "woman",
    ("child", "man"): "boy",
    ("child", None): "girl",
    ("elder", "woman"): "old_woman",
    ("elder", None): "old_man",
    ("animal", "man"): "man",
    ("animal", "woman"): "woman",
    ("narrator", "woman"): "woman",
    ("narrator", None): "narrator",
}
_OLDER: dict[Kind, Kind] = {"woman": "old_woman", "man": "old_man", "adult": "elder"}
_YOUNGER: dict[Kind, Kind] = {"adult": "child"}
_SEXES: dict[str, str] = {
    "woman": "woman",
    "girl": "woman",
    "old_woman": "woman",
    "man": "man",
    "boy": "man",
    "old_man": "man",
}
_OTHER_SEX: dict[Voice, Voice] = {"woman": "man", "man": "woman", "girl": "boy", "old_man": "old_woman"}
"""Who else is among people of whose sex nothing is told, by the voice that stands for them."""
_MANY = frozenset(
    {"they", "both", "all", "everyone", "everybody", "people", "couple", "family", "friends", "crowd"}
    | {"men", "women", "girls", "boys", "children", "kids", "ladies", "guys", "students", "guests"}
    | {"audience", "fans", "twins", "siblings", "lovers", "parents"}
)
_MANY_CHINESE = (
    "们",
    "大家",
    "两人",
    "二人",
    "所有人",
    "众人",
    "全家",
    "情侣",
    "两个",
    "两位",
    "两名",
    "三个",
)
_OF_ONE = re.compile(r"[^s]s$|ed$|^said$|^told$|^spoke$")  # the past form tells nothing
_JOINS = (["and"], ["&"], ["和"], ["与"])
_LONGEST_CHINESE_NAME = 12  # characters back from the noun


class Mention(NamedTuple):
    """Somebody spoken of: words `first` up to `last`. `sex` is "man", "woman" or None when nothing tells."""

    first: int
    last: int
    text: str
    kind: Kind
    sex: str | None
    is_pronoun: bool = False


class Speaker(NamedTuple):
    """Who says a line: the prompt's words, and the voice if they tell; `chorus` are voices beside it."""

    text: str | None
    voice: Voice | None
    is_narrator: bool = False
    chorus: tuple[Voice, ...] = ()


class People:
    """All mentions of a passage, in order."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage
        named = [
            _mention(passage, term.first, term.last, term.name)
            for term in passage.terms("person")
            if not passage.covers("manner", term.first)
        ]
        pronouns = [
            Mention(
                term.first,
                term.last,
                passage.spelt(term.first, term.last),
                "adult",
                _pronoun_sex(term.name),
                True,
            )
            for term in passage.terms("pronoun")
            if term.name != "it" and not passage.covers("person", term.first)
        ]
        self.mentions: list[Mention] = sorted([*named, *pronouns])
        self._starts = [mention.first for mention in self.mentions]
        self._last_of_sex = self._note_last_of_sex()
        self._last_many = self._note_last_many()

    def within(self, span: Span) -> Sequence[Mention]:
        """The mentions that begin in a span."""
        return self.mentions[bisect_left(self._starts, span.first) : bisect_left(self._starts, span.last)]

    def speaker(self, mention: Mention) -> Speaker:
        """Give the speaker that a mention means; a pronoun means the nearest fitting person before it."""
        if not mention.is_pronoun:
            sex = mention.sex or self._sex_told_after(mention)
            voice = voice_of(mention.kind, sex)
            chorus = _chorus(mention.text, voice, sex)
            return Speaker(mention.text, voice, mention.kind == "narrator", chorus)
        those = self._those(mention) if means_many(mention.text) else None
        if those is not None:
            return those
        meant = self._meant(mention)
        if meant is None:
            told = cast("Voice | None", mention.sex)
            return Speaker(mention.text, told, chorus=_chorus(mention.text, told, mention.sex))
        voice = voice_of(meant.kind, meant.sex or mention.sex)
        return Speaker(meant.text, voice, meant.kind == "narrator")

    def together(self, mention: Mention, verb: str) -> Speaker | None:
        """Give somebody with whoever is named beside, "the bride and groom"; None for one alone.

        `verb` tells by its form: in "the man frowns and the woman smiles" nobody does it together.
        """
        pair = None if _OF_ONE.search(verb) else self._pair(mention)
        return None if pair is None else self._both(*pair)

    def _pair(self, mention: Mention) -> tuple[Mention, Mention] | None:
        at = bisect_left(self._starts, mention.first)
        for first, last in pairwise(self.mentions[max(at - 1, 0) : at + 2]):
            joins = self._passage.words[first.last : last.first]
            if joins in _JOINS and "animal" not in (first.kind, last.kind):
                return first, last
        return None

    def _both(self, first: Mention, last: Mention) -> Speaker:
        one, other = self.speaker(first), self.speaker(last)
        voices = (other.voice,) if other.voice else ()
        text = self._passage.spelt(first.first, last.last)
        return Speaker(text, one.voice, chorus=(*voices, *one.chorus, *other.chorus))

    def _those(self, pronoun: Mention) -> Speaker | None:
        """Who "they" are: the last of those before who are named together or as many."""
        at = bisect_left(self._starts, pronoun.first)
        meant = self._last_many[at - 1] if at else None
        if meant is None:
            return None
        pair = self._pair_of_named(meant)
        return self.speaker(meant) if pair is None else self._both(*pair)

    def _note_last_many(self) -> list[Mention | None]:
        """For each mention, the last up to and including it by which several people are named."""
        notes: list[Mention | None] = []
        last: Mention | None = None
        for mention in self.mentions:
            if not mention.is_pronoun and (means_many(mention.text) or self._pair_of_named(mention)):
                last = mention
            notes.append(last)
        return notes

    def _pair_of_named(self, mention: Mention) -> tuple[Mention, Mention] | None:
        pair = self._pair(mention)
        return None if pair is None or any(one.is_pronoun for one in pair) else pair

    def _meant(self, pronoun: Mention) -> Mention | None:
        at = bisect_left(self._starts, pronoun.first)
        last = self._last_of_sex[at - 1] if at else {}
        found = last.get(pronoun.sex, last.get(None))
        return self._animal_before(pronoun) if found is None else self.mentions[found]

    def _animal_before(self, pronoun: Mention) -> Mention | None:
        """An animal is a "he" or a "she" only in the sentence that names it: "my cat flies and he says"."""
        sentence = self._passage.sentence(pronoun.first)
        named = self.within(Span(sentence.first, pronoun.first))
        return next((mention for mention in named if mention.kind == "animal"), None)

    def _note_last_of_sex(self) -> list[dict[str | None, int]]:
        """For each mention, the number of the last single person of each sex named up to and including it."""
        notes: list[dict[str | None, int]] = []
        last: dict[str | None, int] = {}
        for number, mention in enumerate(self.mentions):
            is_one = mention.kind not in ("narrator", "animal") and not means_many(mention.text)
            if is_one and not mention.is_pronoun:
                last = {**last, mention.sex: number}
            notes.append(last)
        return notes

    def _sex_told_after(self, mention: Mention) -> str | None:
        """The sex told right after a person, or by the first "his" or "she" before anybody speaks."""
        passage = self._passage
        end = passage.sentence(mention.first).last
        told = passage.terms("sex", Span(mention.last, min(mention.last + 3, end)))
        if not told and mention.kind != "narrator":
            end = next((word for word in range(mention.last, end) if passage.words[word] == QUOTE), end)
            told = passage.terms("sex_hint", Span(mention.last, end))
        return told[0].name if told else None


def voice_of(kind: Kind, sex: str | None) -> Voice | None:
    """Choose the voice for a kind of person; None when the words leave it open."""
    return _VOICES.get((kind, sex)) or _VOICES.get((kind, None))


def means_many(name: str) -> bool:
    """Tell whether words for somebody mean everybody at once.

    >>> means_many("Both women"), means_many("孩子们"), means_many("one of the women")
    (True, True, False)
    """
    words = {word.text for word in cut(name)}
    is_plural = bool(_MANY & words) and "one" not in words
    return is_plural or any(part in name for part in _MANY_CHINESE)


def _chorus(name: str, voice: Voice | None, sex: str | None) -> tuple[Voice, ...]:
    """Choose who speaks beside the voice of many: somebody of the other sex, unless theirs is told."""
    if not means_many(name):
        return ()
    usual = voice or "woman"
    return (usual if sex else _OTHER_SEX.get(usual, usual),)


def _pronoun_sex(name: str) -> str | None:
    return {"he": "man", "she": "woman"}.get(name)


def _mention(passage: Passage, first: int, last: int, name: str) -> Mention:
    start = _start_of_name(passage, first)
    if passage.words[max(start - 2, 0) : start] == ["one", "of"]:
        start -= 2
    end = _end_of_name(passage, last)
    kind = cast(Kind, name)
    if any(passage.covers("age", word, "old") for word in range(start, first)):
        kind = _OLDER.get(kind, kind)
    elif any(passage.covers("age", word, "child") for word in range(start, first)):
        kind = _YOUNGER.get(kind, kind)
    sex = _SEXES.get(kind)
    for told in ("man", "woman"):
        if sex is None and any(passage.covers("sex", word, told) for word in range(start, end)):
            sex = told
    return Mention(start, end, passage.spelt(start, end), kind, sex)


def _start_of_name(passage: Passage, noun: int) -> int:
    """Go back from a noun over its adjectives to its article: "the old grey-haired man"."""
    if is_unspaced(passage.words[noun]):
        return _start_of_chinese_name(passage, noun)
    first = noun
    for word in range(noun - 1, max(noun - 6, passage.clause(noun).first) - 1, -1):
        if passage.covers("determiner", word):
            return word
        if passage.covers("age", word) or passage.covers("sex", word) or passage.covers("adjective", word):
            first = word
        elif not _may_be_adjective(passage, word):
            break
    return first


def _may_be_adjective(passage: Passage, word: int) -> bool:
    spelt = passage.words[word]
    tables = (
        "preposition",
        "action",
        "living_action",
        "whole_action",
        "speech",
        "person",
        "pronoun",
        "camera",
        "break",
        "shot_size",
    )
    return spelt.isalpha() and not any(passage.covers(table, word) for table in tables)


def _start_of_chinese_name(passage: Passage, noun: int) -> int:
    floor = max(noun - _LONGEST_CHINESE_NAME, passage.clause(noun).first)
    first = noun
    for word in range(noun - 1, floor - 1, -1):
        if (
            is_mark(passage.words[word])
            or passage.covers("preposition", word)
            or passage.covers("person", word)
        ):
            break
        if passage.covers("determiner", word):
            while word - 1 >= floor and passage.covers("determiner", word - 1):
                word -= 1
            return word
        if any(passage.covers(table, word) for table in ("age", "sex", "adjective")):
            first = word
    return _after_attribute(passage, first, floor)


def _after_attribute(passage: Passage, first: int, floor: int) -> int:
    """Take in an attribute before the noun: 穿西装的 in 穿西装的男人."""
    if first - 1 < floor or passage.words[first - 1] != "的":
        return first
    start = first - 1
    while (
        start > floor
        and not is_mark(passage.words[start - 1])
        and not passage.covers("preposition", start - 1)
    ):
        start -= 1
    return first if start == first - 1 else start


def _end_of_name(passage: Passage, last: int) -> int:
    """Go on from a noun over "in a dark suit", "on the left", "with a beard"."""
    sentence = passage.sentence(last - 1)
    if last < sentence.last and _is_number_of_person(passage.spelt(last, last + 1)):
        last += 1
    while last < sentence.last:
        places = passage.terms("place", Span(last, last + 1))
        end = places[0].last if places else _end_of_attribute(passage, last, sentence.last)
        if end == last:
            return last
        last = end
    return last


def _is_number_of_person(word: str) -> bool:
    """Tell whether a word tells persons apart: "Person A", "Detective 2", but not "the man I saw"."""
    return word.isdecimal() or (len(word) == 1 and "A" <= word <= "Z" and word != "I")


def _end_of_attribute(passage: Passage, first: int, limit: int) -> int:
    if not passage.covers("wearing", first):
        return first
    word = first + 1
    if word < limit and passage.covers("determiner", word):
        word += 1
    while word < limit and (passage.covers("adjective", word) or passage.covers("age", word)):
        word += 1
    if word >= limit or not passage.words[word].isalpha() or passage.covers("scene_place", word):
        return first
    return word + 1
