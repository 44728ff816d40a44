"""Long lists as carousels: as many bubbles as LINE takes, and where the next page begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from bot.messages import BUBBLES, CAROUSEL_BYTES, Json, weight

SPARE_BYTES = 4_000
"""Room for the last bubble, which leads on."""

Thing = TypeVar("Thing")


def page_of(things: Sequence[Thing], start: int, draw: Callable[[Thing], Json]) -> tuple[list[Json], int | None]:
    """Bubbles of `things` from `start` (0 when an old button points past the end); the next page's start, or None."""
    start = start if 0 < start < len(things) else 0
    shown: list[Json] = []
    used = 0
    for thing in things[start:]:
        made = draw(thing)
        used += weight(made)
        if shown and (used > CAROUSEL_BYTES - SPARE_BYTES or len(shown) == BUBBLES - 1):
            break
        shown.append(made)
    following = start + len(shown)
    return shown, following if following < len(things) else None
