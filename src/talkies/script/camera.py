"""Read the camera work of a shot: its size, what it is on, and how the camera moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, cast

from talkies.plan import Amount, CameraMove, Direction, Framing, MoveKind, ShotSize, Speed
from talkies.script.owners import Owner, names_camera
from talkies.script.passage import Passage, Span
from talkies.script.sizes import find_sizes
from talkies.script.vocabulary import Term
from talkies.script.words import is_mark, is_unspaced

_REACH_TO_SIZE = 4  # words from "to" to the size that a move leads to
_REACH_TO_UNIT = 3  # words from "for" to "seconds"
_REACH_TO_GOAL = 6  # words of what a move goes close to
_GOALS: Mapping[str, ShotSize] = {"eyes": "extreme_close_up", "face": "close_up", "person": "medium"}
_PARTS: Mapping[str, ShotSize] = {"eyes": "extreme_close_up", "face": "close_up", "hands": "close_up"}
_ALSO_OF_PEOPLE = frozenset({"travel", "turn", "roll"})  # "without moving, she speaks"
_REACH_BACK, _REACH_ON = 8, 7  # words around a move in which its direction, speed and amount are looked for

_LONGEST_NAME, _LONGEST_CHINESE_NAME = 8, 14  # words, characters of what is framed
_LEADING_MARKS = ":：-—–,，"
_FILM_TABLES = ("camera", "transition", "sure_transition", "move", "sure_move", "leads_to", "shot_size")

_VERB_TABLES = ("action", "living_action", "whole_action", "speech", "ends_name")

_NOUNS = frozenset({"pan", "tilt", "dolly", "zoom", "orbit", "track"})
_USUAL_DIRECTION: dict[MoveKind, Direction] = {
    "pan": "right",
    "tilt": "up",
    "dolly": "in",
    "zoom": "in",
    "orbit": "right",
    "crane": "up",
    "track": "right",
    "roll": "clockwise",
    "dolly_zoom": "in",
}
_POSSIBLE: dict[MoveKind, tuple[Direction, ...]] = {
    "pan": ("left", "right"),
    "tilt": ("up", "down"),
    "dolly": ("in", "out"),
    "zoom": ("in", "out"),
    "orbit": ("left", "right"),
    "crane": ("up", "down"),
    "track": ("left", "right"),
    "roll": ("clockwise", "counterclockwise"),
    "dolly_zoom": ("in", "out"),
}
# What a word for one move means with the direction of another: "pan up" is a tilt, "dolly left" a track.
# An orbit that is clockwise from above carries the camera to its left.
_MEANT: dict[tuple[str, Direction], tuple[MoveKind, Direction]] = {
    ("pan", "up"): ("tilt", "up"),
    ("pan", "down"): ("tilt", "down"),
    ("tilt", "left"): ("roll", "counterclockwise"),
    ("tilt", "right"): ("roll", "clockwise"),
    ("dolly", "left"): ("track", "left"),
    ("dolly", "right"): ("track", "right"),
    ("track", "in"): ("dolly", "in"),
    ("track", "out"): ("dolly", "out"),
    ("track", "up"): ("crane", "up"),
    ("track", "down"): ("crane", "down"),
    ("orbit", "clockwise"): ("orbit", "left"),
    ("orbit", "counterclockwise"): ("orbit", "right"),
    ("turn", "left"): ("pan", "left"),
    ("turn", "right"): ("pan", "right"),
    ("turn", "up"): ("tilt", "up"),
    ("turn", "down"): ("tilt", "down"),
    ("turn", "clockwise"): ("roll", "clockwise"),
    ("turn", "counterclockwise"): ("roll", "counterclockwise"),
    ("travel", "left"): ("track", "left"),
    ("travel", "right"): ("track", "right"),
    ("travel", "up"): ("crane", "up"),
    ("travel", "down"): ("crane", "down"),
    ("travel", "in"): ("dolly", "in"),
    ("travel", "out"): ("dolly", "out"),
}
_WITHOUT_DIRECTION: dict[str, MoveKind] = {"track": "follow", "turn": "orbit", "travel": "dolly"}


class CameraWork(NamedTuple):
    """What the camera does in a shot. `ending` is the framing that its move leads to."""

    framing: Framing
    ending: Framing | None
    moves: tuple[CameraMove, ...]
    still: bool


def read_camera(passage: Passage, span: Span, owners: Sequence[Owner], *, is_cut: bool) -> CameraWork:
    """Read framing and moves of the shot in a span, in the order told; `is_cut`: another one goes before."""
    terms = _move_terms(passage, span, owners)
    moves: list[CameraMove] = []
    for number, term in enumerate(terms):
        last = terms[number + 1].first if number + 1 < len(terms) else span.last
        first = terms[number - 1].last if number else span.first
        for move in _moves(passage, term, Span(first, last)):
            if moves and (move.kind, move.direction) == (moves[-1].kind, moves[-1].direction):
                moves[-1] = _told_twice(moves[-1], move)
            else:
                moves.append(move)
    is_asked_still = bool(_still_terms(passage, span)) or (not moves and _denies_moves(passage, span, owners))
    if is_asked_still and not moves:
        moves = [CameraMove(kind="static")]
    framing, ending = _framings(passage, span, terms)
    if is_cut and framing.size is None:
        framing = _cut_to(passage, span) or framing
    if ending is None and moves and moves[-1].kind in ("dolly", "zoom") and moves[-1].direction == "in":
        ending = _approached(passage, terms[-1], _GOALS)
    return CameraWork(
        framing, ending, tuple(moves), is_asked_still and len(moves) == 1 and moves[0].kind == "static"
    )


def _still_terms(passage: Passage, span: Span) -> list[Term]:
    """The words that ask for a camera that keeps still: "locked-off", "static", "no camera movement"."""
    told = [term for term in passage.terms("still_word", span) if _is_said_of_camera(passage, term)]
    denied = [term for term in passage.terms("motion", span) if _is_denied_to_camera(passage, term)]
    wanted = [term for term in (*passage.terms("still", span), *told) if not passage.is_refused(term.first)]
    return [*wanted, *denied]


def _is_said_of_camera(passage: Passage, term: Term) -> bool:
    """Tell whether it is the camera that is "static": 相机位置固定, "low angle, static"."""
    clause = passage.clause(term.first)
    if passage.covers("negation", term.first - 1):
        return False
    if _camera_before(passage, term.first, clause):
        return True
    if passage.lead(clause) != term.first or is_unspaced(passage.words[term.first]):
        return False
    following = range(term.last, min(term.last + 2, clause.last))
    is_last = all(is_mark(passage.words[word]) for word in following)
    return is_last or any(
        passage.covers(table, word) for word in following for table in ("camera", "shot_size", "angle")
    )


def _is_denied_to_camera(passage: Passage, term: Term) -> bool:
    """Tell whether a camera is not to move: "no camera movement", "the camera never moves", 不需要运镜."""
    clause = passage.clause(term.first)
    reach = range(term.first, max(clause.first, term.first - _REACH_BACK) - 1, -1)
    denial = next((word for word in reach if passage.covers("negation", word, "no")), None)
    if denial is None or not passage.is_negated(term):
        return False
    is_between = names_camera(passage, Span(denial, term.last))
    return is_between or _camera_before(passage, denial, clause)


def _camera_before(passage: Passage, word: int, clause: Span) -> bool:
    """Tell whether nothing but adverbs and "stays" stands between the camera and a word."""
    before = word - 1
    while before >= clause.first and not passage.covers("camera", before):
        if not (_is_beside_the_point(passage, before) or passage.covers("staying", before)):
            return False
        before -= 1
    return before >= clause.first


def _denies_moves(passage: Passage, span: Span, owners: Sequence[Owner]) -> bool:
    """Tell whether the shot speaks of camera moves only to forbid them: "without zooming".

    "No camera shake" forbids none.
    """
    return any(
        term.name != "handheld"
        and passage.is_negated(term)
        and not (term.name in _ALSO_OF_PEOPLE and not names_camera(passage, passage.sentence(term.first)))
        and (table == "sure_move" or _is_done_by_camera(passage, term, owners))
        for table in ("sure_move", "move")
        for term in passage.terms(table, span)
    )


def _move_terms(passage: Passage, span: Span, owners: Sequence[Owner]) -> list[Term]:
    sure = passage.terms("sure_move", span)
    accepted = [term for term in sure if not (passage.is_negated(term) or _is_holding(passage, term))]
    told = (*sure, *_still_terms(passage, span), *passage.terms("depth_of_field", span))  # "shift focus"
    taken = {word for term in told for word in range(term.first, term.last)}
    for term in passage.terms("move", span):
        if term.first in taken or passage.is_negated(term):
            continue
        if _is_done_by_camera(passage, term, owners):
            accepted.append(term)
    return sorted(accepted)


def _is_holding(passage: Passage, term: Term) -> bool:
    """Tell whether it is somebody who holds a thing in hand: 手持团扇, but 手持 alone is how it is filmed."""
    return passage.covers("action", term.first, "hold") and not all(
        word in range(term.first, term.last) or _is_beside_the_point(passage, word)
        for word in range(*passage.clause(term.first))
    )


def _is_done_by_camera(passage: Passage, term: Term, owners: Sequence[Owner]) -> bool:
    """Tell whether it is the camera that does what a term says."""
    clause = passage.clause(term.first)
    if _describes_a_thing(passage, term):
        return False
    before = _word_before(passage, term, clause)
    if before is not None and passage.covers("camera", before):
        return True
    if owners[passage.clause_of[term.first]] == "camera":
        return before is None or _continues(passage, term, clause)
    return passage.lead(clause) != term.first and _is_noun_for_a_move(passage, term)


def _describes_a_thing(passage: Passage, term: Term) -> bool:
    """Tell whether the words are an attribute or a noun: 旋转的风车, "the rising smoke", "pans sizzling".

    Not so 推进的镜头: there it is the camera that is described.
    """
    after = passage.words[term.last] if term.last < len(passage.words) else ""
    if after == "的":
        return not passage.covers("camera", term.last + 1)
    word = passage.words[term.first]
    is_single = term.last == term.first + 1
    if word.endswith("ing"):
        opens = passage.lead(passage.clause(term.first)) == term.first
        return passage.covers("determiner", term.first - 1) or (
            is_single and opens and _is_thing(passage, term.last)
        )
    return word.endswith("s") and is_single and after.endswith("ing")


def _is_thing(passage: Passage, word: int) -> bool:
    """Tell whether a word can only be the noun after an adjective: "rising smoke", not "rising above"."""
    if word >= len(passage.words) or not passage.words[word].isalpha():
        return False
    tables = ("preposition", "determiner", "sex_hint", "pronoun", "person")
    return not _is_beside_the_point(passage, word) and not any(
        passage.covers(table, word) for table in tables
    )


def _word_before(passage: Passage, term: Term, clause: Span) -> int | None:
    """The nearest word before a term in its clause that is no adverb or the like; None when none is."""
    for word in range(term.first - 1, clause.first - 1, -1):
        if not _is_beside_the_point(passage, word):
            return word
    return None


def _is_beside_the_point(passage: Passage, word: int) -> bool:
    return passage.is_filler(word) or _is_degree(passage, word) or passage.covers("negation", word)


def _is_degree(passage: Passage, word: int) -> bool:
    return any(passage.covers(table, word) for table in ("direction", "speed", "amount"))


def _continues(passage: Passage, term: Term, clause: Span) -> bool:
    """Tell whether a term is the clause's verb: in "the camera follows the rolling car" rolling is not."""
    earlier = [
        other
        for table in ("move", "sure_move")
        for other in passage.terms(table, Span(clause.first, term.first))
        if other.last <= term.first
    ]
    between = range(max((other.last for other in earlier), default=clause.first), term.first)
    if all(_is_beside_the_point(passage, word) or passage.covers("camera", word) for word in between):
        return True
    first = passage.words[term.first]
    return not earlier and (is_unspaced(first) or first.endswith("s"))


