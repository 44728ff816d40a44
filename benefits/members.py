"""Members: official accounts in the club, who acts for them, and leaving (joining is `benefits.consent`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from benefits import notices
from benefits.journal import note
from benefits.periods import day_of
from benefits.refusal import Refusal
from clubs import Club
from models import Admin, Claim, Member, Membership, Person
from models.queries import Asked, Query, Row, Values, ask, columns

_NEWEST_STAY = (
    select(Membership.id).where(Membership.member_id == Member.id).order_by(Membership.id.desc()).limit(1)
).correlate(Member)
OF_PERSON = (
    select(*columns(Member, Membership), Admin.role)
    .select_from(Member)
    .join(Admin, Admin.member_id == Member.id)
    .outerjoin(Membership, Membership.id == _NEWEST_STAY.scalar_subquery())
    .where(Member.club == bindparam("of_club"), Admin.line_user_id == bindparam("user"), Admin.removed_at.is_(None))
)
"""Accounts of the club `of_club` for which the LINE user `user` has a role, each with its newest stay."""
_HOLD = Query(
    select(*columns(Membership), Admin.role)
    .join(Admin, Admin.member_id == Membership.member_id)
    .where(Membership.member_id == bindparam("member"), Membership.left_at.is_(None))
    .where(Admin.line_user_id == bindparam("user"), Admin.removed_at.is_(None))
    .with_for_update(read=True, of=[Membership, Admin]),
    Membership,
)
_MEMBER = Query(
    select(*columns(Member)).where(Member.id == bindparam("member"), Member.club == bindparam("of_club")), Member
)
_ACCOUNTS = Query(OF_PERSON.order_by(Member.name, Member.id), Member, Membership)
_ACCOUNT = Query(OF_PERSON.where(Member.id == bindparam("member")), Member, Membership)


class NotAdministrator(Refusal):
    """She is not an administrator of that account: `role` is what she is there; none: nothing at all, or a forged id."""

    rule: ClassVar[str] = "LFC-19"

    def __init__(self, role: str | None) -> None:
        self.role = role


class PremiumAccount(Refusal):
    """The account's badge bars it from the club (green shield)."""

    rule: ClassVar[str] = "LFC-4"

    def __init__(self, badge: str) -> None:
        self.badge = badge


class NotJoined(Refusal):
    """The account may join and has not: an administrator has yet to press Agree."""

    rule: ClassVar[str] = "LFC-17"


class Left(Refusal):
    """The account is no longer in the club: `reason` is `asked`, `deleted`, `premium` or `removed`."""

    rule: ClassVar[str] = "LFC-17"

    def __init__(self, at: datetime, reason: str) -> None:
        self.at, self.reason = at, reason


@dataclass(frozen=True)
class Account:
    """One account as one of its admins sees it at one moment."""

    member: Member
    role: str
    membership: Membership | None
    """The newest stay, open or ended; none: never joined."""
    tier: str | None
    """The tier in force, a staff override included; none: not in the club."""
    is_new: bool
    new_last_day: date | None
    """Last Bangkok day of new-member status, also when past (LFC-25); none: this stay never had it."""
    why_not: Refusal | None
    """Why she may not claim for it at all: NotAdministrator, PremiumAccount, NotJoined or Left."""

    @property
    def member_id(self) -> int:
        """The account's id, as buttons carry it."""
        return self.member.id

    @property
    def name(self) -> str:
        """The account's name."""
        return self.member.name

    @property
    def may_claim(self) -> bool:
        """Whether she may claim and use for it, each privilege's own conditions aside."""
        return self.why_not is None


def accounts_of(
    session: Session, *, club: Club, person: Person, now: datetime, member_id: int | None = None
) -> list[Account]:
    """Every account she has a role for, joined or not, by name, in one query; empty when she has none.

    `member_id` narrows it to that account. Ended roles are left out.
    """
    return accounts_from(ask(session, asking_accounts(club, person.line_user_id, member_id))[0], club=club, now=now)


def asking_accounts(club: Club, line_user_id: str, member_id: int | None = None) -> Asked:
    """The question of `accounts_of`, to be sent with others; `accounts_from` reads its answer."""
    values: Values = {"of_club": club.key, "user": line_user_id}
    return (_ACCOUNTS, values) if member_id is None else (_ACCOUNT, {**values, "member": member_id})


def accounts_from(rows: Sequence[Row], *, club: Club, now: datetime) -> list[Account]:
    """The accounts that `asking_accounts` asked for."""
    return [_account(club, member, role, stay, now) for member, stay, role in rows]


