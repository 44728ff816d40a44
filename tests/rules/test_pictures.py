"""Pictures of cards: known by their bytes, bounded before they are decoded, and made anew within LINE's limits."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benefits import pictures


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photograph(width: int, height: int, **options: Any) -> bytes:
    """Noise, which compresses as badly as anything a camera takes."""
    noise = random.Random(7).randbytes(width * height * 3)
    return encoded(Image.frombytes("RGB", (width, height), noise), "JPEG", quality=92, **options)


def flood(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be enormous."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def test_a_photograph_is_reduced_to_lines_limits_and_says_nothing_of_its_owner(tmp_path: Path) -> None:
    """At most 1024 on a side and 1 MB; turned as it was held; without EXIF; the same picture twice is one file."""
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright
    exif[0x010F] = "A camera that knows where it was"
    data = photograph(1200, 900, exif=exif)
    kept = pictures.take(tmp_path, data)
    assert (kept.width, kept.height) == (768, 1024)
    assert kept.size <= 1_000_000
    body = (tmp_path / kept.name).read_bytes()
    assert body.startswith(b"\xff\xd8\xff")
    assert b"camera" not in body
    with Image.open(io.BytesIO(body)) as image:
        assert (image.size, len(image.getexif()), image.info.get("icc_profile")) == ((768, 1024), 0, None)
    assert pictures.take(tmp_path, data) == kept
    assert [file.name for file in tmp_path.iterdir()] == [kept.name]


def test_a_drawing_stays_sharp_and_stands_on_white(tmp_path: Path) -> None:
    """A PNG with a clear ground stays a PNG; clear becomes white, as on LINE's bubble."""
    kept = pictures.take(tmp_path, encoded(Image.new("RGBA", (300, 200), (255, 0, 0, 0)), "PNG"))
    assert kept.name.endswith(".png")
    with Image.open(tmp_path / kept.name) as image:
        assert image.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"GIF89a" + b"\0" * 50, pictures.NotAPicture),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", pictures.NotAPicture),
        (b"", pictures.NotAPicture),
        (b"MZ\x90\0", pictures.NotAPicture),
        (b"\xff\xd8\xff\xe0 and then something else", pictures.BrokenPicture),
        (photograph(64, 64)[:900], pictures.BrokenPicture),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, pictures.BrokenPicture),
        (b"\xff\xd8\xff" + b"\0" * pictures.LARGEST_FILE, pictures.PictureTooLarge),
        (flood(50_000, 50_000), pictures.PictureTooWide),
        (flood(8_000, 5_000), pictures.BrokenPicture),
    ],
    ids=["gif", "svg", "nothing", "program", "a sign alone", "cut off", "noise", "large", "flood", "hollow"],
)
def test_what_is_no_picture_is_refused_and_leaves_nothing(
    tmp_path: Path, data: bytes, refusal: type[Exception]
) -> None:
    """By what it holds, not by its name; a flood of pixels is refused before a single one is decoded."""
    with pytest.raises(refusal):
        pictures.take(tmp_path, data)
    assert list(tmp_path.iterdir()) == []


def test_what_hides_behind_the_end_is_gone(tmp_path: Path) -> None:
    """B12: a file that is a picture and a page at once is served as a picture only."""
    kept = pictures.take(tmp_path, encoded(Image.new("RGB", (40, 30), "green"), "PNG") + b"<script>alert(1)</script>")
    assert b"script" not in (tmp_path / kept.name).read_bytes()
