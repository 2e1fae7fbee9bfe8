"""Each sound must have what makes it recognisable, not merely be there."""

from __future__ import annotations

from functools import cache
from typing import get_args

import numpy as np
import pyloudnorm
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, find_peaks, sosfilt, sosfiltfilt

from talkies.engines.animatic.sound import effects
from talkies.loudness import integrated_lufs
from talkies.media import Samples
from talkies.plan import Ambience, Effect, Gait, Voice
from talkies.spec import SAMPLE_RATE

Signal = NDArray[np.float64]

AMBIENCES: tuple[Ambience, ...] = get_args(Ambience)
EFFECTS: tuple[Effect, ...] = get_args(Effect)
FOUR_SECONDS = 4 * SAMPLE_RATE
STEP = SAMPLE_RATE // 200  # 5 ms


def middle(samples: Samples) -> Signal:
    mono: Signal = samples.astype(np.float64).mean(axis=1)
    return mono


@cache
def bed(kind: Ambience, seconds: int = 6, seed: int = 3) -> Signal:
    return middle(effects.ambience(kind, sample_count=seconds * SAMPLE_RATE, seed=seed))


@cache
def shot(kind: Effect, seed: int = 3) -> Signal:
    return middle(effects.effect(kind, seed=seed))


def likeness(samples: Samples) -> float:
    """Correlation of the two channels."""
    left, right = samples.astype(np.float64).T
    return float(np.dot(left, right) / np.sqrt(np.dot(left, left) * np.dot(right, right)))


def share(sound: Signal, low_hz: float, high_hz: float) -> float:
    """Energy between two frequencies as a share of the whole."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    return float(power[(frequencies >= low_hz) & (frequencies < high_hz)].sum() / power.sum())


def centroid(sound: Signal) -> float:
    """Centre of gravity of the power spectrum in Hz."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float((power * np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)).sum() / power.sum())


def levels_db(sound: Signal, step: int = STEP) -> Signal:
    blocks = sound[: len(sound) // step * step].reshape(-1, step)
    decibels: Signal = 10 * np.log10(np.mean(blocks**2, axis=1) + 1e-12)
    return decibels


def band(sound: Signal, low_hz: float, high_hz: float) -> Signal:
    sections = butter(2, (low_hz, high_hz), "bandpass", fs=SAMPLE_RATE, output="sos")
    filtered: Signal = sosfiltfilt(sections, sound)
    return filtered


def onsets(sound: Signal, rise_db: float = 9.0, apart_s: float = 0.05, floor_db: float = 24.0) -> Signal:
    """Times in seconds at which the level jumps and comes near the loudest moment."""
    level = levels_db(sound)
    before = np.array([level[max(0, k - 8) : max(1, k)].min() for k in range(len(level))])
    jump = np.where(level > level.max() - floor_db, level - before, 0)
    jump[0] = rise_db + 1 if level[0] > level.max() - floor_db else 0
    padded = np.concatenate([[0], jump, [0]])
    peaks, _ = find_peaks(padded, height=rise_db, distance=max(1, round(apart_s * 200)))
    times: Signal = (peaks - 1) / 200
    return times


def pitch(sound: Signal, at_s: float, low_hz: float, high_hz: float) -> tuple[float, float]:
    """Pitch in Hz and how periodic the sound is (0 to 1) in 60 ms around a moment."""
    first = round((at_s - 0.03) * SAMPLE_RATE)
    part = sound[max(first, 0) : first + round(0.06 * SAMPLE_RATE)]
    part = (part - part.mean()) * np.hanning(len(part))
    both = np.fft.irfft(np.abs(np.fft.rfft(part, 2 * len(part))) ** 2)[: len(part)]
    window = np.hanning(len(part))
    own = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * len(part))) ** 2)[: len(part)]
    likeness = both / both[0] / np.maximum(own / own[0], 0.05)
    shortest, longest = int(SAMPLE_RATE / high_hz), int(SAMPLE_RATE / low_hz)
    lag = shortest + int(np.argmax(likeness[shortest:longest]))
    return SAMPLE_RATE / lag, float(likeness[lag])


def strongest_hz(sound: Signal, low_hz: float, high_hz: float) -> float:
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    inside = (frequencies >= low_hz) & (frequencies < high_hz)
    return float(frequencies[inside][np.argmax(power[inside])])


