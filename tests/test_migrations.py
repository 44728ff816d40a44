"""Migrations: a fresh database equals the models, there and back, and processes that start at once do not collide."""

from __future__ import annotations

import threading

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from database import migrate
from database.engine import make_engine
from models import Base
from tests.conftest import psycopg_url


def test_migrated_equals_models(engine: Engine) -> None:
    """What the migrations make is what the models say: tables, columns, types, constraints, indexes."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _ours})
        assert compare_metadata(found, Base.metadata) == []


def _ours(name: str | None, kind: str, parents: object) -> bool:
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def test_there_and_back(engine: Engine) -> None:
    """Every migration can be undone and done again."""
    with engine.begin() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        left = connection.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar_one()
        assert left == 1  # alembic's own
    migrate.upgrade(engine)
    assert migrate.is_current(engine)


def test_four_starts_at_once(server_url: str) -> None:
    """Processes that migrate at the same time wait for each other."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE four_starts")
    engine = make_engine(psycopg_url(server_url, "four_starts"))
    faults: list[BaseException] = []

    def start() -> None:
        try:
            migrate.upgrade(engine)
        except BaseException as fault:
            faults.append(fault)

    try:
        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        assert migrate.is_current(engine)
    finally:
        engine.dispose()
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE four_starts WITH (FORCE)")


@pytest.mark.parametrize("table", ["entries", "journal"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET club = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_a12_ledger_and_journal_are_append_only(engine: Engine, table: str, deed: str) -> None:
    """A12: the database itself refuses to change or remove what was written."""
    with engine.begin() as connection, pytest.raises(Exception, match="append-only"):
        connection.execute(text(deed.format(table)))
