"""Every ambience and effect of a plan, by name, at its usual level.

Nothing is recorded: each sound is synthesised from its seed. Ambiences lie at `AMBIENCE_LUFS`, the loudest
0.4 s of an effect at `EFFECT_LUFS` plus what its kind is louder or softer in the world, so that a mix can
put them together as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import resample

from talkies.engines.animatic.sound.foley import (
    animals,
    farmyard,
    impacts,
    machines,
    nature,
    outcries,
    people,
    weather,
    wildlife,
)
from talkies.engines.animatic.sound.synthesis import (
    Generator,
    Signal,
    at_loudness,
    band,
    reverberate,
    seconds,
    soften_edges,
)
from talkies.media import Samples, rng
from talkies.plan import OUTCRIES, Ambience, Effect, Gait, Voice

AMBIENCE_LUFS = -26.0
EFFECT_LUFS = -16.0
_LOWEST_HZ = 22.0  # below this nothing is heard, but it would use up headroom

_FAR_HZ, _FAR_ROOM_S, _FAR_WET = 1600.0, 1.8, 1.0  # air and walls keep the highs; the place answers
_FAR_TAIL_S = 1.2  # a one-shot's, which its surroundings prolong

_Recipe = Callable[[Generator, int], Signal]
_StrongRecipe = Callable[[Generator, int, float], Signal]

_AMBIENCES_BY_STRENGTH: dict[Ambience, _StrongRecipe] = {
    "rain": weather.rain,
    "wind": weather.wind,
    "surf": nature.surf,
    "stream": nature.stream,
    "fire": nature.fire,
    "crowd": people.crowd,
    "traffic": machines.traffic,
    "applause": people.applause,
}
"""Those that sound otherwise when they are soft or violent, as the third argument says."""

_AMBIENCES: dict[Ambience, _Recipe] = {
    "waterfall": nature.waterfall,
    "birds": animals.birds,
    "crickets": animals.crickets,
    "seagulls": animals.seagulls,
    "cafe": people.cafe,
    "city": machines.city,
    "train": machines.train,
    "engine": machines.engine,
    "airplane": machines.airplane,
    "clock": machines.clock,
    "heartbeat": people.heartbeat,
    "footsteps": people.footsteps,
    "typing": people.typing,
    "machine_hum": machines.machine_hum,
    "bubbles": nature.bubbles,
    "sizzle": nature.sizzle,
    "hooves": animals.hooves,
    "helicopter": machines.helicopter,
    "purr": animals.purr,
    "bees": wildlife.bees,
    "mosquito": wildlife.mosquito,
    "snoring": outcries.snoring,
}


@dataclass(frozen=True)
class _OneShot:
    """An effect: how it is made, its whole length, when its hit is heard, and how loud it is among others."""

    make: _Recipe
    length_s: float
    onset_s: float = 0.0
    louder_db: float = 0.0


_IN_STEP: frozenset[Effect] = frozenset({"explosion", "thunder"})
"""What flashes, too: they ring long enough, and the answer of a place would blur their attack."""
_LOWER: dict[Voice, float] = {
    "man": 0.66,
    "old_man": 0.66,
    "narrator": 0.66,
    "old_woman": 0.92,
    "boy": 1.15,
    "girl": 1.2,
}
"""How much deeper than a woman's such voices are: by the pitch, and nearly so by the throat."""

