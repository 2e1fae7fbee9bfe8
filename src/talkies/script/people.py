"""Tell who is meant: whom a pronoun goes back to, and the voice that each of a prompt's people would have."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, cast

from talkies.plan import Voice
from talkies.script.mentions import Kind, Mention, find_mentions, is_finite, is_made_to, joins, means_many
from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE, is_mark, is_unspaced

# By kind and sex; a kind whose sex is not in question stands with None.
_VOICES: dict[tuple[Kind, str | None], Voice] = {
    ("woman", None): "woman",
    ("man", None): "man",
    ("girl", None): "girl",
    ("boy", None): "boy",
    ("old_woman", None): "old_woman",
    ("old_man", None): "old_man",
    ("adult", "man"): "man",
    ("adult", "woman"): "woman",
    ("usually_man", "woman"): "woman",
    ("usually_man", None): "man",
    ("usually_woman", "man"): "man",
    ("usually_woman", None): "woman",
    ("child", "man"): "boy",
    ("child", None): "girl",
    ("elder", "woman"): "old_woman",
    ("elder", None): "old_man",
    ("animal", "man"): "man",
    ("animal", "woman"): "woman",
    ("narrator", "woman"): "woman",
    ("narrator", None): "narrator",
}
_GUESSED = ("usually_man", "usually_woman")
_OTHER_SEX: dict[Voice, Voice] = {"woman": "man", "man": "woman", "girl": "boy", "old_man": "old_woman"}
"""Who else is among people of whose sex nothing is told, by the voice that stands for them."""
_MOST_TIMES_NAMED = 4  # between a pronoun and whom it means


class Speaker(NamedTuple):
    """Who says a line: the prompt's words, and the voice if they tell; `chorus` are voices beside it.

    `is_guess` of a voice that such people usually have, when nothing tells.
    """

    text: str | None
    voice: Voice | None
    is_narrator: bool = False
    chorus: tuple[Voice, ...] = ()
    is_guess: bool = False


class _LastNamed(NamedTuple):
    """Whom pronouns can go back to: by sex the numbers of the last person and people, and the last together.

    `many` are named by a word for several people or as one of two.
    """

    of_sex: Mapping[tuple[str | None, bool], int]
    many: Mention | None


class People:
    """All mentions of a passage, in order."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage
        self.mentions = find_mentions(passage)
        self._starts = [mention.first for mention in self.mentions]
        self._animals = [mention for mention in self.mentions if mention.kind == "animal"]
        self._last_named = list(self._note_last_named())

    def within(self, span: Span) -> Sequence[Mention]:
        """The mentions that begin in a span."""
        return self.mentions[bisect_left(self._starts, span.first) : bisect_left(self._starts, span.last)]

    def around(self, word: int) -> Mention | None:
        """Whoever has a word in the attribute of their name: 跳舞 in 跳舞的女孩."""
        at = bisect_left(self._starts, word + 1)
        mention = self.mentions[at - 1] if at else None
        if mention is None or word >= mention.last or not is_unspaced(self._passage.words[word]):
            return None
        return mention

    def speaker(self, mention: Mention) -> Speaker:
        """Give the speaker that a mention means; a pronoun means the nearest fitting person before it."""
        if not mention.is_pronoun:
            sex = mention.sex if mention.is_many else mention.sex or self._sex_told_after(mention)
            voice = voice_of(mention.kind, sex)
            chorus = _chorus(voice, sex) if mention.is_many else ()
            is_guess = mention.kind in _GUESSED and sex is None
            return Speaker(mention.text, voice, mention.kind == "narrator", chorus, is_guess)
        if mention.is_many:
            told = cast("Voice | None", mention.sex)
            alone = Speaker(mention.text, told, chorus=_chorus(told, mention.sex))
            return self._those(mention) or self._one(mention) or alone
        return self._one(mention) or Speaker(mention.text, cast("Voice | None", mention.sex))

    def together(self, mention: Mention, verb: str) -> Speaker | None:
        """Give somebody with whoever is named beside, "the bride and groom"; None for one alone.

        `verb` tells by its form: in "the man frowns and the woman smiles" nobody does it together.
        """
        pair = None if is_finite(verb) else self._pair(mention)
        return None if pair is None else self._both(*pair)

    def _pair(self, mention: Mention) -> tuple[Mention, Mention] | None:
        at = bisect_left(self._starts, mention.first)
        for first, last in pairwise(self.mentions[max(at - 1, 0) : at + 2]):
            if joins(self._passage, Span(first.last, last.first)) and "animal" not in (
                first.kind,
                last.kind,
            ):
                return first, last
        return None

    def _both(self, first: Mention, last: Mention) -> Speaker:
        one, other = self.speaker(first), self.speaker(last)
        text = self._passage.spelt(first.first, last.last)
        voice = one.voice or (_OTHER_SEX.get(other.voice) if other.voice else None)
        beside = other.voice or _OTHER_SEX.get(voice or "woman", "woman")
        is_narrated = one.is_narrator or other.is_narrator
        return Speaker(text, voice, is_narrated, (beside, *one.chorus, *other.chorus))

    def _those(self, pronoun: Mention) -> Speaker | None:
        """Who "they" are: the last before who are named together, or by a word for several people."""
        at = bisect_left(self._starts, pronoun.first)
        meant = self._last_named[at - 1].many if at else None
        if meant is None:
            return None
        pair = self._pair_of_named(meant)
        return self.speaker(meant) if pair is None else self._both(*pair)

    def _pair_of_named(self, mention: Mention) -> tuple[Mention, Mention] | None:
        pair = self._pair(mention)
        return None if pair is None or any(one.is_pronoun for one in pair) else pair

    def _one(self, pronoun: Mention) -> Speaker | None:
        """The person that a pronoun means; of one among many nothing but the voice is known."""
        meant = self._meant(pronoun)
        if meant is None:
            return None
        voice = voice_of(meant.kind, meant.sex or pronoun.sex)
        return Speaker(pronoun.text if meant.is_many else meant.text, voice, meant.kind == "narrator")

    def _meant(self, pronoun: Mention) -> Mention | None:
        at = bisect_left(self._starts, pronoun.first)
        found = self._last_fitting(pronoun, at)
        subject = self._subject_over(pronoun)
        for _ in range(_MOST_TIMES_NAMED):
            if found is None or subject is None or not self._are_alike(self.mentions[found], subject):
                break
            found = self._last_fitting(pronoun, found)
        return self._animal_before(pronoun) if found is None else self.mentions[found]

    def _last_fitting(self, pronoun: Mention, end: int) -> int | None:
        """The number of the last person before a numbered mention whom a pronoun can mean by its sex."""
        last = self._last_named[end - 1].of_sex if end else {}
        fitting = ((sex, is_many) for is_many in (False, True) for sex in (pronoun.sex, None))
        return next((last[kind] for kind in fitting if kind in last), None)

    def _subject_over(self, pronoun: Mention) -> Mention | None:
        """Whoever opens the clause of an object, and is another: "the woman makes her laugh"."""
        passage = self._passage
        if not (is_made_to(passage, pronoun) or passage.covers("perceiving", pronoun.first - 1)):
            return None
        before = self.within(Span(passage.clause(pronoun.first).first, pronoun.first))
        return before[0] if before else None

    def _are_alike(self, one: Mention, other: Mention) -> bool:
        """Tell whether two names have the same noun: "a mother", "the mother"."""
        return self._passage.words[one.last - 1] == self._passage.words[other.last - 1]

    def _animal_before(self, pronoun: Mention) -> Mention | None:
        """An animal is a "he" or a "she" only in the sentence that names it: "my cat flies and he says"."""
        first = self._passage.sentence(pronoun.first).first
        at = bisect_left(self._animals, first, key=lambda animal: animal.first)
        return next((animal for animal in self._animals[at : at + 1] if animal.first < pronoun.first), None)

    def _note_last_named(self) -> Iterator[_LastNamed]:
        """For each mention, note who was named last up to and including it."""
        last = _LastNamed({}, None)
        for number, mention in enumerate(self.mentions):
            if not mention.is_pronoun:
                is_nobody = self._passage.covers("indefinite", mention.last - 1)
                is_one_of_sex = not (is_nobody or mention.kind in ("narrator", "animal"))
                is_together = mention.is_many or self._pair_of_named(mention) is not None
                last = _LastNamed(
                    {**last.of_sex, (mention.sex, mention.is_many): number} if is_one_of_sex else last.of_sex,
                    mention if is_together else last.many,
                )
            yield last

    def _sex_told_after(self, mention: Mention) -> str | None:
        """The sex told right after a person, or by the first "his" or "she" before anybody speaks."""
        passage = self._passage
        if joins(passage, Span(mention.last, mention.last + 1)):
            return None
        end = passage.sentence(mention.first).last
        said = next((word for word in range(mention.last, end) if passage.words[word] == QUOTE), end)
        if mention.kind == "narrator":
            told = passage.terms("sex", Span(mention.last, said))
        else:
            told = passage.terms("sex", Span(mention.last, min(mention.last + 3, end)))
            told = told or [
                hint
                for hint in passage.terms("sex_hint", Span(mention.last, said))
                if not self._is_of_another(hint)
            ]
        return told[0].name if told else None

    def _is_of_another(self, hint: Term) -> bool:
        """Tell whether "her" is somebody else: not in "raises her hand", but in "looks at her and says"."""
        passage = self._passage
        if passage.words[hint.first] != "her":
            return False
        if hint.last == len(passage.words) or is_mark(passage.words[hint.last]):
            return True
        tables = ("break", "preposition", "speech", "filler")
        return any(passage.covers(table, hint.last) for table in tables)


def voice_of(kind: Kind, sex: str | None) -> Voice | None:
    """Choose the voice for a kind of person; None when the words leave it open."""
    return _VOICES.get((kind, sex)) or _VOICES.get((kind, None))


def chorus_of(name: str) -> tuple[Voice, ...]:
    """Choose who speaks beside the voice of those who are named by words that tell no kind of person."""
    return _chorus(None, None) if means_many(name) else ()


def _chorus(voice: Voice | None, sex: str | None) -> tuple[Voice, ...]:
    """Choose who speaks beside the voice of many: somebody of the other sex, unless theirs is told."""
    usual = voice or "woman"
    return (usual if sex else _OTHER_SEX.get(usual, usual),)
