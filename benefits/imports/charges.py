"""Importing charges: invoice lines that land once, and the payments that arrive later for lines that landed unpaid.

An invoice number is an idempotency key (A13): again with the same content it is nothing, with other content an error.
A line that landed unpaid and comes with `paid_at` is that line's payment (LFC-9).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from benefits.counting import count_month, counting_lock, counting_values
from benefits.imports import fields, plain
from benefits.imports.kinds import Chunk, Kind
from benefits.imports.result import ImportResult, Progress, silent
from benefits.imports.staging import load_file
from clubs import Club

COLUMNS = ("invoice_no", "account_id", "service", "net_amount", "vat_amount", "service_month", "paid_at")

STAGED = (
    ("invoice_no", "text"),
    ("account_id", "text"),
    ("service", "text"),
    ("net_amount", "numeric"),
    ("vat_amount", "numeric"),
    ("service_month", "text"),
    ("paid_at", "timestamptz"),
)
"""As the file writes them: a plain line goes into `stage` as it stands."""
NET = "CAST(stage.net_amount * 100 AS bigint)"
VAT = "CAST(stage.vat_amount * 100 AS bigint)"
MONTH = "CAST(stage.service_month || '-01' AS date)"

PLAIN = {
    "invoice_no": plain.KEY,
    "account_id": plain.KEY,
    "service": plain.KEY,
    "net_amount": plain.AMOUNT,
    "vat_amount": plain.AMOUNT,
    "service_month": plain.MONTH,
    "paid_at": plain.optional(plain.INSTANT),
}

ROWS = "FROM stage JOIN members ON members.club = :club AND members.external_id = stage.account_id"
HERE = "stage.line > :after AND stage.line <= :upto AND stage.reason IS NULL"
SAME = (
    "(charges.member_id, charges.service, charges.net_satang, charges.vat_satang, charges.service_month) "
    f"IS NOT DISTINCT FROM (members.id, stage.service, {NET}, {VAT}, {MONTH})"
)

COUNTED = count_month("stage.paid_at", "stage.service", MONTH)

NEW_LINES = f"""
INSERT INTO charges (club, member_id, invoice_no, service, net_satang, vat_satang, service_month, paid_at, count_month,
                     import_id)
SELECT :club, members.id, stage.invoice_no, stage.service, {NET}, {VAT}, {MONTH}, stage.paid_at, {COUNTED}, :import
{ROWS} WHERE {HERE}
"""

# The first of two lines of one number lands.
LINES_NOT_HERE = f"{NEW_LINES} ORDER BY stage.line ON CONFLICT (club, invoice_no) DO NOTHING"

UNKNOWN_ACCOUNT = f"""
UPDATE stage SET reason = 'account_id: ' || quote_literal(account_id)
                          || ' is not an account of this club; import accounts first, or mend the id'
WHERE {HERE} AND NOT EXISTS (
    SELECT FROM members WHERE members.club = :club AND members.external_id = stage.account_id)
"""

# A payment completes a line that landed unpaid. Two of them in one chunk: the first line wins, the other is an error.
PAY = f"""
UPDATE charges SET paid_at = paid.paid_at, count_month = paid.count_month, paid_import_id = :import
FROM (SELECT DISTINCT ON (charges.id) charges.id, stage.paid_at,
             {COUNTED} AS count_month
      {ROWS} JOIN charges ON charges.club = :club AND charges.invoice_no = stage.invoice_no
      WHERE {HERE} AND charges.paid_at IS NULL AND stage.paid_at IS NOT NULL AND {SAME}
      ORDER BY charges.id, stage.line) paid
