"""Offers that wait for a person: for her approval, for somebody to resume them, for a decision about what LINE never told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import String, cast, exists, func, select
from sqlalchemy.orm import Session

from clubs import Club
from models import Batch, JournalEntry, Offer

MADE = ("offer_created", "offer_changed")
"""Deeds after which an offer is also her work who did them (E10)."""
FORGOTTEN_AFTER = timedelta(days=30)
"""An offer that ended longer ago asks for nobody's attention any more."""


def for_approval(session: Session, *, club: Club, by: int) -> Sequence[Offer]:
    """The offers this approver may decide now, the oldest request first: none she ever had a hand in (E10)."""
    hers = exists().where(
        JournalEntry.club == club.key,
        JournalEntry.subject_kind == "offer",
        JournalEntry.subject_id == Offer.id,
        JournalEntry.action.in_(MADE),
        JournalEntry.actor_kind == "staff",
        JournalEntry.actor == cast(by, String),
    )
    waiting = select(Offer).where(Offer.club == club.key, Offer.state == "asked", Offer.author_id != by, ~hers)
    return session.scalars(waiting.order_by(Offer.asked_at, Offer.id)).all()


def halted(session: Session, *, club: Club) -> Sequence[Offer]:
    """The offers that were paused by themselves (`running.WHY`), not by a person, the oldest first."""
    paused = select(Offer).where(Offer.club == club.key, Offer.state == "paused", Offer.paused_reason != "asked")
    return session.scalars(paused.order_by(Offer.id)).all()


def undecided(session: Session, *, club: Club, now: datetime) -> Sequence[tuple[Offer, int]]:
    """Offers with the number of people in batches whose outcome LINE never told and nobody decided about yet (D11)."""
    recent = Offer.finished_at.is_(None) | (Offer.finished_at > now - FORGOTTEN_AFTER)
    left = (
        select(Offer, func.sum(Batch.size))
        .join(Batch, Batch.offer_id == Offer.id)
        .where(Offer.club == club.key, Offer.prepared_at.is_not(None), recent)
        .where(Batch.state == "unknown", Batch.decided_at.is_(None))
        .group_by(Offer.id)
        .order_by(Offer.id)
    )
    return [(offer, int(people)) for offer, people in session.execute(left)]
