"""The round against processes: many at once, killed −9 at every statement, asleep past their lease, clocks apart."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from benefits import rounds, rounds_sql
from benefits.periods import add_months, month_name
from clubs import Club
from database.engine import make_engine
from tests import factories
from tests.conftest import psycopg_url
from tests.killing import Work, boundaries, finished, killed_at, start
from tests.rules.books import Bill, Books, on_the_day

OCTOBER = date(2026, 10, 1)
EXPIRE = "UPDATE runs SET lease_until = clock_timestamp() - interval '1 second' WHERE state = 'running'"


@pytest.fixture
def books(engine: Engine, sessions: sessionmaker[Session], club: Club, tmp_path: Path, session: Session) -> Books:
    """Seven accounts with an administrator each; two change tier, one has a reversal; a line waits to be adopted."""
    for number in range(7):
        factories.member(session, factories.person(session), external_id=f"@a{number}")
    session.commit()
    books = Books(engine, sessions, club, tmp_path)
    books.bills(Bill(f"@a{number}", f"{number * 3000}.99", "2026-10", "2026-10-20") for number in range(6))
    books.bill("@a6", "-12.34")
    session.execute(text("UPDATE charges SET count_month = NULL WHERE invoice_no = 'INV2'"))
    session.commit()
    return books


def copied(database_url: str) -> Callable[[], str]:
    """A maker of copies of this test's database: each kill gets one in the same state."""
    name, server = database_url.split("?")[0].rsplit("/", 1)[1], psycopg_url(database_url, "postgres")

    def copy() -> str:
        copied_name = f"t_{uuid4().hex[:12]}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{copied_name}" TEMPLATE "{name}" STRATEGY file_copy')
        return psycopg_url(database_url, copied_name)

    return copy


