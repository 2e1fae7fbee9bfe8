"""Decoded pictures of every mode to sRGB, in bands of rows so that one picture never lies in memory twice."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from talkies.media import Frame

BACKGROUND = 255  # white, on which transparent pictures are laid

_BAND_PIXELS = 1_000_000
_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")
_WHITES = {"F": (1.0, 255.0, 65_535.0), "I": (65_535.0, 2.0**31 - 1)}  # the first that holds the picture
_PROFILED = {  # a profile's colour space: the mode that its transform takes, the modes of pictures it suits
    "GRAY": ("L", ("L", "LA", "1")),
    "RGB": ("RGB", ("RGB", "RGBA", "RGBX", "P", "PA")),
    "CMYK": ("CMYK", ("CMYK",)),
}

_ToRGB = Callable[[Image.Image], Frame]


def to_rgb(picture: Image.Image) -> Frame:
    """Convert a loaded picture to `(height, width, 3)` uint8, sRGB.

    An embedded ICC profile is applied when it suits the mode and is sound; else RGB and grey are taken for
    sRGB. Depths above 8 bits are scaled, not clipped. Transparency is laid on white; what a file hides
    under full transparency does not come back.
    """
    convert = _converter(picture)
    frame = np.empty((picture.height, picture.width, 3), np.uint8)
    rows = max(1, _BAND_PIXELS // picture.width)
    for top in range(0, picture.height, rows):
        bottom = min(top + rows, picture.height)
        frame[top:bottom] = convert(picture.crop((0, top, picture.width, bottom)))
    return frame


def _converter(picture: Image.Image) -> _ToRGB:
    if picture.mode in _DEEP:
        white = _white(picture)
        return lambda band: _from_deep(band, white)
    mode, transform = _transform(picture)
    transparent = picture.has_transparency_data

    def convert(band: Image.Image) -> Frame:
        source = band.convert("RGBA") if transparent else band
        colours = source.convert(mode)
        if transform:
            colours = ImageCms.applyTransform(colours, transform) or colours
        rgb = np.asarray(colours)
        return _over_background(rgb, np.asarray(source.getchannel("A"))) if transparent else rgb

    return convert


def _white(picture: Image.Image) -> float:
    """Tell the value that stands for white."""
    whites = _WHITES.get(picture.mode, (65_535.0,))
    if len(whites) == 1:
        return whites[0]
    brightest = np.nanmax(np.asarray(picture))
    return next((white for white in whites if brightest <= white), whites[-1])


def _from_deep(band: Image.Image, white: float) -> Frame:
    scaled = np.nan_to_num(np.asarray(band, np.float32)) * np.float32(255 / white)
    grey = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _over_background(colours: Frame, alpha: NDArray[np.uint8]) -> Frame:
    share = alpha[:, :, None].astype(np.uint16)
    mixed: Frame = ((colours * share + BACKGROUND * (255 - share) + 127) // 255).astype(np.uint8)
    return mixed


def _transform(picture: Image.Image) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """Make the colour transform that the picture needs, and name the mode it starts from.

    There is none when the values are sRGB or must pass for it.
    """
    if picture.mode == "LAB":
        return "LAB", _to_srgb(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), "LAB")
    data = picture.info.get("icc_profile")
    if not isinstance(data, bytes):
        return "RGB", None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        mode, suited = _PROFILED.get(profile.profile.xcolor_space.strip(), ("RGB", ()))
        is_srgb = "sRGB" in (profile.profile.profile_description or "")
        if is_srgb or picture.mode not in suited:
            return "RGB", None
        return mode, _to_srgb(profile, mode)
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return "RGB", None  # a broken profile says nothing about the pixels


def _to_srgb(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
