"""Read what is done: by whom, and in the prompt's own words, so that an engine can say what it leaves out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from talkies.plan import ActionKind
from talkies.script.model import Action
from talkies.script.owners import Owner
from talkies.script.passage import Passage, Span
from talkies.script.people import Mention, People
from talkies.script.subjects import subject_of
from talkies.script.vocabulary import Term

_LONGEST_TEXT = 10  # words of an action, with what it is done to
_REACH_TO_MUSIC = 4  # words from a feeling to the music that has it
_FEELINGS = frozenset({"sadness", "anger", "surprise"})


def read_actions(
    passage: Passage,
    people: People,
    owners: Sequence[Owner],
    span: Span,
    position: Callable[[int], float],
) -> tuple[Action, ...]:
    """Read the actions of a shot in order.

    Verbs that are also nouns ("waves", "plays") count only when somebody does them. `position(word)` is where
    in the shot's text a word stands, from 0 to 1.
    """
    actions: list[Action] = []
    told: tuple[ActionKind, str | None] | None = None
    clause = -1
    terms = sorted([*passage.terms("action", span), *passage.terms("living_action", span)])
    for term in terms:
        if passage.is_negated(term) or _is_attribute(passage, term) or _is_sound_note(passage, term):
            continue
        if _is_of_music(passage, term):
            continue
        subject = _subject(passage, people, term, span)
        if _is_of_camera(passage, term, owners, subject):
            continue
        if not isinstance(subject, Mention) and passage.covers("living_action", term.first):
            continue
        if isinstance(subject, Mention) and _is_noun(passage, term, subject):
            continue
        kind, who = cast(ActionKind, term.name), _name(people, subject)
        if (kind, who) == told and passage.clause_of[term.first] == clause:
            continue
        told, clause = (kind, who), passage.clause_of[term.first]
        actions.append(
            Action(kind=kind, who=who, text=_text(passage, term, span), position=position(term.first))
        )
    return tuple(actions)


def _subject(passage: Passage, people: People, term: Term, span: Span) -> Mention | str | None:
    """Whoever does it: named before the verb, or right after a verb of saying: "shouts the boy"."""
    subject = subject_of(passage, people, term.first, span.first)
    if subject is None and passage.covers("speech", term.first):
        following = people.within(Span(term.last, term.last + 1))
        return following[0] if following else None
    return subject


def _is_of_camera(
    passage: Passage, term: Term, owners: Sequence[Owner], subject: Mention | str | None
) -> bool:
    """Tell whether it is the camera that does it: it owns the clause, and nobody in the clause can."""
    number = passage.clause_of[term.first]
    if owners[number] != "camera" or passage.covers("shot_size", passage.lead(passage.clauses[number])):
        return False
    is_done_here = isinstance(subject, Mention) and subject.first >= passage.clauses[number].first
    return not is_done_here or passage.covers("move", term.first)


def _is_noun(passage: Passage, term: Term, subject: Mention) -> bool:
    """Tell whether a verb that is also a noun stands as one: "rides a huge wave"."""
    if not passage.covers("living_action", term.first):
        return False
    first = max(subject.last, passage.clause(term.first).first)
    return any(passage.covers("determiner", word) for word in range(first, term.first))


def _is_attribute(passage: Passage, term: Term) -> bool:
    """Tell whether the words only describe: "a smiling sun", 会飞的鱼."""
    is_after_article = term.first > 0 and passage.covers("determiner", term.first - 1)
    return is_after_article and passage.words[term.first].endswith("ing")


def _is_sound_note(passage: Passage, term: Term) -> bool:
    """Tell whether a term stands in a note on the sound, which nobody does: 音效：爆炸、警报."""
    first = passage.sentence(term.first).first
    headings = passage.terms("heading", Span(first, first + 1))
    return any(
        heading.name == "sound" and passage.words[heading.last : heading.last + 1] in ([":"], ["："])
        for heading in headings
    )


def _is_of_music(passage: Passage, term: Term) -> bool:
    """Tell whether a feeling is that of the music which follows: "sad piano", 悲伤的钢琴曲."""
    if term.name not in _FEELINGS:
        return False
    following = Span(term.last, min(term.last + _REACH_TO_MUSIC, passage.clause(term.first).last))
    return bool(passage.terms("music", following) or passage.terms("instrument", following))


def _name(people: People, subject: Mention | str | None) -> str | None:
    return people.speaker(subject).text if isinstance(subject, Mention) else subject


def _text(passage: Passage, term: Term, span: Span) -> str:
    """The action's own words: from its verb to the end of its clause."""
    last = min(passage.clause(term.last - 1).last, span.last, term.first + _LONGEST_TEXT)
    last = max(last, term.last)
    return passage.spelt(term.first, last).rstrip(" ,.;:!?，。；：！？、()（）\n")
