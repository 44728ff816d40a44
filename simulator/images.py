"""The format and size of a PNG or JPEG, read from its first bytes."""

from __future__ import annotations


def image_size(data: bytes) -> tuple[str, int, int] | None:
    """(content type, width, height) in pixels, None when it is neither PNG nor JPEG."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) >= 24:
        return "image/png", int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    return None


def _jpeg(data: bytes) -> tuple[str, int, int] | None:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        # A start-of-frame marker carries the size; C4, C8 and CC in that range are something else.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big")
            return ("image/jpeg", width, height) if width and height else None
        at += 2 + length
    return None