def _is_noun_for_a_move(passage: Passage, term: Term) -> bool:
    """Tell whether a term is a noun with its article and a word of degree: "in a slow pan".

    One of two words needs no degree: "a push-in".
    """
    if term.name.split()[0] not in _NOUNS or is_unspaced(passage.words[term.first]):
        return False
    if passage.words[term.first].endswith(("s", "ing", "ed")):
        return False
    before = term.first - 1
    is_graded = term.last - term.first > 1  # "a push-in" is one without more, "a pan" may fry eggs
    while before >= 0 and _is_degree(passage, before):
        is_graded = True
        before -= 1
    return is_graded and (
        before < 0 or passage.covers("determiner", before) or passage.covers("filler", before)
    )


def _moves(passage: Passage, term: Term, room: Span) -> Iterator[CameraMove]:
    """Make the move of a term, and a second one for a direction after it: "pans left and then right".

    Direction, amount and speed stand near the term, inside `room`.
    """
    name, _, told = term.name.partition(" ")
    near = _near(passage, term, room)
    direction = cast("Direction | None", told or _nearest(passage, "direction", term, near))
    amount = cast(Amount, _nearest(passage, "amount", term, near) or "normal")
    speed = cast(Speed, _nearest(passage, "speed", term, near) or "normal")
    directions = [direction]
    following = Span(passage.clause(term.first).last, near.last)
    if direction is not None and following.first < following.last:
        directions += [cast(Direction, other.name) for other in passage.terms("direction", following)]
    for each in directions:
        kind, settled = _settled(name, each)
        yield CameraMove(kind=kind, direction=settled, amount=amount, speed=speed)


