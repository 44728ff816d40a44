"""One database for a whole module of rules, each test in a transaction that is taken back: milliseconds instead of a copy."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from benefits.vault import Vault
from database.engine import make_engine
from tests.conftest import _drop, psycopg_url


@pytest.fixture(scope="module")
def module_engine(server_url: str, template: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine on a migrated database of this test module."""
    name = f"{template}_{request.module.__name__.rsplit('.', 1)[-1]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    engine = make_engine(psycopg_url(server_url, name))
    yield engine
    engine.dispose()
    _drop(server_url, name)


@pytest.fixture
def outer(module_engine: Engine) -> Iterator[Connection]:
    """A connection whose transaction is never committed."""
    with module_engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture
def rolled_back(outer: Connection, vault: Vault) -> Iterator[Session]:
    """A session in that transaction: its commits and rollbacks are savepoints. For tests of one session only."""
    with Session(
        outer, expire_on_commit=False, info={"vault": vault}, join_transaction_mode="create_savepoint"
    ) as session:
        yield session
