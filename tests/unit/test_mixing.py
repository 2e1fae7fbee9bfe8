"""The mix is measured as a meter would: loudness, true peak, and speech over what lies under it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from talkies import mixing
from talkies.loudness import integrated_lufs, true_peak_dbtp
from talkies.media import Samples, Track, TrackName
from talkies.spec import SAMPLE_RATE

COUNT = 5 * SAMPLE_RATE
SPOKEN = slice(round(1.5 * SAMPLE_RATE), round(3.5 * SAMPLE_RATE))


def tone(hertz: float, level: float, count: int = COUNT) -> Samples:
    wave = level * np.sin(2 * np.pi * hertz * np.arange(count) / SAMPLE_RATE)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def hiss(level: float, count: int = COUNT, seed: int = 0) -> Samples:
    return (level * np.random.default_rng(seed).standard_normal((count, 2))).astype(np.float32)


def talk(level: float = 0.1) -> Samples:
    """Mono syllables of 300 Hz and overtones, four a second, from 1.5 s to 3.5 s."""
    at = np.arange(COUNT) / SAMPLE_RATE
    voiced = sum(np.sin(2 * np.pi * 150 * k * at) / k for k in range(1, 12))
    spoken = level * voiced * np.abs(np.sin(2 * np.pi * 2 * at)) ** 0.5
    spoken[: SPOKEN.start] = 0
    spoken[SPOKEN.stop :] = 0
    return np.asarray(spoken, np.float32)[:, None]


def hit(at_s: float, length_s: float = 0.3, level: float = 0.5) -> Samples:
    samples = np.zeros((COUNT, 2), np.float32)
    first, count = round(at_s * SAMPLE_RATE), round(length_s * SAMPLE_RATE)
    samples[first : first + count] = hiss(level, count, 1) * np.exp(-np.linspace(0, 6, count))[:, None]
    return samples


def power_db(samples: NDArray[np.floating]) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


def part_at(mixed: Samples, hertz: float, where: slice) -> float:
    """Level in dB of one frequency in a stretch of the mix."""
    section = mixed[where].mean(axis=1)
    spectrum = np.abs(np.fft.rfft(section * np.hanning(len(section))))
    near = round(hertz * len(section) / SAMPLE_RATE)
    return float(20 * np.log10(spectrum[near - 3 : near + 4].max() / len(section) + 1e-12))


def test_a_mix_has_the_loudness_and_the_ceiling_it_promises() -> None:
    mixed = mixing.mix([Track("speech", talk()), Track("music", hiss(0.05)), Track("effects", hit(0.5))])

    loudness = integrated_lufs(mixed)
    assert mixed.shape == (COUNT, 2)
    assert mixed.dtype == np.float32
    assert loudness == pytest.approx(-16, abs=0.5)
    assert true_peak_dbtp(mixed) <= -1.4


@settings(max_examples=15, deadline=None, derandomize=True)
@example(levels=[0.5, 0.5, 0.03125, 0.5], present=[False, False, True, True], hit_s=1.0, seed=0)
@example(levels=[0.5, 0.5, 0.0078125, 0.5], present=[False, False, True, True], hit_s=1.0, seed=0)
@given(
    levels=st.lists(st.floats(0.003, 0.9), min_size=4, max_size=4),
    present=st.lists(st.booleans(), min_size=4, max_size=4).filter(any),
    hit_s=st.floats(0.1, 4.5),
    seed=st.integers(0, 99),
)
def test_any_mix_keeps_its_promises(
    levels: list[float], present: list[bool], hit_s: float, seed: int
) -> None:
    made: list[tuple[TrackName, Samples]] = [
        ("speech", talk(levels[0])),
        ("music", hiss(0.3 * levels[1], seed=seed)),
        ("ambience", tone(330, levels[2])),
        ("effects", hit(hit_s, level=levels[3])),
    ]

    mixed = mixing.mix([Track(*track) for track, is_present in zip(made, present, strict=True) if is_present])

    assert np.isfinite(mixed).all()
    assert integrated_lufs(mixed) == pytest.approx(-16, abs=0.75 if any(present[:3]) else 1.0)
    assert true_peak_dbtp(mixed) <= -1.4


@pytest.mark.parametrize("bed_level", [0.02, 0.2, 0.8])
def test_speech_lies_thirteen_decibels_above_everything_else(bed_level: float) -> None:
    others = [
        Track("music", tone(1010, bed_level)),
        Track("ambience", tone(2030, bed_level)),
        Track("effects", hit(2.0, 1.2)),
    ]
    quiet = [Track(track.name, track.samples * np.float32(1e-6)) for track in others]

    mixed = mixing.mix([Track("speech", talk()), *others])
    alone = mixing.mix([Track("speech", talk()), *quiet])

    scale = np.vdot(alone[SPOKEN], mixed[SPOKEN]) / np.vdot(alone[SPOKEN], alone[SPOKEN])
    bed = mixed[SPOKEN] - scale * alone[SPOKEN]
    assert power_db(scale * alone[SPOKEN]) - power_db(bed) > 13


def test_music_is_lowered_before_the_first_word_and_comes_back_after_the_last() -> None:
    mixed = mixing.mix([Track("speech", talk()), Track("music", tone(3210, 0.1))])
    tenth = SAMPLE_RATE // 10

    def music_at(seconds: float) -> float:
        first = round(seconds * SAMPLE_RATE)
        return part_at(mixed, 3210, slice(first, first + tenth))

    assert music_at(1.0) > music_at(2.0) + 4
    assert music_at(1.45) < music_at(1.0) - 2
    assert music_at(4.2) == pytest.approx(music_at(1.0), abs=0.5)


def test_the_bed_is_down_before_the_first_word_and_lowest_among_the_consonants() -> None:
    bed = tone(2010, 0.05) + tone(210, 0.05)
    mixed = mixing.mix([Track("speech", talk()), Track("ambience", bed)])
    before, just_before = (
        slice(round(at * SAMPLE_RATE), round((at + 0.1) * SAMPLE_RATE)) for at in (0.9, 1.38)
    )

    low, high = (part_at(mixed, hertz, just_before) - part_at(mixed, hertz, before) for hertz in (210, 2010))

    assert low < -4
    assert high < low - 5


def test_a_loud_ambience_goes_on_softer_beneath_speech_and_is_never_gone() -> None:
    bed = hiss(0.1)
    talking = [Track("speech", talk()), Track("ambience", bed)]
    quiet = [talking[0], Track("ambience", bed * np.float32(1e-6))]

    mixed, alone = mixing.mix(talking), mixing.mix(quiet)

    scale = np.vdot(alone[SPOKEN], mixed[SPOKEN]) / np.vdot(alone[SPOKEN], alone[SPOKEN])
    under = power_db(mixed[SPOKEN] - scale * alone[SPOKEN])
    assert 8 < power_db(mixed[: SAMPLE_RATE // 2]) - under < 16


def test_an_ambience_sinks_slowly_and_rises_more_slowly() -> None:
    mixed = mixing.mix([Track("speech", talk()), Track("ambience", tone(7010, 0.1))])
    tenth = SAMPLE_RATE // 10

    def bed_at(seconds: float) -> float:
        first = round(seconds * SAMPLE_RATE)
        return part_at(mixed, 7010, slice(first, first + tenth))

    deep = bed_at(2.0)
    assert bed_at(1.0) > bed_at(1.2) + 1 > deep + 3
    assert bed_at(4.2) > bed_at(3.7) + 1 > deep + 3


def test_music_does_not_pump_while_speech_lasts() -> None:
    mixed = mixing.mix([Track("speech", talk()), Track("music", tone(5010, 0.1))])
    step = SAMPLE_RATE // 20

    levels = [
        part_at(mixed, 5010, slice(first, first + step)) for first in range(SPOKEN.start, SPOKEN.stop, step)
    ]

    assert np.ptp(levels) < 1.5


def test_music_lies_under_an_ambience_that_was_asked_for() -> None:
    mixed = mixing.mix([Track("music", tone(1010, 0.3)), Track("ambience", tone(990, 0.05))])

    middle = slice(SAMPLE_RATE, 4 * SAMPLE_RATE)
    assert part_at(mixed, 990, middle) > part_at(mixed, 1010, middle) + 2


@pytest.mark.parametrize("name", ["music", "ambience"])
def test_an_effect_stands_six_decibels_above_the_bed(name: TrackName) -> None:
    first = 2 * SAMPLE_RATE
    knock = hit(2.0, 0.4, 0.25)

    mixed = mixing.mix([Track(name, hiss(0.1)), Track("effects", knock)])

    loud = power_db(mixed[first : first + SAMPLE_RATE // 8])
    bed = power_db(mixed[:SAMPLE_RATE])
    assert loud - bed > 6


def test_a_distant_effect_stays_softer_than_a_near_one() -> None:
    near_and_far = hit(1.0, 1.0, 0.12) + hit(3.5, 1.0, 0.04)

    mixed = mixing.mix([Track("ambience", hiss(0.05)), Track("effects", near_and_far)])

    near, far = (power_db(mixed[round(at * SAMPLE_RATE) :][: SAMPLE_RATE // 10]) for at in (1.0, 3.5))
    assert 4 < near - far < 10


def test_a_mono_track_sounds_from_the_centre() -> None:
    mixed = mixing.mix([Track("speech", talk())])

    assert np.array_equal(mixed[:, 0], mixed[:, 1])


def test_silence_stays_silent() -> None:
    tracks = [
        Track("speech", np.zeros((COUNT, 1), np.float32)),
        Track("music", np.zeros((COUNT, 2), np.float32)),
    ]

    mixed = mixing.mix(tracks)

    assert mixed.shape == (COUNT, 2)
    assert not mixed.any()


def test_no_tracks_make_no_sound() -> None:
    assert mixing.mix([]).shape == (0, 2)


def test_a_lone_click_is_not_squashed_to_noise() -> None:
    click = np.zeros((COUNT, 2), np.float32)
    click[SAMPLE_RATE : SAMPLE_RATE + 48] = 0.5

    mixed = mixing.mix([Track("effects", click)])

    assert true_peak_dbtp(mixed) <= -1.4
    assert np.abs(mixed).max() > 0.7
    assert not mixed[: SAMPLE_RATE - 4800].any()


def test_the_limiter_leaves_no_corner_in_the_gain() -> None:
    loud = tone(997, 0.02)
    loud[2 * SAMPLE_RATE : 2 * SAMPLE_RATE + 2400] *= 1 + 44 * np.hanning(2400)[:, None].astype(np.float32)

    mixed = mixing.mix([Track("music", loud)])

    wave = mixed[:, 0].astype(np.float64)
    curvature = np.abs(np.diff(wave, 2))
    assert curvature.max() < 1.3 * (2 * np.pi * 997 / SAMPLE_RATE) ** 2


def test_another_target_is_met_too() -> None:
    mixed = mixing.mix([Track("music", hiss(0.2))], target_lufs=-23.0, ceiling_dbtp=-3.0)

    assert integrated_lufs(mixed) == pytest.approx(-23, abs=0.5)
    assert true_peak_dbtp(mixed) <= -3


def test_tracks_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"music 240000, ambience 100"):
        mixing.mix([Track("music", hiss(0.1)), Track("ambience", hiss(0.1, 100))])
