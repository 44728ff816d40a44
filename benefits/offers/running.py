"""An offer's way from approved to done, as the job moves it: what is due, what is over, and why it stands still."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.offers import batches_sql as sql
from benefits.offers.drafting import begins_at, recheck
from benefits.periods import BANGKOK
from clubs import Club
from models import Batch, Budget, Offer
from models.queries import changed

WHY = ("asked", "quota", "token", "refused")
"""Every `paused_reason`: a person asked; LINE's quota is used up; LINE takes our token no longer; LINE refused the message."""


def due(session: Session, club: Club, now: datetime) -> list[int]:
    """Ids of offers to be prepared now: approved, their time come, their hold-back over; or being prepared already.

    What may not begin any more (`not_after`) is `expired`; what is no longer what was approved is a draft again (E10).
    """
    found = []
    for offer in _in_state(session, club, "approved", "preparing"):
        if offer.state == "preparing":
            found.append(offer.id)
            continue
        begins = begins_at(offer)
        if offer.not_after is not None and now > offer.not_after:
            _move(session, offer, "expired", now, "offer_expired", finished_at=now)
        elif begins is not None and begins <= now and recheck(session, offer=offer, now=now):
            found.append(offer.id)
    return found


def begin(session: Session, offer_id: int, now: datetime) -> bool:
    """An approved offer is being prepared from now on, which colleagues see at once; False: it may not, or is already (E3)."""
    done = session.execute(
        update(Offer)
        .where(Offer.id == offer_id, Offer.state == "approved", Offer.approved_digest == Offer.digest)
        .values(state="preparing", begun_at=now)
    )
    return bool(changed(done))


def sending(session: Session, club: Club) -> list[Offer]:
    """The offers on their way, the oldest first."""
    return _in_state(session, club, "sending")


def halt(session: Session, offer_id: int, reason: str, now: datetime, **facts: Any) -> bool:
    """Pause an offer by itself, for a reason of `WHY`; False: it was not being sent any more, or somebody was quicker."""
    offer = session.get_one(Offer, offer_id)
    return _move(session, offer, "paused", now, "offer_halted", paused_reason=reason, facts={"reason": reason, **facts})


def waiting_for_token(session: Session, club: Club, now: datetime) -> list[Offer]:
    """Offers that go on by themselves once LINE takes our token again, unless they may not be begun any more (D16)."""
    found = [offer for offer in _in_state(session, club, "paused") if offer.paused_reason == "token"]
    return [offer for offer in found if offer.not_after is None or now <= offer.not_after]


def go_on(session: Session, offer_id: int, now: datetime) -> bool:
    """LINE takes our token again."""
    offer = session.get_one(Offer, offer_id)
    state = "sending" if offer.prepared_at is not None else "approved"
    return _move(session, offer, state, now, "offer_resumed", paused_reason=None, facts={"reason": "token"})


def finish(session: Session, offer_id: int, now: datetime) -> bool:
    """An offer with nothing planned and nothing open is `done`; whether it became so now."""
    offer = session.get_one(Offer, offer_id)
    left = select(Batch.id).where(Batch.offer_id == offer_id, Batch.state.in_(("planned", "sending")))
    if offer.state != "sending" or session.scalar(select(left.exists())):
        return False
    return _move(session, offer, "done", now, "offer_done", finished_at=now, reserved=0)


def close(session: Session, club: Club) -> None:
    """Of stopped offers: what was planned is `stopped`; what may have left and is in nobody's hands is `unknown`."""
    for statement in (sql.CLOSE_PLANNED, sql.CLOSE_SENDING):
        session.execute(statement, {"club": club.key})


def quiet(budget: Budget, now: datetime) -> bool:
    """Whether it is an hour (Bangkok) in which no offer begins a batch."""
    hour, start, end = now.astimezone(BANGKOK).hour, budget.quiet_from, budget.quiet_to
    return start <= hour < end if start <= end else hour >= start or hour < end


def unit(offer_id: int) -> str:
    """The name under which LINE keeps its statistics of this offer."""
    return f"offer_{offer_id}"


def _in_state(session: Session, club: Club, *states: str) -> list[Offer]:
    asked = select(Offer).where(Offer.club == club.key, Offer.state.in_(states)).order_by(Offer.id)
    return list(session.scalars(asked.execution_options(populate_existing=True)))


def _move(
    session: Session,
    offer: Offer,
    state: str,
    now: datetime,
    action: str,
    facts: dict[str, Any] | None = None,
    **values: Any,
) -> bool:
    """Change the state, if it still is what this transaction read; who was quicker has noted it."""
    before = {"paused": ("sending", "preparing"), "done": ("sending",)}.get(state, (offer.state,))
    done = session.execute(
        update(Offer)
        .where(Offer.id == offer.id, Offer.state.in_(before))
        .values(state=state, **values)
        .execution_options(synchronize_session="fetch")
    )
    if not changed(done):
        return False
    note(session, club=offer.club, at=now, action=action, subject=("offer", offer.id), **(facts or {}))
    return True
