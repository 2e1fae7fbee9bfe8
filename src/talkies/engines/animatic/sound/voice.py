"""Speech: a line of text in a voice, with the times of its phonemes.

English comes from the neural voice in `hibari-tts`; the one voice it ships is a woman's, and the others are
made from it. Other languages need the optional extra `talkies[languages]`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.sound import english_voice, espeak
from talkies.engines.animatic.sound.delivery import MALE_VOICES, VOICES, delivery, of_speaker
from talkies.engines.animatic.sound.metal import metallic
from talkies.engines.animatic.sound.spoken_text import ENGLISH, readable
from talkies.engines.animatic.sound.utterance import FRAME, VOICE_RATE, Utterance, joined, loudness_db
from talkies.engines.animatic.sound.voice_conversion import Timbre, converted
from talkies.errors import BadOption
from talkies.media import rng
from talkies.plan import Being, Phoneme, Voice
from talkies.spec import SAMPLE_RATE

SPEECH_DBFS = -20.0  # RMS while somebody speaks, for a usual delivery
_ACTIVE_DB = -30.0  # under the loudest moment: above this somebody speaks
_KNEE, _CEILING = 0.6, 0.89  # of full scale: peaks are bent from the knee on and stay below -1 dBFS
_SLOWEST, _FASTEST = 0.7, 1.6
_CACHED_LINES, _CACHED_PARTS = 32, 64  # a line is planned, then rendered; a planner also tries its sentences
_APART = VOICE_RATE * 14 // 1000  # samples from one voice of a chorus to the next
_BESIDE = 0.7  # of the first voice's strength: how loud the others are, so that words stay clear
_LOWER = 0.92  # pitch of a voice for each time that it is in a chorus before
_RATE_RATIO = SAMPLE_RATE // VOICE_RATE
_SPEAKING = Lock()


@dataclass(frozen=True)
class Speech:
    """A spoken line, without silence before or after.

    `samples` is `(samples,)` float32 mono at 48 kHz, read-only, below -1 dBFS; its RMS over what is spoken is
    -20 dBFS, more when shouted and less when whispered. Phoneme times are in seconds from the line's start;
    there are none when the voice does not tell them.
    """

    samples: NDArray[np.float32]
    phonemes: tuple[Phoneme, ...]


class _Speakers(NamedTuple):
    """Who speaks a line: a voice and its chorus, which of its speakers it is, and what if no person."""

    voices: tuple[Voice, ...]
    number: int
    being: Being | None


@dataclass(frozen=True)
class Timing:
    """How long a spoken line is, in samples at 48 kHz, and when its phonemes are heard, from its start."""

    sample_count: int
    phonemes: tuple[Phoneme, ...]


def speakable(language: str, text: str = "") -> bool:
    """Tell whether a language (a BCP 47 primary tag) can be spoken with what is installed now.

    With `text`, also whether its voice can read that: Japanese must be written in kana.
    """
    return language == ENGLISH or (espeak.knows(language) and espeak.reads(text, language))


def speak(
    text: str,
    *,
    voice: Voice,
    chorus: Sequence[Voice] = (),
    speaker_number: int = 0,
    being: Being | None = None,
    language: str = ENGLISH,
    manner: Sequence[str] = (),
    pace: float = 1.0,
    seed: int,
) -> Speech:
    """Speak a line. The same arguments give the same samples bit for bit; the last lines are kept.

    `chorus` are voices that say it with `voice`, in its time but for a few milliseconds. The speakers of one
    voice differ by `speaker_number`, and what is no person by its `being`.
    `pace` 0.7 to 1.6 multiplies the voice's own speed; beyond, it is held at the bound. `manner` holds the
    prompt's words for how ("softly", 大声); unknown ones change nothing. Markup, quotes and emoji are not
    read; a text with nothing to read gives no samples; one longer than any clip is shortened.

    Raises:
        BadOption: the language cannot be spoken with what is installed, or its voice cannot read the text.
    """
    _refuse_unspeakable(language, text)
    with _SPEAKING:  # whoever asks for a line that another thread is at waits for it
        who = _Speakers((voice, *chorus), speaker_number, being)
        return _speak(text, who, language, tuple(manner), _bounded(pace), seed)


def timing(
    text: str,
    *,
    voice: Voice,
    language: str = ENGLISH,
    manner: Sequence[str] = (),
    pace: float = 1.0,
    seed: int,
) -> Timing:
    """Tell when the sounds of a line will be heard, exactly as in `speak`.

    `speak` takes up what is synthesised here. Only the change to another voice and the level are left out.

    Raises:
        BadOption: as `speak`.
    """
    _refuse_unspeakable(language, text)
    words, speed = readable(text, language), _bounded(pace) * delivery(voice, manner).pace
    if language == ENGLISH:
        spoken = joined(english_voice.synthesise(words, speed, seed))
    else:
        spoken = espeak.recite(words, language, speed, seed, male=voice in MALE_VOICES)
    return Timing(spoken.samples.size * _RATE_RATIO, spoken.phonemes)


def _bounded(pace: float) -> float:
    return float(np.clip(pace, _SLOWEST, _FASTEST))


def _refuse_unspeakable(language: str, text: str) -> None:
    if not speakable(language):
        raise BadOption(
            f"no voice for language {language!r} is installed; English is built in, "
            "for others run: pip install 'talkies[languages]'",
            "language",
        )
    if not speakable(language, text):
        raise BadOption(
            f"the voice for language {language!r} cannot read {text[:40]!r}; write the line in kana", "prompt"
        )


@functools.lru_cache(maxsize=_CACHED_LINES)
def _speak(
    text: str, who: _Speakers, language: str, manner: tuple[str, ...], pace: float, seed: int
) -> Speech:
    first = who.voices[0]
    how = delivery(first, manner)
    parts = _parts(text, first, language, pace * how.pace, seed)
    from_a_man = language != ENGLISH and first in MALE_VOICES
    spoken = [
        joined([_in_timbre(part, timbre, seed + number) for part in parts])
        for number, timbre in enumerate(_timbres(who, manner, from_a_man=from_a_man))
    ]
    if who.being == "machine":
        spoken = [metallic(utterance) for utterance in spoken]
    samples = _levelled(_together(spoken), SPEECH_DBFS + how.level_db)
    samples.setflags(write=False)
    return Speech(samples, spoken[0].phonemes)


def _timbres(who: _Speakers, manner: Sequence[str], *, from_a_man: bool) -> Iterator[Timbre]:
    """Give the timbre of each voice; one that is heard before is a little lower."""
    for number, voice in enumerate(who.voices):
        timbre = of_speaker(delivery(voice, manner).timbre, who.number, who.being)
        lower = _LOWER ** who.voices[:number].count(voice)
        # A whisper has no pitch: only its formants tell two people apart.
        formants = timbre.formants * lower ** (2 if timbre.whisper else 0.5)
        timbre = replace(timbre, pitch=timbre.pitch * lower, formants=formants)
        yield _from_a_man(timbre) if from_a_man else timbre


def _together(spoken: Sequence[Utterance]) -> Utterance:
    """Let utterances of one length be heard at once: nobody begins with another to the millisecond."""
    samples = spoken[0].samples.copy()
    for number, other in enumerate(spoken[1:], 1):
        late = min(number * _APART, samples.size)
        samples[late:] += np.float32(_BESIDE) * other.samples[: samples.size - late]
    return replace(spoken[0], samples=samples)


def _parts(text: str, voice: Voice, language: str, pace: float, seed: int) -> tuple[Utterance, ...]:
    """Speak a line in the source's voice, sentence by sentence."""
    words = readable(text, language)
    if language == ENGLISH:
        return english_voice.synthesise(words, pace, seed)
    return (espeak.synthesise(words, language, pace, seed, male=voice in MALE_VOICES),)


