import numpy as np
import pytest
from numpy.typing import NDArray

from talkies.engines.animatic.sound.vowels import moved

BINS, FRAMES = 513, 60
TOP_HZ, FRAME_S = 12_000.0, 0.0125
HZ = np.linspace(0, TOP_HZ, BINS)
EDGES_S = np.array([0.0, 0.25, 0.5, 0.75])


def _envelope(*formants_hz: float) -> NDArray[np.float32]:
    """Draw a voiced sound's log spectrum with a bell at each formant."""
    bells = [3 * np.exp(-0.5 * ((HZ - formant) / 150) ** 2) for formant in formants_hz]
    return np.asarray(np.repeat(np.max(bells, axis=0)[:, None], FRAMES, axis=1), np.float32)


def _peak(spectrum: NDArray[np.float32], low_hz: float, high_hz: float) -> float:
    inside = (low_hz < HZ) & (high_hz > HZ)
    return float(HZ[inside][spectrum[inside].argmax()])


@pytest.mark.parametrize(
    ("vowel", "said_hz", "meant_hz"), [("ɛ", (913, 1993), (690, 2150)), ("ʌ", (825, 1702), (760, 1480))]
)
def test_a_vowels_formants_come_to_where_listeners_expect_them(
    vowel: str, said_hz: tuple[float, float], meant_hz: tuple[float, float]
) -> None:
    spoken = _envelope(*said_hz)
    heard = spoken + moved(spoken, ["b", vowel, "t"], EDGES_S, frame_s=FRAME_S, top_hz=TOP_HZ)
    middle = heard[:, 30]
    assert abs(_peak(middle, 300, 1200) - meant_hz[0]) < abs(said_hz[0] - meant_hz[0])
    assert abs(_peak(middle, 1200, 3000) - meant_hz[1]) < abs(said_hz[1] - meant_hz[1])


def test_only_the_vowel_is_changed() -> None:
    spoken = _envelope(913, 1993)
    gain = moved(spoken, ["b", "ɛ", "t"], EDGES_S, frame_s=FRAME_S, top_hz=TOP_HZ)
    assert np.abs(gain[:, 22:38]).max() > 0.3
    assert not gain[:, :15].any()
    assert not gain[:, 45:].any()


def test_other_vowels_stay_as_they_are() -> None:
    spoken = _envelope(700, 1200)
    assert not moved(spoken, ["b", "ɑ", "t"], EDGES_S, frame_s=FRAME_S, top_hz=TOP_HZ).any()
