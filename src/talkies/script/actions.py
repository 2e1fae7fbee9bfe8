"""Read what is done: by whom, and in the prompt's own words, so that an engine can say what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from talkies.plan import ActionKind
from talkies.script.model import Action
from talkies.script.owners import Owner
from talkies.script.passage import Passage, Span
from talkies.script.people import Mention, People
from talkies.script.subjects import subject_of
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE

_LONGEST_TEXT = 10  # words of an action, with what it is done to
_REACH_TO_MUSIC = 4  # words from a feeling to the music that has it
_FEELINGS = frozenset({"sadness", "anger", "surprise"})
_VERB = re.compile(r"[a-z]{2,}[a-rt-z]s")  # the form for "she"
_DOING = re.compile(r"[a-z]{3,}ing")
_IS = ("is", "are")
_CALLS = frozenset({"cry", "sing"})  # what birds do, too
_OF_ITSELF = frozenset({"flow"})  # what nobody does: tears have somebody whose they are
_BY_WRITING = frozenset({"appear", "vanish", "flicker", "transform", "move", "fall"})
_NOUNS = frozenset({"gesture", "walk", "run", "dance", "jump", "fight", "ride", "fall"})


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
    clause = last = -1
    tables = ("action", "living_action", "whole_action")
    terms = _longest(sorted(term for table in tables for term in passage.terms(table, span)))
    for term in terms:
        if not _is_action(passage, term):
            continue
        subject = _subject(passage, people, term, span)
        if not _is_done(passage, term, owners, subject):
            continue
        kind, who = cast(ActionKind, term.name), _name(passage, people, term, subject)
        goes_on = term.first == last or who == (told and told[1])  # 随风摇曳
        if told and kind == told[0] and goes_on and passage.clause_of[term.first] == clause:
            continue
        told, clause, last = (kind, who), passage.clause_of[term.first], term.last
        actions.append(
            Action(kind=kind, who=who, text=_text(passage, term, span), position=position(term.first))
        )
    actions += _unknown_actions(passage, people, span, position)
    return tuple(sorted(actions, key=lambda action: action.position))


def _longest(terms: Sequence[Term]) -> list[Term]:
    """Keep of terms that begin together only the longest: "opens his eyes" opens nothing else."""
    lasts = {term.first: term.last for term in sorted(terms)}
    return [term for term in terms if term.last == lasts[term.first]]


def _unknown_actions(
    passage: Passage, people: People, span: Span, position: Callable[[int], float]
) -> Iterator[Action]:
    """Yield what somebody does in a verb that the vocabulary lacks: "she lights a cigarette"."""
    for mention in people.within(span):
        word = mention.last
        form = _VERB
        while word < span.last and (passage.words[word].endswith("ly") or passage.words[word] in _IS):
            form = _DOING if passage.words[word] in _IS else form
            word += 1
        if word == span.last or passage.is_known(word) or not form.fullmatch(passage.words[word]):
            continue
        if passage.clause_of[word] == passage.clause_of[mention.first]:
            text = _text(passage, Term(word, word + 1, "move"), span)
            yield Action(kind="move", who=people.speaker(mention).text, text=text, position=position(word))


def _is_action(passage: Passage, term: Term) -> bool:
    """Tell whether a term says what is done, whoever does it."""
    is_other = _is_attribute(passage, term) or _is_sound_note(passage, term) or _is_of_music(passage, term)
    return not (is_other or _is_denied(passage, term))


def _is_done(passage: Passage, term: Term, owners: Sequence[Owner], subject: Mention | str | None) -> bool:
    """Tell whether it is done by what is seen: not by the camera, by nobody, or only heard."""
    if _is_heard(passage, term, subject) or _is_event(passage, term, subject):
        return False
    if _is_of_camera(passage, term, owners, subject):
        return False
    if isinstance(subject, Mention):
        return not _is_noun(passage, term, subject)
    return not passage.covers("living_action", term.first)


def _subject(passage: Passage, people: People, term: Term, span: Span) -> Mention | str | None:
    """Whoever does it: named before the verb, or right after a verb of saying: "shouts the boy".

    None where the term names it ("waves crash") or quoted words do it.
    """
    is_named = term.name in _OF_ITSELF and passage.covers("whole_action", term.first)
    if is_named or _is_of_writing(passage, term):
        return None
    subject = subject_of(passage, people, term.first, span.first)
    if subject is None and passage.covers("speech", term.first):
        following = people.within(Span(term.last, term.last + 1))
        return following[0] if following else None
    return subject


def _is_denied(passage: Passage, term: Term) -> bool:
    """Tell whether it is denied; not so "nods" in "smiles without showing teeth and nods"."""
    if not passage.is_negated(term):
        return False
    clause = passage.clause(term.first)
    begins_anew = passage.covers("break", clause.first, "join") and passage.words[term.first].endswith("s")
    return not begins_anew or any(
        passage.covers("negation", word, "no") for word in range(clause.first, term.last)
    )


def _is_heard(passage: Passage, term: Term, subject: Mention | str | None) -> bool:
    """Tell whether it is a call, heard as a sound, and nobody's face shows it: "seagulls crying"."""
    is_human = isinstance(subject, Mention) and subject.kind != "animal"
    clause = Span(passage.clause(term.first).first, term.last)
    return term.name in _CALLS and not is_human and bool(passage.terms("sound", clause))


def _is_event(passage: Passage, term: Term, subject: Mention | str | None) -> bool:
    """Tell whether a verb that nobody does is a noun: "a knock at the door"."""
    is_noun = term.first > 0 and passage.covers("determiner", term.first - 1)
    return term.name in _NOUNS and subject is None and is_noun


def _is_of_writing(passage: Passage, term: Term) -> bool:
    """Tell whether it is quoted words that do it: the title "Midnight" appears."""
    first = term.first
    follows_quote = first > passage.sentence(first).first and passage.words[first - 1] == QUOTE
    return follows_quote and term.name in _BY_WRITING


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


def _name(passage: Passage, people: People, term: Term, subject: Mention | str | None) -> str | None:
    if not isinstance(subject, Mention):
        return subject
    return (people.together(subject, passage.words[term.first]) or people.speaker(subject)).text


def _text(passage: Passage, term: Term, span: Span) -> str:
    """The action's own words: from its verb to the end of its clause."""
    last = min(passage.clause(term.last - 1).last, span.last, term.first + _LONGEST_TEXT)
    last = max(last, term.last)
    first = term.first
    if _is_of_writing(passage, term):
        first -= 1
    return passage.spelt(first, last).rstrip(" ,.;:!?，。；：！？、()（）\n")
