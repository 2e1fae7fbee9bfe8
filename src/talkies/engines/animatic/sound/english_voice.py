"""English speech by hibari's bundled voice, with the exact time of every phoneme.

The voice's network predicts how long each phoneme lasts and keeps that to itself. A serialised protobuf
message may be extended by appending fields, so one more graph output is appended to the model's bytes
before they are loaded: the durations come out beside the spectra, and no file is changed.
Source: Protocol Buffers encoding guide, embedded messages are merged; ONNX `ModelProto`, `GraphProto`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.sound import vowels
from talkies.engines.animatic.sound.exclamations import is_drawn_out, pronounced
from talkies.engines.animatic.sound.names import named
from talkies.engines.animatic.sound.time_stretch import hastened
from talkies.engines.animatic.sound.utterance import (
    FRAME,
    VOICE_RATE,
    Utterance,
    loudness_db,
    silence,
    trimmed,
)
from talkies.media import rng
from talkies.plan import Phoneme

_STEP_S = 600 / VOICE_RATE  # one unit of the network's durations: 25 ms
_DURATIONS = "/Clip_output_0"  # the rounded and clipped durations in the graph of hibari-tts 0.2.1
_LEAD_S = 0.045  # the sound runs ahead of its durations by this, at any speed: measured by forced alignment
_SILENCE_DB = -38.0  # under the loudest moment: a sound has ended
_LOWEST_VOICE_HZ = 90.0  # the network's pitch slides to 0 where the voice ends
_GRAPH_FIELD, _OUTPUT_FIELD, _NAME_FIELD = 7, 12, 1  # of ONNX's ModelProto, GraphProto, ValueInfoProto
_MAX_PHONEMES = 400  # that the network was made to take at once
_USUAL_SPEED = 0.81  # of the network's own, which is hurried: over 220 words a minute
_SLOWEST, _FASTEST = 0.5, 1.6  # outside, words smear
_PACE_TOLERANCE = 0.03  # as a share: nobody hears less

_CACHED_TEXTS, _CACHED_PASSAGES, _CACHED_DURATIONS = 64, 64, 256
_SENTENCE_PAUSE_S = 0.25
_BREATH_PAUSE_S = 0.1  # between the parts of an overlong sentence
_DRAWN_OUT = 0.65  # pace of a sentence like "Nooooo!"

_STRESS = "ˈˌ"
_MODIFIERS = "ːʰʲ̃"
_PAUSES = ';:,.!?—…"()“”'
_IPA = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "T": "ɾ", "ᵊ": "ə", "ᵻ": "ɪ"}
"""The voice's own letters, in the International Phonetic Alphabet."""
_VOICELESS = frozenset("sʃfθtkpʧh")
_VOWELS = frozenset("AIOQWYaeiouæɑɐɒɔəɚɛɜɪʊʌᵊᵻ")


def synthesise(text: str, pace: float, seed: int) -> tuple[Utterance, ...]:
    """Speak English at `pace` times the usual speed, one utterance a sentence with pauses between.

    `seed` decides the breath noise. The same text, pace and seed give the same samples bit for bit.
    """
    held = float(np.clip(pace, _SLOWEST, _FASTEST))
    parts: list[Utterance] = []
    for index, (letters, share, pause_s) in enumerate(_passages(text)):
        if parts:
            parts.append(silence(pause_s / held))
        parts.append(_passage(letters, max(_SLOWEST, held * share), seed, index))
    return tuple(parts)


@functools.lru_cache(maxsize=_CACHED_PASSAGES)
def _passage(letters: str, pace: float, seed: int, index: int) -> Utterance:
    """Speak what the network takes at once. Kept, since a planner drops sentences and tries again."""
    spoken, steps = _spoken(letters, _USUAL_SPEED * pace, rng(seed, "voice", index))
    spoken = trimmed(spoken)
    if steps is None or pace == 1:
        return spoken
    shortfall = pace * steps / _usual_steps(letters)
    return hastened(spoken, shortfall) if abs(shortfall - 1) > _PACE_TOLERANCE else spoken


@functools.lru_cache(maxsize=_CACHED_DURATIONS)
def _usual_steps(letters: str) -> float:
    """Give a passage's duration at the usual speed. Most sounds last 2 steps; rounding keeps many there."""
    voice = _voice()
    return float(voice.sess.run([_DURATIONS], _inputs(voice, letters, _USUAL_SPEED))[0].sum())


@functools.lru_cache(maxsize=_CACHED_TEXTS)
def _passages(text: str) -> tuple[tuple[str, float, float], ...]:
    """Give what the network can say at once: the voice's letters, share of the pace, pause before in s.

    Kept, since a line is read for every pace that a planner tries and once more when it is heard.
    """
    return tuple(_read(text))


