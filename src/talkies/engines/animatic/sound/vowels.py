"""Vowels of the English voice, moved to where listeners expect them.

The voice says its short front vowels so openly that "bet" and "bat" have nearly the same first formant, and
"cup" lies close to "cap". What the network gives is a spectrum, so its envelope is stretched between the
formants of those vowels before it becomes sound.

Source of the aims: Peterson, Barney, "Control methods used in a study of the vowels" (1952), women.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Spectra = NDArray[np.float32]
"""Log magnitudes, `(bins, frames)`, from 0 Hz to half of the voice's rate."""

_FORMANTS_HZ = {
    "ɛ": ((913, 1993), (690, 2150)),
    "ɪ": ((503, 2189), (445, 2330)),
    "ʌ": ((825, 1702), (760, 1480)),
}
"""First and second formant of a vowel: as the voice says it (medians of linear prediction over 64 sentences),
and as it shall be."""
_STILL_HZ = (200.0, 3400.0)  # the spectrum stays as it is outside
_ENVELOPE_HZ = 220.0  # width of the mean that leaves the envelope and no partials
_MOST = 1.6  # of the natural log: 14 dB
_BLEND_FRAMES = 5  # over which a vowel's change comes and goes: 60 ms


def moved(
    envelope: Spectra, letters: Sequence[str], edges_s: NDArray[np.float64], *, frame_s: float, top_hz: float
) -> Spectra:
    """Tell what to add to log spectra so that the vowels among the letters have their formants.

    `envelope` is that of the voiced sound. Letter `n` lasts from `edges_s[n]` to `edges_s[n + 1]`.
    """
    from scipy.ndimage import uniform_filter1d

    bins, frames = envelope.shape
    gain = np.zeros_like(envelope)
    smooth = uniform_filter1d(envelope, round(_ENVELOPE_HZ / top_hz * bins), axis=0, mode="nearest")
    for vowel in _FORMANTS_HZ:
        spoken = np.zeros(frames, np.float32)
        for index, letter in enumerate(letters):
            if letter == vowel:
                first, last = np.rint(edges_s[index : index + 2] / frame_s).astype(int)
                spoken[max(0, first) : max(0, last)] = 1
        share = uniform_filter1d(spoken, _BLEND_FRAMES)
        where = np.flatnonzero(share)
        if where.size:
            below, part = _sources(vowel, bins, top_hz)
            here = smooth[:, where]
            stretched = here[below] * (1 - part) + here[below + 1] * part
            gain[:, where] += np.clip(stretched - here, -_MOST, _MOST) * share[where]
    return gain


@cache
def _sources(vowel: str, bins: int, top_hz: float) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Give the bin below, and the share of the next one, that each bin takes its level from."""
    spoken_hz, meant_hz = _FORMANTS_HZ[vowel]
    low_hz, high_hz = _STILL_HZ
    hz = np.linspace(0, top_hz, bins)
    source_hz = np.interp(
        hz, (0, low_hz, *meant_hz, high_hz, top_hz), (0, low_hz, *spoken_hz, high_hz, top_hz)
    )
    source = source_hz / top_hz * (bins - 1)
    below = np.minimum(source.astype(np.intp), bins - 2)
    return below, (source - below).astype(np.float32)[:, None]
