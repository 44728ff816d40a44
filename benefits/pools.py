"""How much is left: of each pool of codes, of each stock, and which of them staff should hear about. No code is read here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from clubs import Club
from models import Code, Privilege


@dataclass(frozen=True)
class Pool:
    """One privilege that gives each claim a code of its own, and how many it has."""

    privilege: Privilege
    free: int
    given: int
    last_added: datetime | None

    @property
    def low(self) -> bool:
        """Whether this few are worth telling."""
        return self.free <= self.privilege.alert_at


@dataclass(frozen=True)
class Low:
    """A privilege that can be claimed now and has few units or codes left: `left` of them."""

    privilege: Privilege
    left: int


def pools(session: Session, *, club: Club, only: Collection[int] | None = None) -> list[Pool]:
    """The club's pools, those with the fewest free codes first; `only` these privileges."""
    counted = (
        select(
            Code.privilege_id,
            func.count().filter(Code.claim_id.is_(None)).label("free"),
            func.count().filter(Code.claim_id.is_not(None)).label("given"),
            func.max(Code.added_at).label("last_added"),
        )
        .group_by(Code.privilege_id)
        .subquery()
    )
    free = func.coalesce(counted.c.free, 0)
    query = (
        select(Privilege, free, func.coalesce(counted.c.given, 0), counted.c.last_added)
        .outerjoin(counted, counted.c.privilege_id == Privilege.id)
        .where(Privilege.club == club.key, Privilege.pooled)
        .order_by(Privilege.withdrawn_at.is_not(None), free, Privilege.id)
    )
    if only is not None:
        query = query.where(Privilege.id.in_(only))
    return [Pool(*row) for row in session.execute(query).unique()]


def running_low(session: Session, *, club: Club, now: datetime) -> list[Low]:
    """Privileges that are shown, can be claimed now or later, and have `alert_at` units or codes left, or fewer."""
    free_codes = select(func.count()).select_from(
        select(Code.id)
        .where(Code.privilege_id == Privilege.id, Code.claim_id.is_(None))
        .correlate(Privilege)
        .limit(Privilege.alert_at + 1)
        .lateral()
    )
    # LEAST passes over NULL: without a stock the codes count alone, without a pool the units do.
    left = func.least(Privilege.stock - Privilege.taken, case((Privilege.pooled, free_codes.scalar_subquery())))
    query = (
        select(Privilege, left)
        .where(Privilege.club == club.key, Privilege.withdrawn_at.is_(None))
        .where(or_(Privilege.visible_to.is_(None), Privilege.visible_to > now))
        .where(or_(Privilege.claim_to.is_(None), Privilege.claim_to > now))
        .where(left <= Privilege.alert_at)
        .order_by(left, Privilege.id)
    )
    return [Low(row, int(number)) for row, number in session.execute(query).unique()]
