"""From plan to file: what the parts do together."""

from __future__ import annotations

import numpy as np
import pytest

from talkies import mixing
from talkies.aac import code_sound
from talkies.loudness import true_peak_dbtp
from talkies.media import Clip, Samples, Track
from talkies.production import CEILING_DBTP, final_mix, joined_tracks
from talkies.spec import SAMPLE_RATE, SAMPLES_PER_FRAME


@pytest.fixture
def ticking() -> list[Track]:
    """A clock over quiet music: clicks of a few samples, which AAC cannot keep in place."""
    chance = np.random.default_rng(3)
    clicks = np.zeros((4 * SAMPLE_RATE, 2), np.float32)
    for start in range(2000, len(clicks) - 200, SAMPLE_RATE // 4):
        decay = np.exp(-np.arange(120) / 12)
        clicks[start : start + 120] += (decay * chance.choice([-1, 1], 120))[:, None].astype(np.float32)
    time = np.arange(len(clicks)) / SAMPLE_RATE
    tone: Samples = np.repeat(0.1 * np.sin(2 * np.pi * 330 * time)[:, None], 2, axis=1).astype(np.float32)
    return [Track("ambience", 0.5 * clicks), Track("music", tone)]


def test_no_peak_is_above_the_ceiling_once_the_sound_is_played(ticking: list[Track]) -> None:
    plain = true_peak_dbtp(code_sound(mixing.mix(ticking)).played_back())
    kept = true_peak_dbtp(final_mix(ticking)[1].played_back())

    assert kept <= CEILING_DBTP < plain


def test_a_clip_in_which_nothing_is_heard_is_silent_for_its_whole_length() -> None:
    shots = [Clip(frame_count, iter(()), tuple) for frame_count in (24, 72)]

    mix, coded = final_mix(joined_tracks(shots))

    assert len(mix) == coded.sample_count == 96 * SAMPLES_PER_FRAME
    assert not mix.any()
