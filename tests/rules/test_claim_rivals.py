"""Rivals who act at the worst moment on purpose: between what a claim read and what it writes (A1 to A4, LFC-19, 22, 24)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select, text, update
from sqlalchemy.orm import Session, sessionmaker

from benefits import claims, consent, members, people, uses
from benefits.conditions import AlreadyClaimed, SoldOut
from benefits.members import Left, NotAdministrator
from benefits.vault import Vault
from clubs import Club
from database.engine import make_sessions
from models import Admin, Claim, Code, JournalEntry, Member, Membership, Person, Privilege
from tests import factories
from tests.factories import NOON
from tests.rules.racing import CHECK_THEN_ACT, WITHOUT, Behind
from tests.rules.test_privileges import add_codes


@pytest.fixture
def sessions(module_engine: Engine, vault: Vault) -> sessionmaker[Session]:
    """Real commits, in one database for the module: every scene has rows of its own."""
    return make_sessions(module_engine, vault=vault)


class Scene:
    """One shop with two admins, a second shop of the rival's, and an offer."""

    def __init__(self, sessions: sessionmaker[Session], club: Club, codes: int = 0, **values: Any) -> None:
        self.sessions, self.club = sessions, club
        with sessions() as session:
            nok, lek = factories.person(session), factories.person(session)
            people.learn_profile(session, person=lek, display_name="Lek", language=None, now=NOON)
            shop, other = factories.member(session, nok, lek), factories.member(session, lek)
            offer = factories.privilege(session, pooled=codes > 0, **values)
            add_codes(session, offer, codes)
            session.commit()
            self.nok, self.lek, self.shop, self.other, self.offer = nok.id, lek.id, shop.id, other.id, offer.id

    def claim(self, session: Session, by: int, shop: int) -> claims.Claimed:
        """`by` presses Claim for `shop`, without committing."""
        person = session.get_one(Person, by)
        return claims.claim(session, club=self.club, person=person, privilege_id=self.offer, member_id=shop, now=NOON)

    def rival_claims(self, shop: int) -> Callable[[], None]:
        """Lek claims for `shop` and commits."""

        def act() -> None:
            with self.sessions() as session:
                self.claim(session, self.lek, shop)
                session.commit()

        return act

    def count(self) -> int:
        """Claims of the offer."""
        with self.sessions() as session:
            return session.scalars(select(func.count()).where(Claim.privilege_id == self.offer)).one()


@contextmanager
def just_before(session: Session, statement: str, act: Callable[[], None]) -> Iterator[None]:
    """Run `act` to its commit right before this session sends its first statement that begins so."""
    done = list[bool]()

    def watch(*args: Any) -> None:
        if args[2].lstrip().startswith(statement) and not done:
            done.append(True)
            act()

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", watch)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", watch)
    assert done, f"no statement begins with {statement!r}: the rival never came"


def test_lfc_22_rival_commits_between_reading_and_inserting(sessions: sessionmaker[Session], club: Club) -> None:
    scene = Scene(sessions, club)
    with sessions() as session, just_before(session, "INSERT INTO claims", scene.rival_claims(scene.shop)):
        with pytest.raises(AlreadyClaimed) as told:
            scene.claim(session, scene.nok, scene.shop)
        assert (told.value.by, told.value.by_me, told.value.at) == ("Lek", False, NOON)
        session.commit()
    assert scene.count() == 1


def test_lfc_22_who_comes_second_takes_no_unit_no_code_and_leaves_no_note(
    sessions: sessionmaker[Session], club: Club
) -> None:
    """Stock, code and note are sent together with the grant, before it is known whether the slot was free."""
    scene = Scene(sessions, club, stock=5, codes=5)
    with sessions() as session, just_before(session, "INSERT INTO claims", scene.rival_claims(scene.shop)):
        with pytest.raises(AlreadyClaimed):
            scene.claim(session, scene.nok, scene.shop)
        session.commit()
    with sessions() as session:
        ids = select(Claim.id).where(Claim.privilege_id == scene.offer)
        codes = select(Code.claim_id).where(Code.privilege_id == scene.offer, Code.claim_id.is_not(None))
        notes = select(JournalEntry.subject_id).where(
            JournalEntry.action == "claimed", JournalEntry.facts["privilege"].as_integer() == scene.offer
        )
        made = session.scalars(ids).all()
        assert (session.scalars(codes).all(), session.scalars(notes).all()) == (made, made)
        taken = select(Privilege.taken).where(Privilege.id == scene.offer)
        assert (len(made), session.scalars(taken).one()) == (1, 1)