def _near(passage: Passage, term: Term, room: Span) -> Span:
    """The words around a term that can describe it: its clause, and clauses after it that say only how."""
    number = passage.clause_of[term.first]
    clause = passage.clauses[number]
    last = clause.last
    for other in passage.clauses[number + 1 : number + 3]:
        if other.last > passage.sentence(term.first).last:
            break
        if not all(_is_beside_the_point(passage, word) for word in range(*other)):
            break
        last = other.last
    first = max(clause.first, room.first, term.first - _REACH_BACK)
    reach = term.last + _REACH_ON if last == clause.last else last
    return Span(first, min(last, room.last, reach))


def _settled(name: str, direction: Direction | None) -> tuple[MoveKind, Direction | None]:
    """The kind and direction that a word for a move means with the direction told, if any."""
    if direction is not None and (name, direction) in _MEANT:
        return _MEANT[name, direction]
    kind = cast(MoveKind, name)
    if name in ("turn", "travel") or (name == "track" and direction is None):
        kind = _WITHOUT_DIRECTION[name]
    if direction not in _POSSIBLE.get(kind, ()):
        direction = _USUAL_DIRECTION.get(kind)
    return kind, direction


def _nearest(passage: Passage, table: str, term: Term, near: Span) -> str | None:
    """The name of the table's term nearest to another; at the same distance the later one."""
    found = [other for other in passage.terms(table, near) if other.last <= near.last]
    if not found:
        return None
    return min(
        found, key=lambda other: (max(term.first - other.last, other.first - term.last), -other.first)
    ).name


