"""What stands out in a picture without a net: in colour from its rim, in structure, and by its place.

Source: Hou and Zhang, "Saliency Detection: A Spectral Residual Approach", 2007.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.media import Frame


def stand_out(frame: Frame) -> NDArray[np.float32]:
    """Tell how much each pixel stands out, 0 to 1: in colour from the rim, in structure, and by its place."""
    height, width = frame.shape[:2]
    unlike_rim = _unlike_rim(frame)
    residual = np.asarray(cv2.resize(_spectral_residual(frame), (width, height)), np.float32)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    central = np.exp(-(x**2 + y**2) / 0.7)
    saliency = cv2.GaussianBlur((unlike_rim + 0.5 * residual) * central, (0, 0), max(width, height) / 60)
    scaled: NDArray[np.float32] = np.asarray(saliency / max(float(saliency.max()), 1e-6), np.float32)
    return scaled


def _unlike_rim(frame: Frame) -> NDArray[np.float32]:
    """Tell how rare each pixel's colour is at the picture's rim, 0 to 1."""
    bins = _colour_bins(frame)
    rim = _rim(frame.shape[:2])
    inside, outside = _shares(bins[~rim]), _shares(bins[rim])
    rarity: NDArray[np.float32] = (inside / (inside + outside + 1e-6))[bins]
    return rarity


def _colour_bins(frame: Frame) -> NDArray[np.intp]:
    """Sort every pixel into one of 2048 colours: 8 steps of lightness, 16 of each Lab opponent."""
    lab = cv2.cvtColor(frame, cv2.COLOR_RGB2LAB).astype(np.intp)
    opponents = np.clip((lab[..., 1:] - 64) // 8, 0, 15)
    return lab[..., 0] // 32 * 256 + opponents[..., 0] * 16 + opponents[..., 1]


def _shares(bins: NDArray[np.intp]) -> NDArray[np.float32]:
    """Give the share of pixels in each colour bin, blurred a little across neighbouring colours."""
    counts = np.bincount(bins.ravel(), minlength=2048).reshape(8, 16, 16).astype(np.float32)
    for axis in range(3):
        counts = 0.5 * counts + 0.25 * (np.roll(counts, 1, axis) + np.roll(counts, -1, axis))
    share: NDArray[np.float32] = counts.ravel() / max(float(counts.sum()), 1.0)
    return share


def _rim(size: tuple[int, int]) -> NDArray[np.bool_]:
    height, width = size
    margin = max(2, round(0.07 * min(size)))
    rim = np.ones(size, np.bool_)
    rim[margin : height - margin, margin : width - margin] = False
    return rim


def _spectral_residual(frame: Frame) -> NDArray[np.float32]:
    """Tell where a picture departs from the smooth spectrum of natural pictures; 64 pixels a side, 0 to 1."""
    grey = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (64, 64), interpolation=cv2.INTER_AREA)
    spectrum = np.fft.fft2(grey.astype(np.float64))
    log_amplitude = np.log(np.abs(spectrum) + 1e-9)
    residual = log_amplitude - cv2.blur(log_amplitude, (3, 3), borderType=cv2.BORDER_REPLICATE)
    saliency = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    smooth = cv2.GaussianBlur(saliency, (0, 0), 2.5)
    return np.asarray(smooth / max(float(smooth.max()), 1e-12), np.float32)
