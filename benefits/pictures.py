"""Taking a picture for cards: known by its first bytes, decoded within bounds, made anew within LINE's limits.

What is kept is drawn from the pixels alone: no EXIF (a phone writes there where its owner stood), no profile, no comment,
nothing that hid behind the end of the file. The name is a digest of the content: the same picture twice is one file, and
a name never changes its meaning, so that it may be kept by caches. A picture comes as a file only, never by an address.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from benefits.refusal import Refusal

LARGEST_FILE = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
"""More than any phone's usual photograph; a small file that claims more is a flood."""
SIDE = 1024
"""LINE shows pictures of cards up to 1024 × 1024."""
LARGEST_KEPT = 1_000_000
LARGEST_PNG = 300_000
"""A drawing stays a PNG up to here; what is larger is a photograph and becomes a JPEG."""
SIGNS = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"))
QUALITIES = (88, 80, 70, 60, 50)


class NotAPicture(Refusal):
    """Neither a JPEG nor a PNG by its first bytes, whatever its name says."""


class BrokenPicture(Refusal):
    """It begins as a picture and cannot be read to its end."""


class PictureTooLarge(Refusal):
    """More bytes than are taken: at most `most`."""

    def __init__(self, most: int) -> None:
        self.most = most


class PictureTooWide(Refusal):
    """More pixels than are decoded: at most `most` in all."""

    def __init__(self, most: int) -> None:
        self.most = most


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept: its file name under the uploads folder, its size in pixels and bytes."""

    name: str
    width: int
    height: int
    size: int


def take(folder: Path, data: bytes) -> Picture:
    """Keep the picture in `folder` (made at need). Raises `NotAPicture`, `BrokenPicture`, `PictureTooLarge`, `PictureTooWide`.

    `data` may be cut off by the caller one byte past `LARGEST_FILE`: it is refused by then.
    """
    kind = kind_of(data)
    if len(data) > LARGEST_FILE:
        raise PictureTooLarge(LARGEST_FILE)
    drawn = _drawn(data, kind)
    body, ending = _encoded(drawn, kind)
    name = f"{hashlib.sha256(body).hexdigest()[:32]}.{ending}"
    _write(folder, name, body)
    return Picture(name, drawn.width, drawn.height, len(body))


def kind_of(data: bytes) -> str:
    """`JPEG` or `PNG`, by the first bytes. Raises `NotAPicture`."""
    for sign, kind in SIGNS:
        if data.startswith(sign):
            return kind
    raise NotAPicture()


def _drawn(data: bytes, kind: str) -> Image.Image:
    """The pixels, turned as the camera was held, on white where they were clear, at most `SIDE` on each side."""
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise PictureTooWide(MOST_PIXELS)
            image.draft("RGB", (SIDE * 2, SIDE * 2))  # a JPEG is decoded small at once
            turned = ImageOps.exif_transpose(image)
            clear = turned.convert("RGBA")
    except Refusal:
        raise
    except Image.DecompressionBombError as fault:
        raise PictureTooWide(MOST_PIXELS) from fault
    except Exception as fault:  # the decoder raises whatever a spoiled file makes it stumble over
        raise BrokenPicture() from fault
    white = Image.new("RGB", clear.size, "white")
    white.paste(clear, mask=clear.getchannel("A"))
    white.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return white


def _encoded(image: Image.Image, kind: str) -> tuple[bytes, str]:
    if kind == "PNG":
        body = _saved(image, "PNG", optimize=True)
        if len(body) <= LARGEST_PNG:
            return body, "png"
    for quality in QUALITIES:
        body = _saved(image, "JPEG", quality=quality, optimize=True, progressive=False)
        if len(body) <= LARGEST_KEPT:
            break
    return body, "jpg"


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _write(folder: Path, name: str, body: bytes) -> None:
    """Whole or not at all: a reader never sees half a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{name}.{secrets.token_hex(4)}"
    unfinished.write_bytes(body)
    os.replace(unfinished, folder / name)
