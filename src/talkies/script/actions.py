"""Read what is done: by whom, and in the prompt's own words, so that an engine can say what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from talkies.plan import ActionKind, Speed
from talkies.script.clock import Clock
from talkies.script.feelings import find_feelings
from talkies.script.mentions import Mention
from talkies.script.model import Action
from talkies.script.owners import Owner
from talkies.script.passage import Passage, Span
from talkies.script.people import People
from talkies.script.subjects import subject_of
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE

_LONGEST_TEXT = 10  # words of an action, with what it is done to
_REACH_TO_MUSIC = 4  # words from a feeling to the music that has it
_FEELINGS = frozenset({"sadness", "anger", "surprise"})
_MARKS = " ,.;:!?，。；：！？、()（）\n-–—*&_/#~…"  # at the end of an action's words
_VERB = re.compile(r"[a-z]{2,}[a-rt-z]s")  # the form for "she"
_DOING = re.compile(r"[a-z]{3,}ing")
_SHOWING = ("shot_size", "transition", "sure_transition")  # "close-up of", "cut to": what follows is seen
_CALLS = frozenset({"cry", "sing", "gesture"})  # what birds and doors do, too
_OF_ITSELF = frozenset({"flow"})  # what nobody does: tears have somebody whose they are
_BY_WRITING = frozenset({"appear", "vanish", "flicker", "transform", "move", "fall"})
_ORDERED = frozenset(
    {"wave", "smile", "frown", "surprise", "anger", "sadness", "raise_brow", "raise_brows"}
)  # "smile and wave"
_BY_SCENERY = frozenset({"move", "dance", "run", "ride", "fly", "jump", "wave"})  # "the clouds race"
_OF_EYES = frozenset({"close_eyes", "open_eyes"})
_THEM = "them"  # "closes her eyes, then opens them"
_AIMED = frozenset({"gaze", "turn_head", "tilt_head"})  # what goes on by naming the next place alone
_PLACES = frozenset({"left", "right", "up", "down", "out"})
_LONGEST_PLACE = 4  # words of "at the old man"
_AT = "at"
_BEFORE_WORDS = ",:，："
_NOUNS = frozenset({"gesture", "walk", "run", "dance", "jump", "fight", "ride", "fall"})


def read_actions(
    passage: Passage,
    people: People,
    owners: Sequence[Owner],
    span: Span,
    position: Callable[[int], float],
    clock: Clock,
) -> tuple[Action, ...]:
    """Read the actions of a shot in order.

    Verbs that are also nouns ("waves", "plays") count only when somebody does them. `position(word)` is where
    in the shot's text a word stands, from 0 to 1.
    """
    actions: list[Action] = []
    told: tuple[ActionKind, str | None] | None = None
    clause = last = -1
    tables = ("action", "living_action", "whole_action")
    told_terms = (term for table in tables for term in passage.terms(table, span))
    terms = _longest([*told_terms, *find_feelings(passage, span)])
    for term in terms:
        if not _is_action(passage, people, term):
            continue
        subject = _subject(passage, people, term, span)
        if not _is_done(passage, term, owners, subject):
            continue
        scenery = _scenery(passage, term, subject)
        kind = cast(ActionKind, (scenery or term).name)
        who = _name(passage, people, term, subject, scenery)
        goes_on = term.first == last or who == (told and told[1])  # 随风摇曳
        if told and kind == told[0] and goes_on and passage.clause_of[term.first] == clause:
            continue
        if passage.words[term.last - 1] == _THEM and not any(action.kind in _OF_EYES for action in actions):
            continue  # other things that are opened
        if kind in _OF_EYES and term.first < last:
            continue  # "closes her eyes and opens": the eyes are those that were closed
        told, clause, last = (kind, who), passage.clause_of[term.first], term.last
        action = Action(
            kind=kind,
            who=who,
            text=_text(passage, term, span),
            speed=_speed(passage, term),
            position=position(term.first),
            at_s=next(iter(clock.seconds(term.first)), None),
            after_s=clock.after(term.first) if actions else None,
        )
        actions.append(action)
        for place in _further_places(passage, term, span) if kind in _AIMED else ():
            text = passage.spelt(*place).rstrip(_MARKS)
            actions.append(
                action.model_copy(
                    update={"text": text, "position": position(place.first), "at_s": None, "after_s": None}
                )
            )
    actions += _unknown_actions(passage, people, span, position)
    return tuple(sorted(actions, key=lambda action: action.position))


def _further_places(passage: Passage, term: Term, span: Span) -> Iterator[Span]:
    """Yield where a look or a turn goes next: "left, then right, then at the camera", "up and down"."""
    last = min(passage.sentence(term.first).last, span.last)
    for clause in passage.clauses[passage.clause_of[term.last - 1] + 1 :]:
        if clause.first >= last:
            return
        first, is_then = clause.first, False
        while first < clause.last and passage.covers("break", first, "join"):
            is_then = is_then or passage.covers("late", first, "then")
            first += 1
        rest = Span(first, clause.last)
        words = [word for word in passage.words[first : clause.last] if word not in _MARKS]
        named = [place for place in passage.terms("direction", rest) if place.name in _PLACES]
        is_named = any(place.first == first and place.last - first == len(words) for place in named)
        if words and not is_named and not (is_then and words[0] == _AT and len(words) <= _LONGEST_PLACE):
            return
        if words:
            yield rest


def _longest(terms: Sequence[Term]) -> list[Term]:
    """Drop terms inside a longer one: in "tears roll down" nothing else rolls."""
    kept: list[Term] = []
    for term in sorted(terms, key=lambda term: (term.first, -term.last, term.name)):
        if not kept or term.last > kept[-1].last or term[:2] == kept[-1][:2]:
            kept.append(term)
    return kept


def _unknown_actions(
    passage: Passage, people: People, span: Span, position: Callable[[int], float]
) -> Iterator[Action]:
    """Yield what somebody does in a verb that the vocabulary lacks: "she lights a cigarette"."""
    for mention in people.within(span):
        word = mention.last
        form = _VERB
        while word < span.last and (passage.words[word].endswith("ly") or passage.covers("being", word)):
            form = _DOING if passage.covers("being", word) else form
            word += 1
        if word == span.last or passage.is_known(word) or not form.fullmatch(passage.words[word]):
            continue
        if passage.clause_of[word] == passage.clause_of[mention.first]:
            text = _text(passage, Term(word, word + 1, "move"), span)
            yield Action(kind="move", who=people.speaker(mention).text, text=text, position=position(word))


def _is_action(passage: Passage, people: People, term: Term) -> bool:
    """Tell whether a term says what is done, whoever does it."""
    is_other = (
        is_cried(passage, term)
        or _is_seen_look(passage, term)
        or _is_attribute(passage, people, term)
        or _is_sound_note(passage, term)
        or _is_of_music(passage, term)
    )
    return not (is_other or _is_denied(passage, term))


def _is_done(passage: Passage, term: Term, owners: Sequence[Owner], subject: Mention | str | None) -> bool:
    """Tell whether it is done by what is seen: not by the camera, by nobody, or only heard."""
    if _is_heard(passage, term, subject) or _is_event(passage, term, subject):
        return False
    if _is_left_to_camera(passage, term, owners, subject):
        return False
    if isinstance(subject, Mention):
        return not _is_noun(passage, term, subject)
    is_ownerless = not _is_living(passage, term) or _scenery(passage, term, subject) is not None
    return is_ownerless or _is_ordered(passage, term)


def _is_living(passage: Passage, term: Term) -> bool:
    """Tell whether a term counts only when somebody does or has it."""
    same = passage.terms("living_action", Span(term.first, term.first + 1))
    return any(other.last == term.last for other in same) or passage.covers("feeling", term.last - 1)


def _is_ordered(passage: Passage, term: Term) -> bool:
    """Tell whether a term is an order, or goes on with one: "wave hello", "lower your head, look sad"."""
    clause = passage.clause(term.first)
    number = passage.clause_of[term.first]
    if term.name not in _ORDERED or not _opens_as_order(passage, clause, term.first):
        return False
    before = passage.clauses[max(number - 1, 0)]
    opens = passage.sentence(term.first).first == clause.first
    return opens or _opens_as_order(passage, before, passage.lead(before))


def _opens_as_order(passage: Passage, clause: Span, verb: int) -> bool:
    """Tell whether a clause begins with a verb in its base form: "smile", not "smiles" nor "a smile"."""
    if verb >= clause.last or passage.lead(clause) != verb:
        return False
    if any(passage.covers("determiner", word) for word in range(clause.first, verb)):
        return False
    tables = ("action", "living_action", "seeming", "move")
    is_verb = any(passage.covers(table, verb) for table in tables)
    return is_verb and not passage.words[verb].endswith(("s", "ing", "ed"))


def _scenery(passage: Passage, term: Term, subject: Mention | str | None) -> Term | None:
    """The scenery that moves by itself, and how: clouds that are "moving" or "racing" drift."""
    named = passage.terms("scenery", Span(passage.clause(term.first).first, term.first))
    if not named or isinstance(subject, Mention) or term.name not in _BY_SCENERY:
        return None
    before = named[0].first - 1
    while before >= 0 and passage.covers("determiner", before):
        before -= 1
    is_place = before >= 0 and passage.covers("preposition", before) and passage.words[before] != "of"
    return None if is_place else named[0]


def _subject(passage: Passage, people: People, term: Term, span: Span) -> Mention | str | None:
    """Whoever does it: named before the verb, or right after a verb of saying: "shouts the boy".

    In 跳舞的女孩 it is she who is named by it. None where the term names it ("waves crash") or quoted words
    do it.
    """
    is_named = term.name in _OF_ITSELF and passage.covers("whole_action", term.first)
    if is_named or _is_of_writing(passage, term):
        return None
    described = people.around(term.first)
    if described is not None:
        return described
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


def _is_left_to_camera(
    passage: Passage, term: Term, owners: Sequence[Owner], subject: Mention | str | None
) -> bool:
    """Tell whether nobody but the camera can do it: it owns the clause, and nobody in the clause can."""
    number = passage.clause_of[term.first]
    lead = passage.lead(passage.clauses[number])
    if owners[number] != "camera":
        return False
    if any(passage.covers(table, lead) for table in _SHOWING):
        return any(passage.covers(table, term.first) for table in _SHOWING)
    is_aside = lead == term.first and passage.words[lead].endswith("ing")  # "cut to children, laughing"
    is_done_here = isinstance(subject, Mention) and (
        is_aside or subject.first >= passage.clauses[number].first
    )
    return not is_done_here or passage.covers("move", term.first)


def _is_noun(passage: Passage, term: Term, subject: Mention) -> bool:
    """Tell whether a verb that is also a noun stands as one: "rides a huge wave"."""
    if not _is_living(passage, term):
        return False
    does = any(passage.covers(table, term.last) for table in ("action", "living_action"))
    if passage.words[term.last - 1] == "waves" and (does or passage.covers("perceiving", term.first - 1)):
        return True  # "where waves roll", "hears waves"
    first = max(subject.last, passage.clause(term.first).first)
    return any(passage.covers("determiner", word) for word in range(first, term.first))


def is_cried(passage: Passage, term: Term) -> bool:
    """Tell whether somebody only cries or screams words: she cries, "Wait!"."""
    if not passage.covers("called_out", term.last - 1):
        return False
    if passage.covers("called_out", term.last - 1, "animal"):
        return _is_barked(passage, term)
    after = passage.words[term.last : term.last + 2]
    leads = after[:1] == [QUOTE] or (after[1:] == [QUOTE] and after[0] in _BEFORE_WORDS)
    return (
        leads or QUOTE in passage.words[max(term.first - 2, passage.sentence(term.first).first) : term.first]
    )


def _is_barked(passage: Passage, term: Term) -> bool:
    """Tell whether somebody says words as an animal calls: The guard barks at his men: "Halt!"."""
    sentence = passage.sentence(term.first)
    before = passage.terms("person", Span(sentence.first, term.last))
    if before and before[-1].name == "animal":
        return False
    if QUOTE in passage.words[max(term.first - 2, sentence.first) : term.first]:
        return True
    quote = next((word for word in range(term.last, sentence.last) if passage.words[word] == QUOTE), None)
    is_led = quote is not None and (quote == term.last or passage.words[quote - 1] in _BEFORE_WORDS)
    return quote is not None and is_led and not passage.terms("speech", Span(term.last, quote))


def _is_seen_look(passage: Passage, term: Term) -> bool:
    """Tell whether a look is only looked at: "sees her worried face", but "with a sad look", "happy face"."""
    if not passage.covers("look", term.last - 1):
        return False
    is_with = passage.covers("wearing", term.first - 1) or passage.covers("wearing", term.first - 2)
    return not (is_with or passage.lead(passage.clause(term.first)) == term.first)


def _is_attribute(passage: Passage, people: People, term: Term) -> bool:
    """Tell whether the words only describe: "a smiling sun", 会飞的鱼, but not "sees her smiling"."""
    before = Span(term.first - 1, term.first)
    if not passage.covers("determiner", before.first) or not passage.words[term.first].endswith("ing"):
        return False
    return not any(one.last == term.first for one in people.within(before))


def _is_sound_note(passage: Passage, term: Term) -> bool:
    """Tell whether a term stands in a note on the sound, which nobody does: 音效：爆炸、警报."""
    first = passage.sentence(term.first).first
    headings = passage.terms("heading", Span(first, first + 1))
    return any(
        heading.name == "sound" and passage.words[heading.last : heading.last + 1] in ([":"], ["："])
        for heading in headings
    )


def _is_of_music(passage: Passage, term: Term) -> bool:
    """Tell whether it is the music which follows that has it: "sad piano", "dance music", 悲伤的钢琴曲."""
    if passage.covers("music", term.last):
        return True
    if term.name not in _FEELINGS:
        return False
    following = Span(term.last, min(term.last + _REACH_TO_MUSIC, passage.clause(term.first).last))
    return bool(passage.terms("music", following) or passage.terms("instrument", following))


def _name(
    passage: Passage, people: People, term: Term, subject: Mention | str | None, scenery: Term | None
) -> str | None:
    if scenery is not None:
        named = passage.spelt(scenery.first, scenery.last)
        return subject if isinstance(subject, str) and named in subject else named
    if not isinstance(subject, Mention):
        return subject
    return (people.together(subject, passage.words[term.first]) or people.speaker(subject)).text


def _speed(passage: Passage, term: Term) -> Speed:
    """The speed that is told right beside an action, or within its words: "slowly closes", 慢慢地闭上."""
    clause = passage.clause(term.first)
    first, last = max(term.first - 1, clause.first), min(term.last + 1, clause.last)
    beside = [speed for speed in passage.terms("speed", clause) if speed.last >= first and speed.first < last]
    return cast(Speed, beside[0].name) if beside else "normal"


def _text(passage: Passage, term: Term, span: Span) -> str:
    """The action's own words: from its verb to the end of its clause."""
    last = min(passage.clause(term.last - 1).last, span.last, term.first + _LONGEST_TEXT)
    last = max(last, term.last)
    first = term.first
    if _is_of_writing(passage, term):
        first -= 1
    return passage.spelt(first, last).rstrip(_MARKS)
