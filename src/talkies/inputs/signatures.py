"""Media types by the first bytes. Source: WHATWG MIME Sniffing, section 6, and the formats' own standards."""

from __future__ import annotations

UNKNOWN = "application/octet-stream"

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\x00\x00\x00\x0cjP  ", "image/jp2"),
    (b"\xff\x0a", "image/jxl"),
    (b"\x00\x00\x00\x0cJXL ", "image/jxl"),
    (b"%PDF-", "application/pdf"),
    (b"%!PS", "application/postscript"),
    (b"\xc5\xd0\xd3\xc6", "application/postscript"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_BRANDS = {  # major brand of an ISO base media file
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"mif1": "image/heic",
    b"msf1": "image/heic",
}
_MARKUP = ((b"<svg", "image/svg+xml"), (b"<!doctype html", "text/html"), (b"<html", "text/html"))
_HEAD = 1024  # bytes in which markup must show itself


def media_type(data: bytes) -> str:
    """Name what the bytes are, whatever they were called; `application/octet-stream` when unknown.

    >>> media_type(b"<!DOCTYPE html><title>Log in</title>")
    'text/html'
    """
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return _of_iso_media(data)
    return _of_text(data[:_HEAD])


def _of_iso_media(data: bytes) -> str:
    """Tell by the brands: a HEIF file of the neutral brand `mif1` is AVIF if that is among the compatible."""
    end = int.from_bytes(data[:4], "big")
    if data[8:12] == b"mif1" and b"avif" in data[16 : min(end, _HEAD)]:
        return "image/avif"
    return _BRANDS.get(data[8:12], "video/mp4")


def _of_text(head: bytes) -> str:
    lowered = head.lower()
    for mark, name in _MARKUP:
        if mark in lowered:
            return name
    if not head or b"\x00" in head:
        return UNKNOWN
    try:
        head[:-3].decode("utf-8", "strict") if len(head) == _HEAD else head.decode("utf-8", "strict")
    except UnicodeDecodeError:
        return UNKNOWN
    return "text/plain"
