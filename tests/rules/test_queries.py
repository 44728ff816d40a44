"""What `models.queries.ask` gives back is what SQLAlchemy's own loading gives: the same values, the same kind of object."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, inspect, select
from sqlalchemy.orm import Session

from models import Base, Claim, Member, Partner, Privilege
from models.queries import Query, ask, columns
from tests import factories
from tests.factories import NOON

_ONE = Query(
    select(*columns(Privilege, Partner, Claim), Privilege.taken + 1)
    .join(Partner, Partner.id == Privilege.partner_id)
    .outerjoin(Claim, Claim.privilege_id == Privilege.id)
    .where(Privilege.id == bindparam("privilege")),
    Privilege,
    Partner,
    Claim,
)


def told(row: Base) -> dict[str, Any]:
    """Its columns' values, as they are without asking again."""
    return {attribute.key: row.__dict__[attribute.key] for attribute in inspect(row).mapper.column_attrs}


def written(session: Session, *, claimed: bool) -> tuple[int, list[dict[str, Any]]]:
    """A privilege that is committed and forgotten: its id, and what SQLAlchemy's own loading says of it and its partner."""
    offer = factories.privilege(session, stock=3, tiers=["silver"], claim_from=NOON)
    if claimed:
        nok = factories.person(session)
        shop = factories.member(session, nok)
        plain = {"holder": f"m{shop.id}", "period": "", "slot": 1, "state": "kept", "claimed_at": NOON}
        session.add(Claim(privilege_id=offer.id, member_id=shop.id, person_id=nok.id, **plain))
    session.commit()
    session.expunge_all()
    rows = [session.get_one(Privilege, offer.id), session.get_one(Partner, offer.partner_id)]
    rows += session.scalars(select(Claim).where(Claim.privilege_id == offer.id)).all()
    found = [told(row) for row in rows]
    session.rollback()
    session.expunge_all()
    return offer.id, found


def test_rows_become_the_objects_that_loading_makes(session: Session) -> None:
    """Same values; persistent, unchanged, in the identity map; an outer join that found nothing is None."""
    offer, expected = written(session, claimed=True)
    (((*rows, more),),) = ask(session, (_ONE, {"privilege": offer}))
    assert [told(row) for row in rows] == expected
    assert more == 1
    assert all(inspect(row).persistent and row in session and not session.is_modified(row) for row in rows)
    privilege, partner, claim = rows
    assert (session.get(Privilege, offer), privilege.partner, claim.privilege) == (privilege, partner, privilege)
    other, _ = written(session, claimed=False)
    assert ask(session, (_ONE, {"privilege": other}))[0][0][2] is None


def test_a_relationship_that_was_not_asked_for_is_read_when_it_is_looked_at(session: Session) -> None:
    offer, _ = written(session, claimed=True)
    claim = ask(session, (_ONE, {"privilege": offer}))[0][0][2]
    assert isinstance(claim.member, Member)
    assert (claim.member.id, claim.person.id) == (claim.member_id, claim.person_id)


def test_changes_are_written_and_taken_back_as_of_any_loaded_object(session: Session) -> None:
    """A change goes with the next question, the same object tells the row as it is now, and a rollback undoes both."""
    offer, _ = written(session, claimed=False)
    privilege = ask(session, (_ONE, {"privilege": offer}))[0][0][0]
    privilege.taken = 2
    assert session.is_modified(privilege)
    again, _, _, more = ask(session, (_ONE, {"privilege": offer}))[0][0]
    assert (again is privilege, again.taken, more) == (True, 2, 3)
    session.rollback()
    assert privilege.taken == 0
    session.expunge(privilege)
    assert inspect(privilege).detached
