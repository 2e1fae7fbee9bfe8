"""Pictures of strangers: what is decoded and what is refused, and in which words."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.ExifTags import Base as Tag

from talkies.errors import BadPicture
from talkies.inputs import decode_picture, read_picture_file, read_picture_stream
from talkies.inputs.gate import MAX_BYTES
from talkies.media import Frame

WIDTH, HEIGHT = 96, 72


def scene() -> Frame:
    """A smooth picture whose four quarters differ, so that every turn and mirroring shows."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x * 255 // WIDTH, y * 255 // HEIGHT, 255 - x * 255 // WIDTH], axis=2).astype(np.uint8)


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def error_of(first: Frame, second: Frame) -> float:
    return float(np.abs(first.astype(int) - second).mean())


def refusal(data: bytes) -> BadPicture:
    with pytest.raises(BadPicture) as raised:
        decode_picture(data)
    assert raised.value.parameter == "first_frame"
    assert str(raised.value).startswith("first_frame: ")
    return raised.value


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises a size and holds no pixels."""
    fields = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + fields
    data = zlib.compress(b"\0")
    body = b"IDAT" + data
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", len(data))
        + body
        + struct.pack(">I", zlib.crc32(body))
    )


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("PNG", {}, 0.0),
        ("BMP", {}, 0.0),
        ("TIFF", {}, 0.0),
        ("TIFF", {"compression": "tiff_lzw"}, 0.0),
        ("WEBP", {"lossless": True}, 0.0),
        ("JPEG", {"quality": 95}, 2.0),
        ("AVIF", {"quality": 95}, 2.0),
        ("GIF", {}, 12.0),
        ("MPO", {"quality": 95}, 2.0),
    ],
)
def test_every_allowed_format_is_decoded(kind: str, options: dict[str, object], tolerance: float) -> None:
    decoded = decode_picture(encode(Image.fromarray(scene()), kind, **options))

    assert decoded.shape == (HEIGHT, WIDTH, 3)
    assert decoded.dtype == np.uint8
    assert error_of(decoded, scene()) <= tolerance


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_row_41_every_orientation_comes_out_upright(kind: str, orientation: int) -> None:
    stored_as = {
        1: lambda p: p,
        2: np.fliplr,
        3: lambda p: np.rot90(p, 2),
        4: np.flipud,
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: np.rot90(p, 2).transpose(1, 0, 2),
        8: lambda p: np.rot90(p, 3),
    }
    exif = Image.Exif()
    exif[Tag.Orientation] = orientation
    stored = Image.fromarray(np.ascontiguousarray(stored_as[orientation](scene())))

    decoded = decode_picture(encode(stored, kind, exif=exif))

    assert decoded.shape == (HEIGHT, WIDTH, 3)
    assert error_of(decoded, scene()) < 6


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_row_43_transparency_is_laid_on_white_and_hidden_colours_stay_hidden(kind: str) -> None:
    layers = np.dstack([scene(), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    layers[:, : WIDTH // 2, 3] = 0
    layers[:, WIDTH // 2 :, :3] = 0
    layers[: HEIGHT // 2, WIDTH // 2 :, 3] = 128
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}

    decoded = decode_picture(encode(Image.fromarray(layers), kind, **options))

    assert (decoded[:, : WIDTH // 2] == 255).all()
    assert (decoded[: HEIGHT // 2, WIDTH // 2 :] == 127).all()
    assert (decoded[HEIGHT // 2 :, WIDTH // 2 :] == 0).all()


def test_row_42_a_transparent_palette_colour_becomes_white() -> None:
    picture = Image.new("P", (WIDTH, HEIGHT), 1)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.paste(0, (0, 0, 48, HEIGHT))

    for kind in ("PNG", "GIF"):
        decoded = decode_picture(encode(picture, kind, transparency=0))
        assert decoded[0, 0].tolist() == [255, 255, 255]
        assert decoded[0, -1].tolist() == [0, 0, 255]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P"])
def test_row_42_grey_and_palette_pictures_keep_their_look(mode: str) -> None:
    grey = np.where(scene()[:, :, 0] > 127, 255, 0).astype(np.uint8)

    decoded = decode_picture(encode(Image.fromarray(grey).convert(mode), "PNG"))

    assert np.array_equal(decoded, np.repeat(grey[:, :, None], 3, axis=2))


@pytest.mark.parametrize(
    ("mode", "kind"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I;16B", "TIFF"), ("I", "TIFF")]
)
def test_row_42_sixteen_bits_are_scaled_not_clipped(mode: str, kind: str) -> None:
    ramp = np.linspace(0, 65_535, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH)
    kinds = {"I;16": "<u2", "I;16B": ">u2", "I": "<i4"}
    values = ramp.astype(kinds[mode])
    picture = Image.frombytes(mode, (WIDTH, HEIGHT), values.tobytes())

    decoded = decode_picture(encode(picture, kind))

    assert np.abs(decoded[:, :, 0] - ramp / 257).max() <= 1


def test_floating_point_tiff_is_scaled_to_its_white() -> None:
    ramp = np.linspace(0, 1, WIDTH * HEIGHT, dtype=np.float32).reshape(HEIGHT, WIDTH)

    decoded = decode_picture(encode(Image.fromarray(ramp), "TIFF"))

    assert np.abs(decoded[:, :, 1] - ramp * 255).max() <= 1


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_row_42_cmyk_is_no_negative(kind: str) -> None:
    """Pillow writes CMYK JPEG the way Adobe does: inverted, with its marker."""
    options = {"quality": 95} if kind == "JPEG" else {}

    decoded = decode_picture(encode(Image.fromarray(scene()).convert("CMYK"), kind, **options))

    assert error_of(decoded, scene()) < 6


def test_row_42_lab_comes_out_as_srgb() -> None:
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(Image.fromarray(scene()), to_lab)
    assert lab is not None

    assert error_of(decode_picture(encode(lab, "TIFF")), scene()) < 6


def wide_gamut_profile() -> bytes:
    """sRGB with its red and green swapped: nobody can miss whether it was applied."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    places = {bytes(profile[o : o + 4]): o for o in range(132, 132 + 12 * count, 12)}
    red, green = places[b"rXYZ"], places[b"gXYZ"]
    profile[red : red + 4], profile[green : green + 4] = profile[green : green + 4], profile[red : red + 4]
    return bytes(profile).replace(b"s\0R\0G\0B", b"x\0R\0G\0B").replace(b"sRGB", b"xRGB")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_row_42_an_embedded_profile_is_converted_to_srgb(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(Image.fromarray(scene()), kind, icc_profile=wide_gamut_profile(), **options)

    assert error_of(decode_picture(data), scene()[:, :, [1, 0, 2]]) < 2


def test_a_profile_is_applied_beneath_transparency() -> None:
    layers = np.dstack([scene(), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    data = encode(Image.fromarray(layers), "PNG", icc_profile=wide_gamut_profile())

    assert error_of(decode_picture(data), scene()[:, :, [1, 0, 2]]) < 2


@pytest.mark.parametrize("profile", [b"\0" * 200, b"not a profile", wide_gamut_profile()[:300]])
def test_a_broken_profile_is_ignored(profile: bytes) -> None:
    data = encode(Image.fromarray(scene()), "PNG", icc_profile=profile)

    assert np.array_equal(decode_picture(data), scene())


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "MPO"])
def test_row_44_of_several_pictures_the_first_is_taken(kind: str) -> None:
    red, blue = (Image.new("RGB", (WIDTH, HEIGHT), name) for name in ("red", "blue"))

    decoded = decode_picture(encode(red, kind, save_all=True, append_images=[blue, blue]))

    assert decoded[10, 10].tolist() == pytest.approx([255, 0, 0], abs=4)


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "got text/html"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "got image/svg+xml"),
        (b"%PDF-1.7\n", "got application/pdf"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "got application/postscript"),
        (b"8BPS\0\1" + b"\0" * 40, "got image/vnd.adobe.photoshop"),
        (b"PK\3\4" + b"\0" * 40, "got application/zip"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "got image/heic: no decoder"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "got video/mp4"),
        (b"hello", "got text/plain"),
        (bytes(range(256)), "got application/octet-stream"),
    ],
)
def test_row_40_what_is_no_picture_is_named(data: bytes, seen: str) -> None:
    bad = refusal(data)

    assert seen in str(bad)
    assert str(bad).endswith("; use PNG, JPEG, WebP, BMP, TIFF, GIF or AVIF")
    assert bad.reason == "unsupported_format"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP", "AVIF"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_row_38_a_truncated_picture_is_damaged(kind: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    data = encode(Image.fromarray(noise), kind)

    bad = refusal(data[: max(12, int(len(data) * share))])

    assert bad.reason == "damaged"
    assert "0x" not in str(bad)


