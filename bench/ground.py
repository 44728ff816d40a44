"""Where a bench runs: a database with the settings of production, and a folder, both gone afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Engine

from clubs import Club, load_clubs
from database import embedded, migrate
from database.engine import make_engine

CLUB = "family_club"
NOON = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
"""An ordinary day, 12:00 in Bangkok: claiming is open, the round of October is due."""


@dataclass(frozen=True)
class Ground:
    """A folder of its own, and the URL of a migrated, empty database."""

    folder: Path
    url: str
    server: str
    """The URL of the server's own database, from which others are made and dropped."""

    def engine(self, url: str | None = None) -> Engine:
        """An engine as commands and jobs have it."""
        return make_engine(url or self.url)

    @contextmanager
    def copy(self) -> Iterator[str]:
        """The URL of a copy of the database as it stands, dropped afterwards. Nobody may be connected to the original."""
        name = _name()
        original = sql.Identifier(self.url.partition("?")[0].rsplit("/", 1)[1])
        _say(self.server, "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, original)
        _say(self.server, "CHECKPOINT")
        try:
            yield _named(self.server, name)
        finally:
            _say(self.server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@contextmanager
def ground() -> Iterator[Ground]:
    """A server of its own under /tmp, fsync on, settings as an operator gets them; with `DATABASE_URL` a database there."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"sitthi-bench-{os.getpid()}-", dir="/tmp"))
    folder.chmod(0o755)  # the database runs under an account of its own
    given = os.environ.get("DATABASE_URL")
    try:
        server = given or embedded.ensure_running(folder)
        name = _name()
        _say(server, "CREATE DATABASE {}", name)
        try:
            url = _named(server, name)
            engine = make_engine(url)
            migrate.upgrade(engine)
            engine.dispose()
            yield Ground(folder, url, server)
        finally:
            _say(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    finally:
        if not given:
            embedded.stop(folder, "immediate")
        shutil.rmtree(folder, ignore_errors=True)


def club() -> Club:
    """The shipped official-account club."""
    return load_clubs((CLUB,), None)[CLUB]


def vacuum(url: str) -> None:
    """What autovacuum would have done by now: fresh statistics, nothing left to do in the middle of a measurement."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _sweep() -> None:
    """End the server and remove the folder of every bench that was killed."""
    for left in Path("/tmp").glob("sitthi-bench-*-*"):
        owner = left.name.split("-")[2]
        if left.stat().st_uid == os.geteuid() and not Path(f"/proc/{owner}").exists():
            embedded.stop(left, "immediate")
            shutil.rmtree(left, ignore_errors=True)


def _name() -> str:
    return f"bench_{uuid.uuid4().hex[:12]}"


def _say(url: str, statement: str, *names: str | sql.Identifier) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        quoted = [name if isinstance(name, sql.Identifier) else sql.Identifier(name) for name in names]
        connection.execute(sql.SQL(statement).format(*quoted))


def _named(url: str, name: str) -> str:
    base, mark, query = url.partition("?")
    return f"{base.rsplit('/', 1)[0]}/{name}{mark}{query}"