def test_a3_control_the_same_moment_without_guards_grants_twice(
    engine: Engine, vault: Vault, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = make_sessions(engine, vault=vault)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE claims DROP CONSTRAINT uq_claims_privilege_id_holder_period_slot"))
    for name, unguarded in WITHOUT[CHECK_THEN_ACT].items():
        monkeypatch.setattr(claims, name, unguarded)
    scene = Scene(sessions, club)
    with sessions() as session, just_before(session, "INSERT INTO claims", scene.rival_claims(scene.shop)):
        scene.claim(session, scene.nok, scene.shop)
        session.commit()
    assert scene.count() == 2


@pytest.mark.parametrize(
    ("statement", "values"),
    [("UPDATE privileges", {"stock": 1}), ("INSERT INTO claims", {"stock": 1}), ("WITH free", {"codes": 1})],
)
def test_a1_rival_takes_the_last_unit_at_the_last_moment(
    sessions: sessionmaker[Session], club: Club, statement: str, values: dict[str, Any]
) -> None:
    scene = Scene(sessions, club, **values)
    with sessions() as session, just_before(session, statement, scene.rival_claims(scene.other)):
        with pytest.raises(SoldOut):
            scene.claim(session, scene.nok, scene.shop)
        session.commit()
    assert scene.count() == 1
    with sessions() as session:
        assert session.scalars(select(Claim.member_id).where(Claim.privilege_id == scene.offer)).one() == scene.other


@pytest.mark.parametrize("values", [{}, {"stock": 1}, {"codes": 1}])
@pytest.mark.parametrize("rival_commits", [True, False])
def test_a4_a_rival_in_flight_is_waited_for(
    sessions: sessionmaker[Session], club: Club, values: dict[str, Any], rival_commits: bool
) -> None:
    """The answer depends on what the rival ends with, never on what she holds while she may still roll back."""
    scene = Scene(sessions, club, **values)
    shop = scene.other if values else scene.shop

    def nok_claims() -> claims.Claimed:
        with sessions() as session:
            made = scene.claim(session, scene.nok, scene.shop)
            session.commit()
            return made

    with sessions() as rival:
        scene.claim(rival, scene.lek, shop)
        waiting = Behind(nok_claims)
        if rival_commits:
            rival.commit()
        else:
            rival.rollback()
        outcome = waiting.join()
    expected: type = (SoldOut if values else AlreadyClaimed) if rival_commits else claims.Claimed
    assert type(outcome) is expected, outcome
    assert scene.count() == 1


def test_lfc_19_role_taken_away_while_claiming_waits_or_is_seen(sessions: sessionmaker[Session], club: Club) -> None:
    scene = Scene(sessions, club)

    def take_role_away() -> None:
        with sessions() as session:
            session.execute(update(Admin).where(Admin.member_id == scene.shop).values(removed_at=NOON))
            session.commit()

    with sessions() as session:
        assert scene.claim(session, scene.nok, scene.shop).created
        import_run = Behind(take_role_away)
        session.commit()
        assert import_run.join() is None
    with sessions() as session, pytest.raises(NotAdministrator):
        scene.claim(session, scene.nok, scene.shop)


def test_lfc_19_role_taken_away_before_the_lock_is_seen(sessions: sessionmaker[Session], club: Club) -> None:
    scene = Scene(sessions, club)
    with sessions() as importer, sessions() as session:
        importer.execute(update(Admin).where(Admin.member_id == scene.shop).values(removed_at=NOON))
        outcome: list[Any] = []

        def nok_claims() -> None:
            scene.claim(session, scene.nok, scene.shop)

        waiting = Behind(nok_claims)
        importer.commit()
        outcome.append(waiting.join())
        assert isinstance(outcome[0], NotAdministrator)
    assert scene.count() == 0


def _leaving(scene: Scene) -> Callable[[], list[int]]:
    def act() -> list[int]:
        with scene.sessions() as session:
            shop = session.get_one(Member, scene.shop)
            voided = members.leave(session, club=scene.club, member=shop, reason="asked", now=NOON)
            session.commit()
            return voided

    return act


def test_leaving_while_a_claim_is_made_voids_that_claim(sessions: sessionmaker[Session], club: Club) -> None:
    scene = Scene(sessions, club)
    with sessions() as session:
        made = scene.claim(session, scene.nok, scene.shop)
        leaving = Behind(_leaving(scene))
        session.commit()
        assert leaving.join() == [made.claim.id]


def test_claiming_while_the_account_leaves_is_refused(sessions: sessionmaker[Session], club: Club) -> None:
    scene = Scene(sessions, club)
    with sessions() as leaver, sessions() as session:
        members.leave(leaver, club=club, member=leaver.get_one(Member, scene.shop), reason="asked", now=NOON)
        waiting = Behind(lambda: scene.claim(session, scene.nok, scene.shop))
        leaver.commit()
        assert isinstance(waiting.join(), Left)
    assert scene.count() == 0


def test_lfc_17_an_account_that_joins_at_the_worst_moment_is_held_too(
    sessions: sessionmaker[Session], club: Club
) -> None:
    """No stay was there to hold; then another admin agrees, and the account is in the club when it is read: whoever leaves
    now waits for the claim, and voids it. Else it would be kept by an account that is no longer in the club.
    """
    scene = Scene(sessions, club)
    _leaving(scene)()

    def lek_agrees() -> None:
        with sessions() as session:
            lek = session.get_one(Person, scene.lek)
            consent.agree(session, club=club, person=lek, language="th", now=NOON)
            session.commit()

    with sessions() as session, just_before(session, "SELECT members.", lek_agrees):
        made = scene.claim(session, scene.nok, scene.shop)
        leaving = Behind(_leaving(scene))
        session.commit()
        assert leaving.join() == [made.claim.id]


def test_leaving_while_a_use_is_begun_comes_after_it(sessions: sessionmaker[Session], club: Club) -> None:
    scene = Scene(sessions, club)
    with sessions() as session:
        made = scene.claim(session, scene.nok, scene.shop)
        session.commit()
        uses.start(session, club=club, person=session.get_one(Person, scene.nok), claim_id=made.claim.id, now=NOON)
        leaving = Behind(_leaving(scene))
        session.commit()
        assert leaving.join() == []


def test_a_stock_set_while_a_claim_is_in_flight_counts_it(sessions: sessionmaker[Session], club: Club) -> None:
    scene = Scene(sessions, club)

    def set_stock() -> None:
        with sessions() as session:
            session.execute(update(Privilege).where(Privilege.id == scene.offer).values(stock=1))
            session.commit()

    with sessions() as session:
        scene.claim(session, scene.nok, scene.shop)
        console = Behind(set_stock)
        session.commit()
        assert console.join() is None
    with sessions() as session:
        assert session.scalars(select(Privilege.taken).where(Privilege.id == scene.offer)).one() == 1
        with pytest.raises(SoldOut):
            scene.claim(session, scene.lek, scene.other)


def test_a_stock_set_between_reading_and_inserting_is_obeyed(sessions: sessionmaker[Session], club: Club) -> None:
    scene = Scene(sessions, club)

    def set_stock_to_none_left() -> None:
        with sessions() as session:
            session.execute(update(Privilege).where(Privilege.id == scene.offer).values(stock=0))
            session.commit()

    with sessions() as session, just_before(session, "INSERT INTO claims", set_stock_to_none_left):
        with pytest.raises(SoldOut):
            scene.claim(session, scene.nok, scene.shop)
        session.commit()
    assert scene.count() == 0


def test_lfc_24_two_admins_agree_at_once_and_one_is_first(sessions: sessionmaker[Session], club: Club) -> None:
    """Two people who share ten accounts, five times: each account joins once, the other is told by whom; no deadlock."""
    for _ in range(5):
        with sessions() as session:
            pair = [factories.person(session) for _ in range(2)]
            for _ in range(10):
                factories.member(session, *pair, joined=False)
            session.commit()
        barrier, agreed = threading.Barrier(2), list[Any]()

        def agree(person_id: int, barrier: threading.Barrier = barrier, agreed: list[Any] = agreed) -> None:
            with sessions() as session:
                person = session.get_one(Person, person_id)
                barrier.wait()
                agreed.append(consent.agree(session, club=club, person=person, language="th", now=NOON))
                session.commit()

        threads = [threading.Thread(target=agree, args=(person.id,)) for person in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(len(one.joined) for one in agreed) == [0, 10]
        assert [(len(one.already), {a.by_me for a in one.already}) for one in agreed if not one.joined] == [
            (10, {False})
        ]
        with sessions() as session:
            stays = select(func.count()).where(Membership.agreed_by.in_([person.id for person in pair]))
            assert session.scalars(stays).one() == 10


def test_lfc_24_the_index_decides_when_the_rival_joins_at_the_worst_moment(
    sessions: sessionmaker[Session], club: Club
) -> None:
    """A membership that came by another way (no lock shared with ours) still cannot be opened twice."""
    with sessions() as session:
        nok, lek = factories.person(session), factories.person(session)
        shop = factories.member(session, nok, lek, joined=False)
        session.commit()

    def rival_joins() -> None:
        with sessions() as session:
            row = {"member_id": shop.id, "joined_at": NOON - timedelta(minutes=1), "agreed_by": lek.id}
            session.add(Membership(**row, terms_version="2026-01"))
            session.commit()

    with sessions() as session, just_before(session, "INSERT INTO memberships", rival_joins):
        person = session.get_one(Person, nok.id)
        agreed = consent.agree(session, club=club, person=person, language="th", now=NOON)
        session.commit()
    assert (len(agreed.joined), agreed.already[0].by_me) == (0, False)


def test_codes_waited_for_one_after_another(sessions: sessionmaker[Session], club: Club) -> None:
    """Two rivals hold the two codes; the first commits, the second rolls back: the third admin gets the second code."""
    scene = Scene(sessions, club, codes=2)
    with sessions() as session:
        extra = factories.person(session)
        shop = factories.member(session, extra)
        session.commit()
    with sessions() as first, sessions() as second:
        scene.claim(first, scene.lek, scene.other)
        scene.claim(second, extra.id, shop.id)

        def nok_claims() -> int:
            with sessions() as session:
                made = scene.claim(session, scene.nok, scene.shop)
                session.commit()
                return session.scalars(select(Code.id).where(Code.claim_id == made.claim.id)).one()

        waiting = Behind(nok_claims)
        first.commit()
        second.rollback()
        with sessions() as session:
            assert waiting.join() == max(session.scalars(select(Code.id).where(Code.privilege_id == scene.offer)))
