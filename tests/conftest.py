"""What every test may use: a real PostgreSQL of its own, the shipped club, people and accounts with boring defaults."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from benefits.vault import Vault
from clubs import Club, load_club
from clubs.catalogue import SHIPPED
from database import embedded, migrate
from database.engine import make_engine, make_sessions
from tests.chromium import chromium

__all__ = ["chromium"]

ROOT = Path(__file__).parent.parent
TEST_KEYS = ("a-key-for-tests-only-0123456789-abcdefghij",)
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "128MB"}


def pytest_configure() -> None:
    """What a run leaves to chance follows from one seed, the same in each of its processes; `SITTHI_SEED` repeats a run."""
    os.environ.setdefault("SITTHI_SEED", str(random.SystemRandom().randrange(2**32)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests found worth saying, and the seed, wherever they ran."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    for report in reports:
        for name, sentence in report.user_properties:
            if name == "evidence" and report.when == "call":
                terminalreporter.write_line(str(sentence))
    terminalreporter.write_line(f"the same by chance again: SITTHI_SEED={os.environ['SITTHI_SEED']}")


@pytest.fixture(scope="session")
def seed() -> int:
    """This run's seed: another each time."""
    return int(os.environ["SITTHI_SEED"])


@pytest.fixture
def evidence(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say a figure at the end of the run, also when this test runs in a process that nobody hears."""
    return partial(record_property, "evidence")


@pytest.fixture(scope="session")
def server_url() -> str:
    """`DATABASE_URL` when given, else one embedded server for every test process of this checkout."""
    return os.environ.get("DATABASE_URL") or embedded.ensure_running(ROOT / "var" / "test", settings=FAST)


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """A migrated, empty database of this test process: each test gets a copy of it."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    engine = make_engine(_named(server_url, name))
    migrate.upgrade(engine)
    engine.dispose()
    yield name
    _drop(server_url, name)


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A migrated database of this test alone, dropped afterwards."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    yield _named(server_url, name)
    _drop(server_url, name)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on this test's database."""
    engine = make_engine(database_url, pool_size=20)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine, vault: Vault) -> sessionmaker[Session]:
    """Sessions on this test's database, carrying the test vault."""
    return make_sessions(engine, vault=vault)


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """One session; what it commits is gone with the test's database."""
    with sessions() as session:
        yield session


@pytest.fixture(scope="session")
def vault() -> Vault:
    """A vault under the test key."""
    return Vault(TEST_KEYS)


@pytest.fixture(scope="session")
def club() -> Club:
    """The shipped official-account club."""
    return load_club(SHIPPED / "family_club.toml")


def _named(url: str, name: str) -> str:
    """The same server's URL for another database."""
    return psycopg_url(url, name)


def psycopg_url(url: str, name: str) -> str:
    """`url` with its database replaced by `name`."""
    base, _, query = url.partition("?")
    return f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


def _drop(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests go first: begun last, one of them alone would keep the whole run waiting."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in slow)
    for item in items:
        if "server_url" in getattr(item, "fixturenames", ()):
            item.add_marker("database")
