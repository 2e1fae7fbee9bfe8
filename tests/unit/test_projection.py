from __future__ import annotations

import numpy as np
import pytest

from talkies.engines.animatic.optics.camera import AT_REST, Pose
from talkies.engines.animatic.optics.projection import Lens, enlarge_grid, project

LENS = Lens(322, 182, (0.1, 0.0))
FLAT = np.ones((10, 16), np.float32)


def test_at_rest_every_pixel_shows_itself() -> None:
    points = project(LENS.nodes(), AT_REST, FLAT, LENS)

    full = enlarge_grid(LENS.to_pixels(points), 322, 182)

    x, y = np.meshgrid(np.arange(322), np.arange(182))
    assert np.abs(full - np.stack([x, y], axis=-1)).max() < 1e-3


def test_the_warp_is_the_inverse_of_the_camera() -> None:
    ramp = np.linspace(0.3, 1.1, 60, dtype=np.float32)[:, None].repeat(100, axis=1)
    pose = Pose(shift_x=0.05, shift_y=-0.02, advance=0.2)
    seen = LENS.nodes()[4:-4, 4:-4]

    found = project(seen, pose, ramp, LENS)

    near = LENS.look_up(ramp, found)[..., None]
    centre = np.array(LENS.focus)
    again = centre + (found - centre - np.array([0.05, -0.02]) * near) / (1 - 0.2 * near)
    assert np.abs(again - seen).max() * 322 < 0.3


def test_advancing_enlarges_near_things_more_than_far_ones() -> None:
    pose = Pose(advance=0.2)
    rim = LENS.rim()

    near, far = (np.ptp(project(rim, pose, FLAT * depth, LENS)[0], axis=0) for depth in (1.0, 0.2))

    assert near[0] == pytest.approx(0.8 * far[0] / 0.96, rel=0.01)


def test_the_point_that_the_camera_heads_for_stays() -> None:
    target = np.array([[LENS.focus]], np.float32)

    found = project(target, Pose(advance=0.3), FLAT, LENS)

    assert found == pytest.approx(target)


def test_rolling_keeps_distances() -> None:
    seen = LENS.rim()

    found = project(seen, Pose(roll=0.2), FLAT, LENS)

    assert np.hypot(*found[0].T) == pytest.approx(np.hypot(*seen[0].T), rel=1e-4)
