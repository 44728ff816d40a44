"""A database that was dumped and restored is the same one; and what a careless restore leaves behind is told."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

import commands
from clubs import Club
from database import restored
from database.cluster import bin_dir
from database.engine import make_engine
from models import Base
from tests import factories
from tests.rules.books import Books

CONTENT = "SELECT md5(string_agg(md5(t::text), '' ORDER BY t::text)) FROM {} AS t"
CORRECTION = (
    "INSERT INTO entries (club, member_id, unit, kind, period, amount, at, reason, corrects_id) SELECT club, member_id, "
    "unit, 'correction', period, 1, now(), 'billing error', {} FROM entries WHERE kind = 'round' LIMIT 1"
)
STRAY = (
    "INSERT INTO charges (club, member_id, invoice_no, service, net_satang, vat_satang, service_month) "
    "VALUES ('family_club', 4711, 'INV9', 'official_account', 1, 0, '2026-10-01')"
)
POINT_AT_NO_ID = {
    "line_user_id", "external_id", "event_id", "message_id", "request_id", "rich_menu_id",  # others' ids
    "subject_id",  # of any kind
    "person_id", "first_person_id", "last_person_id",  # of an offer: people may be erased (benefits/people.py)
}  # fmt: skip


@pytest.fixture
def books(engine: Engine, sessions: sessionmaker[Session], club: Club, tmp_path: Path, session: Session) -> Books:
    """An account with a computed month, a correction of it, and a line that waits."""
    factories.member(session, external_id="@shop")
    session.commit()
    books = Books(engine, sessions, club, tmp_path)
    books.bill("@shop", "6000.50")
    books.run("2026-10")
    books.bill("@shop", "10", "2026-11", "")
    with engine.begin() as connection:
        connection.exec_driver_sql(CORRECTION.format("id"))
    return books


@pytest.fixture
def empty(server_url: str) -> Iterator[str]:
    """The URL of a database without anything in it."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def program(name: str, *words: str) -> None:
    """Run one of PostgreSQL's programs. Raises `CalledProcessError`."""
    subprocess.run([bin_dir() / name, *words], check=True, capture_output=True)


def check(engine: Engine) -> Result:
    """`flask db check`."""
    app = Flask("test")
    app.extensions["sitthi"] = SimpleNamespace(engine=engine)
    commands.register(app)
    return app.test_cli_runner().invoke(args=["db", "check"])


def content(url: str) -> dict[str, object]:
    """What each table holds, by its name."""
    with psycopg.connect(url) as connection:
        query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        names = [name for (name,) in connection.execute(query)]
        return {name: connection.execute(CONTENT.format(name).encode()).fetchone() for name in names}


def test_a12_a_restored_database_is_the_same_and_guarded(
    books: Books, database_url: str, empty: str, tmp_path: Path
) -> None:
    """A12: as docs/database.md says, in one transaction, nothing refused; rounds go on, and what was refused still is."""
    dump = str(tmp_path / "dump")
    program("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={database_url}")
    program("pg_restore", f"--dbname={empty}", "--single-transaction", "--exit-on-error", dump)
    assert content(empty) == content(database_url)
    engine = make_engine(empty)
    assert check(engine).output == "The schema is up to date, and everything is there.\n"
    for refused in (STRAY, CORRECTION.format(4711)):
        with pytest.raises(psycopg.errors.ForeignKeyViolation), psycopg.connect(empty) as connection:
            connection.execute(refused.encode())
    books.engine, books.sessions = engine, sessionmaker(engine)
    books.run("2026-11")
    assert books.entry("@shop", "2026-11").total == 6001
    engine.dispose()


def test_a_restore_without_triggers_is_seen_through(books: Books, engine: Engine, database_url: str) -> None:
    """Nothing refuses what is loaded with the triggers off: neither the triggers nor the foreign keys. The check tells."""
    assert check(engine).exit_code == 0
    with psycopg.connect(database_url) as connection:
        connection.execute("SET session_replication_role = 'replica'")
        connection.execute(STRAY)
        connection.execute(CORRECTION.format(4711).encode())
        connection.execute("DELETE FROM imports")
        connection.execute("UPDATE memberships SET agreed_by = 4711")
        connection.execute("ALTER TABLE charges DISABLE TRIGGER ALL")
    told = check(engine)
    assert told.exit_code == 1
    for said in (
        "1 rows of charges name in member_id what is not in members",
        "2 rows of charges name in import_id what is not in imports",
        "1 rows of entries name in corrects_id what is not in entries",
        "1 rows of memberships name in agreed_by what is not in people",
        "triggers of charges are switched off: ALTER TABLE charges ENABLE TRIGGER ALL",
    ):
        assert said in told.output


def test_a12_rows_that_did_not_come_along_are_missed(books: Books, engine: Engine, database_url: str) -> None:
    """A12: a restore that went on after an error: what rounds say they counted and posted is not there."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SET session_replication_role = 'replica'")
        connection.execute("DELETE FROM charges")
        connection.execute("DELETE FROM entries")
    told = check(engine).output
    assert "the round 2026-10 of family_club posted 1 entries, and 0 are here" in told
    assert "the rounds of family_club counted 1 lines, and 0 are here" in told


def test_every_reference_is_known_to_the_check() -> None:
    """A column that names a row of ours is looked at, also where no foreign key does it."""
    known = {(table, column) for table, column, _ in restored.references()}
    named = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_id") and column.name != "id" and column.name not in POINT_AT_NO_ID
    }
    assert named <= known
