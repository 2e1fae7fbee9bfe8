from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.living.phonetics import sounds_of, stresses, viseme_of
from talkies.engines.animatic.living.visemes import MouthTrack, frame_times, mouth_track, speech_runs
from talkies.plan import Phoneme, SpokenLine
from talkies.spec import FRAME_RATE, SAMPLE_RATE


def _line(sounds: Sequence[tuple[str, float]], start_s: float = 0.5, *, manner: str = "") -> SpokenLine:
    """Make a line of sounds with their lengths; "" is a pause."""
    phonemes, at_s = [], start_s
    for symbol, length_s in sounds:
        if symbol:
            phonemes.append(Phoneme(symbol=symbol, start_s=at_s, end_s=at_s + length_s))
        at_s += length_s
    return _spoken(tuple(phonemes), start_s, at_s, manner=manner)


def _spoken(
    phonemes: tuple[Phoneme, ...], start_s: float, end_s: float, *, text: str = "-", manner: str = ""
) -> SpokenLine:
    return SpokenLine(
        text=text,
        speaker=None,
        voice="woman",
        language="en",
        voice_over=False,
        manner=(manner,) if manner else (),
        shot=0,
        start_sample=round(start_s * SAMPLE_RATE),
        sample_count=round((end_s - start_s) * SAMPLE_RATE),
        start_s=start_s,
        end_s=end_s,
        phonemes=phonemes,
    )


def _steady(line: SpokenLine) -> NDArray[np.float32]:
    tone = np.sin(2 * np.pi * 1000 / SAMPLE_RATE * np.arange(line.sample_count))
    return np.asarray(tone, np.float32)


def _track(line: SpokenLine, frames: int = 60) -> MouthTrack:
    return mouth_track([line], frame_times(0, frames), _steady)


def _at(curve: NDArray[np.float64], moment_s: float) -> float:
    return float(curve[int(moment_s * FRAME_RATE)])


def test_there_are_at_least_eight_classes_of_sounds() -> None:
    names = {viseme_of(letter).name for letter in "mfθtsʃkɹwoaeiə"}

    assert len(names) >= 12


@pytest.mark.parametrize("consonant", ["p", "b", "m"])
@pytest.mark.parametrize("length_s", [0.02, 0.06, 0.12])
@pytest.mark.parametrize("start_s", [0.5, 0.513, 0.529])
def test_lips_meet_in_a_frame_of_every_closure_however_short(
    consonant: str, length_s: float, start_s: float
) -> None:
    line = _line([("ɑ", 0.15), (consonant, length_s), ("ɑ", 0.15)], start_s)
    track = _track(line)
    time = frame_times(0, 60)

    near = np.abs(time - line.phonemes[1].start_s - length_s / 2) < length_s / 2 + 1 / FRAME_RATE
    closed = (track.opening < 1e-9) & (track.press > 0.999)
    assert (near & closed).any()
    assert track.opening[(time > line.start_s) & (time < line.end_s)].max() > 0.6


def test_lips_stay_apart_where_no_sound_closes_them() -> None:
    track = _track(_line([("ɑ", 0.15), ("k", 0.06), ("ɑ", 0.15)]))

    assert track.press.max() == 0
    assert _at(track.opening, 0.68) > 0.2


def test_vowels_differ_in_opening_and_width() -> None:
    wide, round_, open_ = (_track(_line([(vowel, 0.3)])) for vowel in ("i", "u", "ɑ"))

    assert _at(wide.width, 0.65) > 0.6
    assert _at(round_.width, 0.65) < -0.6
    assert _at(open_.opening, 0.65) > _at(wide.opening, 0.65) + 0.3


def test_lips_round_before_the_rounded_vowel() -> None:
    rounding, plain = (_track(_line([("t", 0.1), (vowel, 0.2)])) for vowel in ("u", "ɑ"))

    assert _at(rounding.width, 0.56) < _at(plain.width, 0.56) - 0.2


def test_the_lower_lip_touches_the_teeth() -> None:
    track = _track(_line([("ɑ", 0.15), ("f", 0.08), ("ɑ", 0.15)]))

    assert track.tuck.max() > 0.99
    assert track.opening[int(np.argmax(track.tuck))] < 0.2


def test_a_diphthong_moves_from_one_vowel_to_the_other() -> None:
    track = _track(_line([("aɪ", 0.36)]))

    assert _at(track.opening, 0.58) > _at(track.opening, 0.8) + 0.2
    assert _at(track.width, 0.8) > _at(track.width, 0.58) + 0.2


def test_a_shout_opens_more_than_a_whisper() -> None:
    shout, usual, whisper = (
        _track(_line([("ʌ", 0.2)], manner=manner)).opening.max() for manner in ("shouts", "", "whispers")
    )

    assert whisper < 0.85 * usual
    assert shout > 1.1 * usual