def drop(database_url: str, url: str) -> None:
    """Drop a copy."""
    with psycopg.connect(psycopg_url(database_url, "postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{url.split("?")[0].rsplit("/", 1)[1]}" WITH (FORCE)')


def october(club: Club) -> Work:
    """The round of October on its day."""
    return partial(rounds.run, club=club, period=OCTOBER, now=on_the_day(club, OCTOBER))


def state(url: str) -> tuple[object, ...]:
    """Everything a round leaves behind, without row ids and times."""
    with psycopg.connect(url) as connection:
        rows = []
        for query in (
            "SELECT period::text, state, result_hash, input_hash, facts::text FROM runs ORDER BY 1",
            "SELECT member_id, period::text, amount, counted_satang, carried_satang, total, tier FROM entries ORDER BY 1, 2",
            "SELECT external_id, total_stars, tier FROM members ORDER BY 1",
            "SELECT person_id, key, facts::text FROM notices ORDER BY 1, 2",
            "SELECT action, CASE subject_kind WHEN 'member' THEN subject_id END, facts::text FROM journal "
            "WHERE action <> 'imported' ORDER BY 1, 2",
            "SELECT invoice_no, count_month::text FROM charges ORDER BY 1",
        ):
            rows.append(tuple(connection.execute(query).fetchall()))
        return tuple(rows)


REWIND = """
ALTER TABLE entries DISABLE TRIGGER USER;
ALTER TABLE journal DISABLE TRIGGER USER;
DELETE FROM entries;
DELETE FROM journal WHERE action <> 'imported';
DELETE FROM notices;
DELETE FROM runs;
ALTER TABLE entries ENABLE TRIGGER USER;
ALTER TABLE journal ENABLE TRIGGER USER;
UPDATE members SET total_stars = 0, tier = 'welcome';
UPDATE charges SET count_month = CASE WHEN invoice_no <> 'INV2' THEN date '2026-10-01' END;
"""
"""Back to before the round, guards aside: quicker than a fresh database for every kill."""


def test_f3_killed_at_every_statement_it_resumes_to_the_same_result(
    books: Books, database_url: str, club: Club, monkeypatch: pytest.MonkeyPatch, evidence: Callable[[str], None]
) -> None:
    """F3: −9 before each statement and commit; whoever resumes comes to what an uninterrupted run comes to, exactly."""
    monkeypatch.setattr("benefits.rounds_steps.CHUNK", 3)
    books.engine.dispose()
    work = october(club)
    steps = boundaries(database_url, work)
    right = state(database_url)
    assert steps.count("INSERT INTO entries") == 3
    for boundary, step in enumerate(steps, 1):
        with psycopg.connect(database_url) as connection:
            connection.execute(REWIND)
        assert killed_at(database_url, boundary, work)
        _resume(database_url, work)
        assert state(database_url) == right, f"killed before boundary {boundary}, {step}"
    evidence(f"the monthly round: killed at {len(steps)} points")


def _resume(url: str, work: Work) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(EXPIRE)
    engine = make_engine(url)
    try:
        work(engine)
    except rounds.RoundAlreadyDone:
        pass  # killed after its last commit
    finally:
        engine.dispose()


def test_f3_without_its_cursor_a_resumed_run_posts_twice(
    books: Books, database_url: str, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F3, the guard off: the cursor is not kept and the unique index is gone; the same kill then doubles entries."""
    monkeypatch.setattr("benefits.rounds_steps.CHUNK", 3)
    monkeypatch.setattr(
        rounds_sql, "FENCE", rounds_sql.FENCE.replace("coalesce(:cursor, cursor)", "coalesce(cursor, '0')")
    )
    with books.engine.begin() as connection:
        connection.execute(text("DROP INDEX uq_entries_round"))
    boundary = 1
    while killed_at(database_url, boundary, october(club)) and not books.scalar("SELECT count(*) FROM entries"):
        boundary += 1
        with books.engine.begin() as connection:
            connection.execute(text(EXPIRE))
    with books.engine.begin() as connection:
        connection.execute(text(EXPIRE))
    assert books.scalar("SELECT count(*) FROM entries") == 3
    october(club)(books.engine)
    assert books.scalar("SELECT count(*) FROM entries") == 10


def test_f1_four_processes_at_the_turn_of_the_month_make_one_run(books: Books, database_url: str, club: Club) -> None:
    """F1: fifty months, four processes at once for each; every month is posted once, by one of them."""
    months = [add_months(OCTOBER, index) for index in range(50)]
    books.engine.dispose()
    children = [start(database_url, partial(_race, club=club, months=months)) for _ in range(4)]
    for child in children:
        assert finished(child)
    assert books.scalar("SELECT count(*) FROM runs WHERE state = 'done'") == 50
    assert books.scalar("SELECT count(*) FROM entries") == 350
    assert books.scalar("SELECT count(*) FROM journal WHERE action = 'round_done'") == 50
    assert books.scalar("SELECT sum(amount) FROM entries") == 45000


def _race(engine: Engine, club: Club, months: list[date]) -> None:
    """Try each month as soon as the one before is done; being too late, or second, is fine."""
    for month in months:
        while True:
            try:
                rounds.run(engine, club=club, period=month, now=on_the_day(club, month))
                break
            except rounds.RoundAlreadyDone:
                break
            except (rounds.LeaseHeld, rounds.EarlierRoundOpen):
                continue
            except rounds.LaterRoundDone:
                break


def test_f2_off_from_january_to_april_every_month_is_computed_in_order(
    engine: Engine, sessions: sessionmaker[Session], session: Session, club: Club, tmp_path: Path
) -> None:
    """F2: off from 28 January to 5 April; January, February and March then run once each, each with its own lines."""
    factories.member(session, external_id="@a")
    session.commit()
    books = Books(engine, sessions, club, tmp_path)
    for month, baht in (("2027-01", "100.50"), ("2027-02", "200.50"), ("2027-03", "300.50"), ("2027-04", "400.50")):
        books.bill("@a", baht, month=month, paid=f"{month}-03")
    books.bill("@a", "0.50", month="2027-01", paid="2027-02-28T23:59:59.999999")
    back = datetime.fromisoformat("2027-04-05T09:00:00+07:00")
    for _ in range(2):
        for period in rounds.due(session, club, back):
            rounds.run(engine, club=club, period=period, now=back)
        session.rollback()
    posted = [(run.period, run.state) for run in rounds.listing(session, club=club)]
    assert posted == [(date(2027, number, 1), "done") for number in (1, 2, 3)]
    assert [books.stars("@a", f"2027-0{number}") for number in (1, 2, 3)] == [100, 201, 300]
    assert books.member("@a").total_stars == 601


def test_f4_again_by_hand_twice_and_in_parallel_changes_nothing(books: Books, database_url: str, club: Club) -> None:
    """F4: the hash is equal and there is no new entry, journal line or notice."""
    work = october(club)
    work(books.engine)
    before = state(database_url)
    for _ in range(2):
        with pytest.raises(rounds.RoundAlreadyDone):
            work(books.engine)
    books.engine.dispose()
    children = [start(database_url, _again(work)) for _ in range(4)]
    for child in children:
        assert finished(child)
    assert state(database_url) == before


def _again(work: Work) -> Work:
    def again(engine: Engine) -> None:
        with pytest.raises(rounds.RoundAlreadyDone):
            work(engine)

    return again


def test_f7_a_clock_that_is_off_does_not_take_a_living_lease(
    books: Books, database_url: str, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F7: leases are the database's; a worker whose own clock is hours off waits like any other, and no month is skipped."""
    monkeypatch.setattr("benefits.rounds_steps.CHUNK", 3)
    child = _asleep(books, database_url, october(club))
    for off in (timedelta(hours=2), timedelta(hours=-2), timedelta(minutes=10), timedelta(days=300)):
        with pytest.raises(rounds.LeaseHeld) as held:
            books.run("2026-10", at=on_the_day(club, OCTOBER) + timedelta(days=1) + off)
        assert held.value.until is not None
    os.kill(child, signal.SIGCONT)
    assert finished(child)
    assert books.scalar("SELECT count(*) FROM entries") == 7


def _asleep(books: Books, database_url: str, work: Work) -> int:
    """A holder of the lease that stopped itself (SIGSTOP) after its first chunk was committed, outside a transaction."""
    books.engine.dispose()
    url = copied(database_url)()
    done = boundaries(url, work)
    drop(database_url, url)
    committed = done.index("COMMIT", done.index("INSERT INTO entries"))
    child = start(database_url, work, boundary=committed + 2, sign=signal.SIGSTOP)
    os.waitpid(child, os.WUNTRACED)
    assert books.scalar("SELECT count(*) FROM entries") == 3
    return child


def test_f8_late_writes_of_a_holder_that_slept_are_refused(
    books: Books, database_url: str, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F8: asleep past its lease; the successor's result stands, and the sleeper fails instead of writing."""
    monkeypatch.setattr("benefits.rounds_steps.CHUNK", 3)
    child = _asleep(books, database_url, october(club))
    after = _take_over_and_wake(books, database_url, club, child)
    assert books.scalar("SELECT count(*) FROM entries") == 7
    assert state(database_url) == after


def _take_over_and_wake(books: Books, database_url: str, club: Club, child: int) -> tuple[object, ...]:
    """Let the lease end, run as the successor, then wake the sleeper and see it fail; the state before it woke."""
    with books.engine.begin() as connection:
        connection.execute(text(EXPIRE))
    october(club)(books.engine)
    after = state(database_url)
    os.kill(child, signal.SIGCONT)
    with pytest.raises(AssertionError, match="the child raised"):
        finished(child)
    return after


def test_f8_without_the_fence_the_sleeper_writes(
    books: Books, database_url: str, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F8, the guard off: no owner is asked for, the unique index is gone; the sleeper's entries then stand twice."""
    monkeypatch.setattr("benefits.rounds_steps.CHUNK", 3)
    monkeypatch.setattr(rounds_sql, "FENCE", rounds_sql.FENCE.replace("owner = :owner AND state = 'running'", "true"))
    with books.engine.begin() as connection:
        connection.execute(text("DROP INDEX uq_entries_round"))
    child = _asleep(books, database_url, october(club))
    with books.engine.begin() as connection:
        connection.execute(text(EXPIRE))
    october(club)(books.engine)
    os.kill(child, signal.SIGCONT)
    os.waitpid(child, 0)
    assert int(str(books.scalar("SELECT count(*) FROM entries"))) > 7


def test_lines_that_arrive_while_a_month_closes_are_counted_once(books: Books, database_url: str, club: Club) -> None:
    """Three processes import paid lines of October while rounds run: nothing slips between the decision and the closing."""
    books.engine.dispose()
    children = [start(database_url, partial(_import_many, books=books, club=club, who=who)) for who in range(3)]
    for index in range(4):
        books.run(month_name(add_months(OCTOBER, index)))
    for child in children:
        assert finished(child)
    books.run(month_name(add_months(OCTOBER, 4)))
    sums = books.scalar(
        "SELECT (SELECT sum(counted_satang) FROM entries) - (SELECT sum(net_satang) FROM charges WHERE paid_at IS NOT NULL)"
    )
    assert sums == 0
    assert books.scalar("SELECT count(*) FROM charges") == 7 + 3 * 15 * 20


def _import_many(engine: Engine, books: Books, club: Club, who: int) -> None:
    folder = books.folder / str(who)
    folder.mkdir()
    mine = Books(engine, books.sessions, club, folder)
    for part in range(15):
        mine.bills(Bill("@a1", "1.01", "2026-10", "2026-10-21", invoice=f"W{who}-{part}-{n}") for n in range(20))
