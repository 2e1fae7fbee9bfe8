"""Read the music that a prompt wants: whether any, its mood and its tempo."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import cast

from talkies.plan import Mood, Tempo
from talkies.script.model import Music
from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term

_BEATS_PER_MINUTE = re.compile(r"(?<!\d)(\d{2,3})\s?bpm\b", re.IGNORECASE)
_SLOW_BELOW, _FAST_ABOVE = 90, 120  # beats per minute
_REACH_BACK, _REACH_ON = 6, 6  # words around a word for music that can describe it


def read_music(passage: Passage) -> Music:
    """Read the music of a whole prompt.

    Words beside "music", "piano" or the like decide; else its genre; else, where the scene's own words carry
    a feeling, that feeling.
    """
    named = passage.terms("music")
    wanted = [term for term in named if not passage.is_ruled_out(term)]
    if (named and not wanted) or passage.terms("no_music"):
        return Music(wanted=False)
    return Music(mood=_mood(passage, wanted), tempo=_tempo(passage, wanted))


def is_silent(passage: Passage) -> bool:
    """Tell whether a prompt wants no sound at all."""
    return bool(passage.terms("silent"))


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


def _beside(passage: Passage, music: list[Term], table: str) -> list[Term]:
    """The table's terms beside words for music; one that stands beside two counts once."""
    found = (term for place in music for term in passage.terms(table, _around(passage, place)))
    return list(dict.fromkeys(found))


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
    sentence = passage.sentence(term.first)
    return Span(max(sentence.first, term.first - _REACH_BACK), min(sentence.last, term.last + _REACH_ON))
