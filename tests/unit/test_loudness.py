from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import resample_poly

from talkies.loudness import integrated_lufs, true_peak_dbtp


def tone(hertz: float, peak: float, *, seconds: float = 3.0, phase: float = 0.0) -> NDArray[np.float32]:
    time = np.arange(round(48_000 * seconds)) / 48_000
    return (peak * np.sin(2 * np.pi * hertz * time + phase)).astype(np.float32)


def test_the_standards_reference_tone_reads_minus_3_01() -> None:
    # BS.1770-5: a 997 Hz sine at 0 dBFS in one front channel reads -3.01 LKFS
    assert integrated_lufs(tone(997, 1.0)) == pytest.approx(-3.01, abs=0.05)


def test_the_same_tone_in_both_channels_is_three_decibels_louder() -> None:
    left = tone(997, 0.1)

    stereo = integrated_lufs(np.column_stack([left, left]))

    assert stereo == pytest.approx(-20.0, abs=0.05)


def test_low_frequencies_of_a_5_1_sound_do_not_count() -> None:
    silent = np.zeros_like(tone(60, 0.5))
    surround = np.column_stack([tone(997, 0.1), silent, silent, tone(60, 0.9), silent, silent])

    assert integrated_lufs(surround) == pytest.approx(-23.01, abs=0.05)


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.39])
def test_a_sound_shorter_than_a_gating_block_has_no_loudness(seconds: float) -> None:
    assert integrated_lufs(tone(440, 0.5, seconds=seconds)) is None


def test_silence_and_near_silence_have_no_loudness() -> None:
    assert integrated_lufs(np.zeros((48_000, 2), np.float32)) is None
    assert integrated_lufs(tone(440, 1e-5)) is None


def test_a_pause_does_not_lower_the_integrated_loudness() -> None:
    sound = tone(997, 0.1, seconds=6)
    with_pause = np.concatenate([sound, np.zeros(6 * 48_000, np.float32)])

    plain, paused = integrated_lufs(sound), integrated_lufs(with_pause)

    assert plain is not None
    assert paused == pytest.approx(plain, abs=0.3)


def test_the_true_peak_finds_what_lies_between_the_samples() -> None:
    # a quarter of the sample rate at 45 degrees: every sample is 3 dB below the wave's crest
    sound = tone(12_000, 0.5, phase=np.pi / 4)

    assert 20 * np.log10(np.abs(sound).max()) == pytest.approx(-9.03, abs=0.01)
    assert true_peak_dbtp(sound[2400:-2400]) == pytest.approx(-6.02, abs=0.4)


@pytest.mark.parametrize("seed", range(4))
def test_the_true_peak_is_that_of_the_whole_sound_oversampled(seed: int) -> None:
    chance = np.random.default_rng(seed)
    loudness = np.interp(np.arange(20_000), np.arange(0, 20_001, 500), chance.uniform(0.3, 1, 41))
    sound = (0.2 * loudness[:, None] * chance.standard_normal((20_000, 2))).astype(np.float32)

    whole = np.abs(resample_poly(sound, 4, 1, axis=0)).max()

    assert true_peak_dbtp(sound) == pytest.approx(20 * np.log10(whole), abs=1e-4)


def test_a_peak_where_two_blocks_meet_is_found() -> None:
    sound = np.zeros(100_000, np.float32)
    sound[(1 << 14) - 1 : (1 << 14) + 1] = 0.9

    across = true_peak_dbtp(sound)

    assert across == pytest.approx(true_peak_dbtp(sound[16_000:17_000]), abs=1e-4)


def test_an_empty_sound_has_no_peak() -> None:
    assert true_peak_dbtp(np.zeros((0, 2), np.float32)) == -float("inf")
