"""Read the music that a prompt wants: whether any, its mood and its tempo."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import cast

from talkies.plan import Mood, MusicKind, MusicTurnKind, Tempo
from talkies.script.clock import Clock
from talkies.script.model import Music, When
from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term
from talkies.script.words import QUOTE, is_mark

_BEATS_PER_MINUTE = re.compile(r"(?<!\d)(\d{2,3})\s?bpm\b", re.IGNORECASE)
_SLOW_BELOW, _FAST_ABOVE = 90, 120  # beats per minute
_REACH_TO_SOUND = 15  # words from "no sound" to what is heard all the same
_REACH_TO_TURN = 8  # words from music to what it does
_REACH_BACK, _REACH_ON = 6, 6  # words around a word for music that can describe it


def read_music(passage: Passage) -> Music:
    """Read the music of a whole prompt.

    Words beside "music", "piano" or the like decide; else its genre; else, where the scene's own words carry
    a feeling, that feeling.
    """
    named = passage.terms("music")
    wanted = [term for term in named if not passage.is_ruled_out(term)]
    is_refused = any(
        _is_refused(passage, term) and not _comes_later(passage, term, wanted)
        for term in named
        if term not in wanted
    )
    if is_refused or (named and not wanted) or _is_without(passage, wanted):
        return Music(wanted=False)
    return Music(
        mood=_mood(passage, wanted),
        tempo=_tempo(passage, wanted),
        kind=_kind(passage, wanted),
        instruments=_instruments(passage),
    )


def read_music_turns(
    passage: Passage, span: Span, position: Callable[[int], float], clock: Clock
) -> tuple[tuple[MusicTurnKind, When], ...]:
    """Read what the music does within a shot, and where in its text: "the music swells, then stops"."""
    found: dict[int, MusicTurnKind] = {}
    for music in passage.terms("music", span):
        if passage.is_ruled_out(music):
            continue
        if "starts" not in found.values() and _follows_silence(passage, music, span):  # "a piano melody"
            found[music.first] = "starts"
        for turn in _turns_of(passage, music):
            found[_end_of_shot(passage, turn, span) or turn.first] = cast(MusicTurnKind, turn.name)
    return tuple(
        (kind, When(position=position(word), at_s=clock.first_second(word)))
        for word, kind in sorted(found.items())
    )


def _turns_of(passage: Passage, music: Term) -> Iterator[Term]:
    """Yield what is said of music behind it, or right before: "the music fades out", "fade out the music"."""
    sentence = passage.sentence(music.first)
    for turn in passage.terms(
        "music_turn", Span(music.last, min(sentence.last, music.last + _REACH_TO_TURN))
    ):
        if any(_begins_other(passage, word) for word in range(music.last, turn.first)):
            return
        yield turn
    for turn in passage.terms(
        "music_turn", Span(max(sentence.first, music.first - _REACH_BACK), music.first)
    ):
        between = passage.words[turn.last : music.first]
        if turn.name in ("fades", "stops") and between in ([], ["the"]):
            yield turn


def _begins_other(passage: Passage, word: int) -> bool:
    """Tell whether a word leads to something else than the music before it."""
    tables = ("determiner", "pronoun", "person", "sound")
    return passage.words[word] == QUOTE or any(passage.covers(table, word) for table in tables)


def _end_of_shot(passage: Passage, turn: Term, span: Span) -> int | None:
    """The last word of the shot for what happens "at the end"."""
    sentence = passage.sentence(turn.first)
    around = Span(max(sentence.first, span.first), min(sentence.last, span.last))
    return span.last - 1 if passage.terms("at_end", around) else None


def _follows_silence(passage: Passage, music: Term, span: Span) -> bool:
    """Tell whether music comes after a silence: "silence, then a piano", "no music at first, then drums"."""
    sentence = passage.sentence(music.first)
    then = [word for word in range(sentence.first, music.first) if passage.covers("late", word, "then")]
    quiet = Span(span.first, music.first)
    denied = any(passage.is_ruled_out(other) for other in passage.terms("music", quiet))
    return bool(then) and (denied or bool(passage.terms("silence", quiet)))


def is_silent(passage: Passage, *, has_lines: bool) -> bool:
    """Tell whether a prompt wants no sound at all.

    Where somebody speaks or a sound is told of, a word that may only describe a hush silences nothing:
    四周没有声音, "absolute silence, then a gunshot".
    """
    is_heard = has_lines or any(not passage.is_ruled_out(sound) for sound in passage.terms("sound"))
    return any(
        not _is_excepted(passage, term) and not (is_heard and term.name == "hush")
        for term in passage.terms("silent")
        if not passage.is_refused(term.first)
    )


def _is_refused(passage: Passage, term: Term) -> bool:
    """Tell whether a denied term says that there shall be no music, whatever else: 他弹吉他，无背景音乐.

    "No sad music" refuses only that which is sad, "no guitar" only the guitar.
    """
    if term.name != "music" or any(
        not passage.is_ruled_out(other) for other in _excepted(passage, term, "music")
    ):
        return False
    denial = passage.denial(term)
    if denial is None or denial >= term.first:
        return True
    between = range(denial, term.first)
    item = max((word for word in between if _parts_items(passage, word)), default=denial)
    return all(
        any(passage.covers(table, word) for table in ("negation", "filler", "no_music_filler"))
        for word in range(item, term.first)
        if not is_mark(passage.words[word])
    )


def _comes_later(passage: Passage, refused: Term, wanted: list[Term]) -> bool:
    """Tell whether music that is refused comes all the same: "no music at first, then a piano"."""
    following = [term for term in wanted if term.first >= refused.last]
    return bool(following) and any(
        passage.covers("late", word) for word in range(refused.last, following[0].first)
    )


def _parts_items(passage: Passage, word: int) -> bool:
    return is_mark(passage.words[word]) or passage.covers("negation", word, "list")


def _is_without(passage: Passage, wanted: list[Term]) -> bool:
    """Tell whether a prompt wants sounds only: "no sound except rain", "birds, nothing else".

    Not so where music is told of behind: "only the sound of waves. Calm music."
    """
    excepted = any(_is_excepted(passage, term) for term in passage.terms("silent"))
    return excepted or any(
        (term.name == "none" or _has_sound(passage, term))
        and not any(music.first >= term.last for music in wanted)
        for term in passage.terms("no_music")
        if not passage.is_refused(term.first)
    )


def _has_sound(passage: Passage, term: Term) -> bool:
    """Tell whether a sound is told of where words that leave nothing else have theirs."""
    near = _near(passage, term)
    room = Span(near.first, term.first) if term.name == "before" else Span(term.first, near.last)
    return any(not passage.is_ruled_out(sound) for sound in passage.terms("sound", room))


def _is_excepted(passage: Passage, term: Term) -> bool:
    """Tell whether something is heard in spite of "no sound": 没有声音，只有风声."""
    is_told = any(_excepted(passage, term, table) for table in ("sound", "sound_maker"))
    return is_told or any(passage.covers("negation", word, "except") for word in range(*_near(passage, term)))


def _excepted(passage: Passage, term: Term, table: str) -> list[Term]:
    """The terms of a table that follow an "except", or an "only" after another term."""
    near = _near(passage, term)
    exceptions = (
        word
        for word in range(*near)
        if passage.covers("negation", word, "except")
        or (word >= term.last and passage.covers("negation", word, "stop"))
    )
    return passage.terms(table, Span(next(exceptions, near.last), near.last))


def _near(passage: Passage, term: Term) -> Span:
    """The words around what wants no sound in which it says what is heard all the same."""
    sentence = passage.sentence(term.first)
    return Span(
        max(sentence.first, term.first - _REACH_TO_SOUND), min(sentence.last, term.last + _REACH_TO_SOUND)
    )


def _mood(passage: Passage, music: list[Term]) -> Mood | None:
    beside = [*_beside(passage, music, "mood"), *_beside(passage, music, "music_mood")]
    genres = _beside(passage, music, "genre")
    scene = [*passage.terms("mood"), *passage.terms("scene_mood")]
    stirring = [term for term in scene if term.name != "calm"]  # a quarrel in a garden is no calm scene
    instruments = passage.terms("instrument")
    for terms in (
        beside,
        genres,
        passage.terms("genre"),
        passage.terms("mood"),
        instruments,
        stirring,
        scene,
    ):
        mood = _commonest(term for term in terms if not passage.is_ruled_out(term))
        if mood is not None:
            return cast(Mood, mood)
    return None


def _kind(passage: Passage, music: list[Term]) -> MusicKind | None:
    """Read whether the music is played or electronic, by the words beside it, else by any."""
    for terms in (_beside(passage, music, "music_kind"), passage.terms("music_kind")):
        kind = _commonest(term for term in terms if not passage.is_ruled_out(term))
        if kind is not None:
            return cast(MusicKind, kind)
    return None


def _instruments(passage: Passage) -> tuple[str, ...]:
    named = (term for term in passage.terms("music_instrument") if not passage.is_ruled_out(term))
    return tuple(dict.fromkeys(term.name.replace("_", " ") for term in named))


def _beside(passage: Passage, music: list[Term], table: str) -> list[Term]:
    """The table's terms beside words for music; one that stands beside two counts once.

    Those in a word's own clause leave out what stands farther off: 他悲伤地走，背景音乐欢快.
    """
    found: list[Term] = []
    for place in music:
        clause = passage.clause(place.first)
        near = [
            term
            for term in passage.terms(table, _around(passage, place))
            if not _is_manner(passage, term, place)
        ]
        found += [term for term in near if clause.first <= term.first < clause.last] or near
    return list(dict.fromkeys(found))


def _is_manner(passage: Passage, term: Term, music: Term) -> bool:
    """Tell whether a term before a word for music says how somebody does something: "smiles sadly"."""
    after = passage.words[term.last : term.last + 1]
    return term.first < music.first and (after == ["地"] or passage.words[term.last - 1].endswith("ly"))


def _commonest(terms: Iterable[Term]) -> str | None:
    """The name most terms bear; of equally common ones the first."""
    counted = Counter(term.name for term in terms)
    return counted.most_common(1)[0][0] if counted else None


def _tempo(passage: Passage, music: list[Term]) -> Tempo | None:
    measured = _BEATS_PER_MINUTE.search(passage.text)
    if measured is not None:
        beats = int(measured.group(1))
        return "slow" if beats < _SLOW_BELOW else "fast" if beats > _FAST_ABOVE else "medium"
    for place in music:
        told = passage.terms("tempo", _around(passage, place))
        if told:
            return cast(Tempo, told[0].name)
    return None


def _around(passage: Passage, term: Term) -> Span:
    """The words around a word for music that can describe it: of its sentence, and not across a quotation."""
    sentence = passage.sentence(term.first)
    first, last = max(sentence.first, term.first - _REACH_BACK), min(sentence.last, term.last + _REACH_ON)
    quotes = [word for word in range(first, last) if passage.words[word] == QUOTE]
    return Span(
        max((word + 1 for word in quotes if word < term.first), default=first),
        min((word for word in quotes if word > term.first), default=last),
    )
