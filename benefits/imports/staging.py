"""How every import works: rows stream into a temporary table, are checked there as a set, and land in chunks.

A chunk is one transaction and a row lands in one chunk, so a kill at any moment leaves no row by halves, and running
the file again lands the rest once. Memory does not grow with the file: rows pass through `COPY`, one at a time.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from benefits.counting import unhurried
from benefits.imports.fields import BadCell
from benefits.imports.reading import IGNORED, CsvFile
from benefits.imports.result import ImportResult, Progress
from clubs import Club

CHUNK = 50_000
TELL_EVERY = 5_000


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
    finish: Callable[[Chunk, int], int] | None = None
    """After the last chunk, in a transaction of its own, given the number of rejects; returns further changes."""
    warn: str | None = None
    """A query for sentences worth telling, one a row."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Bound in `checks` and `warn`."""


def load_file(
    engine: Engine, kind: Kind, *, club: Club, file: Path, rejects: Path | None, now: datetime, progress: Progress
) -> ImportResult:
    """Import `file`; rejected rows go to `rejects` (default: beside it). Raises `FileRefused`, `OSError`."""
    source = CsvFile(file, kind.required, kind.optional)
    place = rejects or file.with_suffix(".rejects.csv")
    with engine.connect() as connection:
        try:
            return _load(connection, kind, club, source, place, now, progress)
        finally:
            # The table and the lock belong to this connection: it is closed, never given back to the pool.
            connection.invalidate()


def _load(
    connection: Connection, kind: Kind, club: Club, source: CsvFile, place: Path, now: datetime, progress: Progress
) -> ImportResult:
    import_id = _begin(connection, kind, club, source, now)
    rows = _stage(connection, kind, source, progress)
    with unhurried(connection):
        for check in kind.checks:
            connection.execute(text(check), {"club": club.key, **kind.values})
    landed, last = _land(connection, kind, club, import_id, now, progress)
    with unhurried(connection):
        rejected = int(connection.scalar(text("SELECT count(*) FROM stage WHERE reason IS NOT NULL")) or 0)
        if kind.finish is not None:
            landed += kind.finish(Chunk(connection, club, import_id, 0, last, now), rejected)
        warnings = tuple(connection.scalars(text(kind.warn), kind.values)) if kind.warn else ()
        _write_rejects(connection, source, place, rejected)
        written = place if rejected else None
        unchanged = rows - landed - rejected
        result = ImportResult(kind.name, rows, landed, unchanged, rejected, written, warnings, import_id)
        _end(connection, club, import_id, result, now)
    return result


def _begin(connection: Connection, kind: Kind, club: Club, source: CsvFile, now: datetime) -> int:
    """Two imports of one kind into one club wait for each other; then the import has a row."""
    with unhurried(connection):
        connection.execute(
            text("SELECT pg_advisory_lock(hashtext('import'), hashtext(:name))"), {"name": f"{club.key}:{kind.name}"}
        )
        found = connection.scalar(
            text(
                "INSERT INTO imports (club, kind, file_name, started_at, landed, unchanged, rejected, facts) "
                "VALUES (:club, :kind, :file, :now, 0, 0, 0, '{}') RETURNING id"
            ),
            {"club": club.key, "kind": kind.name, "file": source.path.name, "now": now},
        )
    return int(found or 0)


def _stage(connection: Connection, kind: Kind, source: CsvFile, progress: Progress) -> int:
    """Stream the file into the temporary table; returns how many rows it holds."""
    columns = ", ".join(f"{name} {sql_type}" for name, sql_type in kind.columns)
    names = ", ".join(name for name, _ in kind.columns)
    count = 0
    with unhurried(connection):
        connection.execute(text(f"CREATE TEMPORARY TABLE stage (line bigint, reason text, {columns})"))
        driver: Any = connection.connection.driver_connection
        with driver.cursor().copy(f"COPY stage (line, reason, {names}) FROM STDIN") as copy:
            for count, row in enumerate(_rows(kind, source), 1):
                copy.write_row(row)
                if count % TELL_EVERY == 0:
                    progress("read", source.position, source.size)
        progress("read", source.size, source.size)
        connection.execute(text("CREATE INDEX ON stage (line)"))
        connection.execute(text("ANALYZE stage"))
    return count


def _rows(kind: Kind, source: CsvFile) -> Iterator[Sequence[Any]]:
    nothing = (None,) * len(kind.columns)
    cells_of = _cells(kind, source.header)
    for line, cells, fault in source.records():
        if fault is None:
            try:
                yield (line, None, *kind.parse(cells_of(cells)))
                continue
            except BadCell as bad:
                fault = str(bad)
        yield (line, fault, *nothing)


def _cells(kind: Kind, header: list[str]) -> Callable[[list[str]], Any]:
    """How a row's cells are handed to `parse`: in order (fast) or, with optional columns, by name."""
    if kind.optional:
        return lambda cells: dict(zip(header, cells, strict=True))
    return itemgetter(*(header.index(name) for name in kind.required))


def _land(
    connection: Connection, kind: Kind, club: Club, import_id: int, now: datetime, progress: Progress
) -> tuple[int, int]:
    """Land every chunk in a transaction of its own; returns (rows that changed something, the last line)."""
    last = int(connection.scalar(text("SELECT max(line) FROM stage")) or 0)
    connection.rollback()
    landed = 0
    for after in range(0, last, CHUNK):
        upto = min(after + CHUNK, last)
        with unhurried(connection):
            landed += kind.land(Chunk(connection, club, import_id, after, upto, now))
        progress("land", upto, last)
    return landed, last


def _write_rejects(connection: Connection, source: CsvFile, place: Path, rejected: int) -> None:
    """Read the file once more and write its rejected rows, as they were, with line and reason in front."""
    if not rejected:
        # A list left by an earlier try would now tell a lie.
        if place != source.path:
            place.unlink(missing_ok=True)
        return
    told = text("SELECT line, reason FROM stage WHERE reason IS NOT NULL ORDER BY line")
    wanted = connection.execute(told.execution_options(stream_results=True, max_row_buffer=1000))
    unfinished = place.with_name(f"{place.name}.part")
    kept = [index for index, name in enumerate(source.header) if name not in IGNORED]
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason", *(source.header[index] for index in kept)])
        records = source.records()
        for number, reason in wanted:
            cells = next(record.cells for record in records if record.line == number)
            known = [cells[index] for index in kept] if len(cells) == len(source.header) else cells
            writer.writerow([number, reason, *known])
    unfinished.replace(place)


def _end(connection: Connection, club: Club, import_id: int, result: ImportResult, now: datetime) -> None:
    counts = {"landed": result.landed, "unchanged": result.unchanged, "rejected": result.rejected}
    connection.execute(
        text(
            "UPDATE imports SET finished_at = :now, landed = :landed, unchanged = :unchanged, "
            "rejected = :rejected, facts = CAST(:facts AS jsonb) WHERE id = :id"
        ),
        {**counts, "facts": json.dumps({"warnings": list(result.warnings)}), "id": import_id, "now": now},
    )
    connection.execute(
        text(
            "INSERT INTO journal (club, at, actor_kind, action, subject_kind, subject_id, facts) "
            "VALUES (:club, :now, 'system', 'imported', 'import', :id, CAST(:facts AS jsonb))"
        ),
        {"club": club.key, "now": now, "id": import_id, "facts": json.dumps({"kind": result.kind, **counts})},
    )
