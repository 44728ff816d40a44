"""Text in a picture: Thai shaped as Thai, as large as wanted or as its place allows, never clipped.

Positions are of the ink, so that a tone mark above an upper vowel counts as much as a tail below.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import fontpkg_sarabun
from PIL import Image, ImageDraw, ImageFont, features

from richmenu.colours import Colour

FILES = Path(fontpkg_sarabun.ROOT) / "files"
SMALLEST = 40
"""Pixels of the picture: smaller would be under 6 points on a phone."""


class CannotDraw(Exception):
    """A text cannot be drawn as it must be: no shaping, a letter the font lacks, or no room even when small."""


@dataclass(frozen=True)
class Text:
    """A line of text fitted to its room: the font it takes and where its ink lies from the pen's start."""

    line: str
    size: int
    font: ImageFont.FreeTypeFont
    left: int
    top: int
    width: int
    height: int


def fit(line: str, *, weight: str, size: int, room: int) -> Text:
    """`line` at `size` pixels, or smaller until its ink is at most `room` wide. Raises `CannotDraw`."""
    _check(line, weight)
    while True:
        font = _font(weight, size)
        left, top, right, bottom = font.getbbox(line, anchor="ls")
        if right - left <= room:
            return Text(line, size, font, round(left), round(top), round(right - left), round(bottom - top))
        if size <= SMALLEST:
            raise CannotDraw(f"{line!r} is too long for {room} pixels even at {SMALLEST}: shorten it")
        size = max(SMALLEST, size - 4)


def write(image: Image.Image, text: Text, x: int, baseline: int, colour: Colour) -> tuple[int, int, int, int]:
    """Draw the text with its ink starting at `x`, on `baseline`; the rectangle of its ink (left, top, right, bottom)."""
    ImageDraw.Draw(image).text((x - text.left, baseline), text.line, font=text.font, fill=colour, anchor="ls")
    return x, baseline + text.top, x + text.width, baseline + text.top + text.height


def shaping() -> bool:
    """Whether Pillow can shape Thai: without raqm a tone mark lands on the vowel below it."""
    return bool(features.check("raqm"))


@cache
def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    if not shaping():
        raise CannotDraw("this Pillow has no raqm: install Pillow's own wheel, which brings it")
    return ImageFont.truetype(FILES / f"Sarabun-{weight}.ttf", size, layout_engine=ImageFont.Layout.RAQM)


@cache
def _check(line: str, weight: str) -> None:
    """Refuse letters the font lacks: they would show as boxes."""
    font = _font(weight, 48)
    nothing = bytes(font.getmask("\U0010fffe"))
    missing = [
        letter for letter in dict.fromkeys(line) if not letter.isspace() and bytes(font.getmask(letter)) == nothing
    ]
    if missing:
        raise CannotDraw(f"{line!r}: the font has no {''.join(missing)!r}")
