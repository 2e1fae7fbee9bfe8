"""Find the subject of a verb: who says, waves or walks, also when the sentence named them earlier."""

from __future__ import annotations

from talkies.script.mentions import VERB_TABLES, Mention, is_made_to, is_perceived
from talkies.script.names import tells_somebody
from talkies.script.passage import Passage, Span
from talkies.script.people import People
from talkies.script.words import QUOTE, is_mark, is_unspaced

_NOT_WHILE_WATCHING = frozenset(
    {
        *("walk", "run", "dance", "jump", "ride", "fly", "swim", "play", "fight", "fall"),
        *("move", "flow", "sway", "drift", "flicker", "appear", "vanish", "transform"),
    }
)
_BEFORE_A_NAME = ("causing", "leads_to")  # "make the robot nod", "revealing a Zorblax"
_LONGEST_NAME = 6  # words of a subject that the vocabulary does not know
_LONGEST_CHINESE_NAME = 8  # characters of one
_MOST_CLAUSES = 8  # clauses back in which the subject of a verb is looked for
_LONGEST_ASIDE = 4  # words of "exhausted," between an unknown subject and its verb


def subject_of(passage: Passage, people: People, verb: int, floor: int) -> Mention | str | None:
    """Name the subject of the verb at a word: somebody known, other words of the prompt, or None.

    `floor` is the first word that may be looked at. In "the boy runs to his mother and says" it is the boy:
    a clause without a subject of its own goes on with the one before.
    """
    number = passage.clause_of[verb]
    clause = Span(max(passage.clauses[number].first, floor), verb)
    start = max(floor, passage.sentence(verb).first)
    known = (
        _made_to(passage, people, clause)
        or _acting(passage, people, clause)
        or _described(passage, people, clause, floor)
        or _meant_by_who(passage, people, Span(start, passage.clauses[number].first))
    )
    if known is not None:
        return known
    unknown = _unknown_subject(passage, clause)
    is_how = unknown is not None and _leads_to_quote(passage, verb) and not tells_somebody(unknown)
    if unknown is not None and not is_how:
        return unknown
    return (
        _one_of_many(passage, clause)
        or _subject_before(passage, people, number, start)
        or _acting(passage, people, Span(start, verb))
        or unknown
    )


def _subject_before(passage: Passage, people: People, number: int, start: int) -> Mention | str | None:
    """Who does it by the clauses before a numbered one, back to the word `start`, the nearest first."""
    for clause in reversed(passage.clauses[max(number - _MOST_CLAUSES, 0) : number]):
        if clause.last <= start:
            return None
        lead = passage.lead(clause)
        known = _acting(passage, people, Span(max(clause.first, start), clause.last))
        known = known or (_described(passage, people, clause, start) if _does(passage, clause) else None)
        if known is not None and known.first <= lead:
            return known
        earlier = _unknown_before_verb(passage, clause) if known is None else None
        if earlier is not None:
            return earlier
    return _before_aside(passage, passage.clauses[number].first, start)


def _before_aside(passage: Passage, first: int, start: int) -> str | None:
    """The unknown subject that opens a sentence before an aside: "A tall Zorblax, exhausted, says"."""
    clause = passage.clause(start)
    is_opening = clause.first == start and passage.covers("determiner", start)
    return _unknown_subject(passage, clause) if is_opening and first - clause.last <= _LONGEST_ASIDE else None


def _described(passage: Passage, people: People, clause: Span, floor: int) -> Mention | None:
    """Whoever a clause goes on to describe before it says what they do: "a boy with messy hair nods".

    What describes them may go on in a further clause: "a boy with messy hair and glasses nods".
    """
    before = people.within(Span(max(floor, passage.sentence(clause.first).first), clause.first))
    if not before or _is_object(passage, before[-1]):
        return None
    is_right_before = before[-1].last == clause.first and passage.covers("wearing", clause.first)
    return before[-1] if is_right_before or before[-1].last > clause.first else None


def _does(passage: Passage, clause: Span) -> bool:
    """Tell whether a clause holds a verb of somebody."""
    return any(passage.terms(table, clause) for table in VERB_TABLES)


def _one_of_many(passage: Passage, clause: Span) -> str | None:
    """The Chinese words for one of those last named: 一个, 另一个."""
    terms = [term for term in passage.terms("one_of_many", clause) if is_unspaced(passage.words[term.first])]
    is_alone = bool(terms) and passage.lead(Span(terms[-1].last, clause.last)) == clause.last
    return passage.spelt(terms[-1].first, terms[-1].last) if is_alone else None


def _leads_to_quote(passage: Passage, verb: int) -> bool:
    return any(passage.words[word] == QUOTE for word in range(verb, passage.sentence(verb).last))


def _meant_by_who(passage: Passage, people: People, before: Span) -> Mention | None:
    """Whoever stands right before a "who": in "they bark at somebody who knocks" it is that somebody."""
    if before.last == len(passage.words) or not passage.covers("break", before.last, "relative"):
        return None
    named = people.within(before)
    is_near = bool(named) and all(is_mark(word) for word in passage.words[named[-1].last : before.last])
    return named[-1] if is_near else None


