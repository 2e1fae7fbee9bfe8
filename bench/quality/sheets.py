"""Pictures for the page: a clip's contact sheet and the speaking face in close-up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from bench.quality import faces
from bench.quality.material import Delivered, Material
from talkies.inspection import Report, contact_sheet
from talkies.media import Frame
from talkies.spec import FRAME_RATE

_WIDTH = 1200  # pixels
_QUALITY = 72  # of JPEG
_ROWS, _COLUMNS = 2, 8
_FACE_SIDE = 1.2  # of the cut, over the face's larger side


def draw_sheet(report: Report, delivered: Delivered, out: Path) -> None:
    """Write the contact sheet as a JPEG."""
    drawn = out.with_suffix(".png")
    contact_sheet(delivered.path, report, drawn)
    sheet = cv2.imread(str(drawn))
    drawn.unlink()
    assert sheet is not None
    scale = _WIDTH / sheet.shape[1]
    _write(np.asarray(cv2.resize(sheet, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)), out)


def draw_faces(material: Material, delivered: Delivered, out: Path) -> bool:
    """Write 16 neighbouring moments of the speaking face as a JPEG; False when nobody is seen to speak.

    They are two frames apart, from the middle of the first line.
    """
    lines = [line for line in material.plan.lines if not line.voice_over]
    if not lines:
        return False
    count = _ROWS * _COLUMNS
    middle = round((lines[0].start_s + lines[0].end_s) / 2 * FRAME_RATE)
    frames = delivered.frames[max(0, middle - count) :][: 2 * count : 2]
    cuts = _cuts(frames, faces.follow(frames, material.case.place))
    if len(cuts) < count:
        return False
    rows = [np.hstack(cuts[start : start + _COLUMNS]) for start in range(0, count, _COLUMNS)]
    _write(np.asarray(cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)), out)
    return True


def _cuts(frames: Sequence[Frame], seen: Sequence[faces.SeenFace | None]) -> list[Frame]:
    side = _WIDTH // _COLUMNS
    cuts = []
    for frame, found in zip(frames, seen, strict=True):
        if found is not None:
            half = _FACE_SIDE * max(found.face.box[2:]) / 2
            (x, y), scale = found.face.centre, side / (2 * half)
            matrix = np.array([[scale, 0, side / 2 - scale * x], [0, scale, side / 2 - scale * y]])
            cuts.append(
                np.asarray(cv2.warpAffine(frame, matrix, (side, side), flags=cv2.INTER_AREA), np.uint8)
            )
    return cuts


def _write(picture: cv2.typing.MatLike, out: Path) -> None:
    cv2.imwrite(str(out), picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY, cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
