"""Simple line icons, drawn on a grid of 24 and made smooth by drawing them four times as large.

An icon is a tuple of strokes: open or closed lines and filled dots, in grid units, y downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

GRID = 24
FINER = 4
PEN = 1.7
"""Width of a stroke in grid units."""
Point = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """A line through points with round joins; `filled` closes and fills it instead."""

    points: tuple[Point, ...]
    filled: bool = False


def arc(x: float, y: float, r: float, start: float, end: float) -> Stroke:
    """Part of a circle; degrees clockwise from three o'clock."""
    return Stroke(_turn(x, y, r, r, start, end))


def circle(x: float, y: float, r: float) -> Stroke:
    """A whole circle's outline."""
    return arc(x, y, r, 0, 360)


def ellipse(x: float, y: float, rx: float, ry: float) -> Stroke:
    """An upright ellipse's outline."""
    return Stroke(_turn(x, y, rx, ry, 0, 360))


def dot(x: float, y: float, r: float) -> Stroke:
    """A filled circle."""
    return Stroke(_turn(x, y, r, r, 0, 360), filled=True)


def line(*points: Point) -> Stroke:
    """Straight lines from point to point."""
    return Stroke(points)


def box(left: float, top: float, right: float, bottom: float, r: float = 1.6) -> Stroke:
    """A rectangle with round corners."""
    corners = (
        (right - r, top + r, 270),
        (right - r, bottom - r, 0),
        (left + r, bottom - r, 90),
        (left + r, top + r, 180),
    )
    points = [point for x, y, start in corners for point in _turn(x, y, r, r, start, start + 90)]
    return Stroke((*points, points[0]))


def curve(*points: Point) -> tuple[Point, ...]:
    """Points of smooth cubic curves: a start, then three points for each curve."""
    found = [points[0]]
    for n in range(0, len(points) - 1, 3):
        a, b, c, d = points[n : n + 4]
        for step in range(1, 13):
            t = step / 12
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            x = sum(w * p[0] for w, p in zip(weights, (a, b, c, d), strict=True))
            found.append((x, sum(w * p[1] for w, p in zip(weights, (a, b, c, d), strict=True))))
    return tuple(found)


