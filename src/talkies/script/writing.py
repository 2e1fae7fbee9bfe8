"""Tell writing from speech: which quotations only stand on a sign, in a name or between marks of doubt.

Some things are there to be read (`noun`: "sign"), some only bear words now and then (`thing`: "shirt"): of
these somebody may as well speak while he wears or holds one.
"""

from __future__ import annotations

from talkies.script.mentions import Mention
from talkies.script.passage import Passage, Span
from talkies.script.people import People
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE, is_mark, is_unspaced

_REACH = 6  # words from a quotation to the sign that shows it
_DOUBTED_WORDS = 3  # the longest name, or word in doubt
_CLEAR_END = ".!?,。！？，…"
_BEARERS = ("noun", "thing", "word")


def is_said_by_writing(passage: Passage, people: People, verb: int, before: Span) -> bool:
    """Tell whether a sign says it, or stands between the verb of saying and the quotation."""
    return _says(passage, people, verb, before) or _is_read_off(passage, people, verb, before)


def is_shown_before(passage: Passage, people: People, before: Span) -> bool:
    """Tell whether the words before a quotation speak of something written: a sign: "Open"."""
    return any(
        before.last - term.last <= _REACH and _shows(passage, people, term, before)
        for term in passage.terms("writing", before)
    )


def is_shown_after(passage: Passage, word: int) -> bool:
    """Tell whether a sign follows, or leads on from, a quotation: “营业中”的招牌, "SALE" on the wall."""
    last = min(passage.sentence(word).last, word + 1 + _REACH)
    for at in range(word + 1, last):
        if passage.words[at] == QUOTE:
            return False
        if passage.covers("writing", at, "thing") and not passage.covers("preposition", word + 1):
            continue
        if passage.covers("writing", at) or passage.covers("writing_after", at):
            return True
    return False


def is_set_off(passage: Passage, word: int) -> bool:
    """Tell whether the marks only set off a word: my dog "Rex", a "magical" forest, “神奇”的森林."""
    text = passage.quotation_at[word].text
    if text[-1] in _CLEAR_END:
        return False
    following = "" if word + 1 == passage.sentence(word).last else passage.words[word + 1]
    if following == "的" or passage.covers("set_off", word + 1, "after"):
        return True
    if passage.covers("set_off", word - 1, "before"):
        return True
    if word == 0 or is_mark(passage.words[word - 1]) or len(text.split()) > _DOUBTED_WORDS:
        return False
    goes_on = following != "" and not is_mark(following) and not is_unspaced(following)
    return _leads_to_name(passage, word, goes_on=goes_on)


def is_given_as_name(passage: Passage, people: People, word: int, before: Span) -> bool:
    """Tell whether somebody is only called by it: they call him "Lucky", but not: she calls him: "Come!"."""
    verbs = passage.terms("naming", before)
    if not verbs or passage.quotation_at[word].text[-1] in _CLEAR_END:
        return False
    verb = verbs[-1]
    if verb.last == word:
        return _is_whom_others_call(passage, people, Span(before.first, verb.first))
    is_named = any(passage.covers(table, verb.last) for table in ("determiner", "named", "person"))
    somebody = people.within(Span(verb.last, verb.last + 1))
    rest = range(somebody[0].last if somebody else verb.last + 1, word)
    ends = any(passage.covers(table, at) for table in ("preposition", "break") for at in rest)
    return is_named and not (ends or any(is_mark(passage.words[at]) for at in rest))


def _is_whom_others_call(passage: Passage, people: People, before: Span) -> bool:
    """Tell whether words end with somebody and who calls them: "the man they call"."""
    *_, whom, who = (None, None, *people.within(before))
    if whom is None or who is None or who.last != before.last:
        return False
    return all(passage.covers("break", word, "relative") for word in range(whom.last, who.first))


def _leads_to_name(passage: Passage, word: int, *, goes_on: bool) -> bool:
    """Tell whether an article, a preposition or, in a sentence that goes on, a noun stands before a word."""
    before = word - 1
    if passage.covers("determiner", before):
        return True
    if passage.covers("preposition", before):
        return goes_on or not passage.covers("preposition", before, "unsure")
    is_noun = word > 1 and passage.covers("determiner", word - 2) and not passage.covers("action", before)
    return is_noun and goes_on and not passage.covers("break", word + 1)


def _says(passage: Passage, people: People, verb: int, before: Span) -> bool:
    """Tell whether a sign is what says something: "the sign on the wall says", "a shirt that says"."""
    clause = Span(max(passage.clause(verb).first, before.first), verb)
    signs, named = _bearers(passage, clause), _named(passage, people, clause)
    if signs and signs[-1].last == verb and passage.words[verb].endswith("ing"):
        return True
    if named:
        return bool(signs) and _comes_first(passage, signs[0], named[0], clause)
    if passage.covers("break", clause.first, "relative"):
        return any(sign.last == clause.first for sign in _bearers(passage, before))
    earlier = Span(passage.sentence(verb).first, clause.first)
    return (
        _is_subject(passage, people, signs, clause)
        or _is_meant_by_it(passage, people, clause)
        or (passage.lead(clause) >= verb and _is_spoken_of(passage, people, earlier))
    )


