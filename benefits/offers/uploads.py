"""A list of people from a file: LINE user ids or official-account ids, one a line; an account stands for all its admins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, ClassVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from benefits.imports.encoding import FileRefused, encoding_of
from benefits.journal import note
from benefits.refusal import Refusal
from clubs import Club
from models import AudienceList

HEADERS = ("line_user_id", "user_id", "admin_user_id", "account_id", "id")
LONGEST_ID = 64
LONGEST_LINE = 1 << 12
MOST_LINES = 3_000_000
REJECTS_TOLD = 1000

_STAGE = "CREATE TEMPORARY TABLE listed (line bigint, said text) ON COMMIT DROP"
_FILL = """
WITH matched AS (
    SELECT listed.line, people.id AS person_id FROM listed
    JOIN people ON people.club = :club AND people.line_user_id = listed.said
    UNION ALL
    SELECT listed.line, people.id FROM listed
    JOIN members ON members.club = :club AND members.external_id = listed.said
    JOIN admins ON admins.member_id = members.id AND admins.removed_at IS NULL
    JOIN people ON people.club = :club AND people.line_user_id = admins.line_user_id
), filled AS (
    INSERT INTO audience_list_people (list_id, person_id) SELECT DISTINCT CAST(:list AS bigint), person_id FROM matched
    RETURNING 1
)
SELECT (SELECT count(*) FROM filled) AS found,
       (SELECT count(*) FROM listed WHERE NOT EXISTS (SELECT FROM matched WHERE matched.line = listed.line)) AS unknown
"""
_UNKNOWN = """
SELECT line, said FROM listed
WHERE NOT EXISTS (SELECT FROM people WHERE people.club = :club AND people.line_user_id = listed.said)
  AND NOT EXISTS (SELECT FROM members JOIN admins ON admins.member_id = members.id AND admins.removed_at IS NULL
                  JOIN people ON people.club = :club AND people.line_user_id = admins.line_user_id
                  WHERE members.club = :club AND members.external_id = listed.said)
ORDER BY line LIMIT :most
"""


class NoList(Refusal):
    """The file is no such list: `reason` is `encoding`, `empty`, `too_long` (more than `MOST_LINES` lines)."""

    rule: ClassVar[str] = "E11"

    def __init__(self, reason: str) -> None:
        self.reason = reason


@dataclass(frozen=True)
class Uploaded:
    """What became of a file: people on the list, lines that name nobody of this club, and the first of those lines."""

    list_id: int
    found: int
    unknown: int
    rejects: tuple[tuple[int, str], ...]
    """(line, what it says), at most `REJECTS_TOLD`."""


def upload_list(session: Session, club: Club, *, name: str, file: BinaryIO, by: int, now: datetime) -> Uploaded:
    """Keep the people a file names as a list, whole or not at all. Of a file with columns the first counts; a header
    line is passed over. Somebody named twice is on it once. Raises `NoList`."""
    session.execute(text(_STAGE))
    _stage(session, file)
    row = AudienceList(club=club.key, name=name.strip()[:80], by_staff=by, created_at=now, found=0, unknown=0)
    session.add(row)
    session.flush()
    session.execute(text("ANALYZE listed"))
    counts = session.execute(text(_FILL), {"club": club.key, "list": row.id}).one()
    row.found, row.unknown = counts.found, counts.unknown
    unknown = session.execute(text(_UNKNOWN), {"club": club.key, "most": REJECTS_TOLD}) if row.unknown else ()
    rejects = tuple((line, said) for line, said in unknown)
    session.execute(text("DROP TABLE listed"))
    facts = {"found": row.found, "unknown": row.unknown}
    subject, actor = ("audience_list", row.id), ("staff", by)
    note(session, club=club.key, at=now, action="list_uploaded", subject=subject, actor=actor, **facts)
    return Uploaded(row.id, row.found, row.unknown, rejects)


def _stage(session: Session, file: BinaryIO) -> None:
    driver: Any = session.connection().connection.driver_connection
    lines = 0
    with driver.cursor() as cursor, cursor.copy("COPY listed (line, said) FROM STDIN") as copy:
        for number, said in _read(file):
            copy.write_row((number, said))
            lines += 1
            if lines > MOST_LINES:
                raise NoList("too_long")
    if not lines:
        raise NoList("empty")


def _read(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """(line number, id): the first cell of each line that has one."""
    try:
        encoding = encoding_of(file)
    except FileRefused:
        raise NoList("encoding") from None
    number = 0
    while raw := file.readline(LONGEST_LINE):
        number += 1
        more = raw
        while not more.endswith(b"\n") and (more := file.readline(LONGEST_LINE)):
            pass  # the rest of a line that is longer than any id
        said = _first_cell(raw.decode(encoding.replace("-sig", ""), "replace"))
        if said and not (number == 1 and said.casefold() in HEADERS):
            yield number, said


def _first_cell(line: str) -> str:
    cell = line.lstrip("\ufeff").replace("\0", "").strip()
    for mark in (",", ";", "\t"):
        cell = cell.partition(mark)[0]
    return cell.strip().strip('"').strip()[:LONGEST_ID]
