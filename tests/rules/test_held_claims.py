"""Claims as their account's administrators see them: by the database as by the rule, also while others act (LFC-14, 15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.util import IdentitySet

from benefits import claims, held_claims, uses
from benefits.vault import Vault
from clubs import Club
from database.engine import make_sessions
from models import Claim, Person
from tests import factories
from tests.factories import NOON
from tests.rules.test_claim_rivals import Scene, just_before

INSTANT = timedelta(microseconds=1)
AROUND = (None, NOON - timedelta(days=1), NOON - INSTANT, NOON, NOON + INSTANT, NOON + timedelta(days=1))


@pytest.fixture
def sessions(module_engine: Engine, vault: Vault) -> sessionmaker[Session]:
    """Real commits, in one database for the module: every scene has rows of its own."""
    return make_sessions(module_engine, vault=vault)


def test_the_database_and_the_rule_agree_on_every_state(sessions: sessionmaker[Session], club: Club) -> None:
    """`state_at` is `state_of`: each state stored, each time missing, past, this very instant or to come, confirmed or not."""
    with sessions() as session:
        nok = factories.person(session)
        shop, offer = factories.member(session, nok), factories.privilege(session)
        plain = {"privilege_id": offer.id, "member_id": shop.id, "person_id": nok.id, "period": "", "claimed_at": NOON}
        every = product(("kept", "used", "void"), AROUND, (None, offer.partner_id), AROUND)
        session.add_all(
            Claim(
                **plain, holder=f"m{shop.id}", slot=slot, state=state, code_until=code_until, confirmed_by=confirmed_by,
                use_until=use_until, used_at=NOON if state == "used" else None, void_reason="x" if state == "void" else None,
            )
            for slot, (state, code_until, confirmed_by, use_until) in enumerate(every, 1)
        )  # fmt: skip
        session.flush()
        found = session.execute(select(Claim, claims.state_at(NOON)).where(Claim.member_id == shop.id)).all()
        assert [state for _, state in found] == [claims.state_of(claim, now=NOON) for claim, _ in found]
        assert len(found) == 3 * 6 * 2 * 6
        # And so do counts and pages, of one account's claims all together.
        who: dict[str, Any] = {"club": club, "person": nok, "now": NOON}
        counted = held_claims.counts(session, **who)
        assert set(counted) == set(claims.STATES)
        for state in claims.STATES:
            ids = {claim.id for claim, told in found if told == state}
            page = held_claims.page(session, **who, state=state, most=999)
            assert ({held.claim.id for held in page.claims}, page.total) == (ids, len(ids))
            assert counted[state] == len(ids) > 0
            assert {held.state for held in page.claims} == {state}


class Kept(Scene):
    """Nok and her colleague Lek keep so many claims of one shop."""

    def __init__(self, sessions: sessionmaker[Session], club: Club, count: int) -> None:
        super().__init__(sessions, club, claim_limit=count + 1)
        with sessions() as session:
            self.ids = [self.claim(session, self.nok, self.shop).claim.id for _ in range(count)]
            session.commit()

    def lek_uses(self, claim: int) -> Callable[[], None]:
        """Lek uses one of them and commits."""

        def act() -> None:
            with self.sessions() as session:
                lek = session.get_one(Person, self.lek)
                uses.start(session, club=self.club, person=lek, claim_id=claim, now=NOON)
                session.commit()

        return act


@pytest.mark.parametrize(("kept", "skip", "left"), [(1, 0, 0), (3, 2, 2)])
def test_a_page_that_empties_while_it_is_read_is_not_shown_empty(
    sessions: sessionmaker[Session], club: Club, kept: int, skip: int, left: int
) -> None:
    """LFC-15: a colleague uses the page's last claim after it was counted, before it is read."""
    scene = Kept(sessions, club, kept)
    with sessions() as session:
        nok = session.get_one(Person, scene.nok)
        with just_before(session, "SELECT claims.id", scene.lek_uses(scene.ids[0])):
            page = held_claims.page(session, club=club, person=nok, state="kept", now=NOON, skip=skip, most=9)
        assert (len(page.claims), page.skipped, page.total) == (left, 0, left)


def test_a_page_tells_of_at_least_what_it_shows(sessions: sessionmaker[Session], club: Club) -> None:
    """LFC-14: a colleague claims one more after they were counted: a page that it pushes one off leads on to that one."""
    scene = Kept(sessions, club, 1)
    with sessions() as session:
        nok = session.get_one(Person, scene.nok)
        with just_before(session, "SELECT claims.id", scene.rival_claims(scene.shop)):
            page = held_claims.page(session, club=club, person=nok, state="kept", now=NOON, most=9)
        assert (len(page.claims), page.total) == (2, 2)


def test_a_claim_that_is_asked_for_again_is_told_as_it_is_now(sessions: sessionmaker[Session], club: Club) -> None:
    """A session that knows a claim believes nothing of it: what changed, what became empty again, what it forgot."""
    scene = Kept(sessions, club, 1)
    (claim_id,) = scene.ids
    columns = [column.key for column in Claim.__table__.columns]
    with sessions() as session:
        nok = session.get_one(Person, scene.nok)
        first = held_claims.one(session, club=club, person=nok, claim_id=claim_id, now=NOON)
        scene.lek_uses(claim_id)()
        again = held_claims.one(session, club=club, person=nok, claim_id=claim_id, now=NOON)
        assert again.claim is first.claim
        assert (again.state, again.used_by, again.claim.state) == ("in_use", "Lek", "used")
        with sessions() as other:
            uses.undo(other, claim_id=claim_id, by=("staff", 1), reason="x", now=NOON)
            other.execute(update(Claim).where(Claim.id == claim_id).values(use_until=NOON + INSTANT))
            other.commit()
        session.expire(first.claim, ["state", "use_until"])
        last = held_claims.one(session, club=club, person=nok, claim_id=claim_id, now=NOON)
        with sessions() as fresh:
            stored = fresh.get_one(Claim, claim_id)
            assert [getattr(last.claim, key) for key in columns] == [getattr(stored, key) for key in columns]
        assert (last.state, last.used_by, session.dirty) == ("kept", None, IdentitySet())
