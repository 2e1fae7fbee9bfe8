"""Tell whose laughter, scream or sigh is heard, and where a line is the laugh itself."""

from __future__ import annotations

import re

from talkies.plan import OUTCRIES, Voice
from talkies.script.mentions import Mention
from talkies.script.names import told_sex
from talkies.script.passage import Passage, Span
from talkies.script.people import People
from talkies.script.subjects import subject_of
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE

_LAUGHED = re.compile(
    r"\W*(?:(?:a?h[aeo]+h?\b\W*){2,}|(?:a?ha|he|hi|ho){2,}h?\b|[哈呵嘿嘻]{2,})", re.IGNORECASE
)
"""A line that is itself a laugh, or begins with one: "Ha ha ha! You are funny!"."""
_OWNS = frozenset({"'s", "'", "’", "of", "from", "的"})


def is_outcry(term: Term) -> bool:
    """Tell whether a sound is one that somebody makes with the voice."""
    return term.name in OUTCRIES


def is_spoken(passage: Passage, laughter: Term) -> bool:
    """Tell whether a laugh is heard as a line of its sentence: She laughs: "Ha ha ha!"."""
    words = range(*passage.sentence(laughter.first))
    return any(
        passage.words[word] == QUOTE and _LAUGHED.match(passage.quotation_at[word].text) for word in words
    )


def find_voices(passage: Passage, people: People, span: Span, laughter: Term) -> tuple[Voice, ...]:
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
    """Whose laughter a noun names, or words that hold it: "laughter of children", 大笑的男人."""
    for mention in people.within(passage.clause(laughter.first)):
        if mention.first <= laughter.first and laughter.last <= mention.last:
            return mention
        between = Span(min(mention.last, laughter.last), max(mention.first, laughter.first))
        if between.first <= between.last and set(passage.words[slice(*between)]) <= _OWNS:
            return mention
    return None
