"""Pictures brought to the size of the video: centred cover crop, good downscaling, super-resolution.

The cropping rule is that of the published API: keep the one side that is short of the target's ratio, cut
the other about its centre; never bars, never stretching. Source: Volcengine Ark, video generation API,
`ratio` (Seedance 1.5 pro).
"""

from __future__ import annotations

import math
from hashlib import sha256
from importlib.resources import as_file, files
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.media import Frame

if TYPE_CHECKING:
    import ncnn

MAX_ENLARGEMENT = 4.0

_NET_SCALE = 4
_NET_THREADS = 2
_NET_WORTHWHILE = 1.5  # below, sharpened Lanczos comes within 1 dB, and the net would take seconds
_TILE = 128  # source pixels a side; with its margin a tile needs at most 170 MB inside the net
_MARGIN = 16  # source pixels; the net sees 21, but what lies beyond 16 changes its output by 1 of 255 at most
_NOISE_SHARPENS_WELL = 2.0  # of 255: photographs from cameras and of film grain measure up to 1.7
_NOISE_SPOILS = 5.0  # of 255: the net takes this for texture and draws it out
_KEPT_BYTES = 40_000_000  # of super-resolved pictures, beyond the newest
_KEPT: dict[tuple[tuple[int, ...], bytes], Frame] = {}
_LOCK = Lock()
_UNSHARP_AMOUNT, _UNSHARP_RADIUS = 0.35, 1.5  # radius in pixels of the result


def crop_box(
    width: int, height: int, target_width: int, target_height: int
) -> tuple[float, float, float, float]:
    """Tell which part of a picture a video of the target size shows: `(x, y, w, h)` in source pixels.

    The edges are exact, hence float, and symmetric about the centre. `fit` shows this box to within half a
    target pixel, so a point of the picture lies at `(px - x) * target_width / w` in the fitted frame.

    >>> crop_box(1000, 1000, 1280, 720)
    (0.0, 218.75, 1000.0, 562.5)
    """
    w = min(float(width), height * target_width / target_height)
    h = min(float(height), width * target_height / target_width)
    return (width - w) / 2, (height - h) / 2, w, h


def fit(frame: Frame, width: int, height: int) -> Frame:
    """Prepare a picture for a video of `width` by `height`: crop about the centre to cover, then scale.

    Both axes are scaled alike to within half a pixel. Reduction averages areas; enlargement adds plausible
    detail (see `enlarge`). A picture of the target's size comes back as it is.

    Args:
        frame: `(h, w, 3)` uint8, RGB, of any size.
        width, height: of the result, in pixels.
    """
    left, top, right, bottom = visible_box(frame, width, height)
    trimmed = frame[top:bottom, left:right]
    scale = max(width / trimmed.shape[1], height / trimmed.shape[0])
    covering = (max(width, round(trimmed.shape[1] * scale)), max(height, round(trimmed.shape[0] * scale)))
    return _centre(_scale_to(trimmed, covering, scale), width, height)


def enlarge(frame: Frame, scale: float) -> Frame:
    """Enlarge a picture by a factor in (1, 4], with detail that the small picture only hints at.

    The net works in tiles that overlap, so that memory stays bounded and no seams show. Its result gives
    way to Lanczos with a light unsharp mask as the picture's noise grows, which the net would draw out, and
    below a factor of 1.5. The result measures `round(scale * side)` pixels a side.

    Source: Wan et al., "Swift Parameter-free Attention Network for Efficient Super-Resolution", 2024.
    """
    if not 1 < scale <= MAX_ENLARGEMENT:
        raise ValueError(f"scale {scale} is not in (1, {MAX_ENLARGEMENT:g}]")
    height, width = frame.shape[:2]
    return _scale_to(frame, (round(width * scale), round(height * scale)), scale)


def visible_box(frame: Frame, width: int, height: int) -> tuple[int, int, int, int]:
    """Tell what `fit` works on: `(left, top, right, bottom)`, the crop box widened to whole pixels.

    It is symmetric about the picture's centre, so that the centre stays.
    """
    x, y, _, _ = crop_box(frame.shape[1], frame.shape[0], width, height)
    left, top = math.floor(x), math.floor(y)
    return left, top, frame.shape[1] - left, frame.shape[0] - top


def uses_net(scale: float) -> bool:
    """Tell whether an enlargement of this factor is done by the net, noise permitting."""
    return scale >= _NET_WORTHWHILE


def _centre(frame: Frame, width: int, height: int) -> Frame:
    left, top = (frame.shape[1] - width) // 2, (frame.shape[0] - height) // 2
    return np.ascontiguousarray(frame[top : top + height, left : left + width])


