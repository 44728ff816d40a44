"""What still holds when the code above it errs: constraints of the database, the closing of a month, the window."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from benefits import claims, rounds, rounds_lease, sealed_codes, standings
from benefits.counting import counting_lock
from benefits.periods import add_months, month_name
from benefits.vault import CannotOpen, Vault
from clubs import Club
from models import Claim, Code, Member, Person, Privilege, Run
from tests import factories
from tests.factories import NOON
from tests.rules.books import Books, on_the_day
from tests.rules.test_privileges import add_codes

OCTOBER = date(2026, 10, 1)


def held(session: Session, offer: Privilege, shop: Member, by: Person, **values: object) -> Claim:
    """A claim written by hand, past every rule of ours."""
    plain = {"holder": f"m{shop.id}", "period": "", "slot": 1, "state": "kept", "claimed_at": NOON}
    claim = Claim(privilege_id=offer.id, member_id=shop.id, person_id=by.id, **{**plain, **values})
    session.add(claim)
    session.flush()
    return claim


def test_a1_more_taken_than_there_is_is_refused_by_the_database(rolled_back: Session) -> None:
    """A1: `taken` never passes `stock`, nor falls below nothing, whoever writes it."""
    offer = factories.privilege(rolled_back, stock=2)
    for taken in (3, -1):
        with pytest.raises(IntegrityError, match="stock_not_exceeded"), rolled_back.begin_nested():
            rolled_back.execute(text(f"UPDATE privileges SET taken = {taken} WHERE id = {offer.id}"))


def test_a2_a_slot_is_held_once_whoever_writes_it(rolled_back: Session) -> None:
    """A2: the second claim of one slot of one holder is refused by the database itself."""
    nok = factories.person(rolled_back)
    shop, offer = factories.member(rolled_back, nok), factories.privilege(rolled_back)
    held(rolled_back, offer, shop, nok)
    with pytest.raises(IntegrityError, match="uq_claims"), rolled_back.begin_nested():
        held(rolled_back, offer, shop, nok)


def test_a1_two_codes_for_one_claim_are_refused_by_the_database(rolled_back: Session) -> None:
    """A1: a claim has one code of its pool."""
    nok = factories.person(rolled_back)
    shop, offer = factories.member(rolled_back, nok), factories.privilege(rolled_back, pooled=True)
    add_codes(rolled_back, offer, 2)
    claim = held(rolled_back, offer, shop, nok)
    with pytest.raises(IntegrityError, match="uq_codes_claim_id"), rolled_back.begin_nested():
        rolled_back.execute(text(f"UPDATE codes SET claim_id = {claim.id} WHERE privilege_id = {offer.id}"))


def test_a1_two_claims_in_flight_take_two_codes(sessions: sessionmaker[Session], club: Club) -> None:
    """A1: the code that a rival is taking is left to her, and not waited for while there is another."""
    with sessions.begin() as session:
        admins = [factories.person(session), factories.person(session)]
        shops = [factories.member(session, admin).id for admin in admins]
        offer = factories.privilege(session, pooled=True)
        add_codes(session, offer, 2)
    with sessions() as first, sessions() as second:
        second.execute(text("SET LOCAL lock_timeout = '2s'"))
        for session, admin, shop in zip((first, second), admins, shops, strict=True):
            claims.claim(session, club=club, person=admin, privilege_id=offer.id, member_id=shop, now=NOON)
        first.commit()
        second.commit()
        taken = list(first.scalars(select(Code.claim_id)))
    assert len(set(taken) - {None}) == 2, f"two claims, and the codes are of {taken}"


def test_b3_a_code_in_anothers_place_does_not_open(rolled_back: Session, vault: Vault) -> None:
    """B3: a sealed code moved to another row, of the same pool even, opens nothing."""
    offer = factories.privilege(rolled_back, pooled=True)
    sealed = [sealed_codes.seal_pool_code(vault, club=offer.club, key=offer.key, text=name) for name in ("ONE", "TWO")]
    codes = [Code(privilege_id=offer.id, sealed=value, fingerprint=mark, added_at=NOON) for value, mark in sealed]
    assert [sealed_codes.open_pool_code(vault, privilege=offer, code=code) for code in codes] == ["ONE", "TWO"]
    codes[0].sealed, codes[1].sealed = codes[1].sealed, codes[0].sealed
    for code in codes:
        with pytest.raises(CannotOpen):
            sealed_codes.open_pool_code(vault, privilege=offer, code=code)


def test_a_month_closes_only_when_no_import_is_under_way(
    engine: Engine, sessions: sessionmaker[Session], club: Club
) -> None:
    """LFC-9: while lines are being added the closing waits, so that none falls between two months; and then it closes."""
    with sessions.begin() as session:
        factories.member(session)
    closing = threading.Thread(
        target=lambda: rounds.run(engine, club=club, period=OCTOBER, now=on_the_day(club, OCTOBER)), daemon=True
    )
    with engine.connect() as importing, importing.begin():
        counting_lock(importing, club, alone=False)
        with engine.connect() as another, another.begin():
            counting_lock(another, club, alone=False)  # imports do not wait for each other
        closing.start()
        closing.join(1.0)
        assert closing.is_alive(), "the month closed over an import"
    closing.join(10)
    with sessions() as session:
        assert session.scalars(select(Run.state)).all() == ["done"]


def test_f8_a_lease_taken_over_is_lost_at_the_next_step(engine: Engine, club: Club) -> None:
    """F8: who stood still past the lease is told so by the first statement of its next step, before it writes anything."""
    with engine.connect() as slept, engine.connect() as other:
        with slept.begin():
            old = rounds_lease.take(slept, club=club, period=OCTOBER, owner=uuid4(), now=NOON)
        with slept.begin():
            old.fence()
        with other.begin():
            other.execute(text("UPDATE runs SET lease_until = clock_timestamp() - interval '1 second'"))
        with other.begin():
            new = rounds_lease.take(other, club=club, period=OCTOBER, owner=uuid4(), now=NOON)
        with pytest.raises(rounds.LeaseLost), slept.begin():
            old.fence("7")
        with other.begin():
            new.fence()
        assert other.scalar(text("SELECT cursor FROM runs")) is None


def test_lfc_9_paid_on_the_first_counts_with_the_month_of_payment(
    engine: Engine, sessions: sessionmaker[Session], club: Club, tmp_path: Path
) -> None:
    """LFC-9: October's line paid on 1 November, before October's round has run: it is November's all the same."""
    with sessions.begin() as session:
        factories.member(session, external_id="@a")
    books = Books(engine, sessions, club, tmp_path)
    books.bill("@a", "100.00", paid="2026-11-01T00:00:00")
    books.bill("@a", "10.00", paid="2026-10-31T23:59:59.999999")
    books.run("2026-10")
    books.run("2026-11")
    assert [books.stars("@a", month) for month in ("2026-10", "2026-11")] == [10, 100]


