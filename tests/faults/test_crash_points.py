"""Killed (-9) at every boundary of joining, using, confirming, undoing and migrating: whole or absent.

Claiming has its own (test_claim_crash), so have the round (tests/jobs/test_rounds_processes), imports
(tests/rules/test_imports_charges) and the publishing of menus (tests/richmenu/test_interrupted).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.orm import Session, sessionmaker

from database import migrate
from database.engine import make_engine
from tests.conftest import psycopg_url
from tests.faults.children import forkserver
from tests.faults.deeds import DEEDS, Deed, perform, traces
from tests.faults.test_claim_crash import run, settle
from tests.killing import boundaries, killed_at

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start in milliseconds, everything imported."""
    return forkserver()


@pytest.mark.parametrize("name", DEEDS)
def test_a5_killed_at_every_boundary_a_deed_is_whole_or_absent(
    processes: ForkServerContext,
    sessions: sessionmaker[Session],
    database_url: str,
    name: str,
    evidence: Callable[[str], None],
) -> None:
    """Rows, notices and journal: all or none, and doing it again leaves what doing it once leaves."""
    found = DEEDS[name]
    with sessions() as session:
        outcomes, points = list[tuple[object, ...]](), 1
        for die_at in range(10_000):  # 0: nothing kills it, and the boundaries are counted
            if die_at > points:
                break
            ids = found.prepare(session)
            session.commit()
            assert traces(session, name, ids) == found.before
            exit_code, passed, backend = run(processes, Deed(database_url, name, ids, die_at), perform)
            assert exit_code == (-signal.SIGKILL if die_at else 0), f"boundary {die_at} of {points}"
            points = passed or points
            settle(session, backend)
            left = traces(session, name, ids)
            assert left in (found.before, found.after), f"killed at boundary {die_at} of {points}: {left}"
            outcomes.append(left)
            for _ in range(2):
                found.do(session, ids)
                session.commit()
                assert traces(session, name, ids) == found.after, f"again, after boundary {die_at}"
    assert points > 8
    # Nothing was killed in the first; the last boundary is after the commit: there, and only there, it stands.
    assert [left == found.after for left in outcomes] == [True] + [False] * (points - 1) + [True]
    evidence(f"{name}: killed at {points} points")


@pytest.fixture
def empty_url(server_url: str) -> Iterator[str]:
    """A database without any table."""
    name = f"t_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield psycopg_url(server_url, name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


TABLES = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
VERSION = (
    "SELECT version_num, (SELECT count(*) FROM pg_attribute WHERE attrelid = 'charges'::regclass) FROM alembic_version"
)


def one(url: str, query: str) -> tuple[object, ...]:
    """The one row of a query."""
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(row)


def test_g9_a_migration_killed_at_any_statement_leaves_nothing_and_the_next_completes(
    empty_url: str, seed: int, evidence: Callable[[str], None]
) -> None:
    """From nothing to the newest schema: one transaction, so before its commit there is no table at all. Of the
    statements every third is tried, by chance which; `SITTHI_CRASH_STRIDE=1` tries all."""
    stride = int(os.environ.get("SITTHI_CRASH_STRIDE", "3"))
    points, killed = 1 + seed % stride, 0
    while killed_at(empty_url, points, migrate.upgrade):
        assert one(empty_url, TABLES) == (0,), f"killed before statement {points}"
        points, killed = points + stride, killed + 1
    engine = make_engine(empty_url)
    assert migrate.is_current(engine)
    assert boundaries(empty_url, migrate.upgrade)[-1] == "COMMIT", "again: nothing to do, and no error"
    engine.dispose()
    assert points > 100
    evidence(f"migrating, from nothing: killed at {killed} points of {points - 1}")


def test_g9_an_update_killed_at_every_statement_leaves_the_old_schema_whole(
    empty_url: str, evidence: Callable[[str], None]
) -> None:
    """From an older schema: killed anywhere the old one stands, number and columns; the next start completes it."""
    engine = make_engine(empty_url)
    migrate.upgrade(engine, "0003")
    before, points = one(empty_url, VERSION), 1
    while killed_at(empty_url, points, migrate.upgrade):
        assert one(empty_url, VERSION) == before, f"killed before statement {points}"
        points += 1
    assert migrate.is_current(engine)
    engine.dispose()
    evidence(f"migrating, from 0003: killed at {points - 1} points")
