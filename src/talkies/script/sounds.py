"""Read what is heard beside speech: ambiences and effects that a shot names or implies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, cast

from talkies.plan import AMBIENCES, Ambience, Effect, Voice
from talkies.script.actions import is_cried
from talkies.script.clock import Clock
from talkies.script.model import Action, Sound, When
from talkies.script.moments import begins_late
from talkies.script.names import told_sex
from talkies.script.passage import Passage, Span
from talkies.script.people import VERB_TABLES, Mention, People
from talkies.script.subjects import subject_of
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE

Loudness = Literal["faint", "normal", "loud"]

_REACH_BACK = 12  # words from "no sound except" to what is heard
_REACH = 3  # words around a sound in which its loudness and count are looked for
_OF_A_MOMENT = frozenset(
    {
        "applause",
        "footsteps",
        "typing",
        "heartbeat",
        "clock",
        "engine",
        "train",
        "airplane",
        "crowd",
        "bubbles",
        "helicopter",
        "hooves",
    }
)
"""Ambiences that may begin within a shot; the others are of the place, or drawn from its start as rain is."""
_LAUGHED = re.compile(
    r"\W*(?:(?:a?h[aeo]+h?\b\W*){2,}|(?:a?ha|he|hi|ho){2,}h?\b|[哈呵嘿嘻]{2,})", re.IGNORECASE
)
"""A line that is itself a laugh, or begins with one: "Ha ha ha! You are funny!"."""
_OF_SOMEBODY = frozenset({"laughter", "scream", "gasp", "sigh", "sob", "cough"})
_OWNS = frozenset({"'s", "'", "’", "of", "from", "的"})
_TOLD_BY = {
    "explosion": frozenset({"fireworks"}),  # "fireworks explode"
    "fire": frozenset({"gunshot", "gunfire"}),  # "machine gun fire"
    "thunder": frozenset({"hooves"}),  # "hooves thunder"
    "thud": frozenset({"helicopter", "hammer"}),
}
"""Sounds that may only be a word of another one, told right before."""
_CLAUSE_REACH = 24  # words or characters around a thing in which something is done with it
_STRUCK = frozenset({"bell"})  # what strikes a number: "the clock strikes three"
_MOST_TIMES = 12  # more than anybody counts in a clip


def read_sounds(
    passage: Passage,
    people: People,
    span: Span,
    position: Callable[[int], float],
    clock: Clock,
    actions: Sequence[Action],
    endings: Mapping[str, When],
) -> tuple[Sound, ...]:
    """Read the sounds of a shot in order: an ambience once, an effect once for each sentence that tells it.

    An effect for which several seconds are named is heard at each. `position(word)` is where in the shot's
    text a word stands, from 0 to 1. `actions` are the shot's: where somebody waves, no sea is heard, and who
    screams words does not scream beside. `endings` tells what stops when.
    """
    greetings = {action.position for action in actions if action.kind == "wave"}
    sounds: list[Sound] = []
    heard: set[tuple[object, ...]] = set()
    terms = sorted([*passage.terms("sound", span), *_only_heard(passage, span)])
    denied = {term for term in terms if passage.is_ruled_out(term, "sound")}
    taken_back = _taken_back(passage, denied)
    for term in terms:
        last, sentences = taken_back.get(term.name, (-1, ()))
        if term in denied or term.first < last or passage.sentence(term.first) in sentences:
            continue
        if _is_mute(passage, term) or _is_word_of_another(passage, term) or _is_by_animal(passage, term):
            continue
        if (term.name == "surf" and position(term.first) in greetings) or is_cried(passage, term):
            continue
        if term.name == "laughter" and _is_spoken(passage, term):
            continue
        is_ambience = term.name in AMBIENCES
        told_s = clock.seconds(term.first)
        moment = (term.name,) if is_ambience else (term.name, passage.sentence(term.first).first, told_s)
        if moment in heard:
            continue
        heard.add(moment)
        sound = Sound(
            kind=cast("Ambience | Effect", term.name),
            position=position(term.first),
            count=None if is_ambience else _count(passage, term, clock),
            loudness=_loudness(passage, term),
            is_distant=bool(passage.terms("distance", _around(passage, term))),
            begins_late=is_ambience
            and (any(told_s) or (term.name in _OF_A_MOMENT and begins_late(passage, term))),
            voices=_whose(passage, people, span, term) if term.name in _OF_SOMEBODY else (),
            is_quick=term.name == "footsteps" and _is_running(passage, term),
        )
        ends = endings.get(term.name) if is_ambience else None
        if ends is not None and ends.position > sound.position:
            sound = sound.model_copy(update={"ends": ends})
        times_s = told_s[:1] if is_ambience else told_s
        sounds += [sound.model_copy(update={"at_s": at_s}) for at_s in times_s or (None,)]
    return tuple(sounds)


def _only_heard(passage: Passage, span: Span) -> Iterator[Term]:
    """Find what is named where only its sound is meant: "no sound except the birds", "she hears a dog"."""
    for maker in passage.terms("sound_maker", span):
        first = max(passage.sentence(maker.first).first, maker.first - _REACH_BACK)
        before = (word for word in range(maker.last - 1, first - 1, -1) if passage.covers("heard_next", word))
        lead = next(before, None)
        if lead is not None and not any(_parts(passage, word) for word in range(lead + 1, maker.first)):
            yield maker


def _parts(passage: Passage, word: int) -> bool:
    """Tell whether a word is no part of what is heard: "no sound, just birds, and a girl dances"."""
    if passage.covers("sound_maker", word):
        return False
    return any(passage.covers(table, word) for table in ("person", "pronoun", "preposition", *VERB_TABLES))


def _is_mute(passage: Passage, term: Term) -> bool:
    """Tell whether a term only names a thing that makes no sound now: "a bell on the desk", but "bells ring".

    A thing that its clause names and nothing else is meant to be heard: "distant bells, birdsong".
    """
    things = passage.terms("mute", Span(term.first, term.first + 1))
    if not things or things[0].last < term.last:
        return False
    sentence, whole = passage.sentence(term.first), passage.clause(term.first)
    clause = Span(max(whole.first, term.first - _CLAUSE_REACH), min(whole.last, term.last + _CLAUSE_REACH))
    is_sounding = any(
        passage.covers(table, word)
        for table in ("sounding", "sound_itself")
        for word in range(*clause)
        if not term.first <= word < term.last
    )
    is_listed = any(
        heading.name == "sound" for heading in passage.terms("heading", Span(sentence.first, term.first))
    )
    return not (is_sounding or is_listed or _is_alone(passage, term, clause))


def _is_word_of_another(passage: Passage, term: Term) -> bool:
    """Tell whether a term only says what another sound does: "fireworks explode", "machine gun fire"."""
    first = max(passage.clause(term.first).first, term.first - _REACH)
    before = passage.terms("sound", Span(first, term.first))
    return any(other.name in _TOLD_BY.get(term.name, ()) for other in before)


def _is_by_animal(passage: Passage, term: Term) -> bool:
    """Tell whether steps are not a person's: "the horse walks"."""
    if term.name != "footsteps":
        return False
    before = passage.terms("person", Span(passage.clause(term.first).first, term.first))
    return bool(before) and all(other.name == "animal" for other in before)


