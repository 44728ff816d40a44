"""A club's messages of the month: what is left by LINE's figures, what is kept back, what running offers have set aside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.offers.refusals import BadSetting
from clubs import Club
from models import Budget, Offer

BOUNDS = {
    "reserve": (0, 10_000_000),
    "cost_satang": (0, 10_000),
    "cap_messages": (1, 100),
    "cap_days": (0, 365),
    "quiet_from": (0, 23),
    "quiet_to": (0, 23),
}
"""What may be set, within which bounds. A cap over 0 days: no cap."""


def of(session: Session, club: Club) -> Budget:
    """The club's row, made with its defaults at first need."""
    found = session.get(Budget, club.key)
    if found is not None:
        return found
    columns = Budget.__table__.c
    values = {name: columns[name].default.arg for name in BOUNDS}
    session.execute(insert(Budget).values(club=club.key, **values).on_conflict_do_nothing(index_elements=["club"]))
    return session.get_one(Budget, club.key)


def configure(session: Session, club: Club, *, by: int, now: datetime, **settings: int) -> Budget:
    """Set some of `BOUNDS`; what changed is noted. Raises `BadSetting`, `TypeError` for a name that is none of them."""
    for name, value in settings.items():
        if name not in BOUNDS:
            raise TypeError(name)
        least, most = BOUNDS[name]
        if not least <= value <= most:
            raise BadSetting(name, least, most)
    found = of(session, club)
    changed: dict[str, Any] = {name: value for name, value in settings.items() if getattr(found, name) != value}
    for name, value in changed.items():
        setattr(found, name, value)
    if changed:
        actor = ("staff", by)
        note(session, club=club.key, at=now, action="budget_set", subject=("budget", None), actor=actor, **changed)
    return found


def refresh(session: Session, club: Club, limit: int | None, used: int, now: datetime) -> Budget:
    """Keep what LINE last said: the month's limit (none: no limit) and how much of it is used."""
    found = of(session, club)
    found.quota, found.used, found.asked_at = limit, used, now
    return found


def room(session: Session, club: Club, limit: int | None, used: int) -> int | None:
    """Messages an offer may still plan with: what is left, less the reserve and what other offers set aside; none: no
    limit. Never below 0."""
    if limit is None:
        return None
    set_aside = session.scalar(select(func.coalesce(func.sum(Offer.reserved), 0)).where(Offer.club == club.key)) or 0
    return max(0, limit - used - of(session, club).reserve - int(set_aside))


def cost(session: Session, club: Club, messages: int) -> int:
    """What so many messages cost, in satang."""
    return messages * of(session, club).cost_satang