def _comes_first(passage: Passage, sign: Term, somebody: Mention, clause: Span) -> bool:
    """Tell whether a sign is named before somebody, and not only as a place: "on the screen a girl says"."""
    is_place = _is_place(passage, Span(clause.first, sign.first))
    is_placed = is_place or is_unspaced(passage.words[clause.last])
    return sign.first < somebody.first and not is_placed


def _is_subject(passage: Passage, people: People, signs: list[Term], clause: Span) -> bool:
    """Tell whether a sign says it where its clause names nobody: "she enters and the sign says"."""
    earlier = Span(passage.sentence(clause.first).first, clause.first)
    is_sign = any(sign.name == "noun" for sign in signs)
    is_alone = not _named(passage, people, earlier)
    return bool(signs) and (
        is_alone or (is_sign and not _is_place(passage, Span(clause.first, signs[0].first)))
    )


def _is_meant_by_it(passage: Passage, people: People, clause: Span) -> bool:
    """Tell whether an "it" says it that means writing: "she holds up a sign, it says"."""
    if not any(passage.covers("pronoun", word, "it") for word in range(*clause)):
        return False
    earlier = Span(passage.sentence(clause.first).first, clause.first)
    return bool(_bearers(passage, clause)) or _speaks_of_writing(passage, people, earlier)


def _is_spoken_of(passage: Passage, people: People, earlier: Span) -> bool:
    """Tell whether the clauses before are of a sign and name nobody: "the screen flickers and says"."""
    return not _named(passage, people, earlier) and _opens_with_writing(passage, earlier)


def _speaks_of_writing(passage: Passage, people: People, earlier: Span) -> bool:
    """Tell whether an "it" means writing: that of its sentence or the one before, if no animal is there."""
    first = passage.sentence(max(earlier.first - 1, 0)).first
    span = Span(first, earlier.last)
    is_animal = any(one.kind == "animal" for one in people.within(span))
    return bool(_bearers(passage, span)) and not is_animal


def _opens_with_writing(passage: Passage, span: Span) -> bool:
    """Tell whether a sentence is about a sign: "the old screen flickers and says", not "Bo lifts a sign"."""
    signs = _bearers(passage, span)
    return bool(signs) and all(
        passage.is_filler(word)
        or any(passage.covers(table, word) for table in ("determiner", "adjective", "age"))
        for word in range(span.first, signs[0].first)
    )


def _is_place(passage: Passage, lead: Span) -> bool:
    """Tell whether the noun after these words is only where somebody is: "on the screen a girl says"."""
    return any(passage.covers("preposition", word) for word in range(*lead))


def _is_read_off(passage: Passage, people: People, verb: int, before: Span) -> bool:
    """Tell whether writing stands after the verb: "she talks, subtitle:"; not so in "reads from a letter"."""
    shown = passage.terms("writing", Span(verb, before.last))
    if not shown or passage.covers("speech", verb, "aloud"):
        return False
    sign = shown[-1]
    is_of_somebody = any(one.last > sign.first for one in people.within(Span(verb, sign.first)))
    if sign.name == "word" or is_of_somebody:
        return False
    is_led = before.last > verb and is_mark(passage.words[before.last - 1])
    if sign.name == "lead":
        return not is_led and _is_right_before(passage, sign, before.last)
    clause = passage.clause(sign.first)
    is_apart = clause != passage.clause(verb) and not _is_place(passage, Span(clause.first + 1, sign.first))
    return not is_led or (is_apart and sign.name != "thing")


def _shows(passage: Passage, people: People, term: Term, before: Span) -> bool:
    """Tell whether a term for writing is what shows the quotation that follows."""
    if term.name == "lead":
        return _is_right_before(passage, term, before.last)
    if term.name == "word" and _named(passage, people, Span(before.first, term.first)):
        return _is_right_before(passage, term, before.last)
    if term.name == "thing" and _named(passage, people, Span(before.first, term.first)):
        return term.last == before.last
    is_attribute = passage.covers("determiner", term.first - 1)  # "an embroidered coat"
    return term.name != "verb" or not is_attribute


def _is_right_before(passage: Passage, term: Term, word: int) -> bool:
    return all(is_mark(passage.words[at]) or passage.is_filler(at) for at in range(term.last, word))


def _bearers(passage: Passage, span: Span) -> list[Term]:
    return [term for term in passage.terms("writing", span) if term.name in _BEARERS]


def _named(passage: Passage, people: People, span: Span) -> list[Mention]:
    """The people in a span who are no mere owners: not the man in "the man's shirt"."""
    return [one for one in people.within(span) if passage.words[one.last : one.last + 1] != ["'s"]]
