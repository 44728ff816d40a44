"""Claims as an administrator of their account sees them: hers and her colleagues' alike (LFC-14, LFC-15)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, String, bindparam, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import set_committed_value

from benefits.claims import STATES, UnknownClaim, state_at, state_of
from benefits.members import OF_PERSON, Account, accounts_from
from benefits.people import opened_name
from clubs import Club
from models import Admin, Claim, Member, Membership, Partner, Person, Privilege
from models.queries import Asked, Query, Row, ask, columns

_CLAIMER, _USER = aliased(Person), aliased(Person)
_STATE = state_at(bindparam("now", type_=DateTime(timezone=True)))
_OF_HERS = OF_PERSON.join(Claim, Claim.member_id == Member.id).where(
    Admin.role == func.any(bindparam("roles", type_=ARRAY(String)))
)
_ROWS = (
    _OF_HERS.with_only_columns(
        *columns(Claim, Privilege, Partner, Member, Membership),
        *(Admin.role, _CLAIMER.display_name, _USER.display_name),
    )
    .join(Privilege, Privilege.id == Claim.privilege_id)
    .join(Partner, Partner.id == Privilege.partner_id)
    .join(_CLAIMER, _CLAIMER.id == Claim.person_id)
    .outerjoin(_USER, _USER.id == Claim.used_by)
    .order_by(Claim.claimed_at.desc(), Claim.id.desc())
)
_ENTITIES = Claim, Privilege, Partner, Member, Membership
_ONE = Query(_ROWS.where(Claim.id == bindparam("claim")), *_ENTITIES)
_OF_ACCOUNT = Query(_ROWS.where(Member.id == bindparam("member")), *_ENTITIES)
_OF_STATE = Query(
    _ROWS.where(bindparam("state") == _STATE).limit(bindparam("most")).offset(bindparam("skip")), *_ENTITIES
)
_COUNTS = Query(_OF_HERS.with_only_columns(_STATE, func.count()).group_by(text("1")))


@dataclass(frozen=True)
class HeldClaim:
    """One claim as an administrator of its account sees it at one moment."""

    claim: Claim
    """With its `privilege` (and that one's `partner`) loaded."""
    account: Account
    state: str
    """`kept`, `in_use` (until `claim.code_until`), `used`, `expired` or `void` (`claim.void_reason`)."""
    by: str | None
    """Display name of who claimed it, if known; `by_me`: it was she who asks."""
    by_me: bool
    used_by: str | None
    may_use: bool
    """Whether a press on Use would be answered with a code now."""
    opens: datetime | None
    """When using begins, if that is still to come."""


@dataclass(frozen=True)
class Page:
    """Some claims of one state, newest first, and where they stand among all of that state."""

    claims: list[HeldClaim]
    skipped: int
    total: int


def claims_of(session: Session, *, club: Club, person: Person, member_id: int, now: datetime) -> list[HeldClaim]:
    """Every claim of one account she may act for, newest first, also when it has left; none of any other account.

    A claim belongs to the account: who claimed it does not matter to who sees and uses it.
    """
    asked = _OF_ACCOUNT, {**_hers(club, person.line_user_id), "member": member_id}
    return _held(session, ask(session, asked)[0], club, person, now)


def one(session: Session, *, club: Club, person: Person, claim_id: int, now: datetime) -> HeldClaim:
    """One claim of an account she may act for. Raises `UnknownClaim` for any other."""
    found = _held(session, ask(session, asking_one(club, person.line_user_id, claim_id))[0], club, person, now)
    if not found:
        raise UnknownClaim()
    return found[0]


def asking_one(club: Club, line_user_id: str, claim_id: int) -> Asked:
    """What `one` asks, of a person known by her LINE user id alone."""
    return _ONE, {**_hers(club, line_user_id), "claim": claim_id}


def counts(session: Session, *, club: Club, person: Person, now: datetime) -> dict[str, int]:
    """How many claims of each state there are of all accounts she may act for."""
    return _counted(ask(session, asking_counts(club, person.line_user_id, now))[0])


def asking_counts(club: Club, line_user_id: str, now: datetime) -> Asked:
    """What `counts` asks, of a person known by her LINE user id alone."""
    return _COUNTS, {**_hers(club, line_user_id), "now": now}


def page(session: Session, *, club: Club, person: Person, state: str, now: datetime, skip: int = 0, most: int) -> Page:
    """At most `most` claims of one state, of all accounts she may act for, newest first; from the beginning where an old
    button points past the end.
    """
    asked = asking_page(club, person.line_user_id, state, now=now, skip=skip, most=most)
    counted, rows = ask(session, *asked)
    if skip and not rows:
        return page(session, club=club, person=person, state=state, now=now, most=most)
    # Counted first, read after: a colleague may have used or claimed one in between, and what was read is what is shown.
    total = max(_counted(counted)[state], skip + len(rows)) if rows else 0
    return Page(_held(session, rows, club, person, now), skip, total)


def asking_page(club: Club, line_user_id: str, state: str, *, now: datetime, skip: int, most: int) -> tuple[Asked, ...]:
    """What `page` asks, of a person known by her LINE user id alone."""
    counting = asking_counts(club, line_user_id, now)
    return counting, (_OF_STATE, {**counting[1], "state": state, "skip": skip, "most": most})


def held(
    claim: Claim, account: Account, *, person: Person, now: datetime, by: str | None = None, used_by: str | None = None
) -> HeldClaim:
    """A claim that was read with its privilege, as `person` sees it; `by` and `used_by` are names."""
    state = state_of(claim, now=now)
    use_from = claim.privilege.use_from
    opens = use_from if use_from is not None and use_from > now else None
    may_use = state == "in_use" or (state == "kept" and account.may_claim and opens is None)
    return HeldClaim(claim, account, state, by, claim.person_id == person.id, used_by, may_use, opens)


def _hers(club: Club, line_user_id: str) -> dict[str, Any]:
    return {"of_club": club.key, "user": line_user_id, "roles": sorted(club.claiming_roles)}


def _counted(rows: Iterable[Row]) -> dict[str, int]:
    return {**dict.fromkeys(STATES, 0), **dict(rows)}


def _held(session: Session, rows: Iterable[Row], club: Club, person: Person, now: datetime) -> list[HeldClaim]:
    found = []
    for claim, privilege, partner, member, stay, role, claimer, user in rows:
        set_committed_value(privilege, "partner", partner)
        set_committed_value(claim, "privilege", privilege)
        (account,) = accounts_from([(member, stay, role)], club=club, now=now)
        by = opened_name(session, claim.person_id, claimer)
        used_by = None if claim.used_by is None else opened_name(session, claim.used_by, user)
        found.append(held(claim, account, person=person, now=now, by=by, used_by=used_by))
    return found
