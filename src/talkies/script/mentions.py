"""Find where a prompt speaks of somebody: the words of each name with its attributes, its kind and sex."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term, vocabulary
from talkies.script.words import cut, is_mark, is_unspaced

Kind = Literal[
    "woman",
    "man",
    "girl",
    "boy",
    "old_woman",
    "old_man",
    "narrator",
    "adult",
    "usually_man",  # a soldier, unless a word tells otherwise
    "usually_woman",
    "child",
    "elder",
    "animal",
]

_OLDER: dict[Kind, Kind] = {
    "woman": "old_woman",
    "man": "old_man",
    "adult": "elder",
    "usually_man": "elder",
    "usually_woman": "old_woman",
}
_YOUNGER: dict[Kind, Kind] = {"adult": "child", "usually_man": "child", "usually_woman": "child"}
_SEXES: dict[str, str] = {
    "woman": "woman",
    "girl": "woman",
    "old_woman": "woman",
    "man": "man",
    "boy": "man",
    "old_man": "man",
}
_AGES: dict[str, Kind] = {
    "girl": "child",
    "boy": "child",
    "child": "child",
    "old_woman": "elder",
    "old_man": "elder",
    "elder": "elder",
}
_BY_AGE: dict[tuple[Kind, str | None], Kind] = {
    ("child", "woman"): "girl",
    ("child", "man"): "boy",
    ("elder", "woman"): "old_woman",
    ("elder", "man"): "old_man",
    ("adult", "woman"): "woman",
    ("adult", "man"): "man",
}
_FINITE = re.compile(r"[^s]s$|ed$|^said$|^told$|^spoke$")
VERB_TABLES = ("action", "living_action", "speech")
"""Tables that hold what somebody does."""
_VIEWS = ("camera", "shot_size", "size_noun")
_REACH_TO_CAMERA = 8  # words from what the camera does back to its name
_LONGEST_THING = 3  # words of a thing that somebody wears or has
_ENCLOSING = ((",", ","), ("(", ")"), ("，", "，"), ("（", "）"))
_LONGEST_CHINESE_NAME = 12  # characters back from the noun


class Mention(NamedTuple):
    """Somebody spoken of: words `first` up to `last`. `sex` is "man", "woman" or None when nothing tells.

    `is_many` of several people at once: "the women", "they".
    """

    first: int
    last: int
    text: str
    kind: Kind
    sex: str | None
    is_pronoun: bool = False
    is_many: bool = False


def find_mentions(passage: Passage) -> list[Mention]:
    """Find all who are named in a passage and all pronouns for somebody, in order."""
    named = _outermost([_mention(passage, noun) for noun in _nouns(passage)])
    pronouns = [
        _pronoun(term, passage.spelt(term.first, term.last))
        for term in (*passage.terms("pronoun"), *_objects(passage))
        if term.name != "it" and not passage.covers("person", term.first)
    ]
    return sorted([*named, *pronouns])


def means_many(name: str) -> bool:
    """Tell whether words for somebody mean several people.

    >>> means_many("Both women"), means_many("孩子们"), means_many("我们的老师")
    (True, True, False)
    """
    own = name.rpartition("的")[2]
    return "many" in vocabulary().find([word.text for word in cut(own)])


def joins(passage: Passage, between: Span) -> bool:
    """Tell whether the words between two names only join them: "and", 和."""
    told = passage.terms("joining", between)
    return bool(told) and told[0][:2] == between


def _pronoun(term: Term, text: str) -> Mention:
    sex = {"he": "man", "she": "woman"}.get(term.name) or ("woman" if text == "她们" else None)
    return Mention(term.first, term.last, text, "adult", sex, is_pronoun=True, is_many=means_many(text))


def _objects(passage: Passage) -> list[Term]:
    """Find the pronouns for whoever does what follows: "make her", "watches him dance"."""
    return [
        term
        for term in passage.terms("object_pronoun")
        if is_made_to(passage, term)
        or passage.covers("perceiving", term.first - 1, "hear")
        or (passage.covers("perceiving", term.first - 1) and _leads_to_verb(passage, term.last))
    ]


def _leads_to_verb(passage: Passage, word: int) -> bool:
    """Tell whether a verb stands at a word, or behind adverbs there, in the form for what is perceived."""
    verb = passage.lead(Span(word, passage.clause(word - 1).last))
    return is_perceived(passage, verb) and any(passage.covers(table, verb) for table in VERB_TABLES)


def is_finite(verb: str) -> bool:
    """Tell by its form whether a verb is that of one person or of the past: "says", "said", not "say"."""
    return _FINITE.search(verb) is not None


def is_perceived(passage: Passage, verb: int) -> bool:
    """Tell by its form whether a verb can be that of whoever is seen: "dancing", not "dances"."""
    return verb < len(passage.words) and not is_finite(passage.words[verb])


def is_made_to(passage: Passage, whom: Term | Mention) -> bool:
    """Tell whether the word before somebody makes them do what follows: "let her", "tells the man to"."""
    before = whom.first - 1
    is_ordered = passage.covers("causing", before, "order")
    leads_on = passage.words[whom.last : whom.last + 1] == ["to"]
    return (is_ordered and leads_on) or passage.covers("causing", before, "verb")


class _Noun(NamedTuple):
    """A noun for somebody, words `first` up to `last`; of one made of several the last begins at `head`."""

    first: int
    last: int
    head: int
    kind: Kind


def _nouns(passage: Passage) -> list[_Noun]:
    """Find the nouns for people. "Teen boy" and "Captain Sarah" are one each."""
    nouns: list[_Noun] = []
    for term in passage.terms("person"):
        kind = cast(Kind, term.name)
        is_heading = passage.covers("key", term.first) and passage.words[term.last : term.last + 1] == ["】"]
        if is_heading or passage.covers("manner", term.first):
            continue
        if nouns and nouns[-1].last == term.first and _are_one(passage, term.first):
            before = nouns.pop()
            nouns.append(_Noun(before.first, term.last, term.first, _joined_kind(before.kind, kind)))
            continue
        last = term.last + (passage.words[term.last : term.last + 1] == ["们"])
        nouns.append(_Noun(term.first, last, term.first, kind))
    return nouns


def _are_one(passage: Passage, word: int) -> bool:
    """Tell whether two nouns beside each other are one: not in "the girls' father", nor in 男人女人."""
    between = passage.text[passage.ends[word - 1] : passage.starts[word]]
    return not is_unspaced(passage.words[word]) and not between.strip(" -")


def _outermost(mentions: Sequence[Mention]) -> list[Mention]:
    """Leave out who is named inside the name of another: 女孩 in 女孩的爸爸."""
    return [
        mention
        for number, mention in enumerate(mentions)
        if not any(other.first <= mention.first for other in mentions[number + 1 : number + 2])
    ]


def _joined_kind(first: Kind, last: Kind) -> Kind:
    """Tell what two nouns beside each other mean: the last one, with the age and sex of either."""
    sex = _SEXES.get(last) or _SEXES.get(first)
    if "animal" in (first, last) or "narrator" in (first, last):
        return last
    age: Kind = _AGES.get(last) or _AGES.get(first) or "adult"
    return _BY_AGE.get((age, sex), last if age == "adult" else age)


def _mention(passage: Passage, noun: _Noun) -> Mention:
    first, last, head, kind = noun
    start = _start_of_name(passage, first)
    end = _end_of_name(passage, last)
    own = Span(_after_owner(passage, start, first), first)
    if any(passage.covers("age", word, "old") for word in range(*own)):
        kind = _OLDER.get(kind, kind)
    elif any(passage.covers("age", word, "child") for word in range(*own)):
        kind = _YOUNGER.get(kind, kind)
    kind = _of_told_sex(passage, kind, own)
    sex = _SEXES.get(kind)
    for told in ("man", "woman"):
        if sex is None and any(passage.covers("sex", word, told) for word in range(own.first, end)):
            sex = told
    is_many = _are_many(passage, start, head, last)
    part = _start_of_part(passage, start) if is_many else None
    if part is not None:
        start, is_many = part, False
    return Mention(start, end, passage.spelt(start, end), kind, sex, is_many=is_many)


def _after_owner(passage: Passage, start: int, noun: int) -> int:
    """Skip whose somebody is, at the start of a Chinese name: 女孩的爸爸."""
    return next((word + 1 for word in range(noun - 1, start, -1) if passage.words[word] == "的"), start)


def _of_told_sex(passage: Passage, kind: Kind, before: Span) -> Kind:
    """Give a kind the sex that a word before its noun tells: "a female king", 女总裁."""
    told = passage.terms("sex_before", before)
    if not told or kind not in _SEXES:
        return kind
    return _BY_AGE[_AGES.get(kind, "adult"), told[-1].name]


def _are_many(passage: Passage, start: int, first: int, last: int) -> bool:
    """Tell whether a noun, words `first` up to `last`, means several people; its name begins at `start`."""
    name = passage.spelt(start if is_unspaced(passage.words[first]) else first, last)
    is_of_another = passage.covers("person", last) or passage.words[last : last + 2] == ["中", "的"]
    return means_many(name) and not is_of_another


def _start_of_part(passage: Passage, start: int) -> int | None:
    """Go back from "the women" to "one of": to the word for one of many, if there is one."""
    before = start - 1 if passage.words[max(start - 1, 0)] == "the" else start
    if before < 2 or passage.words[before - 1] != "of":
        return None
    part = before - 2
    is_seen = any(passage.covers(table, part) for table in _VIEWS)  # "two-shot of the couple"
    return None if is_seen or passage.covers("share_of_many", part) else part


def _start_of_name(passage: Passage, noun: int) -> int:
    """Go back from a noun over its adjectives to its article: "the old grey-haired man"."""
    if is_unspaced(passage.words[noun]):
        return _start_of_chinese_name(passage, noun)
    first = noun
    for word in range(noun - 1, max(noun - 6, passage.clause(noun).first) - 1, -1):
        if passage.covers("determiner", word):
            return word
        if passage.covers("person", word):
            break
        if _opens_with_side(passage, word) or any(
            passage.covers(table, word) for table in ("age", "sex", "adjective")
        ):
            first = word
        elif not _may_be_adjective(passage, word):
            break
    return first


def _opens_with_side(passage: Passage, word: int) -> bool:
    """Tell whether a clause begins with a place before a noun: "Left woman:"."""
    return word == passage.clause(word).first and passage.covers("side", word)


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
        if is_mark(passage.words[word]) or any(
            passage.covers(table, word) for table in ("preposition", "person", "speech", "direction")
        ):
            break
        if passage.covers("place", word) and not passage.covers("person", word - 1):
            return _with_place(passage, word)
        if passage.covers("determiner", word):
            while word - 1 >= floor and passage.covers("determiner", word - 1):
                word -= 1
            return word
        if any(passage.covers(table, word) for table in ("age", "sex", "adjective")):
            first = word
    return _after_attribute(passage, first, floor)


def _with_place(passage: Passage, word: int) -> int:
    """Go back over the word for a place that stands before somebody: 左边 in 左边的光头教练."""
    while passage.covers("place", word - 1):
        word -= 1
    return word


def _after_attribute(passage: Passage, first: int, floor: int) -> int:
    """Take in an attribute before the noun: 穿西装的 in 穿西装的男人."""
    if first - 1 < floor or passage.words[first - 1] != "的":
        return first
    start = first - 1
    while (
        start > floor
        and not is_mark(passage.words[start - 1])
        and (
            passage.covers("beside", start - 1)
            or passage.covers("posture", start - 1)
            or not passage.covers("preposition", start - 1)
        )
    ):
        start -= 1
    start = max(
        [
            start,
            *_ends_of_moves(passage, Span(start, first)),
            *_ends_of_verbs_before(passage, Span(start, first - 1)),
        ]
    )
    return first if start >= first - 1 else start


def _ends_of_verbs_before(passage: Passage, attribute: Span) -> list[int]:
    """The word after what somebody does to whom is described: 她靠近哭泣的男孩, not 她亲吻的男孩."""
    if not any(passage.covers(table, attribute.first) for table in ("person", "pronoun")):
        return []
    verbs = [term for table in (*VERB_TABLES, "move") for term in passage.terms(table, attribute)]
    return [verb.last for verb in sorted(verbs)[:1] if verb.last < attribute.last]


def _ends_of_moves(passage: Passage, attribute: Span) -> list[int]:
    """The words after what the camera does before whom it comes near: 镜头环绕跳舞的女孩."""
    number = passage.clause_of[attribute.last]
    opening = passage.clauses[max(number - 1, 0)]
    first = max(passage.clauses[number].first, attribute.first - _REACH_TO_CAMERA)
    return [
        term.last
        for table in ("move", "sure_move")
        for term in passage.terms(table, Span(first, attribute.last))
        if term.last < attribute.last
        and passage.words[term.last] != "的"
        and any(
            passage.covers("camera", word)
            for word in range(max(opening.first, term.first - _REACH_TO_CAMERA), term.last)
        )
    ]


def _end_of_name(passage: Passage, last: int) -> int:
    """Go on from a noun over "in a dark suit", "on the left", "with a beard", "sitting"."""
    sentence = passage.sentence(last - 1)
    if last < sentence.last and _is_number_of_person(passage.spelt(last, last + 1)):
        last += 1
    while last < sentence.last:
        place = _end_of_place(passage, last)
        end = place or _end_of_attribute(passage, last, sentence.last)
        if end == last:
            return last
        last = end if place else _end_of_list(passage, end, sentence.last)
    return last


def _end_of_place(passage: Passage, first: int) -> int | None:
    """End of "on the left", also between marks: "the woman, on the left, says", "Man (left):"."""
    for opens, closes in _ENCLOSING:
        if passage.words[first] != opens:
            continue
        places = [
            *passage.terms("place", Span(first + 1, first + 2)),
            *passage.terms("side", Span(first + 1, first + 2)),
        ]
        if places and passage.words[places[0].last : places[0].last + 1] == [closes]:
            return places[0].last + (closes != opens)
        return None
    places = passage.terms("place", Span(first, first + 1))
    return places[0].last if places else None


def _is_number_of_person(word: str) -> bool:
    """Tell whether a word tells persons apart: "Person A", "Detective 2", but not "the man I saw"."""
    return word.isdecimal() or (len(word) == 1 and "A" <= word <= "Z" and word != "I")


def _end_of_attribute(passage: Passage, first: int, limit: int) -> int:
    if passage.covers("posture", first) and not is_unspaced(passage.words[first]):
        return first + 1
    if not passage.covers("wearing", first):
        return first
    word = first + 1
    if word < limit and passage.covers("determiner", word):
        word += 1
    while word < limit and (passage.covers("adjective", word) or passage.covers("age", word)):
        word += 1
    if word > first + 1 and passage.covers("colour", word - 1) and not _may_be_noun(passage, word, limit):
        return word  # "the lady in red"
    if word >= limit or not passage.words[word].isalpha():
        return first
    if passage.covers("scene_place", word) or passage.covers("person", word):
        return first
    return word + 2 if _goes_on_with_noun(passage, word + 1, limit) else word + 1


def _end_of_list(passage: Passage, first: int, limit: int) -> int:
    """Go on from "with a hat" over what is joined to it, up to a verb: "and a beard says"."""
    last = first
    while last < limit and (passage.words[last] == "," or joins(passage, Span(last, last + 1))):
        noun = last + 1 + (passage.words[last : last + 2] == [",", "and"])
        is_apart = passage.words[last] == "," and noun == last + 1 and not passage.covers("determiner", noun)
        after = _end_of_joined(passage, noun, limit)
        if after is None:
            return first
        follower = passage.lead(Span(after, limit))
        if _tells_verb(passage, follower):
            is_aside = is_apart and passage.words[after] == ","  # "the officer in black, calm, answers"
            return first if is_aside else after
        last = after
    return first


def _end_of_joined(passage: Passage, first: int, limit: int) -> int | None:
    """The word after "a grey beard" or "glasses"; None where no thing is named."""
    word = noun = first + passage.covers("determiner", first)
    while word < min(limit, noun + _LONGEST_THING) and _may_be_of_thing(passage, word, noun):
        word += 1
    return word if word > noun else None


def _may_be_of_thing(passage: Passage, word: int, noun: int) -> bool:
    """Tell whether a word can belong to the name of a thing, which begins at `noun`."""
    if not passage.words[word].isalpha() or passage.covers("person", word):
        return False
    is_bare = not passage.covers("determiner", noun - 1)
    if is_bare and any(passage.covers(table, word) for table in ("scene_place", "weather", "sound", "light")):
        return False  # "a man in a hat and rain falls"
    ends = any(passage.covers(table, word) for table in ("break", "preposition")) or passage.is_filler(word)
    return word == noun or not (ends or _tells_verb(passage, word))


def _tells_verb(passage: Passage, word: int) -> bool:
    """Tell whether a word says by its form, too, that somebody does something: "nods", not "smile"."""
    if word >= len(passage.words):
        return False
    is_form = passage.words[word].endswith(("s", "ed", "ing"))
    return passage.covers("speech", word) or (
        is_form and any(passage.covers(table, word) for table in (*VERB_TABLES, "ends_name", "state"))
    )


def _may_be_noun(passage: Passage, word: int, limit: int) -> bool:
    tables = ("speech", "action", "living_action", "break", "filler", "pronoun")
    is_word = word < limit and passage.words[word].isalpha()
    return is_word and not any(passage.covers(table, word) for table in tables)


def _goes_on_with_noun(passage: Passage, word: int, limit: int) -> bool:
    """Tell whether a noun follows what was no known adjective: "with messy hair", not "with glasses nods"."""
    tables = ("speech", "action", "living_action", "break", "filler", "preposition", "person", "pronoun")
    if word >= limit or not passage.words[word].isalpha() or passage.words[word].endswith(("s", "ing", "ed")):
        return False
    return not any(passage.covers(table, word) for table in tables)
