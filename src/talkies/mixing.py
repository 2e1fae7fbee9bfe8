"""Tracks to one stereo mix: speech leads, the bed gives way, loudness and true peak are as promised.

Levels are in LUFS and dBTP as ITU-R BS.1770-4 defines them, except where a comment says RMS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d, uniform_filter1d
from scipy.signal import butter, resample_poly, sosfilt

from talkies.loudness import ABSOLUTE_GATE_LUFS, integrated_lufs, k_weighted, momentary_lufs, true_peak_dbtp
from talkies.media import Samples, Track, TrackName
from talkies.spec import SAMPLE_RATE

Scene = NDArray[np.float64]
"""Stereo sound `(samples, 2)` while it is worked on."""

SPEECH_LUFS = -18.0
MUSIC_LUFS = -24.0
MUSIC_UNDER_AMBIENCE_LUFS = -29.0
MUSIC_AROUND_SPEECH_LUFS = -29.0
AMBIENCE_LUFS = (-40.0, -22.0)  # within these the planner's faint and loud are kept
EFFECTS_LUFS = (-32.0, -12.0)  # the same, for the loudest 0.4 s
EFFECTS_OVER_BED_DB = 7.0
LEAST_BED_UNDER_EFFECTS_DB = -6.0  # a bed that ducks further for a click is heard to pump

# In speech three beds are held down apart, so that a loud bark does not take the music with it; together
# they come to about 16 dB under the speech at most. Rain that falls further is heard to stop between
# sentences; nearer, a recogniser misses more than a tenth of the words among voices and music. The bed gives
# way further where consonants lie, which a recogniser and an old ear miss first.
AMBIENCE_UNDER_SPEECH_DB = 19.0
MUSIC_UNDER_SPEECH_DB = 24.0
EFFECTS_UNDER_SPEECH_DB = 22.0
CONSONANTS_HZ = (1000.0, 4000.0)
UNDER_CONSONANTS_DB = 8.0  # less of the bed between those
LEAD_S, ATTACK_S, RELEASE_S = 0.15, 0.3, 0.5  # the bed is down before the first word; it falls, it rises
SPEECH_GAP_S = 0.5  # a shorter pause does not let the bed up
SPEECH_FLOOR_DB = 30.0  # below a line's loudest moments: quieter is silence between words

ENCODER_MARGIN_DB = 0.5  # AAC at 192 kbit/s raises the true peak by a few tenths of a decibel
MOST_LIMITING_DB = 30.0
_OVERSAMPLING = 4  # ITU-R BS.1770-4, annex 2
_LIMITER_LOOKAHEAD_S, _LIMITER_RELEASE_S = 0.003, 0.06
_BLOCK_S, _HOP_S = 0.4, 0.1
_ROUNDS = 8  # of gain and limiter
_STEP = SAMPLE_RATE // 100  # samples between two points of a gain curve


def mix(tracks: Sequence[Track], *, target_lufs: float = -16.0, ceiling_dbtp: float = -1.0) -> Samples:
    """Mix tracks of one length to stereo `(samples, 2)` float32 at `target_lufs`, within ±0.5 LU.

    Speech and music are set to their levels; ambience and effects are taken at the levels they come in
    unless those are out of all bounds, since a planner sets what is distant and what is near. While speech
    lasts, everything else lies at least 13 dB below it. The true peak stays half a decibel under
    `ceiling_dbtp`, which leaves room for the encoder. A mix so sparse that the target would need more than
    30 dB of limiting (a lone click) stays below the target; silence stays silence.

    Raises:
        ValueError: the tracks differ in length.
    """
    if len({len(track.samples) for track in tracks}) > 1:
        lengths = ", ".join(f"{track.name} {len(track.samples)}" for track in tracks)
        raise ValueError(f"tracks differ in length: {lengths} samples; render them to the clip's length")
    if not tracks:
        return np.zeros((0, 2), np.float32)
    speech, music, ambience, effects = (
        _gathered(tracks, name) for name in ("speech", "music", "ambience", "effects")
    )
    speech = _at(speech, SPEECH_LUFS)
    ambience = _within(ambience, AMBIENCE_LUFS, _lufs(ambience))
    effects = _within(effects, EFFECTS_LUFS, float(_blocks(effects).max()))
    music = _at(music, _music_level(speech, ambience))
    room = _under_effects(effects, music + ambience)
    music, ambience = music * room, ambience * room
    if speech.any():
        spoken = _step_power(speech)
        music = _under_speech(spoken, music, MUSIC_UNDER_SPEECH_DB)
        ambience = _under_speech(spoken, ambience, AMBIENCE_UNDER_SPEECH_DB)
        effects = _under_speech(spoken, effects, EFFECTS_UNDER_SPEECH_DB)
    return _master(speech + music + ambience + effects, target_lufs, ceiling_dbtp)


def _gathered(tracks: Sequence[Track], name: TrackName) -> Scene:
    """Add up the tracks of one name in stereo; a mono track sounds from the centre."""
    total = np.zeros((len(tracks[0].samples), 2))
    for track in tracks:
        if track.name == name:
            total += track.samples  # one channel broadcasts to both
    return total


def _lufs(scene: Scene) -> float:
    loudness = integrated_lufs(scene)
    return ABSOLUTE_GATE_LUFS if loudness is None else loudness


def _blocks(scene: Scene) -> NDArray[np.float64]:
    """Measure momentary loudness: one 0.4 s block each 0.1 s; silence counts as the absolute gate."""
    return np.maximum(momentary_lufs(scene), ABSOLUTE_GATE_LUFS)


def _gain(decibels: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(10 ** (np.asarray(decibels) / 20))


def _at(scene: Scene, lufs: float) -> Scene:
    level = _lufs(scene)
    return scene * _gain(lufs - level) if level > ABSOLUTE_GATE_LUFS else scene


def _within(scene: Scene, bounds: tuple[float, float], level: float) -> Scene:
    """Keep the level a scene comes in, brought to the nearer bound when it lies outside."""
    if level <= ABSOLUTE_GATE_LUFS:
        return scene
    return scene * _gain(float(np.clip(level, *bounds)) - level)


def _music_level(speech: Scene, ambience: Scene) -> float:
    if speech.any():
        return MUSIC_AROUND_SPEECH_LUFS
    if ambience.any():
        return min(MUSIC_UNDER_AMBIENCE_LUFS, _lufs(ambience) - 3)
    return MUSIC_LUFS


def _under_effects(effects: Scene, bed: Scene) -> Scene:
    """Draw the gain `(samples, 1)` that lets the bed make room around the peak of each effect."""
    if not effects.any() or not bed.any():
        return np.ones((1, 1))
    heard, below = _blocks(effects), _blocks(bed)
    at_peak = heard >= maximum_filter1d(heard, 11) - 6
    wanted = np.where(
        at_peak & (heard > -50),
        np.clip(heard - EFFECTS_OVER_BED_DB - below, LEAST_BED_UNDER_EFFECTS_DB, 0),
        0,
    )
    held = uniform_filter1d(minimum_filter1d(wanted, 5), 3)
    centres = (np.arange(len(held)) * _HOP_S + _BLOCK_S / 2) * SAMPLE_RATE
    return _gain(np.interp(np.arange(len(bed)), centres, held))[:, None]


def _under_speech(spoken: NDArray[np.float64], bed: Scene, distance_db: float) -> Scene:
    """Keep a bed `distance_db` under each stretch of speech, whose power each 10 ms is `spoken`.

    The gain is steady through a stretch, so that nothing pumps; it falls before the first word and rises
    after the last. Where the bed is down, its part among the consonants is lower still.
    """
    if not bed.any():
        return bed
    loudest = spoken.max(axis=0)
    active = loudest > loudest.max() * 10 ** (-SPEECH_FLOOR_DB / 10)
    powers = _step_power(bed)
    reduction_db, depth = np.zeros(len(active)), np.zeros(len(active))
    lead, fall_steps, rise_steps = (round(seconds * 100) for seconds in (LEAD_S, ATTACK_S, RELEASE_S))
    fall = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, fall_steps + 1) / fall_steps)
    rise = 0.5 + 0.5 * np.cos(np.pi * np.arange(rise_steps) / rise_steps)
    for first, last in _stretches(active):
        excess = _excess_db(spoken[:, first:last], powers[:, first:last], active[first:last])
        before = lead + fall_steps
        shape = np.concatenate([fall, np.ones(lead + last - first), rise])[max(0, before - first) :]
        part = slice(max(0, first - before), max(0, first - before) + len(shape))
        shape = shape[: len(depth[part])]
        depth[part] = np.maximum(depth[part], shape)
        reduction_db[part] = np.maximum(reduction_db[part], max(0.0, excess + distance_db) * shape)
    at = (np.arange(len(active)) + 0.5) * _STEP
    lowered = [_gain(-reduction_db), _gain(-reduction_db) * (1 - _gain(-UNDER_CONSONANTS_DB)) * depth]
    gain, taken = (np.interp(np.arange(len(bed)), at, curve)[:, None] for curve in lowered)
    consonants = butter(1, CONSONANTS_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")
    return np.asarray(bed * gain - sosfilt(consonants, bed, axis=0) * taken)


def _step_power(scene: Scene) -> NDArray[np.float64]:
    """Measure power each 10 ms, `(2, steps)`: plain, and K-weighted as the ear hears it.

    Both count, since a boom that the ear hardly hears still masks words on a small loudspeaker.
    """
    steps = -(-len(scene) // _STEP)
    # NumPy's own sum is slow along an axis of two numbers.
    powers = [np.einsum("ij,ij->i", part, part) for part in (scene, k_weighted(scene))]
    return np.stack(
        [np.resize(np.pad(p, (0, steps * _STEP - len(p))), (steps, _STEP)).mean(axis=1) for p in powers]
    )


def _stretches(active: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield (first, end) steps of speech, joined across pauses shorter than `SPEECH_GAP_S`."""
    steps = np.flatnonzero(active)
    breaks = np.flatnonzero(np.diff(steps) > SPEECH_GAP_S * 100)
    for first, last in zip(np.append(0, breaks + 1), np.append(breaks, len(steps) - 1), strict=True):
        yield int(steps[first]), int(steps[last]) + 1


