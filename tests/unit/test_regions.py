from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.regions import find_regions
from talkies.engines.animatic.living.shorelines import outline
from talkies.engines.animatic.vision.horizons import Landscape, find_far_shore, find_sky
from talkies.engines.animatic.vision.look import Look
from talkies.media import Frame

Picture = NDArray[np.float32]


def _textured(colour: tuple[int, int, int], shape: tuple[int, int], amount: float, seed: int) -> Picture:
    noise = np.random.default_rng(seed).normal(0, amount, (*shape, 1)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 1.5)[..., None] * 4
    return np.asarray(np.array(colour, np.float32) + blurred, np.float32)


def _landscape(*, sea: tuple[int, int, int] = (50, 90, 130)) -> Frame:
    """Blue sky, a dark rough hill, and below a level shore a sea in flat stripes."""
    rows, columns = 360, 640
    picture = _textured((120, 170, 225), (rows, columns), 0.5, 1)
    x = np.arange(columns)
    skyline = 120 + 30 * np.sin(x / 90)
    hill = np.arange(rows)[:, None] > skyline
    picture[hill] = _textured((70, 62, 50), (rows, columns), 14, 2)[hill]
    stripes = np.repeat(np.random.default_rng(3).normal(0, 3, (120, 1, 1)), columns, axis=1)
    picture[240:] = np.array(sea) + cv2.GaussianBlur(stripes, (0, 0), 2)[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def _share(cover: NDArray[np.float32], rows: slice) -> float:
    return float(cover[rows].mean())


def test_the_sky_ends_at_the_skyline() -> None:
    sky = find_sky(Landscape(_landscape(), None))

    assert sky is not None
    assert sky.confidence > 0.6
    rows = sky.cover.shape[0]
    assert _share(sky.cover, slice(0, round(rows * 0.2))) > 0.95
    assert _share(sky.cover, slice(round(rows * 0.5), rows)) < 0.02


def _bay() -> Frame:
    """A pale sky over a sea hardly less pale, its level horizon between two dark headlands."""
    rows, columns = 360, 640
    picture = _textured((222, 224, 228), (rows, columns), 0.5, 1)
    picture[200:] = np.linspace((206, 210, 216), (196, 202, 210), rows - 200)[:, None]
    x, y = np.arange(columns), np.arange(rows)[:, None]
    heads = (y > 120 + x) | (y > 60 + 0.8 * (columns - x))
    picture[heads] = _textured((70, 62, 50), (rows, columns), 14, 2)[heads]
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_a_sky_ends_at_a_horizon_that_headlands_hide_in_part() -> None:
    look = Landscape(_bay(), None)

    assert look.far_shore is None
    assert look.sky is not None
    rows = len(look.sky.cover)
    assert look.sky.cover[round(rows * 0.6) :].max() < 0.05
    assert look.sky.cover[round(rows * 0.5), look.sky.cover.shape[1] // 2] > 0.9


def _summit(*, cloud: bool) -> Frame:
    """A blue sky over a dark range; between two peaks a soft white cloud, or a smooth snow field."""
    rows, columns = 360, 640
    picture = _textured((90, 140, 205), (rows, columns), 0.5, 1)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    white = np.asarray(((x - 320) / 130) ** 2 + ((y - 190) / 80) ** 2 < 1, np.float32)
    share = cv2.GaussianBlur(white, (0, 0), 9 if cloud else 0.6)[..., None]
    picture = picture + share * (np.array([245, 246, 248], np.float32) - picture)
    hill = y > 205 + 45 * np.cos(x / 51)
    picture[hill] = _textured((62, 60, 58), (rows, columns), 14, 2)[hill]
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_a_cloud_on_a_ridge_belongs_to_the_sky_and_snow_does_not() -> None:
    cloudy, snowy = (find_sky(Landscape(_summit(cloud=cloud), None)) for cloud in (True, False))

    assert cloudy is not None
    assert snowy is not None
    rows, columns = cloudy.cover.shape
    middle = round(rows * 0.45), columns // 2
    assert cloudy.cover[middle] > 0.8
    assert snowy.cover[middle] < 0.2


def test_a_textured_wall_is_no_sky() -> None:
    wall = np.clip(_textured((150, 110, 80), (360, 640), 14, 4), 0, 255).astype(np.uint8)

    sky = find_sky(Landscape(wall, None))

    assert sky is None or sky.confidence < 0.2


def test_the_far_shore_is_the_line_across_the_picture() -> None:
    shore = find_far_shore(Landscape(_landscape(), None))

    assert shore is not None
    assert abs(shore - 240 / 360) < 0.03


def test_a_blue_sea_is_water_and_the_hill_above_it_is_not() -> None:
    water = find_regions(Landscape(_landscape(), None), frozenset({"water"}))["water"]

    rows = water.cover.shape[0]
    assert _share(water.cover, slice(round(rows * 0.72), rows)) > 0.9
    assert _share(water.cover, slice(0, round(rows * 0.62))) == 0


def test_a_brown_plain_is_not_water_even_when_the_script_speaks_of_water() -> None:
    assert "water" not in find_regions(Landscape(_landscape(sea=(150, 110, 70)), None), frozenset({"water"}))


def _ravine() -> Frame:
    """Warm grey rocks with leaves above, and a narrow, cooler brook down the middle."""
    picture = _textured((132, 126, 108), (360, 640), 16, 6)
    picture[:120] = _textured((70, 110, 40), (120, 640), 16, 7)
    picture[150:, 280:350] = _textured((120, 130, 150), (210, 70), 16, 8)
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_a_brook_among_rocks_is_found_when_the_script_speaks_of_water() -> None:
    water = find_regions(Landscape(_ravine(), None), frozenset({"water"}))["water"]

    columns = water.cover.shape[1]
    bed = slice(round(columns * 0.44), round(columns * 0.54))
    lower = water.cover[round(water.cover.shape[0] * 0.45) :]
    assert lower[:, bed].mean() > 0.7
    assert np.delete(lower, np.r_[round(columns * 0.41) : round(columns * 0.58)], axis=1).mean() < 0.02


def _alley(*, canal: bool) -> Frame:
    """Warm walls, between which a ragged grey-blue sky comes down from the top; and a canal below, or not."""
    picture = _textured((132, 110, 88), (360, 640), 16, 6)
    picture[:120, 200:440] = _textured((120, 130, 150), (120, 240), 16, 8)
    if canal:
        picture[220:, 280:350] = _textured((115, 126, 148), (140, 70), 16, 9)
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_a_sky_that_was_not_found_is_no_running_water() -> None:
    found = find_regions(Landscape(_alley(canal=False), None), frozenset({"water"}))

    assert "water" not in found


def test_water_below_a_sky_that_was_not_found_is_what_runs() -> None:
    water = find_regions(Landscape(_alley(canal=True), None), frozenset({"water"}))["water"]

    rows = len(water.cover)
    assert _share(water.cover, slice(0, rows // 2)) == 0
    assert water.cover[round(rows * 0.7) :].max() > 0.9


def _sunset(*, mirrored: bool) -> Frame:
    """Warm clouds, a dark wood, and below it both again, darker and smoother; else a rough red field."""
    clouds = np.random.default_rng(11).normal(0, 1, (150, 640)).astype(np.float32)
    picture = np.empty((360, 640, 3), np.float32)
    picture[:150] = np.array((225, 140, 90)) + 300 * cv2.GaussianBlur(clouds, (0, 0), 14)[..., None]
    picture[150:180] = _textured((45, 32, 30), (30, 640), 6, 12)
    picture[180:] = 0.8 * cv2.GaussianBlur(picture[:180][::-1], (0, 0), 1.5)
    if not mirrored:
        picture[180:] = _textured((170, 105, 70), (180, 640), 16, 13)
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_water_that_mirrors_a_warm_sky_is_found_when_the_script_speaks_of_it() -> None:
    water = find_regions(Landscape(_sunset(mirrored=True), None), frozenset({"water"}))["water"]

    rows = len(water.cover)
    assert _share(water.cover, slice(0, rows // 2)) < 0.02
    assert _share(water.cover, slice(round(rows * 0.6), rows)) > 0.9


def test_still_water_ends_at_gravel_and_goes_on_where_it_is_even() -> None:
    picture = _landscape()
    picture[270:, :200] = np.clip(_textured((110, 112, 118), (90, 200), 45, 15), 0, 255)
    look = Landscape(picture, None)
    known = (look.place > 250 / 360) & (np.arange(look.size[0]) < 0.7 * look.size[0])
    first = look.region("water", known, 1.0)
    assert first is not None

    water = outline(look, first, None)

    cover = cv2.resize(water.cover, (640, 360))
    assert cover[285:350, :185].max() < 0.1
    assert cover[270:, 230:].mean() > 0.9


def test_water_goes_on_along_its_shore_whatever_it_mirrors() -> None:
    picture = _landscape()
    share = np.clip((np.arange(640) - 260) / 200, 0, 1)[:, None]
    picture[240:] = np.clip(picture[240:] + share * np.array((150, 60, -20)), 0, 255)
    look = Landscape(picture, None)
    known = (look.place > 250 / 360) & (np.arange(look.size[0]) < 0.4 * look.size[0])
    first = look.region("water", known, 1.0)
    assert first is not None

    water = outline(look, first, 242 / 360)

    cover = cv2.resize(water.cover, (640, 360))
    assert cover[255:275, 350:].mean() > 0.9


def test_surf_is_water_with_its_foam() -> None:
    surf = np.clip(_textured((90, 130, 150), (360, 640), 110, 17), 0, 255).astype(np.uint8)
    surf[200:230, 100:500] = 250
    look = Landscape(surf, None)
    first = look.region("water", look.place > 0.3, 1.0)
    assert first is not None

    water = outline(look, first, None)

    assert _share(water.cover, slice(round(0.35 * len(water.cover)), None)) > 0.95


def test_what_is_apart_from_the_shore_is_no_water() -> None:
    look = Landscape(_landscape(), None)
    apart = (look.place > 0.7) & ((look.place < 0.8) | (look.place > 0.88))
    first = look.region("water", apart, 1.0)
    assert first is not None
    bank = Look(np.where(np.arange(360)[:, None, None] < 290, look.frame, 90).astype(np.uint8), None)

    water = outline(bank, first, 0.67)

    assert _share(water.cover, slice(round(0.9 * len(water.cover)), None)) < 0.1
    assert _share(water.cover, slice(round(0.72 * len(water.cover)), round(0.78 * len(water.cover)))) > 0.9


def test_water_that_mirrors_the_sky_is_found_and_a_darker_pavement_of_its_hue_is_not() -> None:
    picture = _sunset(mirrored=False).astype(np.float32)
    ripples = 5 * np.sin(np.arange(180) / 3)[:, None, None]
    picture[180:] = np.array((200, 128, 84)) + ripples
    picture[250:, :200] = _textured((60, 40, 30), (110, 200), 24, 14)
    picture[262:, :185] = np.array((76, 44, 26)) + ripples[82:]
    look = Landscape(np.clip(picture, 0, 255).astype(np.uint8), None)

    water = find_regions(look, frozenset({"water"}))["water"]

    cover = cv2.resize(water.cover, (640, 360))
    assert cover[200:, 240:].mean() > 0.9
    assert cover[270:, :180].max() < 0.1


def test_a_field_below_a_warm_sky_is_no_water() -> None:
    assert "water" not in find_regions(Landscape(_sunset(mirrored=False), None), frozenset({"water"}))


def test_a_brook_that_nobody_speaks_of_stays_still() -> None:
    assert "water" not in find_regions(Landscape(_ravine(), None))


def test_green_detail_is_plants_without_a_word_about_them() -> None:
    meadow = np.clip(_textured((90, 150, 40), (360, 640), 14, 5), 0, 255).astype(np.uint8)

    plants = find_regions(Landscape(meadow, None))["plants"]

    assert plants.cover.mean() > 0.9


def test_a_smooth_green_wall_is_no_plant() -> None:
    wall = np.full((360, 640, 3), (90, 150, 40), np.uint8)

    assert "plants" not in find_regions(Landscape(wall, None), frozenset({"plants"}))


def test_skin_is_no_dry_grass() -> None:
    skin = np.clip(_textured((205, 160, 130), (360, 640), 12, 6), 0, 255).astype(np.uint8)

    assert find_regions(Landscape(skin, None), frozenset({"plants", "water", "sky"})) == {}


def test_nothing_of_the_subject_belongs_to_a_region() -> None:
    subject = np.zeros((360, 640), np.uint8)
    subject[200:, 200:400] = 255

    regions = find_regions(Landscape(_landscape(), subject), frozenset({"water", "sky"}))

    water = regions["water"].cover
    rows, columns = water.shape
    inside = water[round(rows * 0.7) :, round(columns * 0.33) : round(columns * 0.61)]
    assert inside.max() == 0
    assert water[round(rows * 0.8), round(columns * 0.1)] > 0.9
