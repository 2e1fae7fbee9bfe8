"""Who does it: whether a clause is about the camera or about somebody or something in the picture.

"The camera pans left, then tilts up" moves the camera twice; in "the car rolls down the hill" nothing
about the camera is said. Verbs that a camera and a thing can both do are judged by their clause's owner.
"""

from __future__ import annotations

from typing import Literal

from talkies.script.passage import Passage, Span
from talkies.script.vocabulary import Term
from talkies.script.words import is_mark

Owner = Literal["camera", "other"] | None

_CAMERA_TABLES = (
    "move",
    "sure_move",
    "still",
    "transition",
    "sure_transition",
    "shot_size",
    "angle",
    "timing",
)
_BY_A_BODY = frozenset({"turn", "roll", "tilt", "crane", "handheld", "travel", "pan"})
"""Moves that a head or a hand makes too; what the camera follows or comes near may be a hand."""
_POSSESSIVES = ("determiner", "sex_hint", "direction")  # before a part of the body: "your left hand"
_AFTER_A_MOVE = ("way", "direction", "speed", "amount", "leads_to", "determiner", "camera", "move", "angle")


def clause_owners(passage: Passage) -> list[Owner]:
    """Name the owner of every clause; None where nothing tells, as at the start of an imperative sentence."""
    owners: list[Owner] = []
    owner: Owner = None
    before: Owner = None
    for number, clause in enumerate(passage.clauses):
        opens_sentence = passage.sentence(clause.first).first == clause.first
        if opens_sentence:
            before, owner = owner, None
            means_camera = before == "camera" or _excepts_camera(passage, passage.clauses[max(number - 1, 0)])
        else:
            means_camera = owner != "camera" and names_camera(passage, passage.clauses[number - 1])
        owner = _owner(passage, clause, owner, means_camera)
        owners.append(owner)
    return owners


def names_camera(passage: Passage, span: Span) -> bool:
    """Tell whether a span speaks of the camera."""
    return any(passage.covers("camera", word) for word in range(*span))


def _owner(passage: Passage, clause: Span, inherited: Owner, it_means_camera: bool) -> Owner:
    lead = passage.lead(clause)
    while lead < clause.last and _limits(passage, lead):
        lead = passage.lead(Span(lead + 1, clause.last))
    if lead == clause.last:
        return inherited
    by_subject = _owner_by_subject(passage, clause, lead, it_means_camera)
    return by_subject or _owner_by_verb(passage, clause, lead, inherited)


def _owner_by_subject(passage: Passage, clause: Span, lead: int, it_means_camera: bool) -> Owner:
    """Judge a clause by its subject: the first rule that applies tells whether the camera is meant."""
    rules = (
        (passage.covers("camera", lead), True),
        (lead > clause.first and passage.covers("negation", lead - 1, "nobody"), False),
        (passage.covers("break", clause.first, "relative"), _follows_camera(passage, clause.first)),
        (passage.covers("pronoun", lead, "it"), it_means_camera),
    )
    means_camera = next((means for applies, means in rules if applies), None)
    return None if means_camera is None else "camera" if means_camera else "other"


def _owner_by_verb(passage: Passage, clause: Span, lead: int, inherited: Owner) -> Owner:
    """Judge a clause that begins with something else: what a camera does, or ", mounted on a drone,"."""
    verb = passage.words[lead]
    if any(passage.covers(table, lead) for table in _CAMERA_TABLES):
        return "other" if _is_of_somebody(passage, clause, lead) else _owner_of_bare_verb(verb, inherited)
    is_aside = verb.endswith(("ed", "ing")) or _stays(passage, clause, lead)
    return "camera" if is_aside and inherited == "camera" else "other"


def _stays(passage: Passage, clause: Span, verb: int) -> bool:
    """Tell whether a verb tells of whatever moved that it moves no more: "holds for 2 seconds", "stays"."""
    after = verb + 1
    if not passage.covers("staying", verb):
        return False
    is_alone = after == clause.last or is_mark(passage.words[after])
    return is_alone or any(
        passage.covers(table, after) for table in ("preposition", "still_word", "framed_by")
    )


def _limits(passage: Passage, word: int) -> bool:
    """Tell whether a word says of what follows that it is not, or alone: "no pan", "only the camera"."""
    return any(passage.covers("negation", word, name) for name in ("no", "stop"))


def _follows_camera(passage: Passage, word: int) -> bool:
    """Tell whether the camera stands right before a "which" or "that"."""
    before = word - 1
    while before >= 0 and is_mark(passage.words[before]):
        before -= 1
    return passage.covers("camera", before, "camera")


def _excepts_camera(passage: Passage, clause: Span) -> bool:
    """Tell whether a clause leaves nothing but the camera: "nothing moves except the camera"."""
    exceptions = (word for word in range(*clause) if passage.covers("negation", word, "stop"))
    return names_camera(passage, Span(next(exceptions, clause.last), clause.last))


def _owner_of_bare_verb(verb: str, inherited: Owner) -> Owner:
    """Judge a clause that begins with a verb: "pans left" goes on as before, "pan left" is an order."""
    if inherited == "other" and not verb.endswith(("s", "ing", "ed")):
        return "camera" if verb.isascii() else "other"
    return inherited or "camera"


def _is_of_somebody(passage: Passage, clause: Span, lead: int) -> bool:
    """Tell whether a word for a move that opens a clause is what somebody does, or a thing that is named."""
    moves = passage.terms("move", Span(lead, lead + 1))
    if not moves or passage.covers("sure_move", lead):
        return False
    return _moves_body(passage, moves[0]) or _names_thing(passage, clause, moves[0])


def _moves_body(passage: Passage, move: Term) -> bool:
    """Tell whether it is a part of somebody's body that moves, or somebody who turns to the camera.

    "Turn head", "raise your left hand"; not so "tilt up to her face", "follow her hands".
    """
    after = move.last
    if passage.covers("object_marker", after) or passage.covers("object_marker", after - 1):
        return passage.covers("viewer", max(after, move.first + 1)) or passage.covers("viewer", after + 1)
    while any(passage.covers(table, after) for table in _POSSESSIVES):
        after += 1
    return move.name.split()[0] in _BY_A_BODY and passage.covers("body", after)


def _names_thing(passage: Passage, clause: Span, move: Term) -> bool:
    """Tell whether a word for a move is a noun: "a crane flies", "truck driver", "swing in the park".

    "Crane over the roofs" and "a pan across the room" are moves: a way, a degree or nothing follows.
    """
    if move.last - move.first > 1 or not passage.covers("thing", move.first):
        return False
    is_after_article = any(passage.covers("determiner", word) for word in range(clause.first, move.first))
    if move.last == clause.last or is_mark(passage.words[move.last]):
        is_graded = any(passage.covers(table, move.first - 1) for table in ("speed", "amount"))
        return is_after_article and not is_graded
    after = passage.words[move.last]
    if after == "of" and names_camera(passage, Span(move.last, move.last + 3)):
        return False
    if after.endswith("s") and passage.covers("move", move.last):  # "a crane flies"
        return True
    goes = any(passage.covers(table, move.last) for table in _AFTER_A_MOVE)
    return not (goes or after.endswith(("ly", "ing")) or after[0].isdigit())
