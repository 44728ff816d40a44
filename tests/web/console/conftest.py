"""A database and an application for each file of tests of the console: each test makes colleagues of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from benefits.vault import Vault
from tests.conftest import psycopg_url
from tests.factories import NOON
from tests.web.console.desk import Desk, make_desk


@contextmanager
def database(server_url: str, template: str) -> Iterator[str]:
    """A migrated database, dropped afterwards."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    yield psycopg_url(server_url, name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def console_database(server_url: str, template: str) -> Iterator[str]:
    """A migrated database of this test file: what another file left must not decide about one here."""
    with database(server_url, template) as url:
        yield url


@pytest.fixture(scope="module")
def shared_desk(console_database: str, vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The application, once a file."""
    desk = make_desk(console_database, Path(tmp_path_factory.mktemp("console")), vault)
    yield desk
    desk.sessions.kw["bind"].dispose()


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    """The console, its clock back at noon."""
    shared_desk.clock.at = NOON
    return shared_desk
