"""Settling a spec: defaults, the size table, rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkies.errors import BadOption
from talkies.spec import MAX_SEED, RATIOS, SIZES, PictureFacts, nearest_ratio, settle

WIDE = PictureFacts("a" * 64, 1600, 900)
TALL = PictureFacts("b" * 64, 900, 1600)


@pytest.mark.parametrize(
    ("resolution", "ratio", "size"),
    [
        ("480p", "16:9", (864, 496)),
        ("480p", "21:9", (992, 432)),
        ("720p", "4:3", (1112, 834)),
        ("720p", "3:4", (834, 1112)),
        ("1080p", "9:16", (1080, 1920)),
        ("1080p", "21:9", (2206, 946)),
    ],
)
def test_sizes_are_those_of_the_published_table(resolution: str, ratio: str, size: tuple[int, int]) -> None:
    assert settle(prompt="x", first_frame=WIDE, resolution=resolution, ratio=ratio).size == size


def test_every_size_is_even_so_that_chroma_can_be_halved() -> None:
    assert all(side % 2 == 0 for row in SIZES.values() for size in row.values() for side in size)


@pytest.mark.parametrize("ratio", RATIOS)
def test_a_picture_of_a_published_shape_gets_that_ratio(ratio: str) -> None:
    across, down = map(int, ratio.split(":"))

    assert nearest_ratio(across * 40, down * 40) == ratio


@given(st.integers(64, 6000), st.integers(64, 6000))
def test_turning_a_picture_turns_its_ratio(width: int, height: int) -> None:
    across, down = nearest_ratio(width, height).split(":")

    if width / height < 2:  # 21:9 has no tall twin
        turned = nearest_ratio(height, width)
        assert turned == f"{down}:{across}" or height / width >= 16 / 9


def test_adaptive_prefers_the_first_frame_to_the_last() -> None:
    assert settle(prompt="x", first_frame=TALL, last_frame=WIDE).ratio == "9:16"
    assert settle(prompt="x", last_frame=WIDE).ratio == "16:9"


def test_an_open_seed_is_drawn_and_a_given_one_is_kept() -> None:
    drawn = {settle(prompt="x", first_frame=WIDE).seed for _ in range(8)}

    assert len(drawn) > 1
    assert settle(prompt="x", first_frame=WIDE, seed=MAX_SEED).seed == MAX_SEED


@pytest.mark.parametrize("duration", [-1, 4, 12])
def test_allowed_durations_are_kept(duration: int) -> None:
    assert settle(prompt="x", first_frame=WIDE, duration=duration).duration_s == duration


@pytest.mark.parametrize(
    ("wish", "parameter", "hint"),
    [
        ({"prompt": "  "}, "prompt", "1 to 10000"),
        ({"prompt": "x" * 10_001}, "prompt", "10000"),
        ({"duration": 3}, "duration", "4 to 12"),
        ({"duration": 13}, "duration", "-1"),
        ({"duration": 0}, "duration", "4 to 12"),
        ({"seed": -2}, "seed", "-1"),
        ({"seed": 2**32}, "seed", str(MAX_SEED)),
        ({"resolution": "4k"}, "resolution", "480p, 720p, 1080p"),
        ({"ratio": "2:1"}, "ratio", "adaptive"),
        ({"first_frame": None}, "first_frame", "last frame"),
    ],
)
def test_a_broken_rule_names_the_parameter_and_what_is_allowed(
    wish: dict[str, object], parameter: str, hint: str
) -> None:
    with pytest.raises(BadOption, match=hint) as caught:
        settle(**{"prompt": "x", "first_frame": WIDE, **wish})  # type: ignore[arg-type]

    assert caught.value.parameter == parameter
    assert str(caught.value).startswith(f"{parameter}: ")
