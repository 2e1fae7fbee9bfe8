"""The caller's pictures: read, checked and decoded."""

from __future__ import annotations

from talkies.inputs.gate import decode_picture, read_picture_file, read_picture_stream

__all__ = ["decode_picture", "read_picture_file", "read_picture_stream"]
