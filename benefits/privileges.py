"""Privileges as one person sees them: what each of her accounts may claim now, and what is locked and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from benefits.members import Account, NotAdministrator, accounts_of
from benefits.people import opened_name
from benefits.periods import add_months, day_of, month_name, month_of, start_of
from benefits.refusal import Refusal
from clubs import Club
from models import Claim, Code, Member, Person, Privilege

POOL_COUNTED = 1000
"""Free codes are counted up to here; a pool that holds as many is plenty, and says no number."""


class UnknownPrivilege(Refusal):
    """No such privilege in this club, or not shown yet: a forged or very old button."""


class Withdrawn(Refusal):
    """The club took the privilege back `at` that time; claims made before stay good."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, at: datetime) -> None:
        self.at = at


class TierTooLow(Refusal):
    """The account's tier is `has`; the privilege is for the tiers `needs` (keys of the club file, rising)."""

    rule: ClassVar[str] = "LFC-17"

    def __init__(self, needs: tuple[str, ...], has: str | None) -> None:
        self.needs, self.has = needs, has


class NewMembersOnly(Refusal):
    """The account is not a new member: `last_day` is the last day it was; none: this stay never was new."""

    rule: ClassVar[str] = "LFC-25"

    def __init__(self, last_day: date | None) -> None:
        self.last_day = last_day


class NotYet(Refusal):
    """Claiming begins at `opens`."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, opens: datetime) -> None:
        self.opens = opens


class OpensOnTheSecond(NotYet):
    """Before the day of the month on which tiers are adjusted, nothing can be claimed; `opens` is that day, 00:00."""

    rule: ClassVar[str] = "LFC-11"


class ClaimWindowClosed(Refusal):
    """Claiming ended at `closed`."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, closed: datetime) -> None:
        self.closed = closed


class SoldOut(Refusal):
    """Every unit of the stock, or every code of the pool, is taken."""

    rule: ClassVar[str] = "LFC-20"


@dataclass(frozen=True)
class Holding:
    """One claim that counts against a limit: who made it, and through which account."""

    claim: Claim
    account: str
    by: str | None
    """Display name of the claimer; none when LINE never told us."""
    by_me: bool


class AlreadyClaimed(Refusal):
    """The limit is reached. `by`, `by_me`, `at`, `account` tell who was first (of N: who took the last), when, through
    which account; `claim` is that claim; `limit` is the privilege's; `again` is when a monthly one opens anew, else none.
    """

    rule: ClassVar[str] = "LFC-22"

    def __init__(self, holding: Holding, limit: int, again: datetime | None) -> None:
        self.claim, self.account, self.limit, self.again = holding.claim, holding.account, limit, again
        self.by, self.by_me, self.at = holding.by, holding.by_me, holding.claim.claimed_at


@dataclass(frozen=True)
class Standing:
    """How one privilege stands for one account at one moment."""

    account: Account
    refusal: Refusal | None
    """Why it cannot be claimed for this account now; none: it can."""
    holdings: tuple[Holding, ...]
    """Claims that count against the limit here, oldest slot first."""

    @property
    def may_claim(self) -> bool:
        """Whether it can be claimed for this account now."""
        return self.refusal is None

    @property
    def next_slot(self) -> int:
        """Put it on the claim button (`claims.claim(slot=…)`): an old button then never claims a further unit."""
        return len(self.holdings) + 1


@dataclass(frozen=True)
class Offer:
    """One privilege (its partner loaded) and how it stands for each of the person's accounts, in their order."""

    privilege: Privilege
    left: int | None
    """Units left; none: no limit, or a pool with plenty."""
    standings: tuple[Standing, ...]

    @property
    def claimable(self) -> tuple[Standing, ...]:
        """Standings of the accounts it can be claimed for now."""
        return tuple(standing for standing in self.standings if standing.may_claim)


def catalogue(session: Session, *, club: Club, person: Person, now: datetime) -> list[Offer]:
    """Every privilege shown now, by position: three queries, however many privileges and accounts."""
    query = _with_free(club).where(
        Privilege.withdrawn_at.is_(None),
        or_(Privilege.visible_from.is_(None), Privilege.visible_from <= now),
        or_(Privilege.visible_to.is_(None), Privilege.visible_to > now),
    )
    return _offers(session, club, person, now, query.order_by(Privilege.position, Privilege.id))


def one(session: Session, *, club: Club, person: Person, privilege_id: int, now: datetime) -> Offer:
    """One privilege, also when withdrawn or no longer shown: its standings then say so. Raises `UnknownPrivilege`."""
    query = _with_free(club).where(
        Privilege.id == privilege_id, or_(Privilege.visible_from.is_(None), Privilege.visible_from <= now)
    )
    offers = _offers(session, club, person, now, query)
    if not offers:
        raise UnknownPrivilege()
    return offers[0]


def why_not(
    *,
    club: Club,
    privilege: Privilege,
    account: Account,
    holdings: Sequence[Holding],
    left: int | None,
    now: datetime,
) -> Refusal | None:
    """Why `privilege` cannot be claimed for `account` at `now`; none: by what was read, it can. Pure.

    Reasons that last come first; what a card shows and what `claims.claim` answers is decided here for both.
    """
    if isinstance(account.why_not, NotAdministrator):
        return account.why_not
    if len(holdings) >= privilege.claim_limit:
        return AlreadyClaimed(holdings[-1], privilege.claim_limit, _again(club, privilege, now))
    if account.why_not is not None:
        return account.why_not
    closing = _not_open(club, privilege, now)
    if closing is not None and type(closing) is not NotYet:
        return closing
    if privilege.new_members_only and not account.is_new:
        return NewMembersOnly(account.new_last_day)
    if privilege.tiers and account.tier not in privilege.tiers:
        needs = tuple(tier.key for tier in club.tiers if tier.key in privilege.tiers)
        return TierTooLow(needs, account.tier)
    return SoldOut() if left == 0 else closing


