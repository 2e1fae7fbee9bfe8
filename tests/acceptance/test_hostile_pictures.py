"""Thousands of broken, lying and bursting pictures: each ends as a frame or as a message, nothing else."""

from __future__ import annotations

import io
import resource
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from talkies.errors import BadPicture
from talkies.inputs.sandbox import Sandbox

MEMORY_BYTES = 2**29
RSS_LIMIT_BYTES = 400 * 2**20  # 277 MiB were measured: the largest allowed PNG
WIDTH, HEIGHT = 112, 80
MUTANTS_PER_SEED = 63  # nine of each mutation
LIMIT_S = 90  # of processor time, for all pictures together

PNG_HEAD = b"\x89PNG\r\n\x1a\n"


def photo(mode: str = "RGB", width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """A gradient with some noise, so that every coder has something to do."""
    chance = np.random.default_rng(7)
    ramp = np.linspace(0, 220, width)[None, :, None] * np.linspace(0.3, 1, height)[:, None, None]
    pixels = np.clip(ramp + chance.normal(0, 12, (height, width, 3)), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def turned() -> list[Image.Image]:
    """More frames for animations; new ones each time, as saving leaves traces in a picture."""
    return [photo().rotate(angle) for angle in (90, 180)]


def encode(picture: Image.Image, format_name: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format_name, **options)
    return stream.getvalue()


@cache
def seeds() -> dict[str, bytes]:
    """One sound picture of every kind that the formats know."""
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>" * 20, zip=True)
    grey16 = Image.fromarray(np.arange(WIDTH * HEIGHT, dtype=np.uint16).reshape(HEIGHT, WIDTH) * 7)
    return {
        "png": encode(photo(), "PNG"),
        "png alpha": encode(photo("RGBA"), "PNG"),
        "png palette": encode(photo("P"), "PNG", transparency=3),
        "png grey": encode(photo("L"), "PNG"),
        "png bilevel": encode(photo("1"), "PNG"),
        "png 16 bit": encode(grey16, "PNG"),
        "png text": encode(photo(), "PNG", pnginfo=text, icc_profile=profile, exif=exif),
        "png animated": encode(photo(), "PNG", save_all=True, append_images=turned()),
        "jpeg": encode(photo(), "JPEG"),
        "jpeg progressive": encode(photo(), "JPEG", progressive=True, quality=95, subsampling=0),
        "jpeg grey": encode(photo("L"), "JPEG"),
        "jpeg cmyk": encode(photo("CMYK"), "JPEG"),
        "jpeg metadata": encode(photo(), "JPEG", exif=exif, icc_profile=profile, restart_marker_rows=1),
        "mpo": encode(photo(), "MPO", save_all=True, append_images=turned()),
        "webp": encode(photo(), "WEBP", quality=80),
        "webp lossless": encode(photo("RGBA"), "WEBP", lossless=True),
        "webp metadata": encode(photo(), "WEBP", exif=exif, icc_profile=profile),
        "webp animated": encode(photo(), "WEBP", save_all=True, append_images=turned()),
        "gif": encode(photo("P"), "GIF"),
        "gif animated": encode(photo("P"), "GIF", save_all=True, append_images=turned(), transparency=0),
        "bmp": encode(photo(), "BMP"),
        "bmp palette": encode(photo("P"), "BMP"),
        "tiff": encode(photo(), "TIFF"),
        "tiff deflate": encode(photo(), "TIFF", compression="tiff_adobe_deflate"),
        "tiff lzw": encode(photo("L"), "TIFF", compression="tiff_lzw"),
        "tiff jpeg": encode(photo(), "TIFF", compression="jpeg"),
        "tiff group4": encode(photo("1"), "TIFF", compression="group4"),
        "tiff cmyk": encode(photo("CMYK"), "TIFF"),
        "tiff lab": encode(photo("LAB"), "TIFF"),
        "tiff pages": encode(photo(), "TIFF", save_all=True, append_images=turned()),
        "avif": encode(photo(), "AVIF", speed=10),
        "avif alpha": encode(photo("RGBA"), "AVIF", speed=10, exif=exif),
    }


Chance = np.random.Generator
Mutation = Callable[[bytes, bytes, Chance], bytes]


def flip_bits(data: bytes, _: bytes, chance: Chance) -> bytes:
    mutant = bytearray(data)
    for place in chance.integers(0, len(data), int(chance.choice([1, 1, 4, 30]))):
        mutant[place] ^= 1 << int(chance.integers(8))
    return bytes(mutant)


def flip_bits_of_the_head(data: bytes, _: bytes, chance: Chance) -> bytes:
    mutant = bytearray(data)
    for place in chance.integers(0, min(len(data), 200), 3):
        mutant[place] ^= 1 << int(chance.integers(8))
    return bytes(mutant)


def cut(data: bytes, _: bytes, chance: Chance) -> bytes:
    return data[: int(chance.integers(len(data)))]


def splice(data: bytes, other: bytes, chance: Chance) -> bytes:
    return data[: int(chance.integers(len(data)))] + other[int(chance.integers(len(other))) :]


def repeat(data: bytes, _: bytes, chance: Chance) -> bytes:
    begin, end = sorted(int(place) for place in chance.integers(0, len(data), 2))
    return data[:end] + data[begin:end] * int(chance.integers(1, 5)) + data[end:]


def blank(data: bytes, _: bytes, chance: Chance) -> bytes:
    begin, end = sorted(int(place) for place in chance.integers(0, len(data), 2))
    return data[:begin] + bytes([int(chance.choice([0, 255]))]) * (end - begin) + data[end:]


def extreme_number(data: bytes, _: bytes, chance: Chance) -> bytes:
    """Put a number that overflows something into the first half, where lengths and sizes are."""
    number = int(chance.choice([0, 1, 0x7F, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]))
    place = int(chance.integers(max(1, min(len(data) - 4, 400))))
    order = str(chance.choice(["<I", ">I"]))
    return data[:place] + struct.pack(order, number) + data[place + 4 :]


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    flip_bits_of_the_head,
    cut,
    splice,
    repeat,
    blank,
    extreme_number,
)


def mutants() -> Iterator[tuple[str, bytes]]:
    sound = seeds()
    others = list(sound.values())
    for number, (name, data) in enumerate(sound.items()):
        chance = np.random.default_rng([2026, number])
        for index in range(MUTANTS_PER_SEED):
            mutate = MUTATIONS[index % len(MUTATIONS)]
            mutant = mutate(data, others[int(chance.integers(len(others)))], chance)
            yield f"{name}, {mutate.__name__} {index}", mutant


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2, rows: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return PNG_HEAD + head + b"".join(chunks) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def sound_rows(width: int, height: int) -> bytes:
    return zlib.compress(bytes((1 + 3 * width) * height), 9)


@cache
def hand_made() -> dict[str, bytes]:
    """Bombs, lies, polyglots and things that are no pictures."""
    rows = sound_rows(WIDTH, HEIGHT)
    bomb = zlib.compress(bytes(100_000_000), 9)
    sparse = zlib.compress(bytes((1 + 30_000 // 8) * 30_000), 9)
    jpeg, bmp, gif = encode(photo(), "JPEG"), encode(photo(), "BMP"), encode(photo("P"), "GIF")
    frame_head = jpeg.index(b"\xff\xc0") + 5  # height and width of the JPEG's frame
    webp = encode(photo(), "WEBP", lossless=True)
    lossless = webp.index(b"VP8L") + 9
    html = b"<html><script>alert(1)</script></html>"
    made = {
        "png bilevel bomb": png(30_000, 30_000, depth=1, colour=0, rows=sparse),
        "png largest allowed": png(6_000, 6_000, rows=sound_rows(6_000, 6_000)),
        "png too wide": png(6_001, 3_000),
        "png lying largest": png(6_000, 6_000, rows=rows),
        "png endless rows": png(WIDTH, HEIGHT, rows=bomb),
        "png text bomb": png(WIDTH, HEIGHT, chunk(b"zTXt", b"k\0\0" + bomb), rows=rows),
        "png itxt bomb": png(WIDTH, HEIGHT, chunk(b"iTXt", b"k\0\1\0\0\0" + bomb), rows=rows),
        "png profile bomb": png(WIDTH, HEIGHT, chunk(b"iCCP", b"k\0\0" + bomb), rows=rows),
        "png exif of zeros": png(WIDTH, HEIGHT, chunk(b"eXIf", bytes(5_000_000)), rows=rows),
        "png 200,000 chunks": png(WIDTH, HEIGHT, chunk(b"tEXt", b"k\0v") * 200_000, rows=rows),
        "png without rows": png(WIDTH, HEIGHT),
        "png half a head": PNG_HEAD + b"\0\0\0\rIHDR\0\0",
        "jpeg 65535 x 65535": jpeg[:frame_head] + b"\xff" * 4 + jpeg[frame_head + 4 :],
        "jpeg lying 5000 x 5000": jpeg[:frame_head] + struct.pack(">HH", 5000, 5000) + jpeg[frame_head + 4 :],
        "jpeg 0 x 0": jpeg[:frame_head] + bytes(4) + jpeg[frame_head + 4 :],
        "jpeg of markers": jpeg[:2] + b"\xff\xe1\xff\xff" * 100_000,
        "jpeg 10,000 scans": jpeg[:-2] + jpeg[jpeg.index(b"\xff\xda") : -2] * 2_000 + jpeg[-2:],
        "bmp huge": bmp[:18] + struct.pack("<ii", 2**31 - 1, 2**31 - 1) + bmp[26:],
        "bmp upside down": bmp[:22] + struct.pack("<i", -HEIGHT) + bmp[26:],
        "bmp least height": bmp[:22] + struct.pack("<i", -(2**31)) + bmp[26:],
        "gif 65535 x 65535": gif[:6] + b"\xff" * 4 + gif[10:],
        "gif 100,000 frames": gif[:-1] + gif[gif.index(b",") : -1] * 100 + b";",
        "webp lying 16383": webp[:lossless] + b"\xff" * 4 + webp[lossless + 4 :],
        "jpeg and html": jpeg + html,
        "gif and script": b"GIF89a/*" + html + b"*/",
        "html": html,
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "svg entities": b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "a">]><svg>&a;</svg>',
        "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n(/etc/passwd) (r) file\n",
        "imagemagick": b"push graphic-context\nfill 'url(https://127.0.0.1/|id)'\n",
        "zip": b"PK\3\4" + bytes(100),
        "elf": b"\x7fELF" + bytes(100),
        "nothing": b"",
        "one byte": b"\xff",
        "text": "привет".encode(),
    }
    for width, height in ((1, 1), (63, 63), (1, 1_000_000), (1_000_000, 1), (0, 0), (2**31 - 1, 2**31 - 1)):
        made[f"png {width} x {height}"] = png(width, height, rows=rows)
    for format_name in ("PPM", "TGA", "PCX", "SGI", "ICO", "DIB", "JPEG2000", "PDF", "EPS", "TIFF"):
        made[f"other {format_name}"] = encode(photo(), format_name)
    return made


def judge(sandbox: Sandbox, data: bytes) -> str:
    """Decode; name the outcome. Anything but a sound frame or a BadPicture is an error of the test."""
    try:
        frame = sandbox.decode(data, "image")
    except BadPicture as bad:
        assert bad.parameter == "image"
        assert str(bad).startswith("image: ")
        assert len(str(bad)) < 500
        return bad.reason or "no reason"
    assert frame.dtype == np.uint8
    assert frame.shape[2] == 3
    assert 64 <= min(frame.shape[:2]) <= max(frame.shape[:2]) <= 6_000
    return "frame"


def largest_child_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def cpu_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.slow
def test_row_47_two_thousand_hostile_pictures_end_as_frames_or_messages_in_bounded_memory() -> None:
    before_bytes = largest_child_bytes()
    pictures = [*mutants(), *hand_made().items()]
    before_s = cpu_of_children_s()

    with Sandbox(MEMORY_BYTES, cpu_s=10) as sandbox, ThreadPoolExecutor(2) as pool:
        outcomes = Counter(pool.map(lambda picture: judge(sandbox, picture[1]), pictures))

    took_s = cpu_of_children_s() - before_s
    print(f"{len(pictures)} pictures in {took_s:.0f} s of processor time: {dict(outcomes.most_common())}")
    print(f"largest process: {largest_child_bytes() / 2**20:.0f} MiB")
    assert len(pictures) >= 2_000
    assert outcomes.total() == len(pictures)
    assert outcomes["frame"] >= 100, "the mutants are not all broken at the first byte"
    assert outcomes["damaged"] >= 500
    assert largest_child_bytes() <= max(before_bytes, RSS_LIMIT_BYTES)
    assert took_s < LIMIT_S


def test_every_sound_picture_that_the_mutants_come_from_is_decoded() -> None:
    with Sandbox(MEMORY_BYTES, cpu_s=10) as sandbox:
        outcomes = {name: judge(sandbox, data) for name, data in seeds().items()}

    assert set(outcomes.values()) == {"frame"}, outcomes


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("png bilevel bomb", "too_many_pixels"),
        ("png largest allowed", "frame"),
        ("png lying largest", "damaged"),
        ("png text bomb", {"frame", "damaged"}),
        ("png profile bomb", {"frame", "damaged"}),
        ("png 1 x 1000000", "bad_size"),
        ("jpeg 65535 x 65535", {"bad_size", "too_many_pixels"}),
        ("webp lying 16383", {"too_many_pixels", "damaged"}),  # libwebp judges before Pillow or after it
        ("jpeg and html", "frame"),
        ("html", "unsupported_format"),
        ("svg", "unsupported_format"),
        ("pdf", "unsupported_format"),
        ("eps", "unsupported_format"),
        ("other ICO", "unsupported_format"),
        ("nothing", "empty"),
    ],
)
def test_the_known_attacks_end_with_their_reason(name: str, outcome: str | set[str]) -> None:
    with Sandbox(MEMORY_BYTES, cpu_s=10) as sandbox:
        reason = judge(sandbox, hand_made()[name])

    assert reason in ({outcome} if isinstance(outcome, str) else outcome)
