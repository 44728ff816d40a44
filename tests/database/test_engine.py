"""The engine: what a transaction that nobody goes on with does to others."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from database.engine import make_engine


def test_g4_a_transaction_nobody_goes_on_with_lets_its_locks_go(database_url: str) -> None:
    """G4: a process that hangs, or a host cut off, with a row locked: others get the row in seconds, and it gets an error."""
    hanging, other = make_engine(database_url, statement_ms=150), make_engine(database_url, statement_ms=5000)
    with hanging.connect() as stuck, other.connect() as waiting:
        stuck.execute(text("LOCK TABLE budgets"))
        begun = time.monotonic()
        waiting.execute(text("LOCK TABLE budgets"))
        assert 0.3 < time.monotonic() - begun < 4
        with pytest.raises(DBAPIError):
            stuck.execute(text("SELECT 1"))
    hanging.dispose()
    other.dispose()


def test_a2_a_statement_sees_what_others_committed_whatever_the_database_is_set_to(database_url: str) -> None:
    """A2: a claim that waited reads who was first. It would still see the time before the wait, were the database's own
    default another than PostgreSQL's: it then would not know by whom, or be refused as out of order.
    """
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    first = make_engine(database_url)
    with first.begin() as connection:
        connection.execute(text("CREATE TABLE seen (n int)"))
        connection.execute(text(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'repeatable read'"))
    first.dispose()
    one, two = make_engine(database_url), make_engine(database_url, statement_ms=5000)
    count = text("SELECT count(*) FROM seen")
    for mine, others in ((one, two), (two, one)):
        with mine.connect() as reading:
            before = reading.execute(count).scalar_one()
            with others.begin() as writing:
                writing.execute(text("INSERT INTO seen VALUES (1)"))
            assert reading.execute(count).scalar_one() == before + 1
    one.dispose()
    two.dispose()
