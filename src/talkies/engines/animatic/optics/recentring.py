"""Faces that the centred crop cuts off: another window of the same picture, for the shots that look at them.

The video's first and last frame are the centred crop, whatever it cuts off. A close-up later in the clip is
free to look at the rest of the caller's picture.
"""

from __future__ import annotations

import cv2
import numpy as np

from talkies.engines.animatic.optics.framing import choose_face
from talkies.engines.animatic.vision.faces import Face
from talkies.engines.animatic.vision.studies import search
from talkies.fitting import crop_box
from talkies.media import Frame

_SEARCH_SIDE = 1280  # pixels of the picture in which faces are looked for
_HEADROOM = 0.55  # of the face's height above its box: forehead and hair
_FACE_PLACE = 0.42  # of the window's height: the middle of the face


def recentre(source: Frame, width: int, height: int, subject: str) -> Frame | None:
    """Cut the largest window of the video's shape that shows a face whole.

    Args:
        source: the caller's picture, `(height, width, 3)` uint8 RGB.
        width: of the video.
        height: of the video.
        subject: the prompt's words for what is framed; they choose among several faces.

    Returns None when the centred crop shows the face already, or when there is none.
    """
    scale = min(1.0, _SEARCH_SIDE / max(source.shape[:2]))
    small = cv2.resize(source, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    face = choose_face(search(np.asarray(small, np.uint8)), subject)
    if face is None:
        return None
    x, y, across, down = crop_box(source.shape[1], source.shape[0], width, height)
    left, top, right, bottom = _head(face, scale)
    if x <= left and right <= x + across and y <= top and bottom <= y + down:
        return None
    middle_x, middle_y = face.centre[0] / scale, face.centre[1] / scale
    new_x = round(np.clip(middle_x - across / 2, 0, source.shape[1] - across))
    new_y = round(np.clip(middle_y - _FACE_PLACE * down, 0, source.shape[0] - down))
    if new_x == round(x) and new_y == round(y):
        return None
    return np.ascontiguousarray(source[new_y : new_y + int(down), new_x : new_x + int(across)])


def _head(face: Face, scale: float) -> tuple[float, float, float, float]:
    """Give the head's left, top, right and bottom in source pixels; its top is at least the picture's."""
    x, y, width, height = (value / scale for value in face.box)
    return x, max(y - _HEADROOM * height, 0.0), x + width, y + height
