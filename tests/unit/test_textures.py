from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from talkies.engines.animatic.optics.textures import BAND, Texture, band_index, double, make_band
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.matte import Matte
from talkies.engines.animatic.vision.plate import Cut, claim, fill_behind
from talkies.engines.animatic.vision.scene import Scene


def _scene(density: int) -> Scene:
    """A scene whose source has `density` times the prepared picture's pixels a side."""
    chance = np.random.default_rng(0)
    noise = chance.integers(0, 255, (90 * density, 160 * density, 3), dtype=np.uint8)
    source = np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.7), np.uint8)
    prepared = np.asarray(cv2.resize(source, (160, 90), interpolation=cv2.INTER_AREA), np.uint8)
    return Scene(source, prepared, (), None, (), Depth(np.ones((9, 16), np.float32), None))


def test_doubling_keeps_the_old_pixels() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)

    doubled = double(picture)

    assert doubled.shape == (60, 80, 3)
    assert np.array_equal(doubled[::2, ::2], picture)


def test_doubling_a_ramp_continues_it() -> None:
    ramp = np.arange(0, 200, 4, dtype=np.uint8)[None, :, None].repeat(30, axis=0).repeat(3, axis=2)

    between = double(ramp)[10, 21:-21:2, 0]

    assert between == pytest.approx(np.arange(42, 42 + 4 * len(between), 4), abs=1)


def test_layers_give_the_photo_again() -> None:
    scene = _scene(1)
    alpha = np.zeros((90, 160), np.uint8)
    cv2.circle(alpha, (80, 45), 25, 255, cv2.FILLED, cv2.LINE_AA)
    plate = fill_behind(scene.prepared, alpha)
    alpha = claim(scene.prepared, plate, alpha)
    scene = replace(scene, matte=Matte(alpha, "object"), cuts=(Cut(alpha, plate),))

    band = make_band(scene, 1.0, (0, 0, 160, 90), fine=False)

    (subject,) = band.before
    assert subject is not None
    left, top = (round(edge * 2) for edge in subject.box[:2])
    rows, columns = subject.coarse.shape[:2]
    behind = band.background.coarse[top : top + rows, left : left + columns].astype(float)
    photo = make_band(_scene(1), 1.0, (0, 0, 160, 90), fine=False).background.coarse
    together = subject.coarse[..., :3] + behind * (1 - subject.coarse[..., 3:] / 255)
    wrong = np.abs(together - photo[top : top + rows, left : left + columns])[::2, ::2]
    assert np.median(wrong) < 1
    assert np.quantile(wrong, 0.99) < 6


def test_a_rich_source_gives_more_detail_towards_the_band_s_end() -> None:
    texture = make_band(_scene(4), 1.0, (40, 20, 120, 70), fine=True).background

    def detail(share: float) -> float:
        grey = cv2.cvtColor(texture.at(share), cv2.COLOR_RGB2GRAY)
        return float(cv2.Laplacian(grey, cv2.CV_32F).var())

    assert texture.coarse.shape == (100, 160, 3)
    assert detail(0) < detail(0.5) < detail(1)


def test_a_poor_source_needs_no_second_texture() -> None:
    assert make_band(_scene(1), 1.0, (0, 0, 160, 90), fine=True).background.fine is None


def test_a_texture_is_no_denser_than_its_source_can_fill() -> None:
    rich, poor = (make_band(_scene(density), 3.0, (40, 20, 80, 50), fine=False) for density in (4, 1))

    assert rich.background.density == 6
    assert poor.background.density == 4
    assert poor.background.coarse.shape == (120, 160, 3)


def test_detail_of_the_source_lies_where_the_prepared_picture_has_it() -> None:
    scene = _scene(4)
    box = (40, 20, 120, 70)

    close = make_band(scene, 2.0, box, fine=False).background.coarse

    reduced = cv2.resize(close, (80, 50), interpolation=cv2.INTER_AREA)
    shift, _ = cv2.phaseCorrelate(
        cv2.cvtColor(scene.prepared[20:70, 40:120], cv2.COLOR_RGB2GRAY).astype(np.float64),
        cv2.cvtColor(reduced, cv2.COLOR_RGB2GRAY).astype(np.float64),
    )
    # The texture's pixels sit on the prepared ones, so areas of four by four lie 3/8 to the right and below.
    assert shift == pytest.approx((-0.375, -0.375), abs=0.15)


def test_bands_are_numbered_from_the_least_enlargement() -> None:
    assert [band_index(zoom, 1.5) for zoom in (1.0, 1.5, 1.5 * BAND * 0.99, 1.5 * BAND, 6.0)] == [
        0,
        0,
        0,
        1,
        2,
    ]


def test_a_halved_texture_shows_everything_where_it_was() -> None:
    ramp = np.arange(0, 240, 6, dtype=np.uint8)[None, :, None].repeat(31, axis=0).repeat(3, axis=2)
    texture = Texture((10.0, 20.0, 30.0, 35.5), 2.0, ramp)

    halved = texture.halved()

    assert halved.density == 1
    assert halved.coarse.shape == (16, 20, 3)
    # A pixel of the half lies between two of the whole: 20.25 prepared pixels is the texture's 20.5th.
    left = halved.box[0]
    assert halved.coarse[8, round((20.25 - left) * halved.density), 0] == round(20.5 * 6)