def test_a_picture_is_judged_by_its_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "photo.pdf"
    path.write_bytes(encode(Image.fromarray(scene()), "PNG"))

    assert decode_picture(read_picture_file(path, "first_frame")).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    ("width", "height", "reason"),
    [
        (63, 100, "bad_size"),
        (1, 1_000_000, "bad_size"),
        (6001, 4000, "bad_size"),
        (251, 100, "bad_ratio"),
        (100, 251, "bad_ratio"),
        (60_000, 60_000, "too_many_pixels"),
    ],
)
def test_row_36_sizes_outside_the_rules_are_refused_from_the_header(
    width: int, height: int, reason: str
) -> None:
    bad = refusal(png_header(width, height))

    assert bad.reason == reason


@pytest.mark.parametrize(("width", "height"), [(250, 100), (100, 250), (64, 64)])
def test_sizes_on_the_edge_of_the_rules_are_taken(width: int, height: int) -> None:
    assert decode_picture(encode(Image.new("RGB", (width, height)), "PNG")).shape == (height, width, 3)


def test_row_36_a_lying_header_is_damaged() -> None:
    assert refusal(png_header(5000, 5000)).reason == "damaged"


def test_row_37_a_costly_webp_is_refused_by_its_pixels() -> None:
    data = encode(Image.new("RGB", (4100, 4000)), "WEBP", lossless=True, method=0)

    assert "too many pixels (16.4 M > 16 M)" in str(refusal(data))


