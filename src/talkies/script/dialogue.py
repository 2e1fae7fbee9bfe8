"""Read the spoken lines: who says each quotation, how, and in which language."""

from __future__ import annotations

from bisect import bisect_left
from typing import cast

from talkies.plan import Voice
from talkies.script.clock import Clock
from talkies.script.languages import detect, share_writing
from talkies.script.mentions import Mention
from talkies.script.model import Line
from talkies.script.names import told_sex
from talkies.script.passage import Passage, Span
from talkies.script.people import People, Speaker, chorus_of
from talkies.script.speech import Tag, is_spoken, tag_of, words_before
from talkies.script.subjects import subject_of
from talkies.script.vocabulary import HIDING, Term, vocabulary
from talkies.script.words import QUOTE, cut, is_mark, is_unspaced

_LONGEST_LABEL = 8  # words of "The man in the hat: …"
_LONGEST_HEADING = 3  # words of a name on a line of its own
_VOICE_REACH_ON = 6  # words behind a line in which its voice is told
_DEFAULT_VOICE: Voice = "woman"


class Dialogue:
    """Reads the lines of a passage, shot by shot in order: a line may go on with an earlier speaker."""

    def __init__(self, passage: Passage, people: People) -> None:
        self._passage = passage
        self._people = people
        self._headings = _language_headings(passage)
        self._speaker_before: Speaker | None = None
        self._quoted_before = 0

    def read(self, span: Span, clock: Clock) -> list[tuple[int, Line]]:
        """Read the lines of a shot, each with the word at which it stands; `clock` is the shot's."""
        lines: list[tuple[int, Line]] = []
        for word in range(span.first, span.last):
            if self._passage.words[word] != QUOTE:
                continue
            quotation = self._passage.quotation_at[word]
            tag = tag_of(self._passage, self._people, word, span.first)
            if not quotation.is_mute and is_spoken(self._passage, self._people, word, tag, span.first):
                about = tag.span if tag is not None else words_before(self._passage, word, span.first)
                verb = word if tag is None or tag.verb is None else tag.verb
                at_s, after_s = clock.spoken(about, verb, word)
                line = self._line(word, tag, span)
                lines.append((word, line.model_copy(update={"at_s": at_s, "after_s": after_s})))
        return lines

    def _line(self, word: int, tag: Tag | None, shot: Span) -> Line:
        passage = self._passage
        about = tag.span if tag is not None else words_before(passage, word, shot.first)
        speaker = self._speaker(word, tag, shot)
        is_thought = tag is not None and tag.verb is not None and passage.covers("speech", tag.verb, "think")
        told_unseen = is_thought or any(
            not (passage.is_negated(term) or passage.covers("manner", term.first))  # "in a male voice"
            for term in passage.terms("voice_over", about)
        )
        voice_over = told_unseen or speaker.is_narrator
        is_told = speaker.voice and not speaker.is_guess
        hinted = None if is_told else self._hinted_voice(self._with_voice_after(word, about), voice_over)
        voice = hinted or speaker.voice
        manner = _manner(passage, tag, self._from_speaker(tag, about)) + _manner_after(passage, word, tag)
        self._speaker_before = speaker
        self._quoted_before = word
        return Line(
            text=passage.quotation_at[word].text,
            speaker=speaker.text,
            voice=voice or ("narrator" if voice_over else _DEFAULT_VOICE),
            chorus=(hinted,) * len(speaker.chorus) if hinted else speaker.chorus,
            language=self._language(word, about),
            manner=manner + passage.quotation_at[word].directions,
            voice_over=voice_over,
        )

    def _hinted_voice(self, about: Span, voice_over: bool) -> Voice | None:
        """The voice that the words about a line suggest: "in a deep voice", "Narration (male)"."""
        hints = self._passage.terms("voice_hint", about)
        if hints:
            return cast(Voice, hints[0].name)
        sexes = self._passage.terms("sex", about) if voice_over else []
        return "woman" if sexes and sexes[0].name == "woman" else None

    def _with_voice_after(self, word: int, about: Span) -> Span:
        """Add to the words about a line those right behind it: says "Relax" in a deep male voice."""
        passage = self._passage
        if not passage.covers("how", word + 1):
            return about
        last = min(passage.sentence(word).last, word + 2 + _VOICE_REACH_ON)
        end = next((at for at in range(word + 1, last) if passage.words[at] == QUOTE), last)
        return Span(about.first, max(end, about.last))

    def _speaker(self, word: int, tag: Tag | None, shot: Span) -> Speaker:
        named: Mention | str | None = None
        if tag is not None and tag.is_before and tag.verb is None:
            named = self._labelled(tag.span)
        elif tag is not None and tag.is_before and tag.verb is not None:
            named = subject_of(self._passage, self._people, tag.verb, tag.span.first)
        elif tag is not None:
            named = self._named_after(tag)
        if named is None:
            named = (self._headed(word) if tag is None else None) or self._last_acting(word)
        if named is None and self._speaker_before is not None:
            return self._speaker_before
        if named is None:
            following = self._people.within(Span(word, shot.last))
            named = following[0] if following and tag is None else None
        if isinstance(named, Mention):
            return self._with_others(named, tag, word) or self._people.speaker(named)
        return Speaker(named, self._voice_of_unknown(named, word), chorus=chorus_of(named or ""))

    def _with_others(self, named: Mention, tag: Tag | None, word: int) -> Speaker | None:
        """Somebody with who is named beside; None for one alone, as words without a tag are one person's."""
        if tag is None:
            return None
        passage = self._passage
        verb = "" if tag.verb is None else passage.words[tag.verb]
        is_clear = (verb or named.text).isascii() or passage.terms("together", Span(named.last, word))
        # A和B说 may be "A says to B".
        return self._people.together(named, verb) if is_clear else None

    def _voice_of_unknown(self, name: str | None, word: int) -> Voice | None:
        """The voice that words without a noun for a person tell: "the bald one", "the one on the left"."""
        if name is None:
            return None
        named = [mention for mention in self._people.within(Span(0, word)) if not mention.is_pronoun]
        found = vocabulary().find([part.text for part in cut(name)])
        told = [term.name for term in found.get("sex", ()) if term.name != HIDING]
        if told:
            return cast(Voice, told[0])
        is_one = "one_of_many" in found
        return self._people.speaker(named[-1]).voice if is_one and named else told_sex(name)

    def _labelled(self, span: Span) -> Mention | str | None:
        """Read the name in a label: "Man (whispering):", 女人（轻声）："""
        passage = self._passage
        first = span.last - 1
        depth = 0
        while first > span.first:
            mark = passage.words[first - 1]
            depth += (mark in ")）]】") - (mark in "(（[【")
            if depth <= 0 and mark in ",，.。;；!！?？\n—*":
                break
            first -= 1
        known = self._people.within(Span(first, span.last)) or self._people.within(span)
        if known:
            return known[0]
        while first < span.last and passage.is_filler(first) and not passage.covers("determiner", first):
            first += 1
        last = first
        while last < span.last and not is_mark(passage.words[last]):
            last += 1
        is_name = passage.covers("determiner", first) or not any(
            passage.covers(table, word)
            for word in range(first, last)
            for table in ("heading", "manner", "language")
        )
        if not is_name or last - first > _LONGEST_LABEL:
            return None
        return passage.spelt(first, last) or None

    def _named_after(self, tag: Tag) -> Mention | str | None:
        """Read the name in words that follow a quotation: "said the girl", "Zorblax replies"."""
        assert tag.verb is not None
        passage = self._passage
        clause_end = passage.clause(tag.verb).last
        known = self._people.within(Span(tag.span.first, min(clause_end, tag.span.last)))
        if known:
            return known[0]
        verb_end = next(term.last for term in passage.terms("speech", Span(tag.verb, tag.verb + 1)))
        for first, last in ((tag.span.first, tag.verb), (verb_end, tag.span.last)):
            while first < last and is_mark(passage.words[first]):
                first += 1
            end = first
            while end < last and passage.text[passage.starts[end]].isupper():
                end += 1
            if end > first:
                return passage.spelt(first, end)
        return None

    def _headed(self, word: int) -> str | None:
        """Read a name in capitals alone on the line above, as a screenplay has it."""
        passage = self._passage
        last = first = word - 1
        if last < 1 or passage.words[last] != "\n":
            return None
        while first > 0 and passage.words[first - 1] != "\n":
            first -= 1
        name = passage.spelt(first, last)
        is_field = any(passage.covers(table, first) for table in ("key", "heading", "label", "camera"))
        is_name = name.isupper() and name.replace(" ", "").isalpha() and last - first <= _LONGEST_HEADING
        return name if is_name and not is_field else None

    def _last_acting(self, word: int) -> Mention | None:
        """Whoever the last sentence with people since the line before is about."""
        since = self._people.within(Span(self._quoted_before, word))
        if not since:
            return None
        sentence = self._passage.sentence(since[-1].first)
        return self._people.within(Span(max(sentence.first, self._quoted_before), word))[0]

    def _from_speaker(self, tag: Tag | None, about: Span) -> Span:
        """The words about a line without what others do before: from its verb's clause back to a person."""
        if tag is None or tag.verb is None or not tag.is_before:
            return about
        passage = self._passage
        number = passage.clause_of[tag.verb]
        while passage.clauses[number].first > about.first and not self._people.within(
            passage.clauses[number]
        ):
            number -= 1
        first = passage.clauses[number].first
        earlier = self._people.within(Span(about.first, first))
        return Span(max(first, about.first) if earlier else about.first, about.last)

    def _language(self, word: int, about: Span) -> str:
        """The language that the prompt names for a line if its letters allow, else that of its words."""
        detected = detect(self._passage.quotation_at[word].text)
        told = _told_languages(self._passage, about)
        if not told:
            number = bisect_left(self._headings, (word, ""))
            told = self._headings[max(number - 1, 0) : number]
        if told and share_writing(told[-1][1], detected):
            return told[-1][1]
        return detected


