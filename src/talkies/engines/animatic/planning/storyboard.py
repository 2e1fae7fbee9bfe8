"""From script to plan: which shots, what is heard when, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal, cast

from talkies.engines.animatic.planning import omissions
from talkies.engines.animatic.planning.cues import (
    FIRST_FLASH_S,
    lay_cues,
    moment_of,
    told_second,
    weather_begins,
)
from talkies.engines.animatic.planning.cutting import cut_on_beats, share_time
from talkies.engines.animatic.planning.rehearsal import (
    EFFECT_S,
    GAP_S,
    LEAD_S,
    TAIL_S,
    Rehearsal,
    Scene,
    Utterance,
    effect_s,
    rehearse,
    repeat_s,
    times,
)
from talkies.engines.animatic.planning.speakers import tell_apart
from talkies.engines.animatic.sound import effects
from talkies.engines.animatic.sound.music import Wishes, metre
from talkies.engines.animatic.sound.soundtrack import TURN_S
from talkies.media import rng
from talkies.plan import (
    AMBIENCES,
    CameraMove,
    Cue,
    Effect,
    Mood,
    MusicCue,
    MusicTurn,
    MusicTurnKind,
    Phoneme,
    PlacedSound,
    Plan,
    Shot,
    Silence,
    SpokenLine,
    Transition,
)
from talkies.script import Hush, Script, Sound, When
from talkies.spec import AUTO_DURATION, FRAME_RATE, SAMPLE_RATE, SAMPLES_PER_FRAME, Spec

NAME = "animatic"
TRANSITION_FRAMES: dict[Transition, int] = {"cut": 0, "dissolve": 14, "fade": 20, "wipe": 12}
UNTIMELY_S = 0.3  # from the second that a line is told to begin at, which nobody minds
FAR_THUNDER_S = 2.0  # behind its lightning: 700 m at 343 m/s; what is farther would outlast a clip
SHORTEST_AMBIENCE_S = 1.5  # what is left of a shot for a sound that begins late
RUNNING_PACE = 1.55  # about 167 steps a minute
LEVEL_DB = {"faint": -9.0, "normal": 0.0, "loud": 4.0}
SHORTEST_SOUND_S = 0.2  # of music after it has come, or of silence when it has gone
EARLIEST_TURN_S = 1.2  # music that comes before this is there from the start
STRENGTH = {"faint": -1.0, "normal": 0.0, "loud": 1.0}

MOOD_SIGNS: tuple[tuple[frozenset[str], Mood], ...] = (
    (frozenset({"cry", "sadness"}), "sad"),
    (frozenset({"anger", "fight"}), "tense"),
    (frozenset({"dance", "jump", "run"}), "energetic"),
    (frozenset({"laugh", "smile", "play"}), "happy"),
    (frozenset({"kiss", "hug"}), "tender"),
    (frozenset({"storm", "lightning"}), "dark"),
    (frozenset({"fog", "moonlight"}), "mysterious"),
    (frozenset({"sunset", "golden_hour"}), "nostalgic"),
    (frozenset({"snow", "sunrise"}), "dreamy"),
)


def draw(spec: Spec, script: Script) -> Plan:
    """Plan the clip: shots with frame ranges, lines with exact times, sounds at their moments."""
    audible = spec.generate_audio and not script.silent
    rehearsal = rehearse(spec, script, audible=audible)
    edges, music = _cut(spec, script, rehearsal, audible=audible)
    lines: list[SpokenLine] = []
    sounds: list[PlacedSound] = []
    cues: list[Cue] = []
    begun_s: dict[tuple[int, str], float] = {}
    turns: list[MusicTurn] = []
    ended_s: dict[tuple[int, str], float] = {}
    hushes: list[Silence] = []
    untimely: list[str] = []
    for index, scene in enumerate(rehearsal.scenes):
        span = edges[index] / FRAME_RATE, edges[index + 1] / FRAME_RATE
        heard: list[tuple[float, float, float]] = []
        flashes_s: list[float] = []
        for moment_s, event in _place_events(scene, *span) if audible else ():
            if isinstance(event, Utterance):
                lines.append(_spoken(event, index, moment_s, rehearsal.pace))
                untimely += _untimely(event, moment_s, span)
                heard.append((event.line.position, moment_s, moment_s + event.seconds))
                continue
            if event.kind == "thunder" and event.at_s is None:
                moment_s = max(moment_s, min(span[0] + FIRST_FLASH_S, span[1] - LEAD_S))
            behind_s = _behind_flash_s(event, moment_s, span)
            struck_s = moment_s + (behind_s if event.at_s is None else 0.0)
            struck = list(_one_shots(event, index, struck_s, rehearsal.duration_s, spec.seed))
            sounds.extend(struck)
            heard.append((event.position, moment_s, moment_s))
            if event.kind == "thunder":
                flashes_s += [_heard_s(sound) - behind_s for sound in struck]
        cues.extend(lay_cues(scene.shot, index, span, heard, flashes_s))
        for kind, when in scene.shot.music_turns:
            turns += _turn(kind, moment_of(when, span, heard), rehearsal.duration_s)
        for sound in scene.shot.sounds:
            if sound.begins_late:
                begun_s[index, sound.kind] = _begins_s(sound, span, heard)
            if sound.ends is not None:
                ended_s[index, sound.kind] = moment_of(sound.ends, span, heard)
        for word, moment_s in weather_begins(scene.shot, span, heard).items():
            begun_s[index, word] = moment_s
        begun = [begin_s for (shot, _), begin_s in begun_s.items() if shot == index]
        hushes += [_silence(hush, span, heard, begun) for hush in scene.shot.hushes]
    if audible:
        sounds = [_before_own_line(sound, lines) for sound in sounds]
        sounds.extend(_ambiences(rehearsal.scenes, edges, begun_s, ended_s))
    return Plan(
        engine=NAME,
        width=spec.size[0],
        height=spec.size[1],
        duration_s=rehearsal.duration_s,
        seed=spec.seed,
        shots=tuple(_shots(spec, rehearsal.scenes, edges)),
        lines=tell_apart(lines),
        sounds=tuple(sounds),
        cues=tuple(cues),
        music=music and music.model_copy(update={"turns": tuple(turns)}),
        silences=tuple(hushes),
        audio=spec.generate_audio,
        not_rendered=(
            *rehearsal.left_out,
            *untimely,
            *omissions.list_omissions(spec, script),
            *(omissions.unplayed(script.music, music) if music else ()),
        ),
        notes=tuple(_notes(spec, rehearsal)),
    )


def _cut(
    spec: Spec, script: Script, rehearsal: Rehearsal, *, audible: bool
) -> tuple[list[int], MusicCue | None]:
    """Choose the shots' edges and the music: the beats lie near the edges, then the edges on beats."""
    edges = share_time(rehearsal.scenes, rehearsal.duration_s)
    music = _music(script) if audible else None
    if music is None:
        return edges, None
    wishes = Wishes(
        mood=music.mood,
        sample_count=edges[-1] * SAMPLES_PER_FRAME,
        seed=spec.seed,
        tempo=music.tempo,
        kind=music.kind,
        accents=[edge * SAMPLES_PER_FRAME for edge in edges[1:-1]],
    )
    beats = metre(wishes)
    cue = music.model_copy(update=beats._asdict())
    return cut_on_beats(edges, rehearsal.scenes, beats), cue