_EFFECTS: dict[Effect, _OneShot] = {
    "thunder": _OneShot(weather.thunder, 6.0, 0.03, 2.0),
    "dog": _OneShot(animals.dog, 0.7, 0.02),
    "cat": _OneShot(animals.cat, 1.2, 0.15, -1.0),
    "horse": _OneShot(animals.horse, 2.4, 0.12),
    "owl": _OneShot(animals.owl, 3.2, 0.15, -2.0),
    "wolf": _OneShot(animals.wolf, 4.2, 0.5, -1.0),
    "rooster": _OneShot(animals.rooster, 2.4, 0.02),
    "cow": _OneShot(animals.cow, 2.2, 0.3),
    "door": _OneShot(impacts.door, 1.2, 0.25),
    "knock": _OneShot(impacts.knock, 0.6, 0.0, -1.0),
    "creak": _OneShot(impacts.creak, 1.5, 0.3, -3.0),
    "bell": _OneShot(impacts.bell, 5.0),
    "horn": _OneShot(machines.horn, 1.6, 0.02),
    "siren": _OneShot(machines.siren, 4.8, 0.8),
    "phone": _OneShot(machines.phone, 2.4, 0.0, -1.0),
    "explosion": _OneShot(impacts.explosion, 4.0, 0.0, 3.0),
    "gunshot": _OneShot(impacts.gunshot, 1.8, 0.0, 2.0),
    "whoosh": _OneShot(machines.whoosh, 0.9, 0.4, -2.0),
    "splash": _OneShot(nature.splash, 1.6),
    "glass": _OneShot(impacts.glass, 1.8),
    "shutter": _OneShot(machines.shutter, 0.4, 0.0, -5.0),
    "chime": _OneShot(impacts.chime, 3.5, 0.0, -3.0),
    "drum": _OneShot(impacts.drum, 1.6),
    "cheer": _OneShot(people.cheer, 3.5, 0.3),
    "laughter": _OneShot(people.laughter, 2.2, 0.05, -1.0),
    "pop": _OneShot(impacts.pop, 0.35, 0.0, -5.0),
    "click": _OneShot(impacts.click, 0.25, 0.0, -9.0),
    "thud": _OneShot(impacts.thud, 0.8),
    "scream": _OneShot(outcries.scream, 1.9, 0.08, 1.0),
    "gasp": _OneShot(outcries.gasp, 0.7, 0.1, -6.0),
    "sigh": _OneShot(outcries.sigh, 2.4, 0.75, -8.0),
    "sob": _OneShot(outcries.sob, 2.2, 0.02, -4.0),
    "baby_cry": _OneShot(outcries.baby_cry, 2.9, 0.1),
    "beep": _OneShot(machines.beep, 0.5, 0.0, -5.0),
    "clink": _OneShot(impacts.clink, 1.0, 0.0, -5.0),
    "fireworks": _OneShot(impacts.fireworks, 4.0, impacts.FUSE_S, 2.0),
    "cough": _OneShot(outcries.cough, 0.8, 0.0, -3.0),
    "sword": _OneShot(impacts.sword, 1.6),
    "alarm": _OneShot(machines.alarm, 3.0),
    "vibration": _OneShot(machines.vibration, 1.7, 0.03, -7.0),
    "gunfire": _OneShot(impacts.gunfire, 2.4, 0.0, 2.0),
    "duck": _OneShot(farmyard.duck, 1.7, 0.02),
    "hen": _OneShot(farmyard.hen, 1.8, 0.02, -1.0),
    "sheep": _OneShot(farmyard.sheep, 1.5, 0.08),
    "goat": _OneShot(farmyard.goat, 1.5, 0.08),
    "pig": _OneShot(farmyard.pig, 1.9, 0.03),
    "roar": _OneShot(wildlife.roar, 3.0, 0.4, 2.0),
    "elephant": _OneShot(wildlife.elephant, 2.2, 0.08, 2.0),
    "frog": _OneShot(wildlife.frog, 1.9, 0.02, -1.0),
    "sneeze": _OneShot(outcries.sneeze, 1.3, outcries.SNEEZE_S, -1.0),
    "whistle": _OneShot(outcries.whistle, 3.2, 0.04, -2.0),
    "wolf_whistle": _OneShot(outcries.wolf_whistle, 1.9, 0.06, -1.0),
    "goose": _OneShot(farmyard.goose, 1.9, 0.03, 1.0),
    "crow": _OneShot(wildlife.crow, 1.8, 0.03),
}


