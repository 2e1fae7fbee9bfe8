"""The small nets that come with talkies, loaded once."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files

import cv2


@cache
def load_net(name: str) -> cv2.dnn.Net:
    """Load a TFLite net of `talkies.weights` by its name without suffix; later calls return the same net.

    A net keeps its last input, so one net must not be used from two threads at once.
    """
    with as_file(files("talkies.weights") / f"{name}.tflite") as path:
        return cv2.dnn.readNetFromTFLite(str(path))
