"""The engine and its sessions: one way to reach PostgreSQL for every process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from database import embedded


def resolve_url(database_url: str | None, data_dir: Path) -> str:
    """`DATABASE_URL` when given, else the embedded server's, started if need be. A plain libpq URL."""
    return database_url or embedded.ensure_running(data_dir)


def make_engine(url: str, *, pool_size: int = 10, statement_ms: int | None = None) -> Engine:
    """An engine on psycopg 3 in UTC. `statement_ms` bounds every statement and lock wait, so a turn fails in time."""
    options = "-c timezone=UTC"
    if statement_ms:
        options += f" -c statement_timeout={statement_ms} -c lock_timeout={statement_ms}"
    return create_engine(
        sqlalchemy_url(url),
        pool_size=pool_size,
        max_overflow=5,
        pool_pre_ping=True,
        pool_timeout=1.5,
        hide_parameters=True,  # an error's text goes to the log and beside a parked event: no names, no messages
        connect_args={"options": options, "connect_timeout": 2},
    )


def sqlalchemy_url(url: str) -> str:
    """The same address with the driver named, as SQLAlchemy wants it."""
    scheme, rest = url.split("://", 1)
    return f"postgresql+psycopg://{rest}" if scheme in ("postgresql", "postgres") else url


def make_sessions(engine: Engine, **info: Any) -> sessionmaker[Session]:
    """Sessions that carry `info` (the vault) and keep loaded rows after commit, so that nothing reads behind our back."""
    return sessionmaker(engine, expire_on_commit=False, info=info)
