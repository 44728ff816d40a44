"""Pictures of privileges: files of the uploads folder by a checked name, and a drawn placeholder for those without."""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw

from web.member.drawing import font

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.(?:png|jpg|jpeg)", re.ASCII)
SIZE = (1024, 666)
"""20:13, as the cards show pictures."""
TINTS = ("#E3F1EA", "#E6EEF6", "#F5EEDF", "#F1E7F0", "#E9EFE0", "#F6E9E4")
INKS = ("#0B8457", "#2F5D8A", "#8A6D1F", "#7A4A76", "#58702B", "#9A4F36")
THAI_LEADING_VOWELS = "เแโใไ"


def uploaded(folder: Path, name: str) -> Path | None:
    """The uploaded file called `name`; none when there is none or the name is not one a picture can have."""
    if not NAME.fullmatch(name):
        return None
    file = folder / name
    # A link in the folder could lead anywhere: only plain files inside it are ours to give.
    return file if file.is_file() and file.resolve().parent == folder.resolve() else None


@lru_cache(maxsize=256)
def placeholder(partner: str) -> bytes:
    """A PNG: the partner's initial on a calm tint, the same for the same partner in every process."""
    tint = hashlib.sha256(partner.encode()).digest()[0] % len(TINTS)
    canvas = Image.new("RGB", (SIZE[0] * 2, SIZE[1] * 2), TINTS[tint])
    draw = ImageDraw.Draw(canvas)
    draw.circle(SIZE, 380, fill="#FFFFFF")
    letter, type_ = initial(partner), font("SemiBold", 400)
    left, top, right, bottom = draw.textbbox((0, 0), letter, font=type_)
    draw.text((SIZE[0] - (left + right) / 2, SIZE[1] - (top + bottom) / 2), letter, font=type_, fill=INKS[tint])
    out = io.BytesIO()
    canvas.resize(SIZE, Image.Resampling.LANCZOS).quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def initial(partner: str) -> str:
    """The letter or digit a name is known by: of a Thai name its first consonant; none: empty."""
    for char in partner:
        if char not in THAI_LEADING_VOWELS and unicodedata.category(char)[0] in "LN":
            return char.upper()
    return ""
