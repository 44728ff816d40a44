"""Importing privileges and their partners. The file is what is true: a privilege that is here takes the file's values.

A column the header does not have leaves what is stored as it is; an empty cell takes the column's default. Codes are
sealed before they reach the database (B3); PINs are kept as argon2 digests.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from benefits.imports.kinds import Chunk, Kind
from benefits.imports.privilege_rows import OPTIONAL, REQUIRED, STORED, PrivilegeRows
from benefits.imports.result import ImportResult, Progress, silent
from benefits.imports.staging import load_file
from benefits.vault import Vault
from clubs import Club

PARTNER_STAGED = (
    ("partner", "text"),
    ("partner_name_th", "text"),
    ("partner_name_en", "text"),
    ("partner_pin", "text"),
    ("partner_pin_digits", "smallint"),
)

TWICE = """
UPDATE stage SET reason = 'privilege_id: line ' || first.line || ' has the same id; keep one of the two'
FROM (SELECT DISTINCT ON (key) key, line FROM stage WHERE reason IS NULL ORDER BY key, line) first
WHERE stage.reason IS NULL AND stage.key = first.key AND stage.line > first.line
"""

OVERDRAWN = """
UPDATE stage SET reason = 'stock: ' || privileges.taken || ' are claimed already; write at least that many, or leave it empty'
FROM privileges
WHERE stage.reason IS NULL AND privileges.club = :club AND privileges.key = stage.key AND stage.stock < privileges.taken
"""

HERE = "stage.line > :after AND stage.line <= :upto AND stage.reason IS NULL"

GIVEN = "coalesce(nullif(excluded.{0}, excluded.key), partners.{0})"
"""A partner whose name the file does not give is inserted under its key, and keeps its name when it has one."""

PARTNERS = f"""
INSERT INTO partners (club, key, name_th, name_en, pin_hash, pin_digits)
SELECT DISTINCT ON (partner) :club, partner, coalesce(partner_name_th, partner_name_en, partner),
       coalesce(partner_name_en, partner_name_th, partner), partner_pin, partner_pin_digits
FROM stage WHERE {HERE}
ORDER BY partner, (partner_pin IS NULL), (partner_name_th IS NULL), line
ON CONFLICT (club, key) DO UPDATE
    SET name_th = {GIVEN.format("name_th")}, name_en = {GIVEN.format("name_en")},
        pin_hash = coalesce(excluded.pin_hash, partners.pin_hash),
        pin_digits = CASE WHEN excluded.pin_hash IS NULL THEN partners.pin_digits ELSE excluded.pin_digits END
    WHERE excluded.pin_hash IS NOT NULL OR (partners.name_th, partners.name_en)
        IS DISTINCT FROM ({GIVEN.format("name_th")}, {GIVEN.format("name_en")})
"""


def load(
    engine: Engine,
    *,
    club: Club,
    file: Path,
    rejects: Path | None = None,
    now: datetime,
    progress: Progress = silent,
    vault: Vault,
) -> ImportResult:
    """Import `REQUIRED` and any of `OPTIONAL`. Raises `FileRefused`, `OSError`."""
    rows = PrivilegeRows(engine, club, vault)
    kind = Kind(
        name="privileges",
        required=REQUIRED,
        optional=OPTIONAL,
        columns=(*PARTNER_STAGED, *STORED, ("same_code", "boolean")),
        parse=rows.parse,
        checks=(TWICE, OVERDRAWN),
        land=lambda chunk: _land(chunk, rows.present),
    )
    return load_file(engine, kind, club=club, file=file, rejects=rejects, now=now, progress=progress)


def _land(chunk: Chunk, present: set[str]) -> int:
    chunk.run(PARTNERS)
    return int(chunk.run(_upsert(present)).rowcount)


def _upsert(present: set[str]) -> str:
    """Insert every row; of those that are here, rewrite the columns the file has, and only where something differs.

    A sealed code is different bytes each time: `same_code` says whether it opens to the same text.
    """
    names = [name for name, _ in STORED]
    written = [name for name in names if name != "key" and name != "code" and name in present]
    new = {name: f"excluded.{name}" for name in ["partner_id", *written]}
    same_code = (
        "EXISTS (SELECT FROM stage WHERE stage.key = privileges.key AND stage.same_code AND stage.reason IS NULL)"
    )
    sets = ", ".join(f"{name} = {value}" for name, value in new.items())
    differs = " OR ".join(f"privileges.{name} IS DISTINCT FROM {value}" for name, value in new.items())
    return f"""
    INSERT INTO privileges (club, partner_id, created_at, taken, {", ".join(names)})
    SELECT :club, partners.id, :now, 0, {", ".join(f"stage.{name}" for name in names)}
    FROM stage JOIN partners ON partners.club = :club AND partners.key = stage.partner
    WHERE {HERE}
    ON CONFLICT (club, key) DO UPDATE
        SET {sets}, code = CASE WHEN {same_code} THEN privileges.code ELSE excluded.code END
        WHERE {differs} OR NOT {same_code}
    """