def test_row_39_a_text_bomb_is_refused() -> None:
    text = b"zTXt" + b"Comment\0\0" + zlib.compress(b"\0" * 100_000_000)
    plain = encode(Image.fromarray(scene()), "PNG")
    bomb = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))

    assert refusal(plain[:33] + bomb + plain[33:]).reason == "damaged"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP", "AVIF"])
def test_row_47_flipped_bits_never_raise_anything_else(kind: str) -> None:
    chance = np.random.default_rng(7)
    good = np.frombuffer(encode(Image.fromarray(scene()), kind), np.uint8)

    for _ in range(150):
        bad = good.copy()
        places = chance.integers(0, len(bad), 1 + chance.integers(6))
        bad[places] = chance.integers(0, 256, len(places))
        try:
            assert decode_picture(bad.tobytes()).ndim == 3
        except BadPicture as refused:
            assert refused.reason is not None


def test_row_36_no_bytes_are_empty() -> None:
    assert refusal(b"").reason == "empty"


def test_too_many_bytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1_000_000)

    with pytest.raises(BadPicture, match=r"too large \(31\.0 MB\); send at most 30 MB"):
        read_picture_file(path, "last_frame")


def test_an_endless_stream_is_cut_at_the_limit() -> None:
    with Path("/dev/zero").open("rb") as stream, pytest.raises(BadPicture, match="over 30 MB"):
        read_picture_stream(stream, "first_frame")


def test_a_missing_file_a_folder_and_an_empty_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()

    with pytest.raises(BadPicture, match=r"last_frame: no such file: .*nowhere\.png; check the path"):
        read_picture_file(tmp_path / "nowhere.png", "last_frame")
    with pytest.raises(BadPicture, match="is a folder; give the path of a picture"):
        read_picture_file(tmp_path, "last_frame")
    with pytest.raises(BadPicture, match=r"empty \(0 bytes\)"):
        read_picture_file(tmp_path / "empty.png", "last_frame")
    with pytest.raises(BadPicture, match="cannot read"):
        read_picture_file(Path("nul\0l"), "last_frame")