def holder_of(privilege: Privilege, *, member_id: int, person_id: int) -> str:
    """Whom the limit counts: the person for scope `person`, else the account."""
    return f"p{person_id}" if privilege.scope == "person" else f"m{member_id}"


def period_of(privilege: Privilege, now: datetime) -> str:
    """The Bangkok month a monthly privilege is counted in, such as `2026-10`; else empty."""
    return month_name(month_of(now)) if privilege.scope == "account_month" else ""


def holdings_of(
    session: Session, *, person: Person, privileges: Collection[Privilege], member_ids: Collection[int], now: datetime
) -> Mapping[tuple[int, str], tuple[Holding, ...]]:
    """Claims that count now against the limits of these accounts and of the person, by (privilege id, holder)."""
    claimer = aliased(Person)
    periods = {period_of(privilege, now) for privilege in privileges}
    query = (
        select(Claim, Member.name, claimer.display_name)
        .join(Member, Member.id == Claim.member_id)
        .join(claimer, claimer.id == Claim.person_id)
        .where(Claim.privilege_id.in_([privilege.id for privilege in privileges]), Claim.period.in_(periods))
        .where(Claim.holder.in_([f"p{person.id}", *(f"m{member_id}" for member_id in member_ids)]))
        .order_by(Claim.slot)
        .execution_options(populate_existing=True)
    )
    found: dict[tuple[int, str], tuple[Holding, ...]] = defaultdict(tuple)
    for claim, account, sealed in session.execute(query):
        by = opened_name(session, claim.person_id, sealed)
        holding = Holding(claim, account, by, claim.person_id == person.id)
        found[claim.privilege_id, claim.holder] += (holding,)
    return found


def load(session: Session, *, club: Club, privilege_id: int, now: datetime) -> tuple[Privilege, int | None]:
    """One privilege that was ever shown, and how many are left. Raises `UnknownPrivilege`."""
    row = session.execute(_with_free(club).where(Privilege.id == privilege_id)).one_or_none()
    if row is None or (row[0].visible_from is not None and row[0].visible_from > now):
        raise UnknownPrivilege()
    return row[0], _left(row[0], row[1])


def _with_free(club: Club) -> Select[tuple[Privilege, int]]:
    """Privileges of the club, each with the number of free codes of its pool (up to POOL_COUNTED)."""
    free = select(Code.id).where(Code.privilege_id == Privilege.id, Code.claim_id.is_(None), Privilege.pooled)
    some = free.correlate(Privilege).limit(POOL_COUNTED).lateral()
    count = select(func.count()).select_from(some).scalar_subquery()
    return select(Privilege, count).where(Privilege.club == club.key).execution_options(populate_existing=True)


def _left(privilege: Privilege, free: int) -> int | None:
    limits = [] if privilege.stock is None else [privilege.stock - privilege.taken]
    if privilege.pooled and free < POOL_COUNTED:
        limits.append(free)
    return min(limits, default=None)


def _offers(
    session: Session, club: Club, person: Person, now: datetime, query: Select[tuple[Privilege, int]]
) -> list[Offer]:
    accounts = accounts_of(session, club=club, person=person, now=now)
    rows = [(privilege, _left(privilege, free)) for privilege, free in session.execute(query)]
    held = holdings_of(
        session,
        person=person,
        privileges=[privilege for privilege, _ in rows],
        member_ids=[account.member_id for account in accounts],
        now=now,
    )

    def standing(privilege: Privilege, left: int | None, account: Account) -> Standing:
        holder = holder_of(privilege, member_id=account.member_id, person_id=person.id)
        holdings = held.get((privilege.id, holder), ())
        return Standing(
            account,
            why_not(club=club, privilege=privilege, account=account, holdings=holdings, left=left, now=now),
            holdings,
        )

    return [
        Offer(privilege, left, tuple(standing(privilege, left, account) for account in accounts))
        for privilege, left in rows
    ]


def _not_open(club: Club, privilege: Privilege, now: datetime) -> Refusal | None:
    """Why nobody can claim it at `now`: withdrawn, ended, or not yet open."""
    if privilege.withdrawn_at is not None:
        return Withdrawn(privilege.withdrawn_at)
    opens = _first_opening(club, max(now, privilege.claim_from or now))
    closes = min((end for end in (privilege.claim_to, privilege.visible_to) if end is not None), default=None)
    if closes is not None and closes <= opens:
        # Also when it would open again only after its end: it never will.
        return ClaimWindowClosed(closes)
    if opens <= now:
        return None
    waits_for_window = privilege.claim_from is not None and privilege.claim_from > now
    return NotYet(opens) if waits_for_window else OpensOnTheSecond(opens)


def _first_opening(club: Club, when: datetime) -> datetime:
    """`when`, or 00:00 Bangkok of the month's adjustment day if that is still to come (LFC-11)."""
    day = day_of(when)
    return when if day.day >= club.round.day else start_of(day.replace(day=club.round.day))


def _again(club: Club, privilege: Privilege, now: datetime) -> datetime | None:
    """When a monthly privilege can be claimed anew; none: it is not monthly, or ends before."""
    if privilege.scope != "account_month" or privilege.withdrawn_at is not None:
        return None
    opens = _first_opening(club, start_of(add_months(month_of(now), 1)))
    ends = [end for end in (privilege.claim_to, privilege.visible_to) if end is not None]
    return opens if all(opens < end for end in ends) else None
