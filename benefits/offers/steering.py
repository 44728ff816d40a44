"""While an offer is on its way: stopping, pausing and resuming it, and deciding about batches nobody knows the outcome of."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.offers import approvers
from benefits.offers.refusals import NotDecidable, WrongState
from models import Batch, Offer

KEY_LIFE = timedelta(hours=23)
"""A retry key is used so long after its first use: LINE remembers it for 24 hours (D11)."""
STOPPABLE = ("draft", "asked", "approved", "preparing", "sending", "paused")
PAUSABLE = ("approved", "preparing", "sending")


def held(session: Session, offer: Offer) -> Offer:
    """The offer as it is now, locked until the caller's transaction ends."""
    row = select(Offer).where(Offer.id == offer.id).with_for_update().execution_options(populate_existing=True)
    return session.execute(row).scalar_one()


def stop(session: Session, *, offer: Offer, by: int, now: datetime) -> None:
    """End it for good: no batch that has not begun begins any more, and its reserved messages are free again (E4). One
    that is in LINE's hands this moment is told as it comes out. Only the offer's row is written, so that stopping is as
    quick for a million as for one; the job closes its batches (`running.close`). Raises `WrongState` when it is over."""
    row = held(session, offer)
    if row.state not in STOPPABLE:
        raise WrongState(row.state)
    before, row.state, row.paused_reason = row.state, "stopped", None
    row.reserved, row.finished_at = 0, now
    approvers.untell(session, offer=row)
    _note(session, row, "offer_stopped", by, now, was=before)
    session.flush()


def pause(session: Session, *, offer: Offer, by: int, now: datetime) -> None:
    """Begin no further batch until somebody resumes it (E4). Raises `WrongState`."""
    row = held(session, offer)
    if row.state not in PAUSABLE:
        raise WrongState(row.state)
    before, row.state, row.paused_reason = row.state, "paused", "asked"
    _note(session, row, "offer_paused", by, now, was=before)
    session.flush()


def resume(session: Session, *, offer: Offer, by: int, now: datetime) -> None:
    """Go on where it was paused, by hand or by LINE's quota or token (E5). Batches of unknown outcome whose key LINE may
    have forgotten are not sent again: they wait for a decision (E7). Raises `WrongState`."""
    row = held(session, offer)
    if row.state != "paused":
        raise WrongState(row.state)
    reason, row.paused_reason = row.paused_reason, None
    row.state = "sending" if row.prepared_at is not None else "approved"
    old = (
        update(Batch)
        .where(Batch.offer_id == row.id, Batch.state == "sending", Batch.first_attempt_at <= now - KEY_LIFE)
        .values(state="unknown", answered_at=now, owner=None, lease_until=None)
        .returning(Batch.id)
        .execution_options(synchronize_session=False)
    )
    unknown = len(session.execute(old).all())
    _note(session, row, "offer_resumed", by, now, reason=reason, unknown=unknown)
    session.flush()


def decide_unknown(session: Session, *, batch_id: int, by: int, resend: bool, reason: str, now: datetime) -> None:
    """A person decides about a batch whose outcome LINE never told: leave it, or send it again under a new key although
    some may then have it twice. Once (D11). Sent again, everybody's opt-out and friendship are looked at anew.

    Raises `NotDecidable`, `WrongState` for an offer that was stopped.
    """
    offer = session.scalars(
        select(Offer).join(Batch, Batch.offer_id == Offer.id).where(Batch.id == batch_id)
    ).one_or_none()
    if offer is None:
        raise NotDecidable()
    row = held(session, offer)
    if resend and row.state not in ("sending", "paused", "done"):
        raise WrongState(row.state)
    values: dict[str, Any] = {"decided_at": now}
    if resend:
        values = {"state": "planned", "retry_key": uuid.uuid4(), "line_user_ids": None, "attempts": 0, "doubtful": 0,
                  "first_attempt_at": None, "next_attempt_at": None, "answered_at": None, "owner": None,
                  "lease_until": None, "error": None}  # fmt: skip
    decided = session.execute(
        update(Batch)
        .where(Batch.id == batch_id, Batch.state == "unknown", Batch.decided_at.is_(None))
        .values(**values)
        .returning(Batch.size)
        .execution_options(synchronize_session=False)
    ).scalar()
    if decided is None:
        raise NotDecidable()
    if resend:
        row.reserved += decided
        if row.state == "done":
            row.state, row.finished_at = "sending", None
    facts = {"batch": batch_id, "resend": resend, "reason": reason[:500]}
    _note(session, row, "offer_unknown_decided", by, now, **facts)
    session.flush()


def _note(session: Session, offer: Offer, action: str, by: int, now: datetime, **facts: Any) -> None:
    note(session, club=offer.club, at=now, action=action, subject=("offer", offer.id), actor=("staff", by), **facts)
