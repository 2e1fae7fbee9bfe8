"""Roles: the people of a clip, each with the words that tell them from the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, get_args

from talkies.engines.animatic.living.animals import is_animal
from talkies.engines.animatic.living.traits import Trait, traits_of
from talkies.plan import ActionKind, Cue, Plan, SpokenLine, Voice
from talkies.script.mentions import means_many
from talkies.script.passage import Passage
from talkies.script.people import People, voice_of
from talkies.script.words import cut

ACTIONS = frozenset(get_args(ActionKind))
_BY_THINGS: frozenset[ActionKind] = frozenset(
    [
        *("flow", "sway", "drift", "flicker", "fall", "appear", "transform", "vanish", "move"),
        *("run", "ride", "fly", "swim", "hold", "play"),
    ]
)
"""What water, clouds, hair and cars do, too: whoever is not known as a person is none here."""
BY_A_BODY: frozenset[ActionKind] = frozenset(
    [
        *("gaze", "nod", "shake_head", "turn_head", "tilt_head", "breathe"),
        *("walk", "run", "ride", "dance", "jump"),
    ]
)
"""What an animal, which moves as one body, can be seen to do."""
_OF_PEOPLE = (
    *("person", "pronoun", "sex", "sex_hint", "approached", "one_of_many"),
    *("mouth", "side", "place", "worn"),
)
_ARTICLES = frozenset({"the", "a", "an"})
_IT = frozenset({"it", "它"})
_ANOTHER = frozenset({"other", "another", "second", "third", "另", "第"})


@dataclass(frozen=True)
class Role:
    """Somebody of the clip: the words that tell them from others, and the voice that the words suggest.

    `is_all`: everybody is meant. `traits` are what the words tell of looks.
    """

    name: str
    words: frozenset[str]
    voice: Voice | None
    is_all: bool = False
    traits: frozenset[Trait] = field(default=frozenset(), compare=False)

    @property
    def is_another(self) -> bool:
        """Tell whether it is "the other one" or "the second"."""
        return bool(self.words & _ANOTHER)

    def may_be(self, other: Role) -> bool:
        """Tell whether two names can mean one person: "the man" and "the man in a suit", "she" and "Anna"."""
        if (self.words ^ other.words) & _ANOTHER:
            return False
        if self.words and other.words:
            return self.words <= other.words or other.words <= self.words
        return self.voice is None or self.voice == other.voice


def names_somebody(words: str) -> bool:
    """Tell whether words can mean a person or a part of a face; names begin with a capital letter."""
    passage = Passage(words)
    is_told = any(passage.terms(table) for table in _OF_PEOPLE)
    return is_told or any(word[:1].isupper() for word in words.split()[1:] or words.split())


def doer(who: str | None) -> Literal["person", "animal", "thing"]:
    """Tell what the words for whoever does something mean; without words, a person.

    >>> doer("The old man"), doer("The cat"), doer("The car"), doer(None)
    ('person', 'animal', 'thing', 'person')
    """
    if not who:
        return "person"
    if is_animal(who):
        return "animal"
    if who.lower() in _IT:
        return "thing"
    return "person" if names_somebody(who) or People(Passage(who)).mentions or means_many(who) else "thing"


def speaking_role(line: SpokenLine) -> Role | None:
    """Read who speaks a line; None for an animal."""
    return _role(line.speaker, line.voice)


def speaker_role(line: SpokenLine) -> Role:
    """Read who speaks a line, an animal too."""
    return speaking_role(line) or _named(line.speaker or "", line.voice, is_all=False)


def acting_role(cue: Cue) -> Role | None:
    """Read the words for whoever does a cue; None for an animal, and for a thing: "the water flows"."""
    is_thing = bool(cue.who) and cue.kind in _BY_THINGS and not People(Passage(cue.who or "")).mentions
    return None if is_thing else _role(cue.who)


def roles_of(plan: Plan) -> list[Role]:
    """List whoever speaks or does something, each once, in the order of the clip."""
    named = [
        *((line.start_s, speaking_role(line)) for line in plan.lines if not line.voice_over),
        *((cue.start_s, acting_role(cue)) for cue in plan.cues if cue.kind in ACTIONS and cue.who),
    ]
    return distinct(role for _, role in sorted(named, key=lambda entry: entry[0]))


def distinct(roles: Iterable[Role | None]) -> list[Role]:
    """Keep each person once."""
    kept: list[Role] = []
    for role in roles:
        if role is not None and not role.is_all and not any(role.may_be(known) for known in kept):
            kept.append(role)
    return kept


def _role(who: str | None, voice: Voice | None = None) -> Role | None:
    """Read the words for somebody; None for an animal, which has no face here."""
    people = People(Passage(who or ""))
    mentions = people.mentions
    if not mentions:
        return _named(who or "", voice, is_all=means_many(who or ""))
    mention = mentions[0]
    if len(mentions) > 1 and people.together(mentions[1], ""):
        return Role(who or "", frozenset(), voice, is_all=True)
    if mention.kind == "animal":
        return None
    if mention.is_pronoun:
        told = voice or _voice_of_pronoun(mention.sex)
        return Role(mention.text, frozenset(), told, is_all=mention.is_many)
    return _named(mention.text, voice or voice_of(mention.kind, mention.sex), is_all=mention.is_many)


def _named(name: str, voice: Voice | None, *, is_all: bool) -> Role:
    words = [word.text for word in cut(name)]
    own = words[1:] if words and words[0] in _ARTICLES else words
    return Role(name, frozenset(own), voice, is_all, traits_of(words))


def _voice_of_pronoun(sex: str | None) -> Voice | None:
    return "woman" if sex == "woman" else "man" if sex == "man" else None
