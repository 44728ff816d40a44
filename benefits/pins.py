"""A partner's PIN: tries are counted before they are judged, for the use and for the partner, and pauses grow (C1).

Two counts, both in the database, neither by network address, and neither cleared by a right PIN:

- of a *claim*, as sign-ins are counted: five wrong tries are free, then each begins a pause, 30 seconds at first, doubled up to
  15 minutes; a day without a try forgets. It goes on over all uses of the claim, so that beginning anew brings no new tries.
- of the *partner*: a budget of `BURST` wrong PINs that time alone gives back, `A_DAY` a day. Used up, it pauses the uses of
  persons who had a wrong PIN at this partner within the last day. Everybody else still has a first try, so nobody can lock
  the partner out for others.

So strangers guess `BURST + A_DAY` times a day at most, and once more for each further person who holds a running use.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, ClassVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import BigInteger, func, or_, select
from sqlalchemy.orm import Session

from benefits import signin
from benefits.journal import note
from benefits.refusal import Refusal
from models import Claim, JournalEntry, Partner

BURST = 16
"""Wrong PINs at one partner, of all uses together, before the uses that failed have to wait."""
A_DAY = 16
"""So many of them are forgotten a day, evenly."""
EACH = timedelta(days=1) / A_DAY
REMEMBERED = timedelta(days=1)
"""Whoever had a wrong PIN longer ago has a first try again."""
SHORTEST, LONGEST = 6, 8
"""Digits of a new PIN. Older ones may have four; the console asks to change them."""
LONGEST_TYPED = 64
WRONG = "pin_wrong"
"""The deed in the journal: subject the partner, facts `claim` and `person` (who showed the use, not who typed)."""
_hasher = PasswordHasher()


class WrongPin(Refusal):
    """Not this partner's PIN; `tries_left` before a pause. COMMIT after it: the failure is counted in your transaction."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, tries_left: int) -> None:
        self.tries_left = tries_left


class PinLocked(Refusal):
    """Too many wrong PINs: for this use none is looked at until `until`. COMMIT after it, as after `WrongPin`."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, until: datetime) -> None:
        self.until = until


class NoPin(Refusal):
    """This partner has no PIN and can confirm nothing: the club gives it one."""

    rule: ClassVar[str] = "LFC-20"


def check_pin(session: Session, *, claim: Claim, pin: str, now: datetime) -> None:
    """Return when `pin` is that of the claim's partner. Hold the claim's row (claim before partner, as everywhere).

    Tries of one partner are judged one after another, under the lock of its row. Raises `NoPin`, `PinLocked`, `WrongPin`;
    commit after these too.
    """
    row = select(Partner).where(Partner.id == claim.privilege.partner_id).with_for_update(key_share=True)
    partner = session.execute(row.execution_options(populate_existing=True)).scalar_one()
    if partner.pin_hash is None:
        raise NoPin()
    until = _spent(session, partner, claim, now)
    if until is not None:
        raise PinLocked(until)
    tries = signin.count_try(session, door=_door(claim.id), now=now)
    if tries is None:
        raise PinLocked(signin.pause_of(session, door=_door(claim.id), now=now) or now)
    if fits(partner.pin_hash, pin):
        signin.uncount_try(session, door=_door(claim.id))
        partner.pin_digits = len(pin)
        return
    _count(session, partner, claim, now)
    until = _pause(session, partner, claim, now)
    if until is not None:
        raise PinLocked(until)
    raise WrongPin(signin.FREE_TRIES - tries)


def pause(session: Session, *, claim: Claim, now: datetime) -> datetime | None:
    """Until when no PIN is looked at for a use of this claim; none: one is."""
    return _pause(session, claim.privilege.partner, claim, now)


def wrong_since(session: Session, *, club: str, since: datetime) -> dict[int, int]:
    """Wrong PINs since then, by partner; a partner without any is not in it."""
    query = (
        select(JournalEntry.subject_id, func.count())
        .where(JournalEntry.club == club, JournalEntry.subject_kind == "partner")
        .where(JournalEntry.action == WRONG, JournalEntry.at > since)
        .group_by(JournalEntry.subject_id)
    )
    return {int(partner or 0): int(count) for partner, count in session.execute(query)}


def used_up(partner: Partner, now: datetime) -> bool:
    """Whether the partner's budget of wrong PINs is used up, so that uses that failed have to wait."""
    return _allowed_at(partner, now) > now


def forget(session: Session, *, partner: Partner, now: datetime) -> bool:
    """Staff of the club end every pause at this partner; whether anything had been counted."""
    failed = _wrong(partner).where(JournalEntry.at > now - signin.FORGOTTEN_AFTER)
    claims = set(session.scalars(failed.with_only_columns(JournalEntry.facts["claim"].astext.cast(BigInteger))))
    for claim_id in sorted(claims):
        signin.open_door(session, door=_door(claim_id))
    counted = bool(claims) or (partner.pin_spent_until is not None and partner.pin_spent_until > now)
    partner.pin_spent_until = None
    return counted


def new_pin() -> str:
    """A PIN of six digits from a good source; which of them are weak is for who sets it."""
    return f"{secrets.randbelow(10**SHORTEST):0{SHORTEST}}"


def hash_pin(pin: str) -> str:
    """The argon2 hash to keep of a new PIN."""
    return _hasher.hash(pin)


def _pause(session: Session, partner: Partner, claim: Claim, now: datetime) -> datetime | None:
    found = (signin.pause_of(session, door=_door(claim.id), now=now), _spent(session, partner, claim, now))
    return max((until for until in found if until is not None), default=None)


def fits(pin_hash: str, pin: str) -> bool:
    """Whether it is the PIN of that hash."""
    try:
        return len(pin) <= LONGEST_TYPED and _hasher.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False


def _spent(session: Session, partner: Partner, claim: Claim, now: datetime) -> datetime | None:
    """Until when the partner's budget keeps this use waiting; none: it does not."""
    until = _allowed_at(partner, now)
    return until if until > now and _failed_lately(session, partner, claim, now) else None


def _allowed_at(partner: Partner, now: datetime) -> datetime:
    """When another wrong PIN fits into the budget. The budget is one time: each wrong PIN moves it on by `EACH`."""
    spent = max(partner.pin_spent_until or now, now)
    return spent + EACH - BURST * EACH


def _count(session: Session, partner: Partner, claim: Claim, now: datetime) -> None:
    spent = max(partner.pin_spent_until or now, now)
    partner.pin_spent_until = min(spent + EACH, now + BURST * EACH)
    session.flush()
    subject = ("partner", partner.id)
    note(session, club=partner.club, at=now, action=WRONG, subject=subject, claim=claim.id, person=claim.used_by)


def _failed_lately(session: Session, partner: Partner, claim: Claim, now: datetime) -> bool:
    """Whether this claim, or who shows it, had a wrong PIN at this partner within the last day."""
    named = JournalEntry.facts["claim"].astext == str(claim.id)
    shown = JournalEntry.facts["person"].astext == str(claim.used_by)
    failed = _wrong(partner).where(JournalEntry.at > now - REMEMBERED, or_(named, shown))
    return session.scalar(failed.limit(1)) is not None


def _wrong(partner: Partner) -> Any:
    return select(JournalEntry.id).where(
        JournalEntry.club == partner.club,
        JournalEntry.subject_kind == "partner",
        JournalEntry.subject_id == partner.id,
        JournalEntry.action == WRONG,
    )


def _door(claim_id: int) -> str:
    return f"pin:{claim_id}"
