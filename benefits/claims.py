"""Claiming. The unique constraint on claims is the lock: the first admin to commit wins (docs/claiming.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, or_, select, text, update
from sqlalchemy import Sequence as Numbering
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from benefits.conditions import AlreadyClaimed, Holding, SoldOut, holder_of, period_of, why_not
from benefits.journal import noting
from benefits.members import Account, asking_to_hold, hold_and_ask
from benefits.privileges import asking_holdings, asking_if_any_left, holdings_from, holdings_of, privilege_from
from benefits.refusal import Refusal
from clubs import Club
from models import Claim, Code, Person, Privilege
from models.queries import Asked, Query, Values, ask, columns, table_of

STATES = ("kept", "in_use", "used", "expired", "void")
"""Of a claim, as `state_of` tells them."""

_NUMBER: Asked = Query(select(Numbering("claims_id_seq").next_value())), {}
_MARK: Asked = Query(text("SAVEPOINT before_claim")), {}
_BACK: Asked = Query(text("ROLLBACK TO SAVEPOINT before_claim")), {}
_GRANT = Query(
    insert(table_of(Claim)).on_conflict_do_nothing().returning(*columns(Claim)),
    Claim,
    keys=(
        *("id", "privilege_id", "member_id", "person_id", "holder", "period", "slot"),
        *("state", "claimed_at", "use_until"),
    ),
)
_MINE = Privilege.id == bindparam("privilege")
_STOCK = Query(select(Privilege.stock).where(_MINE))
_TAKE = Query(
    update(Privilege)
    .where(_MINE, or_(Privilege.stock.is_(None), Privilege.taken < Privilege.stock))
    .values(taken=Privilege.taken + 1)
    .returning(Privilege.taken)
)


def _code(*, skip: bool) -> Query:
    # Only for a claim that is there: one whose slot was taken by a rival is about to be taken back.
    granted = select(Claim.id).where(Claim.id == bindparam("claim")).exists()
    free = select(Code.id).where(Code.privilege_id == bindparam("privilege"), Code.claim_id.is_(None), granted)
    chosen = free.order_by(Code.id).limit(1).with_for_update(skip_locked=skip)
    # MATERIALIZED: chosen and locked once, however the update is planned.
    found = chosen.cte("free").prefix_with("MATERIALIZED")
    taken = update(Code).where(Code.id == found.c.id).values(claim_id=bindparam("claim"))
    return Query(taken.returning(Code.id))


_CODE_NOBODY_TAKES, _CODE_WAITED_FOR = _code(skip=True), _code(skip=False)


class UnknownClaim(Refusal):
    """No such claim in this club, or not one of hers, or not one of this partner's."""


@dataclass(frozen=True)
class Claimed:
    """The claim that stands. `created` False: an old button was pressed again, and this is what it once claimed."""

    claim: Claim
    privilege: Privilege
    account: Account
    created: bool


def claim(
    session: Session,
    *,
    club: Club,
    person: Person,
    privilege_id: int,
    member_id: int,
    now: datetime,
    slot: int | None = None,
) -> Claimed:
    """Claim a privilege for an account, in the caller's transaction: grant, stock, code and journal, all or none.

    `slot` is the number the button was made for (`Standing.next_slot`): pressed again by the same person it tells the
    claim it made, instead of claiming another where a privilege may be claimed N times.
    Raises `UnknownPrivilege`, `NotAdministrator`, `PremiumAccount`, `NotJoined`, `Left`, `AlreadyClaimed`, `Withdrawn`,
    `ClaimWindowClosed`, `NewMembersOnly`, `OpensOnTheSecond`, `NotYet`, `TierTooLow`, `SoldOut`; a refused claim leaves
    nothing behind, also when the caller commits.
    """
    who: dict[str, Any] = {"person": person, "member_id": member_id, "now": now}
    asked = _asking(club, person.line_user_id, privilege_id, member_id, now)
    account, (rows, held, ((number,),)) = hold_and_ask(session, club=club, asked=asked, **who)
    privilege, left = privilege_from(rows, now=now)
    holdings = holdings_from(held, session, privilege=privilege, **who)
    before = _pressed_again(privilege, holdings, member_id, slot)
    if before is not None:
        return Claimed(before, privilege, account, created=False)
    refusal = why_not(club=club, privilege=privilege, account=account, holdings=holdings, left=left, now=now)
    if refusal is not None:
        raise refusal
    values = _values(privilege, person, member_id, now)
    taken = _take(session, privilege, {**values, "id": number}, {holding.claim.slot for holding in holdings})
    if taken is None:
        # Another admin committed first while we waited at the constraint: what she holds is readable now.
        holdings = holdings_of(session, privilege=privilege, **who)
        raise _lost(club, privilege, account, holdings, now)
    set_committed_value(taken, "privilege", privilege)
    return Claimed(taken, privilege, account, created=True)


def asking_claim(club: Club, line_user_id: str, privilege_id: int, member_id: int, now: datetime) -> tuple[Asked, ...]:
    """What `claim` asks before it decides, of a person known by her LINE user id alone. It locks what `hold_and_ask` locks."""
    held = asking_to_hold(club, line_user_id, member_id)
    return *held, *_asking(club, line_user_id, privilege_id, member_id, now)


