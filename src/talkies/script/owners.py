"""Who does it: whether a clause is about the camera or about somebody or something in the picture.

"The camera pans left, then tilts up" moves the camera twice; in "the car rolls down the hill" nothing
about the camera is said. Verbs that a camera and a thing can both do are judged by their clause's owner.
"""

from __future__ import annotations

from typing import Literal

from talkies.script.passage import Passage, Span

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


def clause_owners(passage: Passage) -> list[Owner]:
    """Name the owner of every clause; None where nothing tells, as at the start of an imperative sentence."""
    owners: list[Owner] = []
    owner: Owner = None
    before: Owner = None
    for number, clause in enumerate(passage.clauses):
        opens_sentence = passage.sentence(clause.first).first == clause.first
        if opens_sentence:
            before, owner = owner, None
            means_camera = before == "camera"
        else:
            means_camera = owner != "camera" and _speaks_of_camera(passage, passage.clauses[number - 1])
        owner = _owner(passage, clause, owner, means_camera)
        owners.append(owner)
    return owners


def _speaks_of_camera(passage: Passage, clause: Span) -> bool:
    return any(passage.covers("camera", word) for word in range(*clause))


def _owner(passage: Passage, clause: Span, inherited: Owner, it_means_camera: bool) -> Owner:
    lead = passage.lead(clause)
    while lead < clause.last and passage.covers("negation", lead, "no"):  # "no pan"
        lead = passage.lead(Span(lead + 1, clause.last))
    if lead == clause.last:
        return inherited
    if passage.covers("camera", lead):
        return "camera"
    if passage.covers("break", clause.first, "relative"):
        return "other"
    if passage.covers("pronoun", lead, "it"):
        return "camera" if it_means_camera else "other"
    if any(passage.covers(table, lead) for table in _CAMERA_TABLES):
        return _owner_of_bare_verb(passage.words[lead], inherited)
    is_aside = inherited == "camera" and passage.words[lead].endswith(
        ("ed", "ing")
    )  # ", mounted on a drone,"
    return "camera" if is_aside else "other"


def _owner_of_bare_verb(verb: str, inherited: Owner) -> Owner:
    """Judge a clause that begins with a verb: "pans left" goes on as before, "pan left" is an order."""
    if inherited == "other" and not verb.endswith(("s", "ing", "ed")):
        return "camera" if verb.isascii() else "other"
    return inherited or "camera"
