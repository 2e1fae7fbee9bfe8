"""The tracks of a whole clip from its plan, before they are cut into shots."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.sound import effects, music, voice
from talkies.engines.animatic.sound.metre import Metre
from talkies.media import Samples, Track, TrackName
from talkies.plan import (
    AMBIENCES,
    Ambience,
    Effect,
    MusicTurn,
    MusicTurnKind,
    PlacedSound,
    Plan,
    SpokenLine,
)
from talkies.spec import SAMPLE_RATE, SAMPLES_PER_FRAME

FADE_S = 0.25  # an ambience comes and goes within this, so that a cut is not a click
TURN_S: dict[MusicTurnKind, float] = {"starts": 0.4, "swells": 2.5, "fades": 2.0, "stops": 0.06}
BEFORE_SWELL = 0.3  # gain of music that is to grow
_HUSHED = frozenset({"music", "ambience"})  # tracks without sound in a silence
CUT_FADE_S = 0.06  # where the clip's end cuts a one-shot's tail


def record(plan: Plan) -> tuple[Track, ...]:
    """Make every track that the plan needs: each `(plan.sample_count, 2)` float32, 48 kHz.

    Returns nothing for a plan without sound. Tracks that would be silent are left out.
    """
    if not plan.audio:
        return ()
    made = ((name, make(plan)) for name, make in _PARTS)
    return tuple(Track(name, _hushed(name, samples, plan)) for name, samples in made if samples is not None)


def _hushed(name: TrackName, samples: Samples, plan: Plan) -> Samples:
    """Take music and ambience out of the plan's silences; they fade before and after."""
    if name not in _HUSHED or not plan.silences:
        return samples
    gain = np.ones(len(samples), np.float32)
    seconds = np.arange(len(samples), dtype=np.float32) / SAMPLE_RATE
    for silence in plan.silences:
        away_s = np.maximum(silence.start_s - seconds, seconds - silence.end_s)
        gain *= np.clip(away_s / FADE_S, 0.0, 1.0)
    return samples * gain[:, None]


def _speech(plan: Plan) -> Samples | None:
    if not plan.lines:
        return None
    track = _silence(plan)
    for line in plan.lines:
        _lay(track, line.start_sample, np.repeat(speak_line(line, plan.seed)[:, None], 2, axis=1))
    return track


def speak_lines(plan: Plan) -> None:
    """Make the sound of every line that is heard, which `speak_line` keeps."""
    if plan.audio:
        for line in plan.lines:
            speak_line(line, plan.seed)


def speak_line(line: SpokenLine, seed: int) -> NDArray[np.float32]:
    """Give the sound of a line: `(samples,)` float32, mono, 48 kHz, read-only."""
    return voice.speak(
        line.text,
        voice=line.voice,
        chorus=line.chorus,
        speaker_number=line.speaker_number,
        being=line.being,
        language=line.language,
        manner=line.manner,
        pace=line.pace,
        seed=seed,
    ).samples


def heard_steps(plan: Plan) -> tuple[float, ...]:
    """Give the seconds of the clip at which footsteps are heard."""
    return tuple(
        sound.start_sample / SAMPLE_RATE + moment_s
        for sound, seed in _beds(plan)
        if sound.kind == "footsteps"
        for moment_s in effects.step_times(sample_count=sound.sample_count, seed=seed, pace=sound.pace)
    )


def _beds(plan: Plan) -> Iterator[tuple[PlacedSound, int]]:
    """Yield each ambience of a plan with its seed."""
    if plan.audio:
        beds = (sound for sound in plan.sounds if sound.kind in AMBIENCES)
        yield from ((sound, plan.seed + number) for number, sound in enumerate(beds))


def _ambience(plan: Plan) -> Samples | None:
    beds = list(_beds(plan))
    if not beds:
        return None
    track = _silence(plan)
    for sound, seed in beds:
        bed = effects.ambience(
            cast(Ambience, sound.kind),
            sample_count=sound.sample_count,
            seed=seed,
            strength=sound.strength,
            is_distant=sound.is_distant,
            pace=sound.pace,
            gait=sound.gait,
        )
        _lay(track, sound.start_sample, _faded(bed, FADE_S, FADE_S) * _gain(sound))
    return track


def _effects(plan: Plan) -> Samples | None:
    placed = [sound for sound in plan.sounds if sound.kind not in AMBIENCES]
    if not placed:
        return None
    track = _silence(plan)
    for index, sound in enumerate(placed):
        kind = cast(Effect, sound.kind)
        hit = effects.effect(kind, seed=plan.seed + index, is_distant=sound.is_distant, voices=sound.voices)
        if sound.sample_count < len(hit):
            hit = _faded(hit[: sound.sample_count], 0.0, CUT_FADE_S)
        _lay(track, sound.start_sample, hit * _gain(sound))
    return track


def _music(plan: Plan) -> Samples | None:
    cue = plan.music
    if cue is None:
        return None
    wishes = music.Wishes(
        mood=cue.mood,
        sample_count=plan.sample_count,
        seed=plan.seed,
        tempo=cue.tempo,
        kind=cue.kind,
        accents=tuple(shot.start_frame * SAMPLES_PER_FRAME for shot in plan.shots[1:]),
    )
    score = music.score(wishes, None if cue.beat_s is None else Metre(cue.beat_s, cue.first_beat_s))
    return score * _turning(cue.turns, plan.sample_count) if cue.turns else score


def _turning(turns: Sequence[MusicTurn], sample_count: int) -> NDArray[np.float32]:
    """Draw the gain `(sample_count, 1)` of music that comes, grows, dies away or breaks off."""
    kinds = [turn.kind for turn in turns]
    level = 0.0 if kinds[0] == "starts" else BEFORE_SWELL if kinds[0] == "swells" else 1.0
    points = [(0.0, level)]
    for turn, following in zip(turns, [*kinds[1:], None], strict=True):
        at_s = max(turn.at_s, points[-1][0])
        points.append((at_s, level))
        level = 0.0 if turn.kind in ("fades", "stops") else BEFORE_SWELL if following == "swells" else 1.0
        points.append((at_s + TURN_S[turn.kind], level))
    moments_s, gains = np.array(points).T
    gain = np.interp(np.arange(sample_count) / SAMPLE_RATE, moments_s, gains)
    return np.asarray(gain, np.float32)[:, None]


def _silence(plan: Plan) -> Samples:
    return np.zeros((plan.sample_count, 2), np.float32)


def _lay(track: Samples, start: int, sound: Samples) -> None:
    """Add a sound to the track in place; what lies beyond the track's end is dropped."""
    room = track[start : start + len(sound)]
    room += sound[: len(room)]


def _faded(samples: Samples, fade_in_s: float, fade_out_s: float) -> Samples:
    """Return a copy that rises and falls on a raised cosine."""
    faded = samples.copy()
    for seconds, part in ((fade_in_s, slice(None)), (fade_out_s, slice(None, None, -1))):
        count = min(round(seconds * SAMPLE_RATE), len(faded))
        ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(count, dtype=np.float32) / max(count, 1))
        faded[part][:count] *= ramp[:, None]
    return faded


def _gain(sound: PlacedSound) -> np.float32:
    return np.float32(10 ** (sound.level_db / 20))


_PARTS: tuple[tuple[TrackName, Callable[[Plan], Samples | None]], ...] = (
    ("speech", _speech),
    ("ambience", _ambience),
    ("effects", _effects),
    ("music", _music),
)
