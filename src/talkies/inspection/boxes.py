"""The top-level boxes of an MP4 or QuickTime file. Source: ISO/IEC 14496-12, clause 4.2."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # C2PA specification, "Embedding in BMFF"
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # ISO 16684-3; Adobe XMP, part 3

_KNOWN = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"styp", b"moof", b"sidx", b"pnot"}
_MAX_BOXES = 100_000  # a fragmented file of a day has fewer


@dataclass(frozen=True)
class Box:
    """One top-level box: `size` is what it declares, `uuid` its extended type when `kind` is "uuid"."""

    kind: str
    start: int
    size: int
    uuid: bytes | None = None


def top_level_boxes(path: Path) -> tuple[Box, ...]:
    """List the boxes of a file in order; empty when it is no MP4 or QuickTime file."""
    boxes: list[Box] = []
    file_size = path.stat().st_size
    with path.open("rb") as file:
        start = 0
        while start + 8 <= file_size and len(boxes) < _MAX_BOXES:
            file.seek(start)
            header = file.read(32)
            size, payload = _declared_size(header, file_size - start)
            if size < payload or (not boxes and header[4:8] not in _KNOWN):
                break
            uuid = header[payload : payload + 16] if header[4:8] == b"uuid" else None
            boxes.append(Box(header[4:8].decode("latin-1"), start, size, uuid))
            start += size
    return tuple(boxes)


def moov_before_mdat(boxes: tuple[Box, ...]) -> bool | None:
    """Tell whether a player can start before it has the whole file; None when there is no such pair."""
    kinds = [box.kind for box in boxes]
    if "moov" not in kinds or "mdat" not in kinds:
        return None
    return kinds.index("moov") < kinds.index("mdat")


def reaches_beyond(boxes: tuple[Box, ...], file_size: int) -> bool:
    """Tell whether the last box is longer than the file: its end is missing."""
    return bool(boxes) and boxes[-1].start + boxes[-1].size > file_size


def _declared_size(header: bytes, left: int) -> tuple[int, int]:
    """(size of the box, offset of its payload) in bytes; size 0 in the file means: to the end."""
    size = int.from_bytes(header[:4], "big")
    if size == 1:
        return int.from_bytes(header[8:16], "big"), 16
    return (left if size == 0 else size), 8
