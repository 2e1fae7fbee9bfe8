import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from talkies.engines.animatic.optics.cover import Cover, Showing, Span, visible_strips, whole_strip
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
    layer, background = visible_strips([Cover(alpha).showing(grids)], WIDTH, HEIGHT)
    seen = [sample(alpha, enlarge_grid(grid, WIDTH, HEIGHT), cv2.BORDER_REPLICATE) for grid in grids]
    assert [strip.top for strip in layer] == [0, *(strip.bottom for strip in layer[:-1])]
    assert layer[-1].bottom == HEIGHT
    for before, behind in zip(layer, background, strict=True):
        assert (before.top, before.bottom) == (behind.top, behind.bottom)
        rows = slice(before.top, before.bottom)
        bare, covered, shared = map(_columns, (behind.seen, before.seen, before.shared))
        for shown in seen:
            assert (shown[rows, ~bare] == 255).all()
            assert (shown[rows, ~covered] == 0).all()
            assert (shown[rows, covered & ~shared] == 255).all()


def test_what_an_opaque_subject_hides_is_not_read() -> None:
    alpha = np.zeros((HEIGHT * DENSITY, WIDTH * DENSITY), np.uint8)
    alpha[:, 400:1000] = 255
    layer, background = visible_strips([Cover(alpha).showing([_grid(1, 0, 0, 0)])], WIDTH, HEIGHT)
    for strip in background:
        left, right = strip.seen
        assert 200 < left[1] < 260
        assert 440 < right[0] < 500
    for strip in layer:
        (span,) = strip.seen
        assert 140 < span[0] < 200
        assert 500 < span[1] < 560


def _upright(left: int, right: int) -> Showing:
    """Show a layer in some of the grid's columns, softly beside them."""
    nodes = np.zeros((HEIGHT // STEP + 2, WIDTH // STEP + 2), bool)
    nodes[:, left + 1 : right + 1] = True
    return Showing(np.asarray(cv2.erode(nodes.astype(np.uint8), np.ones((1, 3))) > 0), nodes)


def test_what_any_nearer_layer_hides_is_not_read() -> None:
    near, far, background = visible_strips([_upright(40, 81), _upright(20, 60)], WIDTH, HEIGHT)

    assert {strip.seen for strip in near} == {((320, 640),)}
    assert {strip.seen for strip in far} == {((160, 328),)}
    assert {strip.shared for strip in far} == {((160, 168),)}
    assert {strip.seen for strip in background} == {((0, 168),)}


def test_spans_lie_on_the_grid() -> None:
    rng = np.random.default_rng(5)
    alpha = np.asarray(255 * (cv2.GaussianBlur(rng.normal(size=(704, 1280)), (0, 0), 40) > 0), np.uint8)
    cut = visible_strips([Cover(alpha).showing([_grid(1.3, 20, -9, 3)])], WIDTH, HEIGHT)
    starts = [span[0] for strips in cut for strip in strips for span in (*strip.seen, *strip.shared)]
    assert not np.any(np.array([*starts, *(strip.top for strips in cut for strip in strips)]) % STEP)


def test_without_a_layer_everything_behind_is_seen_and_a_whole_strip_shows_everything_of_both() -> None:
    (strips,) = visible_strips([], WIDTH, HEIGHT)
    assert {strip.seen for strip in strips} == {((0, WIDTH),)}
    assert sum(strip.bottom - strip.top for strip in strips) == HEIGHT
    (whole,) = whole_strip(WIDTH, HEIGHT)
    assert whole.seen == whole.shared == ((0, WIDTH),)
