"""Casting: which face of a picture is meant by the prompt's words for somebody.

The picture does not tell who is a man and who a woman, so the words are taken at what they say about places
("on the left", "the other one"); the rest of the faces go, from left to right, to the rest of the people, in
the order in which the clip first names them. One person among several faces is the largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, get_args

from talkies.engines.animatic.optics.framing import find_placed
from talkies.engines.animatic.vision.faces import Face
from talkies.plan import ActionKind, Cue, Plan, SpokenLine, Voice
from talkies.script.passage import Passage
from talkies.script.people import People, means_many, voice_of
from talkies.script.words import cut

_ACTIONS = frozenset(get_args(ActionKind))
_BY_THINGS: frozenset[ActionKind] = frozenset(
    [
        *("flow", "sway", "drift", "flicker", "fall", "appear", "transform", "vanish", "move"),
        *("run", "ride", "fly", "swim", "hold", "play"),
    ]
)
"""What water, clouds, hair and cars do, too: whoever is not known as a person is none here."""
_ARTICLES = frozenset({"the", "a", "an"})
_ANOTHER = frozenset({"other", "another", "second", "third", "另", "第"})


class _Role(NamedTuple):
    """Somebody of the clip: the words that tell them from others, and the voice that the words suggest.

    `is_all`: everybody is meant.
    """

    name: str
    words: frozenset[str]
    voice: Voice | None
    is_all: bool = False

    def may_be(self, other: _Role) -> bool:
        """Tell whether two names can mean one person: "the man" and "the man in a suit", "she" and "Anna"."""
        if (self.words ^ other.words) & _ANOTHER:
            return False
        if self.words and other.words:
            return self.words <= other.words or other.words <= self.words
        return self.voice is None or self.voice == other.voice


@dataclass(frozen=True)
class Cast:
    """Who plays whom in one picture: each role of the clip with the number of its face, None without one."""

    faces: tuple[Face, ...]
    parts: tuple[tuple[_Role, int | None], ...]

    def speakers(self, line: SpokenLine) -> tuple[int, ...]:
        """Give the numbers of the faces that speak a line; none for a voice from outside the picture."""
        return () if line.voice_over else self._find(_role(line.speaker, line.voice))

    def actors(self, cue: Cue) -> tuple[int, ...]:
        """Give the numbers of the faces that a cue is for; none when it is for no person in the picture."""
        return self._find(_acting(cue)) if cue.kind in _ACTIONS else ()

    def _find(self, role: _Role | None) -> tuple[int, ...]:
        if role is None or not self.faces:
            return ()
        if len(self.faces) == 1:
            return (0,)
        if role.is_all:
            return tuple(range(len(self.faces)))
        known = next((part for part in self.parts if role.may_be(part[0])), None)
        if known is None:
            return (0,)
        # Where there are more names than faces, one voice is taken for one person.
        alike = [number for other, number in self.parts if other.voice == known[0].voice]
        number = next((number for number in (known[1], *alike) if number is not None), None)
        return () if number is None else (number,)


def cast(plan: Plan, faces: tuple[Face, ...]) -> Cast:
    """Cast a clip's people among the faces of one of its pictures, which come the largest first.

    The roles follow from the whole plan, so that a person keeps a place from shot to shot.
    """
    roles = _roles(plan)
    return Cast(faces, tuple(zip(roles, _assigned(roles, faces), strict=True)))


def _roles(plan: Plan) -> list[_Role]:
    """List whoever speaks or does something, each once, in the order of the clip."""
    named = [
        *((line.start_s, _role(line.speaker, line.voice)) for line in plan.lines if not line.voice_over),
        *((cue.start_s, _acting(cue)) for cue in plan.cues if cue.kind in _ACTIONS and cue.who),
    ]
    roles: list[_Role] = []
    for _, role in sorted(named, key=lambda entry: entry[0]):
        if role is None or role.is_all:
            continue
        if not any(role.may_be(known) for known in roles):
            roles.append(role)
    return roles


def _acting(cue: Cue) -> _Role | None:
    """Read the words for whoever does a cue; None for an animal, and for a thing: "the water flows"."""
    is_thing = bool(cue.who) and cue.kind in _BY_THINGS and not People(Passage(cue.who or "")).mentions
    return None if is_thing else _role(cue.who)


def _role(who: str | None, voice: Voice | None = None) -> _Role | None:
    """Read the words for somebody; None for an animal, which has no face here."""
    people = People(Passage(who or ""))
    mentions = people.mentions
    if not mentions:
        return _Role(who or "", _telling_words(who or ""), voice, means_many(who or ""))
    mention = mentions[0]
    if len(mentions) > 1 and people.together(mentions[1], ""):
        return _Role(who or "", frozenset(), voice, is_all=True)
    if mention.kind == "animal":
        return None
    words = _telling_words(mention.text)
    told = voice or voice_of(mention.kind, mention.sex)
    if mention.is_pronoun:
        return _Role(
            mention.text, frozenset(), voice or _voice_of_pronoun(mention.sex), is_all=mention.is_many
        )
    return _Role(mention.text, words, told, mention.is_many)


def _telling_words(name: str) -> frozenset[str]:
    words = [word.text for word in cut(name)]
    return frozenset(words[1:] if words and words[0] in _ARTICLES else words)


def _voice_of_pronoun(sex: str | None) -> Voice | None:
    return "woman" if sex == "woman" else "man" if sex == "man" else None


def _assigned(roles: Sequence[_Role], faces: tuple[Face, ...]) -> list[int | None]:
    """Give each role a face: first those whose words tell a place, then the others from left to right."""
    played: list[int | None] = [_placed(faces, role) for role in roles]
    for at, role in enumerate(roles):
        if role.words & _ANOTHER and played.count(played[at]) > 1:
            played[at] = None  # "the other one" is not whom a place names
    free = [number for number in range(len(faces)) if number not in played]
    others = [at for at, number in enumerate(played) if number is None]
    if len(others) > 1:
        free.sort(key=lambda number: faces[number].centre[0])
    for at, number in zip(others, free, strict=False):
        played[at] = number
    return played


def _placed(faces: tuple[Face, ...], role: _Role) -> int | None:
    face = find_placed(faces, role.name) if faces else None
    return next((number for number, other in enumerate(faces) if other is face), None)
