"""Privileges as one person sees them: what each of her accounts may claim now, and what is locked and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, bindparam, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import set_committed_value

from benefits.conditions import Holding, UnknownPrivilege, holder_of, period_of, why_not
from benefits.members import Account, accounts_from, asking_accounts
from benefits.people import opened_name
from benefits.periods import month_name, month_of
from benefits.refusal import Refusal
from clubs import Club
from models import Admin, Claim, Code, Member, Partner, Person, Privilege
from models.queries import Asked, Query, Row, Values, ask, columns

POOL_COUNTED = 1000
"""Free codes are counted up to here; a pool that holds as many is plenty, and says no number."""
_FREE = select(Code.id).where(Code.privilege_id == Privilege.id, Code.claim_id.is_(None), Privilege.pooled)


def _with_free(limit: int) -> Select[Any]:
    free = select(func.count()).select_from(_FREE.correlate(Privilege).limit(limit).lateral()).scalar_subquery()
    return (
        select(*columns(Privilege, Partner), free)
        .select_from(Privilege)
        .join(Partner, Partner.id == Privilege.partner_id)
        .where(Privilege.club == bindparam("of_club"))
    )


_WITH_FREE = _with_free(POOL_COUNTED)
"""Privileges of the club, each with its partner and the number of free codes of its pool (up to POOL_COUNTED)."""
_VISIBLE = (
    Privilege.withdrawn_at.is_(None),
    or_(Privilege.visible_from.is_(None), Privilege.visible_from <= bindparam("now")),
    or_(Privilege.visible_to.is_(None), Privilege.visible_to > bindparam("now")),
)
_SHOWN = Query(_WITH_FREE.where(*_VISIBLE).order_by(Privilege.position, Privilege.id), Privilege, Partner)
_MINE = Privilege.id == bindparam("privilege")
_ONE = Query(_WITH_FREE.where(_MINE), Privilege, Partner)
_ANY_LEFT = Query(_with_free(1).where(_MINE), Privilege, Partner)

_CLAIMER = aliased(Person)
_CLAIMS = (
    select(*columns(Claim), Member.name, _CLAIMER.display_name)
    .select_from(Claim)
    .join(Member, Member.id == Claim.member_id)
    .join(_CLAIMER, _CLAIMER.id == Claim.person_id)
    .where(Claim.period.in_(("", bindparam("month", type_=String))))
    .order_by(Claim.slot)
)


def _held_by(holders: Any) -> Any:
    # As an array, so that every one of them is looked up in the index of the limits.
    return Claim.holder == func.any(func.array(holders.scalar_subquery()))


_HERSELF = select(literal("p").concat(Person.id)).where(
    Person.club == bindparam("of_club"), Person.line_user_id == bindparam("user")
)
_HERS: Any = union_all(
    _HERSELF,
    select(literal("m").concat(Admin.member_id)).where(
        Admin.line_user_id == bindparam("user"), Admin.removed_at.is_(None)
    ),
)
_HELD_OF_ONE = Query(_CLAIMS.where(Claim.privilege_id == bindparam("privilege"), _held_by(_HERS)), Claim)
_HELD_OF_SHOWN = Query(
    _CLAIMS.where(
        Claim.privilege_id.in_(select(Privilege.id).where(Privilege.club == bindparam("of_club"), *_VISIBLE)),
        _held_by(_HERS),
    ),
    Claim,
)
_HOLDING = Query(
    _CLAIMS.where(
        Claim.privilege_id == bindparam("privilege"),
        _held_by(union_all(_HERSELF, select(bindparam("account", type_=String)))),
    ),
    Claim,
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
    """Every privilege shown now, by position: three queries in one round trip, however many privileges and accounts."""
    return list(_catalogue(session, club, person, now))


def instead(
    session: Session, *, club: Club, person: Person, privilege_id: int, now: datetime, most: int
) -> tuple[Offer | None, list[Offer]]:
    """The privilege she could not have, if it is shown, and the first others she can claim now; at the cost of looking
    no further than these.
    """
    this, others = None, list[Offer]()
    for offer in _catalogue(session, club, person, now):
        if offer.privilege.id == privilege_id:
            this = offer
        elif len(others) < most and offer.claimable:
            others.append(offer)
        if this is not None and len(others) == most:
            break
    return this, others


def one(session: Session, *, club: Club, person: Person, privilege_id: int, now: datetime) -> Offer:
    """One privilege, also when withdrawn or no longer shown: its standings then say so. Raises `UnknownPrivilege`."""
    shown, accounts, held = ask(session, *asking_one(club, person.line_user_id, privilege_id, now=now))
    privilege_from(shown, now=now)
    return next(_offers(session, club, person, now, shown, accounts, held))


def asking_catalogue(club: Club, line_user_id: str, *, now: datetime) -> tuple[Asked, ...]:
    """What `catalogue` asks, of a person known by her LINE user id alone."""
    values: Values = {"of_club": club.key, "now": now}
    hers = {**values, "user": line_user_id, "month": _month(now)}
    return (_SHOWN, values), asking_accounts(club, line_user_id), (_HELD_OF_SHOWN, hers)


def asking_one(club: Club, line_user_id: str, privilege_id: int, *, now: datetime) -> tuple[Asked, ...]:
    """What `one` asks, of a person known by her LINE user id alone."""
    hers = {"of_club": club.key, "user": line_user_id, "month": _month(now), "privilege": privilege_id}
    return asking_privilege(club, privilege_id), asking_accounts(club, line_user_id), (_HELD_OF_ONE, hers)


def holdings_of(
    session: Session, *, person: Person, privilege: Privilege, member_id: int, now: datetime
) -> tuple[Holding, ...]:
    """Claims that count now against the limit of this account, or of the person where the limit is hers."""
    (rows,) = ask(session, asking_holdings(person.club, person.line_user_id, privilege.id, member_id, now))
    return holdings_from(rows, session, person=person, privilege=privilege, member_id=member_id, now=now)


def asking_privilege(club: Club, privilege_id: int) -> Asked:
    """The question for one privilege, to be sent with others; `privilege_from` reads its answer."""
    return _ONE, _of_club(club, privilege_id)


def asking_if_any_left(club: Club, privilege_id: int) -> Asked:
    """`asking_privilege` for who wants only to know whether any is left: of a pool, one free code is looked for."""
    return _ANY_LEFT, _of_club(club, privilege_id)


def privilege_from(rows: Sequence[Row], *, now: datetime) -> tuple[Privilege, int | None]:
    """One privilege that was ever shown, and how many are left. Raises `UnknownPrivilege`."""
    if not rows or (rows[0][0].visible_from is not None and rows[0][0].visible_from > now):
        raise UnknownPrivilege()
    return _privilege(rows[0])


def asking_holdings(club: str, line_user_id: str, privilege_id: int, member_id: int, now: datetime) -> Asked:
    """The question of `holdings_of`, to be sent with others; `holdings_from` reads its answer."""
    holders = {"account": f"m{member_id}", "of_club": club, "user": line_user_id}
    return _HOLDING, {"privilege": privilege_id, "month": _month(now), **holders}


def holdings_from(
    rows: Sequence[Row], session: Session, *, person: Person, privilege: Privilege, member_id: int, now: datetime
) -> tuple[Holding, ...]:
    """The claims that `asking_holdings` asked for."""
    counted = holder_of(privilege, member_id=member_id, person_id=person.id), period_of(privilege, now)
    return tuple(_holding(session, person, row) for row in rows if (row[0].holder, row[0].period) == counted)


def _of_club(club: Club, privilege_id: int) -> Values:
    return {"of_club": club.key, "privilege": privilege_id}


def _privilege(row: Row) -> tuple[Privilege, int | None]:
    privilege, partner, free = row
    set_committed_value(privilege, "partner", partner)
    return privilege, _left(privilege, free)


def _left(privilege: Privilege, free: int) -> int | None:
    limits = [] if privilege.stock is None else [privilege.stock - privilege.taken]
    if privilege.pooled and free < POOL_COUNTED:
        limits.append(free)
    return min(limits, default=None)


def _month(now: datetime) -> str:
    return month_name(month_of(now))


def _holding(session: Session, person: Person, row: Row) -> Holding:
    claim, account, sealed = row
    return Holding(claim, account, opened_name(session, claim.person_id, sealed), claim.person_id == person.id)


def _catalogue(session: Session, club: Club, person: Person, now: datetime) -> Iterator[Offer]:
    return _offers(session, club, person, now, *ask(session, *asking_catalogue(club, person.line_user_id, now=now)))


def _offers(
    session: Session,
    club: Club,
    person: Person,
    now: datetime,
    shown: Sequence[Row],
    of_person: Sequence[Row],
    claims: Sequence[Row],
) -> Iterator[Offer]:
    """Offers in the order of `shown`, each looked at when it is asked for."""
    accounts = accounts_from(of_person, club=club, now=now)
    held: dict[tuple[int, str, str], tuple[Holding, ...]] = defaultdict(tuple)
    for row in claims:
        held[row[0].privilege_id, row[0].holder, row[0].period] += (_holding(session, person, row),)

    def standing(privilege: Privilege, left: int | None, account: Account) -> Standing:
        holder = holder_of(privilege, member_id=account.member_id, person_id=person.id)
        holdings = held.get((privilege.id, holder, period_of(privilege, now)), ())
        return Standing(
            account,
            why_not(club=club, privilege=privilege, account=account, holdings=holdings, left=left, now=now),
            holdings,
        )

    for privilege, left in map(_privilege, shown):
        yield Offer(privilege, left, tuple(standing(privilege, left, account) for account in accounts))
