"""The one place that reads the system time. Everything below the edge takes `now` as an argument."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Tells the time, aware and in UTC."""

    def now(self) -> datetime:
        """The present instant in UTC."""


class SystemClock:
    """The machine's clock: the only one there is in production."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)


class MovableClock:
    """The machine's clock plus an offset kept in a small file, so that every process of a demo moves together.

    `start` is where the clock stands when the file does not exist yet (`SITTHI_NOW`).
    """

    def __init__(self, path: Path, start: datetime | None = None) -> None:
        self._path = path
        self._stamp: int | None = None
        self._offset = timedelta()
        if start is not None and not path.exists():
            self.move_to(start)

    def now(self) -> datetime:
        """The shifted present instant in UTC."""
        self._read()
        return datetime.now(UTC) + self._offset

    def move_to(self, when: datetime) -> None:
        """Make `when` (aware) the present instant, for every process that shares the file."""
        if when.tzinfo is None:
            raise ValueError("a naive time: add an offset, such as 2026-11-02T09:00:00+07:00")
        offset = (when - datetime.now(UTC)).total_seconds()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Written beside and renamed: a reader never sees half a file.
        with tempfile.NamedTemporaryFile("w", dir=self._path.parent, delete=False) as file:
            json.dump({"offset_seconds": offset}, file)
        os.replace(file.name, self._path)

    def _read(self) -> None:
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                self._offset = timedelta(seconds=json.loads(self._path.read_text())["offset_seconds"])
                self._stamp = stamp
        except FileNotFoundError:
            self._offset, self._stamp = timedelta(), None
