"""Acting: from a plan to what every face and head does in each frame of a shot.

Whoever speaks moves the lips to the sounds and the head to the words, the others look at whoever speaks;
everybody blinks, breathes and follows the cues. Where a shot must begin or end as the photo itself, all of
it starts from nothing and comes to rest again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from talkies.engines.animatic.living.animals import hovers, is_animal
from talkies.engines.animatic.living.casting import cast
from talkies.engines.animatic.living.easing import Curve, emerge, swell, swing
from talkies.engines.animatic.living.gestures import (
    FEELINGS,
    GESTURES,
    LIDS,
    STEPPING,
    Feeling,
    Moment,
    feel,
    hold_lids,
    read_moment,
)
from talkies.engines.animatic.living.idling import (
    animal,
    as_animal,
    blink_moments,
    blinks,
    call,
    glances,
    hover,
    sway,
    sway_alone,
    talk,
)
from talkies.engines.animatic.living.performance import MOUTH, Channel, Motion, Performance, combine
from talkies.engines.animatic.living.phonetics import sounds_of, stresses
from talkies.engines.animatic.living.roles import BY_A_BODY, doer
from talkies.engines.animatic.living.visemes import Speak, frame_times, mouth_track, speech_runs
from talkies.engines.animatic.optics.framing import facing
from talkies.engines.animatic.sound.effects import effect_length, effect_onset
from talkies.engines.animatic.sound.soundtrack import heard_steps
from talkies.engines.animatic.vision.faces import Face
from talkies.engines.animatic.vision.scene import Scene
from talkies.media import rng
from talkies.plan import ANIMAL_CALLS, Cue, Plan, Shot, SpokenLine
from talkies.script.passage import Passage
from talkies.script.people import People
from talkies.spec import FRAME_RATE, SAMPLE_RATE

_OPENING_S, _CLOSING_S = 0.4, 0.8  # from the photo into motion, and back to rest
_STRESS_GAP_S = 0.75
_NOTICE_S = 0.22  # until somebody looks at whoever begins to speak
_AGREE_SHARE = 0.4  # of what others say, after which a listener nods
_EYELIDS: tuple[Channel, ...] = ("blink_left", "blink_right")
_FAR = 2.5  # sizes of the face: from here on somebody beside is looked at as far as eyes go


_TRACK: tuple[Channel, ...] = (*MOUTH, "speaking")
_SURE_FACE = 0.9  # of the detector's score: monkeys have less, few people do
_STILL_SHARE = 0.35  # of a thing's motion, that does not breathe
_CALLING = (0.12, 1.0)  # seconds that an animal holds its head up for a call, at the least and at the most


class _Person(NamedTuple):
    """One face with what the plan has for it in a shot."""

    number: int
    face: Face
    lines: tuple[SpokenLine, ...]
    cues: tuple[Cue, ...]


class _Stage(NamedTuple):
    """A shot being acted: the middles of its frames in seconds of the clip, and where the shot began."""

    plan: Plan
    shot: Shot
    time: Curve

    @property
    def origin_s(self) -> float:
        """Start of the plan's shot, from which chance is drawn: its parts fit together."""
        return self.shot.start_frame / FRAME_RATE

    @property
    def shot_time(self) -> Curve:
        """The middles of the frames in seconds from the shot's start."""
        return self.time - self.origin_s

    @property
    def heard_steps(self) -> tuple[float, ...]:
        """The footsteps in the shot, in seconds from its start."""
        end_s = self.shot.frame_count / FRAME_RATE
        since = (moment_s - self.origin_s for moment_s in heard_steps(self.plan))
        return tuple(moment_s for moment_s in since if 0 <= moment_s < end_s)

    def chance(self, purpose: str, number: int) -> Generator:
        """Make the generator of one purpose for one face."""
        return rng(self.plan.seed, purpose, self.shot.start_frame, number)


def perform(
    plan: Plan,
    shot: Shot,
    faces: tuple[Face, ...],
    speak: Speak,
    *,
    scene: Scene | None = None,
    tail: int = 0,
    opens_whole: bool = False,
    closes_whole: bool = False,
) -> tuple[Performance, ...]:
    """Act a shot: one performance for each face of its scene, in their order.

    Args:
        plan: the clip.
        shot: a shot of the plan, or a part of one; frame 0 is its first.
        faces: of the scene that it is filmed from, the largest first.
        speak: gives the sound of a line.
        scene: that has the faces; None to cast them without looking at it.
        tail: frames after the shot's last that a transition shows.
        opens_whole: the first frame is the photo itself.
        closes_whole: the shot's last frame is.
    """
    stage = _set_stage(plan, shot, tail)
    calm = _calm(stage.time.size, shot.frame_count, opens=opens_whole, closes=closes_whole)
    people = _people(stage, faces, scene)
    taken_s: list[float] = []
    performances = []
    for person in people:
        acted = list(_acted(stage, person))
        moments_s = _blink_moments(stage, person, taken_s)
        taken_s += moments_s
        track = mouth_track(person.lines, stage.time, speak)
        speech: Motion = {name: getattr(track, name) for name in _TRACK}
        others = [
            blinks(
                stage.shot_time,
                moments_s,
                _lids_at_work(stage.shot_time, acted),
                stage.chance("lids", person.number),
            ),
            *_idle(stage, person, track.speaking),
            *_attention(stage, person, people),
            *acted,
        ]
        performances.append(combine(speech, others, calm))
    return tuple(performances)


