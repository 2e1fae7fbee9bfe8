"""Find what somebody is to say that does not stand in quotes, so that an engine can say it is not spoken."""

from __future__ import annotations

from collections.abc import Iterator

from talkies.script.mentions import Mention
from talkies.script.passage import Passage, Span
from talkies.script.people import People
from talkies.script.subjects import subject_of
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE, is_mark, is_unspaced

_REACH = 5  # words from a verb of saying to its colon
_LONGEST_TEXT = 14  # words of "The man says hello to everybody"
_COLONS = ":："
_DESCRIBING = (
    *("action", "living_action", "whole_action", "camera", "shot_size", "wearing"),
    *("adjective", "age", "voice_hint", "manner", "language"),
)
"""Tables whose words describe who stands before a colon, and are not his."""


def read_unquoted(passage: Passage, people: People, span: Span, *, has_lines: bool) -> tuple[str, ...]:
    """Read the prompt's own words for speech without quotes, in order, one of each sentence.

    After a colon they are what is to be said ("she says: Hello there"); in a shot without lines, whatever
    tells that somebody speaks ("the man says hello", "they chat").
    """
    sentences = [sentence for sentence in _sentences(passage, span) if not _holds_quote(passage, sentence)]
    announced = [_announced(passage, people, sentence) for sentence in sentences]
    if has_lines or any(announced):
        return tuple(words for words in announced if words)
    told = (_told(passage, people, sentence) for sentence in sentences)
    return tuple(dict.fromkeys(words for words in told if words))


def _sentences(passage: Passage, span: Span) -> Iterator[Span]:
    first = span.first
    while first < span.last:
        last = min(passage.sentence(first).last, span.last)
        yield Span(first, last)
        first = last


def _holds_quote(passage: Passage, span: Span) -> bool:
    return any(passage.words[word] == QUOTE for word in range(*span))


def _announced(passage: Passage, people: People, sentence: Span) -> str | None:
    """The words after the colon in "she says: Hello there" or, of one who speaks, "Man: Are you coming?"."""
    colon = next((word for word in range(*sentence) if passage.words[word] in _COLONS), sentence.last)
    before, after = Span(sentence.first, colon), Span(colon + 1, sentence.last)
    before = _without_aside(passage, before)
    if not any(passage.words[word].isalnum() for word in range(*after)) or passage.terms("writing", before):
        return None
    verbs = passage.terms("saying", Span(max(before.first, colon - _REACH), colon))
    if verbs:
        denied = any(passage.covers("negation", at) for at in range(max(verbs[-1].first - 1, 0), colon))
        return None if denied else passage.spelt(*after)
    if _is_speech_heading(passage, before):
        return None if _is_note(passage, after) else passage.spelt(*after)
    is_said = _is_name(passage, people, before) and (
        _addresses(passage, after) or _is_sentence(passage, people, after)
    )
    return passage.spelt(*after) if is_said else None


def _without_aside(passage: Passage, label: Span) -> Span:
    """Leave out how it is said behind a name: "Man (angrily)", 女主角（含泪）."""
    if label.first == label.last or passage.words[label.last - 1] not in ")）":
        return label
    opening = (word for word in range(*label) if passage.words[word] in "(（")
    return Span(label.first, next(opening, label.last))


def _is_speech_heading(passage: Passage, before: Span) -> bool:
    """Tell whether a label is "Dialogue" or "Narrator" alone, so that what follows is spoken."""
    terms = [term for term in passage.terms("heading", before) if term.name == "lines"]
    terms += [term for term in passage.terms("person", before) if term.name == "narrator"]
    terms += [term for term in passage.terms("key", before) if term.name == "narration"]
    return any(passage.lead(before) == term.first and term.last == before.last for term in terms)


def _is_note(passage: Passage, after: Span) -> bool:
    """Tell whether words only say how it is spoken, or that nothing is: "Narrator: a deep voice"."""
    denials = [term for term in passage.terms("key", after) if term.name == "none"]
    is_denied = any(term.first == after.first and term.last >= after.last - 1 for term in denials)
    return is_denied or any(
        passage.terms(table, after) for table in ("voice_hint", "manner", "language", "sex")
    )


