from __future__ import annotations

import numpy as np
import pytest

from talkies.engines.animatic.living.sight import Sight, Stage
from talkies.engines.animatic.living.switching import Change, SwitchedLight, light_changes
from talkies.engines.animatic.optics.camera import AT_REST
from talkies.engines.animatic.sound.effects import effect_onset
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.scene import Scene
from talkies.media import Frame
from talkies.plan import Effect, PlacedSound, Plan, Shot
from talkies.spec import FRAME_RATE, SAMPLE_RATE

WIDTH, HEIGHT = 320, 180


def _plan(text: str, *heard: tuple[Effect, float]) -> Plan:
    """A plan of 4 s whose effects are perceived at the given seconds."""
    sounds = tuple(
        PlacedSound(
            kind=kind, shot=0, start_sample=round(at_s * SAMPLE_RATE) - effect_onset(kind), sample_count=9600
        )
        for kind, at_s in heard
    )
    return Plan(
        engine="animatic",
        width=WIDTH,
        height=HEIGHT,
        duration_s=4,
        seed=5,
        shots=(Shot(start_frame=0, end_frame=96, picture="first", text=text),),
        sounds=sounds,
    )


def _changes(text: str, *heard: tuple[Effect, float]) -> tuple[Change, ...]:
    return light_changes(_plan(text, *heard), 0, text)


@pytest.mark.parametrize(
    ("text", "sound", "way"),
    [
        ("A door opens and bright light floods the room.", "door", 1),
        ("She pushes the door open. Sunlight streams in from the left.", "door", 1),
        ("The door slams shut and it gets dark.", "door", -1),
        ("He switches on the light.", "click", 1),
        ("The light on the table goes out with a click.", "click", -1),
        ("Someone turns off the lamp on the desk.", "click", -1),
        ("门打开了，光照进来。", "door", 1),
        ("她关灯。", "click", -1),
    ],
)
def test_light_comes_or_goes_in_the_frame_nearest_to_its_sound(text: str, sound: Effect, way: int) -> None:
    (change,) = _changes(text, (sound, 1.53))

    assert (change.frame, change.way) == (round(1.53 * FRAME_RATE), way)


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("A car door slams in the sun.", "door"),
        ("The door opens and a man enters.", "door"),
        ("She opens the door of the dark cellar.", "door"),
        ("She clicks a pen on the light table.", "click"),
    ],
)
def test_light_stays_where_no_words_say_that_it_changes(text: str, sound: Effect) -> None:
    assert _changes(text, (sound, 1.5)) == ()


def test_light_stays_where_nothing_is_heard() -> None:
    assert _changes("A door opens and light floods the room.") == ()


def test_a_lamp_that_goes_off_and_on_again_is_as_before() -> None:
    text = "She turns off the lamp, then turns it on again."

    assert [change.way for change in _changes(text, ("click", 1.0), ("click", 2.0))] == [-1, 1]


def test_a_door_that_lets_light_in_takes_it_away_again_when_it_shuts() -> None:
    text = "The door opens and light falls in. The door shuts."

    assert [change.way for change in _changes(text, ("door", 1.0), ("door", 2.5))] == [1, -1]


def _drawn(text: str, changes: tuple[Change, ...], index: int) -> Frame:
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    scene = Scene(picture, picture, (), None, (), Depth(np.ones((90, 160), np.float32), None))
    stage = Stage(scene, (0.0, 0.0))
    frame = picture.copy()
    SwitchedLight(stage, changes, text, 5).draw(frame, Sight(stage, AT_REST, index / FRAME_RATE, 1.0))
    return frame


def test_a_doors_light_is_seen_at_once_and_grows_brightest_on_its_side_and_warm_from_the_sun() -> None:
    text = "A door opens on the left and warm sunlight falls in."
    changes = (Change("door", 24, 1),)

    before, first, late = (_drawn(text, changes, index).astype(float) for index in (23, 24, 48))

    assert (before == 90).all()
    assert first.mean() > before.mean() + 6
    assert late.mean() > first.mean() + 6
    assert late[:, :40].mean() > late[:, -40:].mean() + 20
    assert late[..., 0].mean() > late[..., 2].mean() + 8


def test_a_lamp_that_goes_out_darkens_everything() -> None:
    dark = _drawn("The lamp goes out.", (Change("lamp", 24, -1),), 30)

    assert dark.max() < 60


def test_after_as_many_changes_one_way_as_the_other_the_picture_is_the_photo_again() -> None:
    changes = (Change("lamp", 10, -1), Change("lamp", 40, 1))

    assert (_drawn("", changes, 60) == 90).all()
