"""The embedded server comes back by itself: whoever finds it gone asks, and one process of the machine starts it again.

Not where somebody stopped it on purpose since this program began (`python -m database stop`, `pg_ctl stop`, a signal to the
server): then it stays stopped until it is started, by a command or with the program. A server that does not come up, or
dies again and again, is tried ever more rarely, three times a minute at most; the next try finds the disk with room again.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from database import embedded
from database.account import DatabaseError

PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds since the try before, by how many tries the last ten minutes have seen; the last for all further ones."""
REMEMBERED = 600.0
"""Seconds for which a try counts."""
PATIENCE = 40.0
"""Seconds for one start, crash recovery included; the next try goes on waiting for the same server."""
ENDING = 0.3
"""Seconds between two looks at a server that is there and does not answer."""
ASKED_AGAIN = 1.0
"""Seconds in which one process looks once, however many of its requests find the server gone."""
MANY = 3
"""Tries from which we say that it does not start."""
STOPPED = "the database was stopped on purpose: start it with python -m database start"
STARTING = "the database is being started again"
FAILING = "the database does not start; the end of postgres.log says why"

log = structlog.get_logger("database")


class Restarter:
    """For one data folder, in one process. Made when the program begins; may cross a fork before it is asked."""

    def __init__(self, data_dir: Path, start: Callable[[Path], object] | None = None) -> None:
        """`start`: how the server is started (tests hand in another)."""
        self._data_dir, self._began = data_dir, embedded.clock()
        self._start = start or (lambda folder: embedded.ensure_running(folder, patience=PATIENCE, on_purpose=False))
        self._looking: threading.Thread | None = None
        self._looked_at = -ASKED_AGAIN
        self._lock = threading.Lock()
        self._tries: list[float] = []

    def gone(self) -> None:
        """Somebody could not connect. Returns at once; what has to be done is done in a thread."""
        with self._lock:
            busy = self._looking is not None and self._looking.is_alive()
            if busy or time.monotonic() - self._looked_at < ASKED_AGAIN:
                return
            self._looked_at = time.monotonic()
            self._looking = threading.Thread(target=self._look, name="database restart", daemon=True)
            self._looking.start()

    def why_away(self) -> str | None:
        """Why the database does not answer, as far as we know; None when its server runs."""
        if embedded.is_running(self._data_dir):
            return None
        if embedded.stopped_since(self._data_dir, self._began):
            return STOPPED
        return FAILING if len(self._recent()) >= MANY else STARTING

    def _look(self) -> None:
        try:
            with self._alone() as alone:
                while alone and not embedded.is_running(self._data_dir):
                    if embedded.lives(self._data_dir):  # it recovers, or is being shut down: soon it is known which
                        time.sleep(ENDING)
                        continue
                    if embedded.stopped_since(self._data_dir, self._began):
                        log.warning(STOPPED)
                        return
                    self._try()
        except (OSError, DatabaseError) as error:  # the next who finds it gone asks again
            log.error("the database could not be looked after", error=str(error))

    def _try(self) -> None:
        """One start, at its time."""
        tries = self._recent()
        due = (tries[-1] if tries else 0.0) + PAUSES[min(len(tries), len(PAUSES) - 1)]
        while (now := embedded.clock()) < due:
            time.sleep(min(0.5, due - now))
        self._note(now)
        try:
            self._start(self._data_dir)
            log.warning("the database was gone and runs again", tries=len(tries) + 1)
        except (OSError, DatabaseError) as error:
            log.error("the database did not start", tries=len(tries) + 1, error=str(error))

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether this process is the one to start it: the kernel gives the place to another when we die."""
        handle = os.open(self._place, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
        except BlockingIOError:
            yield False
        finally:
            os.close(handle)

    @property
    def _place(self) -> Path:
        """The lock of whoever starts it again; in it, when it was tried."""
        return self._data_dir / "postgres.restart"

    def _recent(self) -> list[float]:
        """When it was tried in the last ten minutes, by any process (by us at least, where nothing can be written)."""
        written: list[float] = []
        with suppress(OSError, ValueError):
            written = [float(line) for line in self._place.read_text().split()]
        since = embedded.clock() - REMEMBERED
        return sorted(moment for moment in {*written, *self._tries} if moment > since)

    def _note(self, now: float) -> None:
        self._tries = [*self._recent(), now]
        with suppress(OSError):  # a full disk
            self._place.write_text("\n".join(f"{moment:.3f}" for moment in self._tries))
