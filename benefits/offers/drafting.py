"""Writing an offer, asking for approval, approving it: each step once, by whoever may, and noted in the journal.

Every function takes the row's lock first and looks at what it is then: two consoles that press at once make one step,
and the second is told `WrongState` (E3). What changes after the approval takes the approval away (E10).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.offers import approvers, audience, budget, clicks, content
from benefits.offers.attention import MADE
from benefits.offers.bounds import BOUNDS, SETTINGS, check_times, checked, checked_name
from benefits.offers.content import Fault
from benefits.offers.digest import digest_of
from benefits.offers.refusals import (
    Changed,
    Faulty,
    NobodyReached,
    NotApprover,
    NotIndependent,
    OwnWork,
    QuotaTooSmall,
    UnknownOffer,
    WrongState,
)
from benefits.offers.steering import decide_unknown, held, pause, resume, stop
from benefits.periods import month_of
from benefits.staff_confirmations import refuse_while_waiting
from clubs import Club
from models import JournalEntry, Offer

__all__ = [
    "BOUNDS", "EDITABLE", "SETTINGS", "approve", "ask", "begins_at", "change", "copy_of", "create", "decide_unknown",
    "faults", "load", "needed", "pause", "recheck", "reject", "resume", "stop",
]  # fmt: skip

EDITABLE = ("draft", "asked", "approved")
COPIED = ("content", "audience", "holdout_percent", "hold_back_minutes", "pace")


def load(session: Session, *, club: Club, offer_id: int) -> Offer:
    """One offer of this club. Raises `UnknownOffer`."""
    found = session.scalars(select(Offer).where(Offer.id == offer_id, Offer.club == club.key)).one_or_none()
    if found is None:
        raise UnknownOffer()
    return found


def create(session: Session, *, club: Club, name: str, by: int, now: datetime) -> Offer:
    """An empty draft. Raises `BadSetting` (a name of 1 to 200 characters)."""
    empty = {"parts": [], "languages": list(club.languages)}
    offer = Offer(club=club.key, name=checked_name(name), author_id=by, content=empty, audience={}, created_at=now)
    return _made(session, offer, by, now)


def copy_of(session: Session, *, offer: Offer, by: int, now: datetime) -> Offer:
    """A new draft that says the same to the same people, without times and approval; `by` is its author."""
    values = {name: copy.deepcopy(getattr(offer, name)) for name in COPIED}
    twin = Offer(club=offer.club, name=offer.name, author_id=by, created_at=now, **values)
    return _made(session, twin, by, now, copy_of=offer.id)


def change(
    session: Session,
    *,
    offer: Offer,
    by: int,
    now: datetime,
    content: Mapping[str, Any] | None = None,
    audience: Mapping[str, Any] | None = None,
    seen: bytes | None = None,
    **settings: Any,
) -> bool:
    """Set content, audience or any of `SETTINGS` (times are aware); False: nothing differed from what it was.

    Whoever changes becomes the author; an approval, and the asking for one, lapse (E10). With `seen`, the digest of
    what she was editing, a change by somebody else in between is not overwritten: `Changed`. Raises `WrongState` once it
    is being prepared or later, `BadSetting`, `BadTimes`.
    """
    row = held(session, offer)
    if row.state not in EDITABLE:
        raise WrongState(row.state)
    if seen is not None and seen != row.digest:
        raise Changed()
    for name, value in checked(settings).items():
        setattr(row, name, value)
    if content is not None:
        row.content = copy.deepcopy(dict(content))
    if audience is not None:
        row.audience = copy.deepcopy(dict(audience))
    check_times(row, now)
    digest = digest_of(session, row)
    if digest == row.digest:
        return False
    before = row.state
    row.author_id, row.changed_at = by, now
    _lapse(session, row, digest, now)
    _note(session, row, "offer_changed", by, now, was=before)
    session.flush()
    return True


def recheck(session: Session, *, offer: Offer, now: datetime) -> bool:
    """Whether what was asked for or approved is still what would be sent. Where a privilege on one of its cards was
    changed meanwhile it is a draft again, and False. Call it before approving and before beginning (E10)."""
    row = held(session, offer)
    digest = digest_of(session, row)
    if digest == row.digest or row.state not in ("asked", "approved"):
        return digest == row.digest
    before = row.state
    _lapse(session, row, digest, now)
    _note(session, row, "offer_lapsed", None, now, was=before)
    session.flush()
    return False


def ask(
    session: Session,
    *,
    club: Club,
    offer: Offer,
    by: int,
    now: datetime,
    quota: tuple[int | None, int] | None = None,
    public_url: str = "",
    has_file: Callable[[str], bool] | None = None,
) -> audience.Counts:
    """Ask for approval: everything is checked first; the approvers' chats hear of it. Returns whom it reaches.

    `quota` is LINE's (limit, used): an offer for this month that it cannot hold is refused with the numbers (E5). Raises
    `WrongState`, `Faulty` (E11), `NobodyReached`, `QuotaTooSmall`, `BadTimes`.
    """
    row = held(session, offer)
    if row.state != "draft":
        raise WrongState(row.state)
    check_times(row, now, asking=True)
    found = faults(session, club, row, now=now, public_url=public_url, has_file=has_file)
    if found:
        raise Faulty(found)
    counts = audience.count(session, club, row.audience, now)
    if not counts.reachable:
        raise NobodyReached()
    _check_quota(session, club, row, counts.reachable, quota, now)
    clicks.make(session, offer=row)
    row.state, row.asked_at, row.digest = "asked", now, digest_of(session, row)
    _note(session, row, "offer_asked", by, now, reachable=counts.reachable, total=counts.total)
    session.flush()
    approvers.tell(session, offer=row, by=by, now=now)
    return counts


def faults(
    session: Session,
    club: Club,
    offer: Offer,
    *,
    now: datetime,
    public_url: str = "",
    has_file: Callable[[str], bool] | None = None,
) -> list[Fault]:
    """Everything to mend before it may be asked for: content, audience, and values some recipients would lack (E11)."""
    found = [Fault(None, f"audience.{name}", code) for name, code in audience.faults(session, club, offer.audience)]
    found += content.faults(
        session, club, offer.content, now=now, audience=offer.audience, public_url=public_url, has_file=has_file
    )
    if not found and content.personal(offer.content):
        missing = content.lacking(session, club, offer.audience, offer.content, now=now)
        found += [
            Fault(None, "parts", "values_missing", {"variable": name, "people": n}) for name, n in missing.items()
        ]
    return found


def approve(session: Session, *, offer: Offer, by: int, digest: bytes, now: datetime, via: str) -> None:
    """A second person approves what they saw (`digest`), in the console or the chat (`via`). Raises `NotApprover`,
    `OwnWork` for whoever wrote or changed it, `NotIndependent` for whoever had just given its writer the sign-in,
    `AwaitsConfirmation`, `Changed`, `WrongState` (E10)."""
    row = _decidable(session, offer, by, digest, now)
    if _had_a_hand(session, row, by):
        raise OwnWork()
    if approvers.gave_the_sign_in(session, offer=row, by=by):
        raise NotIndependent()
    check_times(row, now, asking=True)
    row.state, row.approved_by, row.approved_at, row.approved_digest = "approved", by, now, digest
    approvers.untell(session, offer=row)
    _note(session, row, "offer_approved", by, now, via=via, digest=digest.hex())
    session.flush()


def reject(
    session: Session,
    *,
    offer: Offer,
    by: int,
    reason: str,
    now: datetime,
    digest: bytes | None = None,
    via: str = "console",
) -> None:
    """An approver sends it back to its author, a draft again. Raises `NotApprover`, `AwaitsConfirmation`, `Changed`,
    `WrongState`."""
    row = _decidable(session, offer, by, digest, now)
    row.state = "draft"
    approvers.untell(session, offer=row)
    _note(session, row, "offer_rejected", by, now, via=via, reason=reason[:500])
    session.flush()


def begins_at(offer: Offer) -> datetime | None:
    """When an approved offer begins at the earliest: its time, and never before the hold-back is over; none: not approved."""
    if offer.approved_at is None:
        return None
    ready = offer.approved_at + timedelta(minutes=offer.hold_back_minutes)
    return ready if offer.start_at is None else max(ready, offer.start_at)


def needed(offer: Offer, reachable: int) -> int:
    """Messages for so many people: those held out are not sent to."""
    return reachable - reachable * offer.holdout_percent // 100


def _made(session: Session, offer: Offer, by: int, now: datetime, **facts: Any) -> Offer:
    offer.author_id, offer.changed_at, offer.state = by, now, "draft"
    for name, value in (("holdout_percent", 0), ("hold_back_minutes", 5), ("pace", 1000)):
        if getattr(offer, name) is None:
            setattr(offer, name, value)
    offer.digest = digest_of(session, offer)
    session.add(offer)
    session.flush()
    _note(session, offer, "offer_created", by, now, **facts)
    return offer


def _check_quota(
    session: Session, club: Club, offer: Offer, reachable: int, quota: tuple[int | None, int] | None, now: datetime
) -> None:
    if quota is None or month_of(max(now, offer.start_at or now)) != month_of(now):
        return
    room, messages = budget.room(session, club, *quota), needed(offer, reachable)
    if room is not None and messages > room:
        raise QuotaTooSmall(messages, room)


def _decidable(session: Session, offer: Offer, by: int, digest: bytes | None, now: datetime) -> Offer:
    """The offer as it is asked for now, and seen so by `by`: approver, state, digest."""
    row = held(session, offer)
    if not approvers.may_approve(session, club=row.club, staff_id=by):
        raise NotApprover()
    refuse_while_waiting(session, club=row.club, staff_id=by, now=now)
    if row.state != "asked":
        raise Changed() if row.state == "draft" else WrongState(row.state)
    if (digest is not None and digest != row.digest) or digest_of(session, row) != row.digest:
        raise Changed()
    return row


def _had_a_hand(session: Session, offer: Offer, by: int) -> bool:
    """Whether she made or changed it at any time: changing it back does not make it another's work."""
    deeds = select(JournalEntry.id).where(
        JournalEntry.club == offer.club,
        JournalEntry.subject_kind == "offer",
        JournalEntry.subject_id == offer.id,
        JournalEntry.action.in_(MADE),
        JournalEntry.actor_kind == "staff",
        JournalEntry.actor == str(by),
    )
    return offer.author_id == by or bool(session.scalar(select(exists(deeds))))


def _lapse(session: Session, offer: Offer, digest: bytes, now: datetime) -> None:
    """A draft again: whatever was asked or approved was asked or approved of something else."""
    offer.state, offer.digest = "draft", digest
    offer.asked_at = offer.approved_at = offer.approved_by = offer.approved_digest = None
    approvers.untell(session, offer=offer)


def _note(session: Session, offer: Offer, action: str, by: int | None, now: datetime, **facts: Any) -> None:
    actor = ("system", None) if by is None else ("staff", by)
    note(session, club=offer.club, at=now, action=action, subject=("offer", offer.id), actor=actor, **facts)
