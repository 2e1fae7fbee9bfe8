"""Time the script's lines, to learn how long everything takes and what does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from talkies.engines.animatic.planning import omissions
from talkies.engines.animatic.planning.cues import act_s
from talkies.engines.animatic.sound import voice
from talkies.plan import AMBIENCES, ActionKind
from talkies.script import Line, Script, ScriptShot, Sound
from talkies.spec import AUTO_DURATION, MAX_DURATION_S, MIN_DURATION_S, SAMPLE_RATE, Spec

USUAL_DURATION_S = 5  # when the script leaves it open
SHOT_S = 2.5  # a shot without speech, when the script leaves it open
SHORTEST_SHOT_S = 0.75
LEAD_S = 0.45  # before the first word of a shot: the eye arrives first
GAP_S = 0.35  # between two lines
TAIL_S = 0.45  # after the last word of a shot
EFFECT_S = 0.7  # room for a one-shot among spoken lines
LAUGHTER_S = 1.5  # the same for laughter: whoever laughs does not speak meanwhile
REPEAT_S = 0.6  # from one shot or splash to the next
REPEATS_S: dict[str, float] = {
    "knock": 0.21,
    "dog": 0.42,
    "bell": 1.3,
    "horn": 0.9,
    "thunder": 1.6,
    "phone": 2.2,
    "scream": 1.5,
    "sob": 1.8,
    "sigh": 2.2,
    "baby_cry": 2.6,
    "fireworks": 1.3,
    "gunfire": 1.2,
    "alarm": 3.0,
    "vibration": 1.7,
}
USUAL_COUNTS = {"knock": 3, "dog": 2}  # how often, when the prompt does not say
PACES = (1.0, 1.08, 1.16, 1.24, 1.32, 1.4, 1.5)  # tried in turn; beyond the last, speech sounds hurried
_QUICKEST = 0.96  # of the time that a pace promises: no line is spoken quicker than that
_HEARD: frozenset[ActionKind] = frozenset({"speak", "sing"})  # actions that lines are
LONGEST_SPEECH = 400  # letters: more than 12 s hold at the fastest pace
IDEOGRAPH = 4  # letters that one takes the time of

_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_SENTENCE_END = re.compile(r"[.!?…]+[”\"’)]*(?=\s|$)|[。！？]+[”」』]*")
_CLAUSE_END = re.compile(r"[,;:](?=\s)|[，、；：]")


@dataclass(frozen=True)
class Utterance:
    """A line and how long it takes to say."""

    line: Line
    timing: voice.Timing

    @property
    def seconds(self) -> float:
        """How long the speech lasts."""
        return self.timing.sample_count / SAMPLE_RATE


@dataclass(frozen=True)
class Scene:
    """A script's shot with the lines that are spoken in it."""

    shot: ScriptShot
    lines: tuple[Utterance, ...]

    @property
    def effects(self) -> tuple[Sound, ...]:
        """The shot's one-shots."""
        return tuple(sound for sound in self.shot.sounds if sound.kind not in AMBIENCES)

    @property
    def speech_s(self) -> float:
        """Seconds that the lines need with the silence around them; 0 without lines."""
        if not self.lines:
            return 0.0
        spoken = sum(utterance.seconds for utterance in self.lines)
        return LEAD_S + spoken + GAP_S * (len(self.lines) - 1) + TAIL_S

    @property
    def least_s(self) -> float:
        """Seconds that the shot cannot do without."""
        return max(self.speech_s, SHORTEST_SHOT_S)

    def least_at(self, pace: float) -> float:
        """Seconds below which `least_s` would not come if the lines were spoken faster."""
        spoken = sum(utterance.seconds for utterance in self.lines)
        return max(self.speech_s - spoken + spoken * min(_QUICKEST / pace, 1.0), SHORTEST_SHOT_S)

    @property
    def wanted_s(self) -> float:
        """Seconds that the shot would take if nothing limited it."""
        if self.shot.seconds is not None:
            return max(self.shot.seconds, self.least_s)
        untold = [sound for sound in self.effects if sound.at_s is None]
        heard_s = self.speech_s + sum(effect_s(sound) for sound in untold)
        waits_s = sum(self.wait_s(line) or 0.0 for line in self.shot.lines)
        waits_s += sum(sound.after_s or 0.0 for sound in untold)
        return max(SHOT_S, self.told_s, heard_s + waits_s)

    def wait_s(self, event: Line | Sound) -> float | None:
        """Give the seconds that a line or one-shot waits after what is heard before it.

        Those that the text names; for a mere "then" those of what is done meanwhile. None where the text lets
        it wait for nothing.
        """
        if event.after_s is None or event.after_s > 0:
            return event.after_s
        heard = [one.position for events in (self.shot.lines, self.effects) for one in events]
        last = max((position for position in heard if position < event.position), default=-1.0)
        done = [action for action in self.shot.actions if last < action.position < event.position]
        return sum(act_s(action) for action in done if action.kind not in _HEARD)

    @property
    def told_s(self) -> float:
        """Seconds up to which the text names some, with what is heard or done then; 0 if it names none."""
        named = [
            *(sound.at_s for sound in self.shot.sounds),
            *(action.at_s for action in self.shot.actions),
        ]
        ends_s = [at_s + SHOT_S for at_s in named if at_s is not None]
        return max((*ends_s, *self._spoken_by_s()), default=0.0)

    def _spoken_by_s(self) -> Iterator[float]:
        """Yield the seconds by which the lines from each told one on have been said."""
        rest_s = TAIL_S - GAP_S
        for utterance in reversed(self.lines):
            rest_s += utterance.seconds + GAP_S
            if utterance.line.at_s is not None:
                yield utterance.line.at_s + rest_s