def ambience(
    kind: Ambience,
    *,
    sample_count: int,
    seed: int,
    strength: float = 0.0,
    is_distant: bool = False,
    pace: float = 1.0,
    gait: Gait = "trot",
) -> Samples:
    """Make a steady bed `(sample_count, 2)` float32, 48 kHz, that never repeats, at `AMBIENCE_LUFS`.

    `strength` goes from -1, a drizzle or a few who clap, to 1, a downpour or a full house. What is distant
    is duller and comes with the answer of its place. `pace` is that of footsteps, 1 for walking, `gait` that
    of hooves. Loudness is integrated as in ITU-R BS.1770-4.
    """
    generator = rng(seed, "ambience", kind)
    if kind in _AMBIENCES_BY_STRENGTH:
        scene = _AMBIENCES_BY_STRENGTH[kind](generator, sample_count, strength)
    elif kind == "footsteps":
        scene = people.footsteps(generator, sample_count, pace)
    elif kind == "hooves":
        scene = animals.hooves(generator, sample_count, gait)
    else:
        scene = _AMBIENCES[kind](generator, sample_count)
    heard = _from_afar(scene, generator) if is_distant else scene
    return at_loudness(soften_edges(band(heard, _LOWEST_HZ, None)), AMBIENCE_LUFS)


def _from_afar(scene: Signal, generator: Generator) -> Signal:
    return reverberate(band(scene, None, _FAR_HZ, order=1), generator, _FAR_ROOM_S, _FAR_WET, _FAR_HZ)


def step_times(*, sample_count: int, seed: int, pace: float = 1.0) -> tuple[float, ...]:
    """Give the seconds at which the heels strike in the footsteps that `ambience` makes."""
    return tuple(people.step_times(rng(seed, "ambience", "footsteps"), sample_count, pace).tolist())


def effect(kind: Effect, *, seed: int, is_distant: bool = False, voices: tuple[Voice, ...] = ()) -> Samples:
    """Make a one-shot `(samples, 2)` float32, 48 kHz, with its tail; it ends at silence.

    `voices` are whose laughter or outcry it is; several laugh and a woman cries out where none is named.
    It has `effect_length(kind, is_distant=is_distant)` samples.
    """
    recipe = _EFFECTS[kind]
    generator = rng(seed, "effect", kind)
    count = effect_length(kind)
    if kind == "laughter":
        scene = people.laughter(generator, count, voices)
    else:
        scene = recipe.make(generator, count)
        if voices and kind in OUTCRIES:
            scene = _lowered(scene, _LOWER.get(voices[0], 1.0))
    if is_distant and kind in _IN_STEP:
        scene = np.pad(band(scene, None, _FAR_HZ, order=1), ((0, seconds(_FAR_TAIL_S)), (0, 0)))
    elif is_distant:
        scene = _from_afar(np.pad(scene, ((0, seconds(_FAR_TAIL_S)), (0, 0))), generator)
    shaped = soften_edges(
        band(scene, _LOWEST_HZ, None), fade_in_s=0.0, fade_out_s=min(0.25, 0.3 * recipe.length_s)
    )
    return at_loudness(shaped, EFFECT_LUFS + recipe.louder_db, loudest_moment=True)


def _lowered(scene: Signal, share: float) -> Signal:
    """Play a sound at a share of its speed, deeper as from a longer throat, and cut it at its length."""
    return scene if share == 1 else resample(scene, round(len(scene) / share))[: len(scene)]


def effect_onset(kind: Effect) -> int:
    """Count the samples from an effect's beginning to the moment at which its hit is perceived."""
    return seconds(_EFFECTS[kind].onset_s)


def effect_length(kind: Effect, *, is_distant: bool = False) -> int:
    """Count the samples of an effect, tail included; the same for every seed."""
    return seconds(_EFFECTS[kind].length_s) + (seconds(_FAR_TAIL_S) if is_distant else 0)
