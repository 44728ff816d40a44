"""Queries of the hot paths: made and compiled once, several in one round trip, answered with the same mapped rows.

A turn's few statements are sent for every webhook. Building them, asking the unit of work and waiting for each answer on
its own cost several times what PostgreSQL does for them. `ask` goes past that, and past nothing else: the session's own
connection and transaction, its pending changes written first, its identity map, the types' own conversions, SQLAlchemy's
errors and events. Everything that is not sent for every turn is better written as usual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import psycopg
from sqlalchemy import Connection, CursorResult, Result, Table, inspect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state, set_committed_value
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from models.base import Base
from models.pipeline import BEGIN, COMMIT, Pipeline, Statement, Unanswered
from models.pipeline import Row as Row

_DIALECT = PGDialect_psycopg(paramstyle="numeric_dollar")
_IDLE = psycopg.pq.TransactionStatus.IDLE
AT_ONCE = "the connection was lost before anything was done"
"""A note of an error: the transaction had only begun, so it may simply be begun again."""
_SERVER_ERROR = DBAPIError.instance
_AHEAD = "answers asked for ahead"
_UNREAD = object()
Values = Mapping[str, Any]


class Query:
    """One statement. Its first columns are those of `entities` (`columns`), the others are given back as they are.

    An entity whose key is NULL (an outer join that found nothing) is None. `keys`: the columns of an INSERT.
    """

    def __init__(self, statement: ClauseElement, *entities: type[Base], keys: Sequence[str] | None = None) -> None:
        compiled = statement.compile(dialect=_DIALECT, column_keys=keys)
        assert isinstance(compiled, SQLCompiler)
        sql = str(compiled).encode()
        # Named after what it says: a name never means one thing to us and another to a server that kept it from others.
        self.statement: Statement = f"query_{sha256(sql).hexdigest()[:32]}".encode(), sql
        self.order = compiled.positiontup or []
        named = {name: bind for bind, name in compiled.bind_names.items()}
        self._given = {name: bind.value for name, bind in named.items() if not bind.required}
        self._into = _processors({name: bind.type for name, bind in named.items()})
        found: Any = getattr(statement, "selected_columns", None) or getattr(statement, "_returning", ())
        self._out_of = _results([column.type for column in found])
        self._entities = [_Entity(entity) for entity in entities]

    def values(self, given: Values) -> dict[str, Any]:
        """What is sent for the named values."""
        values = {**self._given, **given}
        for name, into in self._into.items():
            values[name] = into(values[name])
        return values

    def rows(self, session: Session, found: Iterable[Row]) -> list[Row]:
        """Mapped rows of the session, and the other columns, for the database's rows."""
        return [self._row(session, row) for row in found]

    def _row(self, session: Session, row: Row) -> Row:
        values = list(row)
        for place, out_of in self._out_of:
            values[place] = out_of(values[place])
        after, made = 0, []
        for entity in self._entities:
            made.append(entity.of(session, values[after : after + entity.width]))
            after += entity.width
        return (*made, *values[after:])


Asked = tuple[Query, Values]
"""A question: a query and its values."""


def columns(*entities: type[Base]) -> list[Any]:
    """The columns of these entities, in the order a `Query` reads them."""
    return [column for entity in entities for column in inspect(entity).columns]


def table_of(entity: type[Base]) -> Table:
    """Its table, for statements that go past the mapper."""
    found = entity.__table__
    assert isinstance(found, Table)
    return found


def changed(done: Result[Any]) -> int:
    """How many rows an UPDATE, DELETE or INSERT … SELECT touched; SQLAlchemy types what `execute` gives back more widely."""
    assert isinstance(done, CursorResult)
    return done.rowcount


def ask(session: Session, *asked: Asked, commit: bool = False) -> list[list[Row]]:
    """The rows of each query, all of them sent at once and run one after another: a later one sees what was committed
    while an earlier one waited for a lock. Raises SQLAlchemy's errors.

    `commit`: and COMMIT after them, in the same round trip; when one of them fails, nothing is committed. The session's
    own commit, which must follow, finds that the transaction has ended.
    """
    known = session.info.pop(_AHEAD, None)
    if known is not None and known[0] == asked and not (commit or session.new or session.dirty or session.deleted):
        return list(known[1])
    session.flush()
    connection = session.connection()
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    first = driver.pgconn.transaction_status == _IDLE
    sent = [(query, query.values(given)) for query, given in asked]
    try:
        found = _answers(connection, driver, sent, begin=first, commit=commit)
    except psycopg.Error as error:
        told = _told(connection, driver, error)
        if first and not commit and (driver.closed or driver.broken) and not isinstance(error, Unanswered):
            told.add_note(AT_ONCE)
        raise told from error
    except BaseException:  # whoever listens may raise, a signal too: then the pipeline has closed the connection
        if driver.closed:
            connection.invalidate()
        raise
    return [query.rows(session, rows) for (query, _), rows in zip(sent, found, strict=True)]


