"""Speakers: who of a clip shares a voice with somebody else, and what speaks that is no person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import get_args

from talkies.engines.animatic.living.roles import Role, speaker_role
from talkies.plan import Being, SpokenLine, Voice
from talkies.script.vocabulary import Term, vocabulary
from talkies.script.words import cut

_BEINGS: tuple[Being, ...] = get_args(Being)


def tell_apart(lines: Iterable[SpokenLine]) -> tuple[SpokenLine, ...]:
    """Number the speakers of each voice in the order in which they first speak, and say what is no person."""
    known: dict[tuple[Voice, Being | None], list[Role]] = defaultdict(list)
    told = []
    for line in lines:
        being = being_of(line)
        number = 0 if line.chorus else _number(speaker_role(line), known[line.voice, being])
        told.append(line.model_copy(update={"speaker_number": number, "being": being}))
    return tuple(told)


def being_of(line: SpokenLine) -> Being | None:
    """Tell what speaks a line, if it is no person: by its name, or by the manner, "in a robotic voice"."""
    found = vocabulary().find([word.text for word in cut(line.speaker or "")])
    nouns = found.get("person", [])
    for term in found.get("being", ()):
        if term.name in _BEINGS and _is_named(term, nouns):
            return term.name
    manner = vocabulary().find([word.text for word in cut(" ; ".join(line.manner))])
    return "machine" if "machine_voice" in manner else None


def _is_named(being: Term, nouns: Sequence[Term]) -> bool:
    """Tell whether it is the one named: not in "the man with the robot", nor in "computer scientist"."""
    if not nouns:
        return True
    is_noun = any(noun.first < being.last and being.first < noun.last for noun in nouns)
    return is_noun and being.first <= nouns[0].last


def _number(role: Role, known: list[Role]) -> int:
    """Find somebody among those known, who are added to in place."""
    for number, other in enumerate(known):
        if role.may_be(other):
            return number
    known.append(role)
    return len(known) - 1