def _scale_to(frame: Frame, size: tuple[int, int], scale: float) -> Frame:
    """Resize to `size` (width, height), by the means that suit the factor `scale`."""
    if size == (frame.shape[1], frame.shape[0]):
        return frame
    if scale <= 1:
        return _resize(frame, size, cv2.INTER_AREA)
    trust = _trust_in_net(frame) if uses_net(scale) else 0.0
    if trust == 0:
        return _sharpen(_resize(frame, size, cv2.INTER_LANCZOS4))
    detailed = _resize(
        _super_resolve(frame), size, cv2.INTER_AREA if scale <= _NET_SCALE else cv2.INTER_LANCZOS4
    )
    if trust == 1:
        return detailed
    return _blend(detailed, _sharpen(_resize(frame, size, cv2.INTER_LANCZOS4)), trust)


def _trust_in_net(frame: Frame) -> float:
    """Say how far the net may be used on a picture: 1 when it is clean, 0 when it is noisy."""
    return float(np.clip((_NOISE_SPOILS - _noise(frame)) / (_NOISE_SPOILS - _NOISE_SHARPENS_WELL), 0, 1))


def _noise(frame: Frame) -> float:
    """Estimate the standard deviation of a picture's noise, of 255, where it has least edges.

    Source: Immerkær, "Fast Noise Variance Estimation", 1996; the median makes it robust against texture.
    """
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    second_difference = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(grey, cv2.CV_32F, second_difference))
    edges = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    edges = cv2.blur(edges, (5, 5))
    flat = response[edges <= np.median(edges)]
    return float(np.median(flat)) / (6 * 0.6745)  # 6: the kernel's norm; 0.6745: median to deviation


def _sharpen(frame: Frame) -> Frame:
    soft = cv2.GaussianBlur(frame, (0, 0), _UNSHARP_RADIUS)
    return _blend(frame, np.asarray(soft, np.uint8), 1 + _UNSHARP_AMOUNT)


def _blend(first: Frame, second: Frame, share: float) -> Frame:
    """Mix two pictures, `share` of the first; a share above 1 moves away from the second."""
    return np.asarray(cv2.addWeighted(first, share, second, 1 - share, 0), np.uint8)


def _resize(frame: Frame, size: tuple[int, int], interpolation: int) -> Frame:
    resized: Frame = np.asarray(cv2.resize(frame, size, interpolation=interpolation), np.uint8)
    return resized


def _super_resolve(frame: Frame) -> Frame:
    """Enlarge four times with the net, tile by tile; the last pictures are kept.

    A clip asks for the same picture several times: prepared, and again for the detail of its close-ups.
    """
    key = (frame.shape, sha256(np.ascontiguousarray(frame).data).digest())
    with _LOCK:
        if key not in _KEPT:
            while _KEPT and sum(kept.nbytes for kept in _KEPT.values()) > _KEPT_BYTES:
                _KEPT.pop(next(iter(_KEPT)))
            _KEPT[key] = _super_resolve_tiles(frame)
        return _KEPT[key]


def _super_resolve_tiles(frame: Frame) -> Frame:
    net = _load_net()  # not kept: it holds on to 120 MB once it has worked
    height, width = frame.shape[:2]
    # Mirrored surroundings: with the net's own zero padding the picture's rim turns dark.
    padded = cv2.copyMakeBorder(frame, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_REFLECT_101)
    result = np.empty((height * _NET_SCALE, width * _NET_SCALE, 3), np.uint8)
    rim = _MARGIN * _NET_SCALE
    for top, bottom in _spans(height):
        for left, right in _spans(width):
            tile = padded[top : bottom + 2 * _MARGIN, left : right + 2 * _MARGIN]
            result[top * _NET_SCALE : bottom * _NET_SCALE, left * _NET_SCALE : right * _NET_SCALE] = _run_net(
                net, tile
            )[rim:-rim, rim:-rim]
    return result


def _spans(length: int) -> list[tuple[int, int]]:
    """Divide `length` into equal parts of at most a tile."""
    count = math.ceil(length / _TILE)
    edges = [length * index // count for index in range(count + 1)]
    return list(pairwise(edges))


def _run_net(net: ncnn.Net, tile: NDArray[np.generic]) -> Frame:
    """`(h, w, 3)` uint8 RGB to `(4 h, 4 w, 3)`; the net takes 0..1 and subtracts its training mean itself."""
    import ncnn

    planes = np.ascontiguousarray(tile.transpose(2, 0, 1), np.float32) / 255
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(planes))
    _, output = extractor.extract("output")
    picture: Frame = np.clip(np.rint(np.array(output).transpose(1, 2, 0) * 255), 0, 255).astype(np.uint8)
    return picture


def _load_net() -> ncnn.Net:
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = _NET_THREADS
    net.opt.use_vulkan_compute = False
    weights = files("talkies.weights")
    with as_file(weights / "spanx4_ch48.param") as param, as_file(weights / "spanx4_ch48.bin") as data:
        net.load_param(str(param))
        net.load_model(str(data))
    return net
