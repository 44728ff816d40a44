"""A file of corrections: `member_id,stars` and, if wanted, `period`. Every line can be taken, or none is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from benefits import corrections_sql as sql
from benefits.imports.encoding import FileRefused
from benefits.imports.reading import CsvFile
from benefits.periods import parse_month
from benefits.refusal import Refusal
from clubs import Club

MOST = 10**9
"""Stars of one line, either way."""
MOST_LINES = 1_000_000
SHOWN = 20
COLUMNS, OPTIONAL = ("member_id", "stars"), ("period",)
STARS = re.compile(r"[+-]?[0-9]{1,10}")

Why = Literal["line", "stars", "period", "month", "unknown", "twice"]
"""`line`: not so many columns, or unreadable · `stars`: no whole number but 0 up to `MOST` · `period`: not written as
2026-10 · `month`: not computed yet · `unknown`: no such account, or a deleted one · `twice`: named before."""


class Fault(NamedTuple):
    """One line that cannot be taken: its number, the cell, and why."""

    line: int
    cell: str
    why: Why


class BadFile(Refusal):
    """Nothing was taken. `faults` are the first of `count`; without any, the file as a whole cannot be read."""

    def __init__(self, faults: tuple[Fault, ...], count: int) -> None:
        self.faults, self.count = faults, count


class TooMany(Refusal):
    """More than `MOST_LINES` lines: split the file."""


def stage(session: Session, *, club: Club, file: Path, closed_before: date | None) -> None:
    """Put the file into `correction_stage` of this transaction. Months from `closed_before` on are not computed yet.

    Raises `BadFile`, `TooMany`.
    """
    faults: list[Fault] = []
    session.execute(text("DROP TABLE IF EXISTS correction_stage"))
    session.execute(text(sql.STAGE))
    driver: Any = session.connection().connection.driver_connection
    try:
        with driver.cursor().copy("COPY correction_stage (line, account, amount, period) FROM STDIN") as copy:
            for row in _rows(CsvFile(file, COLUMNS, OPTIONAL), closed_before, faults):
                copy.write_row(row)
    except (FileRefused, OSError):
        raise BadFile((), 0) from None
    found = session.execute(text(sql.WRONG), {"club": club.key}).all()
    faults += [Fault(row.line, row.account, row.why) for row in found]
    if faults:
        raise BadFile(tuple(sorted(faults)[:SHOWN]), len(faults))


def _rows(source: CsvFile, closed_before: date | None, faults: list[Fault]) -> Iterator[tuple[Any, ...]]:
    place = {name: source.header.index(name) for name in (*COLUMNS, *OPTIONAL) if name in source.header}
    for number, (line, cells, fault) in enumerate(source.records(), 1):
        if number > MOST_LINES:
            raise TooMany()
        if fault is not None:
            faults.append(Fault(line, "", "line"))
            continue
        account, stars = cells[place["member_id"]], cells[place["stars"]]
        month = cells[place["period"]] if "period" in place else ""
        why = _wrong_stars(stars) or _wrong_month(month, closed_before)
        if why:
            faults.append(Fault(line, month if why in ("period", "month") else stars, why))
            continue
        yield line, account, int(stars), parse_month(month) if month else None


def _wrong_stars(cell: str) -> Why | None:
    return None if STARS.fullmatch(cell) and 0 < abs(int(cell)) <= MOST else "stars"


def _wrong_month(cell: str, closed_before: date | None) -> Why | None:
    try:
        month = parse_month(cell) if cell else None
    except ValueError:
        return "period"
    return "month" if month and (closed_before is None or month >= closed_before) else None