def perform_figure(
    plan: Plan,
    shot: Shot,
    *,
    turning: bool,
    tail: int = 0,
    opens_whole: bool = False,
    closes_whole: bool = False,
) -> Performance | None:
    """Act for a subject without a face: an animal breathes and sways, a thing turns a little to and fro.

    A thing that is not `turning` does nothing.
    """
    stage = _set_stage(plan, shot, tail)
    lives = is_animal(stage.shot.text)
    if not (lives or turning):
        return None
    calm = _calm(stage.time.size, shot.frame_count, opens=opens_whole, closes=closes_whole)
    chance = stage.chance("figure", 0)
    if not lives:
        idle = sway(stage.shot_time, chance)
        motion: Motion = {"turn": idle["turn"], "nod": _STILL_SHARE * idle["nod"]}
        return combine(_nothing(stage.time), [motion], calm)
    motions = [animal(stage.shot_time, chance), call(stage.shot_time, list(_calls(stage)), chance)]
    motions += _acted_by_animal(stage)
    if hovers(stage.shot.text) or any(cue.kind == "fly" for cue in _cues(stage)):
        motions.append(hover(stage.shot_time, chance))
    return combine(_nothing(stage.time), motions, calm)


def are_animals(shot: Shot, faces: tuple[Face, ...]) -> bool:
    """Tell whether a shot's words speak of animals alone, and what was taken for faces may be theirs.

    Whoever means a person with an animal in the picture either names the person or has a face that is sure.
    """
    if any(face.score > _SURE_FACE for face in faces) or not is_animal(shot.text):
        return False
    people = People(Passage(shot.text))
    animals = [mention for mention in people.mentions if mention.kind == "animal"]
    names = {mention.text for mention in animals}
    # "The baby monkey" and "the mother elephant" mention one animal each.
    return all(
        people.speaker(mention).text in names
        or any(mention.first <= animal.last and mention.last >= animal.first for animal in animals)
        for mention in people.mentions
    )


def _calls(stage: _Stage) -> Iterator[tuple[float, float]]:
    """Yield the calls of animals that the shot has: start, from its own, and length in seconds."""
    for sound in stage.plan.sounds:
        if sound.kind in ANIMAL_CALLS and stage.plan.shots[sound.shot] is stage.shot:
            onset, length = effect_onset(sound.kind), effect_length(sound.kind)
            held_s = min(max((0.5 * length - onset) / SAMPLE_RATE - 0.2, _CALLING[0]), _CALLING[1])
            yield (sound.start_sample + onset) / SAMPLE_RATE - stage.origin_s, held_s


def _cues(stage: _Stage) -> list[Cue]:
    return [cue for cue in stage.plan.cues if stage.plan.shots[cue.shot] is stage.shot]


def _nothing(time: Curve) -> Motion:
    return dict.fromkeys(_TRACK, np.zeros_like(time))


def _set_stage(plan: Plan, shot: Shot, tail: int) -> _Stage:
    """Find the plan's shot that `shot` is, or is a part of."""
    whole = next(known for known in reversed(plan.shots) if known.start_frame <= shot.start_frame)
    return _Stage(plan, whole, frame_times(shot.start_frame, shot.frame_count + tail))


def _calm(count: int, frame_count: int, *, opens: bool, closes: bool) -> Curve:
    """Be 0 in a first and a last frame that must be the photo, 1 where everything may move."""
    frames = np.arange(count)
    calm = emerge(frames / (_OPENING_S * FRAME_RATE)) if opens else np.ones(count)
    if closes:
        calm = calm * emerge((frame_count - 1 - frames) / (_CLOSING_S * FRAME_RATE))
    return calm


def _people(stage: _Stage, faces: tuple[Face, ...], scene: Scene | None) -> list[_Person]:
    """Give each face its lines and cues: those of the shot, and lines that run on into it."""
    roles = cast(stage.plan, faces, scene)
    start_s, end_s = stage.origin_s, stage.shot.end_frame / FRAME_RATE
    lines = [line for line in stage.plan.lines if line.start_s < end_s and line.end_s > start_s]
    cues = _cues(stage)
    return [
        _Person(
            number,
            face,
            tuple(line for line in lines if number in roles.speakers(line)),
            tuple(cue for cue in cues if number in roles.actors(cue)),
        )
        for number, face in enumerate(faces)
    ]


