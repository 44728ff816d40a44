"""Consent, and joining by it: the first administrator of an account who presses Agree makes it a member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import bindparam, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.members import Account, Left, NotJoined, accounts_of
from benefits.people import names_of, opt_in, opt_out
from benefits.periods import add_days, day_of, start_of
from benefits.refusal import Refusal
from clubs import Club
from models import Admin, Consent, Member, Membership, Person
from models.queries import Query, ask

MEMBERSHIP = "membership"
_STANDING = select(Consent).where(
    Consent.person_id == bindparam("person"),
    Consent.purpose == MEMBERSHIP,
    Consent.terms_version == bindparam("version"),
    Consent.withdrawn_at.is_(None),
)
AGREED = Query(select(_STANDING.exists()))
"""Whether the person `person` has agreed to the terms `version`."""


class NoAccounts(Refusal):
    """She has no role for any account the club knows: nothing to join with. Nothing was recorded."""

    rule: ClassVar[str] = "LFC-2"


@dataclass(frozen=True)
class AlreadyMember:
    """An account that is in the club already: who pressed Agree for it, and when."""

    account: Account
    by: str | None
    by_me: bool
    at: datetime


@dataclass(frozen=True)
class Agreed:
    """What pressing Agree did, account by account."""

    terms_version: str
    joined: tuple[Account, ...]
    """In the club now, at the entry tier; `is_new` and `new_last_day` say whether new-member status came with it."""
    already: tuple[AlreadyMember, ...]
    refused: tuple[Account, ...]
    """`why_not` says why: PremiumAccount (LFC-4), NotAdministrator (LFC-19), Left (deleted)."""


def standing(session: Session, *, club: Club, person: Person) -> Consent | None:
    """Her consent to the club's current terms; none: never given, withdrawn, or given to other terms."""
    return session.execute(_STANDING, {"person": person.id, "version": club.terms.version}).scalar_one_or_none()


def needs_consent(session: Session, *, club: Club, person: Person) -> bool:
    """Whether she has to agree (again, when the terms changed) before the club does anything for her."""
    ((agreed,),) = ask(session, (AGREED, {"person": person.id, "version": club.terms.version}))[0]
    return not agreed


def agreed_before(session: Session, *, club: Club, person: Person) -> bool:
    """Whether she agreed to other terms than the current ones and has not taken that back: then they have changed."""
    found = select(Consent.id).where(
        Consent.person_id == person.id,
        Consent.purpose == MEMBERSHIP,
        Consent.terms_version != club.terms.version,
        Consent.withdrawn_at.is_(None),
    )
    return session.execute(select(found.exists())).scalar_one()


def agree(session: Session, *, club: Club, person: Person, language: str, now: datetime) -> Agreed:
    """She pressed Agree to the terms as shown in `language`: record it, and join every account she may join with.

    Joining, by account: she administers it (LFC-19), no minimum spend (LFC-2), not premium (LFC-4), at the entry tier
    (LFC-3), with new-member status when it was never in the club or long enough away (LFC-23…26). Of two admins at once
    the partial unique index on open memberships lets one in; the other finds the account among `already`.
    Raises `NoAccounts`.
    """
    held = _lock_joinable(session, club, person)
    before = accounts_of(session, club=club, person=person, now=now)
    if not before:
        raise NoAccounts()
    _record(session, club, person, language, now)
    # One that left since was not held: it was in the club when she pressed, and leaving came after.
    joining = [account for account in before if account.member_id in held and may_join(account)]
    joined = _join(session, club, person, joining, now)
    after = accounts_of(session, club=club, person=person, now=now)
    members = [account for account in after if account.may_claim and account.member_id not in joined]
    return Agreed(
        terms_version=club.terms.version,
        joined=tuple(account for account in after if account.member_id in joined),
        already=_already(session, person, members),
        refused=tuple(account for account in after if not account.may_claim),
    )


