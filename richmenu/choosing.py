"""Which menu a person gets: pure, from what the person is and reads."""

from __future__ import annotations

from clubs import Club


def menu_key(club: Club, language: str | None, *, member: bool) -> str:
    """The first tab of the menu for a member or a guest, in their language if the club speaks it, else in its first."""
    spoken = language if language in club.languages else club.languages[0]
    return f"{'member' if member else 'guest'}.{spoken}.main"


def default_key(club: Club) -> str:
    """The menu of everybody who has none of their own: the guest's, in the club's first language."""
    return menu_key(club, None, member=False)


def is_member(key: str) -> bool:
    """Whether a key is of a member's menu."""
    return key.startswith("member.")