def _blink_moments(stage: _Stage, person: _Person, taken_s: Sequence[float]) -> tuple[float, ...]:
    ends_s = [end_s - stage.origin_s for _, end_s in speech_runs(person.lines)]
    chance = stage.chance("blink", person.number)
    return blink_moments(stage.shot_time[-1], ends_s, taken_s, chance)


def _lids_at_work(time: Curve, acted: Sequence[Motion]) -> Curve:
    """Give the frames' moments at which lids do something on cue."""
    busy = np.zeros(time.size, np.bool_)
    for motion in acted:
        for lid in _EYELIDS:
            if lid in motion:
                busy |= motion[lid] > 0
    return time[busy]


def _idle(stage: _Stage, person: _Person, speaking: Curve) -> Iterator[Motion]:
    chance = stage.chance("sway", person.number)
    if stage.shot.is_camera_fixed:
        size = person.face.size / min(stage.plan.width, stage.plan.height)
        yield sway_alone(stage.shot_time, chance, size)
    else:
        yield sway(stage.shot_time, chance)
    yield glances(stage.shot_time, stage.chance("glances", person.number))
    stressed_s = [
        moment_s - stage.origin_s
        for line in person.lines
        for moment_s in stresses(sounds_of(line), _STRESS_GAP_S)
    ]
    if stressed_s:
        yield talk(stage.shot_time, speaking, stressed_s, stage.chance("talk", person.number))


def _attention(stage: _Stage, person: _Person, people: Sequence[_Person]) -> Iterator[Motion]:
    """Look at the others while they speak, a moment after they begin."""
    chance = stage.chance("attention", person.number)
    for other in people:
        if other is person or set(other.lines) <= set(person.lines):
            continue
        across, down = (
            (there - here) / (_FAR * person.face.size)
            for there, here in zip(other.face.centre, person.face.centre, strict=True)
        )
        x, y = float(np.tanh(across)), float(np.tanh(down))
        for start_s, end_s in speech_runs(other.lines):
            noticed_s = start_s - stage.origin_s + _NOTICE_S * float(chance.uniform(0.7, 1.6))
            gone_s = end_s - stage.origin_s + float(chance.uniform(0.3, 0.7))
            eyes = swell(stage.shot_time, noticed_s, gone_s, 0.08, 0.1)
            head = swell(stage.shot_time, noticed_s + 0.08, gone_s, 0.6, 0.8)
            yield {"gaze_x": 0.8 * x * eyes, "gaze_y": 0.4 * y * eyes, "turn": 0.09 * x * head}
            if chance.random() < _AGREE_SHARE:
                yield {"nod": 0.05 * swing(stage.shot_time, gone_s - 0.3, 1.7, 1.5)}


def _acted(stage: _Stage, person: _Person) -> Iterator[Motion]:
    """Follow the cues: feelings that hold, and gestures."""
    felt: list[tuple[Feeling, Moment]] = []
    held: list[tuple[str, Moment]] = []
    for number, cue in enumerate(sorted(person.cues, key=lambda cue: cue.start_s)):
        chance = stage.chance(f"cue {number}", person.number)
        moment = read_moment(_heard(stage.plan, cue), stage.origin_s, facing(person.face), chance)
        if cue.kind in STEPPING:
            moment = moment._replace(steps_s=stage.heard_steps)
        if cue.kind in FEELINGS:
            felt.append((FEELINGS[cue.kind], moment))
        if cue.kind in LIDS:
            held.append((cue.kind, moment))
        if cue.kind in GESTURES:
            yield GESTURES[cue.kind](stage.shot_time, moment, chance)
    yield from feel(
        stage.shot_time, felt, [start_s - stage.origin_s for start_s, _ in speech_runs(person.lines)]
    )
    yield from hold_lids(stage.shot_time, held)


def _acted_by_animal(stage: _Stage) -> Iterator[Motion]:
    """Follow the cues that a whole body can: looks, nods, turns and the bob of its steps."""
    for number, cue in enumerate(_cues(stage)):
        if cue.kind in BY_A_BODY and doer(cue.who) != "person":
            chance = stage.chance(f"figure's cue {number}", 0)
            moment = read_moment(cue, stage.origin_s, 0.0, chance)
            if cue.kind in STEPPING:
                moment = moment._replace(steps_s=stage.heard_steps)
            yield as_animal(GESTURES[cue.kind](stage.shot_time, moment, chance))


def _heard(plan: Plan, cue: Cue) -> Cue:
    """Let a laugh that is heard be seen when it is heard."""
    if cue.kind != "laugh":
        return cue
    heard = [sound for sound in plan.sounds if sound.kind == "laughter" and sound.shot == cue.shot]
    if not heard:
        return cue
    nearest = min(heard, key=lambda sound: abs(sound.start_sample / SAMPLE_RATE - cue.start_s))
    start_s = nearest.start_sample / SAMPLE_RATE
    return cue.model_copy(update={"start_s": start_s, "end_s": start_s + nearest.sample_count / SAMPLE_RATE})