def withdraw(session: Session, *, club: Club, person: Person, now: datetime) -> bool:
    """She takes her consent back. False: there was none. Her accounts stay members: each leaves only when an
    administrator says so for that account (`members.leave`), because its other administrators rely on it. Offers stop
    at once, those already written down for sending among them (B16).
    """
    ended = session.execute(
        update(Consent)
        .where(Consent.person_id == person.id, Consent.purpose == MEMBERSHIP, Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
        .returning(Consent.terms_version)
    )
    versions = list(ended.scalars())
    if versions:
        _note(session, club, person, "consent_withdrawn", now, versions=versions)
        opt_out(session, person=person, now=now)
    return bool(versions)


def new_until(club: Club, *, last_left: datetime | None, now: datetime) -> datetime | None:
    """First instant that is no longer a new-member day for an account joining now; none: it is not new.

    The last such day is consent day + the club's days (LFC-25). `last_left` is when it left before (LFC-23, LFC-26).
    """
    today, again = day_of(now), club.new_member.again_after_days
    if last_left is not None and (again is None or (today - day_of(last_left)).days < again):
        return None
    return start_of(add_days(today, club.new_member.days + 1))


def may_join(account: Account) -> bool:
    """Whether pressing Agree would bring this account into the club: never joined, or left and not deleted."""
    refusal = account.why_not
    return isinstance(refusal, NotJoined) or (isinstance(refusal, Left) and account.member.deleted_at is None)


def _lock_joinable(session: Session, club: Club, person: Person) -> set[int]:
    """Hold still, in one order, the accounts about to join, so that a badge turning green now waits or is seen; their ids."""
    open_stay = exists().where(Membership.member_id == Member.id, Membership.left_at.is_(None))
    found = session.scalars(
        select(Member.id)
        .join(Admin, Admin.member_id == Member.id)
        .where(Member.club == club.key, Admin.line_user_id == person.line_user_id, Admin.removed_at.is_(None))
        .where(~open_stay)
        .order_by(Member.id)
        .with_for_update(key_share=True, of=Member)
    )
    return set(found)


def _record(session: Session, club: Club, person: Person, language: str, now: datetime) -> None:
    shown = language if language in club.terms.text else club.languages[0]
    given = {
        "person_id": person.id,
        "purpose": MEMBERSHIP,
        "terms_version": club.terms.version,
        "text_sha256": club.terms.sha256(shown),
        "language": shown,
        "given_at": now,
    }
    added = session.execute(insert(Consent).values(given).on_conflict_do_nothing().returning(Consent.id)).scalar()
    if added is not None:
        _note(session, club, person, "consented", now, version=club.terms.version, language=shown)
        # What her withdrawal switched off comes back with her consent; what she switched off herself does not.
        taken_back = select(Consent.id).where(
            Consent.person_id == person.id, Consent.withdrawn_at == person.opted_out_at
        )
        if person.opted_out_at is not None and session.scalar(select(taken_back.exists())):
            opt_in(session, person=person, now=now)


def _join(session: Session, club: Club, person: Person, accounts: Sequence[Account], now: datetime) -> set[int]:
    """Open the stays; the ids of the accounts that joined by this. Those another admin joined first are not among them."""
    if not accounts:
        return set()
    stays = [_stay(club, person, account, now) for account in sorted(accounts, key=lambda account: account.member_id)]
    joined = set(
        session.execute(
            insert(Membership)
            .values(stays)
            .on_conflict_do_nothing(index_elements=["member_id"], index_where=text("left_at IS NULL"))
            .returning(Membership.member_id)
        ).scalars()
    )
    session.execute(update(Member).where(Member.id.in_(joined)).values(tier=club.entry_tier.key, tier_since=now))
    for member_id in sorted(joined):
        _note(session, club, person, "joined", now, subject=("member", member_id), tier=club.entry_tier.key)
    return joined


def _stay(club: Club, person: Person, account: Account, now: datetime) -> dict[str, Any]:
    return {
        "member_id": account.member_id,
        "joined_at": now,
        "agreed_by": person.id,
        "terms_version": club.terms.version,
        "new_until": new_until(club, last_left=account.membership.left_at if account.membership else None, now=now),
    }


def _already(session: Session, person: Person, accounts: Sequence[Account]) -> tuple[AlreadyMember, ...]:
    stays = {account.member_id: account.membership for account in accounts if account.membership is not None}
    names = names_of(session, {stay.agreed_by for stay in stays.values()})
    return tuple(
        AlreadyMember(account, names.get(stay.agreed_by), stay.agreed_by == person.id, stay.joined_at)
        for account in accounts
        if (stay := stays.get(account.member_id)) is not None
    )


def _note(
    session: Session,
    club: Club,
    person: Person,
    action: str,
    now: datetime,
    subject: tuple[str, int] | None = None,
    **facts: Any,
) -> None:
    about = subject or ("person", person.id)
    note(session, club=club.key, at=now, action=action, subject=about, actor=("person", person.id), **facts)
