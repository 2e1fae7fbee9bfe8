from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from talkies.engines.animatic.film import shots
from talkies.engines.animatic.film.filming import ShotFilm
from talkies.engines.animatic.film.shots import film_shot, render_shots, understand_pictures
from talkies.engines.animatic.optics.camera import Pose
from talkies.engines.animatic.optics.framing import frame_view
from talkies.engines.animatic.vision.depth import Depth
from talkies.engines.animatic.vision.faces import find_faces
from talkies.engines.animatic.vision.matte import Matte
from talkies.engines.animatic.vision.plate import Cut, fill_behind
from talkies.engines.animatic.vision.scene import Scene, understand
from talkies.errors import Canceled
from talkies.fitting import fit
from talkies.media import Frame, Inputs, no_tick
from talkies.plan import CameraMove, Framing, Plan, Shot, ShotSize

WIDTH, HEIGHT = 432, 248
PORTRAIT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
STATIC = (CameraMove(kind="static"),)


@pytest.fixture(scope="module")
def portrait() -> Frame:
    return np.asarray(cv2.imdecode(np.fromfile(PORTRAIT, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)


@pytest.fixture(scope="module")
def landscape() -> Frame:
    chance = np.random.default_rng(0)
    picture = np.zeros((540, 960, 3), np.float32)
    for cells in (8, 30, 120):
        noise = chance.uniform(0, 255, (cells * 9 // 16, cells, 3)).astype(np.float32)
        picture += cv2.resize(noise, (960, 540), interpolation=cv2.INTER_CUBIC) / 3
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def _plan(*shots: Shot, seed: int = 1) -> Plan:
    return Plan(engine="animatic", width=WIDTH, height=HEIGHT, duration_s=1, seed=seed, shots=shots)


def _frames(plan: Plan, first: Frame | None = None, last: Frame | None = None) -> list[Frame]:
    scenes = understand_pictures(plan, Inputs(first, last), no_tick)
    return [frame for shot in render_shots(plan, scenes, no_tick) for frame in shot.frames]


def _difference(one: Frame, other: Frame) -> float:
    return float(cv2.absdiff(one, other).mean())


def test_each_shot_has_its_frames_in_the_size_of_the_plan(landscape: Frame) -> None:
    plan = _plan(
        Shot(start_frame=0, end_frame=10, picture="first", opens_whole=True),
        Shot(start_frame=10, end_frame=24, picture="first", framing=Framing(size="close_up")),
    )

    scenes = understand_pictures(plan, Inputs(landscape), no_tick)
    shots = [list(shot.frames) for shot in render_shots(plan, scenes, no_tick)]

    assert [len(frames) for frames in shots] == [10, 14]
    assert {(frame.shape, str(frame.dtype)) for frames in shots for frame in frames} == {
        ((HEIGHT, WIDTH, 3), "uint8")
    }


@pytest.mark.parametrize("size", [None, "close_up"])
def test_the_clip_begins_on_the_prepared_first_frame_without_a_pop(
    portrait: Frame, size: ShotSize | None
) -> None:
    shot = Shot(start_frame=0, end_frame=30, picture="first", framing=Framing(size=size), opens_whole=True)

    frames = _frames(_plan(shot), portrait)

    assert np.array_equal(frames[0], fit(portrait, WIDTH, HEIGHT))
    assert 0 < _difference(frames[0], frames[1]) < 4


def test_the_clip_ends_on_the_last_frame_without_a_pop(portrait: Frame) -> None:
    shot = Shot(start_frame=0, end_frame=30, picture="last", closes_whole=True)

    frames = _frames(_plan(shot), last=portrait)

    assert np.array_equal(frames[-1], fit(portrait, WIDTH, HEIGHT))
    assert 0 < _difference(frames[-1], frames[-2]) < 4
    assert _difference(frames[-1], frames[0]) > 3


def test_two_unlike_pictures_dissolve_with_both_ends_exact(portrait: Frame, landscape: Frame) -> None:
    shot = Shot(start_frame=0, end_frame=24, picture="both", opens_whole=True, closes_whole=True)

    frames = _frames(_plan(shot), landscape, portrait)

    assert np.array_equal(frames[0], fit(landscape, WIDTH, HEIGHT))
    assert np.array_equal(frames[-1], fit(portrait, WIDTH, HEIGHT))
    assert max(_difference(one, other) for one, other in itertools.pairwise(frames)) < 15


def test_a_camera_that_moves_never_repeats_a_frame(landscape: Frame) -> None:
    frames = _frames(_plan(Shot(start_frame=0, end_frame=48, picture="first", opens_whole=True)), landscape)

    steps = [_difference(one, other) for one, other in itertools.pairwise(frames)]
    assert min(steps) > 0.1 * float(np.median(steps))
    assert max(steps) < 4 * float(np.median(steps))


def test_a_fixed_camera_leaves_the_background_still_and_the_person_breathing(portrait: Frame) -> None:
    shot = Shot(start_frame=0, end_frame=30, picture="first", opens_whole=True, moves=STATIC)

    frames = _frames(_plan(shot), portrait)

    changed = cv2.absdiff(frames[0], frames[20]).max(axis=-1)
    assert changed[:40, :80].max() == 0  # the flag
    assert changed[60:, 150:250].max() > 8  # the person
    assert 0.02 < (changed > 4).mean() < 0.6


def test_a_fixed_camera_is_still_and_the_picture_lives_unless_time_stands_still(landscape: Frame) -> None:
    alive = Shot(start_frame=0, end_frame=10, picture="first", opens_whole=True, moves=STATIC)
    frozen = alive.model_copy(update={"text": "A freeze-frame."})

    living, still = (_frames(_plan(shot), landscape) for shot in (alive, frozen))

    assert np.array_equal(living[0], still[0])
    assert not any(np.array_equal(before, after) for before, after in itertools.pairwise(living))
    assert all(np.array_equal(still[0], frame) for frame in still)


@pytest.mark.parametrize(
    "move",
    [
        CameraMove(kind="pan", direction="left", amount="large", speed="fast"),
        CameraMove(kind="track", direction="right", amount="large", speed="fast"),
        CameraMove(kind="roll", direction="clockwise", amount="large", speed="fast"),
        CameraMove(kind="dolly", direction="out", amount="large", speed="fast"),
        CameraMove(kind="dolly_zoom", direction="in", amount="large", speed="fast"),
        CameraMove(kind="handheld", amount="large"),
    ],
)
def test_no_border_is_ever_seen(move: CameraMove) -> None:
    white = np.full((400, 700, 3), 250, np.uint8)
    shot = Shot(start_frame=0, end_frame=12, picture="first", opens_whole=True, moves=(move,))

    frames = _frames(_plan(shot), white)

    assert min(int(frame.min()) for frame in frames) > 240


def test_a_pan_to_the_right_shows_what_lies_there(landscape: Frame) -> None:
    pan = CameraMove(kind="pan", direction="right", amount="large")
    shot = Shot(start_frame=0, end_frame=30, picture="first", opens_whole=True, moves=(pan,))

    frames = _frames(_plan(shot), landscape)

    greys = [cv2.cvtColor(frames[index], cv2.COLOR_RGB2GRAY) for index in (10, 20)]
    start = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow = cv2.DISOpticalFlow.create().calc(greys[0], greys[1], start)
    assert float(np.median(flow[..., 0])) < -1


def test_the_same_seed_gives_the_same_frames_and_another_differs(portrait: Frame) -> None:
    shot = Shot(start_frame=0, end_frame=24, picture="first", opens_whole=True)

    first, again = (_frames(_plan(shot, seed=1), portrait) for _ in range(2))
    others = [_frames(_plan(shot, seed=seed), portrait) for seed in (2, 3, 4)]

    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert max(_difference(first[-1], other[-1]) for other in others) > 1.5


def test_the_old_shot_keeps_moving_under_a_dissolve(landscape: Frame) -> None:
    plan = _plan(
        Shot(start_frame=0, end_frame=12, picture="first", opens_whole=True),
        Shot(
            start_frame=12,
            end_frame=24,
            picture="first",
            framing=Framing(size="close_up"),
            transition="dissolve",
            transition_frames=8,
        ),
    )

    frames = _frames(plan, landscape)

    steps = [_difference(one, other) for one, other in itertools.pairwise(frames)]
    assert max(steps[11:20]) < 12  # no jump where a cut would be


def test_progress_is_told_and_a_cancel_passes_through(landscape: Frame) -> None:
    told: list[tuple[str, int, int]] = []

    def tick(stage: str, done: int, total: int) -> None:
        told.append((stage, done, total))
        if stage == "picture" and done == 5:
            raise Canceled("stopped")

    plan = _plan(Shot(start_frame=0, end_frame=24, picture="first", opens_whole=True))
    with pytest.raises(Canceled):
        for shot in render_shots(plan, understand_pictures(plan, Inputs(landscape), tick), tick):
            list(shot.frames)

    assert told[0] == ("analysis", 0, 4)
    assert ("analysis", 4, 4) in told
    assert told[-1] == ("picture", 5, 24)


def test_the_first_shot_is_prepared_at_once_and_the_next_beside_the_last_frames_of_this_one(
    landscape: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = []
    prepare = ShotFilm.prepare

    def note(film: ShotFilm) -> None:
        prepared.append(len(film))
        prepare(film)

    monkeypatch.setattr(ShotFilm, "prepare", note)
    plan = _plan(
        Shot(start_frame=0, end_frame=30, picture="first", opens_whole=True),
        Shot(start_frame=30, end_frame=53, picture="first"),
    )
    scenes = understand_pictures(plan, Inputs(landscape), no_tick)
    first, second = render_shots(plan, scenes, no_tick)

    assert prepared == [30]
    list(itertools.islice(first.frames, 29))
    assert prepared == [30, 23]
    list(first.frames)
    assert len(list(second.frames)) == 23
    assert prepared == [30, 23]


def test_an_extreme_close_up_stays_on_the_eyes(portrait: Frame, monkeypatch: pytest.MonkeyPatch) -> None:
    framing = Framing(size="extreme_close_up", subject="her eyes")
    shot = Shot(start_frame=0, end_frame=30, picture="first", framing=framing, moves=STATIC)
    plan = _plan(shot)
    picture = fit(portrait, WIDTH, HEIGHT)
    scene = understand_pictures(plan, Inputs(picture, None), no_tick)["first", Framing()]
    paths: list[Sequence[Pose]] = []
    monkeypatch.setattr(shots, "set_up", lambda *setting, **_: paths.append(setting[3]))

    shots.film_shot(plan, shot, scene, tail=0, opens_whole=False, closes_whole=False)

    view = frame_view(scene, framing)
    assert (paths[0][-1].x, paths[0][-1].y) == pytest.approx((view.x, view.y))


@pytest.mark.parametrize("seed", range(4))
def test_a_move_that_nobody_told_keeps_all_faces_in_view(portrait: Frame, seed: int) -> None:
    person = portrait[:300, 165:425]
    couple = np.hstack([person, person[:, ::-1]])

    frames = _frames(
        _plan(Shot(start_frame=0, end_frame=120, picture="first", opens_whole=True), seed=seed), couple
    )

    first, last = (find_faces(frames[at]) for at in (0, -1))
    assert len(last) == len(first) == 2
    for face in last:
        left, _, width, _ = face.box
        assert left > 0
        assert left + width < WIDTH


@pytest.mark.parametrize(("ground", "turns"), [((40, 90, 150), False), ((190, 150, 110), True)])
def test_a_thing_turns_on_the_ground_and_stands_still_in_moving_water(
    ground: tuple[int, int, int], turns: bool
) -> None:
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    picture = np.full((HEIGHT, WIDTH, 3), 235, np.uint8)
    picture[90:] = np.array(ground) + (6 * np.sin(y[90:] / 2.0))[..., None]
    boat = np.hypot((x - 216) / 70, (y - 120) / 40) < 1
    picture[boat] = (90 + 60 * (x // 8 % 2))[boat, None]
    alpha = np.asarray(cv2.GaussianBlur(np.where(boat, 255, 0).astype(np.uint8), (0, 0), 0.8), np.uint8)
    scene = understand(picture, WIDTH, HEIGHT, lambda: None)
    cut = Cut(alpha, fill_behind(picture, alpha))
    depth = Depth(scene.depth.background, np.ones_like(scene.depth.background))
    scene = replace(scene, matte=Matte(alpha, "object"), cuts=(cut,), depth=depth, known_look=None)
    shot = Shot(start_frame=0, end_frame=48, picture="first", moves=STATIC, text="The boat lies there.")

    film = film_shot(_plan(shot), shot, scene, tail=0, opens_whole=False, closes_whole=False)

    inside = slice(105, 135), slice(170, 262)
    assert (_difference(film.frame(10)[inside], film.frame(40)[inside]) > 0) == turns


def _zooms(scene: Scene, move: CameraMove) -> list[float]:
    shot = Shot(start_frame=0, end_frame=120, picture="first", moves=(move,))
    film = film_shot(_plan(shot), shot, scene, tail=0, opens_whole=True, closes_whole=False)
    return [pose.zoom for pose in film._poses]


def test_a_pull_out_is_one_move_after_a_moment_and_ends_on_the_whole(landscape: Frame) -> None:
    scene = understand(landscape, WIDTH, HEIGHT, lambda: None)

    zooms = _zooms(scene, CameraMove(kind="zoom", direction="out"))

    assert zooms[0] == 1
    assert int(np.argmax(zooms)) < 12
    assert max(zooms) > 1.25
    assert zooms[-1] == pytest.approx(1)


def test_a_dolly_zoom_of_a_landscape_swells_all_along_without_a_push_before_it(landscape: Frame) -> None:
    scene = understand(landscape, WIDTH, HEIGHT, lambda: None)

    zooms = _zooms(scene, CameraMove(kind="dolly_zoom", direction="in"))

    assert zooms[0] == 1
    assert zooms[30] - 1 < 0.3 * (zooms[-1] - 1)
    assert zooms[-1] > 1.3
