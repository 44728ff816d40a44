"""What every test may use: a real PostgreSQL of its own, the shipped club, people and accounts with boring defaults."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

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
from tests.standstill import pytest_runtest_protocol

__all__ = ["chromium", "pytest_runtest_protocol"]

ROOT = Path(__file__).parent.parent
TEST_KEYS = ("a-key-for-tests-only-0123456789-abcdefghij",)
LONGEST = (
    "faults/test_state_machine.py",
    "bench/test_bench.py",
    "faults/test_crash_points.py",
    "demo/test_launcher.py",
    "jobs/test_jobs_process.py",
    "faults/test_turn_crash.py",
    "web/console/test_offers_story.py",
    "browser/test_story.py",
    "richmenu/test_interrupted.py",
    "faults/test_durability.py",
    "web/console/test_in_chromium.py",
    "faults/test_mutants.py",
)
"""Files of more than 45 s on two busy cores, the longest first: a file is run by one process from its beginning to its end."""
RUNS = 0x7E575
"""The lock every test process shares while it uses the checkout's server."""
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


class Copies:
    """Databases made from a template and dropped in the background, the next one while a test uses the last."""

    def __init__(self, server_url: str, template: str) -> None:
        self._url, self._template = server_url, template
        self._worker = ThreadPoolExecutor(1)
        self._next = self._worker.submit(self._make)

    def take(self) -> str:
        """The name of a copy nobody has. Raises what making it raised."""
        mine, self._next = self._next, self._worker.submit(self._make)
        return mine.result()

    def give_back(self, name: str) -> None:
        """Nobody needs it any more: it will be dropped."""
        self._worker.submit(_drop, self._url, name)

    def __enter__(self) -> Copies:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back(self._next.result())
        self._worker.shutdown()

    def _make(self) -> str:
        name = f"t_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}" STRATEGY file_copy')
        return name


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


@pytest.fixture(scope="session", autouse=True)
def _no_leftovers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Databases of test processes that were killed are dropped by the next that finds itself alone on the checkout's server."""
    if os.environ.get("DATABASE_URL") or not any("server_url" in item.fixturenames for item in _items(request)):
        yield
        return
    with psycopg.connect(_named(request.getfixturevalue("server_url"), "postgres"), autocommit=True) as mine:
        if _one(mine, "SELECT pg_try_advisory_lock(%s)"):
            for (name,) in mine.execute(
                r"SELECT datname FROM pg_database WHERE datname ~ '^t_[0-9a-f]{12}$'"
            ).fetchall():
                mine.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            mine.execute("SELECT pg_advisory_unlock(%s)", [RUNS])
        mine.execute("SELECT pg_advisory_lock_shared(%s)", [RUNS])  # for as long as this process lives
        yield


def _items(request: pytest.FixtureRequest) -> list[Any]:
    return [item for item in request.session.items if hasattr(item, "fixturenames")]


def _one(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode(), [RUNS]).fetchone()
    return row[0] if row else None


@pytest.fixture(scope="session")
def template(server_url: str, _no_leftovers: None) -> Iterator[str]:
    """A migrated, empty database of this test process: each test gets a copy of it."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    engine = make_engine(_named(server_url, name))
    migrate.upgrade(engine)
    engine.dispose()
    yield name
    _drop(server_url, name)


@pytest.fixture(scope="session")
def copies(server_url: str, template: str) -> Iterator[Copies]:
    """Copies of the template; those that are left are dropped at the end."""
    with Copies(server_url, template) as copies:
        yield copies


@pytest.fixture
def database_url(server_url: str, copies: Copies) -> Iterator[str]:
    """A migrated database of this test alone, dropped afterwards."""
    name = copies.take()
    yield _named(server_url, name)
    copies.give_back(name)


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
    """The longest files go first, then others with slow tests: begun last, one of them alone would keep the run waiting."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    longest = {ROOT / "tests" / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (longest.get(item.path, len(longest)), item.path not in slow))
    for item in items:
        if "server_url" in getattr(item, "fixturenames", ()):
            item.add_marker("database")