@functools.lru_cache(maxsize=_CACHED_PARTS)
def _in_timbre(part: Utterance, timbre: Timbre, seed: int) -> Utterance:
    return converted(part, timbre, rng(seed, "tremor"))


def _from_a_man(timbre: Timbre) -> Timbre:
    """Take the step from the woman's voice to the man's out of a timbre: its source is a man already."""
    man = VOICES["man"].timbre
    return replace(
        timbre,
        pitch=timbre.pitch / man.pitch,
        formants=timbre.formants / man.formants,
        melody=timbre.melody / man.melody,
    )


def _levelled(utterance: Utterance, level_dbfs: float) -> NDArray[np.float32]:
    """Bring speech to 48 kHz and to a level, its peaks bent softly under the ceiling."""
    from scipy.signal import resample_poly

    active = np.repeat(loudness_db(utterance.samples) > _ACTIVE_DB, FRAME)
    if not active.any():
        return np.zeros(0, np.float32)
    samples = utterance.samples.astype(np.float64)
    gain = 10 ** (level_dbfs / 20) / np.sqrt(np.mean(samples[active] ** 2))
    louder = resample_poly(samples, _RATE_RATIO, 1) * gain
    room = _CEILING - _KNEE
    bent = np.sign(louder) * (_KNEE + room * np.tanh((np.abs(louder) - _KNEE) / room))
    return np.asarray(np.where(np.abs(louder) > _KNEE, bent, louder), np.float32)
