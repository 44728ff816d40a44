"""The engine and its sessions: one way to reach PostgreSQL for every process."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from database import embedded
from database.punctual import Punctual
from models.pipeline import Unanswered

RESTED = 1.0
"""Seconds of rest after which a connection is asked whether it still stands. Asking before every use is a round trip more."""

SPARE = 0.1
"""Seconds for which an answer is waited for beyond the server's own limit for a statement."""

SERVER_NOTICES = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10000"
)
"""A host that is cut off in the middle of a transaction holds its locks until the server notices: within ten seconds then,
not two hours. Over a socket of this machine these mean nothing."""
EACH_ITS_OWN = r"-c default_transaction_isolation=read\ committed"
"""Each statement sees what was committed before it: after a wait for a lock we read what was waited for. PostgreSQL's own
default, but a database may have been given another; then a claim that waited would be refused, or not know by whom."""
UNPREPARED = {"prepare_threshold": None}
"""For turns: what is sent most is prepared by `models.pipeline`; the driver's own way throws every prepared statement of
the connection away at each rollback, a refusal's among them. Jobs, which send other statements over and over, keep it."""
WE_NOTICE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10000}


def resolve_url(database_url: str | None, data_dir: Path) -> str:
    """`DATABASE_URL` when given, else the embedded server's, started if need be. A plain libpq URL."""
    return database_url or embedded.ensure_running(data_dir)


def make_engine(
    url: str, *, pool_size: int = 10, statement_ms: int | None = None, gone: Callable[[], None] | None = None
) -> Engine:
    """An engine on psycopg 3 in UTC. `statement_ms` bounds every statement and lock wait, so a turn fails in time, also
    where the server does not answer at all; a transaction that asks nothing for three times as long is ended, and its
    locks with it. `gone` is called whenever no connection can be made, before the error is raised."""
    options = f"-c timezone=UTC {EACH_ITS_OWN} {SERVER_NOTICES}"
    if statement_ms:
        options += f" -c statement_timeout={statement_ms} -c lock_timeout={statement_ms}"
        options += f" -c idle_in_transaction_session_timeout={3 * statement_ms}"
    engine = create_engine(
        sqlalchemy_url(url),
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=1.5,
        hide_parameters=True,  # an error's text goes to the log and beside a parked event: no names, no messages
        connect_args={"options": options, "connect_timeout": 2, **WE_NOTICE, **(UNPREPARED if statement_ms else {})},
    )
    event.listen(engine, "do_connect", _connecting(statement_ms / 1000 + SPARE if statement_ms else None, gone))
    event.listen(engine, "checkin", _rests)
    event.listen(engine, "checkout", _wakes)
    return engine


def _connecting(patience: float | None, gone: Callable[[], None] | None) -> Callable[..., psycopg.Connection[Any]]:
    """How connections are made: with `patience` (seconds) they give up in time, else they wait as long as it takes."""

    def connect(
        dialect: Any, record: Any, arguments: Sequence[Any], options: dict[str, Any]
    ) -> psycopg.Connection[Any]:
        try:
            if patience is None:
                return psycopg.connect(*arguments, **options)
            made = Punctual.connect(*arguments, **options)
        except psycopg.OperationalError:
            if gone is not None:
                gone()
            raise
        made.patience = patience
        return made

    return connect


def _rests(connection: Any, record: Any) -> None:
    record.info["rests_since"] = time.monotonic()


def _wakes(connection: Any, record: Any, fairy: Any) -> None:
    """One that is gone is replaced, and so is every other of its age. A server that ends a connection says so: something
    to read where nothing was asked; a network that swallows everything is noticed by asking.
    """
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    said_something = poll.poll(0)
    if not said_something and time.monotonic() - record.info.get("rests_since", time.monotonic()) < RESTED:
        return
    try:
        connection.execute("")
        connection.rollback()
    except Unanswered as error:  # the others stand still as this one does: no time is left to try them
        raise OperationalError(None, None, error) from error
    except psycopg.Error as error:
        raise InvalidatePoolError() from error


def sqlalchemy_url(url: str) -> str:
    """The same address with the driver named, as SQLAlchemy wants it."""
    scheme, rest = url.split("://", 1)
    return f"postgresql+psycopg://{rest}" if scheme in ("postgresql", "postgres") else url


def make_sessions(engine: Engine, **info: Any) -> sessionmaker[Session]:
    """Sessions that carry `info` (the vault) and keep loaded rows after commit, so that nothing reads behind our back."""
    return sessionmaker(engine, expire_on_commit=False, info=info)
