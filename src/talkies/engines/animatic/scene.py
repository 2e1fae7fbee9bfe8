"""One picture, understood: what a camera needs to know before it moves through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from talkies.engines.animatic.depth import Depth, estimate_depth
from talkies.engines.animatic.faces import Face, find_faces
from talkies.engines.animatic.matte import Matte, subject_matte
from talkies.engines.animatic.plate import claim, fill_behind
from talkies.fitting import crop_box, fit
from talkies.media import Frame

ANALYSIS_STEPS = 4


@dataclass(frozen=True)
class Scene:
    """A picture in layers.

    `source` is the caller's picture as it came, `prepared` the same at the video's size; faces, matte and
    plate are in prepared pixels. Without a matte the plate is the prepared picture itself.
    """

    source: Frame
    prepared: Frame
    faces: tuple[Face, ...]
    matte: Matte | None
    plate: Frame
    depth: Depth

    @property
    def width(self) -> int:
        """Prepared pixels across."""
        return int(self.prepared.shape[1])

    @property
    def height(self) -> int:
        """Prepared pixels down."""
        return int(self.prepared.shape[0])

    @property
    def crop(self) -> tuple[float, float, float]:
        """`(x, y, density)`: where in the source the prepared picture begins; source per prepared pixels."""
        x, y, width, _ = crop_box(self.source.shape[1], self.source.shape[0], self.width, self.height)
        return x, y, width / self.width


def understand(source: Frame, width: int, height: int, step: Callable[[], None]) -> Scene:
    """Analyse a picture for a video of `width` by `height`.

    `step` is called `ANALYSIS_STEPS` times on the way, so that the caller can report progress and cancel.
    """
    prepared = fit(source, width, height)
    step()
    faces = find_faces(prepared)
    step()
    matte = subject_matte(prepared, faces)
    step()
    plate = prepared
    if matte is not None:
        plate = fill_behind(prepared, matte.alpha)
        matte = replace(matte, alpha=claim(prepared, plate, matte.alpha))
    scene = Scene(source, prepared, faces, matte, plate, estimate_depth(prepared, matte, faces))
    step()
    return scene