def _language_headings(passage: Passage) -> list[tuple[int, str]]:
    """Where a language is named for all lines that follow: "English dialogue:", "They speak French."."""
    return [
        (word, code)
        for word, code in _told_languages(passage, Span(0, len(passage.words)))
        if _is_heading(passage, word)
    ]


def _is_heading(passage: Passage, word: int) -> bool:
    around = range(max(word - 2, 0), min(word + 5, len(passage.words)))
    sentence = passage.sentence(word)
    quotes_nothing = all(
        passage.words[at] != QUOTE
        for at in range(max(sentence.first, word - 60), min(sentence.last, word + 60))
    )
    return quotes_nothing or any(passage.covers("heading", at, "lines") for at in around)


def _told_languages(passage: Passage, span: Span) -> list[tuple[int, str]]:
    """The languages that a span names for speech: "in Spanish", 用英语, but not "a French café"."""
    told: list[tuple[int, str]] = []
    for term in passage.terms("language", span):
        before = range(max(term.first - 3, 0), term.first)
        after = range(term.last, min(term.last + 2, len(passage.words)))
        if any(passage.covers("language_cue", word, "before") for word in before) or any(
            passage.covers("language_cue", word, "after") for word in after
        ):
            told.append((term.first, term.name))
    return told


def _manner(passage: Passage, tag: Tag | None, about: Span) -> tuple[str, ...]:
    """The words for how a line is said, in order."""
    telling = [  # "whispers"
        term
        for term in passage.terms("speech", about)
        if term.name == "manner" and not passage.covers("manner", term.first)
    ]
    found = {
        term.first: (term.first, term.last)
        for term in (*telling, *passage.terms("manner", about))
        if term.last <= about.last and not (passage.is_negated(term) or _tells_of_camera(passage, term))
    }
    if tag is not None and tag.verb is not None:
        covered = {word for first, last in found.values() for word in range(first, last)}
        for first, last in _adverbs(passage, tag.verb, about):
            if first not in covered:
                found[first] = (first, last)
    words = [passage.spelt(first, last) for _, (first, last) in sorted(found.items())]
    return tuple(dict.fromkeys(words))


