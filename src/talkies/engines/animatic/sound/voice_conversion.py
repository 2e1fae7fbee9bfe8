"""Make one speaker into another: pitch, formants, melody, breath and colour of a voice.

The WORLD vocoder takes speech apart into pitch, spectral envelope and aperiodicity; each is changed and the
speech is put together again in the same time, so that phoneme times stay right. Voiceless sounds do not
pass through the vocoder, which blurs them: they keep their own waveform under a filter that moves their
spectrum as far as the formants have moved.

Sources: Morise, Yokomori, Ozawa, "WORLD: a vocoder-based high-quality speech synthesis system" (2016);
Kobayashi, Toda, "sprocket" (2018), for the filter by spectral differences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.sound.utterance import FRAME, VOICE_RATE, Utterance

_FRAME_MS = 1000 * FRAME / VOICE_RATE
_WINDOW = 4 * FRAME  # four steps, so that squared Hann windows add up to a constant
_CROSSFADE_FRAMES = 3  # 15 ms between vocoded and filtered sound
_LARGEST_GAIN = 4.0  # of the filter that moves voiceless spectra: 12 dB
_TREMOR_HZ = 5.2  # of an old voice
_TREMOR_DRIFT_HZ = 1.5
_BREATH_FROM_HZ, _BREATH_TO_HZ = 800.0, 4000.0  # breath noise grows between, and is whole above
_TILT_FROM_HZ, _TILT_TO_HZ = 500.0, 4000.0  # vocal effort changes partials; above is hiss, whose level stays
_WARMTH_BELOW_HZ = 260.0
_WHISPER_SHARE = 0.05  # of the power of a voiced vowel that is left in a whispered one


@dataclass(frozen=True)
class Timbre:
    """How a voice differs from its source; the defaults change nothing.

    `pitch` and `formants` multiply frequencies; `melody` multiplies the rise and fall of the pitch, in
    octaves, around its median. `breath` is the share of noise, 0 to 1, in the high partials. `tremor` is
    the swing of the pitch, as a share. `tilt_db` is added per octave from 500 Hz to 4 kHz and
    `warmth_db` below 260 Hz. A whisper has no voice at all.
    """

    pitch: float = 1.0
    formants: float = 1.0
    melody: float = 1.0
    breath: float = 0.0
    tremor: float = 0.0
    tilt_db: float = 0.0
    warmth_db: float = 0.0
    whisper: bool = False

    def then(self, other: Timbre) -> Timbre:
        """Combine two changes: factors multiply, the rest adds up."""
        return Timbre(
            pitch=self.pitch * other.pitch,
            formants=self.formants * other.formants,
            melody=self.melody * other.melody,
            breath=min(1.0, self.breath + other.breath),
            tremor=self.tremor + other.tremor,
            tilt_db=self.tilt_db + other.tilt_db,
            warmth_db=self.warmth_db + other.warmth_db,
            whisper=self.whisper or other.whisper,
        )

    @property
    def needs_vocoder(self) -> bool:
        """Whether more than the colour changes."""
        return replace(self, tilt_db=0.0, warmth_db=0.0) != UNCHANGED


UNCHANGED = Timbre()


def converted(utterance: Utterance, timbre: Timbre, chance: np.random.Generator) -> Utterance:
    """Give an utterance another timbre. Length and phoneme times stay; `chance` draws the tremor's drift."""
    if not utterance.samples.any():
        return utterance
    samples = utterance.samples.astype(np.float64)
    if timbre.needs_vocoder and samples.size > _WINDOW:
        samples = _revoiced(utterance, timbre, chance)
    if timbre.tilt_db or timbre.warmth_db:
        samples = _coloured(samples, timbre)
    return replace(utterance, samples=samples.astype(np.float32))


def _revoiced(utterance: Utterance, timbre: Timbre, chance: np.random.Generator) -> NDArray[np.float64]:
    import pyworld

    samples = utterance.samples.astype(np.float64)
    pitch_hz = np.append(utterance.pitch_hz, 0.0)  # WORLD's frames are centred on the multiples of its step
    times_s = np.arange(pitch_hz.size) * FRAME / VOICE_RATE
    pitch_hz = pyworld.stonemask(samples, pitch_hz, times_s, VOICE_RATE)
    envelope = pyworld.cheaptrick(samples, pitch_hz, times_s, VOICE_RATE)
    aperiodicity = _aperiodicity(samples, pitch_hz, times_s)

    moved = _moved_formants(envelope, timbre.formants)
    if timbre.whisper:
        moved = moved * _WHISPER_SHARE
        target_hz = np.zeros_like(pitch_hz)
    else:
        target_hz = _target_pitch(pitch_hz, timbre, chance)
    voice = pyworld.synthesize(
        target_hz, moved, _with_breath(aperiodicity, timbre.breath), VOICE_RATE, frame_period=_FRAME_MS
    )
    voice = np.pad(voice, (0, max(0, samples.size - voice.size)))[: samples.size]
    voiceless = _filtered(samples, np.sqrt(moved / envelope))
    return _blended(voice, voiceless, pitch_hz > 0)