def _notes(spec: Spec, rehearsal: Rehearsal) -> Iterator[str]:
    if spec.duration_s == AUTO_DURATION:
        yield f"{rehearsal.duration_s} s chosen from what the script has to say"
    if rehearsal.pace > 1.0:
        yield f"lines spoken {rehearsal.pace:.2f} times as fast to fit {rehearsal.duration_s} s"


def _shots(spec: Spec, scenes: Sequence[Scene], edges: Sequence[int]) -> Iterator[Shot]:
    for index, scene in enumerate(scenes):
        start, end = edges[index], edges[index + 1]
        is_first, is_last = index == 0, index == len(scenes) - 1
        transition = None if is_first else scene.shot.transition or "cut"
        still = spec.camera_fixed or scene.shot.camera_still
        yield Shot(
            start_frame=start,
            end_frame=end,
            picture=_picture(spec, only=len(scenes) == 1, is_last=is_last),
            framing=scene.shot.framing,
            ending=None if still or (is_last and spec.last_frame is not None) else scene.shot.ending,
            moves=(CameraMove(kind="static"),) if still else scene.shot.moves,
            depth_of_field=scene.shot.depth_of_field,
            opens_whole=is_first and spec.first_frame is not None,
            closes_whole=is_last and spec.last_frame is not None,
            transition=transition,
            transition_frames=min(TRANSITION_FRAMES[transition or "cut"], (end - start) // 2),
            hour=scene.shot.hour,
            text=scene.shot.text,
        )


def _picture(spec: Spec, *, only: bool, is_last: bool) -> Literal["first", "last", "both"]:
    """Choose the input that a shot is filmed from."""
    if spec.first_frame is None:
        return "last"
    if spec.last_frame is None:
        return "first"
    if only:
        return "both"
    return "last" if is_last else "first"


def _silence(
    hush: Hush,
    span: tuple[float, float],
    heard: Sequence[tuple[float, float, float]],
    begun_s: Sequence[float],
) -> Silence:
    """Give a hush its seconds within a shot; it ends where an ambience begins, which `begun_s` tells."""
    start_s = moment_of(hush.begin, span, heard)
    if hush.lasts_s is not None:
        before_s = [end_s for position, _, end_s in heard if position < hush.begin.position]
        behind_s = [begin_s for position, begin_s, _ in heard if position > hush.begin.position]
        if hush.begin.at_s is None and behind_s:
            start_s = max([min(start_s, min(behind_s) - hush.lasts_s), span[0], *before_s])
        end_s = start_s + hush.lasts_s
    else:
        told_s = span[1] if hush.end is None else moment_of(hush.end, span, heard)
        end_s = min((told_s, *(begin_s for begin_s in begun_s if begin_s > start_s)))
    return Silence(start_s=round(start_s, 3), end_s=round(min(max(end_s, start_s), span[1]), 3))


def _begins_s(sound: Sound, span: tuple[float, float], heard: Sequence[tuple[float, float, float]]) -> float:
    """Give the second at which an ambience that begins late does."""
    moment_s = moment_of(When(position=sound.position, at_s=sound.at_s), span, heard)
    if sound.at_s is not None:
        return moment_s
    return min(moment_s, max(span[1] - SHORTEST_AMBIENCE_S, span[0]))


def _place_events(scene: Scene, start_s: float, end_s: float) -> Iterator[tuple[float, Utterance | Sound]]:
    """Yield the shot's lines and one-shots with their moments in seconds, in the order of the text.

    One-shots with a told second have that, and lines where all of them fit. A line takes its own time. Where
    lines and one-shots alternate, a one-shot gets room of its own as long as there is some; what time is left
    lies between the events as they lie in the text, and what is told after a told second comes after it where
    it can. What waits for something lets that pass first, as far as the shot has room.
    """
    events: list[Utterance | Sound] = sorted([*scene.lines, *scene.effects], key=_position)
    free = [sound for sound in scene.effects if sound.at_s is None]
    room_s = end_s - start_s - scene.speech_s if scene.lines else end_s - start_s - LEAD_S - TAIL_S
    asked_s = sum(effect_s(sound) for sound in free)
    squeeze = min(1.0, max(room_s, 0.0) / asked_s) if asked_s else 0.0
    slack_s = max(room_s - asked_s * squeeze, 0.0)
    takes_s = [_takes_s(event, squeeze) for event in events]
    packed_s = list(accumulate(takes_s, initial=start_s + LEAD_S))
    aims_s, latest_s = _aim(events, packed_s, slack_s, (start_s, end_s))
    earliest_s = start_s
    passed_s = start_s + LEAD_S
    for index, event in enumerate(events):
        if isinstance(event, Sound) and event.at_s is not None:
            told_s = told_second(event.at_s, (start_s, end_s))
            earliest_s = max(earliest_s, told_s + EFFECT_S)
            passed_s = max(passed_s, told_s)
            yield told_s, event
            continue
        wait_s = scene.wait_s(event.line if isinstance(event, Utterance) else event)
        aim_s = aims_s[index] if wait_s is None else passed_s + wait_s
        wished_s = min(aim_s, latest_s[index])
        placed_s = max(wished_s, min(earliest_s, packed_s[index] + slack_s))
        earliest_s = max(earliest_s, placed_s + takes_s[index])
        passed_s = placed_s + _lasts_s(event)
        yield placed_s, event


def _lasts_s(event: Utterance | Sound) -> float:
    """Give the seconds from an event's beginning to its end, or to the last time that it is heard."""
    return event.seconds if isinstance(event, Utterance) else repeat_s(event) * (times(event) - 1)


def _takes_s(event: Utterance | Sound, squeeze: float) -> float:
    """Give the seconds from an event to the next; one-shots with a told second take none."""
    if isinstance(event, Utterance):
        return event.seconds + GAP_S
    return effect_s(event) * squeeze if event.at_s is None else 0.0


def _aim(
    events: Sequence[Utterance | Sound], packed_s: Sequence[float], slack_s: float, span: tuple[float, float]
) -> tuple[list[float], list[float]]:
    """Give the second at which each event would come, and the latest that keeps no told line waiting.

    `packed_s` is when they would come without a pause, `slack_s` what is left for pauses.
    """
    aims_s = [first_s + slack_s * _position(event) for first_s, event in zip(packed_s, events, strict=False)]
    latest_s = [first_s + slack_s for first_s in packed_s]
    for index, event in enumerate(events):
        told_s = _told_s(event, span) if isinstance(event, Utterance) else None
        if told_s is not None:
            aims_s[index] = max(told_s, packed_s[index])
            late_s = min(aims_s[index] - packed_s[index], slack_s)
            for before in range(index):
                latest_s[before] = min(latest_s[before], packed_s[before] + late_s)
    return aims_s, latest_s


def _told_s(utterance: Utterance, span: tuple[float, float]) -> float | None:
    """Give the second that the text names for a line, unless it is that at which its shot begins."""
    at_s = utterance.line.at_s
    told_s = None if at_s is None else told_second(at_s, span)
    return told_s if told_s is not None and told_s > span[0] + LEAD_S else None


def _untimely(utterance: Utterance, start_s: float, span: tuple[float, float]) -> Iterator[str]:
    """Say so where a line begins much before or after the second that the text names for it."""
    told_s, at_s = _told_s(utterance, span), utterance.line.at_s
    if told_s is not None and at_s is not None and at_s > 0 and abs(start_s - told_s) > UNTIMELY_S:
        yield omissions.untimely(utterance.line, start_s)


def _position(event: Utterance | Sound) -> float:
    return event.line.position if isinstance(event, Utterance) else event.position


def _spoken(utterance: Utterance, shot: int, start_s: float, pace: float) -> SpokenLine:
    line = utterance.line
    start_sample = round(start_s * SAMPLE_RATE)
    exact_s = start_sample / SAMPLE_RATE
    return SpokenLine(
        text=line.text,
        speaker=line.speaker,
        voice=line.voice,
        chorus=line.chorus,
        language=line.language,
        voice_over=line.voice_over,
        manner=line.manner,
        pace=pace,
        shot=shot,
        start_sample=start_sample,
        sample_count=utterance.timing.sample_count,
        start_s=round(exact_s, 3),
        end_s=round(exact_s + utterance.seconds, 3),
        phonemes=tuple(
            Phoneme(
                symbol=phoneme.symbol,
                start_s=round(exact_s + phoneme.start_s, 4),
                end_s=round(exact_s + phoneme.end_s, 4),
            )
            for phoneme in utterance.timing.phonemes
        ),
    )


def _one_shots(sound: Sound, shot: int, moment_s: float, duration_s: int, seed: int) -> Iterator[PlacedSound]:
    """Place an effect as often as the prompt says, so that its hit (not its run-up) is at the moment."""
    kind = cast(Effect, sound.kind)
    chance = rng(seed, "repeat", kind, shot)
    last_sample = duration_s * SAMPLE_RATE
    for repeat in range(times(sound)):
        wobble = chance.uniform(-0.08, 0.08) if repeat else 0.0
        hit = round((moment_s + (repeat + wobble) * repeat_s(sound)) * SAMPLE_RATE)
        start = max(hit - effects.effect_onset(kind), 0)
        length = min(effects.effect_length(kind, is_distant=sound.is_distant), last_sample - start)
        if length > 0:
            yield PlacedSound(
                kind=kind,
                shot=shot,
                start_sample=start,
                sample_count=length,
                voices=sound.voices,
                **_way_heard(sound),
            )


def _behind_flash_s(sound: Sound, moment_s: float, span: tuple[float, float]) -> float:
    """Give the seconds by which distant thunder comes after its lightning, as far as the shot has room."""
    if sound.kind != "thunder" or not sound.is_distant:
        return 0.0
    room_s = moment_s - span[0] if sound.at_s is not None else span[1] - SHORTEST_AMBIENCE_S - moment_s
    return min(FAR_THUNDER_S, max(room_s, 0.0))


def _heard_s(thunder: PlacedSound) -> float:
    return (thunder.start_sample + effects.effect_onset("thunder")) / SAMPLE_RATE


def _before_own_line(sound: PlacedSound, lines: Sequence[SpokenLine]) -> PlacedSound:
    """End somebody's laughter when the same voice speaks next: nobody laughs and speaks at once."""
    starts = (line.start_sample for line in lines if line.voice in sound.voices)
    next_word = min((start for start in starts if start > sound.start_sample), default=None)
    if next_word is None:
        return sound
    count = min(sound.sample_count, next_word - sound.start_sample)
    return sound.model_copy(update={"sample_count": count})


def _ambiences(
    scenes: Sequence[Scene],
    edges: Sequence[int],
    begun_s: Mapping[tuple[int, str], float],
    ended_s: Mapping[tuple[int, str], float],
) -> Iterator[PlacedSound]:
    """Place each ambience for the whole shot; one that goes on in the next shot is one sound.

    `begun_s` and `ended_s`: when those that begin or end within a shot do, by shot and kind.
    """
    kinds = dict.fromkeys(
        sound.kind for scene in scenes for sound in scene.shot.sounds if sound.kind in AMBIENCES
    )
    for kind in kinds:
        run: list[tuple[int, Sound]] = []
        for index, scene in enumerate((*scenes, None)):
            heard = scene and next((sound for sound in scene.shot.sounds if sound.kind == kind), None)
            if heard:
                run.append((index, heard))
            if run and (not heard or heard.ends is not None):
                first, last = run[0][0], run[-1][0]
                ends_s = ended_s.get((last, kind), edges[last + 1] / FRAME_RATE)
                begins_s = begun_s.get((first, kind), edges[first] / FRAME_RATE)
                start, end = round(begins_s * SAMPLE_RATE), round(max(begins_s, ends_s) * SAMPLE_RATE)
                yield PlacedSound(
                    kind=kind,
                    shot=first,
                    start_sample=start,
                    sample_count=end - start,
                    pace=RUNNING_PACE if run[0][1].is_quick else 1.0,
                    gait=run[0][1].gait,
                    **_way_heard(run[0][1]),
                )
                run = []


def _way_heard(sound: Sound) -> dict[str, Any]:
    """Tell a placed sound's level, strength and distance: a far street is faint, and as busy as any."""
    if not sound.is_distant:
        return {"level_db": LEVEL_DB[sound.loudness], "strength": STRENGTH[sound.loudness]}
    return {
        "level_db": LEVEL_DB["faint"],
        "strength": max(STRENGTH[sound.loudness], STRENGTH["normal"]),
        "is_distant": True,
    }


def _music(script: Script) -> MusicCue | None:
    if not script.music.wanted:
        return None
    return MusicCue(
        mood=script.music.mood or _mood_of(script), tempo=script.music.tempo, kind=script.music.kind
    )


def _turn(kind: MusicTurnKind, moment_s: float, duration_s: int) -> Iterator[MusicTurn]:
    """Give the music's turn its moment: what dies away has been heard, and what is there need not come."""
    latest_s = duration_s - TURN_S[kind] - SHORTEST_SOUND_S
    is_early = moment_s < EARLIEST_TURN_S
    if kind == "starts" and is_early:
        return
    at_s = latest_s if is_early and kind in ("fades", "stops") else min(moment_s, latest_s)
    yield MusicTurn(kind=kind, at_s=round(at_s, 3))


def _mood_of(script: Script) -> Mood:
    """Guess a mood from what happens and what the light is like; calm when nothing speaks for another."""
    seen = {action.kind for shot in script.shots for action in shot.actions}
    light = {word for shot in script.shots for word in (*shot.light, *shot.weather)}
    for signs, mood in MOOD_SIGNS:
        if signs & (seen | light):
            return mood
    return "calm"