def _is_name(passage: Passage, people: People, before: Span) -> bool:
    """Tell whether a label is somebody and nothing else: "Old man", 女."""
    sexes = passage.terms("sex", before)
    if sexes and sexes[0][:2] == before:
        return True
    named = people.within(before)
    is_field = any(passage.covers("key", before.last - 1, name) for name in ("plain", "ignored"))
    return bool(named) and named[0].last == before.last and named[0].kind != "animal" and not is_field


def _addresses(passage: Passage, span: Span) -> bool:
    """Tell whether words are meant to be said, and do not describe somebody: "Woman: aged 30"."""
    asks = passage.words[span.last - 1] in "?!？！"
    return asks or any(passage.covers("addressing", word) for word in range(*span))


def _is_sentence(passage: Passage, people: People, span: Span) -> bool:
    """Tell whether words can only be said: a sentence that names nobody, nothing done and no looks."""
    words = [word for word in range(*span) if passage.words[word].isalnum()]
    begins = passage.text[passage.starts[span.first]].isupper() or is_unspaced(passage.words[span.first])
    opens = begins and passage.words[span.last - 1] in ".。"
    describes = any(passage.covers(table, word) for table in _DESCRIBING for word in words)
    has_figures = any(passage.words[word][0].isdigit() for word in words)
    return opens and len(words) > 1 and not (describes or has_figures or people.within(span))


def _told(passage: Passage, people: People, sentence: Span) -> str | None:
    """Whoever speaks in a sentence, with what is told of it; None for a sound of its own: birds that sing."""
    verbs = passage.terms("saying", sentence)
    verb = next(
        (verb for verb in verbs if not (passage.is_negated(verb) or _is_wordless(passage, verb))), None
    )
    if verb is None or _is_written(passage, people, Span(sentence.first, verb.first)):
        return None
    subject = subject_of(passage, people, verb.first, sentence.first)
    if _is_sound(passage, verb, subject):
        return None
    if isinstance(subject, str):
        space = " " if subject.isascii() else ""
        return f"{subject}{space}{_spelt(passage, verb.first, verb)}"
    if subject is None:
        first = max(passage.clause(verb.first).first, sentence.first)
        return _spelt(passage, first, verb) if _is_to_speak(passage, sentence, verb) else None
    if subject.kind == "animal":
        return None
    is_near = passage.clause_of[subject.first] == passage.clause_of[verb.first] and subject.first < verb.first
    return _spelt(passage, subject.first if is_near else verb.first, verb)


def _is_wordless(passage: Passage, verb: Term) -> bool:
    """Tell whether a voice is heard without words: "a choir sings", but not "she sings a song"."""
    following = passage.words[verb.last : verb.last + 1]
    ends = not following or is_mark(following[0]) or following[0].endswith("ly")
    is_how = ends or passage.covers("preposition", verb.last) or passage.covers("break", verb.last)
    return passage.covers("wordless", verb.first) and is_how


def _is_written(passage: Passage, people: People, before: Span) -> bool:
    """Tell whether a sign says it: "the sign says", but not "the man in the hat says"."""
    written = passage.terms("writing", before)
    return any(term.name != "thing" for term in written) or bool(written and not people.within(before))


def _is_sound(passage: Passage, verb: Term, subject: Mention | str | None) -> bool:
    """Tell whether a sound tells who is heard, or that it is heard: "birds sing", "the crowd chants"."""
    sounds = passage.terms("sound", Span(passage.clause(verb.first).first, verb.last))
    if not isinstance(subject, Mention):
        return bool(sounds)
    return any(sound.last in (subject.last, verb.last) for sound in sounds)


def _is_to_speak(passage: Passage, sentence: Span, verb: Term) -> bool:
    """Tell whether somebody unnamed is to speak: "make this picture talk", "mouth moving as if talking"."""
    before = range(sentence.first, verb.first)
    return any(passage.covers("causing", word, "verb") or passage.covers("mouth", word) for word in before)


def _spelt(passage: Passage, first: int, verb: Term) -> str:
    """The words from `first` to the end of the verb's clause."""
    last = max(min(passage.clause(verb.last - 1).last, verb.first + _LONGEST_TEXT), verb.last)
    return passage.spelt(first, last).rstrip(" ,.;:!?，。；：！？\n")
