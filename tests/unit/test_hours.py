"""The hour that comes while a film lasts, and what it does to the picture."""

from __future__ import annotations

import numpy as np

from talkies.engines.animatic.living.air import make_air
from talkies.engines.animatic.optics.camera import AT_REST
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.scene import Scene
from talkies.media import Frame
from talkies.plan import Hour, Plan, Shot

WIDTH, HEIGHT = 640, 360
FRAMES = 96
LAMP = np.s_[150:174, 300:324]


def scene() -> Scene:
    """A grey-blue sky over ground, with a lamp."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[: HEIGHT // 2] = (90, 110, 150)
    picture[HEIGHT // 2 :] = (50, 60, 40)
    picture[LAMP] = (255, 200, 110)
    ramp = np.linspace(0.2, 1.2, 90, dtype=np.float32)[:, None]
    depth = Depth(np.ascontiguousarray(np.broadcast_to(ramp, (90, 160))), None)
    return Scene(picture, picture, (), None, (), depth)


def filmed(*hours: Hour | None, index: int, closes_whole: bool = False) -> Frame:
    """A frame of the last of some shots, each with the hour that comes in it."""
    shots = tuple(
        Shot(start_frame=at * FRAMES, end_frame=(at + 1) * FRAMES, picture="first", hour=hour)
        for at, hour in enumerate(hours)
    )
    made = Plan(
        engine="animatic", width=WIDTH, height=HEIGHT, duration_s=4 * len(shots), seed=5, shots=shots, cues=()
    )
    opens = len(shots) == 1
    where = scene()
    over = make_air(made, shots[-1], where, 5, focus=(0.0, 0.0), opens_whole=opens, closes_whole=closes_whole)
    frame = where.prepared.copy()
    if over is not None:
        over.draw(frame, index, AT_REST)
    return frame


def test_night_falls_gradually_out_of_the_photo() -> None:
    means = [float(filmed("night", index=index).mean()) for index in (0, 24, 48, 95)]

    assert np.array_equal(filmed("night", index=0), scene().prepared)
    assert means == sorted(means, reverse=True)
    assert means[-1] < 0.5 * means[0]


def test_lamps_stay_on_at_night() -> None:
    photo, night = scene().prepared, filmed("night", index=95)

    assert night[LAMP].mean() > 0.75 * photo[LAMP].mean()
    assert night[:100].mean() < 0.5 * photo[:100].mean()


def test_a_sunset_is_warmer_and_a_sunrise_brighter() -> None:
    photo = scene().prepared.astype(float)
    evening = filmed("evening", index=95).astype(float)
    morning = filmed("morning", index=95).astype(float)

    warmth = evening[..., 0].mean() / evening[..., 2].mean()
    assert warmth > 1.3 * photo[..., 0].mean() / photo[..., 2].mean()
    assert morning.mean() > photo.mean()


def test_a_last_frame_that_must_be_the_photo_is() -> None:
    last = filmed("night", index=95, closes_whole=True)

    assert np.array_equal(last, scene().prepared)
    assert filmed("night", index=48, closes_whole=True).mean() < 0.9 * last.mean()


def test_after_nightfall_it_stays_night() -> None:
    assert filmed("night", None, index=0).mean() < 0.5 * scene().prepared.mean()
    assert np.array_equal(filmed(None, index=48), scene().prepared)