def _told_twice(one: CameraMove, again: CameraMove) -> CameraMove:
    """Make one move of two tellings of it: "handheld camera, slightly shaky"."""
    amount = again.amount if one.amount == "normal" else one.amount
    speed = again.speed if one.speed == "normal" else one.speed
    return one.model_copy(update={"amount": amount, "speed": speed})


def _framings(passage: Passage, span: Span, moves: Sequence[Term]) -> tuple[Framing, Framing | None]:
    """Read the framing that the shot begins with and the one that its camera move leads to."""
    begins, ends = Framing(), None
    for term in find_sizes(passage, span):
        if passage.is_negated(term):
            continue
        framing = Framing(size=cast(ShotSize, term.name), subject=_subject(passage, term, span))
        if _is_led_to(passage, term, moves):
            ends = framing
        elif begins.size is None:
            begins = framing
    return begins, ends


def _cut_to(passage: Passage, span: Span) -> Framing | None:
    """Read what part of somebody a cut shows where no size is told: "cut to his eyes", 切到她的手."""
    clause = passage.clause(span.first)
    cuts = [term for table in ("transition", "sure_transition") for term in passage.terms(table, clause)]
    return _approached(passage, max(cuts, key=lambda term: term.last), _PARTS) if cuts else None


def _is_led_to(passage: Passage, term: Term, moves: Sequence[Term]) -> bool:
    """Tell whether a size is where a move ends: "pulls back to a wide shot", 拉远到全景."""
    clause = passage.clause(term.first)
    if is_unspaced(passage.words[term.first]) and any(
        clause.first <= move.first < term.first for move in moves
    ):
        return True
    sentence = passage.sentence(term.first)
    if not any(sentence.first <= move.first < term.first for move in moves):
        return False
    return any(
        passage.covers("leads_to", word) for word in range(max(term.first - 5, sentence.first), term.first)
    )