def _acting(passage: Passage, people: People, span: Span) -> Mention | None:
    """The first in a span who is not merely spoken to, looked at or an owner: 对服务员说, "with the man"."""
    named = people.within(span)
    for number, mention in enumerate(named):
        following = named[number + 1] if number + 1 < len(named) else None
        if (
            not _is_object(passage, mention)
            and not _owns(passage, mention, span)
            and not _places(passage, mention, following)
        ):
            return mention
    return None


def _is_object(passage: Passage, mention: Mention) -> bool:
    """Tell whether somebody is only spoken to or looked at, by the word before; not so in "cut to her"."""
    before = mention.first - 1
    shows = passage.covers("transition", before) or passage.covers("sure_transition", before)
    return before >= 0 and passage.covers("object_marker", before) and not shows


def _made_to(passage: Passage, people: People, before: Span) -> Mention | str | None:
    """Whoever is perceived or made to do what the verb behind a span says: "she hears the man say"."""
    named = people.within(before)
    if not named:
        return _thing_seen(passage, people, before)
    whom = named[-1]
    if not all(passage.is_filler(word) for word in range(whom.last, before.last)):
        return _thing_seen(passage, people, before)
    is_made = is_made_to(passage, whom) or _is_seen(passage, whom.first - 1, before.last)
    return whom if is_made else None


def _is_seen(passage: Passage, at: int, verb: int) -> bool:
    """Tell whether the word before somebody perceives them, and no other has kept on looking at them.

    Who looks on may smile at it: 他看着她笑, but cannot dance: 他看着她跳舞. In 他看到她说 it is he who says.
    """
    if not passage.covers("perceiving", at) or not is_perceived(passage, verb):
        return False
    if is_unspaced(passage.words[verb]) and passage.covers("speech", verb):
        return passage.covers("perceiving", at, "hear")
    return not passage.covers("perceiving", at, "look") or _takes_the_eyes(passage, verb)


def _thing_seen(passage: Passage, people: People, before: Span) -> str | None:
    """What is perceived to do it: "he watches the birds fly", but not "he watches the film laughing"."""
    terms = [term for term in passage.terms("perceiving", before) if term.name != "look"]
    if not terms or not is_perceived(passage, before.last):
        return None
    if passage.words[before.last].endswith("ing") and not _takes_the_eyes(passage, before.last):
        return None
    thing = Span(terms[-1].last, before.last)
    return None if people.within(thing) else _unknown_subject(passage, thing)


def _takes_the_eyes(passage: Passage, verb: int) -> bool:
    """Tell whether a verb is nothing that somebody does while watching."""
    terms = (term for table in VERB_TABLES for term in passage.terms(table, Span(verb, verb + 1)))
    return any(term.name in _NOT_WHILE_WATCHING for term in terms)


def _owns(passage: Passage, mention: Mention, span: Span) -> bool:
    """Tell whether it is something of somebody's that follows: "the woman's hair", not "she's smiling"."""
    if passage.text[passage.ends[mention.last - 1] :][:1] in ("'", "’"):  # "the girls' father"
        return True
    thing = mention.last + 1
    if mention.is_pronoun or thing >= span.last or passage.words[mention.last] != "'s":
        return False
    return not any(passage.covers(table, thing) for table in VERB_TABLES)


def _places(passage: Passage, mention: Mention, following: Mention | None) -> bool:
    """Tell whether somebody only tells which other is meant: 男人身边的女人."""
    if following is None:
        return False
    at = mention.last
    while at < following.last and passage.covers("beside", at):
        at += 1
    return passage.words[at] == "的" and following.first <= at + 1


def _unknown_before_verb(passage: Passage, clause: Span) -> str | None:
    """The subject of an earlier clause that the vocabulary does not know: "Zorblax nods and says"."""
    verbs = (passage.terms(table, clause) for table in ("action", "speech"))
    first = min((terms[0].first for terms in verbs if terms), default=None)
    return None if first is None else _unknown_subject(passage, Span(clause.first, first))


def _unknown_subject(passage: Passage, clause: Span) -> str | None:
    """The words before a verb in its clause, if they can be a subject: "the toaster", "Zorblax"."""
    first = clause.first
    while first < clause.last and passage.is_filler(first) and not passage.covers("determiner", first):
        first += 1
    while first < clause.last and any(passage.covers(table, first) for table in _BEFORE_A_NAME):
        first += 1
    last = clause.last
    while last > first and (passage.is_filler(last - 1) or passage.covers("manner", last - 1)):
        last -= 1
    is_film = any(passage.covers(table, first) for table in ("shot_size", "sure_transition"))
    if first < last and is_film:  # "close-up of the milk swirling"
        first = next((word + 1 for word in range(first, last) if passage.covers("framed_by", word)), first)
    if first == last or passage.covers("preposition", first) or _holds_verb(passage, Span(first, last)):
        return None
    longest = _LONGEST_CHINESE_NAME if is_unspaced(passage.words[first]) else _LONGEST_NAME
    return passage.spelt(first, last) if last - first <= longest else None


def _holds_verb(passage: Passage, span: Span) -> bool:
    tables = ("action", "living_action", "whole_action", "speech", "manner", "camera", "language")
    return any(
        is_mark(passage.words[word])
        or passage.words[word] == QUOTE
        or any(passage.covers(table, word) for table in tables)
        for word in range(span.first, span.last)
    )
