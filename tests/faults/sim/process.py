"""One process of the program that can die at any boundary: a statement, a commit, a call to LINE, before or after it.

Dying in place of `kill -9`: whatever thread of it reaches a boundary afterwards ends there; what it had queued is gone,
its open transactions are rolled back by the server, and nothing of it is written down any more.
"""

from __future__ import annotations

import atexit
import queue
import threading
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import psycopg
from flask import Flask
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import Parts, create_app
from clock import Clock
from jobs.wiring import make_work
from jobs.work import Work
from settings import Settings
from tests.conversations.chat import unhurried

Death = SystemExit
"""This process is dead: no thread of it goes on. (Threads end at a `SystemExit` without a word.)"""


class Trap:
    """Counts boundaries, and at the chosen one lets the process die, cuts its connection, or loses a commit's answer."""

    def __init__(self) -> None:
        self.dead, self.sprung = False, False
        self._kind: str | None = None
        self._left = 0
        self._lock = threading.Lock()

    def set(self, kind: str, after: int) -> None:
        """`die`, `cut` or `lose` at the boundary so many from now (from 1)."""
        with self._lock:
            self._kind, self._left, self.sprung = kind, after, False

    def disarm(self) -> None:
        """No accident any more, unless it has happened."""
        with self._lock:
            self._kind = None

    def boundary(self, *fitting: str) -> str | None:
        """One boundary where these kinds can happen; the kind that happens now. Raises `Death`."""
        with self._lock:
            if self.dead:
                raise Death
            if self._kind is None:
                return None
            self._left -= 1
            if self._left > 0 or self._kind not in fitting:
                return None
            kind, self._kind, self.sprung = self._kind, None, True
            if kind == "die":
                self.dead = True
                raise Death
            return kind


class Counted(queue.SimpleQueue[Any]):
    """A queue that knows how much was ever put into it."""

    given = 0

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """As the queue does."""
        self.given += item is not None
        super().put(item, block, timeout)


class Process:
    """The program's parts, its WSGI application and its jobs, with a trap at every boundary."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.trap = Trap()
        self.errors: list[BaseException] = []
        self._written = 0
        with unhurried(), mock.patch("app.console.make", return_value=Flask("console")):
            # Nobody opens the console here, and building its pages takes as long as ten steps.
            self.app: Flask = create_app(settings, clock=clock)
        self.parts: Parts = self.app.extensions["sitthi"]
        self.work: Work = make_work(self.parts)
        for engine in (self.parts.engine, self.parts.web_sessions.kw["bind"]):
            self._watch(engine)
        for line in self.parts.lines.values():
            setattr(line, "_call", self._between(line._call))  # noqa: B010 (mypy: methods are not assigned)
        self._watch_outbox()

    @property
    def settled(self) -> bool:
        """Nothing queued, nothing being sent, every outcome written down."""
        outbox = self.parts.outbox
        return self.trap.dead or (outbox.idle and self._outcomes.given == self._written)

    def settle(self, seconds: float = 120.0) -> None:
        """Wait until everything is sent and written down. Raises `TimeoutError`."""
        end = time.monotonic() + seconds
        while not self.settled:
            if time.monotonic() > end:
                raise TimeoutError("a process did not come to rest")
            time.sleep(0.002)

    def bury(self) -> None:
        """Dead from now on: what was queued is lost, and its threads end."""
        self.trap.dead = True
        outbox = self.parts.outbox
        for line in [*outbox._queues, self._outcomes]:
            _emptied(line).put(None)
        atexit.unregister(outbox.close)
        for engine in (self.parts.engine, self.parts.web_sessions.kw["bind"]):
            engine.dispose()

    def _watch(self, engine: Engine) -> None:
        event.listen(engine, "before_cursor_execute", self._before_statement)
        event.listen(engine, "commit", self._before_commit)
        # Not `self`: SQLAlchemy's mappers keep statements by dialect, and every dead process would stay in memory.
        commit, trap = engine.dialect.do_commit, self.trap

        def committed(connection: Any) -> None:
            commit(connection)
            if trap.boundary("die", "lose"):
                # The server has committed; its answer never arrives (A6).
                connection.driver_connection.close()
                raise psycopg.OperationalError("the connection was lost after COMMIT")

        setattr(engine.dialect, "do_commit", committed)  # noqa: B010 (mypy: methods are not assigned)

    def _before_statement(self, connection: Any, *_: Any) -> None:
        self._maybe_cut(connection)

    def _before_commit(self, connection: Any) -> None:
        self._maybe_cut(connection)

    def _maybe_cut(self, connection: Any) -> None:
        if self.trap.boundary("die", "cut"):
            with psycopg.connect(self.parts.database_url, autocommit=True) as server:
                terminate(server, connection.connection.driver_connection.info.backend_pid)

    def _between(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **values: Any) -> Any:
            self.trap.boundary("die")
            try:
                return call(*args, **values)
            finally:
                self.trap.boundary("die")

        return called

    def _watch_outbox(self) -> None:
        outbox = self.parts.outbox
        self._outcomes = outbox._outcomes = Counted()
        record, in_time, deliver = outbox._record, outbox._record_in_time, outbox.deliver

        def recorded(outcomes: list[dict[str, Any]]) -> None:
            try:
                record(outcomes)
            except (DBAPIError, PoolTimeout):
                raise  # the database is away: they stay open for recovery
            except Exception as error:
                self.errors.append(error)
                raise

        def written(outcomes: list[dict[str, Any]]) -> None:
            """What was queued, written down or left for recovery; what `recover` sends itself does not come this way."""
            try:
                in_time(outcomes)
            finally:
                self._written += len(outcomes)

        # By name, three times: mypy lets no method be assigned.
        setattr(outbox, "_record", recorded)  # noqa: B010 (mypy, as said)
        setattr(outbox, "_record_in_time", written)  # noqa: B010 (mypy, as said)
        setattr(outbox, "deliver", self._noting(deliver))  # noqa: B010 (mypy, as said)
        outbox.attend = self._noting(outbox.attend)

    def _noting(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """An error in a sending thread is only logged there: here it is kept, unless the database was away."""

        def called(*args: Any) -> Any:
            try:
                return call(*args)
            except (DBAPIError, PoolTimeout):
                raise
            except Exception as error:
                self.errors.append(error)
                raise

        return called


ENDED = """
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND (%(pid)s::int IS NULL OR pid = %(pid)s)
"""


def terminate(server: psycopg.Connection[Any], backend: int | None = None) -> None:
    """End one connection of this database, or every other one than this (`backend` none), and see it gone."""
    ended = [pid for pid, _ in server.execute(ENDED, {"pid": backend})]
    # The server can wait for them itself, but looks ten times a second only, for one after another.
    while server.execute("SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s)", [ended]).fetchone():
        time.sleep(0.001)


def _emptied(line: queue.SimpleQueue[Any]) -> queue.SimpleQueue[Any]:
    while True:
        try:
            line.get_nowait()
        except queue.Empty:
            return line
