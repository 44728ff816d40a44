"""Who can be reached: why somebody of an audience gets no message, as SQL that previews, snapshots and batches share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Case, ColumnElement, Select, and_, case, func, select, text
from sqlalchemy.orm import Session

from models import Batch, Budget, Offer, Person, Recipient

REASONS = ("malformed", "blocked", "opted_out", "capped")
"""In this order: the first that holds is told."""
LEFT = ("sending", "accepted", "unknown")
"""Batches whose people have the message, or may have it."""


def malformed() -> Select[int]:
    """Ids of people whose user id LINE would not take: one of them kills a whole batch of 500. Read from an index that holds
    nobody else (hence the condition in its very words), for a million may be asked."""
    return select(Person.id).where(text("people.line_user_id !~ '^U[0-9a-f]{32}$'")).correlate(None)


def why_not(capped: Select[int] | None) -> Case[str | None]:
    """Why a `Person` of the query gets nothing: one of `REASONS`, or NULL. `capped`: see there; none: nobody can be."""
    whens: list[tuple[ColumnElement[bool], str]] = [
        (Person.id.in_(malformed()), "malformed"),
        (~Person.friend, "blocked"),
        (Person.opted_out_at.is_not(None), "opted_out"),
    ]
    if capped is not None:
        whens.append((Person.id.in_(capped), "capped"))
    return case(*whens)


def reachable(capped: Select[int] | None) -> ColumnElement[bool]:
    """`why_not` is NULL, in words that the planner has figures for."""
    fine = and_(Person.friend, Person.opted_out_at.is_(None), Person.id.not_in(malformed()))
    return fine if capped is None else and_(fine, Person.id.not_in(capped))


def capped(
    budget: Budget, others: Sequence[int], now: datetime, between: tuple[int, int] | None = None
) -> Select[int] | None:
    """Ids of people who got as many of the offers `others` as the frequency cap allows, in the days it looks back.

    `others`: see `recent`; with none of them nobody is capped, and none is returned. `between`: only people with ids
    from … to, which makes it quick for a batch.
    """
    if not others:
        return None
    found = (
        select(Recipient.person_id)
        .join(Batch, and_(Batch.offer_id == Recipient.offer_id, Batch.language == Recipient.language))
        .where(Recipient.person_id.between(Batch.first_person_id, Batch.last_person_id))
        .where(Recipient.state == "batched", Batch.state.in_(LEFT), Batch.offer_id.in_(others))
        .where(Batch.first_attempt_at > now - timedelta(days=budget.cap_days))
    )
    if between is not None:
        first, last = between
        found = found.where(Recipient.person_id.between(first, last), Recipient.offer_id.in_(others))
        found = found.where(Batch.first_person_id <= last, Batch.last_person_id >= first)
    return found.group_by(Recipient.person_id).having(func.count() >= budget.cap_messages)


def recent(session: Session, club: str, budget: Budget, now: datetime, besides: int | None = None) -> list[int]:
    """Ids of the club's offers (but `besides`) that may count for the frequency cap: being sent, or ended within its days."""
    since = now - timedelta(days=budget.cap_days)
    found = select(Offer.id).where(Offer.club == club, Offer.prepared_at.is_not(None), Offer.id != (besides or 0))
    return list(session.scalars(found.where((Offer.finished_at.is_(None)) | (Offer.finished_at > since))))