WHERE charges.id = paid.id AND charges.paid_at IS NULL
"""

# An unpaid row for a line that is paid by now is no contradiction when the line had landed unpaid: it is an older file.
CONTRADICTION = f"""
UPDATE stage SET reason = CASE
    WHEN NOT {SAME} THEN 'invoice_no: ' || quote_literal(stage.invoice_no)
        || ' is here already with other content; a line never changes: import a reversal and a new line'
    WHEN stage.paid_at IS NULL THEN 'paid_at: is empty, and ' || quote_literal(stage.invoice_no)
        || ' landed as paid; a payment is not taken back: import a reversal'
    ELSE 'paid_at: ' || quote_literal(stage.invoice_no) || ' was already paid at another time; leave paid_at as it was' END
FROM charges, members
WHERE {HERE} AND members.club = :club AND members.external_id = stage.account_id
  AND charges.club = :club AND charges.invoice_no = stage.invoice_no
  AND (NOT {SAME}
       OR (stage.paid_at IS NULL AND charges.paid_at IS NOT NULL AND charges.paid_import_id IS NULL)
       OR (stage.paid_at IS NOT NULL AND charges.paid_at IS DISTINCT FROM stage.paid_at))
"""

UNNAMED_SERVICES = """
SELECT 'the service ' || quote_literal(service) || ' (' || count(*)
       || ' lines) is not named in the club file: its lines are kept and earn nothing'
FROM stage WHERE reason IS NULL AND service <> ALL(:named) GROUP BY service ORDER BY count(*) DESC LIMIT 20
"""


def load(
    engine: Engine,
    *,
    club: Club,
    file: Path,
    rejects: Path | None = None,
    now: datetime,
    progress: Progress = silent,
) -> ImportResult:
    """Import `COLUMNS`; amounts in baht. Raises `FileRefused` when nothing of the file can be taken, `OSError`."""
    kind = Kind(
        name="charges",
        required=COLUMNS,
        columns=STAGED,
        parse=_parse,
        plain=PLAIN,
        checks=(),
        land=_Landing().land,
        warn=UNNAMED_SERVICES,
        values={"named": [*club.stars.service_names, *club.stars.services]},
    )
    return load_file(engine, kind, club=club, file=file, rejects=rejects, now=now, progress=progress)


def _parse(cells: Any) -> Sequence[Any]:
    invoice, account, service, net, vat, service_month, paid = cells
    return (
        fields.key("invoice_no", invoice),
        fields.key("account_id", account),
        fields.key("service", service),
        _baht("net_amount", net),
        _baht("vat_amount", vat),
        fields.month("service_month", service_month)[:7],
        fields.instant("paid_at", paid) if paid else None,
    )


def _baht(column: str, text: str) -> Decimal:
    return Decimal(fields.satang(column, text)).scaleb(-2)


class _Landing:
    """Lands chunk after chunk. Most files bring new lines only: so that is tried first, until a line was here already."""

    def __init__(self) -> None:
        self._all_new = True

    def land(self, chunk: Chunk) -> int:
        """Lines that landed or were paid; what contradicts is marked."""
        counting_lock(chunk.connection, chunk.club, alone=False)
        values = counting_values(chunk.connection, chunk.club)
        good = int(chunk.run(f"SELECT count(*) FROM stage WHERE {HERE}").scalar())
        inserted = self._insert_new(chunk, values)
        if inserted == good:
            return inserted
        good -= int(chunk.run(UNKNOWN_ACCOUNT).rowcount)
        if inserted is None:
            inserted = int(chunk.run(LINES_NOT_HERE, **values).rowcount)
        if inserted == good:
            return inserted
        paid = int(chunk.run(PAY, **values).rowcount)
        chunk.run(CONTRADICTION)
        return inserted + paid

    def _insert_new(self, chunk: Chunk, values: Mapping[str, Any]) -> int | None:
        """`ON CONFLICT` looks every line up before it inserts it, a third of the work. None: a line was here already,
        nothing was inserted, and so it is not tried again (a try in vain leaves dead rows)."""
        if not self._all_new:
            return None
        try:
            with chunk.connection.begin_nested():
                return int(chunk.run(NEW_LINES, **values).rowcount)
        except IntegrityError as fault:
            if not isinstance(fault.orig, UniqueViolation):
                raise
            self._all_new = False
            return None
