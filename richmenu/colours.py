"""A menu's colours from one: the club's own, kept dark enough that white reads on it."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
READABLE = 4.5
"""The contrast that WCAG 2 asks of text."""


@dataclass(frozen=True)
class Palette:
    """The roles a colour plays in a menu."""

    accent: Colour
    bright: Colour
    deep: Colour
    ground: Colour
    chip: Colour
    ink: Colour
    muted: Colour
    shadow: Colour


def palette(colour: str) -> Palette:
    """The palette of a club whose colour is `#rrggbb`: its hue throughout, lighter and darker."""
    hue, _, rich = colorsys.rgb_to_hls(*(part / 255 for part in parse(colour)))
    # A grey stays grey; a muted colour becomes a little livelier, or its tints would look like dust; a loud one
    # becomes quieter in its tints, or they would glow.
    rich, tint = max(rich, min(0.6, rich * 1.5)), min(0.42, rich * 1.5)
    accent = readable(_tone(hue, 0.36, min(rich, 0.8)))
    return Palette(
        accent=accent,
        bright=readable(_tone(hue - 0.025, 0.45, min(rich, 0.7))),
        deep=_tone(hue, 0.22, min(rich, 0.7)),
        ground=_tone(hue, 0.945, tint),
        chip=_tone(hue, 0.93, tint),
        ink=_tone(hue, 0.13, rich * 0.7),
        muted=readable(_tone(hue, 0.40, tint * 0.5)),
        shadow=_tone(hue, 0.30, rich),
    )


def readable(colour: Colour) -> Colour:
    """The colour, darkened until white text reads on it."""
    while contrast(colour, WHITE) < READABLE:
        colour = mix(colour, BLACK, 0.06)
    return colour


def _tone(hue: float, light: float, rich: float) -> Colour:
    red, green, blue = (round(part * 255) for part in colorsys.hls_to_rgb(hue % 1, light, rich))
    return red, green, blue


def parse(colour: str) -> Colour:
    """`#4B3F72` → (75, 63, 114)."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` (0 to 1) of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2 contrast of two colours, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [c / 255 for c in colour]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
