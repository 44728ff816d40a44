"""Queries of the hot paths say what SQLAlchemy's own way says, in one round trip, and lose nothing when something fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    LargeBinary,
    Text,
    Uuid,
    bindparam,
    cast,
    event,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from database.engine import make_engine
from models.queries import AT_ONCE, Query, ask, ask_ahead

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
TIMES = st.datetimes(timezones=st.just(UTC))
KINDS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "text": (Text(), TEXTS),
    "number": (BigInteger(), st.integers(-(2**63), 2**63 - 1)),
    "yes": (Boolean(), st.booleans()),
    "moment": (DateTime(timezone=True), TIMES),
    "json": (JSONB(none_as_null=True), st.dictionaries(TEXTS, st.lists(TEXTS | st.integers(-(2**53), 2**53)))),
    "bytes": (LargeBinary(), st.binary()),
    "key": (Uuid(), st.uuids()),
    "texts": (ARRAY(Text()), st.lists(TEXTS)),
    "moments": (ARRAY(DateTime(timezone=True)), st.lists(TIMES)),
}
_ECHO = select(*(cast(bindparam(name, type_=kind), kind).label(f"{name}_back") for name, (kind, _) in KINDS.items()))
ECHO = Query(_ECHO)
ONE, TWO = Query(text("SELECT 1")), Query(text("SELECT 2"))
BROKEN = Query(text("SELECT 1 / 0"))
REMEMBER = Query(text("INSERT INTO seen VALUES (:n)"))
READ = Query(text("SELECT n FROM seen"))
LONG = Query(select(bindparam("long", type_=Text()).label("back")))


@pytest.fixture(params=[None, 60_000], ids=["as jobs", "as turns"])
def seen(request: pytest.FixtureRequest, database_url: str) -> Iterator[sessionmaker[Session]]:
    """Sessions on a database with a table of numbers, each once; statements prepared by the driver, and by us."""
    engine = make_engine(database_url, statement_ms=request.param)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE seen (n int CONSTRAINT once PRIMARY KEY)"))
    yield sessionmaker(engine)
    engine.dispose()


def numbers(sessions: sessionmaker[Session]) -> list[int]:
    """What was committed."""
    with sessions() as session:
        return [row.n for row in session.execute(text("SELECT n FROM seen ORDER BY n"))]


def test_values_and_answers_are_what_sqlalchemys_own_way_makes_of_them(session: Session) -> None:
    """B: the fast path equals the slow one, for every kind of column we have, and for nothing in each of them."""

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.fixed_dictionaries({name: st.none() | values for name, (_, values) in KINDS.items()}))
    def same(values: dict[str, Any]) -> None:
        [[fast]] = ask(session, (ECHO, values))
        assert fast == tuple(session.execute(_ECHO, values).one())

    same()


def test_a_transaction_that_fails_leaves_nothing_and_its_connection_goes_on(seen: sessionmaker[Session]) -> None:
    """What comes after the failing statement is not run, COMMIT least of all; what is prepared outlives the rollback."""
    for n in range(3):
        with seen() as session, pytest.raises(DataError, match="division by zero"):
            ask(session, (REMEMBER, {"n": n}), (BROKEN, {}), (REMEMBER, {"n": n + 100}), commit=True)
        with seen.begin() as session:
            assert ask(session, (ONE, {}), (TWO, {})) == [[(1,)], [(2,)]]
    assert numbers(seen) == []


def test_a7_commit_goes_along_and_a_second_of_the_same_is_refused(seen: sessionmaker[Session]) -> None:
    with seen.begin() as session:
        ask(session, (REMEMBER, {"n": 1}), commit=True)
        assert numbers(seen) == [1], "committed before the session's own commit"
    with seen() as session, pytest.raises(IntegrityError) as refused:
        ask(session, (REMEMBER, {"n": 2}), (REMEMBER, {"n": 1}), commit=True)
    assert refused.value.orig.diag.constraint_name == "once"  # type: ignore[union-attr]  # psycopg's own error
    assert numbers(seen) == [1]


def test_more_than_a_socket_holds_passes_both_ways(session: Session) -> None:
    """Neither side may wait for the other to read first."""
    long = "ก" * 3_000_000
    assert ask(session, *[(LONG, {"long": long})] * 3) == [[(long,)]] * 3


@pytest.mark.parametrize(("commit", "told"), [(False, True), (True, False)])
def test_a6_a_lost_connection_is_told_from_one_that_may_have_committed(
    seen: sessionmaker[Session], commit: bool, told: bool
) -> None:
    """Begun again is only what surely was not committed: the note says so. The connection never comes back."""
    with seen() as session:
        ask(session, (ONE, {}))
        session.rollback()
        pid = session.connection().connection.driver_connection.info.backend_pid  # type: ignore[union-attr]  # psycopg's

        def ended(*_: Any) -> None:
            with suppress(OperationalError), seen.begin() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

        event.listen(session.connection(), "before_cursor_execute", ended, once=True)
        with pytest.raises(OperationalError) as lost:
            ask(session, (REMEMBER, {"n": 1}), commit=commit)
        assert (AT_ONCE in getattr(lost.value, "__notes__", ())) is told
        assert lost.value.connection_invalidated
    with seen.begin() as session:
        assert ask(session, (ONE, {})) == [[(1,)]]
    assert numbers(seen) == []


@pytest.mark.parametrize(
    "behind", ["ALTER TABLE seen ALTER n TYPE bigint", "DEALLOCATE ALL", "DISCARD PLANS"], ids=lambda said: said[:9]
)
def test_g9_what_was_prepared_is_prepared_anew_when_it_went_stale(seen: sessionmaker[Session], behind: str) -> None:
    """G9: a migration changes a column's type, a pooler forgets what was prepared: at most one round trip is lost, told as
    one that may simply be begun again, and the next goes well; a connection that fails for ever is not kept.
    """
    for _ in range(2):
        with seen.begin() as session:
            assert ask(session, (READ, {})) == [[]]
    with seen.begin() as session:
        session.execute(text(behind))
    lost: list[OperationalError] = []
    with seen() as session:
        try:
            ask(session, (READ, {}))
        except OperationalError as error:
            lost.append(error)
    assert all(error.connection_invalidated and AT_ONCE in error.__notes__ for error in lost)
    with seen.begin() as session:
        ask(session, (READ, {}), (REMEMBER, {"n": 1}))
    assert numbers(seen) == [1]


def test_a_name_means_the_same_statement_to_every_process() -> None:
    """A pooler may show one process what another prepared, of a version with other queries: what runs is what was meant."""
    again = Query(text("SELECT 1"))
    assert again.statement == ONE.statement
    assert len({query.statement[0] for query in (ECHO, ONE, TWO, BROKEN, REMEMBER, LONG, READ)}) == 7


def test_a_round_trip_left_in_the_middle_takes_its_connection_along(seen: sessionmaker[Session]) -> None:
    """Whoever raises between two statements leaves no half-sent ones for the next user of the connection."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with seen() as session:
        event.listen(session.connection(), "before_cursor_execute", stop)
        with pytest.raises(KeyboardInterrupt):
            ask(session, (REMEMBER, {"n": 1}), (ONE, {}))
    with seen.begin() as session:
        assert ask(session, (TWO, {})) == [[(2,)]]
    assert numbers(seen) == []


def test_what_was_asked_ahead_answers_exactly_that_and_only_next(session: Session) -> None:
    """An answer is not for another question, not for a second time, and not when something was written in between."""
    wrong = [[("ahead",)]]
    ask_ahead(session, [(ONE, {})], wrong)
    assert ask(session, (ONE, {})) == wrong
    assert ask(session, (ONE, {})) == [[(1,)]]
    ask_ahead(session, [(ONE, {})], wrong)
    assert ask(session, (TWO, {})) == [[(2,)]]
    assert ask(session, (ONE, {})) == [[(1,)]]


def test_a_statement_that_waited_is_followed_by_what_sees_what_it_waited_for(seen: sessionmaker[Session]) -> None:
    """Each statement of one round trip has a snapshot of its own: what was committed meanwhile is seen by the next."""
    lock = Query(text("SELECT pg_advisory_xact_lock(7)"))
    count = Query(text("SELECT count(*) FROM seen"))
    found: list[Any] = []

    def second() -> None:
        with seen.begin() as session:
            found.extend(ask(session, (lock, {}), (count, {}))[1])

    with seen.begin() as first:
        ask(first, (lock, {}))
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        ask(first, (REMEMBER, {"n": 1}))
    waiting.join(5)
    assert found == [(1,)]
