"""The small nets that come with talkies, loaded once."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files

import cv2


@cache
def load_net(name: str, form: str = "tflite") -> cv2.dnn.Net:
    """Load a net of `talkies.weights`, `name.form`; later calls return the same net.

    A net keeps its last input, so one net must not be used from two threads at once.
    """
    with as_file(files("talkies.weights") / f"{name}.{form}") as path:
        return cv2.dnn.readNet(str(path))
