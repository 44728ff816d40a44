"""Connections that give up in time: a server that stands still, and keeps its connections, is noticed as one that is gone.

The server's own limits end a statement that takes long. They do nothing where the server does nothing: it was stopped, its
disk hangs, its machine is frozen while the network still says yes.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.errors import ConnectionTimeout, _WaitTimeout

from models.pipeline import Unanswered

CONNECTING = 1.5
"""Seconds in which a connection must be there; libpq's own limit begins at two, which is all the time LINE gives us."""
Value = TypeVar("Value")


class Punctual(psycopg.Connection[Any]):
    """A connection that is closed when nothing was heard for `patience` seconds (none: it waits as long as it takes)."""

    patience: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """The driver's own waiting. Raises `Unanswered` when patience is at its end."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except _WaitTimeout as error:
            if timeout is not None:  # whoever set it deals with it
                raise
            self.close()
            raise Unanswered() from error

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> Any:
        return _within(CONNECTING, super()._connect_gen(conninfo))


def _within(seconds: float, connecting: Generator[Any, Any, Value]) -> Generator[Any, Any, Value]:
    """The driver's steps of connecting, ended when they take longer. It resumes them ten times a second, ready or not."""
    until = time.monotonic() + seconds
    try:
        wanted = next(connecting)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > until:
                connecting.close()
                raise ConnectionTimeout(f"no connection within {seconds:g} seconds")
            wanted = connecting.send(ready)
    except StopIteration as made:
        value: Value = made.value
        return value