def _read(text: str) -> Iterator[tuple[str, float, float]]:
    voice = _voice()
    for sentence in voice.split_sentences(text):
        pause_s = _SENTENCE_PAUSE_S
        share = _DRAWN_OUT if is_drawn_out(sentence) else 1.0
        for clause in voice.phonemize(named(pronounced(sentence, _knows), _knows)):
            for part in _within_limit(_stopped(clause, sentence)):
                if any(letter not in _PAUSES and letter != " " for letter in part):
                    yield part, share, pause_s
                    pause_s = _BREATH_PAUSE_S


def _stopped(letters: str, sentence: str) -> str:
    """End letters with the stop of their sentence, which the voice takes for part of "Jan." or "a.m."."""
    return letters if letters[-1:] in _PAUSES or sentence[-1] not in _PAUSES else letters + sentence[-1]


def _knows(word: str) -> bool:
    """Tell whether the voice's checked dictionary has a word; its other one has "aaa" and many names."""
    return word in _voice().g2p.lexicon.golds


def _within_limit(phonemes: str) -> list[str]:
    """Split between words so that no part is longer than the network takes."""
    parts = [""]
    for word in re.findall(rf"\S{{1,{_MAX_PHONEMES}}}", phonemes):
        if parts[-1] and len(parts[-1]) + 1 + len(word) > _MAX_PHONEMES:
            parts.append("")
        parts[-1] = f"{parts[-1]} {word}".strip()
    return parts


