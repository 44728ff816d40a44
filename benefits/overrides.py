"""A tier set by staff: for a reason, until a day, shown to the member as such (rules.md §5).

It lies over the tier that the stars give, which goes on being adjusted below it and is in force again at the end.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.members import Left, NotJoined, tier_of
from benefits.periods import start_of
from benefits.reasons import checked_reason
from benefits.refusal import Refusal
from clubs import Club
from models import Member, Membership


class UnknownMember(Refusal):
    """No such account in this club."""


class UnknownTier(Refusal):
    """The club has no tier of that name."""

    rule: ClassVar[str] = "LFC-12"


class EndPassed(Refusal):
    """The last day named is over already."""


class NoOverride(Refusal):
    """There is none to end."""


def override(
    session: Session, *, club: Club, member_id: int, tier: str, reason: str, last_day: date, by: int, now: datetime
) -> Member:
    """Put a joined account into `tier` until the end of `last_day` (Bangkok); one that stands is replaced.

    `by` is the colleague's id. Raises `UnknownMember`, `NotJoined`, `Left`, `UnknownTier`, `EndPassed`, `ReasonMissing`.
    """
    why = checked_reason(reason)
    if not club.has_tier(tier):
        raise UnknownTier()
    until = start_of(last_day + timedelta(days=1))
    if until <= now:
        raise EndPassed()
    member = _held(session, club, member_id)
    _check_joined(session, member)
    before = tier_of(member, now)
    member.tier_override, member.override_reason, member.override_until = tier, why, until
    facts = {"before": before, "after": tier, "last_day": last_day.isoformat(), "reason": why}
    _note(session, member, "tier_overridden", by, now, facts)
    return member


def lift(session: Session, *, club: Club, member_id: int, reason: str, by: int, now: datetime) -> Member:
    """End an override: the tier that the stars give is in force. Raises `UnknownMember`, `NoOverride`, `ReasonMissing`."""
    why = checked_reason(reason)
    member = _held(session, club, member_id)
    if member.tier_override is None or member.override_until is None or member.override_until <= now:
        raise NoOverride()
    before = member.tier_override
    member.tier_override, member.override_reason, member.override_until = None, None, None
    _note(session, member, "override_lifted", by, now, {"before": before, "after": member.tier, "reason": why})
    return member


def _held(session: Session, club: Club, member_id: int) -> Member:
    query = select(Member).where(Member.id == member_id, Member.club == club.key)
    found = session.execute(
        query.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise UnknownMember()
    return found


def _check_joined(session: Session, member: Member) -> None:
    """Tiers are for accounts in the club; the stay is held, so that one that ends meanwhile waits for us."""
    stays = select(Membership).where(Membership.member_id == member.id).order_by(Membership.id.desc()).limit(1)
    stay = session.execute(stays.with_for_update(read=True)).scalar_one_or_none()
    if stay is None:
        raise NotJoined()
    if stay.left_at is not None:
        raise Left(stay.left_at, stay.left_reason or "")


def _note(session: Session, member: Member, action: str, by: int, now: datetime, facts: dict[str, str | None]) -> None:
    subject, actor = ("member", member.id), ("staff", by)
    note(session, club=member.club, at=now, action=action, subject=subject, actor=actor, **facts)