def _excess_db(speech: NDArray[np.float64], bed: NDArray[np.float64], active: NDArray[np.bool_]) -> float:
    """Say by how many decibels a bed exceeds the speech of one stretch, in the worse of the two measures.

    The bed counts at its mean over the spoken steps, or at its loudest second when that is more.
    """
    second = uniform_filter1d(bed, 100, axis=1, mode="constant").max(axis=1)
    loudest = np.maximum(bed[:, active].mean(axis=1), second)
    ratio = loudest / speech[:, active].mean(axis=1)
    return float(10 * np.log10(max(ratio.max(), 1e-12)))


def _master(scene: Scene, target_lufs: float, ceiling_dbtp: float) -> Samples:
    """Bring a mix to its loudness under its ceiling: gain and limiter in turn, until both hold."""
    level = _lufs(scene)
    if level <= ABSOLUTE_GATE_LUFS:
        return scene.astype(np.float32)
    ceiling_db = ceiling_dbtp - ENCODER_MARGIN_DB
    peaks = _peaks(scene)
    most_db = ceiling_db + MOST_LIMITING_DB - 20 * np.log10(peaks.max())
    drive_db = min(target_lufs - level, most_db)
    limited, least_db = scene, np.inf
    for _ in range(_ROUNDS):
        gain = _gain(drive_db)
        driven = scene * (gain * _limiter(peaks * gain, float(_gain(ceiling_db))))[:, None]
        missing_db = target_lufs - _lufs(driven)
        # A bed that passes the loudness gate makes the loudness jump: the nearest round counts, not the last.
        if abs(missing_db) < least_db:
            limited, least_db = driven, abs(missing_db)
        if least_db < 0.1 or (missing_db > 0 and drive_db >= most_db):
            break
        drive_db = min(drive_db + missing_db, most_db)
    # The limiter's own movement may add a hair between samples.
    rounded = limited.astype(np.float32)
    over_db = max(0.0, true_peak_dbtp(rounded) - ceiling_db)
    return np.asarray(rounded * _gain(-over_db), np.float32)