def _spoken(letters: str, speed: float, noise: np.random.Generator) -> tuple[Utterance, float | None]:
    """Run the network on one passage and turn its spectra into sound; also gives the sum of its durations."""
    from hibari import dsp

    voice = _voice()
    spectra = voice.sess.run(None, _inputs(voice, letters, speed))
    outputs = dict(zip(_output_names(voice), spectra, strict=True))
    durations = outputs.pop(_DURATIONS, None)
    known = [letter for letter in letters if letter in voice.vocab]
    edges_s = None
    if durations is not None:
        edges_s = np.cumsum(durations.ravel()[:-1]) * _STEP_S - _LEAD_S
        gain = vowels.moved(outputs["lh"][0], known, edges_s, frame_s=_STEP_S / 2, top_hz=VOICE_RATE / 2)
        for part in ("lh", "ln", "lr"):
            outputs[part] = outputs[part] + gain
    samples: NDArray[np.float32] = dsp.synth(*(spectrum[0] for spectrum in outputs.values()), noise)
    is_voiced = _voiced(outputs, known, edges_s)
    pitch_hz = _pitch(outputs["f0"][0], is_voiced, samples.size // FRAME)
    if durations is None or edges_s is None:
        return Utterance(samples, pitch_hz, _phonemes(known, _edges_by_energy(known, samples), samples)), None
    return Utterance(samples, pitch_hz, _phonemes(known, edges_s, samples)), float(durations.sum())


def _voiced(
    spectra: Mapping[str, NDArray[np.float32]], letters: Sequence[str], edges_s: NDArray[np.float64] | None
) -> NDArray[np.bool_]:
    """Tell for each of the network's frames, 12.5 ms, whether it is voiced: the network's pitch never pauses.

    Voiceless are those in which noise is stronger than the harmonic part, at a voiceless sound or within
    25 ms of one: the breath at a sentence's end keeps its pitch. Without `edges_s` it loses it.
    """
    power = {part: np.exp(2 * spectra[part][0].astype(np.float64)).sum(axis=0) for part in ("lh", "ln", "lr")}
    is_voiced = np.asarray(power["lh"] > power["ln"] + power["lr"])
    if edges_s is None:
        return is_voiced
    frame_s, begin = _STEP_S / 2, 0
    is_near = np.zeros(is_voiced.size, np.bool_)
    for index, letter in enumerate(letters):
        if letter in _VOICELESS:
            first_s, last_s = edges_s[begin] - _STEP_S, edges_s[index + 1] + _STEP_S
            is_near[max(0, round(first_s / frame_s)) : max(0, round(last_s / frame_s))] = True
        if letter not in _STRESS and letter != " ":
            begin = index + 1
    return is_voiced | ~is_near


def _pitch(pitch_hz: NDArray[np.float32], is_voiced: NDArray[np.bool_], frames: int) -> NDArray[np.float64]:
    """Bring the network's pitch, one value in 12.5 ms, to one a frame; 0 where there is no voice.

    Its values lie in the middles of its frames, its spectra, and so `is_voiced`, at their beginnings.
    """
    places = (np.arange(frames) + 0.5) / frames * pitch_hz.size
    last = pitch_hz.size - 1
    nearest = pitch_hz[np.clip(np.rint(places - 0.5).astype(np.intp), 0, last)]
    between = np.interp(places - 0.5, np.arange(pitch_hz.size), pitch_hz)
    is_high = (nearest > _LOWEST_VOICE_HZ) & (between > _LOWEST_VOICE_HZ)
    return np.where(is_high & is_voiced[np.clip(np.rint(places).astype(np.intp), 0, last)], between, 0.0)


@functools.cache
def _voice() -> Any:
    """Load the voice inside the package; any other name than "heart" would be downloaded."""
    import hibari
    from hibari.voices import voice_path

    model = Path(voice_path("heart", download_missing=False)).read_bytes()
    return hibari.Hibari(voice="heart", model=with_output(model, _DURATIONS), threads=1)


def _inputs(voice: Any, letters: str, speed: float) -> dict[str, NDArray[Any]]:
    return {"ids": np.array([voice.ids(letters)], np.int64), "speed": np.array([speed], np.float32)}


def _output_names(voice: Any) -> list[str]:
    return [output.name for output in voice.sess.get_outputs()]


def with_output(model: bytes, tensor: str) -> bytes:
    """Make an inner tensor of a serialised ONNX model one of its outputs, if it has such a tensor."""
    name = tensor.encode()
    if name not in model:
        return model
    return model + _field(_GRAPH_FIELD, _field(_OUTPUT_FIELD, _field(_NAME_FIELD, name)))


def _field(number: int, payload: bytes) -> bytes:
    """Encode a length-delimited protobuf field. Lengths stay below 128, so that each is one byte."""
    assert len(payload) < 128
    return bytes([number << 3 | 2, len(payload)]) + payload


def _edges_by_energy(letters: Sequence[str], samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Guess where letters begin and end: vowels last longer, and none lies in silence.

    Returns the `len(letters) + 1` edges in seconds.
    """
    weights = np.cumsum([0.0, *(_weight(letter) for letter in letters)])
    heard = np.cumsum(loudness_db(samples) > _SILENCE_DB)
    frames = np.searchsorted(heard, weights / weights[-1] * heard[-1])
    return np.asarray(frames * samples.size / VOICE_RATE / heard.size)


def _weight(letter: str) -> float:
    if letter in _VOWELS:
        return 3.0
    return 0.0 if letter in _STRESS + _PAUSES + " " else 2.0


def _phonemes(
    letters: Sequence[str], edges_s: NDArray[np.float64], samples: NDArray[np.float32]
) -> tuple[Phoneme, ...]:
    """Name the sounds among the letters; letter `n` lasts from `edges_s[n]` to `edges_s[n + 1]`.

    The time of a stress mark or of the space between words belongs to the sound that follows, that of a
    length mark to the sound before: so their edges agree best with those of a forced alignment.
    """
    phonemes: list[Phoneme] = []
    start_s: float | None = None  # of marks that wait for their sound
    for index, letter in enumerate(letters):
        begin_s, end_s = max(0.0, float(edges_s[index])), max(0.0, float(edges_s[index + 1]))
        if letter in _PAUSES:
            start_s = None
            if phonemes:
                phonemes[-1] = _ended_by_silence(phonemes[-1], samples)
        elif letter in _MODIFIERS:
            if phonemes:
                phonemes[-1] = phonemes[-1].model_copy(update={"end_s": end_s})
        elif letter in _STRESS or letter == " ":
            after_pause = letter == " " and index > 0 and letters[index - 1] in _PAUSES
            start_s = start_s if start_s is not None or after_pause else begin_s
        else:
            symbol = _IPA.get(letter, letter)
            phonemes.append(
                Phoneme(symbol=symbol, start_s=begin_s if start_s is None else start_s, end_s=end_s)
            )
            start_s = None
    if phonemes:
        phonemes[-1] = _ended_by_silence(phonemes[-1], samples)
    return tuple(phonemes)


def _ended_by_silence(phoneme: Phoneme, samples: NDArray[np.float32]) -> Phoneme:
    """End the sound before a pause where it is no longer heard: its duration holds half the pause."""
    heard = loudness_db(samples) > _SILENCE_DB
    frame_s = samples.size / VOICE_RATE / heard.size
    inside = np.flatnonzero(heard[int(phoneme.start_s / frame_s) : int(phoneme.end_s / frame_s)])
    if inside.size == 0:
        return phoneme
    end_s = min(phoneme.end_s, phoneme.start_s + (int(inside[-1]) + 2) * frame_s)
    return phoneme.model_copy(update={"end_s": end_s})
