"""A use taken back after its window: asked by one colleague, granted by a second (rules.md §5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from benefits import claims, requests, uses
from benefits.reasons import checked_reason
from benefits.refusal import Refusal
from clubs import Club
from models import Claim, Privilege, StaffRequest

KIND = "undo_use"


class StillInWindow(Refusal):
    """The use can be undone at once until `until`: nobody needs to be asked."""

    def __init__(self, until: datetime) -> None:
        self.until = until


class UseChanged(Refusal):
    """What was asked about is no more: the claim was used at another time since, or is not used."""


def claim_in(session: Session, *, club: Club, claim_id: int) -> Claim:
    """A claim of this club with its privilege, person and account. Raises `UnknownClaim`."""
    query = (
        select(Claim)
        .join(Privilege)
        .where(Claim.id == claim_id, Privilege.club == club.key)
        .options(joinedload(Claim.privilege), joinedload(Claim.member), joinedload(Claim.person))
    )
    found = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise claims.UnknownClaim()
    return found


def undo_until(claim: Claim) -> datetime | None:
    """First instant at which a use can no longer be undone by one colleague alone; none: there is no use."""
    return None if claim.used_at is None else claim.used_at + timedelta(minutes=claim.privilege.undo_minutes)


def ask_undo(session: Session, *, club: Club, claim_id: int, reason: str, by: int, now: datetime) -> StaffRequest:
    """Ask that a use be taken back after its window.

    Raises `UnknownClaim`, `NotUsed`, `StillInWindow`, `ReasonMissing`, `requests.AlreadyAsked`.
    """
    why = checked_reason(reason)
    claim = claim_in(session, club=club, claim_id=claim_id)
    until = undo_until(claim)
    if claim.state != "used" or claim.used_at is None or until is None:
        raise uses.NotUsed()
    if now < until:
        raise StillInWindow(until)
    # The second person agrees to this very use: another one since then has another time.
    facts = {"used_at": claim.used_at.isoformat()}
    return requests.ask(
        session, club=club, kind=KIND, subject=("claim", claim.id), facts=facts, reason=why, by=by, now=now
    )


def decide_undo(
    session: Session, *, club: Club, request_id: int, yes: bool, reason: str, by: int, now: datetime
) -> Claim:
    """Grant (the use is taken back in the same transaction) or refuse, by a second person.

    Raises what `requests.decide` and `uses.undo` raise, and `UseChanged`; the caller then rolls back, and the request
    stays open.
    """
    request = requests.decide(session, club=club, request_id=request_id, by=by, yes=yes, reason=reason, now=now)
    if request.kind != KIND:
        raise requests.UnknownRequest()
    claim = claim_in(session, club=club, claim_id=request.subject_id)
    if not yes:
        return claim
    # Held from here on: a use that ends and begins anew at this moment waits for us.
    held = select(Claim.used_at).where(Claim.id == claim.id).with_for_update(key_share=True)
    used_at = session.execute(held).scalar_one()
    if used_at is None or used_at.isoformat() != request.facts["used_at"]:
        raise UseChanged()
    return uses.undo(session, claim_id=claim.id, by=("staff", by), reason=request.reason, now=now, granted=request.id)