def test_the_total_is_of_the_last_twelve_computed_months(
    engine: Engine, sessions: sessionmaker[Session], club: Club, tmp_path: Path
) -> None:
    """The window of the club file: the thirteenth month pushes the first out, and not before."""
    assert club.round.window == 12
    with sessions.begin() as session:
        factories.member(session, external_id="@a")
    books = Books(engine, sessions, club, tmp_path)
    totals = []
    for number in range(14):
        month = month_name(add_months(OCTOBER, number))
        books.bill("@a", f"{100 + number}.00", month=month, paid=f"{month}-20")
        books.run(month)
        totals.append(books.member("@a").total_stars)
    stars = [100 + number for number in range(14)]
    assert totals == [sum(stars[max(0, number - 11) : number + 1]) for number in range(14)]


def test_standings_of_a_round_under_way_are_not_exported(rolled_back: Session, club: Club, tmp_path: Path) -> None:
    """Half a month is no result: until the round is done there is nothing to export, and no file."""
    at = datetime(2026, 11, 1, 20, tzinfo=UTC)
    rolled_back.add(Run(club=club.key, kind="stars", period=OCTOBER, state="running", started_at=at))
    rolled_back.flush()
    with pytest.raises(standings.RoundNotDone):
        standings.export(rolled_back, club=club, period=OCTOBER, file=tmp_path / "standings.csv")
    assert list(tmp_path.iterdir()) == []