def test_a_loud_vowel_opens_more_than_a_faint_one() -> None:
    line = _line([("ʌ", 0.2), ("k", 0.1), ("ʌ", 0.2), ("k", 0.1), ("ʌ", 0.2)])

    def speak(spoken: SpokenLine) -> NDArray[np.float32]:
        samples = _steady(spoken)
        samples[round(0.55 * SAMPLE_RATE) :] *= 0.2
        return samples

    track = mouth_track([line], frame_times(0, 60), speak)

    assert _at(track.opening, 0.6) > 1.4 * _at(track.opening, 1.2)


def test_a_vowel_that_is_all_but_breath_opens_half_as_far() -> None:
    line = _line([("ʌ", 0.2), ("k", 0.1), ("ʌ", 0.2), ("k", 0.1), ("ʌ", 0.2)])

    def speak(spoken: SpokenLine) -> NDArray[np.float32]:
        samples = _steady(spoken)
        samples[round(0.55 * SAMPLE_RATE) :] *= 0.02
        return samples

    track = mouth_track([line], frame_times(0, 60), speak)

    assert _at(track.opening, 1.2) > 0.45 * _at(track.opening, 0.6)


def test_opening_follows_a_syllable_rhythm_without_lag() -> None:
    line = _line([("t", 0.08), ("ɑ", 0.16)] * 6)
    opening = _track(line, 72).opening
    time = frame_times(0, 72)
    voiced = sum(
        np.exp(-(((time - (p.start_s + p.end_s) / 2) / 0.05) ** 2)) for p in line.phonemes if p.symbol == "ɑ"
    )

    likeness = [float(np.corrcoef(np.roll(opening, lag), voiced)[0, 1]) for lag in (-2, -1, 0, 1, 2)]

    assert int(np.argmax(likeness)) in (1, 2, 3)
    assert max(likeness) > 0.65


def test_the_photo_has_its_mouth_back_after_the_line() -> None:
    track = _track(_line([("ɑ", 0.3)]), 72)

    assert track.speaking[0] == 0
    assert _at(track.speaking, 0.6) == 1
    assert track.speaking[-1] == 0


def test_curves_have_no_jumps() -> None:
    track = _track(
        _line([("s", 0.1), ("ɑ", 0.2), ("w", 0.06), ("i", 0.15), ("", 0.4), ("m", 0.1), ("o", 0.2)])
    )

    for curve in (track.opening, track.width, track.speaking):
        assert np.abs(np.diff(curve)).max() < 0.75


def test_short_pauses_do_not_end_a_run_but_long_ones_do() -> None:
    line = _line([("ɑ", 0.2), ("", 0.3), ("ɑ", 0.2), ("", 0.9), ("ɑ", 0.2)])

    runs = speech_runs([line])

    assert [(round(start_s, 2), round(end_s, 2)) for start_s, end_s in runs] == [(0.5, 1.2), (2.1, 2.3)]


def test_a_line_without_phonemes_closes_the_lips_at_its_letters() -> None:
    assert _track(_spoken((), 0.5, 2.0, text="Mambo, banana!")).press.max() > 0.9


@pytest.mark.parametrize("text", ["Mambo, banana!", "妈妈，你好。"])
def test_a_line_without_phonemes_moves_the_lips_syllable_by_syllable(text: str) -> None:
    track = _track(_spoken((), 0.5, 2.0, text=text))

    assert track.opening.max() > 0.4
    assert (np.diff(np.sign(np.diff(track.opening[12:48]))) < 0).sum() >= 2


def test_a_line_without_letters_leaves_the_mouth_alone() -> None:
    assert _track(_spoken((), 0.5, 1.0, text="…")).speaking.max() == 0


def test_long_open_vowels_are_the_stressed_ones() -> None:
    sounds = sounds_of(_line([("ə", 0.04), ("t", 0.1), ("ɑ", 0.2), ("t", 0.9), ("ə", 0.05), ("æ", 0.15)]))

    assert [round(moment_s, 2) for moment_s in stresses(sounds, 0.5)] == [0.64, 1.79]


def test_a_loud_line_opens_with_its_voice_and_closes_between() -> None:
    line = _line([("ɪ", 0.6)])

    def speak(spoken: SpokenLine) -> NDArray[np.float32]:
        pulses = 0.5 + 0.5 * np.cos(2 * np.pi * 5 / SAMPLE_RATE * np.arange(spoken.sample_count))
        return np.asarray(_steady(spoken) * pulses, np.float32)

    opening = mouth_track([line], frame_times(0, 60), speak).opening

    assert _at(opening, 0.91) > 1.5 * _at(opening, 0.8)


def test_lips_meet_before_a_line_that_begins_with_them() -> None:
    track = _track(_line([("m", 0.05), ("ɑ", 0.2)], 1.05))

    assert ((track.press > 0.99) & (track.speaking > 0.99)).sum() >= 2
