"""A6: a round trip of several statements is cut after any number of bytes, there or back; so are its own lines of Python."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import sessionmaker

import models.pipeline
import models.queries
from database.engine import make_engine
from models.queries import AT_ONCE, Query, ask
from tests.faults.proxy import Proxy

pytestmark = pytest.mark.slow
ONE, TWO = Query(text("SELECT 1")), Query(text("SELECT 2"))
REMEMBER = Query(text("INSERT INTO seen VALUES (:n)"))
OURS = {models.pipeline.__file__, models.queries.__file__}


@dataclass
class Trip:
    """A round trip through an engine that is harmed, and what came of it as the database itself says."""

    harmed: Engine
    truth: Engine
    n: int = 0

    def __post_init__(self) -> None:
        with self.truth.begin() as connection:
            connection.execute(text("CREATE TABLE seen (n int PRIMARY KEY)"))

    def prepared(self) -> None:
        """A standing connection on which everything is prepared: after whatever came before, the pool has one."""
        self.n += 1
        with sessionmaker(self.harmed).begin() as session:
            assert ask(session, (ONE, {}), (REMEMBER, {"n": -self.n}), (TWO, {})) == [[(1,)], [], [(2,)]]
            assert session.execute(text("SELECT 3")).scalar_one() == 3

    def made(self, commit: bool) -> None:
        """The round trip."""
        with sessionmaker(self.harmed).begin() as session:
            assert ask(session, (ONE, {}), (REMEMBER, {"n": self.n}), (TWO, {}), commit=commit) == [[(1,)], [], [(2,)]]

    @property
    def stored(self) -> bool:
        """Whether it was committed."""
        with self.truth.begin() as connection:
            return bool(connection.execute(text("SELECT count(*) FROM seen WHERE n = :n"), {"n": self.n}).scalar_one())


@pytest.fixture
def truth(database_url: str) -> Iterator[Engine]:
    """The database itself."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize("way", ["cut_after_up", "cut_after_down"])
def test_a6_a_cut_at_any_byte_is_told_as_what_it_is(database_url: str, truth: Engine, way: str, commit: bool) -> None:
    """Told as done: it is. Told as one to begin anew: it surely is not done. The next one finds a connection in order."""
    told: set[tuple[str, bool]] = set()
    with Proxy(database_url) as proxy:
        trip = Trip(make_engine(proxy.url, statement_ms=5000), truth)
        for cut in range(1, 360, 9):
            trip.prepared()
            setattr(proxy.toxics, way, cut)
            try:
                trip.made(commit)
                said = "done"
            except OperationalError as error:
                said = "again" if AT_ONCE in getattr(error, "__notes__", ()) else "unknown"
            setattr(proxy.toxics, way, None)
            told.add((said, trip.stored))
        trip.prepared()
        trip.harmed.dispose()
    assert ("done", True) in told
    assert not told & {("done", False), ("again", True)}
    assert {said for said, _ in told} >= ({"unknown"} if commit else {"again"})
    assert not (commit and "again" in {said for said, _ in told})


@pytest.mark.parametrize("commit", [True, False])
def test_a6_an_interrupt_at_any_line_leaves_no_connection_in_disorder(
    database_url: str, truth: Engine, commit: bool
) -> None:
    """Ctrl-C, or a worker that is told to go, between any two lines: the pool's next connection is in order."""
    trip = Trip(make_engine(database_url, statement_ms=5000), truth)
    line, interrupted = 0, True
    while interrupted:
        line, interrupted = line + 3, False
        trip.prepared()
        sys.settrace(_interrupting(line))
        try:
            trip.made(commit)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            sys.settrace(None)
        assert interrupted or trip.stored
        assert commit or not (interrupted and trip.stored)
    assert line > 60
    trip.prepared()
    trip.harmed.dispose()


def _interrupting(line: int) -> Any:
    """A trace function that raises at the given one of our lines."""
    passed = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal passed
        if frame.f_code.co_filename not in OURS:
            return None
        if event == "line":
            passed += 1
            if passed == line:
                raise KeyboardInterrupt
        return trace

    return trace
