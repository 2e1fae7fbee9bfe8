from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from talkies.engines.animatic.vision import studies
from talkies.engines.animatic.vision.scene import ANALYSIS_STEPS
from talkies.inputs import decode_picture
from talkies.media import Frame


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studies, "_KEPT", {})
    monkeypatch.setattr(studies, "_SEARCHES", {})


def _picture(level: int, width: int = 64) -> Frame:
    ramp = np.linspace(0, level, width).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (48, width, 3)))


def _nothing() -> None:
    pass


def test_the_same_picture_is_understood_once() -> None:
    first = studies.study(_picture(200), 64, 48, _nothing)

    assert studies.study(_picture(200), 64, 48, _nothing) is first


def test_another_picture_or_size_is_understood_anew() -> None:
    first = studies.study(_picture(200), 64, 48, _nothing)

    assert studies.study(_picture(201), 64, 48, _nothing) is not first
    assert studies.study(_picture(200), 48, 48, _nothing).width == 48


def test_faces_are_looked_for_once(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = decode_picture(photo.read_bytes())
    found = studies.search(picture)
    monkeypatch.setattr(studies, "find_faces", lambda _: ())

    assert found
    assert studies.search(picture) is found
    assert studies.search(picture[:, ::-1]) == ()


def test_a_remembered_picture_reports_the_same_steps() -> None:
    steps: list[None] = []

    for _ in range(2):
        studies.study(_picture(200), 64, 48, lambda: steps.append(None))

    assert len(steps) == 2 * ANALYSIS_STEPS


def test_old_pictures_are_forgotten_when_they_take_too_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studies, "_KEPT_BYTES", 3 * 64 * 48 * 3)  # of one scene
    first, second = (studies.study(_picture(level), 64, 48, _nothing) for level in (100, 200))

    studies.study(_picture(250), 64, 48, _nothing)

    assert studies.study(_picture(200), 64, 48, _nothing) is second
    assert studies.study(_picture(100), 64, 48, _nothing) is not first
