"""D2: a server that stands still while its connections live is noticed in time, wherever a turn happens to be waiting."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, bindparam, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import WEB_STATEMENT_MS
from database.engine import RESTED, SPARE, make_engine
from database.punctual import CONNECTING
from models.queries import AT_ONCE, Query, ask

PATIENCE = 0.3
ONE = Query(select(func.length(bindparam("said", "x"))))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """One whose patience ends soon."""
    made = make_engine(database_url, statement_ms=int(1000 * (PATIENCE - SPARE)))
    yield made
    made.dispose()


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """The server's process of one connection does nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def pid_of(session: Session) -> int:
    """The server's process behind a session."""
    return int(session.execute(text("SELECT pg_backend_pid()")).scalar_one())


def by_the_pipeline(session: Session) -> None:
    """As a turn asks."""
    ask(session, (ONE, {}))


def by_the_driver(session: Session) -> None:
    """As everything else does."""
    session.execute(text("SELECT 1"))


def by_committing(session: Session) -> None:
    """The last thing of all."""
    session.commit()


@pytest.mark.parametrize("act", [by_the_pipeline, by_the_driver, by_committing])
def test_d2_an_answer_that_does_not_come_is_not_waited_for(engine: Engine, act: Callable[[Session], None]) -> None:
    """Told as a database that is away, not to be tried again at once; the next connection is a new one."""
    with Session(engine) as session:
        with standing_still(pid_of(session)):
            begun = time.monotonic()
            with pytest.raises(OperationalError) as told:
                act(session)
        assert 0.9 * PATIENCE < time.monotonic() - begun < PATIENCE + 1
        assert AT_ONCE not in getattr(told.value, "__notes__", ())
    with Session(engine) as session:
        by_the_pipeline(session)


def test_d2_nor_is_the_first_answer_of_a_transaction_asked_for_twice(engine: Engine) -> None:
    """A connection lost at BEGIN is replaced, and the turn begun again; one that is silent has cost the time for that."""
    with Session(engine) as session:
        pid = pid_of(session)
        session.commit()
        with standing_still(pid), pytest.raises(OperationalError) as told:
            by_the_pipeline(session)
        assert AT_ONCE not in getattr(told.value, "__notes__", ())


def test_d2_a_connection_that_rested_and_says_nothing_when_it_is_asked(engine: Engine) -> None:
    """The other connections are not tried in turn: that would take their patience, too."""
    with Session(engine) as session:
        pid = pid_of(session)
    time.sleep(RESTED)
    begun = time.monotonic()
    with standing_still(pid), Session(engine) as session, pytest.raises(OperationalError):
        by_the_pipeline(session)
    assert time.monotonic() - begun < PATIENCE + 1


def test_d2_a_server_that_takes_a_connection_and_says_nothing() -> None:
    """Also to who only connects. All of it stays below LINE's two seconds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nobody = make_engine(f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/x", statement_ms=1000)
        begun = time.monotonic()
        with pytest.raises(OperationalError, match="connection"), nobody.connect():
            pass
        assert 0.9 * CONNECTING < time.monotonic() - begun < CONNECTING + 1
    assert max(CONNECTING, WEB_STATEMENT_MS / 1000 + SPARE) < 1.7
