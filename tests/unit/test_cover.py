import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from talkies.engines.animatic.optics.cover import Cover, Span, bare_strips, mixed_strip
from talkies.engines.animatic.optics.projection import STEP, Grid, Lens, enlarge_grid, sample

WIDTH, HEIGHT = 640, 352
DENSITY = 2


def _grid(zoom: float, shift_x: float, shift_y: float, wave: float) -> Grid:
    """Give what the output's nodes read of a texture of twice the output's size."""
    lens = Lens(WIDTH, HEIGHT, (0.0, 0.0))
    pixels = lens.to_pixels(lens.nodes())
    middle = np.array([WIDTH / 2, HEIGHT / 2], np.float32)
    moved = (pixels - middle) / np.float32(zoom) + middle + np.array([shift_x, shift_y], np.float32)
    moved += np.float32(wave) * np.sin(moved[..., ::-1] / 40)
    return np.asarray(moved * DENSITY, np.float32)


def _columns(spans: tuple[Span, ...]) -> NDArray[np.bool_]:
    inside = np.zeros(WIDTH, bool)
    for left, right in spans:
        inside[left:right] = True
    return inside


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    zoom=st.floats(0.6, 3),
    shift=st.tuples(st.floats(-90, 90), st.floats(-90, 90)),
    wave=st.floats(0, 12),
)
def test_nothing_that_is_seen_is_left_out(
    seed: int, zoom: float, shift: tuple[float, float], wave: float
) -> None:
    rng = np.random.default_rng(seed)
    alpha = np.zeros((HEIGHT * DENSITY, WIDTH * DENSITY), np.uint8)
    for _ in range(3):
        centre = rng.integers(0, alpha.shape[::-1])
        cv2.ellipse(alpha, centre.tolist(), rng.integers(20, 400, 2).tolist(), 30, 0, 360, 255, -1)
    alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 2), np.uint8)
    for grey in (0, 255):  # a crack and a hair, narrower than the way between two nodes
        start, end = rng.integers(0, alpha.shape[::-1], (2, 2))
        cv2.line(alpha, start.tolist(), end.tolist(), grey, 2)
    grids = [_grid(zoom, *shift, wave), _grid(zoom, shift[0] + 3, shift[1], wave)]
    strips = Cover(alpha).strips(grids, WIDTH, HEIGHT)
    seen = [sample(alpha, enlarge_grid(grid, WIDTH, HEIGHT), cv2.BORDER_REPLICATE) for grid in grids]
    assert [strip.top for strip in strips] == [0, *(strip.bottom for strip in strips[:-1])]
    assert strips[-1].bottom == HEIGHT
    for strip in strips:
        rows = slice(strip.top, strip.bottom)
        behind, before, shared = map(_columns, (strip.behind, strip.before, strip.shared))
        for shown in seen:
            assert (shown[rows, ~behind] == 255).all()
            assert (shown[rows, ~before] == 0).all()
            assert (shown[rows, before & ~shared] == 255).all()


def test_what_an_opaque_subject_hides_is_not_read() -> None:
    alpha = np.zeros((HEIGHT * DENSITY, WIDTH * DENSITY), np.uint8)
    alpha[:, 400:1000] = 255
    strips = Cover(alpha).strips([_grid(1, 0, 0, 0)], WIDTH, HEIGHT)
    for strip in strips:
        (behind_left, behind_right), (before,) = strip.behind, strip.before
        assert 200 < behind_left[1] < 260
        assert 440 < behind_right[0] < 500
        assert 140 < before[0] < 200
        assert 500 < before[1] < 560


def test_spans_lie_on_the_grid() -> None:
    rng = np.random.default_rng(5)
    alpha = np.asarray(255 * (cv2.GaussianBlur(rng.normal(size=(704, 1280)), (0, 0), 40) > 0), np.uint8)
    for strip in Cover(alpha).strips([_grid(1.3, 20, -9, 3)], WIDTH, HEIGHT):
        starts = [span[0] for spans in (strip.behind, strip.before, strip.shared) for span in spans]
        assert not np.any(np.array([strip.top, *starts]) % STEP)


def test_without_a_layer_everything_behind_is_seen_and_mixed_everything_of_both() -> None:
    assert {strip.behind for strip in bare_strips(WIDTH, HEIGHT)} == {((0, WIDTH),)}
    assert sum(strip.bottom - strip.top for strip in bare_strips(WIDTH, HEIGHT)) == HEIGHT
    (whole,) = mixed_strip(WIDTH, HEIGHT)
    assert whole.behind == whole.before == whole.shared == ((0, WIDTH),)