def _aperiodicity(
    samples: NDArray[np.float64], pitch_hz: NDArray[np.float64], times_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Measure the share of noise, `(frames, bins)`, in every other frame: slow, and it changes little.

    A frame without voice beside one with voice is measured at that one's pitch.
    """
    import pyworld

    either_hz = np.pad(pitch_hz, (0, pitch_hz.size % 2)).reshape(-1, 2).max(axis=1)
    measured = pyworld.d4c(samples, either_hz, times_s[::2].copy(), VOICE_RATE, threshold=0.0)
    return np.ascontiguousarray(np.repeat(measured, 2, axis=0)[: pitch_hz.size])


def _moved_formants(envelope: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Stretch the frequency axis of `(frames, bins)` power spectra by `factor`, in log power."""
    if factor == 1:
        return envelope
    bins = envelope.shape[1]
    source = np.minimum(np.arange(bins) / factor, bins - 1)
    below = np.minimum(source.astype(np.intp), bins - 2)
    share = source - below
    log = np.log(envelope)
    return np.ascontiguousarray(np.exp(log[:, below] * (1 - share) + log[:, below + 1] * share))


def _target_pitch(
    pitch_hz: NDArray[np.float64], timbre: Timbre, chance: np.random.Generator
) -> NDArray[np.float64]:
    """Give the pitch of every frame, `(frames,)` in Hz; voiceless frames stay 0."""
    voiced = pitch_hz > 0
    if not voiced.any():
        return pitch_hz
    octaves = np.log2(np.where(voiced, pitch_hz, 1.0))
    middle = float(np.median(octaves[voiced]))
    target_hz = timbre.pitch * 2 ** (middle + timbre.melody * (octaves - middle))
    if timbre.tremor:
        rate_hz = _TREMOR_HZ + _TREMOR_DRIFT_HZ * _slow_noise(pitch_hz.size, chance)
        swing = np.sin(2 * np.pi * np.cumsum(rate_hz) * _FRAME_MS / 1000)
        target_hz = target_hz * (1 + timbre.tremor * (swing + 0.5 * _slow_noise(pitch_hz.size, chance)))
    return np.where(voiced, target_hz, 0.0)


def _slow_noise(frames: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """Draw `(frames,)` values within about ±1 that take a new direction three times a second."""
    spacing = round(330 / _FRAME_MS)
    points = chance.uniform(-1, 1, frames // spacing + 2)
    return np.interp(np.arange(frames) / spacing, np.arange(points.size), points)


def _with_breath(aperiodicity: NDArray[np.float64], breath: float) -> NDArray[np.float64]:
    """Raise the share of noise in the upper partials. `(frames, bins)`, 0 to 1."""
    if breath == 0:
        return aperiodicity
    hz = np.linspace(0, VOICE_RATE / 2, aperiodicity.shape[1])
    share = breath * np.clip((hz - _BREATH_FROM_HZ) / (_BREATH_TO_HZ - _BREATH_FROM_HZ), 0, 1)
    return np.ascontiguousarray(aperiodicity + (1 - aperiodicity) * share)


def _filtered(samples: NDArray[np.float64], gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Filter at zero phase; `gain` is `(frames, bins)`, its frame `n` centred on sample `n * FRAME`."""
    frames, bins = gain.shape
    window = np.hanning(_WINDOW + 1)[:-1]
    padded = np.pad(samples, (_WINDOW // 2, _WINDOW + frames * FRAME))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::FRAME][:frames] * window
    room = bins - 1 - _WINDOW // 2  # on both sides, for the filter to ring
    spectra = np.fft.rfft(np.pad(pieces, ((0, 0), (room, room)))) * np.minimum(gain, _LARGEST_GAIN)
    changed = np.fft.irfft(spectra)[:, room : room + _WINDOW] * window
    summed = np.zeros((frames + 3, FRAME))
    for part in range(4):
        summed[part : part + frames] += changed[:, part * FRAME : (part + 1) * FRAME]
    squared_windows_sum = 1.5  # of Hann windows four hops long
    return summed.ravel()[_WINDOW // 2 :][: samples.size] / squared_windows_sum


def _blended(
    voice: NDArray[np.float64], voiceless: NDArray[np.float64], voiced: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Take the vocoder's sound where there is voice and the filtered one elsewhere, at equal power."""
    smooth = np.convolve(
        np.pad(voiced.astype(float), _CROSSFADE_FRAMES // 2, mode="edge"),
        np.full(_CROSSFADE_FRAMES, 1 / _CROSSFADE_FRAMES),
        mode="valid",
    )
    share = np.interp(np.arange(voice.size) / FRAME, np.arange(smooth.size), smooth)
    return voice * np.sqrt(share) + voiceless * np.sqrt(1 - share)


def _coloured(samples: NDArray[np.float64], timbre: Timbre) -> NDArray[np.float64]:
    """Tilt the whole spectrum and warm its lows, without moving anything in time."""
    size = samples.size + VOICE_RATE // 10  # room, so that the end does not wrap to the beginning
    hz = np.fft.rfftfreq(size, 1 / VOICE_RATE)
    gain_db = timbre.tilt_db * np.log2(np.clip(hz, _TILT_FROM_HZ, _TILT_TO_HZ) / _TILT_FROM_HZ)
    gain_db += timbre.warmth_db / (1 + (hz / _WARMTH_BELOW_HZ) ** 4)
    return np.asarray(np.fft.irfft(np.fft.rfft(samples, size) * 10 ** (gain_db / 20), size)[: samples.size])