def _asking(club: Club, line_user_id: str, privilege_id: int, member_id: int, now: datetime) -> tuple[Asked, ...]:
    holdings = asking_holdings(club.key, line_user_id, privilege_id, member_id, now)
    return asking_if_any_left(club, privilege_id), holdings, _NUMBER


def kept_until(privilege: Privilege, claimed_at: datetime) -> datetime | None:
    """First instant at which a claim made at `claimed_at` can no longer be used; none: it keeps without end."""
    days = None if privilege.use_days is None else claimed_at + timedelta(days=privilege.use_days)
    return min((end for end in (days, privilege.use_to) if end is not None), default=None)


def state_of(claim: Claim, *, now: datetime) -> str:
    """One of STATES. A use a partner has confirmed is over, its countdown or not."""
    if claim.state == "void":
        return "void"
    if claim.code_until is not None and now < claim.code_until and claim.confirmed_by is None:
        return "in_use"
    if claim.state == "used":
        return "used"
    return "expired" if claim.use_until is not None and claim.use_until <= now else "kept"


def state_at(now: Any) -> ColumnElement[str]:
    """`state_of` at the instant `now` (a value or a parameter), for the database."""
    return case(
        (Claim.state == "void", "void"),
        (and_(Claim.code_until > now, Claim.confirmed_by.is_(None)), "in_use"),
        (Claim.state == "used", "used"),
        (Claim.use_until <= now, "expired"),
        else_="kept",
    )


def _pressed_again(privilege: Privilege, holdings: Sequence[Holding], member_id: int, slot: int | None) -> Claim | None:
    """The claim this very button made before; none: it has made none."""
    made = [holding for holding in holdings if holding.by_me and holding.claim.member_id == member_id]
    for holding in made:
        # Not before its number, but perhaps after: another admin may have taken that slot first. Without a number, only
        # the last of N can be meant: earlier ones do not stop a further claim.
        if holding.claim.slot >= (slot or privilege.claim_limit):
            return holding.claim
    return None


def _lost(
    club: Club, privilege: Privilege, account: Account, holdings: Sequence[Holding], now: datetime
) -> AlreadyClaimed:
    refusal = why_not(club=club, privilege=privilege, account=account, holdings=holdings, left=None, now=now)
    if not isinstance(refusal, AlreadyClaimed):
        raise RuntimeError(f"every slot of privilege {privilege.id} is taken, and no claim says by whom")
    return refusal


def _values(privilege: Privilege, person: Person, member_id: int, now: datetime) -> dict[str, Any]:
    return {
        "privilege_id": privilege.id,
        "member_id": member_id,
        "person_id": person.id,
        "holder": holder_of(privilege, member_id=member_id, person_id=person.id),
        "period": period_of(privilege, now),
        "state": "kept",
        "claimed_at": now,
        "use_until": kept_until(privilege, now),
    }


def _take(session: Session, privilege: Privilege, values: dict[str, Any], slots: set[int]) -> Claim | None:
    """The claim in the lowest free slot, with its unit; None: no slot free. Raises `SoldOut`.

    What did not come to a whole claim is taken back to the mark.
    """
    for slot in range(1, privilege.claim_limit + 1):
        if slot in slots:
            continue
        granted, whole = _take_slot(session, privilege, {**values, "slot": slot})
        if granted is not None and whole:
            return granted
        ask(session, _BACK)
        if granted is not None:
            session.expunge(granted)
            raise SoldOut()
    return None


def _take_slot(session: Session, privilege: Privilege, values: dict[str, Any]) -> tuple[Claim | None, bool]:
    """Mark, grant, note, stock, code, in one round trip, each statement seeing what was committed while an earlier one
    waited. None: another transaction was taking this slot, and has committed. False: a unit cannot be had.

    The stock's row is what rivals queue for: nothing that can be done before it is done after it.

    Stock: a conditional update that waits for whoever holds the row. A privilege without a stock is not written to: its
    claims need not queue for its row. Asked again after the grant, for then a stock set meanwhile is either seen here, or
    waits for our commit and counts us.

    Code: one that nobody is taking; when there is none, those being taken are waited for. That second pass is why nobody
    is refused while a code comes back from a rival that rolls back (A4).
    """
    mine = {"privilege": privilege.id, "claim": values["id"]}
    stocked = (_STOCK if privilege.stock is None else _TAKE), mine
    pooled = [(_CODE_NOBODY_TAKES, mine)] if privilege.pooled else []
    _, granted, _, stock, *codes = ask(session, _MARK, (_GRANT, values), _note(privilege, values), stocked, *pooled)
    if not granted:
        return None, False
    if privilege.stock is None and stock != [(None,)]:
        (stock,) = ask(session, (_TAKE, mine))
    if stock and codes == [[]]:
        codes = ask(session, (_CODE_WAITED_FOR, mine))
    return granted[0][0], bool(stock) and codes != [[]]


def _note(privilege: Privilege, values: dict[str, Any]) -> tuple[Query, Values]:
    facts = {"privilege": privilege.id, "member": values["member_id"]}
    actor, subject = ("person", values["person_id"]), ("claim", values["id"])
    return noting(club=privilege.club, at=values["claimed_at"], action="claimed", subject=subject, actor=actor, **facts)
