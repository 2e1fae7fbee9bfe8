"""Pictures that were understood lately: another clip of the same picture begins at once.

People try a picture with one prompt and seed after another; analysing it costs as much as a second of film.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from threading import Lock

import numpy as np

from talkies.engines.animatic.vision.faces import Face, find_faces
from talkies.engines.animatic.vision.scene import ANALYSIS_STEPS, Scene, understand
from talkies.heap import release_heap
from talkies.media import Frame

_KEPT_BYTES = 60_000_000  # of scenes, beyond the newest
_KEPT_SEARCHES = 16
_KEPT: dict[tuple[bytes, int, int], Scene] = {}  # the newest last
_SEARCHES: dict[bytes, tuple[Face, ...]] = {}  # the newest last
_LOCK = Lock()


def study(source: Frame, width: int, height: int, step: Callable[[], None]) -> Scene:
    """Understand a picture (see `understand`), or remember how it was understood before."""
    key = (_digest(source), width, height)
    with _LOCK:
        scene = _KEPT.pop(key, None)
    if scene is None:
        scene = understand(source, width, height, step)
        release_heap()  # nets and filters leave as much behind as a film needs
    else:
        for _ in range(ANALYSIS_STEPS):
            step()
    with _LOCK:
        while _KEPT and sum(map(_size, _KEPT.values())) > _KEPT_BYTES:
            _KEPT.pop(next(iter(_KEPT)))
        _KEPT[key] = scene
    return scene


def search(picture: Frame) -> tuple[Face, ...]:
    """Find the faces of a picture (see `find_faces`), or remember those found before."""
    key = _digest(picture)
    with _LOCK:
        faces = _SEARCHES.pop(key, None)
    if faces is None:
        faces = find_faces(picture)
    with _LOCK:
        _SEARCHES[key] = faces
        while len(_SEARCHES) > _KEPT_SEARCHES:
            _SEARCHES.pop(next(iter(_SEARCHES)))
    return faces


def _digest(picture: Frame) -> bytes:
    digest = sha256(repr(picture.shape).encode())
    digest.update(np.ascontiguousarray(picture).data)
    return digest.digest()


def _size(scene: Scene) -> int:
    layers = sum(cut.alpha.nbytes + cut.plate.nbytes for cut in scene.cuts)
    return scene.source.nbytes + scene.prepared.nbytes + layers
