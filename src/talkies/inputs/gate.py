"""The gate: bytes of strangers become frames, or a message that says why not.

A picture is judged by its bytes, never by its name, and by its header before any pixel is decoded. Nothing
here opens a file while decoding, so that it works in a process that cannot (see `sandbox`).
"""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import (
    AvifImagePlugin,
    Image,
    MpoImagePlugin,  # noqa: F401  (the JPEG reader imports it late, at the first such file)
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)
from PIL.ExifTags import Base as Tag

from talkies.errors import BadPicture
from talkies.inputs.colour import to_rgb
from talkies.inputs.signatures import media_type
from talkies.media import Frame

MAX_BYTES = 30_000_000
MIN_SIDE, MAX_SIDE = 64, 6000  # pixels
MIN_RATIO, MAX_RATIO = 0.4, 2.5  # width over height
MAX_PIXELS = 36_000_000
MAX_PIXELS_COSTLY = 16_000_000  # for formats whose decoder holds several copies of the picture

_USE = "use PNG, JPEG, WebP, BMP, TIFF, GIF or AVIF"

Image.preinit()  # the readers of BMP, GIF, JPEG and PNG, now: Pillow would import them at the first picture
_READERS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/bmp": "BMP",
    "image/gif": "GIF",
    "image/webp": WebPImagePlugin.WebPImageFile.format,
    "image/tiff": TiffImagePlugin.TiffImageFile.format,
    "image/avif": AvifImagePlugin.AvifImageFile.format,
}
_COSTLY = ("image/webp", "image/avif")
_REASONS = {"image/heic": "no decoder for it is free of the GPL"}

_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
"""What Pillow's readers raise on damaged data, by mere bad luck in the bytes."""

_TURNS = {1: (0, 1), 2: (0, -1), 3: (2, 1), 4: (2, -1), 5: (3, -1), 6: (3, 1), 7: (1, -1), 8: (1, 1)}
"""EXIF orientation: quarter turns counterclockwise, then the step along the row (-1 mirrors)."""


def decode_picture(data: bytes, *, parameter: str = "first_frame") -> Frame:
    """Decode a caller's picture: `(height, width, 3)` uint8, sRGB, upright, at its own size.

    Of an animation or a multi-page file the first picture is taken. EXIF orientation is applied, colour
    profiles are converted to sRGB, transparency is laid on white.

    Args:
        data: the file's bytes.
        parameter: the field that the picture came in, for messages.

    Raises:
        BadPicture: not one of the seven formats, damaged, over 30 MB, over 36 megapixels (16 for WebP and
            AVIF), a side outside 64 to 6000 pixels, or width over height outside 0.4 to 2.5.
    """
    _check_bytes(data, parameter)
    kind = media_type(data)
    if kind not in _READERS:
        why = f": {_REASONS[kind]}" if kind in _REASONS else ""
        raise BadPicture(
            f"{parameter}: not a supported picture (got {kind}{why}); {_USE}", parameter, "unsupported_format"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # readers warn of odd metadata, which nobody here can mend
        return _decode(data, kind, parameter)


def read_picture_file(path: Path, parameter: str) -> bytes:
    """Read a picture file's bytes; its size is checked before it is read.

    Raises:
        BadPicture: it is missing, a folder, unreadable, empty or over 30 MB.
    """
    try:
        if path.is_dir():
            raise BadPicture(
                f"{parameter}: {path} is a folder; give the path of a picture", parameter, "folder"
            )
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _too_large(f"{size / 1e6:.1f} MB", parameter)
        with path.open("rb") as file:
            return read_picture_stream(file, parameter)
    except FileNotFoundError:
        raise BadPicture(f"{parameter}: no such file: {path}; check the path", parameter, "missing") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadPicture(
            f"{parameter}: cannot read {path} ({reason}); give a readable file", parameter, "unreadable"
        ) from error


def read_picture_stream(stream: BinaryIO, parameter: str) -> bytes:
    """Read a picture's bytes to the end of a stream, and no more than 30 MB.

    Raises:
        BadPicture: the stream is empty or goes on beyond 30 MB.
    """
    data = stream.read(MAX_BYTES + 1)
    _check_bytes(data, parameter)
    return data


def _check_bytes(data: bytes, parameter: str) -> None:
    if not data:
        raise BadPicture(f"{parameter}: empty (0 bytes); send a picture", parameter, "empty")
    if len(data) > MAX_BYTES:
        raise _too_large(f"over {MAX_BYTES // 10**6} MB", parameter)


def _too_large(size: str, parameter: str) -> BadPicture:
    return BadPicture(
        f"{parameter}: too large ({size}); send at most {MAX_BYTES // 10**6} MB", parameter, "too_large"
    )


def _decode(data: bytes, kind: str, parameter: str) -> Frame:
    try:
        picture = Image.open(io.BytesIO(data), formats=[_READERS[kind]])
    except Image.DecompressionBombError as error:  # raised above 178 megapixels
        raise _too_many_pixels("over 178 M", _pixel_limit(kind), parameter) from error
    except _DAMAGE as error:
        raise _damaged(kind, error, parameter) from error
    with picture:
        _check_size(*picture.size, _pixel_limit(kind), parameter)
        try:
            picture.load()
            frame = to_rgb(picture)
        except _DAMAGE as error:
            raise _damaged(kind, error, parameter) from error
        turns, step = _TURNS.get(_orientation(picture), (0, 1))
    return np.ascontiguousarray(np.rot90(frame, turns)[:, ::step])


def _pixel_limit(kind: str) -> int:
    return MAX_PIXELS_COSTLY if kind in _COSTLY else MAX_PIXELS


def _check_size(width: int, height: int, pixel_limit: int, parameter: str) -> None:
    """Judge the size in the header; the rules hold for a picture lying on its side as well."""
    if width * height > pixel_limit:
        raise _too_many_pixels(f"{width * height / 1e6:.1f} M", pixel_limit, parameter)
    if min(width, height) < MIN_SIDE or max(width, height) > MAX_SIDE:
        raise BadPicture(
            f"{parameter}: size {width} x {height} is out of range; "
            f"each side must be {MIN_SIDE} to {MAX_SIDE} pixels, so scale the picture",
            parameter,
            "bad_size",
        )
    if not MIN_RATIO <= width / height <= MAX_RATIO:
        raise BadPicture(
            f"{parameter}: width / height {width / height:.3g} ({width} x {height}) is out of range; "
            f"it must be {MIN_RATIO} to {MAX_RATIO}, so crop the picture",
            parameter,
            "bad_ratio",
        )


def _too_many_pixels(seen: str, limit: int, parameter: str) -> BadPicture:
    return BadPicture(
        f"{parameter}: too many pixels ({seen} > {limit // 10**6} M); scale the picture down",
        parameter,
        "too_many_pixels",
    )


def _damaged(kind: str, error: Exception, parameter: str) -> BadPicture:
    seen = "unreadable header" if isinstance(error, UnidentifiedImageError) else error
    return BadPicture(
        f"{parameter}: damaged {kind} ({seen}); send an undamaged picture", parameter, "damaged"
    )


def _orientation(picture: Image.Image) -> int:
    """Read the EXIF orientation of a loaded picture; 1, upright, when there is none or it is unreadable."""
    try:
        return int(picture.getexif().get(Tag.Orientation, 1))
    except _DAMAGE:
        return 1
