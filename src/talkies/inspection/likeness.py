"""How like two pictures are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.fitting import fit
from talkies.inspection.report import Likeness
from talkies.media import Frame

_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2  # Wang et al. 2004, section III.C
_WINDOW_PX, _WINDOW_SIGMA = 11, 1.5


def compare(frame: Frame, picture: Frame) -> Likeness:
    """Compare a frame with the picture that it shall show, which is fitted to its size first."""
    height, width = frame.shape[:2]
    wanted = fit(picture, width, height)
    frame_y, wanted_y = (
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) for image in (frame, wanted)
    )
    right, down = shift_px(wanted_y, frame_y)
    return Likeness(
        ssim=ssim(frame_y, wanted_y),
        psnr_db=psnr_db(frame, wanted),
        mean_delta_e=mean_delta_e(frame, wanted),
        shift_right_px=right,
        shift_down_px=down,
    )


def ssim(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Mean structural similarity of two luma planes `(height, width)`, levels 0 to 255.

    >>> plane = np.arange(400, dtype=np.float32).reshape(20, 20) / 2
    >>> ssim(plane, plane)
    1.0

    Source: Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004:
    11 × 11 Gaussian window of sigma 1.5; windows that reach over the rim are left out where there is room.
    """

    def local_mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(values, (_WINDOW_PX, _WINDOW_PX), _WINDOW_SIGMA), np.float32)

    mean_a, mean_b = local_mean(a), local_mean(b)
    variance_a = local_mean(a * a) - mean_a * mean_a
    variance_b = local_mean(b * b) - mean_b * mean_b
    covariance = local_mean(a * b) - mean_a * mean_b
    likeness = ((2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)) / (
        (mean_a * mean_a + mean_b * mean_b + _C1) * (variance_a + variance_b + _C2)
    )
    rim = _WINDOW_PX // 2
    inner = likeness[rim:-rim, rim:-rim]
    return float((inner if inner.size else likeness).mean(dtype=np.float64))


def psnr_db(a: Frame, b: Frame) -> float | None:
    """Peak signal-to-noise ratio over the RGB values in dB; None when the pictures are identical."""
    squared_error = float(cv2.norm(a, b, cv2.NORM_L2SQR)) / a.size
    return 10 * float(np.log10(255**2 / squared_error)) if squared_error else None


def mean_delta_e(a: Frame, b: Frame) -> float:
    """Mean colour difference after CIE 1976: the distance in L*a*b* (D65, sRGB)."""
    lab_a, lab_b = (cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for image in (a, b))
    return float(np.linalg.norm(lab_a - lab_b, axis=2).mean())


def shift_px(reference: NDArray[np.float32], moved: NDArray[np.float32]) -> tuple[float, float]:
    """How far `moved` lies right of and below `reference`, in pixels, by phase correlation.

    Plain pictures have no shift: (0, 0).
    """
    if reference.std() < 1 or moved.std() < 1:
        return 0.0, 0.0
    window = cv2.createHanningWindow(reference.shape[::-1], cv2.CV_32F) if min(reference.shape) > 1 else None
    (right, down), _ = cv2.phaseCorrelate(reference, moved, window)
    return float(right), float(down)