def hold_and_ask(
    session: Session,
    *,
    club: Club,
    person: Person,
    member_id: int,
    now: datetime,
    asked: Sequence[tuple[Query, Values]] = (),
) -> tuple[Account, list[list[Row]]]:
    """The account as it stands, with her role and its stay held still until the caller's transaction ends; and, in the same
    round trip, the answers to what is `asked` once it is held.

    A role that is taken away, or an account that leaves, at the same moment comes either before (and is seen here) or
    after the caller's commit. Raises `NotAdministrator` for an account she has no claiming role for, forged ids included.
    An account that could not be held, and yet may claim when it is read, has just come into the club (or she to her role):
    that is held in turn. Read alone it could leave before the caller commits, and its leaving would not void the claim.
    """
    held, members, *answers = ask(session, *asking_to_hold(club, person.line_user_id, member_id), *asked)
    if held and members:
        ((stay, role),), ((member,),) = held, members
        found = [_account(club, member, role, stay, now)]
    else:  # no open stay, or no role: what there is instead
        found = accounts_of(session, club=club, person=person, now=now, member_id=member_id)
    if not found:
        raise NotAdministrator(None)
    if isinstance(found[0].why_not, NotAdministrator):
        raise found[0].why_not
    if not held and found[0].may_claim:
        return hold_and_ask(session, club=club, person=person, member_id=member_id, now=now, asked=asked)
    return found[0], answers


def asking_to_hold(club: Club, line_user_id: str, member_id: int) -> tuple[Asked, ...]:
    """What `hold_and_ask` asks before anything else, of a person known by her LINE user id alone."""
    values = {"user": line_user_id, "member": member_id, "of_club": club.key}
    # Statements of their own after the one that waits: they see what was committed meanwhile.
    return (_HOLD, values), (_MEMBER, values)


def _account(club: Club, member: Member, role: str, stay: Membership | None, now: datetime) -> Account:
    new_until = stay.new_until if stay else None
    is_open = stay is not None and stay.left_at is None
    return Account(
        member=member,
        role=role,
        membership=stay,
        tier=tier_of(member, now) if is_open else None,
        is_new=is_open and new_until is not None and now < new_until,
        new_last_day=None if new_until is None else day_of(new_until) - timedelta(days=1),
        why_not=_why_not(club, member, role, stay),
    )


def _why_not(club: Club, member: Member, role: str, stay: Membership | None) -> Refusal | None:
    if role not in club.claiming_roles:
        return NotAdministrator(role)
    if member.badge is not None and member.badge in club.barred_badges:
        return PremiumAccount(member.badge)
    if member.deleted_at is not None:
        return Left(member.deleted_at, "deleted")
    if stay is None:
        return NotJoined()
    return None if stay.left_at is None else Left(stay.left_at, stay.left_reason or "")


def tier_of(member: Member, now: datetime) -> str | None:
    """The tier in force: a staff override until its end, else that of the last adjustment (LFC-12)."""
    overridden = member.override_until is not None and now < member.override_until
    return member.tier_override if overridden and member.tier_override else member.tier


def leave(
    session: Session, *, club: Club, member: Member, reason: str, now: datetime, person: Person | None = None
) -> list[int]:
    """End the account's stay; its unused claims are void for that reason, its history stays. Returns the claims voided.

    With a `person`, she must be an administrator of it (LFC-19); without, the system or staff ends it. `reason` is
    `asked`, `deleted`, `premium` or `removed`. Raises `NotAdministrator`, `NotJoined`, `Left`.
    """
    # The account before its stay, as whoever joins or imports it does: in the other order they would wait for each other.
    session.refresh(member, with_for_update={"key_share": True})
    if person is not None:
        _check_may_end(session, club, member, person, now)
    ended = session.execute(
        update(Membership)
        .where(Membership.member_id == member.id, Membership.left_at.is_(None))
        .values(left_at=now, left_reason=reason)
        .returning(Membership.id)
    ).scalar()
    if ended is None:
        raise NotJoined()
    voided = _void_unused(session, member.id, reason, now)
    tier, member.tier, member.tier_since = member.tier, None, None
    actor = ("system", None) if person is None else ("person", person.id)
    facts = {"reason": reason, "tier": tier, "void_claims": voided}
    note(session, club=club.key, at=now, action="left", subject=("member", member.id), actor=actor, **facts)
    return voided


def _check_may_end(session: Session, club: Club, member: Member, person: Person, now: datetime) -> None:
    found = accounts_of(session, club=club, person=person, now=now, member_id=member.id)
    refusal = found[0].why_not if found else NotAdministrator(None)
    # A premium account may still be taken out by its own administrator.
    if refusal is not None and not isinstance(refusal, PremiumAccount):
        raise refusal


def _void_unused(session: Session, member_id: int, reason: str, now: datetime) -> list[int]:
    """Kept claims that could still be used become void; expired ones stay what they are."""
    voided = session.execute(
        update(Claim)
        .where(Claim.member_id == member_id, Claim.state == "kept")
        .where(or_(Claim.use_until.is_(None), Claim.use_until > now, Claim.code_until > now))
        .values(state="void", void_reason=reason, voided_at=now)
        .returning(Claim.id)
    )
    ids = sorted(voided.scalars())
    if ids:
        ask(session, *(notices.dropping_ending(member_id=member_id, claim_id=claim_id) for claim_id in ids))
    return ids
