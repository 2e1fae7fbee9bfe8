"""One picture, understood: what a camera needs to know before it moves through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import InitVar, dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.vision.depth import Depth, estimate_depth
from talkies.engines.animatic.vision.faces import Face, find_faces
from talkies.engines.animatic.vision.horizons import Landscape
from talkies.engines.animatic.vision.land import cut_land
from talkies.engines.animatic.vision.matte import Matte, subject_matte
from talkies.engines.animatic.vision.plate import Cut, claim, fill_behind
from talkies.engines.animatic.vision.skyline import cut_skyline
from talkies.fitting import crop_box, fit
from talkies.media import Frame

ANALYSIS_STEPS = 4
LayerKind = Literal["subject", "ground", "sky"]
"""What a layer shows: what its matte cut out, what is around that or is all there is, a sky of its own."""

_OPEN_SKY = 0.4  # confidence of a sky that makes a picture a landscape
_WIDE = 0.4  # of the picture's width

_SWELLING = 0.45  # inverse depth, by which what a dolly zoom holds is nearer than the middle distance
_THING_SIZE = 0.15  # picture widths: of what the camera goes towards where there is no face


@dataclass(frozen=True)
class Scene:
    """A picture in layers.

    `source` is the caller's picture as it came, `prepared` the same at the video's size; faces, matte and
    cuts are in prepared pixels. `cuts` take layer after layer off the picture, nearest first: the subject, if
    there is a matte, else what stands before an open sky, of which the last plate is left. Each is a cut of
    the plate before. `known_look` is what `look` gives, where it has been used already.
    """

    source: Frame
    prepared: Frame
    faces: tuple[Face, ...]
    matte: Matte | None
    cuts: tuple[Cut, ...]
    depth: Depth
    known_look: InitVar[Landscape | None] = None

    def __post_init__(self, known_look: Landscape | None) -> None:
        if known_look is not None:
            self.__dict__["look"] = known_look

    @cached_property
    def look(self) -> Landscape:
        """What the prepared picture looks like around its subject, with its sky and far shore."""
        return Landscape(self.prepared, None if self.matte is None else self.matte.alpha)

    @property
    def kinds(self) -> tuple[LayerKind, ...]:
        """What each layer is, nearest first."""
        if self.matte is not None:
            return "subject", "ground"
        ground: tuple[LayerKind, ...] = ("ground",)
        return (*ground * len(self.cuts), "sky") if self.cuts else ground

    @property
    def plate(self) -> Frame:
        """The farthest layer: the picture without anything that was cut off it."""
        return self.cuts[-1].plate if self.cuts else self.prepared

    @property
    def is_open(self) -> bool:
        """Tell whether the sky is a layer of its own."""
        return self.kinds[-1] == "sky"

    @property
    def land(self) -> NDArray[np.uint8] | None:
        """The alpha of all that stands before a sky with a layer of its own; None without one."""
        if not self.is_open:
            return None
        return np.asarray(np.maximum.reduce([cut.alpha for cut in self.cuts]), np.uint8)

    @property
    def flat(self) -> Scene:
        """The same scene with land and sky in one layer, that bends at the skyline."""
        if not self.is_open:
            return self
        return replace(self, cuts=(), depth=replace(self.depth, land=(), ridges=()), known_look=self.look)

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

    def nearness(self, point: tuple[float, float]) -> float:
        """Give the mean inverse depth of what lies at a point in picture widths from the centre.

        Of the subject, if there is one, and over as much of it as the largest face is large.
        """
        field = self.depth.background if self.depth.subject is None else self.depth.subject
        rows, columns = field.shape
        reach = 0.5 * (self.faces[0].size / self.width if self.faces else _THING_SIZE) * columns
        row = (point[1] * self.width / self.height + 0.5) * rows
        column = (point[0] + 0.5) * columns
        above, below = (min(max(round(edge), 0), rows - 1) for edge in (row - reach, row + reach))
        left, right = (min(max(round(edge), 0), columns - 1) for edge in (column - reach, column + reach))
        return float(field[above : below + 1, left : right + 1].mean())

    @property
    def hold(self) -> float:
        """The inverse depth of what a dolly zoom keeps at its size where nobody stands out.

        Of the ground at the rim, behind which all swells; in a flat picture nearer than its middle distance.
        """
        field = self.depth.background
        rim = max(side.max() for side in (field[0], field[-1], field[:, 0], field[:, -1]))
        return float(max(rim, np.median(field) + _SWELLING))


def understand(source: Frame, width: int, height: int, step: Callable[[], None]) -> Scene:
    """Analyse a picture for a video of `width` by `height`.

    `step` is called `ANALYSIS_STEPS` times on the way, so that the caller can report progress and cancel.
    """
    prepared = fit(source, width, height)
    step()
    faces = find_faces(prepared)
    step()
    matte, look = subject_matte(prepared, faces), Landscape(prepared, None)
    if matte is not None and matte.kind == "object" and _is_part_of_landscape(look, matte):
        matte = None
    step()
    cuts: tuple[Cut, ...] = ()
    if matte is not None:
        plate = fill_behind(prepared, matte.alpha)
        matte = replace(matte, alpha=claim(prepared, plate, matte.alpha, guessed=True))
        cuts = (Cut(matte.alpha, plate),)
        look = Landscape(prepared, matte.alpha)
    depth = estimate_depth(look, matte, faces)
    if depth.land and look.sky is not None:
        skyline = cut_skyline(prepared, look.sky)
        if skyline is None:
            depth = replace(depth, land=(), ridges=())
        else:
            cuts = cut_land(look, depth.ridges, skyline)
    scene = Scene(source, prepared, faces, matte, cuts, depth, look)
    step()
    return scene


def _is_part_of_landscape(look: Landscape, matte: Matte) -> bool:
    """Tell whether an object is land under an open sky: a ridge, a far shore, not a thing to take off it."""
    _, _, width, _ = matte.box
    if width <= _WIDE * look.frame.shape[1]:
        return False
    return look.sky is not None and look.sky.confidence > _OPEN_SKY
