"""Privileges as one person sees them: what each of her accounts may claim now, and what is locked and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, String, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from benefits.conditions import Holding, UnknownPrivilege, holder_of, period_of, why_not
from benefits.members import Account, accounts_of
from benefits.people import opened_name
from benefits.refusal import Refusal
from clubs import Club
from models import Claim, Code, Member, Person, Privilege

POOL_COUNTED = 1000
"""Free codes are counted up to here; a pool that holds as many is plenty, and says no number."""
_FREE = select(Code.id).where(Code.privilege_id == Privilege.id, Code.claim_id.is_(None), Privilege.pooled)
_FREE_COUNT = (
    select(func.count()).select_from(_FREE.correlate(Privilege).limit(POOL_COUNTED).lateral()).scalar_subquery()
)
_WITH_FREE = (
    select(Privilege, _FREE_COUNT)
    .where(Privilege.club == bindparam("of_club"))
    .execution_options(populate_existing=True)
)
"""Privileges of the club, each with the number of free codes of its pool (up to POOL_COUNTED)."""
_SHOWN = _WITH_FREE.where(
    Privilege.withdrawn_at.is_(None),
    or_(Privilege.visible_from.is_(None), Privilege.visible_from <= bindparam("now")),
    or_(Privilege.visible_to.is_(None), Privilege.visible_to > bindparam("now")),
).order_by(Privilege.position, Privilege.id)
_ONE = _WITH_FREE.where(Privilege.id == bindparam("privilege"))

_CLAIMER = aliased(Person)
_HOLDINGS = (
    select(Claim, Member.name, _CLAIMER.display_name)
    .join(Member, Member.id == Claim.member_id)
    .join(_CLAIMER, _CLAIMER.id == Claim.person_id)
    .where(Claim.privilege_id == func.any(bindparam("privileges", type_=ARRAY(BigInteger))))
    .where(Claim.period == func.any(bindparam("periods", type_=ARRAY(String))))
    .where(Claim.holder == func.any(bindparam("holders", type_=ARRAY(String))))
    .order_by(Claim.slot)
    .execution_options(populate_existing=True)
)


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
    rows = session.execute(_SHOWN, {"of_club": club.key, "now": now}).all()
    return _offers(session, club, person, now, [(row[0], _left(row[0], row[1])) for row in rows])


def one(session: Session, *, club: Club, person: Person, privilege_id: int, now: datetime) -> Offer:
    """One privilege, also when withdrawn or no longer shown: its standings then say so. Raises `UnknownPrivilege`."""
    return _offers(session, club, person, now, [load(session, club=club, privilege_id=privilege_id, now=now)])[0]


def holdings_of(
    session: Session, *, person: Person, privileges: Collection[Privilege], member_ids: Collection[int], now: datetime
) -> Mapping[tuple[int, str], tuple[Holding, ...]]:
    """Claims that count now against the limits of these accounts and of the person, by (privilege id, holder)."""
    values = {
        "privileges": [privilege.id for privilege in privileges],
        "periods": list({period_of(privilege, now) for privilege in privileges}),
        "holders": [f"p{person.id}", *(f"m{member_id}" for member_id in member_ids)],
    }
    found: dict[tuple[int, str], tuple[Holding, ...]] = defaultdict(tuple)
    for claim, account, sealed in session.execute(_HOLDINGS, values):
        by = opened_name(session, claim.person_id, sealed)
        holding = Holding(claim, account, by, claim.person_id == person.id)
        found[claim.privilege_id, claim.holder] += (holding,)
    return found


def load(session: Session, *, club: Club, privilege_id: int, now: datetime) -> tuple[Privilege, int | None]:
    """One privilege that was ever shown, and how many are left. Raises `UnknownPrivilege`."""
    row = session.execute(_ONE, {"of_club": club.key, "privilege": privilege_id}).one_or_none()
    if row is None or (row[0].visible_from is not None and row[0].visible_from > now):
        raise UnknownPrivilege()
    return row[0], _left(row[0], row[1])


def _left(privilege: Privilege, free: int) -> int | None:
    limits = [] if privilege.stock is None else [privilege.stock - privilege.taken]
    if privilege.pooled and free < POOL_COUNTED:
        limits.append(free)
    return min(limits, default=None)


def _offers(
    session: Session, club: Club, person: Person, now: datetime, rows: Sequence[tuple[Privilege, int | None]]
) -> list[Offer]:
    accounts = accounts_of(session, club=club, person=person, now=now)
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
