"""The timbre of a machine that speaks: its voice rings in a short metal pipe and buzzes a little.

Source: Zölzer, "DAFX: Digital Audio Effects" (2011), sections 2.5.2 (comb filter) and 3.3 (ring modulator).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from talkies.engines.animatic.sound.utterance import VOICE_RATE, Utterance

_ECHO_S = 0.0052  # of the pipe: it rings at multiples of 190 Hz
_RINGING = 0.65  # of an echo, that is left in the next
_BUZZ_HZ, _BUZZ = 62.0, 0.4  # of the ring modulator, and its share


def metallic(utterance: Utterance) -> Utterance:
    """Let an utterance sound as if a machine spoke it. Length and phoneme times stay."""
    from scipy.signal import lfilter

    samples = utterance.samples.astype(np.float64)
    echo = np.zeros(round(_ECHO_S * VOICE_RATE) + 1)
    echo[0], echo[-1] = 1.0, -_RINGING
    rung = lfilter([1.0], echo, samples)
    times_s = np.arange(samples.size) / VOICE_RATE
    buzzed = rung * (1 - _BUZZ + _BUZZ * np.sin(2 * np.pi * _BUZZ_HZ * times_s))
    return replace(utterance, samples=np.asarray(buzzed, np.float32))
