"""Importing accounts and their admins: one row per admin; an account without admins has one row with both cells empty.

An account whose badge bars it (green: premium, LFC-4) or whose package is `deleted` leaves the club at once: it keeps
its history, and its unused claims are void for that reason. It may come back, and join again, with a later file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from benefits import members
from benefits.counting import counting_lock
from benefits.imports import admins, fields
from benefits.imports.kinds import Chunk, Kind
from benefits.imports.result import ImportResult, Progress, silent
from benefits.imports.staging import load_file
from clubs import Club
from models import Member

COLUMNS = ("account_id", "name", "badge", "package", "admin_user_id", "role")
BADGES = ("grey", "blue", "green")
DELETED = "deleted"

TWO_ACCOUNTS = """
UPDATE stage SET reason = 'account_id: line ' || first.line || ' gives this account another name, badge or package; '
                          || 'keep one of the two'
FROM (SELECT DISTINCT ON (account_id) account_id, line, name, badge, package FROM stage
      WHERE reason IS NULL ORDER BY account_id, line) first
WHERE stage.reason IS NULL AND stage.account_id = first.account_id
  AND (stage.name, stage.badge, stage.package) IS DISTINCT FROM (first.name, first.badge, first.package)
"""

# What each row is about to change, before anything is written: an account's own row counts once, each admin's row once.
CHANGES = """
SELECT count(*) FROM (
    SELECT DISTINCT ON (stage.account_id, stage.admin_user_id)
           members.id IS NULL OR (members.name, members.badge, members.package)
               IS DISTINCT FROM (stage.name, stage.badge, stage.package) AS account_changes,
           CASE WHEN stage.admin_user_id IS NULL THEN false
                WHEN stage.role = 'removed' THEN admins.id IS NOT NULL AND admins.removed_at IS NULL
                ELSE admins.id IS NULL OR admins.removed_at IS NOT NULL OR admins.role <> stage.role
           END AS admin_changes
    FROM stage
    LEFT JOIN members ON members.club = :club AND members.external_id = stage.account_id
    LEFT JOIN admins ON admins.member_id = members.id AND admins.line_user_id = stage.admin_user_id
    WHERE stage.line > :after AND stage.line <= :upto AND stage.reason IS NULL
    ORDER BY stage.account_id, stage.admin_user_id) rows
WHERE account_changes OR admin_changes
"""

UPSERT = """
INSERT INTO members (club, kind, external_id, name, badge, package, total_stars, deleted_at, created_at)
SELECT DISTINCT ON (account_id) :club, :kind, account_id, name, badge, package, 0,
       CASE WHEN package = :deleted THEN CAST(:now AS timestamptz) END, :now
FROM stage WHERE line > :after AND line <= :upto AND reason IS NULL
ORDER BY account_id
ON CONFLICT (club, external_id) DO UPDATE
    SET name = excluded.name, badge = excluded.badge, package = excluded.package,
        deleted_at = CASE WHEN excluded.deleted_at IS NOT NULL THEN coalesce(members.deleted_at, excluded.deleted_at) END
    WHERE (members.name, members.badge, members.package)
        IS DISTINCT FROM (excluded.name, excluded.badge, excluded.package)
"""

BARRED_NOW = """
SELECT DISTINCT members.id FROM stage
JOIN members ON members.club = :club AND members.external_id = stage.account_id
JOIN memberships ON memberships.member_id = members.id AND memberships.left_at IS NULL
WHERE stage.line > :after AND stage.line <= :upto AND stage.reason IS NULL
  AND (members.badge = ANY(:barred) OR members.deleted_at IS NOT NULL)
ORDER BY members.id
"""


def load(
    engine: Engine,
    *,
    club: Club,
    file: Path,
    rejects: Path | None = None,
    now: datetime,
    progress: Progress = silent,
    complete: bool = False,
) -> ImportResult:
    """Import `COLUMNS`. `complete`: the file names every admin of the accounts it names. Raises `FileRefused`, `OSError`."""
    kind = Kind(
        name="accounts",
        required=COLUMNS,
        columns=tuple((name, "text") for name in COLUMNS),
        parse=_parse,
        checks=(TWO_ACCOUNTS, admins.TWO_ROLES),
        land=_land,
        finish=admins.remove_left_out if complete else None,
    )
    return load_file(engine, kind, club=club, file=file, rejects=rejects, now=now, progress=progress)


def _parse(cells: Any) -> Sequence[Any]:
    account, name, badge, package, admin, role = cells
    nobody = not admin and not role
    return (
        fields.key("account_id", account),
        fields.words("name", name),
        fields.one_of("badge", badge, BADGES),
        fields.words("package", package, 60),
        None if nobody else fields.line_user("admin_user_id", admin),
        None if nobody else fields.one_of("role", role, admins.ROLES),
    )


def _land(chunk: Chunk) -> int:
    counting_lock(chunk.connection, chunk.club, alone=True)
    changes = int(chunk.run(CHANGES).scalar())
    chunk.run(UPSERT, kind=chunk.club.member, deleted=DELETED)
    admins.land_roles(chunk)
    _leave(chunk)
    return changes


def _leave(chunk: Chunk) -> None:
    """Accounts that may no longer be members leave, each with its reason."""
    barred = list(chunk.run(BARRED_NOW, barred=list(chunk.club.barred_badges)).scalars())
    with Session(chunk.connection, join_transaction_mode="rollback_only") as session:
        for member_id in barred:
            member = session.scalars(select(Member).where(Member.id == member_id)).one()
            reason = "deleted" if member.deleted_at else "premium"
            members.leave(session, club=chunk.club, member=member, reason=reason, now=chunk.now)
        session.flush()
