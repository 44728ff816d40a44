"""What to type instead of tapping, on the card itself: for people on LINE for PC, where cards cannot be pressed."""

from __future__ import annotations

from bot.messages import Json
from bot.routing import Turn
from handlers.cards.parts import MUTED, words


def hint(turn: Turn, *phrases: str) -> list[Json]:
    """A small line with the phrases, for whoever typed what is being answered, or is new. Whoever tapped sees none."""
    if turn.event.get("type") not in ("message", "follow"):
        return []
    said = " · ".join(f"“{phrase}”" for phrase in phrases)
    return [words(turn.words("Or type {phrases}", phrases=said), size="xxs", colour=MUTED, margin="md")]