def _turn(x: float, y: float, rx: float, ry: float, start: float, end: float) -> tuple[Point, ...]:
    steps = max(6, round(abs(end - start) / 5))
    angles = [math.radians(start + (end - start) * n / steps) for n in range(steps + 1)]
    return tuple((x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles)


def _star(x: float, y: float, r: float) -> Stroke:
    points = []
    for n in range(11):
        angle, reach = math.radians(-90 + 36 * n), r if n % 2 == 0 else r * 0.46
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return Stroke(tuple(points))


ICONS: dict[str, tuple[Stroke, ...]] = {
    "gift": (
        box(2.8, 7.6, 21.2, 12.2, 1.2),
        Stroke(((4.6, 12.2), *_turn(6.4, 19.2, 1.8, 1.8, 180, 90), *_turn(17.6, 19.2, 1.8, 1.8, 90, 0), (19.4, 12.2))),
        line((12, 7.6), (12, 21)),
        Stroke(curve((12, 7.6), (8, 7.6), (6, 6.4), (6.2, 4.7), (6.4, 2.6), (10.6, 1.6), (12, 7.6))),
        Stroke(curve((12, 7.6), (16, 7.6), (18, 6.4), (17.8, 4.7), (17.6, 2.6), (13.4, 1.6), (12, 7.6))),
    ),
    "ticket": (
        Stroke(
            (
                *_turn(2.6, 12, 2.4, 2.4, 80, -80),
                (2.9, 6.6),
                (3.8, 5.6),
                (20.2, 5.6),
                (21.1, 6.6),
                *_turn(21.4, 12, 2.4, 2.4, 260, 100),
                (21.1, 17.4),
                (20.2, 18.4),
                (3.8, 18.4),
                (2.9, 17.4),
                _turn(2.6, 12, 2.4, 2.4, 80, -80)[0],
            )
        ),
        line((14.6, 8.4), (14.6, 9.4)),
        line((14.6, 11.5), (14.6, 12.5)),
        line((14.6, 14.6), (14.6, 15.6)),
        line((7.4, 12.2), (8.9, 13.7), (11.6, 10.5)),
    ),
    "person": (
        circle(12, 7.7, 4.2),
        Stroke((*_turn(12, 21.6, 7.8, 7, 185, 355),)),
    ),
    "join": (
        circle(9.6, 7.7, 4.2),
        Stroke((*_turn(9.6, 21.4, 7.4, 6.8, 185, 355),)),
        line((19.4, 8.2), (19.4, 14.2)),
        line((16.4, 11.2), (22.4, 11.2)),
    ),
    "shop": (
        line((3.2, 9), (5.2, 3.6), (18.8, 3.6), (20.8, 9)),
        Stroke(_turn(5.14, 9, 1.94, 2.6, 180, 0)),
        Stroke(_turn(9.72, 9, 2.64, 2.6, 180, 0)),
        Stroke(_turn(14.6, 9, 2.24, 2.6, 180, 0)),
        Stroke(_turn(18.82, 9, 1.98, 2.6, 180, 0)),
        line((3.2, 9), (20.8, 9)),
        line((4.6, 11.8), (4.6, 20.6), (19.4, 20.6), (19.4, 11.8)),
        line((9.4, 20.6), (9.4, 15.2), (14.6, 15.2), (14.6, 20.6)),
    ),
    "star": (_star(12, 12.4, 9.6),),
    "chart": (
        line((3.4, 20.6), (20.6, 20.6)),
        box(4.8, 13.4, 8, 20.6, 0.8),
        box(10.4, 9.4, 13.6, 20.6, 0.8),
        box(16, 11.8, 19.2, 20.6, 0.8),
        _star(12, 4.9, 2.5),
    ),
    "history": (
        arc(12, 12, 8.6, -150, 150),
        line((3.1, 4.4), (4.1, 8.1), (7.9, 7.3)),
        line((12, 7.4), (12, 12.4), (15.4, 14.4)),
    ),
    "paper": (
        Stroke(
            (
                (14, 2.8),
                *_turn(6.8, 4.6, 1.8, 1.8, 270, 180),
                *_turn(6.8, 19.4, 1.8, 1.8, 180, 90),
                *_turn(17.2, 19.4, 1.8, 1.8, 90, 0),
                (19, 7.8),
                (14, 2.8),
            )
        ),
        line((14, 2.8), (14, 7.8), (19, 7.8)),
        line((8.6, 12.2), (15.4, 12.2)),
        line((8.6, 16.2), (13.4, 16.2)),
    ),
    "question": (
        circle(12, 12, 9.2),
        Stroke((*_turn(12, 9.6, 2.9, 2.7, 190, 410), (12.5, 12.6), (12, 13.6))),
        dot(12, 16.9, 1.15),
    ),
    "globe": (
        circle(12, 12, 9.2),
        ellipse(12, 12, 4, 9.2),
        line((3.4, 8.9), (20.6, 8.9)),
        line((3.4, 15.1), (20.6, 15.1)),
    ),
    "door": (
        Stroke(((13.4, 3.4), *_turn(6.4, 5.2, 1.8, 1.8, 270, 180), *_turn(6.4, 18.8, 1.8, 1.8, 180, 90), (13.4, 20.6))),
        line((10.4, 12), (20.6, 12)),
        line((16.8, 8), (20.8, 12), (16.8, 16)),
    ),
    "chevron": (line((9.4, 5.4), (16, 12), (9.4, 18.6)),),
    "dots": (
        box(3.6, 3.6, 10.2, 10.2),
        box(13.8, 3.6, 20.4, 10.2),
        box(3.6, 13.8, 10.2, 20.4),
        circle(17.1, 17.1, 3.4),
    ),
}


def icon(name: str, size: int, pen: float = PEN) -> Image.Image:
    """The icon as a mask (white on black) of `size` pixels. Raises `KeyError` for a name there is none of."""
    strokes, scale = ICONS[name], size * FINER / GRID
    image = Image.new("L", (size * FINER, size * FINER), 0)
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        points = [(x * scale, y * scale) for x, y in stroke.points]
        if stroke.filled:
            draw.polygon(points, fill=255)
        else:
            _pen(draw, points, pen * scale)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _pen(draw: ImageDraw.ImageDraw, points: Sequence[Point], width: float) -> None:
    """A line with round ends and joins: Pillow leaves gaps at sharp turns, so each point gets a dot."""
    draw.line(points, fill=255, width=round(width))
    for x, y in points:
        draw.circle((x, y), width / 2, fill=255)
