"""Importing codes into the pools of privileges: `privilege_id,code`, sealed before they reach the database (B1, B3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from benefits.imports import fields
from benefits.imports.fields import BadCell
from benefits.imports.kinds import Chunk, Kind
from benefits.imports.result import ImportResult, Progress, silent
from benefits.imports.staging import load_file
from benefits.sealed_codes import pool_domain, seal_pool_code
from benefits.vault import Vault
from clubs import Club

COLUMNS = ("privilege_id", "code")

# A code sealed under an older key has another fingerprint: all of them are asked for, so a code stays once (B4).
INSERT = """
INSERT INTO codes (privilege_id, sealed, fingerprint, added_at)
SELECT privilege_id, sealed, fingerprint, :now FROM stage
WHERE line > :after AND line <= :upto AND reason IS NULL
  AND NOT EXISTS (SELECT FROM codes WHERE codes.privilege_id = stage.privilege_id
                                      AND codes.fingerprint = ANY(stage.fingerprints))
ORDER BY line
ON CONFLICT (privilege_id, fingerprint) DO NOTHING
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
    """Import `COLUMNS`; the privileges must be here, with `pooled` yes. Raises `FileRefused`, `OSError`."""
    rows = _Rows(engine, club, vault)
    kind = Kind(
        name="codes",
        required=COLUMNS,
        columns=(
            ("privilege_id", "bigint"),
            ("sealed", "bytea"),
            ("fingerprint", "bytea"),
            ("fingerprints", "bytea[]"),
        ),
        parse=rows.parse,
        checks=(),
        land=_land,
    )
    return load_file(engine, kind, club=club, file=file, rejects=rejects, now=now, progress=progress)


class _Rows:
    """Parses rows; a code never leaves this process in the clear."""

    def __init__(self, engine: Engine, club: Club, vault: Vault) -> None:
        self._club, self._vault = club.key, vault
        with engine.connect() as connection:
            found = connection.execute(
                text("SELECT key, id, pooled FROM privileges WHERE club = :club"), {"club": club.key}
            )
            self._privileges = {key: (row_id, pooled) for key, row_id, pooled in found}

    def parse(self, cells: Any) -> Sequence[Any]:
        key, code = cells
        found = self._privileges.get(fields.key("privilege_id", key))
        if found is None:
            raise BadCell(
                "privilege_id", key, "is not a privilege of this club", "import privileges first, or mend the id"
            )
        if not found[1]:
            raise BadCell("privilege_id", key, "has no pool", "import it with pooled = yes, then its codes")
        if not code:
            raise BadCell("code", code, "is empty", "fill it in")
        if len(code) > 200 or fields.CONTROL.search(code):
            raise BadCell("code", "…", "is too long or holds a control character", "use up to 200 plain characters")
        sealed, fingerprint = seal_pool_code(self._vault, club=self._club, key=key, text=code)
        return (found[0], sealed, fingerprint, self._vault.fingerprints(code, pool_domain(self._club, key)))


def _land(chunk: Chunk) -> int:
    return int(chunk.run(INSERT).rowcount)