def ask_ahead(session: Session, asked: Sequence[Asked], answers: Sequence[list[Row]]) -> None:
    """Keep answers that came with an earlier round trip of this transaction. The session's next `ask` is answered with
    them if it asks exactly this and nothing waits to be written; else it asks anew, and they are forgotten.
    """
    session.info[_AHEAD] = tuple(asked), answers


def _answers(
    connection: Connection,
    driver: psycopg.Connection[Row],
    sent: Sequence[tuple[Query, dict[str, Any]]],
    *,
    begin: bool,
    commit: bool,
) -> list[list[Row]]:
    pipeline = connection.info.get(Pipeline)
    if pipeline is None:
        pipeline = connection.info[Pipeline] = Pipeline(driver)
    texts = [pipeline.dumped([values[name] for name in query.order]) for query, values in sent]
    with pipeline.opened():
        if begin:
            pipeline.send(BEGIN)
        for (query, values), written in zip(sent, texts, strict=True):
            _send(connection, pipeline, query.statement, values, written)
        if commit:
            _send(connection, pipeline, COMMIT, {}, ())
        found = pipeline.answers()
    return found[begin : len(found) - commit]


def _send(
    connection: Connection, pipeline: Pipeline, statement: Statement, values: Values, written: Sequence[Any]
) -> None:
    """Whoever listens to the engine's statements hears of these too, and finds that the earlier ones have left."""
    if not (connection._has_events or connection.engine._has_events):
        pipeline.send(statement, written)
        return
    pipeline.flush()
    heard = (connection, None, statement[1].decode(), values, None, False)
    connection.dispatch.before_cursor_execute(*heard)
    pipeline.send(statement, written)
    connection.dispatch.after_cursor_execute(*heard)


def _told(connection: Connection, driver: psycopg.Connection[Row], error: psycopg.Error) -> BaseException:
    """The driver's error as SQLAlchemy's; a connection that is gone does not go back to the pool."""
    gone = driver.closed or driver.broken
    if gone:
        connection.invalidate(error)
    return _SERVER_ERROR(
        None, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=gone, dialect=_DIALECT
    )


class _Entity:
    """How rows of one table become mapped objects of a session, the way its own loading makes them.

    Adding a detached object instead comes to the same, but looks through its relationships: 70 µs each, 10 this way.
    """

    def __init__(self, entity: type[Base]) -> None:
        mapper = inspect(entity)
        self.keys = [mapper.get_property_by_column(column).key for column in mapper.columns]
        self.width = len(self.keys)
        self._mapper = mapper
        self._key = tuple(self.keys.index(mapper.get_property_by_column(c).key) for c in mapper.primary_key)
        self._new = mapper.class_manager.new_instance

    def of(self, session: Session, values: list[Any]) -> Any:
        """The session's object for this row, as the row says it is now; None for a row of NULLs."""
        identity = tuple(values[place] for place in self._key)
        if identity[0] is None:
            return None
        key = self._mapper.identity_key_from_primary_key(identity)
        known = session.identity_map.get(key)
        if known is not None:
            # Most is as it was: the partner of fifty privileges comes with each of them.
            current = known.__dict__
            for name, value in zip(self.keys, values, strict=True):
                if current.get(name, _UNREAD) != value:
                    set_committed_value(known, name, value)
            return known
        made = self._new()
        made.__dict__.update(zip(self.keys, values, strict=True))
        state = instance_state(made)
        state.key, state.session_id = key, session.hash_key
        session.identity_map.add(state)
        return made


def _processors(types: Mapping[str, Any]) -> dict[str, Callable[[Any], Any]]:
    found = {name: kind.dialect_impl(_DIALECT).bind_processor(_DIALECT) for name, kind in types.items()}
    return {name: into for name, into in found.items() if into is not None}


def _results(types: Sequence[Any]) -> list[tuple[int, Callable[[Any], Any]]]:
    found = enumerate(kind.dialect_impl(_DIALECT).result_processor(_DIALECT, None) for kind in types)
    return [(place, out_of) for place, out_of in found if out_of is not None]
