from __future__ import annotations

import numpy as np
import pytest

from talkies.engines.animatic.film.transitions import mix
from talkies.plan import Transition

OLD = np.full((40, 60, 3), 200, np.uint8)
NEW = np.full((40, 60, 3), 100, np.uint8)


@pytest.mark.parametrize("transition", ["dissolve", "fade", "wipe"])
def test_a_transition_leads_from_the_old_shot_to_the_new(transition: Transition) -> None:
    assert np.array_equal(mix(OLD, NEW, transition, 0.0), OLD)
    assert np.array_equal(mix(OLD, NEW, transition, 1.0), NEW)


def test_a_dissolve_is_half_of_each_in_the_middle() -> None:
    assert (mix(OLD, NEW, "dissolve", 0.5) == 150).all()


def test_a_fade_is_black_in_the_middle() -> None:
    assert (mix(OLD, NEW, "fade", 0.5) == 0).all()


def test_a_wipe_uncovers_from_the_left() -> None:
    frame = mix(OLD, NEW, "wipe", 0.5)

    assert (frame[:, :20] == 100).all()
    assert (frame[:, 40:] == 200).all()


def test_a_cut_shows_the_new_shot_at_once() -> None:
    assert np.array_equal(mix(OLD, NEW, "cut", 0.1), NEW)
