"""What an import of one kind of file is made of: its columns, how a row is read, what is checked, and how it lands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from clubs import Club


@dataclass(frozen=True)
class Chunk:
    """The staged lines `after` < line ≤ `upto`, to land in one transaction of the caller."""

    connection: Connection
    club: Club
    import_id: int
    after: int
    upto: int
    now: datetime

    def run(self, sql: str, **values: Any) -> Any:
        """Execute `sql` with this chunk's bounds and the caller's values."""
        bounds = {
            "club": self.club.key,
            "after": self.after,
            "upto": self.upto,
            "now": self.now,
            "import": self.import_id,
        }
        return self.connection.execute(text(sql), {**bounds, **values})


@dataclass(frozen=True)
class Kind:
    """One kind of file. SQL sees the temporary table `stage`: `line`, `reason`, and `columns`."""

    name: str
    required: tuple[str, ...]
    columns: Sequence[tuple[str, str]]
    """Name and type of what `parse` returns, in its order."""
    parse: Callable[[dict[str, str]], Sequence[Any]] | Callable[[Sequence[str]], Sequence[Any]]
    """Cells of one row (in the order of `required`, or by name when there are optional columns); raises `BadCell`."""
    checks: tuple[str, ...]
    """Statements that set `reason` where a row contradicts the database or another row (`:club` is bound)."""
    land: Callable[[Chunk], int]
    """Lands one chunk; returns how many rows changed something. May set `reason` of rows it found contradicting."""
    optional: tuple[str, ...] = ()
    plain: Mapping[str, bytes] = field(default_factory=dict)
    """By column of the file, the cells that may reach `stage` as they are written (`plain.py`): `stage` has these columns,
    and the first of `required` is never empty. None: every row is parsed."""
    finish: Callable[[Chunk, int], int] | None = None
    """After the last chunk, in a transaction of its own, given the number of rejects; returns further changes."""
    warn: str | None = None
    """A query for sentences worth telling, one a row."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Bound in `checks` and `warn`."""
