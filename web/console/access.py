"""Who may open what. A route without an entry opens for nobody; a test walks all of them (B5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from models.staff import ROLES

MARK = "_allowed"
"""Where a view function carries its entry."""
F = TypeVar("F", bound=Callable[..., Any])
EVERY_ROLE = frozenset(ROLES)
ANYBODY = frozenset({"*"})
"""Also without a session: the sign-in page."""
HALF = frozenset({"half"})
"""Whoever signed in, the second factor or the own password still missing."""
READERS = ("viewer", "support", "marketer", "approver", "finance", "admin", "auditor")


def allow(*roles: str) -> Callable[[F], F]:
    """Beside `@expose`: the roles that may call this method. `@allow(*READERS)` for what everybody may read."""
    wrong = set(roles) - EVERY_ROLE
    if wrong or not roles:
        raise ValueError(f"not roles: {sorted(wrong)}; there are {', '.join(ROLES)}")
    return _mark(frozenset(roles))


def anybody() -> Callable[[F], F]:
    """For the few pages that are there before anybody signed in."""
    return _mark(ANYBODY)


def half() -> Callable[[F], F]:
    """For what somebody may do whose sign-in is not complete yet."""
    return _mark(HALF)


def _mark(who: frozenset[str]) -> Callable[[F], F]:
    def mark(function: F) -> F:
        setattr(function, MARK, who)
        return function

    return mark


def roles_of(view: Callable[..., Any]) -> frozenset[str] | None:
    """The entry of a view function: by `@allow`, or in its page's `allowed`. None: there is none, and it stays shut."""
    marked: frozenset[str] | None = getattr(view, MARK, None)
    page = getattr(view, "__self__", None)
    listed = getattr(page, "allowed", {}).get(view.__name__)
    return frozenset(listed) if listed is not None else marked
