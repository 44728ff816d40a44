"""Smooth shapes for Pillow, whose own have stairs at their edges: masks drawn larger and scaled down."""

from __future__ import annotations

from functools import cache

from PIL import Image, ImageDraw, ImageFilter

from richmenu.colours import Colour

FINER = 4


def rounded(width: int, height: int, radius: int, *, bottom: bool = True) -> Image.Image:
    """A mask of a rectangle with round corners; without `bottom` only the upper two are round."""
    mask = Image.new("L", (width, height), 255)
    disc = _disc(radius * 2)
    mask.paste(disc.crop((0, 0, radius, radius)), (0, 0))
    mask.paste(disc.crop((radius, 0, 2 * radius, radius)), (width - radius, 0))
    if bottom:
        mask.paste(disc.crop((0, radius, radius, 2 * radius)), (0, height - radius))
        mask.paste(disc.crop((radius, radius, 2 * radius, 2 * radius)), (width - radius, height - radius))
    return mask


def disc(size: int, level: int = 255) -> Image.Image:
    """A mask of a filled circle, `level` opaque (0 to 255)."""
    return _disc(size).point(lambda value: value * level // 255)


@cache
def _disc(size: int) -> Image.Image:
    large = Image.new("L", (size * FINER, size * FINER), 0)
    ImageDraw.Draw(large).ellipse((0, 0, size * FINER - 1, size * FINER - 1), fill=255)
    return large.resize((size, size), Image.Resampling.LANCZOS)


def slope(width: int, height: int, start: Colour, end: Colour) -> Image.Image:
    """A gradient from the upper left to the lower right."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    share = Image.blend(across, down, 0.4)
    return Image.composite(Image.new("RGB", (width, height), end), Image.new("RGB", (width, height), start), share)


def shade(image: Image.Image, mask: Image.Image, at: tuple[int, int], colour: Colour, *, blur: int, drop: int) -> None:
    """Lay a soft shadow of `mask` on the image: blurred by and dropped by so many pixels."""
    wide = Image.new("L", (mask.width + 6 * blur, mask.height + 6 * blur), 0)
    wide.paste(mask, (3 * blur, 3 * blur))
    # Blurred at a quarter of the size: the eye cannot tell, and it is sixteen times quicker.
    small = wide.resize((wide.width // 4, wide.height // 4)).filter(ImageFilter.GaussianBlur(blur / 4))
    soft = small.resize(wide.size, Image.Resampling.BICUBIC).point(lambda value: value * 34 // 255)
    image.paste(colour, (at[0] - 3 * blur, at[1] - 3 * blur + drop), soft)
