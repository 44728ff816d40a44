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
