from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from talkies.engines.animatic.film import filming
from talkies.engines.animatic.film.filming import ShotFilm
from talkies.engines.animatic.optics import depth_of_field
from talkies.engines.animatic.optics.camera import Pose
from talkies.engines.animatic.optics.depth_of_field import Aperture, Pixels, blur, plan_apertures, soften
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.scene import Scene
from talkies.plan import DepthOfField, Framing, Shot, ShotSize


def _noise(seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (240, 320, 3), np.uint8)


def _scene(*, subject: bool) -> Scene:
    picture = np.zeros((90, 160, 3), np.uint8)
    field = np.full((9, 16), 0.4, np.float32)
    field[:3] = 0.2
    near = np.ones((9, 16), np.float32) if subject else None
    return Scene(picture, picture, (), None, (), Depth(field, near))


def _apertures(
    asked: DepthOfField | None, size: ShotSize | None = None, *, subject: bool = True, whole: bool = False
) -> tuple[Aperture, ...]:
    shot = Shot(
        start_frame=0, end_frame=96, picture="first", framing=Framing(size=size), depth_of_field=asked
    )
    return plan_apertures(shot, _scene(subject=subject), (0, 0), 96, opens_whole=whole, closes_whole=whole)


@pytest.mark.parametrize("radius", [1.0, 4.0, 12.0])
def test_a_plain_colour_stays_as_it_is(radius: float) -> None:
    plain = np.full((120, 160, 3), (200, 90, 30), np.uint8)

    assert np.abs(blur(plain, radius).astype(int) - plain).max() <= 1


def test_a_larger_disc_is_softer_without_a_step() -> None:
    details = [float(blur(_noise(), radius).std()) for radius in np.arange(0.5, 14, 0.25)]

    steps = [before / after for before, after in itertools.pairwise(details)]
    assert min(steps) > 0.98
    assert max(steps[4:]) < 1.25


def test_a_small_highlight_outshines_its_surroundings() -> None:
    night = np.full((160, 160, 3), 40, np.uint8)
    night[78:82, 78:82] = 255

    disc = blur(night, 6.0)[80, 80].mean()

    plain_mean = 40 + (255 - 40) * 16 / (np.pi * 6**2)
    assert disc > plain_mean + 20


def test_only_what_is_out_of_focus_becomes_soft() -> None:
    radii = np.zeros((24, 32), np.float32)
    radii[:, 20:] = 6.0

    shown = soften(_noise(), radii)

    assert np.array_equal(shown[:, :170], _noise()[:, :170])
    assert shown[:, 230:].std() < 0.3 * _noise()[:, 230:].std()


def test_a_deep_shot_is_sharp_everywhere() -> None:
    assert all(aperture.width == 0 for aperture in _apertures("deep", "close_up"))
    assert all(aperture.width == 0 for aperture in _apertures(None))


def test_a_close_up_is_a_little_shallow_and_a_wish_goes_further() -> None:
    close, asked = _apertures(None, "close_up")[50], _apertures("shallow", "close_up")[50]

    assert close.in_focus == asked.in_focus == 1.0
    assert 0 < close.width < asked.width


def test_a_landscape_is_shallow_only_when_the_prompt_says_so() -> None:
    assert _apertures(None, "close_up", subject=False)[50].width == 0
    asked = _apertures("shallow", subject=False)[50]
    assert asked.width > 0
    assert asked.in_focus == pytest.approx(0.4, abs=0.1)


def test_the_photo_itself_is_sharp_at_both_ends() -> None:
    widths = [aperture.width for aperture in _apertures("shallow", whole=True)]

    assert widths[0] == widths[-1] == 0
    assert widths[48] > 0
    assert max(abs(after - before) for before, after in itertools.pairwise(widths)) < 0.1 * max(widths)


@pytest.mark.parametrize(("wish", "begun", "reached"), [("rack", 0.4, 1.0), ("rack_away", 1.0, 0.4)])
def test_a_rack_of_focus_goes_from_the_background_to_the_subject_or_away(
    wish: DepthOfField, begun: float, reached: float
) -> None:
    in_focus = [aperture.in_focus for aperture in _apertures(wish)]

    assert in_focus[0] == pytest.approx(begun)
    assert in_focus[-1] == pytest.approx(reached)
    assert in_focus == sorted(in_focus, reverse=begun > reached)


def test_a_far_background_is_read_from_fewer_pixels_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.asarray(cv2.resize(_noise()[:18, :32], (320, 180), interpolation=cv2.INTER_CUBIC), np.uint8)
    scene = Scene(picture, picture, (), None, (), Depth(np.full((18, 32), 0.4, np.float32), None))
    poses = [Pose(zoom=1.1 + 0.01 * index) for index in range(3)]
    read_from: list[int] = []
    frames = []
    for wide_disc in (filming._WIDE_DISC, 1e9):
        monkeypatch.setattr(filming, "_WIDE_DISC", wide_disc)
        film = ShotFilm(scene, poses, (0, 0), apertures=[Aperture(1.0, 0.02)] * 3)
        frames.append(film.frame(1).astype(int))
        assert film._defocused is not None
        read_from.append(film._defocused[2].texture.coarse.size)

    assert read_from[0] < 0.3 * read_from[1]
    assert 10 * np.log10(255**2 / np.square(frames[0] - frames[1]).mean()) > 45


def test_a_lens_at_rest_shows_what_one_that_is_being_set_shows() -> None:
    picture = np.asarray(cv2.resize(_noise()[:18, :32], (320, 180), interpolation=cv2.INTER_CUBIC), np.uint8)
    field = np.tile(np.linspace(0.2, 0.6, 32, dtype=np.float32), (18, 1))
    scene = Scene(picture, picture, (), None, (), Depth(field, None))
    poses = [Pose(zoom=1.1 + 0.05 * index) for index in range(3)]
    at_rest, being_set = (
        ShotFilm(scene, poses, (0, 0), apertures=[Aperture(1.0, width) for width in widths]).frame(1)
        for widths in ((0.02, 0.02, 0.02), (0.01, 0.02, 0.03))
    )

    assert np.abs(at_rest.astype(int) - being_set).mean() < 2
    assert np.abs(at_rest.astype(int) - ShotFilm(scene, poses, (0, 0)).frame(1)).mean() > 4


def test_mixing_a_few_rows_at_once_leaves_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (300, 80, 3)).astype(np.uint8)
    before = pixels.copy()
    radii = np.linspace(0.3, 9, 20, dtype=np.float32).reshape(5, 4)
    in_strips = soften(pixels, radii)

    monkeypatch.setattr(depth_of_field, "_ROWS", len(pixels))

    assert np.array_equal(in_strips, soften(pixels, radii))
    assert np.array_equal(pixels, before)