def _is_running(passage: Passage, term: Term) -> bool:
    """Tell whether steps are those of somebody who runs."""
    clause = passage.clause(term.first)
    near = range(max(clause.first, term.first - _REACH), min(clause.last, term.last + _REACH))
    return any(passage.covers("running", word) for word in near)


def _is_alone(passage: Passage, term: Term, clause: Span) -> bool:
    """Tell whether a clause names a sound, how loud it is, and nothing else."""
    is_shown = passage.covers("wearing", clause.first)  # "with a drum", but "with distant drums"
    if is_shown and not passage.terms("loudness", Span(clause.first, term.first)):
        return False
    tables = ("loudness", "determiner", "number", "late", "sound")
    return all(
        passage.is_filler(word) or any(passage.covers(table, word) for table in tables)
        for word in range(*clause)
        if not term.first <= word < term.last
    )


def _taken_back(passage: Passage, denied: Iterable[Term]) -> dict[str, tuple[int, set[Span]]]:
    """Find the sounds that are denied by name, and so where only implied: "lightning but no thunder".

    For each the word up to which it is taken back, and further sentences in which it is. "The dog barks, then
    stops barking" takes nothing back.
    """
    found: dict[str, tuple[int, set[Span]]] = {}
    for term in denied:
        denial = passage.denial(term, "sound")
        is_ending = denial is not None and passage.covers("negation", denial, "ends")
        if _is_named(passage, term) and not is_ending:
            last, sentences = found.get(term.name, (-1, set()))
            found[term.name] = max(last, term.first), sentences | {passage.sentence(term.first)}
    return found


