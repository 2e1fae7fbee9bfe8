"""Tell speech from writing: which quotations are said aloud, and which words around them tell of it."""

from __future__ import annotations

from typing import NamedTuple

from talkies.script.passage import Passage, Span
from talkies.script.people import People
from talkies.script.words import QUOTE, is_mark, is_unspaced

_REACH_ON = 14  # words after a quotation in which its "said the girl" is looked for
_VERB_REACH_ON = 7  # and its verb
_WRITING_REACH = 6  # words from a quotation to the sign that shows it
_SCARE_QUOTE_WORDS = 3
_COLONS = ":："


class Tag(NamedTuple):
    """The words that tell of a quotation: "the old man says softly:".

    `verb` is the word of saying; None for a label such as `Man:`.
    """

    span: Span
    verb: int | None
    is_before: bool


def tag_of(passage: Passage, word: int, floor: int) -> Tag | None:
    """Find the tag of the quotation at `word`; `floor` is the first word of its shot. None if it has none."""
    before = words_before(passage, word, floor)
    verb = _last_verb(passage, before)
    if verb is not None or _ends_in_colon(passage, before):
        return Tag(before, verb, is_before=True)
    after = _words_after(passage, word)
    verb = _first_verb(passage, after)
    return None if verb is None else Tag(after, verb, is_before=False)


def words_before(passage: Passage, word: int, floor: int) -> Span:
    """The words of a quotation's sentence that stand before it, back to the quotation before."""
    first = passage.sentence(word).first
    if first == word >= 2 and passage.words[word - 1] == "\n" and passage.words[word - 2] in _COLONS:
        first = passage.sentence(word - 1).first  # a label on a line of its own
    for at in range(word - 1, first - 1, -1):
        if passage.words[at] == QUOTE:
            first = at + 1
            break
    return Span(min(max(first, floor), word), word)


def is_spoken(passage: Passage, people: People, word: int, tag: Tag | None, floor: int) -> bool:
    """Tell whether a quotation is said aloud, and is no sign, title or word in doubt."""
    before = words_before(passage, word, floor)
    shown = _last_writing(passage, before)
    if tag is not None and tag.is_before and tag.verb is not None:
        return shown is None or not _is_said_by_writing(passage, people, tag.verb, shown)
    if shown is not None and word - shown <= _WRITING_REACH:
        return False
    if tag is not None:
        return bool(people.within(tag.span)) or _last_writing(passage, tag.span) is None
    return not (_is_shown_after(passage, word) or _is_word_in_doubt(passage, word))


def _last_verb(passage: Passage, span: Span) -> int | None:
    verbs = passage.terms("speech", span)
    said = [verb for verb in verbs if not passage.is_negated(verb)]
    return said[-1].first if said else None


def _ends_in_colon(passage: Passage, span: Span) -> bool:
    at = span.last - 1
    while at >= span.first and passage.words[at] == "\n":
        at -= 1
    return at > span.first and passage.words[at] in _COLONS


def _words_after(passage: Passage, word: int) -> Span:
    """The words after a quotation that can tell of it: not those that lead to the next one with a colon."""
    last = min(passage.sentence(word).last, word + 1 + _REACH_ON)
    for at in range(word + 1, last):
        if passage.words[at] == QUOTE:
            leads_on = passage.words[at - 1] in _COLONS
            return Span(word + 1, word + 1 if leads_on else at)
    if last < len(passage.words) and passage.words[last] == QUOTE and passage.words[last - 1] in _COLONS:
        return Span(word + 1, word + 1)
    return Span(word + 1, max(last, word + 1))


def _first_verb(passage: Passage, span: Span) -> int | None:
    verbs = passage.terms("speech", Span(span.first, min(span.last, span.first + _VERB_REACH_ON)))
    return verbs[0].first if verbs else None


def _last_writing(passage: Passage, span: Span) -> int | None:
    """The last word in a span that speaks of something written."""
    written = passage.terms("writing", span)
    return written[-1].last if written else None


def _is_said_by_writing(passage: Passage, people: People, verb: int, shown: int) -> bool:
    """Tell whether a sign says it, or is named between the verb and the quotation."""
    if shown > verb:
        return not passage.covers("writing", shown - 1, "word")
    if verb - shown >= _WRITING_REACH:
        return False
    between = Span(shown, verb)
    if people.within(between) or any(passage.covers("break", word, "join") for word in range(shown, verb)):
        return False
    has_speaker = bool(people.within(Span(passage.clause(verb).first, verb)))
    return not has_speaker or passage.words[verb].endswith("ing")


def _is_shown_after(passage: Passage, word: int) -> bool:
    """Tell whether a sign follows, or leads on from, a quotation: “营业中”的招牌, "SALE" on the wall."""
    last = min(passage.sentence(word).last, word + 1 + _WRITING_REACH)
    for at in range(word + 1, last):
        if passage.words[at] == QUOTE:
            return False
        if passage.covers("writing", at) or passage.covers("writing_after", at):
            return True
    return False


def _is_word_in_doubt(passage: Passage, word: int) -> bool:
    """Tell whether the marks only set off a word inside a sentence: a "magical" forest, “神奇”的森林."""
    text = passage.quotation_at[word].text
    if text[-1] in ".!?,。！？，…" or word + 1 >= len(passage.words):
        return False
    after = passage.words[word + 1]
    if after == "的":
        return True
    if is_mark(after) or is_unspaced(after) or len(text.split()) > _SCARE_QUOTE_WORDS or word == 0:
        return False
    before = word - 1
    return passage.covers("determiner", before) or passage.covers("preposition", before)
