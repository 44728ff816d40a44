"""What to type instead of tapping, on the card itself: for people on LINE for PC, where cards cannot be pressed."""

from __future__ import annotations

from bot.messages import Json
from bot.routing import Turn
from handlers.cards.parts import FAINT, words


def hint(turn: Turn, *phrases: str) -> list[Json]:
    """A faint line with the phrases, for whoever typed what is being answered. Whoever tapped sees none."""
    if turn.event.get("type") != "message":
        return []
    said = " · ".join(f"“{phrase}”" for phrase in phrases)
    return [words(turn.words("Or type {phrases}", phrases=said), size="xxs", colour=FAINT, margin="md")]
