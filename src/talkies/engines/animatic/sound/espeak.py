"""Speech in about a hundred languages by eSpeak NG, from the optional GPL package `espeakng-loader`.

The library keeps its state in globals, so one line is spoken at a time. Nothing of it is imported or loaded
before a language needs it. Source: eSpeak NG 1.52, `speak_lib.h`.
"""

from __future__ import annotations

import _ctypes
import ctypes
import functools
import re
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.sound.utterance import FRAME, VOICE_RATE, Utterance, trimmed
from talkies.plan import Phoneme

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: the samples go to our callback
_OPTIONS = 0x0001 | 0x0002 | 0x8000  # phoneme events, in IPA, and never end the process
_UTF8 = 1  # espeakCHARS_UTF8
_RATE = 1  # espeakRATE, in words a minute
_USUAL_RATE, _SLOWEST, _FASTEST = 160, 80, 400
_LAST_EVENT, _PHONEME_EVENT = 0, 7  # espeakEVENT_LIST_TERMINATED, espeakEVENT_PHONEME
_LIBRARY_RATE = 22_050  # Hz
_UP, _DOWN = 160, 147  # to VOICE_RATE
_FEMALE = "+f5"  # of the female variants the one that an English recogniser understood best

_OWN_NAMES = {"zh": "cmn", "no": "nb", "pt": "pt-BR", "es": "es-419"}
"""What the library calls a BCP 47 primary tag, or the variety of it that most people speak."""
_UNREADABLE = {"ja": re.compile(r"[\u3400-\u9fff]")}
"""What a language is written in but the library spells out in English: kanji as "Chinese letter"."""
_NOT_IPA = re.compile(r"[ˈˌ.0-9]|\(.*\)")  # stress, tones and changes of language

_lock = Lock()


def knows(language: str) -> bool:
    """Tell whether the package is installed and has this language (a BCP 47 primary tag)."""
    return _name(language) in _languages()


def reads(text: str, language: str) -> bool:
    """Tell whether the library can read this text; it knows no Japanese word written in kanji."""
    unreadable = _UNREADABLE.get(language)
    return unreadable is None or unreadable.search(text) is None


@functools.lru_cache(maxsize=64)
def synthesise(text: str, language: str, pace: float, seed: int, *, male: bool) -> Utterance:
    """Speak at `pace` times the usual speed a language that `knows` accepts.

    `seed` decides the breath noise; the same arguments give the same samples bit for bit.
    """
    recited = recite(text, language, pace, seed, male=male)
    return replace(recited, pitch_hz=_pitch(recited.samples))


@functools.lru_cache(maxsize=64)
def recite(text: str, language: str, pace: float, seed: int, *, male: bool) -> Utterance:
    """Speak as `synthesise` does, without the slow search for the pitch: `pitch_hz` is all 0."""
    if not text:
        return Utterance(np.zeros(0, np.float32), np.zeros(0))
    with _lock:
        recital = _Recital(text, _name(language) + ("" if male else _FEMALE), pace, seed)
    sound = _resampled(recital.samples)
    phonemes = _phonemes(recital.marks, recital.samples.size / _LIBRARY_RATE)
    return trimmed(Utterance(sound, np.zeros(sound.size // FRAME), phonemes))


def _name(language: str) -> str:
    return _OWN_NAMES.get(language, language)


@functools.cache
def _languages() -> frozenset[str]:
    """Name the languages whose rules lie in the package's data; none without the package."""
    if find_spec("espeakng_loader") is None:
        return frozenset()
    import espeakng_loader

    folder = Path(espeakng_loader.get_data_path()) / "lang"
    return frozenset(path.name for path in folder.rglob("*") if path.is_file())


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class _Recital:
    """One line, spoken by a freshly loaded library: `samples` and phoneme `marks` are filled as it speaks.

    The library's statics (flutter, echo, noise) carry over from line to line and cannot be reset, so that a
    line would depend on those before it. Loading takes 7 ms.
    """

    def __init__(self, text: str, voice: str, pace: float, seed: int) -> None:
        import espeakng_loader

        self._blocks: list[NDArray[np.int16]] = []
        self.marks: list[tuple[float, str]] = []
        library = ctypes.CDLL(espeakng_loader.get_library_path())
        try:
            self._start(library, espeakng_loader.get_data_path())
            self._speak(library, text, voice, pace, seed)
            library.espeak_Terminate()
        finally:
            _ctypes.dlclose(library._handle)

    @property
    def samples(self) -> NDArray[np.float32]:
        """`(samples,)` at the library's rate."""
        samples = np.concatenate([np.zeros(0, np.int16), *self._blocks])
        return (samples / 32_768).astype(np.float32)

    def _start(self, library: ctypes.CDLL, data: str) -> None:
        rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _OPTIONS)
        if rate != _LIBRARY_RATE:
            raise OSError(
                f"eSpeak NG starts with sample rate {rate} instead of {_LIBRARY_RATE}; "
                "reinstall it with: pip install --force-reinstall 'talkies[languages]'"
            )

    def _speak(self, library: ctypes.CDLL, text: str, voice: str, pace: float, seed: int) -> None:
        callback = _Callback(self._hear)  # held by name while the library holds a bare pointer
        library.espeak_SetSynthCallback(callback)
        library.espeak_ng_SetRandSeed(ctypes.c_long(seed))
        library.espeak_SetVoiceByName(voice.encode())
        rate = round(float(np.clip(_USUAL_RATE * pace, _SLOWEST, _FASTEST)))
        library.espeak_SetParameter(_RATE, rate, 0)
        encoded = text.encode()
        size = ctypes.c_size_t(len(encoded) + 1)
        library.espeak_Synth(encoded, size, 0, 0, 0, _UTF8, None, None)

    def _hear(self, block: Any, size: int, events: Any) -> int:
        if block and size > 0:
            self._blocks.append(np.ctypeslib.as_array(block, (size,)).copy())
        index = 0
        while events[index].type != _LAST_EVENT:
            if events[index].type == _PHONEME_EVENT:
                symbol = events[index].id.string.decode(errors="ignore")
                self.marks.append((events[index].audio_position_ms / 1000, symbol))
            index += 1
        return 0


def _resampled(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring samples to `VOICE_RATE`, padded to whole frames."""
    from scipy.signal import resample_poly

    if samples.size == 0:
        return samples
    sound = resample_poly(samples, _UP, _DOWN)
    return np.pad(sound, (0, -sound.size % FRAME)).astype(np.float32)


def _pitch(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Find the pitch of every frame, 0 where there is no voice. Source: Morise, "Harvest" (2017)."""
    import pyworld

    if samples.size == 0:
        return np.zeros(0)
    step_ms = 1000 * FRAME / VOICE_RATE
    pitch_hz, _ = pyworld.harvest(samples.astype(np.float64), VOICE_RATE, frame_period=step_ms)
    return np.asarray(pitch_hz[: samples.size // FRAME], np.float64)


def _phonemes(marks: list[tuple[float, str]], duration_s: float) -> tuple[Phoneme, ...]:
    """Turn the moments at which phonemes begin into spans; a mark without a symbol is a pause."""
    ends_s = [start_s for start_s, _ in marks[1:]] + [duration_s]
    phonemes = []
    for (start_s, symbol), end_s in zip(marks, ends_s, strict=True):
        ipa = _NOT_IPA.sub("", symbol)
        if ipa and end_s > start_s:
            phonemes.append(Phoneme(symbol=ipa, start_s=start_s, end_s=end_s))
    return tuple(phonemes)
