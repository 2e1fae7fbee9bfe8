"""The background plate: the picture with its subject taken out and the gap filled.

Only the gap's rim is ever seen, when parallax uncovers it, so the rim continues the texture beside it: each
pixel is mirrored across the subject's outline. Deeper inside, the mirror fades to smooth inpainting.

Source of the inpainting: Telea, "An Image Inpainting Technique Based on the Fast Marching Method", 2004.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.media import Frame

_WORKING_SIDE = 320  # pixels, the longer side of the copy that is inpainted
_MARGIN = 0.010  # of the longer side: filled as well, beyond the subject's soft edge
_MIRROR_DEPTH = 0.05  # of the longer side: where the mirrored texture has faded


def fill_behind(frame: Frame, alpha: NDArray[np.uint8]) -> Frame:
    """Fill a picture in where its subject is.

    Pixels away from the subject stay as they are.

    Args:
        frame: `(height, width, 3)` uint8, RGB.
        alpha: `(height, width)` uint8, the subject's matte.
    """
    margin = max(2, round(_MARGIN * max(frame.shape[:2])))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    gap = np.asarray(cv2.dilate(np.asarray(alpha > 8, np.uint8), disc), np.uint8)
    if gap.all() or not gap.any():
        return frame
    smooth, mirrored = _inpainted(frame, gap), _mirrored(frame, gap)
    depth = cv2.distanceTransform(gap, cv2.DIST_L2, 3)
    fade = np.clip(1 - depth / (_MIRROR_DEPTH * max(frame.shape[:2])), 0, 1) * _known(mirrored)
    filled = cv2.blendLinear(
        mirrored[..., :3], smooth, fade.astype(np.float32), (1 - fade).astype(np.float32)
    )
    # The filling fades out over the margin: a matte always leaves a little of the subject's rim outside.
    outside = cv2.distanceTransform(np.asarray(alpha <= 8, np.uint8), cv2.DIST_L2, 3)
    share = np.clip((margin - outside) / (0.6 * margin), 0, 1).astype(np.float32)
    return np.asarray(cv2.blendLinear(filled, frame, share, 1 - share), np.uint8)


def claim(frame: Frame, plate: Frame, alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Raise a matte until its subject over the plate can be the photo: `photo = α·subject + (1 - α)·plate`.

    A hair darker than any mixture with the plate behind it is then the subject's own, and so is what a
    matte missed beside the outline. Only pixels change where the plate is not the photo.
    """
    soft = (alpha < 255) & (frame != plate).any(axis=-1)
    photo, behind = frame[soft].astype(np.float32), plate[soft].astype(np.float32)
    darker = (behind - photo) / np.maximum(behind, 1)
    lighter = (photo - behind) / np.maximum(255 - behind, 1)
    least = np.ceil(255 * np.maximum(darker, lighter).max(axis=-1))
    claimed = alpha.copy()
    claimed[soft] = np.maximum(alpha[soft], np.clip(least, 0, 255)).astype(np.uint8)
    return claimed


def _inpainted(frame: Frame, gap: NDArray[np.uint8]) -> Frame:
    """Inpaint a small copy and enlarge it: smooth, without texture."""
    scale = min(1.0, _WORKING_SIDE / max(frame.shape[:2]))
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small_gap = cv2.dilate(
        cv2.resize(gap, small.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.ones((3, 3))
    )
    filled = cv2.inpaint(small, small_gap, 4, cv2.INPAINT_TELEA)
    # Telea leaves streaks; far from the rim only the colour matters.
    blurred = cv2.GaussianBlur(filled, (0, 0), 3)
    softened = np.where(small_gap[..., None] > 0, blurred, filled)
    enlarged: Frame = np.asarray(
        cv2.resize(softened, frame.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8
    )
    return enlarged


def _mirrored(frame: Frame, gap: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mirror the surroundings into the gap along a smoothed distance field; RGBA, alpha 255 where known."""
    scale = min(1.0, _WORKING_SIDE / max(frame.shape[:2]))
    small_gap = cv2.resize(gap, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    depth = cv2.GaussianBlur(cv2.distanceTransform(small_gap, cv2.DIST_L2, 5), (0, 0), 3)
    slope_x, slope_y = cv2.Sobel(depth, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(depth, cv2.CV_32F, 0, 1) / 8
    steepness = np.maximum(slope_x**2 + slope_y**2, 0.05)
    size = (frame.shape[1], frame.shape[0])
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    x -= cv2.resize(2 * depth * slope_x / steepness / scale, size)
    y -= cv2.resize(2 * depth * slope_y / steepness / scale, size)
    known = np.where(gap > 0, 0, 255).astype(np.uint8)
    return np.asarray(
        cv2.remap(np.dstack([frame, known]), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101),
        np.uint8,
    )


def _known(mirrored: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Tell how far the mirror's image is free of the subject, 0 to 1, without a visible border."""
    eroded = cv2.erode(mirrored[..., 3], np.ones((5, 5)))
    return np.asarray(cv2.GaussianBlur(eroded, (0, 0), 3), np.float32) / np.float32(255)
