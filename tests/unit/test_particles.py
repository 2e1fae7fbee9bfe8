from __future__ import annotations

import numpy as np
import pytest

from talkies.engines.animatic.living.particles import draw_dots, draw_streaks
from talkies.engines.animatic.living.sight import Field


def at(*points: tuple[float, float]) -> Field:
    return np.array(points, np.float32)


def canvas() -> Field:
    return np.zeros((60, 80), np.float32)


def test_a_streak_has_its_weight_along_its_middle_and_fades_at_its_ends() -> None:
    drawn = canvas()

    draw_streaks(drawn, at((20, 10)), at((20, 40)), np.array([0.5], np.float32))

    assert drawn[20:30, 20] == pytest.approx(0.5, abs=0.06)
    assert drawn[10, 20] < 0.3
    assert drawn[:, 25:].max() == 0


def test_a_streak_moves_smoothly_between_pixels() -> None:
    sums = []
    for shift in np.linspace(0, 1, 9):
        drawn = canvas()
        draw_streaks(drawn, at((20 + shift, 10)), at((24 + shift, 30)), np.ones(1, np.float32))
        sums.append(float(drawn.sum()))

    assert max(sums) - min(sums) < 0.01 * sums[0]


def test_what_lies_beyond_the_canvas_is_left_out() -> None:
    drawn = canvas()

    draw_streaks(drawn, at((-30, -30), (200, 10)), at((-20, -10), (220, 30)), np.ones(2, np.float32))
    draw_dots(drawn, at((-30, 5)), at((-30, 6)), np.full(1, 3, np.float32), np.ones(1, np.float32), 1.0)

    assert drawn.max() == 0


def test_a_dot_at_rest_is_round_and_as_strong_as_asked() -> None:
    drawn = canvas()

    draw_dots(drawn, at((40, 30)), at((40, 30)), np.full(1, 6, np.float32), np.full(1, 0.8, np.float32), 0.5)

    assert drawn[30, 40] == pytest.approx(0.8, abs=0.01)
    assert np.allclose(drawn[20:41, 30:51], drawn[20:41, 30:51].T, atol=1e-5)
    assert drawn[30, 50] == 0


def test_a_moving_dot_spreads_its_light_over_its_way() -> None:
    still, moving = canvas(), canvas()
    radius, weight = np.full(1, 3, np.float32), np.ones(1, np.float32)

    draw_dots(still, at((40, 30)), at((40, 30)), radius, weight, 1.0)
    draw_dots(moving, at((30, 30)), at((50, 30)), radius, weight, 1.0)

    assert moving.max() < 0.5 * still.max()
    assert np.count_nonzero(moving[30]) > np.count_nonzero(still[30]) + 15


def test_a_large_dot_cut_by_the_edge_is_no_wider_on_the_other_side() -> None:
    drawn = canvas()

    draw_dots(drawn, at((0, 30)), at((0, 30)), np.full(1, 8, np.float32), np.ones(1, np.float32), 1.0)

    assert drawn[30, 0] > 0.9
    assert drawn[:, 40:].max() == 0