def _peaks(scene: Scene) -> NDArray[np.float64]:
    """Find the largest magnitude of either channel between each sample and the next."""
    if not len(scene):
        return np.zeros(0)
    finer = np.abs(resample_poly(scene.astype(np.float32), _OVERSAMPLING, 1, axis=0))
    # Column by column: along an axis of a few numbers NumPy's own maximum takes ten times as long.
    either = reduce(np.maximum, finer.T)
    return np.asarray(reduce(np.maximum, either.reshape(len(scene), _OVERSAMPLING).T), np.float64)


def _limiter(peaks: NDArray[np.float64], ceiling: float) -> NDArray[np.float64]:
    """Draw the gain that keeps `peaks` under `ceiling`: it sees them coming and recovers slowly.

    The reduction that each sample needs, in decibels, decays from every peak; it is held over the look-ahead
    and averaged over as much, so that the average is never less than what any sample needs.
    """
    needed_db = 20 * np.log10(np.maximum(peaks / ceiling, 1.0))
    if not needed_db.any():
        return np.ones(len(peaks))
    decay = np.arange(len(peaks)) / (_LIMITER_RELEASE_S * SAMPLE_RATE)
    with np.errstate(divide="ignore"):
        falling_db = np.exp(np.maximum.accumulate(np.log(needed_db) + decay) - decay)
    span = 2 * round(_LIMITER_LOOKAHEAD_S * SAMPLE_RATE / 2) + 1
    held_db = maximum_filter1d(falling_db, span, origin=-(span // 2))
    return _gain(-uniform_filter1d(held_db, span, origin=span // 2))