def beat_hz(sound: Signal, low_hz: float, high_hz: float) -> float:
    """The strongest rate at which the level rises and falls."""
    level = np.abs(sound[: len(sound) // 48 * 48]).reshape(-1, 48).mean(axis=1)
    swing = np.abs(np.fft.rfft((level - level.mean()) * np.hanning(len(level)), 1 << 15))
    frequencies = np.fft.rfftfreq(1 << 15, 1 / 1000)
    inside = (frequencies >= low_hz) & (frequencies <= high_hz)
    return float(frequencies[inside][np.argmax(swing[inside])])


def momentary_lufs(samples: Samples) -> Signal:
    meter = pyloudnorm.Meter(SAMPLE_RATE)
    missing = max(0, round(0.4 * SAMPLE_RATE) - len(samples))
    meter.integrated_loudness(np.pad(samples.astype(np.float64), ((0, missing), (0, 0))))
    return np.array(meter.blockwise_loudness)


@pytest.mark.parametrize("kind", AMBIENCES)
def test_an_ambience_is_clean_stereo_at_the_usual_loudness(kind: Ambience) -> None:
    samples = effects.ambience(kind, sample_count=FOUR_SECONDS, seed=11)

    loudness = pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(samples.astype(np.float64))
    assert samples.shape == (FOUR_SECONDS, 2)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() < 0.95
    assert np.abs(samples.mean(axis=0)).max() < 1e-3
    assert likeness(samples) > -0.2
    assert loudness == pytest.approx(effects.AMBIENCE_LUFS, abs=0.6)


@pytest.mark.parametrize("kind", AMBIENCES)
def test_an_ambience_lasts_through_its_whole_shot(kind: Ambience) -> None:
    level = levels_db(bed(kind), 3 * SAMPLE_RATE // 2)

    assert np.ptp(level) < 16


@pytest.mark.parametrize("kind", EFFECTS)
def test_an_effect_is_clean_stereo_and_dies_away(kind: Effect) -> None:
    samples = effects.effect(kind, seed=11)

    tail = samples[-SAMPLE_RATE // 100 :]
    assert samples.shape == (effects.effect_length(kind), 2)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() < 0.95
    assert np.abs(tail).max() < 0.003
    assert likeness(samples) > -0.2


@pytest.mark.parametrize("kind", EFFECTS)
def test_an_effect_is_loud_at_its_loudest_moment(kind: Effect) -> None:
    loudest = momentary_lufs(effects.effect(kind, seed=5)).max()

    assert -28 < loudest < -12.5


@pytest.mark.parametrize("kind", EFFECTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_effect_is_heard_from_its_onset(kind: Effect, seed: int) -> None:
    level = levels_db(shot(kind, seed), SAMPLE_RATE // 50)
    onset = effects.effect_onset(kind) * 50 // SAMPLE_RATE

    assert level[onset : onset + 8].max() > level.max() - 9
    assert level[: max(0, onset - 12)].max(initial=-120) < level.max() - 3


@pytest.mark.parametrize("kind", AMBIENCES)
def test_an_ambience_depends_on_its_seed_and_on_nothing_else(kind: Ambience) -> None:
    count = SAMPLE_RATE

    once, again, other = (effects.ambience(kind, sample_count=count, seed=seed) for seed in (7, 7, 8))

    assert np.array_equal(once, again)
    assert not np.allclose(once, other, atol=1e-3)


@pytest.mark.parametrize("kind", EFFECTS)
def test_an_effect_depends_on_its_seed_and_on_nothing_else(kind: Effect) -> None:
    once, again, other = (effects.effect(kind, seed=seed) for seed in (7, 7, 8))

    assert np.array_equal(once, again)
    assert not np.allclose(once, other, atol=1e-3)


def test_rain_is_an_even_bright_hiss_with_drops() -> None:
    sound = bed("rain")
    high = band(sound, 2000, 12000)

    assert centroid(sound) > 3000
    assert np.std(levels_db(sound, SAMPLE_RATE // 2)) < 1.5
    assert np.mean(high**4) / np.mean(high**2) ** 2 > 4  # plain noise has 3


def test_wind_is_low_and_comes_in_gusts_that_brighten() -> None:
    sound = bed("wind", seconds=12)
    level = levels_db(sound, SAMPLE_RATE // 4)
    brightness = levels_db(band(sound, 900, 2400), SAMPLE_RATE // 4) - level

    assert share(sound, 40, 1000) > 0.85
    assert np.ptp(level) > 5
    assert np.corrcoef(level, brightness)[0, 1] > 0.3


def test_surf_breaks_every_five_to_seven_seconds() -> None:
    level = levels_db(bed("surf", seconds=30), SAMPLE_RATE // 4)
    smooth = np.convolve(level, np.ones(5) / 5, "same")

    crests, _ = find_peaks(smooth, prominence=4)

    assert 4 <= len(crests) <= 6
    assert np.all(np.abs(np.diff(crests) / 4 - 6) < 1.6)


def test_the_rumble_of_a_wave_comes_before_its_foam() -> None:
    sound = bed("surf", seconds=12)
    low, high = (levels_db(band(sound, *edges), SAMPLE_RATE // 10) for edges in ((60, 350), (4500, 11000)))

    lags = range(-15, 16)
    likeness = [np.corrcoef(low[20:-20], np.roll(high, -lag)[20:-20])[0, 1] for lag in lags]

    assert lags[int(np.argmax(likeness))] >= 3


def test_a_stream_babbles_where_rain_hisses() -> None:
    sound = bed("stream")

    assert share(sound, 400, 3500) > 0.85
    assert np.std(levels_db(band(sound, 400, 3500))) > 1.5 * np.std(levels_db(band(bed("rain"), 400, 3500)))


def test_a_waterfall_is_steady_and_deeper_than_rain() -> None:
    sound = bed("waterfall")

    assert centroid(sound) < 0.5 * centroid(bed("rain"))
    assert np.std(levels_db(sound, SAMPLE_RATE // 2)) < 1.0


def test_fire_crackles_over_a_low_flutter() -> None:
    sound = bed("fire")

    crackles = onsets(band(sound, 2000, 10000), rise_db=12, apart_s=0.02, floor_db=30)

    assert 3 < len(crackles) / 6 < 30
    assert share(sound, 30, 400) > 0.3


def test_birds_sing_high_clear_notes_with_pauses() -> None:
    sound = bed("birds", seconds=12)
    level = levels_db(band(sound, 1800, 9000), SAMPLE_RATE // 20)

    assert share(sound, 1800, 9000) > 0.9
    assert np.mean(level < level.max() - 20) > 0.08
    assert np.mean(level > level.max() - 20) > 0.2


def test_crickets_pulse_about_thirty_times_a_second_near_four_and_a_half_kilohertz() -> None:
    sound = bed("crickets")

    assert 4000 < strongest_hz(sound, 1000, 15000) < 5000
    assert 26 < beat_hz(sound, 20, 80) < 38
    assert share(sound, 3500, 5500) > 0.9


def test_gulls_cry_in_falling_harmonic_notes() -> None:
    sound = band(bed("seagulls"), 700, 9000)
    loudest = int(np.argmax(levels_db(sound, SAMPLE_RATE // 20))) / 20 + 0.025

    hertz, periodic = pitch(sound, loudest, 500, 1800)

    assert 550 < hertz < 1700
    assert periodic > 0.7


@pytest.mark.parametrize("kind", ["crowd", "cafe"])
def test_people_talk_in_the_range_of_speech(kind: Ambience) -> None:
    sound = bed(kind)

    assert share(sound, 150, 4000) > 0.8
    assert 250 < centroid(sound) < 1500


def test_a_cafe_has_cups_that_a_crowd_has_not() -> None:
    high = {kind: band(bed(kind, seconds=12), 3500, 7500) for kind in ("crowd", "cafe")}

    crest = {kind: np.abs(sound).max() / sound.std() for kind, sound in high.items()}

    assert crest["cafe"] > 1.3 * crest["crowd"]


def test_traffic_swells_with_each_car_that_passes() -> None:
    sound = bed("traffic", seconds=12)
    tyres = levels_db(band(sound, 700, 2500), SAMPLE_RATE // 10)

    passes, _ = find_peaks(np.convolve(tyres, np.ones(4) / 4, "same"), prominence=3)

    assert 3 <= len(passes) <= 9
    assert share(sound, 20, 800) > 0.6


def test_cars_cross_from_side_to_side() -> None:
    samples = effects.ambience("traffic", sample_count=3 * FOUR_SECONDS, seed=3).astype(np.float64)
    left, right = (levels_db(band(samples[:, side], 700, 2500), SAMPLE_RATE // 5) for side in (0, 1))

    assert np.ptp(left - right) > 6


def test_a_city_is_a_low_roar_with_distant_horns() -> None:
    sound = bed("city", seconds=10)

    assert share(sound, 20, 700) > 0.6
    assert np.std(levels_db(band(sound, 350, 1500), SAMPLE_RATE // 10)) > 0.8


def test_a_train_beats_over_the_joints_of_the_rail_about_once_a_second() -> None:
    clacks = onsets(band(bed("train"), 700, 4000), rise_db=8, apart_s=0.09, floor_db=15)

    assert 3.0 < len(clacks) / 6 < 4.6
    gaps = np.diff(clacks)
    assert gaps.max() > 2.2 * gaps.min()  # ta-tam ... ta-tam, not an even rattle


def test_an_engine_is_a_harmonic_series_of_its_firing_rate() -> None:
    sound = bed("engine")
    firing = strongest_hz(sound, 45, 65)

    lines = sum(share(sound, k * firing * 0.95, k * firing * 1.05) for k in range(1, 8))

    assert 48 < firing < 62
    assert lines > 0.5


def test_an_airliner_roars_evenly_over_its_turbines() -> None:
    sound = bed("airplane")

    assert np.std(levels_db(sound, SAMPLE_RATE // 2)) < 0.8
    assert 93 < strongest_hz(sound, 60, 400) < 99
    assert share(sound, 20, 1500) > 0.9


def test_a_clock_ticks_twice_a_second_with_a_deeper_tock() -> None:
    sound = bed("clock")
    beats = onsets(sound, apart_s=0.2)

    tick, tock = (
        centroid(sound[round(at * SAMPLE_RATE) : round((at + 0.06) * SAMPLE_RATE)]) for at in beats[:2]
    )

    assert np.allclose(np.diff(beats), 0.5, atol=0.011)
    assert abs(tick - tock) > 0.1 * max(tick, tock)


def test_a_heart_beats_lub_dub() -> None:
    gaps = np.diff(onsets(bed("heartbeat"), rise_db=9, apart_s=0.15))
    short, long = gaps[gaps < 0.42], gaps[gaps >= 0.42]

    assert np.allclose(short, 0.31, atol=0.04)
    assert 60 / 78 < np.median(short) + np.median(long) < 60 / 64
    assert abs(len(short) - len(long)) <= 1


def test_a_heart_is_heard_from_small_loudspeakers() -> None:
    sound = effects.ambience("heartbeat", sample_count=6 * SAMPLE_RATE, seed=3)
    small = sosfilt(butter(4, 350, "highpass", fs=SAMPLE_RATE, output="sos"), sound, axis=0)

    whole_lufs, left_lufs = integrated_lufs(sound), integrated_lufs(np.asarray(small, np.float32))

    assert whole_lufs is not None
    assert left_lufs is not None
    assert whole_lufs - left_lufs < 14


def test_someone_walks_with_heel_and_toe() -> None:
    sound = bed("footsteps")
    heels = onsets(sound, apart_s=0.3)

    toes = onsets(sound, rise_db=2.5, apart_s=0.04)

    assert np.allclose(np.diff(heels), 0.555, atol=0.05)
    assert len(toes) > 1.5 * len(heels)


def test_someone_types_fast_and_unevenly() -> None:
    gaps = np.diff(onsets(band(bed("typing"), 1000, 10000), apart_s=0.05))

    assert 4 < 1 / gaps.mean() < 14
    assert gaps.std() > 0.25 * gaps.mean()


def test_applause_is_dense_and_made_of_claps() -> None:
    sound = bed("applause")

    assert 800 < centroid(sound) < 5000
    assert np.std(levels_db(sound)) > 1.3
    assert np.std(levels_db(sound, SAMPLE_RATE)) < 2


def test_a_machine_hums_at_a_hundred_hertz() -> None:
    sound = bed("machine_hum")

    assert strongest_hz(sound, 30, 1000) == pytest.approx(100, abs=1.5)
    assert share(sound, 97, 103) > 0.25


def test_bubbles_are_round_and_low() -> None:
    sound = bed("bubbles")

    assert share(sound, 150, 1500) > 0.9
    assert 3 < len(onsets(sound, rise_db=5)) / 6 < 15


def test_thunder_cracks_and_then_rolls() -> None:
    sound = shot("thunder")
    crack, roll = sound[: SAMPLE_RATE // 4], sound[SAMPLE_RATE * 2 : SAMPLE_RATE * 4]

    assert share(crack, 1000, 12000) > 10 * share(roll, 1000, 12000)
    assert share(roll, 20, 250) > 0.7
    assert levels_db(sound, SAMPLE_RATE)[3] > levels_db(sound, SAMPLE_RATE)[0] - 30


def test_a_dog_barks_once_and_its_pitch_falls() -> None:
    sound = shot("dog")
    barks = onsets(sound, apart_s=0.2)

    early, early_periodic = pitch(sound, 0.07, 200, 900)
    late, _ = pitch(sound, 0.15, 150, 550)

    assert len(barks) == 1
    assert 350 < early < 750
    assert early_periodic > 0.5
    assert late < early
    assert share(sound, 400, 3500) > 0.8


def test_a_cat_miaows_in_an_arch() -> None:
    sound = shot("cat")

    (start, _), (top, periodic), (end, _) = (pitch(sound, at, 350, 950) for at in (0.1, 0.3, 0.75))

    assert start < top > end
    assert 600 < top < 860
    assert periodic > 0.8


def test_a_horse_neighs_falling_and_trembling() -> None:
    sound = shot("horse")

    high, _ = pitch(sound, 0.2, 300, 1600)
    low, _ = pitch(sound, 1.2, 300, 1600)

    assert high > 900 > low
    assert beat_hz(sound[: 3 * SAMPLE_RATE // 2], 7, 20) == pytest.approx(11.5, abs=1.5)


def test_an_owl_hoots_four_nearly_pure_notes() -> None:
    sound = shot("owl")
    smooth = np.convolve(levels_db(sound), np.ones(15) / 15, "same")

    hoots, _ = find_peaks(smooth, prominence=4, height=smooth.max() - 12)
    fundamental = strongest_hz(sound, 200, 1000)

    assert len(hoots) == 4
    assert 300 < fundamental < 420
    assert share(sound, fundamental * 0.9, fundamental * 1.1) > 0.85


def test_a_wolf_howls_up_long_and_down() -> None:
    sound = shot("wolf")

    (start, _), (top, periodic), (end, _) = (pitch(sound, at, 220, 800) for at in (0.25, 1.3, 2.85))

    assert start < 0.9 * top > end
    assert 500 < top < 700
    assert periodic > 0.8


def test_a_cock_crows_in_four_calls() -> None:
    sound = shot("rooster")
    smooth = np.convolve(levels_db(sound), np.ones(5) / 5, "same")

    gaps, _ = find_peaks(-smooth[10 : round(1.2 * 200)], prominence=3)

    assert len(gaps) == 3
    assert pitch(sound, 1.0, 400, 1200)[0] > pitch(sound, 1.7, 300, 1200)[0]
    assert share(sound, 1000, 6000) > 0.6


def test_a_cow_lows_deep_and_long() -> None:
    sound = shot("cow")
    hertz, periodic = pitch(sound, 0.8, 80, 220)

    assert 100 < hertz < 175
    assert periodic > 0.7
    assert np.mean(levels_db(sound) > levels_db(sound).max() - 20) > 0.5


def test_a_door_slams_low_where_its_onset_says() -> None:
    sound = shot("door")
    loudest = int(np.argmax(np.abs(sound)))

    assert abs(loudest - effects.effect_onset("door")) < 0.03 * SAMPLE_RATE
    assert share(sound, 30, 600) > 0.6


def test_a_knock_is_one_short_rap_on_wood() -> None:
    sound = shot("knock")

    assert len(onsets(sound, apart_s=0.1)) == 1
    assert share(sound, 100, 3000) > 0.8


def test_a_hinge_creaks_by_slipping_dozens_of_times_a_second() -> None:
    sound = shot("creak")

    slips, _ = find_peaks(np.abs(sound), height=0.25 * np.abs(sound).max(), distance=SAMPLE_RATE // 200)

    assert 25 < len(slips) / 1.5 < 150
    assert share(sound, 350, 5000) > 0.8


def test_a_bell_has_a_hum_an_octave_below_and_a_minor_third_above_its_prime() -> None:
    sound = shot("bell")[: 2 * SAMPLE_RATE]
    prime = strongest_hz(sound, 280, 350)

    assert strongest_hz(sound, 0.4 * prime, 0.7 * prime) / prime == pytest.approx(0.5, abs=0.01)
    assert strongest_hz(sound, 1.1 * prime, 1.35 * prime) / prime == pytest.approx(1.2, abs=0.01)
    assert levels_db(shot("bell"), SAMPLE_RATE)[3] > levels_db(shot("bell"), SAMPLE_RATE)[0] - 25


def test_a_horn_blows_short_and_long_on_two_notes() -> None:
    sound = shot("horn")

    assert len(onsets(sound, rise_db=4, apart_s=0.15, floor_db=12)) == 2
    assert strongest_hz(sound, 405, 425) == pytest.approx(415, abs=4)
    assert 505 < strongest_hz(sound, 490, 540) < 535


def test_a_siren_wails_up_and_down() -> None:
    sound = shot("siren")

    path = [pitch(sound, at, 550, 1600)[0] for at in np.arange(0.3, 4.2, 0.1)]

    assert min(path) < 800 < 1200 < max(path)
    assert len(find_peaks(path, prominence=300)[0]) in (2, 3)


def test_a_telephone_rings_twice_at_twenty_strokes_a_second() -> None:
    sound = shot("phone")
    smooth = np.convolve(levels_db(sound), np.ones(21) / 21, "same")

    assert beat_hz(sound[: round(0.75 * SAMPLE_RATE)], 12, 30) == pytest.approx(20, abs=1.5)
    assert len(find_peaks(-smooth[: 2 * 200], prominence=6)[0]) == 1
    assert centroid(sound) > 1200


def test_an_explosion_is_deep_and_lasts_longer_than_a_shot() -> None:
    explosion, gunshot = shot("explosion"), shot("gunshot")

    def lasting_s(sound: Signal) -> float:
        return float(np.flatnonzero(levels_db(sound) > levels_db(sound).max() - 20)[-1] / 200)

    assert share(explosion, 20, 250) > 0.6
    assert centroid(gunshot) > 2 * centroid(explosion)
    assert lasting_s(explosion) > 2 * lasting_s(gunshot)


def test_a_whoosh_climbs_to_its_onset_and_falls() -> None:
    sound = shot("whoosh")
    third = len(sound) // 9

    start, peak, end = (centroid(sound[k * third : (k + 1) * third]) for k in (1, 4, 7))

    assert peak > 1.8 * start
    assert peak > 1.8 * end
    assert abs(np.argmax(levels_db(sound)) * STEP - effects.effect_onset("whoosh")) < 0.1 * SAMPLE_RATE


def test_a_splash_begins_with_a_slap_and_ends_in_drops() -> None:
    sound = shot("splash")
    level = levels_db(sound, SAMPLE_RATE // 20)

    assert share(sound[: SAMPLE_RATE // 12], 1000, 12000) > 0.15
    assert share(sound, 120, 900) > 0.3
    assert level[:4].max() > level[14:].max() + 12


def test_glass_breaks_bright_and_tinkles_on() -> None:
    sound = shot("glass")

    assert centroid(sound) > 3500
    assert len(onsets(sound[SAMPLE_RATE // 5 :], rise_db=4, apart_s=0.015, floor_db=40)) >= 5


def test_a_shutter_clicks_within_a_fifth_of_a_second() -> None:
    clicks = onsets(shot("shutter"), rise_db=6, apart_s=0.02)

    assert len(clicks) >= 2
    assert 0.1 < clicks[-1] - clicks[0] < 0.2


def test_chimes_strike_several_high_notes() -> None:
    sound = shot("chime")
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))[: 6000 * len(sound) // SAMPLE_RATE]

    notes, _ = find_peaks(power, height=0.1 * power.max(), distance=len(sound) * 20 // SAMPLE_RATE)

    assert len(notes) >= 4
    assert share(sound, 800, 12000) > 0.95


def test_a_drum_is_deep_and_its_pitch_sinks() -> None:
    sound = shot("drum")

    def crossings(part: Signal) -> int:
        return int(np.count_nonzero(np.diff(np.signbit(part))))

    low = band(sound, 40, 110)
    assert share(sound, 40, 250) > 0.8
    assert crossings(low[: SAMPLE_RATE // 20]) >= crossings(low[SAMPLE_RATE // 5 : SAMPLE_RATE // 4])


def test_a_cheer_swells_with_voices_and_claps() -> None:
    sound = shot("cheer")
    level = levels_db(sound, SAMPLE_RATE // 4)

    assert level[3:7].mean() > level[0] + 3
    assert share(sound, 250, 4000) > 0.7


def test_laughter_comes_in_five_bursts_a_second() -> None:
    sound = middle(effects.effect("laughter", seed=3, voices=("woman",)))

    assert beat_hz(sound[: round(1.4 * SAMPLE_RATE)], 2.5, 9) == pytest.approx(4.9, abs=0.6)
    assert share(sound, 200, 3500) > 0.75


def test_a_pop_leaps_up() -> None:
    sound = shot("pop")
    early, late = (strongest_hz(sound[first : first + 480], 250, 1500) for first in (0, 1300))

    assert late > 1.4 * early
    assert levels_db(sound, SAMPLE_RATE // 10)[1] < levels_db(sound, SAMPLE_RATE // 10)[0] - 15


def test_a_button_clicks_down_and_up() -> None:
    clicks = onsets(shot("click"), rise_db=9, apart_s=0.04, floor_db=30)

    assert len(clicks) == 2
    assert centroid(shot("click")) > 1500


def test_a_thud_is_short_and_low() -> None:
    sound = shot("thud")

    assert share(sound, 30, 400) > 0.85
    assert levels_db(sound, SAMPLE_RATE // 10)[3] < levels_db(sound, SAMPLE_RATE // 10)[0] - 20


SOFT_AND_VIOLENT = ("rain", "wind", "surf", "stream", "fire", "crowd", "traffic", "applause")


@cache
def strong(kind: Ambience, strength: float) -> Signal:
    return middle(effects.ambience(kind, sample_count=6 * SAMPLE_RATE, seed=3, strength=strength))


@pytest.mark.parametrize("kind", SOFT_AND_VIOLENT)
def test_soft_and_violent_differ_in_kind_and_not_in_loudness(kind: Ambience) -> None:
    soft, violent = strong(kind, -1.0), strong(kind, 1.0)

    assert abs(np.corrcoef(soft, violent)[0, 1]) < 0.7
    loudness = [pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(sound) for sound in (soft, violent)]
    assert abs(loudness[0] - loudness[1]) < 2.5


@pytest.mark.parametrize("kind", ["rain", "stream", "applause", "crowd"])
def test_the_stronger_the_more_its_single_sounds_run_together(kind: Ambience) -> None:
    soft, usual, violent = (len(onsets(strong(kind, strength))) for strength in (-1.0, 0.0, 1.0))

    assert soft > usual > violent


def test_a_stronger_wind_is_brighter_and_blows_in_deeper_gusts() -> None:
    breeze, gale = strong("wind", -1.0), strong("wind", 1.0)

    assert centroid(gale) > 2 * centroid(breeze)
    assert levels_db(gale, SAMPLE_RATE // 10).std() > 2 * levels_db(breeze, SAMPLE_RATE // 10).std()


@pytest.mark.parametrize("kind", ["surf", "fire"])
def test_large_waves_and_blazes_rumble(kind: Ambience) -> None:
    assert share(strong(kind, 1.0), 20, 400) > 2 * share(strong(kind, -1.0), 20, 400)


def test_more_cars_pass_on_a_busy_street() -> None:
    def passing(strength: float) -> int:
        level = np.convolve(levels_db(band(strong("traffic", strength), 1000, 4000), 2400), np.ones(8) / 8)
        return len(find_peaks(level, prominence=1.5)[0])

    assert passing(1.0) > passing(-1.0)


def test_what_is_distant_is_duller_and_rings_on() -> None:
    near = middle(effects.effect("dog", seed=3))
    far = middle(effects.effect("dog", seed=3, is_distant=True))
    street = middle(effects.ambience("rain", sample_count=FOUR_SECONDS, seed=3, is_distant=True))

    assert len(far) == effects.effect_length("dog", is_distant=True) > len(near)
    assert share(far, 2500, 20_000) < 0.5 * share(near, 2500, 20_000)
    assert np.square(far[len(near) :]).sum() > 0.01 * np.square(far).sum()
    assert centroid(street) < 0.5 * centroid(bed("rain"))


@cache
def laughed_hz(voice: Voice) -> int:
    """Pitch of the first "ha" in Hz: where a comb of harmonics stands most above what lies between them."""
    first = middle(effects.effect("laughter", seed=3, voices=(voice,)))[: round(0.15 * SAMPLE_RATE)]
    strength = np.abs(np.fft.rfft(first * np.hanning(len(first)), SAMPLE_RATE))  # 1 Hz a bin

    def stands_out(hertz: int) -> float:
        return float(sum(strength[k * hertz] - strength[round((k - 0.5) * hertz)] for k in range(1, 5)))

    return max(range(110, 600), key=stands_out)


def test_people_laugh_in_voices_of_their_own() -> None:
    pitches = [laughed_hz(voice) for voice in ("old_man", "man", "old_woman", "woman", "boy", "girl")]

    assert pitches == sorted(pitches)
    assert pitches[1] < 230 < 260 < pitches[3] < 400 < pitches[5]


def test_an_audience_laughs_from_all_sides_and_one_person_from_the_middle() -> None:
    alone, together = (effects.effect("laughter", seed=3, voices=voices) for voices in (("man",), ()))

    assert likeness(alone) > 0.9
    assert likeness(together) < likeness(alone) - 0.05


def test_a_scream_is_high_bright_and_rough() -> None:
    sound = shot("scream")
    hertz, _ = pitch(sound, 0.5, 600, 1600)

    assert 900 < hertz < 1350
    assert share(sound, 2000, 9000) > 0.2
    assert 55 < beat_hz(sound[: round(1.3 * SAMPLE_RATE)], 30, 150) < 90


def test_a_gasp_is_drawn_in_and_a_sigh_let_go() -> None:
    gasp, sigh = (levels_db(shot(kind), SAMPLE_RATE // 20) for kind in ("gasp", "sigh"))

    assert 3 <= int(np.argmax(gasp)) <= 8
    assert gasp[10] < gasp.max() - 12
    assert sigh[:13].max() < sigh.max() - 6
    assert sigh[17] > sigh[30] + 6
    assert pitch(shot("gasp"), 0.2, 100, 500)[1] < 0.6


def test_sobs_come_four_a_second_and_end_in_breath() -> None:
    sound = shot("sob")
    hertz, periodic = pitch(sound, 0.08, 200, 600)

    assert 3.3 < beat_hz(sound[:SAMPLE_RATE], 2.5, 9) < 4.7
    assert 280 < hertz < 480
    assert periodic > 0.6
    assert pitch(sound, 1.5, 200, 600)[1] < 0.6


def test_a_baby_cries_twice_in_arches_near_four_hundred_and_fifty_hertz() -> None:
    sound = shot("baby_cry")
    level = levels_db(sound, SAMPLE_RATE // 10)

    (start, _), (top, periodic) = (pitch(sound, at, 250, 700) for at in (0.06, 0.35))

    assert start < top
    assert 400 < top < 520
    assert periodic > 0.7
    assert level[10:15].min() < level.max() - 12
    assert level[16:20].min() > level.max() - 6


def test_a_beep_is_one_steady_tone_near_a_kilohertz() -> None:
    sound = shot("beep")

    assert 900 < strongest_hz(sound, 200, 5000) < 1020
    assert len(onsets(sound, apart_s=0.1)) == 1
    assert levels_db(sound)[50] < levels_db(sound)[20] - 15


def test_glasses_clink_high_and_ring() -> None:
    sound = shot("clink")
    level = levels_db(sound, SAMPLE_RATE // 10)

    assert 1200 < strongest_hz(sound, 500, 9000) < 7000
    assert share(sound, 1000, 12000) > 0.95
    assert -40 < level[3] - level[0] < -8


def test_frying_hisses_brighter_than_rain_and_spits() -> None:
    sound = bed("sizzle")
    high = band(sound, 2500, 12000)

    assert centroid(sound) > 4500
    assert np.mean(high**4) / np.mean(high**2) ** 2 > 5
    assert np.std(levels_db(sound, SAMPLE_RATE // 2)) < 2


@pytest.mark.parametrize(
    ("gait", "least", "most"), [("walk", 3.3, 4.0), ("trot", 2.5, 3.2), ("gallop", 5.0, 6.0)]
)
def test_hooves_beat_as_the_horse_goes(gait: Gait, least: float, most: float) -> None:
    sound = middle(effects.ambience("hooves", sample_count=6 * SAMPLE_RATE, seed=3, gait=gait))
    gaps = np.diff(onsets(sound, rise_db=8, apart_s=0.1, floor_db=12))

    assert least < 1 / gaps.mean() < most
    assert (gaps.max() > 1.7 * gaps.min()) == (gait == "gallop")


def test_a_rocket_whistles_up_bursts_and_crackles() -> None:
    sound = shot("fireworks")
    burst = effects.effect_onset("fireworks")
    early, late = (strongest_hz(sound[at : at + 4800], 800, 4000) for at in (4800, burst - 9600))

    assert late > 1.5 * early
    assert share(sound[burst : burst + 9600], 20, 400) > 0.4
    assert len(onsets(band(sound[burst + 30000 :], 2500, 12000), rise_db=6, apart_s=0.02)) > 8


def test_a_machine_gun_fires_ten_or_eleven_shots_a_second() -> None:
    shots = onsets(band(shot("gunfire"), 2500, 14000), rise_db=5, apart_s=0.06)

    assert len(shots) == 8
    assert 9.8 < 1 / np.diff(shots).mean() < 11.9


def test_a_helicopter_slaps_eleven_times_a_second() -> None:
    sound = bed("helicopter")

    assert 10 < beat_hz(sound, 6, 40) < 11.6
    assert share(sound, 20, 800) > 0.8


def test_a_cat_purrs_at_twenty_six_pulses_a_second() -> None:
    sound = bed("purr")

    assert 23 < beat_hz(sound, 10, 60) < 29
    assert share(sound, 50, 1500) > 0.85


def test_a_cough_is_a_blast_that_falls_to_a_voiced_end() -> None:
    sound = shot("cough")
    level = levels_db(sound, SAMPLE_RATE // 20)

    assert int(np.argmax(level)) <= 1
    assert level[9] < level[0] - 15
    assert share(sound, 150, 5000) > 0.75


def test_swords_clash_and_ring_out_of_tune() -> None:
    sound = shot("sword")
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))

    lines, _ = find_peaks(power, height=0.1 * power.max(), distance=len(sound) * 60 // SAMPLE_RATE)

    assert len(lines) >= 4
    assert share(sound, 1500, 14000) > 0.5
    assert levels_db(sound, SAMPLE_RATE // 10)[5] > levels_db(sound, SAMPLE_RATE // 10)[0] - 45


def test_an_alarm_beeps_four_times_and_rests_each_second() -> None:
    beeps = onsets(shot("alarm"), rise_db=6, apart_s=0.06, floor_db=8)
    gaps = np.diff(beeps)

    assert len(beeps) == 12
    assert np.allclose(np.sort(gaps)[:9], 0.125, atol=0.02)
    assert 1900 < strongest_hz(shot("alarm"), 500, 5000) < 2200


def test_a_telephone_vibrates_twice_at_its_motors_pitch() -> None:
    sound = shot("vibration")
    level = levels_db(sound, SAMPLE_RATE // 20)

    assert pitch(sound, 0.3, 100, 300)[0] == pytest.approx(170, abs=12)
    assert level[13:16].max() < level.max() - 15
    assert level[18:25].min() > level.max() - 9


@pytest.mark.parametrize("kind", ["scream", "sob"])
def test_a_man_cries_out_deeper_than_a_woman_and_a_girl_higher(kind: Effect) -> None:
    man, woman, girl = (
        pitch(middle(effects.effect(kind, seed=3, voices=(voice,))), 0.1, 120, 1600)[0]
        for voice in ("man", "woman", "girl")
    )

    assert man < 0.8 * woman
    assert girl > 1.05 * woman
    assert np.array_equal(effects.effect(kind, seed=3, voices=("woman",)), effects.effect(kind, seed=3))


def test_a_duck_quacks_in_notes_that_grow_softer() -> None:
    sound = shot("duck")
    starts = onsets(sound, apart_s=0.15)
    first, last = (sound[round(at * SAMPLE_RATE) :][: SAMPLE_RATE // 5] for at in (starts[0], starts[-1]))

    assert len(starts) == 4
    assert 1200 < centroid(sound) < 3000
    assert np.abs(last).max() < 0.7 * np.abs(first).max()


def test_a_goose_honks_with_a_break_upwards() -> None:
    sound = shot("goose")
    low, high = (pitch(sound, at_s, 200, 800)[0] for at_s in (0.03, 0.2))

    assert len(onsets(sound, apart_s=0.35)) == 3
    assert 1.6 < high / low < 2.2


def test_a_crow_caws_three_times_harsher_than_a_goose_honks() -> None:
    sound = shot("crow")

    assert len(onsets(sound, apart_s=0.35)) == 3
    assert 1000 < centroid(sound) < 3000
    assert pitch(sound, 0.1, 200, 800)[1] < 0.8 * pitch(shot("goose"), 0.2, 200, 800)[1]


def test_a_hen_clucks_and_then_cackles_higher() -> None:
    sound = shot("hen")
    cluck, cackle = (pitch(sound, at_s, 250, 900)[0] for at_s in (0.03, 1.1))

    assert cackle > 1.2 * cluck


@pytest.mark.parametrize(
    ("kind", "low", "high", "tremble"), [("sheep", 170, 220, 7.5), ("goat", 260, 335, 11.0)]
)
def test_a_bleat_trembles(kind: Effect, low: float, high: float, tremble: float) -> None:
    sound = shot(kind)

    assert low < pitch(sound, 0.45, 120, 400)[0] < high
    assert beat_hz(sound[SAMPLE_RATE // 4 : SAMPLE_RATE * 9 // 10], 5, 16) == pytest.approx(tremble, abs=1.6)


def test_a_pig_grunts_three_times_lower_than_a_duck_quacks() -> None:
    assert len(onsets(shot("pig"), apart_s=0.25)) == 3
    assert share(shot("pig"), 60, 1000) > 3 * share(shot("duck"), 60, 1000)


def test_a_lion_roars_low_and_an_elephant_trumpets_high() -> None:
    lion, elephant = shot("roar"), shot("elephant")

    assert share(lion, 80, 1000) > 0.7
    assert 380 < pitch(elephant, 0.6, 200, 800)[0] < 560
    assert centroid(elephant) > 1.8 * centroid(lion)


def test_a_frog_croaks_in_pulses_that_quicken() -> None:
    sound = shot("frog")
    rib, bit = sound[2400:8400], sound[13_400:17_800]

    assert 50 < beat_hz(rib, 40, 130) < 75
    assert 75 < beat_hz(bit, 40, 130) < 110


@pytest.mark.parametrize(("kind", "low", "high"), [("bees", 190, 265), ("mosquito", 400, 540)])
def test_an_insect_buzzes_at_the_beat_of_its_wings(kind: Ambience, low: float, high: float) -> None:
    assert low < strongest_hz(bed(kind), 120, 1500) < high


def test_a_sneeze_draws_in_and_bursts_out_brighter_than_a_cough() -> None:
    sound, burst = shot("sneeze"), effects.effect_onset("sneeze")

    assert np.abs(sound[:burst]).max() < 0.5 * np.abs(sound).max()
    assert centroid(sound[burst : burst + 9600]) > 1.5 * centroid(shot("cough")[:9600])


def test_snoring_is_low_and_comes_and_goes_with_the_breath() -> None:
    sound = bed("snoring", 12)
    level = levels_db(sound, SAMPLE_RATE // 5)

    assert share(sound, 40, 1000) > 0.85
    assert np.percentile(level, 90) - np.percentile(level, 20) > 15


def test_a_whistle_is_nearly_pure_and_slides() -> None:
    tune, call = shot("whistle"), shot("wolf_whistle")
    begun, risen = (strongest_hz(call[at : at + 2400], 700, 4000) for at in (2400, 16_800))

    assert 1000 < strongest_hz(tune, 500, 4000) < 2600
    assert share(tune, 900, 2700) > 0.95
    assert risen > 1.6 * begun
