from __future__ import annotations

import numpy as np

from talkies.engines.animatic.optics.camera import AT_REST, Pose
from talkies.engines.animatic.optics.projection import Lens
from talkies.engines.animatic.optics.shutter import expose, open_shutter

LENS = Lens(1280, 720, (0.0, 0.0))


def _pan(pixels: float, count: int = 10) -> list[Pose]:
    """A pan of so many pixels a frame."""
    return [Pose(x=index * pixels / 1280, zoom=1.5) for index in range(1, count + 1)]


def test_a_slow_move_is_one_view_a_frame() -> None:
    path = _pan(2.5)

    assert open_shutter(path, 5, LENS) == (path[5],)


def test_a_fast_move_is_several_views_over_half_a_frame() -> None:
    path = _pan(12)

    views = open_shutter(path, 5, LENS)

    places = np.array([view.x for view in views]) * 1280
    assert 3 <= len(views) <= 5
    assert np.isclose(places.mean(), path[5].x * 1280)
    assert 0.5 * 0.6 * 12 < np.ptp(places) < 0.5 * 12


def test_a_frame_at_rest_is_never_blurred() -> None:
    path = [AT_REST, Pose(x=0.1), Pose(x=0.2)]

    assert open_shutter(path, 0, LENS) == (AT_REST,)


def test_a_fast_zoom_is_blurred_too() -> None:
    path = [Pose(zoom=1.1**index) for index in range(1, 6)]

    assert len(open_shutter(path, 2, LENS)) > 1


def test_an_exposure_is_the_mean_of_its_views() -> None:
    views = [np.full((2, 3, 3), level, np.uint8) for level in (10, 20, 33)]

    assert (expose(views) == 21).all()