def _tells_of_camera(passage: Passage, term: Term) -> bool:
    """Tell whether a term stands where it tells of the camera: "the camera slowly pushes in as she says"."""
    clause = passage.clause(term.first)
    return passage.covers("camera", passage.lead(clause)) or passage.covers("camera", clause.first)


def _manner_after(passage: Passage, word: int, tag: Tag | None) -> tuple[str, ...]:
    """The words for how a line is said that stand right behind it: says "One step" in a calm voice."""
    first = word + 1
    if tag is None or not tag.is_before or first == passage.sentence(word).last:
        return ()
    if passage.words[first] in ",，":
        first += 1
    reach = 2 if passage.covers("how", first) else 1
    found = passage.terms("manner", Span(first, first + reach))
    return tuple(passage.spelt(term.first, term.last) for term in found[:1])


def _adverbs(passage: Passage, verb: int, about: Span) -> list[tuple[int, int]]:
    """The adverbs of a verb of saying that are no vocabulary: "gravely", 郑重地."""
    clause = passage.clause(verb)
    adverbs = [
        (word, word + 1)
        for word in range(max(clause.first, about.first), about.last)
        if passage.words[word].endswith("ly")
        and len(passage.words[word]) > 4
        and not passage.covers("no_adverb", word)
    ]
    last = verb - 1
    if last > clause.first and passage.words[last] == "地":
        first = last
        while first > max(clause.first, last - 4) and _is_plain_character(passage, first - 1):
            first -= 1
        adverbs.append((first, last))
    return [adverb for adverb in adverbs if adverb[1] > adverb[0]]


def _is_plain_character(passage: Passage, word: int) -> bool:
    tables = ("person", "pronoun", "break", "preposition")
    return is_unspaced(passage.words[word]) and not any(passage.covers(table, word) for table in tables)