@dataclass(frozen=True)
class Rehearsal:
    """Scenes that fit into `duration_s`. `pace` is how much faster than usual the lines are spoken.

    `left_out` says in plain words what found no room or no voice.
    """

    scenes: tuple[Scene, ...]
    duration_s: int
    pace: float
    left_out: tuple[str, ...]


def rehearse(spec: Spec, script: Script, *, audible: bool) -> Rehearsal:
    """Fit the script into the asked duration, or choose the duration by what the script has to say.

    Lines that do not fit are spoken faster, up to the last of `PACES`; sentences that still do not fit are
    left out whole, and of the only sentence the clauses: speech is never cut off.
    """
    left_out: list[str] = []
    unspoken: list[str] = []
    spoken = _speak_all(script, spec.seed, left_out, unspoken) if audible else {}
    scenes = [Scene(shot, tuple(spoken.get(index, ()))) for index, shot in enumerate(script.shots)]
    duration_s = _choose_duration(spec, scenes)
    scenes = _merge_surplus(scenes, duration_s, left_out)
    scenes, pace = _fit_speech(scenes, duration_s, spec.seed, unspoken)
    left_out.extend(omissions.did_not_fit(text, duration_s) for text in unspoken)
    return Rehearsal(tuple(scenes), duration_s, pace, tuple(left_out))


def effect_s(sound: Sound) -> float:
    """Give the room in seconds that a one-shot would like among spoken lines."""
    once_s = LAUGHTER_S if sound.kind == "laughter" else EFFECT_S
    return once_s + repeat_s(sound) * (times(sound) - 1)


def times(sound: Sound) -> int:
    """Give how often a one-shot is heard: a dog that just barks barks twice."""
    return sound.count or USUAL_COUNTS.get(sound.kind, 1)


def repeat_s(sound: Sound) -> float:
    """Give the seconds from one time to the next."""
    return REPEATS_S.get(sound.kind, REPEAT_S)


def _speak_all(
    script: Script, seed: int, left_out: list[str], unspoken: list[str]
) -> dict[int, list[Utterance]]:
    """Speak every line, by shot; what no clip has room for is not even tried."""
    spoken: dict[int, list[Utterance]] = {}
    room = LONGEST_SPEECH
    for index, line in _lines(script):
        if not voice.speakable(line.language, line.text):
            left_out.append(omissions.no_voice(line))
            continue
        text, rest = _first_sentences(line.text, room)
        room -= _length(text)
        if rest:
            unspoken.append(rest)
        if text:
            utterance = _utter(line.model_copy(update={"text": text}), seed)
            if utterance.seconds > 0:
                spoken.setdefault(index, []).append(utterance)
    return spoken


