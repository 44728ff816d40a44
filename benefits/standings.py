"""Standings: what a finished round came to, account by account, as a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits.refusal import Refusal
from clubs import Club
from models import Run

COLUMNS = ("member_id", "stars", "total_stars", "tier")

ROWS = """
COPY (SELECT members.external_id AS member_id, entries.amount AS stars, entries.total AS total_stars, entries.tier AS tier
      FROM entries JOIN members ON members.id = entries.member_id
      WHERE entries.run_id = %s AND entries.kind = 'round'
      ORDER BY members.external_id COLLATE "C") TO STDOUT WITH (FORMAT csv, HEADER true)
"""


class RoundNotDone(Refusal):
    """The month's round has not run (or not finished): there are no standings yet."""

    rule: ClassVar[str] = "LFC-8"

    def __init__(self, period: date) -> None:
        self.period = period


def export(session: Session, *, club: Club, period: date, file: Path) -> int:
    """Write `COLUMNS` of every account of the round, in the order of its id; returns how many rows.

    `member_id` is the account's id as imports name it, `stars` the month's, `total_stars` the window's; `tier` is the one
    in force after the adjustment, empty for accounts that had not joined. Raises `RoundNotDone`, `OSError`.
    """
    query = select(Run.id).where(Run.club == club.key, Run.kind == "stars", Run.period == period, Run.state == "done")
    run_id = session.scalar(query)
    if run_id is None:
        raise RoundNotDone(period)
    driver: Any = session.connection().connection.driver_connection
    unfinished = file.with_name(f"{file.name}.part")
    with unfinished.open("wb") as out, driver.cursor() as cursor:
        with cursor.copy(ROWS, (run_id,)) as copy:
            for block in copy:
                out.write(block)
        rows = int(cursor.rowcount)
    unfinished.replace(file)
    return rows