def _is_named(passage: Passage, term: Term) -> bool:
    """Tell whether a term names a sound, and not only what makes it: "thunder", "sound of rain", 雨声."""
    around = range(max(term.first - 2, 0), min(term.last + 1, len(passage.words)))
    return any(passage.covers("sound_itself", word) for word in around)


def _count(passage: Passage, term: Term, clock: Clock) -> int | None:
    """How often an effect is heard, if told: "barks twice", "three knocks", 敲了三下, "strikes twelve".

    A number that tells a time counts nothing.
    """
    clause = passage.clause(term.first)
    after = Span(term.first, min(clause.last, term.last + _REACH + 2))
    for times in passage.terms("times", after):
        if times.name != "times":
            return int(times.name)
        number = _number(passage, times.first - 1)
        if number is not None and not clock.covers(times.first - 1):
            return number
    for word in range(max(clause.first, term.first - _REACH), term.last):
        number = None if clock.covers(word) or _follows_at(passage, word) else _number(passage, word)
        if number is not None and not _counts_something_else(passage, word, term):
            return number
    is_struck = term.name in _STRUCK and not clock.covers(term.last)
    return _number(passage, term.last) if is_struck and term.last < clause.last else None


def _follows_at(passage: Passage, word: int) -> bool:
    """Tell whether a number says when or which: "at 3", 第3声."""
    return word > 0 and passage.covers("instant", word - 1, "at")


def _number(passage: Passage, word: int) -> int | None:
    if word < 0:
        return None
    spelt = passage.words[word]
    if spelt.isascii() and spelt.isdigit():
        return max(1, min(int(spelt[:4]), _MOST_TIMES))
    named = passage.terms("number", Span(word, word + 1))
    return int(named[0].name) if named else None


def _counts_something_else(passage: Passage, word: int, term: Term) -> bool:
    """Tell whether a number before a sound counts its makers: "two dogs bark", 一只狗叫."""
    following = passage.words[word + 1] if word + 1 < len(passage.words) else ""
    return word >= term.first or passage.covers("classifier", word + 1) or following.isdigit()


def _loudness(passage: Passage, term: Term) -> Loudness:
    """How loud a sound is told to be, by the nearest word of loudness in its clause."""
    found = passage.terms("loudness", _around(passage, term))
    if not found:
        return "normal"
    nearest = min(found, key=lambda other: max(term.first - other.last, other.first - term.last))
    return cast(Loudness, nearest.name)


def _around(passage: Passage, term: Term) -> Span:
    """The words of a sound's clause that can tell how loud and how near it is."""
    clause = passage.clause(term.first)
    return Span(max(clause.first, term.first - _REACH - 1), min(clause.last, term.last + _REACH + 1))


def _is_spoken(passage: Passage, laughter: Term) -> bool:
    """Tell whether a laugh is heard as a line of its sentence: She laughs: "Ha ha ha!"."""
    words = range(*passage.sentence(laughter.first))
    return any(
        passage.words[word] == QUOTE and _LAUGHED.match(passage.quotation_at[word].text) for word in words
    )


def _whose(passage: Passage, people: People, span: Span, laughter: Term) -> tuple[Voice, ...]:
    """Whose laughter or outcry it is; none where nothing tells, or where an audience or "they" laugh."""
    named = subject_of(passage, people, laughter.first, span.first)
    if not isinstance(named, Mention):
        named = _owner(passage, people, laughter) or named
    if not isinstance(named, Mention):
        sex = told_sex(named) if named else None
        return (sex,) if sex else ()
    speaker = people.together(named, passage.words[laughter.first]) or people.speaker(named)
    return (speaker.voice, *speaker.chorus) if speaker.voice else ()


def _owner(passage: Passage, people: People, laughter: Term) -> Mention | None:
    """Whose laughter a noun names: "the man's laughter", "laughter of children"."""
    for mention in people.within(passage.clause(laughter.first)):
        between = Span(min(mention.last, laughter.last), max(mention.first, laughter.first))
        if between.first <= between.last and set(passage.words[slice(*between)]) <= _OWNS:
            return mention
    return None
