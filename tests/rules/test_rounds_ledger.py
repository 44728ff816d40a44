"""What the database itself refuses: changing what was posted, noted or counted; and totals anyone can recompute."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from clubs import Club
from tests import factories
from tests.rules.books import Books

CORRECTION = (
    "INSERT INTO entries (club, member_id, unit, kind, period, amount, at, reason, idempotency_key) "
    "VALUES ('family_club', 1, 'stars', 'correction', '2026-10-01', :amount, now(), 'billing error', 'case-1')"
)


@pytest.fixture
def books(engine: Engine, sessions: sessionmaker[Session], club: Club, tmp_path: Path, session: Session) -> Books:
    """One account whose October was posted, and whose tier changed by it."""
    factories.member(session, external_id="@a")
    session.commit()
    books = Books(engine, sessions, club, tmp_path)
    books.bill("@a", "6000.50", invoice="INV1")
    books.run("2026-10")
    return books


def test_a12_the_ledger_the_journal_and_counted_lines_cannot_be_changed(books: Books, database_url: str) -> None:
    """A12: UPDATE, DELETE and TRUNCATE are refused by the database; a counted line keeps its content, payment and round."""
    refused = [
        "UPDATE entries SET amount = 1",
        "DELETE FROM entries",
        "TRUNCATE entries CASCADE",
        "UPDATE journal SET action = 'x'",
        "DELETE FROM journal",
        "TRUNCATE journal",
        "UPDATE charges SET net_satang = 1",
        "UPDATE charges SET paid_at = now()",
        "UPDATE charges SET count_month = '2026-11-01'",
        "DELETE FROM charges",
        "TRUNCATE charges CASCADE",
        "DELETE FROM members",
    ]
    with psycopg.connect(database_url, autocommit=True) as connection:
        for statement in refused:
            with pytest.raises(psycopg.errors.RestrictViolation):
                connection.execute(statement.encode())
    assert books.stars("@a", "2026-10") == 6000


def test_a12_without_the_guard_the_ledger_could_be_changed(books: Books, database_url: str) -> None:
    """A12, the guard off: the same statement then goes through."""
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP TRIGGER append_only ON entries")
        assert connection.execute("UPDATE entries SET amount = 1").rowcount == 1


def test_a13_the_same_key_with_another_amount_is_refused(books: Books) -> None:
    """A13: nothing is written the second time; the first amount stands."""
    with books.sessions.begin() as session:
        session.execute(text(CORRECTION), {"amount": 5})
    with pytest.raises(IntegrityError), books.sessions.begin() as session:
        session.execute(text(CORRECTION), {"amount": 6})
    assert books.scalar("SELECT sum(amount) FROM entries WHERE kind = 'correction'") == 5


def test_a_round_entry_cannot_be_posted_twice_or_below_zero(books: Books) -> None:
    """One entry an account and run, and never below zero, whoever writes it."""
    for amount, fault in ((1, "uq_entries_round"), (-1, "round_not_negative")):
        with pytest.raises(IntegrityError, match=fault), books.sessions.begin() as session:
            session.execute(
                text(
                    "INSERT INTO entries (club, member_id, unit, kind, period, run_id, amount, at) "
                    "SELECT club, member_id, unit, kind, period, run_id, :amount, at FROM entries"
                ),
                {"amount": amount},
            )


def test_stars_can_be_recomputed_from_the_ledger_and_a_correction_counts(books: Books) -> None:
    """A balance is a sum of entries: a correction is one more, seen by the next adjustment."""
    with books.sessions.begin() as session:
        session.execute(text(CORRECTION), {"amount": -1001})
    books.run("2026-11")
    assert books.member("@a").total_stars == books.scalar("SELECT sum(amount) FROM entries") == 4999
    assert books.member("@a").tier == "welcome"


def test_a_correction_names_an_entry_that_is_there(books: Books) -> None:
    """A15: the entry a correction names is looked up by the database; one that is not there is refused, whoever writes."""
    naming = text(CORRECTION.replace("idempotency_key) VALUES", "idempotency_key, corrects_id) VALUES")[:-1] + ", :id)")
    last = int(str(books.scalar("SELECT max(id) FROM entries")))
    with pytest.raises(IntegrityError, match="no entry"), books.sessions.begin() as session:
        session.execute(naming, {"amount": 1, "id": last + 1000})
    with books.sessions.begin() as session:
        session.execute(naming, {"amount": 1, "id": last})
    assert books.scalar("SELECT corrects_id FROM entries WHERE kind = 'correction'") == last
