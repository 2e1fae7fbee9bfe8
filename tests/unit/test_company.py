"""Faces in the pixels of a texture, for one frame at a time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import numpy as np

from talkies.engines.animatic.living.company import Drawing, FaceRig
from talkies.engines.animatic.living.expression import Expression
from talkies.engines.animatic.living.eyes import Eyes
from talkies.engines.animatic.living.mouth import Mouth
from talkies.engines.animatic.optics.textures import Pixels


@dataclass
class _Brighter:
    """A feature that brightens its box by as much as the expression speaks."""

    box: tuple[int, int, int, int]

    def draw(self, part: Pixels, expression: Expression) -> Pixels:
        return part + np.uint8(round(expression.speaking)) if expression.speaking else part


def _rig(eyes: tuple[int, int, int, int], mouth: tuple[int, int, int, int]) -> FaceRig:
    return FaceRig(cast(Eyes, _Brighter(eyes)), cast(Mouth, _Brighter(mouth)))


def test_faces_are_drawn_over_one_another_and_then_gone() -> None:
    texture = np.full((20, 20, 3), 100, np.uint8)
    drawing = Drawing([(0, _rig((2, 2, 8, 8), (2, 6, 8, 12))), (1, _rig((6, 2, 12, 8), (0, 0, 0, 0)))])

    with drawing.made(lambda: texture, lambda number: Expression(speaking=1 + number)) as pixels:
        shown = pixels[..., 0].copy()

    assert shown[3, 3] == shown[10, 3] == 101
    assert shown[7, 3] == 102
    assert shown[3, 10] == 102
    assert shown[3, 7] == 103
    assert shown[15, 15] == 100
    assert (texture == 100).all()


def test_a_face_is_drawn_while_another_frame_is_read() -> None:
    texture = np.full((20, 20, 3), 100, np.uint8)
    drawing = Drawing([(0, _rig((2, 2, 8, 8), (0, 0, 0, 0)))])
    asked: list[int] = []

    def speak(number: int) -> Expression:
        asked.append(number)
        return Expression(speaking=2)

    def read() -> int:
        with drawing.made(lambda: texture, speak) as pixels:
            return int(pixels[3, 3, 0])

    with ThreadPoolExecutor(2) as pool:
        with drawing.made(lambda: texture, lambda _: Expression(speaking=1)) as pixels:
            drawn = pool.submit(_wait_for, asked)
            other = pool.submit(read)
            assert drawn.result(5)
            assert pixels[3, 3, 0] == 101
        assert other.result(5) == 102


def _wait_for(asked: list[int]) -> bool:
    """Wait up to two seconds until something was asked."""
    for _ in range(200):
        if asked:
            return True
        time.sleep(0.01)
    return False
