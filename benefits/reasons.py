"""The reason a deed of staff needs: others must be able to follow it."""

from __future__ import annotations

from benefits.refusal import Refusal

LONGEST = 200
"""A reason may stand on a card in the chat."""


class ReasonMissing(Refusal):
    """No reason was given, or one of more than `longest` characters."""

    def __init__(self, longest: int) -> None:
        self.longest = longest


def checked_reason(reason: str, longest: int = LONGEST) -> str:
    """The reason on one line. Raises `ReasonMissing` for a blank one or one that is too long."""
    said = " ".join(reason.replace("\0", " ").split())
    if not said or len(said) > longest:
        raise ReasonMissing(longest)
    return said
