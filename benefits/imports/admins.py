"""Importing who acts for accounts: `account_id,admin_user_id,role`. The accounts must be here already.

A role is taken away by the role `removed`, or by leaving the admin out of a file said to be complete: then everybody
the file does not name for an account it names loses the role. Losing it works at once; claims stay with the account.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from benefits.imports import fields
from benefits.imports.kinds import Chunk, Kind
from benefits.imports.result import ImportResult, Progress, silent
from benefits.imports.staging import load_file
from clubs import Club

COLUMNS = ("account_id", "admin_user_id", "role")
ROLES = ("administrator", "operator", "operator_no_broadcast", "operator_no_analytics", "removed")

UNKNOWN_ACCOUNT = """
UPDATE stage SET reason = 'account_id: ' || quote_literal(account_id)
                          || ' is not an account of this club; import accounts first, or mend the id'
WHERE reason IS NULL AND NOT EXISTS (
    SELECT FROM members WHERE members.club = :club AND members.external_id = stage.account_id)
"""

TWO_ROLES = """
UPDATE stage SET reason = 'role: line ' || first.line || ' gives this admin the role ' || first.role
                          || ' for the same account; keep one of the two'
FROM (SELECT DISTINCT ON (account_id, admin_user_id) account_id, admin_user_id, line, role FROM stage
      WHERE reason IS NULL AND admin_user_id IS NOT NULL ORDER BY account_id, admin_user_id, line) first
WHERE stage.reason IS NULL AND stage.account_id = first.account_id AND stage.admin_user_id = first.admin_user_id
  AND stage.role <> first.role
"""

ROWS = """
(SELECT DISTINCT ON (members.id, stage.admin_user_id) members.id AS member_id, stage.admin_user_id, stage.role
 FROM stage JOIN members ON members.club = :club AND members.external_id = stage.account_id
 WHERE stage.line > :after AND stage.line <= :upto AND stage.reason IS NULL AND stage.admin_user_id IS NOT NULL
 ORDER BY members.id, stage.admin_user_id) named
"""

TAKE_AWAY = f"""
WITH gone AS (
    UPDATE admins SET removed_at = :now FROM {ROWS}
    WHERE admins.member_id = named.member_id AND admins.line_user_id = named.admin_user_id
      AND named.role = 'removed' AND admins.removed_at IS NULL
    RETURNING admins.id, admins.member_id)
"""

GIVE = f"""
WITH given AS (
    INSERT INTO admins (member_id, line_user_id, role, since)
    SELECT member_id, admin_user_id, role, :now FROM {ROWS} WHERE role <> 'removed'
    ON CONFLICT (member_id, line_user_id) DO UPDATE
        SET role = excluded.role, removed_at = NULL,
            since = CASE WHEN admins.removed_at IS NULL THEN admins.since ELSE excluded.since END
        WHERE admins.role <> excluded.role OR admins.removed_at IS NOT NULL
    RETURNING id, member_id, role)
"""

LEFT_OUT = """
WITH gone AS (
    UPDATE admins SET removed_at = :now FROM members
    WHERE members.id = admins.member_id AND members.club = :club AND admins.removed_at IS NULL
      AND EXISTS (SELECT FROM stage WHERE stage.account_id = members.external_id)
      AND NOT EXISTS (SELECT FROM stage WHERE stage.account_id = members.external_id
                                          AND stage.admin_user_id = admins.line_user_id)
    RETURNING admins.id, admins.member_id)
"""

NOTE_GONE = """
INSERT INTO journal (club, at, actor_kind, action, subject_kind, subject_id, facts)
SELECT :club, :now, 'system', 'admin_removed', 'member', member_id, jsonb_build_object('admin', id, 'import', :import)
FROM gone RETURNING id
"""

NOTE_GIVEN = """
INSERT INTO journal (club, at, actor_kind, action, subject_kind, subject_id, facts)
SELECT :club, :now, 'system', 'admin_role', 'member', member_id,
       jsonb_build_object('admin', id, 'role', role, 'import', :import)
FROM given RETURNING id
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
        name="admins",
        required=COLUMNS,
        columns=tuple((name, "text") for name in COLUMNS),
        parse=_parse,
        checks=(UNKNOWN_ACCOUNT, TWO_ROLES),
        land=land_roles,
        finish=remove_left_out if complete else None,
    )
    return load_file(engine, kind, club=club, file=file, rejects=rejects, now=now, progress=progress)


def _parse(cells: Any) -> Sequence[Any]:
    account, admin, role = cells
    return (
        fields.key("account_id", account),
        fields.line_user("admin_user_id", admin),
        fields.one_of("role", role, ROLES),
    )


def land_roles(chunk: Chunk) -> int:
    """Give and take away the roles of one chunk; returns how many changed."""
    gone = chunk.run(TAKE_AWAY + NOTE_GONE).rowcount
    given = chunk.run(GIVE + NOTE_GIVEN).rowcount
    return int(gone + given)


def remove_left_out(chunk: Chunk, rejected: int) -> int:
    """Take the role from every admin a complete file leaves out. A file with rejected rows is not complete: nobody then."""
    if not rejected:
        chunk.run(LEFT_OUT + NOTE_GONE)
    return 0