def _approached(passage: Passage, move: Term, sizes: Mapping[str, ShotSize]) -> Framing | None:
    """Read whom a move goes close to: "pushes in on her face", 推向她的眼睛, but not "in past the crowd".

    `sizes` tells how close it comes to each kind of goal.
    """
    clause = passage.clause(move.first)
    first = move.last
    while _is_beside_the_point(passage, first) or passage.covers("approached", first, "at"):
        first += 1
    near = Span(first, min(clause.last, first + _REACH_TO_GOAL))
    goals = [(term, sizes.get(term.name)) for term in passage.terms("approached", near)]
    goals += [
        (term, sizes.get("person")) for term in passage.terms("person", near) if not _owns(passage, term)
    ]
    for goal, size in goals:
        before = range(first, goal.first)
        is_aside = any(passage.covers(table, word) for table in ("preposition", "way") for word in before)
        if size is not None and not is_aside:
            return Framing(size=size, subject=_noun_phrase(passage, first, clause))
    return None


def _owns(passage: Passage, person: Term) -> bool:
    """Tell whether it is something of somebody: "the man's watch", 老人的手."""
    return passage.words[person.last :][:1] in (["'s"], ["的"])


def _subject(passage: Passage, term: Term, span: Span) -> str | None:
    """The words for what is framed: after the size ("close-up of her eyes") or, in Chinese, before it too."""
    first = term.last
    while first < span.last and passage.covers("size_noun", first):
        first += 1
    if first < span.last and passage.covers("resumed", first):
        first += 1
    if first < span.last and passage.covers("framed_by", first - 1):  # the "on" of "close on"
        return _noun_phrase(passage, first, span)
    is_told = first < span.last and passage.covers("framed_by", first)
    if is_told or (first < span.last and passage.words[first] in _LEADING_MARKS):
        first += 1
        if is_told or _opens_noun_phrase(passage, first, span):
            return _noun_phrase(passage, first, span)
    elif first < span.last and is_unspaced(passage.words[first]) and not _is_passed_over(passage, first):
        return _noun_phrase(passage, first, span)
    return _subject_before(passage, term, span)


def _opens_noun_phrase(passage: Passage, word: int, span: Span) -> bool:
    """Tell whether somebody or something is named after a comma or colon: "Close-up: a rose"."""
    return word < span.last and (passage.covers("determiner", word) or passage.covers("person", word))


def _is_passed_over(passage: Passage, word: int) -> bool:
    """Tell whether a word can begin no name: an adverb, or what the camera does."""
    if passage.covers("determiner", word):
        return False
    return passage.is_filler(word) or any(passage.covers(table, word) for table in _FILM_TABLES)


def _noun_phrase(passage: Passage, first: int, span: Span) -> str | None:
    longest = _LONGEST_NAME
    if first < span.last and is_unspaced(passage.words[first]):
        longest = _LONGEST_CHINESE_NAME
    last = first
    while last < min(span.last, first + longest) and not _ends_noun_phrase(passage, first, last):
        last += 1
    return passage.spelt(first, last) or None


def _ends_noun_phrase(passage: Passage, first: int, word: int) -> bool:
    spelt = passage.words[word]
    if is_mark(spelt) or passage.covers("break", word) or passage.covers("camera", word):
        return True
    if passage.covers("leads_to", word) and find_sizes(passage, Span(word, word + _REACH_TO_SIZE)):
        return True
    if word == first or passage.covers("determiner", word - 1):
        return False
    if passage.covers("preposition", word) and passage.terms("unit", Span(word + 1, word + _REACH_TO_UNIT)):
        return True  # "her face for 2 seconds"
    is_verb = any(passage.covers(table, word) for table in _VERB_TABLES)
    follower = passage.words[word + 1] if word + 1 < len(passage.words) else ""
    return is_verb and follower != "的" and not passage.covers("place", word)


def _subject_before(passage: Passage, term: Term, span: Span) -> str | None:
    """The subject of a Chinese size that follows it: 老人的手部特写."""
    if not is_unspaced(passage.words[term.first]):
        return None
    floor = max(passage.clause(term.first).first, span.first)
    last = term.first
    while last > floor and (passage.covers("size_noun", last - 1) or passage.words[last - 1] == "的"):
        last -= 1
    first = last
    while first > max(floor, last - _LONGEST_CHINESE_NAME):
        before = passage.words[first - 1]
        if is_mark(before) or (before != "的" and _is_passed_over(passage, first - 1)):
            break
        if passage.covers("framed_by", first - 1):  # 先是远景
            break
        first -= 1
    return passage.spelt(first, last) or None