def _lines(script: Script) -> Iterator[tuple[int, Line]]:
    for index, shot in enumerate(script.shots):
        for line in shot.lines:
            yield index, line


def _utter(line: Line, seed: int, pace: float = 1.0) -> Utterance:
    timing = voice.timing(
        line.text, voice=line.voice, language=line.language, manner=line.manner, pace=pace, seed=seed
    )
    return Utterance(line, timing)


def _first_sentences(text: str, room: int, end: re.Pattern[str] = _SENTENCE_END) -> tuple[str, str]:
    """Part a text after the last sentence, or what else has such an end, that ends within `room` letters.

    >>> _first_sentences("One. Two! Three?", 10)
    ('One. Two!', 'Three?')
    >>> _first_sentences("When it rains, we stay, and read.", 23, _CLAUSE_END)
    ('When it rains, we stay,', 'and read.')
    """
    if _length(text) <= room:
        return text, ""
    ends = (match.end() for match in end.finditer(text))
    cut = max((end for end in ends if _length(text[:end]) <= room), default=0)
    return text[:cut].strip(), text[cut:].strip()


def _length(text: str) -> int:
    """Count letters, as far as they tell how long a text is spoken."""
    return len(text) + (IDEOGRAPH - 1) * len(_IDEOGRAPHS.findall(text))


def _choose_duration(spec: Spec, scenes: Sequence[Scene]) -> int:
    if spec.duration_s != AUTO_DURATION:
        return spec.duration_s
    wanted = sum(scene.wanted_s for scene in scenes)
    if len(scenes) == 1 and scenes[0].shot.seconds is None:
        wanted = max(wanted, USUAL_DURATION_S)
    return min(max(ceil(wanted), MIN_DURATION_S), MAX_DURATION_S)


def _merge_surplus(scenes: list[Scene], duration_s: int, left_out: list[str]) -> list[Scene]:
    """Keep as many shots as have room; the lines and sounds of the others join the last one kept."""
    room = int(duration_s / SHORTEST_SHOT_S)
    if len(scenes) <= room:
        return scenes
    left_out.append(
        f"shots {room + 1} to {len(scenes)} as shots of their own: {duration_s} s have room for {room}"
    )
    joined = scenes[room - 1 :]
    sounds = tuple(sound for scene in joined for sound in scene.shot.sounds)
    last = joined[0].shot.model_copy(update={"sounds": sounds})
    return [*scenes[: room - 1], Scene(last, tuple(line for scene in joined for line in scene.lines))]


def _fit_speech(
    scenes: list[Scene], duration_s: int, seed: int, unspoken: list[str]
) -> tuple[list[Scene], float]:
    """Speak faster, then leave out sentences from the end, until all speech fits the clip."""
    while True:
        for pace in PACES:
            if sum(scene.least_at(pace) for scene in scenes) > duration_s:
                continue
            paced = scenes if pace == 1.0 else [_repaced(scene, seed, pace) for scene in scenes]
            if sum(scene.least_s for scene in paced) <= duration_s:
                return paced, pace
        index = max(i for i, scene in enumerate(scenes) if scene.lines)
        *others, last = scenes[index].lines
        room = _length(last.line.text) - 1
        kept, dropped = _first_sentences(last.line.text, room)
        if not kept and sum(len(scene.lines) for scene in scenes) == 1:
            kept, dropped = _first_sentences(last.line.text, room, end=_CLAUSE_END)
        unspoken.insert(0, dropped)
        if kept:
            others.append(_utter(last.line.model_copy(update={"text": kept}), seed))
        scenes[index] = replace(scenes[index], lines=tuple(others))


def _repaced(scene: Scene, seed: int, pace: float) -> Scene:
    return replace(scene, lines=tuple(_utter(utterance.line, seed, pace) for utterance in scene.lines))
