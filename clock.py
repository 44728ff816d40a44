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
        if start is not None and not path.exists():
            self.move_to(start)

    def now(self) -> datetime:
        """The shifted present instant in UTC."""
        offset = self._offset()  # first: what is read later must not lie before a move that was made meanwhile
        return datetime.now(UTC) + offset

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

    def _offset(self) -> timedelta:
        """Read each time: the file's time stamp is too coarse to tell two moves that follow each other closely."""
        try:
            return timedelta(seconds=json.loads(self._path.read_text())["offset_seconds"])
        except FileNotFoundError:
            return timedelta()
